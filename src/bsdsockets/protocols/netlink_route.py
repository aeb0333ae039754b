"""NETLINK_ROUTE: the host's links, addresses and routes, listed and changed.

    RTM_GETLINK RTM_GETROUTE               one or, with NLM_F_DUMP, all
    RTM_GETADDR RTM_GETNEIGH               all; there are no neighbours
    RTM_NEWLINK RTM_SETLINK                up, down, MTU, name of a link that exists
    RTM_NEWADDR RTM_DELADDR                an address of a link: `netlink_addresses`
    anything else                          EOPNOTSUPP

Changes are told to the groups RTNLGRP_LINK (1), IPV4_IFADDR (5), IPV4_ROUTE (7) and IPV6_IFADDR
(9), and with NLM_F_ECHO to whoever asked for them.

Left out: routes and rules other than those that addresses make, queueing; strict checking of
requests (NETLINK_GET_STRICT_CHK); that the addresses and routes of loopback come back with it
is not told.

May not know: sockets, port ids of others.

Sources: RFC 3549; Linux rtnetlink(7); <linux/rtnetlink.h>, <linux/if_link.h>; which attributes
there are, as Linux 6.18 shows for *lo*.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any

from ..machine.constants import AF_INET, AF_INET6
from ..machine.errors import EBUSY, EEXIST, EINVAL, ENODEV, EOPNOTSUPP, EPERM, fail
from ..network.frames import ARPHRD_LOOPBACK, IFF_RUNNING, IFF_UP, find
from ..network.node import Interface, Node
from .netlink_addresses import BROADCAST, LEAST4, LEAST6, Addresses
from .netlink_messages import (
    ACK,
    BULK,
    DONE,
    DUMP,
    ECHO,
    EXCLUSIVE,
    EXPLAINED,
    HEADER,
    LEFT_OVER,
    MULTI,
    REPLACE,
    REQUEST,
    WHY,
    Refusal,
    attribute,
    attributes,
    is_left,
    message,
)
from .netlink_policies import LINK, checked, name_in
from .netlink_requests import EXT_ACK, SOL_NETLINK, receipt, requests

(NEWLINK, DELLINK, GETLINK, SETLINK, NEWADDR, DELADDR, GETADDR, NEWROUTE, DELROUTE, GETROUTE,
 GETNEIGH) = (
    16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 30)
LAST = 123  # RTM_MAX
TOLD = 0xF0A4  # IFF_DEBUG, NOTRAILERS, NOARP, MULTICAST, PORTSEL, AUTOMEDIA, DYNAMIC
LOWER_UP, NEIGHBOUR = 0x10000, 12  # bytes of a struct ndmsg
HEADS = {4: 16, 5: 8, 6: 12}  # by a quarter of the type: bytes before the attributes
GROUP_LINK, GROUP_ADDRESS = 1, {4: 5, 6: 9}
GROUP_ROUTE, GROUP_ROUTE6, CREATE = 7, 11, 0x400
CREATED, APPENDED = 0x600, 0xC00  # NLM_F_CREATE, and NLM_F_EXCL or NLM_F_APPEND
AT_ONCE = ((GETADDR, AF_INET6), (GETLINK, AF_INET6))  # lists in one datagram with their end
Change = tuple[int, int, bytes, int]  # a group; type, body and flags of what it is told


class Route:
    """Answers requests about one node."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.host = node.host
        node.change_link = self.change_link
        addresses = self.addresses = Addresses(node)
        # of the protocol: tell a group, and who asked; begin a dump
        self.publish: Callable[[int, bytes, Any], None] = lambda group, data, echo: None
        self.start_dump: Callable[[Any, list[bytes]], None] = lambda so, parts: None
        self.dumps: dict[int, Callable[[int], Iterator[tuple[int, bytes]]]] = {
            GETLINK: lambda family: ((NEWLINK, each) for each in self.links(family)),
            GETADDR: lambda family: ((NEWADDR, each) for each in addresses.listed(family)),
            GETROUTE: lambda family: ((NEWROUTE, each) for each in addresses.routes(family)),
            GETNEIGH: lambda family: iter(())}
        self.changes: dict[int, Callable[[bytes, int], Iterator[Change]]] = {
            NEWLINK: self.new_link, SETLINK: self.set_link,
            NEWADDR: lambda *asked: self._told(NEWADDR, addresses.add(*asked)),
            DELADDR: lambda *asked: self._told(DELADDR, addresses.remove(*asked))}

    def answer(self, so: Any, data: bytes) -> Iterator[bytes]:
        """The datagrams that answer the requests in *data*."""
        for request in requests(data):
            yield from self._request(so, request)

    def _request(self, so: Any, request: bytes) -> Iterator[bytes]:
        """Answer one request: what it asks for, then an error or a receipt."""
        _, kind, flags, sequence, _ = struct.unpack_from("=IHHII", request)
        refusal, left = None, False
        if flags & REQUEST and kind >= HEADER and (len(request) > HEADER or kind > LAST):
            try:
                if flags & DUMP and (kind - NEWLINK) % 4 == 2:
                    self._dump(so, kind, sequence, request[HEADER:])
                    return
                left = is_left(request[HEADER + HEADS.get(kind // 4, len(request)):])
                yield from self._do(so, kind, flags, sequence, request[HEADER:])
                refusal = Refusal(0) if left else None
            except Refusal as why:
                refusal = why
            except OSError as failure:
                refusal = Refusal(failure.errno or 0)
            unread = kind > SETLINK and refusal is not None and refusal.number == EOPNOTSUPP
            if refusal is not None and left and not refusal.why and not unread:
                refusal.why = LEFT_OVER
        if (refusal is not None and refusal.number) or flags & ACK:
            yield receipt(so, refusal, request)

    def _dump(self, so: Any, kind: int, sequence: int, body: bytes) -> None:
        """All objects of one kind, in one datagram, and then the end.

        EOPNOTSUPP
            There is no list of that kind.
        EBUSY
            The socket has not read the end of its last one.
        """
        if kind not in self.dumps:
            fail(EOPNOTSUPP)
        if so.pcb.dump:
            fail(EBUSY)
        family = body[0] if body[0] in (AF_INET, AF_INET6) else 0
        parts = [b"".join(message(part, MULTI, sequence, so.pcb.pid, each)
                          for part, each in self.dumps[kind](family)),
                 self._end(so, sequence, self._wrong(body) if kind == GETNEIGH else "")]
        if (kind, family) in AT_ONCE or not parts[0]:
            parts = [b"".join(parts)]
        self.start_dump(so, parts)

    @staticmethod
    def _wrong(body: bytes) -> str:
        """What a request for neighbours is told of itself."""
        short = "Invalid header length" if len(body) < NEIGHBOUR else ""
        return short or (LEFT_OVER if is_left(body[NEIGHBOUR:]) else "")

    @staticmethod
    def _end(so: Any, sequence: int, wrong: str) -> bytes:
        """What ends a list, and says what is wrong with the request, if that is asked for."""
        why = attribute(WHY, wrong) if wrong and so.options.get((SOL_NETLINK, EXT_ACK)) else b""
        return message(DONE, MULTI | (EXPLAINED if why else 0), sequence, so.pcb.pid,
                       struct.pack("=i", 0) + why)

    def _do(self, so: Any, kind: int, flags: int, sequence: int,
            body: bytes) -> Iterator[bytes]:
        """One request that is no dump."""
        if kind > LAST:
            fail(EOPNOTSUPP)
        if (kind - NEWLINK) % 4 != 2 and not self.host.privileged:
            fail(EPERM)
        if flags & BULK and (kind == DELLINK or (
                kind == DELADDR and body[0] in (AF_INET, AF_INET6))):
            raise Refusal(EOPNOTSUPP, "Bulk delete is not supported")
        if kind == GETADDR:
            yield message(NEWADDR, 0, sequence, so.pcb.pid, self.addresses.one(body))
        elif kind == GETLINK:
            yield message(NEWLINK, 0, sequence, so.pcb.pid, self._link(
                self._named(body, "Invalid header for get link")))
        elif kind == GETROUTE:
            yield message(NEWROUTE, 0, sequence, so.pcb.pid, self.addresses.way_to(body))
        elif kind == DELLINK:
            self._named(body)
            fail(EOPNOTSUPP)
        elif kind in self.changes:
            echo = so if flags & ECHO else None
            for group, part, told, about in self.changes[kind](body, flags):
                by_request = kind in (NEWADDR, DELADDR) and group in GROUP_ADDRESS.values()
                number, pid = (sequence, so.pcb.pid) if by_request else (0, 0)
                note = message(part, about, number, pid, told)
                self.publish(group, note, echo if by_request else None)
        else:
            fail(EOPNOTSUPP)

    def _told(self, part: int, changes: Iterator[tuple[int, bytes]]) -> Iterator[Change]:
        """What groups are told of addresses that come or go, and of their routes."""
        before = set(self.addresses.routes(AF_INET))
        for version, body in changes:
            yield GROUP_ADDRESS[version], part, body, 0
            after = set(self.addresses.routes(AF_INET))
            kind, flags, order = (NEWROUTE, CREATED, by_making) if part == NEWADDR else (
                DELROUTE, 0, by_ending)
            for route in sorted(after ^ before, key=order):
                beside = flags and any(same_way(route, each) for each in before)
                yield GROUP_ROUTE, kind, route, APPENDED if beside else flags
            before = after

    # Links

    def links(self, family: int) -> Iterator[bytes]:
        """A struct ifinfomsg with attributes for each link; for AF_INET6 what IPv6 knows of it."""
        if family == AF_INET6:
            return map(self._link6, self.node.interfaces)
        return map(self._link, self.node.interfaces)

    def _link6(self, interface: Interface) -> bytes:
        """The same with the few attributes that IPv6 tells."""
        body = self._link(interface)
        found = attributes(body[16:])
        return bytes([AF_INET6]) + body[1:16] + b"".join(
            attribute(kind, found[kind]) for kind in (3, 1, 4, 16) if kind in found)

    def _named(self, body: bytes, short: str = "Invalid header length") -> Interface:
        """The link that a struct ifinfomsg names by its index, or an attribute by its name."""
        if len(body) < 16:
            raise Refusal(EINVAL, short)
        index = struct.unpack_from("=i", body, 4)[0]
        name = name_in(checked(body, 16, LINK))
        if index <= 0 and name is None:
            fail(EINVAL)
        interface = find(self.node, index if index > 0 else name or "")
        if interface is None:
            fail(ENODEV)
        return interface

    @staticmethod
    def _link(interface: Interface, changed: int = 0) -> bytes:
        """A struct ifinfomsg with attributes."""
        up = interface.flags & IFF_UP
        flags = interface.flags | (LOWER_UP if up else 0)
        loop = interface.hardware == ARPHRD_LOOPBACK
        body = struct.pack("=BxHiII", 0, interface.hardware, interface.index, flags,
                           changed)
        body += attribute(3, interface.name) + attribute(13, 1000)
        body += attribute(16, bytes([0 if up and loop else 6 if up else 2])) + attribute(17, b"\0")
        body += attribute(4, interface.mtu) + attribute(27, 0) + attribute(30, 0)
        body += attribute(31, 1) + attribute(32, 1) + attribute(33, b"\1" if up or loop else b"\0")
        body += attribute(6, "noqueue")
        if interface.address:
            body += attribute(1, interface.address)
            body += attribute(2, bytes(len(interface.address)))
        return body

    def new_link(self, body: bytes, flags: int) -> Iterator[Change]:
        """Change a link that exists; a new one is left out.

        EOPNOTSUPP, ENODEV
            There is none, with and without NLM_F_CREATE.
        EEXIST, EOPNOTSUPP
            NLM_F_EXCL, NLM_F_REPLACE: there is one.
        """
        if len(body) >= 16:
            name = name_in(checked(body, 16, LINK))
            index = struct.unpack_from("=i", body, 4)[0]
            if index < 0:
                raise Refusal(EINVAL, "ifindex can't be negative")
            if find(self.node, index or name or "") is None:
                raise Refusal(*((EOPNOTSUPP, "Unknown device type") if flags & CREATE else
                                (ENODEV, "")))
        self._named(body)
        if flags & EXCLUSIVE:
            fail(EEXIST)
        if flags & REPLACE:
            fail(EOPNOTSUPP)
        return self.set_link(body, flags)

    def set_link(self, body: bytes, flags: int) -> Iterator[Change]:
        """Set a link up or down, or its MTU.  One that is down has no address of IPv6."""
        interface = self._named(body)
        found = attributes(body[16:])
        if 4 in found:
            yield from self._resized(interface, struct.unpack("=I", found[4][:4])[0])
        if 3 in found and body[4:8] != bytes(4):
            yield from self._renamed(interface, name_in(found) or "")
        new, mask = struct.unpack_from("=II", body, 8)
        mask = mask or 0xFFFFFFFF if new else mask
        yield from self._switched(interface, new & mask | interface.flags & ~mask)

    def change_link(self, interface: Interface, flags: int, mtu: int) -> None:
        """Do what SIOCSIFFLAGS and SIOCSIFMTU ask for: the same, told to the same groups."""
        for group, part, told, about in (*self._resized(interface, mtu),
                                         *self._switched(interface, flags)):
            self.publish(group, message(part, about, 0, 0, told), None)

    def _switched(self, interface: Interface, flags: int) -> Iterator[Change]:
        """Set a link up or down, as IFF_UP says; what is sent by one that is down is lost.

        Other flags that may be set are told, and mean nothing.
        """
        changed = (flags ^ interface.flags) & (IFF_UP | TOLD)
        if not changed:
            return
        interface.flags ^= changed | (IFF_RUNNING if changed & IFF_UP else 0)
        interface.link.is_up = bool(flags & IFF_UP)
        yield GROUP_LINK, NEWLINK, self._link(interface, changed), 0
        if changed & IFF_UP:
            yield from self._gone(self.addresses.switched(interface))

    @staticmethod
    def _gone(changes: Iterator[tuple[int, int, bytes]]) -> Iterator[Change]:
        """What groups are told of addresses that go with what their link can."""
        for version, kind, told in changes:
            yield GROUP_ROUTE6 if kind == DELROUTE else GROUP_ADDRESS[version], kind, told, 0

    def _resized(self, interface: Interface, mtu: int) -> Iterator[Change]:
        """Change the MTU; below 1280 there is no IPv6, below 68 no IPv4 either."""
        if mtu == interface.link.mtu:
            return
        interface.link.mtu = mtu
        yield GROUP_LINK, NEWLINK, self._link(interface), 0
        if mtu < LEAST4:
            gone = [own for own in interface.addresses if own.version == 4]
            yield from self._told(DELADDR, self.addresses.drop(interface, gone))
        if mtu < LEAST6:
            yield from self._gone(self.addresses.narrowed(interface))

    def _renamed(self, interface: Interface, name: str) -> Iterator[Change]:
        """Change the name, and the labels that are made of it.

        EINVAL
            No name for an interface.
        """
        if name in (".", "..") or set(name) & set("/: \t\n\v\f\r"):
            fail(EINVAL)
        if name and name != interface.name:
            self.addresses.relabel(interface, name)
            interface.name = name
            yield GROUP_LINK, NEWLINK, self._link(interface), 0


def by_making(route: bytes) -> tuple[int, int]:
    """The order in which the routes of an address are made: to itself, its network, broadcast."""
    return (route[7] == BROADCAST, -route[1])


def by_ending(route: bytes) -> tuple[bool, bool]:
    """The order in which they go: the network's, broadcast, the one to itself."""
    return (route[1] == 32, route[7] != BROADCAST)


def same_way(one: bytes, other: bytes) -> bool:
    """True if two routes lead to the same network."""
    return one[1] == other[1] and attributes(one[12:])[1] == attributes(other[12:])[1]
