"""Python's side of Run: one page's session, or programs that run together, on one machine.

    worker --blocks-->  Page.run     the examples as doctest reads and compares them
           --programs-> Shell.run    each program a thread of the machine, with its own output
           <--messages  "begin" (a statement starts), "example" (what it printed), "output"

A run that takes too long is stopped from within, with words: a loop of the reader's code counts
its jumps and looks at the clock, and so does the machine whenever time jumps.  What cannot be
stopped so (a loop inside the interpreter), the page stops by ending the worker.

May not know: the page; it gets plain data and posts plain data.
"""

from __future__ import annotations

import _asyncio
import builtins
import contextlib
import doctest
import gc
import io
import os
import sys
import tempfile
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import linux
from statements import statements

import bsdsockets
from bsdsockets.machine import errors
from bsdsockets.machine.scheduler import Killed, Task

LIMIT = 10.0
"""Seconds a statement may compute, unless the page says otherwise."""

_TOOL = 4  # sys.monitoring: neither a debugger's nor a profiler's number
_CHECKER = doctest.OutputChecker()
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
            sys.monitoring.use_tool_id(_TOOL, "run")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.JUMP, self.jump)

    def cover(self, code: types.CodeType) -> None:
        """Watch the loops of *code* and of the functions in it."""
        sys.monitoring.set_local_events(_TOOL, code, sys.monitoring.events.JUMP)
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


class Page:
    """One page: a namespace in which its blocks run in order."""

    def __init__(self, post: Callable[[dict[str, Any]], None]) -> None:
        self.post = post
        self.machine = Machine()
        self.names = self.machine.namespace()

    def run(self, block: dict[str, Any]) -> None:
        """Run a block; one that the reader changed carries its ``code``."""
        recorded = doctest.DocTestParser().get_examples(block["source"])
        for source, line, example in self._statements(block.get("code"), recorded):
            self.post({"type": "begin", "source": source, "line": line})
            got, error, more = self._run(source, line, block.get("limit") or LIMIT)
            told = {"type": "example", "source": source, "got": got, "want": None, "same": None}
            if example is not None:
                told.update(want=example.want, same=self._same(example, got, error))
            self.post({**told, **more})
            if more.get("stopped"):
                break

    def _statements(
        self, changed: str | None, recorded: list[doctest.Example]
    ) -> Iterator[tuple[str, int, doctest.Example | None]]:
        """Each statement with its line and what the page has of it, if it has."""
        if changed is None:
            for example in recorded:
                yield example.source, example.lineno + 1, example
            return
        left = list(recorded)
        for source, line in statements(changed):
            match = next((e for e in left if e.source.strip() == source.strip()), None)
            if match is not None:
                left = left[left.index(match) + 1 :]
            yield source, line, match

    def _run(self, source: str, line: int, limit: float) -> tuple[str, str, dict[str, str]]:
        """Run a statement: what it printed, the exception's line, and how it was ended."""
        output, complaints = io.StringIO(), io.StringIO()
        error: BaseException | None = None
        watch = self.machine.watch
        with self._surroundings(output, complaints):
            try:
                code = compile("\n" * (line - 1) + source, "<page>", "single", dont_inherit=True)
                watch.cover(code)
                watch.begin(limit)
                exec(code, self.names)
            except BaseException as raised:
                error = raised
        watch.deadline = float("inf")
        got = output.getvalue()
        more = {"complaints": complaints.getvalue()} if complaints.getvalue() else {}
        if watch.told:
            return got, watch.told, {"stopped": watch.told}
        if error is None:
            return got, "", more
        last = exception_line(error)
        got += f"Traceback (most recent call last):\n{last}"
        traceback.clear_frames(error.__traceback__)
        if isinstance(error, errors.Deadlock):
            more["deadlock"] = str(error)
        return got, last, more

    @staticmethod
    def _same(example: doctest.Example, got: str, error: str) -> bool:
        """Compare as doctest does: of an exception, its last line."""
        if error:
            want = example.exc_msg
            return want is not None and _CHECKER.check_output(want, error, doctest.ELLIPSIS)
        return _CHECKER.check_output(example.want, got, doctest.ELLIPSIS)

    @contextlib.contextmanager
    def _surroundings(self, output: io.StringIO, complaints: io.StringIO) -> Iterator[None]:
        """Output apart from complaints; warnings that are errors, as in the site's tests."""
        before, sys.displayhook = sys.displayhook, self._display
        unraisable, sys.unraisablehook = sys.unraisablehook, lambda args: None
        try:
            with (
                warnings.catch_warnings(),
                contextlib.redirect_stdout(output),
                contextlib.redirect_stderr(complaints),
                outside_of_loops(),
            ):
                warnings.simplefilter("error")
                yield
        finally:
            sys.displayhook, sys.unraisablehook = before, unraisable

    def _display(self, value: object) -> None:
        if value is not None:
            print(repr(value))
            self.machine.builtins["_"] = value

    def close(self) -> None:
        self.machine.builtins.pop("_", None)
        self.names.clear()
        gc.collect()
        self.machine.close()


def exception_line(error: BaseException) -> str:
    """What doctest compares of an exception."""
    return "".join(traceback.format_exception_only(type(error), error)[-1:])


@contextlib.contextmanager
def outside_of_loops() -> Iterator[None]:
    """Hide the browser's running event loop from examples that run one of their own."""
    loop = _asyncio._get_running_loop()
    _asyncio._set_running_loop(None)
    try:
        yield
    finally:
        _asyncio._set_running_loop(loop)


class Job:
    """A program that runs."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.output = ""
        self.taken = 0
        self.done = False
        self.task: Task | None = None
        self.waiters: list[Any] = []

    def changed(self) -> None:
        for waiter in tuple(self.waiters):
            waiter.notify()

    def take(self) -> str:
        """What was printed since the last time."""
        text, self.taken = self.output[self.taken :], len(self.output)
        return text


class Output(io.TextIOBase):
    """Standard output of all programs: each job gets what its own threads print."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def write(self, text: str) -> int:
        if job := self.shell.owner():
            job.output += text
            job.changed()
            if self.shell.live:
                self.shell.post({"type": "output", "text": text})
        return len(text)


class Shell:
    """Programs that run together on one machine, as a console block starts them."""

    def __init__(self, post: Callable[[dict[str, Any]], None], live: bool = False) -> None:
        self.post = post
        self.live = live
        self.machine = Machine()
        self.scheduler = self.machine.model.scheduler
        self.scheduler.main.name = "the shell"
        self.jobs: list[Job] = []
        self.owners: dict[int, Job] = {}
        self._start_thread = self.scheduler.start
        self.scheduler.start = self._start_owned

    def _start_owned(self, body: Callable[[], None], name: str = "") -> Task:
        """A thread belongs to the program that starts it."""
        task = self._start_thread(body, name)
        if job := self.owner():
            self.owners[task.ident] = job
        return task

    def owner(self) -> Job | None:
        return self.owners.get(self.scheduler.current.ident)

    def run(self, files: dict[str, str], commands: list[dict[str, Any]], limit: float) -> None:
        """Run the commands of a block in order."""
        for name, text in files.items():
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        output = Output(self)
        watch = self.machine.watch
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            outside_of_loops(),
            warnings.catch_warnings(),
        ):
            for command in commands:
                line = "$ " + " ".join(map(quoted, command["words"]))
                line += " &" if command.get("background") else ""
                self.post({"type": "begin", "source": line, "line": 1})
                watch.begin(limit)
                got, details = self._guarded(command)
                want = command.get("want")
                same = None if want is None else _CHECKER.check_output(want, got, doctest.ELLIPSIS)
                self.post(
                    {
                        "type": "example",
                        "source": line,
                        "got": got,
                        "want": want,
                        "same": same,
                        **details,
                    }
                )
                if details:
                    break
            watch.deadline = float("inf")

    def _guarded(self, command: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        try:
            return self._do(command), {}
        except errors.Deadlock as deadlock:
            return self._taken(), {"deadlock": str(deadlock)}
        except TookTooLong as stopped:
            return self._taken(), {"stopped": str(stopped)}
        except RuntimeError as refused:  # no second stack in this browser
            return self._taken(), {"stopped": str(refused)}

    def _taken(self) -> str:
        return "".join(job.take() for job in self.jobs)

    def _do(self, command: dict[str, Any]) -> str:
        words = command["words"]
        if words[0] == "wait":
            return "".join(self._collect(job) for job in self.jobs)
        if words[0] == "kill":
            job = self.jobs[int(words[-1].removeprefix("%")) - 1]
            self._kill(job, words[1])
            return self._collect(job)
        job = self._start(words)
        if not command.get("background"):
            return self._collect(job)
        self.jobs.append(job)
        want = command.get("want") or ""
        return self._collect(
            job, lambda: _CHECKER.check_output(want, job.output[job.taken :], doctest.ELLIPSIS)
        )

    def _collect(self, job: Job, enough: Callable[[], bool] = lambda: False) -> str:
        """Let the programs run until *enough*, or the job's end; return what it printed."""
        while not job.done and not enough():
            self.scheduler.main.call = "wait"
            self.scheduler.wait((job,), None, f"a program to go on: {job.words[1]}")
        return job.take()

    def _kill(self, job: Job, signal: str) -> None:
        """Raise in the program's threads what the signal would: Ctrl-C, or the end."""
        for ident, owner in list(self.owners.items()):
            task = self.scheduler.tasks.get(ident)
            if owner is not job or task is None or (signal == "-INT" and task is not job.task):
                continue
            task.error = KeyboardInterrupt() if signal == "-INT" else Killed()
            task.notify()

    def _start(self, words: list[str]) -> Job:
        job = Job(words)
        if not self.live or self.machine_can_switch():
            job.task = self._start_thread(lambda: self._live(job), words[1])
            self.owners[job.task.ident] = job
        else:  # one stack: the program runs here
            self.owners[self.scheduler.main.ident] = job
            self._live(job)
        return job

    def machine_can_switch(self) -> bool:
        return type(self.scheduler.engine).__name__ != "SingleStack"

    def _live(self, job: Job) -> None:
        name = job.words[1]
        sys.argv[:] = job.words[1:]
        try:
            with open(name, encoding="utf-8") as file:
                code = compile(file.read(), name, "exec", dont_inherit=True)
            self.machine.watch.cover(code)
            exec(code, self.machine.namespace(__file__=name))
        except SystemExit as end:
            if isinstance(end.code, str):
                print(end.code)
        except (Killed, TookTooLong):
            raise
        except errors.Deadlock:
            if self.scheduler.current is self.scheduler.main:
                raise
            traceback.print_exc(limit=-2)
        except KeyboardInterrupt:
            print("KeyboardInterrupt")
        except BaseException as error:
            self._tell(error, name)
        finally:
            job.done = True
            job.changed()

    @staticmethod
    def _tell(error: BaseException, name: str) -> None:
        """Print a traceback that begins in the program."""
        frames = traceback.extract_tb(error.__traceback__)
        first = next((i for i, frame in enumerate(frames) if frame.filename == name), 0)
        print("Traceback (most recent call last):")
        for frame in frames[first:]:
            print(
                f'  File "{frame.filename.rpartition("/")[2]}", line {frame.lineno}, '
                f"in {frame.name}"
            )
        print("".join(traceback.format_exception_only(error)), end="")

    def close(self) -> None:
        self.machine.close()


def quoted(word: str) -> str:
    """A word as one types it."""
    return f'"{word}"' if " " in word else word


class Runner:
    """What the worker calls: keeps the page's session from one run to the next."""

    def __init__(self, post: Callable[[Any], None]) -> None:
        self._post = post
        self.page: Page | None = None

    def run(self, request: dict[str, Any]) -> None:
        """Run what the page asks for."""
        if request["kind"] == "pycon":
            if request["fresh"] or self.page is None:
                if self.page is not None:
                    self.page.close()
                self.page = Page(self._post)
            for block in request["blocks"]:
                self._post({"type": "block", "block": block["block"]})
                self.page.run(block)
            return
        shell = Shell(self._post, live=request["kind"] == "program")
        try:
            shell.run(request["files"], request["commands"], request.get("limit") or LIMIT)
        finally:
            shell.close()
