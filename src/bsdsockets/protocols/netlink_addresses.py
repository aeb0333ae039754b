"""NETLINK_ROUTE: the addresses of a host's interfaces, and the routes that these make.

    192.0.2.7/24 on lo  -->  local 192.0.2.0/24, local 192.0.2.7, broadcast 192.0.2.255

An address whose network another one has already is *secondary*: it makes no route to the network,
and goes when that one goes.

Left out: routes that somebody else makes, and groups that are told of routes; the moment for which
Linux calls an address of IPv6 tentative.

May not know: messages, sockets.

Sources: RFC 3549; Linux rtnetlink(7), ip-address(8), ``net/ipv4/devinet.c`` for the order of
checks; <linux/if_addr.h>, <linux/rtnetlink.h>.
"""

import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import NamedTuple

from ..machine.constants import AF_INET, AF_INET6
from ..machine.errors import (
    EADDRNOTAVAIL,
    EEXIST,
    EINVAL,
    ENETUNREACH,
    ENODEV,
    EOPNOTSUPP,
    fail,
)
from ..network.addresses import unpack
from ..network.frames import ARPHRD_LOOPBACK, IFF_UP, find
from ..network.node import Interface, Node
from .netlink_messages import (
    EXCLUSIVE,
    REPLACE,
    Refusal,
    attribute,
)
from .netlink_policies import ADDRESS4, ADDRESS6, ROUTE4, ROUTE6, checked, name_in

HOST_SCOPE, LINK_SCOPE, SECONDARY, PERMANENT = 254, 253, 1, 0x80
TABLE_LOCAL, TABLE_MAIN, BY_KERNEL, LOCAL, BROADCAST = 255, 254, 2, 2, 3
TO_LOCAL, TO_BROADCAST = 0x80000200, 0x90000200  # RTM_F_LOOKUP_TABLE and what Linux adds
CACHE_INFO = struct.pack("=I28x", 2)  # how many use the route: the cache and who asks
MEDIUM = b"\0"  # RTA_PREF
FOREVER = struct.pack("=IIII", 0xFFFFFFFF, 0xFFFFFFFF, 0, 0)
DELADDR, DELROUTE = 21, 25
Own = IPv4Interface | IPv6Interface
LEAST4, LEAST6 = 68, 1280  # bytes that IPv4 and IPv6 need of a link
LOOPBACK = (LEAST4, ip_interface("127.0.0.1/8")), (LEAST6, ip_interface("::1/128"))
SHORT = "Invalid header length"


class Kept(NamedTuple):
    """What is kept of an address besides itself."""

    scope: int
    label: str
    secondary: bool = False
    maker: int = 0  # IFA_PROTO


class Addresses:
    """The addresses and routes of one node, as bodies of messages."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._kept: dict[tuple[int, Own], Kept] = {}

    def _about(self, interface: Interface, own: Own) -> Kept:
        usual = Kept(HOST_SCOPE if own.ip.is_loopback else 0, interface.name, maker=int(
            own.version == 6 and own.ip.is_loopback))
        return self._kept.get((interface.index, own), usual)

    # Addresses

    def listed(self, family: int) -> Iterator[bytes]:
        """A struct ifaddrmsg with attributes for each address of a family, 0 for all."""
        for version, number in ((4, AF_INET), (6, AF_INET6)):
            if family in (0, number):
                for interface in self.node.interfaces:
                    for own in interface.addresses:
                        if own.version == version:
                            yield self.body(interface, own)

    def body(self, interface: Interface, own: Own) -> bytes:
        """A struct ifaddrmsg with attributes."""
        kept = self._about(interface, own)
        family = AF_INET if own.version == 4 else AF_INET6
        flags = PERMANENT | (SECONDARY if kept.secondary else 0)
        body = struct.pack("=BBBBI", family, own.network.prefixlen, flags, kept.scope,
                           interface.index)
        body += attribute(1, own.ip.packed)
        if own.version == 4:
            body += attribute(2, own.ip.packed)
            body += attribute(3, kept.label) if kept.label else b""
        body += attribute(8, flags) + attribute(6, FOREVER)
        return body + (attribute(11, bytes([kept.maker])) if kept.maker else b"")

    def add(self, body: bytes, flags: int) -> Iterator[tuple[int, bytes]]:
        """Give a link an address; yields the version of IP and the body that tells of it.

        EOPNOTSUPP
            Neither IPv4 nor IPv6.
        EINVAL
            No address, a prefix that is too long, or another scope than the network's.
        ENODEV
            There is no such link.
        EEXIST
            It has the address, and nobody said NLM_F_REPLACE.
        """
        four = _is_four(body)
        interface, own, kept = self._named4(body) if four else self._named6(body)
        is_new = own not in interface.addresses if four else all(
            other.ip != own.ip for other in interface.addresses)
        if is_new:
            place, secondary = self._place(interface, own, kept.scope)
            interface.addresses.insert(place, own)
            self._kept[interface.index, own] = kept._replace(secondary=secondary)
            if not interface.flags & IFF_UP:
                interface.narrow.add(own)
            self.node.forget()
        elif flags & EXCLUSIVE or not flags & REPLACE:
            raise Refusal(EEXIST, "ipv4: Address already assigned" if four
                          else "ipv6: address already assigned")
        elif not four:
            own = next(other for other in interface.addresses if other.ip == own.ip)
            self._kept[interface.index, own] = kept
        if four or interface.flags & IFF_UP:
            yield own.version, self.body(interface, own)

    def _place(self, interface: Interface, own: Own, scope: int) -> tuple[int, bool]:
        """Where in the list an address goes, and whether it is a secondary one."""
        place, secondary = 0, False
        if own.version == 6:
            return sum(other.version == 4 for other in interface.addresses), False
        for at, other in enumerate(interface.addresses):
            kept = self._about(interface, other)
            if other.version == 4 and not kept.secondary and scope <= kept.scope:
                place = at + 1
            if other.version == 4 and other.network == own.network:
                if kept.scope != scope:
                    raise Refusal(EINVAL, "ipv4: Invalid scope value")
                secondary = True
        if secondary:
            place = sum(other.version == 4 for other in interface.addresses)
        return place, secondary

    def _named4(self, body: bytes) -> tuple[Interface, Own, Kept]:
        """The link and the address that a struct ifaddrmsg names, for a new address."""
        _, prefix, _, scope, index = struct.unpack_from("=BBBBI", body)
        found = checked(body, 8, ADDRESS4)
        label = name_in(found)
        if prefix > 32:
            raise Refusal(EINVAL, "ipv4: Invalid prefix length")
        if 2 not in found:
            raise Refusal(EINVAL, "ipv4: Local address is not supplied")
        if not any(found[2][:4]):
            raise Refusal(0)  # there is nothing to do
        interface = self._link(index, "ipv4: Device not found")
        own = ip_interface(f"{unpack(found[2][:4])}/{prefix}")
        return interface, own, Kept(scope, interface.name if label is None else label)

    def _named6(self, body: bytes) -> tuple[Interface, Own, Kept]:
        _, prefix, _, _, index = struct.unpack_from("=BBBBI", body)
        packed = _packed6(body)
        interface = self._link(index, "ipv6: Unable to find the interface")
        if prefix > 128:
            raise Refusal(EINVAL, "ipv6: Invalid prefix length")
        own = ip_interface(f"{unpack(packed[:16])}/{prefix}")
        scope = HOST_SCOPE if own.ip.is_loopback else LINK_SCOPE if own.ip.is_link_local else 0
        return interface, own, Kept(scope, "")

    def _link(self, index: int, why: str) -> Interface:
        interface = find(self.node, index)
        if interface is None:
            raise Refusal(ENODEV, why)
        return interface

    def remove(self, body: bytes, flags: int) -> Iterator[tuple[int, bytes]]:
        """Take an address away, and the secondary ones of its network.

        ENODEV, EADDRNOTAVAIL
            There is no such link, or it has no such address.
        """
        interface, gone = self._gone4(body) if _is_four(body) else self._gone6(body)
        if gone.version == 4 and not self._about(interface, gone).secondary:
            for own in tuple(interface.addresses):
                if own != gone and own.version == 4 and own.network == gone.network:
                    yield from self.drop(interface, [own])
        told = tuple(self.drop(interface, [gone]))
        if gone.version == 4 or interface.flags & IFF_UP:
            yield from told

    def drop(self, interface: Interface, gone: Sequence[Own]) -> Iterator[tuple[int, bytes]]:
        """Take addresses away; what groups are told of each."""
        for own in gone:
            told = self.body(interface, own)
            interface.addresses.remove(own)
            interface.narrow.discard(own)
            self._kept.pop((interface.index, own), None)
            self.node.forget()
            yield own.version, told

    def relabel(self, interface: Interface, name: str) -> None:
        """Give addresses that have the link's name as their label its new one."""
        for (index, own), kept in self._kept.items():
            if index == interface.index and kept.label == interface.name:
                self._kept[index, own] = kept._replace(label=name)

    def _gone4(self, body: bytes) -> tuple[Interface, Own]:
        """The first address that has all that a struct ifaddrmsg says."""
        _, prefix, _, _, index = struct.unpack_from("=BBBBI", body)
        found = checked(body, 8, ADDRESS4)
        interface = self._link(index, "ipv4: Device not found")
        label = name_in(found)
        for own in interface.addresses:
            if own.version == 6 or (2 in found and own.ip.packed != found[2][:4]):
                continue
            if label is not None and label != self._about(interface, own).label:
                continue
            if 1 in found and (prefix != own.network.prefixlen or ip_interface(
                    unpack(found[1][:4])).ip not in own.network):
                continue
            return interface, own
        raise Refusal(EADDRNOTAVAIL, "ipv4: Address not found")

    def _gone6(self, body: bytes) -> tuple[Interface, Own]:
        _, prefix, _, _, index = struct.unpack_from("=BBBBI", body)
        packed = _packed6(body)
        if prefix > 128:
            raise Refusal(EINVAL, "ipv6: Invalid prefix length")
        interface = self._link(index, "ipv6: Unable to find the interface")
        for own in interface.addresses:
            if own.version == 6 and own.ip.packed == packed[:16] and (
                    own.network.prefixlen == prefix):
                return interface, own
        raise Refusal(EADDRNOTAVAIL, "ipv6: address not found")

    def one(self, body: bytes) -> bytes:
        """The address of IPv6 that a struct ifaddrmsg names; of IPv4 there is only the list.

        EOPNOTSUPP, EINVAL, EADDRNOTAVAIL
            Another family; none is named; there is none such.
        """
        if body[0] != AF_INET6:
            fail(EOPNOTSUPP)
        if len(body) < 8:
            raise Refusal(EINVAL, "ipv6: Invalid header for get address request")
        packed = _packed6(body)
        index = struct.unpack_from("=I", body, 4)[0]
        for interface in self.node.interfaces:
            for own in interface.addresses:
                if own.ip.packed == packed and index in (0, interface.index):
                    return self.body(interface, own)
        fail(EADDRNOTAVAIL)

    def switched(self, interface: Interface) -> Iterator[tuple[int, int, bytes]]:
        """Let the addresses of IPv6 go with a link that is down; loopback's come back with it."""
        if interface.flags & IFF_UP and interface.hardware == ARPHRD_LOOPBACK:
            for least, own in LOOPBACK:
                if interface.mtu >= least and own not in interface.addresses:
                    place, _ = self._place(interface, own, HOST_SCOPE)
                    interface.addresses.insert(place, own)
            interface.narrow.clear()
        elif not interface.flags & IFF_UP:
            yield from self.narrowed(interface)
        self.node.forget()

    def narrowed(self, interface: Interface) -> Iterator[tuple[int, int, bytes]]:
        """Let the addresses of IPv6 go with a link that cannot carry it."""
        for own in tuple(interface.addresses):
            if own.version == 6:
                yield 6, DELROUTE, self._route6(interface, own.ip.packed)
                yield from ((6, DELADDR, told) for _, told in self.drop(interface, [own]))

    # Routes

    def routes(self, family: int) -> Iterator[bytes]:
        """The table *local*, which the addresses make; there is no other here."""
        for interface in self.node.interfaces:
            if family in (0, AF_INET):
                yield from (self._route4(interface, *row) for row in self._rows(interface))
        for interface in self.node.interfaces:
            for own in sorted(interface.addresses, key=lambda own: own.ip.packed):
                if own.version == 6 and family in (0, AF_INET6):
                    yield self._route6(interface, own.ip.packed)

    def _rows(self, interface: Interface) -> list[tuple[bytes, int, int, int, bytes]]:
        """Destination, length, scope, kind and source of each route of IPv4, in order."""
        rows: dict[tuple[bytes, int, int, int, bytes], None] = {}  # in the order of their making
        for own in interface.addresses:
            if own.version != 4:
                continue
            first = next(other for other in interface.addresses if other.version == 4
                         and other.network == own.network)
            source = first.ip.packed
            rows[(own.ip.packed, 32, HOST_SCOPE, LOCAL, source)] = None
            whole = own.network.prefixlen
            if own != first or whole == 32 or interface.hardware != ARPHRD_LOOPBACK:
                continue
            if int(own.network.network_address) and own not in interface.narrow:
                rows[(own.network.network_address.packed, whole, HOST_SCOPE, LOCAL, source)] = None
                if whole < 31 and interface.flags & IFF_UP:
                    rows[(own.network.broadcast_address.packed, 32, LINK_SCOPE, BROADCAST,
                              source)] = None
        return sorted(rows, key=lambda row: (row[0], -row[1]))

    @staticmethod
    def _route4(interface: Interface, packed: bytes, length: int, scope: int, kind: int,
                source: bytes) -> bytes:
        body = struct.pack("=BBBBBBBBI", AF_INET, length, 0, 0, TABLE_LOCAL, BY_KERNEL, scope,
                           kind, 0)
        body += attribute(15, TABLE_LOCAL) + attribute(1, packed)
        return body + attribute(7, source) + attribute(4, interface.index)

    @staticmethod
    def _route6(interface: Interface, packed: bytes) -> bytes:
        body = struct.pack("=BBBBBBBBI", AF_INET6, 128, 0, 0, TABLE_LOCAL, BY_KERNEL, 0, LOCAL, 0)
        body += attribute(15, TABLE_LOCAL) + attribute(1, packed)
        body += attribute(6, 0) + attribute(4, interface.index)
        return body + attribute(12, bytes(32)) + attribute(20, MEDIUM)

    def way_to(self, body: bytes) -> bytes:
        """The route that packets to one address take.

        EOPNOTSUPP
            Neither IPv4 nor IPv6.
        ENETUNREACH
            There is none.
        """
        if body[0] not in (AF_INET, AF_INET6):
            fail(EOPNOTSUPP)
        four = body[0] == AF_INET
        if len(body) < 12:
            raise Refusal(EINVAL, "ipv4: Invalid header for route get request" if four
                          else "ipv6: Invalid header for get route request")
        found = checked(body, 12, ROUTE4 if four else ROUTE6)
        if not four and any(len(found.get(kind, bytes(16))) < 16 for kind in (1, 2)):
            fail(EINVAL)
        packed = found.get(1, bytes(16))
        return self._way4(packed[:4]) if four else self._way6(packed[:16])

    def _way4(self, packed: bytes) -> bytes:
        asked = ip_interface(unpack(packed or bytes(4))).ip
        kind, source = LOCAL, LOOPBACK[0][1].ip.packed
        for interface in self.node.interfaces:
            rows = [row for row in self._rows(interface) if asked in ip_interface(
                f"{unpack(row[0])}/{row[1]}").network]
            if not int(asked):
                break
            if rows:
                *_, kind, source = max(rows, key=lambda row: row[1])
                break
        else:
            fail(ENETUNREACH)
        local = kind == LOCAL
        answer = struct.pack("=BBBBBBBBI", AF_INET, 32, 0, 0, TABLE_MAIN, 0, 0, kind,
                             TO_LOCAL if local else TO_BROADCAST)
        answer += attribute(15, TABLE_MAIN) + attribute(1, packed)
        answer += attribute(4, interface.index) + attribute(7, source)
        return answer + attribute(25, 0) + attribute(12, CACHE_INFO)

    def _way6(self, packed: bytes) -> bytes:
        for interface in self.node.interfaces:
            if any(own.version == 6 and own.ip.packed == packed for own in interface.addresses):
                break
        else:
            fail(ENETUNREACH)
        answer = struct.pack("=BBBBBBBBI", AF_INET6, 128, 128, 0, TABLE_LOCAL, BY_KERNEL, 0, LOCAL,
                             0)
        answer += attribute(1, packed) + attribute(2, bytes(16)) + attribute(15, TABLE_LOCAL)
        answer += attribute(4, interface.index) + attribute(7, packed) + attribute(6, 0)
        return answer + attribute(12, CACHE_INFO) + attribute(20, MEDIUM)


def _packed6(body: bytes) -> bytes:
    """The address of IPv6 in a request; EINVAL if there is none."""
    found = checked(body, 8, ADDRESS6)
    return found.get(2, found.get(1, b""))[:16] or fail(EINVAL)


def _is_four(body: bytes) -> bool:
    """True for IPv4, False for IPv6; EOPNOTSUPP for another family."""
    if body[0] not in (AF_INET, AF_INET6):
        fail(EOPNOTSUPP)
    if len(body) < 8:
        raise Refusal(EINVAL, SHORT)
    return body[0] == AF_INET
