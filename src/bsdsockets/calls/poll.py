"""Readiness: select, poll and epoll over descriptors.

    poll, select   ask every file `ready()` each time
    epoll          keeps an entry for each file, which is told of every change

All of them ask the same `ready` as a call that waits.

May not know: which kinds of files there are; a descriptor of the host that is not the
model's is asked of the host.

Sources: POSIX.1-2024 poll(), pselect(); Linux epoll(7), epoll_ctl(2).
"""

import time
from collections.abc import Callable, Collection
from typing import Any

from ..machine.constants import (
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLNVAL,
    POLLOUT,
    POLLPRI,
)
from ..machine.descriptors import File
from ..machine.errors import EBADF, EINVAL, EPERM, fail
from ..machine.events import CallWaits
from ..machine.host import Host
from .epoll import Epoll
from .foreign import Foreign, can_poll

READ_SET = POLLIN | 64 | 128 | POLLERR | POLLHUP | POLLNVAL
WRITE_SET = POLLOUT | 256 | 512 | POLLERR | POLLNVAL
EXCEPTIONAL_SET = POLLPRI | POLLNVAL
FOREIGN_PAUSE = 0.002  # seconds between looks at descriptors of the host
_IN_WORDS = ((POLLIN, "something to read"), (POLLOUT, "room to write"), (POLLPRI, "urgent data"))


class Readiness:
    """select, poll and epoll of one machine."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.files = host.descriptors
        self.scheduler = host.scheduler

    def _file(self, number: int) -> Any:
        file = self.files.get(number)
        if file is not None:
            return file
        foreign = Foreign(number)
        return None if foreign.ready() & POLLNVAL else foreign

    def _now(self, number: int, file: Any) -> Any:
        """What *number* names now; a file of the host says itself that it is closed."""
        return self.files.get(number) if isinstance(file, File) else file

    def poll(self, wanted: dict[int, int], timeout: float | None,
             call: str = "poll") -> list[tuple[int, int]]:
        """Wait until a descriptor has one of the events wanted of it; [(descriptor, events)].

        *wanted* has the events for each descriptor.  *timeout* is in seconds: 0 looks once, None
        waits for ever.  POLLERR, POLLHUP, and POLLNVAL for a descriptor that names nothing, are
        reported unasked.  The result is empty when the timeout is over.  *call* is the name by
        which who observes is told of it.

        It fails with no error: a descriptor that names nothing is an answer.

        Differs: of an unconnected stream Linux says POLLOUT and POLLHUP; POSIX leaves that open.
        Not modelled: EINTR, as CPython calls again; EINVAL for more descriptors than RLIMIT_NOFILE.
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
                file = self._now(number, files[number])
                mask = POLLNVAL if file is None else (
                    file.ready() & (events | POLLERR | POLLHUP | POLLNVAL))
                if mask:
                    found.append((number, mask))
            return found

        sources = [file for file in files.values() if file is not None]
        return self._until(look, sources, timeout, call, wanted.values)

    def _until(self, look: Any, sources: list[Any], timeout: float | None, call: str,
               wanted: Callable[[], Collection[int]]) -> Any:
        """Look until something is found or *timeout* seconds are over."""
        found = self._at_once(look, timeout)
        return self._wait(look, sources, timeout, call, wanted) if found is None else found

    def _at_once(self, look: Any, timeout: float | None, *arguments: Any) -> Any:
        """Call *look*; returns what it finds, None where that is nothing and *timeout* not over."""
        scheduler = self.scheduler
        if scheduler.asks_again():
            scheduler.look()
        scheduler.disturbed = False
        found = look(*arguments)
        if found or timeout is None:
            return found or None
        if timeout > 0:
            return None
        scheduler.look()
        return look(*arguments)

    def _wait(self, look: Any, sources: list[Any], timeout: float | None, call: str,
              wanted: Callable[[], Collection[int]]) -> Any:
        """Wait until something is found or *timeout* seconds are over: it was not, just now."""
        scheduler, clock = self.scheduler, self.host.clock
        found: Any = []
        deadline = None if timeout is None else clock.now + timeout
        foreign = any(isinstance(source, Foreign) or getattr(source, "foreign", None)
                      for source in sources)
        scheduler.current.call = call
        if self.host.observers:
            self.host.observers.tell(CallWaits, call, in_words(wanted()))
        held = [source.hold() for source in sources
                if isinstance(source, File) and source.references]
        try:  # close() in another thread wakes nobody, and is seen by who looks again
            while not found:
                limit = clock.now + FOREIGN_PAUSE if foreign else deadline
                if deadline is not None and limit is not None:
                    limit = min(limit, deadline)
                awake = scheduler.wait(sources, limit, Wanted(wanted), alert=True)
                scheduler.disturbed = False
                found = look()
                if not awake and not found:
                    if deadline is not None and clock.now >= deadline:
                        break
                    if not clock.real:  # which has slept
                        time.sleep(FOREIGN_PAUSE)
        finally:
            for source in held:
                source.drop()
        return found

    def select(self, readers: list[int], writers: list[int], exceptional: list[int],
               timeout: float | None) -> tuple[list[int], list[int], list[int]]:
        """Wait until one of three lists of descriptors has one that is ready; returns those.

        Of *readers* POLLIN is asked, or an end or error; of *writers* POLLOUT, or an error; of
        *exceptional* POLLPRI.
        *timeout* is in seconds: 0 looks once, None waits for ever.

        EBADF
            A descriptor names nothing.

        Differs: POSIX leaves open whether *timeout* is changed; CPython hides that Linux does.
        Not modelled: EINTR, as CPython calls again; EINVAL for a descriptor of FD_SETSIZE, 1024,
        or more, which CPython says as ValueError. Linux passes over a number beyond the process's
        table, whose size is a power of two from 64 on; here that is EBADF, as for any other.
        Source: POSIX.1-2024 pselect(); Linux select(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine()
        >>> one, other = machine.calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> machine.poll.select([one], [one], [], None) == ([], [one], [])
        True
        >>> machine.close()
        """
        sets = ((readers, READ_SET), (writers, WRITE_SET), (exceptional, EXCEPTIONAL_SET))
        wanted: dict[int, int] = {}
        for numbers, mask in sets:
            for number in numbers:
                wanted[number] = wanted.get(number, 0) | mask
        files = {number: self._file(number) for number in wanted}
        if None in files.values():
            fail(EBADF)

        def look() -> Any:
            masks = {number: POLLNVAL if (file := self._now(number, files[number])) is None
                     else file.ready() for number in wanted}
            result = tuple([number for number in numbers if masks[number] & mask]
                           for numbers, mask in sets)
            return result if any(result) else None

        found = self._until(look, list(files.values()), timeout, "select",
                            wanted.values)
        return found or ([], [], [])


class EpollCalls(Readiness):
    """epoll_create, epoll_ctl and epoll_wait; poll and select."""

    def epoll_create(self) -> int:
        """Make an epoll instance; returns its descriptor.

        EMFILE
            The process has no descriptor left.

        Waits for nothing.
        Differs: Linux's alone; the BSDs have kqueue(), other systems poll().
        Not modelled: ENFILE and ENOMEM, as nothing is short.
        Source: Linux epoll_create(2).

        >>> from bsdsockets import Machine
        >>> machine = Machine()
        >>> machine.poll.epoll_wait(machine.poll.epoll_create(), 0, 10)
        []
        >>> machine.close()
        """
        return self.files.add(Epoll())

    def _epoll(self, number: int) -> Epoll:
        file = self._file(number)
        if file is None:
            fail(EBADF)
        if not isinstance(file, Epoll):
            fail(EINVAL)
        return file

    def epoll_control(self, epoll: int, operation: int, number: int, events: int) -> None:
        """Add, remove or change the entry of *number*.

        *operation* is EPOLL_CTL_ADD, EPOLL_CTL_DEL or EPOLL_CTL_MOD: 1, 2 or 3.

        *events* is a mask: EPOLLIN and its like, with EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE.  Waits
        for nothing.  An entry ends with its file: with the last descriptor of it.

        EBADF
            *epoll* or *number* names nothing.
        EPERM
            *number* names a file, a directory or a device that is always ready.
        EINVAL
            *epoll* is no instance of the model, or *number* is the same; EPOLLEXCLUSIVE is asked
            for in a change, of an instance, or beside what it does not go with.
        ELOOP
            Instances would watch each other in a circle, or more than five deep.
        EEXIST, ENOENT
            It has an entry already; it has none.
        EINVAL
            The entry to be changed has EPOLLEXCLUSIVE; there is no such operation.

        Differs: Linux's alone; the BSDs have kevent().
        Not modelled: ENOSPC and ENOMEM; EINVAL for very many paths from one file to instances.
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
        instance = self._file(epoll)
        file = self._file(number)
        if instance is None or file is None:
            fail(EBADF)
        if isinstance(file, Foreign) and not can_poll(number):
            fail(EPERM)
        if not isinstance(instance, Epoll):
            fail(EINVAL)
        instance.control(operation, number, file, events)

    def epoll_wait(self, epoll: int, timeout: float | None,
                   most: int) -> list[tuple[int, int]]:
        """Wait until an entry is ready; returns up to *most* descriptors with their events.

        *timeout* is in seconds: 0 looks once, None waits for ever.  The entries that have waited
        longest come first.  The result is empty when the timeout is over.

        EBADF, EINVAL
            *epoll* names nothing of the model; it names a socket.

        Differs: Linux's alone; the BSDs have kevent().
        Not modelled: EINTR, as CPython calls again; EINVAL for *most* below 1, which CPython says;
        EPOLLWAKEUP, as nothing is suspended.
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
        found: list[tuple[int, int]] | None = self._at_once(instance.collect, timeout, most)
        return found if found is not None else self._wait(
            lambda: instance.collect(most), [instance], timeout, "epoll_wait",
            lambda: [entry.events for entry in instance.entries.values()])


class Wanted:
    """What a call waits for, said when somebody asks: of ten thousand descriptors that takes time.

    >>> str(Wanted(lambda: [POLLOUT]))
    'waits for room to write'
    """

    def __init__(self, wanted: Callable[[], Collection[int]]) -> None:
        self._wanted = wanted

    def __str__(self) -> str:
        return f"waits for {in_words(self._wanted())}"


def in_words(wanted: Collection[int]) -> str:
    """What a call waits for that wants these events, one mask for each descriptor.

    >>> in_words([READ_SET])
    'something to read'
    >>> in_words([POLLIN, POLLIN | POLLOUT])
    'something to read or room to write at one of 2 descriptors'
    """
    events = 0
    for mask in wanted:
        events |= mask
    things = [words for mask, words in _IN_WORDS if events & mask]
    what = " or ".join(things) or ("an end or an error" if wanted else "nothing")
    return what if len(wanted) < 2 else f"{what} at one of {len(wanted)} descriptors"
