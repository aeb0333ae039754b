"""What an option is, and the functions that some of them need.

An `Option` says where an option is known, what a value may be, and what becomes of it; the
table of all of them is in `option_table`, getting and setting in `options`.

May not know: which options there are.

Sources: Linux ``sock_setsockopt``, ``do_tcp_setsockopt``, ``do_ip_setsockopt`` and
``do_ipv6_setsockopt`` as observed on 6.18.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..machine import constants as c
from ..machine.errors import (
    EFAULT,
    EINVAL,
    ENODEV,
    ENOENT,
    ENOPROTOOPT,
    EOPNOTSUPP,
    EPERM,
    fail,
)
from ..protocols import stamping as s
from ..protocols.protocol import WRITABLE_BAND
from ..protocols.tcp_acknowledging import STAMP
from ..protocols.tcp_connection import repetitions
from ..protocols.tcp_output import announced
from ..protocols.tcp_states import CLOSED, LISTEN, NUMBERS, SYN_RECEIVED, SYN_SENT
from .option_ip import path_mtu

MODELLED, STORED = "modelled", "stored"
INTERFACE_NAME = 16  # bytes
EVERY = "t4 u4 r4 t6 u6 r6 x"
FIRST_WINDOW, REORDERING = 10, 3  # segments: of Linux's congestion control, before it learns more


@dataclass(frozen=True)
class Option:
    """What an option is.

    kind
        *bool* and *int* are C ints; *byte* is an int that may be one byte or, with
        ``least=0``, none; *bytes* is a structure.
    where
        The sockets that have it: ``t``, ``u``, ``r`` for stream, datagram and raw over
        version 4 or 6 of IP, ``x`` for UNIX.
    low, high, usual
        What a number can be at least and at most, and what -1 stands for, if for anything else.
    least, most, unit, null
        How many bytes a value has at least and at most, of what its length is a multiple, and
        what a null pointer in its place fails with.
    settable
        The sockets it can be set on, where they are fewer; on others it fails with *refusal*.
    lacks
        Sockets that know of it and have it not: EOPNOTSUPP.
    needs, denied
        The values that only a privileged process may set, and what others fail with; *always* is
        looked at before the value.
    check
        Turns a value into what is kept, or fails; does what is to be done besides.
    read, write
        Take the place of the store.
    room
        How much room its value needs at least: EINVAL without.
    same
        The option whose value it is too.
    """

    level: int
    number: int
    name: str
    kind: str = "int"
    where: str = EVERY
    settable: str | None = None
    default: Any = 0
    status: str = STORED
    low: int = -(2**31)
    high: int = 2**31 - 1
    usual: int = -1
    least: int = 4
    unit: int = 1
    null: int = EFAULT
    most: int = 2**31
    refusal: int = ENOPROTOOPT
    lacks: Callable[[Any], bool] | None = None
    needs: Callable[[Any], bool] | None = None
    denied: int = EPERM
    check: Callable[[Any, Any], Any] | None = None
    read: Callable[[Any], Any] | None = None
    write: Callable[[Any, Any], None] | None = None
    readable: bool = True
    room: Callable[[Any], int] = lambda so: 0
    same: str = ""

    @property
    def key(self) -> str:
        """What `so.options` keeps it by."""
        return self.same or self.name


def always(value: Any) -> bool:
    """Of an option that only a privileged process may set: capabilities(7)."""
    return True


def urgent(priority: int) -> bool:
    """Of SO_PRIORITY: what only a privileged process may ask for, by socket(7)."""
    return not 0 <= priority <= 6


def code(so: Any) -> str:
    """What `Option.where` calls a socket like *so*."""
    if so.family not in (c.AF_INET, c.AF_INET6):
        return "x"  # other families: their own levels are their protocols' business
    kind = {c.SOCK_STREAM: "t", c.SOCK_DGRAM: "u"}.get(so.type, "r")
    return kind + ("4" if so.family == c.AF_INET else "6")


def pending(so: Any) -> int:
    """SO_ERROR: the pending error, or what TCP has noted; either is told once."""
    number = int(so.take_error())
    if number or so.protocol.name_of != "tcp":
        return number
    number, so.pcb.soft = so.pcb.soft, 0
    return int(number)


def buffer_size(attribute: str, least: int, maximum: str = "") -> Callable[[Any, int], None]:
    """Make what sets a buffer: twice the value, within limits; root may force more."""
    def write(so: Any, value: int) -> None:
        limit = getattr(so.host.settings, maximum) if maximum else 2**30 - 1
        value = limit if maximum and value < 0 else min(value, limit)
        setattr(so, attribute, max(2 * value, least))
        sends = attribute == "send_size"
        so.options["SO_SNDBUF" if sends else "SO_RCVBUF"] = 1  # chosen: it does not grow by itself
        if sends and so.ready() & c.POLLOUT:
            so.wake(WRITABLE_BAND)
    return write


def sends_far(so: Any) -> bool:
    """Of SO_PASSCRED and SO_PASSSEC: a family whose senders are no processes of this host."""
    return bool(so.family not in (c.AF_UNIX, c.AF_NETLINK))


def raw_is_shared(so: Any) -> int:
    """SO_REUSEADDR: set from the beginning on raw sockets of IP."""
    return int(so.type == c.SOCK_RAW and so.family in (c.AF_INET, c.AF_INET6))


def only_internet(so: Any, value: Any) -> Any:
    """SO_REUSEPORT: sockets of other families cannot share a name."""
    if so.family not in (c.AF_INET, c.AF_INET6) and value:
        fail(EOPNOTSUPP)
    return value


def cannot_peek(so: Any) -> bool:
    """Of SO_PEEK_OFF: a raw socket, and a family without streams."""
    return bool(so.type == c.SOCK_RAW or so.family not in (c.AF_UNIX, c.AF_INET, c.AF_INET6))


def one_timestamp(so: Any, value: int) -> int:
    """SO_TIMESTAMP and SO_TIMESTAMPNS: the one ends the other."""
    so.options["SO_TIMESTAMP"] = so.options["SO_TIMESTAMPNS"] = 0
    return value


def stamping(so: Any, flags: int) -> int:
    """SO_TIMESTAMPING: flags that there are and that go together; packets are counted from 0."""
    old = so.options.get("SO_TIMESTAMPING", 0)
    if flags & ~s.EVERY or flags & (s.OPT_ID_TCP | s.OPT_ID) == s.OPT_ID_TCP:
        fail(EINVAL)
    if flags & ~old & s.OPT_ID:
        if so.protocol.name_of == "tcp" and so.pcb.state in (CLOSED, LISTEN):
            fail(EINVAL)
        so.options[s.COUNT] = 0
    if flags & (s.OPT_STATS | s.OPT_TSONLY) == s.OPT_STATS:
        fail(EINVAL)
    if flags & s.BIND_PHC:  # no interface here has a clock
        fail(EINVAL if so.options.get("SO_BINDTODEVICE") else EOPNOTSUPP)
    return flags


def low_water(so: Any, value: int) -> int:
    """SO_RCVLOWAT: at least 1; TCP's at most half the buffer, which grows if nobody has set it."""
    value = 2**31 - 1 if value < 0 else value or 1
    if so.type != c.SOCK_STREAM or so.family == c.AF_UNIX:
        return value
    if "SO_RCVBUF" not in so.options:
        so.receive_size = max(so.receive_size, 2 * min(value, 16777216))
    return int(min(value, so.receive_size // 2, 16777216))


def device(so: Any, value: bytes) -> int:
    """SO_BINDTODEVICE: the name of an interface, or nothing; kept as its index."""
    name = value[:15].partition(b"\0")[0]
    if name not in (b"", b"lo"):
        fail(ENODEV)
    return device_index(so, int(name == b"lo"))


def device_index(so: Any, index: int) -> int:
    """SO_BINDTOIFINDEX: the same by its index, and it need not be there."""
    if so.options.get("SO_BINDTODEVICE") and not so.host.privileged:
        fail(EPERM)
    return index


def room_for_name(so: Any) -> int:
    """A name needs IF_NAMESIZE bytes, where there is one."""
    return INTERFACE_NAME if so.options.get("SO_BINDTODEVICE") else 0


def device_name(so: Any) -> bytes:
    """The name of the interface that SO_BINDTODEVICE or an address of its link chose."""
    index = so.options.get("SO_BINDTODEVICE", 0)
    if index > 1:
        fail(ENODEV)
    return b"lo\0" if index else b""


def peer_credentials(so: Any) -> bytes:
    """SO_PEERCRED: struct ucred of who connected or listened."""
    credentials = getattr(so.pcb, "peer_credentials", None)
    if credentials is None:
        return struct.pack("=iii", 0, -1, -1)
    return struct.pack("=iii", credentials.pid, credentials.uid, credentials.gid)


# TCP


def linger2(so: Any, value: int) -> int:
    """TCP_LINGER2: seconds in FIN-WAIT-2; negative none, at most 120."""
    return -1 if value < 0 else min(value, 120) or 60


def deferred(so: Any, seconds: int) -> int:
    """TCP_DEFER_ACCEPT: rounded up to when a SYN,ACK is repeated."""
    return repetitions(seconds)[1]


def window_clamp(so: Any, value: int) -> int:
    """TCP_WINDOW_CLAMP: at least half the least buffer; 0 only on a closed socket."""
    if value == 0:
        if so.pcb.state != CLOSED:
            fail(EINVAL)
        return 0
    return max(value, 1152)


def read_clamp(so: Any) -> int:
    """What it was set to, or Linux's own: the most that may be told, once there is a connection."""
    return int(so.pcb.clamp)


def maximum_segment(so: Any, value: int) -> int:
    """TCP_MAXSEG: 0, or 88 to 32767 bytes."""
    if value and not 88 <= value <= 32767:
        fail(EINVAL)
    return value


def read_segment(so: Any) -> int:
    p = so.pcb
    wanted = so.options.get("TCP_MAXSEG")
    if wanted and p.state in (CLOSED, LISTEN):
        return int(wanted)
    return int(p.longest)


def congestion(so: Any, value: bytes) -> bytes:
    """TCP_CONGESTION: the name of an algorithm that Linux has built in."""
    name = value[:15].partition(b"\0")[0]
    if name not in (b"cubic", b"reno"):
        fail(ENOENT)
    return name.ljust(16, b"\0")


def only_in(*states: str) -> Callable[[Any, int], int]:
    """Make what checks that a connection is in one of *states*: others come too late."""
    def check(so: Any, value: int) -> int:
        if so.pcb.state not in states:
            fail(EINVAL)
        return value
    return check


def information(so: Any) -> bytes:
    """TCP_INFO: struct tcp_info; the state, sizes, windows and what was counted are modelled.

    Of a listening socket *unacknowledged* and *sacked* are its queue and its backlog.

    Source: RFC 9293 3.9.1.5, 3.10.6 (STATUS); Linux ``tcp_get_info``.
    """
    p = so.pcb
    info = bytearray(280)
    met = p.state not in (CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED)
    offered = 7 * met  # timestamps, SACK, scales: as on Linux
    scales = (p.peer or p).scale | p.scale << 4 if met else 0
    struct.pack_into("=8B", info, 0, NUMBERS[p.state], 0, 0, 0, 0, offered, scales,
                     so.queue is None)
    struct.pack_into("=III", info, 80, FIRST_WINDOW, 0, REORDERING)
    struct.pack_into("=Q", info, 112, 2**64 - 1)  # no limit
    if so.queue is not None:
        struct.pack_into("=II", info, 24, len(so.queue.completed), so.queue.backlog)
        return bytes(info)
    struct.pack_into("=IIII", info, 16, read_segment(so), p.usual if p.remote_address else 0,
                     p.in_flight, 0)
    if p.remote_address:
        longest = announced(so, p.remote_address) + (0 if met else STAMP)
        struct.pack_into("=I", info, 60, path_mtu(so))
        struct.pack_into("=I", info, 84, longest)
    struct.pack_into("=I", info, 76, 2**31 - 1)  # no threshold of a slow start
    struct.pack_into("=QQ", info, 120, max(p.snd_una - p.iss - p.passive, 0), p.received)
    struct.pack_into("=IIIIII", info, 136, p.segments_out + p.bare_out, p.segments_in + p.bare_in,
                     p.unsent, 0, p.segments_in, p.segments_out)
    struct.pack_into("=Q", info, 200, max(max(p.snd_nxt, p.snd_max) - p.iss - 1 - p.fin_sent, 0))
    struct.pack_into("=I", info, 64, p.reach)
    struct.pack_into("=II", info, 228, p.snd_wnd, max(p.advertised - p.told, 0))
    return bytes(info)
