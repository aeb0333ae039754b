"""What NETLINK_ROUTE says to requests, the wrong ones above all; run on model and kernel alike."""

import errno
import socket
import struct

SOL_NETLINK, ADD_MEMBERSHIP, PKTINFO, CAP_ACK, EXT_ACK = 270, 1, 3, 10, 11
REQUEST, ACK, ECHO, REPLACE, EXCLUSIVE, DUMP = 0x1, 0x4, 0x8, 0x100, 0x200, 0x300
NEWLINK, DELLINK, GETLINK, NEWADDR, DELADDR, GETADDR, GETROUTE, GETNEIGH = (
    16, 17, 18, 20, 21, 22, 26, 30)


def message(kind, flags, body):
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 7, 0) + body


def attribute(kind, value):
    data = struct.pack("=HH", 4 + len(value), kind) + value
    return data + bytes(-len(data) % 4)


def link(index, flags=0, mask=0):
    return struct.pack("=BxHiII", 0, 0, index, flags, mask)


def address(index, last, prefix=24, family=2):
    packed = bytes((192, 0, 2, last))
    about = struct.pack("=BBBBI", family, prefix, 0, 0, index)
    return about + attribute(2, packed) + attribute(1, packed)


def address6(last, prefix=64):
    return struct.pack("=BBBBI", 10, prefix, 0, 0, 1) + attribute(
        1, bytes.fromhex("20010db8") + bytes(11) + bytes([last]))


def way(*destination):
    return struct.pack("=BBBBBBBBI", 2, 32, 0, 0, 0, 0, 0, 0, 0) + attribute(1, bytes(destination))


CASES = (
    ("no link", GETLINK, REQUEST, link(0)),
    ("link 999", GETLINK, REQUEST, link(999)),
    ("link by a name", GETLINK, REQUEST, link(0) + attribute(3, b"nosuch\0")),
    ("a long name", GETLINK, REQUEST, link(0) + attribute(3, b"x" * 40 + b"\0")),
    ("half a header", GETLINK, REQUEST, bytes(4)),
    ("set link 999", NEWLINK, REQUEST | ACK, link(999, 1, 1)),
    ("delete lo", DELLINK, REQUEST | ACK, link(1)),
    ("address of 99", NEWADDR, REQUEST | ACK, address(99, 1)),
    ("prefix 33", NEWADDR, REQUEST | ACK, address(1, 1, 33)),
    ("no address", NEWADDR, REQUEST | ACK, struct.pack("=BBBBI", 2, 24, 0, 0, 1)),
    ("delete a missing one", DELADDR, REQUEST | ACK, address(1, 9)),
    ("an address", NEWADDR, REQUEST | ACK, address(1, 7)),
    ("again", NEWADDR, REQUEST | ACK, address(1, 7)),
    ("again, exclusive", NEWADDR, REQUEST | ACK | EXCLUSIVE, address(1, 7)),
    ("again, replacing", NEWADDR, REQUEST | ACK | REPLACE, address(1, 7)),
    ("delete it", DELADDR, REQUEST | ACK, address(1, 7)),
    ("IPv6, missing", DELADDR, REQUEST | ACK, address6(9)),
    ("IPv6, prefix 129", NEWADDR, REQUEST | ACK, address6(9, 129)),
    ("no body", 37, REQUEST | ACK, b""),
    ("type 200", 200, REQUEST | ACK, bytes(16)),
    ("not a request", GETLINK, ACK, link(1)),
    ("type 1", 1, REQUEST | ACK, b""),
    ("way to 127.0.0.1", GETROUTE, REQUEST, way(127, 0, 0, 1)),
    ("way to 127.9.9.9", GETROUTE, REQUEST, way(127, 9, 9, 9)),
    ("way to 127.255.255.255", GETROUTE, REQUEST, way(127, 255, 255, 255)),
    ("way to 192.0.2.1", GETROUTE, REQUEST, way(192, 0, 2, 1)),
    ("way to 224.0.0.1", GETROUTE, REQUEST, way(224, 0, 0, 1)),
    ("one address", GETADDR, REQUEST, struct.pack("=BBBBI", 2, 0, 0, 0, 1)),
    ("neighbours", GETNEIGH, REQUEST | DUMP, bytes(12)),
    ("echo", NEWADDR, REQUEST | ACK | ECHO, address(1, 8)),
    ("delete that", DELADDR, REQUEST | ACK, address(1, 8)),
)


def make(*options):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    sock.bind((0, 0))
    sock.settimeout(0.3)
    for option in options:
        sock.setsockopt(SOL_NETLINK, option, 1)
    return sock


def ask(sock, kind, flags, body):
    """Everything that comes back, until an error, a receipt or an end."""
    sock.send(message(kind, flags, body))
    while True:
        data = sock.recv(65536)
        while data:
            length, part, flags, sequence, _ = struct.unpack_from("=IHHII", data)
            content, data = data[16:length], data[(length + 3) & ~3:]
            if part == 2:
                code = -struct.unpack_from("=i", content)[0]
                yield errno.errorcode.get(code, code), hex(flags), sequence, content[4:].hex()
                return
            # The lifetimes and times of an address are the clock's.
            yield part, hex(flags), sequence, len(content) if part == NEWADDR else content.hex()
            if part == 3 or (not flags & 2 and kind in (GETLINK, GETROUTE)):
                return


def main():
    for options in (), (EXT_ACK,), (CAP_ACK,), (EXT_ACK, CAP_ACK):
        with make(*options) as sock:
            for what, *request in CASES:
                print(options, what, *ask(sock, *request))
    with make(PKTINFO) as listener, make(PKTINFO) as changer:
        listener.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, 5)
        list(ask(changer, NEWADDR, REQUEST | ACK, address(1, 7)))
        changer.send(message(GETLINK, REQUEST, link(1)))
        for sock in listener, changer:
            _, control, flags, sender = sock.recvmsg(65536, 100)
            print(control, flags, sender)
        list(ask(changer, DELADDR, REQUEST | ACK, address(1, 7)))


if __name__ == "__main__":
    main()
