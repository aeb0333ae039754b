"""AF_AX25: options, ioctls, names and digipeaters, refusals, what each type sends and gets.

Needs the two joined ports of docs/reference/families/ax25_ports.py, and root.
"""

import signal
import socket
import struct

from asking import (
    FIONREAD,
    OOB,
    PEEK,
    TIOCOUTQ,
    accept,
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

SOL_AX25, PIDINCL = 257, 8
SEQPACKET, DGRAM, RAW = socket.SOCK_SEQPACKET, socket.SOCK_DGRAM, socket.SOCK_RAW


def call_of(text):
    """The 7 bytes of a callsign."""
    call, _, ssid = text.partition("-")
    return bytes(ord(letter) << 1 for letter in call.ljust(6)) + bytes([int(ssid or 0) << 1])


def pack(text, *digipeaters, count=None, size=None):
    """A sockaddr_ax25, or a full one where there are digipeaters."""
    number_of = len(digipeaters) if count is None else count
    data = struct.pack("=H7s3xi", socket.AF_AX25, call_of(text), number_of)
    if digipeaters:
        data += b"".join(map(call_of, digipeaters)).ljust(56, b"\0")
    return data if size is None else data.ljust(size, b"\0")[:size]


def text(address):
    """A name: callsign, how many digipeaters, which, and its length."""

    def readable(seven):
        letters = bytes(byte >> 1 for byte in seven[:6]).decode("latin-1").strip(" \0")
        return f"{letters}-{seven[6] >> 1 & 15}"

    count = struct.unpack("=i", address[12:16])[0]
    ways = [readable(address[at : at + 7]) for at in range(16, 16 + 7 * min(count, 8), 7)]
    return readable(address[2:9]), count, ways, len(address)


def own(sock):
    return text(name_of(sock))


def peer(sock):
    return text(name_of(sock, libc.getpeername))


def make(kind=SEQPACKET, protocol=0):
    return socket.socket(socket.AF_AX25, kind, protocol)


def options():
    with make() as sock:
        for option in range(13):
            attempt(f"option {option}", sock.getsockopt, SOL_AX25, option)
        for option, values in ((1, (0, 1, 7, 8, 63)), (2, (0, 1, 30, 10**6)), (3, (0, 1, 31, 32)),
                               (4, (0, 5, 10**6)), (5, (0, 200)), (6, (0, 1, 2)), (7, (0, 3)),
                               (8, (1, 0)), (9, (0, 10)), (10, (15, 16, 256, 65535, 65536)),
                               (11, (1,)), (12, (1,)), (13, (1,)), (1, (b"\1",))):
            for value in values:
                attempt(f"set {option} to {value}", sock.setsockopt, SOL_AX25, option, value)
                attempt("  reads", sock.getsockopt, SOL_AX25, option)
        attempt("two bytes", sock.getsockopt, SOL_AX25, 1, 2)
        attempt("another level", sock.setsockopt, 258, 1, 1)
        attempt("another level", sock.getsockopt, 258, 1)
        for request in 0x8915, 0x8917, 0x891B, 0x89EF:
            attempt(f"ioctl {request:#x}", ioctl, sock, request, bytes(2))
        attempt("TIOCOUTQ", number, sock, TIOCOUTQ)
        attempt("FIONREAD", number, sock, FIONREAD)
        attempt("poll", poll, sock)
        attempt("listen", sock.listen, 1)
        attempt("listen again", sock.listen, 1)
        attempt("poll", poll, sock)
        attempt("shutdown", sock.shutdown, socket.SHUT_RDWR)


def names():
    for kind in SEQPACKET, DGRAM, RAW:
        with make(kind) as sock:
            print(kind.name)
            attempt("  name", own, sock)
            attempt("  peer", peer, sock)
            attempt("  poll", poll, sock)
            attempt("  recv", receive, sock)
            attempt("  send", sock.send, b"x")
            attempt("  sendto", sendto, sock, b"x", pack("PORT1"))
            attempt("  connect", connect, sock, pack("PORT1"))
    for address in (pack("PORT0"), pack("PORT0", size=15), pack("PORT0", size=20),
                    pack("PORT0", size=72), pack("PORT0", size=73), pack("PORT0-3"),
                    pack("N0ONE", "PORT1"), pack("N0ONE", "PORT1", "DIGI"),
                    pack("N0ONE", "PORT1", count=0), pack("N0ONE", "PORT1", count=9),
                    pack("N0ONE", "PORT9"), bytes(16), pack("NULL", "PORT0")):
        with make() as sock:
            attempt(f"bind to {address[:23].hex()}, {len(address)} bytes", bind, sock, address)
            attempt("  name", own, sock)
            attempt("  again", bind, sock, address)


def connected():
    server, client = make(), make()
    bind(server, pack("N0SRV-1", "PORT1"))
    bind(client, pack("N0CLI-2", "PORT0"))
    server.listen(5)
    attempt("15 bytes", connect, client, pack("N0SRV-1", size=15))
    attempt("another family", connect, client, bytes(16))
    attempt("nine digipeaters", connect, client, pack("N0SRV-1", "DIGI", count=9))
    attempt("connect", connect, client, pack("N0SRV-1"))
    attempt("again", connect, client, pack("N0SRV-1"))
    other = accept(server)
    for name, sock in ("server", server), ("client", client), ("other", other):
        attempt(f"{name} name", own, sock)
        attempt(f"{name} peer", peer, sock)
        attempt(f"{name} poll", poll, sock)
    attempt("bind", bind, client, pack("PORT0"))
    with make() as second:
        bind(second, pack("N0CLI-2", "PORT0"))
        attempt("a second one", connect, second, pack("N0SRV-1"))
    for flags in 0x4000, OOB, 0x8000, PEEK, 0x80, 0x4:
        attempt(f"flags {flags:#x}", client.send, b"x", flags)
        if flags == 0x80:
            attempt("  received", receive, other)
    attempt("sendto the peer", sendto, client, b"abc", pack("N0SRV-1"))
    attempt("  received", receive, other)
    attempt("sendto another", sendto, client, b"abc", pack("PORT1"))
    close(client, other, server)


def on_the_wire(watcher):
    """The next frame with the greeting: those that end the connections come too."""
    while not (frame := receive(watcher)).endswith(b"hello"):
        pass
    return frame.hex(" ")


def by_digipeaters():
    """A frame that is to be repeated first is nobody's: it reaches no listener."""
    server, client = make(), make()
    bind(server, pack("N0SRV-1", "PORT1"))
    bind(client, pack("N0CLI-2", "PORT0"))
    server.listen(5)
    client.setblocking(False)
    attempt("connect by two", connect, client, pack("N0SRV-1", "DIGI-1", "DIGI-2"))
    attempt("again", connect, client, pack("N0SRV-1"))
    attempt("peer", peer, client)
    attempt("poll", poll, client)
    attempt("server poll", poll, server)
    close(client, server)
    watcher = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
    watcher.bind(("bpq0", 0x0003))
    sender, receiver, raw = make(DGRAM), make(DGRAM), make(RAW, 0xF0)
    bind(sender, pack("N0CLI-2", "PORT0"))
    bind(receiver, pack("PORT1"))
    connect(receiver, pack("N0CLI-2"))
    bind(raw, pack("PORT1"))
    attempt("sendto by two", sendto, sender, b"hello", pack("PORT1", "DIGI-1", "DIGI-2"))
    attempt("on the wire", on_the_wire, watcher)
    attempt("received", receive, receiver)
    attempt("raw received", receive, raw)
    attempt("sendto directly", sendto, sender, b"hello", pack("PORT1"))
    attempt("on the wire", on_the_wire, watcher)
    attempt("received", receive, receiver)
    attempt("raw received", receive, raw)
    close(sender, receiver, raw, watcher)


def main():
    signal.alarm(55)
    for part in options, names, connected, by_digipeaters:
        print("--", part.__name__)
        part()


if __name__ == "__main__":
    main()
