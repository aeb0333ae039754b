"""AF_APPLETALK: ioctls, ranges of nets, binding, all socket numbers, which address reaches whom.

Needs root; gives *lo* addresses.
"""

import os
import signal
import socket
import struct

from asking import (
    FIONREAD,
    OOB,
    PEEK,
    TIOCOUTQ,
    TRUNC,
    attempt,
    bind,
    close,
    connect,
    ioctl,
    libc,
    name_of,
    number,
    poll,
    receive,
    sendto,
)

SET, GET, DELETE = 0x8916, 0x8915, 0x89E0
OTHERS = {"SIOCSIFNETMASK": 0x891C, "SIOCADDRT": 0x890B, "SIOCSARP": 0x8955, "SIOCDARP": 0x8953,
          "SIOCATALKDIFADDR": DELETE, "SIOCGIFBRDADDR": 0x8919, "SIOCGIFADDR": GET,
          "unknown": 0x89EE}
NET, NODE = 0xFF00, 66


def pack(net, node, port, zero=bytes(8)):
    """A struct sockaddr_at."""
    family = struct.pack("=H", socket.AF_APPLETALK)
    return family + struct.pack("!BxHBx8s", port, net, node, zero)


def text(address):
    port, net, node = struct.unpack("!BxHBx8x", address[2:16])
    return f"{net}.{node}:{port}"


def make(kind=socket.SOCK_DGRAM):
    return socket.socket(socket.AF_APPLETALK, kind)


def ask(sock, request, address=b"", interface=b"lo"):
    """An ioctl with a struct ifreq; the address in it afterwards."""
    filled = interface.ljust(16, b"\0") + address.ljust(24, b"\0")
    return text(ioctl(sock, request, filled.ljust(160, b"\0"))[16:32])


def give(sock, net, node, first, last, phase=2):
    """Let *lo* be net.node, among the nets from first to last."""
    return ask(sock, SET, pack(net, node, 0, struct.pack("!BxHHxx", phase, first, last)))


def own(sock):
    return text(name_of(sock))


def peer(sock):
    return text(name_of(sock, libc.getpeername))


def configure():
    with make() as sock:
        ask(sock, DELETE, pack(0, 0, 0))  # what another program may have left
        for name, request in OTHERS.items():
            attempt(name, ask, sock, request, pack(0, 0, 0))
        attempt("another family", ask, sock, SET, struct.pack("=H", socket.AF_INET))
        attempt("no such interface", ask, sock, SET, pack(NET, NODE, 0), b"nolink")
        for net, node, *nets in ((7, 66, 7, 7), (5, 66, 1, 0xFFFE), (5, 66, 0, 0xFFFD),
                                 (7, 66, 7, 5), (NET, 255, 0, 0xFFFE), (NET, 254, 0, 0xFFFE),
                                 (NET, 0, 0, 0xFFFE), (0, 66, 0, 0, 1), (12, 66, 5, 9)):
            attempt(f"nets {nets} at {net}.{node}", give, sock, net, node, *nets)
            attempt("  address", ask, sock, GET)
            with make() as other:
                attempt("  bind", bind, other, pack(0, 0, 0))
                attempt("  name", own, other)
                for to in (net or 9, node), (net or 9, 0), (0, node), (0, 0), (3333, 1), (7, 0):
                    attempt(f"  send to {to}", sendto, other, b"\4x", pack(*to, 200))
        attempt("routerless", give, sock, NET, NODE, 0, 0xFFFE)
        attempt("delete", ask, sock, DELETE, pack(NET, NODE, 0))
        attempt("bind without an address", bind, sock, pack(0, 0, 0))
        attempt("routerless", give, sock, NET, NODE, 0, 0xFFFE)


def take_names():
    for net, node, port in ((0, 0, 0), (0, 0, 1), (0, 0, 128), (0, 0, 254), (0, 0, 255),
                            (NET, NODE, 150), (NET, 0, 150), (0, NODE, 151), (NET, 255, 152),
                            (NET, 67, 153), (8, 0, 154), (NET, NODE, 0)):
        with make() as sock:
            attempt(f"bind to {net}.{node}:{port}", bind, sock, pack(net, node, port))
            attempt("  name", own, sock)
            attempt("  again", bind, sock, pack(net, node, port))
    many = [make() for _ in range(126)]
    for sock in many:
        bind(sock, pack(0, 0, 0))
    print("first", own(many[0]), "last", own(many[-1]))
    with make() as late:
        attempt("bind", bind, late, pack(0, 0, 0))
        attempt("sendto", sendto, late, b"\4", pack(NET, NODE, 200))
        attempt("name", own, late)
        attempt("connect", connect, late, pack(NET, NODE, 200))
    close(*many)


def use_unbound():
    with make() as sock:
        attempt("poll", poll, sock)
        attempt("recv", receive, sock)
        attempt("send", sock.send, b"\4")
        attempt("sendto", sendto, sock, b"\4", pack(NET, NODE, 200))
        attempt("name", own, sock)
        attempt("peer", peer, sock)
    with make() as sock:
        attempt("connect with 10 bytes", connect, sock, pack(NET, NODE, 200)[:10])
        for to in (NET, NODE, 200), (1, 2, 3), (0, 255, 201):
            attempt("connect", connect, sock, pack(*to))
            attempt("  name", own, sock)
            attempt("  peer", peer, sock)
        attempt("connect to AF_UNSPEC", connect, sock, bytes(16))
        attempt("peer", peer, sock)
        attempt("send", sock.send, b"\4")


def exchange():
    a, b, raw = make(), make(), make(socket.SOCK_RAW)
    to = pack(NET, NODE, 200)
    bind(a, to)
    bind(b, pack(NET, NODE, 201))
    attempt("raw bind to the same", bind, raw, to)
    attempt("raw bind", bind, raw, pack(NET, NODE, 210))
    for flags in 0x4000, OOB, 0x80, 0x8000, 0x4, PEEK:
        attempt(f"flags {flags:#x}", sendto, b, b"\4f", to, flags)
    attempt("nothing", sendto, b, b"", to)
    attempt("  received", receive, a)
    sendto(b, b"\4hello", to)
    attempt("FIONREAD", number, a, FIONREAD)
    attempt("TIOCOUTQ", number, b, TIOCOUTQ)
    attempt("poll", poll, a)
    attempt("3 bytes, MSG_PEEK", receive, a, 3, PEEK)
    attempt("3 bytes, MSG_TRUNC", receive, a, 3, TRUNC)
    attempt("MSG_OOB", receive, a, 3, OOB)
    attempt("from raw", sendto, raw, b"\4from raw", to)
    attempt("  received", receive, a)
    attempt("to raw", sendto, b, b"\4to raw", pack(NET, NODE, 210))
    attempt("  received", receive, raw)
    attempt("SO_NO_CHECK", b.setsockopt, socket.SOL_SOCKET, 11, 1)
    attempt("to raw", sendto, b, b"\4to raw", pack(NET, NODE, 210))
    attempt("  received", receive, raw)
    b.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for net, node in ((0, NODE), (0, 0), (NET, 0), (77, NODE), (NET, 67), (0, 255), (NET, 255),
                      (5, 255)):
        attempt(f"to {net}.{node}", sendto, b, b"\4n", pack(net, node, 200))
        attempt("  received", receive, a)
    attempt("to socket 0", sendto, b, b"\4n", pack(NET, NODE, 0))
    attempt("to socket 255", sendto, b, b"\4n", pack(NET, NODE, 255))
    attempt("shutdown", a.shutdown, socket.SHUT_RDWR)
    attempt("listen", a.listen, 1)
    attempt("getsockopt", a.getsockopt, 258, 1)
    attempt("setsockopt", a.setsockopt, 258, 1, 1)
    close(a, b, raw)


def be_nobody():
    """ddp(7): the socket numbers below 129 are for root."""
    os.seteuid(65534)
    for port in 1, 100, 128, 129:
        with make() as sock:
            attempt(f"nobody binds to {port}", bind, sock, pack(0, 0, port))
    with make() as sock:
        attempt("nobody sets an address", give, sock, NET, NODE, 0, 0xFFFE)
    os.seteuid(0)


def main():
    signal.alarm(50)
    for part in configure, take_names, use_unbound, exchange, be_nobody:
        print("--", part.__name__)
        part()


if __name__ == "__main__":
    main()
