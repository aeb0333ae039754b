"""The bytes of a packet, as they would be on a wire.

    encode(Packet) = IPv4 or IPv6 header + encode of the payload, checksums right

May not know: where packets come from or go.

Sources: RFC 791 3.1, RFC 8200 3, RFC 9293 3.1, RFC 768, RFC 792, RFC 4443, RFC 1071.
"""

import struct

from .addresses import pack, unpack
from .packets import SYN, Datagram, Icmp, Packet, Segment

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
MASK = 0xFFFFFFFF
WINDOW_SCALE = 7  # shows windows of small buffers too; Linux takes 10 where they are not set


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071 1): the complement of the sum of the 16-bit words.

    >>> hex(checksum(bytes.fromhex("0001f203f4f5f6f7")))
    '0x220d'
    """
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def encode(packet: Packet) -> bytes:
    """The whole IP packet as bytes (RFC 791 3.1, RFC 8200 3)."""
    if packet.made:
        return packet.made
    payload = encode_payload(packet)
    source, destination = pack(packet.source), pack(packet.destination)
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28 | packet.tos << 20, len(payload), packet.protocol,
                           packet.ttl) + source + destination + payload
    head = struct.pack("!BBHHHBBH", 0x45, packet.tos, 20 + len(payload) & 0xFFFF, 0,
                       0 if packet.fragment else 0x4000, packet.ttl, packet.protocol, 0)
    head += source + destination
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def encode_payload(packet: Packet) -> bytes:
    """What the IP header is followed by."""
    if packet.made:
        return packet.made[40 if ":" in packet.source else (packet.made[0] & 15) * 4:]
    payload = packet.payload
    if isinstance(payload, Segment):
        return with_checksum(packet, _segment(payload, len(pack(packet.source)) == 16), 16)
    if isinstance(payload, Datagram):
        head = struct.pack("!HHHH", payload.source, payload.destination,
                           8 + len(payload.data), 0)
        return with_checksum(packet, head + payload.data, 6)
    if isinstance(payload, Icmp):
        return encode_icmp(packet)
    return bytes(payload)


def sum_of(packet: Packet, body: bytes) -> int:
    """The checksum over *body* and the pseudo-header (RFC 9293 3.1); 0 where *body* has it."""
    source, destination = pack(packet.source), pack(packet.destination)
    if len(source) == 16:
        pseudo = source + destination + struct.pack("!IHBB", len(body), 0, 0, packet.protocol)
    else:
        pseudo = source + destination + struct.pack("!BBH", 0, packet.protocol, len(body))
    return checksum(pseudo + body)


def with_checksum(packet: Packet, body: bytes, at: int, astray: int = 0) -> bytes:
    """Put the checksum into *body*, which has zeros there, at offset *at*.

    UDP sends 0 as its complement (RFC 768): a 0 there is no checksum.  *astray* makes it wrong.
    """
    value = (sum_of(packet, body) - astray) % 0xFFFF if astray else sum_of(packet, body)
    if value == 0 and packet.protocol == UDP:
        value = 0xFFFF
    return body[:at] + struct.pack("!H", value) + body[at + 2:]


def _segment(segment: Segment, six: bool) -> bytes:
    """TCP's header (RFC 9293 3.1); a SYN has MSS (3.7.1), NOP and window scale (RFC 7323 2.2)."""
    options = b""
    if segment.flags & SYN:
        options = struct.pack("!BBHBBBB", 2, 4, segment.maximum, 1, 3, 3, WINDOW_SCALE)
    window = segment.window if segment.flags & SYN else segment.window >> WINDOW_SCALE
    return struct.pack(
        "!HHIIBBHHH", segment.source, segment.destination, segment.sequence & MASK,
        segment.acknowledgement & MASK, (20 + len(options)) // 4 << 4, segment.flags,
        min(window, 65535), 0, segment.urgent) + options + segment.data


def encode_icmp(packet: Packet) -> bytes:
    """An ICMP message; an error carries the head of the packet it is about.

    As much as fits into 576 bytes (RFC 1812 4.3.2.3), or 1280 (RFC 4443 2.4).
    """
    message = packet.payload
    data = message.data
    if message.about is not None:
        whole = encode(message.about)
        data = whole[:most_quoted(":" in packet.source)]
    body = struct.pack("!BBHI", message.type, message.code, 0, message.rest) + data
    if packet.protocol == ICMP6:
        return with_checksum(packet, body, 2)
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def decode_icmp(body: bytes) -> Icmp:
    """Read an ICMP message that a program made."""
    kind, code, _, rest = struct.unpack("!BBHI", body[:8].ljust(8, b"\0"))
    return Icmp(kind, code, rest, body[8:])


def most_quoted(six: bool) -> int:
    """How many bytes of a packet an error of ICMP quotes (RFC 1812 4.3.2.3; RFC 4443 2.4 (c))."""
    return 1232 if six else 548


def decode_quoted(data: bytes) -> Packet | None:
    """Read the packet that an ICMP error made by a program quotes: IP's header and its ports.

    Of TCP the sequence number too; the rest of its header is not always quoted.
    """
    if len(data) < 28:
        return None
    if data[0] >> 4 == 4:
        protocol, addresses, body = data[9], data[12:20], data[(data[0] & 15) * 4:]
    else:
        protocol, addresses, body = data[6], data[8:40], data[40:]
    if protocol not in (UDP, TCP) or len(body) < 8:
        return None
    half = len(addresses) // 2
    source, destination, sequence = struct.unpack("!HHI", body[:8])
    payload = Datagram(source, destination, body[8:]) if protocol == UDP else Segment(
        source, destination, sequence, 0, 0, 0)
    return Packet(unpack(addresses[:half]), unpack(addresses[half:]), protocol, payload,
                  made=b"" if protocol == UDP else data)
