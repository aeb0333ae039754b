"""AF_IPX: datagrams of NetWare.  An address is ``network:node:socket``, 16 bytes.

    2 family | 2 socket | 4 network | 6 node | 1 packet type | 1 zero      network order

SOCK_DGRAM and nothing else; the protocol is not looked at.  CPython cannot write the address.
What is here is the host's internal network, which ``ioctl(SIOCSIFADDR)`` makes; frames of an
Ethernet, routers and SAP are left out, since no kernel of today could be asked about them.

Sources: Novell, *IPX Router Specification*; <netipx/ipx.h>; the calls as recorded on Linux 6.1
with a module that left Linux in 4.18 (docs/reference/families/ipx.md).
"""

import struct
from typing import Any, NamedTuple

from ..machine.constants import AF_IPX, MSG_DONTWAIT, SOCK_DGRAM
from ..machine.errors import (
    EACCES,
    EADDRINUSE,
    EADDRNOTAVAIL,
    EEXIST,
    EINVAL,
    ENETUNREACH,
    ENOTCONN,
    ENOTTY,
    EPERM,
    ESOCKTNOSUPPORT,
    fail,
)
from ..machine.host import Host
from ..network.frames import ETH_P_IPX, Frame, receive
from ..network.node import Node
from ..protocols.protocol import EVERYTHING
from ..protocols.records import OPEN, Records, family_of
from .family import OneProtocol

EPHEMERAL = 0x4000  # sockets below it need privilege
HEADER = 30  # bytes before the data
EVERYBODY = b"\xff" * 6
SIOCSIFADDR, INTERNAL, CREATE = 0x8916, 2, 1
SIZE = 16


class IpxAddress(NamedTuple):
    """Where a datagram goes; *kind* is the packet type."""

    socket: int
    network: int
    node: bytes
    kind: int = 0

    def pack(self) -> bytes:
        """A struct sockaddr_ipx."""
        return struct.pack("=H", AF_IPX) + struct.pack("!HI6sBB", self.socket, self.network,
                                                       self.node, self.kind, 0)

    @classmethod
    def unpack(cls, data: bytes) -> "IpxAddress":
        return cls(*struct.unpack("!HI6sB", data[2:15]))


def address_of(data: bytes) -> IpxAddress:
    """Read a sockaddr, or EINVAL."""
    if len(data) != SIZE or family_of(data) != AF_IPX:
        fail(EINVAL)
    return IpxAddress.unpack(data)


class Ipx(Records):
    """The IPX sockets of one host, and its internal network."""

    name_of = "ipx"

    def __init__(self, host: Host, node: Node) -> None:
        self.host, self.node = host, node
        self.networks: dict[int, bytes] = {}  # network -> this host's node on it
        self.sockets: dict[tuple[int, bytes], Any] = {}
        receive(node, ETH_P_IPX, self.arrive)

    # Names

    def bind(self, so: Any, address: bytes) -> None:
        """Take a socket number on a network of this host; 0 lets the kernel choose.

        EINVAL
            Not the 16 bytes of an address, or the socket is bound.
        EADDRNOTAVAIL
            The network is none of this host.
        EACCES
            A number below 0x4000, from an unprivileged process.
        EADDRINUSE
            Another socket has the number.
        """
        if so.pcb.name:
            fail(EINVAL)
        wanted = address_of(address)
        network = wanted.network or next(iter(self.networks), 0)
        if network not in self.networks:
            fail(EADDRNOTAVAIL)
        node = self.networks[network] if wanted.node == bytes(6) else wanted.node
        number = wanted.socket
        if not number:
            number = next(free for free in range(EPHEMERAL, 0x7FFF)
                          if (free, node) not in self.sockets)
        if number < EPHEMERAL and not self.host.privileged:
            fail(EACCES)
        if (number, node) in self.sockets:
            fail(EADDRINUSE)
        self.sockets[number, node] = so
        so.pcb.name = IpxAddress(number, network, node).pack()

    def name(self, so: Any) -> bytes:
        """The address, zeros but for the family while there is none."""
        return so.pcb.name or IpxAddress(0, 0, bytes(6)).pack()

    def _bind_somewhere(self, so: Any) -> None:
        if not so.pcb.name:
            self.bind(so, IpxAddress(0, 0, bytes(6)).pack())

    def connect(self, so: Any, address: bytes, wait: bool) -> bool:
        """Choose where send() goes."""
        to = address_of(address)
        self._bind_somewhere(so)
        self._check_route(to)
        so.pcb.remote, so.pcb.state = address, OPEN
        return True

    def _check_route(self, to: IpxAddress) -> None:
        if (to.network or next(iter(self.networks), 0)) not in self.networks:
            fail(ENETUNREACH)

    # Data

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int:
        """Send a datagram: an IPX packet with a header of 30 bytes.

        EINVAL
            A flag other than MSG_DONTWAIT, or 65505 bytes or more.
        ENOTCONN
            Neither an address nor a peer.
        ENETUNREACH
            No route to the network.
        """
        if flags & ~MSG_DONTWAIT or len(data) >= 65535 - HEADER:
            fail(EINVAL)
        if address is not None:
            self._bind_somewhere(so)
            to = address_of(address)
        elif so.pcb.state != OPEN:
            fail(ENOTCONN)
        else:
            to = IpxAddress.unpack(so.pcb.remote)
        self._check_route(to)
        own = IpxAddress.unpack(so.pcb.name)
        packet = struct.pack("!HHBBI6sHI6sH", 0xFFFF, HEADER + len(data), 0, to.kind, to.network,
                             to.node, to.socket, own.network, own.node, own.socket) + data
        self.node.loopback.transmit(Frame(1, ETH_P_IPX, packet, 0))  # type: ignore[arg-type]
        return len(data)

    def arrive(self, frame: Frame) -> None:
        """Give a packet to the socket with its number, or to all of a broadcast."""
        kind, _, node, number, network, source, sender = struct.unpack(
            "!BI6sHI6sH", frame.data[5:HEADER])
        name = IpxAddress(sender, network, source, kind).pack()
        for (own, at), so in tuple(self.sockets.items()):
            if own == number and node in (at, EVERYBODY):
                self.give(so, frame.data[HEADER:], name)

    def shutdown(self, so: Any, how: int) -> None:
        """Shut a direction down: recv() then ends, send() goes on."""
        so.shutdown |= how
        so.wake(EVERYTHING)

    def release(self, so: Any) -> None:
        for key in [key for key, value in self.sockets.items() if value is so]:
            del self.sockets[key]

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """SIOCSIFADDR: make the internal network, struct ifreq with a sockaddr_ipx."""
        if request != SIOCSIFADDR:
            fail(ENOTTY)
        if not self.host.privileged:
            fail(EPERM)
        special, action = argument[18], argument[31]
        if special != INTERNAL or action != CREATE:
            fail(EINVAL)
        wanted = IpxAddress.unpack(argument[16:32])
        if self.networks:
            fail(EEXIST)
        self.networks[wanted.network] = wanted.node
        return 0, argument


class IpxFamily(OneProtocol):
    """IPX of one host."""

    number = AF_IPX
    name = "AF_IPX"
    behaviour = Ipx

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        """Find what socket(AF_IPX, *kind*, *number*) is.

        ESOCKTNOSUPPORT
            Not SOCK_DGRAM.
        """
        if kind != SOCK_DGRAM:
            fail(ESOCKTNOSUPPORT)
        return kind, 0, self.protocol
