"""AF_APPLETALK: datagrams of DDP.  An address is ``net.node:socket``, 16 bytes.

    2 family | 1 socket | 1 | 2 net, network order | 1 node | 1 | 8 zero

| type       | what it is                                              |
|------------|---------------------------------------------------------|
| SOCK_DGRAM | what follows DDP's header; its first byte is DDP's type |
| SOCK_RAW   | the same with the header of 12 bytes; needs privilege   |

CPython cannot write the address.  ``ioctl(SIOCSIFADDR)`` gives *lo* an address; with the nets
0 to 65534 it is the way to all of them.  AARP and the frames of an Ethernet are left out.

Sources: *Inside AppleTalk*, 2nd edition, chapter 4; Linux ddp(7); the calls as recorded on
Linux 5.10 to 6.18 (docs/reference/families/appletalk.md).
"""

import struct
from typing import Any, NamedTuple

from ..machine.constants import (
    AF_APPLETALK,
    MSG_DONTWAIT,
    SO_BROADCAST,
    SO_NO_CHECK,
    SOCK_DGRAM,
    SOCK_RAW,
    SOL_SOCKET,
)
from ..machine.errors import (
    EADDRINUSE,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    EINVAL,
    EMSGSIZE,
    ENETUNREACH,
    ENOBUFS,
    ENODEV,
    ENOTCONN,
    ENOTTY,
    EPERM,
    ESOCKTNOSUPPORT,
    fail,
)
from ..machine.host import Host
from ..network.frames import ETH_P_ATALK, Frame, find, receive, send
from ..network.node import Node
from ..protocols.records import OPEN, Records
from .family import Family

LONGEST, HEADER = 587, 12
BROADCAST_NODE, RESERVED, LAST = 255, 128, 255  # sockets from RESERVED on are free to take
SIOCSIFADDR, SIOCGIFADDR, SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8916, 0x8915, 0x8913, 0x8914
EBUSY = 16
SIZE = 16


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

    def __init__(self, host: Host, node: Node) -> None:
        self.host, self.node = host, node
        self.own: list[AppleTalkAddress] = []
        self.everywhere = False  # an interface leads to every net
        self.sockets: dict[AppleTalkAddress, Any] = {}
        receive(node, ETH_P_ATALK, self.arrive)

    # Names

    def bind(self, so: Any, address: bytes) -> None:
        """Take a socket number at an address of this host; zeros let the kernel choose.

        EINVAL
            Not 16 bytes, or the socket is bound.
        EAFNOSUPPORT
            An address of another family.
        EADDRNOTAVAIL
            Not an address of this host, or it has none.
        EADDRINUSE
            Another socket has the number.
        """
        if so.pcb.name or len(address) != SIZE:
            fail(EINVAL)
        wanted = self._read(address, EAFNOSUPPORT)
        if not wanted.net:
            if not self.own:
                fail(EADDRNOTAVAIL)
            wanted = wanted._replace(net=self.own[0].net, node=self.own[0].node)
        elif wanted._replace(socket=0) not in self.own:
            fail(EADDRNOTAVAIL)
        self._take(so, wanted)

    def _take(self, so: Any, wanted: AppleTalkAddress) -> None:
        if not wanted.socket:
            free = [number for number in range(RESERVED, LAST)
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
        if address[:2] != struct.pack("=H", AF_APPLETALK):
            fail(refusal)
        return AppleTalkAddress.unpack(address)

    def _bind_somewhere(self, so: Any, refusal: int) -> None:
        if not so.pcb.name:
            if not self.own:
                fail(refusal)
            self._take(so, self.own[0])

    def name(self, so: Any) -> bytes:
        self._bind_somewhere(so, ENOBUFS)
        return bytes(so.pcb.name)

    def peer(self, so: Any) -> bytes:
        self._bind_somewhere(so, ENOBUFS)
        if so.pcb.state != OPEN:
            fail(ENOTCONN)
        return bytes(so.pcb.remote)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool:
        """Choose where send() goes."""
        so.pcb.state = ""
        to = self._read(address, EAFNOSUPPORT)
        self._bind_somewhere(so, EBUSY)
        self._check_route(to)
        so.pcb.remote, so.pcb.state = address, OPEN
        return True

    def _check_route(self, to: AppleTalkAddress) -> None:
        if not self.everywhere:
            fail(ENETUNREACH)

    # Data

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int:
        """Send a datagram.

        EINVAL
            A flag other than MSG_DONTWAIT, or no address of this family.
        EMSGSIZE
            More than 587 bytes.
        EPERM
            To everybody, without SO_BROADCAST.
        ENOTCONN
            Neither an address nor a peer.
        ENETUNREACH
            No route to the net.
        """
        if flags & ~MSG_DONTWAIT:
            fail(EINVAL)
        if len(data) > LONGEST:
            fail(EMSGSIZE)
        if address is not None:
            self._bind_somewhere(so, EBUSY)
            to = self._read(address, EINVAL)
            if to.node == BROADCAST_NODE and not so.options.get((SOL_SOCKET, SO_BROADCAST)):
                fail(EPERM)
        elif so.pcb.state != OPEN:
            fail(ENOTCONN)
        else:
            to = AppleTalkAddress.unpack(so.pcb.remote)
        self._check_route(to)
        own = AppleTalkAddress.unpack(so.pcb.name)
        body = struct.pack("!HHBBBB", to.net, own.net, to.node, own.node, to.socket,
                           own.socket) + data
        check = 0 if so.options.get((SOL_SOCKET, SO_NO_CHECK)) else checksum(body)
        packet = struct.pack("!HH", HEADER + len(data), check) + body
        send(self.node.interfaces[0], ETH_P_ATALK, bytes(12) + b"\x80\x9b" + packet)
        return len(data)

    def arrive(self, frame: Frame) -> None:
        """Give a datagram to the socket that it is for."""
        packet = frame.data[frame.header:]
        if len(packet) < HEADER:
            return
        net, source_net, node, source, number, sender = struct.unpack("!HHBBBB",
                                                                      packet[4:HEADER])
        name = AppleTalkAddress(sender, source_net, source).pack()
        for at, so in self.sockets.items():
            if at.socket == number and net in (at.net, 0) and node in (at.node, BROADCAST_NODE,
                                                                       0):
                self.give(so, packet if so.type == SOCK_RAW else packet[HEADER:], name)
                return

    def release(self, so: Any) -> None:
        for at in [at for at, value in self.sockets.items() if value is so]:
            del self.sockets[at]

    # Configuration

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """SIOCSIFADDR, and the flags of an interface: struct ifreq."""
        interface = find(self.node, argument[:16].partition(b"\0")[0].decode("latin-1"))
        if request == SIOCGIFFLAGS and interface is not None:
            return 0, argument[:16] + struct.pack("=H", interface.flags) + argument[18:]
        if request not in (SIOCSIFADDR, SIOCSIFFLAGS):
            fail(ENOTTY)
        if interface is None:
            fail(ENODEV)
        if not self.host.privileged:
            fail(EPERM)
        if request == SIOCSIFFLAGS:
            interface.flags = struct.unpack("=H", argument[16:18])[0] | interface.flags & 0x48
        else:
            self._set_address(argument[16:32])
        return 0, argument

    def _set_address(self, address: bytes) -> None:
        """A sockaddr_at whose zeros are a struct atalk_netrange."""
        if address[:2] != struct.pack("=H", AF_APPLETALK):
            fail(EINVAL)
        own = AppleTalkAddress.unpack(address[:16])._replace(socket=0)
        _, first, last = struct.unpack("!BxHH", address[8:14])
        if own.node in (BROADCAST_NODE, 254):
            fail(EINVAL)
        self.own = [own]
        self.everywhere = (first, last) == (0, 0xFFFE)


class AppleTalkFamily(Family):
    """AppleTalk of one host."""

    number = AF_APPLETALK
    name = "AF_APPLETALK"
    any_address = b""
    in_python = False

    def __init__(self, host: Host, node: Node) -> None:
        super().__init__(host)
        self.ddp = Ddp(host, node)

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if kind not in (SOCK_DGRAM, SOCK_RAW):
            fail(ESOCKTNOSUPPORT)
        if kind == SOCK_RAW and not self.host.privileged:
            fail(EPERM)
        return kind, 0, self.ddp
