"""AF_PACKET: frames of an interface.  An address is ``(name, protocol[, pkttype, hatype, addr])``.

| type            | what it is                               |
|-----------------|------------------------------------------|
| SOCK_RAW        | the frame with the link's header         |
| SOCK_DGRAM      | what follows that header                 |
| SOCK_PACKET, 10 | the frame; the address is an interface's name |

Any protocol; it is an Ethernet protocol number in network order.

Sources: Linux packet(7); <linux/if_packet.h>; CPython ``getsockaddrarg``.
"""

import operator
import struct
from typing import Any

from ..machine.constants import AF_PACKET, SOCK_DGRAM, SOCK_RAW
from ..machine.errors import ENODEV, EPERM, ESOCKTNOSUPPORT, fail
from ..machine.host import Host
from ..network.frames import find
from ..network.node import Node
from ..protocols.packet import Packets
from ..protocols.packet_frames import LEAST, LinkAddress
from ..protocols.packet_settings import SOCK_PACKET
from .family import Family


class PacketFamily(Family):
    """Packet sockets of one host."""

    number = AF_PACKET
    name = "AF_PACKET"
    any_address = b""

    def __init__(self, host: Host, node: Node) -> None:
        super().__init__(host)
        self.node = node
        self.packets = Packets(node)

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        """The privilege is looked at before the type."""
        if not self.host.privileged:
            fail(EPERM)
        if kind not in (SOCK_RAW, SOCK_DGRAM, SOCK_PACKET):
            fail(ESOCKTNOSUPPORT)
        return kind, number, self.packets

    def from_python(self, address: Any, caller: str) -> bytes:
        """A tuple of two to five: name, protocol, pkttype, hatype, address."""
        self.check_tuple(address, caller)
        if not 2 <= len(address) <= 5 or not isinstance(address[0], str):
            raise TypeError("AF_PACKET address must be a tuple of two to five elements")
        name, *numbers, bytes_ = address + (0, 0, b"")[len(address) - 2:]
        protocol, kind, hardware = map(operator.index, numbers)
        if len(bytes_) > 8:
            raise ValueError("Hardware address must be 8 bytes or less")
        interface = find(self.node, name)
        if interface is None:
            fail(ENODEV)
        if not 0 <= protocol <= 0xFFFF:
            raise OverflowError(f"{caller}(): proto must be 0-65535.")
        return LinkAddress(protocol, interface.index, hardware & 0xFFFF, kind & 0xFF,
                           bytes(bytes_)).pack().ljust(
            LEAST, b"\0")

    def to_python(self, address: bytes) -> Any:
        """The tuple; of another kind of sockaddr its first number and 14 bytes."""
        family = struct.unpack("=H", address[:2])[0]
        if family != AF_PACKET:
            return family, address[2:16]
        protocol, index, hardware, kind, own = LinkAddress.unpack(address.ljust(LEAST, b"\0"))
        if not index and not own:
            return "", protocol, 0, 0, b""
        interface = find(self.node, index)
        return interface.name if interface is not None else "", protocol, kind, hardware, own
