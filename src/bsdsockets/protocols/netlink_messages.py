"""Netlink's messages: headers, attributes, errors and receipts.

    header 16 | body | attribute ...       attribute: length 2, type 2, value, padding to 4
    error:      header | errno 4, below 0 | the request, or its header | why, if it is asked for

May not know: what the messages are about, sockets.

Sources: RFC 3549 2.3; Linux netlink(7), <linux/netlink.h>; errors as Linux 6.18 sends them.
"""

import struct
from collections.abc import Iterator

REQUEST, MULTI, ACK, ECHO = 1, 2, 4, 8  # flags of every message
DUMP, REPLACE, EXCLUSIVE, BULK = 0x300, 0x100, 0x200, 0x200  # of requests
CAPPED, EXPLAINED = 0x100, 0x200  # of errors: the request is cut; attributes follow
ERROR, DONE = 2, 3
HEADER = 16
WHY, WHERE = 1, 2  # attributes of an error


class Refusal(Exception):
    """A request that cannot be done: errno, why, and at which byte of the request.

    *where* counts from the request's header; 0 where there is no such place.  *policy*: the
    attribute that says which values are taken.
    """

    def __init__(self, number: int, why: str = "", where: int = 0, policy: bytes = b"") -> None:
        super().__init__(number, why)
        self.number, self.why, self.where, self.policy = number, why, where, policy

    def attributes(self) -> bytes:
        """What an error says besides, to a socket with NETLINK_EXT_ACK."""
        found = attribute(WHY, self.why) if self.why else b""
        found += attribute(WHERE, self.where) if self.where else b""
        return found + self.policy

LEFT_OVER = "bytes leftover after parsing attributes"


def message(kind: int, flags: int, sequence: int, pid: int, body: bytes) -> bytes:
    """A message with its header, padded."""
    data = struct.pack("=IHHII", HEADER + len(body), kind, flags, sequence, pid) + body
    return data + bytes(-len(data) % 4)


def error(refusal: Refusal | None, request: bytes, pid: int, short: bool,
          explain: bool) -> bytes:
    """The answer to a request that failed; None is the receipt for one that was done.

    *short* leaves the request's body out (NETLINK_CAP_ACK), *explain* says why
    (NETLINK_EXT_ACK).
    """
    sequence = struct.unpack_from("=I", request, 8)[0]
    number = refusal.number if refusal is not None else 0
    more = refusal.attributes() if refusal is not None and explain else b""
    cut = short or not number
    flags = (CAPPED if cut else 0) | (EXPLAINED if more else 0)
    body = struct.pack("=i", -number) + (request[:HEADER] if cut else request)
    return message(ERROR, flags, sequence, pid, body + bytes(-len(body) % 4) + more)


def attribute(kind: int, value: bytes | int | str) -> bytes:
    """An attribute; an int is 32 bits, a str ends with a zero."""
    if isinstance(value, int):
        value = struct.pack("=I", value)
    elif isinstance(value, str):
        value = value.encode() + b"\0"
    data = struct.pack("=HH", 4 + len(value), kind) + value
    return data + bytes(-len(data) % 4)


def attributes(data: bytes) -> dict[int, bytes]:
    """Take attributes apart; what is cut short is left out.

    >>> attributes(attribute(3, "lo") + attribute(4, 1500))
    {3: b'lo\\x00', 4: b'\\xdc\\x05\\x00\\x00'}
    """
    return dict(taken(data))


def taken(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if not 4 <= length <= len(data):
            break
        yield kind, data[4:length]
        data = data[(length + 3) & ~3:]


def is_left(data: bytes) -> bool:
    """True if something is left when the attributes have been taken."""
    while len(data) >= 4 and 4 <= (length := struct.unpack_from("=H", data)[0]) <= len(data):
        data = data[(length + 3) & ~3:]
    return bool(data)
