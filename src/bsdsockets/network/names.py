"""Names of the model's own host: addresses, services and protocols, without any server.

    getaddrinfo("localhost", "http") --> hosts, services --> [(family, type, protocol, ...)]

May not know: sockets, the host's resolver, the network of the outside world.

Sources: RFC 3493 6; POSIX.1-2024 getaddrinfo(), getnameinfo(); RFC 6335 for the services;
the order of results is that of glibc 2.36 on a host with loopback alone.
"""

import re
from typing import NamedTuple

from ..machine import constants as c
from .addresses import (
    ANY4,
    ANY6,
    LOOPBACK4,
    LOOPBACK6,
    canonical,
    is_mapped,
    loose4,
    remap,
    unmap,
    version,
)

TEXTS = {
    c.EAI_BADFLAGS: "Bad value for ai_flags",
    c.EAI_NONAME: "Name or service not known",
    c.EAI_AGAIN: "Temporary failure in name resolution",
    c.EAI_FAIL: "Non-recoverable failure in name resolution",
    c.EAI_NODATA: "No address associated with hostname",
    c.EAI_FAMILY: "ai_family not supported",
    c.EAI_SOCKTYPE: "ai_socktype not supported",
    c.EAI_SERVICE: "Servname not supported for ai_socktype",
    c.EAI_ADDRFAMILY: "Address family for hostname not supported",
    c.EAI_MEMORY: "Memory allocation failure",
    c.EAI_SYSTEM: "System error",
    c.EAI_OVERFLOW: "Argument buffer overflow",
}

SERVICES = {
    "tcpmux": (1, "tcp"), "echo": (7, "tcp udp"), "discard": (9, "tcp udp"),
    "systat": (11, "tcp"), "daytime": (13, "tcp udp"), "netstat": (15, "tcp"),
    "qotd": (17, "tcp"), "chargen": (19, "tcp udp"), "ftp-data": (20, "tcp"), "ftp": (21, "tcp"),
    "ssh": (22, "tcp"), "telnet": (23, "tcp"), "smtp": (25, "tcp"), "time": (37, "tcp udp"),
    "domain": (53, "tcp udp"), "tftp": (69, "udp"), "gopher": (70, "tcp"), "finger": (79, "tcp"),
    "http": (80, "tcp"), "kerberos": (88, "tcp udp"), "pop3": (110, "tcp"),
    "sunrpc": (111, "tcp udp"), "nntp": (119, "tcp"), "ntp": (123, "udp"),
    "imap2": (143, "tcp"), "snmp": (161, "tcp udp"), "bgp": (179, "tcp"), "irc": (194, "tcp udp"),
    "ldap": (389, "tcp udp"), "https": (443, "tcp udp"),
    "shell": (514, "tcp"), "syslog": (514, "udp"),
    "imaps": (993, "tcp"), "pop3s": (995, "tcp"), "http-alt": (8080, "tcp udp"),
}
ALIASES = {"www": "http", "mail": "smtp", "imap": "imap2", "portmapper": "sunrpc"}
SOCK_DCCP = 6
AI_KNOWN = 0x7FF  # flags of getaddrinfo, those of glibc for IDNA too
NI_KNOWN = 0xFF  # and of getnameinfo
IN_CAPITALS = {
    "ip": 0, "hopopt": 0, "icmp": 1, "igmp": 2, "tcp": 6, "egp": 8, "igp": 9, "udp": 17, "dccp": 33,
    "rsvp": 46, "gre": 47, "eigrp": 88, "pim": 103, "vrrp": 112, "l2tp": 115, "sctp": 132,
}
PROTOCOLS = IN_CAPITALS | {name.upper(): number for name, number in IN_CAPITALS.items()} | {
    "ipv6": 41, "IPv6": 41, "esp": 50, "ah": 51, "ipv6-icmp": 58, "IPv6-ICMP": 58, "ospf": 89,
    "udplite": 136, "UDPLite": 136,
}


class Kind(NamedTuple):
    """A type of socket with its protocol, and what services call it."""

    type: int
    protocol: int
    name: str
    default: bool = False  # listed when neither type nor protocol is asked for


KINDS = (
    Kind(c.SOCK_STREAM, 6, "tcp", True),
    Kind(c.SOCK_DGRAM, 17, "udp", True),
    Kind(SOCK_DCCP, 33, "dccp"),
    Kind(c.SOCK_DGRAM, 136, "udplite"),
    Kind(c.SOCK_STREAM, 132, "sctp"),
    Kind(c.SOCK_SEQPACKET, 132, "sctp"),
    Kind(c.SOCK_RAW, 0, "raw", True),  # any protocol, and no services
)


class UnknownName(Exception):
    """A name that is not known; `number` is the EAI_ code."""

    def __init__(self, number: int) -> None:
        super().__init__(number, TEXTS[number])
        self.number = number
        self.text = TEXTS[number]


def _port(service: str | int | None) -> tuple[bool, int]:
    """Whether *service* is written in digits, and the number, as strtoul and an int have it.

    >>> [_port(text) for text in ("80", "http", "-1")]
    [(True, 80), (False, -1), (True, -1)]
    """
    if not re.fullmatch(r"\s*[-+]?[0-9]+", str(service)):
        return False, -1
    number = int(str(service))
    number = (number if abs(number) < 2**64 else -1) & 0xFFFFFFFF  # strtoul, cut to an int
    return True, number - (number >> 31 << 32)


def is_of(address: str, family: int) -> bool:
    """True if *address* is one of *family*, or AF_UNSPEC asks for both."""
    return family == c.AF_UNSPEC or version(address) == (6 if family == c.AF_INET6 else 4)


class Info(NamedTuple):
    """One result: what to give to socket() and to connect()."""

    family: int
    type: int
    protocol: int
    name: str
    address: str
    port: int
    scope: int = 0


class Resolver:
    """The names one host knows: its own, ``localhost`` and what `hosts` adds.

    >>> resolver = Resolver("vm")
    >>> [info.address for info in resolver.getaddrinfo("localhost", 80, type=1)]
    ['127.0.0.1']
    """

    def __init__(self, hostname: str) -> None:
        self.hostname = hostname
        self.hosts: dict[str, list[str]] = {"localhost": [LOOPBACK4]}
        self.hosts.setdefault(hostname, [LOOPBACK4])

    def addresses(self, name: str, family: int) -> list[str]:
        """The addresses of *name* in *family*, AF_UNSPEC for both."""
        found = self.hosts.get(name.rstrip(".").lower(), [])
        return [address for address in found if is_of(address, family)]

    def numeric(self, name: str) -> str | None:
        """The address that *name* writes in numbers, or None."""
        return None if re.search(r"\s|^[^:]*%", name) else canonical(name) or loose4(name)

    def getaddrinfo(self, name: str | None, service: str | int | None, family: int = 0,
                    type: int = 0, protocol: int = 0, flags: int = 0) -> list[Info]:
        """List the ways to reach *service* of *name*; glibc takes an asterisk for nothing said."""
        name, service = None if name == "*" else name, None if service == "*" else service
        if name is None and service is None:
            raise UnknownName(c.EAI_NONAME)
        if flags & ~AI_KNOWN or (flags & c.AI_CANONNAME and name is None):
            raise UnknownName(c.EAI_BADFLAGS)
        if family not in (c.AF_UNSPEC, c.AF_INET, c.AF_INET6):
            raise UnknownName(c.EAI_FAMILY)
        if flags & c.AI_NUMERICSERV and service and not _port(service)[0]:
            raise UnknownName(c.EAI_NONAME)
        kinds = self._kinds(service, type, protocol)
        canon = ""
        results: list[Info] = []
        for address in self._hosts(name, family, flags):
            canon = (name or "").lower() if flags & c.AI_CANONNAME and not results else ""
            where = c.AF_INET6 if ":" in address else c.AF_INET
            scope = self.scope(name)
            results += [Info(where, kind, number, canon if not index else "", address, port, scope)
                        for index, (kind, number, port) in enumerate(kinds)]
        return results

    @staticmethod
    def scope(name: str | None) -> int:
        """The number of the zone in ``fe80::1%lo``; a name goes with link-local alone."""
        address, percent, zone = (name or "").partition("%")
        if zone == "lo" and address.lower().startswith(("fe8", "fe9", "fea", "feb", "ff02")):
            return 1
        if percent and not zone.isdecimal():
            raise UnknownName(c.EAI_NONAME)
        return int(zone or 0)

    def _hosts(self, name: str | None, family: int, flags: int) -> list[str]:
        if name is None:
            both = [ANY4, ANY6] if flags & c.AI_PASSIVE else [LOOPBACK6, LOOPBACK4]
            return [address for address in both if is_of(address, family)]
        numeric = self.numeric(name)
        if numeric is not None:
            if family == c.AF_INET6 and version(numeric) == 4 and flags & c.AI_V4MAPPED:
                return [f"::ffff:{numeric}"]
            if family == c.AF_INET and is_mapped(numeric):
                return [unmap(numeric)]
            if not is_of(numeric, family):
                raise UnknownName(c.EAI_ADDRFAMILY)
            return [numeric]
        if flags & c.AI_NUMERICHOST:
            raise UnknownName(c.EAI_NONAME)
        found = self.addresses(name, family)
        if family == c.AF_INET6 and flags & c.AI_V4MAPPED and (not found or flags & c.AI_ALL):
            found = found + [remap(address) for address in self.addresses(name, c.AF_INET)]
        if not found:
            raise UnknownName(c.EAI_NONAME)
        return found

    def _kinds(self, service: str | int | None, kind: int,
               protocol: int) -> list[tuple[int, int, int]]:
        """The types and protocols that *service* is there for, each with its port."""
        rows = [row for row in KINDS if kind in (0, row.type)
                and (protocol in (0, row.protocol) or row.type == c.SOCK_RAW)]
        if not rows:
            raise UnknownName(c.EAI_SOCKTYPE if kind else c.EAI_SERVICE)
        rows = rows[:1] if kind or protocol else [row for row in rows if row.default]
        written = service not in (None, "")
        if written and rows[0].type == c.SOCK_RAW:
            raise UnknownName(c.EAI_SERVICE)
        numeric, port = _port(service) if written else (True, 0)
        if numeric and port >= 0:
            return [(row.type, row.protocol or protocol, port & 0xFFFF) for row in rows]
        known = SERVICES.get(ALIASES.get(str(service), str(service)), (0, ""))
        found = [(row.type, row.protocol, known[0]) for row in rows if row.name in known[1]]
        if not found:
            raise UnknownName(c.EAI_SERVICE)
        return found

    def getnameinfo(self, address: str, port: int, flags: int) -> tuple[str, str]:
        """The name of an address and of a port."""
        if flags & ~NI_KNOWN:
            raise UnknownName(c.EAI_BADFLAGS)
        host = address
        if not flags & c.NI_NUMERICHOST:
            names = [name for name, known in self.hosts.items() if address in known]
            if names:
                host = names[0]
            elif address == LOOPBACK6:
                host = "localhost"
            elif flags & c.NI_NAMEREQD:
                raise UnknownName(c.EAI_NONAME)
        elif flags & c.NI_NAMEREQD:
            raise UnknownName(c.EAI_NONAME)
        service = str(port)
        if not flags & c.NI_NUMERICSERV:
            service = self.service_of(port, "udp" if flags & c.NI_DGRAM else "tcp") or service
        return host, service

    @staticmethod
    def service_of(port: int, protocol: str | None = None) -> str | None:
        """The name of the service on *port*, with any protocol if none is given, or None."""
        for name, (number, protocols) in SERVICES.items():
            if number == port and protocol in (*protocols.split(), None):
                return name
        return None
