"""The words for AF_NETLINK and AF_PACKET, beside those of `vocabulary`.

An answer shows what two systems must have in common: a port id and the port of a datagram by a
name, no identification, checksum or flow label of IP, and of netlink's attributes those that the
model has (docs/inside/differences.md).
"""

# ruff: noqa: F403, F405, I001 -- as in vocabulary.py; executed with its words at hand
from socket import *
import ctypes
import fcntl
import os
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)
ROUTE, USERSOCK, SOCK_PACKET, SOL_PACKET, SOL_NETLINK = 0, 2, 10, 263, 270
EXPERIMENT, PORT = 0x88B5, 40404
NEWLINK, NEWADDR, DELADDR, NEWROUTE, DELROUTE = 16, 20, 21, 24, 25
LINK_ATTRIBUTES = (1, 2, 3, 4, 6, 13, 16, 17, 27, 30, 31, 32, 33)
GROUPS = (0, 1, 2, 4, 5, 6, 9, 10, 31, 32, 33, 38, 39, 64)


def nl(part=ROUTE, kind=SOCK_RAW):
    return quiet(socket.socket(AF_NETLINK, kind, part))


def pk(kind=SOCK_RAW, protocol=EXPERIMENT, family=AF_PACKET):
    return quiet(socket.socket(family, kind, htons(protocol)))


def failing(result):
    """Raise what the C library says is wrong."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def cbind(sock, address, length=None):
    """bind() with the bytes of a sockaddr, and any length."""
    return failing(libc.bind(sock.fileno(), address, len(address) if length is None else length))


def cconnect(sock, address, length=None):
    """connect() with the bytes of a sockaddr, and any length."""
    size = len(address) if length is None else length
    return failing(libc.connect(sock.fileno(), address, size))


def csend(sock, data, flags, address):
    """sendto() with the bytes of a sockaddr, and any length."""
    size = ctypes.c_size_t(len(data))
    return failing(libc.sendto(sock.fileno(), data, size, flags, address, len(address)))


def cname(sock, which="getsockname", room=128):
    """The bytes of a name, and how long it is, where there is room for so many."""
    name, length = ctypes.create_string_buffer(128), ctypes.c_uint(room)
    failing(getattr(libc, which)(sock.fileno(), name, ctypes.byref(length)))
    data = name.raw[: min(length.value, room)]
    return (data[:4] if sock.family == AF_NETLINK else data), length.value


def control(sock, request, argument=bytes(40)):
    """What an ioctl leaves in its argument; of a time only that there is one."""
    found = fcntl.ioctl(sock, request, argument)
    return "a time" if request in (0x8906, 0x8907) else found


def port(number):
    """A port id, to be named by the order of appearance."""
    return ("port", number)


def where(sock, which="getsockname"):
    """The port id and the groups of a name."""
    number, groups = getattr(sock, which)()
    return port(number), groups


def reached(host, own="", kind=SOCK_DGRAM):
    """How a socket comes to a host: what connect() says, its own address, what became of a byte."""
    with quiet(socket.socket(AF_INET, kind)) as made:
        made.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
        if own:
            made.bind((own, 0))
        said, name = made.connect_ex((host, 9)), made.getsockname()[0]
        if said == 0:
            made.send(b"x")
        return said, name, made.getsockopt(SOL_SOCKET, SO_ERROR)


def attribute(kind, value):
    data = struct.pack("=HH", 4 + len(value), kind) + value
    return data + bytes(-len(data) % 4)


def message(kind, flags, body=b"", sequence=7, pid=0, length=None):
    """A message of netlink; its length may be a lie."""
    size = 16 + len(body) if length is None else length
    data = struct.pack("=IHHII", size, kind, flags, sequence, pid) + body
    return data + bytes(-len(data) % 4)


def link(index=0, flags=0, mask=0, family=0, name=None):
    """A struct ifinfomsg."""
    data = struct.pack("=BxHiII", family, 0, index, flags, mask)
    return data if name is None else data + attribute(3, name)


def address(host, prefix=24, index=1, family=AF_INET, scope=0, both=True):
    """A struct ifaddrmsg with an address."""
    packed = inet_pton(family, host) if host else b""
    data = struct.pack("=BBBBI", family, prefix, 0, scope, index)
    data += attribute(2, packed) if both and packed else b""
    return data + (attribute(1, packed) if packed else b"")


def way(host, family=AF_INET, length=32, table=0, kind=0):
    """A struct rtmsg with a destination."""
    data = struct.pack("=BBBBBBBBI", family, length, 0, 0, table, 0, 0, kind, 0)
    return data + (attribute(1, inet_pton(family, host)) if host else b"")


def opened(kind, body):
    """A body of an answer, its attributes in a dictionary's order."""
    head = {NEWLINK: 16, NEWADDR: 8, DELADDR: 8, NEWROUTE: 12, DELROUTE: 12}.get(kind)
    if head is None or len(body) < head:
        return body
    found, data = {}, body[head:]
    while len(data) >= 4:
        length, number = struct.unpack_from("=HH", data)
        if not 4 <= length <= len(data):
            break
        found[number] = data[4:length]
        data = data[(length + 3) & ~3:]
    if kind == NEWLINK:
        found = {number: found[number] for number in LINK_ATTRIBUTES if number in found}
    if kind in (NEWADDR, DELADDR) and 6 in found:
        found[6] = found[6][:8]  # the lifetimes without the times of the change
    if kind in (NEWROUTE, DELROUTE) and 12 in found:
        found[12] = found[12][4:]  # without how many use the route
    return body[:head], [(number, bytes(found[number])) for number in sorted(found)]


def parts(data):
    """The messages of a datagram."""
    found = []
    while len(data) >= 16:
        length, kind, flags, sequence, pid = struct.unpack_from("=IHHII", data)
        content = data[16:length]
        if kind == 2 and len(content) >= 20:
            quoted = struct.unpack_from("=IHHI", content, 4)
            content = (content[:4], *quoted, content[20:])
        elif flags & 2 or kind >= 16:
            content = opened(kind, content)
        found.append((kind, flags, sequence, port(pid), content))
        if length < 16:
            break
        data = data[(length + 3) & ~3:]
    return found


def heard(sock, size=65536, flags=0, room=64):
    """Receive a datagram of netlink and take it apart; one of a program's as it is."""
    data, control, flags, (sender, groups) = sock.recvmsg(size, room, flags)
    control = [each if each[1] != SCM_CREDENTIALS else each[:2] for each in control]
    whole = sender == 0 and not flags & MSG_TRUNC
    return (parts(data) if whole else len(data)), control, flags, (port(sender), groups)


def asked(sock, kind, flags, body=b"", **more):
    """Send a request and return everything that comes back."""
    sock.send(message(kind, flags, body, **more))
    found = []
    while len(found) < 20:
        try:
            found.append(heard(sock)[0])
        except OSError as error:
            found.append(error.with_traceback(None))
            break
    return found


def frame(ethertype=EXPERIMENT, data=b"data", to=bytes(6)):
    return to + bytes(6) + struct.pack("!H", ethertype) + data


def udp_at():
    """A socket of UDP at a port that `made` sends to."""
    made = quiet(socket.socket(AF_INET, SOCK_DGRAM))
    made.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    made.bind(("0.0.0.0", PORT))
    return made


def made(source, to, data=b"made"):
    """A packet of IPv4 with a datagram in it, from anybody to anybody."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(data), 1, 0, 64, 17, 0,
                       inet_aton(source), inet_aton(to))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:]
    return head + struct.pack("!HHHH", 9, PORT, 8 + len(data), 0) + data


def ll(ethertype=EXPERIMENT, index=1, to=bytes(6), kind=0, family=AF_PACKET, length=None):
    """The bytes of a struct sockaddr_ll."""
    size = len(to) if length is None else length
    return (struct.pack("=H", family) + struct.pack("!H", ethertype)
            + struct.pack("=iHBB", index, 0, kind, size) + to.ljust(8, b"\0"))


def masked(data, at):
    """A packet of IP without what a system chooses: numbers, sums, ports."""
    mask, version = bytearray(data), data[at] >> 4 if len(data) > at else 0
    spans = {4: ((4, 6), (10, 12), (20, 24), (26, 28)), 6: ((1, 4), (40, 44), (46, 48))}
    if data[at + 9:at + 10] == b"\1" and version == 4:
        return data[:at + 1], len(data)
    if data[at + 6:at + 7] == b"\x3a" and version == 6:
        return data[:at + 1], len(data)
    for first, last in spans.get(version, ()):
        for place in range(at + first, min(at + last, len(mask))):
            mask[place] = 0
    return bytes(mask)


def caught(sock, size=65536, flags=0, room=64):
    """Receive a frame."""
    data, control, flags, sender = sock.recvmsg(size, room, flags)
    control = [each if each[0] != SOL_SOCKET or each[1] == 36 else (*each[:2], len(each[2]))
               for each in control]  # time stamps; SO_MARK is 36
    if sock.type == SOCK_PACKET and sender and type(sender[1]) is bytes:
        sender = sender[0], sender[1].partition(b"\0")[0]  # what follows is left over
    at = 0 if sock.type == SOCK_DGRAM else 14
    ethertype = sender[1] if len(sender) == 5 else int.from_bytes(data[12:14], "big")
    if ethertype in (0x800, 0x86DD) and data:
        data = masked(data, at)
    return data, control, flags, sender


def seen(sock):
    """What can be seen of a socket without changing it: readiness, its name, what waits."""
    found = [poll(sock)]
    chosen = sock.family != AF_NETLINK and sock.type == SOCK_DGRAM and sock.family != AF_PACKET
    for look in (cname, lambda each: control(each, 0x541B, bytes(4))):
        try:
            found.append("its own port" if chosen and look is cname else look(sock))
        except OSError as error:
            found.append(error.with_traceback(None))
    return tuple(found)
