"""UDP: two datagrams stay two, however they are read."""

import socket

with (
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
):
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(1)
    sender.sendto(b"first", receiver.getsockname())
    sender.sendto(b"second", receiver.getsockname())
    print(receiver.recv(1024))
    print(receiver.recv(3), "the rest is lost")
    try:
        receiver.recv(1024)
    except TimeoutError as error:
        print(error)
