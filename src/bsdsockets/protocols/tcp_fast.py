"""TCP's fast path: what segments would do, done at once.

While both ends of a connection are on this host, established, and nobody watches or
disturbs the link between them, the segments of a handshake, of data and of a close have one
outcome.  It is written down here; anything else goes by segments.

    link.plain?  meet: SYN, SYN+ACK, ACK     deliver: data, ACK     part: FIN, ACK

May not know: calls.

Sources: those of `tcp_input`, whose effects these are.
"""

from .protocol import ARRIVED, EVERYTHING, RECEIVE
from .tcp_connection import Connection, TimeWait, is_slow
from .tcp_input import LATE, Input
from .tcp_output import announced
from .tcp_states import CLOSE_WAIT, ESTABLISHED, FIN_WAIT_2


class FastPath:
    """The shortcuts.  Each returns False where segments are needed."""

    def __init__(self, incoming: Input) -> None:
        self.input = incoming
        self.output = incoming.output
        self.node = incoming.node
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
        peer.snd_wnd, c.snd_wnd = c.window(), peer.window()
        c.advertised, peer.advertised = c.rcv_nxt + peer.snd_wnd, peer.rcv_nxt + c.snd_wnd

    def part(self, c: Connection) -> bool:
        """The fast path of a close: what the FIN and its acknowledgement do.

        False if segments are needed: something waits to be sent, or somebody watches.
        """
        if c.out or not self.link.plain:
            return False
        peer = c.peer
        if peer is None:
            return self._part_second(c)
        if peer is c or peer.out or peer.slow:
            return False
        self.leave(c)
        c.state = FIN_WAIT_2
        c.fin_sent = c.fin_wanted = True
        c.snd_una += 1
        c.snd_nxt += 1
        peer.rcv_nxt += 1
        peer.received += 1
        peer.late = LATE
        peer.state = CLOSE_WAIT
        peer.so.done = True
        peer.so.shut(RECEIVE, EVERYTHING)
        self.input.remain(c, FIN_WAIT_2, self.node.host.settings.tcp_fin_timeout)
        return True

    def _part_second(self, c: Connection) -> bool:
        """The same where the other end has closed before and left a remain in FIN-WAIT-2."""
        remains = self.output.table.get(c.peer_key)
        if not isinstance(remains, TimeWait) or remains.state != FIN_WAIT_2:
            return False
        remains.rcv_nxt += 1
        self.input.time_wait(remains)
        self.input.finish(c, 0)
        return True

    def leave(self, c: Connection) -> None:
        """Go by segments from now on."""
        peer, c.peer = c.peer, None
        if peer is not None:
            peer.peer = None
            self._open_windows(c, peer)

    @staticmethod
    def deliver(c: Connection, peer: Connection, data: bytes, size: int, room: int) -> int:
        """The fast path: what one segment and its acknowledgement do."""
        receiver = peer.so
        receiver.buffer.append(data)
        c.snd_una += size
        c.snd_nxt += size
        c.snd_wnd = room - size
        peer.rcv_nxt += size
        peer.received += size
        c.segments_out += 1
        peer.segments_in += 1
        if receiver.waiters:
            receiver.wake(ARRIVED)
        return size
