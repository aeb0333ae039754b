"""What X.25 keeps of a socket: one end of a call, and how addresses are written.

May not know: packets' bytes, interfaces' links, sockets.

Sources: <linux/x25.h>; ITU-T X.121 for the digits.
"""

import struct
from collections import deque
from typing import Any

from ..machine.constants import AF_X25
from ..machine.errors import EINVAL, fail
from ..network.node import Interface
from .records import End
from .x25_packet import Facilities, X25Packet

SIZE, DTE_SIZE = 18, 50  # of a sockaddr_x25, of a struct x25_dte_facilities


def pack(digits: str) -> bytes:
    """A struct sockaddr_x25."""
    return struct.pack("=H16s", AF_X25, digits.encode("ascii"))


def digits_of(address: bytes) -> str:
    """The digits of an address, or EINVAL."""
    text = address[2:].partition(b"\0")[0]
    if len(address) != SIZE or address[:2] != b"\x09\0" or len(text) == 16:
        fail(EINVAL)
    return text.decode("latin-1")


class Call(End):
    """One end of a call: its channel on an interface, its numbers, what waits to be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.interface: Interface | None = None
        self.channel = 0
        self.facilities = Facilities()
        self.cause = bytes(2)
        self.user_data, self.match, self.dte = b"", 0, bytes(DTE_SIZE)
        self.approves = False  # the program answers calls itself
        self.sent = self.acknowledged = self.wanted = self.told = 0  # V(S), V(A), V(R), V(L)
        self.out: deque[X25Packet] = deque()
        self.flying: deque[X25Packet] = deque()  # sent and not acknowledged
        self.parts: list[bytes] = []
        self.urgent: deque[bytes] = deque()
        self.urgent_out: deque[bytes] = deque()
        self.interrupted = False
        self.timer: Any = None
