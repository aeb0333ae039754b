"""TCP, the receiving half: how a connection begins.

    CLOSED    refuse                              SYN-SENT   end the handshake,
    LISTEN    begin a connection                             or open simultaneously

    handshake over: the socket is made or may write, the fast path is open

May not know: calls; it tells the socket by upcalls.

Sources: RFC 9293 3.5, 3.10.7.1 to 3.10.7.3; RFC 5082; tcp(7) for TCP_DEFER_ACCEPT.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..machine.errors import ECONNREFUSED
from ..network.node import Node
from ..network.packets import ACK, RST, SYN, Packet, Segment
from .filtering import segment
from .protocol import EVERYTHING
from .tcp_acknowledging import STAMP, hurry
from .tcp_connection import Connection, comes_from_afar, is_slow
from .tcp_ending import Ends
from .tcp_output import Output, announced
from .tcp_states import SYN_ACK_COMES, SYN_COMES, SYN_RECEIVED
from .tcp_window import established

LONGEST_DELAY = 0.2  # seconds that the acknowledgement of the SYN may wait for data
BESIDE = 512  # bytes that a segment takes beside its data: Linux's MAX_TCP_HEADER and the rest


@lru_cache
def room_for_segments(size: int) -> int:
    """The send buffer of a connection whose segments have *size* bytes of data: 30 of them.

    Each with its headers and what Linux keeps beside it takes a power of two, and 256 bytes.

    >>> room_for_segments(536), room_for_segments(65483)
    (69120, 3939840)
    """
    return 30 * ((1 << (size + STAMP + BESIDE - 1).bit_length()) + 256)


class Handshake(Ends):
    """Takes SYNs and what answers them.  `find_listener` says who listens where one arrives."""

    output: Output
    node: Node
    find_listener: Callable[[str, int, tuple[str, int]], Any]

    # CLOSED and LISTEN: RFC 9293 3.10.7.1 and 3.10.7.2

    def no_connection(self, packet: Packet, s: Segment) -> None:
        """A segment of no connection: a SYN begins one where somebody listens.

        Any other is refused: this end does not know what the other end is half open to.

        Source: RFC 9293 3.10.7.1, 3.10.7.2, 3.5.1.
        """
        so = self.find_listener(packet.destination, s.destination, (packet.source, s.source))
        if comes_from_afar(so, packet) or segment(so, packet) is None:
            return
        if so is None or s.flags & (RST | ACK):
            self.output.refuse(packet)
        elif s.flags & SYN and not so.queue.is_full():
            self._begin(so, packet, s)

    def _begin(self, so: Any, packet: Packet, s: Segment) -> None:
        """Answer a SYN: a connection that is not completed yet joins the queue."""
        c = Connection()
        c.key = packet.destination, s.destination, packet.source, s.source
        c.listener = so
        c.state = SYN_RECEIVED
        c.bare_in = 1
        c.cookie = so.queue.needs_cookie()
        self._read_syn(c, s)
        c.iss = c.snd_una = self.output.initial_sequence()
        self.table[c.key] = c
        so.queue.incomplete[c] = None
        self.output.synchronize(c, SYN | ACK)

    @staticmethod
    def _read_syn(c: Connection, s: Segment) -> None:
        """What a SYN says of the peer: where it begins, its window, its largest segment."""
        c.rcv_nxt = s.sequence + 1
        c.advertised += c.rcv_nxt - c.told
        c.told = c.rcv_nxt
        most = announced(c.so or c.listener, c.remote_address)
        c.fit(min(s.maximum or 536, most))  # RFC 9293 3.7.1
        c.shown(s.window)

    # SYN-SENT: RFC 9293 3.10.7.3

    def syn_sent(self, c: Connection, s: Segment) -> None:
        """What answers our SYN: a reset, SYN and ACK, or the peer's own SYN (RFC 9293 3.10.7.3)."""
        acceptable = s.flags & ACK and c.snd_una < s.acknowledgement <= c.snd_nxt
        if s.flags & ACK and not acceptable:
            if not s.flags & RST:
                self.output.segment(c, RST, sequence=s.acknowledgement)
            return
        if s.flags & RST:
            if acceptable:
                self.finish(c, ECONNREFUSED)
            return
        if not s.flags & SYN:
            return
        self._read_syn(c, s)
        if acceptable:
            c.snd_una = s.acknowledgement
            c.go(SYN_ACK_COMES)
            self.established(c)
            if c.answers or c.so.options.get("TCP_DEFER_ACCEPT"):  # its data brings the ACK
                c.answers, c.heard = False, self.output.node.host.clock.now
                hurry(c)
                self.output.acknowledge_within(c, LONGEST_DELAY)
            else:
                self.output.acknowledge(c)
        else:  # both ends have called: simultaneous open
            c.go(SYN_COMES)
            self.output.synchronize(c, SYN | ACK)

    def established(self, c: Connection) -> None:
        """The handshake is over: its timer, the fast path, sizes, keepalive."""
        self.output.measure(c)
        c.answered()
        established(c)
        other = self.table.get(c.peer_key)
        if isinstance(other, Connection) and other.state == c.state and other.so is not None:
            c.peer, other.peer = other, c  # both ends are here: the fast path is open
        self.settle(c)

    def settle(self, c: Connection) -> None:
        """A connection begins: its socket may write, keepalive begins."""
        so, settings = c.so, self.output.settings
        if so.send_size == settings.tcp_write_default and "SO_SNDBUF" not in so.options:
            so.send_size = min(settings.tcp_write_connected, room_for_segments(c.mss))
        if so.options:
            c.slow = is_slow(so)
            self.output.keep_alive(c)
        if so.waiters:
            so.wake(EVERYTHING)

    def complete(self, c: Connection, s: Segment) -> bool:
        """The handshake of a connection that was listened for ends; False if it has to wait."""
        listener = c.listener
        if listener.queue.is_full() or (c.retries < c.deferral and not s.length):
            return False
        del listener.queue.incomplete[c]
        c.listener = None
        listener.new_connection(c)
        return True
