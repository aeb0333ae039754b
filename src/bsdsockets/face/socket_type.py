"""The class that CPython's ``socket.socket`` is built on: our ``_socket.socket``.

    socket.socket (CPython's own socket.py)
         |  inherits
    Socket (here): Python's arguments, timeouts and exceptions
         |  calls
    machine.calls: descriptors, bytes, errors as numbers

Sources: CPython ``Modules/socketmodule.c``, 3.11 to 3.13, to the letter where arguments are wrong.
"""

import sys
import warnings
from contextlib import suppress
from operator import attrgetter
from typing import Any

from ..calls.waiting import TimedOut
from ..machine.constants import AF_INET, POLLOUT, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM
from ..machine.errors import EINVAL, EMSGSIZE, error
from ..network.names import UnknownName
from .ancillary import encode_control, not_afalg
from .arguments import (
    descriptor,
    number,
    only,
    option_without_value,
    readable,
    seconds,
    sending_flags,
    small,
    throw,
    within,
)
from .memory import setting
from .receiving import MOST_PARTS, ReadOnly, Receiver

UNKNOWN = object()
FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC  # beside the type


class Socket(Receiver):
    """socket(family=AF_INET, type=SOCK_STREAM, proto=0, fileno=None): a socket of the model.

    `_accept`, `connect`, `send`, `recv` and their kin wait for at most the timeout: 0 never.

    Errors: first those of the arguments, each method its own; an address that is not as the
    family has it is a TypeError or an OverflowError, a name in it that nobody knows gaierror.
    Then TimeoutError where the timeout, above 0, is over, and what the system call of the same
    name fails with: `Calls` has each in the order of the checks.

    Sources: the pages of POSIX.1-2024, and of Linux's section 2, that have the methods' names.
    """

    __slots__ = ()

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1,
                 fileno: Any = None) -> None:
        family, type, proto = small(family), small(type), small(proto)
        if not hasattr(self, "_fd_"):  # it has not been made before
            self._fd_, self._family_, self._type_, self._proto_ = -1, 0, 0, 0
        sys.audit("socket.__new__", self, family, type, proto)
        if fileno is None:
            family = AF_INET if family == -1 else family
            kind, protocol = SOCK_STREAM if type == -1 else type, 0 if proto == -1 else proto
            self._fd_, self._real_ = self._machine_.calls.socket(family, kind, protocol), family
        else:
            family, kind, protocol = self._adopt_(fileno, family, type, proto)
        self._become_(family, kind, protocol)

    def _become_(self, family: int, kind: int, protocol: int) -> None:
        self._family_, self._type_, self._proto_ = family, kind & ~FLAGS, protocol
        self._timeout_ = 0.0 if kind & SOCK_NONBLOCK else self._machine_.default_timeout
        if not kind & SOCK_NONBLOCK and self._timeout_ is not None:
            self._machine_.descriptors.set_nonblocking(self._fd_, True)

    def _adopt_(self, fileno: Any, family: int, kind: int, protocol: int) -> tuple[int, int, int]:
        """Use a descriptor that exists."""
        given = descriptor(fileno)
        if given < 0:
            raise ValueError("negative file descriptor")
        so = self._machine_.calls.socket_of(given)
        self._fd_, self._real_ = given, so.family
        return (so.family if family == -1 else family, so.type if kind == -1 else kind,
                so.protocol_number if protocol == -1 else protocol)

    def __del__(self) -> None:
        fd = getattr(self, "_fd_", -1)
        if fd == -1 or sys.is_finalizing():
            return
        try:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, 2, source=self)
        finally:  # also where the warning is an error
            self._fd_ = -1
            with suppress(OSError):
                self._machine_.calls.close(fd)

    def __repr__(self) -> str:
        return (f"<socket object, fd={self._fd_}, family={self._family_}, type={self._type_}, "
                f"proto={self._proto_}>")

    family = ReadOnly(attrgetter("_family_"), doc="the socket family")
    type = ReadOnly(attrgetter("_type_"), doc="the socket type")
    proto = ReadOnly(attrgetter("_proto_"), doc="the socket protocol")
    timeout = ReadOnly(attrgetter("_timeout_"), doc="the socket timeout")
    sendmsg_afalg = not_afalg

    def _address_(self, address: Any, caller: str) -> Any:
        """Read an address in the family's form, and tell audit hooks of it (PEP 578)."""
        family = self._machine_.families.get(self._family_)
        if family is None:
            raise OSError(f"{caller}(): bad family")
        try:
            target = family.from_python(address, caller)
        except UnknownName as failure:
            throw(self._machine_.gaierror(failure.number, failure.text))
        sys.audit(f"socket.{caller.removesuffix('_ex')}", self, address)
        if self._real_ != self._family_:
            self._check_room_(caller)
        return target

    # Descriptor and timeout

    def fileno(self) -> int:
        """Return the descriptor, or -1 after close() and detach()."""
        return self._fd_

    def detach(self) -> int:
        """Return the descriptor and forget it; the socket stays open under that number."""
        given, self._fd_ = self._fd_, -1
        return given

    def close(self) -> None:
        """Close the socket; a second time does nothing.

        Waits only with SO_LINGER.  ECONNRESET is no error here.  What else: `Calls.close`.
        """
        given, self._fd_ = self._fd_, -1
        if given != -1:
            try:  # contextlib.suppress takes longer than this call should
                self._machine_.calls.close(given)
            except ConnectionResetError:
                return

    def settimeout(self, timeout: Any) -> None:
        """Wait at most *timeout* seconds in each call from now on; 0 never, None for ever.

        TypeError, ValueError, OverflowError
            *timeout* is no number; is NaN, or below 0; is more than C's time counts.
        EBADF
            The socket is closed.

        >>> from bsdsockets import socket
        >>> one, other = socket.socketpair()
        >>> one.settimeout(2.5); one.recv(1)
        Traceback (most recent call last):
        TimeoutError: timed out
        >>> one.settimeout(0); one.recv(1)
        Traceback (most recent call last):
        BlockingIOError: [Errno 11] Resource temporarily unavailable
        >>> one.close(); other.close()
        """
        value = seconds(timeout)
        self._machine_.descriptors.set_nonblocking(self._fd_, value is not None)
        self._timeout_ = value

    def gettimeout(self) -> float | None:
        """Return the timeout in seconds, 0.0 where it never waits, None where it waits for ever."""
        return self._timeout_

    def setblocking(self, flag: Any) -> None:
        """Wait for ever, as settimeout(None) does, or with False never, as settimeout(0) does.

        TypeError, OverflowError
            *flag* is no number that C can hold, on Python 3.11.
        EBADF
            The socket is closed.
        """
        if sys.version_info < (3, 12):
            within(flag, 64, "long")
        Socket.settimeout(self, None if flag else 0.0)

    def getblocking(self) -> bool:
        """Return False if the timeout is 0, when no call waits."""
        return self._timeout_ != 0.0

    # Names and connections

    def bind(self, *address: Any) -> None:
        """bind(address): give the socket an address of its own; waits for nothing."""
        self._machine_.calls.bind(self._fd_, self._address_(only(address, "bind"), "bind"))

    def listen(self, backlog: Any = 128, /) -> None:
        """Take connections; up to *backlog* and one more wait to be accepted.  Below 0 is as 0."""
        self._machine_.calls.listen(self._fd_, max(number(backlog), 0))

    def _accept(self) -> tuple[int, Any]:
        self._check_family_()
        try:
            accepted, child = self._machine_.calls.accept(self._fd_, self._timeout_ or None)
        except TimedOut:
            throw(TimeoutError("timed out"))
        return accepted, self._show_(child.protocol.accepted_peer(child))

    def connect(self, *address: Any) -> None:
        """connect(address): connect a stream; let a datagram socket have one peer.

        A stream waits until the connection is complete or has failed (POLLOUT), for at most the
        timeout.

        TimeoutError
            The timeout, above 0, is over; the connection goes on, as after EINPROGRESS.
        """
        target = self._address_(only(address, "connect"), "connect")
        try:
            self._machine_.calls.connect(self._fd_, target, self._timeout_ or None)
        except TimedOut:
            throw(TimeoutError("timed out"))

    def connect_ex(self, address: Any, /) -> int:
        """Connect, and return the error number instead of raising; 0 when it is done.

        A timeout that is over is EAGAIN.  What is wrong with the address is raised all the same.

        >>> import errno
        >>> from bsdsockets import socket
        >>> with socket.socket() as client:
        ...     errno.errorcode[client.connect_ex(("127.0.0.1", 9))]
        'ECONNREFUSED'
        """
        target = self._address_(address, "connect_ex")
        try:
            self._machine_.calls.connect(self._fd_, target, self._timeout_ or None)
        except TimedOut:
            return 11
        except OSError as failure:
            return failure.errno or 0
        return 0

    def shutdown(self, how: Any, /) -> None:
        """End receiving (SHUT_RD), sending (SHUT_WR) or both (SHUT_RDWR); never waits."""
        self._machine_.calls.shutdown(self._fd_, small(how))

    def getsockname(self) -> Any:
        """Return the socket's own address; errors: CPython's "bad family", `Calls.getsockname`."""
        self._check_family_()
        so, name = self._machine_.calls.getsockname(self._fd_)
        return self._show_(name, so)

    def getpeername(self) -> Any:
        """Return the address the socket is connected to; errors as `getsockname` has them."""
        self._check_family_()
        so, name = self._machine_.calls.getpeername(self._fd_)
        return self._show_(name, so)

    # Sending

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send *data*; returns how many bytes were taken, which may be less than all.

        Waits while there is no room (POLLOUT), for at most the timeout: without a timeout, until
        a stream has taken all.

        TypeError
            *data* holds no bytes.
        TimeoutError
            The timeout, above 0, is over; nothing was taken.
        """
        if data.__class__ is not bytes:
            data = readable(data)
        if flags.__class__ is not int or flags:
            flags = sending_flags(flags)
        try:
            return self._machine_.calls.send(self._fd_, data, flags, self._timeout_ or None)
        except TimedOut:
            throw(TimeoutError("timed out"))

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of *data*, waiting as often as it takes; the timeout is for the whole.

        The errors are those of `send`.  They tell nothing of how much was sent.
        """
        data, flags = readable(data), sending_flags(flags)
        calls, timeout = self._machine_.calls, self._timeout_
        if not timeout:
            sent = calls.send(self._fd_, data, flags, None)
            while sent < len(data):  # an error or a signal came between
                sent += calls.send(self._fd_, data[sent:], flags, None)
            return
        deadline = self._machine_.clock.now + timeout
        view, sent = memoryview(data), 0
        while (left := deadline - self._machine_.clock.now) > 0:
            try:
                sent += calls.send(self._fd_, bytes(view[sent:]) if sent else data, flags, left)
            except TimedOut:
                throw(TimeoutError("timed out"))
            if sent >= len(data):
                return
        raise TimeoutError("timed out")

    def sendto(self, *arguments: Any) -> int:
        """sendto(data[, flags], address): send one datagram to *address*; returns how many bytes.

        Waits, and fails, as `send` does; what is wrong with the address comes first, as for
        `connect`.

        >>> from bsdsockets import socket
        >>> with (socket.socket(type=socket.SOCK_DGRAM) as one,
        ...       socket.socket(type=socket.SOCK_DGRAM) as other):
        ...     other.bind(("127.0.0.1", 0))
        ...     one.sendto(b"hello", other.getsockname()), other.recv(9)
        (5, b'hello')
        """
        if len(arguments) == 2:
            (data, address), flags = arguments, 0
        elif len(arguments) == 3:
            data, flags, address = arguments
        else:
            raise TypeError(f"sendto() takes 2 or 3 arguments ({len(arguments)} given)")
        data, flags = readable(data), number(flags)
        target = self._address_(address, "sendto")
        try:
            return self._machine_.calls.send(self._fd_, data, flags, self._timeout_ or None, target)
        except TimedOut:
            throw(TimeoutError("timed out"))

    def sendmsg(self, buffers: Any, ancdata: Any = (), flags: int = 0, address: Any = None,
                /) -> int:
        """Send the joined *buffers* with control messages (level, type, data).

        Returns how many bytes were taken.  Waits as `send` does.

        TypeError
            *buffers* cannot be iterated over, or one of them holds no bytes.
            *ancdata* cannot be iterated over, or one of it is not a tuple of three.
        EMSGSIZE
            There are more than 1024 *buffers*.
        TimeoutError, OSError
            As for `send`; EBADF for a descriptor of SCM_RIGHTS that names nothing.
        """
        flags = sending_flags(flags)
        target = address if address is None else self._address_(address, "sendmsg")
        if target is None:
            sys.audit("socket.sendmsg", self, None)
        try:
            parts = [readable(buffer) for buffer in tuple(buffers)]  # which reading may change
        except TypeError as failure:
            if "iterable" in str(failure):
                raise TypeError("sendmsg() argument 1 must be an iterable") from None
            raise
        control = encode_control(self._machine_, ancdata)
        if len(parts) > MOST_PARTS:
            self._machine_.calls.socket_of(self._fd_)
            raise error(EMSGSIZE)
        self._check_compat_(flags, POLLOUT)
        try:
            return self._machine_.calls.send(
                self._fd_, b"".join(parts), flags, self._timeout_ or None, target, control)
        except TimedOut:
            throw(TimeoutError("timed out"))

    # Options

    def getsockopt(self, level: Any, optname: Any, buflen: Any = 0, /) -> Any:
        """Return the value of an option: an int, or up to *buflen* bytes, at most 1024.

        OSError
            *buflen* is out of range; or as for the system call: `Calls.getsockopt`.

        >>> from bsdsockets import socket
        >>> with socket.socket() as one:
        ...     one.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
        True
        """
        level, optname, buflen = number(level), number(optname), number(buflen)
        if buflen < 0 or buflen > 1024:
            raise OSError("getsockopt buflen out of range")
        value = self._machine_.calls.getsockopt(self._fd_, level, optname, buflen or 4)
        return value if buflen else int.from_bytes(value[:4], "little", signed=True)

    def setsockopt(self, level: Any, optname: Any, value: Any, optlen: Any = UNKNOWN, /) -> None:
        """Change an option; *value* is an int, bytes, or None with a length in *optlen*.

        TypeError
            None without a length, a length with a value, or a value that holds no bytes.
        OSError
            As for the system call: `Calls.setsockopt`.
        """
        if optlen is not UNKNOWN:
            self._setsockopt_null_(level, optname, value, optlen)
            return
        level, optname = number(level), number(optname)
        self._machine_.calls.setsockopt(self._fd_, level, optname, setting(level, optname, value))

    def _setsockopt_null_(self, *arguments: Any) -> None:
        level, optname, length = option_without_value(*arguments)
        if length >= 2**31:  # below 0 in C
            self._machine_.calls.socket_of(self._fd_)
            raise error(EINVAL)
        self._machine_.calls.setsockopt(self._fd_, level, optname, bytes(min(length, 2**16)), True)
