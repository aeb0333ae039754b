"""Descriptors: small numbers that name open files.

    descriptor --> File (what is open: a socket, an epoll instance)
       4 ----------> File <---------- 7        dup(4) is 7: one file, two descriptors

A descriptor of the model is a real one, reserved on the host: an unconnected socket where
the host has AF_UNIX, the null device elsewhere.  So the numbers never clash with those of
ordinary files, ``os.set_inheritable``, ``fcntl`` and ``os.fstat`` work on them unpatched,
and reading from one behind the model's back fails instead of doing something else.  What
`O_NONBLOCK` says is mirrored onto it.

May not know: sockets, waiting.

Sources: POSIX.1-2024 2.5.1 and dup(), close().
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    import _socket as _host
    _reserve_class = _host.socket if hasattr(_host, "AF_UNIX") else None
    _KIND = (_host.AF_UNIX, _host.SOCK_STREAM) if _reserve_class else ()
except ImportError:  # a Python built without sockets
    _reserve_class = None

from .errors import EBADF, EMFILE, fail

_set_blocking = getattr(os, "set_blocking", None)  # the host's, also when `run` replaces it
_dup = os.dup


def _reserve(like: int | None) -> int:
    """Take a number from the host that nothing else uses, or that is one more for *like*."""
    try:
        if like is not None:
            return _dup(like)
        if _reserve_class is not None:
            return _reserve_class(*_KIND).detach()
        return os.open(os.devnull, os.O_RDWR)
    except OSError as failure:
        if failure.errno in (errno.EMFILE, errno.ENFILE):  # in the host's numbers
            fail(EMFILE)
        raise


class File:
    """Something open: a socket or an epoll instance.  dup() shares it, flags and all.

    waiters
        The threads and epoll entries to tell when `ready` may have changed.
    references
        How many descriptors, and messages on their way, refer to it.
    nonblocking
        What O_NONBLOCK says.
    """

    __slots__ = ("__weakref__", "nonblocking", "references", "waiters")

    def __init__(self) -> None:
        self.references = 0
        self.nonblocking = False
        self.waiters: list[Any] = []

    def ready(self) -> int:
        """Which poll events hold now: a mask of POLLIN, POLLOUT and their like."""
        raise NotImplementedError

    def release(self) -> None:
        """Do what the last close does."""

    def wake(self, mask: int) -> None:
        """Tell whoever waits that the events *mask* have come."""
        for waiter in tuple(self.waiters):
            waiter.notify(mask)

    def hold(self) -> "File":
        """Count one more reference: a descriptor, or a message that carries the file."""
        self.references += 1
        return self

    def drop(self) -> None:
        """Count one reference less; the last one closes."""
        self.references -= 1
        if self.references == 0:
            self.release()


class DescriptorTable(dict[int, File]):
    """The descriptors of one machine, by number; none of its methods waits.

    >>> table = DescriptorTable()
    >>> number = table.add(File())
    >>> again = table.add(table.find(number), like=number)
    >>> table.numbers_of(table[again]) == sorted([number, again])
    True
    >>> table.close_all(); table.find(number)
    Traceback (most recent call last):
    OSError: [Errno 9] Bad file descriptor
    """

    def add(self, file: File, like: int | None = None) -> int:
        """Give *file* a descriptor, or one more than *like*.

        EMFILE
            The process has no descriptor left.
        """
        return self.name(_reserve(like), file)

    def name(self, number: int, file: File) -> int:
        """Give *file* the descriptor *number*, which is reserved."""
        stale = self.pop(number, None)  # closed with os.close, behind the model's back
        if stale is not None:
            stale.drop()
        file.references += 1
        self[number] = file
        return number

    @contextmanager
    def reserved(self) -> Iterator[int]:
        """Hold a descriptor for a file that may still come; one that is not named is given back.

        EMFILE
            The process has no descriptor left.
        """
        number = _reserve(None)
        stale = self.pop(number, None)
        if stale is not None:
            stale.drop()
        try:
            yield number
        finally:
            if number not in self:
                os.close(number)

    def find(self, number: int) -> File:
        """Return the file that *number* names.

        EBADF
            It names nothing of the model.
        """
        try:
            return self[number]
        except KeyError:
            fail(EBADF)

    def is_foreign(self, number: int) -> bool:
        """True if *number* names a file of the host that is not the model's."""
        try:
            os.fstat(number)
        except (OSError, OverflowError):
            return False
        return number not in self

    def close(self, number: int) -> None:
        """Take the descriptor *number* away; the last one closes its file.

        EBADF
            It names nothing of the model.
        """
        file = self.pop(number, None)
        if file is None:
            fail(EBADF)
        os.close(number)
        file.drop()

    def close_all(self) -> None:
        """Close everything, as the end of a process does."""
        for number in sorted(self):
            self.close(number)

    def numbers_of(self, file: File) -> list[int]:
        """The descriptors that name *file*, the lowest first."""
        return sorted(number for number, other in self.items() if other is file)

    def set_nonblocking(self, number: int, nonblocking: bool) -> None:
        """Set what O_NONBLOCK says of the file, here and on the host's descriptors of it.

        EBADF
            *number* names nothing of the model.
        """
        file = self.find(number)
        if file.nonblocking != nonblocking:
            file.nonblocking = nonblocking
            for each in self.numbers_of(file) if file.references > 1 else (number,):
                if _set_blocking is not None:
                    _set_blocking(each, not nonblocking)
