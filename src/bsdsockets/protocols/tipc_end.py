"""TIPC's addresses and names, and what it keeps of a socket.

    (service, lower, upper) --> the sockets that offer it: the newest first, who was found last

May not know: what is sent.

Sources: <linux/tipc.h>; Linux ``tipc_nametbl_lookup_anycast``, as 6.1 answers.
"""

import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..machine.constants import AF_TIPC, MSG_EOR, MSG_PEEK
from ..machine.errors import EAFNOSUPPORT, EINVAL, fail
from .buffers import Record
from .protocol import WRITABLE_BAND, Message
from .records import End, family_of

RANGE, NAME, SOCKET = 1, 2, 3  # kinds of addresses
SIZE, SOL_TIPC = 16, 271
ERRINFO, RETDATA, DESTNAME = 1, 2, 3  # control messages
NO_PORT, OVERLOAD, SHUT = 2, 4, 5  # why: the socket is closed, full, shut down


class TipcAddress(NamedTuple):
    """An address: its kind, scope, and three numbers."""

    kind: int
    scope: int
    first: int
    second: int
    third: int = 0

    def pack(self) -> bytes:
        """A struct sockaddr_tipc."""
        return struct.pack("=HBbIII", AF_TIPC, *self)

    @classmethod
    def unpack(cls, data: bytes) -> "TipcAddress":
        if len(data) < SIZE:
            fail(EINVAL)
        if family_of(data) != AF_TIPC:
            fail(EAFNOSUPPORT)
        return cls(*struct.unpack("=BbIII", data[2:SIZE]))


class Publication(NamedTuple):
    """A range of a service that a socket offers."""

    service: int
    lower: int
    upper: int
    scope: int
    socket: Any

    def begins_as(self, other: "Publication") -> bool:
        """True if only where it ends is another: Linux looks no further to withdraw *other*."""
        return self._replace(upper=0) == other._replace(upper=0)


class Names:
    """Who offers what.  The ranges of a service are in order: by where they begin, newest first."""

    def __init__(self) -> None:
        self._ranges: dict[int, list[list[Publication]]] = {}

    def add(self, new: Publication) -> None:
        ranges = self._ranges.setdefault(new.service, [])
        for offers in ranges:
            if offers[0][1:3] == new[1:3]:
                offers.insert(0, new)
                return
        ranges.insert(sum(offers[0].lower < new.lower for offers in ranges), [new])

    def remove(self, old: Publication) -> None:
        ranges = self._ranges[old.service]
        for offers in ranges:
            if any(each is old for each in offers):
                offers[:] = [each for each in offers if each is not old]
        ranges[:] = [offers for offers in ranges if offers]

    def one(self, service: int, instance: int) -> list[Any]:
        """A socket that offers an instance: of the first range, in turn."""
        for offers in self._ranges.get(service, ()):
            if offers[0].lower <= instance <= offers[0].upper:
                offers.append(offers.pop(0))
                return [offers[-1].socket]
        return []

    def all(self, service: int, lower: int, upper: int) -> list[Any]:
        """Every socket that offers a part of a range, once."""
        return list(dict.fromkeys(
            each.socket for offers in self._ranges.get(service, ()) for each in offers
            if each.lower <= upper and lower <= each.upper))


@dataclass(eq=False)
class TipcEnd(End):
    """What the protocol keeps: names, the peer, and who asks to be connected."""

    reference: int = 0
    services: list[Publication] = field(default_factory=list)
    peer: Any = None
    asked: Any = None  # the socket that was asked for a connection
    named: tuple[Any, ...] = ()  # the control message of one connected by a name
    ended_here: bool = False
    asking: deque[Any] = field(default_factory=deque)


def named(to: TipcAddress) -> tuple[tuple[int, int, bytes], ...]:
    """TIPC_DESTNAME: the control message that tells which name a message was sent to."""
    if to.kind == SOCKET:
        return ()
    upper = to.third if to.kind == RANGE else to.second
    return ((SOL_TIPC, DESTNAME, struct.pack("=III", to.first, to.second, upper)),)


def returned(why: int, data: bytes = b"") -> tuple[tuple[int, int, bytes], ...]:
    """TIPC_ERRINFO, why something came back, and TIPC_RETDATA, what."""
    what = ((SOL_TIPC, RETDATA, data[:1024]),) if data else ()
    return ((SOL_TIPC, ERRINFO, struct.pack("=II", why, len(data))), *what)


def why_ended(record: Record) -> int:
    """Why a message is none, as a connection has ended or was refused; 0 for one that is."""
    return next((struct.unpack("=II", value)[0] for _, kind, value in record.control
                 if kind == ERRINFO), 0)


def take_bytes(so: Any, count: int, flags: int) -> Message:
    """Bytes without boundaries, up to the end of the connection; MSG_PEEK sees one message."""
    queue, first, data = so.buffer, so.buffer.records[0], b""
    while queue.records and len(data) < count and not (data and why_ended(queue.records[0])):
        record = queue.records[0]
        piece = record.data[:count - len(data)]
        data += piece
        if flags & MSG_PEEK:
            break
        _take(so, len(piece))
        if why_ended(record):
            break
    return Message(data, first.address, first.control, 0, len(data))


def take_part(so: Any, count: int, flags: int) -> Message:
    """A message piece by piece, as MSG_EOR asks for it, which comes back with the last."""
    record = so.buffer.records[0]
    if not flags & MSG_PEEK:
        _take(so, count)
    data, end = record.data[:count], 0 if record.data[count:] else MSG_EOR
    return Message(data, record.address, record.control, end, len(data))


def _take(so: Any, count: int) -> None:
    """Take bytes of the first message; what is left of it is never returned (`unread`)."""
    record = so.buffer.take()
    if rest := record.data[count:]:
        so.buffer.put_back(record._replace(data=rest, peeked=True))
    if so.pcb.peer is not None:
        so.pcb.peer.wake(WRITABLE_BAND)


def unread(so: Any) -> bytes:
    """The first message of which nobody has read a part; of the rest nothing is told."""
    return next((record.data for record in so.buffer.records if not record.peeked), b"")
