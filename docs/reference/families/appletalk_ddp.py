"""AppleTalk datagrams between sockets of this machine, each call with its result.

Needs a kernel with AF_APPLETALK, and root: the loopback interface is given an AppleTalk address.
Python's own bind, sendto and recvfrom cannot write the address; the C library's can.
"""

import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct

SIOCSIFADDR, SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8913, 0x8914, 1
PHASE_2 = 2
NET, NODE = 0xFF00, 66
DDP_TYPE = b"\4"  # the first byte of the data is DDP's type; 4 is the echo protocol's
WAIT = 5  # seconds

ERRORS = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}  # not its other name, ENOTSUP
libc = ctypes.CDLL(None, use_errno=True)
libc.sendto.argtypes = [
    ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
]  # fmt: skip
libc.recvfrom.argtypes = [
    ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p,
]  # fmt: skip
libc.sendto.restype = libc.recvfrom.restype = ctypes.c_ssize_t


def pack(net, node, port, family=socket.AF_APPLETALK):
    """The 16 bytes of a sockaddr_at."""
    return struct.pack("=H", family) + struct.pack("!BxHBx8x", port, net, node)


def unpack(address):
    """A sockaddr_at as net.node:socket."""
    port, net, node = struct.unpack("!BxHBx8x", address[2:])
    return f"{net}.{node}:{port}"


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


def recvfrom(sock, size=700):
    """The data and who sent them."""
    select.select([sock], [], [], WAIT)
    name, length = ctypes.create_string_buffer(16), ctypes.c_uint(16)
    data = ctypes.create_string_buffer(size)
    count = checked(
        libc.recvfrom(sock.fileno(), data, size, socket.MSG_DONTWAIT, name, ctypes.byref(length))
    )
    return data.raw[:count], unpack(name.raw)


def name_of(function, sock):
    """What getsockname or getpeername gives."""
    name, length = ctypes.create_string_buffer(16), ctypes.c_uint(16)
    checked(function(sock.fileno(), name, ctypes.byref(length)))
    return unpack(name.raw)


def configure_loopback(sock):
    """Give lo the address 65280.66 and every network, so that it is the way to all of them."""
    flags = struct.unpack("16xH22x", fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("40s", b"lo")))[0]
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | IFF_UP))
    networks = struct.pack("!Bx2sH", PHASE_2, struct.pack("!H", 0), 0xFFFE)
    address = pack(NET, NODE, 0)[:8] + networks
    fcntl.ioctl(sock, SIOCSIFADDR, struct.pack("16s16s8x", b"lo", address))
    return 0


def attempt(who, what, function, *arguments):
    """Make a call and print what came of it."""
    try:
        result = function(*arguments)
    except OSError as error:
        result = ERRORS[error.errno]
    print(f"{who}  {what}: {result}")


def converse(a, b):
    attempt("a", "getsockname", name_of, libc.getsockname, a)
    attempt("a", "bind before lo has an address", bind, a, pack(0, 0, 130))
    attempt("a", "configure lo", configure_loopback, a)
    attempt("a", "bind to 65280.66:200", bind, a, pack(NET, NODE, 200))
    attempt("a", "getsockname", name_of, libc.getsockname, a)
    attempt("b", "bind to port 200 too", bind, b, pack(NET, NODE, 200))
    attempt("b", "bind to node 99", bind, b, pack(NET, 99, 100))
    attempt("b", "bind with 8 bytes", bind, b, pack(NET, NODE, 200)[:8])
    attempt("b", "bind with AF_INET", bind, b, pack(NET, NODE, 200, socket.AF_INET))
    attempt("b", "bind to 65280.66:201", bind, b, pack(NET, NODE, 201))
    attempt("b", "sendto a", sendto, b, DDP_TYPE + b"hello DDP", pack(NET, NODE, 200))
    attempt("a", "recvfrom", recvfrom, a)
    attempt("a", "sendto b", sendto, a, DDP_TYPE + b"reply", pack(NET, NODE, 201))
    attempt("b", "recvfrom", recvfrom, b)
    attempt("b", "connect to a", connect, b, pack(NET, NODE, 200))
    attempt("b", "getpeername", name_of, libc.getpeername, b)
    attempt("b", "send", b.send, DDP_TYPE + b"connected")
    attempt("a", "recvfrom, 4 bytes", recvfrom, a, 4)


def limits(a, b, raw):
    attempt("b", "send 587 bytes", b.send, DDP_TYPE * 587)
    attempt("a", "bytes received", lambda: len(recvfrom(a)[0]))
    attempt("b", "send 588 bytes", b.send, DDP_TYPE * 588)
    attempt("b", "sendto everybody", sendto, b, DDP_TYPE + b"hel", pack(NET, 255, 200))
    b.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    attempt("b", "the same with SO_BROADCAST", sendto, b, DDP_TYPE + b"hel", pack(NET, 255, 200))
    attempt("a", "recvfrom", recvfrom, a)
    attempt("a", "listen", a.listen, 1)
    attempt("b", "shutdown", b.shutdown, socket.SHUT_WR)
    attempt("raw", "bind to 65280.66:210", bind, raw, pack(NET, NODE, 210))
    attempt("b", "sendto raw", sendto, b, DDP_TYPE + b"raw", pack(NET, NODE, 210))
    attempt("raw", "bytes received", lambda: len(recvfrom(raw)[0]))


def main():
    signal.alarm(30)  # ends the program if anything waits for ever
    family = socket.AF_APPLETALK
    try:
        a = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        print(f"AF_APPLETALK: {error.strerror} ({errno.errorcode[error.errno]})")
        return
    with a, socket.socket(family, socket.SOCK_DGRAM) as b:
        converse(a, b)
        with socket.socket(family, socket.SOCK_RAW) as raw:
            limits(a, b, raw)


if __name__ == "__main__":
    main()
