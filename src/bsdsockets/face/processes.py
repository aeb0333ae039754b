"""Other processes: what a program on the model may start, and what it cannot hand over.

A machine lives in one process.  Another one has no part in its sockets, so

    os.fork                      goes where no socket of the model is open: the child's
                                 machine is its own, and no packet passes between the two
    subprocess, multiprocessing  go, with pipes; a socket of the model as the child's
                                 descriptor is refused
    os.waitpid, semaphores that  let the other threads of the model go on
    processes share

From the first child on time is real: the child lives in it.  And while one lives, waiting that
nobody in the machine can end is no error, as the child may send a signal, or by its end.

Sources: POSIX.1-2024 fork(), waitpid(); CPython ``Modules/_posixsubprocess.c`` for the
order of arguments.
"""

import os
import time
from collections.abc import Callable
from typing import Any

from .os_module import refuse

try:
    import _multiprocessing
    import _posixsubprocess
except ImportError:  # no processes: a browser, Windows
    _posixsubprocess = _multiprocessing = None  # type: ignore[assignment]

LOOK = 0.002  # seconds between looks at a child
SIGNAL = 1.0  # seconds that the signal of a child's end may take until its handler has run
FORK = ("os.fork with sockets open: they live in one process, and the child's would be copies "
        "that nobody reaches; use threads, or fork first")
HAND_OVER = ("a socket as another process's descriptor: what it refers to is known in this "
             "process only")
PASSED = (6, 9, 11)  # where fork_exec takes stdin, stdout and stderr; the others at 3


def begin(machine: Any) -> None:
    """Before a child is made: from now on time is real, and who waits may wait for it."""
    machine.clock.real = True
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
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        time.sleep(LOOK)
        if ended is None:
            return True
        if ended.si_pid != self._ended:
            self._ended, self._until = ended.si_pid, time.monotonic() + SIGNAL
        return time.monotonic() < self._until


class Processes:
    """The functions of ``os`` that make processes or wait for them."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self._scheduler, self._clock = machine.scheduler, machine.clock

    def _fork(self, name: str) -> Any:
        if self._machine.descriptors:
            refuse(FORK)
        begin(self._machine)
        result = REAL[name]()
        if (result if name == "fork" else result[0]) == 0:
            self._scheduler.survive()
        return result

    def fork(self) -> int:
        """Make a child, whose machine is its own; returns its number, 0 in the child.

        ENOSYS
            A socket is open: the child's would be a copy that nobody reaches.
        """
        return self._fork("fork")

    def forkpty(self) -> tuple[int, int]:
        """Make a child with a terminal."""
        return self._fork("forkpty")

    def posix_spawn(self, *arguments: Any, **named: Any) -> int:
        """Start a program."""
        begin(self._machine)
        return REAL["posix_spawn"](*arguments, **named)

    def waitpid(self, pid: int, options: int, /) -> tuple[int, int]:
        """Wait for a child; the other threads go on.  With WNOHANG it does not wait.

        Returns (number, status); fails as the host does: ECHILD.
        """
        if options & os.WNOHANG or len(self._scheduler.tasks) == 1:
            return REAL["waitpid"](pid, options)
        while True:
            found: tuple[int, int] = REAL["waitpid"](pid, options | os.WNOHANG)
            if found[0]:
                return found
            self._scheduler.current.call = f"waitpid({pid})"
            self._scheduler.wait((), self._clock.now + LOOK, "waits for a process to end")

    def wait(self) -> tuple[int, int]:
        """Wait for any child."""
        return self.waitpid(-1, 0)


REAL = {name: getattr(os, name) for name in vars(Processes)
        if name[0] != "_" and hasattr(os, name)}


def process_functions(machine: Any) -> dict[str, Callable[..., Any]]:
    """The functions of ``os`` that take the places of the host's."""
    processes = Processes(machine)
    return {name: getattr(processes, name) for name in REAL}


def guard_subprocess(machine: Any) -> None:
    """Refuse a socket of the model as a descriptor of another program."""
    if _posixsubprocess is None:
        return
    real, files = _posixsubprocess.fork_exec, machine.descriptors

    def fork_exec(*arguments: Any) -> int:
        passed = {*arguments[3], *(arguments[place] for place in PASSED)}
        if any(number in files for number in passed):
            refuse(HAND_OVER)
        begin(machine)
        return int(real(*arguments))

    _posixsubprocess.fork_exec = fork_exec


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
                scheduler.wait((), clock.now + LOOK, "another process's semaphore")
            return True

        def __enter__(self) -> bool:
            return self.acquire()

    _multiprocessing.SemLock = SemLock
