"""Bytes that a program made, read back into what travels here.

    bytes of an IP packet   --> Packet( Segment | Datagram | Icmp | bytes )
    bytes behind its header --> the same, or bytes where nobody but raw sockets would take them

May not know: where packets come from or go.

Sources: RFC 791 3.1, RFC 8200 3, RFC 9293 3.1, RFC 768, RFC 792, RFC 4443.
"""

import struct
from typing import Any

from .addresses import unpack
from .packets import SYN, URG, Datagram, Packet, Segment
from .wire import ICMP, ICMP6, TCP, UDP, checksum, decode_icmp, sum_of


def parse(data: bytes) -> Packet | None:
    """The packet that *data* is, or None for what is none.

    >>> from bsdsockets.network.wire import encode
    >>> packet = Packet("127.0.0.1", "127.0.0.2", UDP, Datagram(1, 2, b"hello"))
    >>> parse(encode(packet))._replace(made=b"") == packet, parse(b"E")
    (True, None)
    """
    if len(data) >= 20 and data[0] >> 4 == 4:
        size, length = (data[0] & 15) * 4, struct.unpack("!H", data[2:4])[0]
        if not 20 <= size <= length <= len(data) or checksum(data[:size]):
            return None
        data = data[:length]
        return carried(Packet(unpack(data[12:16]), unpack(data[16:20]), data[9], data[size:],
                              data[8], data[1], made=data))
    if len(data) >= 40 and data[0] >> 4 == 6:
        first, length, number, ttl = struct.unpack("!IHBB", data[:8])
        if length <= len(data) - 40:
            return carried(Packet(unpack(data[8:24]), unpack(data[24:40]), number,
                                  data[40:40 + length], ttl, first >> 20 & 255,
                                  made=data[:40 + length]))
    return None


def carried(packet: Packet) -> Packet:
    """*packet* with what its bytes mean to its protocol; bytes it would throw away stay."""
    reader = READERS.get(packet.protocol)
    payload = reader(packet, packet.payload) if reader else None
    return packet if payload is None else packet._replace(payload=payload)


def _segment(packet: Packet, body: bytes) -> Segment | None:
    """RFC 9293 3.1; of the options only MSS, where it stands first (3.7.1), is read."""
    size = body[12] >> 4 << 2 if len(body) >= 20 else 0
    if not 20 <= size <= len(body) or sum_of(packet, body):
        return None
    source, destination, sequence, acknowledgement, _, flags, window, _, urgent = struct.unpack(
        "!HHIIBBHHH", body[:20])
    flags &= 63
    maximum = struct.unpack("!H", body[22:24])[0] if body[20:22] == b"\2\4" and size >= 24 else 0
    return Segment(source, destination, sequence, acknowledgement, flags,
                   window if flags & SYN else window << 7, body[size:],
                   urgent if flags & URG else 0, maximum)


def _datagram(packet: Packet, body: bytes) -> Datagram | None:
    """RFC 768; IPv6 makes the checksum a duty (RFC 8200 8.1), which a socket may waive."""
    if len(body) < 8:
        return None
    source, destination, length, value = struct.unpack("!HHHH", body[:8])
    six = ":" in packet.source
    length = length or (len(body) if six else 0)  # RFC 2675 4: a jumbogram says 0
    if not 8 <= length <= len(body) or (value and sum_of(packet, body[:length])):
        return None
    return Datagram(source, destination, body[8:length], unchecked=six and not value)


def _message(packet: Packet, body: bytes) -> Any:
    """RFC 792; with a pseudo-header in the checksum RFC 4443 2.3."""
    wrong = sum_of(packet, body) if packet.protocol == ICMP6 else checksum(body)
    return None if wrong or len(body) < 8 else decode_icmp(body)


READERS = {TCP: _segment, UDP: _datagram, ICMP: _message, ICMP6: _message}
