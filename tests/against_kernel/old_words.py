"""The words for AF_TIPC, AF_APPLETALK and AF_ATMPVC, beside those of `vocabulary` and `link_words`.

Executed with theirs.  What a kernel chose for itself is named by the order of appearance: TIPC's
references, and ATM's free channels.
"""

# ruff: noqa: F403, F405, I001 -- as in vocabulary.py; executed with its words at hand
from socket import *
import ctypes
import socket
import struct

# a world gives each of its programs another SERVICE
SERVICE, TIPC_LEVEL, ATM_LEVEL, QOS = 18888, 271, 264, 0x42020054
NET, NODE = 0xFF00, 66


def tp(kind=SOCK_RDM):
    return quiet(socket.socket(AF_TIPC, kind))


def shape(address):
    """TIPC's address of a socket, its reference by a name."""
    if not address or address[0] != 3:
        return address
    return (address[0], address[1], ("port", address[2]), address[4])


def tname(sock, which="getsockname"):
    return shape(getattr(sock, which)())


def tcaught(sock, size=100, flags=0, room=64):
    data, control, flags, sender = sock.recvmsg(size, room, flags)
    return data, control, flags, shape(sender)


def taccept(sock):
    connection, peer = sock.accept()
    return quiet(connection), shape(peer)


def family_name(sock):
    """A socket's name in bytes, and how long it is."""
    return cname(sock)


def crecv(sock, size=100, flags=0):
    """recvfrom() with the bytes of the sender's sockaddr."""
    data, name = ctypes.create_string_buffer(size), ctypes.create_string_buffer(128)
    length = ctypes.c_uint(128)
    count = failing(libc.recvfrom(sock.fileno(), data, ctypes.c_size_t(size), flags, name,
                                  ctypes.byref(length)))
    sender = name.raw[:length.value]
    if sock.family == AF_APPLETALK:
        sender = sender[:3] + sender[4:8]  # without what nobody wrote
    return data.raw[:min(count, size)], count, sender


def dd(kind=SOCK_DGRAM):
    return quiet(socket.socket(AF_APPLETALK, kind))


def at_address(port=0, net=0, node=0, family=AF_APPLETALK, zero=bytes(8)):
    """The bytes of a struct sockaddr_at."""
    return struct.pack("=H", family) + struct.pack("!BxHBx8s", port, net, node, zero)


def routerless():
    """Give lo every net there is, once; return its address."""
    with socket.socket(AF_APPLETALK, SOCK_DGRAM) as asked:
        nets = struct.pack("!BxHHxx", 2, 0, 0xFFFE)
        request = b"lo".ljust(16, b"\0") + at_address(0, NET, NODE, zero=nets)
        try:
            fcntl.ioctl(asked, 0x8916, request.ljust(160, b"\0"))
        except OSError as error:
            return error.with_traceback(None)
    return "lo has an address"


def pvc(kind=SOCK_DGRAM, protocol=5):
    return quiet(socket.socket(AF_ATMPVC, kind, protocol))


def vc(itf=0, vpi=0, vci=100, family=AF_ATMPVC):
    """The bytes of a struct sockaddr_atmpvc."""
    return struct.pack("=H2xhhi", family, itf, vpi, vci)


def quality(to=1, back=1, largest=1500, aal=5):
    """A struct atm_qos."""
    there, here = (struct.pack("=B3xiiiii16x", kind, 0, 0, 0, 0, largest) for kind in (to, back))
    return there + here + struct.pack("=B3x", aal)


def searched():
    """End the search for a free circuit at the first there is."""
    for circuit in vc(0, 0, -1), vc(0, -1, 32):
        with pvc() as sock:
            sock.setsockopt(264, QOS, quality())
            cbind(sock, circuit)


def half(address):
    """A circuit of which something is to be said later: what bind says and what the socket is."""
    with pvc() as sock:
        sock.setsockopt(264, QOS, quality())
        return cbind(sock, address), watched(sock)


def aname(sock, which="getsockname"):
    """A circuit."""
    return struct.unpack("=4xhhi", cname(sock, which)[0][:12])


def watched(sock):
    """What poll says, and what waits."""
    found = [poll(sock, 0x23DF)]
    for request in 0x541B, 0x5411:
        try:
            found.append(control(sock, request, bytes(4)))
        except OSError as error:
            found.append(error.with_traceback(None))
    return tuple(found)
