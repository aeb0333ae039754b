"""SOCK_STREAM over UNIX: bytes without boundaries between two sockets of one host.

    send() puts pieces into the peer's buffer; recv() joins them, except where one carries
    descriptors or comes from another writer

May not know: paths, descriptors, threads.

Sources: Linux unix(7); the order of checks as Linux 6.18 shows it.
"""

from typing import Any

from ..machine.constants import (
    MSG_DONTWAIT,
    MSG_OOB,
    MSG_PEEK,
    MSG_WAITALL,
    POLLPRI,
    POLLRDBAND,
)
from ..machine.errors import (
    EINVAL,
    EISCONN,
    ENOTCONN,
    EOPNOTSUPP,
    EPIPE,
    fail,
)
from ..machine.host import Credentials
from .buffers import Record
from .protocol import (
    ARRIVED,
    RECEIVE,
    SEND,
    Message,
    move_peek,
    peek_offset,
)
from .unix import CHUNK, NOTHING, Beside, stream_cost
from .unix_connected import UnixConnected

NOBODY = Beside((), Credentials(0, 0, 0))  # what the end comes with


class UnixStream(UnixConnected):
    """A stream of bytes."""

    name_of = "unix-stream"

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Append *data* to what the peer has to read; returns how many bytes fitted.

        Waits for POLLOUT: None while the send buffer is full.

        EINVAL, EBADF, EPERM
            As for control messages.
        EOPNOTSUPP
            MSG_OOB and no byte to be urgent.
        EOPNOTSUPP, EISCONN
            An address is given; the socket is unconnected, or connected.
        ENOTCONN
            The socket is not connected.
        EPIPE
            This end is shut down for sending.
        ECONNRESET, EPIPE
            The pending error; the other end is closed or shut down for receiving.

        Source: POSIX.1-2024 send(); unix(7); Linux ``unix_stream_sendmsg``.
        """
        beside = self.beside(control) if control else NOTHING
        urgent = bool(flags & MSG_OOB)
        if urgent and not data:
            fail(EOPNOTSUPP)
        end = so.pcb
        other = end.peer
        if address is not None:
            fail(EOPNOTSUPP if other is None else EISCONN)
        if other is None:
            fail(ENOTCONN)
        if so.shutdown & SEND:
            fail(EPIPE)
        if so.options or other.options:
            beside = self.stamped(so, other, beside)
        sent, size = 0, len(data) - urgent
        limit = min(so.send_size // 2 - 64, CHUNK)
        while sent < size:
            if so.error and not sent:
                so.fail_pending()
            if end.used >= so.send_size or other.dead or other.shutdown & RECEIVE or so.error:
                break
            piece = data if size <= limit and not urgent else data[sent:min(size, sent + limit)]
            self._append(so, other, piece, beside)
            if beside.files:
                beside = beside._replace(files=())
            sent += len(piece)
        gone = other.dead or other.shutdown & RECEIVE
        if urgent and sent == size and end.used < so.send_size and not gone:
            self._append(so, other, data[-1:], beside)
            other.pcb.out_of_band = other.buffer[-1]
            other.wake(POLLPRI | POLLRDBAND)
            sent += 1
        if sent and other.waiters:
            other.wake(ARRIVED)
        if gone and data and not sent:
            fail(EPIPE)
        return sent if sent or not data else None

    @staticmethod
    def _append(so: Any, other: Any, piece: bytes, beside: Beside) -> None:
        end, cost = so.pcb, stream_cost(len(piece))
        end.used += cost
        if beside is not NOTHING:
            beside.hold()
        other.buffer.append(Record(piece, end.name, beside, cost, so))

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take bytes that have come.

        Waits for POLLIN: None while nothing is there.

        EINVAL
            The socket is not connected.
        EINVAL
            MSG_OOB: no byte is urgent, or it is read in line.
        ECONNRESET
            The pending error, once everything before it is read.

        Differs: POSIX has ENOTCONN for a socket that is not connected.
        Source: POSIX.1-2024 recv(); unix(7); Linux ``unix_stream_read_generic``.
        """
        buffer = so.buffer
        if buffer and flags in (0, MSG_DONTWAIT):
            record = buffer[0]
            size = len(record.data)
            if size == count or (0 < size < count and len(buffer) == 1):
                end = so.pcb
                if record.control is NOTHING and not (
                        end.offset or so.options or end.out_of_band):
                    record = buffer.popleft()
                    self.give_back(record)
                    return Message(record.data, record.origin.pcb.name)
        if so.pcb.peer is None:
            fail(EINVAL)
        if flags & MSG_OOB:
            return self._receive_urgent(so, count, flags)
        target = count if flags & MSG_WAITALL else min(so.options.get("SO_RCVLOWAT", 1), count)
        if flags & MSG_PEEK:  # who only looks does not wait for more
            target = min(1, count)
        offset = max(peek_offset(so, flags), 0)
        available = self._available(so) - offset
        if available < target:
            ended = so.error or so.shutdown & RECEIVE
            if not (ended or flags & MSG_DONTWAIT):
                return None
        if flags & MSG_PEEK and not count and self._ends_urgent(so):
            return self._nothing(so)  # Linux passes over it, and comes to the end before it counts
        message, asks = self._collect(so, count, flags, offset)
        if message is None:
            return self._nothing(so)
        if asks and len(message.data) < target and not flags & MSG_PEEK:
            so.take_error()  # lost: the call that met it returns data
        return message

    def _nothing(self, so: Any) -> Message | None:
        if so.error:
            so.fail_pending()
        if not so.shutdown & RECEIVE:
            return None
        return Message(b"", control=self.incoming(so, NOBODY))

    def _receive_urgent(self, so: Any, count: int, flags: int) -> Message:
        """The byte that was sent with MSG_OOB; what is left of it is an empty record."""
        end = so.pcb
        record = end.out_of_band
        if record is None or so.options.get("SO_OOBINLINE"):
            fail(EINVAL)
        if not flags & MSG_PEEK:
            end.out_of_band = None
            at = next(at for at, each in enumerate(so.buffer) if each is record)
            so.buffer[at] = record._replace(data=b"")
        return Message(record.data[:count], flags=MSG_OOB, length=1)  # though there is no room

    @staticmethod
    def _available(so: Any) -> int:
        return sum(len(record.data) for record in so.buffer) - int(so.pcb.offset)

    def _collect(self, so: Any, count: int, flags: int,
                 offset: int) -> tuple[Message | None, bool]:
        """Join pieces until *count* bytes, or one that may not be joined; None for no piece.

        Also says whether Linux has asked for one more, and there was none.
        """
        parts: list[bytes] = []
        beside = NOTHING
        first: Record | None = None
        peek = bool(flags & MSG_PEEK)
        at = self._past_urgent(so, 0, peek, False)
        if at is not None and offset:
            at, offset = self._skip(so, at, offset)
        while at is not None:
            record = so.buffer[at]
            if first is not None and self._differs(so, first, record):
                break
            first = first or record
            part, whole = self._piece(so, record, at, count, peek, offset)
            offset = 0
            if so.options:
                move_peek(so, len(part) if peek else -len(part))
            parts.append(part)
            count -= len(part)
            beside = record.control if record.control != NOTHING else beside
            if record.control.files or not (peek or (whole and count > 0)):
                break  # MSG_PEEK has no end before: it tells of files beyond its bytes
            at = self._past_urgent(so, at + 1 if peek else 0, peek, True)
        if first is None:
            return None, True
        return (Message(b"".join(parts), first.origin.pcb.name, self.incoming(so, beside)),
                at is None)

    @staticmethod
    def _skip(so: Any, at: int, offset: int) -> tuple[int | None, int]:
        """The piece that SO_PEEK_OFF points into, from the one at *at* on, and how far."""
        for place in range(at, len(so.buffer)):
            size = len(so.buffer[place].data) - (0 if place else so.pcb.offset)
            if offset < size:
                return place, offset
            offset -= size
        return None, 0

    def _piece(self, so: Any, record: Record, at: int, count: int, peek: bool,
               offset: int) -> tuple[bytes, bool]:
        """Up to *count* bytes of the record at *at*, and whether that is all of it."""
        end = so.pcb
        skip = (0 if at else end.offset) + offset
        part = record.data[skip:skip + count]
        whole = skip + len(part) == len(record.data)
        if peek:
            return part, whole
        if whole:
            end.offset = 0
            self.give_back(so.buffer.popleft())
        else:
            end.offset += len(part)
            if record.control.files:
                so.buffer[0] = record._replace(control=record.control._replace(files=()))
        return part, whole

    def _past_urgent(self, so: Any, at: int, peek: bool, copied: bool) -> int | None:
        """The place of the next record to read: one call reads up to the urgent byte or past it.

        None if there is nothing more to read in this call.
        """
        buffer, end = so.buffer, so.pcb
        if at < len(buffer) and not buffer[at].data:  # was read with MSG_OOB
            if copied and end.out_of_band is None:
                return None
            at = self._leave_out(so, at, peek)
        if at >= len(buffer):
            return None
        if buffer[at] is end.out_of_band:
            if copied:
                return None
            if not peek:
                end.out_of_band = None
            if not so.options.get("SO_OOBINLINE"):
                end.passed_over += not peek
                at = self._leave_out(so, at, peek)
        return at if at < len(buffer) else None

    @staticmethod
    def _ends_urgent(so: Any) -> bool:
        """True if what waits ends with an urgent byte not read in line, and no files come before.

        MSG_PEEK ends at files.
        """
        buffer, urgent = so.buffer, so.pcb.out_of_band
        return (bool(buffer) and buffer[-1] is urgent and not so.options.get("SO_OOBINLINE")
                and not any(each.control.files for each in buffer if each is not urgent))

    def _leave_out(self, so: Any, at: int, peek: bool) -> int:
        if peek:
            return at + 1
        self.leave(self.host, so.buffer.popleft())
        return at

    @staticmethod
    def _differs(so: Any, first: Record, record: Record) -> bool:
        """True if the two pieces come from different writers and the reader asked who."""
        asked = so.options.get("SO_PASSCRED")
        return bool(asked and first.control.credentials != record.control.credentials)
