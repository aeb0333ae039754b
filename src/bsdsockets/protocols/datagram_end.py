"""What UDP and raw sockets keep: the peer, what is being collected, errors that came back.

May not know: packets, options.

Sources: Linux ``struct inet_sock`` and ``struct udp_sock``, for what has to be kept.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

from .buffers import Record


@dataclass(slots=True, eq=False)
class DatagramEnd:
    """What the protocol keeps: the peer, and errors that came back."""

    remote: str = ""  # as packets carry it; empty while unconnected
    remote_port: int = 0
    since: int = 0  # of how many connect() was the last
    source: str = ""  # where packets come from since connect(), if it is not bound to it
    source4: str = ""  # the same for IPv4 alone
    routed: bool = False  # the way to the peer is known
    about: tuple[int, int] = (0, 0)  # IP_TOS and SO_MARK, of which a new one makes it unknown
    flow: tuple[str, str, int] = ("", "", 0)  # from, to, port: of `pending`, and of the peer
    known: Any = None  # where the last datagram went, while that cannot have changed

    # What MSG_MORE and UDP_CORK collect for one datagram
    pending: bytes | None = None
    used: int = 0  # bytes of the send buffer that it takes
    pages: int = 0  # of its bytes, those that are not in the head of the packet
    collecting: bool = False  # the call that goes on adds to it
    six: bool = False  # it is IPv6's
    astray: int = 0  # what Linux forgets in its checksum
    kind: str = ""  # of the address that its first piece was routed to
    chosen: Any = None  # what its first piece asked for

    # What has come
    errors: deque[tuple[int, Record]] | None = None  # each an errno, and what was sent
    drops: int = 0  # datagrams that found no room
    batch: int = 0  # records that Linux has taken out of the queue at once, and not given yet
    deficit: int = 0  # bytes of theirs that still count as used
