"""Framing: a naive reader beside a right one (switch on short reads)."""

import socket
import struct


def naive(sock):
    (length,) = struct.unpack(">I", sock.recv(4))
    return sock.recv(length)


def right(sock):
    (length,) = struct.unpack(">I", recv_exactly(sock, 4))
    return recv_exactly(sock, length)


def recv_exactly(sock, count):
    received = b""
    while len(received) < count:
        piece = sock.recv(count - len(received))
        if not piece:
            raise EOFError("the stream ended early")
        received += piece
    return received


for read in (naive, right):
    sender, receiver = socket.socketpair()
    with sender, receiver:
        message = b"a whole message"
        sender.sendall(struct.pack(">I", len(message)) + message)
        try:
            print(read.__name__, read(receiver))
        except struct.error as error:
            print(read.__name__, "breaks:", error)
