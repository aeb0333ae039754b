"""TIPC's addresses and names, and what it keeps of a socket.

    (service, lower, upper) --> the sockets that offer it: the newest first, who was found last

May not know: what is sent.

Sources: <linux/tipc.h>; Linux ``tipc_nametbl_lookup_anycast``, as 6.1 answers.
"""

import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..machine.constants import AF_TIPC, MSG_PEEK
from ..machine.errors import EAFNOSUPPORT, EINVAL, fail
from .buffers import Record
from .protocol import WRITABLE_BAND, Message
from .records import COST, End, family_of

RANGE, NAME, SOCKET = 1, 2, 3  # kinds of addresses
SIZE, SOL_TIPC, DESTNAME = 16, 271, 3


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


def take_bytes(so: Any, count: int, flags: int) -> Message:
    """Bytes without boundaries."""
    records = so.buffer.records
    sender, about = records[0].address, records[0].control
    data = b"".join(record.data for record in records)
    if not flags & MSG_PEEK:
        while records:
            so.buffer.take()
        if rest := data[count:]:
            so.buffer.append(Record(rest, sender, about, COST + len(rest)))
        if so.pcb.peer is not None:
            so.pcb.peer.wake(WRITABLE_BAND)
    return Message(data[:count], sender, about, 0, len(data[:count]))
