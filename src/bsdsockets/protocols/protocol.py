"""What a protocol is: a record of verbs that the socket layer calls, and upcalls it makes.

    verbs, down:  attach bind listen connect accept send receive shutdown release
                  ready name peer may_go_on inherit option_changed
    upcalls, up:  so.wake  so.shut  so.new_connection  so.changed, and so.error, so.buffer

A verb that a protocol does not fill in fails with EOPNOTSUPP.  `send`, `receive`,
`accept` and `connect` return None for "not yet": whether that waits or fails with EAGAIN
is decided above.

May not know: descriptors, threads, Python's addresses.

Sources: 4.4BSD ``protosw.h`` and ``pr_usrreqs``; Plan 9 ``ip.h``, ``Proto``.
"""

import struct
from typing import Any, NamedTuple

from ..machine.clock import EPOCH
from ..machine.constants import (
    MSG_PEEK,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    POLLPRI,
    POLLRDBAND,
    POLLRDHUP,
    POLLRDNORM,
    POLLWRBAND,
    POLLWRNORM,
    SO_TIMESTAMP,
    SO_TIMESTAMPING,
    SO_TIMESTAMPNS,
    SOL_SOCKET,
)
from ..machine.errors import EFAULT, ENOPROTOOPT, ENOTTY, EOPNOTSUPP, EPERM, ESRCH, fail
from ..machine.host import Credentials, Host
from .stamping import RX_SOFTWARE, tells

RECEIVE, SEND, BOTH = 1, 2, 3  # what a socket no longer does: Linux's RCV_SHUTDOWN, SEND_SHUTDOWN
CONTROL_ROOM = 1 << 32  # none of Linux's flags: recvmsg() has room for control messages

READABLE = POLLIN | POLLRDNORM
ARRIVED = READABLE | POLLPRI | POLLRDBAND  # what Linux wakes for when something has come
WRITABLE = POLLOUT | POLLWRNORM
WRITABLE_BAND = WRITABLE | POLLWRBAND
HANGUP = POLLHUP
READ_HANGUP = POLLRDHUP | READABLE
EVERYTHING = READABLE | WRITABLE_BAND | POLLERR | POLLHUP | POLLRDHUP | POLLRDBAND | POLLPRI

FIRST_PROCESS = 1

# What connect() finds: Linux's `enum socket_state`.
UNCONNECTED, CONNECTING, CONNECTED, DISCONNECTING = (
    "unconnected", "connecting", "connected", "disconnecting")

STAMPS = (("SO_TIMESTAMP", SO_TIMESTAMP, 10**6), ("SO_TIMESTAMPNS", SO_TIMESTAMPNS, 10**9))

def peek_offset(so: Any, flags: int) -> int:
    """Where a call begins to look: at SO_PEEK_OFF with MSG_PEEK, or -1 where there is none."""
    return so.options.get("SO_PEEK_OFF", -1) if flags & MSG_PEEK and so.options else -1


def move_peek(so: Any, count: int) -> None:
    """Let SO_PEEK_OFF follow: forwards by what was seen, backwards by what was read."""
    offset = so.options.get("SO_PEEK_OFF", -1)
    if offset >= 0:
        so.options["SO_PEEK_OFF"] = max(offset + count, 0)


def ends_mask(so: Any, waits: bool) -> int:
    """What poll says of what has come, and of directions that are shut."""
    mask = READABLE if waits else 0
    if so.shutdown & RECEIVE:
        mask |= READ_HANGUP
    return mask | HANGUP if so.shutdown == BOTH else mask


def error_mask(so: Any) -> int:
    """What poll says of an error: POLLERR, with SO_SELECT_ERR_QUEUE POLLPRI too."""
    return POLLERR | (POLLPRI if so.options.get("SO_SELECT_ERR_QUEUE") else 0)


def wants_time(so: Any) -> bool:
    """True if *so* asked when what it reads has come."""
    get = so.options.get
    return bool(so.options and (get("SO_TIMESTAMP") or get("SO_TIMESTAMPNS")
                                or get("SO_TIMESTAMPING", 0) & RX_SOFTWARE))


def arrival(so: Any) -> float | None:
    """When what comes to *so* now has come, if it asked for that."""
    return so.host.clock.now if wants_time(so) else None


def time_of(moment: float, unit: int) -> bytes:
    """A moment of the clock as two longs: seconds, and parts of which *unit* make one."""
    return struct.pack("=qq", *divmod(int(EPOCH) * unit + round(moment * unit), unit))


def moment(so: Any, arrived: float | None,
           returned: bool = False) -> tuple[tuple[int, int, bytes], ...]:
    """The control messages that say when something came: now, if nobody had asked then.

    *returned*: it is a notice about what was sent, or an error.
    """
    told = []
    for option, number, unit in STAMPS:
        if so.options.get(option):
            arrived = so.host.clock.now if arrived is None else arrived
            told.append((SOL_SOCKET, number, time_of(arrived, unit)))
    if arrived is not None and tells(so, returned):
        told.append((SOL_SOCKET, SO_TIMESTAMPING, time_of(arrived, 10**9) + bytes(32)))
    return tuple(told)


def check_claim(host: Host, claim: Credentials) -> None:
    """Fail unless the sender may call itself that: EPERM; ESRCH where there is no such process."""
    own = host.credentials
    if not host.privileged and (claim.pid != own.pid or any(
            getattr(claim, name) not in (getattr(own, name), getattr(host.effective, name))
            for name in ("uid", "gid"))):
        fail(EPERM)
    if claim.pid not in (own.pid, FIRST_PROCESS):  # no others exist in a model
        fail(ESRCH)


class Message(NamedTuple):
    """What receive returns: data, where from, control messages, flags (MSG_TRUNC and its like),
    and the length of the whole record.
    """

    data: bytes
    address: Any = None
    control: tuple[tuple[int, int, Any], ...] = ()
    flags: int = 0
    length: int = 0


class Unreadable(bytes):
    """So many bytes where a null pointer points: EFAULT for who looks at them."""

    def __getitem__(self, at: Any) -> Any:
        fail(EFAULT)


class Protocol:
    """The verbs, each failing with EOPNOTSUPP until a protocol fills it in.

    `connection_based`: poll reports a hang-up before there is a connection.
    """

    connection_based = False
    name_of = "none"

    def attach(self, so: Any) -> None:
        """Make what the protocol keeps for a new socket."""

    def bind(self, so: Any, address: Any) -> None:
        fail(EOPNOTSUPP)

    def listen(self, so: Any, backlog: int) -> None:
        fail(EOPNOTSUPP)

    def connect(self, so: Any, address: Any, wait: bool) -> bool | None:
        """Connect; True when done, None when it goes on.  *wait*: the call may wait."""
        fail(EOPNOTSUPP)

    def accept(self, so: Any) -> Any:
        fail(EOPNOTSUPP)

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        fail(EOPNOTSUPP)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        fail(EOPNOTSUPP)

    def may_go_on(self, so: Any) -> bool:
        """True if a call that has received something may wait for more."""
        return not (so.error or so.shutdown & RECEIVE)

    def shutdown(self, so: Any, how: int) -> None:
        fail(EOPNOTSUPP)

    def release(self, so: Any) -> None:
        """The last descriptor is closed."""

    def ready(self, so: Any) -> int:
        return 0

    def name(self, so: Any) -> Any:
        fail(EOPNOTSUPP)

    def peer(self, so: Any) -> Any:
        fail(EOPNOTSUPP)

    def accepted_peer(self, so: Any) -> Any:
        """The address that accept() returns beside the connection *so*."""
        return self.peer(so)

    def inherit(self, so: Any, child: Any, pcb: Any) -> None:
        """Make *child* the socket of the connection *pcb* that came to *so*."""
        child.pcb = pcb

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        """The value of an option of the protocol's own level."""
        fail(ENOPROTOOPT)

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        """Change an option of the protocol's own level."""
        fail(ENOPROTOOPT)

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """Do what *request* asks; what ioctl() returns, and what the argument begins with then."""
        fail(ENOTTY)

    def option_changed(self, so: Any, option: str) -> None:
        """The option with this name has been set on *so*."""
