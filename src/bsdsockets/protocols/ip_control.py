"""Control messages of IP: what a sender may choose, and what a receiver may be told.

    sendmsg: IP_TTL, IP_TOS, IP_PKTINFO; IPV6_HOPLIMIT, IPV6_TCLASS, IPV6_PKTINFO
    recvmsg: the same, for a socket that asked with IP_RECVTTL, IPV6_RECVPKTINFO ...

May not know: datagrams, sockets' buffers.

Sources: Linux ip(7), ``ip_cmsg_send`` and ``ip_cmsg_recv_offset`` as observed; RFC 3542 6.
"""

import struct
from typing import Any, NamedTuple

from ..machine import constants as c
from ..machine.errors import EINVAL, ENETUNREACH, ENODEV, EPERM, fail
from ..network.addresses import (
    ANY4,
    ANY6,
    BROADCAST4,
    LOOPBACK4,
    is_any,
    is_mapped,
    is_of_link,
    pack,
    remap,
    sockaddr,
    unpack,
)
from ..network.packets import Packet
from .buffers import Record
from .protocol import moment
from .stamping import TAKEN


class Choices(NamedTuple):
    """What a sender chose for one packet; an empty source leaves it to the socket, 0.0.0.0 to
    the way that the packet takes, and a *ttl* of 0 for IPv4 to the socket when the packet goes.

    *interface* 0 is any; a *segment* of 0 divides nothing; *stamps*: which are to be taken;
    *whole*: IPV6_DONTFRAG.  *options*: bytes that its own options add to the header, in the place
    of those of the socket; *behind*: of these, those of IPV6_DSTOPTS.
    """

    ttl: int = 64
    tos: int = 0
    source: str = ""
    interface: int = 0
    mark: int = 0
    segment: int = 0
    stamps: int = 0
    whole: int = 0
    options: int = 0
    behind: int = 0

    def stays_whole6(self, so: Any) -> bool:
        """True if what *so* sends over IPv6 may not be cut into fragments: ipv6(7).

        Linux asks what IPV6_DONTFRAG says for some protocols alone.
        """
        return bool((self.whole and so.protocol_number in WHOLE)
                    or so.options.get("IPV6_MTU_DISCOVER", 1) in (2, 3, 4))


PLAIN, PLAIN4 = Choices(), Choices(ttl=0)


UNHEARD = "unheard"  # the kind of a group that this host hears nothing of
IP_PROTOCOL = 52
WHOLE = (c.IPPROTO_UDP, c.IPPROTO_ICMPV6, c.IPPROTO_RAW)
IGNORED = (c.SCM_RIGHTS, c.SCM_CREDENTIALS)  # what only UNIX sockets look at
NUMBERS = (c.SO_MARK, c.SO_PRIORITY, c.SO_TIMESTAMPING)
HOPOPTS = c.IPPROTO_IPV6, c.IPV6_HOPOPTS
KNOWN_OPTIONS = (7, 68, 130, 131, 134, 137, 148)  # routes, times, labels, router alert: not here
BEHIND = 4, c.IPV6_DSTOPTS  # 3 and 4: RFC 2292's
EXTENDING = 3, c.IPV6_HOPOPTS, *BEHIND
OPTIONS6 = *EXTENDING, c.IPV6_RTHDRDSTOPTS
LONGEST_OPTIONS = 40


def check_control(so: Any, control: tuple[Any, ...]) -> None:
    """Fail for a control message of SOL_SOCKET that Linux does not know, or does not allow.

    EPERM
        SO_MARK, or an SO_PRIORITY that is not 0 to 6, from an unprivileged process.
    EINVAL
        There is no such message, or its length is another.
    """
    for level, kind, value in control:
        if (level, kind) == (c.SOL_SOCKET, c.SO_MARK) and not so.host.privileged:
            fail(EPERM)
        if level == c.SOL_SOCKET and kind not in IGNORED and (
                kind not in NUMBERS or len(value) != 4 or (
                    kind == c.SO_TIMESTAMPING and struct.unpack("=I", value)[0] & ~TAKEN)):
            fail(EINVAL)
        if (level, kind) == (c.SOL_SOCKET, c.SO_PRIORITY) and not so.host.privileged and (
                not 0 <= int.from_bytes(value, "little", signed=True) <= 6):
            fail(EPERM)


def choices(so: Any, control: tuple[Any, ...], remote: str, multicast: bool,
            scope: int = 0) -> Choices:
    """What the options of *so* and the control messages say of a packet to *remote*.

    *scope*: the interface that its address names, if it is local to a link.
    """
    if not control and not so.options:
        return PLAIN if ":" in remote else PLAIN4
    check_control(so, control)
    get = so.options.get
    segment = get("UDP_SEGMENT", 0)
    for level, kind, value in control:
        if level == c.IPPROTO_UDP and so.type == c.SOCK_DGRAM:
            if kind != c.UDP_SEGMENT or len(value) != 2:
                fail(EINVAL)
            segment = struct.unpack("=H", value)[0]
    marks = [value for level, kind, value in control if (level, kind) == (c.SOL_SOCKET, c.SO_MARK)]
    mark = struct.unpack("=i", marks[-1])[0] if marks else get("SO_MARK", 0)
    stamps = get("SO_TIMESTAMPING", 0) & TAKEN
    for level, kind, value in control:
        if (level, kind) == (c.SOL_SOCKET, c.SO_TIMESTAMPING):
            stamps = struct.unpack("=I", value)[0]
    if ":" in remote:
        usual = get("IPV6_MULTICAST_HOPS", 1) if multicast else get("IPV6_UNICAST_HOPS", 64)
        chosen = Choices(usual, get("IPV6_TCLASS", 0), mark=mark, segment=segment,
                         stamps=stamps, whole=get("IPV6_DONTFRAG", 0))
        chosen = _choose6(so, chosen, control, scope)
        if chosen.options:
            return chosen
        behind = len(get("IPV6_DSTOPTS", b""))
        return chosen._replace(options=len(get("IPV6_HOPOPTS", b"")) + behind, behind=behind)
    return _choose4(so, Choices(0, get("IP_TOS", 0), mark=mark, segment=segment, stamps=stamps,
                                options=len(get("IP_OPTIONS", b""))), control)


def hops(so: Any, chosen: Choices, remote: str, kind: str) -> int:
    """The TTL, or hop limit, of a packet to an address, whose way is that to one of this *kind*.

    Of IPv4 it is what the options say now, though pieces of it were collected before.

    Source: Linux ``__ip_make_skb``, ``ip6_setup_cork``.
    """
    if chosen.ttl or ":" in remote:
        return chosen.ttl
    if kind in ("multicast", UNHEARD):
        return int(so.options.get("IP_MULTICAST_TTL", 1))
    return int(so.options.get("IP_TTL", 64))


def _choose4(so: Any, chosen: Choices, control: tuple[Any, ...]) -> Choices:
    for level, kind, value in control:
        if level == c.IPPROTO_IPV6 and kind == c.IPV6_PKTINFO and so.family == c.AF_INET6:
            chosen = _source_mapped(value, chosen)
        if level != c.IPPROTO_IP:
            continue
        if kind == c.IP_TTL:
            chosen = chosen._replace(ttl=_number(value, 1, 255, (4,)))
        elif kind == c.IP_TOS:
            chosen = chosen._replace(tos=_number(value, 0, 255, (1, 4)))
        elif kind == c.IP_PKTINFO:
            chosen = _source4(value, chosen)
        elif kind == IP_PROTOCOL:
            _number(value, 1, 255, (4,))  # of use to a raw socket without a protocol
        elif kind == c.IP_RETOPTS:
            chosen = chosen._replace(options=len(ip_options(so, value[:LONGEST_OPTIONS])))
        else:
            fail(EINVAL)
    return chosen


def _choose6(so: Any, chosen: Choices, control: tuple[Any, ...], scope: int) -> Choices:
    if sum(each[:2] == HOPOPTS for each in control) > 1:
        fail(EINVAL)
    for level, kind, value in control:
        if level != c.IPPROTO_IPV6:
            continue
        if kind in (c.IPV6_HOPLIMIT, c.IPV6_2292HOPLIMIT):
            number = _number(value, -1, 255, (4,))
            chosen = chosen._replace(ttl=64 if number < 0 else number)
        elif kind == c.IPV6_TCLASS:
            chosen = chosen._replace(tos=_number(value, -1, 255, (4,)) & 0xFF)
        elif kind in (c.IPV6_PKTINFO, c.IPV6_2292PKTINFO):
            chosen = chosen._replace(source=_source6(so, value, scope))
        elif kind == c.IPV6_DONTFRAG:
            chosen = chosen._replace(whole=_number(value, 0, 1, (4,)))
        elif not _is_ignored(kind, value):
            fail(EINVAL)
        elif kind in OPTIONS6 and not so.host.privileged:
            fail(EPERM)
        elif kind in EXTENDING:
            size = (value[1] + 1) * 8
            chosen = chosen._replace(options=chosen.options + size,
                                     behind=chosen.behind + size * (kind in BEHIND))
    return chosen


def _is_ignored(kind: int, value: bytes) -> bool:
    """True for options of IPv6 that are checked, and have no effect here."""
    if kind == c.IPV6_FLOWINFO:
        return len(value) >= 4
    return kind in OPTIONS6 and len(value) >= 8 and (value[1] + 1) * 8 <= len(value)


def _number(value: bytes, low: int, high: int, lengths: tuple[int, ...]) -> int:
    if len(value) not in lengths:
        fail(EINVAL)
    number = int.from_bytes(value, "little", signed=len(value) == 4)
    if not low <= number <= high:
        fail(EINVAL)
    return number


def _source4(value: bytes, chosen: Choices) -> Choices:
    """struct in_pktinfo: an interface, the source address, an address that is not used."""
    if len(value) != 12:
        fail(EINVAL)
    return chosen._replace(source=unpack(value[4:8]),
                           interface=struct.unpack("=i", value[:4])[0])


def _source_mapped(value: bytes, chosen: Choices) -> Choices:
    """struct in6_pktinfo about a packet of IPv4."""
    if len(value) < 20 or not is_mapped(unpack(value[:16])):
        fail(EINVAL)
    return _source4(value[16:20] + value[12:16] + bytes(4), chosen)


def check_source(so: Any, chosen: Choices) -> None:
    """Fail if a packet cannot go from where its sender chose.

    EINVAL
        The source is a group or the broadcast address.
    ENETUNREACH
        It is no address of this host; IP_TRANSPARENT and IP_HDRINCL allow any.
    ENODEV
        There is no such interface.
    """
    node = so.protocol.node
    if not is_any(chosen.source or ANY4) and ":" not in chosen.source:
        if chosen.source == BROADCAST4 or node.kind(chosen.source) == "multicast":
            fail(EINVAL)
        foreign = so.options.get("IP_TRANSPARENT") or so.options.get("IP_HDRINCL")
        if node.kind(chosen.source) != "local" and not foreign:
            fail(ENETUNREACH)
    if chosen.interface and not node.has_interface(chosen.interface):
        fail(ENODEV)


def _source6(so: Any, value: bytes, scope: int) -> str:
    """struct in6_pktinfo: the source address and an interface.

    EINVAL
        Another interface is named already; none for a source that is local to its link.
    ENODEV
        It is not there.
    EINVAL
        The source is no address of this host; IP_FREEBIND and IP_TRANSPARENT allow any.

    Source: Linux ``ip6_datagram_send_ctl``.
    """
    if len(value) < 20:
        fail(EINVAL)
    node, address = so.protocol.node, unpack(value[:16])
    index = struct.unpack("=i", value[16:20])[0]
    usual = scope or so.options.get("SO_BINDTODEVICE") or so.options.get("IPV6_PKTINFO", 0)
    if index and usual and index != usual:
        fail(EINVAL)
    if not (index or usual) and is_of_link(address):
        fail(EINVAL)
    if not node.has_interface(index or usual or 1):
        fail(ENODEV)
    foreign = so.options.get("IP_FREEBIND") or so.options.get("IP_TRANSPARENT")
    if address != ANY6 and node.kind(address) != "local" and not foreign:
        fail(EINVAL)
    return "" if is_any(address) else address


def header_options(so: Any) -> int:
    """How many bytes IP_OPTIONS adds to the header of IPv4."""
    return len(so.options.get("IP_OPTIONS", b""))


def ip_options(so: Any, value: bytes) -> bytes:
    """IP_OPTIONS: at most 40 bytes; NOP, END and, from root, what Linux does not know either."""
    at = 0
    while at < len(value) and value[at]:
        size = 1 if value[at] == 1 else (*value, 0)[at + 1]
        unknown = value[at] not in KNOWN_OPTIONS and so.host.privileged
        if value[at] != 1 and (not unknown or not 2 <= size <= len(value) - at):
            fail(EINVAL)
        at += size
    return value[:at].ljust(-(-len(value) // 4) * 4, b"\0")


def may_fragment(so: Any) -> bool:
    """True if what *so* sends over IPv4 may be cut on its way: IP_MTU_DISCOVER is 0, 4 or 5.

    Otherwise its packets have Don't Fragment, as discovering the path's MTU wants (RFC 1191 2).
    """
    return bool(so.options) and so.options.get("IP_MTU_DISCOVER", 1) not in (1, 2, 3)


def prepared(so: Any, packet: Packet) -> Packet:
    """*packet* as *so* remembers it: of IPv4, where it came in only if that is asked for then."""
    if ":" in packet.source or (so.options and (so.options.get("IP_PKTINFO")
                                                or so.options.get("IPV6_RECVPKTINFO"))):
        return packet
    return packet._replace(interface=0)


def told(so: Any, record: Record, returned: bool = False) -> tuple[Any, ...]:
    """The control messages about a packet that *so* asked for, in Linux's order.

    *returned*: the packet is an ICMP error about what *so* sent, and the record has that.
    """
    get, packet = so.options.get, record.origin
    result: list[tuple[int, int, bytes]] = list(moment(so, record.arrived, returned))
    if record.drops:
        result.append((c.SOL_SOCKET, c.SO_RXQ_OVFL, struct.pack("=I", record.drops)))
    if packet is None:
        return tuple(result)
    if get("SO_RCVMARK") and not returned:
        result.append((c.SOL_SOCKET, c.SO_MARK, struct.pack("=i", packet.mark)))
    if get("UDP_GRO") and not returned and getattr(packet.payload, "segment", 0):
        result.append((c.IPPROTO_UDP, c.UDP_GRO, struct.pack("=i", packet.payload.segment)))
    if so.family == c.AF_INET6:
        _told6(so, record, returned, result)
        if ":" in packet.source:
            return tuple(result)
    if get("IP_PKTINFO"):
        local = specific = pack(packet.destination)
        if not packet.interface or returned:
            specific = bytes(4)
        elif so.protocol.node.kind(packet.destination) in ("multicast", "broadcast"):
            specific = pack(LOOPBACK4 if packet.source != ANY4 else ANY4)  # what an answer is from
        result.append((c.IPPROTO_IP, c.IP_PKTINFO,
                       struct.pack("=i4s4s", packet.interface, specific, local)))
    if get("IP_RECVTTL"):
        result.append((c.IPPROTO_IP, c.IP_TTL, struct.pack("=i", packet.ttl)))
    if get("IP_RECVTOS"):
        result.append((c.IPPROTO_IP, c.IP_TOS, bytes([packet.tos])))
    if get("IP_RECVORIGDSTADDR") and len(ports := _ports(so, record, returned)) == 4:
        result.append((c.IPPROTO_IP, c.IP_RECVORIGDSTADDR, sockaddr(
            packet.destination, int.from_bytes(ports[2:], "big"))))
    return tuple(result)


def _ports(so: Any, record: Record, returned: bool) -> bytes:
    """The four bytes after the IP header: both ports, where there are such; fewer if it is short.

    Of what came back, and of what a raw socket reads, Linux takes them from the data.
    """
    packet = record.origin
    if returned or so.type == c.SOCK_RAW:
        start = 0 if returned or ":" in packet.source else 20
        return record.data[start:start + 4]
    return struct.pack("!HH", packet.payload.source, packet.payload.destination)


def _told6(so: Any, record: Record, returned: bool,
           result: list[tuple[int, int, bytes]]) -> None:
    get, packet = so.options.get, record.origin
    if get("IPV6_RECVPKTINFO"):
        result.append((c.IPPROTO_IPV6, c.IPV6_PKTINFO, struct.pack(
            "=16si", pack(remap(packet.destination)), packet.interface)))
    if ":" not in packet.source:
        return
    if get("IPV6_RECVHOPLIMIT"):
        result.append((c.IPPROTO_IPV6, c.IPV6_HOPLIMIT, struct.pack("=i", packet.ttl)))
    if get("IPV6_RECVTCLASS"):
        result.append((c.IPPROTO_IPV6, c.IPV6_TCLASS, struct.pack("=i", packet.tos)))
    if get("IPV6_ORIGDSTADDR") and len(ports := _ports(so, record, returned)) == 4:
        result.append((c.IPPROTO_IPV6, c.IPV6_ORIGDSTADDR, sockaddr(
            packet.destination, int.from_bytes(ports[2:], "big"))))
