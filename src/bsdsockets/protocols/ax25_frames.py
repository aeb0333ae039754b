"""AX.25's addresses, in a sockaddr and in a frame, and what it keeps of a socket.

    frame    0 | to 7 | from 7 | digipeater 7 ... | control | rest
    seventh byte of each    C or H 1 bit | 11 | number 4 | last 1

H of a digipeater is set when it has repeated the frame.

May not know: sockets, what control bytes mean.

Sources: *AX.25 Link Access Protocol for Amateur Packet Radio*, 2.2, section 3; <netax25/ax25.h>.
"""

import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ..machine.constants import AF_AX25
from ..machine.errors import EINVAL, fail
from ..network.node import Interface
from .records import End, family_of

COMMAND, REPEATED, RESERVED, LAST = 0x80, 0x80, 0x60, 0x01
SHORT, LEAST, FULL, CALL = 16, 58, 72, 7  # LEAST: an old one, with room for six digipeaters
MOST_DIGIPEATERS = 8


def pack(call: bytes, digipeaters: tuple[bytes, ...] = ()) -> bytes:
    """A struct full_sockaddr_ax25 of callsigns of 7 bytes."""
    return struct.pack("=H7s3xi", AF_AX25, call, len(digipeaters)) + b"".join(
        digipeaters).ljust(FULL - SHORT, b"\0")


def check(address: bytes) -> None:
    """Fail with EINVAL unless these are the bytes of a sockaddr of one of its lengths."""
    if (len(address) != SHORT and not LEAST <= len(address) <= FULL) or (
            family_of(address) != AF_AX25):
        fail(EINVAL)


def read(address: bytes, bind: bool = False) -> tuple[bytes, tuple[bytes, ...]]:
    """The callsign of an address and the digipeaters that it names; EINVAL if it is none.

    In *bind* a number of digipeaters other than 1 says nothing.
    """
    check(address)
    count = struct.unpack("=i", address[12:SHORT])[0] if len(address) > SHORT else 0
    if not 0 <= count <= min(MOST_DIGIPEATERS, (len(address) - SHORT) // CALL):
        if not bind:
            fail(EINVAL)
        count = 0
    ways = address[SHORT:]
    return address[2:9], tuple(ways[at:at + CALL] for at in range(0, count * CALL, CALL))


def plain(call: bytes) -> bytes:
    """A callsign without flags, to compare."""
    return call[:6] + bytes([call[6] & 0x1E])


def header(to: bytes, source: bytes, ways: tuple[bytes, ...], command: bool) -> bytes:
    """The addresses of a frame; the C bit is the receiver's in commands, the sender's else.

    >>> call = bytes(ord(letter) << 1 for letter in "N0CALL") + bytes([2])
    >>> header(call, call, (call,), True)[6::7].hex()
    'e26263'
    """
    flags = [COMMAND if command else 0, 0 if command else COMMAND, *(0 for _ in ways)]
    calls = [to, source, *ways]
    flags[-1] |= LAST
    return b"".join(plain(call)[:6] + bytes([call[6] & 0x1E | RESERVED | flag])
                    for call, flag in zip(calls, flags, strict=True))


def decode(data: bytes) -> tuple[bytes, bytes, int, bytes] | None:
    """To, from, control and the rest; None for no frame, and for one still to be repeated."""
    at = 1 + 2 * CALL
    if len(data) <= at:
        return None
    while not data[at - 1] & LAST:
        at += CALL
        if len(data) <= at or not data[at - 1] & REPEATED:
            return None
    return data[1:8], data[8:15], data[at], data[at + 1:]


@dataclass(eq=False)
class Ax25End(End):
    """What the protocol keeps: callsigns, the interface, numbers and what waits."""

    own: bytes = b""
    other: bytes = b""
    ways: tuple[bytes, ...] = ()  # digipeaters
    interface: Interface | None = None
    sent: int = 0  # V(S)
    acknowledged: int = 0  # V(A)
    wanted: int = 0  # V(R)
    tries: int = 0  # of N2
    out: deque[bytes] = field(default_factory=deque)
    timer: Any = None
