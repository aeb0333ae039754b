"""The system calls: one method each, checks in the order a kernel makes them.

    descriptor --> File --> what the protocol's verb says: done, or None for "not yet"
                                                             |
                            `waiting` <-------------------+

`waiting` is the one place that waits.

May not know: Python's addresses and objects; a timeout is in seconds, None for ever, 0 never.

Sources: POSIX.1-2024 2.10 and the pages of the calls; Linux's, section 2; the order of
checks as Linux 6.18 shows it.
"""

from typing import Any

from ..machine.constants import (
    AF_INET,
    AF_INET6,
    AF_PACKET,
    AF_UNIX,
    MSG_DONTWAIT,
    MSG_PEEK,
    MSG_WAITALL,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    SHUT_RD,
    SHUT_RDWR,
    SO_LINGER,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    SOL_SOCKET,
)
from ..machine.errors import (
    EAFNOSUPPORT,
    EAGAIN,
    EBADF,
    EINPROGRESS,
    EINVAL,
    EMFILE,
    ENOTSOCK,
    EOPNOTSUPP,
    fail,
)
from ..machine.host import Host
from ..protocols.protocol import Message
from ..sockets.options import get_option, set_option
from ..sockets.socket import Socket
from .waiting import TimedOut, Waiting

LINGER = (SOL_SOCKET, SO_LINGER)
TYPE_MASK = 0xF
SOCK_PACKET = 10
TABLED = (AF_UNIX, AF_INET, AF_INET6)  # families whose options the table has



class Calls(Waiting):
    """The system calls of one machine.

    Each looks for its socket first (`socket_of`: EBADF, ENOTSOCK).  What comes then is for
    the protocol's verb of the same name to say, and its docstring has the errors in the
    order of the checks.  *timeout* is in seconds: None waits for ever, or as long as
    SO_RCVTIMEO and SO_SNDTIMEO say, and 0 never.

    Calls that wait, and the poll event that ends it: accept and receive (POLLIN), connect
    and send (POLLOUT), close with SO_LINGER.
    """

    def __init__(self, host: Host, node: Any, families: dict[int, Any]) -> None:
        super().__init__(host, node)
        self.families = families
        self.files = host.descriptors

    # Descriptors

    def socket_of(self, number: int) -> Socket:
        """The socket a descriptor names.

        EBADF
            It names nothing.
        ENOTSOCK
            It names something else.
        """
        file = self.files.get(number)
        if file.__class__ is Socket:
            return file  # type: ignore[return-value]
        if file is None and not self.files.is_foreign(number):
            fail(EBADF)
        fail(ENOTSOCK)


    # Making and unmaking

    def socket(self, family: int, kind: int, protocol: int) -> int:
        """Make a socket; returns its descriptor.

        EINVAL
            Unknown flags beside the type, or no such type or protocol number.
        EAFNOSUPPORT
            There is no such family.
        ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM
            As the family says.
        EMFILE
            The process has no descriptor left.
        """
        so = self._make(family, kind, protocol)
        number = self.files.add(so)
        if kind & SOCK_NONBLOCK:
            self.files.set_nonblocking(number, True)
        return number

    def _make(self, family: int, kind: int, protocol: int) -> Socket:
        if kind & ~TYPE_MASK & ~(SOCK_NONBLOCK | SOCK_CLOEXEC):
            fail(EINVAL)
        kind &= TYPE_MASK
        if not 0 <= family < 46:
            fail(EAFNOSUPPORT)
        if not 0 <= kind < 11:
            fail(EINVAL)
        if family == AF_INET and kind == SOCK_PACKET:
            family = AF_PACKET  # as before Linux 2.2
        if family not in self.families:
            fail(EAFNOSUPPORT)
        chosen = self.families[family]
        kind, protocol, behaviour = chosen.choose(kind, protocol)
        return Socket(self.host, family, kind, protocol, behaviour, chosen.any_address)

    def socketpair(self, family: int, kind: int, protocol: int) -> tuple[int, int]:
        """Make two connected sockets.

        EOPNOTSUPP
            The family makes no pairs; only AF_UNIX does.
        """
        one = self._make(family, kind, protocol)
        if family != AF_UNIX:
            fail(EOPNOTSUPP)
        other = self._make(family, kind, protocol)
        one.protocol.join(one, other)
        first = self.files.add(one)
        try:
            second = self.files.add(other)
        except OSError:
            self.files.close(first)
            raise
        if kind & SOCK_NONBLOCK:
            self.files.set_nonblocking(first, True)
            self.files.set_nonblocking(second, True)
        return first, second

    def close(self, number: int) -> None:
        """Take a descriptor away; the last one of a socket ends its connection.

        Waits only with SO_LINGER, until what was sent has arrived or the time is over.
        """
        so = self.files.get(number)
        linger = so.options.get(LINGER) if so.__class__ is Socket else None  # type: ignore
        self.files.close(number)
        self._settle()
        if linger and linger[0] and linger[1] and so.references == 0:  # type: ignore
            self._linger(so, linger[1])

    def _linger(self, so: Any, seconds: int) -> None:
        deadline = self.clock.now + seconds
        while getattr(so.pcb, "out", None) and so.pcb.state != "CLOSED":
            if not self._sleep(so, deadline, "close", "what was sent to arrive"):
                return

    def dup(self, number: int) -> int:
        """Make another descriptor of the same file."""
        file = self.files.find(number)
        another = self.files.add(file)
        if file.nonblocking:
            file.nonblocking = False
            self.files.set_nonblocking(another, True)
        return another

    # Names

    def bind(self, number: int, address: Any) -> None:
        """Give a socket an address."""
        so = self.socket_of(number)
        so.protocol.bind(so, address)

    def getsockname(self, number: int) -> tuple[Socket, Any]:
        """The socket's own address."""
        so = self.socket_of(number)
        return so, so.protocol.name(so)

    def getpeername(self, number: int) -> tuple[Socket, Any]:
        """The address the socket is connected to, or ENOTCONN."""
        so = self.socket_of(number)
        return so, so.protocol.peer(so)

    # Connections

    def listen(self, number: int, backlog: int) -> None:
        """Take connections; *backlog* bounds how many wait to be accepted."""
        so = self.socket_of(number)
        so.protocol.listen(so, backlog)

    def accept(self, number: int, timeout: float | None) -> tuple[int, Socket]:
        """Take the oldest connection that waits; returns its descriptor and its socket.

        Waits until one is completed.

        EMFILE
            The process has no descriptor left; the connection stays in the queue.
        EAGAIN
            None is completed, and the call may not wait.
        """
        so = self.socket_of(number)
        child = self._complete(so, POLLIN, timeout, 0, "accept", so.protocol.accept, so)
        try:
            descriptor = self.files.add(child)
        except OSError as failure:
            if failure.errno == EMFILE:
                so.queue.completed.appendleft(child)  # type: ignore[union-attr]
            raise
        return descriptor, child

    def connect(self, number: int, address: Any, timeout: float | None) -> None:
        """Connect a socket to an address.

        Waits until the connection is complete, or has failed.

        EINPROGRESS
            The connection goes on without the call, the socket being non-blocking.
        EALREADY
            It still goes on.
        """
        so = self.socket_of(number)
        may_wait = timeout is None and not so.nonblocking
        done = so.protocol.connect(so, address, may_wait)
        self._settle()
        if done is not None:
            return
        if may_wait:
            self._wait_connected(so, address)
        elif timeout:
            self._poll_connected(so, timeout)
        else:
            fail(EINPROGRESS)

    def _wait_connected(self, so: Socket, address: Any) -> None:
        """A blocking connect: wait for the answer, or for room in the listener's queue."""
        deadline = self._own_deadline(so, POLLOUT) if so.options else None
        if so.family == AF_UNIX:
            while so.protocol.connect(so, address, True) is None:
                if not self._sleep(so.protocol.waits_for(so), deadline, "connect", "its queue"):
                    fail(EAGAIN)
            return
        while so.protocol.connected(so) is None:
            if not self._sleep(so, deadline, "connect", "an answer"):
                fail(EINPROGRESS)

    def _poll_connected(self, so: Socket, timeout: float) -> None:
        """A connect with a timeout: CPython polls, then asks for SO_ERROR."""
        deadline = self.clock.now + timeout
        while not so.ready() & (POLLOUT | POLLERR | POLLHUP):
            if not self._sleep(so, deadline, "connect", "an answer"):
                raise TimedOut
        failure = so.take_error()
        if failure:
            fail(failure)

    def shutdown(self, number: int, how: int) -> None:
        """End sending, receiving or both.

        EINVAL
            *how* is not one of the three.
        ENOTCONN
            The socket is not connected.
        """
        so = self.socket_of(number)
        if so.family in TABLED and not SHUT_RD <= how <= SHUT_RDWR:
            fail(EINVAL)
        try:
            so.protocol.shutdown(so, how + 1)
        finally:
            self._settle()

    # Data

    def send(self, number: int, data: bytes, flags: int, timeout: float | None,
             address: Any = None, control: tuple[Any, ...] = ()) -> int:
        """Send *data*; returns how many bytes were taken.

        Waits while the send buffer is full: on a stream until everything is in it, so a
        call that may wait takes all, unless an error comes between.

        EAGAIN
            Nothing fits, and the call may not wait.
        """
        so = self.socket_of(number)
        sent = int(self._complete(so, POLLOUT, timeout, flags, "send", so.protocol.send, so,
                                  data, flags, address, control))
        if (sent < len(data) and timeout is None and not so.nonblocking
                and not flags & MSG_DONTWAIT):
            sent = self._send_rest(so, data, flags, sent)
        return sent

    def _send_rest(self, so: Socket, data: bytes, flags: int, sent: int) -> int:
        """A blocking call on a stream goes on until everything is in the buffer."""
        view = memoryview(data)
        while sent < len(data):
            try:
                sent += int(self._complete(so, POLLOUT, None, flags, "send", so.protocol.send,
                                           so, bytes(view[sent:]), flags, None, ()))
            except OSError:
                return sent
        return sent

    def receive(self, number: int, count: int, flags: int, timeout: float | None) -> Message:
        """Receive up to *count* bytes, or one record cut to that.

        Waits until something is there; with MSG_WAITALL until all of it is.  A stream that
        has ended gives no bytes.

        EAGAIN
            Nothing is there, and the call may not wait.
        """
        so = self.socket_of(number)
        if flags & MSG_WAITALL:
            return self._receive_all(so, count, flags, timeout)
        message = self._complete(so, POLLIN, timeout, flags, "recv", so.protocol.receive, so,
                                 count, flags)
        return message  # type: ignore[no-any-return]

    def _receive_all(self, so: Socket, count: int, flags: int,
                     timeout: float | None) -> Message:
        """MSG_WAITALL: go on until *count* bytes, the end or an error."""
        whole = so.type != SOCK_STREAM or (so.family == AF_UNIX and so.nonblocking)
        first = flags if flags & MSG_PEEK or whole else flags & ~MSG_WAITALL
        message = self._complete(so, POLLIN, timeout, flags, "recv", so.protocol.receive, so,
                                 count, first)
        if first & MSG_WAITALL:
            return message  # type: ignore[no-any-return]
        data = message.data
        while (message.data and len(data) < count and not message.control
               and so.protocol.may_go_on(so)):
            try:
                message = self._complete(so, POLLIN, timeout, flags, "recv",
                                         so.protocol.receive, so, count - len(data), first)
            except (OSError, TimedOut):
                break
            data += message.data
        return message._replace(data=data)  # type: ignore[no-any-return]

    # Options

    def getsockopt(self, number: int, level: int, option: int, room: int) -> bytes:
        """The value of an option, at most *room* bytes of it."""
        so = self.socket_of(number)
        if level != SOL_SOCKET and so.family not in TABLED:
            return so.protocol.get_option(so, level, option, room)  # type: ignore[no-any-return]
        return get_option(so, level, option, room)

    def setsockopt(self, number: int, level: int, option: int, value: bytes,
                   null: bool = False) -> None:
        """Change an option; *null* if the program gave no value but a length."""
        so = self.socket_of(number)
        if level != SOL_SOCKET and so.family not in TABLED:
            so.protocol.set_option(so, level, option, value)
            return
        set_option(so, level, option, value, null)
        so.protocol.option_changed(so, level, option)
        self._settle()

    def ioctl(self, number: int, request: int, argument: bytes) -> tuple[int, bytes]:
        """Do what *request* asks; what it returns, and the argument as it is then.

        ENOTTY
            The protocol has no such request.
        """
        so = self.socket_of(number)
        result = so.protocol.ioctl(so, request, argument)
        self._settle()
        return result  # type: ignore[no-any-return]
