"""TIPC's addresses, and what it keeps of a socket.

May not know: other sockets, what is sent.

Sources: <linux/tipc.h>.
"""

import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..machine.constants import AF_TIPC
from ..machine.errors import EAFNOSUPPORT, EINVAL, fail
from .records import End, family_of

RANGE, NAME, SOCKET = 1, 2, 3  # kinds of addresses
SIZE, SOL_TIPC, DESTNAME = 16, 271, 3


class TipcAddress(NamedTuple):
    """An address: its kind, scope, and three numbers."""

    kind: int
    scope: int
    first: int
    second: int
    third: int = 0

    def pack(self) -> bytes:
        """A struct sockaddr_tipc."""
        return struct.pack("=HBbIII", AF_TIPC, *self)

    @classmethod
    def unpack(cls, data: bytes) -> "TipcAddress":
        if len(data) < SIZE:
            fail(EINVAL)
        if family_of(data) != AF_TIPC:
            fail(EAFNOSUPPORT)
        return cls(*struct.unpack("=BbIII", data[2:SIZE]))


@dataclass(eq=False)
class TipcEnd(End):
    """What the protocol keeps: names, the peer, and who asks to be connected."""

    reference: int = 0
    services: list[tuple[int, int, int, int]] = field(default_factory=list)  # type, range, scope
    peer: Any = None
    named: tuple[Any, ...] = ()  # the control message of one connected by a name
    ended_here: bool = False
    asking: deque[Any] = field(default_factory=deque)


def named(to: TipcAddress) -> tuple[tuple[int, int, bytes], ...]:
    """TIPC_DESTNAME: the control message that tells which name a message was sent to."""
    if to.kind == SOCKET:
        return ()
    upper = to.third if to.kind == RANGE else to.second
    return ((SOL_TIPC, DESTNAME, struct.pack("=III", to.first, to.second, upper)),)
