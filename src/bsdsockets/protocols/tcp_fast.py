"""TCP's fast path: what segments would do, done at once.

While both ends of a connection are on this host, established, and nobody watches or
disturbs the link between them, the segments of a handshake, of data and of a close have one
outcome.  It is written down here; anything else goes by segments.

    link.plain?  meet: SYN, SYN+ACK, ACK     deliver: data, ACK at once or late     part: FIN

May not know: calls.

Sources: those of `tcp_input`, whose effects these are.
"""

from .protocol import ARRIVED, EVERYTHING, RECEIVE, WRITABLE
from .tcp_acknowledging import DELAY, arrived, at_once, replied, told
from .tcp_connection import SYN_WINDOW6, Connection, TimeWait, is_slow
from .tcp_ending import TWO_MSL
from .tcp_input import Input
from .tcp_output import announced
from .tcp_states import CLOSE_WAIT, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT

HALF = SYN_WINDOW6 // 2  # bytes: the least that `longest` is, but for TCP_MAXSEG


class FastPath:
    """The shortcuts.  Each returns False where segments are needed."""

    def __init__(self, incoming: Input) -> None:
        self.input = incoming
        self.output = incoming.output
        self.clock = incoming.clock
        self.link = incoming.node.loopback

    def meet(self, c: Connection) -> bool:
        """The fast path of a handshake: what its three segments do; False if it needs them."""
        if not self.link.plain:
            return False
        key = c.peer_key
        if key in self.output.table:
            return False
        listener = self.input.find_listener(
            c.remote_address, c.remote_port, (c.local_address, c.local_port))
        if listener is None or listener.shutdown or listener.queue.is_full():
            return False
        if is_slow(listener) or is_slow(c.so):
            return False
        child = Connection()
        child.local_address, child.local_port, child.remote_address, child.remote_port = key
        child.iss = self.output.initial_sequence()
        c.snd_una = c.snd_nxt = child.rcv_nxt = c.iss + 1
        child.snd_una = child.snd_nxt = c.rcv_nxt = child.iss + 1
        c.told, child.told = c.rcv_nxt, child.rcv_nxt
        c.mss = child.mss = min(announced(c.so), announced(listener))
        self.output.table[key] = child
        listener.new_connection(child)
        c.state = child.state = ESTABLISHED
        c.peer, child.peer = child, c
        self._open_windows(c, child)
        self.input.settle(c)
        self.input.settle(child)
        return True

    @staticmethod
    def _open_windows(c: Connection, peer: Connection) -> None:
        """Each end knows the other's room, as if it had just been told."""
        peer.snd_wnd, c.snd_wnd = c.window() + peer.sent, peer.window() + c.sent
        for end in c, peer:
            end.advertised = end.rcv_nxt + end.window()

    def part(self, c: Connection) -> bool:
        """The fast path of a close: what the FIN and its acknowledgement do.

        False if segments are needed: something waits to be sent, or somebody watches.
        """
        if c.unsent or c.slow or not self.link.plain:
            return False
        peer = c.peer
        if peer is None:
            return self._part_second(c)
        if peer is c or peer.unsent or peer.slow:
            return False
        if c.owes:
            self.acknowledge(c, peer)
        self.leave(c)
        c.state = FIN_WAIT_1
        c.fin_sent = c.fin_wanted = True
        c.snd_nxt += 1
        peer.rcv_nxt += 1
        peer.received += 1
        peer.state = CLOSE_WAIT
        peer.answers = True
        peer.so.done = True
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
            self._open_windows(c, peer)

    def deliver(self, c: Connection, peer: Connection, data: bytes, size: int, room: int) -> int:
        """The fast path: what a segment does, and its acknowledgement, which may be late."""
        receiver = peer.so
        now = self.clock.now
        if c.owes:
            self.acknowledge(c, peer)
        if not c.answers:
            replied(c, now)
        receiver.buffer.append(data)
        c.snd_nxt += size
        c.snd_wnd = room - size
        peer.rcv_nxt += size
        peer.received += size
        c.segments_out += 1
        peer.segments_in += 1
        arrived(peer, size if size < HALF else c.longest, True, now)
        if at_once(peer):
            c.snd_una = c.snd_nxt
            told(peer)
        else:
            self._hold(c, peer, data, size)
        if receiver.waiters:
            receiver.wake(ARRIVED)
        return size

    def _hold(self, c: Connection, peer: Connection, data: bytes, size: int) -> None:
        """Keep *data*, which has come, until it is acknowledged, if need be when that is due."""
        self.output.queue(c, data)
        c.sent, c.flying = size, 1
        c.snd_wnd += size
        if size < HALF or size % c.longest:
            c.small = c.snd_nxt
        self.output.acknowledge_within(peer, DELAY)

    @staticmethod
    def acknowledge(c: Connection, peer: Connection) -> None:
        """What an acknowledgement by *c* does, of all that has come."""
        told(c)
        if peer.sent and peer.out is not None:
            peer.out.clear()
            peer.snd_una, peer.sent, peer.flying = peer.snd_nxt, 0, 0
            if peer.full:
                peer.full = False
                peer.so.wake(WRITABLE)
