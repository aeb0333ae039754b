"""Tell a group of programs something, or hear what it is told.

    python3 multicast.py hear 239.255.7.7 50007 --interface eth0
    python3 multicast.py tell 239.255.7.7 50007 "hello, group" --interface eth0
    python3 multicast.py hear ff12::7777 50007 --interface eth0

Any number of programs on one machine may hear the same group and port.  Nobody knows whether
anybody hears; datagrams may get lost.
"""

import argparse
import ipaddress
import signal
import socket
import struct
import sys
from typing import Any


def port_number(text: str) -> int:
    """Return *text* as a port."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


def group_address(text: str) -> str:
    """Return *text* as the address of a group."""
    if not ipaddress.ip_address(text).is_multicast:
        raise argparse.ArgumentTypeError(f"{text} is no group: those are 224.0.0.0/4 and ff00::/8")
    return text


def interface(name: str) -> int:
    """Return the number of the interface *name*."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        names = ", ".join(name for _, name in socket.if_nameindex())
        raise argparse.ArgumentTypeError(f"there is no {name}; there are {names}") from None


class Group:
    """A group on an interface, and what the two versions of IP call the same things."""

    def __init__(self, host: str, port: int, index: int) -> None:
        self.index = index
        self.is_v6 = ":" in host
        self.family = socket.AF_INET6 if self.is_v6 else socket.AF_INET
        self.level = socket.IPPROTO_IPV6 if self.is_v6 else socket.IPPROTO_IP
        self.packed = socket.inet_pton(self.family, host)
        self.address: tuple[Any, ...] = (host, port, 0, index) if self.is_v6 else (host, port)

    def receiver(self) -> socket.socket:
        """Return a socket that gets what is sent to the group, and nothing else."""
        sock = socket.socket(self.family, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # others may hear it too
            sock.bind(self.address)
            if self.is_v6:  # struct ipv6_mreq
                member = self.packed + struct.pack("@I", self.index)
                sock.setsockopt(self.level, socket.IPV6_JOIN_GROUP, member)
            else:  # struct ip_mreqn
                member = self.packed + struct.pack("@4si", bytes(4), self.index)
                sock.setsockopt(self.level, socket.IP_ADD_MEMBERSHIP, member)
        except OSError:
            sock.close()
            raise
        return sock

    def sender(self, hops: int) -> socket.socket:
        """Return a socket that sends to the group by this interface, over so many routers + 1."""
        sock = socket.socket(self.family, socket.SOCK_DGRAM)
        if self.is_v6:
            sock.setsockopt(self.level, socket.IPV6_MULTICAST_IF, self.index)
            sock.setsockopt(self.level, socket.IPV6_MULTICAST_HOPS, hops)
        else:
            by = struct.pack("@4s4si", bytes(4), bytes(4), self.index)
            sock.setsockopt(self.level, socket.IP_MULTICAST_IF, by)
            sock.setsockopt(self.level, socket.IP_MULTICAST_TTL, hops)
        return sock


def hear(group: Group, count: int | None) -> None:
    """Print so many messages, or, with None, messages without end."""
    with group.receiver() as sock:
        print(f"hearing {group.address[0]} port {group.address[1]}", flush=True)
        while count is None or count > 0:
            data, sender = sock.recvfrom(65535)
            print(f"{sender[0]}: {data.decode(errors='backslashreplace')}", flush=True)
            count = count and count - 1


def tell(group: Group, text: str, hops: int) -> None:
    """Send one message."""
    with group.sender(hops) as sock:
        sock.sendto(text.encode(), group.address)


def main() -> None:
    """Read the command line; hear or tell."""
    parser = argparse.ArgumentParser(description="Hear a multicast group, or tell it something.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("hear", "tell"):
        command = commands.add_parser(name)
        command.add_argument("group", type=group_address)
        command.add_argument("port", type=port_number)
        if name == "tell":
            command.add_argument("text")
            command.add_argument("--hops", type=int, default=1, help="1: not beyond a router")
        else:
            command.add_argument("--messages", type=int, metavar="N", help="end after N messages")
        command.add_argument("--interface", type=interface, default=0, help="such as eth0")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    group = Group(arguments.group, arguments.port, arguments.interface)
    try:
        if arguments.command == "hear":
            hear(group, arguments.messages)
        else:
            tell(group, arguments.text, arguments.hops)
    except OSError as error:
        sys.exit(f"{parser.prog}: {arguments.group}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
