"""Time stamps of packets, SO_TIMESTAMPING: when one came, and that one has gone.

    receive  --> SCM_TIMESTAMPING beside the data, where SOF_TIMESTAMPING_RX_SOFTWARE asked
    send     --> a notice in the queue of errors, ENOMSG: SCHED, in the interface's queue; SND, out

Which stamps are taken is a matter of the flags when a packet is sent, or of a control message with
it; what is told of them, of the flags when they are read.

Left out: stamps of devices, there are none; of what TCP sends (so SOF_TIMESTAMPING_TX_ACK), and of
what goes through AF_PACKET; OPT_CMSG, OPT_STATS, OPT_PKTINFO, which are taken and tell nothing.

May not know: sockets' buffers, what a packet holds.

Sources: Linux Documentation/networking/timestamping.rst; <linux/net_tstamp.h>,
``__skb_tstamp_tx`` as observed on 6.18.
"""

import struct
from typing import Any

from ..machine.constants import (
    AF_INET6,
    ETHERTYPE_IP,
    ETHERTYPE_IPV6,
    IP_RECVERR,
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPV6_RECVERR,
)
from ..machine.errors import ENOMSG
from ..network.addresses import remap, sockaddr
from ..network.packets import Packet
from ..network.wire import encode

TX_HARDWARE, TX_SOFTWARE, RX_SOFTWARE, SOFTWARE, OPT_ID = 1, 2, 8, 0x10, 0x80
TX_SCHED, TX_ACK, OPT_TSONLY, OPT_STATS, BIND_PHC = 0x100, 0x200, 0x800, 0x1000, 0x8000
OPT_ID_TCP, OPT_RX_FILTER, TX_COMPLETION, EVERY = 0x10000, 0x20000, 0x40000, 0x7FFFF
TAKEN = TX_HARDWARE | TX_SOFTWARE | TX_SCHED | TX_ACK | TX_COMPLETION
NUMBERED = TAKEN & ~TX_ACK  # of datagrams, what counts a packet
KINDS = ((TX_SCHED, 1), (TX_SOFTWARE, 0))  # in the order of the way: SCM_TSTAMP_SCHED and _SND
TIMESTAMPING = 4  # SO_EE_ORIGIN_TIMESTAMPING
OPTION, COUNT = "SO_TIMESTAMPING", "SO_TIMESTAMPING sent"


def tells(so: Any, returned: bool) -> bool:
    """True if *so* is told the stamp of what it reads; *returned*: a notice, or an error."""
    flags = so.options.get(OPTION, 0)
    return bool(flags & SOFTWARE and (
        flags & RX_SOFTWARE or returned or not flags & OPT_RX_FILTER))


def notices(so: Any, packet: Packet, taken: int) -> list[tuple[bytes, tuple[int, int, bytes]]]:
    """What the sender of *packet* is told: what it sent, unless OPT_TSONLY, and a control message.

    That is a struct sock_extended_err; its last number counts packets, with OPT_ID.
    """
    flags = so.options.get(OPTION, 0)
    number = so.options.get(COUNT, 0)
    if flags & OPT_ID and taken & NUMBERED:
        so.options[COUNT] = number + 1
    six, data, offender = so.family == AF_INET6, b"", bytes(28 if so.family == AF_INET6 else 16)
    if not flags & OPT_TSONLY:
        kind = ETHERTYPE_IPV6 if ":" in packet.source else ETHERTYPE_IP
        data = bytes(12) + struct.pack("!H", kind) + encode(packet)
        offender = sockaddr(remap(packet.source)) if six else offender
    level = (IPPROTO_IPV6, IPV6_RECVERR) if six else (IPPROTO_IP, IP_RECVERR)
    return [(data, (*level, struct.pack(
        "=IBBBBII", ENOMSG, TIMESTAMPING, 0, 0, 0, which, number if flags & OPT_ID else 0)
        + offender)) for bit, which in KINDS if taken & bit]
