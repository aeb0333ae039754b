"""The child of ``os.fork``, whose system calls another process does: `served` has the picture.

    machine.calls, machine.poll   Remote: the same calls, asked for
    machine.descriptors           Descriptors: which numbers are the machine's

A call that names a file of the host is done here, as ever; one that waits for files of both
worlds looks at them in turn.

Sources: POSIX.1-2024 fork().
"""

import sys
import types
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from ..machine.constants import SCM_RIGHTS
from ..machine.descriptors import DescriptorTable, File, reserve
from .os_module import REAL, refuse
from .served import LOOK, RIGHTS, Channel, Gone, Served, doors, living

try:
    import _socket as _host
except ImportError:  # a Python built without sockets
    _host = None  # type: ignore[assignment]

OFFERED = {"socket": 1, "socketpair": 2, "accept": 1, "dup": 1, "epoll_create": 1}
GONE = "a socket of a process that has ended: the machine ended with it"
IN_EPOLL = "a file of the host in an epoll instance of the child of os.fork; use poll or select"


class Elsewhere(File):
    """What a descriptor of the child names: a file in another process."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Descriptors(DescriptorTable):
    """The child's descriptors, in the child."""

    client: "Client"

    def __setitem__(self, number: int, file: Any) -> None:
        if isinstance(file, Elsewhere) and file.number != number:
            self.client.ask("table", "link", (file.number, number))
        super().__setitem__(number, Elsewhere(number))

    def set_nonblocking(self, number: int, nonblocking: bool) -> None:
        """Set what O_NONBLOCK says of the file, there and here."""
        self.find(number)
        self.client.ask("table", "set_nonblocking", (number, nonblocking))
        REAL["set_blocking"](number, not nonblocking)


class Client:
    """The child's end: asks, and waits for the answer."""

    def __init__(self, machine: Any, sock: Any, local: tuple[Any, Any]) -> None:
        self._machine, self._channel, self.local = machine, Channel(sock), local
        self._asked = 0
        self._answers: dict[int, tuple[bool, Any]] = {}

    def ask(self, part: str, name: str, arguments: tuple[Any, ...], named: Any = None,
            offered: tuple[int, ...] = (), passed: int | None = None) -> Any:
        """Ask for a call and return its result, or raise what it raised."""
        self._asked += 1
        number = self._asked
        try:
            self._channel.send((number, part, name, arguments, named or {}, offered), passed)
            while number not in self._answers:
                self._take()
        except (BrokenPipeError, ConnectionResetError):
            raise Gone from None
        succeeded, result = self._answers.pop(number)
        if succeeded:
            return result
        raise result

    def _take(self) -> None:
        """Wait for what comes next; the other threads go on."""
        scheduler = self._machine.scheduler
        several = len(scheduler.tasks) > 1
        try:
            self._channel.read(_host.MSG_DONTWAIT if several else 0)
        except BlockingIOError:
            scheduler.wait((), self._machine.clock.now + LOOK, "waits for the machine's process")
        for number, succeeded, result in self._channel.messages():
            self._answers[number] = (succeeded, result)

    @property
    def fileno(self) -> int:
        """The host's descriptor that the answers come by."""
        return int(self._channel.sock.fileno())

    def disown(self) -> None:
        """In a child of this process: this is the parent's."""
        self._channel.sock.close()

    def leave(self) -> None:
        """Go on with a machine of this process's own; refused while something is open there."""
        files = self._machine.descriptors
        if files:
            refuse(GONE)
        files.__class__ = DescriptorTable
        self._machine._calls, self._machine._poll = self.local
        self._machine.calls, self._machine.poll = self.local


class Remote:
    """The system calls of a child: `Calls` or `EpollCalls`, by its *part*."""

    def __init__(self, machine: Any, client: Client, part: str, local: Any) -> None:
        self._machine, self._files = machine, machine.descriptors
        self.client, self._part, self._local = client, part, local

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            if name not in ("socket", "socketpair", "epoll_create") \
                    and arguments[0] not in self._files:
                return getattr(self._local, name)(*arguments, **named)
            try:
                return self._ask(name, arguments, named)
            except Gone:
                self.client.leave()
                return getattr(self._local, name)(*arguments, **named)

        return call

    def _ask(self, name: str, arguments: Any, named: Any) -> Any:
        offered: list[int] = []
        try:
            offered += [reserve() for _ in range(OFFERED.get(name, 0))]
            result = self.client.ask(self._part, name, arguments, named, tuple(offered))
        except BaseException:
            for number in offered:
                REAL["close"](number)
            raise
        finally:
            if name == "close":
                dict.pop(self._files, arguments[0])
                REAL["close"](arguments[0])
        for number in offered:
            dict.__setitem__(self._files, number, Elsewhere(number))
        if name == "accept":
            peer = result[1]
            return result[0], types.SimpleNamespace(
                protocol=types.SimpleNamespace(accepted_peer=lambda child: peer))
        return result

    def send(self, number: int, data: Any, flags: int, timeout: Any, *more: Any) -> Any:
        """Send; descriptors that go along are refused."""
        for control in more[1:2]:
            if any(kind == SCM_RIGHTS and isinstance(value, tuple) for _, kind, value in control):
                refuse(RIGHTS)
        return self.__getattr__("send")(number, data, flags, timeout, *more)

    def epoll_control(self, epoll: int, operation: int, number: int, events: int) -> None:
        """Change an epoll instance."""
        if number not in self._files and self._files.is_foreign(number):
            refuse(IN_EPOLL)
        self.__getattr__("epoll_control")(epoll, operation, number, events)

    def poll(self, wanted: dict[int, int], timeout: float | None, call: str = "poll") -> Any:
        """Wait for descriptors of both worlds."""
        ours = {number: events for number, events in wanted.items() if number in self._files}
        host = {number: events for number, events in wanted.items() if number not in ours}
        return self._both("poll", [(ours,), (call,)], [(host,), (call,)], timeout,
                          bool(ours), bool(host), lambda one, other: one + other)

    def select(self, *lists: Any) -> Any:
        """Wait for descriptors of both worlds, in three lists."""
        *names, timeout = lists
        ours = tuple([n for n in part if n in self._files] for part in names)
        host = tuple([n for n in part if n not in self._files] for part in names)
        found = self._both(
            "select", [ours, ()], [host, ()], timeout, any(ours), any(host),
            lambda one, other: tuple(a + b for a, b in zip(one, other, strict=True)))
        return found

    def _both(self, name: str, ours: Any, host: Any, timeout: float | None, any_ours: bool,
              any_host: bool, join: Callable[[Any, Any], Any]) -> Any:
        local = getattr(self._local, name)
        if not any_ours:
            return local(*host[0], timeout, *host[1])
        if not any_host:
            return self.client.ask(self._part, name, (*ours[0], timeout, *ours[1]))
        clock, scheduler = self._machine.clock, self._machine.scheduler
        deadline = None if timeout is None else clock.now + timeout
        while True:
            found = join(self.client.ask(self._part, name, (*ours[0], 0, *ours[1])),
                         local(*host[0], 0, *host[1]))
            if (any(found) if name == "select" else found) or \
                    (deadline is not None and clock.now >= deadline):
                return found
            scheduler.wait((), clock.now + LOOK, "waits for one of several descriptors")


def fork(machine: Any, real: Callable[[], Any], child_of: Callable[[Any], int]) -> Any:
    """Make a child that asks this process, or the one that this one asks, for its calls."""
    ours, theirs = _host.socketpair()
    asked = machine._calls.client if isinstance(machine._calls, Remote) else None
    numbers = dict(machine.descriptors)
    threading = sys.modules.get("threading")
    with warnings.catch_warnings():
        if threading is None or threading.active_count() == 1:
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads that are Served's
        result = real()
    pid = child_of(result)
    if pid:
        theirs.close()
        if asked is None:
            Served(machine, ours, numbers, pid)
        else:
            asked.ask("process", "fork", (pid,), passed=ours.fileno())
            ours.close()
        return result
    ours.close()
    machine.scheduler.survive()
    machine.host.observers.callbacks.clear()
    become_child(machine, theirs, asked)
    return result


def become_child(machine: Any, sock: Any, asked: Client | None) -> None:
    """In the child: every system call is another process's from now on."""
    for served in living:
        served.disown()
    for door in doors:
        door.disown()
    living.clear()
    doors.clear()
    files = machine.descriptors
    local = asked.local if asked else (machine._calls, machine._poll)
    before = dict(files)
    dict.clear(files)
    if asked is None:
        for file in before.values():
            file.drop()
    else:
        asked.disown()
    files.__class__ = Descriptors
    files.client = client = Client(machine, sock, local)
    adopt(machine, before)
    machine._calls = machine.calls = Remote(machine, client, "calls", local[0])
    machine._poll = machine.poll = Remote(machine, client, "poll", local[1])


def adopt(machine: Any, numbers: Iterable[int]) -> None:
    """Let *numbers* be descriptors that the machine's first process knows; close what is not open.

    A program that exec started has those that are inherited.
    """
    files = machine.descriptors
    for number in numbers:
        try:
            REAL["get_inheritable"](number)
            dict.__setitem__(files, number, Elsewhere(number))
        except OSError:
            files.client.ask("calls", "close", (number,))
