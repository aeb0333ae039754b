"""The sockets of a machine as somebody sees who may look inside, but not touch.

    descriptors, backlogs ---> known ---> now(number): state, receive queue, backlog

May not know: calls, programs, pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_PREVIEW = 64


@dataclass(frozen=True)
class Now:
    """How a socket stands: its state, what waits to be read, who waits to be accepted."""

    state: str
    queued: int = 0
    preview: bytes = b""
    records: int | None = None
    """How many messages, where the queue keeps their boundaries."""
    waiting: int | None = None
    """Completed connections, of a socket that listens."""
    backlog: int = 0
    drops: int = 0
    """Datagrams that found no room."""


class Sockets:
    """Every socket that the machine has had, by number."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self._keys: dict[int, Any] = {}
        self.known: dict[int, Any] = {}
        self.parents: dict[int, int] = {}
        """An accepted socket's listening one."""
        self.ports: dict[int, int] = {}
        """Port -> the first socket that had it."""
        self.peers: dict[int, int] = {}
        """The other end of a UNIX socket."""
        self.hidden: set[int] = set()
        """Those that are nobody's business."""

    def all_now(self) -> dict[int, Now]:
        """How everything stands."""
        self.look()
        return {number: self.now(number) for number in sorted(self.known)}

    def hide(self, descriptors: Any) -> None:
        """Never tell of these."""
        for descriptor in descriptors:
            number = self.of(descriptor)
            self.hidden.add(number)
            self.known.pop(number, None)

    def of(self, descriptor: Any) -> int:
        """The number of the socket that *descriptor* names, or 0."""
        self.look()
        file = self._machine.descriptors.get(descriptor) if isinstance(descriptor, int) else None
        return int(getattr(file, "number", 0))

    def look(self) -> None:
        """Get to know sockets: those with a descriptor, and those not yet accepted."""
        for file in list(self._machine.descriptors.values()):
            if hasattr(file, "number") and file.number not in self.hidden:
                self.known.setdefault(file.number, file)
                for child in file.queue.completed if file.queue else ():
                    self.known.setdefault(child.number, child)
                    self.parents.setdefault(child.number, file.number)
        for number, so in self.known.items():
            if so.port:
                self.ports.setdefault(so.port, number)
            if getattr(so.pcb, "peer", None) is not None and hasattr(so.pcb.peer, "number"):
                self.peers[number] = so.pcb.peer.number
            if getattr(so.pcb, "remote_port", 0) and hasattr(so.pcb, "key"):
                self._keys[number] = so.pcb.key

    def now(self, number: int) -> Now:
        so = self.known[number]
        buffer = so.buffer
        records = getattr(buffer, "records", None if hasattr(buffer, "length") else buffer)
        if records is None:
            queued, preview = len(buffer), buffer.peek(_PREVIEW)
        else:
            gone = getattr(so.pcb, "offset", 0)  # a stream's first record, read in part
            queued = sum(len(record.data) for record in records) - gone
            preview = b"".join(record.data for record in records)[gone : gone + _PREVIEW]
        whole = None if records is None or so.type == 1 else len(records)
        waiting = len(so.queue.completed) if so.queue is not None and so.references else None
        backlog = so.queue.backlog if so.queue is not None else 0
        if not so.references and number not in self._children_waiting():
            queued, preview, whole = 0, b"", None
        drops = getattr(so.pcb, "drops", 0)
        return Now(self._state(number), queued, preview, whole, waiting, backlog, drops)

    def _children_waiting(self) -> set[int]:
        return {
            child.number
            for so in self.known.values()
            if so.queue is not None
            for child in so.queue.completed
        }

    def _state(self, number: int) -> str:
        """The state in the protocol's words, also of what remains of a closed TCP socket."""
        so = self.known[number]
        table = getattr(getattr(so.protocol, "output", None), "table", None)
        if table is not None:
            remains = table.get(self._keys.get(number))
            return str(remains.state if remains is not None else so.pcb.state)
        if not so.references and number not in self._children_waiting():
            return "CLOSED"
        if so.listening or so.queue is not None:
            return "LISTEN"
        if so.state == "unconnected" and (so.port or getattr(so.pcb, "name", b"")):
            return "BOUND"
        return str(so.state).upper()
