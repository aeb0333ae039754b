"""An X.25 call between two sockets of this machine, each call with its result.

Needs a kernel with AF_X25, and two joined interfaces: start x25_cable.py first.
Python's own bind, connect and accept cannot write the address; the C library's can.
"""

import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct

SIOCX25GFACILITIES = 0x89E2  # linux/x25.h
WAIT = 5  # seconds

ERRORS = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}  # not its other name, ENOTSUP
libc = ctypes.CDLL(None, use_errno=True)


def pack(digits):
    """The 18 bytes of a sockaddr_x25."""
    return struct.pack("=H16s", socket.AF_X25, digits.encode("ascii"))


def unpack(address):
    """The digits in a sockaddr_x25."""
    return address[2:].partition(b"\0")[0].decode("ascii")


def checked(result):
    """Return what a C call returned, or raise its errno."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def bind(sock, address):
    return checked(libc.bind(sock.fileno(), address, len(address)))


def connect(sock, address):
    return checked(libc.connect(sock.fileno(), address, len(address)))


def accept(sock):
    """Return the socket of a call; print who calls."""
    select.select([sock], [], [], WAIT)
    name, length = ctypes.create_string_buffer(18), ctypes.c_uint(18)
    number = checked(libc.accept(sock.fileno(), name, ctypes.byref(length)))
    print("server  accept: a call from", unpack(name.raw))
    return socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET, fileno=number)


def name_of(function, sock):
    """The digits that getsockname or getpeername gives."""
    name, length = ctypes.create_string_buffer(18), ctypes.c_uint(18)
    checked(function(sock.fileno(), name, ctypes.byref(length)))
    return repr(unpack(name.raw))


def receive(sock):
    select.select([sock], [], [], WAIT)
    return sock.recv(3000)


def facilities(sock):
    """What both ends agreed on: windows and packet sizes."""
    values = struct.unpack("=6I", fcntl.ioctl(sock, SIOCX25GFACILITIES, bytes(24)))
    windows, sizes = values[:2], [1 << code for code in values[2:4]]
    return f"window {windows[0]}/{windows[1]}, packets of {sizes[0]}/{sizes[1]} bytes"


def attempt(who, what, function, *arguments):
    """Make a call and print what came of it."""
    try:
        result = function(*arguments)
    except OSError as error:
        result = ERRORS[error.errno]
    print(f"{who}  {what}: {result}")


def converse(server, client):
    attempt("server", "getsockname", name_of, libc.getsockname, server)
    attempt("server", "getpeername", name_of, libc.getpeername, server)
    attempt("server", "bind to 10A1", bind, server, pack("10A1"))
    attempt("server", "bind with 10 bytes", bind, server, pack("1001")[:10])
    attempt("server", "bind to 1001", bind, server, pack("1001"))
    attempt("server", "getsockname", name_of, libc.getsockname, server)
    server.listen(5)
    attempt("client", "bind to 2002", bind, client, pack("2002"))
    attempt("client", "connect to 1001", connect, client, pack("1001"))
    attempt("client", "getpeername", name_of, libc.getpeername, client)
    with accept(server) as call:
        attempt("server", "facilities", facilities, call)
        attempt("client", "send with MSG_EOR", client.send, b"hello X.25", socket.MSG_EOR)
        attempt("client", "send without", client.send, b"no EOR")
        attempt("server", "receive", receive, call)
        attempt("server", "send with MSG_EOR", call.send, b"welcome", socket.MSG_EOR)
        attempt("client", "receive", receive, client)
        attempt("client", "send 1000 bytes", client.send, b"B" * 1000, socket.MSG_EOR)
        attempt("client", "send, urgent", client.send, b"!", socket.MSG_EOR | socket.MSG_OOB)
        attempt("server", "bytes received", lambda: len(receive(call)))
        attempt("client", "shutdown", client.shutdown, socket.SHUT_WR)
        client.close()
        attempt("server", "receive", receive, call)


def main():
    signal.alarm(30)  # ends the program if anything waits for ever
    try:
        server = socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET)
    except OSError as error:
        print(f"AF_X25: {error.strerror} ({errno.errorcode[error.errno]})")
        return
    with server, socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET) as client:
        converse(server, client)


if __name__ == "__main__":
    main()
