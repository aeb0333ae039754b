"""SOCK_RAW over IP: packets of one protocol as they are, and ICMP echo.

    IPv4: received with the IP header, sent without it
    IPv6: received and sent without it
    IP_HDRINCL, IPV6_HDRINCL, and protocol 255: sent with it; IPv4's zeros and sum are filled in

May not know: descriptors, threads, time.

Sources: Linux raw(7), icmp(7); RFC 3542 3.
"""

import struct
from typing import Any

from ..machine.constants import (
    AF_INET,
    IPPROTO_ICMPV6,
    IPPROTO_RAW,
    MSG_MORE,
    MSG_OOB,
)
from ..machine.errors import EADDRNOTAVAIL, EFAULT, EINVAL, EMSGSIZE, ENOBUFS, EOPNOTSUPP, fail
from ..network.addresses import LOOPBACK6, is_any, is_mapped, pack, unmap, unpack
from ..network.node import Node
from ..network.packets import Icmp, Packet
from ..network.parse import carried, parse
from ..network.wire import (
    checksum,
    encode,
    encode_payload,
    most_quoted,
    sum_of,
    with_checksum,
)
from .buffers import Record, look, packet_cost
from .datagram import Datagrams
from .filtering import kept_of
from .icmp import IcmpErrors
from .internet import InternetAddress
from .ip_control import UNHEARD, Choices, hops, may_fragment, prepared
from .ports import PLACE_HOLDER, Ports, covers
from .protocol import WRITABLE_BAND, Message, arrival
from .raw_settings import checksum_offset, keeps_away, looked_at, type_of, whole_packets
from .udp_segments import FIRST6

SILENT4 = (2, 103)  # IGMP and PIM
SILENT6 = (0, 43, 44, 59, 60, 103)  # PIM, and what IPv6 itself reads or ends with
MOST6 = 65496  # bytes behind the header of IPv6's greatest packet
IN_TWO6 = 67152  # what two packets of IPv6 cost, the greatest and the rest


def head_of(so: Any) -> int:
    """Bytes before the data of a packet: IP, the link, and what Linux keeps free."""
    return 51 if so.family == AF_INET else 64


class Raw(Datagrams):
    """Raw sockets of one host: each sees every packet of its protocol."""

    name_of = "raw"
    uses_ports = False

    def __init__(self, node: Node, errors: IcmpErrors) -> None:
        super().__init__(node, Ports(node.host, listening_matters=False))
        self.sockets: list[Any] = []
        self.identification = 0  # of the last packet that needed one: RFC 791 3.2
        self.errors = errors
        self.taken: Packet | None = None  # the last packet that a socket here had room for
        errors.every = self.refused
        node.unknown = self.unknown

    def attach(self, so: Any) -> None:
        """Make a new socket one of those that see every packet of its protocol.

        Its port shows as the number of the protocol.  IPPROTO_RAW only sends, and each of its
        packets has the program's own header (IP_HDRINCL, IPV6_HDRINCL).

        Source: raw(7).
        """
        super().attach(so)
        so.shown_port = so.protocol_number
        if not self.sockets:
            self.node.watchers.append(self.watch)
        self.sockets.append(so)
        if so.protocol_number == IPPROTO_RAW:
            so.options[whole_packets(so)] = 1

    def bind(self, so: Any, address: InternetAddress) -> None:
        """Receive only what is for *address*; its port means nothing.

        EADDRNOTAVAIL
            An IPv4-mapped address.
        EINVAL
            The socket is connected.
        EADDRNOTAVAIL, EINVAL, ENODEV
            The address is none of this host; no interface is named, or one that is not there.

        Source: raw(7); Linux ``raw_bind``, ``rawv6_bind``.
        """
        if is_mapped(address.address):
            fail(EADDRNOTAVAIL)
        if self.is_active(so):
            fail(EINVAL)
        self.check_own(so, address)
        so.bound_address = address.address
        so.explicit_address = not is_any(address.address)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take one packet: over IPv4 with its header, over IPv6 without it.

        Up to *count* bytes, the rest is lost.  None while none is there.

        EOPNOTSUPP
            MSG_OOB.
        EAGAIN, ECONNREFUSED and others
            As for `Datagrams.receive`.

        Source: raw(7); RFC 3542 3; Linux ``raw_recvmsg``.
        """
        if flags & MSG_OOB:
            fail(EOPNOTSUPP)
        return super().receive(so, count, flags)

    def first(self, so: Any) -> Record | None:
        """Linux looks as if SO_PEEK_OFF were 0 and stayed so: an empty packet shows once."""
        return look(so.buffer.records, 0)[0]

    def check_state(self, so: Any, chosen: Choices) -> None:
        """Linux sends for a raw socket whatever is pending or shut down, but a whole packet, and
        one with IPV6_DSTOPTS, as it asks for memory in other ways then.
        """
        if so.options.get(whole_packets(so)) or (chosen.behind and so.pcb.pending is None):
            super().check_state(so, chosen)

    def connect(self, so: Any, address: InternetAddress, wait: bool) -> bool:
        """Note the peer: packets come from it alone, and go there where no address is given.

        The errors are those of `Datagrams.connect`; the port means nothing.

        Source: raw(7); Linux ``__ip4_datagram_connect``.
        """
        super().connect(so, address, wait)
        so.pcb.remote = self.dressed(so, so.pcb.remote)
        return True

    def wire(self, so: Any, address: str) -> str:
        """One that is bound to an address of IPv6 seems to Linux to have 127.0.0.6 too."""
        if is_mapped(address) and is_any(unmap(address)) and (
                so.explicit_address and not is_mapped(so.bound_address)):
            return PLACE_HOLDER
        return super().wire(so, address)

    def target(self, so: Any, address: str) -> str:
        """To raw sockets of IPv6 an IPv4-mapped address is one of IPv6, with no route."""
        if so.family == AF_INET:
            return self.wire(so, address)
        return LOOPBACK6 if is_any(address) else address

    def check_size(self, so: Any, data: bytes, flags: int) -> None:
        if so.family == AF_INET and len(data) > 0xFFFF:
            fail(EMSGSIZE)
        super().check_size(so, data, flags)

    def check_port(self, so: Any, port: int) -> None:
        any_number = so.protocol_number == IPPROTO_RAW and port < 256
        if so.family != AF_INET and ((port or so.protocol_number) > 255 or (
                port not in (0, so.protocol_number) and not any_number)):
            fail(EINVAL)

    def route(self, so: Any, data: bytes, fresh: bool, remote: str, port: int,
              chosen: Choices) -> tuple[str, str, int]:
        whole = so.options.get(whole_packets(so))
        if len(data) < looked_at(so) and not whole:
            fail(EFAULT)
        if whole and so.options.get("IP_OPTIONS"):
            fail(EINVAL)  # a header cannot be both the program's and have Linux's options
        return super().route(so, data, fresh, remote, port, chosen)

    def check_length(self, so: Any, data: bytes, remote: str, port: int,
                     chosen: Choices) -> None:
        if so.options.get(whole_packets(so)):
            self._check_header(so, data, remote)
            return
        whole = len(so.pcb.pending or b"") + len(data)
        first = chosen if so.pcb.pending is None else so.pcb.chosen
        more = first.options
        if whole > 65535 - more - (20 if so.family == AF_INET else first.behind):
            so.pcb.pending = None
            self.too_long(so, remote, type_of(so, data))
        if so.family != AF_INET and whole + more + first.behind > MOST6 and first.stays_whole6(so):
            so.pcb.pending = None
            self.too_long(so, remote, type_of(so, data))
        if so.family != AF_INET and whole + more > MOST6 and 2 * so.send_size + more < FIRST6 + 8:
            self.check_state(so, chosen)
            fail(ENOBUFS)  # the second of its two fragments finds no room

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Send one packet; with MSG_MORE what follows is joined to it.

        Beside the errors of `Datagrams.send`: EFAULT for ICMP without a type and a code, and for
        IPv6's mobility header without its type;
        EINVAL for data without room for the checksum (ICMPv6, IPV6_CHECKSUM), or for a header of
        the program's that is none.

        Source: raw(7); RFC 3542 3.1.
        """
        so.pcb.collecting = bool(flags & MSG_MORE)
        return super().send(so, data, flags, address, control)

    def transmit(self, so: Any, source: str, remote: str, port: int, data: bytes,
                 chosen: Choices) -> None:
        if so.options.get(whole_packets(so)):
            self._send_whole(so, source, remote, data, chosen)
            return
        end = so.pcb
        if end.pending is None:
            self._begin(so, source, remote, port, data, chosen)
        else:
            self._count(so, data)
            data, chosen = end.pending + data, end.chosen
        if end.collecting:
            end.pending, end.chosen = data, chosen
            return
        end.pending = None
        at = checksum_offset(so)
        if at >= 0 and len(data) < at + 2:
            so.wake(WRITABLE_BAND)  # it has been in the send buffer
            fail(EINVAL)  # no room for the checksum
        packet = Packet(source, remote, so.protocol_number & 0xFF, data,  # as the header has it
                        hops(so, chosen, remote, end.kind), chosen.tos,
                        fragment=may_fragment(so), mark=chosen.mark, routed=end.kind)
        if at >= 0:
            packet = packet._replace(
                payload=with_checksum(packet, data[:at] + bytes(2) + data[at + 2:], at, end.astray))
        if end.six:  # the sum is of the addresses of its last piece, the header has the first's
            packet = packet._replace(source=end.flow[0], destination=end.flow[1])
        packet = carried(packet._replace(made=encode(packet)))
        if chosen.stamps:
            self.stamp(so, packet, chosen.stamps)
        self.node.send(packet)

    def _begin(self, so: Any, source: str, remote: str, port: int, data: bytes,
               chosen: Choices) -> None:
        """The first piece: what is collected goes its way."""
        end, six = so.pcb, so.family != AF_INET
        in_two = six and len(data) + chosen.options > MOST6
        end.used = IN_TWO6 - chosen.options if in_two else packet_cost(len(data), head_of(so))
        end.flow, end.six, end.astray = (source, remote, port), six, 0
        end.kind = self.node.kind(remote)
        if end.kind == "multicast" and not self.node.groups.hear(remote, source):
            end.kind = UNHEARD

    @staticmethod
    def _count(so: Any, data: bytes) -> None:
        """Another piece takes memory, a second fragment that of its own."""
        end, more = so.pcb, so.pcb.chosen.options
        if end.six and 0 <= MOST6 - more - len(end.pending) < len(data):
            end.used = max(end.used + packet_cost(len(data), head_of(so)), IN_TWO6 - more)
        else:
            end.used += len(data)
        if len(end.pending) % 2:  # Linux forgets that there, behind the type and the code
            end.astray += 255 * checksum(data[looked_at(so) or len(data):])

    def _check_header(self, so: Any, data: bytes, remote: str) -> None:
        """What a program gives as a whole packet must fit the link and have room for a header."""
        four = so.family == AF_INET
        if len(data) > min(65535 if four else 65536, self.node.loopback.mtu):
            self.too_long(so, remote, 0)
        if len(data) < (20 if four else 40):
            fail(EINVAL)

    def _send_whole(self, so: Any, source: str, remote: str, data: bytes,
                    chosen: Choices) -> None:
        """Send a packet as it is; IPv4's length and sum are filled in, and what is 0 in it.

        That is the source, and the identification unless Don't Fragment is set.

        EINVAL
            IPv4's header does not say how long it is.
        """
        size = (data[0] & 15) * 4
        if so.family == AF_INET and not 20 <= size <= len(data):
            so.wake(WRITABLE_BAND)
            fail(EINVAL)
        if so.family == AF_INET:
            address = pack(source) if data[12:16] == bytes(4) else data[12:16]
            number = data[4:6]
            if number == bytes(2) and not data[6] & 0x40:
                self.identification = self.identification % 0xFFFF + 1
                number = struct.pack("!H", self.identification)
            head = data[:2] + struct.pack("!H", len(data)) + number + data[6:10] + bytes(2)
            head += address + data[16:size]
            data = head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data[size:]
        of_this_version = data[0] >> 4 == (4 if so.family == AF_INET else 6)
        packet = parse(data) if of_this_version else None
        if chosen.stamps:  # also where it is none that IP takes: it has gone
            own = unpack(data[12:16] if so.family == AF_INET else data[8:24])
            self.stamp(so, Packet(own, "", 0, b"", made=data), chosen.stamps)
        if packet is not None:
            lost = is_any(packet.destination) and self.node.kind(remote) == "local"
            self.node.send(packet._replace(routed="local") if lost else packet)

    def fits(self, so: Any, record: Record) -> bool:
        """One more fits while the buffer is not full."""
        return bool(so.buffer.cost < so.receive_size)

    def watch(self, packet: Packet) -> None:
        """Give a copy of *packet* to every raw socket of its protocol."""
        if not isinstance(packet, Packet) or packet.is_piece:
            return  # a frame: what it holds comes by itself; a fragment waits for others
        to = packet.destination
        multicast = ":" not in to and self.node.kind(to) == "multicast"
        if packet.routed == UNHEARD or (
                multicast and not packet.routed and not self.node.groups.hear(to, packet.source)):
            return  # no interface here listens to the group
        for so in reversed(self.sockets):
            if self._is_for(so, packet) and so.buffer.cost < so.receive_size:
                self.taken = packet
            if not self._wants(so, packet) or (
                    multicast and not self.hears(so, to, packet.source)):
                continue
            if packet.made and checksum_offset(so) >= 0 and sum_of(packet, encode_payload(packet)):
                so.pcb.drops += 1  # it is damaged
                continue
            data = encode(packet) if so.family == AF_INET else encode_payload(packet)
            size = len(data) - (20 if so.family == AF_INET else 0)
            if "SO_ATTACH_FILTER" in so.options:
                count = kept_of(so, packet)
                if not count:
                    continue
                data = data[:count]
            sender = InternetAddress(packet.source, 0)
            self.accept_record(so, Record(data, sender, (), packet_cost(size, head_of(so)),
                                          prepared(so, packet), arrival(so)))

    @staticmethod
    def _is_for(so: Any, packet: Packet) -> bool:
        """True if the protocol and both addresses fit."""
        return bool(so.protocol_number == packet.protocol
                    and (":" in packet.source) == (so.family != AF_INET)
                    and covers(so, packet.destination)
                    and so.pcb.remote in ("", packet.source))

    def unknown(self, packet: Packet) -> None:
        """A packet of a protocol that nobody has: unless a raw socket had room for it, say so.

        Source: RFC 1122 3.2.2.1; RFC 8200 4; Linux ``ip_protocol_deliver_rcu``.
        """
        if not isinstance(packet, Packet):
            return  # a frame that is not IP's
        silent = SILENT6 if ":" in packet.source else SILENT4
        if packet.protocol not in silent and self.taken is not packet:
            self.errors.protocol_unreachable(packet)

    def refused(self, packet: Packet, about: Packet, number: int) -> None:
        """An ICMP error, *number* as an errno, about a packet: who sent such ones learns of it.

        Source: RFC 1122 3.2.2; Linux ``raw_icmp_error``, ``raw_err``.
        """
        back = about._replace(source=about.destination, destination=about.source)
        for so in reversed(self.sockets):
            if self._is_for(so, back):
                six = ":" in packet.source
                data = encode_payload(about)[:most_quoted(six) - (40 if six else 20)]
                to = InternetAddress(about.destination, 0)
                self.returned(so, number, to, data, six, 8 + len(data), packet)

    def _wants(self, so: Any, packet: Packet) -> bool:
        if not self._is_for(so, packet):
            return False
        if packet.protocol != (1 if so.family == AF_INET else IPPROTO_ICMPV6):
            return True
        message = packet.payload
        least = 8 if packet.protocol == 1 else 4
        if isinstance(message, bytes) and len(message) < least:
            return False  # too short for its filter
        return not keeps_away(so, message.type if isinstance(message, Icmp) else message[0])

    def release(self, so: Any) -> None:
        """The last close: it sees no packets any more.  Never waits and never fails."""
        super().release(so)
        self.sockets.remove(so)
        if not self.sockets:
            self.node.watchers.remove(self.watch)
