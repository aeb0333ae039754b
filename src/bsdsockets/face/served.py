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

Left out: descriptors that are passed to or by a child in messages; a host's descriptor in a
child's epoll instance.

Sources: POSIX.1-2024 fork(); Plan 9 ``devmnt.c`` for calls as messages with numbers.
"""

import copy
import pickle
import select
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..calls.calls import Calls
from ..calls.poll import EpollCalls
from ..machine.constants import POLLIN, SCM_RIGHTS
from ..machine.descriptors import DescriptorTable, File
from ..machine.errors import EBADF, fail
from ..machine.scheduler import Killed
from .os_module import refuse

try:
    import _socket as _host
except ImportError:  # a Python built without sockets
    _host = None  # type: ignore[assignment]

LOOK = 0.002  # seconds between looks at what comes
PATIENCE = 1.0  # seconds that the end of a process may take
SOON = 0.0005  # seconds within which a child mostly asks again
WAITING = frozenset(("accept", "close", "connect", "receive", "send", "poll", "select",
                     "epoll_wait"))
RIGHTS = "descriptors in messages to or from the child of os.fork; open what both need before it"


class Gone(Exception):
    """The process that the machine began in has ended."""


class Channel:
    """One end of a pair of the host's sockets, between two processes, for messages."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self._buffer = bytearray()
        self.passed: list[int] = []  # descriptors that came along

    def send(self, message: Any, passed: int | None = None) -> None:
        """Send a message; read what comes while there is no room, so that nobody waits for ever."""
        data = pickle.dumps(message)
        data = len(data).to_bytes(8, "big") + data
        if passed is not None:
            rights = (_host.SOL_SOCKET, _host.SCM_RIGHTS, passed.to_bytes(4, "little"))
            data = data[self.sock.sendmsg([data], [rights]):]
        while data:
            try:
                data = data[self.sock.send(data, _host.MSG_DONTWAIT | _host.MSG_NOSIGNAL):]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self.sock.fileno(), select.POLLIN | select.POLLOUT)
                poll.poll()
                with suppress(BlockingIOError):
                    self.read(_host.MSG_DONTWAIT)

    def read(self, flags: int = 0) -> None:
        """Take what has come.  Gone: it was the end.  BlockingIOError: nothing, and no waiting."""
        data, rights, _, _ = self.sock.recvmsg(1 << 18, _host.CMSG_SPACE(4), flags)
        if not data:
            raise Gone
        self._buffer += data
        self.passed += [int.from_bytes(each[2][:4], "little") for each in rights]

    def messages(self) -> Iterator[Any]:
        """What has come in whole."""
        while len(self._buffer) >= 8:
            end = 8 + int.from_bytes(self._buffer[:8], "big")
            if len(self._buffer) < end:
                return
            data = bytes(self._buffer[8:end])
            del self._buffer[:end]
            yield pickle.loads(data)


class Table(DescriptorTable):
    """The descriptors of a child, by its own numbers, in the process of the machine."""

    def __init__(self, scheduler: Any, numbers: dict[int, File]) -> None:
        super().__init__({number: file.hold() for number, file in numbers.items()})
        self.offers: dict[int, list[int]] = {}
        self._scheduler = scheduler

    def add(self, file: File, like: int | None = None) -> int:
        """Give *file* the next number that the child offers."""
        return self.name(self.offers[self._scheduler.current.ident].pop(0), file)

    @contextmanager
    def reserved(self) -> Iterator[int]:
        """The number that the child offers."""
        yield self.offers[self._scheduler.current.ident][0]

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
        self._host = host = copy.copy(machine.host)
        host.process = pid
        self.table = host.descriptors = Table(machine.scheduler, numbers)
        self._calls = Calls(host, machine.node, machine.families)
        self._parts = {"calls": self._calls, "poll": EpollCalls(host), "table": self.table,
                       "process": self}
        self._workers: list[Any] = []
        living.append(self)
        self._scheduler.start(self._serve, f"process {pid}")

    def _serve(self) -> None:
        """Answer until the child has ended, or started another program."""
        fd = self._channel.sock.fileno()
        try:
            while True:
                if not select.select([fd], [], [], SOON)[0]:
                    self._machine._poll.poll({fd: POLLIN}, None, "serve a process")
                self._channel.read()
                for message in self._channel.messages():
                    self._begin(message)
        except (Gone, OSError):
            pass
        finally:
            self._end()

    def _begin(self, message: Any) -> None:
        """Answer at once, or in a thread of its own what may wait."""
        if message[2] in WAITING:
            with suppress(RuntimeError):  # no thread can be made any more: at the end of a process
                self._workers = [task for task in self._workers
                                 if task.ident in self._scheduler.tasks]
                self._workers.append(self._scheduler.start(
                    lambda: self._answer(*message), f"process {self.pid}"))
                return
        self._answer(*message)

    def _answer(self, number: int, part: str, name: str, arguments: Any, named: Any,
                offered: list[int]) -> None:
        me = self._scheduler.current.ident
        self.table.offers[me] = list(offered)
        answer: tuple[Any, ...]
        try:
            result = getattr(self._parts[part], name)(*arguments, **named)
            answer = (number, True, RESULTS.get(name, _itself)(result))
        except Killed:
            raise
        except Exception as failure:
            answer = (number, False, failure.with_traceback(None))
        finally:
            self.table.offers.pop(me, None)
        with suppress(OSError, Gone):
            self._channel.send(answer)

    def fork(self, pid: int) -> None:
        """The child has a child itself, whose end of a pair came with the message."""
        Served(self._machine, self._take_passed(), self.table, pid)

    def greet(self, pid: int) -> dict[str, Any]:
        """A program has joined: what it must know of the machine, and which sockets it has."""
        self.pid = self._host.process = pid
        return {"ahead": self._machine.clock.ahead, "name": self._host.name,
                "profile": self._machine.profile, "numbers": list(self.table)}

    def door(self) -> None:
        """The child starts a program."""
        Door(self._machine, self._take_passed())

    def lend(self, numbers: dict[int, int]) -> None:
        """The program has sockets of the child's, by numbers of its own."""
        Served(self._machine, self._take_passed(),
               {new: self.table[old] for new, old in numbers.items()})

    def _take_passed(self) -> Any:
        return _host.socket(fileno=self._channel.passed.pop(0))

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


class Door:
    """Where a program that was started comes in, and what it starts: each with a channel."""

    def __init__(self, machine: Any, sock: Any) -> None:
        self._machine, self._sock = machine, sock
        doors.append(self)
        machine.scheduler.start(self._watch, "door")

    def _watch(self) -> None:
        """Serve whoever comes, until nobody is left who could."""
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
    """Before the machine's first process ends: wait for children as long as they have sockets."""
    while any(served.table for served in living):
        machine.scheduler.current.call = "exit"
        machine.scheduler.wait((), machine.clock.now + LOOK, "waits for children with sockets")


def _itself(result: Any) -> Any:
    return result


def _without_files(message: Any) -> Any:
    """A message that was received; one with descriptors is refused, and they are closed."""
    files = [file for _, kind, value in message[2]
             if kind == SCM_RIGHTS and isinstance(value, tuple) for file in value]
    for file in files:
        file.drop()
    if files:
        refuse(RIGHTS)
    return message


RESULTS: dict[str, Callable[[Any], Any]] = {
    "accept": lambda result: (result[0], result[1].protocol.accepted_peer(result[1])),
    "getsockname": lambda result: (None, result[1]),
    "getpeername": lambda result: (None, result[1]),
    "socket_of": lambda so: types.SimpleNamespace(
        family=so.family, type=so.type, protocol_number=so.protocol_number),
    "receive": _without_files,
}
