"""Programs that run together on one machine, as a console block starts them.

    Shell.run     each program a thread of the machine, with its own output
    _live         a program's life: as Python's, with its threads and what atexit has at its end

May not know: the page; it gets plain data and posts plain data.
"""

from __future__ import annotations

import atexit
import contextlib
import doctest
import io
import sys
import types
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from stage import Machine, Stage, TookTooLong, Wishes, outside_of_loops, waits
from telling import Bytes, Gathered, Kept, hint, lonely, remember, traceback_of

from bsdsockets.machine import errors
from bsdsockets.machine.scheduler import Killed, Task

_CHECKER = doctest.OutputChecker()
TYPING = 0.01
"""Virtual seconds before a command, while others run in the background."""


class Job:
    """A program that runs."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.output = Kept()
        self.status = 0
        self.done = False
        self.task: Task | None = None
        self.at_exit: list[Callable[[], object]] = []
        self.waiters: list[Any] = []

    def changed(self) -> None:
        for waiter in tuple(self.waiters):
            waiter.notify()

    def add(self, text: str) -> None:
        self.output.add(text)
        self.changed()

    def take(self) -> str:
        """What was printed since the last time."""
        return self.output.rest()


class Exited(Killed):
    """``os._exit``: the program ends here, whatever it would catch."""

    def __init__(self, status: int) -> None:
        self.status = status


class Outputs(io.TextIOBase):
    """Standard output of all programs: each job gets what its own threads print."""

    encoding = "utf-8"

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.buffer = Bytes(self)

    def write(self, text: str) -> int:
        text.encode()
        if job := self.shell.owner():
            job.add(text)
            if self.shell.live:
                self.shell.live.add(text)
        return len(text)

    def close(self) -> None:
        """Stay open, for the others."""


class Shell:
    """Programs that run together on one machine, as a console block starts them."""

    def __init__(
        self, post: Callable[[dict[str, Any]], None], wishes: Wishes, live: bool = False
    ) -> None:
        self.post = post
        self.live = Gathered(lambda text: post({"type": "output", "text": text})) if live else None
        self.machine = Machine()
        self.machine.os._exit = self._exit
        self.modules = self.machine.model.loader.modules
        self.modules["atexit"] = self._atexit()
        self.stage = Stage(self.machine.model, wishes)
        self.scheduler = self.machine.model.scheduler
        self.machine.watch.hidden = self.scheduler.main  # only waits for the programs
        self.jobs: list[Job] = []
        self.foreground: Job | None = None
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
            self.stage.know(name, name, text)
            remember(name, text)
        self.stage.begin()
        output = Outputs(self)
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
                self.machine.hint = ""
                got, details = self._guarded(command)
                if self.live:
                    self.live.flush()
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
                if "deadlock" in details or "stopped" in details:
                    break
            watch.deadline = float("inf")
        if story := self.stage.tell():
            self.post(story)

    def _guarded(self, command: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        try:
            return self._do(command), self._details()
        except errors.Deadlock as deadlock:
            told = str(deadlock)
            if hidden := self.machine.watch.hidden:
                told = f"nobody can ever wake: {waits(self.scheduler, hidden)}"
            return self._taken(), {"deadlock": told, "hint": lonely(told, deadlock)}
        except TookTooLong as stopped:
            return self._taken(), {"stopped": str(stopped), "hint": lonely(str(stopped))}
        except RuntimeError as refused:  # no second stack in this browser
            return self._taken(), {"stopped": str(refused)}

    def _details(self) -> dict[str, Any]:
        """What the page says besides of a program that it runs alone."""
        job = self.foreground
        if self.live is None or job is None:
            return {}
        return {"status": job.status, "hint": self.machine.hint}

    def _taken(self) -> str:
        return "".join(job.take() for job in self.jobs)

    def _do(self, command: dict[str, Any]) -> str:
        words = command["words"]
        if not all(job.done for job in self.jobs):  # they go on while a person types
            self.scheduler.wait((), self.machine.model.clock.now + TYPING, "the next command")
        if words[0] == "wait":
            return "".join(self._collect(job) for job in self.jobs)
        if words[0] == "kill":
            job = self.jobs[int(words[-1].removeprefix("%")) - 1]
            self._kill(job, words[1])
            return self._collect(job)
        background = bool(command.get("background"))
        job = self.foreground = self._start(words, alone=not background and not self.jobs)
        if not background:
            return self._collect(job)
        self.jobs.append(job)
        want = command.get("want") or ""
        return self._collect(
            job, lambda: _CHECKER.check_output(want, job.output.text(), doctest.ELLIPSIS)
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

    def _start(self, words: list[str], alone: bool) -> Job:
        """Start a program: one that runs alone here, on the main thread, to its end."""
        job = Job(words)
        if self.live or (alone and not self.machine.can_switch):
            self.machine.watch.hidden = None
            self.scheduler.main.name = words[1]
            self.owners[self.scheduler.main.ident] = job
            self._live(job)
        else:
            job.task = self._start_thread(lambda: self._live(job), words[1])
            self.owners[job.task.ident] = job
        return job

    def _live(self, job: Job) -> None:
        sys.argv[:] = job.words[1:]
        try:
            self._execute(job)
            self._finish(job)
        except Exited as end:
            job.status = end.status
        except TookTooLong:
            if self.scheduler.current is self.scheduler.main:
                raise  # else the main thread is told so
        finally:
            job.done = True
            job.changed()

    def _execute(self, job: Job) -> None:
        """Run the program; what it does not catch, it prints."""
        name = job.words[1]
        try:
            with open(name, encoding="utf-8") as file:
                code = compile(file.read(), name, "exec", dont_inherit=True)
            self.machine.watch.cover(code)
            exec(code, self.machine.namespace(__file__=name))
        except SystemExit as end:
            job.status = end.code if isinstance(end.code, int) else int(end.code is not None)
            if end.code is not None and not isinstance(end.code, int):
                print(end.code)
        except (Killed, TookTooLong):
            raise
        except errors.Deadlock as deadlock:
            print(traceback_of(deadlock), end="")
            if self.scheduler.current is self.scheduler.main:
                raise
        except BaseException as error:
            job.status = 130 if isinstance(error, KeyboardInterrupt) else 1  # as a shell says it
            print(traceback_of(error), end="")
            self.machine.hint = hint(error) or self.machine.hint

    def _finish(self, job: Job) -> None:
        """End as Python does: wait for the program's threads, call what atexit has."""
        threading: Any = self.modules.get("threading")
        pools = getattr(self.modules.get("concurrent.futures.thread"), "_threads_queues", {})
        last = all(other.done for other in self.owners.values() if other is not job)
        for call in reversed(threading._threading_atexits if threading and last else ()):
            call()  # the pools of all programs end
        for thread in threading.enumerate() if threading else ():
            other = not thread.daemon and thread is not threading.current_thread()
            if other and self.owners.get(thread.ident) is job and (last or thread not in pools):
                thread.join()
        while job.at_exit:
            job.at_exit.pop()()

    def _exit(self, status: int) -> NoReturn:
        """``os._exit``: every thread of the program ends."""
        job = self.owner()
        for ident, owner in list(self.owners.items()):
            task = self.scheduler.tasks.get(ident)
            if owner is job and task is not None and task is not self.scheduler.current:
                task.error = Exited(status)
                task.notify()
        raise Exited(status)

    def _atexit(self) -> types.ModuleType:
        """``atexit``, for each program its own."""
        module = types.ModuleType("atexit", atexit.__doc__)

        def register(function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
            """Call *function* when the program ends."""
            if job := self.owner():
                job.at_exit.append(partial(function, *arguments, **named))
            return function

        vars(module)["register"] = register
        return module

    def close(self) -> None:
        self.machine.close()


def quoted(word: str) -> str:
    """A word as one types it."""
    return f'"{word}"' if " " in word else word
