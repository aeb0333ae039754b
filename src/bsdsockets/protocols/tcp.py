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

from ..machine.constants import AF_INET, IPPROTO_TCP
from ..machine.errors import (
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    EALREADY,
    ECONNABORTED,
    EINVAL,
    EISCONN,
    ENETUNREACH,
    ENOTCONN,
    fail,
)
from ..network.addresses import ANY4, is_any, is_mapped, unmap
from ..network.node import Node
from ..network.packets import SYN
from .buffers import StreamBuffer
from .icmp import IcmpErrors
from .internet import InternetAddress
from .ip_control import PLAIN, check_source
from .ports import PLACE_HOLDER, Ports, covers, one_of
from .protocol import CONNECTED, CONNECTING, DISCONNECTING, READABLE, UNCONNECTED, WRITABLE
from .tcp_acknowledging import opens, read
from .tcp_closing import TcpClosing
from .tcp_connection import LOSING, SLOW, UNANSWERED, Connection, TimeWait, is_slow
from .tcp_fast import FastPath
from .tcp_input import Input
from .tcp_output import Output, assumed
from .tcp_states import (
    ACTIVE_OPEN,
    CLOSE_WAIT,
    CLOSED,
    ESTABLISHED,
    LISTEN,
    PASSIVE_OPEN,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
)
from .tcp_window import limit, overfull

MOST_WAYS = 4096  # that are kept
NOT_INHERITED6 = frozenset({"SO_PRIORITY", "TCP_DEFER_ACCEPT", "TCP_FASTOPEN"})
NOT_INHERITED4 = NOT_INHERITED6 | {"IPV6_HOPOPTS", "IPV6_DSTOPTS", "IPV6_RTHDRDSTOPTS"}


class Tcp(TcpClosing):
    """TCP of one host."""

    connection_based = True
    name_of = "tcp"

    def __init__(self, node: Node, errors: IcmpErrors) -> None:
        super().__init__(node, Ports(node.host, listening_matters=True))
        self.listeners: dict[int, list[Any]] = {}
        self.output = Output(node)
        self.input = Input(self.output, self.ports, self._find_listener)
        self.fast = FastPath(self.input)
        self.link = node.loopback
        node.register(IPPROTO_TCP, self.input.receive)
        errors.register(IPPROTO_TCP, self.input.unreachable)

    def attach(self, so: Any) -> None:
        """Make what is kept for a new socket: a connection in CLOSED, and the buffers' sizes."""
        if so.pcb is None:  # and not the end of a connection that came
            so.pcb = Connection(so)
        so.buffer = StreamBuffer()
        so.receive_size = self.host.settings.tcp_read_default
        so.send_size = self.host.settings.tcp_write_default

    # Listening

    def is_active(self, so: Any) -> bool:
        """True in every state but CLOSED: bind() then fails with EINVAL."""
        return so.pcb.state != CLOSED

    def listen(self, so: Any, backlog: int) -> None:
        """Take connections, or change the backlog of a socket that does: a passive OPEN.

        EINVAL
            The socket is connected, or on its way there.
        EADDRINUSE
            Another socket listens at the port, or no port is free.

        Source: POSIX.1-2024 listen(); RFC 9293 3.10.1; Linux ``inet_csk_listen_start``.
        """
        c = so.pcb
        if so.state != UNCONNECTED or c.state not in (CLOSED, LISTEN):
            fail(EINVAL)
        if c.state == LISTEN:
            so.queue.set_backlog(backlog)
            return
        so.listening = True
        try:
            if so.port:
                self.ports.check(so, so.port)
            self.autobind(so)
        except OSError:
            so.listening = False
            raise
        so.start_queue(backlog)
        c.answers = False
        c.go(PASSIVE_OPEN)
        self.listeners.setdefault(so.port, []).insert(0, so)

    def _find_listener(self, address: str, port: int, peer: tuple[str, int]) -> Any:
        """The socket that listens at *address* and *port*: the most exact one, then the newest.

        Of several that share the port by SO_REUSEPORT the one that a hash with *peer* names.
        """
        listeners = self.listeners.get(port, ())
        if len(listeners) == 1:
            return listeners[0] if covers(listeners[0], address) else None
        group: list[Any] = []
        best, best_score = None, 0
        for so in listeners:
            if not covers(so, address):
                continue
            score = 1 + 4 * (not is_any(so.bound_address)) + (so.family == AF_INET) + bool(
                so.options.get("SO_BINDTODEVICE"))
            if score > best_score:
                best, best_score, group = so, score, []
            if score == best_score and so.options.get("SO_REUSEPORT"):
                group.append(so)
        return one_of(group, address, port, *peer) if len(group) > 1 else best

    def accept(self, so: Any) -> Any:
        """Take the oldest connection that is completed; None while there is none.

        Waits for POLLIN, which `ready` says while one is there.  The result is a socket that
        `inherit` has made when the handshake ended.

        EINVAL
            The socket does not listen.

        Differs: a connection that was reset is taken all the same; the BSDs say ECONNABORTED.
        Source: POSIX.1-2024 accept(); Linux ``inet_csk_accept``.
        """
        return so.queue.take() if so.queue is not None else fail(EINVAL)

    def inherit(self, so: Any, child: Any, pcb: Connection) -> None:
        """Make *child* the socket of the connection *pcb* that came to *so*.

        It has the options of *so*, those of listening and SO_PRIORITY apart, and its own addresses;
        over IPv4 no headers of IPv6.

        Source: Linux ``tcp_v4_syn_recv_sock``, ``inet_csk_clone_lock``.
        """
        child.pcb = pcb
        pcb.so = child
        pcb.passive = True
        pcb.answers = so.pcb.answers
        child.shutdown = so.shutdown
        child.bound_address = self.dressed(so, pcb.key[0])
        child.port = child.shown_port = pcb.key[1]
        if child.options:
            left = NOT_INHERITED6 if ":" in pcb.key[2] else NOT_INHERITED4
            for option in left.intersection(child.options):
                del child.options[option]
        child.explicit_port = so.explicit_port
        self.ports.add(child, child.port)

    # Connecting

    def connect(self, so: Any, address: InternetAddress, wait: bool) -> bool | None:
        """Begin a connection, or say how the one that was begun stands (an active OPEN).

        EISCONN
            The socket is connected.
        EINVAL
            It was shut down on its way there.
        EISCONN
            It listens.
        EALREADY
            The handshake goes on, and the call may not *wait*.
        ECONNREFUSED, ETIMEDOUT, ECONNABORTED
            How the handshake ended: the pending error, or that it has been told already.
        ENETUNREACH
            There is no route to the address, or it is a group's.
        EINVAL
            The address is local to a link of IPv6, and none is named.
        EAFNOSUPPORT
            It is one of IPv6, and the socket is bound to one of IPv4.
        EADDRNOTAVAIL
            The connection with these four names exists, or no port is free.

        Source: POSIX.1-2024 connect(); RFC 9293 3.9.1.1, 3.10.1; Linux
        ``__inet_stream_connect``, ``tcp_v4_connect``, ``tcp_v6_connect``.
        """
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
        if c.state in (SYN_SENT, SYN_RECEIVED) and not wait:
            fail(EALREADY)
        return self.connected(so)

    def connected(self, so: Any) -> bool | None:
        """What connect() finds when it looks again: None while the handshake goes on.

        The pending error, or ECONNABORTED
            The handshake has failed.  The socket can connect again: POSIX leaves that open.

        Source: POSIX.1-2024 connect(); Linux ``__inet_stream_connect``.
        """
        c = so.pcb
        if c.state in (SYN_SENT, SYN_RECEIVED):
            return None
        if c.state == CLOSED:
            failure = so.take_error() or ECONNABORTED
            so.state = UNCONNECTED
            self._disconnect(so)
            so.wake(-1)
            fail(failure)
        so.state = CONNECTED
        return True

    def _call(self, so: Any, address: InternetAddress) -> None:
        """Send the SYN: choose the addresses and the port, enter SYN-SENT."""
        remote, source, nowhere = self._way(so, address)
        port = so.shown_port = so.port or self.ports.port_for_connection(
            so, lambda port: self._usable((source, port, remote, address.port)))
        key = (source, port, remote, address.port)
        old = self.output.table.get(key)
        if old is not None:
            if not isinstance(old, TimeWait):
                if so.explicit_address:
                    so.bound_address = self.dressed(so, source)  # Linux has chosen it by then
                fail(EADDRNOTAVAIL)
            self.input.end(old)
        if not so.port:
            so.port = port
            self.ports.add(so, port, chosen=True)
        so.bound_address = self.dressed(so, source)
        so.done, so.error = False, 0
        c = so.pcb
        c.astray = 2 * bool(c.astray) if ":" in remote else 1
        c.key = key
        c.lost, c.leap = (0, 0), UNANSWERED
        c.fit(assumed(so, remote))
        c.iss = c.snd_una = self.output.initial_sequence()
        self.output.table[key] = c
        so.state = CONNECTING
        c.nowhere = nowhere
        if so.shutdown or c.astray > 1 or c.nowhere or not self.fast.meet(c):
            c.go(ACTIVE_OPEN)
            self.output.synchronize(c, SYN)

    def _way(self, so: Any, address: InternetAddress) -> tuple[str, str, bool]:
        """The address to call and the one to call from, and whether one is another host's.

        What was found for one socket is so for all that nobody has bound or given options.
        """
        ways = self.node.ways
        key = None if so.options or so.explicit_address else (
            so.bound_address, address.address)
        way: tuple[str, str, bool] | None = ways.get(key)
        if way is None:
            remote, source = self._checked_way(so, address)
            way = remote, source, "remote" in (self.node.kind(source), self.node.kind(remote))
            if key is not None and not so.options and len(ways) < MOST_WAYS:
                ways[key] = way
        return way

    def _checked_way(self, so: Any, address: InternetAddress) -> tuple[str, str]:
        """The same, found step by step."""
        local = so.bound_address
        remote = self.wire(so, address.address)
        if ":" not in remote:
            so.pcb.astray = 0  # also where it fails below
            if is_mapped(local) or self.node.kind(local) == "remote":
                check_source(so, PLAIN._replace(source=unmap(local)))
        if self.node.kind(remote) in ("multicast", "broadcast"):
            fail(ENETUNREACH)
        self.check_scope(so, address)
        return remote, self._source_for(so, remote)

    def _source_for(self, so: Any, remote: str) -> str:
        """The source address of a connection to *remote*; none for one by SO_BINDTODEVICE alone."""
        self.check_device(so, remote)
        local, four = so.bound_address, ":" not in remote
        nowhere = four and so.options.get("SO_BINDTODEVICE") and self.node.kind(remote) == "remote"
        source = ANY4 if nowhere else self.node.source_for(remote, not is_any(local))
        if is_mapped(local) and not four:
            fail(EAFNOSUPPORT)
        if so.explicit_address and ":" in unmap(local) and four and not is_any(local):
            return PLACE_HOLDER  # what it has beside its address of IPv6
        return self.own_source(so, 4 if four else 6) or source

    def _usable(self, key: Any) -> bool:
        """True if there may be a connection *key*: there is none, or it has ended a second ago.

        A port that Linux chooses can then have the same peer again; who has a port already need
        not wait.  Source: RFC 6191; Linux ``tcp_twsk_unique``.
        """
        old = self.output.table.get(key)
        return old is None or (isinstance(old, TimeWait) and old.state == TIME_WAIT
                               and self.host.clock.now - old.since >= 1.0)

    def option_changed(self, so: Any, option: str) -> None:
        """Do what an option asks for at once.

        TCP_CORK off and TCP_NODELAY on send what waits; SO_KEEPALIVE and TCP_KEEPIDLE begin or
        end the timer; TCP_NOTSENT_LOWAT wakes who waits for POLLOUT, and SO_RCVLOWAT who waits for
        POLLIN, if there is enough now; TCP_WINDOW_CLAMP limits the window, TCP_QUICKACK
        acknowledges; others end the fast path.

        Source: tcp(7); Linux ``do_tcp_setsockopt``.
        """
        c = so.pcb
        c.open = 0
        if option in SLOW:
            c.slow = is_slow(so)
        full = option in ("SO_RCVBUF", "SO_RCVBUFFORCE") and c.peer is not None and (
            overfull(c) or c.window() > so.receive_size)
        if full or option in LOSING:  # what is on its way may be lost
            self.fast.leave(c)
        if option == "TCP_QUICKACK":
            self._quick(c, so.options.pop(option))
        elif c.unsent and (option, so.options.get(option)) in (("TCP_CORK", 0), ("TCP_NODELAY", 1)):
            self.output.calls(c)
            self.output.push(c, all_of_it=bool(so.options.get("TCP_NODELAY")))
        elif option == "TCP_WINDOW_CLAMP" and c.state in (CLOSED, LISTEN):
            c.clamp = so.options[option]
        elif option == "TCP_WINDOW_CLAMP":
            limit(c, so.options.pop(option))
        elif option == "TCP_NOTSENT_LOWAT":
            so.wake(WRITABLE)
        elif option == "SO_RCVLOWAT":
            so.wake(self._ready_data(so, c) & READABLE)
        elif option in ("SO_KEEPALIVE", "TCP_KEEPIDLE"):
            self.output.keep_alive(c)

    def _quick(self, c: Connection, value: int) -> None:
        """TCP_QUICKACK: 0 acknowledges late, 1 now and at once, other even numbers now alone."""
        c.answers = not value
        if value and c.owes and c.state in (ESTABLISHED, CLOSE_WAIT):
            c.pushed = max(c.pushed, 1)
            if read(c, 1) or opens(c):
                self._acknowledge(c)
            c.answers = not value & 1

    # Names

    def peer(self, so: Any) -> InternetAddress:
        """The other end's address and port.

        ENOTCONN
            There is no connection: never one, not yet (SYN-SENT), or no longer.

        Source: POSIX.1-2024 getpeername(); Linux ``inet_getname``.
        """
        c = so.pcb
        if not c.remote_port or c.state in (CLOSED, SYN_SENT):
            fail(ENOTCONN)
        return InternetAddress(self.dressed(so, c.remote_address), c.remote_port)

    def accepted_peer(self, so: Any) -> InternetAddress:
        """The peer's address for accept(), also of a connection that was reset while it waited."""
        c = so.pcb
        return InternetAddress(self.dressed(so, c.remote_address), c.remote_port)
