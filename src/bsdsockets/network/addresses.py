"""Internet addresses as text, and what kind of address each is.

Inside the model an address is its canonical text: ``"127.0.0.1"``, ``"::1"``.  Four bytes
or sixteen are made only where a header needs them.

May not know: interfaces, routes.

Sources: RFC 791, RFC 4291; RFC 5952 for the text of IPv6; inet(3) for the loose IPv4 forms.
"""

import ipaddress
import struct
from functools import lru_cache

from ..machine.constants import AF_INET, AF_INET6

ANY4, ANY6 = "0.0.0.0", "::"
LOOPBACK4, LOOPBACK6 = "127.0.0.1", "::1"
BROADCAST4 = "255.255.255.255"
ALL_HOSTS = "224.0.0.1"  # which every interface listens to


@lru_cache(maxsize=4096)
def canonical(text: str) -> str | None:
    """Return the canonical text of a numeric address, or None.

    >>> canonical("127.0.0.1"), canonical("0:0::0001"), canonical("::ffff:1.2.3.4")
    ('127.0.0.1', '::1', '::ffff:1.2.3.4')
    >>> canonical("localhost") is None
    True
    """
    try:
        return _text(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def _text(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """As inet_ntop(3) of Linux writes it (RFC 5952 4, 5): also ::1.2.3.4, which once meant IPv4."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return f"::ffff:{mapped}"
    if address.version == 6 and 0xFFFF < int(address) <= 0xFFFFFFFF:
        return f"::{ipaddress.IPv4Address(int(address))}"
    return str(address)


@lru_cache(maxsize=4096)
def pack(address: str) -> bytes:
    """The bytes of an address, in network order."""
    return ipaddress.ip_address(address).packed


@lru_cache(maxsize=4096)
def unpack(packed: bytes) -> str:
    """The canonical text of 4 or 16 bytes."""
    return _text(ipaddress.ip_address(packed))


def sockaddr(address: str, port: int = 0, scope: int = 0) -> bytes:
    """A struct sockaddr_in or, of an address of IPv6, sockaddr_in6.

    >>> sockaddr("127.0.0.1", 80)[2:8].hex()
    '00507f000001'
    """
    if ":" in address:
        return struct.pack("=H", AF_INET6) + struct.pack("!HI16s", port, 0, pack(address)) + (
            struct.pack("=I", scope))
    return struct.pack("=H", AF_INET) + struct.pack("!H4s8x", port, pack(address))


@lru_cache(maxsize=1024)
def loose4(text: str) -> str | None:
    """Read an IPv4 address as inet_aton(3) does: 1 to 4 parts, decimal, octal or hexadecimal.

    >>> loose4("127.1"), loose4("0x7f000001"), loose4("1.2.3.4.5") is None
    ('127.0.0.1', '127.0.0.1', True)
    """
    parts = text.split(".")
    if not 1 <= len(parts) <= 4:
        return None
    numbers = [_part(part) for part in parts]
    if any(number is None for number in numbers):
        return None
    values = [number for number in numbers if number is not None]
    last = values.pop()
    if any(value > 255 for value in values) or last >= 256 ** (4 - len(values)):
        return None
    total = last
    for position, value in enumerate(values):
        total += value << (24 - 8 * position)
    return str(ipaddress.IPv4Address(total))


def _part(text: str) -> int | None:
    """One part of a loose address, in C's notation."""
    if not text or not text.isascii() or not text[0].isdigit():
        return None
    try:
        if text[:2] in ("0x", "0X"):
            return int(text[2:], 16)
        return int(text, 8 if text[0] == "0" else 10)
    except ValueError:
        return None


def version(address: str) -> int:
    """4 or 6."""
    return 6 if ":" in address else 4


def is_any(address: str) -> bool:
    return address in (ANY4, ANY6)


@lru_cache(maxsize=4096)
def is_multicast(address: str) -> bool:
    return ipaddress.ip_address(address).is_multicast


@lru_cache(maxsize=4096)
def is_of_link(address: str) -> bool:
    """True of an address of IPv6 that means something on one link only (RFC 4007 6, RFC 4291).

    >>> [is_of_link(each) for each in ("fe80::1", "febf::1", "ff02::1", "ff12::7")]
    [True, True, True, True]
    >>> [is_of_link(each) for each in ("ff05::1", "fe8::1", "ff::", "::1", "127.0.0.1")]
    [False, False, False, False, False]
    """
    first = address.partition(":")[0]
    return len(first) == 4 and (first[:3] in ("fe8", "fe9", "fea", "feb")
                                or (first[:2] == "ff" and first[3] in "12"))


def is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


@lru_cache(maxsize=4096)
def is_mapped(address: str) -> bool:
    """True for an IPv4 address in IPv6's clothes, ``::ffff:192.0.2.1`` (RFC 4291 2.5.5.2)."""
    return address.startswith("::ffff:") and "." in address


@lru_cache(maxsize=4096)
def unmap(address: str) -> str:
    """Take an IPv4-mapped address out of its clothes; leave others alone."""
    return address[7:] if is_mapped(address) else address


def remap(address: str) -> str:
    """Put an IPv4 address into IPv6's clothes; leave others alone.

    The address that stands for none becomes IPv6's.
    """
    if ":" in address:
        return address
    return ANY6 if address == ANY4 else f"::ffff:{address}"
