"""AF_ATMPVC: ATM's permanent circuits.  An address is ``itf.vpi.vci``, 12 bytes.

    2 family | 2 | 2 interface | 2 VPI | 4 VCI          the host's order; -1 is any

Every type but SOCK_STREAM makes a socket, and all of them are the same: records of AAL5.  The
protocol is not looked at.  CPython cannot write the address.  What a circuit is and does is in
`protocols.atm`.

Sources: <linux/atm.h>; docs/reference/families/atmpvc.md.
"""

from typing import Any

from ..machine.constants import AF_ATMPVC, SOCK_STREAM
from ..machine.errors import EINVAL, fail
from ..protocols.atm import Circuits
from .family import OneProtocol


class AtmFamily(OneProtocol):
    """ATM of one host."""

    number = AF_ATMPVC
    name = "AF_ATMPVC"
    behaviour = Circuits

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if kind == SOCK_STREAM:
            fail(EINVAL)
        return kind, 0, self.protocol
