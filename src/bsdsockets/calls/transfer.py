"""The system calls that move data, and those that read and change options.

    send     data, control messages --> the protocol's send --> how many bytes were taken
    receive  the protocol's receive --> Message(data, address, control, flags)

May not know: Python's addresses and objects.

Sources: POSIX.1-2024 send(), recvmsg(), getsockopt(); Linux send(2), recv(2), socket(7).
"""

from typing import Any

from ..machine.constants import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    MSG_DONTWAIT,
    MSG_FASTOPEN,
    MSG_PEEK,
    MSG_WAITALL,
    POLLIN,
    POLLOUT,
    SOCK_STREAM,
    SOL_SOCKET,
)
from ..machine.errors import EAGAIN, EBADF, EINVAL, ENOTSOCK, EPIPE, fail
from ..machine.host import Host
from ..protocols.protocol import Message, Unreadable
from ..protocols.unix_lost import close_left
from ..sockets.options import get_option, set_option
from ..sockets.socket import UNCONNECTED, Socket
from .ioctl import ioctl
from .waiting import TimedOut, Waiting

TABLED = (AF_UNIX, AF_INET, AF_INET6)  # families whose options the table has


def _at_once() -> bool:
    return True


class Transfer(Waiting):
    """send, receive, getsockopt, setsockopt, ioctl."""

    def __init__(self, host: Host, node: Any) -> None:
        super().__init__(host, node)
        self.files = host.descriptors

    def socket_of(self, number: int) -> Socket:
        """The socket a descriptor names.

        EBADF
            It names nothing.
        ENOTSOCK
            It names something else.
        """
        file = self.files.get(number)
        if file.__class__ is Socket:
            return file
        if file is None and not self.files.is_foreign(number):
            fail(EBADF)
        fail(ENOTSOCK)

    def send(self, number: int, data: bytes, flags: int, timeout: float | None,
             address: Any = None, control: tuple[Any, ...] = ()) -> int:
        """Send *data*; returns how many bytes were taken.

        Waits while the send buffer is full (POLLOUT): on a stream until everything is in it,
        so a call that may wait takes all, unless an error comes between.  *timeout* is in
        seconds: None waits for ever, or as long as SO_SNDTIMEO says, and 0 not at all.

        *address* is the receiver of a datagram; *control* are messages (level, type, value);
        *flags* are MSG_OOB and its like.  A datagram is taken whole or not at all.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.

        On a stream, and on a UNIX sequence of packets:

        EINVAL, EBADF, EPERM
            A control message that there is not, that passes no descriptor, or lies about who
            sends.  TCP looks for it after EPIPE, a sequence of packets after ENOTCONN.
        EOPNOTSUPP, EISCONN
            An address is given to a UNIX stream; MSG_OOB where there is no urgent data.
        ENOTCONN
            A UNIX socket is not connected.
        ECONNRESET, ECONNREFUSED, ETIMEDOUT
            The pending error.
        EMSGSIZE
            The record is greater than the send buffer.
        EPIPE
            The connection is over, there was none (TCP), or it is shut down for sending.

        On a datagram or raw socket; UNIX looks for control messages first, and for the address
        and ENOTCONN last:

        EMSGSIZE, EOPNOTSUPP
            The datagram is longer than any; MSG_OOB.
        EINVAL, EDESTADDRREQ, ENOTCONN
            Port 0; no address is given, and the socket is not connected (UNIX says ENOTCONN).
        EINVAL, ENODEV
            A control message that there is not, or with a value that cannot be.
        ENETUNREACH, EACCES, EAFNOSUPPORT
            No way there; broadcast without SO_BROADCAST; IPv6 from an address of IPv4.
        ENOENT, ENOTDIR, EPROTOTYPE, ECONNREFUSED, EPERM
            The name leads to no socket that takes datagrams of this one, as for `connect`.
        EMSGSIZE
            It does not fit into a packet, or into the send buffer.
        ECONNREFUSED and others
            The pending error.
        EPIPE
            Shut down for sending.
        EFAULT
            A raw ICMP socket: no type and code to read.

        On all:

        EAGAIN
            Nothing fits, and the call may not wait.

        Differs: macOS says ENOBUFS where a datagram finds no room.
        Not modelled: SIGPIPE, which CPython ignores; ENOBUFS and ENOMEM.
        Source: POSIX.1-2024 send(), sendmsg(); Linux send(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> one, other = calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> calls.send(one, bytes(10**6), socket.MSG_DONTWAIT, None)
        219264
        >>> calls.send(one, b"more", socket.MSG_DONTWAIT, None)
        Traceback (most recent call last):
        BlockingIOError: [Errno 11] Resource temporarily unavailable
        >>> machine.close()
        """
        so = self.socket_of(number)
        if flags & MSG_FASTOPEN and so.protocol.name_of == "tcp":
            flags = self._open(number, so, flags, timeout, address)
        sent: int = self._complete(number, POLLOUT, timeout, flags, "send", so.protocol.send, so,
                                   data, flags, address, control)
        if (sent < len(data) and timeout is None and not so.nonblocking
                and not flags & MSG_DONTWAIT and so.type == SOCK_STREAM):
            sent = self._send_rest(number, so, data, flags, sent)
        return sent

    def refuse(self, number: int, event: int, timeout: float | None, failure: int) -> None:
        """Fail as Linux does before it looks for the socket; CPython's timeout comes first."""
        if timeout and number >= 0:
            self.socket_of(number)
            self._poll_and_complete(number, event, timeout, "poll", fail, (failure,))
        fail(failure)

    def _open(self, number: int, so: Socket, flags: int, timeout: float | None,
              address: Any) -> int:
        """MSG_FASTOPEN: connect first.

        That is what Linux does too while it has no cookie of the server's (RFC 7413 3.1), and
        as its servers come they give none.
        """
        if timeout:  # CPython polls first
            self._poll_and_complete(number, POLLOUT, timeout, "send", _at_once, ())
        if address is None and so.state == UNCONNECTED and not so.protocol.is_active(so):
            fail(EINVAL)
        at_once = timeout is not None or so.nonblocking or flags & MSG_DONTWAIT
        self.connect(number, address, 0 if at_once else None)  # type: ignore[attr-defined]
        return flags & ~MSG_FASTOPEN

    def _send_rest(self, number: int, so: Socket, data: bytes, flags: int, sent: int) -> int:
        """A blocking call on a stream goes on until everything is in the buffer."""
        view = memoryview(data)
        while sent < len(data):
            try:
                sent += int(self._complete(number, POLLOUT, None, flags, "send", so.protocol.send,
                                           so, bytes(view[sent:]), flags, None, ()))
            except OSError as failure:
                if so.family != AF_UNIX and failure.errno not in (EPIPE, EAGAIN):
                    so.error = failure.errno or 0  # the next call is told
                return sent
        return sent

    def receive(self, number: int, count: int, flags: int, timeout: float | None) -> Message:
        """Receive up to *count* bytes, or one record cut to that.

        Waits until something is there (POLLIN); with MSG_WAITALL until all of it is.
        *timeout* is in seconds: None waits for ever, or as long as SO_RCVTIMEO says, and 0 not
        at all; *flags* are MSG_PEEK and its like.  A stream that has ended gives no bytes; so
        does an empty datagram.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.
        ENOTCONN, EINVAL
            The socket listens; a UNIX one is not connected (a stream says EINVAL).
        EOPNOTSUPP, EINVAL
            MSG_OOB where there is no urgent data: never is (EOPNOTSUPP), or not now.
        ECONNREFUSED, ECONNRESET, ETIMEDOUT
            The pending error: of datagram sockets before data that waits, of streams after it.
        ENOTCONN
            TCP was never connected.
        EAGAIN
            Nothing is there, and the call may not wait.

        Not modelled: EINTR, as CPython calls again; EFAULT, ENOMEM.
        Differs: MSG_TRUNC as an argument, which returns the whole length, is Linux's.
        Source: POSIX.1-2024 recv(), recvmsg(); Linux recv(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> one, other = calls.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM, 0)
        >>> _ = calls.send(one, b"a long message", 0, None)
        >>> calls.receive(other, 6, 0, None).data
        b'a long'
        >>> calls.receive(other, 6, 0, 0)
        Traceback (most recent call last):
        BlockingIOError: [Errno 11] Resource temporarily unavailable
        >>> machine.close()
        """
        so = self.socket_of(number)
        if so.nonblocking:
            flags |= MSG_DONTWAIT  # who waits already goes on, whatever becomes of the socket
        if flags & MSG_WAITALL:
            return self._receive_all(number, so, count, flags, timeout)
        try:
            return self._complete(number, POLLIN, timeout, flags, "recv", so.protocol.receive, so,
                                  count, flags)
        finally:
            if self.host.left_over:
                close_left(self.host)

    def _receive_all(self, number: int, so: Socket, count: int, flags: int,
                     timeout: float | None) -> Message:
        """MSG_WAITALL: go on until *count* bytes, the end or an error."""
        whole = so.type != SOCK_STREAM or timeout is not None or (
            so.family == AF_UNIX and so.nonblocking)
        first = flags if flags & MSG_PEEK or whole else flags & ~MSG_WAITALL
        message = self._complete(number, POLLIN, timeout, flags, "recv", so.protocol.receive, so,
                                 count, first)
        if first & MSG_WAITALL:
            return message
        data = message.data
        waits = not so.nonblocking and not flags & MSG_DONTWAIT
        while (waits and message.data and len(data) < count and not message.control
               and so.protocol.may_go_on(so)):
            try:
                message = self._complete(number, POLLIN, timeout, flags, "recv",
                                         so.protocol.receive, so, count - len(data), first)
            except (OSError, TimedOut):
                break
            data += message.data
        return message._replace(data=data)

    # Options

    def getsockopt(self, number: int, level: int, option: int, room: int) -> bytes:
        """The value of an option, at most *room* bytes of it, as C has it.

        *level* and *option* are Linux's numbers: SOL_SOCKET and SO_TYPE, IPPROTO_TCP and
        TCP_NODELAY.  Waits for nothing.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.
        EOPNOTSUPP
            The socket does not look into this level.
        ENOPROTOOPT
            There is no such option.
        EOPNOTSUPP
            The socket's family lacks the option.
        ENOPROTOOPT
            It can only be set.
        EINVAL, ENOTCONN
            The option needs more room; or a connection.

        Differs: SO_SNDBUF and SO_RCVBUF read back as twice what was set on Linux, which counts
        its own cost; on other systems as what was set.
        Not modelled: EFAULT, as no memory is pointed at; the options that `OPTIONS` has not.

        Source: POSIX.1-2024 getsockopt(); Linux getsockopt(2) and the pages of section 7.

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> number = calls.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
        >>> calls.getsockopt(number, socket.SOL_SOCKET, socket.SO_TYPE, 4)
        b'\\x01\\x00\\x00\\x00'
        >>> machine.close()
        """
        so = self.socket_of(number)
        if level != SOL_SOCKET and so.family not in TABLED:
            return so.protocol.get_option(so, level, option, room)
        return get_option(so, level, option, room)

    def setsockopt(self, number: int, level: int, option: int, value: bytes,
                   null: bool = False) -> None:
        """Change an option; *value* as C has it, *null* if a length came without a value.

        *level* and *option* are as for `getsockopt`.  Waits for nothing.  What SO_ATTACH_FILTER
        points at, a program's instructions, is behind its structure.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.
        EINVAL, EFAULT
            Too few bytes for an int; a null pointer with a length.  Linux reads the int before
            it looks which option it is for, of SOL_SOCKET, TCP and UDP.
        ENOPROTOOPT, EOPNOTSUPP
            There is no such option here, or it cannot be set.
        EINVAL, EFAULT
            Too few bytes, or a null pointer, for an option that is no int.
        EDOM
            A time with a million microseconds or more.
        EINVAL, EPERM and others
            A value out of bounds; too late for this option; not for an unprivileged process.

        Differs: an option that one system stores another refuses; the table of options has them.
        Not modelled: ENOMEM; the options that `OPTIONS` has not.

        Source: POSIX.1-2024 setsockopt(); Linux setsockopt(2) and the pages of section 7.

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> number = calls.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
        >>> calls.setsockopt(number, socket.SOL_SOCKET, socket.SO_RCVBUF, bytes(3))
        Traceback (most recent call last):
        OSError: [Errno 22] Invalid argument
        >>> machine.close()
        """
        so = self.socket_of(number)
        if level != SOL_SOCKET and so.family not in TABLED:
            so.protocol.set_option(so, level, option, Unreadable(value) if null else value)
            return
        so.protocol.option_changed(so, set_option(so, level, option, value, null))
        self._settle()

    def ioctl(self, number: int, request: int, argument: bytes) -> tuple[int, bytes]:
        """Do what *request* asks, with the bytes *argument* of its structure; waits for nothing.

        Returns what the call returns, and the structure as it is then.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.
        EINVAL
            SIOCINQ or SIOCOUTQ of a listening socket.
        ENODEV
            There is no such interface.
        EPERM
            A change of an interface, from an unprivileged process.
        EADDRNOTAVAIL
            The interface has no IPv4 address.
        ENOTTY
            The socket has no such request.

        Differs: the requests are each system's own; POSIX has none of sockets but sockatmark().
        Not modelled: who is told by a signal (FIOASYNC), the time of the last datagram
        (SIOCGSTAMP), and what has pointers in it (SIOCGIFCONF, SIOCETHTOOL).
        Source: Linux ioctl_fs(2), socket(7), tcp(7), udp(7), unix(7), netdevice(7).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> one, other = calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> _ = calls.send(one, b"hello", 0, None)
        >>> calls.ioctl(other, 0x541B, bytes(4))  # FIONREAD
        (0, b'\\x05\\x00\\x00\\x00')
        >>> machine.close()
        """
        result = ioctl(self.socket_of(number), number, self.node, request, argument)
        self._settle()
        return result
