"""Putting a host's families together: the one list that a new family is added to.

    profile --> which families --> {number: family}

With X.25 and AX.25 come the interfaces that they need, two of each, joined:

    x25a ---- x25b   numbers that begin with 1001 through x25a, with 2002 through x25b
    bpq0 ---- bpq1   callsigns PORT0 and PORT1

Sources: docs/reference/families/x25_cable.py and ax25_ports.py do the same on a real kernel.
"""

from typing import Any

from ..families.appletalk import AppleTalkFamily
from ..families.atmpvc import AtmFamily
from ..families.ax25 import Ax25Family
from ..families.family import Family
from ..families.inet import Inet
from ..families.inet6 import Inet6
from ..families.ipx import IpxFamily
from ..families.netlink import NetlinkFamily
from ..families.packet import PacketFamily
from ..families.tipc import TipcFamily
from ..families.unix import UnixFamily
from ..families.x25 import X25Family
from ..machine.constants import IPPROTO_UDPLITE, SOCK_SEQPACKET, SOCK_STREAM
from ..machine.host import Host
from ..machine.profile import Profile
from ..network.frames import ARPHRD_AX25, ARPHRD_X25, add_interface, join
from ..network.names import Resolver
from ..network.node import Node
from ..protocols.icmp import IcmpErrors
from ..protocols.ports import Ports
from ..protocols.raw import Raw
from ..protocols.sctp import Sctp
from ..protocols.tcp import Tcp
from ..protocols.udp import Udp
from ..protocols.unix_datagram import UnixDatagram, UnixSeqpacket
from ..protocols.unix_stream import UnixStream

IPPROTO_SCTP = 132
POINT_TO_POINT = 0x10D1  # IFF_UP, POINTOPOINT, RUNNING, NOARP, MULTICAST: a TUN device's
WITH_NODE = (NetlinkFamily, PacketFamily, IpxFamily, X25Family, Ax25Family, AtmFamily,
             AppleTalkFamily)


def build_families(host: Host, node: Node, resolver: Resolver,
                   profile: Profile) -> dict[int, Any]:
    """Make every address family that the host has."""
    errors = IcmpErrors(node)
    protocols = (Tcp(node, errors), Udp(node, errors), Udp(node, errors, IPPROTO_UDPLITE),
                 Raw(node, errors))
    internet = (Inet(host, resolver, *protocols), Inet6(host, resolver, *protocols))
    if profile.sctp:
        sctp = Sctp(node, Ports(host, listening_matters=True))
        for family in internet:
            family.table[SOCK_SEQPACKET] = [(IPPROTO_SCTP, sctp)]
            family.table[SOCK_STREAM].append((IPPROTO_SCTP, sctp))
    unix = UnixFamily(host, UnixStream(host), UnixDatagram(host), UnixSeqpacket(host))
    others: list[Family] = [make(host, node) for make in WITH_NODE
                            if make.number in profile.families]
    if TipcFamily.number in profile.families:
        others.append(TipcFamily(host))
    families = {family.number: family for family in (unix, *internet, *others)
                if family.number in profile.families}
    for number, kind, error in profile.refusals:
        if number in families:
            families[number].refuse(kind, error)
    _add_interfaces(node, families)
    return families


def _add_interfaces(node: Node, families: dict[int, Any]) -> None:
    """Add the joined interfaces of X.25 and AX.25, if the host has these."""
    x25 = families.get(X25Family.number)
    if x25 is not None:
        a, b = (add_interface(node, name, hardware=ARPHRD_X25, address=b"", flags=POINT_TO_POINT)
                for name in ("x25a", "x25b"))
        join(a, b)
        x25.protocol.routes |= {"1001": "x25a", "2002": "x25b"}
    if Ax25Family.number in families:
        c, d = (add_interface(node, f"bpq{each}", hardware=ARPHRD_AX25, flags=0x41, mtu=256,
                              address=bytes(ord(letter) << 1 for letter in f"PORT{each} ") + b"\0")
                for each in range(2))
        join(c, d)
