"""AX.25: frames between callsigns, and connections that carry records.

    connect:  SABM -------->          send:   I frames, at most 2 unacknowledged
              <-------- UA or DM              <-------- RR
    close:    DISC --------> UA       UI:     a datagram, seen by raw sockets too

A callsign's six letters are ASCII shifted left by one; the seventh byte is the number,
shifted, among flags.  In bind the first digipeater is the callsign of the interface.

A way by digipeaters goes into the frame; a frame that still is to be repeated is nobody's, and
nobody repeats here.

Left out: repeating, modulo 128, REJ and RNR, the timers but for the request's (T1), the table of
users' callsigns.

May not know: descriptors, threads.

Sources: *AX.25 Link Access Protocol for Amateur Packet Radio*, 2.2; <netax25/ax25.h>; Linux
ax25(4); the calls and frames as recorded on Linux 5.10 to 6.18
(docs/reference/families/ax25.md).
"""

from typing import Any

from ..machine.constants import (
    MSG_DONTWAIT,
    MSG_EOR,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_SEQPACKET,
)
from ..machine.errors import (
    EADDRINUSE,
    EADDRNOTAVAIL,
    ECONNREFUSED,
    EINPROGRESS,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENOTCONN,
    ENOTTY,
    EOPNOTSUPP,
    EPIPE,
    ETIMEDOUT,
    fail,
)
from ..machine.host import Host
from ..network.frames import ARPHRD_AX25, ETH_P_AX25, Frame, find, receive, send
from ..network.node import Interface, Node
from .ax25_frames import Ax25End, check, decode, header, pack, plain, read
from .ax25_settings import N2, PIDINCL, T1, WINDOW, get_option, set_option, setting
from .protocol import CONNECTED, CONNECTING, HANGUP, SEND, UNCONNECTED, WRITABLE_BAND, Message
from .records import CLOSED, INTERFACE_REQUESTS, OPEN, OPENING, TIOCINQ, TIOCOUTQ, Connections

SABM, UA, DISC, DM, UI, RR, POLL, MODULUS = 0x2F, 0x63, 0x43, 0x0F, 0x03, 0x01, 0x10, 8
NOBODY = b"\x40" * 6 + b"\0"


class Ax25(Connections):
    """The AX.25 sockets of one host."""

    name_of = "ax25"
    end = Ax25End
    refuses, tells_length = 0, False
    get_option, set_option = staticmethod(get_option), staticmethod(set_option)

    def __init__(self, host: Host, node: Node) -> None:
        self.host, self.node = host, node
        self.sockets: list[Any] = []  # the bound ones
        receive(node, ETH_P_AX25, self.arrive)

    # Names

    def bind(self, so: Any, address: bytes) -> None:
        """Take a callsign: an interface's own, or any one by way of an interface.

        EINVAL
            Not an address, or the socket is bound.
        EADDRNOTAVAIL
            No interface has the callsign, or that of the first digipeater.
        """
        call, ways = read(address, bind=True)
        if so.pcb.interface is not None:
            fail(EINVAL)
        so.pcb.own = call  # even where the bind fails
        port = ways[0] if len(ways) == 1 else call
        for interface in self.node.interfaces:
            if interface.hardware == ARPHRD_AX25 and plain(interface.address) == plain(port):
                so.pcb.interface = interface
                self.sockets.append(so)
                return
        fail(EADDRNOTAVAIL)

    def name(self, so: Any) -> bytes:
        """The callsign, and that of its interface, zeros where there is none: 72 bytes."""
        interface = so.pcb.interface
        return pack(so.pcb.own or bytes(7), (interface.address if interface else NOBODY,))

    def peer(self, so: Any) -> bytes:
        """The other callsign and the way to it.

        ENOTCONN
            There is no connection.
        """
        if so.pcb.state != OPEN:
            fail(ENOTCONN)
        return pack(so.pcb.other, so.pcb.ways)

    # Connecting

    def listen(self, so: Any, backlog: int) -> None:
        """Take connections to the socket's callsign.

        EOPNOTSUPP
            Not SOCK_SEQPACKET, or the socket listens already.
        """
        if so.type != SOCK_SEQPACKET or so.queue is not None:
            fail(EOPNOTSUPP)
        so.start_queue(backlog)

    def accept(self, so: Any) -> Any:
        """Take a connection; waits for one.

        EINVAL
            The socket does not listen, or connect() was called.
        EOPNOTSUPP
            Not SOCK_SEQPACKET.
        """
        if so.state != UNCONNECTED:
            fail(EINVAL)
        if so.type != SOCK_SEQPACKET:
            fail(EOPNOTSUPP)
        return super().accept(so)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool | None:
        """Connect; a datagram socket only notes the callsign.

        Waits until the other end answers, N2 times T1 at most: 100 s.

        EISCONN, EINPROGRESS
            There is a connection, or one is being set up.
        EINVAL
            Not an address, more than 8 digipeaters, or the socket is not bound.
        EADDRINUSE
            These two callsigns are connected already.
        ECONNREFUSED, ETIMEDOUT
            The other end says no, or nothing.
        """
        end = so.pcb
        check(address)
        if so.state == CONNECTING:
            return self.asked_again(so, EINPROGRESS)
        if end.state == OPEN and so.type == SOCK_SEQPACKET:
            fail(EISCONN)
        so.state, end.state, end.ways = UNCONNECTED, CLOSED, ()
        self._listen_no_more(so)
        call, ways = read(address)
        if end.interface is None:
            fail(EINVAL)
        if so.type != SOCK_SEQPACKET:
            end.other, end.ways, end.state = call, ways, OPEN
            so.state = CONNECTED
            return True
        if self._find(end.own, call, end.interface) is not None:
            fail(EADDRINUSE)
        end.other, end.ways, end.state, end.tries = call, ways, OPENING, 0
        so.state = CONNECTING
        self._request(so)
        return None

    def _listen_no_more(self, so: Any) -> None:
        self.release_queue(so)
        so.queue, so.listening = None, False

    def _request(self, so: Any) -> None:
        """Ask for a connection, N2 times, every T1."""
        end = so.pcb
        if end.state != OPENING:
            return
        if end.tries == setting(so, N2):
            self.ended(so, SEND, ETIMEDOUT)
            return
        end.tries += 1
        self._send(so, SABM | POLL)
        end.timer = self.node.after(setting(so, T1), lambda: self._request(so))

    def _find(self, own: bytes, other: bytes, interface: Interface) -> Any:
        """The socket of the connection between two callsigns."""
        for so in self.sockets:
            end = so.pcb
            if (so.type == SOCK_SEQPACKET and end.state in (OPEN, OPENING) and end.interface
                    is interface and plain(end.own) == plain(own)
                    and plain(end.other) == plain(other)):
                return so
        return None

    # Frames

    def _send(self, so: Any, control: int, rest: bytes = b"", command: bool = True) -> None:
        end = so.pcb
        self._transmit(end.interface, end.other, end.own, control, rest, command, end.ways)

    @staticmethod
    def _transmit(interface: Interface, to: bytes, source: bytes, control: int, rest: bytes,
                  command: bool, ways: tuple[bytes, ...] = ()) -> None:
        head = header(to, source, ways, command)
        send(interface, ETH_P_AX25, b"\0" + head + bytes([control]) + rest, 0)

    def arrive(self, frame: Frame) -> None:
        """Give a frame to its connection, to datagram and raw sockets, or to a listener."""
        interface = find(self.node, frame.interface)
        found = decode(frame.data)
        if interface is None or found is None:
            return
        to, source, control, rest = found
        if control & ~POLL == UI:
            self._datagram(interface, to, source, rest)
            return
        so = self._find(to, source, interface)
        if so is not None:
            self._numbered(so, source, control, rest)
        elif control & ~POLL == SABM:
            self._called(interface, to, source)

    def _called(self, interface: Interface, to: bytes, source: bytes) -> None:
        """A request: a listener's new socket accepts it; at an interface's own, DM says no."""
        for so in self.sockets:
            if (so.queue is not None and plain(so.pcb.own) == plain(to)
                    and so.pcb.interface is interface):
                if so.queue.is_full():
                    return
                end = Ax25End()
                end.own, end.other, end.interface, end.state = to, source, interface, OPEN
                child = so.new_connection(end)
                self.sockets.append(child)
                self._send(child, UA | POLL, command=False)
                return
        if plain(interface.address) == plain(to):
            self._transmit(interface, source, to, DM | POLL, b"", command=False)

    def _numbered(self, so: Any, source: bytes, control: int, rest: bytes) -> None:
        end, kind = so.pcb, control & ~POLL
        if end.state == OPENING:
            if kind in (UA, DM):
                end.timer.cancel()
            if kind == UA:
                self.opened(so)
            elif kind == DM:
                self.ended(so, SEND, ECONNREFUSED)
        elif kind == DISC:
            self._send(so, UA | POLL, command=False)
            self.ended(so, SEND)
        elif kind == SABM:
            self._send(so, UA | POLL, command=False)
        elif kind == DM:
            self.ended(so, SEND)
        elif not control & 1:
            self._information(so, source, control, rest)
        elif kind & 0x0F == RR:
            end.acknowledged = control >> 5
            self._kick(so)

    def _information(self, so: Any, source: bytes, control: int, rest: bytes) -> None:
        """A record: it acknowledges what was sent, and is acknowledged.

        One with another PID than the socket's is nobody's, but with AX25_PIDINCL.
        """
        end = so.pcb
        end.acknowledged = control >> 5
        if control >> 1 & 7 == end.wanted:
            end.wanted = (end.wanted + 1) % MODULUS
            if rest and (setting(so, PIDINCL) or rest[0] == so.protocol_number):
                self.give(so, rest, pack(source))
        if not self._kick(so):
            self._send(so, RR | end.wanted << 5, command=False)

    def _kick(self, so: Any) -> bool:
        """Send what the window allows; True if anything was."""
        end, sent = so.pcb, False
        while end.out and (end.sent - end.acknowledged) % MODULUS < setting(so, WINDOW):
            self._send(so, end.wanted << 5 | end.sent << 1, end.out.popleft())
            end.sent = (end.sent + 1) % MODULUS
            sent = True
        so.wake(WRITABLE_BAND)
        return sent

    def _datagram(self, interface: Interface, to: bytes, source: bytes, rest: bytes) -> None:
        """A UI frame: raw sockets first; datagram sockets know both callsigns.

        Linux takes the PID away twice for a datagram socket without AX25_PIDINCL, here and in
        receive(), and the first byte with it.
        """
        name = pack(source)
        for so in self.sockets:
            if so.type == SOCK_RAW and so.pcb.interface is interface and (
                    plain(so.pcb.own) == plain(to) and so.protocol_number == rest[0]):
                self.give(so, bytes([UI]) + rest, name)
        if plain(interface.address) != plain(to):
            return
        for so in self.sockets:
            if (so.type == SOCK_DGRAM and so.pcb.other and plain(so.pcb.own) == plain(to)
                    and plain(so.pcb.other) == plain(source)):
                self.give(so, rest[1:], name)
                return

    # Data

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Send a record or a UI frame.

        EINVAL
            A flag other than MSG_DONTWAIT and MSG_EOR.
        EADDRNOTAVAIL
            The socket is not bound.
        EPIPE
            The connection has ended.
        EMSGSIZE
            More than the interface carries.
        EISCONN, ENOTCONN
            Another address than the peer's; no address and no peer.
        """
        end = so.pcb
        if flags & ~(MSG_DONTWAIT | MSG_EOR):
            fail(EINVAL)
        if end.interface is None:
            fail(EADDRNOTAVAIL)
        if so.shutdown & SEND:
            fail(EPIPE)
        if len(data) > end.interface.mtu:
            fail(EMSGSIZE)
        to, ways = end.other, end.ways
        if address is not None:
            to, ways = read(address)
            if so.type == SOCK_SEQPACKET and plain(to) != plain(end.other or NOBODY):
                fail(EISCONN)
        if end.state != OPEN and (address is None or so.type == SOCK_SEQPACKET):
            fail(ENOTCONN)
        frame = data if setting(so, PIDINCL) else bytes([so.protocol_number]) + data
        if so.type != SOCK_SEQPACKET:
            self._transmit(end.interface, to, end.own, UI, frame, True, ways)
        elif sum(map(len, end.out)) > so.send_size:
            return None
        else:
            end.out.append(frame)
            self._kick(so)
        return len(data)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a record or a UI frame; waits for one.  What does not fit is lost.

        Without AX25_PIDINCL the first byte, the PID, is taken away; as on Linux, by each look with
        MSG_PEEK too.

        ENOTCONN
            SOCK_SEQPACKET: there is no connection, or no longer, whatever had come.
        """
        if so.type == SOCK_SEQPACKET and so.pcb.state != OPEN:
            fail(ENOTCONN)
        waiting = so.buffer.records
        if waiting and not setting(so, PIDINCL):
            waiting[0] = waiting[0]._replace(data=waiting[0].data[1:])
        return super().receive(so, count, flags)

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """TIOCINQ, TIOCOUTQ; EINVAL for the addresses of interfaces, ENOTTY for the rest."""
        if request in INTERFACE_REQUESTS:
            fail(EINVAL)
        if request not in (TIOCINQ, TIOCOUTQ):
            fail(ENOTTY)
        return 0, self.queue_size(so, request)

    def ready(self, so: Any) -> int:
        mask = super().ready(so)
        return mask if so.type == SOCK_SEQPACKET else mask & ~HANGUP

    def release(self, so: Any) -> None:
        """Disconnect, those that nobody accepted too."""
        if so in self.sockets:
            self.sockets.remove(so)
        self._listen_no_more(so)
        if so.type == SOCK_SEQPACKET and so.pcb.state in (OPEN, OPENING):
            so.pcb.state = CLOSED
            self._send(so, DISC | POLL)
