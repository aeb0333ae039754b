"""The calls that take or give an address, for sockets whose addresses Python cannot convert.

    bind(sock, address) ──> a socket of the operating system: the C library, by ctypes
                        └─> a socket of the model: its system calls, with the same bytes

Each does what the method of the same name does: it raises OSError with the errno, waits at most the
socket's timeout and then raises TimeoutError, and goes on after a signal (PEP 475).

A socket with a timeout is non-blocking underneath, so waiting is poll's affair here; where it has
none, the call itself waits.  Sources: CPython ``Modules/socketmodule.c``; POSIX XSH 2.10.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import select
import socket
from collections.abc import Callable
from typing import Any

from .values import Address, unpack

_ROOM = 128  # sizeof(struct sockaddr_storage)


def bind(sock: socket.socket, address: Address) -> None:
    """Give the socket *sock* the address *address*; waits for nothing.

    OSError
        What the family's kernel module says: EADDRINUSE, EADDRNOTAVAIL, EINVAL …; EINVAL or
        EAFNOSUPPORT for an address of another family.

    Source: POSIX.1-2024 bind(); the errors, the page of the family.

    >>> from bsdsockets import Machine
    >>> machine = Machine(profile="every module"); socket = machine.load("socket")
    >>> one = socket.socket(socket.AF_TIPC, socket.SOCK_RDM)
    >>> bind(one, unpack(bytes.fromhex("1e00 01 02 67120000 00000000 09000000")))
    >>> one.close(); machine.close()
    """
    data = address.pack()
    if model := _model(sock):
        model.bind(sock.fileno(), data)
    else:
        _checked(lambda: _libc().bind(sock.fileno(), data, len(data)))


def connect(sock: socket.socket, address: Address) -> None:
    """Connect the socket *sock* to *address*, or set a datagram socket's peer.

    Waits for the answer, at most the socket's timeout.  A signal does not end the connection.

    BlockingIOError
        EINPROGRESS: the socket is non-blocking, and the connection goes on.
    TimeoutError
        The socket's timeout is over.
    OSError
        How the connection failed: ECONNREFUSED, ETIMEDOUT …, as the page of the family says.

    Source: POSIX.1-2024 connect(); CPython ``internal_connect``.

    >>> from bsdsockets import Machine
    >>> machine = Machine(profile="every module"); socket = machine.load("socket")
    >>> one = socket.socket(socket.AF_TIPC, socket.SOCK_RDM)
    >>> connect(one, unpack(bytes.fromhex("1e00 02 02 67120000 05000000 00000000")))
    >>> one.close(); machine.close()
    """
    data = address.pack()
    if model := _model(sock):
        _in_time(lambda: model.connect(sock.fileno(), data, sock.gettimeout()))
        return
    try:
        _checked(lambda: _libc().connect(sock.fileno(), data, len(data)), again=False)
    except (BlockingIOError, InterruptedError):  # EINPROGRESS, or a signal: it goes on
        if sock.gettimeout() == 0:
            raise
        _poll(sock, select.POLLOUT, sock.gettimeout())
        if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code)) from None


def accept(sock: socket.socket) -> tuple[socket.socket, Address | None]:
    """Take a connection of the socket *sock*; return its socket and who it is from.

    Waits for a connection, at most the socket's timeout.  Who it is from is None where the family
    leaves that out, as ATM does.

    BlockingIOError
        EAGAIN: there is none, and the socket is non-blocking.
    TimeoutError
        The socket's timeout is over.
    OSError
        EINVAL: the socket does not listen; EOPNOTSUPP: its type takes no connections.

    Source: POSIX.1-2024 accept(); CPython ``sock_accept``.

    >>> from bsdsockets import Machine
    >>> machine = Machine(profile="every module"); socket = machine.load("socket")
    >>> server, client = (socket.socket(socket.AF_TIPC, socket.SOCK_STREAM) for _ in "12")
    >>> bind(server, unpack(bytes.fromhex("1e00 01 02 67120000 00000000 09000000")))
    >>> server.listen(); client.setblocking(False)
    >>> try:
    ...     connect(client, unpack(bytes.fromhex("1e00 02 02 67120000 05000000 00000000")))
    ... except BlockingIOError:
    ...     connection, who = accept(server)
    >>> who == getsockname(client)
    True
    >>> for each in (server, client, connection):
    ...     each.close()
    >>> machine.close()
    """
    if model := _model(sock):
        number, child = _in_time(lambda: model.accept(sock.fileno(), sock.gettimeout()))
        name = child.protocol.accepted_peer(child)
    else:
        _wait(sock, select.POLLIN)
        number, name = _with_name(_libc().accept, sock)
    return type(sock)(sock.family, sock.type, sock.proto, fileno=number), _value(name)


def sendto(sock: socket.socket, data: bytes, address: Address, flags: int = 0) -> int:
    """Send *data* to *address*, with *flags* of MSG_DONTWAIT's kind; return how many bytes went.

    Waits for room in the send buffer, at most the socket's timeout.

    BlockingIOError
        EAGAIN: there is no room, and the call may not wait.
    TimeoutError
        The socket's timeout is over.
    OSError
        What the family says of the address and of the length.

    Source: POSIX.1-2024 sendto(); CPython ``sock_sendto``.

    >>> from bsdsockets import Machine
    >>> machine = Machine(profile="every module"); socket = machine.load("socket")
    >>> one, two = (socket.socket(socket.AF_TIPC, socket.SOCK_RDM) for _ in "12")
    >>> bind(two, unpack(bytes.fromhex("1e00 01 02 67120000 00000000 09000000")))
    >>> sendto(one, b"hello", unpack(bytes.fromhex("1e00 02 02 67120000 05000000 00000000")))
    5
    >>> recvfrom(two, 9)[0]
    b'hello'
    >>> one.close(); two.close(); machine.close()
    """
    name = address.pack()
    if model := _model(sock):
        arguments = sock.fileno(), data, flags, sock.gettimeout(), name
        return int(_in_time(lambda: model.send(*arguments)))
    _wait(sock, select.POLLOUT)
    size = ctypes.c_size_t(len(data))
    return _checked(
        lambda: _libc().sendto(sock.fileno(), data, size, flags, name, ctypes.c_uint(len(name)))
    )


def recvfrom(sock: socket.socket, size: int, flags: int = 0) -> tuple[bytes, Address | None]:
    """Receive up to *size* bytes, and who sent them; *flags* are MSG_PEEK and its like.

    Waits until something is there, at most the socket's timeout.  Of a longer record the rest is
    lost.  Who sent it is None where the family leaves that out, as ATM and a connection's data do.

    BlockingIOError
        EAGAIN: nothing is there, and the call may not wait.
    TimeoutError
        The socket's timeout is over.
    OSError
        The pending error; ENOTCONN: it needs a connection, and has none.

    Source: POSIX.1-2024 recvfrom(); CPython ``sock_recvfrom_guts``.

    >>> from bsdsockets import Machine
    >>> machine = Machine(profile="every module"); socket = machine.load("socket")
    >>> one, two = socket.socketpair()
    >>> one.setblocking(False)
    >>> recvfrom(one, 9)
    Traceback (most recent call last):
    BlockingIOError: [Errno 11] Resource temporarily unavailable
    >>> one.close(); two.close(); machine.close()
    """
    if model := _model(sock):
        message = _in_time(lambda: model.receive(sock.fileno(), size, flags, sock.gettimeout()))
        return message.data, _value(message.address)
    _wait(sock, select.POLLIN)
    data = ctypes.create_string_buffer(size)
    count, name = _with_name(_libc().recvfrom, sock, data, ctypes.c_size_t(size), flags)
    return data.raw[:count], _value(name)


def getsockname(sock: socket.socket) -> Address:
    """The own address of the socket *sock*; waits for nothing.

    OSError
        EBADF: it is closed.
    ValueError
        No class is for its family.

    Source: POSIX.1-2024 getsockname().

    >>> from bsdsockets import Machine
    >>> machine = Machine(profile="every module"); socket = machine.load("socket")
    >>> one = socket.socket(socket.AF_TIPC, socket.SOCK_RDM)
    >>> getsockname(one).family == socket.AF_TIPC
    True
    >>> one.close(); machine.close()
    """
    model = _model(sock)
    name = (
        model.getsockname(sock.fileno())[1] if model else _with_name(_libc().getsockname, sock)[1]
    )
    return unpack(name)


def getpeername(sock: socket.socket) -> Address:
    """The address that the socket *sock* is connected to; waits for nothing.

    OSError
        ENOTCONN: it is not connected.
    ValueError
        No class is for its family.

    Source: POSIX.1-2024 getpeername().

    >>> from bsdsockets import Machine
    >>> machine = Machine(profile="every module"); socket = machine.load("socket")
    >>> one = socket.socket(socket.AF_TIPC, socket.SOCK_STREAM)
    >>> getpeername(one)
    Traceback (most recent call last):
    OSError: [Errno 107] Transport endpoint is not connected
    >>> one.close(); machine.close()
    """
    model = _model(sock)
    name = (
        model.getpeername(sock.fileno())[1] if model else _with_name(_libc().getpeername, sock)[1]
    )
    return unpack(name)


def _model(sock: Any) -> Any:
    """The system calls of the model's machine, if that is where the socket is."""
    machine = getattr(sock, "_machine_", None)
    return machine.calls if machine else None


def _in_time(call: Callable[[], Any]) -> Any:
    """Make a call of the model; its own word for a timeout becomes Python's."""
    try:
        return call()
    except OSError:
        raise
    except Exception as late:
        if type(late).__name__ == "TimedOut":
            raise TimeoutError("timed out") from None
        raise


@functools.cache
def _libc() -> Any:
    library = ctypes.CDLL(None, use_errno=True)
    library.sendto.restype = library.recvfrom.restype = ctypes.c_ssize_t
    return library


def _checked(call: Callable[[], int], again: bool = True) -> int:
    """Make a call of the C library, once more after each signal; raise its errno."""
    while (result := call()) < 0:
        code = ctypes.get_errno()
        if code != errno.EINTR or not again:
            raise OSError(code, os.strerror(code))
    return result


def _with_name(function: Any, sock: socket.socket, *arguments: Any) -> tuple[int, bytes]:
    """Make a call whose last two arguments are room for an address and its length."""
    name, length = ctypes.create_string_buffer(_ROOM), ctypes.c_uint(_ROOM)
    result = _checked(lambda: function(sock.fileno(), *arguments, name, ctypes.byref(length)))
    return result, name.raw[: length.value]


def _wait(sock: socket.socket, event: int) -> None:
    """Wait as long as the socket's timeout lets it; without one the call itself waits."""
    if timeout := sock.gettimeout():
        _poll(sock, event, timeout)


def _poll(sock: socket.socket, event: int, timeout: float | None) -> None:
    poll = select.poll()
    poll.register(sock, event)
    if not poll.poll(None if timeout is None else timeout * 1000):
        raise TimeoutError("timed out")


def _value(name: bytes | None) -> Address | None:
    """Some families leave the sender out: ATM, and a connection's data."""
    return unpack(name) if name else None
