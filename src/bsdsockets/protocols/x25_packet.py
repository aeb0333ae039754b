"""X.25's packets: their bytes, and what is agreed on when a call is set up.

    Q001LLLL LLLLLLLL type ...        L: the number of the logical channel
    data      RRRMSSS0                 S: number of the packet, R: the next one wanted, M: more
                                       Q: qualified
    RR        RRR00001

Numbers count modulo 8.

May not know: sockets, interfaces.

Sources: ITU-T X.25 5 and 6; the bytes as Linux 6.1 sends them.
"""

import struct
from typing import NamedTuple

CALL, ACCEPTED, CLEAR, CLEARED = 0x0B, 0x0F, 0x13, 0x17
INTERRUPT, INTERRUPTED, RESET, RESET_DONE = 0x23, 0x27, 0x1B, 0x1F
DATA, RECEIVE_READY = 0x00, 0x01
MODULUS, MORE = 8, 0x10
REVERSE, THROUGHPUT, PACKET_SIZES, WINDOW_SIZES = 0x01, 0x02, 0x42, 0x43  # facilities
QUALIFIED = 0x80
HEADER = 3  # bytes of a data packet before its data


class Facilities(NamedTuple):
    """Windows in packets; packet sizes as powers of two; each for both directions."""

    window_in: int = 2
    window_out: int = 2
    size_in: int = 7
    size_out: int = 7
    throughput: int = 0
    reverse: int = 0

    def pack(self) -> bytes:
        """A struct x25_facilities."""
        return struct.pack("=6I", *self)

    def agree(self, asked: "Facilities") -> "Facilities | None":
        """What a called end that wants these makes of what is *asked*; None if it refuses.

        The smaller of each size; reverse charging as it is asked for, unless both ask.

        >>> Facilities(5, 5, 9, 9, 0xBB).agree(Facilities(3, 4, 8, 10, 0xAC))
        Facilities(window_in=3, window_out=4, size_in=8, size_out=9, throughput=171, reverse=0)
        """
        if self.reverse & 1 and asked.reverse & 1:
            return None
        windows = asked[:2] if all(asked[:2]) else self[:2]
        sizes = asked[2:4] if all(asked[2:4]) else self[2:4]
        window_in, window_out, size_in, size_out = map(min, self[:4], (*windows, *sizes))
        mine, theirs = self.throughput, asked.throughput
        if theirs:
            mine = sum(min(mine & part or theirs & part, theirs & part) for part in (0xF0, 0x0F))
        return Facilities(window_in, window_out, size_in, size_out, mine, asked.reverse).limited()

    def limited(self) -> "Facilities":
        """These on a line that counts modulo 8: at most 7 packets are on their way."""
        return self._replace(window_in=min(self.window_in, MODULUS - 1),
                             window_out=min(self.window_out, MODULUS - 1))

    def answered(self, answer: "Facilities") -> "Facilities":
        """What a calling end that wants these has after the *answer*."""
        return Facilities(*(told or wanted for told, wanted in zip(answer, self, strict=True)))


class X25Packet(NamedTuple):
    """A packet: *send* and *receive* count, *called* and *calling* are digits."""

    channel: int
    kind: int
    data: bytes = b""
    send: int = 0
    receive: int = 0
    more: bool = False
    qualified: bool = False
    called: str = ""
    calling: str = ""
    facilities: Facilities | None = None
    room: int = 0  # bytes that its sender has set aside for its data


def encode(packet: X25Packet) -> bytes:
    """The bytes of a packet.

    >>> encode(X25Packet(1, CALL, called="1001", calling="2002", facilities=Facilities())).hex()
    '10010b441001200206420707430202'
    """
    kind = packet.kind
    if kind == DATA:
        kind = packet.receive << 5 | (MORE if packet.more else 0) | packet.send << 1
    elif kind == RECEIVE_READY:
        kind |= packet.receive << 5
    format_ = 0x10 | (QUALIFIED if packet.qualified else 0)
    head = struct.pack("!BBB", format_ | packet.channel >> 8, packet.channel & 255, kind)
    if packet.kind not in (CALL, ACCEPTED):
        return head + packet.data
    digits = packet.called + packet.calling
    lengths = len(packet.calling) << 4 | len(packet.called)
    numbers = bytes.fromhex(digits + "0" * (len(digits) % 2))
    chosen = packet.facilities or Facilities()
    agreed = bytes((REVERSE, chosen.reverse)) if chosen.reverse else b""
    agreed += bytes((THROUGHPUT, chosen.throughput)) if chosen.throughput else b""
    agreed += bytes((PACKET_SIZES, chosen.size_in, chosen.size_out))
    if chosen.window_in and chosen.window_out:
        agreed += bytes((WINDOW_SIZES, chosen.window_in, chosen.window_out))
    if packet.kind == ACCEPTED:
        return head + bytes([0, len(agreed)]) + agreed + packet.data
    return head + bytes([lengths]) + numbers + bytes([len(agreed)]) + agreed + packet.data


def decode(data: bytes) -> X25Packet | None:
    """Read a packet; None for what is none."""
    if len(data) < HEADER or data[0] >> 4 & 7 != 1:
        return None
    channel, kind, rest = (data[0] & 15) << 8 | data[1], data[2], data[3:]
    if not kind & 1:
        return X25Packet(channel, DATA, rest, kind >> 1 & 7, kind >> 5, bool(kind & MORE),
                         bool(data[0] & QUALIFIED))
    if kind & 0x1F == RECEIVE_READY:
        return X25Packet(channel, RECEIVE_READY, receive=kind >> 5)
    if kind not in (CALL, ACCEPTED):
        return X25Packet(channel, kind, rest)
    return _set_up(channel, kind, rest)


def _set_up(channel: int, kind: int, rest: bytes) -> X25Packet:
    called, calling = rest[0] & 15, rest[0] >> 4
    end = 1 + (called + calling + 1) // 2
    digits = rest[1:end].hex()
    length = rest[end] if len(rest) > end else 0
    return X25Packet(channel, kind, rest[end + 1 + length:], called=digits[:called],
                     calling=digits[called:called + calling],
                     facilities=_facilities(rest[end + 1:end + 1 + length]))


def _facilities(data: bytes) -> Facilities:
    """Read facilities, 0 where there is none; the two highest bits of each say how long it is."""
    found = Facilities(0, 0, 0, 0)
    while len(data) >= 2:
        kind = data[0]
        size = (2, 3, 4, 2 + data[1])[kind >> 6]
        if kind == REVERSE:
            found = found._replace(reverse=data[1])
        elif kind == THROUGHPUT:
            found = found._replace(throughput=data[1])
        elif kind == PACKET_SIZES and len(data) >= 3:
            found = found._replace(size_in=data[1], size_out=data[2])
        elif kind == WINDOW_SIZES and len(data) >= 3:
            found = found._replace(window_in=data[1], window_out=data[2])
        data = data[size:]
    return found


def in_packets(channel: int, data: bytes, size: int, qualified: bool) -> list[X25Packet]:
    """The data packets of a record: all but the last say that more follow.

    >>> [(packet.data, packet.more) for packet in in_packets(1, b"record", 4, False)]
    [(b'reco', True), (b'rd', False)]
    """
    return [X25Packet(channel, DATA, data[at:at + size], more=at + size < len(data),
                      qualified=qualified, room=min(size, len(data)))
            for at in range(0, len(data) or 1, size)]
