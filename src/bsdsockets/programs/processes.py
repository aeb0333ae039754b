"""Other processes: the children of a program on the model.

A machine lives in one process, so

    os.fork                      the child asks this process for its system calls: `served`
    subprocess, os.exec...       so does a program that is Python: `programs`
    os.waitpid, semaphores that  let the other threads of the model go on
    processes share

From the first child on time is real: the child lives in it.  And while one lives, waiting that
nobody in the machine can end is no error, as the child may send a signal, or by its end.

Sources: POSIX.1-2024 fork(), wait(), waitid().
"""

import os
import time
from collections.abc import Callable
from typing import Any, NoReturn

from ..face.by_name import ByName
from .child import fork
from .served import linger, settle

try:
    import _multiprocessing
except ImportError:  # no processes: a browser, Windows
    _multiprocessing = None

LOOK = 0.002  # seconds between looks at a child
SIGNAL = 1.0  # seconds that the signal of a child's end may take until its handler has run


def begin(machine: Any) -> None:
    """Before a child is made: from now on time is real, and who waits may wait for it."""
    machine.clock.become_real()
    machine.scheduler.outside = _Children().may_still_act


class _Children:
    """The processes that this one has started."""

    def __init__(self) -> None:
        self._ended = 0  # one that nobody has waited for
        self._until = 0.0  # when its signal must have been handled

    def may_still_act(self) -> bool:
        """Give them time; False when none is left that could still do something.

        One that has ended still can: the handler of its signal may not have run yet.
        """
        try:
            ended = REAL["waitid"](os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        time.sleep(LOOK)
        if ended is None:
            return True
        if ended.si_pid != self._ended:
            self._ended, self._until = ended.si_pid, time.monotonic() + SIGNAL
        return time.monotonic() < self._until


class Processes(ByName, of="os"):
    """The functions of ``os`` that make processes or wait for them.

    Those that wait let the other threads go on, with WNOHANG they do not wait; they return and
    fail as the host does: ECHILD.
    """

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self._scheduler, self._clock = machine.scheduler, machine.clock

    def _fork(self, name: str) -> Any:
        begin(self._machine)
        return fork(self._machine, REAL[name], (lambda result: result) if name == "fork"
                    else lambda result: result[0])

    def fork(self) -> int:
        """Make a child on the same machine, with the same open files; returns its number.

        In the child returns 0.
        """
        return self._fork("fork")

    def _exit(self, status: int) -> NoReturn:
        """End this process; the machine's first one waits for children with sockets."""
        linger(self._machine)
        REAL["_exit"](status)
        raise SystemExit(status)  # never

    def forkpty(self) -> tuple[int, int]:
        """Make a child with a terminal."""
        return self._fork("forkpty")

    def _wait(self, name: str, options: int, *which: Any) -> Any:
        """Wait for a child; *which* are the arguments before the options."""
        real = REAL[name]
        if len(self._scheduler.tasks) == 1:
            return real(*which, options)
        while True:
            found = real(*which, options | os.WNOHANG)
            if found is not None and found[0]:
                settle(self._machine, found[0])  # of waitid too: si_pid
                return found
            if options & os.WNOHANG:
                return found
            self._scheduler.current.call = f"{name}({', '.join(map(str, which))})"
            self._scheduler.wait((), self._clock.now + LOOK, "waits for a process to end")

    def wait(self) -> tuple[int, int]:
        """Wait for any child; returns (number, status)."""
        return self.waitpid(-1, 0)

    def wait3(self, options: int) -> Any:
        """Wait for any child; returns (number, status, usage of resources)."""
        return self._wait("wait3", options)

    def wait4(self, pid: int, options: int) -> Any:
        """Wait for a child; returns (number, status, usage of resources)."""
        return self._wait("wait4", options, pid)

    def waitid(self, idtype: int, id: int, options: int, /) -> Any:
        """Wait for a child to change its state; returns what became of it."""
        return self._wait("waitid", options, idtype, id)

    def waitpid(self, pid: int, options: int, /) -> tuple[int, int]:
        """Wait for a child; returns (number, status)."""
        found: tuple[int, int] = self._wait("waitpid", options, pid)
        return found


REAL = {name: getattr(os, name) for name in vars(Processes)
        if hasattr(os, name) and name[:2] not in ("__", "_f", "_w")}


def process_functions(machine: Any) -> dict[str, Callable[..., Any]]:
    """The functions of ``os`` that take the places of the host's."""
    processes = Processes(machine)
    return {name: getattr(processes, name) for name in REAL}


def share_semaphores(machine: Any) -> None:
    """Let the other threads go on while one waits for another process's semaphore."""
    if not hasattr(_multiprocessing, "SemLock"):
        return
    scheduler, clock, real = machine.scheduler, machine.clock, _multiprocessing.SemLock

    class SemLock(real):  # type: ignore[misc, valid-type]
        """A semaphore that processes share."""

        def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
            """Take one; waits for at most *timeout* seconds."""
            deadline = None if timeout is None else clock.now + timeout
            while not super().acquire(False):
                if not block or (deadline is not None and clock.now >= deadline):
                    return False
                scheduler.current.call = "acquire"
                scheduler.wait((), clock.now + LOOK, "waits for another process's semaphore")
            return True

        def __enter__(self) -> bool:
            return self.acquire()

    _multiprocessing.SemLock = SemLock
