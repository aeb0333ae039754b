"""TCP: the verbs of a stream socket over IP.

    connect, send, shutdown, release --> tcp_output --> segments
    tcp_input --> so.buffer, so.queue, so.error --> receive, accept

While both ends are on this host, established, and nobody watches or disturbs the link,
`send` does at once what its segment and the acknowledgement would do: the *fast path*.
Anything else goes by segments.

May not know: descriptors, threads, time.

Sources: RFC 9293 3.9.1; Linux tcp(7), connect(2), listen(2), and the order of checks as
Linux 6.18 shows it.
"""

from typing import Any

from ..machine.constants import (
    IPPROTO_TCP,
    MSG_ERRQUEUE,
    MSG_MORE,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    MSG_WAITALL,
    POLLERR,
    POLLPRI,
    SO_LINGER,
    SO_OOBINLINE,
    SO_RCVLOWAT,
    SOL_SOCKET,
    TCP_QUICKACK,
)
from ..machine.errors import (
    EADDRINUSE,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    EAGAIN,
    EALREADY,
    ECONNABORTED,
    ECONNRESET,
    EINVAL,
    EISCONN,
    ENETUNREACH,
    ENOTCONN,
    EPIPE,
    fail,
)
from ..network.addresses import is_any, is_mapped
from ..network.node import Node
from ..network.packets import SYN, Packet, Segment
from .buffers import StreamBuffer
from .internet import Internet, InternetAddress
from .ip_control import check_control
from .ports import Ports, covers
from .protocol import (
    BOTH,
    CONNECTED,
    CONNECTING,
    DISCONNECTING,
    EVERYTHING,
    HANGUP,
    READ_HANGUP,
    READABLE,
    RECEIVE,
    SEND,
    UNCONNECTED,
    WRITABLE,
    Message,
)
from .tcp_connection import KEEPALIVE, NOT_THERE, READ, VALID, Connection, TimeWait
from .tcp_input import LATE, Input
from .tcp_output import CORK, MAXIMUM_SEGMENT, NODELAY, Output
from .tcp_states import (
    ABORT,
    ACTIVE_OPEN,
    CLOSE,
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    MAY_RECEIVE,
    MAY_SEND,
    PASSIVE_OPEN,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
)

LINGER = (SOL_SOCKET, SO_LINGER)
INLINE = (SOL_SOCKET, SO_OOBINLINE)
QUICK = (IPPROTO_TCP, TCP_QUICKACK)
LOW_WATER = (SOL_SOCKET, SO_RCVLOWAT)


class Tcp(Internet):
    """TCP of one host."""

    connection_based = True
    name_of = "tcp"

    def __init__(self, node: Node) -> None:
        super().__init__(node, Ports(node.host, listening_matters=True))
        self.listeners: dict[int, list[Any]] = {}
        self.output = Output(node)
        self.input = Input(self.output, self.ports, self._find_listener)
        self.link = node.loopback
        node.register(IPPROTO_TCP, self.input.receive)

    def attach(self, so: Any) -> None:
        so.pcb = Connection(so)
        so.buffer = StreamBuffer()
        so.receive_size = self.host.settings.tcp_read_default
        so.send_size = self.host.settings.tcp_write_default

    # Listening

    def is_active(self, so: Any) -> bool:
        return so.pcb.state != CLOSED

    def listen(self, so: Any, backlog: int) -> None:
        c = so.pcb
        if so.state != UNCONNECTED or c.state not in (CLOSED, LISTEN):
            fail(EINVAL)
        if c.state == LISTEN:
            so.queue.set_backlog(backlog)
            return
        so.listening = True
        try:
            if so.port:
                if self.ports.conflict(so, so.port):
                    fail(EADDRINUSE)
            else:
                so.port = so.shown_port = self.ports.claim(so, 0)
        except OSError:
            so.listening = False
            raise
        so.start_queue(backlog)
        c.go(PASSIVE_OPEN)
        self.listeners.setdefault(so.port, []).insert(0, so)

    def _find_listener(self, packet: Packet) -> Any:
        """The socket that listens where *packet* goes: the most exact one, then the newest."""
        best, best_score = None, 0
        for so in self.listeners.get(packet.payload.destination, ()):
            if not covers(so, packet.destination):
                continue
            score = 1 + 2 * (not is_any(so.bound_address)) + (so.family == 2)
            if score > best_score:
                best, best_score = so, score
        return best

    def _stop_listening(self, so: Any) -> None:
        """Abort what was never accepted."""
        so.listening = False
        self.listeners[so.port].remove(so)
        if not self.listeners[so.port]:
            del self.listeners[so.port]
        queue, so.queue = so.queue, None
        for c in tuple(queue.incomplete):
            c.stop_timers()
            self.output.table.pop(c.key, None)
        for child in queue.completed:
            child.dead = True
            self._abort(child)

    def accept(self, so: Any) -> Any:
        if so.queue is None:
            fail(EINVAL)
        return so.queue.take()

    def inherit(self, so: Any, child: Any, pcb: Connection) -> None:
        child.pcb = pcb
        pcb.so = child
        child.bound_address = self.dressed(so, pcb.local_address)
        child.port = child.shown_port = pcb.local_port
        child.explicit_port = so.explicit_port
        self.ports.add(child, child.port)

    # Connecting

    def connect(self, so: Any, address: InternetAddress, wait: bool) -> bool | None:
        c = so.pcb
        if so.state == CONNECTED:
            fail(EISCONN)
        if so.state == DISCONNECTING:
            fail(EINVAL)
        if so.state == UNCONNECTED:
            if c.state != CLOSED:
                fail(EISCONN)
            self._call(so, address)
            return None
        if c.state in (SYN_SENT, SYN_RECEIVED):
            if not wait:
                fail(EALREADY)
            return None
        return self.connected(so)

    def connected(self, so: Any) -> bool | None:
        """What connect() finds when it looks again: None while the handshake goes on."""
        c = so.pcb
        if c.state in (SYN_SENT, SYN_RECEIVED):
            return None
        if c.state == CLOSED:
            failure = so.take_error() or ECONNABORTED
            so.state = UNCONNECTED
            self._disconnect(so)
            fail(failure)
        so.state = CONNECTED
        return True

    def _call(self, so: Any, address: InternetAddress) -> None:
        """Send the SYN: choose the addresses and the port, enter SYN-SENT."""
        local = so.bound_address
        remote = self.wire(so, address.address)
        if is_mapped(local) and ":" in remote:
            fail(EAFNOSUPPORT)
        if self.node.kind(remote) in ("multicast", "broadcast"):
            fail(ENETUNREACH)
        source = self.node.source_for(remote)
        if not is_any(local):
            source = self.wire(so, local)
        c = Connection(so)
        c.local_address, c.remote_address, c.remote_port = source, remote, address.port
        port = so.port or self.ports.port_for_connection(
            lambda port: self._usable((source, port, remote, address.port), port))
        c.local_port = so.shown_port = port
        old = self.output.table.get(c.key)
        if old is not None:
            if not isinstance(old, TimeWait) or so.port and self._recent(old):
                fail(EADDRNOTAVAIL)
            self.input.end(old)
        if not so.port:
            so.port = port
            self.ports.add(so, port)
        so.bound_address = self.dressed(so, source)
        so.pcb = c
        so.done = False
        c.iss = c.snd_una = self.host.random.getrandbits(32)
        self.output.table[c.key] = c
        so.state = CONNECTING
        c.go(ACTIVE_OPEN)
        if not (self.link.plain and not so.shutdown and self._meet(c)):
            self.output.synchronize(c, SYN)

    def _meet(self, c: Connection) -> bool:
        """The fast path of a handshake: what its three segments do; False if it needs them."""
        ends = (c.remote_address, c.remote_port)
        if (*ends, c.local_address, c.local_port) in self.output.table:
            return False
        listener = self._find_listener(Packet(c.local_address, ends[0], IPPROTO_TCP, Segment(
            c.local_port, ends[1], 0, 0, SYN, 0)))
        if listener is None or listener.queue.is_full():
            return False
        child = Connection()
        child.local_address, child.local_port = ends
        child.remote_address, child.remote_port = c.local_address, c.local_port
        child.iss = self.host.random.getrandbits(32)
        c.snd_una = c.snd_nxt = child.rcv_nxt = c.iss + 1
        child.snd_una = child.snd_nxt = c.rcv_nxt = child.iss + 1
        c.mss = child.mss = MAXIMUM_SEGMENT
        self.output.table[child.key] = child
        listener.new_connection(child)
        c.state = child.state = ESTABLISHED
        c.snd_wnd, child.snd_wnd = child.window(), c.window()
        c.advertised, child.advertised = c.rcv_nxt + c.window(), child.rcv_nxt + child.window()
        self.input.established(c)
        self.input.established(child)
        return True

    def _part(self, c: Connection) -> bool:
        """The fast path of a close: what the FIN and its acknowledgement do.

        False if segments are needed: something waits to be sent, or somebody watches.
        """
        if c.out or not self.link.plain:
            return False
        peer = c.peer
        if peer is None:
            return self._part_second(c)
        if peer is c or peer.out:
            return False
        self._leave_fast_path(c)
        c.state = FIN_WAIT_2
        c.fin_sent = c.fin_wanted = True
        c.snd_una += 1
        c.snd_nxt += 1
        peer.rcv_nxt += 1
        peer.late = LATE
        peer.state = CLOSE_WAIT
        peer.so.done = True
        peer.so.shut(RECEIVE, READ_HANGUP)
        self.input.remain(c, FIN_WAIT_2, self.host.settings.tcp_fin_timeout)
        return True

    def _part_second(self, c: Connection) -> bool:
        """The same where the other end has closed before and left a remain in FIN-WAIT-2."""
        remains = self.output.table.get(
            (c.remote_address, c.remote_port, c.local_address, c.local_port))
        if not isinstance(remains, TimeWait) or remains.state != FIN_WAIT_2:
            return False
        remains.rcv_nxt += 1
        self.input.time_wait(remains)
        self.input.finish(c, 0)
        return True

    def _usable(self, key: Any, port: int) -> bool:
        """True if a connection may come from *port*: nobody bound it, and it is not this one."""
        old = self.output.table.get(key)
        if old is not None and not (isinstance(old, TimeWait) and not self._recent(old)):
            return False
        return all(isinstance(user, TimeWait) or not user.explicit_port
                   for user in self.ports.users[port])

    def _recent(self, remains: TimeWait) -> bool:
        """True within a second of the end, when a connection cannot be followed by the same."""
        return bool(self.host.clock.now - remains.since < 1.0)

    # Sending

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: Any = ()) -> int | None:
        c = so.pcb
        peer = c.peer
        if (peer is not None and not flags and not control and not so.shutdown and not so.error
                and not c.out and not c.hold and not peer.delayed and self.link.plain):
            room = peer.so.receive_size // 2 - peer.so.buffer.length
            size = len(data)
            if 0 < size <= room:
                return self._deliver(c, peer, data, size, room)
        return self._send_by_segments(so, c, data, flags, control)

    @staticmethod
    def _deliver(c: Connection, peer: Connection, data: bytes, size: int, room: int) -> int:
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
            receiver.wake(READABLE)
        return size

    def _send_by_segments(self, so: Any, c: Connection, data: bytes, flags: int,
                          control: Any) -> int | None:
        if c.state not in MAY_SEND:
            if so.error:
                so.fail_pending()
            if c.state not in (SYN_SENT, SYN_RECEIVED):
                fail(EPIPE)
            return None
        if control:
            check_control(control)
        if so.error or so.shutdown & SEND:
            failure = so.take_error()
            fail(failure or EPIPE)
        room = so.send_size // 2 + c.late - (len(c.out) if c.out is not None else 0)
        if room <= 0 and data:
            return None
        data = data[:room]
        if flags & MSG_OOB:
            c.urgent_out = c.snd_una + len(c.out or b"") + len(data)
        if data:
            self.output.queue(c, data)
        c.more = bool(flags & MSG_MORE)
        if c.peer is not None and not c.sent:
            c.snd_wnd = c.peer.window()
        self.output.push(c)
        return len(data)

    # Receiving

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        c = so.pcb
        buffer = so.buffer
        if buffer.length and not flags and not c.urgent_state:
            if not so.options or buffer.length >= so.options.get(LOW_WATER, 1):
                return self._taken(c, Message(buffer.take(count)))
        if flags & MSG_ERRQUEUE:
            fail(EAGAIN)
        if c.state == LISTEN:
            fail(ENOTCONN)
        if flags & MSG_OOB:
            return self._receive_urgent(so, flags)
        return self._receive_in_order(so, c, count, flags)

    def _receive_in_order(self, so: Any, c: Connection, count: int, flags: int) -> Message | None:
        buffer = so.buffer
        target = count if flags & MSG_WAITALL else min(so.options.get(LOW_WATER, 1), count)
        target = max(target, 1)
        if count == 0 and buffer.length:
            return Message(b"")
        limit, skip = self._before_urgent(so, c, count, flags)
        ended = so.error or so.shutdown & RECEIVE or c.state == CLOSED
        enough = min(buffer.length - skip, limit)
        if enough and (enough >= target or ended or limit < count):
            data = buffer.peek(limit, skip)
            if not flags & MSG_PEEK:
                buffer.drop(len(data))
            if flags & MSG_TRUNC and not flags & MSG_PEEK:
                data = bytes(len(data))
            return self._taken(c, Message(data))
        return None if enough else self._nothing(so, c)

    def _nothing(self, so: Any, c: Connection) -> Message | None:
        """There is no byte: the end, an error, or not yet."""
        if so.done:
            return Message(b"")
        if so.error:
            so.fail_pending()
        if so.shutdown & RECEIVE:
            return Message(b"")
        if c.state == CLOSED:
            fail(ENOTCONN)
        return None

    def _before_urgent(self, so: Any, c: Connection, count: int, flags: int) -> tuple[int, int]:
        """How many bytes one call may read, and how many it must skip to see them.

        It reads up to the urgent byte; the next call skips that, unless it is in line.
        """
        if c.urgent_state == NOT_THERE:
            return count, 0
        ahead = c.before_urgent
        if ahead < 0:
            if not flags & MSG_PEEK:
                c.urgent_state = NOT_THERE
            return count, 0
        if ahead > 0:
            return min(count, ahead), 0
        if so.options.get(INLINE) or not so.buffer.length:
            return count, 0
        if flags & MSG_PEEK:
            return count, 1
        so.buffer.drop(1)
        c.urgent_state = NOT_THERE
        return count, 0

    def _receive_urgent(self, so: Any, flags: int) -> Message | None:
        c = so.pcb
        if so.options.get(INLINE) or c.urgent_state in (NOT_THERE, READ):
            fail(EINVAL)
        if c.state == CLOSED and not so.done:
            fail(ENOTCONN)
        data = so.buffer.peek(1, c.before_urgent)
        if not flags & MSG_PEEK:
            c.urgent_state = READ
        return Message(data, flags=MSG_OOB)

    def _taken(self, c: Connection, message: Message) -> Message:
        """Bytes were read: tell the sender of the new window if it waits for it."""
        peer = c.peer
        if peer is None or peer.out:
            window = c.window()
            gap = c.rcv_nxt + window - c.advertised
            if c.state in MAY_RECEIVE and gap >= min(
                    c.mss, c.so.receive_size // 4):
                self.output.acknowledge(c)
        return message

    def may_go_on(self, so: Any) -> bool:
        c = so.pcb
        at_mark = c.urgent_state and c.before_urgent == 0
        return super().may_go_on(so) and c.state != CLOSED and not at_mark

    # Ending

    def shutdown(self, so: Any, how: int) -> None:
        c = so.pcb
        if so.state == CONNECTING:
            so.state = DISCONNECTING if c.state in (SYN_SENT, SYN_RECEIVED, CLOSED) else CONNECTED
        if c.state == LISTEN or c.state == SYN_SENT:
            if c.state == SYN_SENT or how & RECEIVE:
                self._disconnect(so)
                so.state = UNCONNECTED
            so.wake(EVERYTHING)
            return
        unconnected = c.state == CLOSED
        so.shutdown |= how
        if how & SEND and c.state in MAY_SEND:
            self._send_fin(c)
        so.wake(EVERYTHING)
        if unconnected:
            fail(ENOTCONN)

    def _send_fin(self, c: Connection) -> None:
        self._leave_fast_path(c)
        c.go(CLOSE)
        c.fin_wanted = True
        self.output.push(c)

    @staticmethod
    def _leave_fast_path(c: Connection) -> None:
        peer, c.peer = c.peer, None
        if peer is not None:
            peer.peer = None
            c.snd_wnd, peer.snd_wnd = peer.window(), c.window()
            c.advertised, peer.advertised = c.rcv_nxt + c.window(), peer.rcv_nxt + peer.window()

    def _disconnect(self, so: Any) -> None:
        """Forget the connection, with a reset where the peer must know (RFC 9293 ABORT)."""
        c = so.pcb
        state = c.state
        if state == LISTEN:
            self._stop_listening(so)
            c.go(ABORT)
        elif state != CLOSED:
            if state not in (SYN_SENT, TIME_WAIT, LAST_ACK, CLOSING):
                self.output.reset(c)
            self._forget(so)
            so.error = ECONNRESET
        if not so.explicit_port and so.port:
            self.ports.remove(so, so.port)
            so.port = 0
        so.buffer.clear()
        if not so.explicit_address:
            so.bound_address = self.any_address(so)
        so.pcb = Connection(so)
        so.shutdown = 0
        so.done = False
        so.wake(EVERYTHING)

    def _forget(self, so: Any) -> None:
        c = so.pcb
        self._leave_fast_path(c)
        c.stop_timers()
        if self.output.table.get(c.key) is c:  # and not what remains of it in TIME-WAIT
            del self.output.table[c.key]
        c.go(ABORT)

    def _abort(self, so: Any) -> None:
        """Reset the connection of a socket that nobody will use."""
        if so.pcb.state != CLOSED:
            self.output.reset(so.pcb)
            self._forget(so)
        self.ports.remove(so, so.pcb.local_port)

    def release(self, so: Any) -> None:
        c = so.pcb
        so.dead = True
        so.shutdown = BOTH
        linger = so.options.get(LINGER)
        if c.state == LISTEN:
            self._stop_listening(so)
            c.go(CLOSE)
            self.ports.remove(so, so.port)
        elif c.state in (CLOSED, SYN_SENT):
            self._forget(so)
            self.ports.remove(so, so.port)
        elif so.buffer.length or (linger and linger == (1, 0)):
            self._abort(so)
        elif c.state in (ESTABLISHED, CLOSE_WAIT, SYN_RECEIVED):
            if not self._part(c):
                self._send_fin(c)
        elif c.state == FIN_WAIT_2:
            self.input.remain(c, FIN_WAIT_2, self.host.settings.tcp_fin_timeout)

    def option_changed(self, so: Any, level: int, number: int) -> None:
        c = so.pcb
        if (level, number) == CORK:
            c.hold = bool(so.options[CORK])
            if not c.hold and c.unsent:
                self.output.push(c)
        elif (level, number) == QUICK:
            c.delayed = not so.options[QUICK]
        elif (level, number) == NODELAY and so.options[NODELAY] and c.unsent:
            self.output.push(c)
        elif (level, number) == KEEPALIVE:
            self.output.keep_alive(c)

    # Readiness and names

    def ready(self, so: Any) -> int:
        c = so.pcb
        if so.queue is not None:
            return READABLE if so.queue.completed else 0
        mask = 0
        if so.shutdown == BOTH or c.state == CLOSED:
            mask |= HANGUP
        if so.shutdown & RECEIVE:
            mask |= READ_HANGUP
        if c.state not in (SYN_SENT, SYN_RECEIVED):
            mask |= self._ready_data(so, c)
        if so.error:
            mask |= POLLERR
        return mask

    def _ready_data(self, so: Any, c: Connection) -> int:
        mask = 0
        length = so.buffer.length
        low = so.options.get(LOW_WATER, 1) if so.options else 1
        if c.urgent_state:
            if c.urgent_state == VALID:
                mask |= POLLPRI
            if c.before_urgent == 0 and not so.options.get(INLINE):
                low += 1
        if length >= low:
            mask |= READABLE
        used = len(c.out) if c.out is not None else 0
        if so.shutdown & SEND or used * 3 <= so.send_size:
            mask |= WRITABLE
        return mask

    def peer(self, so: Any) -> InternetAddress:
        c = so.pcb
        if not c.remote_port or c.state in (CLOSED, SYN_SENT):
            fail(ENOTCONN)
        return InternetAddress(self.dressed(so, c.remote_address), c.remote_port)

    def accepted_peer(self, so: Any) -> InternetAddress:
        c = so.pcb
        return InternetAddress(self.dressed(so, c.remote_address), c.remote_port)
