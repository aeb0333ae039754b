"""Faults of streams: parts instead of the whole, little room, slow and broken connections.

They are those of SOCK_STREAM over TCP and UNIX.  Records and datagrams arrive whole.

Sources: POSIX.1-2024 recv(), send(), 2.10.6 (SOCK_STREAM); RFC 9293 3.8, 3.5.2; Linux
recv(2), send(2), signal(7), socket(7), tcp(7).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from ..calls.waiting import TimedOut
from ..machine.constants import (
    MSG_DONTWAIT,
    MSG_OOB,
    MSG_PEEK,
    MSG_WAITALL,
    SOCK_STREAM,
)
from ..machine.events import CallWaits
from ..network.packets import ACK, RST, Packet, Segment
from ..protocols.tcp_states import MAY_SEND
from .fault import Fault, replace

STREAMS = ("tcp", "unix-stream")


def is_stream(so: Any) -> bool:
    """True for a stream over TCP or UNIX."""
    return so.type == SOCK_STREAM and so.protocol.name_of in STREAMS


def waiting_bytes(so: Any) -> int:
    """How many bytes have come and are not read."""
    if so.protocol.name_of == "tcp":
        return int(so.buffer.length)
    return sum(len(record.data) for record in so.buffer) - int(so.pcb.offset)


@dataclass(frozen=True)
class ShortReads(Fault):
    """recv() returns a part of what is there and was asked for, at most *most* bytes if that
    is not 0.

    What one call has seen, with MSG_PEEK too, the next ones get; MSG_WAITALL gets everything.
    """

    name: ClassVar[str] = "short reads"
    label: ClassVar[str] = "Short reads"
    sentence: ClassVar[str] = ("recv on a stream returns fewer bytes than were sent and asked "
                               "for; the next calls return the rest.")
    rule: ClassVar[str] = ("POSIX recv(): a stream returns as much as is there, up to what was "
                           "asked for; anything from one byte on may have arrived.")

    most: int = 0

    def start(self, machine: Any) -> Callable[[], None]:
        chance = self.chance(machine)
        seen: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

        def make(receive: Callable[..., Any]) -> Callable[..., Any]:
            def short(so: Any, count: int, flags: int = 0) -> Any:
                if flags & (MSG_WAITALL | MSG_OOB) or count < 2 or not is_stream(so):
                    seen.pop(so, None)
                    return receive(so, count, flags)
                there = waiting_bytes(so)
                visible = min(seen.get(so, 0), there)
                if not visible and there > 1:
                    visible = chance.randint(1, min(there, count) - 1)
                    visible = min(visible, self.most or visible)
                message = receive(so, min(count, visible) if visible else count, flags)
                taken = len(message.data) if message and not flags & MSG_PEEK else 0
                seen[so] = max(visible - taken, 0)
                return message
            return short

        ends = [replace(protocol, "receive", make) for protocol in _stream_protocols(machine)]

        def end() -> None:
            for each in ends:
                each()

        return end


def _stream_protocols(machine: Any) -> list[Any]:
    found: list[Any] = []
    for family in machine.families.values():
        for _, protocol in family.table.get(SOCK_STREAM, ()):
            if protocol.name_of in STREAMS and protocol not in found:
                found.append(protocol)
    return found


@dataclass(frozen=True)
class ShortWrites(Fault):
    """send() takes a part of what it is given, at most *most* bytes if that is not 0."""

    name: ClassVar[str] = "short writes"
    label: ClassVar[str] = "Short writes"
    sentence: ClassVar[str] = ("send on a stream takes only a part of the bytes and returns "
                               "how many; sendall goes on until all are sent.")
    rule: ClassVar[str] = ("POSIX send() returns the number of bytes sent; Linux signal(7): a "
                           "signal that interrupts send after a part makes it return that part.")

    most: int = 0

    def start(self, machine: Any) -> Callable[[], None]:
        chance = self.chance(machine)

        def make(send: Callable[..., Any]) -> Callable[..., Any]:
            def short(number: int, data: bytes, flags: int, *more: Any, **named: Any) -> Any:
                if len(data) > 1 and not flags & MSG_OOB and is_stream(
                        machine.kernel.socket_of(number)):
                    part = chance.randint(1, len(data) - 1)
                    data = data[:min(part, self.most or part)]
                return send(number, data, flags, *more, **named)
            return short

        return replace(machine.kernel, "send", make)


@dataclass(frozen=True)
class SmallBuffers(Fault):
    """New sockets have the smallest buffers there are: *send* and *receive*, in bytes."""

    name: ClassVar[str] = "small buffers"
    label: ClassVar[str] = "Small buffers"
    sentence: ClassVar[str] = ("A socket holds about two thousand bytes: a send that may wait "
                               "waits until the peer has read, another takes a part.")
    rule: ClassVar[str] = ("socket(7): 4608 and 2304 bytes are the smallest SO_SNDBUF and "
                           "SO_RCVBUF; tcp_wmem and tcp_rmem may say so for every socket.")

    send: int = 4608
    receive: int = 2304

    def start(self, machine: Any) -> Callable[[], None]:
        settings = machine.settings
        small = {"write_default": self.send, "tcp_write_default": self.send,
                 "tcp_write_connected": self.send, "read_default": self.receive,
                 "tcp_read_default": self.receive, "tcp_read_connected": self.receive}
        before = {name: getattr(settings, name) for name in small}
        vars(settings).update(small)
        return lambda: vars(settings).update(before)


@dataclass(frozen=True)
class Reset(Fault):
    """The TCP connection number *connection* is reset when it has carried *after* bytes.

    Connections are counted in the order in which they first carry data.  Both ends get a
    reset, as from a firewall that has forgotten them.
    """

    name: ClassVar[str] = "reset"
    label: ClassVar[str] = "Reset"
    sentence: ClassVar[str] = ("The first TCP connection breaks after its first byte: at both "
                               "ends recv gives what has come and then fails with ECONNRESET.")
    rule: ClassVar[str] = ("RFC 9293 3.5.2: a reset ends a connection at once; a peer that "
                           "crashes or a firewall that forgets may send one at any time.")

    connection: int = 1
    after: int = 1

    def start(self, machine: Any) -> Callable[[], None]:
        carried: dict[tuple[Any, ...], int] = {}

        def make(send: Callable[..., Any]) -> Callable[..., Any]:
            def counted(number: int, *arguments: Any, **named: Any) -> Any:
                sent = send(number, *arguments, **named)
                so = machine.descriptors.get(number)
                if sent and getattr(so, "type", 0) == SOCK_STREAM and (
                        so.protocol.name_of == "tcp"):
                    self._count(machine, so.pcb, carried, sent)
                return sent
            return counted

        return replace(machine.kernel, "send", make)

    def _count(self, machine: Any, c: Any, carried: dict[Any, int], sent: int) -> None:
        ends = sorted([(c.local_address, c.local_port), (c.remote_address, c.remote_port)])
        key = tuple(ends)
        before = carried.setdefault(key, 0)
        carried[key] += sent
        reached = before < self.after <= carried[key] or (not before and not self.after)
        if reached and list(carried).index(key) + 1 == self.connection:
            break_connection(machine, c)


def break_connection(machine: Any, c: Any) -> None:
    """Send a reset to both ends of a connection, each in the other's name."""
    table = c.so.protocol.output.table
    other = table.get(c.peer_key)
    for end in (c, other):
        if end is not None and end.state in MAY_SEND:
            end.so.protocol.fast.leave(end)
            machine.node.send(Packet(
                end.remote_address, end.local_address, 6,
                Segment(end.remote_port, end.local_port, end.rcv_nxt, end.snd_nxt, RST | ACK, 0)))
    machine.node.deliver()


@dataclass(frozen=True)
class SlowPeer(Fault):
    """Each send takes *seconds* of virtual time before each half of its data."""

    name: ClassVar[str] = "slow peer"
    label: ClassVar[str] = "Slow peer"
    sentence: ClassVar[str] = ("Whoever sends is slow: each send waits a fifth of a second, and "
                               "on a stream its second half follows a fifth of a second later.")
    rule: ClassVar[str] = ("No system promises when a process runs; the bytes of one send may "
                           "travel in several segments, at any distance.")

    seconds: float = 0.2

    def start(self, machine: Any) -> Callable[[], None]:
        def pause() -> None:
            task = machine.scheduler.current
            task.call = "send"
            machine.host.observers.tell(CallWaits, "send", f"{self.seconds:g} s, being slow")
            machine.scheduler.wait((), machine.clock.now + self.seconds, "is slow")

        def make(send: Callable[..., Any]) -> Callable[..., Any]:
            def slow(number: int, data: bytes, flags: int, timeout: float | None,
                     address: Any = None, control: tuple[Any, ...] = ()) -> Any:
                so = machine.kernel.socket_of(number)
                pause()
                half = (len(data) + 1) // 2
                never_waits = timeout == 0 or (timeout is None and so.nonblocking)
                if (half == len(data) or never_waits or flags & (MSG_DONTWAIT | MSG_OOB)
                        or not is_stream(so)):
                    return send(number, data, flags, timeout, address, control)
                sent = send(number, data[:half], flags, timeout, address, control)
                if sent < half:
                    return sent
                pause()
                return sent + _rest(send, number, data[half:], flags, timeout)
            return slow

        return replace(machine.kernel, "send", make)


def _rest(send: Callable[..., Any], number: int, data: bytes, flags: int,
          timeout: float | None) -> int:
    """Send the second half; what fails then is told to the next call."""
    try:
        return int(send(number, data, flags, timeout))
    except (OSError, TimedOut):
        return 0
