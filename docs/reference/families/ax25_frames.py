"""AX.25 datagrams between sockets of this machine, each call with its result.

Needs a kernel with AF_AX25, and two joined ports: run ax25_ports.py first.
A raw socket listens as well, which needs root.
Python's own bind, connect, sendto and recvfrom cannot write the address; the C library's can.
"""

import ctypes
import errno
import os
import select
import signal
import socket
import struct

SOL_AX25, AX25_PIDINCL, TEXT = 257, 8, 0xF0  # linux/ax25.h
WAIT = 5  # seconds

ERRORS = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}  # not its other name, ENOTSUP
libc = ctypes.CDLL(None, use_errno=True)
libc.sendto.argtypes = [
    ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
]  # fmt: skip
libc.sendto.restype = ctypes.c_ssize_t


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


def sendto(sock, data, address):
    return checked(libc.sendto(sock.fileno(), data, len(data), 0, address, len(address)))


def receive(sock, wait=WAIT):
    select.select([sock], [], [], wait)
    return sock.recv(400, socket.MSG_DONTWAIT)


def include_pid(sock):
    sock.setsockopt(SOL_AX25, AX25_PIDINCL, 1)
    return 0


def attempt(who, what, function, *arguments):
    """Make a call and print what came of it."""
    try:
        result = function(*arguments)
    except OSError as error:
        result = ERRORS[error.errno]
    print(f"{who}  {what}: {result}")


def converse(receiver, sender, raw):
    attempt("receiver", "bind to PORT1", bind, receiver, pack("PORT1"))
    attempt("sender", "bind to N0CLI-2 via PORT0", bind, sender, pack("N0CLI-2", "PORT0"))
    attempt("sender", "sendto PORT1", sendto, sender, b"UI before peer connect", pack("PORT1"))
    attempt("receiver", "receive", receive, receiver, 0.5)
    attempt("receiver", "connect to N0CLI-2", connect, receiver, pack("N0CLI-2"))
    attempt("raw", "bind to PORT1", bind, raw, pack("PORT1"))
    attempt("sender", "sendto PORT1", sendto, sender, b"hello UI", pack("PORT1"))
    attempt("receiver", "receive", receive, receiver)
    attempt("raw", "receive", receive, raw)
    attempt("receiver", "setsockopt AX25_PIDINCL", include_pid, receiver)
    attempt("sender", "sendto PORT1", sendto, sender, b"hello UI", pack("PORT1"))
    attempt("receiver", "receive", receive, receiver)
    attempt("raw", "receive", receive, raw)


def main():
    signal.alarm(60)  # ends the program if anything waits for ever
    try:
        receiver = socket.socket(socket.AF_AX25, socket.SOCK_DGRAM, TEXT)
    except OSError as error:
        print(f"AF_AX25: {error.strerror} ({errno.errorcode[error.errno]})")
        return
    with (
        receiver,
        socket.socket(socket.AF_AX25, socket.SOCK_DGRAM, TEXT) as sender,
        socket.socket(socket.AF_AX25, socket.SOCK_RAW, TEXT) as raw,
    ):
        converse(receiver, sender, raw)


if __name__ == "__main__":
    main()
