"""What AF_INET and AF_INET6 share: their types and protocols, and how a host and a port are read.

Sources: Linux ip(7), ipv6(7); CPython ``getsockaddrarg`` for what a program may pass.
"""

from operator import index
from typing import Any

from ..machine.constants import (
    AF_INET,
    EAI_ADDRFAMILY,
    IPPROTO_ICMP,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_STREAM,
)
from ..machine.errors import EACCES, EPROTONOSUPPORT, fail, type_name
from ..machine.host import Host
from ..network.addresses import BROADCAST4, is_mapped, unmap, version
from ..network.names import Resolver, UnknownName
from .family import Family


def c_int(value: Any, caller: str) -> int:
    """A port of a program, if a C int can hold it; `check_port` comes later."""
    number = index(value)
    if not -(2**31) <= number < 2**31:
        check_port(number, caller)
    return number


def check_port(port: int, caller: str) -> None:
    """Fail if a port is not 0 to 65535: after its host was looked up."""
    if not 0 <= port <= 0xFFFF:
        raise OverflowError(f"{caller}(): port must be 0-65535.")


def host_text(value: Any) -> str:
    """The host of an address: str, bytes or bytearray."""
    if isinstance(value, str):
        text = value if value.isascii() else value.encode("idna").decode()
    elif isinstance(value, (bytes, bytearray)):
        text = bytes(value).decode("latin-1")
    else:
        raise TypeError("str, bytes or bytearray expected, not " + type_name(value))
    if "\0" in text:
        raise TypeError("host name must not contain null character")
    return text


class InternetFamily(Family):
    """One version of IP of one host.  *echo* is the number of its ICMP."""

    echo = IPPROTO_ICMP

    def __init__(self, host: Host, resolver: Resolver, tcp: Any, udp: Any, udplite: Any,
                 raw: Any) -> None:
        super().__init__(host)
        self.resolver = resolver
        self.table = {SOCK_STREAM: [(6, tcp)], SOCK_DGRAM: [(17, udp), (136, udplite)],
                      SOCK_RAW: [(-1, raw)]}

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if kind == SOCK_RAW and number == 0:
            fail(EPROTONOSUPPORT)
        if kind == SOCK_DGRAM and number == self.echo:
            fail(EACCES)  # net.ipv4.ping_group_range is "1 0", nobody, until somebody sets it
        return super().choose(kind, number)

    def resolve(self, name: str) -> str:
        """The address of a name, a number, or "" for any; of IPv4 also "<broadcast>"."""
        if not name:
            return str(self.any_address)
        if name in (BROADCAST4, "<broadcast>"):
            if self.number != AF_INET:
                raise OSError("address family mismatched")
            return BROADCAST4
        numeric = self.resolver.numeric(name)
        if numeric is None:
            return self.resolver.getaddrinfo(name, None, self.number, SOCK_DGRAM)[0].address
        if self.number == AF_INET and is_mapped(numeric):
            self.resolver.scope(name)
            return unmap(numeric)
        if version(numeric) != version(self.any_address):
            raise UnknownName(EAI_ADDRFAMILY)
        self.resolver.scope(name)  # refuses a zone that there is not
        return numeric
