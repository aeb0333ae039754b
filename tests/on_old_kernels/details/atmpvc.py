"""AF_ATMPVC: quality of service, options, ioctls, which circuits can be opened.

Needs root and the module adummy: interface 0 takes everything and gives nothing back.
"""

import os
import signal
import socket
import struct

from asking import (
    DONTWAIT,
    FIONREAD,
    OOB,
    PEEK,
    TIOCOUTQ,
    attempt,
    bind,
    close,
    connect,
    libc,
    name_of,
    number,
    poll,
)

SOL_ATM, SOL_AAL, SO_ATMQOS, SO_SETCLP = 264, 265, 0x42020054, 0x42000004
NONE, UBR, CBR, VBR, ABR, ANYCLASS = range(6)
ANY, UNSPECIFIED = -1, -2


def pack(itf, vpi, vci):
    """A struct sockaddr_atmpvc."""
    return struct.pack("=H2xhhi", socket.AF_ATMPVC, itf, vpi, vci)


def name(sock, function=None):
    return struct.unpack("=4xhhi", name_of(sock, function)[:12])


def chosen(sock):
    """Which channel is the next one depends on who has asked before."""
    itf, vpi, vci = name(sock)
    return itf, vpi, "free" if vci >= 32 else vci


def peer(sock):
    return name(sock, libc.getpeername)


def quality(to=UBR, back=UBR, largest=1500, aal=5, rate=0, least=0):
    """A struct atm_qos."""
    there, here = (struct.pack("=B3xiiiii16x", kind, rate, 0, least, 0, largest)
                   for kind in (to, back))
    return there + here + struct.pack("=B3x", aal)


def make(given=None, kind=socket.SOCK_DGRAM, protocol=5):
    sock = socket.socket(socket.AF_ATMPVC, kind, protocol)
    if given is not None:
        sock.setsockopt(SOL_ATM, SO_ATMQOS, given)
    return sock


def before():
    with make() as sock:
        attempt("read it", sock.getsockopt, SOL_ATM, SO_ATMQOS, 84)
        attempt("80 bytes", sock.setsockopt, SOL_ATM, SO_ATMQOS, bytes(80))
        attempt("88 bytes", sock.setsockopt, SOL_ATM, SO_ATMQOS, bytes(88))
        attempt("nothing either way", sock.setsockopt, SOL_ATM, SO_ATMQOS, quality(NONE, NONE))
        attempt("read 80 bytes", sock.getsockopt, SOL_ATM, SO_ATMQOS, 80)
        attempt("set", sock.setsockopt, SOL_ATM, SO_ATMQOS, quality())
        attempt("read it", lambda: sock.getsockopt(SOL_ATM, SO_ATMQOS, 84) == quality())
        attempt("read 80 bytes", sock.getsockopt, SOL_ATM, SO_ATMQOS, 80)
        attempt("another option", sock.setsockopt, SOL_ATM, 1, 1)
        attempt("another option", sock.getsockopt, SOL_ATM, 1)
        attempt("another level", sock.setsockopt, SOL_AAL, SO_ATMQOS, quality())
        attempt("loss priority", sock.setsockopt, SOL_ATM, SO_SETCLP, 1)
        attempt("loss priority", sock.getsockopt, SOL_ATM, SO_SETCLP)
        attempt("TIOCOUTQ", number, sock, TIOCOUTQ)
        attempt("FIONREAD", number, sock, FIONREAD)
        attempt("poll", poll, sock)
        attempt("shutdown", sock.shutdown, socket.SHUT_RDWR)
        attempt("name", name, sock)
        attempt("listen", sock.listen, 1)


def qualities():
    for to, back in ((UBR, NONE), (NONE, UBR), (CBR, CBR), (VBR, VBR), (ABR, ABR), (ANYCLASS, UBR),
                     (6, 6), (UBR, CBR)):
        with make() as sock:
            attempt(f"classes {to} and {back}", sock.setsockopt, SOL_ATM, SO_ATMQOS,
                    quality(to, back))
            attempt("  connect", connect, sock, pack(0, 0, 100))
            attempt("  send", sock.send, b"hello")
    for largest, aal in ((0, 5), (1, 5), (65535, 5), (65536, 5), (100000, 5), (-1, 5), (1500, 0),
                         (1500, 13), (1500, 2), (52, 13)):
        with make() as sock:
            attempt(f"frames to {largest}, AAL {aal}", sock.setsockopt, SOL_ATM, SO_ATMQOS,
                    quality(largest=largest, aal=aal))
            attempt("  connect", connect, sock, pack(0, 0, 100))
            for size in 0, 1, 52, 53, 1500, 1501:
                attempt(f"  send {size}", sock.send, bytes(size))


def circuits():
    for itf, vpi, vci in ((0, 0, 0), (0, 0, 5), (0, 0, 31), (0, 0, 32), (0, 1, 0), (0, 7, 100),
                          (0, 8, 100), (0, 15, 100), (0, 16, 100), (0, 255, 100), (0, 0, 1023),
                          (0, 0, 1024), (0, 0, 4095), (0, 0, 4096), (0, 0, 65536), (0, -3, 100),
                          (0, 0, -3), (1, 0, 100), (-2, 0, 100), (ANY, 0, 100), (0, ANY, ANY),
                          (0, 0, ANY), (0, ANY, 100), (0, 0, UNSPECIFIED), (0, UNSPECIFIED, 100)):
        with make(quality()) as sock:
            attempt(f"{itf}.{vpi}.{vci}", bind, sock, pack(itf, vpi, vci))
            attempt("  name", chosen if vci == ANY else name, sock)
    with make(quality()) as sock, make(quality()) as other:
        attempt("two bytes more", bind, sock, pack(0, 0, 100) + bytes(2))
        attempt("two bytes less", bind, sock, pack(0, 0, 100)[:10])
        attempt("another family", bind, sock, struct.pack("=H10x", socket.AF_INET))
        attempt("connect", connect, sock, pack(0, 0, 100))
        attempt("a second one", connect, other, pack(0, 0, 100))
        attempt("name", name, sock)
        attempt("peer", peer, sock)
        attempt("again", bind, sock, pack(0, 0, 101))
        attempt("quality now", sock.setsockopt, SOL_ATM, SO_ATMQOS, quality())
        attempt("poll", poll, sock)
        for flags in 0, DONTWAIT, 0x4000, OOB, 0x80:
            attempt(f"send, flags {flags:#x}", sock.send, b"x", flags)
        for flags in DONTWAIT, DONTWAIT | PEEK, DONTWAIT | OOB, DONTWAIT | 0x20:
            attempt(f"recv, flags {flags:#x}", sock.recv, 10, flags)
        attempt("sendto", libc.sendto, sock.fileno(), b"x", 1, 0, pack(0, 0, 100), 12)
        attempt("FIONREAD", number, sock, FIONREAD)
        attempt("shutdown", sock.shutdown, socket.SHUT_WR)
        attempt("send", sock.send, b"x")
        close(sock)
        attempt("after it is closed", connect, other, pack(0, 0, 100))


def be_nobody():
    os.seteuid(65534)
    for vci in 5, 31, 32:
        with make(quality()) as sock:
            attempt(f"nobody opens 0.0.{vci}", connect, sock, pack(0, 0, vci))
    os.seteuid(0)


def main():
    signal.alarm(50)
    for part in before, qualities, circuits, be_nobody:
        print("--", part.__name__)
        part()


if __name__ == "__main__":
    main()
