"""Options of raw sockets: which messages of ICMP come in, and where the checksum stands.

    ICMP_FILTER, ICMPV6_FILTER   a bit for each type; one that is set keeps the type away
    IPV6_CHECKSUM                the offset of a checksum that is filled in and verified

May not know: packets.

Sources: Linux raw(7); RFC 3542 3.1 and 3.2; Linux ``raw_seticmpfilter``,
``do_rawv6_setsockopt``.
"""

from typing import Any

from ..machine import constants as c
from ..machine.errors import EINVAL, fail

NO_CHECKSUM = -1
MOBILITY = 135  # IPPROTO_MH
OFFSETS = {c.IPPROTO_ICMPV6: 2, MOBILITY: 4}
LOOKED_AT = {(c.AF_INET, c.IPPROTO_ICMP): 2, (c.AF_INET6, c.IPPROTO_ICMPV6): 2,
             (c.AF_INET6, MOBILITY): 4}
FILTERS = {  # the protocol that has one, its name, its bytes
    c.AF_INET: (c.IPPROTO_ICMP, "ICMP_FILTER", 4),
    c.AF_INET6: (c.IPPROTO_ICMPV6, "ICMPV6_FILTER", 32)}


def checksum_offset(so: Any) -> int:
    """Where a raw socket of IPv6 has its checksum, in bytes; -1 if it has none."""
    if so.family == c.AF_INET:
        return NO_CHECKSUM
    default = OFFSETS.get(so.protocol_number, NO_CHECKSUM)
    return int(so.options.get("IPV6_CHECKSUM", default))


def looked_at(so: Any) -> int:
    """How many bytes of what is sent Linux reads beforehand, for the type that is in them."""
    return LOOKED_AT.get((so.family, so.protocol_number), 0)


def type_of(so: Any, data: bytes) -> int:
    """What Linux has of the type where it has a port of others."""
    size = looked_at(so)
    return int.from_bytes(data[size - 2:size], "big") & (
        0xFF00 if size > 2 else 0xFFFF) if so.family == c.AF_INET6 else 0


def whole_packets(so: Any) -> str:
    """The option with which a program makes the header of IP itself."""
    return "IP_HDRINCL" if so.family == c.AF_INET else "IPV6_HDRINCL"


def new_offset(so: Any, value: int) -> int:
    """Check an offset for IPV6_CHECKSUM (RFC 3542 3.1).

    EINVAL
        An odd offset.
    """
    if value > 0 and value % 2:
        fail(EINVAL)
    return max(value, NO_CHECKSUM)


def new_offset_but_icmp(so: Any, value: int) -> int:
    """The same; EINVAL for ICMPv6, whose checksum has its place, but not by SOL_RAW's level."""
    if so.protocol_number == c.IPPROTO_ICMPV6:
        fail(EINVAL)
    return new_offset(so, value)


def has_no_filter(so: Any) -> bool:
    """Of ICMP_FILTER and ICMPV6_FILTER: a socket of another protocol."""
    return bool(so.protocol_number != FILTERS[so.family][0])


def new_filter(so: Any, value: bytes) -> bytes:
    """What a filter is after setsockopt(): fewer bytes change only the first ones."""
    _, name, size = FILTERS[so.family]
    return (value + so.options.get(name, bytes(size))[len(value):])[:size]


def keeps_away(so: Any, kind: int) -> bool:
    """True if the socket's filter has the bit of ICMP messages of this type."""
    kept = so.options.get(FILTERS[so.family][1], b"")
    return bool(int.from_bytes(kept, "little") >> kind & 1)
