"""Descriptors: small numbers that name open files.

    descriptor --> File (what is open: a socket, an epoll instance)
       4 ----------> File <---------- 7        dup(4) is 7: one file, two descriptors

A descriptor of the model is a real one, reserved on the host: an unconnected socket where
sockets are files, the null device elsewhere.  So the numbers never clash with those of
ordinary files, ``os.set_inheritable``, ``fcntl`` and ``os.fstat`` work on them unpatched,
and reading from one behind the model's back fails instead of doing something else.

    model    3 --> File     4 --> File     5 --> File, O_NONBLOCK
                 |              |              |
    host     3 --+--------------+-- socket     5 --> socket, O_NONBLOCK

The host is asked for one socket that stands for many, because to make and close one takes it as
long as a model's call.  A file whose `O_NONBLOCK` is set, or whose inode ``os.fstat`` is asked
for under `run`, has one that stands for it alone.

    0 ... limit of the host | first ... limit of the machine
       reserved there       |     `Beyond`: the machine's alone

A program may ask for more descriptors than the host lets a process have (`resource.setrlimit`).
When the host has no more, the numbers that it can never give name files of the model.

May not know: sockets, waiting.

Sources: POSIX.1-2024 2.5.1 and dup(), close().
"""

import errno
import heapq
import os
import sys
from typing import Any

try:
    import _socket as _host
    _reserve_class = _host.socket if hasattr(_host, "AF_UNIX") else None
    # Not AF_UNIX: while one is on its way in a message, Linux looks for garbage at each close.
    _KIND = (_host.AF_INET, _host.SOCK_STREAM)
except ImportError:  # a Python built without sockets
    _reserve_class = None

from .errors import EBADF, EMFILE, fail

_set_blocking = getattr(os, "set_blocking", None)  # the host's, also when `run` replaces it
_dup, _dup2, _fstat = os.dup, os.dup2, os.fstat


SHARES = sys.platform != "emscripten"  # whose dup knows no limit, and never says EMFILE
SPARE = 256  # of the host's numbers, left to its files where there are some beyond


def reserve(like: int | None = None) -> int:
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
        if failure.errno in (errno.EAFNOSUPPORT, errno.EPERM, errno.EACCES):  # a sandbox
            return os.open(os.devnull, os.O_RDWR)
        raise


def identity(number: int) -> tuple[int, int] | None:
    """What tells one open file of the host from another; None for what is not open."""
    try:
        status = _fstat(number)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Beyond:
    """Numbers that no file of the host can have, for when the host has no more.

    first
        The lowest: the host's limit, which it cannot raise.
    limit
        They end below it: the machine's own.
    inherited
        Those that are to be inherited, which says nothing: other programs have no part in them.

    >>> numbers = Beyond(first=100, limit=102)
    >>> numbers.take(), numbers.take()
    (100, 101)
    >>> numbers.give_back(100); numbers.take()
    100
    >>> numbers.take()
    Traceback (most recent call last):
    OSError: [Errno 24] Too many open files
    """

    def __init__(self, first: int, limit: int) -> None:
        self.first, self.limit = first, limit
        self.inherited: set[int] = set()
        self._next = first
        self._given_back: list[int] = []

    def _lowest(self) -> int:
        return self._given_back[0] if self._given_back else self._next

    def __bool__(self) -> bool:
        """True if one is free, below the limit."""
        return self._lowest() < self.limit

    def take(self) -> int:
        """Return the lowest that is free.

        EMFILE
            None is.
        """
        if not self:
            fail(EMFILE)
        lowest = self._lowest()
        if self._given_back:
            return heapq.heappop(self._given_back)
        self._next += 1
        return lowest

    def give_back(self, number: int) -> None:
        """Let *number* be free."""
        self.inherited.discard(number)
        heapq.heappush(self._given_back, number)


class File:
    """Something open: a socket or an epoll instance.  dup() shares it, flags and all.

    waiters
        The threads and epoll entries to tell when `ready` may have changed.
    references
        How many descriptors, and messages on their way, refer to it.
    nonblocking
        What O_NONBLOCK says.
    alone
        The host's descriptors of it stand for no other file.
    """

    __slots__ = ("__weakref__", "alone", "nonblocking", "references", "waiters")

    def __init__(self) -> None:
        self.references = 0
        self.nonblocking = self.alone = False
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

    beyond: Beyond | None = None  # where a program asked for more than the host lets it have
    _shared: tuple[int, Any] = -1, None  # a descriptor that stands for many files, its identity

    def _reserve(self, like: int | None) -> int:
        """Take a number from the host, or one beyond those it has."""
        beyond = self.beyond
        if beyond is None:
            return reserve(like)
        try:
            number = reserve(None if like is not None and like >= beyond.first else like)
            if number < beyond.first - SPARE or not beyond:
                return number
            os.close(number)
        except OSError as failure:
            if failure.errno != EMFILE:
                raise
        return beyond.take()

    def _give_back(self, number: int) -> None:
        beyond = self.beyond
        if beyond is None or number < beyond.first:
            os.close(number)
        else:
            beyond.give_back(number)

    def is_beyond(self, number: int) -> bool:
        """True if *number* is one that the host cannot have."""
        return self.beyond is not None and number >= self.beyond.first

    def add(self, file: File, like: int | None = None) -> int:
        """Give *file* a descriptor, or one more than *like*.

        EMFILE
            The process has no descriptor left.
        """
        shared = like is None and not file.alone
        return self.name(self.reserve() if shared else self._reserve(like), file)

    def name(self, number: int, file: File) -> int:
        """Give *file* the descriptor *number*, which is reserved."""
        stale = self.pop(number, None)  # closed with os.close, behind the model's back
        if stale is not None:
            stale.drop()
        file.references += 1
        self[number] = file
        return number

    def reserve(self) -> int:
        """Hold a descriptor for a file that may still come, until `name` or `settle`.

        EMFILE
            The process has no descriptor left.
        """
        number, known = self._shared
        if number in self and identity(number) == known and SHARES:  # not closed behind its back
            number = reserve(number) if self.beyond is None else self._reserve(number)
        else:
            number = self._reserve(None)
            self._shared = number, identity(number)
        stale = self.pop(number, None)
        if stale is not None:
            stale.drop()
        return number

    def settle(self, number: int) -> None:
        """Give a descriptor back that was reserved and has got no name."""
        if number not in self:
            self._give_back(number)

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
        self._give_back(number)
        file.drop()

    def close_all(self) -> None:
        """Close everything, as the end of a process does."""
        for number in sorted(self):
            self.close(number)

    def numbers_of(self, file: File) -> list[int]:
        """The descriptors that name *file*, the lowest first."""
        return sorted(number for number, other in self.items() if other is file)

    def is_nonblocking(self, number: int) -> bool:
        """True if O_NONBLOCK is set on the file; EBADF as below."""
        return self.find(number).nonblocking

    def set_nonblocking(self, number: int, nonblocking: bool) -> None:
        """Set what O_NONBLOCK says of the file, here and on the host's descriptors of it.

        EBADF
            *number* names nothing of the model.
        """
        file = self.find(number)
        if file.nonblocking != nonblocking:
            file.nonblocking = nonblocking
            self._mirror(number, nonblocking)

    def _mirror(self, number: int, nonblocking: bool) -> None:
        """Let the host's descriptors of a file say the same as O_NONBLOCK of it."""
        if _set_blocking is not None and self.single_out(number):
            for each in self._on_host(number):
                _set_blocking(each, not nonblocking)

    def _on_host(self, number: int) -> list[int]:
        """The host's descriptors of the file that *number* names."""
        file = self[number]
        numbers = self.numbers_of(file) if file.references > 1 else [number]
        return [each for each in numbers if not self.is_beyond(each)]

    def single_out(self, number: int) -> bool:
        """Let the host's descriptors of a file stand for it alone; False if none is left for it.

        EBADF
            *number* names nothing of the model.
        """
        file = self.find(number)
        if not file.alone:
            try:
                alone = reserve()
            except OSError:
                return False
            for each in self._on_host(number):
                _dup2(alone, each, os.get_inheritable(each))
            os.close(alone)
            file.alone = True
        return True
