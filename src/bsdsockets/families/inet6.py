"""AF_INET6: IPv6, and IPv4 in its clothes.  An address is ``(host, port, flowinfo, scope_id)``.

The types and protocols are those of AF_INET; SOCK_RAW with protocol 58 is ICMPv6.

Sources: RFC 3493 3.3; Linux ipv6(7); CPython ``getsockaddrarg`` for what a program may pass.
"""

from operator import index
from typing import Any

from ..machine.constants import AF_INET6, IPPROTO_ICMPV6
from ..network.addresses import ANY6
from ..protocols.internet import InternetAddress
from .internet import InternetFamily, c_int, check_port, host_text


class Inet6(InternetFamily):
    """IPv6 of one host."""

    number = AF_INET6
    name = "AF_INET6"
    any_address = ANY6
    echo = IPPROTO_ICMPV6

    def from_python(self, address: Any, caller: str) -> InternetAddress:
        self.check_tuple(address, caller)
        if not 2 <= len(address) <= 4:
            raise TypeError("AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])")
        host, port, flow, scope = (*address, 0, 0)[:4]
        text, port = host_text(host), c_int(port, caller)
        flow, scope = index(flow) & 0xFFFFFFFF, index(scope) & 0xFFFFFFFF
        found = self.resolve(text)
        check_port(port, caller)
        if flow > 0xFFFFF:
            raise OverflowError(f"{caller}(): flowinfo must be 0-1048575.")
        return InternetAddress(found, port, flow, scope)

    def to_python(self, address: InternetAddress) -> tuple[str, int, int, int]:
        host, port, flow, scope = address
        return (f"{host}%lo" if scope == 1 and host.startswith("fe80") else host, port, flow, scope)
