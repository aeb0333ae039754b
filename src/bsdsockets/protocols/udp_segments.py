"""UDP_SEGMENT and UDP_GRO: one send that is several datagrams, and several that are read as one.

    send(b"aaaabbbbcc"), UDP_SEGMENT 4 --> Datagram(..., segment=4) --> aaaa bbbb cc
                                                    UDP_GRO is set --> aaaabbbbcc, and 4 beside it

May not know: where datagrams go, buffers.

Sources: udp(7); Linux ``udp_send_skb``, ``udp_rcv_segment`` as observed on 6.18.
"""

from typing import Any

from ..machine.errors import EINVAL, EMSGSIZE, fail
from ..network.packets import Datagram
from .buffers import SHARED, SOCKET_BUFFER, packet_cost
from .ip_control import Choices

MOST = 128  # UDP_MAX_SEGMENTS
WHOLE6 = 65488  # bytes of data in IPv6's greatest packet
FIRST6 = 66316  # bytes of memory that such a packet takes
WHOLE_GROUP = 65494  # bytes less than which go in one packet of the device, with 42 of headers


def made(so: Any, remote: str, port: int, data: bytes, chosen: Choices, pages: int) -> Datagram:
    """The datagram, or the train of them, that one call sends.

    EMSGSIZE
        One of them is too long for a packet of IPv6: it is not cut any further.
    EINVAL
        They are more than 128, or have no checksums.
    """
    six, segment = ":" in remote, chosen.segment
    if six and min(len(data), segment) > WHOLE6:
        fail(EMSGSIZE)
    unchecked = bool(so.options.get("UDP_NO_CHECK6_TX" if six else "SO_NO_CHECK"))
    if segment and (len(data) > MOST * segment or unchecked):
        fail(EINVAL)
    return Datagram(so.port, port, data, segment if len(data) > segment else 0, unchecked and six,
                    pages)


def parts(so: Any, datagram: Datagram, six: bool) -> list[Datagram]:
    """What *so* receives of it: the whole with UDP_GRO; nothing that lacks a checksum over IPv6.

    The loopback device divides too what is too long for one of its packets.
    """
    if datagram.unchecked and not so.options.get("UDP_NO_CHECK6_RX"):
        return []
    data, size = datagram.data, datagram.segment
    whole = len(data) < WHOLE_GROUP - (20 if six else 0)
    if not size or (whole and so.options.get("UDP_GRO")):
        return [datagram]
    pieces = [data[at:at + size] for at in range(0, len(data), size)]
    return [datagram._replace(data=piece, segment=0, pages=len(piece)) for piece in pieces]


def head_of(address: str) -> int:
    """Bytes of headers before a datagram: IP, UDP, the link, and what Linux keeps free."""
    return 72 if ":" in address else 59


def paged_cost(size: int, pages: int, address: str) -> int:
    """What a datagram costs of whose *size* bytes the last ones are in *pages*."""
    return packet_cost(size - pages, head_of(address)) + pages


def condensed(size: int, pages: int, address: str) -> int:
    """The same where the buffer is more than half full: Linux fills the head from the pages.

    It does so if all of them find room there (``skb_condense``).

    >>> [condensed(size, size, "127.0.0.1") for size in (212, 213)]
    [832, 1045]
    """
    cost = paged_cost(size, pages, address)
    room = cost - pages - SOCKET_BUFFER - SHARED - (72 if ":" in address else 44)
    return cost - pages if size <= room else cost
