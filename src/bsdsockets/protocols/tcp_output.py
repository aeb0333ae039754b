"""TCP, the sending half: which segments go out, and what happens when no answer comes.

    send() --> out --> [window? Nagle? cork?] --> Segment --> node.send
                           timer: again, later; at last give up

Left out: congestion control and selective acknowledgement.  A link of one host neither loses
nor delays, unless it is told to; then a segment is sent again after three acknowledgements
that repeat themselves, and all from the first gap on when the time is over.

May not know: how a segment that comes is read.

Sources: RFC 9293 3.4.1 (the first sequence number), 3.5.2 (resets), 3.7.4 (Nagle), 3.8.1
(retransmission), 3.8.3 (failures), 3.8.4 (keep-alives), 3.8.6 (windows); RFC 6298; RFC 5482 (user
timeout); tcp(7) for the numbers.
"""

from math import inf
from typing import Any

from ..machine.clock import Moments
from ..machine.constants import IPPROTO_TCP
from ..machine.errors import ENETUNREACH, ETIMEDOUT
from ..network.node import Node
from ..network.packets import ACK, FIN, PSH, RST, SYN, URG, Packet, Segment
from .buffers import StreamBuffer
from .tcp_acknowledging import (
    DELAY,
    MAXIMUM_SEGMENT,
    MAXIMUM_SEGMENT6,
    STAMP,
    TICK,
    at_once,
    replied,
    told,
)
from .tcp_connection import (
    MINIMUM_TIMEOUT,
    MOST,
    Connection,
    Key,
    TimeWait,
    header_of,
    is_cut_off,
)
from .tcp_states import CLOSED, MAY_SEND, SYN_RECEIVED, SYN_SENT, SYNCHRONIZED
from .tcp_window import begin

SYN_TIMEOUT = 1.0  # seconds until the first SYN is repeated
MAXIMUM_TIMEOUT = 120.0
ROUNDING = 1e-6  # seconds that sums of times may be wrong by
CORK_TIMEOUT = 0.2  # seconds that a cork holds a partial segment


def announced(so: Any, address: str) -> int:
    """How many bytes a segment to *so* may have: all that go into a packet, or TCP_MAXSEG."""
    most = MAXIMUM_SEGMENT6 if ":" in address else MAXIMUM_SEGMENT
    wanted = so.options.get("TCP_MAXSEG") if so.options else 0
    return min(most, wanted - STAMP) if wanted else most


def assumed(so: Any, remote: str) -> int:
    """How many bytes of data a segment to *remote* has until its SYN says more (RFC 9293 3.7.1)."""
    usual = 1220 if ":" in remote else 536
    return (so.options.get("TCP_MAXSEG") or usual) - STAMP


def open_window(c: Connection, answers: bool) -> None:
    """Choose the first window of one that calls, or *answers* and so knows of time stamps."""
    most = announced(c.so or c.listener, c.remote_address)
    begin(c, most, most if answers else most + STAMP)


class Output:
    """Makes segments.  `table` has every connection and remain of one by its four names."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.settings = node.host.settings
        self.table: dict[Key, Connection | TimeWait] = {}
        self.caller: Connection | None = None  # whose socket is in a call
        self.came = 0  # bytes of memory of what has come for it since that began
        self.late = Moments(node.host.clock, self._acknowledge_due)
        self.give_up: Any = None  # what ends a connection that nobody answers: set by input

    def initial_sequence(self) -> int:
        """Where a connection begins to count (RFC 9293 3.4.1): by chance, from the seed."""
        return self.node.host.random.getrandbits(32)

    def calls(self, c: Connection | None) -> None:
        """The socket of *c* is in a call: until that ends, what comes for it waits, as on Linux."""
        self.caller, self.came = c, 0

    def segment(self, c: Connection, flags: int, data: bytes = b"",
                sequence: int | None = None, urgent: int = 0, paired: bool = False) -> None:
        """Send one segment of the connection *c* (RFC 9293 3.1)."""
        if is_cut_off(c.so) and ":" in c.remote_address:
            c.soft = ENETUNREACH
        if c.nowhere or c.astray > 1 or is_cut_off(c.so):
            return  # astray: Linux gives what IPv6 should carry to IPv4, and nobody answers
        maximum = 0
        if flags & SYN:
            maximum = announced(c.so or c.listener, c.remote_address)
        elif flags & ACK:
            told(c)
        window = min(c.offered, MOST) if maximum else c.offered  # a SYN's is not scaled
        c.bare_out += not data and c.listener is None
        if data:
            c.segments_out += 1
            replied(c, self.node.host.clock.now)
        self.node.send(Packet(c.local_address, c.remote_address, IPPROTO_TCP, Segment(
            c.local_port, c.remote_port, c.snd_nxt if sequence is None else sequence,
            c.rcv_nxt if flags & ACK else 0, flags, window, data, urgent, maximum,
            paired),
            *header_of(c.so or c.listener, c.remote_address)))

    def acknowledge_in_time(self, c: Connection) -> None:
        """Acknowledge what has come, now or a little later (RFC 9293 3.8.6.3)."""
        if c.owes:
            if at_once(c):
                self.segment(c, ACK)
            else:
                self.acknowledge_within(c, TICK if c.heard is None else DELAY)

    def acknowledge_within(self, c: Connection, seconds: float) -> None:
        """Let what is sent within so many seconds carry the acknowledgement, or send it then."""
        c.owes = True
        if c.due is None:
            c.due = self.node.host.clock.now + seconds
        if c.late is None:
            c.late = self.late.add(self.node.host.clock.now + min(seconds, DELAY), c)

    def _acknowledge_due(self, c: Connection, now: float) -> None:
        """Send the acknowledgement if it is due; else look again when it is.

        One look serves all that data has carried in the meantime.
        """
        self.calls(None)
        c.late = None
        if c.due is None or c.state == CLOSED:
            return
        if c.due - now > ROUNDING:
            c.late = self.late.add(c.due, c)
            return
        c.answers = False  # no answer has come
        sender = self.table.get(c.peer_key)
        if isinstance(sender, Connection) and sender.timer is None and (
                sender.snd_una < sender.snd_nxt and not self.node.loopback.plain):
            self.expect_answer(sender, sender.timeout)  # the fast path set none: this may be lost
        self.segment(c, ACK)
        self.node.deliver()

    def acknowledge(self, c: Connection | TimeWait) -> None:
        """Send an acknowledgement and nothing else."""
        if isinstance(c, Connection):
            self.segment(c, ACK)
            return
        local, port, remote, remote_port = c.key
        self.node.send(Packet(local, remote, IPPROTO_TCP, Segment(
            port, remote_port, c.snd_nxt, c.rcv_nxt, ACK, 0)))

    def reset(self, c: Connection) -> None:
        """Tell the peer that this connection is aborted (RFC 9293 3.10.5)."""
        self.segment(c, RST | ACK)

    def refuse(self, packet: Packet) -> None:
        """Answer a segment that no connection takes (RFC 9293 3.5.2)."""
        s = packet.payload
        if s.flags & RST:
            return
        if s.flags & ACK:
            answer = Segment(s.destination, s.source, s.acknowledgement, 0, RST, 0)
        else:
            answer = Segment(s.destination, s.source, 0, s.sequence + s.length, RST | ACK, 0)
        self.node.send(Packet(packet.destination, packet.source, IPPROTO_TCP, answer))

    def synchronize(self, c: Connection, flags: int) -> None:
        """Send the SYN, or SYN and ACK, and repeat it until it is answered."""
        open_window(c, bool(flags & ACK))
        self.segment(c, flags, sequence=c.iss)
        c.snd_nxt, c.begun = c.iss + 1, self.node.host.clock.now
        self.expect_answer(c, SYN_TIMEOUT)

    def push(self, c: Connection, all_of_it: bool = False) -> None:
        """Send what waits, as far as the window, Nagle and the cork allow; *all_of_it*: the window.

        What waits is in pieces of memory, and each goes at once.  Its first segment has to fit into
        the window whole, the others may be cut, but before an urgent byte.  The FIN goes with the
        last, or alone.

        Source: RFC 9293 3.8.6.2.1 (when to send data), 3.10.4 (the FIN after all of it); Linux
        ``tcp_write_xmit``, ``tcp_send_fin``.
        """
        full, count = c.longest, len(c.pieces) + 1  # of pieces when the last one began to go
        while c.pieces:
            begins = len(c.pieces) < count or c.urgent_out > c.snd_una
            if begins:
                self._grow(c)
                count = len(c.pieces)
            room = c.snd_una + c.snd_wnd - c.snd_nxt
            size = min(c.pieces[0], full)
            if size > room:
                if begins:
                    break
                size = room
            if size <= 0 or (size < full and not all_of_it and (
                    not begins or len(c.pieces) == 1) and self._held(c)):
                break
            self._send_data(c, size, not begins)
        if c.fin_wanted and not c.fin_sent and not c.unsent and c.state not in (
                SYN_SENT, SYN_RECEIVED):
            self.segment(c, FIN | ACK)
            c.snd_nxt += 1
            c.fin_sent = True
        if (c.snd_una < c.snd_nxt or c.unsent) and c.timer is None:
            self.expect_answer(c, c.timeout)

    @staticmethod
    def _grow(c: Connection) -> None:
        """Let the next piece take what it can of the one behind it, unless MSG_EOR ends it."""
        while c.marks and c.marks[0] <= c.snd_nxt:
            c.marks = c.marks[1:]
        more = c.batch * c.longest - c.pieces[0]
        if len(c.pieces) > 1 and more > 0 and c.snd_nxt + c.pieces[0] not in c.marks:
            head, following, *others = c.pieces
            taken = min(more, following)
            c.pieces = (head + taken, *[following - taken][:following - taken], *others)

    def _held(self, c: Connection) -> bool:
        """True if a segment that is not full is to wait for more (RFC 9293 3.7.4)."""
        if c.fin_wanted or c.so is None or c.urgent_out > c.snd_una:
            return False
        options = c.so.options
        if options.get("TCP_CORK") or c.more:
            if c.timer is None:
                c.timer = self.node.after(CORK_TIMEOUT, lambda: self._uncork(c))
            return True
        return c.sent > 0 and c.small > c.snd_una and not options.get("TCP_NODELAY")

    def _uncork(self, c: Connection) -> None:
        c.timer = None
        if c.pieces and c.state in MAY_SEND:
            self._send_data(c, min(c.pieces[0], c.longest))
            self.push(c)

    def _send_data(self, c: Connection, size: int, paired: bool = False) -> None:
        assert c.out is not None
        data = c.out.peek(size, c.sent)
        urgent = c.urgent_out - c.snd_nxt
        last = size == c.unsent
        ends = last and c.fin_wanted and c.snd_nxt + size < c.snd_una + c.snd_wnd
        flags = ACK | (PSH * last) | (URG if urgent > 0 else 0) | (FIN * ends)
        if not c.sent and not c.retries:
            c.begun = self.node.host.clock.now
        c.sent += size
        c.skip(size)
        if paired and c.flights:
            c.flights = (*c.flights[:-1], c.flights[-1] + size)
        else:
            c.flights += (c.snd_nxt + size,)
        self.segment(c, flags, data, urgent=max(urgent, 0), paired=paired)
        c.snd_nxt += size + ends
        c.fin_sent = ends
        if size < c.longest:
            c.small = c.snd_nxt

    def resend(self, c: Connection) -> None:
        """Send the first segment that is not acknowledged again, before its time is over."""
        assert c.out is not None
        size = min(c.sent, c.mss)
        ends = c.fin_sent and size == c.queued
        self.segment(c, ACK | PSH | (FIN * ends), c.out.peek(size), sequence=c.snd_una)

    def expect_answer(self, c: Connection, timeout: float, at_most: float = inf) -> None:
        """Do something about it if nothing is acknowledged within *timeout* seconds.

        Source: RFC 9293 3.8.1; RFC 6298 5.1 to 5.3.
        """
        if c.timer is not None:
            c.timer.cancel()
        probing = c.unsent > 0 and c.snd_wnd == 0  # goes on for ever, as keepalive does
        c.timer = self.node.after(min(timeout, at_most),
                                  lambda: self._unanswered(c, timeout), probing)

    def measure(self, c: Connection) -> None:
        """The handshake's way there and back sets the timeout: RFC 6298 2.2.

        Not what was sent twice, whose answer may be either's (3, Karn's algorithm); nor later
        ways, which on a link of one host are all alike.
        """
        if not c.retries:
            way = self.node.host.clock.now - c.begun
            c.timeout = way + max(2 * way, MINIMUM_TIMEOUT)

    def _unanswered(self, c: Connection, timeout: float) -> None:
        """Send the first thing that is not acknowledged again, or give up.

        Source: RFC 9293 3.10.8, retransmission timeout; RFC 6298 5.4 to 5.6.
        """
        self.calls(None)
        c.timer = None
        if c.state == CLOSED:
            return
        c.retries += 1
        patience = self._patience(c)
        if patience < ROUNDING or self._tried_enough(c):
            self.give_up(c, c.soft or ETIMEDOUT)
            return
        if c.state == SYN_SENT:
            self.segment(c, SYN, sequence=c.iss)
        elif c.state == SYN_RECEIVED:
            if not c.put_off or c.retries >= c.deferral:
                self.segment(c, SYN | ACK, sequence=c.iss)
        else:
            self._go_back(c)
        if c.state != SYN_SENT or c.retries > self.settings.tcp_syn_linear_timeouts:
            timeout = min(2 * timeout, MAXIMUM_TIMEOUT)  # RFC 6298 5.5
        self.expect_answer(c, timeout, patience)

    def _go_back(self, c: Connection) -> None:
        """Send again from the first byte that is not acknowledged; probe a window that is small.

        Source: RFC 9293 3.8.6.1 (zero-window probing), 3.8.6.2.1 (4).
        """
        if not c.sent and c.unsent and not c.snd_wnd:
            self.segment(c, ACK, sequence=c.snd_una - 1)  # as Linux: no data, but an answer
            return
        c.snd_max = max(c.snd_max, c.snd_nxt)
        c.snd_nxt = c.snd_una
        c.sent = 0
        if c.flights:
            begins = (c.snd_una, *c.flights[:-1])
            again = (end - begin for begin, end in zip(begins, c.flights, strict=True))
            c.flights, c.pieces = (), (*again, *c.pieces)
        c.fin_sent = False
        if c.snd_wnd < min(c.unsent, c.longest):
            self._send_data(c, max(min(c.snd_wnd, c.pieces[0]), 1))
        else:
            self.push(c)

    def _patience(self, c: Connection) -> float:
        """Seconds that TCP_USER_TIMEOUT leaves, infinity without it: RFC 5482; RFC 9293 3.10.8."""
        limit = c.so.options.get("TCP_USER_TIMEOUT") if c.so is not None else 0
        return c.begun + limit / 1000 - self.node.host.clock.now if limit else inf

    def _tried_enough(self, c: Connection) -> bool:
        """Say whether what was sent has been repeated as often as the settings say.

        That is R2 of RFC 9293 3.8.3; of R1 nobody is told.
        """
        if c.state not in (SYN_SENT, SYN_RECEIVED):
            return c.retries > self.settings.tcp_retries
        retries = (c.so or c.listener).options.get("TCP_SYNCNT")
        if c.listener is not None:
            waits = c.put_off and c.retries <= c.deferral
            return c.retries > (retries or self.settings.tcp_synack_retries) and not waits
        retries = retries or self.settings.tcp_syn_retries
        # as long as so many repetitions would take, were each wait twice the last
        least = SYN_TIMEOUT * (2 ** (retries + 1) - 1)
        return bool(c.retries > retries + self.settings.tcp_syn_linear_timeouts or (
            self._patience(c) == inf and self.node.host.clock.now - c.begun > least - ROUNDING))

    def queue(self, c: Connection, data: bytes) -> None:
        """Put *data* behind what waits to be sent."""
        if c.out is None:
            c.out = StreamBuffer()
        c.out.append(data)

    def lay(self, c: Connection, data: bytes) -> int:
        """The same in the last piece of memory, if that takes more, or in a new one."""
        c.pieces = (*c.pieces[:-1], c.pieces[-1] + len(data)) if c.rest else (
            *c.pieces, len(data))
        self.queue(c, data)
        return len(data)

    def keep_alive(self, c: Connection) -> None:
        """Begin to probe an idle connection, if SO_KEEPALIVE is set (RFC 9293 3.8.4)."""
        if c.keep_timer is not None:
            c.keep_timer.cancel()
            c.keep_timer = None
        if c.so is None or not c.so.options.get("SO_KEEPALIVE") or c.state not in SYNCHRONIZED:
            return
        c.probes = 0
        idle = c.so.options.get("TCP_KEEPIDLE") or self.settings.tcp_keepalive_time
        c.keep_timer = self.node.after(idle, lambda: self._probe(c), idle=True)

    def _probe(self, c: Connection) -> None:
        """Send a segment that must be answered: one byte before what is expected.

        Source: RFC 9293 3.8.4; RFC 1122 4.2.3.6.
        """
        options = c.so.options if c.so is not None else {}
        limit = options.get("TCP_KEEPCNT") or self.settings.tcp_keepalive_probes
        interval = (options.get("TCP_KEEPINTVL")
                    or self.settings.tcp_keepalive_interval)
        if c.probes >= limit:
            self.give_up(c, c.soft or ETIMEDOUT)
            return
        c.probes += 1
        self.segment(c, ACK, sequence=c.snd_nxt - 1)
        c.keep_timer = self.node.after(interval, lambda: self._probe(c), idle=True)
