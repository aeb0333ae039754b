"""What packet sockets do: see the frames of interfaces, coming in and going out, and send.

    transmit --> tap:   ETH_P_ALL sockets, as PACKET_OUTGOING
    deliver --> watch:  sockets of the frame's protocol and ETH_P_ALL, by how it was addressed

Loopback carries IP packets as objects; their bytes are made where a socket wants them, with
the header of 14 bytes that loopback has.  A frame with IPv4 or IPv6 that a program sends is
read back into such an object; TCP segments are not, since their sequence numbers are not
those of 32 bits, and are lost.

What a program sets and asks is in `protocols.packet_settings`.

May not know: descriptors, threads, time.

Sources: Linux packet(7), ``net/packet/af_packet.c`` for the order of checks; sizes and
addresses as Linux 6.18 shows them.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..machine.constants import (
    AF_PACKET,
    IPPROTO_TCP,
    IPPROTO_UDP,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    MSG_PEEK,
    MSG_TRUNC,
    SOCK_DGRAM,
    SOL_PACKET,
)
from ..machine.errors import (
    EINVAL,
    EMSGSIZE,
    ENETDOWN,
    ENODEV,
    ENOTCONN,
    ENXIO,
    fail,
)
from ..network.frames import (
    ARPHRD_ETHER,
    ARPHRD_LOOPBACK,
    BROADCAST,
    ETH_P_ALL,
    ETH_P_IP,
    ETH_P_IPV6,
    HOST,
    IFF_UP,
    MULTICAST,
    OTHERHOST,
    OUTGOING,
    find,
    named,
    send,
)
from ..network.node import Interface, Node
from ..network.packets import Packet
from ..network.parse import parse
from ..network.wire import encode
from .packet_settings import PACKET_AUXDATA, PACKET_IGNORE_OUTGOING, SOCK_PACKET, PacketSettings
from .protocol import Message, Protocol
from .records import End, family_of

MSG_CMSG_COMPAT = 0x40000000
HEADER = 14  # bytes of an Ethernet header, which loopback has too
VLAN = 4  # bytes that a frame may be longer: a tag of IEEE 802.1Q
LEAST = 20  # bytes of a struct sockaddr_ll
STATUS_USER, CHECKSUM_NOT_READY = 1, 8  # tp_status in a struct tpacket_auxdata


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


@dataclass(eq=False)
class PacketEnd(End):
    """What the protocol keeps: which protocol and interface, and how many frames came."""

    ethertype: int = 0
    index: int = 0  # 0: every interface
    device: bytes = b""  # what a SOCK_PACKET socket was bound to
    seen: int = 0
    lost: int = 0
    stamp: float | None = None  # when the frame came that was received last


class Packets(PacketSettings):
    """The packet sockets of one host."""

    name_of = "packet"
    end = PacketEnd
    refuses = ~(MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_ERRQUEUE | MSG_CMSG_COMPAT)
    refusal = EINVAL
    peer = Protocol.peer  # there is none: EOPNOTSUPP

    def __init__(self, node: Node) -> None:
        self.node = node
        self.host = node.host
        self.sockets: list[Any] = []
        self._taps: list[tuple[Interface, Callable[[Any], None]]] = []

    def attach(self, so: Any) -> None:
        super().attach(so)
        asked = so.protocol_number & 0xFFFF  # in network order
        so.pcb.ethertype = int.from_bytes(asked.to_bytes(2, "little"), "big")
        so.protocol_number = 0  # what SO_PROTOCOL reads, whatever was asked
        self.sockets.append(so)
        if len(self.sockets) == 1:
            self._watch()

    def release(self, so: Any) -> None:
        self.sockets.remove(so)
        if not self.sockets:
            self.node.watchers.remove(self.watch)
            for interface, tap in self._taps:
                interface.link.taps.remove(tap)
            self._taps.clear()

    def _watch(self) -> None:
        """Begin to look at frames; nobody does while there is no packet socket."""
        self.node.watchers.append(self.watch)
        for interface in self.node.interfaces:
            def tap(packet: Any, interface: Interface = interface) -> None:
                self.pass_by(interface, packet, outgoing=True)
            interface.link.taps.append(tap)
            self._taps.append((interface, tap))

    # Names

    def bind(self, so: Any, address: Any) -> None:
        """Choose the interface and the protocol to receive.

        EINVAL
            Not a sockaddr_ll; for SOCK_PACKET not the 16 bytes of a sockaddr.
        ENODEV
            There is no such interface.
        """
        if so.type == SOCK_PACKET:
            self._bind_device(so, address)
            return
        if not isinstance(address, bytes) or family_of(address) != AF_PACKET:
            fail(EINVAL)
        wanted = LinkAddress.unpack(address)
        if wanted.interface and find(self.node, wanted.interface) is None:
            fail(ENODEV)
        so.pcb.index, so.pcb.ethertype = wanted.interface, wanted.protocol or so.pcb.ethertype

    def _bind_device(self, so: Any, address: Any) -> None:
        if isinstance(address, bytes) and len(address) != 16:
            fail(EINVAL)
        interface = named(self.node, address[2:]) if isinstance(address, bytes) else None
        if interface is None:
            fail(ENODEV)
        so.pcb.index, so.pcb.device = interface.index, interface.name.encode()

    def name(self, so: Any) -> bytes:
        if so.type == SOCK_PACKET:
            return struct.pack("=H14s", AF_PACKET, so.pcb.device)
        interface = find(self.node, so.pcb.index)
        if interface is None:
            return LinkAddress(so.pcb.ethertype, 0).pack()
        return LinkAddress(so.pcb.ethertype, interface.index, interface.hardware, 0,
                           interface.address).pack()

    # Sending

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int:
        """Send a frame.

        EINVAL
            The address is too short, or the frame shorter than its header.
        ENXIO, ENODEV, ENOTCONN
            No interface is named, or there is none such.
        ENETDOWN
            The interface is down.
        EMSGSIZE
            The frame is longer than the interface carries.
        """
        interface, ethertype, to = self._target(so, address)
        if not interface.flags & IFF_UP:
            fail(ENETDOWN)
        header = HEADER if interface.hardware in (ARPHRD_ETHER, ARPHRD_LOOPBACK) else 0
        frame = data
        if so.type == SOCK_DGRAM and header:
            frame = to.ljust(6, b"\0")[:6] + interface.address[:6] + struct.pack(
                "!H", ethertype) + data
        if len(frame) > interface.mtu + VLAN + header:
            fail(EMSGSIZE)
        if len(frame) < header:
            fail(EINVAL)
        if header:
            ethertype = int.from_bytes(frame[12:14], "big")
        self._transmit(so, interface, ethertype, frame, header)
        return len(data)

    def _target(self, so: Any, address: Any) -> tuple[Interface, int, bytes]:
        """Where a frame goes: out of which interface, to which protocol and hardware."""
        if so.type == SOCK_PACKET:
            return (*self._named_device(address), b"")
        to = LinkAddress(so.pcb.ethertype, so.pcb.index)
        if address is not None:
            to = LinkAddress.unpack(address)
        return find(self.node, to.interface) or fail(ENXIO), to.protocol, to.address

    def _named_device(self, address: Any) -> tuple[Interface, int]:
        """The interface of a sockaddr_pkt, which must be given each time."""
        if address is None:
            fail(ENOTCONN)
        if len(address) < 16:
            fail(EINVAL)
        interface = named(self.node, address[2:16])
        if interface is None:
            fail(ENODEV)
        return interface, int.from_bytes(address[16:18], "big") if len(address) == 18 else 0

    def _transmit(self, so: Any, interface: Interface, ethertype: int, data: bytes,
                  header: int) -> None:
        """Send; IP over loopback becomes a packet again, for the protocols above."""
        packet = None
        if interface.hardware == ARPHRD_LOOPBACK and ethertype in (ETH_P_IP, ETH_P_IPV6):
            packet = parse(data[header:])
        if packet is not None:
            interface.link.transmit(packet)
        else:
            send(interface, ethertype, data, header, so)

    # Receiving

    def watch(self, packet: Any) -> None:
        """A frame comes in."""
        interface = find(self.node, packet.interface)
        if interface is not None:
            self.pass_by(interface, packet, outgoing=False)

    def pass_by(self, interface: Interface, packet: Any, outgoing: bool) -> None:
        """Show a frame to the sockets that want to see it."""
        if isinstance(packet, Packet):
            ethertype = ETH_P_IPV6 if ":" in packet.source else ETH_P_IP
        else:
            ethertype = packet.ethertype
        takers = [so for so in self.sockets if self._wants(so, interface, ethertype, outgoing)
                  and not (outgoing and getattr(packet, "about", None) is so)]
        if not takers:
            return
        data, header = self._bytes(packet, ethertype)
        source = data[6:12] if header == HEADER else b""
        kind = OUTGOING if outgoing else self._kind(interface, data, header)
        sender = LinkAddress(ethertype, interface.index, interface.hardware, kind,
                             source).pack().ljust(LEAST, b"\0")
        status = STATUS_USER | (CHECKSUM_NOT_READY if _is_sum_late(packet) else 0)
        for so in takers:
            self._take(so, interface, ethertype, data, header, sender, status)

    @staticmethod
    def _wants(so: Any, interface: Interface, ethertype: int, outgoing: bool) -> bool:
        end = so.pcb
        if end.index not in (0, interface.index):
            return False
        if outgoing and so.options.get((SOL_PACKET, PACKET_IGNORE_OUTGOING)):
            return False
        return end.ethertype == ETH_P_ALL or (end.ethertype == ethertype and not outgoing)

    @staticmethod
    def _bytes(packet: Any, ethertype: int) -> tuple[bytes, int]:
        if isinstance(packet, Packet):
            return bytes(12) + struct.pack("!H", ethertype) + encode(packet), HEADER
        return packet.data, packet.header

    @staticmethod
    def _kind(interface: Interface, data: bytes, header: int) -> int:
        """For whom the frame is, by its destination."""
        to = data[:6]
        if header != HEADER or to == interface.address[:6]:
            return HOST
        if to == b"\xff" * 6:
            return BROADCAST
        return MULTICAST if to[0] & 1 else OTHERHOST

    def _take(self, so: Any, interface: Interface, ethertype: int, data: bytes, header: int,
              sender: bytes, status: int) -> None:
        if so.type == SOCK_PACKET:
            sender = struct.pack("=H14s", interface.hardware, interface.name.encode())
            sender += struct.pack("!H", ethertype)
        seen = data[header:] if so.type == SOCK_DGRAM else data
        if not seen:
            return  # as the filter that every socket has without one of its own
        so.pcb.seen += 1
        about = (status, len(seen), len(seen) - len(data) + header, self.host.clock.now)
        if not self.give(so, seen, sender, about):
            so.pcb.lost += 1

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a frame; waits for one.  What does not fit is lost, and MSG_TRUNC says so.

        With PACKET_AUXDATA a control message says how long the frame is and where its
        network header begins: struct tpacket_auxdata.

        EINVAL
            A flag other than MSG_PEEK, MSG_DONTWAIT, MSG_TRUNC, MSG_ERRQUEUE.
        """
        about = so.buffer.records[0].origin if so.buffer.records else None
        message = super().receive(so, count, flags)
        if message is None or about is None:
            return message
        status, length, network, so.pcb.stamp = about
        if not so.options.get((SOL_PACKET, PACKET_AUXDATA)):
            return message
        data = struct.pack("=IIIHHHH", status, length, length, 0, network, 0, 0)
        return message._replace(control=((SOL_PACKET, PACKET_AUXDATA, data),))


def _is_sum_late(packet: Any) -> bool:
    """UDP and TCP leave their checksum to the interface, and loopback never does it."""
    return isinstance(packet, Packet) and packet.protocol in (IPPROTO_TCP, IPPROTO_UDP)
