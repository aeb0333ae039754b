"""Frames and addresses of links as packet sockets show them: bytes, and what is told beside.

    struct sockaddr_ll   2 family | 2 protocol | 4 interface | 2 hardware | 1 kind | 1 length | 8

May not know: sockets.

Sources: Linux packet(7), <linux/if_packet.h>; ``eth_type_trans`` for whom a frame is; IEEE 802.1Q.
"""

import struct
from typing import Any, NamedTuple

from ..machine.constants import AF_PACKET, IPPROTO_TCP, IPPROTO_UDP
from ..machine.errors import EINVAL, fail
from ..network.frames import (
    ARPHRD_LOOPBACK,
    BROADCAST,
    ETH_P_8021Q,
    HOST,
    MULTICAST,
    OTHERHOST,
    Frame,
    type_of,
)
from ..network.node import Interface
from ..network.packets import Packet
from ..network.wire import encode
from .buffers import SHARED, SMALL, SOCKET_BUFFER, packet_cost

SOCK_PACKET, PAGE = 10, 4096
HEADROOM = 16  # bytes before a frame that a program made
VLAN_NUMBER = 0xFFF  # the bits of a tag that number it
UNSEEN = -1  # the protocol of what goes out past those who watch
HEADER = 14  # bytes of an Ethernet header, which loopback has too
VLAN = 4  # bytes that a frame may be longer: a tag of IEEE 802.1Q
LEAST, OWN = 20, 12  # bytes of a struct sockaddr_ll, and before its address
# tp_status in a struct tpacket_auxdata: TP_STATUS_USER, CSUMNOTREADY, VLAN_VALID and its TPID's.
STATUS_USER, CHECKSUM_NOT_READY, VLAN_VALID = 1, 8, 0x50


class LinkAddress(NamedTuple):
    """An interface, a protocol, and an address of hardware; *kind* says for whom a frame is."""

    protocol: int
    interface: int
    hardware: int = 0
    kind: int = 0
    address: bytes = b""

    def pack(self) -> bytes:
        """A struct sockaddr_ll, as long as its address."""
        return (struct.pack("=H", AF_PACKET) + struct.pack("!H", self.protocol)
                + struct.pack("=iHBB", *self[1:4], len(self.address)) + self.address)

    @classmethod
    def unpack(cls, data: bytes) -> "LinkAddress":
        """Read one; EINVAL if it is too short."""
        if len(data) < LEAST:
            fail(EINVAL)
        interface, hardware, kind, length = struct.unpack("=iHBB", data[4:12])
        return cls(int.from_bytes(data[2:4], "big"), interface, hardware, kind,
                   data[12:12 + length])


class Seen(NamedTuple):
    """What is told of a frame beside it; *tag* is its VLAN's, None if it had none."""

    status: int
    length: int
    kept: int
    network: int
    when: float
    mark: int
    tag: int | None

    def auxiliary(self) -> bytes:
        """A struct tpacket_auxdata."""
        status = self.status | (0 if self.tag is None else VLAN_VALID)
        return struct.pack("=IIIHHHH", status, self.length, self.kept, 0, self.network,
                           self.tag or 0, 0 if self.tag is None else ETH_P_8021Q)


def bytes_of(packet: Any, ethertype: int) -> tuple[bytes, int]:
    if isinstance(packet, Packet):
        return bytes(12) + struct.pack("!H", ethertype) + encode(packet), HEADER
    return packet.data, packet.header


def kind_of(interface: Interface, data: bytes, header: int) -> int:
    """For whom the frame is, by its destination."""
    to = data[:6]
    if header != HEADER or to == interface.address[:6]:
        return HOST
    if to == (bytes(6) if interface.hardware == ARPHRD_LOOPBACK else b"\xff" * 6):
        return BROADCAST
    return MULTICAST if to[0] & 1 else OTHERHOST


def untagged(frame: Frame) -> tuple[Frame, int]:
    """A frame of IEEE 802.1Q without its tag, and the tag."""
    data = frame.data[:12] + frame.data[12 + VLAN:]
    return frame._replace(ethertype=type_of(data), data=data), int.from_bytes(
        frame.data[14:16], "big")


def is_sum_late(packet: Any) -> bool:
    """UDP and TCP leave their checksum to the interface, and loopback never does it."""
    return isinstance(packet, Packet) and packet.protocol in (IPPROTO_TCP, IPPROTO_UDP)


def cost_of(packet: Any, size: int) -> int:
    """What a frame costs its receiver: in pages beside its header, or by SOCK_PACKET in one piece.

    >>> cost_of(None, 100), cost_of(None, 1000), cost_of(None, 65549)
    (832, 2304, 66368)
    """
    if isinstance(packet, Packet):
        return packet_cost(size, 0)
    so = getattr(packet, "about", None)
    if size + HEADROOM >= PAGE and (so is None or so.type != SOCK_PACKET):
        return SMALL + SOCKET_BUFFER + -(-(size - HEADER) // PAGE) * PAGE
    room = SMALL
    while room < size + HEADROOM + SHARED:
        room = 1024 if room == SMALL else 2 * room
    return room + SOCKET_BUFFER
