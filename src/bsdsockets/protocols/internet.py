"""What TCP, UDP and raw sockets share: binding to an address and a port, and their names.

A socket of AF_INET6 may carry IPv4: its addresses then wear IPv6's clothes
(``::ffff:192.0.2.1``) outside, and packets wear none.

May not know: segments, datagrams.

Sources: RFC 3493 3.7; Linux ip(7), ipv6(7); the order of checks as Linux 6.18 shows it.
"""

from typing import Any, NamedTuple

from ..machine.constants import (
    AF_INET,
    AF_INET6,
    SOCK_STREAM,
)
from ..machine.errors import (
    EACCES,
    EADDRNOTAVAIL,
    EINVAL,
    ENETUNREACH,
    ENODEV,
    ENOTCONN,
    fail,
)
from ..network.addresses import (
    ANY4,
    ANY6,
    LOOPBACK4,
    LOOPBACK6,
    is_any,
    is_mapped,
    is_of_link,
    unmap,
)
from ..network.node import Node
from .ports import Ports
from .protocol import Protocol

LOOPBACK_INDEX = 1  # of the interface lo


class InternetAddress(NamedTuple):
    """An address and a port; *flow* and *scope* are IPv6's."""

    address: str
    port: int
    flow: int = 0
    scope: int = 0


class Internet(Protocol):
    """A protocol over IP.  `ports` are its own; `node` is the network."""

    uses_ports = True

    def __init__(self, node: Node, ports: Ports) -> None:
        self.node = node
        self.host = node.host
        self.ports = ports

    def any_address(self, so: Any) -> str:
        """The address that stands for none, in the family of *so*."""
        return ANY6 if so.family == AF_INET6 else ANY4

    def bind(self, so: Any, address: InternetAddress) -> None:
        """Give *so* an address and a port.

        EINVAL
            Of IPv6 over TCP: a group.
        EADDRNOTAVAIL
            Of IPv4: the address is not one of this host.
        EACCES
            The port is below 1024 and the process may not have it.
        EINVAL
            The socket is bound already; of IPv6: a mapped address with IPV6_V6ONLY.
        EINVAL, ENODEV, EADDRNOTAVAIL
            Of IPv6: no interface is named, or one that is not there; as for IPv4.
        EADDRINUSE
            The port is taken, or none is free.

        Source: POSIX.1-2024 bind(); Linux ``__inet_bind``, ``__inet6_bind``.
        """
        mapped = is_mapped(address.address)
        if so.family == AF_INET:
            self.check_own(so, address)
        elif so.type == SOCK_STREAM and self.node.kind(address.address) == "multicast":
            fail(EINVAL)
        low = 0 < address.port < self.host.settings.unprivileged_ports
        if low and not self.host.privileged:
            fail(EACCES)
        if self.is_active(so) or so.port or (mapped and so.options.get("IPV6_V6ONLY")):
            fail(EINVAL)
        if so.family != AF_INET:
            self.check_own(so, address)
        self._take(so, address)
        so.explicit_address |= not is_any(address.address)
        so.explicit_port |= bool(address.port)
        if not is_any(address.address) and so.family != AF_INET and not mapped:
            so.options["IPV6_V6ONLY"] = 1  # as Linux does: the address is of no use to IPv4

    def _take(self, so: Any, address: InternetAddress) -> None:
        """Take the address, and the port unless that is put off to connect()."""
        so.bound_address = address.address
        if self.uses_ports and (address.port or not so.options.get("IP_BIND_ADDRESS_NO_PORT")):
            try:
                so.port = so.shown_port = self.ports.claim(so, address.port)
            except OSError:
                so.bound_address = self.any_address(so)
                raise
        elif self.uses_ports:
            so.shown_port = 0

    def is_active(self, so: Any) -> bool:
        """True if *so* is past being bound: connected or listening."""
        return False

    def check_own(self, so: Any, address: InternetAddress) -> None:
        """Fail with EADDRNOTAVAIL unless the address may be bound here."""
        plain = unmap(address.address)
        kind = self.node.kind(plain)
        if is_of_link(plain):
            if not (address.scope or so.options.get("SO_BINDTODEVICE")):
                fail(EINVAL)
            so.options["SO_BINDTODEVICE"] = address.scope or so.options["SO_BINDTODEVICE"]
        device = so.options.get("SO_BINDTODEVICE")
        if device and so.family != AF_INET and address.address != ANY6 and (
                not self.node.has_interface(device)):
            fail(ENODEV)  # and bound to that it stays
        if kind == "remote" and not (so.options.get("IP_FREEBIND")
                                     or so.options.get("IP_TRANSPARENT")):
            fail(EADDRNOTAVAIL)

    def autobind(self, so: Any) -> None:
        """Give *so* a free port if it has none; EADDRINUSE if there is none."""
        if not so.port:
            so.port = so.shown_port = self.ports.claim(so, 0)

    def wire(self, so: Any, address: str) -> str:
        """The address that a packet to *address* carries.

        The address that stands for none means this host.

        ENETUNREACH
            An IPv4 address, and the socket is for IPv6 only.
        """
        if is_mapped(address):
            if so.options.get("IPV6_V6ONLY"):
                fail(ENETUNREACH)
            address = unmap(address)
        if address == ANY6:
            return LOOPBACK4 if is_mapped(so.bound_address) else LOOPBACK6
        if address == ANY4:
            return self.own_source(so, 4) or LOOPBACK4
        return address

    def check_scope(self, so: Any, address: InternetAddress) -> None:
        """Bind a socket to the interface of an address of IPv6 that is local to its link.

        EINVAL
            None is named, or another than the socket is bound to.

        Source: RFC 4007 6 (an address means something in its zone only); ipv6(7).
        """
        if not is_of_link(address.address):
            return
        group, bound = address.address.startswith("ff"), so.options.get("SO_BINDTODEVICE")
        if not (bound or address.scope or (group and so.options.get("IPV6_MULTICAST_IF"))):
            fail(EINVAL)
        if bound and address.scope not in (0, bound):
            fail(EINVAL)
        if address.scope:
            so.options["SO_BINDTODEVICE"] = address.scope

    def check_device(self, so: Any, remote: str) -> None:
        """Fail if the interface that *so* is bound to is not there, or down.

        ENODEV, ENETUNREACH
            Over IPv4 the one, and the other; over IPv6 in both cases ENETUNREACH.
        """
        device = so.options.get("SO_BINDTODEVICE", 0)
        if device > LOOPBACK_INDEX:
            fail(ENETUNREACH if ":" in remote else ENODEV)
        if device and ":" not in remote and not self.node.loopback.is_up:
            fail(ENETUNREACH)

    def leads_away(self, so: Any) -> bool:
        """True if IPV6_PKTINFO alone says that packets go by an interface that is not there."""
        return so.options.get("IPV6_PKTINFO", 0) not in (0, LOOPBACK_INDEX) and (
            not so.options.get("SO_BINDTODEVICE"))

    def own_source(self, so: Any, version: int) -> str:
        """The source address that *so* is bound to; empty where it has to be chosen.

        With IP_FREEBIND or IP_TRANSPARENT it may be another host's.
        """
        own = unmap(so.bound_address)
        if (":" in own) != (version == 6) or self.node.kind(own) not in ("local", "remote"):
            return ""
        return own

    def dressed(self, so: Any, address: str) -> str:
        """An address of a packet, as *so* shows it."""
        return f"::ffff:{address}" if so.family == AF_INET6 and ":" not in address else address

    def name(self, so: Any) -> InternetAddress:
        """The socket's own address and port: what getsockname() tells.

        Zeros while it is not bound.  A port that was given back still shows on Linux.

        Source: POSIX.1-2024 getsockname(); Linux ``inet_getname``.
        """
        of_link = is_of_link(so.bound_address) and so.options.get("SO_BINDTODEVICE")
        return InternetAddress(so.bound_address, so.shown_port, 0, LOOPBACK_INDEX if of_link else 0)

    def peer(self, so: Any) -> InternetAddress:
        """The address the socket is connected to, or ENOTCONN."""
        fail(ENOTCONN)
