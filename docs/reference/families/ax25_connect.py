"""An AX.25 connection between two sockets of this machine, each call with its result.

Needs a kernel with AF_AX25, and two joined ports: run ax25_ports.py first.
Python's own bind, connect, accept cannot write the address; the C library's can.
"""

import ctypes
import errno
import os
import select
import signal
import socket
import struct

WAIT = 15  # seconds

ERRORS = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}  # not its other name, ENOTSUP
libc = ctypes.CDLL(None, use_errno=True)


def call_bytes(text):
    """The 7 bytes of a callsign such as "N0SRV-1"."""
    call, _, ssid = text.partition("-")
    letters = call.upper().ljust(6).encode("ascii")
    return bytes(value << 1 for value in [*letters, int(ssid or 0)])


def call_text(seven):
    """The callsign in 7 bytes; the flag bits around the SSID are left out."""
    call = bytes(byte >> 1 for byte in seven[:6]).decode("ascii").rstrip(" \0")
    ssid = seven[6] >> 1 & 15
    return f"{call}-{ssid}" if ssid else call


def pack(call, *digipeaters):
    """A full_sockaddr_ax25 if there are digipeaters, else a sockaddr_ax25."""
    count = len(digipeaters)
    short = struct.pack("=H7s3xi", socket.AF_AX25, call_bytes(call), count)
    way = b"".join(map(call_bytes, digipeaters))
    return short + way.ljust(56, b"\0") if digipeaters else short


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
    """Return the socket of a connection; print who it is from."""
    select.select([sock], [], [], WAIT)
    name, length = ctypes.create_string_buffer(72), ctypes.c_uint(72)
    number = checked(libc.accept(sock.fileno(), name, ctypes.byref(length)))
    print("server  accept: a connection from", call_text(name.raw[2:9]))
    return socket.socket(socket.AF_AX25, socket.SOCK_SEQPACKET, fileno=number)


def name_of(function, sock):
    """The callsign that getsockname or getpeername gives."""
    name, length = ctypes.create_string_buffer(72), ctypes.c_uint(72)
    checked(function(sock.fileno(), name, ctypes.byref(length)))
    return repr(call_text(name.raw[2:9]))


def receive(sock):
    select.select([sock], [], [], WAIT)
    return sock.recv(600)


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
    attempt("server", "bind to N0SRV-1", bind, server, pack("N0SRV-1"))
    attempt("server", "bind to N0SRV-1 via PORT1", bind, server, pack("N0SRV-1", "PORT1"))
    attempt("server", "bind again", bind, server, pack("N0SRV-1", "PORT1"))
    attempt("server", "getsockname", name_of, libc.getsockname, server)
    server.listen(5)
    attempt("client", "bind to N0CLI-2 via PORT0", bind, client, pack("N0CLI-2", "PORT0"))
    attempt("client", "send before connect", client.send, b"x")
    attempt("client", "send with MSG_NOSIGNAL", client.send, b"x", socket.MSG_NOSIGNAL)
    attempt("client", "connect to N0SRV-1", connect, client, pack("N0SRV-1"))
    attempt("client", "getpeername", name_of, libc.getpeername, client)
    with accept(server) as connection:
        attempt("client", "send", client.send, b"hello AX.25")
        attempt("server", "receive", receive, connection)
        attempt("server", "send", connection.send, b"welcome")
        attempt("client", "receive", receive, client)
        attempt("client", "send 256 bytes", client.send, b"B" * 256)
        attempt("server", "bytes received", lambda: len(receive(connection)))
        attempt("client", "send 257 bytes", client.send, b"B" * 257)
        attempt("client", "shutdown", client.shutdown, socket.SHUT_WR)
        client.close()
        attempt("server", "receive", receive, connection)


def main():
    signal.alarm(60)  # ends the program if anything waits for ever
    try:
        server = socket.socket(socket.AF_AX25, socket.SOCK_SEQPACKET)
    except OSError as error:
        print(f"AF_AX25: {error.strerror} ({errno.errorcode[error.errno]})")
        return
    with server, socket.socket(socket.AF_AX25, socket.SOCK_SEQPACKET) as client:
        converse(server, client)


if __name__ == "__main__":
    main()
