"""What the programs beside this file share: making a call and printing what came of it.

Each asks a family what its page and its manual leave open, and prints a line for each call.  The
same program runs on a kernel that has the family and on the model; the `.txt` beside it is what
the kernel printed (``python -m tests.on_old_kernels user-mode-linux --run FILE``).
"""

import ctypes
import errno
import fcntl
import os
import select
import socket
import struct

NAMES = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP", errno.EAGAIN: "EAGAIN"}
DONTWAIT, PEEK, OOB, TRUNC, EOR = 0x40, 0x02, 0x01, 0x20, 0x80
FIONREAD, TIOCOUTQ = 0x541B, 0x5411
libc = ctypes.CDLL(None, use_errno=True)


def attempt(what, function, *arguments):
    """Make a call and print its result, or the name of its error."""
    try:
        result = function(*arguments)
    except OSError as error:
        result = NAMES.get(error.errno, str(error))
    print(f"{what}: {result}", flush=True)
    return result


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def bind(sock, address):
    return checked(libc.bind(sock.fileno(), address, len(address)))


def connect(sock, address):
    return checked(libc.connect(sock.fileno(), address, len(address)))


def sendto(sock, data, address, flags=0):
    return checked(libc.sendto(sock.fileno(), data, len(data), flags, address, len(address)))


def accept(sock):
    """Wait at most three seconds for a connection."""
    if not select.select([sock], [], [], 3)[0]:
        raise OSError(errno.EAGAIN, "nobody")
    name, length = ctypes.create_string_buffer(128), ctypes.c_uint(128)
    number = checked(libc.accept(sock.fileno(), name, ctypes.byref(length)))
    return socket.socket(sock.family, sock.type, sock.proto, fileno=number)


def name_of(sock, function=None):
    """The bytes that getsockname, or another *function*, gives."""
    name, length = ctypes.create_string_buffer(128), ctypes.c_uint(128)
    checked((function or libc.getsockname)(sock.fileno(), name, ctypes.byref(length)))
    return name.raw[: length.value]


def receive(sock, count=3000, flags=0):
    """Wait at most a third of a second for data."""
    select.select([sock], [], [], 0.3)
    return sock.recv(count, flags | DONTWAIT)


def poll(sock):
    """What poll() says of all there is to be asked."""
    asked = select.poll()
    asked.register(sock, 0xFFF)
    return [hex(events) for _, events in asked.poll(300)]


def ready(**sockets):
    """The names of those that can be read."""
    found = select.select(list(sockets.values()), [], [], 0.3)[0]
    return [name for name, sock in sockets.items() if sock in found]


def ioctl(sock, request, argument):
    return fcntl.ioctl(sock, request, argument)


def number(sock, request):
    """An ioctl that gives an int."""
    return struct.unpack("=i", ioctl(sock, request, bytes(4)))[0]


def close(*sockets):
    for sock in sockets:
        sock.close()
