"""Which packets an interface does not take: those that nobody can have sent to it.

    own packets    come back over loopback with their route, and are not asked about
    made by hand   a frame of AF_PACKET has none: source and destination are looked at

    from                        to                          is taken
    a group, 255.255.255.255    anything                    no
    anybody but ourselves       255.255.255.255             yes
    0.x.x.x                     anything else               no, but by groups of the link
    anything                    0.x.x.x, 127.x.x.x          no
    127.x.x.x, an own address   anything                    no
    anybody else                an own address              yes

May not know: what is in a packet, who gets it.

Sources: RFC 1122 3.2.1.3; RFC 1812 5.3.7; RFC 4291 2.7; Linux ``ip_route_input_slow``,
``ip_mc_validate_source``, net.ipv4.conf's *route_localnet* 0, *rp_filter* 0, *accept_local* 0.
"""

from ipaddress import IPv4Network, ip_address

from .addresses import BROADCAST4, is_multicast
from .node import Node
from .packets import Packet

IGMP, NOBODY4, LINK_GROUPS = 2, "0.0.0.0", IPv4Network("224.0.0.0/24")


def is_martian(node: Node, packet: Packet) -> bool:
    """True if *packet*, which came without a route, is not taken.

    >>> from bsdsockets import Machine
    >>> machine = Machine()
    >>> [is_martian(machine.node, Packet(source, "127.0.0.1", 17, b"")) for source in
    ...  ("127.0.0.1", "192.0.2.1")], is_martian(machine.node, Packet("::1", "::1", 17, b""))
    ([True, True], False)
    >>> machine.close()
    """
    source, to = packet.source, packet.destination
    if is_multicast(source) or source == BROADCAST4:
        return True
    if ":" in source:
        return node.kind(to) == "remote"
    own = any(str(each.ip) == source for each in node.addresses())
    nobody, loopback = source.startswith("0."), source.startswith("127.")
    if is_multicast(to):
        of_the_link = ip_address(to) in LINK_GROUPS or packet.protocol == IGMP
        return own or loopback or (nobody and not of_the_link)
    if to == BROADCAST4 or (source == to == NOBODY4):
        return own
    return own or loopback or nobody or to.startswith(("0.", "127.")) or node.kind(to) == "remote"
