"""What datagrams and records of the families without IP share: a queue with senders.

An address here is the bytes of the family's sockaddr.

    give --> so.buffer --> receive          connections: listen, accept, the ends' states

May not know: descriptors, threads, time, what an address means.

Sources: Linux ``net/core/datagram.c``, ``datagram_poll``.
"""

import struct
import sys
from dataclasses import dataclass
from typing import Any, ClassVar

from ..machine.constants import MSG_OOB, MSG_PEEK, MSG_TRUNC, POLLERR
from ..machine.errors import ECONNABORTED, ECONNREFUSED, EINVAL, ENOTCONN, EOPNOTSUPP, fail
from .buffers import Record, RecordQueue
from .protocol import (
    ARRIVED,
    CONNECTED,
    EVERYTHING,
    HANGUP,
    READABLE,
    RECEIVE,
    UNCONNECTED,
    WRITABLE_BAND,
    Message,
    Protocol,
    ends_mask,
)

COST = 768  # bytes that a short record costs its receiver
TIOCOUTQ, TIOCINQ = 0x5411, 0x541B
INTERFACE_REQUESTS = range(0x8915, 0x891F)  # SIOCGIFADDR to SIOCSIFMETRIC
CLOSED, OPENING, OPEN = "closed", "opening", "open"


def family_of(address: bytes) -> int:
    """The family that the bytes of a sockaddr begin with; -1 if there are not even those."""
    return int.from_bytes(address[:2], sys.byteorder) if len(address) > 1 else -1


@dataclass(eq=False)
class End:
    """What a protocol keeps of a socket; *name* and *remote* are bytes of a sockaddr."""

    name: bytes = b""
    remote: bytes = b""
    state: str = CLOSED


class Records(Protocol):
    """Datagrams with their senders.

    `end` is what is kept of a socket.  `refuses`: flags that receive() fails with `refusal` for.
    `tells_length`: MSG_TRUNC makes it return the length of the whole record.
    """

    end: ClassVar[type[End]] = End
    refuses, refusal = MSG_OOB, EOPNOTSUPP
    tells_length = True

    def attach(self, so: Any) -> None:
        so.pcb = self.end()
        so.buffer = RecordQueue()

    def give(self, so: Any, data: bytes, address: Any, origin: Any = None) -> bool:
        """Put a record into the buffer; False if there is no room."""
        cost = COST + len(data)
        if so.buffer.cost + cost > so.receive_size and so.buffer.records:
            return False
        so.buffer.append(Record(data, address, (), cost, origin))
        so.wake(ARRIVED)
        return True

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take one record; what does not fit is lost, and MSG_TRUNC says so."""
        if flags & self.refuses:
            fail(self.refusal)
        if so.error and not so.buffer.records:
            so.fail_pending()
        if not so.buffer.records:
            return Message(b"") if so.shutdown & RECEIVE else None
        record = so.buffer.records[0] if flags & MSG_PEEK else so.buffer.take()
        size, data = len(record.data), record.data[:count]
        return Message(data, record.address, record.control, MSG_TRUNC if size > count else 0,
                       size if self.tells_length else len(data))

    def peer(self, so: Any) -> bytes:
        """The address that connect() was given, or who called; ENOTCONN without one."""
        if so.pcb.state != OPEN:
            fail(ENOTCONN)
        return bytes(so.pcb.remote)

    def ready(self, so: Any) -> int:
        return ends_mask(so, bool(so.buffer.records)) | WRITABLE_BAND | (
            POLLERR if so.error else 0)

    @staticmethod
    def queue_size(so: Any, request: int, header: int = 0) -> bytes:
        """TIOCINQ: the bytes of the next record and a *header*; TIOCOUTQ: of the send buffer."""
        records = so.buffer.records
        waits = len(records[0].data) + header if records else 0
        return struct.pack("=i", waits if request == TIOCINQ else so.send_size)


class Connections(Records):
    """Records between two ends; `end.state` says how far a connection is."""

    connection_based = True

    def ready(self, so: Any) -> int:
        state = so.pcb.state
        mask = super().ready(so)
        if so.queue is not None:
            return mask | (READABLE if so.queue.completed else 0)
        if state == CLOSED:
            return mask | HANGUP
        return mask & ~WRITABLE_BAND if state == OPENING else mask

    def accept(self, so: Any) -> Any:
        """Take a connection; waits for one.

        EINVAL
            The socket does not listen.
        ECONNABORTED
            The connection ended before it was taken.
        """
        if so.queue is None:
            fail(EINVAL)
        child = so.queue.take()
        if child is not None and child.pcb.state != OPEN:
            self.release(child)
            fail(ECONNABORTED)
        return child

    def release_queue(self, so: Any) -> None:
        """End the connections that nobody accepted."""
        while so.queue is not None and so.queue.completed:
            self.release(so.queue.take())

    def connected(self, so: Any) -> bool | None:
        """What a connect() that waits asks again and again."""
        if so.pcb.state == OPENING:
            return None
        so.state = CONNECTED if so.pcb.state == OPEN else UNCONNECTED
        if so.error:
            so.fail_pending()
        return True

    @staticmethod
    def asked_again(so: Any, pending: int) -> bool:
        """What a second connect() says of the first: the error *pending*, or what came of it.

        ECONNREFUSED
            Whatever it was that ended it.
        """
        if so.pcb.state == OPENING:
            fail(pending)
        so.state = CONNECTED if so.pcb.state == OPEN else UNCONNECTED
        if so.state == UNCONNECTED:
            fail(ECONNREFUSED)
        return True

    def opened(self, so: Any) -> None:
        """The other end agrees."""
        so.pcb.state = OPEN
        so.changed(OPENING, OPEN)
        so.wake(EVERYTHING)

    def ended(self, so: Any, shut: int, error: int = 0) -> None:
        """The connection is no more; *error* is for the next call."""
        before, so.pcb.state = so.pcb.state, CLOSED
        so.error, so.dead = error, True
        so.shutdown |= shut
        so.changed(before, CLOSED)
        so.wake(EVERYTHING)
