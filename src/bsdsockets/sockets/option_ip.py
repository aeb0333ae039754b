"""The functions that options of IPv4 and IPv6 need: what they check, read and do.

May not know: which options there are.

Sources: Linux ``do_ip_setsockopt`` and ``do_ipv6_setsockopt`` as observed on 6.18.
"""

import struct
from collections.abc import Callable
from typing import Any

from ..machine import constants as c
from ..machine.errors import EADDRNOTAVAIL, EINVAL, ENODEV, ENOMSG, ENOTCONN, fail
from ..network.addresses import ANY4, unmap, unpack

PRIORITIES = (0, 2, 6, 4)  # of best effort, bulk, interactive, and both


def type_of_service(so: Any, value: int) -> int:
    """IP_TOS, IPV6_TCLASS: the ECN bits of a TCP socket are TCP's."""
    return value & (0xFC if so.type == c.SOCK_STREAM else 0xFF)


def service_and_priority(so: Any, value: int) -> int:
    """IP_TOS: a new one changes SO_PRIORITY too."""
    value = type_of_service(so, value)
    if value != so.options.get("IP_TOS", 0):
        so.options["SO_PRIORITY"] = PRIORITIES[(value & 0x1E) >> 3]
    return value


def multicast_interface(so: Any, value: bytes) -> bytes:
    """IP_MULTICAST_IF: struct in_addr, ip_mreq or ip_mreqn; kept as the address."""
    index = struct.unpack("=i", value[8:12])[0] if len(value) >= 12 else 0
    own = value[4:8] if len(value) >= 8 else value[:4]
    address = unpack(own)
    if index:
        if index != 1:
            fail(EADDRNOTAVAIL)
        so.options["IP_MULTICAST_IF chosen"] = 1
        return own
    if address != ANY4 and so.protocol.node.kind(address) != "local":
        fail(EADDRNOTAVAIL)
    so.options["IP_MULTICAST_IF chosen"] = int(address != ANY4)
    return own


def interface_index(so: Any, value: int) -> int:
    """IPV6_MULTICAST_IF: the index of an interface, or 0."""
    if value not in (0, 1):
        fail(ENODEV)
    return value


def keep_errors(so: Any, value: int) -> int:
    """IP_RECVERR and IPV6_RECVERR: who ends it loses the errors that wait, but no time stamps."""
    errors: Any = getattr(so.pcb, "errors", None) or ()
    for each in () if value else tuple(errors):
        if each[0] != ENOMSG:
            errors.remove(each)
            so.buffer.cost -= each[1].cost
    return value


def v6only(so: Any, value: int) -> int:
    """IPV6_V6ONLY (RFC 3493 5.3): only before there is a port."""
    if so.port or so.type == c.SOCK_RAW or so.pcb is None:
        fail(EINVAL)
    return value


def port_range(so: Any, value: int) -> int:
    """IP_LOCAL_PORT_RANGE: the least port in the low 16 bits, the greatest above; 0: as usual."""
    low, high = value & 0xFFFF, value >> 16 & 0xFFFF
    if low and high and low > high:
        fail(EINVAL)
    return value


def path_mtu(so: Any) -> int:
    """IP_MTU and IPV6_MTU: of the route of a connected socket; IPv4's packets end at 65535."""
    if not connected(so):
        fail(ENOTCONN)
    remote = so.pcb.remote_address if so.type == c.SOCK_STREAM else so.pcb.remote
    return int(min(65536 if ":" in unmap(remote) else 65535, so.protocol.node.loopback.mtu))


def path_mtu_information(so: Any) -> bytes:
    """IPV6_PATHMTU: struct ip6_mtuinfo (RFC 3542 11.3)."""
    return bytes(28) + struct.pack("=I", path_mtu(so))


def connected(so: Any) -> bool:
    """True if packets of *so* have one way to go."""
    return bool(so.pcb.remote_port or so.pcb.remote_address
                if so.type == c.SOCK_STREAM else so.pcb.remote)


def least_mtu(so: Any, value: int) -> int:
    """IPV6_MTU: 0, or at least what every link of IPv6 carries (RFC 8200 5)."""
    if value and value < 1280:
        fail(EINVAL)
    return value


def of_accepted(usual: int, accepted: int) -> Callable[[Any], int]:
    """Make a default that differs for an accepted connection: it is taken from its SYN."""
    def default(so: Any) -> int:
        return accepted if so.type == c.SOCK_STREAM and so.pcb.passive else usual
    return default


def multicast_ttl(so: Any) -> int:
    """IP_MULTICAST_TTL: 1 (RFC 1112 6.1); of an accepted connection over IPv4 its SYN's TTL."""
    came = so.type == c.SOCK_STREAM and so.pcb.passive and ":" not in so.pcb.local_address
    return 64 if came else 1


def extension(so: Any, value: bytes) -> bytes:
    """IPV6_HOPOPTS and IPV6_DSTOPTS (RFC 3542 8, 9): nothing, or a header of words of 8 bytes."""
    if value and (value[1] + 1) * 8 > len(value):
        fail(EINVAL)
    return value[:(value[1] + 1) * 8] if value else b""


def no_routing(so: Any, value: bytes) -> bytes:
    """IPV6_RTHDR: nothing; routing headers of the types there are today are refused."""
    if value:
        fail(EINVAL)
    return value


def sticky(so: Any, value: bytes) -> int:
    """IPV6_PKTINFO (RFC 3542 6): an address, which is not used, and the interface to send by.

    EINVAL
        The socket is bound to another.
    """
    index = struct.unpack("=i", value[16:20])[0]
    if so.options.get("SO_BINDTODEVICE", index) not in (0, index):
        fail(EINVAL)
    return int(index)
