"""What UDP and raw sockets keep: the peer, what is being collected, errors that came back.

May not know: packets, options.

Sources: Linux ``struct inet_sock`` and ``struct udp_sock``, for what has to be kept.
"""

from collections import deque
from typing import Any

from .buffers import Record
from .protocol import Message


class DatagramEnd:
    """What the protocol keeps: the peer, and errors that came back."""

    __slots__ = ("batch", "chosen", "collecting", "deficit", "drops", "errors", "flow", "groups",
                 "known", "pending", "remote", "remote_port", "routed", "six", "source", "used")

    def __init__(self) -> None:
        self.remote = ""  # as packets carry it; empty while unconnected
        self.remote_port = 0
        self.source = ""  # where packets come from since connect(), if it is not bound to it
        self.used = 0  # bytes of the send buffer that `pending` takes
        self.errors: deque[tuple[Message, Record]] | None = None
        self.groups: list[tuple[str, int]] = []
        self.known: Any = None  # where the last datagram went, while that cannot have changed
        self.pending: bytes | None = None  # MSG_MORE: data collected for one datagram
        self.collecting = self.six = False  # whether the call adds to it, and it is IPv6's
        self.chosen: Any = None  # what its first piece asked for
        self.flow: tuple[str, str, int] = ("", "", 0)  # from, to, port: of it, and of the peer
        self.batch = self.deficit = self.drops = 0
        self.routed = False  # the way to the peer is known
