"""Readiness: select, poll and epoll over descriptors.

    poll, select   ask every file `ready()` each time
    epoll          keeps an entry for each file, which is told of every change

All of them ask the same `ready` as a call that waits.

May not know: which kinds of files there are; a descriptor of the host that is not the
model's is asked of the host.

Sources: POSIX.1-2024 poll(), pselect(); Linux epoll(7), epoll_ctl(2).
"""

import time
from collections import OrderedDict
from typing import Any

from ..machine.constants import (
    EPOLLERR,
    EPOLLET,
    EPOLLEXCLUSIVE,
    EPOLLHUP,
    EPOLLONESHOT,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLNVAL,
    POLLOUT,
    POLLPRI,
)
from ..machine.descriptors import File
from ..machine.errors import EBADF, EEXIST, EINVAL, ENOENT, EPERM, fail
from ..machine.events import CallWaits
from ..machine.host import Host
from .foreign import Foreign, is_file

READ_SET = POLLIN | 64 | 128 | POLLERR | POLLHUP
WRITE_SET = POLLOUT | 256 | 512 | POLLERR
_WITH_EXCLUSIVE = POLLIN | POLLOUT | EPOLLERR | EPOLLHUP | EPOLLET | EPOLLEXCLUSIVE | 1 << 29
FOREIGN_PAUSE = 0.002  # seconds between looks at descriptors of the host


class Readiness:
    """select, poll and epoll of one machine."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.files = host.descriptors

    def _file(self, number: int) -> Any:
        file = self.files.get(number)
        if file is not None:
            return file
        foreign = Foreign(number)
        return None if foreign.ready() & POLLNVAL else foreign

    def poll(self, wanted: dict[int, int], timeout: float | None,
             call: str = "poll") -> list[tuple[int, int]]:
        """Wait until a descriptor has one of the events wanted of it; [(descriptor, events)].

        *wanted* has the events for each descriptor.  *timeout* is in seconds: 0 looks once, None
        waits for ever.  POLLERR, POLLHUP, and POLLNVAL for a descriptor that names nothing, are
        reported unasked.  The result is empty when the timeout is over.

        Not modelled: EINTR, as CPython calls again.
        Source: POSIX.1-2024 poll(); Linux poll(2).

        >>> import select, socket
        >>> from bsdsockets import Machine
        >>> machine = Machine()
        >>> one, other = machine.calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> machine.poll.poll({one: select.POLLIN}, 2.0)
        []
        >>> machine.calls.close(other)
        >>> machine.poll.poll({one: select.POLLIN}, None) == [(one, select.POLLIN | select.POLLHUP)]
        True
        >>> machine.close()
        """
        files = {number: self._file(number) for number in wanted}

        def look() -> list[tuple[int, int]]:
            found = []
            for number, events in wanted.items():
                file = files[number]
                mask = POLLNVAL if file is None else (
                    file.ready() & (events | POLLERR | POLLHUP | POLLNVAL))
                if mask:
                    found.append((number, mask))
            return found

        sources = [file for file in files.values() if file is not None]
        return self._until(look, sources, timeout, call)

    def _until(self, look: Any, sources: list[Any], timeout: float | None, call: str) -> Any:
        """Look until something is found or *timeout* seconds are over."""
        found = look()
        scheduler, clock = self.host.scheduler, self.host.clock
        if found:
            return found
        if timeout is not None and timeout <= 0:
            scheduler.pause()
            clock.read()
            return look()
        deadline = None if timeout is None else clock.now + timeout
        foreign = any(isinstance(source, Foreign) or getattr(source, "foreign", None)
                      for source in sources)
        scheduler.current.call = call
        if self.host.observers:
            self.host.observers.tell(CallWaits, call, f"one of {len(sources)} files")
        while not found:
            limit = clock.now + FOREIGN_PAUSE if foreign else deadline
            if deadline is not None and limit is not None:
                limit = min(limit, deadline)
            awake = scheduler.wait(sources, limit, f"waits for one of {len(sources)} files")
            found = look()
            if not awake and not found:
                if deadline is not None and clock.now >= deadline:
                    break
                if not clock.real:  # which has slept
                    time.sleep(FOREIGN_PAUSE)
        return found

    def select(self, readers: list[int], writers: list[int], exceptional: list[int],
               timeout: float | None) -> tuple[list[int], list[int], list[int]]:
        """Wait until one of three lists of descriptors has one that is ready; returns those.

        Readable is POLLIN, or an end or error; writable POLLOUT, or an error; exceptional POLLPRI.
        *timeout* is in seconds: 0 looks once, None waits for ever.

        EBADF
            A descriptor names nothing.

        Source: POSIX.1-2024 pselect(); Linux select(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine()
        >>> one, other = machine.calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> machine.poll.select([one], [one], [], None) == ([], [one], [])
        True
        >>> machine.close()
        """
        wanted: dict[int, int] = {}
        for numbers, mask in ((readers, READ_SET), (writers, WRITE_SET), (exceptional, POLLPRI)):
            for number in numbers:
                wanted[number] = wanted.get(number, 0) | mask
        if any(self._file(number) is None for number in wanted):
            fail(EBADF)
        files = {number: self._file(number) for number in wanted}

        def look() -> Any:
            masks = {number: files[number].ready() for number in wanted}
            result = tuple([number for number in numbers if masks[number] & mask]
                           for numbers, mask in ((readers, READ_SET), (writers, WRITE_SET),
                                                 (exceptional, POLLPRI)))
            return result if any(result) else None

        found = self._until(look, list(files.values()), timeout, "select")
        return found or ([], [], [])


class Entry:
    """What epoll keeps for one descriptor; the file tells it of every change."""

    __slots__ = ("armed", "epoll", "events", "file", "number")

    def __init__(self, epoll: "Epoll", number: int, file: File, events: int) -> None:
        self.epoll = epoll
        self.number = number
        self.file = file
        self.events = events
        self.armed = True  # may be reported: always for level, once a change for edge

    def notify(self, mask: int = -1) -> None:
        """The file has changed."""
        if mask & (self.events | EPOLLERR | EPOLLHUP):
            self.epoll.queue(self)


class Epoll(File):
    """An epoll instance: the entries, and those that may be ready, in order."""

    __slots__ = ("entries", "foreign", "maybe")

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[int, Entry] = {}
        self.foreign: dict[int, Entry] = {}  # those of the host, which tell of no change
        self.maybe: OrderedDict[Entry, None] = OrderedDict()

    def queue(self, entry: Entry) -> None:
        """Look at *entry* again when somebody waits."""
        if entry.events & ~(EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE):
            self.maybe[entry] = None
            if self.waiters:
                self.wake(POLLIN)

    def ready(self) -> int:
        self._look_at_foreign()
        return POLLIN | 64 if self._ready_entry() else 0

    def _look_at_foreign(self) -> None:
        """Ask the host of its descriptors; one that it has closed has no entry any more."""
        for entry in tuple(self.foreign.values()):
            mask = entry.file.ready()
            if mask & POLLNVAL:
                self._remove(entry)
            elif mask & entry.events:
                self.maybe[entry] = None

    def _ready_entry(self) -> bool:
        for entry in tuple(self.maybe):
            if entry.file.ready() & (entry.events | EPOLLERR | EPOLLHUP):
                return True
            del self.maybe[entry]
        return False

    def control(self, operation: int, number: int, file: Any, events: int, own: bool) -> None:
        """Add, change or remove an entry; *own* says that the file is the instance itself.

        Fails as `EpollCalls.epoll_control`, from its EINVAL of the instance itself on.
        """
        events |= EPOLLERR | EPOLLHUP  # told unasked, until a one-shot entry is used up
        entry = self.entries.get(number)
        foreign = isinstance(file, Foreign)
        known = foreign and number in self.foreign and operation != 1
        if entry is not None and entry.file is not file and not known:
            self._remove(entry)
            entry = None
        exclusive = events & EPOLLEXCLUSIVE and operation != 2
        if own or (exclusive and (operation != 1 or events & ~_WITH_EXCLUSIVE)):
            fail(EINVAL)
        if operation == 1:
            if entry is not None:
                fail(EEXIST)
            entry = Entry(self, number, file, events)
            self.entries[number] = entry
            file.waiters.insert(0, entry)  # Linux wakes the newest first
            if foreign:
                self.foreign[number] = entry
        elif entry is None:
            fail(ENOENT)
        elif operation == 2:
            self._remove(entry)
            return
        else:
            if entry.events & EPOLLEXCLUSIVE:
                fail(EINVAL)
            entry.events = events
        if file.ready() & events:
            self.queue(entry)

    def _remove(self, entry: Entry) -> None:
        del self.entries[entry.number]
        self.foreign.pop(entry.number, None)
        self.maybe.pop(entry, None)
        if entry in entry.file.waiters:
            entry.file.waiters.remove(entry)

    def collect(self, most: int) -> list[tuple[int, int]]:
        """Report up to *most* entries that are ready, the longest waiting first."""
        found: list[tuple[int, int]] = []
        again: list[Entry] = []
        if self.foreign:
            self._look_at_foreign()
        for entry in tuple(self.maybe):
            if len(found) >= most:
                break
            del self.maybe[entry]
            if entry.file.references <= 0:
                self._forget(entry)
                continue
            mask = entry.file.ready() & (entry.events | EPOLLERR | EPOLLHUP) & 0x0FFFFFFF
            if not mask:
                continue
            found.append((entry.number, mask))
            if entry.events & EPOLLONESHOT:
                entry.events &= EPOLLET | EPOLLONESHOT
            elif not entry.events & EPOLLET:
                again.append(entry)
        for entry in again:
            self.maybe[entry] = None
        return found

    def _forget(self, entry: Entry) -> None:
        if self.entries.get(entry.number) is entry:
            del self.entries[entry.number]

    def release(self) -> None:
        for entry in tuple(self.entries.values()):
            if entry in entry.file.waiters:
                entry.file.waiters.remove(entry)
        self.entries.clear()
        self.foreign.clear()
        self.maybe.clear()


class EpollCalls(Readiness):
    """epoll_create, epoll_ctl and epoll_wait; poll and select."""

    def epoll_create(self) -> int:
        """Make an epoll instance; returns its descriptor.

        EMFILE
            The process has no descriptor left.

        Source: Linux epoll_create(2).

        >>> from bsdsockets import Machine
        >>> machine = Machine()
        >>> machine.poll.epoll_wait(machine.poll.epoll_create(), 0, 10)
        []
        >>> machine.close()
        """
        return self.files.add(Epoll())

    def _epoll(self, number: int) -> Epoll:
        file = self.files.find(number)
        if not isinstance(file, Epoll):
            fail(EINVAL)
        return file

    def epoll_control(self, epoll: int, operation: int, number: int, events: int) -> None:
        """Add, remove or change the entry of *number*: EPOLL_CTL_ADD 1, _DEL 2, _MOD 3.

        *events* is a mask: EPOLLIN and its like, with EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE.  Waits
        for nothing.  An entry ends with its file: with the last descriptor of it.

        EBADF, EINVAL
            *epoll* names nothing of the model; it names a socket.
        EBADF
            *number* names nothing.
        EPERM
            It names a file or directory, which is always ready.
        EINVAL
            It is the instance itself; or EPOLLEXCLUSIVE is asked for in a change, or beside what it
            does not go with.
        EEXIST, ENOENT
            It has an entry already; it has none.
        EINVAL
            The entry to be changed has EPOLLEXCLUSIVE.

        Not modelled: ELOOP, for instances that watch each other; ENOSPC and ENOMEM.
        Source: Linux epoll_ctl(2), epoll(7).

        >>> import select, socket
        >>> from bsdsockets import Machine
        >>> from bsdsockets.machine.constants import EPOLL_CTL_ADD
        >>> machine = Machine()
        >>> one, other = machine.calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> epoll = machine.poll.epoll_create()
        >>> machine.poll.epoll_control(epoll, EPOLL_CTL_ADD, one, select.EPOLLIN)
        >>> machine.poll.epoll_control(epoll, EPOLL_CTL_ADD, one, select.EPOLLIN)
        Traceback (most recent call last):
        FileExistsError: [Errno 17] File exists
        >>> machine.close()
        """
        instance = self._epoll(epoll)
        file = self._file(number)
        if file is None:
            fail(EBADF)
        if isinstance(file, Foreign) and is_file(number):
            fail(EPERM)
        instance.control(operation, number, file, events, file is instance)

    def epoll_wait(self, epoll: int, timeout: float | None,
                   most: int) -> list[tuple[int, int]]:
        """Wait until an entry is ready; returns up to *most* descriptors with their events.

        *timeout* is in seconds: 0 looks once, None waits for ever.  The entries that have waited
        longest come first.  The result is empty when the timeout is over.

        EBADF, EINVAL
            *epoll* names nothing of the model; it names a socket.

        Source: Linux epoll_wait(2).

        >>> import select, socket
        >>> from bsdsockets import Machine
        >>> from bsdsockets.machine.constants import EPOLL_CTL_ADD
        >>> machine = Machine()
        >>> one, other = machine.calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> epoll = machine.poll.epoll_create()
        >>> machine.poll.epoll_control(epoll, EPOLL_CTL_ADD, one, select.EPOLLIN)
        >>> machine.poll.epoll_wait(epoll, 1.5, 10)
        []
        >>> _ = machine.calls.send(other, b"hello", 0, None)
        >>> machine.poll.epoll_wait(epoll, None, 10) == [(one, select.EPOLLIN)]
        True
        >>> machine.close()
        """
        instance = self._epoll(epoll)
        result: list[tuple[int, int]] = self._until(
            lambda: instance.collect(most), [instance], timeout, "epoll_wait")
        return result
