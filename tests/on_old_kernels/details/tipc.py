"""AF_TIPC: options, names, refusals, connections of both kinds.

Needs the module tipc.
"""

import signal
import socket

from asking import DONTWAIT, FIONREAD, PEEK, TIOCOUTQ, TRUNC, attempt, close, number, poll, receive

STREAM, DGRAM, RDM, SEQPACKET = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RDM,
                                 socket.SOCK_SEQPACKET)
KINDS = STREAM, DGRAM, RDM, SEQPACKET
SOL_TIPC, RANGE, NAME, ID = 271, 1, 2, 3
SERVICE = 18888


def make(kind=RDM):
    return socket.socket(socket.AF_TIPC, kind)


def shape(address):
    """An address without the numbers that differ each time."""
    kind, *_, last, scope = address
    return (kind, "reference", last, scope) if kind == ID else address


def name(sock):
    return shape(sock.getsockname())


def peer_of(sock):
    return shape(sock.getpeername())


def options():
    for kind in KINDS:
        with make(kind) as sock:
            for option in range(127, 142):
                attempt(f"{kind.name} option {option}", sock.getsockopt, SOL_TIPC, option)
    with make() as sock:
        for option, value in ((127, 3), (127, 4), (127, -1), (128, 7), (129, 1), (130, 0),
                              (130, 99), (131, 1), (135, b""), (127, b"\1"), (200, 1)):
            attempt(f"set {option} to {value}", sock.setsockopt, SOL_TIPC, option, value)
            attempt("  reads", sock.getsockopt, SOL_TIPC, option)
        attempt("two bytes", sock.getsockopt, SOL_TIPC, 127, 2)
        attempt("another level", sock.getsockopt, 270, 127)
        attempt("level IPPROTO_TCP", sock.setsockopt, 6, 1, 1)
        attempt("FIONREAD", number, sock, FIONREAD)
        attempt("TIOCOUTQ", number, sock, TIOCOUTQ)


def fresh():
    for kind in KINDS:
        with make(kind) as sock:
            print(kind.name)
            attempt("  name", name, sock)
            attempt("  peer", sock.getpeername)
            attempt("  poll", poll, sock)
            attempt("  recv", receive, sock, 10)
            attempt("  send", sock.send, b"x")
            attempt("  shutdown", sock.shutdown, socket.SHUT_RDWR)
            attempt("  shutdown SHUT_WR", sock.shutdown, socket.SHUT_WR)
            attempt("  listen", sock.listen, 1)
            attempt("  listen again", sock.listen, 1)
            sock.setblocking(False)
            attempt("  accept", sock.accept)


def names():
    for address in ((RANGE, SERVICE, 0, 50), (RANGE, SERVICE, 9, 3), (NAME, SERVICE, 5, 0),
                    (RANGE, 0, 1, 1), (RANGE, 1, 1, 1), (RANGE, 63, 1, 1), (RANGE, 64, 1, 1),
                    (RANGE, SERVICE, 0, 50, -2), (RANGE, SERVICE, 0, 51, -2),
                    (RANGE, SERVICE, 0, 50, 3), (RANGE, SERVICE, 0, 50, 7), (ID, 5, 0, 0)):
        with make() as sock:
            attempt(f"bind to {address}", sock.bind, address)
            attempt("  again", sock.bind, address)
    with make() as sock:
        sock.bind((RANGE, SERVICE, 0, 50))
        attempt("a second range", sock.bind, (RANGE, SERVICE, 60, 70))
        attempt("withdraw from another scope", sock.bind, (RANGE, SERVICE, 0, 50, -3))
        attempt("withdraw one", sock.bind, (RANGE, SERVICE, 0, 50, -2))
        attempt("withdraw it again", sock.bind, (RANGE, SERVICE, 0, 50, -2))
        with make() as client:
            attempt("send to the withdrawn", client.sendto, b"x", (NAME, SERVICE, 5, 0))
            attempt("send to the other", client.sendto, b"x", (NAME, SERVICE, 65, 0))


def datagrams():
    for kind in DGRAM, RDM:
        print(kind.name)
        with make(kind) as service, make(kind) as client:
            service.bind((RANGE, SERVICE, 0, 50))
            attempt("  no peer", client.send, b"x")
            attempt("  sendto", client.sendto, b"hello", (NAME, SERVICE, 7, 0))
            attempt("  poll", poll, service)
            attempt("  FIONREAD", number, service, FIONREAD)
            attempt("  MSG_PEEK", receive, service, 3, PEEK)
            attempt("  MSG_TRUNC", receive, service, 3, TRUNC)
            attempt("  empty", client.sendto, b"", (NAME, SERVICE, 7, 0))
            attempt("  received", receive, service, 3)
            attempt("  66000 bytes", client.sendto, bytes(66000), (NAME, SERVICE, 7, 0))
            attempt("  received", lambda: len(receive(service, 70000)))
            attempt("  66001 bytes", client.sendto, bytes(66001), (NAME, SERVICE, 7, 0))
            attempt("  nobody", client.sendto, b"x", (NAME, SERVICE, 99, 0))
            attempt("  nobody's range", client.sendto, b"x", (RANGE, SERVICE, 99, 99))
            attempt("  a range", client.sendto, b"x", (RANGE, SERVICE, 7, 99))
            attempt("  received", receive, service, 3)
            with make(kind) as gone:
                nobody = gone.getsockname()
            attempt("  no node", client.sendto, b"x", (ID, 1, 1, 0))
            attempt("  no socket", client.sendto, b"x", nobody)
            attempt("  received", receive, client, 3)
            attempt("  connect", client.connect, (NAME, SERVICE, 7, 0))
            attempt("  peer", client.getpeername)
            attempt("  send", client.send, b"by default")
            attempt("  received", receive, service, 100)
            attempt("  connect to nobody", client.connect, (NAME, SERVICE, 99, 0))
            attempt("  send", client.send, b"by default")
            service.connect(client.getsockname())
            attempt("  peer", peer_of, service)


def connect_pair(kind):
    server, client = make(kind), make(kind)
    server.bind((RANGE, SERVICE, 100, 100))
    server.listen(5)
    client.setblocking(False)
    attempt("  connect", client.connect, (NAME, SERVICE, 100, 0))
    peer = server.accept()[0]
    attempt("  SO_ERROR", client.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR)
    attempt("  connect", client.connect, (NAME, SERVICE, 100, 0))
    client.settimeout(None)
    return server, client, peer


def connections():
    for kind in SEQPACKET, STREAM:
        print(kind.name)
        server, client, peer = connect_pair(kind)
        for who, sock in ("server", server), ("client", client), ("peer", peer):
            attempt(f"  {who} name", name, sock)
            attempt(f"  {who} peer", peer_of, sock)
        attempt("  client poll", poll, client)
        attempt("  again", client.connect, (NAME, SERVICE, 100, 0))
        attempt("  send", client.send, b"hello")
        attempt("  and", client.send, b"world")
        attempt("  FIONREAD", number, peer, FIONREAD)
        attempt("  poll", poll, peer)
        attempt("  recv 3", receive, peer, 3)
        attempt("  recv 100", receive, peer, 100)
        attempt("  recv 100", receive, peer, 100)
        attempt("  empty", client.send, b"")
        attempt("  received", receive, peer, 100)
        attempt("  sendto", client.sendto, b"x", (NAME, SERVICE, 100, 0))
        attempt("  received", receive, peer, 100)
        attempt("  66001 bytes", client.send, bytes(66001), DONTWAIT)
        attempt("  SHUT_WR", client.shutdown, socket.SHUT_WR)
        attempt("  SHUT_RDWR", client.shutdown, socket.SHUT_RDWR)
        attempt("  again", client.shutdown, socket.SHUT_RDWR)
        attempt("  send", client.send, b"x")
        attempt("  recv", receive, client, 3)
        attempt("  poll", poll, client)
        while kind == STREAM and len(peer.recv(70000)):
            pass
        attempt("  peer poll", poll, peer)
        attempt("  peer send", peer.send, b"x")
        attempt("  peer name of the other", peer_of, peer)
        close(client, peer, server)


def refused():
    for kind in SEQPACKET, STREAM:
        print(kind.name)
        with make(kind) as client:
            attempt("  nobody", client.connect, (NAME, SERVICE, 101, 0))
            attempt("  poll", poll, client)
            attempt("  a range", client.connect, (RANGE, SERVICE, 101, 101))
        with make(kind) as server, make(kind) as client:
            server.bind((RANGE, SERVICE, 102, 102))
            client.setsockopt(SOL_TIPC, 130, 300)
            attempt("  does not listen", client.connect, (NAME, SERVICE, 102, 0))
        with make(kind) as server, make(kind) as client:
            server.bind((RANGE, SERVICE, 103, 103))
            server.listen(1)
            client.setblocking(False)
            attempt("  nobody accepts", client.connect, (NAME, SERVICE, 103, 0))
            attempt("  again", client.connect, (NAME, SERVICE, 103, 0))
            attempt("  poll", poll, client)
            attempt("  send", client.send, b"x")


def main():
    signal.alarm(50)
    for part in (options, fresh, names, datagrams, connections, refused):
        print("--", part.__name__)
        part()


if __name__ == "__main__":
    main()
