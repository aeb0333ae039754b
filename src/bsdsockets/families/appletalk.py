"""AF_APPLETALK: datagrams of DDP.  An address is ``net.node:socket``, 16 bytes.

    2 family | 1 socket | 1 | 2 net, network order | 1 node | 1 | 8 zero

| type       | what it is                                              |
|------------|---------------------------------------------------------|
| SOCK_DGRAM | what follows DDP's header; its first byte is DDP's type |
| SOCK_RAW   | the same with the header of 12 bytes; needs privilege   |

Any protocol, and none is looked at.  CPython cannot write the address.  What the sockets do is in
`protocols.ddp`.

Sources: <netatalk/at.h>; Linux ddp(7).
"""

from typing import Any

from ..machine.constants import AF_APPLETALK, SOCK_DGRAM, SOCK_RAW
from ..machine.errors import EPERM, ESOCKTNOSUPPORT, fail
from ..protocols.ddp import Ddp
from .family import OneProtocol


class AppleTalkFamily(OneProtocol):
    """AppleTalk of one host."""

    number = AF_APPLETALK
    name = "AF_APPLETALK"
    behaviour = Ddp

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        """Find what socket(AF_APPLETALK, *kind*, *number*) is.

        ESOCKTNOSUPPORT
            Neither SOCK_DGRAM nor SOCK_RAW.
        EPERM
            SOCK_RAW, from an unprivileged process.
        """
        if kind not in (SOCK_DGRAM, SOCK_RAW):
            fail(ESOCKTNOSUPPORT)
        if kind == SOCK_RAW and not self.host.privileged:
            fail(EPERM)
        return kind, 0, self.protocol
