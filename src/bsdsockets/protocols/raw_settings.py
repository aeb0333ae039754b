"""Options of raw sockets: which messages of ICMP come in, and where the checksum stands.

    ICMP_FILTER, ICMPV6_FILTER   a bit for each type; one that is set keeps the type away
    IPV6_CHECKSUM                the offset of a checksum that is filled in and verified

May not know: packets.

Sources: Linux raw(7); RFC 3542 3.1 and 3.2; Linux ``raw_seticmpfilter``,
``do_rawv6_setsockopt``.
"""

from collections.abc import Callable
from typing import Any

from ..machine import constants as c
from ..machine import option_keys as opt
from ..machine.errors import EINVAL, EOPNOTSUPP, fail

NO_CHECKSUM = -1
MOBILITY = 135  # IPPROTO_MH
OFFSETS = {c.IPPROTO_ICMPV6: 2, MOBILITY: 4}
FILTER = 1  # the number of both filters, each at its level


def checksum_offset(so: Any) -> int:
    """Where a raw socket of IPv6 has its checksum, in bytes; -1 if it has none."""
    if so.family == c.AF_INET:
        return NO_CHECKSUM
    default = OFFSETS.get(so.protocol_number, NO_CHECKSUM)
    return int(so.options.get(opt.IPV6_CHECKSUM, default))


def whole_packets(so: Any) -> tuple[int, int]:
    """The option with which a program makes the header of IP itself."""
    return opt.IP_HDRINCL if so.family == c.AF_INET else opt.IPV6_HDRINCL


def new_offset(so: Any, value: int) -> int:
    """Check an offset for IPV6_CHECKSUM.

    EINVAL
        ICMPv6, whose checksum has its place; an odd offset.
    """
    if so.protocol_number == c.IPPROTO_ICMPV6 or (value > 0 and value % 2):
        fail(EINVAL)
    return max(value, NO_CHECKSUM)


def read_filter(protocol: int, level: int, size: int) -> Callable[[Any], bytes]:
    """Make what reads the filter of *size* bytes that sockets of *protocol* have."""
    def read(so: Any) -> bytes:
        if so.protocol_number != protocol:
            fail(EOPNOTSUPP)
        return bytes(so.options.get((level, FILTER), bytes(size)))
    return read


def write_filter(protocol: int, level: int, size: int) -> Callable[[Any, bytes], None]:
    """Make what sets the filter; fewer bytes change only the first ones."""
    read = read_filter(protocol, level, size)

    def write(so: Any, value: bytes) -> None:
        so.options[level, FILTER] = (value + read(so)[len(value):])[:size]
    return write


def keeps_away(so: Any, kind: int) -> bool:
    """True if the socket's filter has the bit of ICMP messages of this type."""
    level = c.SOL_RAW if so.family == c.AF_INET else c.SOL_ICMPV6
    return bool(int.from_bytes(so.options.get((level, FILTER), b""), "little") >> kind & 1)
