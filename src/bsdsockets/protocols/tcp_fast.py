"""TCP's fast path: what segments would do, done at once.

While both ends of a connection are on this host, established, and nobody watches or
disturbs the link between them, the segments of a handshake, of data and of a close have one
outcome.  It is written down here; anything else goes by segments.

    link.plain?  meet: SYN, SYN+ACK, ACK     deliver: data, ACK at once or late     part: FIN

May not know: calls.

Sources: those of `tcp_input`, whose effects these are.
"""

from operator import attrgetter
from typing import Any

from .protocol import ARRIVED, EVERYTHING, RECEIVE, WRITABLE
from .tcp_acknowledging import DELAY, STAMP, arrived, at_once, replied, told
from .tcp_connection import MOST, Connection, TimeWait, is_slow
from .tcp_ending import TWO_MSL
from .tcp_input import Input
from .tcp_output import announced
from .tcp_states import CLOSE_WAIT, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT
from .tcp_window import begin, established, keep, shares

SIZES = frozenset({"SO_RCVBUF", "TCP_MAXSEG", "TCP_WINDOW_CLAMP"})
WINDOWS = attrgetter("clamp", "scale", "reach", "stride", "mss", "longest", "snd_wnd")


class FastPath:
    """The shortcuts.  Each returns False where segments are needed."""

    def __init__(self, incoming: Input) -> None:
        self.input = incoming
        self.output = incoming.output
        self.clock = incoming.clock
        self.link = incoming.node.loopback
        self.opened: dict[tuple[int, int, bool], tuple[Any, Any]] = {}

    def meet(self, c: Connection) -> bool:
        """The fast path of a handshake: what its three segments do; False if it needs them."""
        if not self.link.plain or c.answers:  # its ACK waits for data: `syn_sent`
            return False
        key = c.peer_key
        if key in self.output.table:
            return False
        address, port, remote, remote_port = key
        listener = self.input.find_listener(address, port, (remote, remote_port))
        if listener is None or listener.shutdown or listener.queue.is_full():
            return False
        if (listener.options and is_slow(listener)) or (c.so.options and is_slow(c.so)):
            return False
        child = Connection()
        child.key = key
        child.iss = self.output.initial_sequence()
        c.snd_una = c.snd_nxt = child.rcv_nxt = c.iss + 1
        child.snd_una = child.snd_nxt = c.rcv_nxt = child.iss + 1
        self.output.table[key] = child
        listener.new_connection(child)
        c.state = child.state = ESTABLISHED
        c.peer, child.peer = child, c
        c.bare_in, c.bare_out, child.bare_in = 1, 2, 2
        self._open(c, child, listener)
        self.input.settle(c)
        self.input.settle(child)
        return True

    def _open(self, c: Connection, child: Connection, listener: Any) -> None:
        """Windows and sizes of segments: alike where no option of `SIZES` is set."""
        key = c.so.receive_size, child.so.receive_size, ":" in c.key[2]
        plain = SIZES.isdisjoint(c.so.options) and SIZES.isdisjoint(listener.options)
        known = self.opened.get(key) if plain else None
        if known is None:
            most, other = (announced(so, c.remote_address) for so in (c.so, listener))
            c.mss = child.mss = min(most, other)
            begin(c, most, most + STAMP)
            begin(child, other, other)
            established(c)
            established(child)
            told(c)
            c.shown(min(child.offered, MOST))
            child.shown(c.offered)
            if plain:
                self.opened[key] = WINDOWS(c), WINDOWS(child)
            return
        c.clamp, c.scale, c.reach, c.stride, c.mss, c.longest, c.snd_wnd = known[0]
        (child.clamp, child.scale, child.reach, child.stride, child.mss, child.longest,
         child.snd_wnd) = known[1]
        c.greatest, child.greatest = c.snd_wnd, child.snd_wnd
        c.told, child.told = c.rcv_nxt, child.rcv_nxt
        c.advertised, child.advertised = c.told + child.snd_wnd, child.told + c.snd_wnd

    def part(self, c: Connection) -> bool:
        """The fast path of a close: what the FIN and its acknowledgement do.

        False if segments are needed: something waits to be sent, or somebody watches.
        """
        if c.slow or not self.link.plain or (c.out is not None and c.unsent):
            return False
        peer = c.peer
        if peer is None:
            return self._part_second(c)
        if peer is c or peer.slow or (peer.out is not None and peer.unsent):
            return False
        if c.owes:
            self.acknowledge(c, peer)
        self.leave(c)
        c.state = FIN_WAIT_1
        c.fin_sent = c.fin_wanted = True
        c.snd_nxt += 1
        c.bare_out += 1
        peer.bare_in += 1
        peer.rcv_nxt += 1
        peer.received += 1
        peer.state = CLOSE_WAIT
        peer.answers = True
        peer.so.done = True
        peer.end_waits = not shares(peer)
        peer.so.shut(RECEIVE, EVERYTHING)
        peer.owes = True
        self.output.acknowledge_in_time(peer)
        return True

    def _part_second(self, c: Connection) -> bool:
        """The same where the other end has closed before; the FIN brings what it waits for."""
        other = self.output.table.get(c.peer_key)
        if isinstance(other, TimeWait) and other.state == FIN_WAIT_2:
            other.rcv_nxt += 1
            self.input.time_wait(other)
        elif isinstance(other, Connection) and other.state == FIN_WAIT_1 and other.so.dead and (
                not other.unsent and c.rcv_nxt == other.snd_nxt and not c.sent):
            other.rcv_nxt += 1
            self.input.remain(other, TIME_WAIT, TWO_MSL)
        else:
            return False
        self.input.finish(c, 0)
        return True

    def leave(self, c: Connection) -> None:
        """Go by segments from now on."""
        peer, c.peer = c.peer, None
        if peer is not None:
            peer.peer = None

    def deliver(self, c: Connection, peer: Connection, data: bytes, size: int) -> int:
        """The fast path: what segments do, and their acknowledgement, which may be late."""
        now = self.clock.now
        if c.owes or c.advertised - c.rcv_nxt <= c.reach:
            self.acknowledge(c, peer)
        if not c.answers:
            replied(c, now)
        c.snd_nxt += size
        so = peer.so
        buffer = so.buffer
        for part in (data,) if size <= c.longest else self._cut(data, size, c.longest):
            length = len(part)
            if buffer.chunks:
                keep(peer, part)
                peer.rcv_nxt += length
            else:
                buffer.append(part)
                peer.rcv_nxt = peer.shared = peer.rcv_nxt + length
                peer.parts = 0
            peer.received += length
            peer.segments_in += 1
            c.segments_out += 1
            arrived(peer, length, True, now)
            if (not peer.answers or peer.rcv_nxt - peer.told > peer.usual) and at_once(peer):
                told(peer)
                peer.bare_out += 1
                c.bare_in += 1
        if size == buffer.length:
            buffer.whole = data
        if peer.told > c.snd_una:
            c.snd_una = peer.told
            c.shown(peer.offered)
            data = data[c.snd_una - c.snd_nxt:]
        if peer.owes:
            self._hold(c, peer, data)
        if so.waiters:
            so.wake(ARRIVED)
        return size

    @staticmethod
    def _cut(data: bytes, size: int, one: int) -> list[memoryview]:
        """What *data* is in segments of at most *one* bytes each."""
        view = memoryview(data)
        return [view[place:place + one] for place in range(0, size, one)]

    def _hold(self, c: Connection, peer: Connection, data: bytes) -> None:
        """Keep *data*, which has come, until it is acknowledged, if need be when that is due."""
        if c.out is None:
            self.output.queue(c, data)
        else:
            c.out.append(data)
        c.sent = size = len(data)
        c.flights = (c.snd_nxt,)
        if size % c.longest:
            c.small = c.snd_nxt
        if peer.due is None:
            self.output.acknowledge_within(peer, DELAY)

    @staticmethod
    def acknowledge(c: Connection, peer: Connection) -> None:
        """What an acknowledgement by *c* does, of all that has come."""
        told(c)
        window = c.advertised - c.told
        if window >> c.scale > MOST:
            window = c.offered
        peer.snd_wnd = window
        if window > peer.greatest:
            peer.shown(window)
        if peer.sent and peer.out is not None:
            peer.out.clear()
            peer.snd_una, peer.sent, peer.flights = peer.snd_nxt, 0, ()
            if peer.full:
                peer.full = False
                peer.so.wake(WRITABLE)
