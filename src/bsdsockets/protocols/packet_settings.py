"""Options and ioctls of packet sockets.

    modelled   PACKET_AUXDATA PACKET_IGNORE_OUTGOING PACKET_STATISTICS PACKET_FANOUT
               PACKET_QDISC_BYPASS, SIOCGSTAMP SIOCGSTAMPNS
    kept       the rest of `STORED`: they read back, and do nothing

Left out: rings (PACKET_RX_RING, PACKET_TX_RING), headers for offloads (PACKET_VNET_HDR), filters
that choose in a group (PACKET_FANOUT_DATA).

May not know: frames.

Sources: Linux packet(7), ``packet_setsockopt``, ``packet_getsockopt``, ``fanout_add``;
<linux/if_packet.h>; the answers as Linux 6.18 gives them.
"""

import struct
from dataclasses import dataclass, field
from typing import Any

from ..machine.constants import SOCK_RAW, SOL_PACKET
from ..machine.errors import (
    EALREADY,
    EINVAL,
    ENODEV,
    ENOENT,
    ENOPROTOOPT,
    ENOSPC,
    ENOTTY,
    EOPNOTSUPP,
    fail,
)
from ..network.frames import find
from ..network.node import Interface, Node
from .protocol import Unreadable, time_of
from .records import Records

SOCK_PACKET = 10
PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP, PACKET_RX_RING, PACKET_STATISTICS = 1, 2, 5, 6
PACKET_COPY_THRESH, PACKET_AUXDATA, PACKET_ORIGDEV, PACKET_VERSION = 7, 8, 9, 10
PACKET_HDRLEN, PACKET_RESERVE, PACKET_TX_RING, PACKET_LOSS = 11, 12, 13, 14
PACKET_VNET_HDR, PACKET_TIMESTAMP, PACKET_FANOUT, PACKET_TX_HAS_OFF = 15, 17, 18, 19
PACKET_QDISC_BYPASS, PACKET_ROLLOVER_STATS, PACKET_FANOUT_DATA = 20, 21, 22
PACKET_IGNORE_OUTGOING, PACKET_VNET_HDR_SZ = 23, 24
# What is stored, and what a value becomes: its greatest; True for "not 0"; None for as it is.
STORED: dict[int, int | bool | None] = {
    PACKET_COPY_THRESH: None, PACKET_AUXDATA: True, PACKET_ORIGDEV: True, PACKET_VERSION: 2,
    PACKET_RESERVE: 2**31 - 1, PACKET_LOSS: True, PACKET_VNET_HDR: True, PACKET_TIMESTAMP: None,
    PACKET_TX_HAS_OFF: True, PACKET_QDISC_BYPASS: True, PACKET_IGNORE_OUTGOING: 1,
    PACKET_VNET_HDR_SZ: None}
LONGER = (PACKET_AUXDATA, PACKET_ORIGDEV, PACKET_VNET_HDR, PACKET_VNET_HDR_SZ)  # than an int
OFFLOAD = (PACKET_VNET_HDR, PACKET_VNET_HDR_SZ)
SIOCGSTAMP, SIOCGSTAMPNS = 0x8906, 0x8907
RING_HEADER, RING_REQUEST, MOST_MEMBERS = 32, 16, 256  # bytes, bytes, sockets of a group
MULTICAST, UNICAST, PAGE = 0, 3, 4096
HASH, BALANCE, CPU, ROLLOVER, RANDOM, QUEUE, CLASSIC, EXTENDED = range(8)
FLAG_ROLLOVER, FLAG_UNIQUE, FLAG_IGNORE_OUTGOING = 0x1000, 0x2000, 0x4000


@dataclass(eq=False)
class Group:
    """Sockets of which one gets each frame: packet(7), PACKET_FANOUT."""

    kind: int
    flags: int
    hook: tuple[int, int]  # protocol and interface, which all have
    members: list[Any] = field(default_factory=list)
    turn: int = 0

    def choose(self) -> Any:
        """Who gets the next frame: in turn, or the first; by a hash on Linux, which is secret."""
        self.turn += 1
        return self.members[self.turn % len(self.members) if self.kind == BALANCE else 0]


class PacketSettings(Records):
    """What a program sets and asks; SOCK_PACKET, which is older, has no options."""

    node: Node
    groups: dict[int, Group]

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """SIOCGSTAMP, SIOCGSTAMPNS: when the frame came that was received last, in two longs.

        ENOENT
            None has been received.
        """
        if request not in (SIOCGSTAMP, SIOCGSTAMPNS):
            fail(ENOTTY)
        if so.pcb.stamp is None:
            fail(ENOENT)
        return 0, time_of(so.pcb.stamp, 10**6 if request == SIOCGSTAMP else 10**9)

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        if so.type == SOCK_PACKET:
            fail(EOPNOTSUPP)
        if level != SOL_PACKET:
            fail(ENOPROTOOPT)
        if number == PACKET_STATISTICS:
            counts = struct.pack("=II", so.pcb.seen, so.pcb.lost)
            so.pcb.seen = so.pcb.lost = 0  # reading them clears them
            third = so.options.get((SOL_PACKET, PACKET_VERSION)) == 2
            return (counts + bytes(4 * third))[:room]
        if number == PACKET_HDRLEN:
            return struct.pack("=i", RING_HEADER)[:room]
        if number == PACKET_ROLLOVER_STATS:
            fail(EINVAL)
        if number == PACKET_FANOUT:
            return struct.pack("=i", self._number_of(so.pcb.group))[:room]
        if number not in STORED:
            fail(ENOPROTOOPT)
        return struct.pack("=i", so.options.get((level, number), 0))[:room]

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        """Set an option.

        EINVAL
            A value that is too short, or for most of them too long, or too great.
        ENOPROTOOPT
            There is no such option, or it is left out here.
        """
        if so.type == SOCK_PACKET:
            fail(EOPNOTSUPP)
        if level != SOL_PACKET:
            fail(ENOPROTOOPT)
        if number in STORED:
            self._store(so, number, value)
        elif number in (PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP):
            self._member(number, value)
        elif number in (PACKET_RX_RING, PACKET_TX_RING):
            self._ring(value)
        elif number == PACKET_FANOUT:
            self._fan_out(so, value)
        else:
            filtered = so.pcb.group is not None and so.pcb.group.kind >= CLASSIC
            fail(EINVAL if number == PACKET_FANOUT_DATA and not filtered else ENOPROTOOPT)

    @staticmethod
    def _store(so: Any, number: int, value: bytes) -> None:
        if len(value) < 4 or (len(value) > 4 and number not in LONGER) or (
                number in OFFLOAD and so.type != SOCK_RAW):
            fail(EINVAL)
        wanted, most = struct.unpack("=i", value[:4])[0], STORED[number]
        if number in OFFLOAD and wanted:
            fail(ENOPROTOOPT if number == PACKET_VNET_HDR or wanted in (10, 12) else EINVAL)
        if most is True:
            wanted = int(bool(wanted))
        elif most is not None and not 0 <= wanted <= most:
            fail(EINVAL)
        so.options[SOL_PACKET, number] = wanted

    @staticmethod
    def _ring(value: bytes) -> None:
        """A ring without blocks is none, and can always be had."""
        if len(value) < RING_REQUEST or isinstance(value, Unreadable):
            fail(EINVAL)
        size, blocks, _, frames = struct.unpack("=IIII", value[:RING_REQUEST])
        if (frames and not blocks) or (blocks and (not size or size % PAGE)):
            fail(EINVAL)
        if blocks:
            fail(ENOPROTOOPT)

    def _member(self, number: int, value: bytes) -> None:
        """struct packet_mreq: nothing is filtered by address here, so nothing changes."""
        if len(value) < 16 or len(value) < 8 + struct.unpack("=H", value[6:8])[0]:
            fail(EINVAL)
        index, kind, length = struct.unpack("=iHH", value[:8])
        if number == PACKET_DROP_MEMBERSHIP:
            return
        interface: Interface = find(self.node, index) or fail(ENODEV)
        own = len(interface.address)
        if length > own or (kind in (MULTICAST, UNICAST) and length != own):
            fail(EINVAL)

    # Groups

    def _fan_out(self, so: Any, value: bytes) -> None:
        """Join a group, or found it.

        EALREADY
            The socket is in one.
        EINVAL
            There is no such way to choose; the group has another, or another protocol.
        ENOSPC
            The group is full.
        """
        if len(value) not in (4, 8):
            fail(EINVAL)
        number, flags, most = struct.unpack("=HHI", value[:8].ljust(8, b"\0"))
        kind, flags = flags & 0xFF, flags & 0xFF00
        if kind > EXTENDED or (kind == ROLLOVER and flags & FLAG_ROLLOVER):
            fail(EINVAL)
        if so.pcb.group is not None:
            fail(EALREADY)
        if flags & FLAG_UNIQUE:
            if number:
                fail(EINVAL)
            flags &= ~FLAG_UNIQUE
            number = next(each for each in range(1 << 16) if each not in self.groups)
        hook = so.pcb.ethertype, so.pcb.index
        group = self.groups.get(number) or Group(kind, flags, hook)
        if (group.kind, group.flags, group.hook) != (kind, flags, hook) or not so.pcb.ethertype:
            fail(EINVAL)
        if len(group.members) >= (most or MOST_MEMBERS):
            fail(ENOSPC)
        self.groups[number] = so.pcb.group = group
        group.members.append(so)

    def _number_of(self, group: Group | None) -> int:
        for number, each in self.groups.items():
            if each is group:
                whole = number | group.kind << 16 | group.flags << 16
                return whole - (whole >> 31 << 32)
        return 0

    def leave(self, so: Any) -> None:
        """Take a socket out of its group."""
        group, so.pcb.group = so.pcb.group, None
        if group is None:
            return
        group.members[group.members.index(so)] = group.members[-1]
        group.members.pop()
        if not group.members:
            self.groups = {number: each for number, each in self.groups.items()
                           if each is not group}
