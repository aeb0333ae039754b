"""The child of ``os.fork``, whose system calls another process does: `served` has the picture.

    machine.calls, machine.poll   Remote: the same calls, asked for
    machine.descriptors           Descriptors: which numbers are the machine's

A call that names a file of the host is done here, as ever; one that waits for files of both
worlds looks at them in turn.

Sources: POSIX.1-2024 fork().
"""

import os
import select
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from ..face.ancillary import HostFile
from ..machine.descriptors import DescriptorTable, File, reserve
from .channel import Channel, Gone, is_rights, with_files
from .os_module import REAL, refuse
from .served import LOOK, Served, doors, living, told_in_proc

try:
    import _socket as _host
except ImportError:  # a Python built without sockets
    _host = None  # type: ignore[assignment]

OFFERED = {"socket": 1, "socketpair": 2, "accept": 1, "dup": 1, "epoll_create": 1}
EPOLL_CTL_ADD, EPOLL_CTL_DEL = 1, 2
GONE = "a socket of a process that has ended: the machine ended with it"


class Elsewhere(File):
    """What a descriptor of the child names: a file in another process."""

    def __init__(self, number: int, alone: bool = False) -> None:
        super().__init__()
        self.number, self.alone = number, alone
        self.aside: Any = None  # of an epoll instance: the host's, for files of the host


class Arrived(File):
    """A file that came in a message, and the number that the host has made for it."""

    def __init__(self, client: "Client", held: int, number: int) -> None:
        super().__init__()
        self.references = 1
        self._client, self._held, self.number = client, held, number
        self._claimed = False

    def claim(self) -> int:
        """Let the number be a descriptor of the file."""
        self._claimed = True
        self._client.ask("process", "claim", (self._held, self.number))
        return self.number

    def release(self) -> None:
        """It was not wanted."""
        if not self._claimed:
            self._client.ask("process", "claim", (self._held, None))
            REAL["close"](self.number)


class Descriptors(DescriptorTable):
    """The child's descriptors, in the child."""

    client: "Client"

    def __setitem__(self, number: int, file: Any) -> None:
        if isinstance(file, Elsewhere) and file.number != number:
            self.client.ask("table", "link", (file.number, number))
        super().__setitem__(number, Elsewhere(number, file.alone))

    def add(self, file: File, like: int | None = None) -> int:
        """Give a file that came in a message its number."""
        if not isinstance(file, Arrived):
            return super().add(file, like)
        number = file.claim()
        dict.__setitem__(self, number, Elsewhere(number))
        return number

    def is_nonblocking(self, number: int) -> bool:
        """What O_NONBLOCK says of the file, which is there."""
        return bool(self.client.ask("table", "is_nonblocking", (number,)))

    def set_nonblocking(self, number: int, nonblocking: bool) -> None:
        """Set what O_NONBLOCK says of the file, there and here."""
        self.client.ask("table", "set_nonblocking", (number, nonblocking))
        self._mirror(number, nonblocking)


class Client:
    """The child's end: asks, and waits for the answer."""

    def __init__(self, machine: Any, sock: Any, local: tuple[Any, Any]) -> None:
        self._machine, self._channel, self.local = machine, Channel(sock), local
        self._asked = 0
        self._answers: dict[int, tuple[bool, Any, list[int]]] = {}
        machine.host.kept = frozenset((self.fileno,))
        self._where = (b"", -1)

    def ask(self, part: str, name: str, arguments: tuple[Any, ...], named: Any = None,
            offered: tuple[int, ...] = (), passed: Sequence[int] = ()) -> Any:
        """Ask for a call and return its result, or raise what it raised."""
        self._asked += 1
        number = self._asked
        try:
            self._channel.send((number, part, name, arguments, named or {}, offered,
                                (os.geteuid(), os.getegid()), len(passed)), passed)
            while not self._has(number):
                self._take()
        except (BrokenPipeError, ConnectionResetError):
            raise Gone from None
        succeeded, result, came = self._answers.pop(number)
        if not succeeded:
            raise result
        return self._unpack(result, came) if came else result

    def _unpack(self, message: Any, came: list[int]) -> Any:
        """A message that was received, with files for the descriptors that came along."""
        def file(named: tuple[str, int]) -> File:
            kind, held = named
            if kind == "held":
                return Arrived(self, held, came.pop(0))
            found = HostFile(came.pop(0))
            found.references = 1
            return found

        return message._replace(control=with_files(message.control, file))

    def say_where(self, address: Any) -> None:
        """Tell how the path in a UNIX socket's *address* is taken: from where, by which umask."""
        if isinstance(address, bytes) and address[:1] != b"\0":
            directory = self._where[0] if address[:1] == b"/" else os.getcwdb()
            os.umask(mask := os.umask(0o077))
            if (directory, mask) != self._where:
                self._where = directory, mask
                self.ask("process", "move", self._where)

    def _take(self) -> None:
        """Wait for what comes next; the other threads go on, but at the interpreter's end."""
        scheduler = self._machine.scheduler
        if len(scheduler.tasks) > 1 and not sys.is_finalizing():
            scheduler.wait((), self._machine.clock.now + LOOK, "waits for the machine's process")
        else:
            poll = select.poll()
            poll.register(self.fileno, select.POLLIN)
            poll.poll()

    def _has(self, number: int) -> bool:
        """True if the answer *number* has come, perhaps to a finalizer's question."""
        with suppress(BlockingIOError):
            self._channel.read(_host.MSG_DONTWAIT)
        for each, succeeded, result, came in self._channel.messages():
            self._answers[each] = (succeeded, result, self._channel.take(came))
        return number in self._answers

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

    def bind(self, number: int, address: Any, *more: Any) -> Any:
        """Bind; a relative path is one of this process."""
        self.client.say_where(address)
        return self.__getattr__("bind")(number, address, *more)

    def connect(self, number: int, address: Any, *more: Any) -> Any:
        """Connect; a relative path is one of this process."""
        self.client.say_where(address)
        return self.__getattr__("connect")(number, address, *more)

    def send(self, number: int, data: Any, flags: int, timeout: Any, *more: Any) -> Any:
        """Send; descriptors go along by their numbers, the host's through the channel."""
        if more:
            self.client.say_where(more[0])
        if len(more) < 2 or not any(is_rights(kind, value) for _, kind, value in more[1]):
            return self.__getattr__("send")(number, data, flags, timeout, *more)
        passed: list[int] = []

        def name(file: Any) -> Any:
            if isinstance(file, HostFile):
                passed.append(file.number)
                return "host", len(passed) - 1
            return file and ("table", file.number)

        control = with_files(more[1], name)
        return self.client.ask(self._part, "send", (number, data, flags, timeout, more[0], control,
                                                    *more[2:]), passed=passed)

    def epoll_control(self, epoll: int, operation: int, number: int, events: int) -> None:
        """Change an epoll instance; files of the host are in one of the host beside it."""
        if number in self._files or not self._files.is_foreign(number):
            self.__getattr__("epoll_control")(epoll, operation, number, events)
            return
        instance = self._files.find(epoll)
        if instance.aside is None:
            instance.aside = select.epoll()
        if operation == EPOLL_CTL_DEL:
            instance.aside.unregister(number)
        else:
            (instance.aside.register if operation == EPOLL_CTL_ADD
             else instance.aside.modify)(number, events)

    def epoll_wait(self, epoll: int, timeout: float | None, most: int) -> Any:
        """Wait for what is in an epoll instance, and in the host's beside it."""
        aside = getattr(self._files.get(epoll), "aside", None)
        if aside is None:
            return self.__getattr__("epoll_wait")(epoll, timeout, most)
        return self._again(
            lambda: [*self.client.ask(self._part, "epoll_wait", (epoll, 0, most)),
                     *aside.poll(0, most)][:most], bool, timeout)

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
        return self._again(
            lambda: join(self.client.ask(self._part, name, (*ours[0], 0, *ours[1])),
                         local(*host[0], 0, *host[1])),
            any if name == "select" else bool, timeout)

    def _again(self, look: Callable[[], Any], is_enough: Callable[[Any], bool],
               timeout: float | None) -> Any:
        clock, scheduler = self._machine.clock, self._machine.scheduler
        deadline = None if timeout is None else clock.now + timeout
        while True:
            found = look()
            if is_enough(found) or (deadline is not None and clock.now >= deadline):
                return found
            scheduler.wait((), clock.now + LOOK, "waits for one of several descriptors")


def fork(machine: Any, real: Callable[[], Any], child_of: Callable[[Any], int]) -> Any:
    """Make a child that asks this process, or the one that this one asks, for its calls."""
    ours, theirs = _host.socketpair()
    asked = machine._calls.client if isinstance(machine._calls, Remote) else None
    numbers = dict(machine.descriptors)
    for number in numbers:  # os.fstat says the same of a file in both processes
        machine.descriptors.single_out(number)
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
            asked.ask("process", "fork", (pid,), passed=[ours.fileno()])
            ours.close()
        return result
    ours.close()
    machine.scheduler.survive()
    machine.host.observers.callbacks.clear()
    become_child(machine, theirs, asked)
    return result


def in_proc(machine: Any, name: str) -> str:
    """What this process reads in /proc/net: the machine's first one knows it."""
    if isinstance(machine._calls, Remote):
        return str(machine._calls.client.ask("process", "in_proc", (name,)))
    return told_in_proc(machine, name)


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
    adopt(machine, before, alone=True)
    machine._calls = machine.calls = Remote(machine, client, "calls", local[0])
    machine._poll = machine.poll = Remote(machine, client, "poll", local[1])


def adopt(machine: Any, numbers: Iterable[int], alone: bool = False) -> None:
    """Let *numbers* be descriptors that the machine's first process knows; close what is not open.

    A program that exec started has those that are inherited.  *alone*: as `File.alone`.
    """
    files = machine.descriptors
    for number in numbers:
        try:
            REAL["get_inheritable"](number)
            dict.__setitem__(files, number, Elsewhere(number, alone))
        except OSError:
            files.client.ask("calls", "close", (number,))
