"""AF_INET6: IPv6, and IPv4 in its clothes.  An address is ``(host, port, flowinfo, scope_id)``.

The types and protocols are those of AF_INET; SOCK_RAW with protocol 58 is ICMPv6.

Sources: RFC 3493 3.3; Linux ipv6(7); CPython ``getsockaddrarg`` for what a program may pass.
"""

from typing import Any

from ..machine.constants import AF_INET6, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM
from ..machine.errors import EPROTONOSUPPORT, fail
from ..machine.host import Host
from ..network.addresses import ANY6, version
from ..network.names import Resolver, UnknownName
from ..protocols.internet import InternetAddress
from .family import Family


class Inet6(Family):
    """IPv6 of one host."""

    number = AF_INET6
    name = "AF_INET6"
    any_address = ANY6

    def __init__(self, host: Host, resolver: Resolver, tcp: Any, udp: Any, udplite: Any,
                 raw: Any) -> None:
        super().__init__(host)
        self.resolver = resolver
        self.table = {SOCK_STREAM: [(6, tcp)], SOCK_DGRAM: [(17, udp), (136, udplite)],
                      SOCK_RAW: [(-1, raw)]}

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if kind == SOCK_RAW and number == 0:
            fail(EPROTONOSUPPORT)
        return super().choose(kind, number)

    def from_python(self, address: Any, caller: str) -> InternetAddress:
        if not isinstance(address, tuple):
            raise TypeError(f"{caller}(): AF_INET6 address must be tuple, not "
                            f"{type(address).__name__}")
        if not 2 <= len(address) <= 4:
            raise TypeError("AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])")
        host, port, flow, scope = (*address, 0, 0)[:4]
        text = self._host(host)
        number = self._number(port)
        if not 0 <= number <= 0xFFFF:
            raise OverflowError(f"{caller}(): port must be 0-65535.")
        if not 0 <= self._number(flow) <= 0xFFFFF:
            raise OverflowError(f"{caller}(): flowinfo must be 0-1048575.")
        zone = Resolver._scope(text)
        return InternetAddress(self.resolve(text), number, self._number(flow),
                               self._number(scope) or zone)

    @staticmethod
    def _number(value: Any) -> int:
        if not hasattr(value, "__index__"):
            raise TypeError(
                f"'{type(value).__name__}' object cannot be interpreted as an integer")
        return int(value.__index__())

    @staticmethod
    def _host(value: Any) -> str:
        if isinstance(value, str):
            text = value if value.isascii() else value.encode("idna").decode()
        elif isinstance(value, (bytes, bytearray)):
            text = bytes(value).decode("latin-1")
        else:
            raise TypeError("str, bytes or bytearray expected, not " + type(value).__name__)
        if "\0" in text:
            raise TypeError("host name must not contain null character")
        return text

    def resolve(self, name: str) -> str:
        """The IPv6 address of a name, a number, or ""."""
        if not name:
            return ANY6
        numeric = self.resolver.numeric(name, AF_INET6)
        if numeric is not None:
            if version(numeric) == 4:
                raise UnknownName(-9)
            return numeric
        return self.resolver.getaddrinfo(name, None, AF_INET6, SOCK_DGRAM)[0].address

    def to_python(self, address: InternetAddress) -> tuple[str, int, int, int]:
        host, port, flow, scope = address
        return (f"{host}%lo" if scope == 1 and host.startswith("fe80") else host, port, flow, scope)
