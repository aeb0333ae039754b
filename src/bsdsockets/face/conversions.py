"""The functions of ``_socket`` that need no machine: orders of bytes, addresses, lengths.

    htons(80)  the number with its bytes the other way round
    inet_pton  text --> bytes        inet_ntop  bytes --> text
    CMSG_LEN   how long a control message is

What a wrong argument raises is CPython's, to the letter.

Sources: CPython ``Modules/socketmodule.c``, 3.11 to 3.15; inet(3), byteorder(3), cmsg(3).
"""

import ipaddress
import sys
from typing import Any

from ..machine.constants import AF_INET, AF_INET6
from ..machine.errors import EAFNOSUPPORT, fail, type_name
from ..network.addresses import loose4, unpack
from .ancillary import HEADER, space
from .arguments import SINCE_3_14, natural, number, readable, size, small, text, unsigned_long

NEW = sys.version_info >= (3, 13)  # some arguments are read by other functions of C
LONGEST = 2**31 - 1  # bytes that socklen_t may count on every system


def unsigned(value: Any, bits: int, name: str) -> int:
    """An unsigned number of *bits* bits, 16 or 32, as CPython reads an argument of *name*.

    TypeError, OverflowError
        It is no integer; it is below 0 (a ValueError since Python 3.14), or has more bits.
    """
    if SINCE_3_14:
        return natural(value, bits, f"uint{bits}_t")
    if bits == 32:
        if not isinstance(value, int):
            raise TypeError(f"expected int, {type_name(value)} found")
        result = unsigned_long(value)
        if result >> 32:
            raise OverflowError("int larger than 32 bits")
        return result
    result = small(value) if NEW else number(value)
    if result < 0:
        raise OverflowError(f"{name}: can't convert negative Python int to C 16-bit "
                            "unsigned integer")
    if result >> 16:
        raise OverflowError(f"{name}: Python int too large to convert to C 16-bit "
                            "unsigned integer")
    return result


def ntohs(value: Any, /) -> int:
    """Turn a 16-bit number from network order into the host's.  Not 0 to 65535: OverflowError.

    The host's order is Linux's on x86-64 and arm64, wherever the model runs: little-endian.

    >>> hex(ntohs(0x1234))
    '0x3412'
    """
    return int.from_bytes(unsigned(value, 16, "ntohs").to_bytes(2, "big"), "little")


def htons(value: Any, /) -> int:
    """Turn a 16-bit number from the host's order into network order; see `ntohs`."""
    return int.from_bytes(unsigned(value, 16, "htons").to_bytes(2, "big"), "little")


def ntohl(value: Any, /) -> int:
    """Turn a 32-bit number from network order into the host's; see `ntohs`."""
    return int.from_bytes(unsigned(value, 32, "ntohl").to_bytes(4, "big"), "little")


def htonl(value: Any, /) -> int:
    """Turn a 32-bit number from the host's order into network order; see `ntohs`."""
    return int.from_bytes(unsigned(value, 32, "htonl").to_bytes(4, "big"), "little")


def inet_aton(address: str, /) -> bytes:
    """The four bytes of an IPv4 address, in any of C's notations; what follows a space is left out.

    TypeError
        *address* is no str.
    OSError
        It is no address.

    Source: inet(3).

    >>> inet_aton("127.1")
    b'\\x7f\\x00\\x00\\x01'
    """
    given = text(address, "inet_aton", 0 if NEW else 1)
    found = loose4(given.split()[0]) if given.split() else None
    if found is None or given[0].isspace():
        raise OSError("illegal IP address string passed to inet_aton")
    return ipaddress.IPv4Address(found).packed


def inet_ntoa(packed: Any, /) -> str:
    """The text of four bytes.

    OSError
        They are not four.
    """
    data = readable(packed)
    if len(data) != 4:
        raise OSError("packed IP wrong length for inet_ntoa")
    return unpack(data)


def inet_pton(family: int, address: str, /) -> bytes:
    """The bytes of a numeric address of AF_INET, four, or AF_INET6, sixteen.

    EAFNOSUPPORT
        The *family* is another.
    OSError
        *address* is no address of it, as those of four parts, or RFC 4291's, are.

    Source: POSIX.1-2024 inet_ntop().
    """
    family, given = number(family), text(address, "inet_pton", 2)
    if family not in (AF_INET, AF_INET6):
        fail(EAFNOSUPPORT)
    try:
        if family == AF_INET:
            return ipaddress.IPv4Address(given).packed
        if "%" in given:
            raise ValueError(given)
        return ipaddress.IPv6Address(given).packed
    except ValueError:
        raise OSError("illegal IP address string passed to inet_pton") from None


def inet_ntop(family: int, packed: Any, /) -> str:
    """The text of 4 bytes (AF_INET) or 16 (AF_INET6), as RFC 5952 has it.

    ValueError
        The *family* is another; the bytes are more or less than that.

    Source: POSIX.1-2024 inet_ntop().
    """
    family, data = number(family), readable(packed)
    lengths = {AF_INET: 4, AF_INET6: 16}
    if family not in lengths:
        raise ValueError(f"unknown address family {family}")
    if len(data) != lengths[family]:
        raise ValueError("invalid length of packed IP address string")
    return unpack(data)


def CMSG_LEN(length: int, /) -> int:
    """The length of a control message with *length* bytes of data.

    OverflowError
        *length* is below 0, or too much for C.

    >>> CMSG_LEN(4), CMSG_SPACE(4)
    (20, 24)
    """
    length = size(length)
    if not 0 <= length <= LONGEST - HEADER:
        raise OverflowError("CMSG_LEN() argument out of range")
    return HEADER + length


def CMSG_SPACE(length: int, /) -> int:
    """The room that a control message with *length* bytes of data takes; see `CMSG_LEN`."""
    length = size(length)
    if not 0 <= length <= LONGEST - space(1):
        raise OverflowError("CMSG_SPACE() argument out of range")
    return space(length)


PURE = (ntohs, htons, ntohl, htonl, inet_aton, inet_ntoa, inet_pton, inet_ntop, CMSG_LEN,
        CMSG_SPACE)
