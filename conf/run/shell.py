"""Programs that run together on one machine, as a console block starts them.

    Shell.run     each program a thread of the machine, with its own output

May not know: the page; it gets plain data and posts plain data.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from stage import Machine, Stage, TookTooLong, Wishes, outside_of_loops

from bsdsockets.machine import errors
from bsdsockets.machine.scheduler import Killed, Task

_CHECKER = doctest.OutputChecker()


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

    def __init__(
        self, post: Callable[[dict[str, Any]], None], wishes: Wishes, live: bool = False
    ) -> None:
        self.post = post
        self.live = live
        self.machine = Machine()
        self.stage = Stage(self.machine.model, wishes)
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
            self.stage.know(name, name, text)
        self.stage.begin()
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
        if story := self.stage.tell():
            self.post(story)

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
