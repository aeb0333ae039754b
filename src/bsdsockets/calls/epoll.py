"""epoll's instances: entries that files tell of every change.

    file.wake --> Entry.notify --> Epoll.queue: maybe ready --> collect, who asks each again

An instance is a file too, which another instance can watch.

May not know: descriptors of the model, threads, time.

Sources: Linux epoll(7), epoll_ctl(2), ``fs/eventpoll.c`` for the order of checks and the depth.
"""

from typing import Any

from ..machine.constants import (
    EPOLL_CTL_ADD,
    EPOLL_CTL_DEL,
    EPOLL_CTL_MOD,
    EPOLLERR,
    EPOLLET,
    EPOLLEXCLUSIVE,
    EPOLLHUP,
    EPOLLONESHOT,
    POLLIN,
    POLLNVAL,
    POLLOUT,
)
from ..machine.descriptors import File
from ..machine.errors import EEXIST, EINVAL, ELOOP, ENOENT, fail
from .foreign import Foreign, is_same

ONCE = EPOLLET | EPOLLONESHOT
ADD, REMOVE, MODIFY = EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD
_WITH_EXCLUSIVE = POLLIN | POLLOUT | EPOLLERR | EPOLLHUP | EPOLLET | EPOLLEXCLUSIVE | 1 << 29
DEEPEST = 4  # EP_MAX_NESTS


class Entry:
    """What epoll keeps for a descriptor and its file, which tells it of every change."""

    __slots__ = ("armed", "epoll", "events", "file", "number")

    def __init__(self, epoll: "Epoll", number: int, file: File, events: int) -> None:
        self.epoll = epoll
        self.number = number
        self.file = file
        self.events = events
        self.armed = True  # may be reported: always for level, once a change for edge

    def notify(self, mask: int = -1) -> None:
        """The file has changed, or was closed for the last time: its entry ends then."""
        if self.file.references <= 0:
            self.epoll.remove(self)
        elif mask & self.events:
            self.epoll.queue(self)


class Epoll(File):
    """An epoll instance: the entries, and those that may be ready, in order."""

    __slots__ = ("entries", "foreign", "maybe")

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[int, File | None], Entry] = {}  # None: a file of the host
        self.foreign: dict[int, Entry] = {}  # those of the host, which tell of no change
        self.maybe: dict[Entry, None] = {}

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
                self.remove(entry)
            elif mask & entry.events:
                self.maybe[entry] = None

    def _ready_entry(self) -> bool:
        for entry in tuple(self.maybe):
            if entry.file.ready() & entry.events:
                return True
            del self.maybe[entry]
        return False

    def control(self, operation: int, number: int, file: Any, events: int) -> None:
        """Add, change or remove an entry.

        Fails as `EpollCalls.epoll_control`, from its EINVAL of the instance itself on.
        """
        events |= EPOLLERR | EPOLLHUP  # told unasked, until a one-shot entry is used up
        foreign = isinstance(file, Foreign)
        key = number, None if foreign else file
        entry = self.entries.get(key)
        if foreign and entry is not None and operation == ADD and not is_same(entry.file, file):
            self.remove(entry)
            entry = None
        exclusive = events & EPOLLEXCLUSIVE and operation in (ADD, MODIFY)
        if file is self or (exclusive and (operation == MODIFY or isinstance(file, Epoll)
                                           or events & ~_WITH_EXCLUSIVE)):
            fail(EINVAL)
        if operation == ADD:
            if isinstance(file, Epoll) and file._below(self) + 1 + self._above() > DEEPEST:
                fail(ELOOP)
            if entry is not None:
                fail(EEXIST)
            entry = Entry(self, number, file, events)
            self.entries[key] = entry
            file.waiters.insert(0, entry)  # Linux wakes the newest first
            if foreign:
                self.foreign[number] = entry
        elif operation not in (REMOVE, MODIFY):
            fail(EINVAL)
        elif entry is None:
            fail(ENOENT)
        elif operation == REMOVE:
            self.remove(entry)
            return
        else:
            if entry.events & EPOLLEXCLUSIVE:
                fail(EINVAL)
            entry.events = events
        if file.ready() & events:
            self.queue(entry)

    def _below(self, upper: "Epoll") -> int:
        """How deep instances are watched from here; too deep if *upper* is one of them."""
        depth = 0
        for entry in self.entries.values():
            if isinstance(entry.file, Epoll):
                below = DEEPEST if entry.file is upper else entry.file._below(upper)
                depth = max(depth, below + 1)
        return depth

    def _above(self) -> int:
        """How many instances, one above the other, watch this one."""
        return max((entry.epoll._above() + 1 for entry in self.waiters
                    if isinstance(entry, Entry)), default=0)

    def remove(self, entry: Entry) -> None:
        """Watch the file of *entry* no more."""
        foreign = self.foreign.get(entry.number) is entry
        del self.entries[entry.number, None if foreign else entry.file]
        if foreign:
            del self.foreign[entry.number]
        self.maybe.pop(entry, None)
        if entry in entry.file.waiters:
            entry.file.waiters.remove(entry)

    def collect(self, most: int) -> list[tuple[int, int]]:
        """Report up to *most* entries that are ready, the longest waiting first."""
        found: list[tuple[int, int]] = []
        again: list[Entry] = []
        maybe = self.maybe
        if self.foreign:
            self._look_at_foreign()
        for entry in tuple(maybe):
            if len(found) >= most:
                break
            del maybe[entry]
            mask = entry.file.ready() & entry.events
            if not mask:
                continue
            found.append((entry.number, mask))
            if not entry.events & ONCE:
                again.append(entry)
            elif entry.events & EPOLLONESHOT:
                entry.events &= ONCE
        for entry in again:
            maybe[entry] = None
        return found

    def release(self) -> None:
        for entry in tuple(self.entries.values()):
            if entry in entry.file.waiters:
                entry.file.waiters.remove(entry)
        self.entries.clear()
        self.foreign.clear()
        self.maybe.clear()
        self.wake(-1)
