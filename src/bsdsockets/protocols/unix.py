"""What UNIX sockets of every type share: names, peers, readiness, and what a message costs.

    so.pcb: name, peer -------> the peer's so.pcb
            used  <--- cost of what the peer has not read yet; against SO_SNDBUF

A message is charged to its sender until it is read, headers included: one byte costs 768
bytes.  So a send buffer of 212,992 bytes holds 278 messages of one byte.

May not know: the file system (names are bytes; `host.names` keeps them), descriptors
(a passed file is a reference).

Sources: Linux unix(7); ``net/unix/af_unix.c`` of Linux 6.18 as observed: the costs are
those of its allocator on a machine with pages of 4096 bytes.
"""

from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from ..machine.constants import (
    AF_UNIX,
    POLLERR,
    POLLPRI,
    SCM_CREDENTIALS,
    SCM_RIGHTS,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)
from ..machine.errors import (
    EBADF,
    ECONNREFUSED,
    EINVAL,
    ENOTCONN,
    EPROTOTYPE,
    fail,
)
from ..machine.host import Credentials, Host
from .buffers import Record
from .protocol import (
    EVERYTHING,
    HANGUP,
    RECEIVE,
    SEND,
    WRITABLE_BAND,
    Protocol,
    check_claim,
    ends_mask,
    error_mask,
    moment,
)

MOST_FILES = 253  # SCM_MAX_FD
INHERITED = ("SO_PASSCRED", "SO_PASSSEC")
SOCKET_BUFFER, SHARED, HEAD, PAGE = 256, 320, 3776, 4096  # bytes
FRAGMENTS = 32768  # bytes of pages in one buffer of a stream
CHUNK = HEAD + FRAGMENTS
MOST_PAGES = 17  # of one datagram; the rest is in one piece


def linear_cost(size: int) -> int:
    """What a buffer of *size* bytes in one piece costs: the allocator's next power of two."""
    room = 512
    while room < size + SHARED:
        room *= 2
    return room + SOCKET_BUFFER


@lru_cache(maxsize=1024)
def stream_cost(size: int) -> int:
    """What a piece of a stream costs, in bytes.

    >>> [stream_cost(size) for size in (1, 193, 4000, 36544)]
    [768, 1280, 4864, 37120]
    """
    pages = min(size, -(-max(0, size - HEAD) // PAGE) * PAGE)
    return linear_cost(size - pages) + -(-pages // PAGE) * PAGE


@lru_cache(maxsize=1024)
def datagram_cost(size: int) -> int:
    """What a datagram costs, in bytes.

    >>> [datagram_cost(size) for size in (0, 193, 4000, 32448, 212000)]
    [768, 1280, 8448, 33024, 332032]
    """
    most = 4 * PAGE - SHARED
    pages = min(-(-max(0, size - most) // PAGE), MOST_PAGES) * PAGE
    return linear_cost(size - pages) + pages


class Beside(NamedTuple):
    """What travels beside data: open files, and who sent it where somebody asked."""

    files: tuple[Any, ...] = ()
    credentials: Credentials | None = None

    def hold(self) -> "Beside":
        """Keep the files open while they travel."""
        for file in self.files:
            file.hold()
        return self


NOTHING = Beside()
UNKNOWN = Credentials(0, 65534, 65534)  # of who sent before anybody asked


@dataclass(slots=True, eq=False, repr=False)
class UnixEnd:
    """What the protocol keeps for a UNIX socket."""

    name: bytes = b""
    peer: Any = None  # the socket it is connected to
    peer_credentials: Credentials | None = None
    used: int = 0  # bytes charged to this sender
    offset: int = 0  # bytes of the first record that are read
    passed_over: int = 0  # urgent bytes that reading left out, which FIONREAD goes on to count
    full: Any = None  # the socket whose queue was full when this one called it
    out_of_band: Record | None = None  # the one in the buffer that MSG_OOB asks for
    waiting: list[Any] = field(default_factory=list)  # senders to wake when this one has room


class Unix(Protocol):
    """Names and peers."""

    name_of = "unix"

    def __init__(self, host: Host) -> None:
        self.host = host
        self.names = host.names

    def attach(self, so: Any) -> None:
        """Make what is kept for a new socket: no name, no peer, nothing to read."""
        so.pcb = UnixEnd()
        so.buffer = deque()

    def bind(self, so: Any, name: bytes) -> None:
        """Give *so* a name; the empty one asks for an automatic abstract name.

        ENOENT, ENOTDIR, EACCES and others
            As for making the file.
        EADDRINUSE
            A file stands there.
        EINVAL
            The socket has a name.
        EADDRINUSE
            The abstract name is taken.

        Source: POSIX.1-2024 bind(); unix(7); Linux ``unix_bind_bsd``, ``unix_bind_abstract``.
        """
        end = so.pcb
        if not name:
            self.autobind(so)
            return
        if end.name:
            if name[:1] != b"\0":
                self.names.check_free(name)
            fail(EINVAL)
        self.names.bind(name, so, so.type, so.mode)
        end.name = name

    def autobind(self, so: Any) -> None:
        """Give *so* an abstract name if it has none."""
        if not so.pcb.name:
            so.pcb.name = self.names.automatic(so, so.type)

    def find(self, so: Any, name: bytes) -> Any:
        """The socket with that name, of the type of *so*."""
        if not name:
            fail(EINVAL)
        other = self.names.find(name, so.type)
        if other.type != so.type:
            fail(EPROTOTYPE)
        if other.dead:
            fail(ECONNREFUSED)
        return other

    def name(self, so: Any) -> bytes:
        """The bytes bind() gave, without the type; empty while there is no name."""
        return bytes(so.pcb.name)

    def peer(self, so: Any) -> bytes:
        """The name of the socket at the other end, empty if that has none.

        ENOTCONN
            The socket is not connected.

        Source: POSIX.1-2024 getpeername(); Linux ``unix_getname``.
        """
        if so.pcb.peer is None:
            fail(ENOTCONN)
        return bytes(so.pcb.peer.pcb.name)

    def shutdown(self, so: Any, how: int) -> None:
        """End receiving, sending or both: *how* is RECEIVE, SEND or their sum.

        Of a stream or a sequence of packets the peer's other direction ends at once: it reads
        what is left, then the end, or fails with EPIPE.  Everybody who waits wakes.

        Differs: POSIX has ENOTCONN; Linux's UNIX sockets never say so.
        Source: POSIX.1-2024 shutdown(); Linux ``unix_shutdown``.
        """
        so.shutdown |= how
        so.wake(EVERYTHING)
        other = so.pcb.peer
        if other is not None and so.type in (SOCK_STREAM, SOCK_SEQPACKET):
            swapped = (SEND if how & RECEIVE else 0) | (RECEIVE if how & SEND else 0)
            other.shut(swapped, EVERYTHING)

    def inherit(self, so: Any, child: Any, pcb: Any) -> None:
        """A connection that came is a new socket: only what it asked to be told is its own."""
        child.pcb = pcb
        child.options = {key: so.options[key] for key in INHERITED if key in so.options}
        settings = self.host.settings
        child.receive_size, child.send_size = settings.read_default, settings.write_default

    def join(self, one: Any, other: Any) -> None:
        """Make a connected pair of two new sockets: socketpair().

        Neither has a name; SO_PEERCRED tells each of who made the pair.

        Source: POSIX.1-2024 socketpair(); Linux ``unix_socketpair``.
        """
        for so, peer in ((one, other), (other, one)):
            so.pcb.peer = peer
            so.pcb.peer_credentials = self.host.effective
            so.state = "connected"

    # What waits to be read, and what poll says of it

    @staticmethod
    def give_back(record: Record) -> None:
        """A record leaves its buffer: what it cost is its sender's again, who goes on in time."""
        sender = record.origin
        sender.pcb.used -= record.cost
        if sender.waiters and (sender.pcb.used + 1) * 4 <= sender.send_size:  # Linux: unix_writable
            sender.wake(WRITABLE_BAND)

    @staticmethod
    def leave(host: Host, record: Record) -> None:
        """Nobody reads a record: the files that travel in it are closed when the call ends."""
        Unix.give_back(record)
        host.left_over += record.control.files

    def discard_buffer(self, so: Any) -> None:
        """Throw away what nobody read."""
        while so.buffer:
            self.leave(self.host, so.buffer.popleft())

    def writable(self, so: Any) -> bool:
        """True while a quarter of the send buffer is not used up."""
        return so.queue is None and (so.pcb.used + 1) * 4 <= so.send_size

    def ready(self, so: Any) -> int:
        """What poll() says, as a mask of POLLIN and its like.

        POLLIN
            Something can be read or accepted, or receiving has ended.
        POLLOUT
            At most a quarter of the send buffer is used, the socket does not listen, and the
            queue of a datagram socket's peer is not full.
        POLLHUP, POLLRDHUP
            Both directions have ended, or a connection has never been; receiving has ended.
        POLLPRI
            A byte sent with MSG_OOB is not read.
        POLLERR
            An error is pending: ECONNRESET.

        Source: Linux ``unix_poll``, ``unix_dgram_poll``.
        """
        waits = bool(so.buffer or (so.queue is not None and so.queue.completed))
        mask = ends_mask(so, waits)
        if so.error:
            mask |= POLLERR if so.type == SOCK_STREAM else error_mask(so)
        if self.connection_based and so.pcb.peer is None and so.queue is None:
            mask |= HANGUP
        if so.pcb.out_of_band is not None:
            mask |= POLLPRI
        return mask | WRITABLE_BAND if self.writable(so) else mask

    # Control messages

    def beside(self, control: tuple[Any, ...]) -> Beside:
        """Read what a program sends beside the data, before anything else is checked.

        EINVAL
            A message of this level that Linux does not know, one of the wrong length, or more
            than 253 descriptors.
        EBADF
            A descriptor that names nothing.
        EPERM
            Credentials that are not the sender's own, from an unprivileged process.
        """
        files, credentials = (), None
        for level, kind, value in control:
            if level != SOL_SOCKET:
                continue
            if kind == SCM_RIGHTS:
                files = (*files, *value)
                if len(files) > MOST_FILES:
                    fail(EINVAL)
                if None in value:
                    fail(EBADF)
                self.host.passed.update(dict.fromkeys(
                    file for file in value if getattr(file, "family", None) == AF_UNIX))
            elif kind == SCM_CREDENTIALS and value is not None:
                check_claim(self.host, value)
                credentials = value
            else:
                fail(EINVAL)
        return Beside(files, credentials)

    def incoming(self, so: Any, beside: Beside, arrived: Any = None) -> tuple[Any, ...]:
        """What *so* is told beside a record: when it came, credentials, files."""
        files = ((SOL_SOCKET, SCM_RIGHTS, beside.files),) if beside.files else ()
        if not so.options:
            return files
        result: list[Any] = list(moment(so, arrived)) if so.type != SOCK_STREAM else []
        if so.options.get("SO_PASSCRED"):
            result.append((SOL_SOCKET, SCM_CREDENTIALS, beside.credentials or UNKNOWN))
        return (*result, *files)

    def stamped(self, so: Any, other: Any, beside: Beside) -> Beside:
        """Add the sender's credentials if either end asked for them."""
        if beside.credentials is None and (
                so.options.get("SO_PASSCRED") or other.options.get("SO_PASSCRED")):
            return beside._replace(credentials=self.host.credentials)
        return beside
