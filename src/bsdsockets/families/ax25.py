"""AF_AX25: amateur packet radio.  An address is a callsign with a number, ``N0CALL-7``.

    sockaddr_ax25       16: 2 family | 7 callsign | 3 | 4 how many digipeaters
    full_sockaddr_ax25  72: the same and 8 digipeaters of 7 bytes

| type           | protocol | what it is                                   |
|----------------|----------|----------------------------------------------|
| SOCK_SEQPACKET | 0xF0     | a connection, records of at most 256 bytes   |
| SOCK_DGRAM     | 0xF0     | UI frames                                    |
| SOCK_RAW       | a PID    | UI frames with their PID; needs privilege    |

CPython cannot write the address.  What the sockets do is in `protocols.ax25`.

Sources: <netax25/ax25.h>; Linux ax25(4).
"""

from typing import Any

from ..machine.constants import AF_AX25, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET
from ..machine.errors import EINVAL, EPERM, ESOCKTNOSUPPORT, fail
from ..protocols.ax25 import Ax25
from .family import OneProtocol

TEXT = 0xF0  # the protocol identifier of plain text
NOT_HERE = (0x08, 0xCF, 0x01)  # protocols of the kernel's own: segments, NET/ROM, ROSE


class Ax25Family(OneProtocol):
    """AX.25 of one host."""

    number = AF_AX25
    name = "AF_AX25"
    behaviour = Ax25

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if not 0 <= number <= 255:
            fail(EINVAL)
        if kind == SOCK_RAW:
            if not self.host.privileged:
                fail(EPERM)
            return kind, number, self.protocol
        if kind not in (SOCK_DGRAM, SOCK_SEQPACKET):
            fail(ESOCKTNOSUPPORT)
        if kind == SOCK_SEQPACKET and number in NOT_HERE:
            fail(ESOCKTNOSUPPORT)
        return kind, TEXT if number in (0, AF_AX25) else number, self.protocol
