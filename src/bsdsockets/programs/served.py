"""Processes of one machine: what a child of ``os.fork`` asks of it, its parent's process does.

    child                                      the process that the machine began in
    machine.calls.receive(5, 100, 0, None)     a thread of the model, for each child
         |  Client                                  |  Served
         +---- (number, "receive", arguments) --->--+--> Calls, with the child's descriptors
         +----<--- (number, result or exception) ---+

A child has a table of its own, which begins as a copy: a socket is closed when nobody has it any
more.  Numbers of descriptors are the child's host's, so the child offers them for what is made.

The machine is on while its first process lives, and that one waits for the others as long as
they have sockets.  A child without any that is left alone goes on with a machine of its own.

Descriptors in messages to or from a child: one of the model goes by its number in the child's
table, one of the host goes through the channel.  What the child is to have of the model comes with
a number that the host has made for it, which the child then claims.

Sources: POSIX.1-2024 fork(); Plan 9 ``devmnt.c`` for calls as messages with numbers.
"""

import copy
import os
import select
import stat
import types
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..calls.calls import Calls
from ..calls.poll import EpollCalls
from ..face.ancillary import HostFile
from ..machine.constants import MSG_PEEK, POLLIN
from ..machine.descriptors import DescriptorTable, File, reserve
from ..machine.errors import EBADF, fail
from ..machine.host import Caller, Credentials
from ..machine.scheduler import Killed
from .channel import Channel, Gone, close_all, with_files
from .proc_net import text
from .watch import take_no_signals

try:
    import _socket as _host
except ImportError:  # a Python built without sockets
    _host = None  # type: ignore[assignment]

LOOK = 0.002  # seconds between looks at what comes
PATIENCE = 1.0  # seconds that the end of a process may take
SOON = 0.0005  # seconds within which a child mostly asks again
WAITING = frozenset(("accept", "close", "connect", "receive", "send", "poll", "select",
                     "epoll_wait"))


class Table(DescriptorTable):
    """The descriptors of a child, by its own numbers, in the process of the machine."""

    def __init__(self, scheduler: Any, numbers: dict[int, File]) -> None:
        super().__init__({number: file.hold() for number, file in numbers.items()})
        self.offers: dict[int, list[int]] = {}
        self._scheduler = scheduler

    def add(self, file: File, like: int | None = None) -> int:
        """Give *file* the next number that the child offers."""
        return self.name(self.offers[self._scheduler.current.ident].pop(0), file)

    def reserve(self) -> int:
        """The number that the child offers."""
        return self.offers[self._scheduler.current.ident][0]

    def settle(self, number: int) -> None:
        """Nothing: what has got no name, the child gives back."""

    def link(self, number: int, also: int) -> None:
        """Let *also* name what *number* names."""
        self.name(also, self.find(number))

    def is_foreign(self, number: int) -> bool:
        """False: what is the child's host's, the child asks itself."""
        return False

    def close(self, number: int) -> None:
        """Take a number away; the child gives it back to its host."""
        file = self.pop(number, None)
        if file is None:
            fail(EBADF)
        file.drop()

    def set_nonblocking(self, number: int, nonblocking: bool) -> None:
        """Set what O_NONBLOCK says of the file."""
        self.find(number).nonblocking = nonblocking


living: "list[Served]" = []  # the children of this process, and theirs


class Served:
    """A child, in the process of the machine: its descriptors, and the thread that serves it."""

    def __init__(self, machine: Any, sock: Any, numbers: dict[int, File], pid: int = 0) -> None:
        self._machine, self._scheduler = machine, machine.scheduler
        self._channel, self.pid = Channel(sock), pid
        host = copy.copy(machine.host)
        self.table = host.descriptors = Table(machine.scheduler, numbers)
        self._calls = Calls(host, machine.node, machine.families)
        self._parts = {"calls": self._calls, "poll": EpollCalls(host), "table": self.table,
                       "process": self}
        self._workers: list[Any] = []
        self._held: dict[int, File] = {}  # on their way to the child
        self._holds = 0  # how many there have been
        self._directory, self._mask = b"", 0
        living.append(self)
        self._scheduler.start(self._serve, f"process {pid}")

    def _serve(self) -> None:
        """Answer until the child has ended, or started another program."""
        take_no_signals()
        fd = self._channel.sock.fileno()
        try:
            while True:
                if not select.select([fd], [], [], SOON)[0]:
                    self._machine._poll.poll({fd: POLLIN}, None, "serve a process")
                self._channel.read()
                self._begin_all()
        except (Gone, OSError):
            pass
        finally:
            self._end()

    def _begin_all(self) -> None:
        for message in self._channel.messages():
            self._begin(message)

    def _begin(self, message: Any) -> None:
        """Answer at once, or in a thread of its own what may wait."""
        message = (*message[:-1], self._channel.take(message[-1]))
        if message[2] in WAITING:
            with suppress(RuntimeError):  # no thread can be made any more: at the end of a process
                self._workers = [task for task in self._workers
                                 if task.ident in self._scheduler.tasks]
                self._workers.append(self._scheduler.start(
                    lambda: self._answer(*message), f"process {self.pid}"))
                return
        self._answer(*message)

    def _answer(self, number: int, part: str, name: str, arguments: Any, named: Any,
                offered: list[int], ids: tuple[int, int], passed: list[int]) -> None:
        me, callers = self._scheduler.current.ident, self._machine.host.callers
        self.table.offers[me] = list(offered)
        callers[me] = Caller(Credentials(self.pid, *ids), self._directory, self._mask)
        answer: tuple[Any, ...]
        way: list[int] = []
        try:
            if name == "send" and len(arguments) > 5:
                arguments = (*arguments[:5], self._unpack(arguments[5], passed), *arguments[6:])
            elif part == "process":
                arguments = (*arguments, *passed)
            result = getattr(self._parts[part], name)(*arguments, **named)
            result = RESULTS.get(name, _itself)(result)
            if name == "receive":
                result = result._replace(
                    control=self._pack(result.control, arguments[2] & MSG_PEEK, way))
            answer = (number, True, result, len(way))
        except Killed:
            raise
        except Exception as failure:
            answer = (number, False, failure.with_traceback(None), 0)
        finally:
            self.table.offers.pop(me, None)
            callers.pop(me, None)
            if part != "process":
                close_all(passed)
        with suppress(OSError, Gone):
            self._channel.send(answer, way)
            self._begin_all()  # what came while there was no room
        close_all(way)

    def _unpack(self, control: Any, passed: list[int]) -> Any:
        """The control messages of the child, with files for what it named."""
        def file(named: Any) -> Any:
            if not named:
                return named
            kind, number = named
            return HostFile(passed[number]) if kind == "host" else self.table.find(number)

        return with_files(control, file)

    def _pack(self, control: Any, peeked: int, way: list[int]) -> Any:
        """Control messages for the child; the descriptors that *way* is given go along."""
        def name(file: File) -> tuple[str, int]:
            if peeked:
                file.hold()
            if isinstance(file, HostFile):
                way.append(os.dup(file.number))
                file.drop()
                return "host", 0
            way.append(reserve())
            self._holds += 1
            self._held[self._holds] = file
            return "held", self._holds

        return with_files(control, name)

    def claim(self, held: int, number: int | None) -> None:
        """The child names a file that came, or lets go of it."""
        file = self._held.pop(held)
        if number is not None:
            self.table.name(number, file)
        file.drop()

    def move(self, directory: bytes, mask: int) -> None:
        """Relative paths of the child begin there; its files are made without what *mask* has."""
        self._directory, self._mask = directory, mask

    def fork(self, pid: int, end: int) -> None:
        """The child has a child itself, whose *end* of a pair came with the message."""
        Served(self._machine, _host.socket(fileno=end), self.table, pid)

    def greet(self, pid: int) -> dict[str, Any]:
        """A program has joined: what it must know of the machine, and which sockets it has."""
        self.pid = pid
        return {"ahead": self._machine.clock.ahead, "name": self._machine.host.name,
                "profile": self._machine.profile, "numbers": list(self.table)}

    def door(self, end: int) -> None:
        """The child starts a program."""
        Door(self._machine, _host.socket(fileno=end))

    def lend(self, numbers: dict[int, int], end: int) -> None:
        """The program has sockets of the child's, by numbers of its own."""
        Served(self._machine, _host.socket(fileno=end),
               {new: self.table[old] for new, old in numbers.items()})

    def in_proc(self, name: str) -> str:
        """What the child reads in /proc/net."""
        return told_in_proc(self._machine, name)

    def disown(self) -> None:
        """In a child of this process: this is the parent's affair."""
        self._channel.sock.close()

    def _end(self) -> None:
        self._channel.sock.close()
        living.remove(self)
        for task in self._workers:
            if task.ident in self._scheduler.tasks:
                task.error = Killed()
                task.notify()
        for number in list(self.table):
            with suppress(OSError):
                self._calls.close(number)
        for file in self._held.values():
            file.drop()


class Door:
    """Where a program that was started comes in, and what it starts: each with a channel."""

    def __init__(self, machine: Any, sock: Any) -> None:
        self._machine, self._sock = machine, sock
        doors.append(self)
        machine.scheduler.start(self._watch, "door")

    def _watch(self) -> None:
        """Serve whoever comes, until nobody is left who could."""
        take_no_signals()
        fd = self._sock.fileno()
        try:
            while True:
                self._machine._poll.poll({fd: POLLIN}, None, "wait for programs")
                data, rights, _, _ = self._sock.recvmsg(16, _host.CMSG_SPACE(4))
                if not data:
                    return
                for _, _, descriptor in rights:
                    number = int.from_bytes(descriptor[:4], "little")
                    Served(self._machine, _host.socket(fileno=number), {})
        finally:
            doors.remove(self)
            self._sock.close()

    def disown(self) -> None:
        """In a child of this process: this is the parent's affair."""
        self._sock.close()


doors: list[Door] = []  # of this process


def settle(machine: Any, pid: int) -> None:
    """After the process *pid* was waited for: what it had open is closed."""
    deadline = machine.clock.now + PATIENCE
    while any(served.pid == pid for served in living) and machine.clock.now < deadline:
        machine.scheduler.wait((), machine.clock.now + SOON, "waits for a process to end")


def linger(machine: Any) -> None:
    """Before the machine's first process ends: wait for children as long as they have sockets.

    To them it has ended: a child that reads to the end of a pipe comes to it.
    """
    if any(served.table for served in living):
        _let_go_of_pipes()
    while any(served.table for served in living):
        machine.scheduler.current.call = "exit"
        machine.scheduler.wait((), machine.clock.now + LOOK, "waits for children with sockets")


def _let_go_of_pipes() -> None:
    """Close the program's pipes: the null device takes their places, so that closing works."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in map(int, os.listdir("/dev/fd")):
        with suppress(OSError):  # the directory's own
            if number > 2 and stat.S_ISFIFO(os.fstat(number).st_mode):
                os.dup2(null, number, False)
    os.close(null)


def told_in_proc(machine: Any, name: str) -> str:
    """What a process of the machine reads in /proc/net."""
    processes = ((served.pid, served.table) for served in living)
    return text(machine, name, ((os.getpid(), machine.descriptors), *processes))


def _itself(result: Any) -> Any:
    return result


RESULTS: dict[str, Callable[[Any], Any]] = {
    "accept": lambda result: (result[0], result[1].protocol.accepted_peer(result[1])),
    "getsockname": lambda result: (None, result[1]),
    "getpeername": lambda result: (None, result[1]),
    "socket_of": lambda so: types.SimpleNamespace(
        family=so.family, type=so.type, protocol_number=so.protocol_number),
}
