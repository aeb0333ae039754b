"""X.25's calls: set-up, records in packets, interrupts, clearing.

    connect:  CALL --------> the listener with the number, which accepts at once
              <-------- ACCEPTED
    send:     DATA with M set in all packets of a record but the last; INTERRUPT for MSG_OOB
    close:    CLEAR --------> ENOTCONN for the other end
    RESET from the network: both ends count from 0 again, nobody is told

What a program sets and asks besides is in `protocols.x25_settings`.

Left out: restarts of a line, the timers T21 to T23, extended numbers, a send() with MSG_DONTWAIT
that takes a part of a record, and that accept() waits where O_NONBLOCK is set: here it is EAGAIN.

May not know: descriptors, threads.

Sources: ITU-T X.25; <linux/x25.h>; Linux x25(7); the calls and the packets as recorded on
Linux 5.10 to 7.2 (docs/reference/families/x25.md, tests/on_old_kernels/details/x25.txt).
"""

from typing import Any

from ..machine.constants import (
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_OOB,
    MSG_PEEK,
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
    EOPNOTSUPP,
    EPIPE,
    fail,
)
from ..machine.host import Host
from ..network.frames import ETH_P_X25, Frame, find, receive, send
from ..network.node import Interface, Node
from .protocol import SEND, WRITABLE_BAND, Message
from .records import CLOSED, OPEN, OPENING
from .x25_call import Call, digits_of, pack
from .x25_packet import (
    ACCEPTED,
    CALL,
    CLEAR,
    CLEARED,
    DATA,
    HEADER,
    INTERRUPT,
    INTERRUPTED,
    MODULUS,
    RECEIVE_READY,
    RESET,
    RESET_DONE,
    Facilities,
    X25Packet,
    decode,
    encode,
    in_packets,
)
from .x25_settings import QBITINCL, SOL_X25, Settings

LONGEST, LONGEST_INTERRUPT = 65535, 32
QUALIFIES = (SOL_X25, QBITINCL)
HOLD_BACK = 3.0  # seconds until what came is acknowledged by itself (T2)


class X25(Settings):
    """The calls of one host."""

    name_of = "x25"
    end = Call
    tells_length = False

    def __init__(self, host: Host, node: Node) -> None:
        super().__init__(host, node)
        self.listeners: list[Any] = []
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

    # Calls

    def listen(self, so: Any, backlog: int) -> None:
        """Take calls for the socket's number; without one, for every number.

        EINVAL
            The socket is in a call.
        EOPNOTSUPP
            It listens already.
        """
        if so.pcb.state != CLOSED:
            fail(EINVAL)
        if so.queue is not None:
            fail(EOPNOTSUPP)
        so.start_queue(backlog)
        self.listeners.append(so)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool | None:
        """Call a number; waits until the call is accepted or cleared.

        *address* is a sockaddr_x25.  The call carries the facilities and the user data that were
        set, and both ends have the facilities of the answer.

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
        interface = self._way_to(called)
        if interface is None:
            fail(ENETUNREACH)
        if not so.pcb.name:
            fail(EINVAL)
        self._open(so, interface, self._free(interface), address)
        so.pcb.state = OPENING
        self._send(so, X25Packet(so.pcb.channel, CALL, so.pcb.user_data, called=called,
                                 calling=digits_of(so.pcb.name), facilities=so.pcb.facilities))
        return None

    def _way_to(self, number: str) -> Interface | None:
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
        so = self._listener(packet)
        agreed = so and so.pcb.facilities.agree(packet.facilities or Facilities())
        if so is None or agreed is None or so.queue.is_full():
            send(interface, ETH_P_X25, b"\0" + encode(X25Packet(packet.channel, CLEAR, b"\1\0")),
                 0)
            return
        end = Call()
        end.name, end.state = pack(packet.called), OPEN
        end.facilities, end.approves, end.user_data = agreed, so.pcb.approves, packet.data
        child = so.new_connection(end)
        self._open(child, interface, packet.channel, pack(packet.calling))
        if not end.approves:
            self.answer(child)

    def _listener(self, packet: X25Packet) -> Any:
        """Who gets a call: the one whose user data it begins with, else the oldest.

        A call with less user data than is to match is anybody's.
        """
        best = None
        for so in self.listeners:
            if digits_of(self.name(so)) not in ("", packet.called):
                continue
            length = so.pcb.match
            if not length or len(packet.data) < length:
                best = best or so
            elif packet.data.startswith(so.pcb.user_data[:length].ljust(length, b"\0")):
                return so
        return best

    def answer(self, so: Any) -> None:
        """Accept the call."""
        self._send(so, X25Packet(so.pcb.channel, ACCEPTED, facilities=so.pcb.facilities))

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
            call.facilities, call.user_data = packet.facilities or Facilities(), b""
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
            if so.options.get("SO_OOBINLINE"):
                self.give(so, packet.data, call.remote)
            else:
                call.urgent.append(packet.data)
            self._send(so, X25Packet(packet.channel, INTERRUPTED))
        elif packet.kind == INTERRUPTED:
            call.interrupted = False
            self._kick(so)
        elif packet.kind == RESET:
            self._send(so, X25Packet(packet.channel, RESET_DONE))
            self._reset(so)
        elif packet.kind in (DATA, RECEIVE_READY) and call.state == OPEN:
            self._numbered(so, packet)

    def _reset(self, so: Any) -> None:
        """Count from 0 again, and send again what was not acknowledged."""
        call = so.pcb
        call.sent = call.acknowledged = call.wanted = call.told = 0
        call.interrupted = False
        call.out.extendleft(reversed(call.flying))
        call.flying.clear()
        self._kick(so)

    def _numbered(self, so: Any, packet: X25Packet) -> None:
        """A packet with numbers: it acknowledges, and may carry a part of a record."""
        call = so.pcb
        for _ in range(min((packet.receive - call.acknowledged) % MODULUS, len(call.flying))):
            call.flying.popleft()
        call.acknowledged = packet.receive
        if packet.kind == DATA and packet.send == call.wanted:
            call.wanted = (call.wanted + 1) % MODULUS
            call.parts.append(packet.data)
            if not packet.more:
                data = b"".join(call.parts)
                call.parts.clear()
                self.give(so, data, call.remote, packet.qualified)
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
            packet = call.out.popleft()
            call.flying.append(packet)
            self._send(so, packet._replace(send=call.sent))
            call.sent = (call.sent + 1) % MODULUS
        so.wake(WRITABLE_BAND)

    # Data

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Send a record, or with MSG_OOB an interrupt of at most 32 bytes.

        Waits while more than SO_SNDBUF bytes wait to be sent.  Returns how many bytes were taken:
        of an interrupt 32 at most.  With X25_QBITINCL the first byte says whether the record is
        qualified, and is not sent.

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
        elif sum(len(part.data) for part in call.out) > so.send_size:
            return None
        else:
            qualifies = so.options.get(QUALIFIES)
            call.out.extend(in_packets(call.channel, data[1:] if qualifies else data,
                                       1 << call.facilities.size_out,
                                       bool(qualifies) and data[:1] not in (b"", b"\0")))
        self._kick(so)
        return len(data)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a record, or with MSG_OOB an interrupt; waits for a record only.

        With X25_QBITINCL a byte more comes first, 1 where the record is qualified.  As on Linux,
        each look with MSG_PEEK takes three bytes away: it counts them as a packet's header.

        ENOTCONN
            There is no call, or it was cleared.
        EINVAL
            MSG_OOB: no interrupt has come, or they are read in line.
        """
        call = so.pcb
        if call.interface is None or call.state != OPEN:
            fail(ENOTCONN)
        if flags & MSG_OOB:
            if so.options.get("SO_OOBINLINE") or not call.urgent:
                fail(EINVAL)
            data = call.urgent.popleft()
            return Message(data[:count], call.remote, (), MSG_OOB, len(data))
        waiting, qualifies = so.buffer.records, bool(so.options.get(QUALIFIES))
        if waiting and qualifies:
            waiting[0] = waiting[0]._replace(data=bytes([bool(waiting[0].origin)])
                                             + waiting[0].data)
        message = super().receive(so, count, flags)
        if message is None:
            return None
        if flags & MSG_PEEK:
            waiting[0] = waiting[0]._replace(data=waiting[0].data[HEADER + qualifies:])
        return message._replace(flags=message.flags & MSG_TRUNC | MSG_EOR)

    def release(self, so: Any) -> None:
        """Clear the call, those that nobody accepted too."""
        if so in self.listeners:
            self.listeners.remove(so)
        self.release_queue(so)
        if so.pcb.state in (OPEN, OPENING):
            so.pcb.state = CLOSED
            self._send(so, X25Packet(so.pcb.channel, CLEAR, bytes(2)))

    def _forget(self, so: Any) -> None:
        self.calls.pop((so.pcb.interface.index, so.pcb.channel), None)
