"""A class for each address: its fields, its usual text, its bytes.

    "N0CALL-7"  --parse-->  AX25("N0CALL-7")  --pack-->  03 00 9c 60 86 82 98 98 0e …
                <--str----                    <--unpack--

The bytes are Linux's ``struct sockaddr_…`` on this machine's byte order; only fields that the
headers declare ``__be16`` or ``__be32`` are in network order.  A value that no such structure can
hold is a ValueError that says what is wrong.  What a kernel would think of it is the kernel's
affair.

May not know: sockets.

Sources: <linux/x25.h>, <netax25/ax25.h>, <netipx/ipx.h>, <linux/atalk.h>, <linux/atm.h>.
Sizes and offsets are compared with what a C compiler makes of them in tests/test_sockaddr.py.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import ClassVar

from ..machine.constants import (
    AF_APPLETALK,
    AF_ATMPVC,
    AF_AX25,
    AF_IPX,
    AF_X25,
)

_FAMILY = struct.Struct("=H")
_classes: dict[int, type[Address]] = {}


@dataclass(frozen=True)
class Address:
    """What all of them have: each is a frozen record of the fields of its structure.

    Two are equal if their fields are; ``str`` writes the usual notation, which `parse` reads.

    >>> X25.parse(str(X25("1001"))) == X25("1001")
    True
    """

    family: ClassVar[int] = 0
    size: ClassVar[int] = 0
    """The structure's size in bytes; the longest one, where there are two."""

    def __init_subclass__(cls) -> None:
        _classes[cls.family] = cls

    def pack(self) -> bytes:
        """The bytes for a system call: the family, then the rest."""
        return _FAMILY.pack(self.family) + self._body()

    @classmethod
    def unpack(cls, data: bytes) -> Address:
        """Read what a system call gave, which may be shorter than the structure.

        ValueError
            It is of another family.
        """
        if len(data) < 2 or _FAMILY.unpack_from(data)[0] != cls.family:
            raise ValueError(f"not an address of {cls.__name__}: {data.hex() or 'no bytes'}")
        return cls._from_body(data[2:].ljust(cls.size - 2, b"\0"))

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read the usual notation, which ``str`` writes."""
        raise NotImplementedError

    def _body(self) -> bytes:
        raise NotImplementedError

    @classmethod
    def _from_body(cls, body: bytes) -> Address:
        raise NotImplementedError


@dataclass(frozen=True)
class X25(Address):
    """A subscriber's number: up to 15 decimal *digits* (ITU-T X.121).

    ValueError
        They are not, or more.

    Source: Linux <linux/x25.h>.

    >>> X25("1001").pack()[2:]
    b'1001\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00'
    """

    digits: str = ""

    family = AF_X25
    size = 18

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9]{0,15}", self.digits):
            raise ValueError(f"{self.digits!r} is not up to 15 decimal digits")

    def __str__(self) -> str:
        return self.digits

    @classmethod
    def parse(cls, text: str) -> X25:
        """Digits."""
        return cls(text)

    def _body(self) -> bytes:
        return self.digits.encode("ascii").ljust(16, b"\0")

    @classmethod
    def _from_body(cls, body: bytes) -> X25:
        # behind the NUL the kernel leaves what its memory held
        return cls(body[:16].partition(b"\0")[0].decode("latin-1"))


@dataclass(frozen=True)
class AX25(Address):
    """A station: a callsign with an SSID in *call*, and up to 8 *digipeaters* on the way.

    In bind the first digipeater names the port, the interface's own callsign.  The flag bits that a
    frame carries around the SSID are no part of the value, so callsigns compare as they should.

    ValueError
        A callsign has other than 6 letters and digits and an SSID of 0 to 15; more digipeaters.

    Source: Linux <linux/ax25.h>.

    >>> AX25("N0CALL-7").pack()[2:9].hex()
    '9c60868298980e'
    """

    call: str = ""
    digipeaters: tuple[str, ...] = ()

    family = AF_AX25
    size = 72

    def __post_init__(self) -> None:
        if len(self.digipeaters) > 8:
            raise ValueError(f"{len(self.digipeaters)} digipeaters are more than 8")
        way = tuple(_callsign(call) for call in self.digipeaters)
        object.__setattr__(self, "call", _callsign(self.call))
        object.__setattr__(self, "digipeaters", way)

    def __str__(self) -> str:
        return " via ".join((self.call, *filter(None, (",".join(self.digipeaters),))))

    @classmethod
    def parse(cls, text: str) -> AX25:
        """``N0CALL-7`` or ``N0CALL-7 via PORT1,RELAY-2``."""
        call, _, way = text.partition(" via ")
        return cls(call, tuple(way.split(",")) if way else ())

    def _body(self) -> bytes:
        short = struct.pack("=7s3xi", _seven(self.call), len(self.digipeaters))
        way = b"".join(map(_seven, self.digipeaters))
        return short + way.ljust(56, b"\0") if way else short

    @classmethod
    def _from_body(cls, body: bytes) -> AX25:
        seven, count = struct.unpack_from("=7s3xi", body)
        way = [body[14 + 7 * n : 21 + 7 * n] for n in range(max(0, min(count, 8)))]
        return cls(_call(seven), tuple(map(_call, way)))


@dataclass(frozen=True)
class IPX(Address):
    """``network:node:socket`` in hexadecimal, and the packet's *type*.

    *network* has 32 bits, *node* 12 hexadecimal digits, *port* 16 bits, *type* 8.

    ValueError
        A field cannot hold its value.

    Source: Linux <linux/ipx.h>.

    >>> str(IPX(1, "0123456789ab", 0x4001))
    '00000001:0123456789ab:4001'
    """

    network: int = 0
    node: str = "000000000000"
    port: int = 0
    """What IPX calls a socket number."""
    type: int = 0

    family = AF_IPX
    size = 16

    def __post_init__(self) -> None:
        within(self.network, 0, 0xFFFFFFFF, "network")
        within(self.port, 0, 0xFFFF, "port")
        within(self.type, 0, 0xFF, "type")
        if not re.fullmatch("[0-9a-fA-F]{12}", self.node):
            raise ValueError(f"node {self.node!r} is not 12 hexadecimal digits")
        object.__setattr__(self, "node", self.node.lower())

    def __str__(self) -> str:
        return f"{self.network:08x}:{self.node}:{self.port:04x}"

    @classmethod
    def parse(cls, text: str) -> IPX:
        """``00000001:0123456789ab:4001``; the type is not part of it."""
        digits = "[0-9a-fA-F]"
        found = match(f"({digits}{{1,8}}):({digits}{{12}}):({digits}{{1,4}})", text, "IPX")
        return cls(int(found[1], 16), found[2], int(found[3], 16))

    def _body(self) -> bytes:
        node = bytes.fromhex(self.node)
        return struct.pack("!HI6sBx", self.port, self.network, node, self.type)

    @classmethod
    def _from_body(cls, body: bytes) -> IPX:
        port, network, node, kind = struct.unpack_from("!HI6sB", body)
        return cls(network, node.hex(), port, kind)


@dataclass(frozen=True)
class AppleTalk(Address):
    """``net.node:socket`` in decimal.  Net or node 0 is any, or this one; node 255 everybody.

    *net* has 16 bits, *node* and *port* 8.

    ValueError
        A field cannot hold its value.

    Source: Linux <linux/atalk.h>.

    >>> str(AppleTalk(65280, 66, 200))
    '65280.66:200'
    """

    net: int = 0
    node: int = 0
    port: int = 0
    """What DDP calls a socket number."""

    family = AF_APPLETALK
    size = 16

    def __post_init__(self) -> None:
        within(self.net, 0, 0xFFFF, "net")
        within(self.node, 0, 0xFF, "node")
        within(self.port, 0, 0xFF, "port")

    def __str__(self) -> str:
        return f"{self.net}.{self.node}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> AppleTalk:
        """``65280.66:200``."""
        found = match("([0-9]+)[.]([0-9]+):([0-9]+)", text, "AppleTalk")
        return cls(*map(int, found.groups()))

    def _body(self) -> bytes:
        return struct.pack("!BxHBx8x", self.port, self.net, self.node)

    @classmethod
    def _from_body(cls, body: bytes) -> AppleTalk:
        port, net, node = struct.unpack_from("!BxHB", body)
        return cls(net, node, port)


@dataclass(frozen=True)
class ATMPVC(Address):
    """``itf.vpi.vci``; each may be ANY, written ``*``, or UNSPEC, written ``?``.

    *itf* is up to 32767, *vpi* up to 4095, *vci* up to 65535.

    ValueError
        A field cannot hold its value.

    Source: Linux <linux/atm.h>.

    >>> str(ATMPVC(0, ATMPVC.ANY, ATMPVC.ANY))
    '0.*.*'
    """

    itf: int = 0
    vpi: int = 0
    vci: int = 0

    family = AF_ATMPVC
    size = 12
    ANY: ClassVar[int] = -1
    UNSPEC: ClassVar[int] = -2

    def __post_init__(self) -> None:
        within(self.itf, -2, 0x7FFF, "itf")
        within(self.vpi, -2, 0xFFF, "vpi")
        within(self.vci, -2, 0xFFFF, "vci")

    def __str__(self) -> str:
        words = {-1: "*", -2: "?"}
        return ".".join(str(words.get(part, part)) for part in (self.itf, self.vpi, self.vci))

    @classmethod
    def parse(cls, text: str) -> ATMPVC:
        """``1.0.32``, ``0.*.*``, or ``0.32`` for interface 0."""
        number = "([0-9]+|[*]|[?])"
        found = match(f"(?:{number}[.])?{number}[.]{number}", text, "ATM PVC")
        return cls(*(int({"*": "-1", "?": "-2"}.get(part, part)) for part in found.groups("0")))

    def _body(self) -> bytes:
        return struct.pack("=2xhhi", self.itf, self.vpi, self.vci)

    @classmethod
    def _from_body(cls, body: bytes) -> ATMPVC:
        return cls(*struct.unpack_from("=2xhhi", body))


def unpack(data: bytes) -> Address:
    """The address in *data*, of the class its family says.

    ValueError
        No class is for its family, or it has no two bytes to say one.

    >>> unpack(X25("1001").pack())
    X25(digits='1001')
    """
    family = _FAMILY.unpack_from(data)[0] if len(data) >= 2 else -1
    if family not in _classes:
        raise ValueError(f"no class for the address {data.hex() or 'of no bytes'}")
    return _classes[family].unpack(data)


def within(value: int, lowest: int, highest: int, name: str) -> None:
    """Refuse a number that a field cannot hold."""
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if not lowest <= value <= highest:
        raise ValueError(f"{name} {value} is not between {lowest} and {highest}")


def match(pattern: str, text: str, name: str) -> re.Match[str]:
    """Read text by a pattern, or say what it is not."""
    if not (found := re.fullmatch(pattern, text)):
        raise ValueError(f"{text!r} is not an address of {name}")
    return found


def _callsign(text: str) -> str:
    """The one way to write a callsign: upper case, and no SSID 0.

    Empty is the address of a socket without one.
    """
    found = re.fullmatch("([A-Z0-9]{0,6})(?:-([0-9]|1[0-5]))?", text.upper())
    if not found:
        raise ValueError(f"{text!r} is not a callsign such as N0CALL-7")
    return f"{found[1]}-{found[2]}" if int(found[2] or 0) else found[1]


def _seven(call: str) -> bytes:
    """The 7 bytes of a callsign: six letters and the SSID, each shifted left by one bit."""
    letters, _, ssid = call.partition("-")
    return bytes(value << 1 for value in [*letters.ljust(6).encode("ascii"), int(ssid or 0)])


def _call(seven: bytes) -> str:
    letters = bytes(byte >> 1 for byte in seven[:6]).decode("ascii").rstrip(" \0")
    ssid = seven[6] >> 1 & 15
    return f"{letters}-{ssid}" if ssid else letters
