"""An ATM circuit opened and sent into, each call with its result.

Needs a kernel with AF_ATMPVC and one ATM interface, such as the module adummy makes: it takes
every frame and gives none back.  Python's own bind and connect cannot write the address; the C
library's can.
"""

import ctypes
import errno
import os
import signal
import socket
import struct

ATM_AAL5, ATM_UBR, SOL_ATM = 5, 1, 264  # linux/atm.h
ANY = -1

ERRORS = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}  # not its other name, ENOTSUP
libc = ctypes.CDLL(None, use_errno=True)


def pack(itf, vpi, vci, family=socket.AF_ATMPVC):
    """The 12 bytes of a sockaddr_atmpvc."""
    return struct.pack("=H2xhhi", family, itf, vpi, vci)


def unpack(address):
    """A sockaddr_atmpvc as itf.vpi.vci."""
    return "{}.{}.{}".format(*struct.unpack("=2x2xhhi", address))


def quality(largest):
    """A struct atm_qos: unspecified bit rate both ways, frames up to this size."""
    direction = struct.pack("=B3xiiiii16x", ATM_UBR, 0, 0, 0, 0, largest)
    return direction + direction + struct.pack("=B3x", ATM_AAL5)


SO_ATMQOS = (SOL_ATM & 0x1FF) << 22 | 2 << 16 | len(quality(0))


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


def name_of(function, sock):
    """What getsockname or getpeername gives."""
    name, length = ctypes.create_string_buffer(12), ctypes.c_uint(12)
    checked(function(sock.fileno(), name, ctypes.byref(length)))
    return unpack(name.raw)


def set_quality(sock, largest):
    sock.setsockopt(SOL_ATM, SO_ATMQOS, quality(largest))
    return 0


def attempt(who, what, function, *arguments):
    """Make a call and print what came of it."""
    try:
        result = function(*arguments)
    except OSError as error:
        result = ERRORS[error.errno]
    print(f"{who}  {what}: {result}")


def converse(a, b):
    circuit = pack(0, 0, 100)
    attempt("a", "getsockname", name_of, libc.getsockname, a)
    attempt("a", "bind with 8 bytes", bind, a, circuit[:8])
    attempt("a", "bind with AF_INET", bind, a, pack(0, 0, 100, socket.AF_INET))
    attempt("a", "connect before SO_ATMQOS", connect, a, circuit)
    attempt("a", "send before connect", a.send, b"x")
    attempt("a", "setsockopt SO_ATMQOS", set_quality, a, 1500)
    attempt("a", "connect to 0.0.100", connect, a, circuit)
    attempt("a", "getsockname", name_of, libc.getsockname, a)
    attempt("a", "getpeername", name_of, libc.getpeername, a)
    attempt("a", "connect again", connect, a, circuit)
    set_quality(b, 1500)
    attempt("b", "connect to 0.0.100 too", connect, b, circuit)
    attempt("b", "connect to 77.0.100", connect, b, pack(77, 0, 100))
    attempt("b", "bind to 0.ANY.ANY", bind, b, pack(0, ANY, ANY))
    attempt("b", "getsockname", name_of, libc.getsockname, b)
    attempt("a", "send", a.send, b"hello ATM")
    attempt("a", "recv, without waiting", a.recv, 100, socket.MSG_DONTWAIT)
    attempt("a", "send 1500 bytes", a.send, b"B" * 1500)
    attempt("a", "send 1501 bytes", a.send, b"B" * 1501)
    attempt("a", "listen", a.listen, 1)


def main():
    signal.alarm(30)  # ends the program if anything waits for ever
    try:
        a = socket.socket(socket.AF_ATMPVC, socket.SOCK_DGRAM, ATM_AAL5)
    except OSError as error:
        print(f"AF_ATMPVC: {error.strerror} ({errno.errorcode[error.errno]})")
        return
    with a, socket.socket(socket.AF_ATMPVC, socket.SOCK_DGRAM, ATM_AAL5) as b:
        converse(a, b)


if __name__ == "__main__":
    main()
