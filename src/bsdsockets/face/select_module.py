"""Our ``select``: select, poll and epoll in Python's form.

The functions are no plain functions: ``selectors.SelectSelector`` keeps ``select.select``
as a class attribute, and a plain function would become a method there.

Sources: CPython ``Modules/selectmodule.c``, 3.11 to 3.13.
"""

import contextlib
import math
import os
import types
from operator import index
from typing import Any

from ..machine import constants
from ..machine.constants import (
    EPOLL_CLOEXEC,
    EPOLL_CTL_ADD,
    EPOLL_CTL_DEL,
    EPOLL_CTL_MOD,
    POLLIN,
    POLLOUT,
    POLLPRI,
)
from .arguments import (
    SINCE_3_14,
    SINCE_3_15,
    check_time,
    kind_of,
    natural,
    small,
    time_number,
    unsigned_long,
)
from .by_name import ByName

FD_SETSIZE = 1024  # descriptors that C's select() counts


def descriptor_of(thing: Any) -> int:
    """A descriptor, or what ``fileno()`` says.

    TypeError
        Neither a number nor something with fileno(); or that gives no number.
    ValueError
        It is below 0.
    """
    if isinstance(thing, int):
        number = small(thing)
    elif hasattr(thing, "fileno"):
        number = thing.fileno()
        if not isinstance(number, int):
            raise TypeError("fileno() returned a non-integer")
        number = small(number)
    else:
        raise TypeError("argument must be an int, or have a fileno() method.")
    if number < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({number})")
    return number


def limit_of(timeout: Any, unit: int) -> float | None:
    """A timeout in seconds, whole milliseconds rounded up; None and below 0 mean for ever.

    A *unit* of it has so many milliseconds: poll's 1, epoll's 1000.

    TypeError
        It is no number.
    OverflowError
        As milliseconds it is no C int; poll() rounds also one below 0 away from it.

    >>> limit_of(1500.2, 1), limit_of(1.2, 1000), limit_of(-1, 1)
    (1.501, 1.2, None)
    """
    if timeout is None:
        return None
    if timeout.__class__ is int and -1 <= timeout <= 0:  # what most say
        return None if timeout else 0.0
    try:
        timeout = time_number(timeout)
    except TypeError:
        raise TypeError("timeout must be an integer or None") from None
    check_time(timeout, timeout * unit * 10**6)
    wanted = math.floor(timeout) if timeout < 0 and unit == 1 else math.ceil(timeout * unit)
    if not -2**31 <= wanted < 2**31:
        raise OverflowError("timeout is too large")
    return None if timeout < 0 else wanted / 1000


class Poll:
    """A set of descriptors to poll: register, modify, unregister, poll.

    Programs make one with ``select.poll()``, never with its type, as in C.
    """

    _machine: Any
    _wanted: dict[int, int]
    _polling: bool

    def __new__(cls, *arguments: Any, **more: Any) -> "Poll":
        raise TypeError(f"cannot create '{cls.__module__}.{cls.__name__}' instances")

    @classmethod
    def of(cls, machine: Any) -> "Poll":
        """Make an empty set."""
        self = object.__new__(cls)
        self._machine, self._wanted, self._polling = machine, {}, False
        return self

    def register(self, fd: Any, eventmask: int = POLLIN | POLLPRI | POLLOUT, /) -> None:
        """Ask for *eventmask* of a descriptor, in the place of what was asked of it before.

        TypeError, ValueError
            *fd* is no descriptor, nor has one; or is below 0.
        ValueError, OverflowError
            *eventmask* is below 0, or above 65535.
        """
        number = descriptor_of(fd)
        self._wanted[number] = _mask(eventmask)

    def modify(self, fd: Any, eventmask: int, /) -> None:
        """Ask for other events of a descriptor; errors as for `register`, with one between.

        FileNotFoundError
            The descriptor is not registered.
        """
        number, mask = descriptor_of(fd), _mask(eventmask)
        if number not in self._wanted:
            raise FileNotFoundError(2, "No such file or directory")
        self._wanted[number] = mask

    def unregister(self, fd: Any, /) -> None:
        """Ask for nothing of a descriptor any more.

        KeyError
            The descriptor is not registered.
        """
        del self._wanted[descriptor_of(fd)]

    def poll(self, timeout: Any = None, /) -> list[tuple[int, int]]:
        """Wait for at most *timeout* milliseconds; returns [(descriptor, events)], [] for none.

        None, and a timeout below 0, wait for ever; 0 looks once.  POLLERR, POLLHUP and POLLNVAL
        are told unasked.

        TypeError, OverflowError
            *timeout* is no number, or no C int.
        RuntimeError
            Another thread is in poll() of the same object.

        Source: POSIX.1-2024 poll(); Linux poll(2).

        >>> from bsdsockets import select, socket
        >>> one, other = socket.socketpair()
        >>> poll = select.poll(); poll.register(other, select.POLLIN)
        >>> poll.poll(100)
        []
        >>> one.close(); poll.poll() == [(other.fileno(), select.POLLIN | select.POLLHUP)]
        True
        >>> other.close()
        """
        limit = limit_of(timeout, 1)
        if self._polling:
            raise RuntimeError("concurrent poll() invocation")
        self._polling = True
        try:
            return self._machine.poll.poll(dict(self._wanted), limit)
        finally:
            self._polling = False


def _mask(value: Any) -> int:
    if not SINCE_3_14:
        if isinstance(value, int) and value < 0:
            raise ValueError("value must be positive")
        value = unsigned_long(value)
    return natural(value, 16, "unsigned short")


class Select(ByName, of="select", name="select"):
    """select(rlist, wlist, xlist[, timeout]): wait until one of three lists has a ready one.

    Waits for at most *timeout* seconds; without one, or with None, for ever; 0 looks once.
    Returns three lists of what is ready, each thing as it was given.

    TypeError, ValueError
        *timeout* is no number; is below 0.  A list is none; has no descriptor in it, or one
        below 0.
    ValueError
        A descriptor is 1024 or more.
    EBADF
        A descriptor names nothing.

    Source: POSIX.1-2024 pselect(); Linux select(2).

    >>> from bsdsockets import select, socket
    >>> one, other = socket.socketpair()
    >>> select.select([one, other], [one], [], 0) == ([], [one], [])
    True
    >>> one.close(); other.close()
    """

    def __init__(self, machine: Any) -> None:
        self._machine = machine

    def __call__(self, rlist: Any, wlist: Any, xlist: Any, timeout: Any = None, /) -> Any:
        if timeout is not None:
            try:
                timeout = time_number(timeout)
            except TypeError:
                raise TypeError(f"timeout must be a real number or None, not {kind_of(timeout)}"
                                if SINCE_3_15 else "timeout must be a float or None") from None
            check_time(timeout, timeout * 10**9)
            if timeout < 0:
                raise ValueError("timeout must be non-negative")
        lists = []
        for things in (rlist, wlist, xlist):
            try:
                lists.append([(thing, descriptor_of(thing)) for thing in things])
            except TypeError as failure:
                if "iterable" in str(failure):
                    raise TypeError("arguments 1-3 must be sequences") from None
                raise
        if any(number >= FD_SETSIZE for pairs in lists for _, number in pairs):
            raise ValueError("filedescriptor out of range in select()")
        found = self._machine.poll.select(*[[n for _, n in pairs] for pairs in lists],
                                          None if timeout is None else float(timeout))
        return tuple([thing for thing, number in pairs if number in ready]
                     for pairs, ready in zip(lists, found, strict=True))


class Epoll:
    """epoll(sizehint=-1, flags=0): an epoll instance.

    ValueError
        *sizehint*, which says nothing, is 0 or below -1.
    OSError
        *flags* has others than EPOLL_CLOEXEC; the process has no descriptor left.

    Source: Linux epoll(7).  POSIX has none.

    >>> from bsdsockets import select, socket
    >>> one, other = socket.socketpair()
    >>> with select.epoll() as epoll:
    ...     epoll.register(other, select.EPOLLIN | select.EPOLLET)
    ...     _ = one.send(b"hello")
    ...     epoll.poll() == [(other.fileno(), select.EPOLLIN)], epoll.poll(0)
    (True, [])
    >>> one.close(); other.close()
    """

    _machine: Any = None

    def __init__(self, sizehint: int = -1, flags: int = 0) -> None:
        sizehint, flags = small(sizehint), small(flags)
        if sizehint < -1 or sizehint == 0:
            raise ValueError("negative sizehint")
        if flags & ~EPOLL_CLOEXEC:
            raise OSError("invalid flags")
        self._fd = self._machine.poll.epoll_create()

    @classmethod
    def fromfd(cls, fd: int, /) -> "Epoll":
        """An instance that has the descriptor *fd* already; nothing is checked.  -1 makes one.

        OSError
            *fd* is below that: with no errno.
        """
        number = small(fd)
        if number == -1:
            return cls()
        if number < 0:
            raise OSError(0, "Error")
        self = cls.__new__(cls)
        self._fd = number
        return self

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._fd < 0

    def close(self) -> None:
        """Close the instance; a second time does nothing, and neither does an error."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                close = self._machine.calls.close if fd in self._machine.descriptors else os.close
                close(fd)

    def __enter__(self) -> "Epoll":
        self.fileno()
        return self

    def __exit__(self, *details: Any) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError, TypeError):
            self.close()

    def fileno(self) -> int:
        """Return the descriptor.

        ValueError
            The instance is closed.
        """
        if self._fd < 0:
            raise ValueError("I/O operation on closed epoll object")
        return int(self._fd)

    def register(self, fd: Any, eventmask: int = POLLIN | POLLPRI | POLLOUT) -> None:
        """Ask for *eventmask* of a descriptor that is new here: `EpollCalls.epoll_control`."""
        self._control(EPOLL_CTL_ADD, fd, eventmask)

    def modify(self, fd: Any, eventmask: int) -> None:
        """Ask for other events of a descriptor known here: `EpollCalls.epoll_control`."""
        self._control(EPOLL_CTL_MOD, fd, eventmask)

    def unregister(self, fd: Any) -> None:
        """Ask for nothing of a descriptor any more: `EpollCalls.epoll_control`."""
        self._control(EPOLL_CTL_DEL, fd, 0)

    def _control(self, operation: int, fd: Any, eventmask: int) -> None:
        descriptor = descriptor_of(fd)
        events = index(eventmask) & 0xFFFFFFFF
        self._machine.poll.epoll_control(self.fileno(), operation, descriptor, events)

    def poll(self, timeout: Any = None, maxevents: int = -1) -> list[tuple[int, int]]:
        """Wait for at most *timeout* seconds; returns up to *maxevents* pairs (descriptor, events).

        None, and a timeout below 0, wait for ever; 0 looks once; others are rounded up to
        milliseconds.  A *maxevents* of -1 is 1023.

        ValueError
            The instance is closed; *maxevents* is 0 or below -1.
        TypeError
            *timeout* is no number.

        Source: Linux epoll_wait(2).
        """
        maxevents = small(maxevents)
        fd = self.fileno()
        limit = limit_of(timeout, 1000)
        if maxevents < -1 or maxevents == 0:
            raise ValueError(f"maxevents must be greater than 0, got {maxevents}")
        return self._machine.poll.epoll_wait(
            fd, limit, 1023 if maxevents == -1 else maxevents)


def make(machine: Any) -> types.ModuleType:
    """Build ``select`` for *machine*."""
    module = types.ModuleType("select", "Readiness of a bsdsockets machine.")
    names = vars(module)
    for name, value in vars(constants).items():
        if name.startswith(("POLL", "EPOLL")) and not name.startswith("EPOLL_CTL"):
            names[name] = value
    names.update(error=OSError, PIPE_BUF=4096, select=Select(machine),
                 poll=_Constructor(machine),
                 epoll=type("epoll", (Epoll,), {"_machine": machine, "__module__": "select"}))
    return module


class _Constructor(ByName, of="select", name="poll"):
    """poll(): make a Poll of one machine."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine

    def __call__(self) -> Poll:
        return Poll.of(self._machine)
