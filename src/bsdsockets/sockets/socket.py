"""What every socket has, whatever its family and type.

    state      unconnected, connecting, connected (what connect() looks at)
    names      bound_address and port, or a UNIX name
    error      the pending error: the next call fails with it, once
    shutdown   what it no longer does: RECEIVE, SEND or both
    buffer     what has come and is not read        queue   connections not accepted
    options    what setsockopt() has changed        pcb     what its protocol keeps
    groups     of multicast, its memberships

The verbs of its protocol are called on it (`so.protocol.send(so, ...)`); the protocol
makes upcalls on it: `wake`, `shut`, `new_connection`, `changed`.

May not know: descriptors, threads, time, which protocols there are.

Sources: 4.4BSD ``struct socket``; Linux ``struct socket`` and ``struct sock``.
"""

from typing import Any, NoReturn

from ..machine.constants import POLLIN, POLLPRI, POLLRDBAND, POLLRDNORM
from ..machine.descriptors import File
from ..machine.errors import fail
from ..machine.events import StateChanged
from ..machine.host import Host
from .listen import ListenQueue

UNCONNECTED, CONNECTED = "unconnected", "connected"


class Socket(File):
    """A socket: an open file of the model.

    Ask it: `ready`, `error`, `shutdown`.  Protocols tell it: `wake`, `shut`, `changed`,
    `new_connection`, `start_queue`.
    """

    __slots__ = (
        "bound_address", "buffer", "dead", "done", "error", "explicit_address", "explicit_port",
        "family", "groups", "host", "listening", "mode", "number", "options", "pcb", "port",
        "protocol", "protocol_number", "queue", "receive_size", "send_size", "shown_port",
        "shutdown", "state", "type",
    )

    def __init__(self, host: Host, family: int, kind: int, number: int, protocol: Any,
                 any_address: Any, pcb: Any = None) -> None:
        self.references = 0
        self.nonblocking = self.alone = False
        self.waiters: list[Any] = []
        self.host = host
        host.sockets = self.number = host.sockets + 1
        self.family, self.type, self.protocol_number = family, kind, number
        self.protocol = protocol
        self.state = UNCONNECTED
        self.mode = 0o777  # of the file that bind() makes
        self.bound_address = any_address
        self.port = self.shown_port = 0
        self.explicit_address = self.explicit_port = False
        self.error = self.shutdown = 0
        self.done = self.dead = self.listening = False
        self.options: dict[Any, Any] = {}
        self.groups: tuple[Any, ...] = ()
        self.queue: ListenQueue | None = None
        self.pcb = pcb
        self.buffer: Any = None
        self.receive_size = host.settings.read_default
        self.send_size = host.settings.write_default
        protocol.attach(self)

    def ready(self) -> int:
        mask: int = self.protocol.ready(self)
        return mask

    def release(self) -> None:
        self.protocol.release(self)
        for member in self.groups:
            self.protocol.node.groups.remove(member)
        if self.waiters:
            self.wake(-1)

    def take_error(self) -> int:
        """Return the pending error and forget it."""
        number, self.error = self.error, 0
        return int(number)

    def fail_pending(self) -> NoReturn:
        """Fail with the pending error, which is then no longer pending."""
        fail(self.take_error())

    # Upcalls

    def shut(self, what: int, mask: int) -> None:
        """The protocol ended one direction: *what* is RECEIVE or SEND."""
        self.shutdown |= what
        self.wake(mask)

    def changed(self, before: str, after: str) -> None:
        """The protocol's state is another now."""
        if self.host.observers.callbacks:
            self.host.observers.tell(StateChanged, self.number, before, after)

    def start_queue(self, backlog: int) -> None:
        """Begin to take connections."""
        self.queue = ListenQueue(backlog, self.host.settings.somaxconn)
        self.listening = True

    def new_connection(self, pcb: Any) -> "Socket":
        """Make the socket of a connection that came to this listening one.

        It has what the listening socket's options say, and is not yet accepted.
        """
        child = Socket(self.host, self.family, self.type, self.protocol_number, self.protocol,
                       self.bound_address, pcb)
        if self.options:
            child.options = dict(self.options)
        child.receive_size, child.send_size = self.receive_size, self.send_size
        child.state = CONNECTED
        self.protocol.inherit(self, child, pcb)
        assert self.queue is not None
        self.queue.completed.append(child)
        if self.waiters:
            self.wake(POLLIN | POLLRDNORM | POLLPRI | POLLRDBAND)
        return child
