"""The judge itself: the kernel agrees with itself, and each deliberate fault is found and shrunk.

The faults stand in a wrapper of the system's own sockets, so that nothing here needs the model.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from . import exhaustive, isolated, sequences
from .subjects import SUBJECTS
from .worlds import Kernel

CALLS = 30_000
FAULTS = {
    "a wrong errno": ("send", 3),
    "a wrong order of checks": ("listen", 3),
    "a state that is missed": ("getpeername", 6),
    "an error that is told twice": ("recv", 6),
    "an event that is not told": ("poll", 6),
    "a flag that is not heeded": ("MSG_PEEK", 6),
}


class WrongSocket(socket.socket):
    """The system's socket with every one of the faults; `fault` says which is switched on."""

    fault = ""

    def send(self, *arguments: Any) -> int:
        try:
            return super().send(*arguments)
        except BrokenPipeError:
            if self.fault == "send":
                raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN)) from None
            raise

    def listen(self, *arguments: Any) -> None:
        if self.fault == "listen" and super().fileno() < 0:
            return
        super().listen(*arguments)

    def getpeername(self) -> Any:
        if self.fault == "getpeername" and super().getsockopt(socket.SOL_SOCKET, socket.SO_TYPE):
            self.known = getattr(self, "known", None) or super().getpeername()
            return self.known
        return super().getpeername()

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.fault == "MSG_PEEK":
            flags &= ~socket.MSG_PEEK
        if self.fault == "recv" and getattr(self, "told", None):
            raise self.told
        try:
            return super().recv(size, flags)
        except ConnectionError as error:
            self.told = error
            raise


class WrongPoller:
    """The system's poll object, which never tells that the peer has shut down."""

    def __init__(self) -> None:
        self._right = select.poll()
        self.register = self._right.register

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        return [(number, mask & ~select.POLLRDHUP) for number, mask in self._right.poll(timeout)]


def wrong(fault: str) -> dict[str, ModuleType]:
    """Return the system's modules with one fault."""
    modules = {}
    for real in (socket, select):
        modules[real.__name__] = ModuleType(real.__name__)
        vars(modules[real.__name__]).update(vars(real))
    faulty = type("socket", (WrongSocket,), {"fault": fault})
    modules["socket"].socket = faulty  # type: ignore[attr-defined]
    if fault == "poll":
        modules["select"].poll = WrongPoller  # type: ignore[attr-defined]
    return modules


def test_the_kernel_agrees_with_itself() -> None:
    """No call depends on anything but the calls before it."""
    answer = isolated.run("sequences", "--kernel-twice", "--calls", str(CALLS), "--seed", "7")
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_shrunk_and_printed_as_a_program(fault: str, tmp_path: Path) -> None:
    """Each fault of a wrapper shows up as a short program that runs by itself."""
    answer = isolated.run("test_the_judge", fault)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    program, _, length = answer.stdout.rpartition("\n\n")
    # The shortest program, and at most four lines of a state that shrinking cannot take apart.
    assert int(length) <= FAULTS[fault][1] + 4, program
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    assert run.returncode == 0, program + run.stderr.decode()


def test_a_fault_is_found_by_the_exhaustive_comparison() -> None:
    """A wrong errno differs from the record."""
    answer = isolated.run("test_the_judge", "exhaustive")
    assert "a.send(b'x')" in answer.stdout and "ENOTCONN" in answer.stdout


def _show(fault: str) -> None:
    """Print the shortest program that shows a fault, and its number of lines."""
    kernel, other = Kernel(), Kernel(wrong(FAULTS[fault][0]))
    tally = sequences.run(CALLS, 1, kernel, other, enough=1)
    (finding,) = tally.findings.values()
    print(sequences.as_program(finding), len(finding.program), sep="\n\n")


def _show_exhaustive() -> None:
    chosen = [subject for subject in SUBJECTS if subject.name == "unix stream"]
    right = exhaustive.outcomes(Kernel(), chosen)
    left = exhaustive.outcomes(Kernel(wrong("send")), chosen)
    print(exhaustive.report(right, left, ("right", "wrong")))


if __name__ == "__main__":
    _show_exhaustive() if sys.argv[1] == "exhaustive" else _show(sys.argv[1])
