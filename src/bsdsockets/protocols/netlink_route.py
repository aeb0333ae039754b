"""NETLINK_ROUTE: the host's links, addresses and routes, listed and changed.

    RTM_GETLINK RTM_GETROUTE               one or, with NLM_F_DUMP, all
    RTM_GETADDR RTM_GETNEIGH               all; there are no neighbours
    RTM_NEWLINK                            up, down, MTU of a link that exists
    RTM_NEWADDR RTM_DELADDR                an address of a link
    anything else                          EOPNOTSUPP

Changes are told to the groups RTNLGRP_LINK (1), IPV4_IFADDR (5) and IPV6_IFADDR (9), and with
NLM_F_ECHO to whoever asked for them.

Left out: routes and rules other than those that addresses make, queueing; strict checking of
requests (NETLINK_GET_STRICT_CHK).

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
    ENETUNREACH,
    ENODEV,
    EOPNOTSUPP,
    EPERM,
    ERANGE,
    fail,
)
from ..network.addresses import unpack
from ..network.frames import ARPHRD_LOOPBACK, IFF_RUNNING, IFF_UP, find
from ..network.node import Interface, Node
from .netlink_messages import (
    ACK,
    DONE,
    DUMP,
    ECHO,
    EXCLUSIVE,
    HEADER,
    MULTI,
    REPLACE,
    REQUEST,
    Refusal,
    attribute,
    attributes,
    error,
    message,
)

NEWLINK, DELLINK, GETLINK, NEWADDR, DELADDR, GETADDR, NEWROUTE, GETROUTE, GETNEIGH = (
    16, 17, 18, 20, 21, 22, 24, 26, 30)
LAST = 123  # RTM_MAX
LONGEST_NAME = 15
NAME_POLICY = bytes.fromhex("14000480080007000f000000080001000b000000")  # what 6.18 sends of it
LOWER_UP = 0x10000
HOST_SCOPE, LINK_SCOPE, PERMANENT = 254, 253, 0x80
TABLE_LOCAL, TABLE_MAIN, BY_KERNEL, LOCAL, BROADCAST = 255, 254, 2, 2, 3
TO_LOCAL, TO_BROADCAST = 0x80000200, 0x90000200  # RTM_F_LOOKUP_TABLE and what Linux adds
CACHE_INFO = struct.pack("=I28x", 2)  # how many use the route: the cache and who asks
FOREVER = struct.pack("=IIII", 0xFFFFFFFF, 0xFFFFFFFF, 0, 0)
GROUP_LINK, GROUP_ADDRESS = 1, {4: 5, 6: 9}
SOL_NETLINK, CAP_ACK, EXT_ACK = 270, 10, 11
Change = tuple[int, int, bytes]  # a group, and the message that tells it of a change


class Route:
    """Answers requests about one node."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.host = node.host
        self.publish: Callable[[int, bytes, Any], None] = lambda group, data, but: None
        self.dumps: dict[int, Callable[[int], Iterator[tuple[int, bytes]]]] = {
            GETLINK: self.links, GETADDR: self.addresses, GETROUTE: self.routes,
            GETNEIGH: lambda family: iter(())}
        self.changes: dict[int, Callable[[bytes, int], Change]] = {
            NEWLINK: self.set_link, NEWADDR: self.new_address, DELADDR: self.delete_address}

    def answer(self, so: Any, data: bytes) -> Iterator[bytes]:
        """The datagrams that answer the requests in *data*."""
        while len(data) >= HEADER:
            length = struct.unpack_from("=I", data)[0]
            if not HEADER <= length <= len(data):
                return
            yield from self._request(so, data[:length])
            data = data[(length + 3) & ~3:]

    def _request(self, so: Any, request: bytes) -> Iterator[bytes]:
        """Answer one request: what it asks for, then an error or a receipt."""
        _, kind, flags, sequence, _ = struct.unpack_from("=IHHII", request)
        pid, refusal = so.pcb.pid, None
        if flags & REQUEST and kind >= HEADER and len(request) > HEADER:
            try:
                if flags & DUMP == DUMP and (kind - NEWLINK) % 4 == 2:
                    yield from self._dump(pid, kind, sequence, request[HEADER:])
                    return
                yield from self._do(so, kind, flags, sequence, request[HEADER:])
            except Refusal as why:
                refusal = why
            except OSError as failure:
                refusal = Refusal(failure.errno or 0)
        if refusal is not None or flags & ACK:
            short, explain = (bool(so.options.get((SOL_NETLINK, option)))
                              for option in (CAP_ACK, EXT_ACK))
            yield error(refusal, request, pid, short, explain)

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

    def _do(self, so: Any, kind: int, flags: int, sequence: int,
            body: bytes) -> Iterator[bytes]:
        """One request that is no dump."""
        if kind > LAST:
            fail(EOPNOTSUPP)
        if (kind - NEWLINK) % 4 != 2 and not self.host.privileged:
            fail(EPERM)
        if kind == GETLINK:
            yield message(NEWLINK, 0, sequence, so.pcb.pid, self._link(self._named(body)))
        elif kind == GETROUTE:
            yield message(NEWROUTE, 0, sequence, so.pcb.pid, self._way_to(body))
        elif kind == DELLINK:
            self._named(body)
            fail(EOPNOTSUPP)
        elif kind in self.changes:
            group, part, told = self.changes[kind](body, flags)
            asked, pid = (sequence, so.pcb.pid) if group != GROUP_LINK else (0, 0)
            note = message(part, 0, asked, pid, told)
            self.publish(group, note, so if flags & ECHO else None)
            if flags & ECHO:
                yield note
        else:
            fail(EOPNOTSUPP)

    # Links

    def links(self, family: int) -> Iterator[tuple[int, bytes]]:
        for interface in self.node.interfaces:
            yield NEWLINK, self._link(interface)

    def _named(self, body: bytes) -> Interface:
        """The link that a struct ifinfomsg names by its index, or an attribute by its name."""
        if len(body) < 16:
            raise Refusal(EINVAL, "Invalid header for get link")
        index = struct.unpack_from("=i", body, 4)[0]
        name = attributes(body[16:]).get(3, b"").rstrip(b"\0").decode("latin-1")
        if len(name) > LONGEST_NAME:
            raise Refusal(ERANGE, "Attribute failed policy validation", 32, NAME_POLICY)
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

    def set_link(self, body: bytes, flags: int) -> Change:
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
        return GROUP_LINK, NEWLINK, self._link(interface)

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
        version = {AF_INET: 4, AF_INET6: 6}.get(family)
        if version is None:
            fail(EOPNOTSUPP)
        found = attributes(body[8:])
        packed = found.get(2, found.get(1, b""))
        if prefix > (32 if version == 4 else 128):
            raise Refusal(EINVAL, f"ipv{version}: Invalid prefix length")
        if not packed:
            raise Refusal(EINVAL, f"ipv{version}: Local address is not supplied")
        interface = find(self.node, index)
        if interface is None:
            raise Refusal(ENODEV, f"ipv{version}: Device not found")
        if len(packed) != (4 if version == 4 else 16):
            fail(EINVAL)
        return interface, ip_interface(f"{unpack(packed)}/{prefix}")

    def new_address(self, body: bytes, flags: int) -> Change:
        interface, own = self._address_of(body)
        if own not in interface.addresses:
            interface.addresses.append(own)
            self.node.forget()
        elif flags & EXCLUSIVE or not flags & REPLACE:
            raise Refusal(EEXIST, f"ipv{own.version}: Address already assigned")
        return GROUP_ADDRESS[own.version], NEWADDR, self._address(interface, own)

    def delete_address(self, body: bytes, flags: int) -> Change:
        interface, own = self._address_of(body)
        if own not in interface.addresses:
            why = "ipv4: Address not found" if own.version == 4 else "ipv6: address not found"
            raise Refusal(EADDRNOTAVAIL, why)
        interface.addresses.remove(own)
        self.node.forget()
        return GROUP_ADDRESS[own.version], DELADDR, self._address(interface, own)

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

    def _way_to(self, body: bytes) -> bytes:
        """The route that packets to one IPv4 address take.

        EOPNOTSUPP
            Another family than IPv4: left out here.
        ENETUNREACH
            There is none.
        """
        if body[0] != AF_INET or len(body) < 12:
            fail(EOPNOTSUPP)
        packed = attributes(body[12:]).get(1, bytes((127, 0, 0, 1)))
        kind = self.node.kind(unpack(packed))
        near = next((interface for interface in self.node.interfaces if any(
            own.version == 4 and ip_interface(unpack(packed)).ip in own.network
            for own in interface.addresses)), None)
        if near is None or kind not in ("local", "broadcast"):
            fail(ENETUNREACH)
        local = kind == "local"
        answer = struct.pack("=BBBBBBBBI", AF_INET, 32, 0, 0, TABLE_MAIN, 0, 0,
                             LOCAL if local else BROADCAST, TO_LOCAL if local else TO_BROADCAST)
        answer += attribute(15, TABLE_MAIN) + attribute(1, packed) + attribute(4, near.index)
        own = next(each for each in near.addresses if each.version == 4)
        return answer + attribute(7, own.ip.packed) + attribute(25, 0) + attribute(12, CACHE_INFO)
