"""SOCK_STREAM over UNIX: bytes without boundaries between two sockets of one host.

    connect() makes both ends at once: the client's, and one in the listening socket's queue
    send() puts pieces into the peer's buffer; recv() joins them, except where one carries
    descriptors or comes from another writer

May not know: paths, descriptors, threads.

Sources: Linux unix(7); the order of checks as Linux 6.18 shows it.
"""

from typing import Any

from ..machine.constants import (
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    MSG_WAITALL,
    POLLERR,
    SO_RCVLOWAT,
    SOL_SOCKET,
)
from ..machine.errors import (
    EAGAIN,
    ECONNREFUSED,
    ECONNRESET,
    EINVAL,
    EISCONN,
    ENOTCONN,
    EOPNOTSUPP,
    EPIPE,
    fail,
)
from .buffers import Record
from .protocol import (
    BOTH,
    CONNECTED,
    EVERYTHING,
    HANGUP,
    READ_HANGUP,
    READABLE,
    RECEIVE,
    SEND,
    WRITABLE_BAND,
    Message,
)
from .unix import CHUNK, PASS_CREDENTIALS, Unix, UnixEnd, discard, stream_cost

LOW_WATER = (SOL_SOCKET, SO_RCVLOWAT)


class UnixConnected(Unix):
    """What stream and sequenced-packet sockets share: listening and connecting."""

    connection_based = True

    def listen(self, so: Any, backlog: int) -> None:
        if not so.pcb.name or so.pcb.peer is not None:
            fail(EINVAL)
        if so.queue is not None:
            so.queue.set_backlog(backlog)
            so.wake(WRITABLE_BAND)
            return
        so.start_queue(backlog)
        so.pcb.peer_credentials = self.host.credentials

    def connect(self, so: Any, name: bytes, wait: bool) -> bool | None:
        """Connect to the listening socket called *name*.

        ECONNREFUSED
            Nobody listens there.
        ENOENT, ENOTDIR, EACCES, EPROTOTYPE
            The path leads nowhere, may not be written, or to a socket of another type.
        EAGAIN
            Its queue is full, and the socket is non-blocking.
        EISCONN
            The socket is connected.
        EINVAL
            The socket listens.
        """
        if so.options.get(PASS_CREDENTIALS):
            self.autobind(so)
        other = self.find(so, name)
        if other.queue is None or other.shutdown & RECEIVE:
            fail(ECONNREFUSED)
        if other.queue.is_full():
            if not wait:
                fail(EAGAIN)
            so.pcb.urgent = other  # what to wait for
            return None
        if so.pcb.peer is not None:
            fail(EISCONN)
        if so.queue is not None:
            fail(EINVAL)
        child_end = UnixEnd(so.type)
        child_end.name = other.pcb.name
        child_end.peer = so
        child_end.peer_credentials = self.host.credentials
        so.pcb.peer_credentials = other.pcb.peer_credentials
        so.state = CONNECTED
        so.pcb.peer = other.new_connection(child_end)
        return True

    def waits_for(self, so: Any) -> Any:
        """The listening socket whose queue was full when connect() looked."""
        return so.pcb.urgent

    def accept(self, so: Any) -> Any:
        if so.queue is None:
            fail(EINVAL)
        child = so.queue.take()
        if child is not None:
            so.wake(WRITABLE_BAND)
        elif so.shutdown & RECEIVE and not so.nonblocking:
            fail(EINVAL)
        return child

    def release(self, so: Any) -> None:
        so.dead = True
        so.shutdown = BOTH
        end = so.pcb
        if end.name:
            self.names.release(so)
        other = end.peer
        if other is not None and not other.dead:
            if so.buffer or so.references < 0:
                other.error = ECONNRESET
            other.shut(BOTH, EVERYTHING)
        if so.queue is not None:
            queue, so.queue = so.queue, None
            for child in queue.completed:
                child.references = -1  # was never accepted
                self.release(child)
        self._empty(so)

    def _empty(self, so: Any) -> None:
        """Throw away what nobody read, and give its cost back."""
        while so.buffer:
            record = so.buffer.popleft()
            if record.origin is not None:
                record.origin.pcb.used -= record.cost
            discard(record.control)

    def writable(self, so: Any) -> bool:
        """True while a quarter of the send buffer is not used up."""
        return so.queue is None and so.pcb.used * 4 <= so.send_size

    def ready(self, so: Any) -> int:
        mask = 0
        if so.error:
            mask |= POLLERR
        if so.shutdown == BOTH:
            mask |= HANGUP
        if so.shutdown & RECEIVE:
            mask |= READ_HANGUP
        if so.buffer or (so.queue is not None and so.queue.completed):
            mask |= READABLE
        if so.pcb.peer is None and so.queue is None:
            mask |= HANGUP
        if self.writable(so):
            mask |= WRITABLE_BAND
        return mask


class UnixStream(UnixConnected):
    """A stream of bytes."""

    name_of = "unix-stream"

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Append *data* to what the peer has to read; returns how many bytes fitted.

        EOPNOTSUPP, EISCONN
            An address is given; the socket is unconnected, or connected.
        ENOTCONN
            The socket is not connected.
        EPIPE
            One of the two ends is shut down.
        """
        self.check_control(control)
        if flags & MSG_OOB:
            fail(EOPNOTSUPP)
        end = so.pcb
        other = end.peer
        if address is not None:
            fail(EOPNOTSUPP if other is None else EISCONN)
        if other is None:
            fail(ENOTCONN)
        if so.shutdown & SEND:
            fail(EPIPE)
        if control or so.options or other.options:
            control = self.stamped(so, other, self.outgoing(control))
        sent, size = 0, len(data)
        limit = min(so.send_size // 2 - 64, CHUNK)
        while sent < size:
            if so.error and not sent:
                so.fail_pending()
            if end.used >= so.send_size or other.dead or other.shutdown & RECEIVE or so.error:
                break
            piece = data if size <= limit else data[sent:sent + limit]
            cost = stream_cost(len(piece))
            end.used += cost
            other.buffer.append(Record(piece, end.name, control, cost, so))
            control = tuple(entry for entry in control if entry[1] != 1)
            sent += len(piece)
        return self._sent(so, other, sent, size)

    def _sent(self, so: Any, other: Any, sent: int, size: int) -> int | None:
        if sent:
            if other.waiters:
                other.wake(READABLE)
            return sent
        if size == 0:
            return 0
        if other.dead or other.shutdown & RECEIVE:
            fail(EPIPE)
        return None

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take bytes that have come.

        EINVAL
            The socket is not connected.
        """
        buffer = so.buffer
        if buffer and not flags:
            record = buffer[0]
            size = len(record.data)
            if size == count or (size < count and len(buffer) == 1):
                if not (so.pcb.offset or record.control or so.options):
                    return self._take(so, buffer.popleft())
        if so.pcb.peer is None:
            fail(EINVAL)
        if flags & MSG_OOB:
            fail(EINVAL)
        target = count if flags & MSG_WAITALL else min(so.options.get(LOW_WATER, 1), count)
        if not buffer or (target > 1 and self._available(so) < target
                          and not so.shutdown & RECEIVE):
            if so.error:
                so.fail_pending()
            if so.shutdown & RECEIVE and not buffer:
                return Message(b"")
            if count:
                return None
        return self._collect(so, count, flags)

    @staticmethod
    def _available(so: Any) -> int:
        return sum(len(record.data) for record in so.buffer) - int(so.pcb.offset)

    def _take(self, so: Any, record: Record) -> Message:
        """A whole record is read: give its cost back to its sender."""
        origin = record.origin
        origin.pcb.used -= record.cost
        if origin.waiters:
            origin.wake(WRITABLE_BAND)
        return Message(record.data, record.address)

    def _collect(self, so: Any, count: int, flags: int) -> Message:
        """Join pieces until *count* bytes, or one that may not be joined."""
        parts: list[bytes] = []
        files: tuple[Any, ...] = ()
        first: Record | None = None
        peeked, end = 0, so.pcb
        while count > 0 and len(so.buffer) > peeked:
            record = so.buffer[peeked]
            if first is not None and self._differs(so, first, record):
                break
            first = first or record
            skip = end.offset if peeked == 0 else 0
            part = record.data[skip:skip + count]
            parts.append(part)
            count -= len(part)
            if record.control:
                files = record.control
            whole = skip + len(part) == len(record.data)
            if flags & MSG_PEEK:
                peeked += 1
            elif whole:
                end.offset = 0
                self._take(so, so.buffer.popleft())
            else:
                end.offset += len(part)
                so.buffer[0] = record._replace(control=_without_files(record.control))
            if any(kind == 1 for _, kind, _ in record.control):
                break
        data = b"".join(parts)
        if flags & MSG_TRUNC:
            data = bytes(len(data)) if not flags & MSG_PEEK else data
        address = first.address if first is not None else None
        return Message(data, address, self.incoming(so, files) if first is not None else ())

    @staticmethod
    def _differs(so: Any, first: Record, record: Record) -> bool:
        """True if the two pieces come from different writers and the reader asked who."""
        if not so.options.get(PASS_CREDENTIALS):
            return False
        return _without_files(first.control) != _without_files(record.control)


def _without_files(control: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(entry for entry in control if entry[1] != 1)
