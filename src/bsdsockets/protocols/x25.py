"""X.25 in a call: records in packets, interrupts, clearing.

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
    AF_X25,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
)
from ..machine.errors import (
    EADDRNOTAVAIL,
    ECONNREFUSED,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENETUNREACH,
    ENOTCONN,
    EPIPE,
    fail,
)
from ..machine.host import Host
from ..network.frames import ETH_P_X25, Frame, find, receive
from ..network.node import Node
from .buffers import Record
from .protocol import SEND, WRITABLE_BAND, Message
from .records import CLOSED, OPEN, OPENING, family_of
from .x25_call import SIZE
from .x25_calls import SetUp
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
from .x25_settings import QBITINCL, SOL_X25

LONGEST, LONGEST_INTERRUPT = 65535, 32
QUALIFIES = (SOL_X25, QBITINCL)
HOLD_BACK = 3.0  # seconds until what came is acknowledged by itself (T2)


class X25(SetUp):
    """The calls of one host."""

    def __init__(self, host: Host, node: Node) -> None:
        super().__init__(host, node)
        receive(node, ETH_P_X25, self.arrive)

    # Packets

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
            call.sent = call.acknowledged = call.wanted = call.told = 0
            call.facilities = call.facilities.answered(packet.facilities or Facilities())
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
                self.give(so, encode(packet), call.remote)
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
                self.give(so, encode(packet)[:HEADER] + data, call.remote)
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
            if len(address) < SIZE:
                fail(EINVAL)
            if address[2:SIZE].partition(b"\0")[0] != call.remote[2:].partition(b"\0")[0]:
                fail(EISCONN)
            if family_of(address) != AF_X25:
                fail(EINVAL)
        elif call.state != OPEN:
            fail(ENOTCONN)
        if len(data) > LONGEST:
            fail(EMSGSIZE)
        length = min(len(data), LONGEST_INTERRUPT) if flags & MSG_OOB else len(data)
        data, first = data[:length], b""
        if so.options.get(QUALIFIES):
            if not data:
                return 0
            first, data = data[:1], data[1:]
        if flags & MSG_OOB:
            call.urgent_out.append(data)
        elif sum(len(part.data) for part in call.out) > so.send_size:
            return None
        else:
            call.out.extend(in_packets(call.channel, data, 1 << call.facilities.size_out,
                                       first not in (b"", b"\0")))
        self._kick(so)
        return length

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a record, or with MSG_OOB an interrupt; waits for a record only.

        With X25_QBITINCL a byte more comes first, 1 where the record is qualified.  As on Linux,
        each look with MSG_PEEK takes three bytes away: it counts them as a packet's header.

        ENOTCONN
            There is no call, or it was cleared; or MSG_PEEK has left less than a header.
        EINVAL
            MSG_OOB: no interrupt has come, or they are read in line.
        """
        call = so.pcb
        if call.interface is None or call.state != OPEN:
            fail(ENOTCONN)
        if flags & MSG_OOB:
            if so.options.get("SO_OOBINLINE") or not call.urgent:
                fail(EINVAL)
            data = (b"\0" if so.options.get(QUALIFIES) else b"") + call.urgent.popleft()
            return Message(data[:count], call.remote, (), MSG_OOB, len(data))
        waiting = so.buffer.records
        if waiting:
            self._take_header(so, waiting[0], flags)
        message = super().receive(so, count, flags)
        return message and message._replace(address=call.remote,
                                            flags=message.flags & MSG_TRUNC | MSG_EOR)

    @staticmethod
    def _take_header(so: Any, record: Record, flags: int) -> None:
        """Take three bytes of a record, and put the qualifier before it where that is wanted."""
        if len(record.data) < HEADER:
            if not flags & MSG_PEEK:
                so.buffer.take()
            fail(ENOTCONN)
        first = bytes([record.data[0] >> 7]) if so.options.get(QUALIFIES) else b""
        so.buffer.records[0] = record._replace(data=first + record.data[HEADER:])

    def release(self, so: Any) -> None:
        """Clear the call, those that nobody accepted too."""
        self._listen_no_more(so)
        if so.pcb.state in (OPEN, OPENING):
            so.pcb.state = CLOSED
            self._send(so, X25Packet(so.pcb.channel, CLEAR, so.pcb.cause))

    def _forget(self, so: Any) -> None:
        self.calls.pop((so.pcb.interface.index, so.pcb.channel), None)
        so.pcb.interface = None
        for waiting in so.pcb.out, so.pcb.flying, so.pcb.parts, so.pcb.urgent, so.pcb.urgent_out:
            waiting.clear()
