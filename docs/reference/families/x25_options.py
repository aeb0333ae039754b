"""What can be said and asked beside an X.25 call: facilities, user data, the Q bit, the cause.

Needs a kernel with AF_X25, and two joined interfaces: start x25_cable.py first.
"""

import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct

# linux/x25.h
SIOCX25GFACILITIES, SIOCX25SFACILITIES = 0x89E2, 0x89E3
SIOCX25GCALLUSERDATA, SIOCX25SCALLUSERDATA = 0x89E4, 0x89E5
SIOCX25GCAUSEDIAG, SIOCX25CALLACCPTAPPRV, SIOCX25SENDCALLACCPT = 0x89E6, 0x89E8, 0x89E9
SOL_X25, X25_QBITINCL = 262, 1
WAIT = 5  # seconds

ERRORS = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}
libc = ctypes.CDLL(None, use_errno=True)


def pack(digits):
    """The 18 bytes of a sockaddr_x25."""
    return struct.pack("=H16s", socket.AF_X25, digits.encode("ascii"))


def checked(result):
    """Return what a C call returned, or raise its errno."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def bind(sock, digits):
    return checked(libc.bind(sock.fileno(), pack(digits), 18))


def connect(sock, digits):
    return checked(libc.connect(sock.fileno(), pack(digits), 18))


def accept(sock):
    select.select([sock], [], [], WAIT)
    number = checked(libc.accept(sock.fileno(), None, None))
    return socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET, fileno=number)


def facilities(sock):
    """struct x25_facilities: windows in and out, packet sizes as powers of two, and two more."""
    fields = struct.unpack("=6I", fcntl.ioctl(sock, SIOCX25GFACILITIES, bytes(24)))
    return f"window {fields[0]}/{fields[1]}, packets {1 << fields[2]}/{1 << fields[3]}"


def propose(sock, window_in, window_out, size_in, size_out, throughput=0, reverse=0):
    fields = window_in, window_out, size_in, size_out, throughput, reverse
    fcntl.ioctl(sock, SIOCX25SFACILITIES, struct.pack("=6I", *fields))


def user_data(sock):
    """struct x25_calluserdata: a length, and 128 bytes."""
    answer = fcntl.ioctl(sock, SIOCX25GCALLUSERDATA, bytes(132))
    return answer[4 : 4 + struct.unpack("=I", answer[:4])[0]]


def set_user_data(sock, data):
    fcntl.ioctl(sock, SIOCX25SCALLUSERDATA, struct.pack("=I128s", len(data), data))


def cause(sock):
    """struct x25_causediag: why the call was cleared."""
    return tuple(fcntl.ioctl(sock, SIOCX25GCAUSEDIAG, bytes(2)))


def receive(sock):
    select.select([sock], [], [], WAIT)
    return sock.recv(3000)


def attempt(who, what, function, *arguments):
    """Make a call and print what came of it."""
    try:
        result = function(*arguments)
    except OSError as error:
        result = ERRORS[error.errno]
    print(f"{who}  {what}: {result}")


def call_with_proposals(server, client):
    """Each end says what it can do; the call has the smaller of each."""
    attempt("server", "windows of 5, packets of 512", propose, server, 5, 5, 9, 9)
    attempt("client", "windows of 3 and 4, packets of 256", propose, client, 3, 4, 8, 8)
    attempt("client", "window 0", propose, client, 0, 4, 8, 8)
    attempt("client", "packets of 8 bytes", propose, client, 3, 4, 3, 8)
    attempt("client", "user data", set_user_data, client, b"\1greeting")
    attempt("server", "answer calls by hand", fcntl.ioctl, server, SIOCX25CALLACCPTAPPRV)
    bind(server, "1001")
    server.listen(1)
    bind(client, "2002")
    client.setblocking(False)
    attempt("client", "connect", connect, client, "1001")
    called = accept(server)
    attempt("server", "user data", user_data, called)
    attempt("server", "accept the call", fcntl.ioctl, called, SIOCX25SENDCALLACCPT)
    select.select([], [client], [], WAIT)
    attempt("client", "facilities", facilities, client)
    attempt("server", "facilities", facilities, called)
    attempt("client", "propose now", propose, client, 2, 2, 7, 7)
    client.setblocking(True)
    return called


def qualify(client, called):
    """With X25_QBITINCL the first byte of a message says whether it is qualified."""
    for sock in client, called:
        sock.setsockopt(SOL_X25, X25_QBITINCL, 1)
    for message in b"\1for the terminal", b"\0for its user":
        attempt("client", "send", client.send, message, socket.MSG_EOR)
        attempt("server", "receive", receive, called)


def main():
    signal.alarm(30)  # ends the program if anything waits for ever
    try:
        server = socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET)
    except OSError as error:
        print(f"AF_X25: {error.strerror} ({errno.errorcode[error.errno]})")
        return
    client = socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET)
    stranger = socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET)
    with server, client, stranger:
        with call_with_proposals(server, client) as called:
            qualify(client, called)
        bind(stranger, "2002")
        attempt("stranger", "connect to 10015", connect, stranger, "10015")
        attempt("stranger", "cause and diagnostic", cause, stranger)
        attempt("stranger", "connect to 555", connect, stranger, "555")


if __name__ == "__main__":
    main()
