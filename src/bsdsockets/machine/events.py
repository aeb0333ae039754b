"""What can be seen happening: one record for each thing, in one order.

``machine.observe(callback)`` calls *callback* with each of these as it happens.  The
pictures of conversations, the text beside them and the capture files are made from
nothing else.

    CallBegins  CallWaits  CallEnds      a thread and one system call
    StateChanged                         a socket's state, in its protocol's words
    PacketSent                           a packet enters a link,
    PacketLost  PacketLate  PacketComes  is lost there, or takes its time until it comes

May not know: what a socket or a packet is; it carries them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    number
        Its place in the run, from 1.
    time
        The virtual time, in seconds since the machine was switched on.
    thread
        The name of the thread that ran.
    """

    number: int
    time: float
    thread: str


@dataclass(frozen=True, slots=True)
class CallBegins(Event):
    """A thread makes a system call.

    call
        Its name: that of the method of `Calls`, ``"send"``.
    arguments
        As the method takes them: the descriptor first.
    """

    call: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CallWaits(Event):
    """A call cannot end yet.

    call
        Its name.
    what
        What it waits for, in words: ``"something to read"``.
    """

    call: str
    what: str


@dataclass(frozen=True, slots=True)
class CallEnds(Event):
    """A call returns or fails.

    call
        Its name.
    result
        What it returns; None when it fails.
    error
        What it raises; None when it returns.
    """

    call: str
    result: Any
    error: BaseException | None


@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """A socket goes from one state to another.

    socket
        The number of the socket: how many there had been on the machine, with itself.
    before, after
        The states, in the protocol's words: ``"SYN-SENT"`` of RFC 9293.
    """

    socket: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PacketSent(Event):
    """A packet enters a link.

    link
        The name of the interface, ``"lo"``.
    packet
        What travels: a `Packet`, or a frame of a family that is not IP.
    """

    link: str
    packet: Any


@dataclass(frozen=True, slots=True)
class PacketLate(Event):
    """A packet takes time, as a fault decides; the `PacketSent` comes first.

    link
        The name of the interface, ``"lo"``.
    packet
        What is late.
    seconds
        How long it takes to arrive.
    """

    link: str
    packet: Any
    seconds: float


@dataclass(frozen=True, slots=True)
class PacketComes(Event):
    """A packet that was late arrives.

    link
        The name of the interface, ``"lo"``.
    packet
        What arrives.
    """

    link: str
    packet: Any


@dataclass(frozen=True, slots=True)
class PacketLost(Event):
    """A link loses a packet, as a fault decides; the `PacketSent` comes first.

    link
        The name of the interface, ``"lo"``.
    packet
        What is lost.
    """

    link: str
    packet: Any


class Observers:
    """Those who watch a machine.  ``if observers:`` is false while nobody does."""

    def __init__(self, clock: Any, thread_name: Callable[[], str]) -> None:
        self.callbacks: list[Callable[[Event], object]] = []
        self._clock = clock
        self._thread_name = thread_name
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self.callbacks)

    def add(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call *callback* with every event from now on; returns what ends that, once."""
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def tell(self, kind: type[Event], *details: Any) -> None:
        """Tell all of them of an event: its class *kind*, and the fields after the first three."""
        if self.callbacks:
            self._number += 1
            event = kind(self._number, self._clock.now, self._thread_name(), *details)
            for callback in tuple(self.callbacks):
                callback(event)
