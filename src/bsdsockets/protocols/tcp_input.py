"""TCP, the receiving half: what a segment that comes does, in the order of RFC 9293 3.10.7.

    receive(packet) --> CLOSED, LISTEN, SYN-SENT    how a connection begins: `tcp_handshake`
                        others     sequence, RST, SYN, ACK, URG, data, FIN
                        TIME-WAIT  answer what comes late

May not know: calls; it tells the socket by upcalls.

Sources: RFC 9293 3.10.7; RFC 5961 (challenge acknowledgements); Linux for what the
standard leaves open: which error a reset gives, and resets of data nobody will read.
"""

from collections.abc import Callable
from typing import Any

from ..machine.clock import Moments
from ..machine.errors import ECONNRESET, EMSGSIZE, EPIPE
from ..network.packets import ACK, FIN, PSH, RST, SYN, URG, Packet, Segment
from .filtering import segment
from .ports import Ports
from .protocol import ARRIVED, EVERYTHING, RECEIVE, SEND, WRITABLE, wants_time
from .tcp_acknowledging import arrived
from .tcp_connection import AWAITED, COST, VALID, Connection, TimeWait, comes_from_afar, is_cut_off
from .tcp_ending import TWO_MSL
from .tcp_handshake import Handshake
from .tcp_output import Output
from .tcp_states import (
    ACK_OF_FIN,
    ACK_OF_SYN,
    CLOSE,
    CLOSE_WAIT,
    CLOSING,
    FIN_COMES,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    MAY_RECEIVE,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
)
from .tcp_window import close, keep, overfull, shares

AT_HAND = 2816  # bytes of data for which there is memory without asking
DUPLICATES = 3  # acknowledgements of nothing new until a segment counts as lost


class Input(Handshake):
    """Reads segments.  `find_listener` says which socket listens where a SYN arrives."""

    def __init__(self, output: Output, ports: Ports,
                 find_listener: Callable[[str, int, tuple[str, int]], Any]) -> None:
        self.output = output
        self.ports = ports
        self.node = output.node
        self.clock = output.node.host.clock
        self.table = output.table
        self.find_listener = find_listener
        self.ending = Moments(self.clock, self.end_in_time)
        output.give_up = self.give_up

    def receive(self, packet: Packet) -> None:
        """Take a packet whose payload is a segment, and do what its connection's state says.

        The four names find the connection, then what remains of one, then who listens; else a
        reset answers.  What came too far for IP_MINTTL or IPV6_MINHOPCOUNT is dropped.

        Not modelled: SYN cookies, timestamps and SACK; sequence numbers do not wrap.
        Source: RFC 9293 3.10.7; RFC 5082 for the TTL; Linux ``tcp_v4_rcv``.
        """
        s = packet.payload
        if isinstance(s, bytes):
            return  # a program made it, and it is none
        c = self.table.get((packet.destination, s.destination, packet.source, s.source))
        if is_cut_off(c if isinstance(c, TimeWait) else c and c.so):
            c = None
        if packet.made and c is not None:  # its numbers have only their last 32 bits
            packet = packet._replace(payload=(s := s.near(c.rcv_nxt, c.snd_nxt)))
        if c is None:
            self.no_connection(packet, s)
        elif isinstance(c, TimeWait):
            self._time_wait(c, packet, s)
        elif not comes_from_afar(c.so, packet) and (
                kept := segment(c.so or c.listener, packet)) is not None:
            c.segments_in += bool(s.data)
            c.bare_in += not s.data
            if c.state == SYN_SENT:
                self.syn_sent(c, kept.payload)
            elif c is not self.output.caller:
                self._synchronized(c, kept, kept.payload)
            elif not self._outdated(s):
                c.backlog = self._backlog(s)
                self._synchronized(c, kept, kept.payload)
                c.backlog = 0

    # What comes while its socket is in a call waits until that ends: Linux's backlog

    def _outdated(self, s: Segment) -> bool:
        """True for an acknowledgement alone where another follows: the last says it all.

        Source: Linux ``tcp_add_to_backlog``.
        """
        return s.flags == ACK and not s.data and (following := self._following(s)) is not None and (
            following.flags == ACK and not following.data)

    def _following(self, s: Segment) -> Segment | None:
        """What comes next, if that is a segment from where *s* came to where that goes."""
        queue = self.node.loopback.queue
        following = queue[0].payload if queue else None
        same = isinstance(following, Segment) and following[:2] == s[:2]
        return following if same else None

    def _backlog(self, s: Segment) -> int:
        """How much memory what waits takes, if it is data; it counts until the call ends."""
        if not s.data:
            return 0
        self.output.came += len(s.data) + COST
        return self.output.came + sum(
            len(other.payload.data) + COST for other in self.node.loopback.queue
            if isinstance(other.payload, Segment) and other.payload.data
            and other.payload[:2] == s[:2])

    def unreachable(self, packet: Packet, about: Packet, number: int) -> None:
        """An ICMP error, *number* as an errno, about a segment from here: perhaps forged.

        It ends a handshake that this end began.  Later IP_RECVERR and IPV6_RECVERR make it the
        pending error; else it is only noted.  About what is acknowledged, or was never sent, none
        is believed.

        Not modelled: the queue of errors, and what "fragmentation needed" tells of the path.
        Source: RFC 1122 4.2.3.9; RFC 5927 4.1; Linux ``tcp_v4_err``, ``tcp_v6_err``.
        """
        s = about.payload
        c = self.table.get((about.source, s.source, about.destination, s.destination))
        if not isinstance(c, Connection) or c.so is None or number == EMSGSIZE:
            return
        if not c.snd_una <= s.near(c.snd_una, 0).sequence <= c.snd_nxt:
            return
        if c.state in (SYN_SENT, SYN_RECEIVED):
            self.finish(c, number)
        elif c.so.options.get("IPV6_RECVERR" if ":" in packet.source else "IP_RECVERR"):
            c.so.error = number
            c.so.wake(EVERYTHING)
        else:
            c.soft = number

    # Other states: RFC 9293 3.10.7.4, in its order

    def _synchronized(self, c: Connection, packet: Packet, s: Segment) -> None:
        """The eight checks of RFC 9293 3.10.7.4, in their order."""
        if c.keep_timer is not None:
            self.output.keep_alive(c)
        if not self._acceptable(c, s):  # first: the sequence number
            if not s.flags & RST:
                self.output.acknowledge(c)
            return
        if s.flags & RST:  # second: a reset
            self._reset(c)
            return
        # third: security, a compartment (RFC 9293 A.1), is left out, as everywhere
        if s.flags & SYN:  # fourth: a SYN here is answered with a challenge (RFC 5961)
            self.output.acknowledge(c)
            return
        predicted = self._is_predicted(c, s)
        if not s.flags & ACK or not self._acknowledged(c, packet, s):  # fifth
            return
        if s.flags & URG and s.urgent:  # sixth
            self._urgent(c, s)
        if c.urgent_state == AWAITED and (byte := s.data[c.urgent_in - s.sequence:][:1]):
            c.urgent_state, c.urgent_byte = VALID, byte
        if s.length and s.sequence > c.rcv_nxt:
            self._keep(c, s)
            return
        if s.data and not s.paired and not self._is_fast(c, s) and overfull(c):
            close(c)
            self.output.acknowledge(c)
            return
        if s.data and not self._data(c, packet, s):  # seventh
            return
        gap = bool(c.later)
        ended = s.flags & FIN and s.sequence + s.length - 1 == c.rcv_nxt
        if ended or (gap and self._fill(c, packet)):  # eighth
            self._fin(c, not s.data)
        elif s.length and (gap or not c.owes):
            self.output.acknowledge(c)
        if not predicted:
            c.more = False  # MSG_MORE holds back until something comes
            self.output.push(c)
        self.output.acknowledge_in_time(c)

    @staticmethod
    def _is_fast(c: Connection, s: Segment) -> bool:
        """True if there is only data to take, and that fits into the memory at hand.

        Source: Linux's header prediction, ``tcp_rcv_established``.
        """
        return bool(0 < s.length <= AT_HAND and not s.paired and not s.flags & (FIN | URG)
                    and s.window == c.snd_wnd and not c.urgent_state and not c.later)

    def _is_predicted(self, c: Connection, s: Segment) -> bool:
        """True if there is also nothing that lets this end send."""
        return s.acknowledgement == c.snd_una and self._is_fast(c, s)

    @staticmethod
    def _acceptable(c: Connection, s: Segment) -> bool:
        """True if the segment ends after what has come, and begins within the window.

        Source: RFC 9293 3.4, the four cases, and 3.10.7.4, first.
        """
        if s.length == 0:  # a segment from the future says at least what has arrived there
            return s.sequence == c.rcv_nxt if s.flags & RST else s.sequence >= c.rcv_nxt
        return c.rcv_nxt < s.sequence + s.length and s.sequence <= c.rcv_nxt + c.window()

    def _keep(self, c: Connection, s: Segment) -> None:
        """A segment from beyond a gap waits; the sender learns at once what is missing.

        RFC 9293 3.10.7.4, seventh, lets the receiver hold it; RFC 5681 4.2 asks for the answer.
        """
        if c.state in MAY_RECEIVE:
            c.later = tuple(sorted((*c.later, s), key=lambda kept: kept.sequence))
        self.output.acknowledge(c)

    def _fill(self, c: Connection, packet: Packet) -> bool:
        """Take what was kept, up to the next gap; True if that ends with a FIN."""
        while c.later and c.later[0].sequence <= c.rcv_nxt:
            s, *later = c.later
            c.later = tuple(later)
            if s.sequence + len(s.data) > c.rcv_nxt and not self._data(c, packet, s):
                return False
            if s.flags & FIN and s.sequence + len(s.data) == c.rcv_nxt:
                return True
        return False

    def _reset(self, c: Connection) -> None:
        """A reset ends the connection; one that was listened for is gone without a word.

        Source: RFC 9293 3.5.3, 3.10.7.4, second; Linux ``tcp_reset`` for the errors.
        """
        self.give_up(c, EPIPE if c.state == CLOSE_WAIT else ECONNRESET)

    def _acknowledged(self, c: Connection, packet: Packet, s: Segment) -> bool:
        """Note what the peer has; False if the segment is of no more use.

        Source: RFC 9293 3.10.7.4, fifth.
        """
        if c.state == SYN_RECEIVED:
            if not c.snd_una < s.acknowledgement <= c.snd_nxt:
                self.output.refuse(packet)
                return False
            if c.listener is not None and not self.complete(c, s):
                c.put_off = True
                return False
            c.snd_una += 1
            c.go(ACK_OF_SYN)
            self.established(c)
            if c.so.shutdown & SEND:  # it was shut down before it was connected
                c.go(CLOSE)
                c.fin_wanted = True
        c.shown(s.window)
        c.soft = 0
        if not s.window:
            c.retries = 0  # who answers probes lives (RFC 9293 3.8.6.1)
        count = min(s.acknowledgement, max(c.snd_nxt, c.snd_max)) - c.snd_una
        if count > 0:
            self._progress(c, count)
        elif c.sent and not s.length:
            self._repeated(c)
        fin_acknowledged = c.fin_sent and c.snd_una == c.snd_nxt
        return not fin_acknowledged or self._fin_acknowledged(c, packet, s)

    def _progress(self, c: Connection, count: int) -> None:
        """*count* more of what was sent has arrived."""
        c.snd_una += count
        c.snd_nxt = max(c.snd_nxt, c.snd_una)
        data = min(count, c.queued)
        if c.out:
            c.out.drop(data)
            c.skip(max(data - c.sent, 0))
            c.sent = max(c.sent - data, 0)
            while c.flights and c.flights[0] <= c.snd_una:
                c.flights = c.flights[1:]
        c.fin_sent |= c.fin_wanted and count > data
        c.duplicates = 0
        if c.sent and c.snd_una < c.recover:
            self.output.resend(c)  # RFC 6582: the next gap of the same loss
        c.answered()
        c.begun = self.node.host.clock.now
        if data and c.full and c.writable:
            c.full = False
            c.so.wake(WRITABLE)

    def _repeated(self, c: Connection) -> None:
        """The same acknowledgement again: something is missing there (RFC 5681 3.2)."""
        c.duplicates += 1
        if c.duplicates == DUPLICATES and c.snd_una >= c.recover:
            c.recover = c.snd_nxt
            self.output.resend(c)

    def _fin_acknowledged(self, c: Connection, packet: Packet, s: Segment) -> bool:
        """The peer has our FIN; False if that ended the connection: a remain takes the rest."""
        if c.state == FIN_WAIT_1:
            c.go(ACK_OF_FIN)
            if not c.so.dead:
                c.so.shut(SEND, EVERYTHING)
                return True
            self._time_wait(self.remain(c, FIN_WAIT_2, self.node.host.settings.tcp_fin_timeout),
                            packet, s)
            return False
        if c.state == CLOSING:
            c.go(ACK_OF_FIN)
            self.remain(c, TIME_WAIT, TWO_MSL)
            return False
        if c.state == LAST_ACK:
            self.finish(c, 0)
            return False
        return True

    def _urgent(self, c: Connection, s: Segment) -> None:
        """One byte of the stream is urgent: the one before where the pointer points.

        Source: RFC 9293 3.8.5, 3.10.7.4, sixth; RFC 6093 2.2 for where it points on Linux.
        """
        place = s.sequence + s.urgent - 1
        if place < c.rcv_nxt or (c.urgent_state and place <= c.urgent_in):
            return
        so = c.so
        if (c.urgent_state and c.before_urgent == 0 and so.buffer.length
                and not so.options.get("SO_OOBINLINE")):
            so.buffer.drop(1)  # the last urgent byte, which Linux takes out where reading stands
        c.urgent_in, c.urgent_state = place, AWAITED

    def _data(self, c: Connection, packet: Packet, s: Segment) -> bool:
        """Take the bytes; False if that was all: more of the batch follows, or nobody reads them.

        Source: RFC 9293 3.10.7.4, seventh; 3.6.1 for the reset that says that data was lost.
        """
        so = c.so
        data = s.data[c.rcv_nxt - s.sequence:]
        if c.state in (FIN_WAIT_1, FIN_WAIT_2) and so.shutdown & RECEIVE:
            self.finish(c, ECONNRESET)
            self.output.refuse(packet)
            return False
        if c.state in (CLOSE_WAIT, CLOSING, LAST_ACK):
            return True
        data = data[:c.window()]
        if data:
            keep(c, data, s.paired)
            c.rcv_nxt += len(data)
            c.received += len(data)
            if c.slow and wants_time(c.so):
                c.stamp = self.node.host.clock.now
            so.wake(ARRIVED)
            if not s.paired:
                c.whole, c.first = 0, len(data)
            c.whole += len(data)
            following = self._following(s)
            if following and following.paired and following.sequence == c.rcv_nxt:
                return False  # sent with this one: Linux's receiver has both as one
            arrived(c, c.first, bool(s.flags & PSH), self.clock.now, c.whole)
        return True

    def _fin(self, c: Connection, alone: bool) -> None:
        """The peer sends no more: who reads comes to the end (RFC 9293 3.10.7.4, eighth)."""
        c.rcv_nxt += 1
        c.received += 1
        if c.slow and wants_time(c.so):
            c.stamp = self.node.host.clock.now
        c.go(FIN_COMES)
        c.owes = True
        c.so.done = True
        c.end_waits = alone and not shares(c)
        c.so.shut(RECEIVE, EVERYTHING)
        if c.state == CLOSE_WAIT:
            c.answers = True  # the FIN of this end may soon go with it
            return
        self.output.acknowledge(c)
        if c.state == TIME_WAIT:
            self.remain(c, TIME_WAIT, TWO_MSL)

    # TIME-WAIT: RFC 9293 3.10.7.4, and FIN-WAIT-2 without a socket

    def _time_wait(self, remains: TimeWait, packet: Packet, s: Segment) -> None:
        """A segment for what is over: RFC 9293 3.10.7.4, TIME-WAIT; RFC 6191 for a new SYN."""
        if s.flags & RST:
            self.end(remains)
        elif s.flags & SYN and not s.flags & ACK and remains.state == TIME_WAIT and (
                self.find_listener(packet.destination, s.destination,
                                   (packet.source, s.source)) is not None):
            self.end(remains)
            self.no_connection(packet, s)
        elif remains.state == FIN_WAIT_2 and s.data and s.sequence >= remains.rcv_nxt:
            self.end(remains)
            self.output.refuse(packet)
        elif remains.state == FIN_WAIT_2 and s.flags & FIN:
            remains.rcv_nxt = s.sequence + s.length
            self.output.acknowledge(remains)
            self.time_wait(remains)
        elif s.length:
            self.output.acknowledge(remains)
