"""What SOCK_STREAM and SOCK_SEQPACKET over UNIX share: how a connection begins and ends.

    connect() makes both ends at once: the client's, and one in the listening socket's queue

May not know: paths, descriptors, threads, what travels.

Sources: Linux unix(7); the order of checks as Linux 6.18 shows it.
"""

from typing import Any

from ..machine.errors import EAGAIN, ECONNREFUSED, ECONNRESET, EINVAL, EISCONN, fail
from .protocol import (
    BOTH,
    CONNECTED,
    EVERYTHING,
    RECEIVE,
)
from .unix import Unix, UnixEnd
from .unix_lost import close_left


class UnixConnected(Unix):
    """What stream and sequenced-packet sockets share: listening and connecting."""

    connection_based = True

    def listen(self, so: Any, backlog: int) -> None:
        """Take connections, or change how many may wait.

        EINVAL
            The socket has no name, or is connected.

        Differs: POSIX has EDESTADDRREQ where there is no name.
        Source: POSIX.1-2024 listen(); Linux ``unix_listen``.
        """
        if not so.pcb.name or so.pcb.peer is not None:
            fail(EINVAL)
        if so.queue is not None:
            so.queue.set_backlog(backlog)
            so.wake(0)  # who waits in connect()
            return
        so.start_queue(backlog)
        so.pcb.peer_credentials = self.host.effective

    def connect(self, so: Any, name: bytes, wait: bool) -> bool | None:
        """Connect to the listening socket called *name*.

        Waits while its queue is full.

        EINVAL
            The name is empty.
        ENOENT, ENOTDIR, EACCES, ECONNREFUSED
            The path leads nowhere, may not be written, or to no socket.
        EPROTOTYPE
            It leads to a socket of another type.
        ECONNREFUSED
            Nobody listens there.
        EAGAIN
            Its queue is full, and the socket is non-blocking.
        EISCONN
            The socket is connected.
        EINVAL
            The socket listens.

        Source: POSIX.1-2024 connect(); Linux ``unix_stream_connect``.
        """
        if name and so.options.get("SO_PASSCRED"):
            self.autobind(so)
        other = self.find(so, name)
        if other.queue is None or other.shutdown & RECEIVE:
            fail(ECONNREFUSED)
        if other.queue.is_full():
            if not wait:
                fail(EAGAIN)
            so.pcb.full = other
            return None
        if so.pcb.peer is not None:
            fail(EISCONN)
        if so.queue is not None:
            fail(EINVAL)
        child_end = UnixEnd(other.pcb.name, so, self.host.effective)
        so.pcb.peer_credentials = other.pcb.peer_credentials
        so.state = CONNECTED
        so.pcb.peer = other.new_connection(child_end)
        return True

    def waits_for(self, so: Any) -> Any:
        """The listening socket whose queue was full when connect() looked."""
        return so.pcb.full

    def accept(self, so: Any) -> Any:
        """Take the oldest connection; None while there is none.

        Waits for POLLIN.  Whoever waits in connect() for room in the queue goes on.

        EINVAL
            The socket does not listen; or it is shut down, and the call would wait.

        Source: POSIX.1-2024 accept(); Linux ``unix_accept``.
        """
        if so.queue is None:
            fail(EINVAL)
        child = so.queue.take()
        if child is not None:
            so.wake(0)  # who waits in connect(), and nobody who polls
        elif so.shutdown & RECEIVE and not so.nonblocking:
            fail(EINVAL)
        return child

    def release(self, so: Any) -> None:
        """End both ends: the peer reads what is left, then the end, or ECONNRESET if not all
        that it sent was read.
        """
        self._end(so)
        if self.host.left_over or self.host.passed:
            close_left(self.host)

    def _end(self, so: Any) -> None:
        so.dead = True
        so.shutdown = BOTH
        end = so.pcb
        if end.name:
            self.names.release(so)
        other = end.peer
        if other is not None and not other.dead:
            if self._unread(so) or so.references < 0:
                other.error = ECONNRESET
            other.shut(BOTH, EVERYTHING)
        if so.queue is not None:
            queue, so.queue = so.queue, None
            for child in queue.completed:
                child.references = -1  # was never accepted
                self._end(child)
            so.wake(0)  # who waits in connect() finds nobody
        self.discard_buffer(so)
        if other is not None and other.dead:
            end.peer = other.pcb.peer = None  # nobody asks them any more

    @staticmethod
    def _unread(so: Any) -> bool:
        """True if closing loses data: anything but one empty record, or a spent urgent byte."""
        return len(so.buffer) > 1 or bool(so.buffer and so.buffer[0].data)
