"""Ask a machine whether it is there: an ICMP echo request a second, and the time of each reply.

    python3 ping.py 127.0.0.1
    python3 ping.py ::1 --count 3
    python3 ping.py fe80::1%eth0

    echo request, type 8 (ICMPv6: 128)     [ type | code | checksum | identifier | number | data ]
    echo reply, type 0 (ICMPv6: 129)       the same identifier, number and data come back

Needs no root where Linux has a socket for it (SOCK_DGRAM; net.ipv4.ping_group_range says for whom),
and otherwise takes SOCK_RAW, which does.  Ends with status 1 if no reply came at all.
"""

import argparse
import os
import socket
import struct
import sys
import time
from typing import Any

HEADER = struct.Struct("!BBHHH")
REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}


def checksum(data: bytes) -> int:
    """RFC 1071: the ones' complement of the ones' complement sum of 16-bit words."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Ping:
    """Requests to one address, and their replies."""

    def __init__(self, family: socket.AddressFamily, address: tuple[Any, ...]) -> None:
        self.family = family
        self.address = address
        self.identifier = os.getpid() & 0xFFFF
        self.data = os.urandom(16)  # whoever did not get the request cannot know it
        try:
            self.sock = socket.socket(family, socket.SOCK_DGRAM, PROTOCOL[family])
        except OSError:  # not for this user, or not on this system
            self.sock = socket.socket(family, socket.SOCK_RAW, PROTOCOL[family])

    def request(self, number: int) -> bytes:
        """Return the message; the kernel writes over what is its own to know.

        That is the checksum of ICMPv6, and with SOCK_DGRAM the identifier.
        """
        head = REQUEST[self.family], 0
        blank = HEADER.pack(*head, 0, self.identifier, number) + self.data
        return HEADER.pack(*head, checksum(blank), self.identifier, number) + self.data

    def is_reply(self, message: bytes, number: int) -> bool:
        """Tell whether a message answers the request of this number."""
        if self.family == socket.AF_INET and self.sock.type == socket.SOCK_RAW:
            message = message[4 * (message[0] & 15) :]  # IPv4's header comes along
        if len(message) < HEADER.size:
            return False
        kind, _, _, identifier, its = HEADER.unpack_from(message)
        mine = self.sock.type != socket.SOCK_RAW or identifier == self.identifier
        data = message[HEADER.size :]
        return mine and (kind, its, data) == (REPLY[self.family], number, self.data)

    def once(self, number: int, limit: float) -> float:
        """Return the seconds that request and reply have taken."""
        begun = time.monotonic()
        self.sock.settimeout(limit)
        self.sock.sendto(self.request(number), self.address)
        while True:  # a raw socket hears the replies to everybody
            remaining = begun + limit - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("no reply")
            self.sock.settimeout(remaining)
            try:
                message = self.sock.recv(65535)
            except TimeoutError:
                raise TimeoutError("no reply") from None
            if self.is_reply(message, number):
                return time.monotonic() - begun


def ping(host: str, count: int, limit: float) -> bool:
    """Ask so many times; return whether there was a reply."""
    family, _, _, _, address = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0]
    asked = Ping(family, address)
    replies = 0
    with asked.sock:
        for number in range(1, count + 1):
            begun = time.monotonic()
            try:
                taken = asked.once(number & 0xFFFF, limit)
                replies += 1
                print(f"{address[0]}: reply {number} after {taken * 1000:.2f} ms", flush=True)
            except OSError as error:  # TimeoutError, or what ICMP or the route says
                print(f"{address[0]}: request {number}: {error}", flush=True)
            if number < count:
                time.sleep(max(0.0, begun + 1 - time.monotonic()))
    print(f"{replies} of {count} answered")
    return replies > 0


def main() -> None:
    """Read the command line and ask."""
    parser = argparse.ArgumentParser(description="Ask a machine whether it is there.")
    parser.add_argument("host")
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--limit", type=float, default=2.0, help="seconds to wait for a reply")
    arguments = parser.parse_args()
    try:
        sys.exit(not ping(arguments.host, arguments.count, arguments.limit))
    except PermissionError as error:
        sys.exit(f"{parser.prog}: {error}; be root, or set net.ipv4.ping_group_range")
    except OSError as error:
        sys.exit(f"{parser.prog}: {arguments.host}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
