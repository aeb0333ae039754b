"""TCP: how much more may come, as Linux's receiver reckons.

    begin     the window of the SYN        measure, grow   what segments cost: more may come
    choose    the window to tell now       keep            what comes is kept

What waits costs memory beside its bytes: `ratio` of 256 parts of the receive buffer are for data.
The window is the least of what is free, of `reach`, which grows while memory lasts, and of the
`clamp`; what was told is never taken back.

Left out: a receive buffer that grows by itself, which depends on the time that a window takes to
come (``tcp_rcvbuf_grow``).

May not know: how segments are made or read.

Sources: RFC 9293 3.8.6.2.2; RFC 7323 2; Linux ``tcp_select_initial_window``,
``tcp_init_buffer_space``, ``tcp_measure_rcv_mss``, ``tcp_grow_window``, ``__tcp_select_window``,
``tcp_try_coalesce``; tcp(7) for TCP_WINDOW_CLAMP.
"""

from functools import lru_cache

from .tcp_connection import COST, Connection

PARTS, PAGES = 17, 15  # of memory, at most, in what segments are joined to; one has 2 ** 15 bytes
WHOLE = 8  # a ratio is of 1 << 8 parts
GREATEST = 33554432  # bytes that the receive buffer may grow to: Linux's tcp_rmem
LEAST_CLAMP = 1152  # bytes: half the least receive buffer
SHEET = 3776  # bytes of data in what small parts are joined to
WORTH = 128  # bytes of data from which on a segment lets the window grow


@lru_cache
def first(room: int, clamp: int, segment: int) -> tuple[int, int, int]:
    """The first window where there is *room* for so many bytes, its clamp, and its scale.

    >>> first(65536, 0, 65495), first(2304, 2304, 65483)
    ((65495, 67107840, 10), (2304, 2304, 0))
    """
    clamp = clamp or 65535 << 14
    window = min(clamp, room)
    if window > segment:
        window -= window % segment
    scale = max(min(max(window, GREATEST), clamp).bit_length() - 16, 0)
    return window, min(clamp, 65535 << scale), scale


def begin(c: Connection, maximum: int, segment: int) -> None:
    """Choose the window that goes with the SYN.

    *maximum* bytes is what this end takes in a segment; *segment*, what it counts on by now: time
    stamps take some of it once both have them.
    """
    so = c.so or c.listener
    room, clamp = so.receive_size >> 1, 0
    if so.options:
        clamp = so.options.get("TCP_WINDOW_CLAMP", 0)
        if "SO_RCVBUF" in so.options:
            clamp = min(clamp or room, room)
    window, c.clamp, c.scale = first(room, clamp, segment)
    c.reach, c.stride = window, 2 * maximum
    c.told, c.advertised = c.rcv_nxt, c.rcv_nxt + window


def established(c: Connection) -> None:
    """The handshake is over: the window is limited to what there is room for."""
    room, maximum = c.so.receive_size >> 1, c.stride >> 1
    c.clamp = min(c.clamp, room)
    if c.clamp > c.stride and c.clamp + maximum > room:
        c.clamp = max(c.stride, room - maximum)
    c.reach, c.open = min(c.reach, c.clamp), 0


def taken(c: Connection) -> int:
    """Bytes of memory that what waits takes, be it a FIN."""
    buffer = c.so.buffer
    return int(buffer.length + buffer.offset + COST * (len(buffer.chunks) + c.end_waits))


def free(c: Connection) -> int:
    """How many bytes of data there is memory for; negative if too much is taken."""
    return int((c.so.receive_size - taken(c) - c.backlog) * c.ratio >> WHOLE)


def overfull(c: Connection) -> bool:
    """True if what waits takes more memory than there is, also where small parts are joined.

    Source: Linux ``tcp_can_ingest``, ``tcp_collapse``.
    """
    buffer, most = c.so.buffer, c.so.receive_size
    if taken(c) <= most:
        return False
    whole = [len(chunk) for chunk in buffer.chunks
             if (len(chunk) + COST) * c.ratio >> WHOLE <= len(chunk)]
    small = buffer.length - sum(whole)  # of these what is read goes
    return bool(buffer.length + COST * (len(whole) - -small // SHEET) > most)


def in_units(c: Connection, window: int) -> int:
    """The least window, of at least so many bytes, that can be told."""
    return -(-window >> c.scale) << c.scale


def emptied(c: Connection) -> int:
    """The window while nothing waits, which is kept until what it depends on changes."""
    allowed = c.so.receive_size * c.ratio >> WHOLE
    c.open = in_units(c, min(c.reach, c.clamp, allowed))
    return c.open


def close(c: Connection) -> None:
    """There is no memory for what came: the window is closed, and its sender has to know.

    Source: Linux ``tcp_data_queue``, ``tcp_clamp_window``.
    """
    c.quick, c.owes = 0, True
    c.reach, c.advertised, c.open = min(c.clamp, c.stride), c.rcv_nxt, 0


def choose(c: Connection) -> int:
    """The window to tell: no part of it that is not worth a segment (silly window syndrome)."""
    room = free(c)
    allowed = c.so.receive_size * c.ratio >> WHOLE
    full = min(allowed, c.clamp)
    usual = min(c.usual, full)
    if room < full >> 1:
        c.quick = 0
        room = room >> c.scale << c.scale
        if room < allowed >> 4 or room < usual:
            return 0
    room = min(room, c.reach)
    if c.scale:
        return in_units(c, room)
    window = c.advertised - c.told
    if window <= room - usual or window > room:
        return room - room % usual
    return room if usual == full and room > window + (full >> 1) else window


def measure(c: Connection, size: int) -> None:
    """Data of *size* bytes, which has come at once, shows what data costs."""
    ratio = (size << WHOLE) // (size + COST)
    if ratio != c.ratio:
        c.ratio = ratio
        limit(c, c.so.receive_size * ratio >> WHOLE)


def limit(c: Connection, clamp: int) -> None:
    """Let the window have at most *clamp* bytes."""
    clamp = max(clamp, LEAST_CLAMP)
    if clamp < c.clamp:
        c.reach = min(c.reach, clamp)
    elif clamp > c.clamp:
        c.reach = max(min(c.advertised - c.told, clamp), c.reach)
    c.clamp, c.open = clamp, 0


def grow(c: Connection, size: int) -> None:
    """Data of *size* bytes has come at once: the window may grow while there is memory."""
    if c.reach < c.clamp and (room := min(c.clamp, free(c)) - c.reach) > 0:
        c.reach += min(room, max(c.stride, 2 * size))
        c.quick |= 1
        c.open = 0


def pages(begin: int, size: int) -> int:
    """In how many parts *size* bytes of a stream lie: its sender fills one after the other.

    >>> pages(0, 32768), pages(1, 32768)
    (1, 2)
    """
    return (begin + size - 1 >> PAGES) - (begin >> PAGES) + 1


def shares(c: Connection) -> bool:
    """True if what comes shares the memory of what came last: the sender no longer keeps that."""
    acknowledged = c.told if c.peer is None else c.peer.snd_una
    return bool(c.so.buffer.chunks and acknowledged >= c.shared)


def keep(c: Connection, data: bytes | memoryview, paired: bool = False) -> None:
    """Keep *data* until it is read, in memory that a segment before has if that may be shared."""
    buffer = c.so.buffer
    parts = pages(c.received, len(data))
    if buffer.chunks and not c.parts:
        last = len(buffer.chunks[-1])
        c.parts = pages(c.received - last, last)
    if buffer.chunks and (paired or (c.parts + parts <= PARTS and shares(c))):
        buffer.join(data)
        c.parts += parts
    else:
        buffer.append(data)
        c.parts, c.shared = parts, c.rcv_nxt + len(data)
