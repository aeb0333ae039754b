"""AF_INET: IPv4.  An address is ``(host, port)``.

| type        | protocol | what it is    |
|-------------|----------|---------------|
| SOCK_STREAM | 6        | TCP           |
| SOCK_DGRAM  | 17       | UDP           |
| SOCK_DGRAM  | 136      | UDP-Lite      |
| SOCK_DGRAM  | 1        | ICMP echo     |
| SOCK_RAW    | any      | IP            |

Sources: POSIX.1-2024 <netinet/in.h>; Linux ip(7); CPython ``getsockaddrarg`` for what a
program may pass.
"""

from typing import Any

from ..machine.constants import AF_INET, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM
from ..machine.errors import EPROTONOSUPPORT, fail
from ..machine.host import Host
from ..network.addresses import ANY4, BROADCAST4, version
from ..network.names import Resolver, UnknownName
from ..protocols.internet import InternetAddress
from .family import Family

MOST_KEPT = 4096  # addresses


def port_of(value: Any, caller: str) -> int:
    """A port number of a program, 0 to 65535."""
    try:
        port = int(value.__index__())
    except AttributeError:
        raise TypeError(
            f"'{type(value).__name__}' object cannot be interpreted as an integer") from None
    if not 0 <= port <= 0xFFFF:
        raise OverflowError(f"{caller}(): port must be 0-65535.")
    return port


def host_text(value: Any, caller: str) -> str:
    """The host of an address: str, bytes or bytearray."""
    if isinstance(value, str):
        text = value if value.isascii() else value.encode("idna").decode()
    elif isinstance(value, (bytes, bytearray)):
        text = bytes(value).decode("latin-1")
    else:
        raise TypeError("str, bytes or bytearray expected, not " + type(value).__name__)
    if "\0" in text:
        raise TypeError("host name must not contain null character")
    return text


class Inet(Family):
    """IPv4 of one host."""

    number = AF_INET
    name = "AF_INET"
    any_address = ANY4

    def __init__(self, host: Host, resolver: Resolver, tcp: Any, udp: Any, udplite: Any,
                 raw: Any) -> None:
        super().__init__(host)
        self.resolver = resolver
        self._numeric: dict[Any, InternetAddress] = {}  # addresses in numbers, read before
        self.table = {SOCK_STREAM: [(6, tcp)], SOCK_DGRAM: [(17, udp), (136, udplite)],
                      SOCK_RAW: [(-1, raw)]}

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if kind == SOCK_RAW and number == 0:
            fail(EPROTONOSUPPORT)
        return super().choose(kind, number)

    def from_python(self, address: Any, caller: str) -> InternetAddress:
        try:
            known = self._numeric.get(address)
        except TypeError:  # not hashable: certainly wrong
            known = None
        if known is not None and address[1].__class__ is int:
            return known
        return self._read(address, caller)

    def _read(self, address: Any, caller: str) -> InternetAddress:
        if not isinstance(address, tuple):
            raise TypeError(f"{caller}(): AF_INET address must be tuple, not "
                            f"{type(address).__name__}")
        if len(address) != 2:
            raise TypeError("AF_INET address must be a pair (host, port)")
        host = host_text(address[0], caller)
        port = port_of(address[1], caller)
        read = InternetAddress(self.resolve(host), port)
        if self.resolver.numeric(host, AF_INET) and len(self._numeric) < MOST_KEPT:
            self._numeric[address] = read
        return read

    def resolve(self, name: str) -> str:
        """The IPv4 address of a name, a number, "" or "<broadcast>"."""
        if not name:
            return ANY4
        if name in (BROADCAST4, "<broadcast>"):
            return BROADCAST4
        numeric = self.resolver.numeric(name, AF_INET)
        if numeric is not None:
            if version(numeric) == 6:
                raise UnknownName(-9)
            return numeric
        return self.resolver.getaddrinfo(name, None, AF_INET, SOCK_DGRAM)[0].address

    def to_python(self, address: InternetAddress) -> tuple[str, int]:
        return (address[0], address[1])
