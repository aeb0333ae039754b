"""Where a run of Run's takes place: a machine, a look at the clock, the reader's wishes.

    Machine   the model with the surroundings that examples expect
    Watch     ends what takes too long, with words
    waits     who waits for what
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
from telling import hint, traceback_of

import bsdsockets
from bsdsockets.machine.scheduler import Killed

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
        self.hidden: Any = None  # a thread nobody knows of: the session's own
        self._step = machine.clock.step
        machine.clock.step = self.step
        with contextlib.suppress(ValueError):
            _monitoring.use_tool_id(_TOOL, "run")
        _monitoring.register_callback(_TOOL, _monitoring.events.JUMP, self.jump)
        _monitoring.register_callback(_TOOL, _monitoring.events.PY_START, self.jump)

    def cover(self, code: types.CodeType) -> None:
        """Watch the loops of *code* and of the functions in it, and their calls."""
        events = _monitoring.events.JUMP | _monitoring.events.PY_START
        _monitoring.set_local_events(_TOOL, code, events)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.cover(constant)

    def begin(self, limit: float) -> None:
        self.limit, self.told = limit, ""
        self.deadline = time.perf_counter() + limit

    def _over(self) -> bool:
        self.count += 1
        return self.count % 64 == 0 and time.perf_counter() > self.deadline

    def jump(self, code: types.CodeType, offset: int, target: int = 0) -> None:
        """A loop begins anew, or a function: is the time over?"""
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
        others = waits(self.scheduler, self.hidden) or "nobody waits"
        return f"stopped after {self.limit:g} s: {doing}; {others}"


NAMED = 6
"""Threads that are told of when many wait."""


def waits(scheduler: Any, hidden: Any = None) -> str:
    """Who waits, in which call, for what; *hidden* is nobody's business."""
    told = [
        f"{task.name} in {task.call or 'a wait'}: {task.what}"
        for task in scheduler.tasks.values()
        if task.waiting and task.started and task is not hidden
    ]
    if len(told) > NAMED:
        told[NAMED:] = [f"{len(told) - NAMED} more"]
    return "; ".join(told)


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
        self.os = linux.os_module(self.model)
        named = types.ModuleType("builtins", builtins.__doc__)  # a program may change its own
        self.builtins = vars(named)
        self.builtins.update(vars(builtins), __import__=self.import_, open=linux.open_file)
        self.beside: dict[str, types.ModuleType] = {}
        """The programs that others import."""
        self.model.loader.modules.update(
            {"os": self.os, "os.path": os.path, "struct": linux.struct_module(), "builtins": named}
        )
        vars(self.model.loader.modules["_thread"])["_excepthook"] = self.tell_of_thread
        self.watch = Watch(self.model)
        self.names: dict[str, str] = {}  # how files are called in tracebacks
        self.hint = ""
        self.directory = tempfile.TemporaryDirectory(prefix="page-", ignore_cleanup_errors=True)
        self.before = os.getcwd()  # a page's, where this is a program's own
        os.chdir(self.directory.name)

    @property
    def can_switch(self) -> bool:
        """Whether this browser lets more than one thread run."""
        return type(self.model.scheduler.engine).__name__ != "SingleStack"

    def namespace(self, **names: Any) -> dict[str, Any]:
        return {"__name__": "__main__", "__builtins__": self.builtins} | names

    def import_(self, name: str, globals: Any = None, locals: Any = None,
                fromlist: Any = (), level: int = 0) -> Any:  # fmt: skip
        """``__import__`` of the programs: what lies beside them runs on the machine, too."""
        path = os.path.join(self.directory.name, f"{name}.py")
        if level or not os.path.isfile(path):
            return self.model.import_(name, globals, locals, fromlist, level)
        if name not in self.beside:
            module = self.beside[name] = types.ModuleType(name)
            vars(module).update(self.namespace(__name__=name, __file__=path))
            with open(path, encoding="utf-8") as file:
                code = compile(file.read(), f"{name}.py", "exec", dont_inherit=True)
            exec(code, vars(module))
        return self.beside[name]

    def tell_of_thread(self, args: Any, /) -> None:
        """``threading.excepthook``: what nobody caught in a thread, unless it was ended."""
        if args.exc_value is None or isinstance(args.exc_value, Killed | TookTooLong | SystemExit):
            return
        name = args.thread.name if args.thread else self.model.scheduler.current.name
        told = f"Exception in thread {name}:\n{traceback_of(args.exc_value, self.names)}"
        print(told, file=sys.stderr, end="")
        self.hint = self.hint or hint(args.exc_value)

    def close(self) -> None:
        os.chdir(self.before if os.path.isdir(self.before) else "/")
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
