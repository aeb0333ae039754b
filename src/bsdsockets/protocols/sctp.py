"""SCTP's place in the table: a socket can be made, named and asked, and does no more.

SOCK_SEQPACKET over IP is SCTP on Linux with its module.  Associations are left out: nothing
of what makes SCTP different could be shown by fewer than another protocol's worth of code.

May not know: descriptors, threads, time.

Sources: RFC 9260; RFC 6458; Linux sctp(7).
"""

from typing import Any

from .internet import Internet
from .protocol import WRITABLE_BAND


class Sctp(Internet):
    """A socket that can be bound; every other verb is EOPNOTSUPP."""

    name_of = "sctp"

    def ready(self, so: Any) -> int:
        return WRITABLE_BAND

    def release(self, so: Any) -> None:
        if so.port:
            self.ports.remove(so, so.port)
