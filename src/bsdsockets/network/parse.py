"""Bytes of an IP packet that a program made, read back into what travels here.

    bytes --> Packet( Datagram | Icmp | bytes )

TCP segments are not read: their sequence numbers are whole numbers here, and 32 bits do not
say which.

May not know: where packets come from or go.

Sources: RFC 791 3.1, RFC 8200 3, RFC 768.
"""

import struct

from .addresses import unpack
from .packets import Datagram, Packet
from .wire import ICMP, ICMP6, TCP, UDP, decode_icmp


def parse(data: bytes) -> Packet | None:
    """The packet that *data* is, or None for what is none, or carries TCP.

    >>> from bsdsockets.network.wire import encode
    >>> packet = Packet("127.0.0.1", "127.0.0.2", UDP, Datagram(1, 2, b"hello"))
    >>> parse(encode(packet))._replace(made=b"") == packet, parse(b"E")
    (True, None)
    """
    if len(data) >= 20 and data[0] >> 4 == 4:
        data = data[:struct.unpack("!H", data[2:4])[0]]
        return _packet(data, unpack(data[12:16]), unpack(data[16:20]), data[9],
                       (data[0] & 15) * 4, data[8], data[1])
    if len(data) >= 40 and data[0] >> 4 == 6:
        first, length, number, ttl = struct.unpack("!IHBB", data[:8])
        return _packet(data[:40 + length], unpack(data[8:24]), unpack(data[24:40]), number, 40,
                       ttl, first >> 20 & 255)
    return None


def _packet(data: bytes, source: str, destination: str, number: int, size: int, ttl: int,
            tos: int) -> Packet | None:
    """The packet with a header of *size* bytes, which it keeps as it was made."""
    body = data[size:]
    payload: object = body
    if number == TCP or (number == UDP and len(body) < 8):
        return None
    if number == UDP:
        sender, receiver = struct.unpack("!HH", body[:4])
        payload = Datagram(sender, receiver, body[8:])
    elif number in (ICMP, ICMP6):
        payload = decode_icmp(body)
    return Packet(source, destination, number, payload, ttl, tos, made=data)
