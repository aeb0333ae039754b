"""AF_UNIX: a pair of connected sockets, and the end of a stream."""

import socket

left, right = socket.socketpair()
with left, right:
    left.sendall(b"the last words")
    left.shutdown(socket.SHUT_WR)
    while data := right.recv(5):
        print(data)
    print("end of the stream")
