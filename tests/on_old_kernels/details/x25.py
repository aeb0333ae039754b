"""AF_X25: options, ioctls, facilities, user data, interrupts, the Q bit, approval, refusals.

Needs the two joined interfaces of docs/reference/families/x25_cable.py, and root.
"""

import fcntl
import signal
import socket
import struct
import time

from asking import (
    DONTWAIT,
    EOR,
    FIONREAD,
    OOB,
    PEEK,
    TIOCOUTQ,
    TRUNC,
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
    ready,
    receive,
    sendto,
)

SOL_X25, X25_QBITINCL = 262, 1
(GSUBSCRIP, SSUBSCRIP, GFACILITIES, SFACILITIES, GUSERDATA, SUSERDATA, GCAUSE, SMATCHLEN, APPROVE,
 ACCEPT, GDTE, SDTE, SCAUSE) = range(0x89E0, 0x89ED)  # linux/x25.h: SIOCX25…


def pack(digits):
    return struct.pack("=H16s", socket.AF_X25, digits.encode("ascii"))


def make(digits=None):
    sock = socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET)
    if digits is not None:
        bind(sock, pack(digits))
    return sock


def facilities(sock):
    return struct.unpack("=6I", ioctl(sock, GFACILITIES, bytes(24)))


def propose(sock, *values):
    return len(ioctl(sock, SFACILITIES, struct.pack("=6I", *values)))


def user_data(sock):
    answer = ioctl(sock, GUSERDATA, bytes(132))
    return answer[4:4 + struct.unpack("=I", answer[:4])[0]]


def set_user_data(sock, data, length=None):
    size = len(data) if length is None else length
    return len(ioctl(sock, SUSERDATA, struct.pack("=I128s", size, data)))


def cause(sock):
    return ioctl(sock, GCAUSE, bytes(2)).hex()


def match(sock, length):
    return len(ioctl(sock, SMATCHLEN, struct.pack("=I", length)))


def subscription(sock, request, device, mask=0, extended=0):
    argument = struct.pack("=192sQI4x", device, mask, extended)
    return struct.unpack("=192xQI4x", ioctl(sock, request, argument))


def digits_of(sock, function=None):
    return name_of(sock, function)[2:].partition(b"\0")[0]


def call(before_server=None, before_client=None):
    """A call from 2002 to 1001: the listener, the caller, the called."""
    server, client = make("1001"), make("2002")
    if before_server:
        before_server(server)
    server.listen(3)
    if before_client:
        before_client(client)
    connect(client, pack("1001"))
    return server, client, accept(server)


def settings():
    with make() as sock:
        for value in 1, 7, 0, b"\1":
            attempt(f"QBITINCL {value}", sock.setsockopt, SOL_X25, X25_QBITINCL, value)
            attempt("  reads", sock.getsockopt, SOL_X25, X25_QBITINCL)
        attempt("two bytes of it", sock.getsockopt, SOL_X25, X25_QBITINCL, 2)
        attempt("another option", sock.setsockopt, SOL_X25, 2, 1)
        attempt("another option", sock.getsockopt, SOL_X25, 2)
        attempt("another level", sock.setsockopt, 263, 1, 1)
        for request in 0x8915, 0x891B, 0x89EE:
            attempt(f"ioctl {request:#x}", ioctl, sock, request, bytes(40))
        attempt("TIOCOUTQ", number, sock, TIOCOUTQ)
        attempt("FIONREAD", number, sock, FIONREAD)
        attempt("poll", poll, sock)
        attempt("send", sock.send, b"x", EOR)
        attempt("recv", sock.recv, 10)
        attempt("shutdown", sock.shutdown, socket.SHUT_RDWR)
        attempt("subscription of x25a", subscription, sock, GSUBSCRIP, b"x25a")
        attempt("subscription of lo", subscription, sock, GSUBSCRIP, b"lo")
        attempt("extended 2", subscription, sock, SSUBSCRIP, b"x25a", 15, 2)
        attempt("the same", subscription, sock, SSUBSCRIP, b"x25a", 15, 0)
        attempt("DTE facilities", ioctl, sock, GDTE, bytes(48))


def before_a_call():
    with make() as sock:
        attempt("facilities", facilities, sock)
        for values in ((3, 4, 8, 9, 0, 0), (0, 2, 7, 7, 0, 0), (128, 2, 7, 7, 0, 0),
                       (2, 2, 3, 7, 0, 0), (2, 2, 7, 13, 0, 0), (2, 2, 7, 7, 0x22, 0),
                       (2, 2, 7, 7, 0x33, 0), (2, 2, 7, 7, 0x30, 0), (2, 2, 7, 7, 0x03, 0),
                       (2, 2, 7, 7, 0xDD, 0), (2, 2, 7, 7, 0xEE, 0), (2, 2, 7, 7, 0, 1),
                       (2, 2, 7, 7, 0, 0x80), (2, 2, 7, 7, 0, 0x81), (2, 2, 7, 7, 0, 2),
                       (127, 127, 12, 4, 0, 0)):
            attempt(f"propose {values}", propose, sock, *values)
            attempt("  facilities", facilities, sock)
        attempt("user data", user_data, sock)
        attempt("set", set_user_data, sock, b"user")
        attempt("user data", user_data, sock)
        attempt("set 129 bytes", set_user_data, sock, b"x", 129)
        attempt("cause", cause, sock)
        attempt("set", lambda: ioctl(sock, SCAUSE, b"\5\6").hex())
        attempt("cause", cause, sock)
        attempt("match 4", match, sock, 4)
        attempt("match 129", match, sock, 129)
        attempt("accept what nobody asked", fcntl.ioctl, sock, ACCEPT)
        attempt("approve", fcntl.ioctl, sock, APPROVE)


def names():
    for digits in "", "123456789012345":
        with make() as sock:
            attempt(f"bind to {digits!r}", bind, sock, pack(digits))
            attempt("again", bind, sock, pack("1"))
    with make() as sock:
        attempt("bind to 16 digits", bind, sock, struct.pack("=H16s", 9, b"1" * 16))
        attempt("listen", sock.listen, 1)
        attempt("listen again", sock.listen, 2)
        attempt("bind", bind, sock, pack("77"))
        attempt("name", digits_of, sock)


def in_a_call():
    server, client, called = call(
        lambda server: propose(server, 5, 5, 9, 9, 0xBB, 0),
        lambda client: (propose(client, 3, 4, 8, 10, 0xAC, 0), set_user_data(client, b"\1hi")))
    for name, sock in ("server", server), ("client", client), ("called", called):
        attempt(f"{name} facilities", facilities, sock)
        attempt(f"{name} user data", user_data, sock)
        attempt(f"{name} name", digits_of, sock)
        attempt(f"{name} peer", digits_of, sock, libc.getpeername)
        attempt(f"{name} poll", poll, sock)
    attempt("propose", propose, client, 2, 2, 7, 7, 0, 0)
    attempt("approve", fcntl.ioctl, client, APPROVE)
    attempt("match", match, client, 4)
    attempt("accept", fcntl.ioctl, called, ACCEPT)
    attempt("connect", connect, client, pack("1001"))
    attempt("listen", client.listen, 1)
    attempt("bind", bind, client, pack("2003"))
    client.close()
    time.sleep(0.3)
    attempt("poll", poll, called)
    attempt("cause", cause, called)
    attempt("recv", receive, called)
    attempt("send", called.send, b"x", EOR)
    attempt("SO_ERROR", called.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR)
    close(called, server)


def data():
    server, client, called = call()
    client.send(b"0123456789", EOR)
    ready(called=called)
    attempt("poll", poll, called)
    attempt("FIONREAD", number, called, FIONREAD)
    attempt("4 bytes, MSG_PEEK", receive, called, 4, PEEK)
    attempt("4 bytes", receive, called, 4)
    client.send(b"0123456789", EOR)
    attempt("4 bytes, MSG_TRUNC", receive, called, 4, TRUNC)
    attempt("nothing", client.send, b"", EOR)
    attempt("  received", receive, called)
    attempt("sendto the peer", sendto, client, b"abc", pack("1001"), EOR)
    attempt("  received", receive, called)
    attempt("sendto another", sendto, client, b"abc", pack("1009"), EOR)
    attempt("MSG_NOSIGNAL", client.send, b"x", EOR | 0x4000)
    attempt("MSG_MORE", client.send, b"x", EOR | 0x8000)
    attempt("65536 bytes", client.send, bytes(65536), EOR | DONTWAIT)
    attempt("urgent", client.send, b"urgent", OOB)
    time.sleep(0.3)
    attempt("poll", poll, called)
    attempt("MSG_OOB", receive, called, 100, OOB)
    attempt("MSG_OOB again", receive, called, 100, OOB)
    attempt("urgent, 40 bytes", client.send, b"u" * 40, OOB)
    attempt("MSG_OOB", receive, called, 100, OOB)
    called.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    attempt("urgent", client.send, b"urgent", OOB)
    attempt("in line", receive, called, 100)
    attempt("MSG_OOB", receive, called, 100, OOB)
    close(client, called, server)


def qualified():
    server, client, called = call(
        lambda server: server.setsockopt(SOL_X25, X25_QBITINCL, 1))
    attempt("from the listener", called.getsockopt, SOL_X25, X25_QBITINCL)
    called.setsockopt(SOL_X25, X25_QBITINCL, 0)
    client.setsockopt(SOL_X25, X25_QBITINCL, 1)
    attempt("qualified", client.send, b"\1qualified", EOR)
    attempt("  received plainly", receive, called)
    called.setsockopt(SOL_X25, X25_QBITINCL, 1)
    for message in b"\1qualified", b"\0ordinary", b"\x09nine", b"\1", b"\1" + b"L" * 300:
        attempt(f"{message[:4]}", client.send, message, EOR)
        attempt("  received", lambda: (lambda got: (got[:4], len(got)))(receive(called)))
    close(client, called, server)


def refused():
    with make("2002") as client:
        attempt("connect to nobody", connect, client, pack("10015"))
        attempt("cause", cause, client)
        attempt("poll", poll, client)
    with make("2002") as client:
        attempt("connect without a route", connect, client, pack("555"))
    server, client = make("1001"), make("2002")
    server.listen(1)
    propose(client, 2, 2, 7, 7, 0, 0x81)
    attempt("reverse charging", connect, client, pack("1001"))
    called = accept(server)
    attempt("client facilities", facilities, client)
    attempt("called facilities", facilities, called)
    close(client, called, server)
    server, client = make("1001"), make("2002")
    propose(server, 2, 2, 7, 7, 0, 0x81)
    server.listen(1)
    propose(client, 2, 2, 7, 7, 0, 0x81)
    attempt("reverse charging at both ends", connect, client, pack("1001"))
    attempt("cause", cause, client)
    close(client, server)


def approved():
    server, client = make("1001"), make("2002")
    attempt("approve", fcntl.ioctl, server, APPROVE)
    server.listen(2)
    set_user_data(client, b"who")
    client.setblocking(False)
    attempt("connect", connect, client, pack("1001"))
    attempt("again", connect, client, pack("1001"))
    called = accept(server)
    attempt("client poll", poll, client)
    attempt("called poll", poll, called)
    attempt("user data", user_data, called)
    attempt("accept", fcntl.ioctl, called, ACCEPT)
    time.sleep(0.3)
    attempt("client user data", user_data, client)
    attempt("client poll", poll, client)
    attempt("send", client.send, b"hello", EOR)
    attempt("received", receive, called)
    close(client, called, server)


def matched():
    """Which of two listeners gets a call is for its user data to say."""
    choosy, other = make("10011"), make("10011")
    match(choosy, 2)
    set_user_data(choosy, b"AA")
    choosy.listen(2)
    other.listen(2)
    for text in b"AAxx", b"BBxx", b"A":
        with make("2002") as client:
            set_user_data(client, text)
            attempt(f"connect with {text}", connect, client, pack("10011"))
            attempt("ready", lambda: ready(choosy=choosy, other=other))
            for server in choosy, other:
                if ready(server=server):
                    accept(server).close()
    close(choosy, other)
    with make("10012") as choosy:
        match(choosy, 2)
        set_user_data(choosy, b"AA")
        choosy.listen(2)
        for text in b"", b"A", b"AZ", b"AA":
            with make("2002") as client:
                set_user_data(client, text)
                attempt(f"connect with {text}", connect, client, pack("10012"))


def main():
    signal.alarm(50)
    for part in (settings, before_a_call, names, in_a_call, data, qualified, refused, approved,
                 matched):
        print("--", part.__name__)
        part()
        time.sleep(0.5)


if __name__ == "__main__":
    main()
