"""Classes like those of values.py for addresses that Python can write too, as bytes.

May not know: sockets.  Sources: <linux/netlink.h>, <linux/if_packet.h>, <linux/tipc.h>.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import ClassVar

from ..machine.constants import AF_NETLINK, AF_PACKET, AF_TIPC
from .values import Address, match, within


@dataclass(frozen=True)
class Netlink(Address):
    """A *port* (the kernel is 0) and a set of multicast *groups*, a bit each; 32 bits both.

    ValueError
        A field cannot hold its value.

    Source: Linux <linux/netlink.h>, netlink(7).

    >>> str(Netlink(4711, 1))
    '4711/0x1'
    """

    port: int = 0
    groups: int = 0

    family = AF_NETLINK
    size = 12

    def __post_init__(self) -> None:
        within(self.port, 0, 0xFFFFFFFF, "port")
        within(self.groups, 0, 0xFFFFFFFF, "groups")

    def __str__(self) -> str:
        return f"{self.port}/{self.groups:#x}"

    @classmethod
    def parse(cls, text: str) -> Netlink:
        """``4711/0x1``, the groups in hexadecimal."""
        found = match("([0-9]+)/0x([0-9a-fA-F]+)", text, "netlink")
        return cls(int(found[1]), int(found[2], 16))

    def _body(self) -> bytes:
        return struct.pack("=2xII", self.port, self.groups)

    @classmethod
    def _from_body(cls, body: bytes) -> Netlink:
        return cls(*struct.unpack_from("=2xII", body))


@dataclass(frozen=True)
class Packet(Address):
    """An interface by its number *index*, an EtherType *protocol*, a hardware *address*.

    *hatype* is ARPHRD_ETHER and its like, *pkttype* PACKET_HOST and its like.

    ValueError
        A field cannot hold its value.

    Source: Linux <linux/if_packet.h>, packet(7).

    >>> str(Packet(2, 0x0800, 1, 0, "02:00:5e:00:53:01"))
    '2/0800/1/0/02:00:5e:00:53:01'
    """

    index: int = 0
    protocol: int = 0
    hatype: int = 0
    pkttype: int = 0
    address: str = ""
    """The hardware address, two hexadecimal digits a byte, separated by colons."""

    family = AF_PACKET
    size = 20

    def __post_init__(self) -> None:
        within(self.index, 0, 0x7FFFFFFF, "index")
        within(self.protocol, 0, 0xFFFF, "protocol")
        within(self.hatype, 0, 0xFFFF, "hatype")
        within(self.pkttype, 0, 0xFF, "pkttype")
        if not re.fullmatch("([0-9a-f]{2}(:[0-9a-f]{2}){0,7})?", self.address):
            raise ValueError(f"{self.address!r} is not up to 8 bytes such as 02:00:5e:00:53:01")

    def __str__(self) -> str:
        return f"{self.index}/{self.protocol:04x}/{self.hatype}/{self.pkttype}/{self.address}"

    @classmethod
    def parse(cls, text: str) -> Packet:
        """``2/0800/1/0/02:00:5e:00:53:01``: the fields in order, the EtherType in hexadecimal."""
        number, digits = "([0-9]+)", "([0-9a-fA-F]{1,4})"
        found = match(f"{number}/{digits}/{number}/{number}/([0-9a-f:]*)", text, "packet")
        numbers = int(found[1]), int(found[2], 16), int(found[3]), int(found[4])
        return cls(*numbers, found[5])

    def _body(self) -> bytes:
        hardware = bytes.fromhex(self.address.replace(":", ""))
        return struct.pack("!H", self.protocol) + struct.pack(
            "=iHBB8s", self.index, self.hatype, self.pkttype, len(hardware), hardware
        )

    @classmethod
    def _from_body(cls, body: bytes) -> Packet:
        index, hatype, pkttype, length, hardware = struct.unpack_from("=iHBB8s", body, 2)
        (protocol,) = struct.unpack_from("!H", body)
        return cls(index, protocol, hatype, pkttype, hardware[: min(length, 8)].hex(":"))


@dataclass(frozen=True)
class TIPC(Address):
    """A service range, a service or a socket of a cluster; *kind* says what *a*, *b*, *c* are.

    *kind* is RANGE, SERVICE or SOCKET; *scope* is 2 for the cluster and 3 for this node.

    ValueError
        A field cannot hold its value.

    Source: Linux <linux/tipc.h>.

    >>> str(TIPC(TIPC.RANGE, 18888, 0, 50, 3))
    'range 18888:0:50 scope 3'
    """

    kind: int = 2
    a: int = 0
    """The service's type; of a socket, its reference."""
    b: int = 0
    """The lowest instance, or the instance; of a socket, its node."""
    c: int = 0
    """The highest instance, or where to look the instance up."""
    scope: int = 0

    family = AF_TIPC
    size = 16
    RANGE: ClassVar[int] = 1
    SERVICE: ClassVar[int] = 2
    SOCKET: ClassVar[int] = 3

    def __post_init__(self) -> None:
        within(self.kind, 1, 3, "kind")
        within(self.scope, -128, 127, "scope")
        for name in "abc":
            within(getattr(self, name), 0, 0xFFFFFFFF, name)

    def __str__(self) -> str:
        kind = ("range", "service", "socket")[self.kind - 1]
        return f"{kind} {self.a}:{self.b}:{self.c} scope {self.scope}"

    @classmethod
    def parse(cls, text: str) -> TIPC:
        """``range 18888:0:50 scope 3``."""
        number, kinds = "([0-9]+)", ("range", "service", "socket")
        pattern = f"({'|'.join(kinds)}) {number}:{number}:{number} scope (-?[0-9]+)"
        found = match(pattern, text, "TIPC")
        return cls(kinds.index(found[1]) + 1, *map(int, found.groups()[1:]))

    def _body(self) -> bytes:
        return struct.pack("=BbIII", self.kind, self.scope, self.a, self.b, self.c)

    @classmethod
    def _from_body(cls, body: bytes) -> TIPC:
        kind, scope, a, b, c = struct.unpack_from("=BbIII", body)
        return cls(kind, a, b, c, scope)
