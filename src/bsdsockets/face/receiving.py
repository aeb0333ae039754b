"""Receiving, in Python's form: recv and its kin, over the machine's `receive`.

`Receiver` is the half of our ``_socket.socket`` that `socket_type` completes.  What is its own has
an underscore at both ends: a program's class that derives from ``socket`` may use any other name.

Sources: CPython ``Modules/socketmodule.c``, 3.11 to 3.13.
"""

from contextlib import suppress
from typing import Any, ClassVar

from ..calls.waiting import TimedOut
from ..machine.constants import (
    AF_INET,
    AF_INET6,
    AF_PACKET,
    AF_TIPC,
    MSG_TRUNC,
    POLLIN,
    SOCK_STREAM,
)
from ..machine.errors import EAFNOSUPPORT, EINVAL, EMSGSIZE, error, fail
from ..protocols.protocol import CONTROL_ROOM
from .ancillary import decode_control, discard
from .arguments import MUCH, kind_of, number, room, scatter, size, throw, whole

COMPAT = 1 << 31  # MSG_CMSG_COMPAT
MOST_ANCILLARY = 2**31 - 1  # bytes: SOCKLEN_T_LIMIT
MOST_PARTS = 1024  # buffers of one message: UIO_MAXIOV


class Immutable(type):
    """The type itself may not be changed, as a type made in C may not."""

    def __setattr__(cls, name: str, value: Any) -> None:
        if cls.__module__ == "_socket":
            raise TypeError(f"cannot set {name!r} attribute of immutable type "
                            f"'_socket.{cls.__name__}'")
        super().__setattr__(name, value)


class ReadOnly(property):
    """A member of a type made in C, or *timeout*, which C works out: nobody can set it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.words = "readonly attribute" if name != "timeout" else (
            "attribute 'timeout' of '_socket.socket' objects is not writable")

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(self.words)

    def __delete__(self, instance: Any) -> None:
        raise AttributeError(self.words)


class Receiver(metaclass=Immutable):
    """The methods of a socket that receive.

    Each waits until something has come (POLLIN), for at most the timeout, and returns no bytes
    at the end of a stream.  After what each refuses itself come:

    TimeoutError
        The timeout, above 0, is over.
    OSError
        As for the system call: `Calls.receive` has the errors in order.
    """

    __slots__ = ("_family_", "_fd_", "_proto_", "_real_", "_timeout_", "_type_")
    _machine_: ClassVar[Any] = None
    _fd_: int  # -1 when closed
    _family_: int  # as the program has it
    _real_: int  # the family that the socket is of
    _type_: int
    _proto_: int
    _timeout_: float | None  # in seconds; at 0, O_NONBLOCK decides whether a call waits

    def _check_compat_(self, flags: int, event: int) -> None:
        """Refuse a flag of sendmsg() and recvmsg() that Linux keeps for itself."""
        if flags & COMPAT:
            try:
                self._machine_.calls.refuse(self._fd_, event, self._timeout_, EINVAL)
            except TimedOut:
                throw(TimeoutError("timed out"))

    def _check_family_(self) -> None:
        """Fail before the call, as CPython does, if it cannot read the family's addresses."""
        family = self._machine_.families.get(self._family_)
        if family is not None and not family.in_python:
            raise OSError("getsockaddrlen: bad family")

    def _check_room_(self, caller: str) -> None:
        """Fail as a call does with an address of a family that the socket is not of.

        A program may say that it is (``uvicorn --fd`` says AF_UNIX, whatever it is given).  What
        has the room of the own family's fails for its family, what has not for its length; but
        for datagrams IPv6 takes IPv4's.
        """
        if (self._family_, self._real_) == (AF_INET6, AF_INET):
            fail(EAFNOSUPPORT)
        if (self._family_, self._real_) != (AF_INET, AF_INET6) \
                or caller == "bind" or self._type_ == SOCK_STREAM:
            fail(EINVAL)

    def _show_(self, address: Any, so: Any = None) -> Any:
        """An address as the family shows it: that of the socket, or of what it became.

        *so* is what the descriptor names, which os.close() and dup2() may have given to another.
        """
        if so is not None:
            self._real_ = so.family
        became = self._real_ == AF_INET and address.__class__ is bytes
        return self._machine_.families[AF_PACKET if became else self._real_].to_python(address)

    def _receive_(self, count: int, flags: int) -> Any:
        try:
            return self._machine_.calls.receive(self._fd_, count, flags, self._timeout_ or None)
        except TimedOut:
            throw(TimeoutError("timed out"))

    def _is_discarded_(self, flags: int) -> bool:
        """True where MSG_TRUNC takes bytes of TCP and gives none (tcp(7)): they are zero here."""
        return bool(flags & MSG_TRUNC and self._type_ == SOCK_STREAM
                    and self._family_ in (AF_INET, AF_INET6))

    def _receive_data_(self, count: int, flags: int) -> Any:
        message = self._receive_(count, flags)
        discard(message.control, flags)
        return message

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive up to *bufsize* bytes, or the beginning of one datagram.

        A *bufsize* of 0 makes no system call.

        ValueError
            *bufsize* is below 0.

        Source: POSIX.1-2024 recv(); Linux recv(2).

        >>> from bsdsockets import socket
        >>> one, other = socket.socketpair()
        >>> one.sendall(b"hello"); one.close()
        >>> other.recv(3), other.recv(3), other.recv(3)
        (b'hel', b'lo', b'')
        >>> other.close()
        """
        if bufsize.__class__ is not int or flags.__class__ is not int or flags or not (
                0 < bufsize <= MUCH):
            bufsize, flags = size(bufsize), number(flags)
            if room(bufsize, "buffersize in recv") == 0:
                return b""
        try:
            limit = self._timeout_ or None
            message = self._machine_.calls.receive(self._fd_, bufsize, flags, limit)
        except TimedOut:
            throw(TimeoutError("timed out"))
        if message[2]:
            discard(message[2], flags)
        return whole(message, flags) if flags else message[0]

    def recvfrom(self, bufsize: Any, flags: int = 0, /) -> tuple[bytes, Any]:
        """Receive up to *bufsize* bytes and the sender's address, which is None for a stream.

        ValueError
            *bufsize* is below 0.
        OSError
            CPython cannot read addresses of the family.

        Source: POSIX.1-2024 recvfrom(); Linux recv(2).
        """
        bufsize, flags = size(bufsize), number(flags)
        room(bufsize, "buffersize in recvfrom")
        self._check_family_()
        message = self._receive_data_(bufsize, flags)
        return whole(message, flags), self._sender_(message.address)

    def _sender_(self, address: Any) -> Any:
        if address is None or address == b"":
            return None
        return self._show_(address)

    def _into_(self, buffer: Any, nbytes: Any, flags: Any,
              caller: str) -> tuple[memoryview, int, int]:
        """A writable buffer, how many bytes to receive into it, and the flags."""
        view = self._writable_(buffer, caller)
        count, flags = size(nbytes), number(flags)
        if count < 0:
            raise ValueError(f"negative buffersize in {caller}")
        if count > len(view):
            raise ValueError("nbytes is greater than the length of the buffer"
                             if caller == "recvfrom_into" else "buffer too small for requested "
                             "bytes")
        return view, count or len(view), flags

    @staticmethod
    def _writable_(buffer: Any, caller: str) -> memoryview:
        with suppress(TypeError):
            view = memoryview(buffer).cast("B")
            if not view.readonly:
                return view
        expected = ("an iterable of single-segment read-write buffers"
                    if caller == "recvmsg_into" else "read-write bytes-like object, not "
                    f"{kind_of(buffer)}")
        raise TypeError(f"{caller}() argument 1 must be {expected}")

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive into *buffer*, up to *nbytes* bytes of it, all with 0; returns how many.

        TypeError
            *buffer* holds no bytes, or is read-only.
        ValueError
            *nbytes* is below 0, or above the length of *buffer*.
        """
        view, count, flags = self._into_(buffer, nbytes, flags, "recv_into")
        if count == 0:
            return 0
        message = self._receive_data_(count, flags)
        if not self._is_discarded_(flags):
            view[:len(message.data)] = message.data
        return len(whole(message, flags))

    def recvfrom_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> tuple[int, Any]:
        """Receive into *buffer*; returns how many bytes, and the sender's address.

        The errors are those of `recv_into`, then those of `recvfrom`.
        """
        view, count, flags = self._into_(buffer, nbytes, flags, "recvfrom_into")
        self._check_family_()
        message = self._receive_data_(count, flags)
        if not self._is_discarded_(flags):
            view[:len(message.data)] = message.data
        return len(whole(message, flags)), self._sender_(message.address)

    def recvmsg(self, bufsize: Any, ancbufsize: Any = 0, flags: int = 0, /) -> Any:
        """Receive up to *bufsize* bytes with what came beside them.

        Returns (data, control messages, flags, address).  The messages are (level, type, bytes), as
        many as find room in *ancbufsize* bytes; the flags tell of what was cut, MSG_TRUNC and
        MSG_CTRUNC.  Descriptors that find no room are closed.

        ValueError
            *bufsize* is below 0, then *ancbufsize*.
        OSError
            CPython cannot read addresses of the family.

        Source: POSIX.1-2024 recvmsg(); Linux recvmsg(2), cmsg(3).

        >>> from bsdsockets import socket
        >>> one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        >>> one.send(b"too long")
        8
        >>> data, messages, flags, address = other.recvmsg(3)
        >>> data, messages, flags == socket.MSG_TRUNC, address
        (b'too', [], True, None)
        >>> one.close(); other.close()
        """
        bufsize, ancbufsize, given = size(bufsize), size(ancbufsize), number(flags)
        room(bufsize, "buffer size in recvmsg()")
        message, control, flags = self._message_(bufsize, ancbufsize, given)
        return message.data, control, flags, self._sender_(message.address)

    def recvmsg_into(self, buffers: Any, ancbufsize: Any = 0, flags: int = 0, /) -> Any:
        """Receive into several buffers, one after the other.

        Returns what `recvmsg` does, with the number of bytes instead of the bytes.

        TypeError
            *buffers* cannot be iterated over; one of them holds no bytes, or is read-only.
        ValueError
            *ancbufsize* is below 0.
        EMSGSIZE
            There are more than 1024 of them.
        """
        ancbufsize, given = size(ancbufsize), number(flags)
        try:
            iterator = iter(buffers)
        except TypeError:
            raise TypeError("recvmsg_into() argument 1 must be an iterable") from None
        views = [self._writable_(buffer, "recvmsg_into") for buffer in iterator]
        if len(views) > MOST_PARTS:
            self._machine_.calls.socket_of(self._fd_)
            raise error(EMSGSIZE)
        message, control, flags = self._message_(sum(map(len, views)), ancbufsize, given)
        if not self._is_discarded_(given):
            scatter(message.data, views)
        return len(whole(message, given)), control, flags, self._sender_(message.address)

    def _message_(self, count: int, ancillary: int, flags: int) -> Any:
        if not 0 <= ancillary <= MOST_ANCILLARY:
            raise ValueError("invalid ancillary data buffer length")
        self._check_family_()
        self._check_compat_(flags, POLLIN)
        asked = CONTROL_ROOM if ancillary and self._family_ == AF_TIPC else 0  # it tells errors so
        message = self._receive_(count, flags | asked)
        control, cut = decode_control(self._machine_, message.control, ancillary, flags)
        return message, control, message.flags | cut | (flags & 0x40000000)
