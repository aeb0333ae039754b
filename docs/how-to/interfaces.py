"""List the interfaces and their addresses, as ``ip addr`` does, by asking the kernel over netlink.

    python3 interfaces.py

    RTM_GETLINK   what interfaces there are        RTM_GETADDR   what addresses they have

    message     [ header 16 | body | attribute | attribute | … ]     several to a datagram
    attribute   [ length 2 | type 2 | value | padding to 4 bytes ]
"""

import argparse
import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator

HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
LINK = struct.Struct("=BxHiII")  # family, hardware, index, flags, change
ADDRESS = struct.Struct("=BBBBI")  # family, prefix, flags, scope, index
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_DUMP, NLM_F_DUMP_INTR = 0x1, 0x300, 0x10
RTM_GETLINK, RTM_GETADDR = 18, 22
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU = 1, 3, 4
IFA_ADDRESS, IFA_LOCAL = 1, 2
IFF_UP, IFF_RUNNING = 0x1, 0x40


class Changed(Exception):
    """Something changed while the kernel listed it: the list may be wrong."""


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Take a datagram apart into type, flags and body of each message."""
    while len(data) >= HEADER.size:
        length, kind, flags, _, _ = HEADER.unpack_from(data)
        yield kind, flags, data[HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def attributes(data: bytes) -> dict[int, bytes]:
    """Take attributes apart: type to value."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


def receive(route: socket.socket) -> bytes:
    """Return one datagram, whole: its length is asked for first."""
    length = route.recv_into(bytearray(1), 1, socket.MSG_PEEK | socket.MSG_TRUNC)
    return route.recv(length)


def dump(request: int, body: bytes) -> list[bytes]:
    """Ask the kernel for all objects of one kind; return their bodies."""
    found: list[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as route:
        route.settimeout(5)
        flags = NLM_F_REQUEST | NLM_F_DUMP
        route.send(HEADER.pack(HEADER.size + len(body), request, flags, 1, 0) + body)
        while True:
            for kind, flags, answer in messages(receive(route)):
                if flags & NLM_F_DUMP_INTR:
                    raise Changed
                if kind == NLMSG_DONE:
                    return found
                if kind == NLMSG_ERROR:
                    code = -struct.unpack_from("=i", answer)[0]
                    raise OSError(code, os.strerror(code))
                found.append(answer)


def whole_dump(request: int, body: bytes) -> list[bytes]:
    """Dump until nothing changes meanwhile."""
    for _ in range(10):
        try:
            return dump(request, body)
        except Changed:
            continue
    raise OSError(errno.EBUSY, "the interfaces change all the time")


def addresses() -> dict[int, list[str]]:
    """Return the addresses of each interface, by its number."""
    found: dict[int, list[str]] = {}
    for body in whole_dump(RTM_GETADDR, ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        family, prefix, _, _, index = ADDRESS.unpack_from(body)
        about = attributes(body[ADDRESS.size :])
        address = about.get(IFA_LOCAL, about.get(IFA_ADDRESS))
        if family in (socket.AF_INET, socket.AF_INET6) and address:
            found.setdefault(index, []).append(f"{socket.inet_ntop(family, address)}/{prefix}")
    return found


def show() -> None:
    """Print a line for each interface, and one for each of its addresses."""
    its = addresses()
    for body in whole_dump(RTM_GETLINK, LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        _, _, index, flags, _ = LINK.unpack_from(body)
        about = attributes(body[LINK.size :])
        name = os.fsdecode(about[IFLA_IFNAME].rstrip(b"\0"))
        (mtu,) = struct.unpack("=I", about[IFLA_MTU])
        state = "down" if not flags & IFF_UP else "up" if flags & IFF_RUNNING else "no carrier"
        print(f"{index}: {name}: {state}, MTU {mtu}, {about.get(IFLA_ADDRESS, b'').hex(':')}")
        for address in its.get(index, []):
            print(f"    {address}")


def main() -> None:
    """List them."""
    parser = argparse.ArgumentParser(description="List the interfaces and their addresses.")
    parser.parse_args()
    try:
        show()
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
