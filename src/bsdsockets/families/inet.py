"""AF_INET: IPv4.  An address is ``(host, port)``.

| type        | protocol | what it is    |
|-------------|----------|---------------|
| SOCK_STREAM | 6        | TCP           |
| SOCK_DGRAM  | 17       | UDP           |
| SOCK_DGRAM  | 136      | UDP-Lite      |
| SOCK_DGRAM  | 1        | EACCES        |
| SOCK_RAW    | any      | IP            |

Sources: POSIX.1-2024 <netinet/in.h>; Linux ip(7); CPython ``getsockaddrarg`` for what a
program may pass.
"""

from typing import Any

from ..machine.constants import AF_INET
from ..network.addresses import ANY4
from ..protocols.internet import InternetAddress
from .internet import InternetFamily, c_int, check_port, host_text

MOST_KEPT = 4096  # addresses


class Inet(InternetFamily):
    """IPv4 of one host."""

    number = AF_INET
    name = "AF_INET"
    any_address = ANY4

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._numeric: dict[Any, InternetAddress] = {}  # addresses in numbers, read before

    def from_python(self, address: Any, caller: str) -> InternetAddress:
        try:
            known = self._numeric.get(address)
        except (TypeError, ValueError):  # not hashable: certainly wrong
            known = None
        if known is not None and address[1].__class__ is int:
            return known
        return self._read(address, caller)

    def _read(self, address: Any, caller: str) -> InternetAddress:
        self.check_tuple(address, caller)
        if len(address) != 2:
            raise TypeError("AF_INET address must be a pair (host, port)")
        host = host_text(address[0])
        port = c_int(address[1], caller)
        found = self.resolve(host)
        check_port(port, caller)
        read = InternetAddress(found, port)
        may_be_kept = address[0].__class__ is not bytearray and self.resolver.numeric(host)
        if may_be_kept and len(self._numeric) < MOST_KEPT:
            self._numeric[address] = read
        return read

    def to_python(self, address: InternetAddress) -> tuple[str, int]:
        return (address[0], address[1])
