"""Netlink: the requests of a datagram, what each is told, and who knows none of them.

    datagram --> request, request ... --> error or receipt for each

May not know: what the requests are about.

Sources: Linux ``netlink_rcv_skb``, ``sock_diag_rcv_msg``, ``audit_receive_msg``,
``nfnetlink_rcv_msg``, ``genl_rcv_msg``; which types are known, as Linux 6.18 shows it.
"""

import struct
from collections.abc import Collection, Iterator
from typing import Any

from ..machine.errors import EINVAL, ENOENT
from .netlink_messages import ACK, HEADER, REQUEST, Refusal, error

SOL_NETLINK, CAP_ACK, EXT_ACK = 270, 10, 11


def requests(data: bytes) -> Iterator[bytes]:
    """Take a datagram apart; what comes after a length that cannot be is not looked at."""
    while len(data) >= HEADER:
        length = struct.unpack_from("=I", data)[0]
        if not HEADER <= length <= len(data):
            return
        yield data[:length]
        data = data[(length + 3) & ~3:]


def receipt(so: Any, refusal: Refusal | None, request: bytes) -> bytes:
    """The error or the receipt for a request, as long as the options of *so* want it."""
    short, explain = (bool(so.options.get((SOL_NETLINK, option))) for option in (CAP_ACK, EXT_ACK))
    return error(refusal, request, so.pcb.pid, short, explain)


class Unmodelled:
    """A part of the kernel that is not modelled: it fails what it does not know.

    *number* is the error, 0 for none; what is shorter than *least* bytes is done.  *known* are the
    types that Linux answers: taken in silence, with at least *full* bytes.  *strict*: it also
    looks at what is no request.
    """

    def __init__(self, number: int, least: int = HEADER, known: Collection[int] = (),
                 full: int = HEADER, strict: bool = False) -> None:
        self.number, self.least, self.known = number, least, known
        self.full, self.strict = full, strict

    def answer(self, so: Any, data: bytes) -> Iterator[bytes]:
        """The datagrams that answer the requests in *data*."""
        for request in requests(data):
            kind, flags = struct.unpack_from("=HH", request, 4)
            asked = self.strict or (flags & REQUEST and kind >= HEADER)
            if asked and kind in self.known and len(request) >= self.full:
                continue
            fails = asked and self.number and len(request) >= self.least
            refusal = Refusal(self.number) if fails else None
            if fails or flags & ACK:
                yield receipt(so, refusal, request)


SOCK_DIAG, AUDIT, NETFILTER, KOBJECT_UEVENT, GENERIC = 4, 9, 12, 15, 16
UNMODELLED = {
    SOCK_DIAG: Unmodelled(EINVAL, known=(18, 20, 21), full=HEADER + 16),
    AUDIT: Unmodelled(EINVAL, known=range(1000, 3000), strict=True),
    NETFILTER: Unmodelled(EINVAL, least=HEADER + 4, known=(16, 17)),  # a batch begins, ends
    KOBJECT_UEVENT: Unmodelled(0),
    GENERIC: Unmodelled(ENOENT, known=(16,)),  # the controller
}
