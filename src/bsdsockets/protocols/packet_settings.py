"""Options and ioctls of packet sockets.

    modelled   PACKET_AUXDATA PACKET_IGNORE_OUTGOING PACKET_STATISTICS, SIOCGSTAMP SIOCGSTAMPNS
    kept       the rest of `STORED`: they read back, and do nothing

Left out: rings (PACKET_RX_RING, PACKET_TX_RING), fan-out.

May not know: frames.

Sources: Linux packet(7), ``packet_setsockopt``, ``packet_getsockopt``; <linux/if_packet.h>; the
answers as Linux 6.18 gives them.
"""

import struct
from typing import Any

from ..machine.constants import SOL_PACKET
from ..machine.errors import EINVAL, ENODEV, ENOENT, ENOPROTOOPT, ENOTTY, EOPNOTSUPP, fail
from ..network.frames import find
from ..network.node import Node
from .protocol import time_of
from .records import Records

SOCK_PACKET = 10
PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP, PACKET_STATISTICS = 1, 2, 6
PACKET_COPY_THRESH, PACKET_AUXDATA, PACKET_ORIGDEV, PACKET_VERSION = 7, 8, 9, 10
PACKET_HDRLEN, PACKET_RESERVE, PACKET_LOSS, PACKET_TIMESTAMP = 11, 12, 14, 17
PACKET_TX_HAS_OFF, PACKET_QDISC_BYPASS, PACKET_IGNORE_OUTGOING = 19, 20, 23
# What is stored, and what a value becomes: its greatest; True for "not 0"; None for as it is.
STORED: dict[int, int | bool | None] = {
    PACKET_COPY_THRESH: None, PACKET_AUXDATA: True, PACKET_ORIGDEV: True, PACKET_VERSION: 2,
    PACKET_RESERVE: None, PACKET_LOSS: True, PACKET_TIMESTAMP: None, PACKET_TX_HAS_OFF: True,
    PACKET_QDISC_BYPASS: True, PACKET_IGNORE_OUTGOING: 1}
SIOCGSTAMP, SIOCGSTAMPNS = 0x8906, 0x8907
RING_HEADER = 32  # bytes of a struct tpacket_hdr, what PACKET_HDRLEN reads


class PacketSettings(Records):
    """What a program sets and asks; SOCK_PACKET, which is older, has no options."""

    node: Node

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
        if level == SOL_PACKET and number == PACKET_STATISTICS:
            counts = struct.pack("=II", so.pcb.seen, so.pcb.lost)
            so.pcb.seen = so.pcb.lost = 0  # reading them clears them
            return counts[:room]
        if level == SOL_PACKET and number == PACKET_HDRLEN:
            return struct.pack("=i", RING_HEADER)[:room]
        if level != SOL_PACKET or number not in STORED:
            fail(ENOPROTOOPT)
        return struct.pack("=i", so.options.get((level, number), 0))[:room]

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        if so.type == SOCK_PACKET:
            fail(EOPNOTSUPP)
        if level != SOL_PACKET:
            fail(ENOPROTOOPT)
        if number in (PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP):
            self._member(number, value)
        elif number in STORED:
            if len(value) < 4:
                fail(EINVAL)
            wanted, most = struct.unpack("=i", value[:4])[0], STORED[number]
            if most is True:
                wanted = int(bool(wanted))
            elif most is not None and not 0 <= wanted <= most:
                fail(EINVAL)
            so.options[level, number] = wanted
        else:
            fail(ENOPROTOOPT)

    def _member(self, number: int, value: bytes) -> None:
        """struct packet_mreq: nothing is filtered by address here, so nothing changes."""
        if len(value) < 16 or len(value) < 8 + struct.unpack("=H", value[6:8])[0]:
            fail(EINVAL)
        if number == PACKET_ADD_MEMBERSHIP and find(
                self.node, struct.unpack("=i", value[:4])[0]) is None:
            fail(ENODEV)
