"""Running a whole program on the model: the process is ours, so its modules are too.

Our ``_socket``, ``select``, ``_thread`` and ``time`` take the places of the host's in
``sys.modules``, and whatever was loaded on top of the host's is loaded again.  A few
functions of ``os`` that take descriptors learn of the model's, and so do ``ctypes`` and
``fcntl``.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..faults import Fault
from ..machine.profile import BUILT_IN, Profile
from .c_library import c_modules
from .loader import ABSENT, PRIVATE
from .machine import Machine
from .signals import signal_functions
from .together import Command, background, execute

KEPT = frozenset({"time", "_thread", "_socket", "select"})


def install(machine: Machine) -> None:
    """Put the machine's modules where ``import`` finds them."""
    for name in [name for name in sys.modules if name.partition(".")[0] in PRIVATE]:
        del sys.modules[name]
    for name in KEPT:
        sys.modules[name] = machine.loader.modules[name]
    for name in ABSENT:
        sys.modules[name] = None  # type: ignore[assignment]
    sys.modules |= c_modules(machine)
    for name, function in os_functions(machine).items():
        setattr(os, name, function)
    for name, function in signal_functions(machine).items():
        setattr(signal, name, function)


class Descriptors:
    """The functions of ``os`` that must know the model's descriptors beside the host's."""

    def __init__(self, machine: Machine) -> None:
        self._files, self._calls = machine.descriptors, machine.calls

    def close(self, fd: int) -> None:
        """Close a descriptor of either world."""
        (self._calls.close if fd in self._files else REAL["close"])(fd)

    def read(self, fd: int, length: int, /) -> bytes:
        """Read from a descriptor of either world."""
        if fd in self._files:
            return self._calls.receive(fd, length, 0, None).data  # type: ignore[no-any-return]
        return REAL["read"](fd, length)  # type: ignore[no-any-return]

    def write(self, fd: int, data: Any, /) -> int:
        """Write to a descriptor of either world."""
        if fd in self._files:
            return self._calls.send(fd, bytes(data), 0, None)  # type: ignore[no-any-return]
        return REAL["write"](fd, data)  # type: ignore[no-any-return]

    def dup(self, fd: int, /) -> int:
        """Make another descriptor of the same file."""
        known = fd in self._files
        return (self._calls.dup if known else REAL["dup"])(fd)  # type: ignore[no-any-return]

    def set_blocking(self, fd: int, blocking: bool, /) -> None:
        """Set or clear O_NONBLOCK."""
        if fd in self._files:
            self._files.set_nonblocking(fd, not blocking)
        else:
            REAL["set_blocking"](fd, blocking)

    def sendfile(self, out_fd: int, in_fd: int, offset: int | None, count: int) -> int:
        """Send from a file of the host."""
        if out_fd not in self._files:
            return REAL["sendfile"](out_fd, in_fd, offset, count)  # type: ignore[no-any-return]
        here = offset is None
        data = REAL["read"](in_fd, count) if here else os.pread(in_fd, count, offset or 0)
        return self._calls.send(out_fd, data, 0, None) if data else 0


REAL = {name: getattr(os, name) for name in vars(Descriptors)
        if name[0] != "_" and hasattr(os, name)}


def os_functions(machine: Machine) -> dict[str, Callable[..., Any]]:
    """The functions of ``os`` that take the places of the host's."""
    descriptors = Descriptors(machine)
    return {name: getattr(descriptors, name) for name in REAL}


def run(commands: Sequence[Command], module: bool = False, seed: int = 0,
        real_time: bool = False, capture: str | None = None,
        profile: Profile | str = BUILT_IN, faults: Iterable[Fault | str] = ()) -> int:
    """Run programs, files or with *module* modules, the last as python itself would.

    Those before it run beside it (`together`).
    """
    machine = Machine(seed, real_time, profile, faults)
    if capture:
        machine.capture(capture)
    install(machine)
    with background(machine, commands[:-1], module):
        execute(commands[-1], module)
    return 0
