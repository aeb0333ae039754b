"""Where a run of Run's takes place: a machine, a look at the clock, the reader's wishes.

    Machine   the model with the surroundings that examples expect
    Watch     ends what takes too long, with words
    Stage     the faults the reader switched on, and the picture of the run

A run that takes too long is stopped from within: a loop of the reader's code counts its jumps and
looks at the clock, and so does the machine whenever time jumps.  What cannot be stopped so (a loop
inside the interpreter), the page stops by ending the worker.

May not know: blocks, programs, the page.
"""

from __future__ import annotations

import _asyncio
import builtins
import contextlib
import gc
import os
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import linux
from conversation.actors import cast
from conversation.live import Live

import bsdsockets

LIMIT = 10.0
"""Seconds a statement may compute, unless the page says otherwise."""

_monitoring: Any = vars(sys)["monitoring"]  # as a name: the types known are Python 3.11's
_TOOL = 4  # of sys.monitoring: neither a debugger's nor a profiler's number
linux.prepare()


class TookTooLong(BaseException):
    """The limit is reached; the message says who was doing what."""


class Watch:
    """Looks at the clock in loops of the reader's code and where virtual time jumps."""

    def __init__(self, machine: Any) -> None:
        self.scheduler = machine.scheduler
        self.deadline = float("inf")
        self.limit = LIMIT
        self.count = 0
        self.told = ""
        self._step = machine.clock.step
        machine.clock.step = self.step
        with contextlib.suppress(ValueError):
            _monitoring.use_tool_id(_TOOL, "run")
        _monitoring.register_callback(_TOOL, _monitoring.events.JUMP, self.jump)

    def cover(self, code: types.CodeType) -> None:
        """Watch the loops of *code* and of the functions in it."""
        _monitoring.set_local_events(_TOOL, code, _monitoring.events.JUMP)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.cover(constant)

    def begin(self, limit: float) -> None:
        self.limit, self.told = limit, ""
        self.deadline = time.perf_counter() + limit

    def _over(self) -> bool:
        self.count += 1
        return self.count % 64 == 0 and time.perf_counter() > self.deadline

    def jump(self, code: types.CodeType, offset: int, target: int) -> None:
        if self._over():
            line = next((n for a, b, n in code.co_lines() if a <= offset < b), code.co_firstlineno)
            where = f" in {code.co_name}()" if code.co_name != "<module>" else ""
            self.stop(f"{self.scheduler.current.name} is computing at line {line}{where}")

    def step(self) -> bool:
        """The clock's step, which must not go on for ever: a server polls for nobody."""
        if self._over():
            main = self.scheduler.main
            self.told = self._sentence("time goes on, but the run does not end")
            if main.waiting:
                main.error = TookTooLong(self.told)
                main.notify()
                return True
        return bool(self._step())

    def stop(self, doing: str) -> None:
        self.told = self._sentence(doing)
        main = self.scheduler.main
        if main.waiting:
            main.error = TookTooLong(self.told)
            main.notify()
        raise TookTooLong(self.told)

    def _sentence(self, doing: str) -> str:
        self.deadline = float("inf")
        waiting = waits(self.scheduler)
        others = "; ".join(waiting) if waiting else "nobody waits"
        return f"stopped after {self.limit:g} s: {doing}; {others}"


def waits(scheduler: Any) -> list[str]:
    """Who waits, in which call, for what."""
    return [
        f"{task.name} in {task.call or 'a wait'}: {task.what}"
        for task in scheduler.tasks.values()
        if task.waiting and task.started
    ]


@dataclass(frozen=True)
class Wishes:
    """What a reader asks for besides the run itself."""

    faults: tuple[str, ...] = ()
    step: bool = False
    actors: str = ""
    """Who is to be drawn where, if the page says so."""

    @classmethod
    def of(cls, request: dict[str, Any]) -> Wishes:
        asked = request.get("wishes") or {}
        faults = tuple(asked.get("faults") or ())
        return cls(faults, bool(asked.get("step")), request.get("actors") or "")


class Stage:
    """Where the run in question takes place: under its faults, watched if it is to be stepped."""

    def __init__(self, model: Any, wishes: Wishes) -> None:
        self._model = model
        self._wishes = wishes
        self.live = Live(model) if wishes.step else None

    def know(self, filename: str, title: str, text: str) -> None:
        if self.live:
            self.live.add(filename, title, text)

    def begin(self) -> None:
        """From here on the faults happen, and what happens is drawn."""
        for fault in self._wishes.faults:
            self._model.fault(fault)
        if self.live:
            self.live.start()

    def tell(self) -> dict[str, Any] | None:
        """What was seen, as a message for the page."""
        if self.live is None:
            return None
        self.live.end()
        actors = self._wishes.actors
        return {"type": "story", "story": self.live.tell(cast(actors) if actors else None)}


class Machine:
    """A machine of the model with the surroundings that examples expect."""

    def __init__(self) -> None:
        self.model = bsdsockets.Machine()
        self.model.loader.modules.update(
            {"os": linux.os_module(self.model), "os.path": os.path, "struct": linux.struct_module()}
        )
        self.watch = Watch(self.model)
        self.builtins = dict(vars(builtins), __import__=self.model.import_, open=linux.open_file)
        self.directory = tempfile.TemporaryDirectory(prefix="page-", ignore_cleanup_errors=True)
        os.chdir(self.directory.name)

    def namespace(self, **names: Any) -> dict[str, Any]:
        return {"__name__": "__main__", "__builtins__": self.builtins, **names}

    def close(self) -> None:
        os.chdir("/")
        with contextlib.suppress(BaseException):
            self.model.close()
        gc.collect()
        self.directory.cleanup()


@contextlib.contextmanager
def outside_of_loops() -> Iterator[None]:
    """Hide the browser's running event loop from examples that run one of their own."""
    loop = _asyncio._get_running_loop()
    _asyncio._set_running_loop(None)
    try:
        yield
    finally:
        _asyncio._set_running_loop(loop)
