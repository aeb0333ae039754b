"""A node: interfaces, addresses, routes, and who gets a packet that arrives.

    send(packet)  -- route --> link ...... link --> deliver() --> receiver of its protocol

Left out: fragments.  Of those that a program makes none arrives, as none is put together with
others; what this host sends is one packet, however long.

May not know: sockets.  A protocol registers itself as the receiver of its number.

Sources: RFC 1122 3.2.1.3 (special addresses), 3.3; Linux route(8), ip-address(8) on a
host whose only interface is loopback.
"""

import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Any

from ..machine.clock import Timer
from ..machine.errors import EADDRNOTAVAIL, ENETUNREACH, fail
from ..machine.host import Host
from .addresses import (
    BROADCAST4,
    LOOPBACK6,
    is_any,
    is_multicast,
)
from .groups import Groups
from .link import Link
from .packets import Packet

LOOPBACK_LINE = 772  # ARPHRD_LOOPBACK
Receiver = Callable[[Packet], None]


@dataclass
class Interface:
    """An interface: its index and name, its link, its addresses with their prefixes."""

    index: int
    name: str
    link: Link
    addresses: list[IPv4Interface | IPv6Interface]
    hardware: int = LOOPBACK_LINE
    address: bytes = bytes(6)
    flags: int = 0x49  # IFF_UP, IFF_LOOPBACK, IFF_RUNNING
    peer: int = 1  # the index of the interface at the other end of the cable
    narrow: set[IPv4Interface | IPv6Interface] = field(default_factory=set)
    """Addresses that came while it was down: there is no route to their networks yet."""

    @property
    def mtu(self) -> int:
        return self.link.mtu


class Node:
    """The network of one host; a new one has the interface *lo* and nothing else."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.loopback = Link(host, "lo")
        self.interfaces = [Interface(1, "lo", self.loopback, [
            ip_interface("127.0.0.1/8"), ip_interface("::1/128")])]
        self.receivers: dict[Hashable, Receiver] = {}
        self.watchers = self.loopback.watchers
        self.change_link: Callable[[Interface, int, int], object] = lambda *change: None
        self.unknown: Receiver = lambda packet: None
        self.groups = Groups()
        self._delivering = False
        self.kind = functools.cache(self._find_kind)
        self.source = functools.cache(self._find_source)
        self.ways: dict[Any, Any] = {}  # which addresses a connection has, while they are the same
        self.loopback.arrive = self.deliver

    def _find_kind(self, address: str) -> str:
        """Say what *address* is here: any, local, broadcast, multicast or remote.

        Source: RFC 1122 3.2.1.3; RFC 4291 2.5, 2.7.
        """
        if is_any(address):
            return "any"
        if is_multicast(address):
            return "multicast"
        if address == BROADCAST4:
            return "broadcast"
        if any(str(own.ip) == address for own in self.addresses()):
            return "local"
        ways = self.ways_to(address)
        if self.loopback.is_up and any(address == str(own.network.broadcast_address)
                                       for own in ways if own.network.prefixlen < 31):
            return "broadcast"
        return "local" if ways else "remote"

    def ways_to(self, address: str) -> list[IPv4Interface | IPv6Interface]:
        """The addresses of IPv4 on loopback to whose networks *address* belongs, the nearest first.

        All that such a network has is this host's.  Source: Linux ``fib_add_ifaddr``.
        """
        if ":" in address:
            return []
        asked = ip_interface(address).ip
        found = [own for interface in self.interfaces if interface.hardware == LOOPBACK_LINE
                 for own in interface.addresses
                 if own not in interface.narrow and asked in own.network
                 and int(own.network.network_address)]
        return sorted(found, key=lambda own: -own.network.prefixlen)

    def _find_source(self, destination: str) -> str:
        """The source address of packets to an address of this host, or to a broadcast address."""
        if ":" in destination:
            return destination if self.kind(destination) == "local" else LOOPBACK6
        ways, all_own = self.ways_to(destination), self.addresses()
        if self.kind(destination) == "broadcast":
            ways = [own for own in all_own if own in ways
                    and str(own.network.broadcast_address) == destination]
        itself = next((own for own in all_own if str(own.ip) == destination), None)
        if itself is not None:
            ways = [own for own in all_own if own.network == itself.network]
        return str(ways[0].ip) if ways else destination

    def forget(self) -> None:
        """The addresses are others now."""
        self.kind.cache_clear()
        self.source.cache_clear()
        self.ways.clear()

    def has_interface(self, index: int) -> bool:
        """True if there is an interface with this index."""
        return any(interface.index == index for interface in self.interfaces)

    def addresses(self) -> list[IPv4Interface | IPv6Interface]:
        """Every address of every interface, in order."""
        return [own for interface in self.interfaces for own in interface.addresses]

    def source_for(self, destination: str, known: bool = False) -> str:
        """Choose the source address of a packet to *destination* (RFC 1122 3.3.4.3, RFC 6724 5).

        *known*: there is one, and only the way is asked for.

        EADDRNOTAVAIL, ENETUNREACH
            This host has no address of IPv6, or has lost ::1; there is no route.
        """
        lost = self.kind(destination) == "remote" and destination == LOOPBACK6
        if not known and (lost or (":" in destination and not any(
                own.version == 6 for own in self.addresses()))):
            fail(EADDRNOTAVAIL)  # the way to ::1 stays when the address goes with its link
        if destination == BROADCAST4 or self.kind(destination) in ("multicast", "remote"):
            fail(ENETUNREACH)
        return self.source(destination)

    def send(self, packet: Packet) -> None:
        """Send a packet by the interface its destination is reached by."""
        self.loopback.transmit(packet)

    def after(self, seconds: float, action: Callable[[], object], idle: bool = False) -> Timer:
        """Let a protocol do *action* later; what it sends is delivered."""

        def act() -> None:
            action()
            self.deliver()

        return self.host.clock.after(seconds, act, idle)

    def register(self, protocol: Hashable, receiver: Receiver) -> None:
        """Give packets with a *protocol*, a number of IP or a frame's, to *receiver*."""
        self.receivers[protocol] = receiver

    def deliver(self) -> None:
        """Give every packet that has arrived to its receiver."""
        if self._delivering:
            return
        self._delivering = True
        queue = self.loopback.queue
        try:
            while queue:
                packet = queue.popleft()
                for watcher in self.watchers:
                    watcher(packet)
                if not packet.is_piece:
                    self.receivers.get(packet.protocol, self.unknown)(packet)
        finally:
            self._delivering = False
