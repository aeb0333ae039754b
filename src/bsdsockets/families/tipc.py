"""AF_TIPC: services of a cluster.  An address is ``(kind, v1, v2, v3[, scope])``.

    2 family | 1 kind | 1 scope | 12, by the kind:
    TIPC_ADDR_NAMESEQ, 1   a range of a service    type, lower, upper
    TIPC_ADDR_NAME, 2      one instance of it      type, instance, domain
    TIPC_ADDR_ID, 3        a socket                reference, node

| type                        | what it is                                                |
|-----------------------------|-----------------------------------------------------------|
| SOCK_RDM                    | datagrams; what cannot be delivered comes back            |
| SOCK_DGRAM                  | datagrams; what cannot be delivered is lost               |
| SOCK_STREAM, SOCK_SEQPACKET | a connection, made when accept() takes it                 |

What the sockets do is in `protocols.tipc`.

Sources: <linux/tipc.h>; CPython ``getsockaddrarg`` and ``makesockaddr``.
"""

from typing import Any

from ..machine.constants import AF_TIPC, SOCK_DGRAM, SOCK_RDM, SOCK_SEQPACKET, SOCK_STREAM
from ..machine.errors import EPROTONOSUPPORT, EPROTOTYPE, fail
from ..machine.host import Host
from ..protocols.tipc import Tipc
from ..protocols.tipc_end import NAME, RANGE, SOCKET, TipcAddress
from .family import Family


class TipcFamily(Family):
    """TIPC of one host."""

    number = AF_TIPC
    name = "AF_TIPC"
    any_address = b""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.tipc = Tipc(host)

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if number:
            fail(EPROTONOSUPPORT)
        if kind not in (SOCK_STREAM, SOCK_DGRAM, SOCK_RDM, SOCK_SEQPACKET):
            fail(EPROTOTYPE)
        return kind, 0, self.tipc

    def from_python(self, address: Any, caller: str) -> bytes:
        self.check_tuple(address, caller)
        if not 4 <= len(address) <= 5:
            raise TypeError("AF_TIPC address must be a tuple (addr_type, v1, v2, v3[, scope])")
        kind, first, second, third, scope = (*address, 2)[:5]
        if kind == SOCKET:
            return TipcAddress(kind, scope, second, first).pack()
        if kind == NAME:
            return TipcAddress(kind, scope, first, second).pack()
        if kind != RANGE:
            raise TypeError("Invalid address type")
        return TipcAddress(kind, scope, first, second, third).pack()

    def to_python(self, address: bytes) -> tuple[int, int, int, int, int]:
        kind, scope, first, second, third = TipcAddress.unpack(address)
        if kind == SOCKET:
            return kind, second, first, 0, scope
        if kind == NAME:
            return kind, first, second, second, scope
        return kind, first, second, third, scope
