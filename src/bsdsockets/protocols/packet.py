"""What packet sockets do: see the frames of interfaces, coming in and going out, and send.

    transmit --> tap:   ETH_P_ALL sockets, as PACKET_OUTGOING
    deliver --> watch:  sockets of the frame's protocol and ETH_P_ALL, by how it was addressed

Loopback carries IP packets as objects; their bytes are made where a socket wants them, with
the header of 14 bytes that loopback has.  A frame with IPv4 or IPv6 that a program sends is
read back into such an object where it comes in; of a TCP segment's numbers, which are not those
of 32 bits here, the nearest are taken.

What a program sets and asks is in `protocols.packet_settings`.

May not know: descriptors, threads, time.

Sources: Linux packet(7), ``net/packet/af_packet.c`` for the order of checks; sizes and
addresses as Linux 6.18 shows them.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..machine.constants import (
    AF_PACKET,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    MSG_PEEK,
    MSG_TRUNC,
    SO_MARK,
    SOCK_DGRAM,
    SOCK_RAW,
    SOL_PACKET,
    SOL_SOCKET,
)
from ..machine.errors import (
    EAGAIN,
    EINVAL,
    EMSGSIZE,
    ENETDOWN,
    ENODEV,
    ENOTCONN,
    ENXIO,
    EPROTONOSUPPORT,
    fail,
)
from ..network import bpf
from ..network.frames import (
    ARPHRD_ETHER,
    ARPHRD_LOOPBACK,
    ETH_P_802_2,
    ETH_P_802_3,
    ETH_P_8021Q,
    ETH_P_ALL,
    ETH_P_IP,
    ETH_P_IPV6,
    IFF_UP,
    OTHERHOST,
    OUTGOING,
    Frame,
    find,
    named,
    receive,
    send,
    type_of,
)
from ..network.martians import is_martian
from ..network.node import Interface, Node
from ..network.packets import Packet
from ..network.parse import parse
from .buffers import Record
from .filtering import chance, kept
from .ip_control import check_control
from .packet_frames import (
    CHECKSUM_NOT_READY,
    HEADER,
    LEAST,
    OWN,
    STATUS_USER,
    UNSEEN,
    VLAN,
    VLAN_NUMBER,
    LinkAddress,
    Seen,
    bytes_of,
    cost_of,
    is_sum_late,
    kind_of,
    untagged,
)
from .packet_settings import (
    FLAG_IGNORE_OUTGOING,
    PACKET_AUXDATA,
    PACKET_IGNORE_OUTGOING,
    PACKET_QDISC_BYPASS,
    SOCK_PACKET,
    Group,
    PacketSettings,
)
from .protocol import ARRIVED, WRITABLE_BAND, Message, Protocol, moment
from .records import End, family_of


@dataclass(eq=False)
class PacketEnd(End):
    """What the protocol keeps: which protocol and interface, and how many frames came."""

    ethertype: int = 0
    index: int = 0  # 0: every interface
    device: bytes = b""  # what a SOCK_PACKET socket was bound to
    seen: int = 0
    lost: int = 0
    group: Group | None = None
    stamp: float | None = None  # when the frame came that was received last


class Packets(PacketSettings):
    """The packet sockets of one host."""

    name_of = "packet"
    end = PacketEnd
    refuses = ~(MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_ERRQUEUE)
    refusal = EINVAL
    peer = Protocol.peer  # there is none: EOPNOTSUPP

    def __init__(self, node: Node) -> None:
        self.node = node
        self.host = node.host
        self.sockets: list[Any] = []
        self.groups = {}
        self._taps: list[tuple[Interface, Callable[[Any], None]]] = []
        for ethertype in (ETH_P_IP, ETH_P_IPV6):
            receive(node, ethertype, self._arrived)

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
        self.leave(so)
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
        if so.pcb.group is not None:
            fail(EINVAL)
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
        EPROTONOSUPPORT
            SO_NOFCS: the interface adds no checksum that could be left out.
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
        check_control(so, control)
        if so.options.get("SO_NOFCS"):
            fail(EPROTONOSUPPORT)
        header = HEADER if interface.hardware in (ARPHRD_ETHER, ARPHRD_LOOPBACK) else 0
        frame = data
        if so.type == SOCK_DGRAM and header:
            kind = len(data) if ethertype in (ETH_P_802_3, ETH_P_802_2) else ethertype
            frame = to.ljust(6, b"\0")[:6] + interface.address[:6] + struct.pack(
                "!H", kind & 0xFFFF) + data
        most = interface.mtu + header
        if len(frame) > most + VLAN:
            fail(EMSGSIZE)
        so.wake(WRITABLE_BAND)  # the memory of a frame is free again at once
        if len(frame) < header or not frame:
            fail(EINVAL)
        if len(frame) > most and frame[12:14] != struct.pack("!H", ETH_P_8021Q):
            fail(EMSGSIZE)
        if so.type == SOCK_RAW and ethertype in (0, ETH_P_ALL) and header:
            ethertype = int.from_bytes(frame[12:14], "big")
        if so.options.get((SOL_PACKET, PACKET_QDISC_BYPASS)):
            ethertype = UNSEEN
        send(interface, type_of(frame) if header else ethertype, frame, header, so, ethertype)
        return len(data)

    def _target(self, so: Any, address: Any) -> tuple[Interface, int, bytes]:
        """Where a frame goes: out of which interface, to which protocol and hardware."""
        if so.type == SOCK_PACKET:
            return (*self._named_device(address), b"")
        if address is None:
            return find(self.node, so.pcb.index) or fail(ENXIO), so.pcb.ethertype, b""
        to = LinkAddress.unpack(address)
        if len(address) < OWN + address[OWN - 1]:
            fail(EINVAL)
        return find(self.node, to.interface) or fail(ENXIO), to.protocol, address[OWN:]

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

    def _arrived(self, frame: Frame) -> None:
        """IP in a frame that a program made becomes a packet again, for the protocols above."""
        interface = find(self.node, frame.interface)
        if interface is None or kind_of(interface, frame.data, frame.header) == OTHERHOST:
            return
        packet = parse(frame.data[frame.header:])
        if packet is None or is_martian(self.node, packet):
            return
        for watcher in tuple(self.node.watchers):
            if watcher != self.watch:
                watcher(packet)
        self.node.receivers.get(packet.protocol, self.node.unknown)(packet)

    # Receiving

    def watch(self, packet: Any) -> None:
        """A frame comes in."""
        interface = find(self.node, packet.interface)
        if interface is not None:
            self.pass_by(interface, packet, outgoing=False)

    def pass_by(self, interface: Interface, packet: Any, outgoing: bool) -> None:
        """Show a frame to the sockets that want to see it; what comes in loses its VLAN's tag."""
        tag = None
        if isinstance(packet, Packet):
            ethertype = ETH_P_IPV6 if ":" in packet.source else ETH_P_IP
        else:
            ethertype = packet.ethertype
            if not outgoing and ethertype == ETH_P_8021Q:
                if len(packet.data) < HEADER + VLAN:
                    return
                packet, tag = untagged(packet)
                ethertype = packet.ethertype
            if outgoing and packet.sent is not None:
                ethertype = packet.sent
            if ethertype == UNSEEN:
                return
        sender = getattr(packet, "about", None) if outgoing else None
        takers = [so for so in self.sockets if self._wants(so, interface, ethertype, outgoing)
                  and so is not sender]
        if self.groups:
            takers = self._one_of_each(takers, sender, outgoing)
        if not takers:
            return
        data, header = bytes_of(packet, ethertype)
        kind = OUTGOING if outgoing else kind_of(interface, data, header)
        for so in takers:
            if tag is not None and so.pcb.ethertype != ETH_P_ALL:  # nobody has that VLAN
                self._take(so, interface, ethertype, data, header,
                           OTHERHOST if tag & VLAN_NUMBER else kind, packet, None)
            else:
                self._take(so, interface, ethertype, data, header, kind, packet, tag)

    @staticmethod
    def _wants(so: Any, interface: Interface, ethertype: int, outgoing: bool) -> bool:
        end = so.pcb
        if end.index not in (0, interface.index):
            return False
        if outgoing and end.group is None and so.options.get(
                (SOL_PACKET, PACKET_IGNORE_OUTGOING)):
            return False
        return end.ethertype == ETH_P_ALL or (end.ethertype == ethertype and not outgoing)

    @staticmethod
    def _one_of_each(takers: list[Any], sender: Any, outgoing: bool) -> list[Any]:
        """Of the sockets of a group only the one whose turn it is; none if one of them sends."""
        found = [so for so in takers if so.pcb.group is None]
        own = sender.pcb.group if sender is not None else None
        for group in dict.fromkeys(so.pcb.group for so in takers):
            if group is not None and group is not own and not (
                    outgoing and group.flags & FLAG_IGNORE_OUTGOING):
                found.append(group.choose())
        return found

    def _take(self, so: Any, interface: Interface, ethertype: int, data: bytes, header: int,
              kind: int, packet: Any, tag: int | None) -> None:
        if so.type == SOCK_PACKET:
            sender = struct.pack("=H14s", interface.hardware, interface.name.encode())
            sender += struct.pack("!H", ethertype)
        else:
            source = data[6:12] if header == HEADER else b""
            sender = LinkAddress(ethertype, interface.index, interface.hardware, kind,
                                 source).pack().ljust(LEAST, b"\0")
        shown = data[header:] if so.type == SOCK_DGRAM else data
        size = len(shown)
        if "SO_ATTACH_FILTER" in so.options:
            shown = shown[:kept(so, bpf.View(data, len(data) - size, header, 0, {
                bpf.PROTOCOL: ethertype, bpf.PACKET_TYPE: kind, bpf.INTERFACE: interface.index,
                bpf.HARDWARE: interface.hardware, bpf.RANDOM: chance(so),
                bpf.MARK: getattr(packet, "mark", 0) & 0xFFFFFFFF, bpf.VLAN_TAG: tag or 0,
                bpf.VLAN_PRESENT: int(tag is not None),
                bpf.VLAN_PROTOCOL: 0 if tag is None else ETH_P_8021Q}))]
        if not shown:
            return  # as the filter that every socket has without one of its own
        so.pcb.seen += 1
        status = STATUS_USER | (CHECKSUM_NOT_READY if is_sum_late(packet) else 0)
        about = Seen(status, size, len(shown), size - len(data) + header, self.host.clock.now,
                     getattr(packet, "mark", 0), tag)
        if so.buffer.cost >= so.receive_size:
            so.pcb.lost += 1
            return
        so.buffer.append(Record(shown, sender, (), cost_of(packet, len(data)), about))
        so.wake(ARRIVED)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a frame; waits for one.  What does not fit is lost, and MSG_TRUNC says so.

        With PACKET_AUXDATA a control message says how long the frame is and where its
        network header begins: struct tpacket_auxdata.

        EINVAL
            A flag other than MSG_PEEK, MSG_DONTWAIT, MSG_TRUNC, MSG_ERRQUEUE.
        """
        if flags & MSG_ERRQUEUE and not flags & self.refuses:
            fail(EAGAIN)  # nothing is ever there: time stamps of sending are left out
        about = so.buffer.records[0].origin if so.buffer.records else None
        message = super().receive(so, count, flags)
        if message is None or about is None:
            return message
        so.pcb.stamp = about.when
        told = list(moment(so, about.when))
        if so.options.get("SO_RCVMARK"):
            told.append((SOL_SOCKET, SO_MARK, struct.pack("=i", about.mark)))
        if so.options.get((SOL_PACKET, PACKET_AUXDATA)):
            told.append((SOL_PACKET, PACKET_AUXDATA, about.auxiliary()))
        return message._replace(control=tuple(told))
