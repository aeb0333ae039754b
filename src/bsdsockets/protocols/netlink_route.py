"""NETLINK_ROUTE: the host's links, addresses and routes, listed and changed.

    RTM_GETLINK RTM_GETADDR RTM_GETROUTE   one or, with NLM_F_DUMP, all
    RTM_NEWLINK                            up, down, MTU of a link that exists
    RTM_NEWADDR RTM_DELADDR                an address of a link
    anything else                          EOPNOTSUPP

    header 16 | body | attribute ...       attribute: length 2, type 2, value, padding to 4

Changes are told to the groups RTNLGRP_LINK (1), IPV4_IFADDR (5) and IPV6_IFADDR (9).

May not know: sockets, port ids of others.

Sources: RFC 3549; Linux rtnetlink(7); <linux/rtnetlink.h>, <linux/if_link.h>,
<linux/if_addr.h>; which attributes there are, as Linux 6.18 shows for *lo*.
"""

import struct
from collections.abc import Callable, Iterator
from ipaddress import IPv4Interface, ip_interface
from typing import Any

from ..machine.constants import AF_INET, AF_INET6
from ..machine.errors import (
    EADDRNOTAVAIL,
    EEXIST,
    EINVAL,
    ENODEV,
    EOPNOTSUPP,
    EPERM,
    fail,
)
from ..network.addresses import unpack
from ..network.frames import ARPHRD_LOOPBACK, IFF_RUNNING, IFF_UP, find
from ..network.node import Interface, Node

REQUEST, MULTI, ACK, DUMP, CREATE_ONLY, CAPPED = 1, 2, 4, 0x300, 0x200, 0x100
ERROR, DONE = 2, 3
NEWLINK, DELLINK, GETLINK, NEWADDR, DELADDR, GETADDR, NEWROUTE, GETROUTE = (
    16, 17, 18, 20, 21, 22, 24, 26)
LOWER_UP = 0x10000
HOST_SCOPE, LINK_SCOPE, PERMANENT = 254, 253, 0x80
TABLE_LOCAL, BY_KERNEL, LOCAL, BROADCAST = 255, 2, 2, 3
FOREVER = struct.pack("=IIII", 0xFFFFFFFF, 0xFFFFFFFF, 0, 0)
GROUP_LINK, GROUP_ADDRESS = 1, {4: 5, 6: 9}


def message(kind: int, flags: int, sequence: int, pid: int, body: bytes) -> bytes:
    """A message with its header, padded."""
    data = struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, pid) + body
    return data + bytes(-len(data) % 4)


def attribute(kind: int, value: bytes | int | str) -> bytes:
    """An attribute; an int is 32 bits, a str ends with a zero."""
    if isinstance(value, int):
        value = struct.pack("=I", value)
    elif isinstance(value, str):
        value = value.encode() + b"\0"
    data = struct.pack("=HH", 4 + len(value), kind) + value
    return data + bytes(-len(data) % 4)


def attributes(data: bytes) -> dict[int, bytes]:
    """Take attributes apart; what is cut short is left out."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if not 4 <= length <= len(data):
            break
        found[kind] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


class Route:
    """Answers requests about one node."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.host = node.host
        self.publish: Callable[[int, bytes], None] = lambda group, data: None
        self.dumps: dict[int, Callable[[int], Iterator[tuple[int, bytes]]]] = {
            GETLINK: self.links, GETADDR: self.addresses, GETROUTE: self.routes}
        self.changes: dict[int, Callable[[bytes, int], None]] = {
            NEWLINK: self.set_link, NEWADDR: self.new_address, DELADDR: self.delete_address}

    def answer(self, so: Any, data: bytes) -> Iterator[bytes]:
        """The datagrams that answer the requests in *data*."""
        while len(data) >= 16:
            length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", data)
            if not 16 <= length <= len(data):
                return
            yield from self._request(so.pcb.pid, kind, flags, sequence, data[:length])
            data = data[(length + 3) & ~3:]

    def _request(self, pid: int, kind: int, flags: int, sequence: int,
                 request: bytes) -> Iterator[bytes]:
        """Answer one request: what it asks for, then an error or a receipt."""
        number = 0
        if flags & REQUEST and kind >= 16:
            try:
                dump = flags & DUMP == DUMP and (kind - 16) % 4 == 2
                if dump:
                    yield from self._dump(pid, kind, sequence, request[16:])
                    return
                for part, body in self._do(kind, flags, request[16:]):
                    yield message(part, 0, sequence, pid, body)
            except OSError as failure:
                number = failure.errno or 0
        if number:
            yield message(ERROR, 0, sequence, pid, struct.pack("=i", -number) + request)
        elif flags & ACK:
            yield message(ERROR, CAPPED, sequence, pid, struct.pack("=i", 0) + request[:16])

    def _dump(self, pid: int, kind: int, sequence: int, body: bytes) -> Iterator[bytes]:
        """All objects of one kind, in one datagram, and then the end."""
        if kind not in self.dumps:
            fail(EOPNOTSUPP)
        family = body[0] if body and body[0] in (AF_INET, AF_INET6) else 0
        whole = b"".join(message(part, MULTI, sequence, pid, each)
                         for part, each in self.dumps[kind](family))
        if whole:
            yield whole
        yield message(DONE, MULTI, sequence, pid, struct.pack("=i", 0))

    def _do(self, kind: int, flags: int, body: bytes) -> Iterator[tuple[int, bytes]]:
        """One request that is no dump."""
        if (kind - 16) % 4 != 2 and not self.host.privileged:
            fail(EPERM)
        if kind == GETLINK:
            yield NEWLINK, self._link(self._named(body))
        elif kind == DELLINK:
            self._named(body)
            fail(EOPNOTSUPP)
        elif kind in self.changes:
            self.changes[kind](body, flags)
        else:
            fail(EOPNOTSUPP)

    # Links

    def links(self, family: int) -> Iterator[tuple[int, bytes]]:
        for interface in self.node.interfaces:
            yield NEWLINK, self._link(interface)

    def _named(self, body: bytes) -> Interface:
        """The link that a struct ifinfomsg names by its index, or an attribute by its name."""
        if len(body) < 16:
            fail(EINVAL)
        index = struct.unpack_from("=i", body, 4)[0]
        name = attributes(body[16:]).get(3, b"").rstrip(b"\0").decode("latin-1")
        if not index and not name:
            fail(EINVAL)
        interface = find(self.node, index or name)
        if interface is None:
            fail(ENODEV)
        return interface

    @staticmethod
    def _link(interface: Interface) -> bytes:
        """A struct ifinfomsg with attributes."""
        up = interface.flags & IFF_UP
        flags = interface.flags | (LOWER_UP if up else 0)
        loop = interface.hardware == ARPHRD_LOOPBACK
        body = struct.pack("=BxHiII", 0, interface.hardware, interface.index, flags, 0)
        body += attribute(3, interface.name) + attribute(13, 1000)
        body += attribute(16, bytes([0 if up and loop else 6 if up else 2])) + attribute(17, b"\0")
        body += attribute(4, interface.mtu) + attribute(27, 0) + attribute(30, 0)
        body += attribute(31, 1) + attribute(32, 1) + attribute(33, b"\1" if up else b"\0")
        body += attribute(6, "noqueue")
        if interface.address:
            body += attribute(1, interface.address)
            body += attribute(2, bytes(len(interface.address)))
        return body

    def set_link(self, body: bytes, flags: int) -> None:
        """Set a link up or down, or its MTU."""
        interface = self._named(body)
        new, mask = struct.unpack_from("=II", body, 8)
        mask = mask or 0xFFFFFFFF if new else mask
        up = (new if mask & IFF_UP else interface.flags) & IFF_UP
        interface.flags = interface.flags & ~(IFF_UP | IFF_RUNNING) | (
            IFF_UP | IFF_RUNNING if up else 0)
        found = attributes(body[16:])
        if 4 in found:
            interface.link.mtu = struct.unpack("=I", found[4][:4])[0]
        self._tell(GROUP_LINK, NEWLINK, self._link(interface))

    # Addresses

    def addresses(self, family: int) -> Iterator[tuple[int, bytes]]:
        for version, number in ((4, AF_INET), (6, AF_INET6)):
            if family in (0, number):
                for interface in self.node.interfaces:
                    for own in interface.addresses:
                        if own.version == version:
                            yield NEWADDR, self._address(interface, own)

    @staticmethod
    def _address(interface: Interface, own: Any) -> bytes:
        """A struct ifaddrmsg with attributes."""
        scope = HOST_SCOPE if own.ip.is_loopback else 0
        family = AF_INET if own.version == 4 else AF_INET6
        body = struct.pack("=BBBBI", family, own.network.prefixlen, PERMANENT, scope,
                           interface.index)
        packed = own.ip.packed
        body += attribute(1, packed)
        if own.version == 4:
            body += attribute(2, packed) + attribute(3, interface.name)
        return body + attribute(8, PERMANENT) + attribute(6, FOREVER)

    def _address_of(self, body: bytes) -> tuple[Interface, Any]:
        """The link and the address that a struct ifaddrmsg names."""
        if len(body) < 8:
            fail(EINVAL)
        family, prefix, _, _, index = struct.unpack_from("=BBBBI", body)
        interface = find(self.node, index)
        if interface is None:
            fail(ENODEV)
        found = attributes(body[8:])
        packed = found.get(2, found.get(1, b""))
        if len(packed) != {AF_INET: 4, AF_INET6: 16}.get(family):
            fail(EINVAL)
        return interface, ip_interface(f"{unpack(packed)}/{prefix}")

    def new_address(self, body: bytes, flags: int) -> None:
        interface, own = self._address_of(body)
        if own in interface.addresses:
            if flags & CREATE_ONLY:
                fail(EEXIST)
            return
        interface.addresses.append(own)
        self.node.forget()
        self._tell(GROUP_ADDRESS[own.version], NEWADDR, self._address(interface, own))

    def delete_address(self, body: bytes, flags: int) -> None:
        interface, own = self._address_of(body)
        if own not in interface.addresses:
            fail(EADDRNOTAVAIL)
        interface.addresses.remove(own)
        self.node.forget()
        self._tell(GROUP_ADDRESS[own.version], DELADDR, self._address(interface, own))

    def _tell(self, group: int, kind: int, body: bytes) -> None:
        self.publish(group, message(kind, 0, 0, 0, body))

    # Routes

    def routes(self, family: int) -> Iterator[tuple[int, bytes]]:
        """The table *local*, which the addresses make; there is no other here."""
        for interface in self.node.interfaces:
            for own in interface.addresses:
                if own.version == 4 and family in (0, AF_INET):
                    for part in self._routes4(interface, own):
                        yield NEWROUTE, part
                elif own.version == 6 and family in (0, AF_INET6):
                    body = struct.pack("=BBBBBBBBI", AF_INET6, 128, 0, 0, TABLE_LOCAL, BY_KERNEL,
                                       0, LOCAL, 0)
                    body += attribute(15, TABLE_LOCAL) + attribute(1, own.ip.packed)
                    yield NEWROUTE, body + attribute(6, 0) + attribute(4, interface.index)

    @staticmethod
    def _routes4(interface: Interface, own: IPv4Interface) -> Iterator[bytes]:
        network, whole = own.network, own.network.prefixlen
        rows = [(own.ip.packed, 32, HOST_SCOPE, LOCAL),
                (network.broadcast_address.packed, 32, LINK_SCOPE, BROADCAST)]
        if own.ip.is_loopback:
            rows.insert(0, (network.network_address.packed, whole, HOST_SCOPE, LOCAL))
        for packed, length, scope, kind in rows:
            body = struct.pack("=BBBBBBBBI", AF_INET, length, 0, 0, TABLE_LOCAL, BY_KERNEL, scope,
                               kind, 0)
            body += attribute(15, TABLE_LOCAL) + attribute(1, packed)
            yield body + attribute(7, own.ip.packed) + attribute(4, interface.index)

