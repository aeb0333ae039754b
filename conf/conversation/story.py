"""A recording, told in steps: who does what, what travels, and what that changes.

    Recording ---> Step, Step, Step ...      each a row of the picture and a sentence of the text

Every step has an *actor* and every actor a *side*; ``actors`` says who plays.

May not know: HTML, Sphinx.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from bsdsockets.network.packets import ACK, FIN, PSH, RST, SYN, URG, Datagram, Segment
from conversation import words
from conversation.actors import LEFT, Cast, Roles, named
from conversation.sockets import Now
from conversation.watching import Entry, Recording, duration
from conversation.words import Travels

_AF_UNIX = 1
STRANGER = "a stranger"
"""Who is none of the program's: the second client of the fault."""
_FLAGS = {"SYN": SYN, "FIN": FIN, "RST": RST, "PSH": PSH, "URG": URG, "ACK": ACK}


@dataclass(frozen=True)
class Change:
    """What a step changed at a socket."""

    side: str
    name: str
    kind: str
    """``state``, ``queue`` or ``backlog``."""
    text: str
    words: str


@dataclass
class Step:
    """A row of the picture."""

    kind: str
    """``call``, ``wait``, ``return``, ``wire``, ``arrival`` or ``time``."""
    actor: str
    side: str
    """Where it stands; of what travels, where it comes from."""
    line: int
    title: str = ""
    detail: str = ""
    failed: bool = False
    travels: Travels | None = None
    to: str = ""
    """Who is to get what travels."""
    index: int = 0
    """The entry that it is made of."""
    changes: list[Change] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    """The actors that wait after this step, and the line in which each does."""
    after: dict[int, Now] = field(default_factory=dict)
    words: str = ""

    @property
    def sentence(self) -> str:
        """The step in words, with what it changes."""
        return " ".join([self.words, *(f"{change.words}." for change in self.changes)])


@dataclass
class Story:
    """The whole conversation."""

    cast: Cast
    steps: list[Step]
    names: dict[int, str]
    sides: dict[int, str]
    first_seen: dict[int, int]
    """The step from which on each socket is there."""


def tell(recording: Recording, roles: Cast | Roles) -> Story:
    """Make the steps of a recording."""
    if isinstance(roles, Cast):
        roles = named(recording, roles)
    teller = _Teller(recording, roles)
    for entry in recording.entries:
        teller.take(entry)
    return teller.story()


class _Teller:
    def __init__(self, recording: Recording, roles: Roles) -> None:
        self.recording = recording
        self.cast = roles.cast
        self.owners = roles.owners
        self._actor = roles.actor
        self.names = _distinct(recording, roles)
        self.steps: list[Step] = []
        self.waiting: dict[str, int] = {}
        self.first: dict[tuple[int, int], int] = {}
        self.returns = {id(e.begun): e for e in recording.entries if e.kind == "return"}
        self.waits = {id(e.begun) for e in recording.entries if e.kind == "wait"}
        self.last_call: Entry | None = None
        self.last_packet: Any = None
        self.strangers = _strangers(recording)
        self.partly: set[str] = set()
        """The actors whose sendall has sent a part."""

    def story(self) -> Story:
        self._compare()
        sides = {number: self.cast.side(owner) for number, owner in self.owners.items()}
        seen: dict[int, int] = {}
        for index, step in enumerate(self.steps):
            for number in step.after:
                seen.setdefault(number, index)
        return Story(self.cast, self.steps, self.names, sides, seen)

    def take(self, entry: Entry) -> None:
        """Make of *entry* a step, or a part of the last one."""
        {
            "call": self._call,
            "wait": self._wait,
            "return": self._return,
            "packet": self._packet,
            "lost": self._packet,
            "arrival": self._arrival,
            "time": self._time,
        }[entry.kind](entry)
        if self.steps:
            self.steps[-1].after = entry.after

    def _step(self, kind: str, entry: Entry, actor: str, **details: Any) -> Step:
        step = Step(kind, actor, self.cast.side(actor), entry.line, index=entry.index, **details)
        self.steps.append(step)
        return step

    # Calls

    def _call(self, entry: Entry) -> None:
        actor = self._actor(entry)
        ended = self.returns.get(id(entry))
        title = words.call(entry, self.names)
        verb = "goes on in" if actor in self.partly and words.sends_all(entry) else "calls"
        step = self._step("call", entry, actor, title=title, words=f"{actor} {verb} {title}.")
        if ended is not None and self._at_once(entry, ended):
            self._result(step, ended)
        self.last_call = entry
        if id(entry) not in self.waits:
            self._unix(entry)
        step.waiting = self.steps[-1].waiting = dict(self.waiting)

    def _at_once(self, entry: Entry, ended: Entry) -> bool:
        """True if the call's result can stand on its own row: it did not wait for anything."""
        if id(entry) in self.waits:
            return False
        if entry.call != "connect" or entry.family == _AF_UNIX:
            return True
        return ended.index == entry.index + 1

    def _result(self, step: Step, ended: Entry) -> None:
        assert ended.begun is not None
        text = words.result(ended, self.names)
        step.detail, step.failed = text, ended.error is not None
        if text:
            verb = self._verb(ended)
            step.words = f"{step.words[:-1]}, which {verb} {text}."

    def _verb(self, ended: Entry) -> str:
        """How a call ends, in a word: it returns, it fails, and sendall sends a part."""
        actor = self._actor(ended.begun or ended)
        self.partly.discard(actor)
        if ended.error is not None:
            return "fails with"
        if not words.sends_all(ended):
            return "returns"
        if ended.result < (ended.begun or ended).arguments[1].size:
            self.partly.add(actor)
        return "sends"

    def _wait(self, entry: Entry) -> None:
        assert entry.begun is not None
        actor = self._actor(entry.begun)
        if actor in self.waiting:
            return
        self.waiting[actor] = entry.line
        what = words.wait(entry)
        if self.last_call is entry.begun and self.steps[-1].kind == "call":
            step = self.steps[-1]
            step.kind, step.detail = "wait", f"waits {what}"
            step.words = f"{step.words[:-1]} and waits {what}."
        else:
            title = words.call(entry.begun, self.names)
            step = self._step("wait", entry, actor, title=title, detail=f"waits {what}")
            step.words = f"{actor} waits in {title} {what}."
        step.waiting = dict(self.waiting)

    def _return(self, entry: Entry) -> None:
        call = entry.begun
        assert call is not None
        actor = self._actor(call)
        if self._at_once(call, entry):
            return
        self.waiting.pop(actor, None)
        title = words.call(call, self.names)
        text = words.result(entry, self.names)
        verb = self._verb(entry)
        step = self._step(
            "return",
            entry,
            actor,
            title=title,
            detail=text or "returns",
            failed=entry.error is not None,
            waiting=dict(self.waiting),
        )
        step.words = f"{actor}: {title} {verb}{' ' + text if text else ''}."
        if id(call) in self.waits:
            self._unix(call)

    # What travels

    def _packet(self, entry: Entry) -> None:
        payload = getattr(entry.packet, "payload", None)  # other families' frames have none
        source = self._at_port(getattr(payload, "source", 0))
        target = self._at_port(getattr(payload, "destination", 0))
        sender = source or self._opposite(target or self._actor(entry))
        receiver = target if target and target != sender else self._opposite(sender)
        travels = self._travels(payload, self._lost(entry))
        again = self.last_packet is not None and self.last_packet is entry.packet
        self.last_packet = entry.packet
        ends = (getattr(payload, "source", 0), getattr(payload, "destination", 0))
        if self.strangers.intersection(ends):
            travels = replace(travels, stranger=True)
        if entry.late:
            travels = replace(travels, fate=f"takes {duration(entry.late)}")
        elif again:
            travels = replace(travels, fate="is the same once more")
        step = self._step("wire", entry, sender, travels=travels, waiting=dict(self.waiting))
        step.to = receiver
        here = STRANGER if travels.stranger and not source else sender
        there = STRANGER if travels.stranger and source else receiver
        step.words = words.travels(here, there, travels)

    def _arrival(self, entry: Entry) -> None:
        """What was late is there."""
        payload = getattr(entry.packet, "payload", None)
        who = self._at_port(getattr(payload, "destination", 0)) or self._actor(entry)
        what = words.short(self._travels(payload, ""))
        step = self._step("arrival", entry, who, title=what, waiting=dict(self.waiting))
        step.words = f"{who} gets {what}."

    def _lost(self, entry: Entry) -> str:
        """Why the packet of *entry* does not arrive, or nothing."""
        if entry.kind == "lost":
            return "lost"
        payload = getattr(entry.packet, "payload", None)
        if isinstance(payload, Segment) and payload.flags & (SYN | ACK) == SYN:
            listener = entry.after.get(self.recording.ports.get(payload.destination, 0))
            if listener is not None and (listener.waiting or 0) > listener.backlog:
                return "dropped: the backlog is full"
        return ""

    def _travels(self, payload: Any, lost: str) -> Travels:
        if isinstance(payload, Datagram):
            size = words.size(len(payload.data))
            return Travels(("UDP",), "", words.data(payload.data), size, lost)
        if not isinstance(payload, Segment):
            return Travels((words.icmp(payload),), lost=lost)
        here, there = (payload.source, payload.destination), (payload.destination, payload.source)
        if payload.flags & SYN:
            self.first[here] = payload.sequence
        start = self.first.setdefault(here, payload.sequence)
        numbers = f"seq {payload.sequence - start}"
        if payload.flags & ACK:
            base = self.first.setdefault(there, payload.acknowledgement - 1)
            numbers += f", ack {payload.acknowledgement - base}"
        if payload.flags & RST and not payload.flags & ACK:
            numbers = ""
        flags = tuple(name for name, bit in _FLAGS.items() if payload.flags & bit)
        size = words.size(len(payload.data)) if payload.data else ""
        return Travels(flags, numbers, words.data(payload.data) if size else "", size, lost)

    def _unix(self, entry: Entry) -> None:
        """AF_UNIX has no packets: what a call does is there at once."""
        travels = words.unix(entry) if entry.family == _AF_UNIX and not entry.error else None
        actor = self._actor(entry)
        receiver = self._opposite(actor)
        if travels is None or (entry.call == "close" and not self._heard(entry)):
            return
        self.steps[-1].waiting = dict(self.waiting)
        self.steps[-1].after = self.steps[-2].after if len(self.steps) > 1 else {}
        step = self._step("wire", entry, actor, travels=travels)
        step.to = receiver
        step.words = words.travels(actor, receiver, travels)

    def _heard(self, entry: Entry) -> bool:
        """True if this close was the socket's last, and its peer is there to read the end."""
        before = self.steps[-2].after.get(entry.number) if len(self.steps) > 1 else None
        now = entry.after.get(entry.number)
        peer = entry.after.get(self.recording.peers.get(entry.number, 0))
        states = [each.state if each else "" for each in (before, now, peer)]
        return states == ["CONNECTED", "CLOSED", "CONNECTED"]

    def _time(self, entry: Entry) -> None:
        actor = self.steps[-1].actor if self.steps else self.cast.all[0]
        step = self._step(
            "time", entry, actor, title=f"{entry.what} pass", waiting=dict(self.waiting)
        )
        step.words = f"{entry.what} pass."

    # Who, where

    def _at_port(self, port: int) -> str:
        number = self.recording.ports.get(port)
        return self.owners.get(number, "") if number else ""

    def _opposite(self, actor: str) -> str:
        return self.cast.right[0] if self.cast.side(actor) == LEFT else self.cast.left[0]

    # What changed

    def _compare(self) -> None:
        """Say of each step what is different after it."""
        before: dict[int, Now] = {}
        for step in self.steps:
            for number, now in step.after.items():
                step.changes += self._changes(number, before.get(number), now)
            before = step.after or before

    def _changes(self, number: int, old: Now | None, now: Now) -> list[Change]:
        name = self.names[number]
        side = self.cast.side(self.owners[number])
        alike = sum(other == name for other in self.names.values()) > 1
        whose = f"{name} of {self.owners[number]}" if alike else name
        found = []
        if (old.state if old else "CLOSED") != now.state and not (
            old is None and now.state in ("UNCONNECTED",)
        ):
            found.append(Change(side, name, "state", now.state, f"{whose} is {now.state}"))
        had = (old.queued, old.records or 0) if old else (0, 0)
        if had != (now.queued, now.records or 0):
            found.append(
                Change(
                    side,
                    name,
                    "queue",
                    words.queue(now),
                    f"The receive queue of {whose}: {words.queue(now)}",
                )
            )
        if now.drops > (old.drops if old else 0):
            lost = f"{whose} has no room: the datagram is lost"
            found.append(Change(side, name, "queue", "full: the datagram is lost", lost))
        if now.waiting is not None and now.waiting != ((old.waiting or 0) if old else 0):
            text = f"{now.waiting} waiting"
            found.append(
                Change(
                    side, name, "backlog", text, f"The backlog of {whose}: {now.waiting} to accept"
                )
            )
        return found


def _strangers(recording: Recording) -> set[int]:
    """The ports that call and are no socket's of the program."""
    calls = (getattr(entry.packet, "payload", None) for entry in recording.entries)
    return {
        call.source
        for call in calls
        if isinstance(call, Segment) and call.flags & (SYN | ACK) == SYN
    } - set(recording.ports)


def _distinct(recording: Recording, roles: Roles) -> dict[int, str]:
    """The names of the sockets; where one actor uses a name twice, numbered."""
    owners = roles.owners
    plain = {
        number: recording.names.get(number) or roles.unnamed.get(number, "new socket")
        for number in sorted(owners)
    }
    counts = Counter((owners[number], name) for number, name in plain.items())
    seen: Counter[tuple[str, str]] = Counter()
    names = {}
    for number, name in plain.items():
        whose = owners[number], name
        seen[whose] += 1
        names[number] = f"{name} {seen[whose]}" if counts[whose] > 1 else name
    return names
