"""What a filter of a socket keeps of what comes: SO_ATTACH_FILTER.

    UDP, TCP, and raw sockets of IPv6     see a packet from behind the header of IP on
    raw sockets of IPv4                   with it
    packet sockets                        as the program receives it: `packet`
    UNIX datagrams, netlink               the message

May not know: how a filter is set.

Sources: Linux ``sk_filter_trim_cap`` and who calls it: ``udp_queue_rcv_one_skb``, ``tcp_filter``,
``sock_queue_rcv_skb``, ``unix_dgram_sendmsg``, ``netlink_unicast``; <linux/filter.h>.
"""

import struct
from typing import Any

from ..machine.constants import AF_INET
from ..network import bpf
from ..network.frames import ARPHRD_LOOPBACK, ETH_P_IP, ETH_P_IPV6
from ..network.packets import Packet, Segment
from ..network.wire import encode, encode_payload

LINK = 14  # bytes of the header that a packet has on loopback


def kept(so: Any, view: bpf.View, least: int = 1) -> int:
    """How many bytes of a packet *so* receives: at least *least*, or 0 for none of it."""
    count = so.options["SO_ATTACH_FILTER"].run(view)
    return max(count, least) if count else 0


def kept_of(so: Any, packet: Packet, least: int = 1) -> int:
    """How many bytes *so* receives of a packet of IP, counted from where it sees it."""
    whole = encode(packet)
    inside = len(whole) - len(encode_payload(packet))
    start = LINK if so.family == AF_INET and so.protocol.name_of == "raw" else LINK + inside
    ethertype = ETH_P_IPV6 if ":" in packet.source else ETH_P_IP
    return kept(so, bpf.View(bytes(12) + struct.pack("!H", ethertype) + whole, start, LINK, 0, {
        bpf.PROTOCOL: ethertype, bpf.INTERFACE: packet.interface, bpf.HARDWARE: ARPHRD_LOOPBACK,
        bpf.MARK: packet.mark & 0xFFFFFFFF, bpf.RANDOM: chance(so)}), least)


def chance(so: Any) -> int:
    """What SKF_AD_RANDOM loads."""
    return int(so.host.random.getrandbits(32))


def part(so: Any, data: bytes) -> bytes | None:
    """What *so* receives of a message that came by no network; None for nothing."""
    if "SO_ATTACH_FILTER" not in so.options:
        return data
    count = kept(so, bpf.View(data, beside={bpf.RANDOM: chance(so)}))
    return data[:count] if count else None


def segment(so: Any, packet: Packet) -> Packet | None:
    """What *so* receives of a packet of TCP: its header at least; None for nothing."""
    if so is None or "SO_ATTACH_FILTER" not in so.options:
        return packet
    s: Segment = packet.payload
    header = len(encode_payload(packet)) - len(s.data)
    count = kept_of(so, packet, header)
    if not count:
        return None
    return packet if count >= header + len(s.data) else packet._replace(
        payload=s._replace(data=s.data[:count - header]))
