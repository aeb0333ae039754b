"""TCP: when what has come is acknowledged.

    data comes   arrived --> at once: the first ones, and where nothing goes back soon
                         --> late: by data that goes back, or alone when its time is over
    it is read   read    --> at once: more than a segment, or all there is and nothing goes back
    data goes    replied     who answers soon is believed to answer always: *answers*
    ACK goes     told

May not know: how segments are made, sent or read.

Sources: RFC 9293 3.8.6.3 (less than half a second late, and not more than two segments); RFC 5681
4.2; Linux ``tcp_event_data_recv``, ``tcp_measure_rcv_mss``, ``__tcp_ack_snd_check``,
``__tcp_cleanup_rbuf``, ``tcp_event_data_sent``; tcp(7) for TCP_QUICKACK.
"""

from .protocol import RECEIVE
from .tcp_connection import Connection
from .tcp_states import MAY_RECEIVE
from .tcp_window import WORTH, choose, emptied, grow, in_units, measure

DELAY = 0.04  # seconds that an acknowledgement waits for data to go with
TICK = 0.004  # seconds that it waits where no data has come yet: Linux's clock, 250 a second
QUICK = 16  # acknowledgements that go at once, at most, when a connection begins or goes on
LEAST, STAMP = 88, 12  # bytes: of the shortest segment size, of the time stamps in a header
USUAL = 536  # bytes of a segment, while nothing is known (RFC 9293 3.7.1)
MAXIMUM_SEGMENT, MAXIMUM_SEGMENT6 = 65483, 65464  # bytes of data in a packet of IP's: the rest


def arrived(c: Connection, size: int, pushed: bool, now: float, whole: int = 0) -> None:
    """Data has come in segments of *size* bytes; *pushed* says that its sender had no more (PSH).

    They were sent at once: *whole* is what they have together, where they are several.

    The first, and the first after a pause, let the next acknowledgements go at once.
    """
    c.owes = True
    last, c.last_size = c.last_size, 0
    if size >= c.usual:
        if size > c.usual:
            measure(c, whole or size)
        c.usual = min(size, MAXIMUM_SEGMENT)
        c.pushed = max(c.pushed, int(pushed))
    elif size + STAMP < (LEAST if not pushed else USUAL):
        c.pushed = 2 if c.pushed else 1
    elif size == last:  # twice alike: that is what its segments have
        c.usual = c.last_size = size
    else:
        c.last_size = size
        c.pushed = 2 if c.pushed else 1
    if c.heard is None or now - c.heard > c.timeout:
        hurry(c)
    c.heard = now
    if size >= WORTH:
        grow(c, whole or size)


def hurry(c: Connection) -> None:
    """Let the next acknowledgements go at once, so that the sender's window opens."""
    c.quick = max(c.quick, min((c.advertised - c.told) // (2 * c.usual) or 2, QUICK))


def at_once(c: Connection) -> bool:
    """True if what has come is to be acknowledged now, and not with what goes back."""
    if c.quick and not c.answers:
        return True
    if c.rcv_nxt - c.told <= c.usual:
        return False
    so = c.so
    return bool(so.buffer.length < so.options.get("SO_RCVLOWAT", 1)
                or choose(c) >= c.advertised - c.told)


def read(c: Connection, count: int) -> bool:
    """True if *count* bytes have been read and what came is to be acknowledged now."""
    return c.owes and (c.rcv_nxt - c.told > c.usual or bool(
        count and c.pushed > c.answers and not c.so.buffer.length and not c.end_waits))


def opens(c: Connection) -> bool:
    """True if reading has at least doubled the window that the peer knows, which is small.

    Not of each byte: RFC 9293 3.8.6.2.2 (silly window syndrome).
    """
    known = c.window()
    return (not c.so.shutdown & RECEIVE and c.state in MAY_RECEIVE
            and 2 * known <= c.clamp and 0 < choose(c) >= 2 * known)


def told(c: Connection) -> None:
    """An acknowledgement goes out, alone or with data, and with it the window.

    What was told of the window before is not taken back.
    """
    if c.owes:
        if c.quick:
            c.quick -= 1
        c.owes, c.due, c.pushed = False, None, 0
    so = c.so
    if so is None:
        return  # the handshake goes on
    waits = so.buffer.length or c.backlog or c.end_waits or not c.scale
    window = choose(c) if waits else c.open or emptied(c)
    c.told = c.rcv_nxt
    c.advertised = c.told + (window if window >= c.advertised - c.told else in_units(
        c, c.advertised - c.told))


def replied(c: Connection, now: float) -> None:
    """Data goes out: soon after some came, that is an answer."""
    if c.heard is not None and now - c.heard < DELAY:
        c.answers = True
