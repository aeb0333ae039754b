"""``console`` blocks: whole programs, run as separate processes.

::

    ```console
    $ python3 echo_server.py 50007 &
    listening on 127.0.0.1:50007
    $ python3 echo_client.py 50007 hello
    b'hello'
    $ kill %1
    ```

A line that begins with ``$ `` is a command; the lines below it are what it prints, ``...`` standing
for anything as in a doctest.  A command ending in ``&`` goes on in the background: the lines below
it are waited for, and at the end of the block it is stopped.  ``wait`` waits for the background
programs to end by themselves and ``kill %1`` ends the first; below both stands what the programs
printed since.

Commands run in the page's directory, without a shell.  Port numbers from 50000 to 51999 stand for
free ports: each is replaced on the command line and put back in the output, so that two test runs
never meet.  Ports from 1 to 1023 are meant as written.  A path below ``/tmp/`` lies in a folder of
the block's own, which is gone at its end.  Only standard output is compared.
"""

from __future__ import annotations

import contextlib
import doctest
import functools
import os
import queue
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from examples.accept import Correction
from examples.page import Block, PageError

COMMANDS = ("python3", "curl", "chromium", "wait", "kill")
LIMIT = 30.0
"""Seconds for each command, unless the fence says ``timeout=``."""

_PLACEHOLDER = re.compile(r"(?<![\d.])5[01]\d{3}(?!\d)")
_ROOT = Path(__file__).resolve().parent.parent.parent


class ProgramFailed(Exception):
    """A program did not print what the page says.  The message begins with ``file:line``."""


@dataclass(frozen=True)
class Command:
    """One ``$`` line and what stands below it."""

    line: int
    words: list[str]
    background: bool
    want: str


def commands(block: Block) -> list[Command]:
    """Take a console block apart.

    PageError
        Output before the first command, or a command that is not one of ``COMMANDS``.
    """
    found: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(block.source.splitlines(), block.line):
        if line.startswith("$ "):
            found.append((number, line[2:].strip(), []))
        elif found:
            found[-1][2].append(line)
        elif line.strip():
            raise PageError(f"{block.path}:{number}: output before the first $ command")
    result = []
    for number, text, want in found:
        background = text.endswith("&")
        words = shlex.split(text.removesuffix("&"))
        if not words or words[0] not in COMMANDS:
            raise PageError(
                f"{block.path}:{number}: {text!r} is not run; commands are {', '.join(COMMANDS)}"
            )
        result.append(Command(number, words, background, "".join(f"{w}\n" for w in want)))
    return result


def run(block: Block, accepted: list[Correction] | None = None) -> int:
    """Run a console block; return the number of commands run.

    Where a list is given, other output than the page's is no failure: it is put there.

    ProgramFailed
        A program printed something else, or did not end within its limit.
    """
    shell = _Shell(block, accepted)
    try:
        todo = commands(block)
        for command in todo:
            shell.run(command)
    finally:
        shell.end()
    return len(todo)


@dataclass
class _Job:
    process: subprocess.Popen[bytes]
    lines: queue.Queue[str | None] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                self.lines.put(line.decode(errors="replace"))
        self.lines.put(None)

    def collect(self, deadline: float, enough: Callable[[str], bool] = lambda got: False) -> str:
        """Return the lines printed until they are *enough*, or until the program's end."""
        got = ""
        while not enough(got):
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if line is None:
                self.lines.put(None)
                break
            got += line
        return got


class _Shell:
    """The processes of one console block."""

    def __init__(self, block: Block, accepted: list[Correction] | None):
        self.block = block
        self.accepted = accepted
        self.limit = block.tags.timeout or LIMIT
        self.ports: dict[str, str] = {}
        self.started: list[_Job] = []
        self.jobs: list[_Job] = []
        """The background ones, which ``wait`` and ``kill`` mean."""
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        self.folder = tempfile.TemporaryDirectory(prefix="page-", ignore_cleanup_errors=True)
        """What stands for /tmp."""

    def run(self, command: Command) -> None:
        deadline = time.monotonic() + self.limit
        if command.words == ["wait"]:
            self._compare(command, "".join(job.collect(deadline) for job in self.jobs))
            for job in self.jobs:
                self._join(command, job, deadline)
        elif command.words[0] == "kill":
            job = self._stop(command)
            got = job.collect(deadline)
            self._join(command, job, deadline)
            self._compare(command, got)
        else:
            job = self._start(command)
            if command.background:
                self.jobs.append(job)
                got = job.collect(deadline, functools.partial(self._is_wanted, command))
            else:
                got = job.collect(deadline)
                self._join(command, job, deadline)
            self._compare(command, got)

    def _start(self, command: Command) -> _Job:
        words = [self._replace(word) for word in command.words]
        if words[0] == "python3":
            words[0] = sys.executable
        elif words[0] == "chromium":
            words[1:1] = [*CHROMIUM, f"--user-data-dir={self.folder.name}/profile"]
        environment = dict(os.environ, PYTHONUNBUFFERED="1", PYTHONDONTWRITEBYTECODE="1")
        environment["PYTHONPATH"] = str(_ROOT / "src")
        environment["PYTHONWARNINGS"] = "error"
        environment["no_proxy"] = "*"  # every address is this machine's
        process = subprocess.Popen(
            words,
            cwd=self.block.path.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment,
        )
        self.started.append(_Job(process))
        return self.started[-1]

    def _replace(self, word: str) -> str:
        """Put in the ports that are free, and the block's own folder."""

        def free(match: re.Match[str]) -> str:
            return self.ports.setdefault(match[0], str(_free_port()))

        word = _PLACEHOLDER.sub(free, word)
        return self.folder.name + word.removeprefix("/tmp") if word.startswith("/tmp/") else word

    def _stop(self, command: Command) -> _Job:
        """``kill %1`` or ``kill -INT %1``."""
        *options, target = command.words[1:]
        name = options[0].removeprefix("-") if options else "TERM"
        try:
            job = self.jobs[int(target.removeprefix("%")) - 1]
            number = signal.Signals[f"SIG{name}"]
        except (ValueError, IndexError, KeyError):
            where = f"{self.block.path}:{command.line}"
            raise PageError(
                f"{where}: kill takes an optional signal and a job such as %1"
            ) from None
        job.process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            job.process.wait(5)
            return job
        job.process.send_signal(number)  # the first came just before a wait, which did not see it
        return job

    def _join(self, command: Command, job: _Job, deadline: float) -> None:
        try:
            job.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise self._failed(command, f"still runs after {self.limit:g} s") from None
        if job.process.returncode > 0:
            raise self._failed(command, f"ended with status {job.process.returncode}")

    def _compare(self, command: Command, got: str) -> None:
        if self._is_wanted(command, got):
            return
        got = self._put_back(got)
        if self.accepted is None:
            raise self._failed(command, got)
        block = self.block
        self.accepted.append(
            Correction(block.path, command.line + 1, command.want, got, block.indent)
        )

    def _is_wanted(self, command: Command, got: str) -> bool:
        return _same(command.want, self._put_back(got))

    def _put_back(self, text: str) -> str:
        for shown, real in self.ports.items():
            text = re.sub(rf"(?<!\d){real}(?!\d)", shown, text)
        return text.replace(self.folder.name, "/tmp")

    def _failed(self, command: Command, got: str) -> ProgramFailed:
        self.errors.seek(0)
        errors = self.errors.read().decode(errors="replace")
        text = f"{self.block.path}:{command.line}: $ {shlex.join(command.words)}\nexpected:\n"
        text += f"{command.want or 'nothing'}\ngot:\n{got or 'nothing'}"
        return ProgramFailed(text + (f"\nstandard error:\n{errors}" if errors else ""))

    def end(self) -> None:
        for job in self.started:
            if job.process.poll() is None:
                job.process.terminate()
        for job in self.started:
            try:
                job.process.wait(5)
            except subprocess.TimeoutExpired:
                job.process.kill()
                job.process.wait()
            job.reader.join(5)
        self.errors.close()
        self.folder.cleanup()


# A browser that asks nobody but the page's own server.
CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def hear_ctrl_c() -> None:
    """Let the programs hear Ctrl-C, also where a script runs the tests in the background.

    A shell without job control starts such a command with SIGINT ignored, which is inherited.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _same(want: str, got: str) -> bool:
    return doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS)


def _free_port() -> int:
    """A port no program is given by chance: below the range from which Linux chooses."""
    for port in range(20000 + os.getpid() % 10000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port
    raise ProgramFailed("no free port between 20000 and 32000")


_given: set[int] = set()
