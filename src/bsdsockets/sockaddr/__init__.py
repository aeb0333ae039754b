"""Addresses that Python's socket module cannot write, as values and as the bytes a kernel reads.

CPython makes sockets of AF_X25, AF_AX25, AF_IPX, AF_APPLETALK and AF_ATMPVC, but refuses their
addresses ("bad family").  Here are a class for each, and the calls that take and give them:

    import socket
    from bsdsockets import sockaddr

    with socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET) as server:
        sockaddr.bind(server, sockaddr.X25("1001"))
        server.listen()
        connection, caller = sockaddr.accept(server)       # caller is an X25

    values    X25 AX25 IPX AppleTalk ATMPVC: fields, text, bytes
    ordinary  Netlink Packet TIPC, which Python can write too
    calls     bind connect accept sendto recvfrom getsockname getpeername, of the operating
              system through the C library, or of the model

Everything else a socket does (listen, send, recv, setsockopt …) works as ever.

>>> from bsdsockets import sockaddr
>>> sockaddr.IPX.parse("00000001:0123456789ab:4001").pack()[2:].hex()
'4001000000010123456789ab0000'
>>> print(sockaddr.AX25.parse("n0call-7 via port1"))
N0CALL-7 via PORT1
>>> sockaddr.ATMPVC(1, 0, 70000)
Traceback (most recent call last):
ValueError: vci 70000 is not between -2 and 65535
"""

from .calls import accept, bind, connect, getpeername, getsockname, recvfrom, sendto
from .ordinary import TIPC, Netlink, Packet
from .values import ATMPVC, AX25, IPX, X25, Address, AppleTalk, unpack

__all__ = [
    "ATMPVC",
    "AX25",
    "IPX",
    "TIPC",
    "X25",
    "Address",
    "AppleTalk",
    "Netlink",
    "Packet",
    "accept",
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "recvfrom",
    "sendto",
    "unpack",
]
