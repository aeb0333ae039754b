"""What X.25 keeps of a socket: one end of a call, and how addresses are written.

May not know: packets' bytes, interfaces' links, sockets.

Sources: <linux/x25.h>; ITU-T X.121 for the digits.
"""

import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ..machine.constants import AF_X25
from ..machine.errors import EINVAL, fail
from ..network.node import Interface
from .records import End, family_of
from .x25_packet import Facilities, X25Packet

SIZE, DTE_SIZE = 18, 50  # of a sockaddr_x25, of a struct x25_dte_facilities


ANYBODY = " " * 15  # who listens with this number gets the calls for every number
LEAST, OVERHEAD, BESIDE = 512, 342, 256  # bytes of Linux's memory for a packet


def cost(packet: X25Packet) -> int:
    """What a packet takes of its sender's buffer.

    >>> [cost(X25Packet(1, 0, room=size)) for size in (1, 170, 171, 1000)]
    [768, 768, 1280, 2304]
    """
    room = LEAST
    while room < packet.room + OVERHEAD:
        room *= 2
    return room + BESIDE


def pack(digits: str) -> bytes:
    """A struct sockaddr_x25."""
    return struct.pack("=H16s", AF_X25, digits.encode("ascii"))


def digits_of(address: bytes) -> str:
    """The digits of an address, or EINVAL."""
    text = address[2:].partition(b"\0")[0]
    if len(address) != SIZE or family_of(address) != AF_X25 or len(text) == 16:
        fail(EINVAL)
    return text.decode("latin-1")


@dataclass(eq=False)
class Call(End):
    """One end of a call: its channel on an interface, its numbers, what waits to be sent."""

    interface: Interface | None = None
    channel: int = 0
    facilities: Facilities = field(default_factory=Facilities)
    told_facilities: Facilities | None = None  # the answer has what was asked for
    cause: bytes = bytes(2)
    user_data: bytes = b""
    match: int = 0  # bytes of the user data that a call must begin with
    dte: bytes = bytes(DTE_SIZE)
    approves: bool = False  # the program answers calls itself
    sent: int = 0  # V(S)
    acknowledged: int = 0  # V(A)
    wanted: int = 0  # V(R)
    told: int = 0  # V(L)
    out: deque[X25Packet] = field(default_factory=deque)
    flying: deque[X25Packet] = field(default_factory=deque)  # sent and not acknowledged
    parts: list[bytes] = field(default_factory=list)  # of a record that comes in packets
    urgent: deque[bytes] = field(default_factory=deque)
    urgent_out: deque[bytes] = field(default_factory=deque)
    interrupted: bool = False  # an interrupt is not confirmed yet
    timer: Any = None
