"""DDP, AppleTalk's datagrams: addresses of the host, routes, packets with 12 bytes of header.

    send --> route? --> DDP header, checksum --> lo --> is the address one of ours? --> the socket

    0  length 2 | checksum 2 | to: net 2 | from: net 2 | to: node 1 | from: node 1
    10 to: socket 1 | from: socket 1 | data, of which the first byte is DDP's type

``ioctl(SIOCSIFADDR)`` gives *lo* an address and a range of nets.  With the nets 0 to 65534
("routerless") *lo* is the way to every address; with any other range each of its nets has a way
to its node 0 alone, as on Linux.

Left out: AARP and the frames of an Ethernet, routes made by hand (SIOCADDRT), LocalTalk.

May not know: descriptors, threads, time.

Sources: *Inside AppleTalk*, 2nd edition, chapter 4; Linux ddp(7), ``net/appletalk/ddp.c`` for
the order of checks; every answer as seen on Linux 6.1 (docs/reference/families/appletalk.md).
"""

import struct
from typing import Any, NamedTuple

from ..machine.constants import (
    AF_APPLETALK,
    MSG_DONTWAIT,
    SOCK_RAW,
)
from ..machine.errors import (
    EADDRINUSE,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    EBUSY,
    EINVAL,
    EMSGSIZE,
    ENETUNREACH,
    ENOBUFS,
    ENODEV,
    ENOTCONN,
    ENOTTY,
    EOPNOTSUPP,
    EPERM,
    EPROTONOSUPPORT,
    fail,
)
from ..machine.host import Host
from ..network.frames import ETH_P_ATALK, Frame, named, receive, send
from ..network.node import Node
from .records import OPEN, TIOCINQ, TIOCOUTQ, Records, family_of

LONGEST, HEADER, SIZE = 587, 12, 16
ANY, EVERYBODY, LAST_NODE = 0, 255, 254  # of nodes
FIRST_FREE, PAST_FREE = 128, 254  # socket numbers that bind chooses from
MOST_NETS = 4096  # that a range may have beyond its first
SIOCADDRT, SIOCDELRT, SIOCGIFADDR, SIOCSIFADDR = 0x890B, 0x890C, 0x8915, 0x8916
SIOCGIFBRDADDR, SIOCDIFADDR, SIOCDARP, SIOCSARP, SIOCATALKDIFADDR = (
    0x8919, 0x8936, 0x8953, 0x8955, 0x89E0)
CHANGES = (SIOCSIFADDR, SIOCDIFADDR, SIOCATALKDIFADDR, SIOCSARP, SIOCDARP)


class AppleTalkAddress(NamedTuple):
    """Where a datagram goes."""

    socket: int
    net: int
    node: int

    def pack(self) -> bytes:
        """A struct sockaddr_at."""
        return struct.pack("=H", AF_APPLETALK) + struct.pack("!BxHBx8x", *self)

    @classmethod
    def unpack(cls, data: bytes) -> "AppleTalkAddress":
        return cls(*struct.unpack("!BxHBx8x", data[2:]))


class Own(NamedTuple):
    """The address of *lo*, and the nets it stands in."""

    net: int
    node: int
    first: int
    last: int

    @property
    def routerless(self) -> bool:
        return (self.first, self.last) == (0, 0xFFFE)


def checksum(data: bytes) -> int:
    """DDP's checksum: add each byte and rotate left; 0 would mean that there is none.

    >>> hex(checksum(bytes.fromhex("ff00ff004242d2c904726177")))
    '0xa2f6'
    """
    total = 0
    for byte in data:
        total = (total + byte & 0xFFFF) << 1
        total = total & 0xFFFF | total >> 16
    return total or 0xFFFF


class Ddp(Records):
    """The AppleTalk sockets of one host."""

    name_of = "ddp"
    refuses, tells_length = 0, False

    def __init__(self, host: Host, node: Node) -> None:
        self.host, self.node = host, node
        self.own: Own | None = None
        self.way: Own | None = None  # what routes were made for: not if the range was too long
        self.sockets: dict[AppleTalkAddress, Any] = {}
        receive(node, ETH_P_ATALK, self.arrive)

    # Names

    def bind(self, so: Any, address: bytes) -> None:
        """Take a socket number at an address of this host; waits for nothing.

        *address* is a sockaddr_at: net 0 is this host's net and node, socket 0 lets the system
        choose from 128 to 253.  Any user may take any number, those below 129 too.

        EINVAL
            The socket is bound, or not 16 bytes.
        EAFNOSUPPORT
            An address of another family.
        EADDRNOTAVAIL
            Not an address of this host, or it has none.
        EBUSY
            No number is free.
        EADDRINUSE
            Another socket has the number, a raw one too.

        Differs: ddp(7) has EACCES for numbers below 129; no kernel that was asked says so.
        Source: Linux ddp(7), ``atalk_bind``.
        """
        if so.pcb.name or len(address) != SIZE:
            fail(EINVAL)
        wanted = self._read(address, EAFNOSUPPORT)
        if not wanted.net:
            wanted = wanted._replace(net=self._primary().net, node=self._primary().node)
        elif not self._is_own(wanted.net, wanted.node):
            fail(EADDRNOTAVAIL)
        self._take(so, wanted)

    def _primary(self) -> Own:
        if self.own is None:
            fail(EADDRNOTAVAIL)
        return self.own

    def _is_own(self, net: int, node: int) -> bool:
        """Whether an address is this host's: its node or any or all, or any node of its range."""
        own = self.own
        if own is None:
            return False
        if net == own.net and node in (own.node, ANY, EVERYBODY):
            return True
        return node == ANY and bool(net) and own.first <= net <= own.last

    def _take(self, so: Any, wanted: AppleTalkAddress) -> None:
        if not wanted.socket:
            free = [number for number in range(FIRST_FREE, PAST_FREE)
                    if wanted._replace(socket=number) not in self.sockets]
            if not free:
                fail(EBUSY)
            wanted = wanted._replace(socket=free[0])
        if wanted in self.sockets:
            fail(EADDRINUSE)
        self.sockets[wanted] = so
        so.pcb.name = wanted.pack()

    @staticmethod
    def _read(address: bytes, refusal: int) -> AppleTalkAddress:
        if len(address) != SIZE:
            fail(EINVAL)
        if family_of(address) != AF_APPLETALK:
            fail(refusal)
        return AppleTalkAddress.unpack(address)

    def _bind_somewhere(self, so: Any, refusal: int) -> None:
        if so.pcb.name:
            return
        if self.own is None:
            fail(refusal)
        try:
            self._take(so, AppleTalkAddress(0, self.own.net, self.own.node))
        except OSError:
            fail(refusal)

    def name(self, so: Any) -> bytes:
        """The socket's address; an unbound socket is bound for it, or ENOBUFS."""
        self._bind_somewhere(so, ENOBUFS)
        return bytes(so.pcb.name)

    def peer(self, so: Any) -> bytes:
        """The peer's address; ENOBUFS as `name`, ENOTCONN without a peer."""
        self._bind_somewhere(so, ENOBUFS)
        return super().peer(so)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool:
        """Choose where send() goes; nothing is sent, and the old peer is forgotten first.

        EINVAL
            Not 16 bytes.
        EAFNOSUPPORT
            An address of another family, AF_UNSPEC too.
        EBUSY
            The socket is not bound, and no number is free.
        ENETUNREACH
            No route to the address.
        """
        so.pcb.state = ""
        to = self._read(address, EAFNOSUPPORT)
        self._bind_somewhere(so, EBUSY)
        self._check_route(to.net, to.node)
        so.pcb.remote, so.pcb.state = address, OPEN
        return True

    def _check_route(self, net: int, node: int) -> None:
        """Linux makes routes to hosts for *lo*: to the node 0 of each net."""
        way = self.way
        if way is None or not (way.routerless or (node == ANY and way.first <= net <= way.last)):
            fail(ENETUNREACH)

    # Data

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int:
        """Send a datagram; waits for nothing.  Returns how many bytes were given.

        EINVAL
            A flag other than MSG_DONTWAIT: MSG_NOSIGNAL too.
        EMSGSIZE
            More than 587 bytes, DDP's type among them.
        EBUSY
            The socket is not bound, and no number is free.
        EINVAL
            Less than the 16 bytes of an address, or of another family.
        EPERM
            To everybody, without SO_BROADCAST; ddp(7) says EACCES.
        ENOTCONN
            Neither an address nor a peer.
        ENETUNREACH
            No route to the address.
        """
        if flags & ~MSG_DONTWAIT:
            fail(EINVAL)
        if len(data) > LONGEST:
            fail(EMSGSIZE)
        if address is not None:
            self._bind_somewhere(so, EBUSY)
            to = self._read(address[:SIZE], EINVAL)
            if to.node == EVERYBODY and not so.options.get("SO_BROADCAST"):
                fail(EPERM)
        elif so.pcb.state != OPEN:
            fail(ENOTCONN)
        else:
            to = AppleTalkAddress.unpack(so.pcb.remote)
        own = AppleTalkAddress.unpack(so.pcb.name)
        if to.net or to.node == ANY:
            self._check_route(to.net, to.node)
        else:
            self._check_route(own.net, ANY)  # "this net": the way to the socket's own
        self._transmit(so, own, to, data)
        return len(data)

    def _transmit(self, so: Any, own: AppleTalkAddress, to: AppleTalkAddress,
                  data: bytes) -> None:
        body = struct.pack("!HHBBBB", to.net, own.net, to.node, own.node, to.socket,
                           own.socket) + data
        check = 0 if so.options.get("SO_NO_CHECK") else checksum(body)
        packet = struct.pack("!HH", HEADER + len(data), check) + body
        send(self.node.interfaces[0], ETH_P_ATALK, bytes(12) + b"\x80\x9b" + packet)

    def arrive(self, frame: Frame) -> None:
        """Give a datagram to the socket that it is for."""
        packet = frame.data[frame.header:]
        if len(packet) < HEADER:
            return
        check, net, source_net, node, source, number, sender = struct.unpack(
            "!HHHBBBB", packet[2:HEADER])
        if check and check != checksum(packet[4:]):
            return
        name = AppleTalkAddress(sender, source_net, source).pack()
        for at, so in reversed(self.sockets.items()):  # Linux asks the last one first
            if at.socket == number and self._is_for(at, net, node):
                self.give(so, packet if so.type == SOCK_RAW else packet[HEADER:], name)
                return

    def _is_for(self, at: AppleTalkAddress, net: int, node: int) -> bool:
        """Net 0 is "this net", and only for all of its nodes; node 0 is a net's router."""
        if not net:
            return node == EVERYBODY
        if not self._is_own(net, node):
            return False
        if net == at.net and node in (at.node, EVERYBODY, ANY):
            return True
        return node == ANY and self.own is not None and at.node == self.own.node

    def release(self, so: Any) -> None:
        for at in [at for at, value in self.sockets.items() if value is so]:
            del self.sockets[at]

    # Configuration

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        """There are no options of AppleTalk's own: EOPNOTSUPP for every level but SOL_SOCKET."""
        fail(EOPNOTSUPP)

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        """Nothing can be set: EOPNOTSUPP."""
        fail(EOPNOTSUPP)

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """What waits (TIOCINQ) and is free (TIOCOUTQ); addresses of *lo*: struct ifreq.

        ENODEV
            There is no such interface.
        EADDRNOTAVAIL
            It has no address.
        EPERM
            A change, from an unprivileged process.
        EINVAL
            Not an address of this family; the node 254 or 255; a range of more than 4097 nets,
            whose address is set all the same; a route.
        EPROTONOSUPPORT
            SIOCSARP, on an interface without AARP.
        """
        if request in (TIOCINQ, TIOCOUTQ):
            return 0, self.queue_size(so, request, -HEADER if so.type == SOCK_RAW else 0)
        if request in (SIOCADDRT, SIOCDELRT):
            fail(EINVAL if self.host.privileged else EPERM)
        if request not in (*CHANGES, SIOCGIFADDR, SIOCGIFBRDADDR):
            fail(ENOTTY)
        if named(self.node, argument) is None:
            fail(ENODEV)
        if request in CHANGES:
            self._change(request, argument[16:32])
            return 0, argument
        own = self._primary()
        node = own.node if request == SIOCGIFADDR else EVERYBODY
        return 0, argument[:16] + AppleTalkAddress(0, own.net, node).pack()

    def _change(self, request: int, address: bytes) -> None:
        if not self.host.privileged:
            fail(EPERM)
        if family_of(address) != AF_APPLETALK:
            fail(EINVAL)
        if request == SIOCSARP:
            fail(EPROTONOSUPPORT)
        if request == SIOCSIFADDR:
            self._set_address(address)
        elif request == SIOCDARP:
            self._primary()
        else:
            self.own = self.way = None

    def _set_address(self, address: bytes) -> None:
        """A sockaddr_at whose zeros are a struct atalk_netrange."""
        wanted = AppleTalkAddress.unpack(address[:SIZE])
        _, first, last = struct.unpack("!BxHH", address[8:14])
        if wanted.node in (EVERYBODY, LAST_NODE):
            fail(EINVAL)
        self.own, self.way = Own(wanted.net, wanted.node, first, last), None
        if not self.own.routerless and last - first > MOST_NETS:
            fail(EINVAL)
        self.way = self.own
