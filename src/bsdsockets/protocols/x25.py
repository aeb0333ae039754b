"""X.25's calls: set-up, records in packets, interrupts, clearing.

    connect:  CALL --------> the listener with the number, which accepts at once
              <-------- ACCEPTED
    send:     DATA with M set in all packets of a record but the last; INTERRUPT for MSG_OOB
    close:    CLEAR --------> ENOTCONN for the other end

Left out: restarts of a line, resets of a channel, the timers T21 to T23 (the cable loses
nothing unless a test wants it to), DTE facilities, call user data; and that Linux's accept()
waits for a call even where O_NONBLOCK is set: here it is EAGAIN.

May not know: descriptors, threads.

Sources: ITU-T X.25; <linux/x25.h>; Linux x25(7); the calls and the packets as recorded on
Linux 5.10 to 7.2 (docs/reference/families/x25.md).
"""

import struct
from collections import deque
from typing import Any

from ..machine.constants import (
    AF_X25,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_OOB,
    MSG_TRUNC,
)
from ..machine.errors import (
    EADDRNOTAVAIL,
    EALREADY,
    ECONNREFUSED,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENETUNREACH,
    ENOTCONN,
    ENOTTY,
    EOPNOTSUPP,
    EPERM,
    EPIPE,
    fail,
)
from ..machine.host import Host
from ..network.frames import ARPHRD_X25, ETH_P_X25, Frame, find, receive, send
from ..network.node import Interface, Node
from .protocol import EVERYTHING, SEND, WRITABLE_BAND, Message
from .records import CLOSED, OPEN, OPENING, Connections, End
from .x25_packet import (
    ACCEPTED,
    CALL,
    CLEAR,
    CLEARED,
    DATA,
    INTERRUPT,
    INTERRUPTED,
    MODULUS,
    RECEIVE_READY,
    Facilities,
    X25Packet,
    decode,
    encode,
)

SIZE, LONGEST, LONGEST_INTERRUPT = 18, 65535, 32
SIOCADDRT, SIOCDELRT, GET_FACILITIES, SET_FACILITIES, GET_CAUSE = (
    0x890B, 0x890C, 0x89E2, 0x89E3, 0x89E6)
HOLD_BACK = 3.0  # seconds until what came is acknowledged by itself (T2)


def pack(digits: str) -> bytes:
    """A struct sockaddr_x25."""
    return struct.pack("=H16s", AF_X25, digits.encode("ascii"))


def digits_of(address: bytes) -> str:
    """The digits of an address, or EINVAL."""
    text = address[2:].partition(b"\0")[0]
    if len(address) != SIZE or address[:2] != b"\x09\0" or len(text) == 16:
        fail(EINVAL)
    return text.decode("latin-1")


class Call(End):
    """One end of a call: its channel on an interface, its numbers, what waits to be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.interface: Interface | None = None
        self.channel = 0
        self.facilities = Facilities()
        self.cause = bytes(2)
        self.sent = self.acknowledged = self.wanted = self.told = 0  # V(S), V(A), V(R), V(L)
        self.out: deque[tuple[bytes, bool]] = deque()
        self.parts: list[bytes] = []
        self.urgent: deque[bytes] = deque()
        self.urgent_out: deque[bytes] = deque()
        self.interrupted = False
        self.timer: Any = None


class X25(Connections):
    """The calls of one host."""

    name_of = "x25"
    end = Call

    def __init__(self, host: Host, node: Node) -> None:
        self.host, self.node = host, node
        self.routes: dict[str, str] = {}  # first digits -> interface
        self.listeners: dict[str, Any] = {}
        self.calls: dict[tuple[int, int], Any] = {}
        receive(node, ETH_P_X25, self.arrive)

    # Names

    def bind(self, so: Any, address: bytes) -> None:
        """Take a number; any socket may have any.

        EINVAL
            Not 18 bytes, not digits, or the socket has a number.
        """
        if so.pcb.name or (not (text := digits_of(address)).isdigit() and text):
            fail(EINVAL)
        so.pcb.name = pack(text)

    def name(self, so: Any) -> bytes:
        return so.pcb.name or pack("")

    def peer(self, so: Any) -> bytes:
        if so.pcb.state != OPEN:
            fail(ENOTCONN)
        return bytes(so.pcb.remote)

    # Calls

    def listen(self, so: Any, backlog: int) -> None:
        if so.pcb.state != CLOSED:
            fail(EINVAL)
        if so.queue is not None:
            fail(EOPNOTSUPP)
        so.start_queue(backlog)
        self.listeners.setdefault(digits_of(self.name(so)), so)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool | None:
        """Call a number.

        EISCONN, EALREADY
            There is a call, or one is being set up.
        EINVAL
            Not an address, or the socket has no number of its own.
        ENETUNREACH
            No route to the number, or no free channel.
        ECONNREFUSED
            The call was cleared.
        """
        if so.pcb.state == OPEN:
            fail(EISCONN)
        if so.pcb.state == OPENING:
            if not wait:
                fail(EALREADY)
            return None
        called = digits_of(address)
        interface = self._route(called)
        if interface is None:
            fail(ENETUNREACH)
        if not so.pcb.name:
            fail(EINVAL)
        self._open(so, interface, self._free(interface), address)
        so.pcb.state = OPENING
        self._send(so, X25Packet(so.pcb.channel, CALL, called=called,
                                 calling=digits_of(so.pcb.name), facilities=so.pcb.facilities))
        return None

    def _route(self, number: str) -> Interface | None:
        """The interface of the longest route that the number begins with."""
        fitting = [digits for digits in self.routes if number.startswith(digits)]
        return find(self.node, self.routes[max(fitting, key=len)]) if fitting else None

    def _free(self, interface: Interface) -> int:
        return next(channel for channel in range(1, 4096)
                    if (interface.index, channel) not in self.calls)

    def _open(self, so: Any, interface: Interface, channel: int, remote: bytes) -> None:
        so.pcb.interface, so.pcb.channel, so.pcb.remote = interface, channel, remote
        self.calls[interface.index, channel] = so

    def _called(self, interface: Interface, packet: X25Packet) -> None:
        """A call comes: the listener's new socket accepts it, or it is cleared."""
        so = self.listeners.get(packet.called) or self.listeners.get("")
        if so is None or so.queue.is_full():
            send(interface, ETH_P_X25, b"\0" + encode(X25Packet(packet.channel, CLEAR, b"\1\0")),
                 0)
            return
        end = Call()
        end.name, end.state = pack(packet.called), OPEN
        end.facilities = so.pcb.facilities.agree(packet.facilities or Facilities())
        child = so.new_connection(end)
        self._open(child, interface, packet.channel, pack(packet.calling))
        self._send(child, X25Packet(packet.channel, ACCEPTED, facilities=end.facilities))

    def inherit(self, so: Any, child: Any, pcb: Any) -> None:
        child.pcb = pcb

    # Packets

    def _send(self, so: Any, packet: X25Packet) -> None:
        """Send a packet; what came is acknowledged with it if it can say so."""
        call = so.pcb
        if packet.kind in (DATA, RECEIVE_READY):
            packet = packet._replace(receive=call.wanted)
            call.told = call.wanted
            if call.timer is not None:
                call.timer.cancel()
                call.timer = None
        send(call.interface, ETH_P_X25, b"\0" + encode(packet), 0)

    def arrive(self, frame: Frame) -> None:
        """Give a packet to the end of its call."""
        packet = decode(frame.data[1:])
        interface = find(self.node, frame.interface)
        if packet is None or interface is None:
            return
        so = self.calls.get((frame.interface, packet.channel))
        if so is not None:
            self._take(so, packet)
        elif packet.kind == CALL:
            self._called(interface, packet)

    def _take(self, so: Any, packet: X25Packet) -> None:
        call = so.pcb
        if packet.kind == ACCEPTED and call.state == OPENING:
            call.facilities = call.facilities.agree(packet.facilities or Facilities())
            self.opened(so)
        elif packet.kind == CLEAR:
            call.cause = packet.data[:2].ljust(2, b"\0")
            refused = call.state == OPENING
            self._send(so, X25Packet(packet.channel, CLEARED))
            self._forget(so)
            self.ended(so, SEND, ECONNREFUSED if refused else 0)
        elif packet.kind == CLEARED:
            self._forget(so)
        elif packet.kind == INTERRUPT:
            call.urgent.append(packet.data)
            self._send(so, X25Packet(packet.channel, INTERRUPTED))
            so.wake(2)
        elif packet.kind == INTERRUPTED:
            call.interrupted = False
            self._kick(so)
        elif packet.kind in (DATA, RECEIVE_READY) and call.state == OPEN:
            self._numbered(so, packet)

    def _numbered(self, so: Any, packet: X25Packet) -> None:
        """A packet with numbers: it acknowledges, and may carry a part of a record."""
        call = so.pcb
        call.acknowledged = packet.receive
        if packet.kind == DATA and packet.send == call.wanted:
            call.wanted = (call.wanted + 1) % MODULUS
            call.parts.append(packet.data)
            if not packet.more:
                data = b"".join(call.parts)
                call.parts.clear()
                self.give(so, data, call.remote)
            if (call.told + call.facilities.window_in) % MODULUS == call.wanted:
                self._send(so, X25Packet(call.channel, RECEIVE_READY))
            elif call.timer is None:
                call.timer = self.node.after(HOLD_BACK, lambda: self._acknowledge(so))
        self._kick(so)

    def _acknowledge(self, so: Any) -> None:
        so.pcb.timer = None
        if so.pcb.state == OPEN and so.pcb.told != so.pcb.wanted:
            self._send(so, X25Packet(so.pcb.channel, RECEIVE_READY))

    def _kick(self, so: Any) -> None:
        """Send what may be sent now: one interrupt, and data while the window is open."""
        call = so.pcb
        if call.urgent_out and not call.interrupted:
            call.interrupted = True
            self._send(so, X25Packet(call.channel, INTERRUPT, call.urgent_out.popleft()))
        while call.out and (call.sent - call.acknowledged) % MODULUS < call.facilities.window_out:
            data, more = call.out.popleft()
            self._send(so, X25Packet(call.channel, DATA, data, call.sent, more=more))
            call.sent = (call.sent + 1) % MODULUS
        so.wake(WRITABLE_BAND)

    # Data

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Send a record, or with MSG_OOB an interrupt of at most 32 bytes.

        EINVAL
            Neither MSG_EOR nor MSG_OOB, or another flag.
        EADDRNOTAVAIL, ENETUNREACH, ENOTCONN
            The socket has no number; has never called; has no call.
        EPIPE
            The call was cleared.
        EISCONN
            Another address than the peer's.
        EMSGSIZE
            More than 65535 bytes.
        """
        call = so.pcb
        if flags & ~(MSG_DONTWAIT | MSG_OOB | MSG_EOR) or not flags & (MSG_EOR | MSG_OOB):
            fail(EINVAL)
        if not call.name:
            fail(EADDRNOTAVAIL)
        if so.shutdown & SEND:
            fail(EPIPE)
        if call.interface is None:
            fail(ENETUNREACH)
        if address is not None:
            if digits_of(address) != digits_of(call.remote):
                fail(EISCONN)
        elif call.state != OPEN:
            fail(ENOTCONN)
        if len(data) > LONGEST:
            fail(EMSGSIZE)
        if flags & MSG_OOB:
            data = data[:LONGEST_INTERRUPT]
            call.urgent_out.append(data)
        elif sum(len(part) for part, _ in call.out) > so.send_size:
            return None
        else:
            size = 1 << call.facilities.size_out
            starts = range(0, len(data) or 1, size)
            call.out.extend((data[at:at + size], at + size < len(data)) for at in starts)
        self._kick(so)
        return len(data)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        call = so.pcb
        if call.interface is None or call.state != OPEN:
            fail(ENOTCONN)
        if flags & MSG_OOB:
            if not call.urgent:
                fail(EINVAL)
            data = call.urgent.popleft()
            return Message(data[:count], call.remote, (), MSG_OOB, len(data))
        message = super().receive(so, count, flags)
        if message is None:
            return None
        return message._replace(flags=message.flags & MSG_TRUNC | MSG_EOR)

    def release(self, so: Any) -> None:
        """Clear the call, those that nobody accepted too."""
        if self.listeners.get(digits_of(self.name(so))) is so:
            del self.listeners[digits_of(self.name(so))]
        while so.queue is not None and so.queue.completed:
            self.release(so.queue.take())
        if so.pcb.state in (OPEN, OPENING):
            so.pcb.state = CLOSED
            self._send(so, X25Packet(so.pcb.channel, CLEAR, bytes(2)))

    def _forget(self, so: Any) -> None:
        self.calls.pop((so.pcb.interface.index, so.pcb.channel), None)

    # Routes and facilities

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """SIOCADDRT, SIOCDELRT: struct x25_route_struct; facilities; why a call was cleared."""
        if request in (SIOCADDRT, SIOCDELRT):
            self._change_route(request, argument)
        elif request == GET_FACILITIES:
            return 0, so.pcb.facilities.pack() + argument[24:]
        elif request == SET_FACILITIES:
            self._set_facilities(so, Facilities(*struct.unpack("=6I", argument[:24])))
        elif request == GET_CAUSE:
            return 0, so.pcb.cause + argument[2:]
        else:
            fail(ENOTTY)
        return 0, argument

    def _change_route(self, request: int, argument: bytes) -> None:
        if not self.host.privileged:
            fail(EPERM)
        digits, count, device = struct.unpack("=16sI200s", argument)
        interface = find(self.node, device.partition(b"\0")[0].decode("latin-1"))
        if count > 15 or interface is None or interface.hardware != ARPHRD_X25:
            fail(EINVAL)
        prefix = digits[:count].decode("latin-1")
        if (request == SIOCADDRT) == (prefix in self.routes):
            fail(EINVAL)
        if request == SIOCADDRT:
            self.routes[prefix] = interface.name
        else:
            del self.routes[prefix]

    def _set_facilities(self, so: Any, wanted: Facilities) -> None:
        """Before a call only, and within what there is."""
        if so.pcb.state != CLOSED or not all(
                4 <= size <= 12 for size in wanted[2:4]) or not all(
                1 <= window <= 127 for window in wanted[:2]):
            fail(EINVAL)
        so.pcb.facilities = wanted
        so.wake(EVERYTHING)
