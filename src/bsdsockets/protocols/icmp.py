"""ICMP and ICMPv6: echo, and errors that say a datagram could not be delivered.

    a datagram nobody takes --> port_unreachable --> Packet(Icmp) --> the protocol it is about
    echo request --> echo reply, as every host answers

May not know: sockets, except to give an error to the protocol that registered for it.

Sources: RFC 792, RFC 4443, RFC 1122 3.2.2.
"""

from collections.abc import Callable

from ..machine.constants import IPPROTO_ICMP, IPPROTO_ICMPV6
from ..machine.errors import (
    EACCES,
    ECONNREFUSED,
    EHOSTDOWN,
    EHOSTUNREACH,
    EMSGSIZE,
    ENETUNREACH,
    ENONET,
    ENOPROTOOPT,
    EOPNOTSUPP,
    EPROTO,
)
from ..network.addresses import version
from ..network.node import Node
from ..network.packets import Icmp, Packet
from ..network.wire import decode_quoted

ECHO_REPLY, UNREACHABLE, ECHO = 0, 3, 8
PROTOCOL_UNREACHABLE, PORT_UNREACHABLE = 2, 3
ECHO6, ECHO_REPLY6, UNREACHABLE6, PORT_UNREACHABLE6 = 128, 129, 1, 4
UNKNOWN_NEXT_HEADER = (4, 1)
QUOTED = 8  # bytes behind the header that an error must show (RFC 792)
# What each type, and each code of "destination unreachable", is to a program: RFC 1122 3.2.2,
# 4.2.3.9; Linux ``icmp_err_convert``, ``icmpv6_err_convert``.
ERRORS: dict[int, dict[int, int | dict[int, int]]] = {
    IPPROTO_ICMP: {
        UNREACHABLE: {0: ENETUNREACH, 2: ENOPROTOOPT, 3: ECONNREFUSED, 4: EMSGSIZE, 5: EOPNOTSUPP,
                      6: ENETUNREACH, 7: EHOSTDOWN, 8: ENONET, 9: ENETUNREACH, 11: ENETUNREACH},
        11: EHOSTUNREACH, 12: EPROTO},
    IPPROTO_ICMPV6: {
        UNREACHABLE6: {0: ENETUNREACH, 1: EACCES, 2: EHOSTUNREACH, 3: EHOSTUNREACH,
                       4: ECONNREFUSED, 5: EACCES, 6: EACCES},
        3: EHOSTUNREACH, 4: EPROTO},
}
OTHER_CODES = {IPPROTO_ICMP: EHOSTUNREACH, IPPROTO_ICMPV6: EPROTO}
FATAL = {  # codes that are told to who did not ask, too
    IPPROTO_ICMP: {2, 3, 6, 7, 8, 9, 10, 13, 14, 15}, IPPROTO_ICMPV6: {1, 4, 5, 6}}

Told = Callable[[Packet, Packet, int], None]  # an error, the packet it is about, its errno


class IcmpErrors:
    """Makes errors, and gives those that come to whom they are about."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.receivers: dict[int, Told] = {}
        self.every: Told = lambda packet, about, number: None  # who hears of every protocol
        node.register(IPPROTO_ICMP, self.arrive)
        node.register(IPPROTO_ICMPV6, self.arrive)

    def register(self, protocol: int, receiver: Told) -> None:
        """Give errors about packets of *protocol* to *receiver*."""
        self.receivers[protocol] = receiver

    def port_unreachable(self, packet: Packet) -> None:
        """Tell the sender of *packet* that nobody has the port.

        Type 3, code 3 for IPv4, with a type of service of 0xC0; type 1, code 4 for IPv6.

        Not modelled: the limit on errors a second (net.ipv4.icmp_msgs_per_sec).
        Source: RFC 1122 3.2.2.1, 4.1.3.1; RFC 4443 3.1; Linux ``icmp_send``.
        """
        if version(packet.source) == 6:
            self._tell(packet, IPPROTO_ICMPV6, Icmp(UNREACHABLE6, PORT_UNREACHABLE6, about=packet))
        else:
            self._tell(packet, IPPROTO_ICMP, Icmp(UNREACHABLE, PORT_UNREACHABLE, about=packet))

    def protocol_unreachable(self, packet: Packet) -> None:
        """Tell the sender of *packet* that nothing here reads its protocol.

        Type 3, code 2 for IPv4; a parameter problem for IPv6, which points to the number.

        Source: RFC 1122 3.2.2.1; RFC 4443 3.4.
        """
        if version(packet.source) == 6:
            self._tell(packet, IPPROTO_ICMPV6, Icmp(*UNKNOWN_NEXT_HEADER, 6, about=packet))
        else:
            self._tell(packet, IPPROTO_ICMP, Icmp(UNREACHABLE, PROTOCOL_UNREACHABLE, about=packet))

    def _tell(self, packet: Packet, number: int, message: Icmp) -> None:
        """Answer *packet*, unless it was for many (RFC 1122 3.2.2, RFC 4443 2.4).

        Another host gets no answer; nor, over IPv4, does who wrote to one, as none could come from
        there; nor, over IPv6, who has not one host's address.
        """
        here = packet.destination
        kind = self.node.kind(here)
        source, four = self.node.kind(packet.source), ":" not in here
        afar = (kind == "remote" and four) or source == "remote" or (source != "local" and not four)
        if (afar or {packet.routed, kind} & {"multicast", "unheard", "broadcast"}
                or (kind == "any" and not packet.routed)):
            return
        if kind != "local":
            here = self.node.source_for(packet.source)
        self.node.send(Packet(here, packet.source, number, message,
                              tos=0xC0 if number == IPPROTO_ICMP else 0, fragment=True))

    def arrive(self, packet: Packet) -> None:
        """Take a message: answer an echo request, give an error to the protocol it is about.

        An error is known by the packet it quotes; its type and code become an errno.  What
        nobody registered for, and what has a wrong checksum, is ignored.

        Not modelled: redirects, and what "fragmentation needed" tells of the path.
        Source: RFC 792; RFC 1122 3.2.2, 3.2.2.6 (echo), 4.1.3.3; RFC 4443 2.4, 4.2 (echo).
        """
        message = packet.payload
        if (":" in packet.source) != (packet.protocol == IPPROTO_ICMPV6):
            self.node.unknown(packet)  # ICMP of the other version
            return
        if not isinstance(message, Icmp):
            return  # its checksum is wrong
        if (number := error_of(packet)) is not None:
            about = message.about or decode_quoted(message.data)
            if about is None or (isinstance(about.payload, bytes) and len(about.payload) < QUOTED):
                return
            self.every(packet, about, number)
            if about.protocol in self.receivers:
                self.receivers[about.protocol](packet, about, number)
        elif message.type in (ECHO, ECHO6):
            kind = ECHO_REPLY if message.type == ECHO else ECHO_REPLY6
            kinds = {packet.routed or "local", self.node.kind(packet.destination)}
            if kinds == {"local"} and self.node.kind(packet.source) != "remote":
                self.node.send(Packet(packet.destination, packet.source, packet.protocol,
                                      message._replace(type=kind), tos=packet.tos,
                                      fragment=True))


def error_of(packet: Packet) -> int | None:
    """The errno that an ICMP message is to a program; None if it tells of no error."""
    known = ERRORS[packet.protocol].get(packet.payload.type)
    other = OTHER_CODES[packet.protocol]
    return known.get(packet.payload.code, other) if isinstance(known, dict) else known


def is_fatal(packet: Packet) -> bool:
    """True if a connected socket hears of this error that did not ask for errors."""
    known = ERRORS[packet.protocol].get(packet.payload.type)
    if isinstance(known, dict) and error_of(packet) != EPROTO:
        return packet.payload.code in FATAL[packet.protocol]
    return error_of(packet) == EPROTO
