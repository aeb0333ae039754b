"""What TCP keeps for a connection, and for what remains of one in TIME-WAIT.

    out:  [ sent, not acknowledged | not sent yet ]        so.buffer:  [ received, not read ]
          ^ snd_una                 ^ snd_nxt                                      rcv_nxt ^

May not know: how segments are made or read.

Sources: RFC 9293 3.3.1 for the names of the variables.
"""

from dataclasses import dataclass
from typing import Any

from .buffers import StreamBuffer
from .tcp_states import CLOSED, SYN_RECEIVED, SYN_SENT, after

Key = tuple[str, int, str, int]  # local address and port, remote address and port

MOST = 65535  # bytes: the window that a header can say, unless it is scaled
SMALL_WINDOW = 536  # bytes: one that is filled whole
UNANSWERED = 2  # how far Linux moves write_seq as it disconnects, where nobody has shown a window
MOST_REPEATED = 255  # times a SYN,ACK is sent again
HEADER4 = ("IP_TTL", "IP_TOS")
HEADER6 = ("IPV6_UNICAST_HOPS", "IPV6_TCLASS")
TOGETHER = 65535  # bytes of data that Linux hands to a link at once, or two segments
COST = 832  # bytes of memory that a segment takes beside its data, at either end
MINIMUM_TIMEOUT = 0.2  # seconds until data is repeated for the first time
LOOPBACK = 1  # the index of lo
NOT_THERE, VALID, READ, AWAITED = 0, 1, 2, 3  # the urgent byte
# What ends the short ways, and the value that does not:
SLOW = {"TCP_CORK": 0, "SO_TIMESTAMP": 0, "SO_TIMESTAMPNS": 0, "SO_TIMESTAMPING": 0,
        "TCP_INQ": 0, "SO_PEEK_OFF": -1, "IP_MINTTL": 0, "IPV6_MINHOPCOUNT": 0,
        "TCP_DEFER_ACCEPT": 0, "SO_ATTACH_FILTER": None, "SO_DETACH_FILTER": None,
        "SO_BINDTODEVICE": 0, "SO_BINDTOIFINDEX": 0}
SLOWING = frozenset(SLOW)
LOSING = ("SO_ATTACH_FILTER", "SO_DETACH_FILTER", "SO_BINDTODEVICE", "SO_BINDTOIFINDEX")


def is_slow(so: Any) -> bool:
    """True if an option of `SLOW` asks for what the fast path cannot do."""
    options = so.options
    return bool(options) and not SLOWING.isdisjoint(options) and any(
        options.get(option, usual) != usual for option, usual in SLOW.items())


def repetitions(seconds: int) -> tuple[int, int]:
    """How often a SYN,ACK is repeated within *seconds*, and when the last of those is due.

    >>> repetitions(0), repetitions(1), repetitions(2), repetitions(5)
    ((0, 0), (1, 1), (2, 3), (3, 7))
    """
    number = period = 0
    while period < seconds and number < MOST_REPEATED:
        period += min(1 << number, 120)
        number += 1
    return number, period


def header_of(so: Any, remote: str) -> tuple[int, int]:
    """The TTL and the type of service of what *so* sends to *remote* (RFC 9293 3.9.1.8, 3.9.2)."""
    if so is None or not so.options:
        return 64, 0
    hops, service = HEADER6 if ":" in remote else HEADER4
    return so.options.get(hops, 64), so.options.get(service, 0)


def comes_from_afar(so: Any, packet: Any) -> bool:
    """True if IP_MINTTL or IPV6_MINHOPCOUNT lets *so* drop the packet."""
    return bool(so is not None and so.options and packet.ttl < so.options.get(
        "IPV6_MINHOPCOUNT" if ":" in packet.source else "IP_MINTTL", 0))


def is_cut_off(user: Any) -> bool:
    """True if *user* is bound to an interface that is not there: nothing goes out or comes in."""
    return bool(user is not None and user.options
                and user.options.get("SO_BINDTODEVICE", 0) > LOOPBACK)


@dataclass(slots=True, eq=False, repr=False)
class Connection:
    """RFC 9293's transmission control block.

    `so` is the socket, or None while the handshake of a connection that was listened for
    goes on.  `peer` is the other end when it is on this host and both are
    established: what the fast path writes into.
    """

    so: Any = None
    state: str = CLOSED
    key: Key = ("", 0, "", 0)  # its four names: local address and port, remote ones
    passive: bool = False  # it was listened for
    listener: Any = None  # who did, while the handshake goes on
    cookie: bool = False  # the backlog had no room: it is known by its SYN cookie alone
    put_off: bool = False  # the ACK of the SYN has come and did not end the handshake
    peer: "Connection | None" = None
    nowhere: bool = False  # it comes from another host or goes to one, and there is no way there
    astray: int = 0  # 1: it was one of IPv4, beneath a socket of IPv6; 2: and is none now

    # The send sequence variables: RFC 9293 3.3.1
    iss: int = 0
    snd_una: int = 0
    snd_nxt: int = 0
    snd_wnd: int = 0
    greatest: int = 0  # SND.WND at its greatest
    snd_max: int = 0  # the highest snd_nxt before something was sent again
    mss: int = 536
    longest: int = 536  # bytes of data that a segment has at most
    out: StreamBuffer | None = None
    sent: int = 0  # bytes of `out` in flight
    pieces: tuple[int, ...] = ()  # how long the pieces of memory are in which the rest waits
    flights: tuple[int, ...] = ()  # where what was sent at once ends
    small: int = 0  # sequence number after the last segment sent that was not full
    urgent_out: int = 0  # sequence number after the last urgent byte sent
    fin_wanted: bool = False
    fin_sent: bool = False
    marks: tuple[int, ...] = ()  # where MSG_EOR ends a segment
    more: bool = False  # MSG_MORE: hold a partial segment back
    soft: int = 0  # an error that only SO_ERROR tells, and who has waited long enough
    full: bool = False  # somebody has found no room
    lost: tuple[int, int] = 0, 0  # what Linux still takes for not acknowledged, and for not sent
    leap: int = UNANSWERED  # what that grows by when it forgets the connection

    # What has not been answered
    timer: Any = None
    retries: int = 0
    begun: float = 0.0  # when the oldest unacknowledged byte was first sent
    timeout: float = MINIMUM_TIMEOUT  # seconds until it is sent again
    duplicates: int = 0  # acknowledgements of nothing new, in a row
    recover: int = 0  # snd_nxt when a loss was seen (RFC 6582)
    keep_timer: Any = None
    probes: int = 0

    # The receive sequence variables
    rcv_nxt: int = 0
    advertised: int = 0  # the right edge of the window that the peer knows: `tcp_window`
    scale: int = 0  # windows that are told have so many bits less (RFC 7323)
    ratio: int = 128  # how many of 256 parts of the receive buffer are for data
    clamp: int = 0  # the greatest window that may be told
    reach: int = 0  # the greatest that is told yet
    stride: int = 0  # by which that grows
    open: int = 0  # the window while nothing waits, 0 where that is to be reckoned anew
    end_waits: bool = False  # the FIN came alone, and takes memory until it is read
    backlog: int = 0  # bytes of memory of what waits until a call ends
    parts: int = 0  # of memory, in the newest chunk that waits; 0: not counted yet
    first: int = 0  # bytes of the first segment of the batch that came last
    whole: int = 0  # and of all of it
    shared: int = 0  # sequence number after the first segment of that chunk
    later: tuple[Any, ...] = ()  # segments from beyond a gap
    slow: bool = False  # no fast path: an option of `SLOW` is set
    stamp: float | None = None  # when the last segment came, where it is asked for
    urgent_in: int = 0  # sequence number of the urgent byte received
    urgent_state: int = NOT_THERE
    urgent_byte: bytes = b""

    # When what has come is acknowledged: `tcp_acknowledging`
    told: int = 0  # rcv_nxt in the last acknowledgement
    owes: bool = False  # something has come since
    due: float | None = None  # when it is acknowledged at the latest
    late: dict[Any, None] | None = None  # those for whom it will be looked whether it is due
    answers: bool = False  # what comes is answered soon: TCP_QUICKACK says 0
    heard: float | None = None  # when data came last
    quick: int = 0  # how many acknowledgements more go at once
    usual: int = 536  # bytes of data in a full segment of the peer's
    last_size: int = 0  # of the last segment, where that may be the usual
    pushed: int = 0  # segments that were not full since the last acknowledgement: 0, 1, 2 for more

    # For TCP_INFO
    segments_in: int = 0  # with data, as the next
    segments_out: int = 0
    bare_in: int = 0  # without data, as the next; not a SYN that was answered
    bare_out: int = 0
    received: int = 0  # bytes that have come; the FIN is one, as Linux counts

    @property
    def local_address(self) -> str:
        return self.key[0]

    @property
    def local_port(self) -> int:
        return self.key[1]

    @property
    def remote_address(self) -> str:
        return self.key[2]

    @property
    def remote_port(self) -> int:
        return self.key[3]

    @property
    def peer_key(self) -> Key:
        """The same four names, as the other end has them."""
        local, port, remote, remote_port = self.key
        return remote, remote_port, local, port

    def go(self, event: str) -> None:
        """Let *event* change the state."""
        before = self.state
        self.state = after(before, event)
        if self.so is not None and self.state is not before:
            self.so.changed(before, self.state)

    def window(self) -> int:
        """How many bytes more may come, RCV.WND: those that the peer knows of.

        Source: RFC 9293 3.8.6.
        """
        return max(self.advertised - self.rcv_nxt, 0)

    @property
    def offered(self) -> int:
        """The window last told, as far as 16 bits and the scale can say it (RFC 7323 2.3)."""
        return min(self.advertised - self.told, MOST << self.scale)

    def shown(self, window: int) -> None:
        """The peer takes so many bytes more than it has acknowledged, SND.WND."""
        self.snd_wnd = window
        if window > self.greatest:
            self.greatest = window
            self.fit(self.mss)

    def fit(self, mss: int) -> None:
        """Let a segment have *mss* bytes of data at most, and half the greatest window.

        Eff.snd.MSS is RFC 9293's name for that (3.7.1, 3.8.6.2.1); a small window is filled whole.
        """
        self.mss = mss
        greatest = self.greatest
        self.longest = min(mss, (greatest >> 1 if greatest > SMALL_WINDOW else greatest) or mss)

    @property
    def deferral(self) -> int:
        """How many repetitions of the SYN,ACK long TCP_DEFER_ACCEPT lets the handshake wait.

        Until then an ACK without data does not end it.  A SYN cookie cannot wait.
        """
        if self.listener is None or self.cookie:
            return 0
        return repetitions(self.listener.options.get("TCP_DEFER_ACCEPT", 0))[0]

    @property
    def before_urgent(self) -> int:
        """How many bytes of the buffer are before the urgent one; negative if it is read."""
        fin = 1 if self.so.done else 0
        return int(self.so.buffer.length) - (self.rcv_nxt - fin - self.urgent_in)

    @property
    def queued(self) -> int:
        """Bytes from SND.UNA on: those that are not acknowledged, and those that are not sent."""
        return len(self.out) if self.out is not None else 0

    @property
    def memory(self) -> int:
        """Bytes of memory that what is queued takes: each piece costs something beside its data."""
        return self.queued + COST * (len(self.flights) + len(self.pieces))

    def skip(self, size: int) -> None:
        """The first *size* bytes of what waits need not wait: they are sent."""
        while size and self.pieces:
            first, *others = self.pieces
            self.pieces = (first - size, *others) if size < first else tuple(others)
            size = max(size - first, 0)

    @property
    def rest(self) -> int:
        """How many bytes the last piece that waits may still take; MSG_EOR ends one."""
        if not self.pieces or (self.marks and self.marks[-1] == self.snd_una + self.queued):
            return 0
        return max(self.longest - self.pieces[-1], 0)

    @property
    def in_flight(self) -> int:
        """How many segments are sent and not acknowledged; a SYN or a FIN alone is one."""
        if self.state == CLOSED:
            return 0
        begins = (self.snd_una, *self.flights[:-1])
        bare = self.snd_una < self.snd_nxt and not self.flights
        return bare + sum(-((begin - end) // self.longest)
                          for begin, end in zip(begins, self.flights, strict=False))

    @property
    def batch(self) -> int:
        """How many segments are handed to the link at once (Linux ``tcp_tso_segs``)."""
        return min(max(TOGETHER // self.longest, 2), 10)

    @property
    def writable(self) -> bool:
        """True if a third of the send buffer is free (Linux ``sk_stream_is_writeable``)."""
        memory = self.memory
        return memory + (memory >> 1) <= int(self.so.send_size)

    @property
    def unsent(self) -> int:
        """Bytes that wait to be sent for the first time."""
        return len(self.out) - self.sent if self.out is not None else 0

    @property
    def outstanding(self) -> tuple[int, int]:
        """How far Linux's write_seq is beyond SND.UNA, and beyond SND.NXT: SYN and FIN are one."""
        syn = self.state in (SYN_SENT, SYN_RECEIVED) and self.snd_una == self.iss
        fin = self.fin_waits
        return (self.queued + syn + fin + self.lost[0],
                self.unsent + (fin and not self.fin_sent) + self.lost[1])

    @property
    def fin_waits(self) -> bool:
        """True from when this end wants no more to be sent until the peer has the FIN."""
        return self.fin_wanted and self.state != CLOSED and not (
            self.fin_sent and self.snd_una == self.snd_nxt)

    def answered(self) -> None:
        """What was waited for has come: nothing needs to be sent again."""
        self.retries = 0
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def stop_timers(self) -> None:
        """Forget what was to happen later."""
        for timer in (self.timer, self.keep_timer):
            if timer is not None:
                timer.cancel()
        self.timer = self.keep_timer = None
        if self.late is not None:
            self.late.pop(self, None)
            self.late = None

    def check(self) -> None:
        """What always holds between the variables (RFC 9293 3.4)."""
        assert self.snd_una <= self.snd_nxt
        assert 0 <= self.sent <= self.queued


class TimeWait:
    """What remains of a connection whose socket is done with it.

    It answers late segments, keeps the port, and remembers whether the socket had
    SO_REUSEADDR.  As on Linux an orphan in FIN-WAIT-2 is one of these too.
    """

    __slots__ = ("bound_address", "family", "key", "listening", "options", "port", "rcv_nxt",
                 "since", "snd_nxt", "state", "until")

    def __init__(self, connection: Connection, so: Any, state: str, now: float) -> None:
        self.key = connection.key
        self.state = state
        self.snd_nxt, self.rcv_nxt = connection.snd_nxt, connection.rcv_nxt
        self.since = now
        self.until = 0.0
        self.family, self.options = so.family, so.options if so.dead else dict(so.options)
        self.bound_address, self.port = so.bound_address, self.key[1]
        self.listening = False
