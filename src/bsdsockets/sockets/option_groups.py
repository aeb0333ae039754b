"""Options that join and leave multicast groups, and choose who is heard there.

    by address     IP_ADD_MEMBERSHIP, IP_ADD_SOURCE_MEMBERSHIP, IP_MSFILTER      IPv4
    by interface   IPV6_JOIN_GROUP, MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP    IPv6, both

Each unpacks its structure and calls one of `join`, `leave`, `change` and `replace`, which hold
the rules.  No router is told (IGMP, MLD).

May not know: which options there are.

Sources: RFC 1112 7.1; RFC 3493 5.2; RFC 3678; ip(7), ipv6(7); Linux ``ip_mc_join_group``,
``ip_mc_source``, ``ip_mc_msfilter``, ``ip6_mc_source`` as observed on 6.18.
"""

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from ..machine.constants import AF_INET, AF_INET6
from ..machine.errors import EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENOBUFS, ENODEV, fail
from ..network.addresses import ANY4, unpack
from ..network.groups import Membership

MOST_GROUPS = 20  # net.ipv4.igmp_max_memberships
MOST_SOURCES, MOST_SOURCES6 = 10, 64  # net.ipv4.igmp_max_msf, net.ipv6.mld_max_msf
MOST_BYTES = 131072  # net.core.optmem_max
INCLUDE, EXCLUDE = 1, 0
STORAGE = 128  # bytes of struct sockaddr_storage

Writer = Callable[[Any, bytes], None]


class Place(NamedTuple):
    """A group, and where: by the index of an interface or, of IPv4, by an address of it."""

    group: str
    interface: int = 0
    address: str = ANY4


# The rules


def join(so: Any, place: Place, excludes: bool = True) -> None:
    """Join a group: for all senders, or with *excludes* false for none yet.

    EINVAL, ENODEV
        It is no group; there is no such interface, or no way to the group.
    EADDRINUSE, ENOBUFS
        The socket is a member; it is one of 20 groups of IPv4.
    """
    six = ":" in place.group
    _check_group(so, place.group)
    if six and _find(so, place) is not None:
        fail(EADDRINUSE)
    index = _interface(so, place)
    mine = [member for member in so.groups if (":" in member.group) == six]
    if any((each.group, each.interface) == (place.group, index) for each in mine):
        fail(EADDRINUSE)
    if not six and len(mine) >= MOST_GROUPS:
        fail(ENOBUFS)
    member = Membership(place.group, index, place.address, excludes)
    so.groups = (*so.groups, member)
    so.protocol.node.groups.add(member)


def leave(so: Any, place: Place) -> None:
    """Leave a group.

    EINVAL
        It is no group (IPv6).
    EADDRNOTAVAIL, ENODEV
        The socket is no member; nor was an interface named or found.
    """
    if ":" in place.group:
        _check_group(so, place.group)
    else:
        place = place._replace(interface=_index(so, place))
        if not place.interface and place.address == ANY4:
            fail(ENODEV)
    member = _find(so, place)
    if member is None:
        fail(EADDRNOTAVAIL)
    so.groups = tuple(each for each in so.groups if each is not member)
    so.protocol.node.groups.remove(member)


def change(so: Any, place: Place, source: str, excludes: bool, add: bool) -> None:
    """Put one sender on the list of those that are heard, or are not, or take it off.

    The last of those that are heard takes the membership with it.

    EINVAL
        It is no group; the socket is no member; it has a list of the other kind.
    ENODEV
        There is no such interface.
    EADDRNOTAVAIL, ENOBUFS
        The sender is on the list already, or not on it; the list is full.
    """
    _check_group(so, place.group)
    place = place._replace(interface=_interface(so, place))
    member = _find(so, place)
    if member is None or (member.sources is not None and member.excludes != excludes):
        fail(EINVAL)
    member.excludes = excludes
    sources = member.sources or []
    if add and len(sources) >= (MOST_SOURCES6 if ":" in place.group else MOST_SOURCES):
        fail(ENOBUFS)
    if (source in sources) == add:
        fail(EADDRNOTAVAIL)
    if add:
        member.sources = [*sources, source]
    elif len(sources) == 1 and not excludes:
        leave(so, place)
    else:
        sources.remove(source)


def replace(so: Any, place: Place, mode: int, sources: list[str]) -> None:
    """Set the whole list of a membership; to hear nobody is to leave.

    EINVAL
        It is no group; the mode is none; the socket is no member.
    ENODEV
        There is no such interface.
    """
    _check_group(so, place.group)
    if mode not in (INCLUDE, EXCLUDE):
        fail(EINVAL)
    place = place._replace(interface=_interface(so, place))
    if mode == INCLUDE and not sources:
        leave(so, place)
        return
    member = _find(so, place)
    if member is None:
        fail(EINVAL)
    member.excludes, member.sources = mode == EXCLUDE, sources or None


def _check_group(so: Any, group: str) -> None:
    if so.protocol.node.kind(group) != "multicast":
        fail(EINVAL)


def _index(so: Any, place: Place) -> int:
    """The index of the interface that is named, or the way to an address; 0 for none."""
    if place.interface or ":" in place.group:
        return place.interface
    kind = so.protocol.node.kind
    if place.address != ANY4:
        return int(kind(place.address) == "local")
    return int(place.group == ANY4 or kind(place.group) == "local")


def _interface(so: Any, place: Place) -> int:
    """The index of the interface that is meant; ENODEV if it is none."""
    index = _index(so, place)
    if index != 1:
        fail(ENODEV)
    return index


def _find(so: Any, place: Place) -> Membership | None:
    """The membership that is meant; without an index that of the same group and address."""
    for member in so.groups:
        if member.group == place.group and (
                place.interface == member.interface if place.interface
                else place.address in (ANY4, member.address)):
            return member
    return None


# The structures


def membership(joins: bool, six: bool) -> Writer:
    """Make what joins or leaves a group: struct ip_mreq, ip_mreqn or ipv6_mreq."""
    def write(so: Any, value: bytes) -> None:
        if six:
            place = Place(unpack(value[:16]), *struct.unpack("=i", value[16:20]))
        else:
            index = struct.unpack("=i", value[8:12])[0] if len(value) >= 12 else 0
            place = Place(unpack(value[:4]), index, unpack(value[4:8]))
        (join if joins else leave)(so, place)
    return write


def at_interface(joins: bool, six: bool) -> Writer:
    """Make what joins or leaves a group: struct group_req."""
    def write(so: Any, value: bytes) -> None:
        group = _address(value[8:], six, EADDRNOTAVAIL if six else EINVAL)
        (join if joins else leave)(so, Place(group, *struct.unpack("=i", value[:4])))
    return write


def source(excludes: bool, add: bool) -> Writer:
    """Make what changes a list of senders: struct ip_mreq_source."""
    def write(so: Any, value: bytes) -> None:
        group, own, sender = (unpack(value[at:at + 4]) for at in (0, 4, 8))
        _change(so, Place(group, 0, own), sender, excludes, add)
    return write


def source_at_interface(excludes: bool, add: bool, six: bool) -> Writer:
    """Make what changes a list of senders: struct group_source_req."""
    def write(so: Any, value: bytes) -> None:
        group, sender = (_address(value[at:], six) for at in (8, 8 + STORAGE))
        _change(so, Place(group, *struct.unpack("=i", value[:4])), sender, excludes, add)
    return write


def _change(so: Any, place: Place, sender: str, excludes: bool, add: bool) -> None:
    """`change`; who wants to hear one sender is made a member first."""
    if add and not excludes:
        try:
            join(so, place, excludes=False)
        except OSError as error:
            if error.errno != EADDRINUSE:
                raise
    change(so, place, sender, excludes, add)


def filters(so: Any, value: bytes) -> None:
    """IP_MSFILTER: struct ip_msfilter."""
    mode, count = struct.unpack("=II", value[8:16])
    _check_list(value, count, 16 + 4 * count, MOST_SOURCES)
    senders = [unpack(value[at:at + 4]) for at in range(16, 16 + 4 * count, 4)]
    replace(so, Place(unpack(value[:4]), 0, unpack(value[4:8])), mode, senders)


def filters_at_interface(six: bool) -> Writer:
    """Make MCAST_MSFILTER: struct group_filter."""
    def write(so: Any, value: bytes) -> None:
        head = 16 + STORAGE
        mode, count = struct.unpack("=II", value[head - 8:head])
        _check_list(value, count, head + STORAGE * count, MOST_SOURCES6 if six else MOST_SOURCES)
        refusal = 0 if six else EADDRNOTAVAIL
        group, *senders = (_address(value[at:], six, refusal) for at in (
            8, *range(head, head + STORAGE * count, STORAGE)))
        replace(so, Place(group, *struct.unpack("=i", value[:4])), mode, senders)
    return write


def _check_list(value: bytes, count: int, size: int, most: int) -> None:
    if len(value) > MOST_BYTES or count > most:
        fail(ENOBUFS)
    if size > len(value):
        fail(EINVAL)


def _address(value: bytes, six: bool, refusal: int = EADDRNOTAVAIL) -> str:
    """The address in a struct sockaddr_storage; *refusal*, if any, for one of another family."""
    if refusal and struct.unpack("=H", value[:2])[0] != (AF_INET6 if six else AF_INET):
        fail(refusal)
    return unpack(value[8:24] if six else value[4:8])


def unread(so: Any) -> bytes:
    """IP_MSFILTER and MCAST_MSFILTER, read: the group is in the bytes that are written over."""
    fail(EINVAL)
