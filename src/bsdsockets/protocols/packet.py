"""What packet sockets do: see the frames of interfaces, coming in and going out, and send.

    transmit --> tap:   ETH_P_ALL sockets, as PACKET_OUTGOING
    deliver --> watch:  sockets of the frame's protocol and ETH_P_ALL, by how it was addressed

Loopback carries IP packets as objects; their bytes are made where a socket wants them, with
the header of 14 bytes that loopback has.  A frame with IPv4 or IPv6 that a program sends is
read back into such an object; TCP segments are not, since their sequence numbers are not
those of 32 bits, and are lost.

May not know: descriptors, threads, time.

Sources: Linux packet(7), ``net/packet/af_packet.c`` for the order of checks; sizes and
addresses as Linux 6.18 shows them.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..machine.clock import EPOCH
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
    ENOENT,
    ENOPROTOOPT,
    ENOTCONN,
    ENOTTY,
    ENXIO,
    EOPNOTSUPP,
    fail,
)
from ..network.frames import (
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
from .protocol import Message, Protocol
from .records import End, Records

SOCK_PACKET, MSG_CMSG_COMPAT = 10, 0x40000000
HEADER = 14  # bytes of an Ethernet header, which loopback has too
PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP, PACKET_STATISTICS = 1, 2, 6
PACKET_COPY_THRESH, PACKET_AUXDATA, PACKET_ORIGDEV, PACKET_VERSION = 7, 8, 9, 10
PACKET_HDRLEN, PACKET_RESERVE, PACKET_LOSS, PACKET_TIMESTAMP = 11, 12, 14, 17
PACKET_TX_HAS_OFF, PACKET_QDISC_BYPASS, PACKET_IGNORE_OUTGOING = 19, 20, 23
# What is stored, and what a value becomes: its greatest; True for "not 0"; None for as it is.
STORED: dict[int, int | bool | None] = {
    PACKET_COPY_THRESH: None, PACKET_AUXDATA: True, PACKET_ORIGDEV: True, PACKET_VERSION: 2,
    PACKET_RESERVE: None, PACKET_LOSS: True, PACKET_TIMESTAMP: None, PACKET_TX_HAS_OFF: True,
    PACKET_QDISC_BYPASS: True, PACKET_IGNORE_OUTGOING: 1}
SIOCGSTAMP, SIOCGSTAMPNS = 0x8906, 0x8907
RING_HEADER = 32  # bytes of a struct tpacket_hdr, what PACKET_HDRLEN reads
STATUS_USER, CHECKSUM_NOT_READY = 1, 8  # tp_status in a struct tpacket_auxdata


def link_address(protocol: int, index: int, hardware: int = 0, kind: int = 0,
                 address: bytes = b"") -> bytes:
    """A struct sockaddr_ll, as long as its address."""
    return (struct.pack("=H", AF_PACKET) + struct.pack("!H", protocol)
            + struct.pack("=iHBB", index, hardware, kind, len(address)) + address)


@dataclass(eq=False)
class PacketEnd(End):
    """What the protocol keeps: which protocol and interface, and how many frames came."""

    ethertype: int = 0
    index: int = 0  # 0: every interface
    device: bytes = b""  # what a SOCK_PACKET socket was bound to
    seen: int = 0
    lost: int = 0
    stamp: float | None = None  # when the frame came that was received last


class Packets(Records):
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
        if not isinstance(address, bytes) or len(address) < 20 or address[:2] != b"\x11\0":
            fail(EINVAL)
        index = struct.unpack("=i", address[4:8])[0]
        if index and find(self.node, index) is None:
            fail(ENODEV)
        so.pcb.index = index
        so.pcb.ethertype = int.from_bytes(address[2:4], "big") or so.pcb.ethertype

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
            return link_address(so.pcb.ethertype, 0)
        return link_address(so.pcb.ethertype, interface.index, interface.hardware, 0,
                            interface.address)

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
        if so.type == SOCK_PACKET:
            interface, ethertype = self._named_device(address)
            to = b""
        else:
            interface, ethertype, to = self._named(so, address)
        if not interface.flags & IFF_UP:
            fail(ENETDOWN)
        header = HEADER if interface.hardware in (1, ARPHRD_LOOPBACK) else 0
        limit = interface.mtu + 4 + (0 if so.type == SOCK_DGRAM else header)
        if len(data) > limit:
            fail(EMSGSIZE)
        frame = data
        if so.type == SOCK_DGRAM:
            if header:
                frame = to.ljust(6, b"\0")[:6] + interface.address[:6] + struct.pack(
                    "!H", ethertype) + data
        elif len(data) < header:
            fail(EINVAL)
        elif header:
            ethertype = int.from_bytes(data[12:14], "big")
        self._transmit(so, interface, ethertype, frame, header)
        return len(data)

    def _named(self, so: Any, address: Any) -> tuple[Interface, int, bytes]:
        if address is None:
            index, ethertype, to = so.pcb.index, so.pcb.ethertype, b""
        else:
            if len(address) < 20:
                fail(EINVAL)
            index, length = struct.unpack("=i", address[4:8])[0], address[11]
            ethertype, to = int.from_bytes(address[2:4], "big"), address[12:12 + length]
        interface = find(self.node, index)
        if interface is None:
            fail(ENXIO)
        return interface, ethertype, to

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
        sender = link_address(ethertype, interface.index, interface.hardware, kind,
                              source).ljust(20, b"\0")
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

    # Options

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """SIOCGSTAMP, SIOCGSTAMPNS: when the frame came that was received last, in two longs.

        ENOENT
            None has been received.
        """
        if request not in (SIOCGSTAMP, SIOCGSTAMPNS):
            fail(ENOTTY)
        if so.pcb.stamp is None:
            fail(ENOENT)
        unit = 10**6 if request == SIOCGSTAMP else 10**9
        total = int(EPOCH) * unit + round(so.pcb.stamp * unit)
        return 0, struct.pack("=qq", *divmod(total, unit))

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        if so.type == SOCK_PACKET:
            fail(EOPNOTSUPP)
        if level == SOL_PACKET and number == PACKET_STATISTICS:
            counts = struct.pack("=II", so.pcb.seen, so.pcb.lost)
            so.pcb.seen = so.pcb.lost = 0  # reading them clears them
            return counts[:room]
        if level == SOL_PACKET and number == PACKET_HDRLEN:
            return struct.pack("=i", RING_HEADER)[:room]
        if level != SOL_PACKET or number not in STORED:
            fail(ENOPROTOOPT)
        return struct.pack("=i", so.options.get((level, number), 0))[:room]

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        if so.type == SOCK_PACKET:
            fail(EOPNOTSUPP)
        if level != SOL_PACKET:
            fail(ENOPROTOOPT)
        if number in (PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP):
            self._member(number, value)
        elif number in STORED:
            if len(value) < 4:
                fail(EINVAL)
            wanted, most = struct.unpack("=i", value[:4])[0], STORED[number]
            if most is True:
                wanted = int(bool(wanted))
            elif most is not None and not 0 <= wanted <= most:
                fail(EINVAL)
            so.options[level, number] = wanted
        else:
            fail(ENOPROTOOPT)

    def _member(self, number: int, value: bytes) -> None:
        """struct packet_mreq: nothing is filtered by address here, so nothing changes."""
        if len(value) < 16 or len(value) < 8 + struct.unpack("=H", value[6:8])[0]:
            fail(EINVAL)
        if number == PACKET_ADD_MEMBERSHIP and find(
                self.node, struct.unpack("=i", value[:4])[0]) is None:
            fail(ENODEV)


def _is_sum_late(packet: Any) -> bool:
    """UDP and TCP leave their checksum to the interface, and loopback never does it."""
    return isinstance(packet, Packet) and packet.protocol in (IPPROTO_TCP, IPPROTO_UDP)
