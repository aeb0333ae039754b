"""AF_X25: calls through a packet network.  An address is up to 15 digits, 18 bytes.

    2 family | 16 ASCII digits, zeros after them

SOCK_SEQPACKET and nothing else, and no protocol.  CPython cannot write the address.  What a
call is and does is in `protocols.x25`, its bytes in `protocols.x25_packet`.

Sources: <linux/x25.h>; Linux x25(7).
"""

from typing import Any

from ..machine.constants import AF_X25, SOCK_SEQPACKET
from ..machine.errors import EINVAL, ESOCKTNOSUPPORT, fail
from ..protocols.x25 import X25
from .family import OneProtocol


class X25Family(OneProtocol):
    """X.25 of one host."""

    number = AF_X25
    name = "AF_X25"
    behaviour = X25

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if kind != SOCK_SEQPACKET:
            fail(ESOCKTNOSUPPORT)
        if number:
            fail(EINVAL)
        return kind, 0, self.protocol
