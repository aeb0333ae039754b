"""The system calls that make and end connections.

    listen --> queue --> accept        connect --> waits for an answer        shutdown

May not know: Python's addresses and objects.

Sources: POSIX.1-2024 listen(), accept(), connect(), shutdown(); Linux's, section 2.
"""

from collections.abc import Callable
from typing import Any

from ..machine.constants import (
    AF_UNIX,
    POLLIN,
    POLLOUT,
    SHUT_RD,
    SHUT_RDWR,
)
from ..machine.errors import EAGAIN, EALREADY, EBADF, EINPROGRESS, EINVAL, EOPNOTSUPP, fail
from ..protocols.protocol import EVERYTHING
from ..sockets.socket import UNCONNECTED, Socket
from .transfer import TABLED, Transfer


class Connections(Transfer):
    """listen, accept, connect, shutdown."""

    def listen(self, number: int, backlog: int) -> None:
        """Take connections; *backlog* bounds how many wait to be accepted.

        Linux takes one more than *backlog*, and at most net.core.somaxconn, 4096, of them.
        A second call changes the bound.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.
        EOPNOTSUPP
            Sockets of this type take no connections.
        EINVAL
            The socket is connected or connecting; over UNIX also: it has no name.
        EADDRINUSE
            Another socket listens on the port; or the socket has none, and none is free.

        Waits for nothing.
        Differs: a *backlog* below 0 is 0 by POSIX, and the greatest on Linux.
        Not modelled: EACCES, which security modules give.
        Source: POSIX.1-2024 listen(); Linux listen(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> calls.listen(calls.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0), 5)
        Traceback (most recent call last):
        OSError: [Errno 22] Invalid argument
        >>> machine.close()
        """
        so = self.socket_of(number)
        so.protocol.listen(so, backlog)

    def accept(self, number: int, timeout: float | None) -> tuple[int, Socket]:
        """Take the oldest connection that waits; returns its descriptor and its socket.

        Waits until one is completed (POLLIN); *timeout* is in seconds: None waits for ever, or
        as long as SO_RCVTIMEO says, and 0 not at all.  A connection that was reset while it waited
        is returned all the same; its first read fails.

        EBADF
            The descriptor names nothing.
        EMFILE
            The process has no descriptor left.  The descriptor is taken before the call waits,
            so this comes also while the queue is empty; a connection stays in it.
        ENOTSOCK
            The descriptor names no socket.
        EOPNOTSUPP
            Sockets of this type take no connections.
        EINVAL
            The socket does not listen.
        EAGAIN
            None is completed, and the call may not wait.

        With a timeout CPython polls before it calls: the descriptor is taken after the wait.
        Differs: on the BSDs a connection that was reset gives ECONNABORTED; and their new
        socket is non-blocking if the listening one is.
        Not modelled: EPERM, which a firewall gives.
        Source: POSIX.1-2024 accept(); Linux accept(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> server, client = (calls.socket(socket.AF_INET, socket.SOCK_STREAM, 0) for _ in "12")
        >>> calls.listen(server, 1)
        >>> calls.connect(client, calls.getsockname(server)[1], None)
        >>> connection, _ = calls.accept(server, None)
        >>> calls.accept(server, 0)
        Traceback (most recent call last):
        BlockingIOError: [Errno 11] Resource temporarily unavailable
        >>> machine.close()
        """
        if timeout:
            so = self.socket_of(number)
            return self._complete(
                number, POLLIN, timeout, 0, "accept", self._accept_at_once, so)
        if number not in self.files and not self.files.is_foreign(number):
            fail(EBADF)
        return self._named(self._wait_accepted, number, timeout)

    def _wait_accepted(self, number: int, timeout: float | None) -> Any:
        """A blocking accept, or one that never waits."""
        so = self.socket_of(number)
        return self._complete(number, POLLIN, timeout, 0, "accept", so.protocol.accept, so)

    def _accept_at_once(self, so: Socket) -> tuple[int, Socket] | None:
        """One accept that does not wait, as one with a timeout calls it after poll()."""
        return self._named(so.protocol.accept, so)

    def _named(self, take: Callable[..., Socket | None], *arguments: Any) -> Any:
        """Reserve a descriptor, and give it to the socket that *take* returns, if any."""
        descriptor = self.files.reserve()
        try:
            child = take(*arguments)
            return None if child is None else (self.files.name(descriptor, child), child)
        finally:
            self.files.settle(descriptor)

    def connect(self, number: int, address: Any, timeout: float | None) -> None:
        """Connect a socket to *address*, the family's own value.

        A stream waits until the connection is complete or has failed (POLLOUT); a datagram
        socket only notes its peer.  *timeout* is in seconds: None waits for ever, or as long as
        SO_SNDTIMEO says, and 0 not at all.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.

        For TCP, UDP and raw sockets:

        EISCONN
            The stream is connected, or listens.
        EALREADY
            An earlier call goes on.
        ENETUNREACH
            There is no route; for TCP also: the address is a group's.
        EACCES
            A broadcast address without SO_BROADCAST.
        EADDRNOTAVAIL, EAGAIN
            No port is free, or the connection with these four names exists; UDP says EAGAIN.
        ECONNREFUSED
            Nobody listens there.
        ECONNABORTED
            The handshake ended, and why has been told already.
        ETIMEDOUT
            Nobody answered: after 131 seconds, or what TCP_SYNCNT makes of it.
        EINPROGRESS
            The connection goes on without the call, which may not wait.

        For UNIX:

        EINVAL
            The name is empty.
        ENOENT, ENOTDIR, EACCES
            As for the path.
        ECONNREFUSED
            The file is no socket's any more.
        EPROTOTYPE
            The name is that of a socket of another type.
        ECONNREFUSED
            It does not listen.
        EAGAIN
            Its queue is full, and the call may not wait.
        EISCONN, EINVAL
            The stream is connected; it listens.
        EPERM
            The datagram socket of that name is connected to another.

        Differs: after a failure POSIX leaves the socket unspecified; on Linux it may connect
        again.
        Not modelled: ENETUNREACH and EHOSTUNREACH that a router says; AF_UNSPEC, which undoes
        a connection and which CPython cannot say.
        Source: POSIX.1-2024 connect(); Linux connect(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> client = calls.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> calls.connect(client, bytes(1) + b"nobody", None)
        Traceback (most recent call last):
        ConnectionRefusedError: [Errno 111] Connection refused
        >>> machine.close()
        """
        so = self.socket_of(number)
        may_wait = timeout is None and not so.nonblocking
        too_late = EINPROGRESS if so.state == UNCONNECTED else EALREADY
        done = so.protocol.connect(so, address, may_wait)
        self._settle()
        if done is not None:
            return
        if may_wait:
            self._wait_connected(so, address, too_late)
        elif timeout:
            self._poll_connected(number, so, timeout)
        else:
            fail(EINPROGRESS)

    def _wait_connected(self, so: Socket, address: Any, too_late: int) -> None:
        """A blocking connect: wait for the answer, or for room in the listener's queue.

        When SO_SNDTIMEO is over first it fails with *too_late*.
        """
        deadline = self._own_deadline(so, POLLOUT) if so.options else None
        if so.family == AF_UNIX:
            while so.protocol.connect(so, address, True) is None:
                listener = so.protocol.waits_for(so)
                if not self._sleep(listener, deadline, "connect", "a place in the queue", so):
                    fail(EAGAIN)
            return
        while so.protocol.connected(so) is None:
            if not self._sleep(so, deadline, "connect", "an answer"):
                fail(too_late)

    def _poll_connected(self, number: int, so: Socket, timeout: float) -> None:
        """A connect with a timeout: CPython polls, then asks for SO_ERROR."""
        self._poll(number, so, POLLOUT, self.clock.now + timeout, "connect")
        failure = so.take_error()
        if failure:
            fail(failure)

    def shutdown(self, number: int, how: int) -> None:
        """End receiving (SHUT_RD), sending (SHUT_WR) or both (SHUT_RDWR).

        Ending sending lets the peer read to the end; ending receiving wakes who waits.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.
        EINVAL
            *how* is not one of the three.
        ENOTCONN
            The socket is not connected.  What it is asked for happens all the same: whoever
            waits in accept or recv wakes.  UNIX sockets never say so.

        Waits for nothing: the FIN follows what waits to be sent.
        Differs: POSIX has ENOTCONN for UNIX sockets too.
        Not modelled: ENOBUFS.
        Source: POSIX.1-2024 shutdown(); Linux shutdown(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> one, other = calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> calls.shutdown(one, socket.SHUT_RDWR)
        >>> calls.send(one, b"more", 0, None)
        Traceback (most recent call last):
        BrokenPipeError: [Errno 32] Broken pipe
        >>> machine.close()
        """
        so = self.socket_of(number)
        if so.family in TABLED and not SHUT_RD <= how <= SHUT_RDWR:
            fail(EINVAL)
        try:
            so.protocol.shutdown(so, how + 1)
        except OSError as failure:
            if failure.errno == EOPNOTSUPP:
                raise
            self._woken(so)
            raise
        self._woken(so)

    def _woken(self, so: Socket) -> None:
        """Wake who waits for *so*, after the peer, whom the FIN has woken."""
        self._settle()
        so.wake(EVERYTHING)
