"""SOCK_RAW over IP: packets of one protocol as they are, and ICMP echo.

    IPv4: received with the IP header, sent without it
    IPv6: received and sent without it

May not know: descriptors, threads, time.

Sources: Linux raw(7), icmp(7); RFC 3542 3.
"""

from typing import Any

from ..machine.constants import AF_INET, ICMP_FILTER, IPPROTO_ICMPV6, MSG_OOB, SOL_RAW
from ..machine.errors import EADDRNOTAVAIL, EFAULT, EINVAL, EMSGSIZE, EOPNOTSUPP, fail
from ..network.addresses import is_any, is_mapped
from ..network.node import Node
from ..network.packets import Packet
from ..network.wire import decode_icmp, encode, encode_payload
from .buffers import Record
from .datagram import Datagrams
from .internet import InternetAddress
from .ip_control import Choices
from .ports import Ports, covers
from .protocol import Message
from .unix import datagram_cost

ICMP_NUMBERS = (1, IPPROTO_ICMPV6)


class Raw(Datagrams):
    """Raw sockets of one host: each sees every packet of its protocol."""

    name_of = "raw"
    uses_ports = False

    def __init__(self, node: Node) -> None:
        super().__init__(node, Ports(node.host, listening_matters=False))
        self.sockets: list[Any] = []

    def attach(self, so: Any) -> None:
        super().attach(so)
        so.shown_port = so.protocol_number
        if not self.sockets:
            self.node.watchers.append(self.watch)
        self.sockets.append(so)

    def is_active(self, so: Any) -> bool:
        return bool(so.pcb.remote)

    def bind(self, so: Any, address: InternetAddress) -> None:
        if is_mapped(address.address):
            fail(EADDRNOTAVAIL)
        if so.pcb.remote:
            fail(EINVAL)
        self.check_own(so, address)
        so.bound_address = address.address
        so.explicit_address = not is_any(address.address)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        if flags & MSG_OOB:
            fail(EOPNOTSUPP)
        return super().receive(so, count, flags)

    def check_state(self, so: Any) -> None:
        """Linux sends for a raw socket whatever error is pending."""

    def check_length(self, so: Any, data: bytes) -> None:
        if so.protocol_number in ICMP_NUMBERS and len(data) < 2:
            fail(EFAULT)  # Linux looks at the type and the code
        if so.protocol_number == IPPROTO_ICMPV6 and len(data) < 4:
            fail(EINVAL)  # and at the checksum
        if len(data) > 65535 - (20 if so.family == AF_INET else 0):
            fail(EMSGSIZE)

    def transmit(self, so: Any, source: str, remote: str, port: int, data: bytes,
                 chosen: Choices) -> None:
        number = so.protocol_number
        if number in ICMP_NUMBERS:
            payload: Any = decode_icmp(data)
        else:
            payload = data
        self.node.send(Packet(source, remote, number, payload, chosen.ttl, chosen.tos))

    def watch(self, packet: Packet) -> None:
        """Give a copy of *packet* to every raw socket of its protocol."""
        for so in self.sockets:
            if so.protocol_number != packet.protocol or not self._wants(so, packet):
                continue
            data = encode(packet) if so.family == AF_INET else encode_payload(packet)
            sender = InternetAddress(packet.source, 0)
            self.accept_record(so, Record(data, sender, (), datagram_cost(len(data)), packet))

    def _wants(self, so: Any, packet: Packet) -> bool:
        if (":" in packet.source) == (so.family == AF_INET) or not covers(so, packet.destination):
            return False
        if so.pcb.remote and so.pcb.remote != packet.source:
            return False
        blocked = so.options.get((SOL_RAW, ICMP_FILTER), 0)
        kind = getattr(packet.payload, "type", 64)
        if packet.protocol == 1 and packet.payload.short:
            return False  # too short for its filter
        return not (kind < 32 and blocked >> kind & 1)

    def release(self, so: Any) -> None:
        super().release(so)
        self.sockets.remove(so)
        if not self.sockets:
            self.node.watchers.remove(self.watch)
