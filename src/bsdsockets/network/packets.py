"""What travels: an IP packet and what it carries, as objects.

    Packet( source  destination  protocol  payload )
                                              |
              Segment | Datagram | Icmp | bytes

`wire.encode` makes the bytes of one where somebody wants to see them.  Sequence numbers
are whole numbers that never wrap here; they are counted modulo 2**32 only in the bytes.

May not know: sockets, interfaces.

Sources: RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 792, RFC 4443.
"""

from typing import Any, NamedTuple

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


def _nearest(last_bits: int, expected: int) -> int:
    """The number with these last 32 bits that is nearest to what is expected.

    >>> _nearest(3, 2**32 + 1) == 2**32 + 3, _nearest(2**32 - 1, 2**32 + 1) == 2**32 - 1
    (True, True)
    """
    half = 1 << 31
    return expected + (last_bits - expected + half) % (2 * half) - half


class Segment(NamedTuple):
    """What TCP sends (RFC 9293 3.1).

    source, destination
        The ports.
    sequence, acknowledgement
        Numbers of bytes, which never wrap here.
    flags
        FIN, SYN, RST, PSH, ACK, URG: the bits of the header.
    window
        In bytes; scaled (RFC 7323) on the wire only.
    data
        The bytes, from *sequence* on, or from behind a SYN.
    urgent
        Where urgent data ends, in bytes after *sequence*.
    maximum
        The MSS option of a SYN; 0 where there is none.
    paired
        It was sent at once with the segment before, and the receiver takes both as one, as Linux,
        which hands them to loopback as one.
    """

    source: int
    destination: int
    sequence: int
    acknowledgement: int
    flags: int
    window: int
    data: bytes = b""
    urgent: int = 0
    maximum: int = 0
    paired: bool = False

    @property
    def length(self) -> int:
        """How much of the sequence space it takes."""
        return len(self.data) + (self.flags & 1) + (self.flags >> 1 & 1)

    def near(self, sequence: int, acknowledgement: int) -> "Segment":
        """The same with the whole numbers that are nearest to these: it had their last 32 bits."""
        return self._replace(sequence=_nearest(self.sequence, sequence),
                             acknowledgement=_nearest(self.acknowledgement, acknowledgement))

    def __str__(self) -> str:
        names = [name for name in ("SYN", "FIN", "RST", "PSH", "URG", "ACK")
                 if self.flags & globals()[name]]
        return f"{'+'.join(names)} {len(self.data)} bytes"


class Datagram(NamedTuple):
    """What UDP sends: the ports *source* and *destination*, and the *data* (RFC 768).

    With a *segment* it stands for several, each with so many bytes of the data (UDP_SEGMENT).
    *unchecked*: it has no checksum, which IPv6 wants (RFC 8200 8.1).  The last bytes of the data
    are in *pages* of their own in the memory of the sender: UDP_SEGMENT, MSG_MORE.
    """

    source: int
    destination: int
    data: bytes
    segment: int = 0
    unchecked: bool = False
    pages: int = 0


class Icmp(NamedTuple):
    """A message of ICMP or ICMPv6: *type* and *code* are bytes, *rest* the 32 bits behind the sum.

    Of an error *about* is the packet that it is about; another message has *data* (RFC 792, 4443).
    """

    type: int
    code: int
    rest: int = 0
    data: bytes = b""
    about: Any = None


class Packet(NamedTuple):
    """An IP packet; its version is that of its addresses, which are text: ``"127.0.0.1"``.

    protocol
        The number that IP has for it: 6 is TCP.
    payload
        A `Segment`, a `Datagram`, an `Icmp`, or the bytes of another protocol; bytes are also
        what a program made and these three would throw away.
    ttl, tos
        Time to live, or hop limit, and type of service, or traffic class: 0 to 255.
    interface
        The index of the interface it comes in at.
    fragment
        True lets it be cut on the way; otherwise IPv4 sets Don't Fragment.
    made
        The whole of it in bytes, where a program made the header too.
    mark
        What SO_MARK says; it stays on the host.
    routed
        As what kind of address it was sent, where its destination was changed later.
    """

    source: str
    destination: str
    protocol: int
    payload: Any
    ttl: int = 64
    tos: int = 0
    interface: int = 1
    fragment: bool = False
    made: bytes = b""
    mark: int = 0
    routed: str = ""

    @property
    def is_piece(self) -> bool:
        """True if it is a fragment of one of IPv4 (RFC 791 3.2), which a program made."""
        return len(self.made) > 7 and self.made[0] >> 4 == 4 and bool(
            self.made[6] & 0x3F or self.made[7])
