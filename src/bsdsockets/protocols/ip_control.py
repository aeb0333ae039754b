"""Control messages of IP: what a sender may choose, and what a receiver may be told.

    sendmsg: IP_TTL, IP_TOS, IP_PKTINFO; IPV6_HOPLIMIT, IPV6_TCLASS, IPV6_PKTINFO
    recvmsg: the same, for a socket that asked with IP_RECVTTL, IPV6_RECVPKTINFO ...

May not know: datagrams, sockets' buffers.

Sources: Linux ip(7), ``ip_cmsg_send`` and ``ip_cmsg_recv_offset`` as observed; RFC 3542 6.
"""

import struct
from typing import Any, NamedTuple

from ..machine import constants as c
from ..machine.errors import EINVAL, ENODEV, fail
from ..network.addresses import ANY4, ANY6, is_any, pack, remap, unpack
from ..network.packets import Packet


class Choices(NamedTuple):
    """What a sender chose for one packet; an empty source leaves it to the socket."""

    ttl: int = 64
    tos: int = 0
    source: str = ""


PLAIN = Choices()


def check_control(control: tuple[Any, ...]) -> None:
    """Fail with EINVAL for a control message of SOL_SOCKET that Linux does not know."""
    for level, kind, _ in control:
        if level == c.SOL_SOCKET and kind not in (c.SCM_RIGHTS, c.SCM_CREDENTIALS, c.SO_MARK):
            fail(EINVAL)


def choices(so: Any, control: tuple[Any, ...], multicast: bool) -> Choices:
    """What the options of *so* and the control messages say of a packet."""
    if not control and not so.options:
        return PLAIN
    check_control(control)
    get = so.options.get
    if so.family == c.AF_INET6:
        hops = get((c.IPPROTO_IPV6, c.IPV6_MULTICAST_HOPS), 1) if multicast else get(
            (c.IPPROTO_IPV6, c.IPV6_UNICAST_HOPS), 64)
        chosen = Choices(hops, get((c.IPPROTO_IPV6, c.IPV6_TCLASS), 0))
        return _choose6(so, chosen, control)
    ttl = get((c.IPPROTO_IP, c.IP_MULTICAST_TTL), 1) if multicast else get(
        (c.IPPROTO_IP, c.IP_TTL), 64)
    return _choose4(so, Choices(ttl, get((c.IPPROTO_IP, c.IP_TOS), 0)), control)


def _choose4(so: Any, chosen: Choices, control: tuple[Any, ...]) -> Choices:
    for level, kind, value in control:
        if level != c.IPPROTO_IP:
            continue
        if kind == c.IP_TTL:
            chosen = chosen._replace(ttl=_number(value, 1, 255, (4,)))
        elif kind == c.IP_TOS:
            chosen = chosen._replace(tos=_number(value, 0, 255, (1, 4)))
        elif kind == c.IP_PKTINFO:
            chosen = chosen._replace(source=_source4(so, value))
        elif kind != c.IP_RETOPTS:
            fail(EINVAL)
    return chosen


def _choose6(so: Any, chosen: Choices, control: tuple[Any, ...]) -> Choices:
    for level, kind, value in control:
        if level != c.IPPROTO_IPV6:
            continue
        if kind == c.IPV6_HOPLIMIT:
            hops = _number(value, -1, 255, (4,))
            chosen = chosen._replace(ttl=64 if hops < 0 else hops)
        elif kind == c.IPV6_TCLASS:
            chosen = chosen._replace(tos=max(_number(value, -1, 255, (4,)), 0))
        elif kind == c.IPV6_PKTINFO:
            chosen = chosen._replace(source=_source6(so, value))
        elif kind != c.IPV6_DONTFRAG:
            fail(EINVAL)
    return chosen


def _number(value: bytes, low: int, high: int, lengths: tuple[int, ...]) -> int:
    if len(value) not in lengths:
        fail(EINVAL)
    number = int.from_bytes(value, "little", signed=len(value) == 4)
    if not low <= number <= high:
        fail(EINVAL)
    return number


def _source4(so: Any, value: bytes) -> str:
    """struct in_pktinfo: an interface, the source address, an address that is not used."""
    if len(value) != 12:
        fail(EINVAL)
    address = unpack(value[4:8])
    if address != ANY4 and so.protocol.node.kind(address) != "local":
        fail(EINVAL)
    return "" if address == ANY4 else address


def _source6(so: Any, value: bytes) -> str:
    """struct in6_pktinfo: the source address and an interface."""
    if len(value) < 20:
        fail(EINVAL)
    address, index = unpack(value[:16]), struct.unpack("=i", value[16:20])[0]
    if index not in (0, 1):
        fail(ENODEV)
    if address != ANY6 and so.protocol.node.kind(address) != "local":
        fail(EINVAL)
    return "" if is_any(address) else address


def told(so: Any, packet: Packet | None) -> tuple[Any, ...]:
    """The control messages about *packet* that *so* asked for, in Linux's order."""
    if packet is None:
        return ()
    get = so.options.get
    result: list[tuple[int, int, bytes]] = []
    if so.family == c.AF_INET6:
        _told6(get, packet, result)
        if ":" in packet.source:
            return tuple(result)
    if get((c.IPPROTO_IP, c.IP_PKTINFO)):
        local = pack(packet.destination)
        specific = local if so.protocol.node.kind(packet.destination) == "local" else pack(
            packet.source)
        result.append((c.IPPROTO_IP, c.IP_PKTINFO,
                       struct.pack("=i4s4s", packet.interface, specific, local)))
    if get((c.IPPROTO_IP, c.IP_RECVTTL)):
        result.append((c.IPPROTO_IP, c.IP_TTL, struct.pack("=i", packet.ttl)))
    if get((c.IPPROTO_IP, c.IP_RECVTOS)):
        result.append((c.IPPROTO_IP, c.IP_TOS, bytes([packet.tos])))
    return tuple(result)


def _told6(get: Any, packet: Packet, result: list[tuple[int, int, bytes]]) -> None:
    if get((c.IPPROTO_IPV6, c.IPV6_RECVPKTINFO)):
        result.append((c.IPPROTO_IPV6, c.IPV6_PKTINFO, struct.pack(
            "=16si", pack(remap(packet.destination)), packet.interface)))
    if ":" not in packet.source:
        return
    if get((c.IPPROTO_IPV6, c.IPV6_RECVHOPLIMIT)):
        result.append((c.IPPROTO_IPV6, c.IPV6_HOPLIMIT, struct.pack("=i", packet.ttl)))
    if get((c.IPPROTO_IPV6, c.IPV6_RECVTCLASS)):
        result.append((c.IPPROTO_IPV6, c.IPV6_TCLASS, struct.pack("=i", packet.tos)))
