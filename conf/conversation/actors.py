"""Who plays in a recording, and on which side of the wire.

    named(recording, cast)   the page says who: threads or functions, left | right
    found(recording)         nobody says: threads by what they do, or sockets where one thread
                             does it all

    connect, first of a pair, first to send     left   of the wire
    listen, accepted, second of a pair          right

A thread that plays both sides stands on both, so what travels always goes from side to side.

May not know: steps, HTML, Sphinx.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from conversation.watching import Entry, Recording

LEFT, RIGHT = "left", "right"
READABLE = 4
"""Actors that can stand beside each other on one side."""
_TRANSFERS = frozenset({"accept", "connect", "send", "receive", "shutdown"})


@dataclass(frozen=True)
class Cast:
    """The actors, from left to right."""

    left: tuple[str, ...] = ("client",)
    right: tuple[str, ...] = ("server",)

    @property
    def all(self) -> tuple[str, ...]:
        return self.left + self.right

    @property
    def readable(self) -> bool:
        """Whether each can have a column of its own."""
        return max(len(self.left), len(self.right)) <= READABLE

    def side(self, actor: str) -> str:
        return LEFT if actor in self.left else RIGHT


def cast(text: str) -> Cast:
    """Read ``first second | server``; without a bar the last one stands on the right.

    >>> cast("first second | server")
    Cast(left=('first', 'second'), right=('server',))
    >>> cast("client server")
    Cast(left=('client',), right=('server',))
    """
    left, bar, right = text.partition("|")
    actors = left.split()
    others = right.split() if bar else [actors.pop()] if actors else []
    if not actors or not others:
        raise ValueError("name an actor on either side: client | server")
    return Cast(tuple(actors), tuple(others))


@dataclass
class Roles:
    """Whose each socket and each entry is."""

    cast: Cast
    owners: dict[int, str]
    players: dict[int, str] = field(default_factory=dict)
    """An entry's index -> who did it, where that is not the socket's owner."""
    unnamed: dict[int, str] = field(default_factory=dict)
    """What to call a socket that no variable holds."""

    def actor(self, entry: Entry) -> str:
        return (
            self.players.get(entry.index) or self.owners.get(entry.number) or self.cast.all[0]
        )


# The page says who


def named(recording: Recording, cast: Cast) -> Roles:
    """The roles of a cast whose actors are threads or functions by their names."""
    players = {entry.index: _player(entry, cast) for entry in recording.entries}
    return Roles(cast, _owners(recording, cast), players)


def _player(entry: Entry, cast: Cast) -> str:
    """The actor whose thread or function *entry* is of, or nothing."""
    if entry.thread in cast.all:
        return entry.thread
    return next((name for name in entry.functions if name in cast.all), "")


def _owners(recording: Recording, cast: Cast) -> dict[int, str]:
    """Whose each socket is: its first player's; else by what it does, listening on the right."""
    owners: dict[int, str] = {}
    roles: dict[int, str] = {}
    for entry in recording.entries:
        player = _player(entry, cast)
        if entry.number and player and entry.kind == "call":
            owners.setdefault(entry.number, player)
        if entry.call == "accept" and player and isinstance(entry.result, int):
            owners.setdefault(entry.result, player)
        if entry.kind == "call" and entry.call in ("listen", "bind"):
            roles.setdefault(entry.number, cast.right[0])
        if entry.kind == "return" and entry.call == "socketpair" and entry.result:
            one, other = entry.result
            roles.update({one: cast.left[0], other: cast.right[0]})
            if owners.get(one) == owners.get(other):
                owners.pop(one, None)
                owners.pop(other, None)
    for number in _known(recording):
        if recording.names.get(number) in cast.all:
            owners.setdefault(number, recording.names[number])
        parent = recording.parents.get(number)
        role = owners.get(parent, roles.get(parent)) if parent else roles.get(number)
        owners.setdefault(number, role or cast.left[0])
    return owners


def _known(recording: Recording) -> list[int]:
    return sorted({number for entry in recording.entries for number in entry.after})


# Nobody says


def found(recording: Recording, first: int = 0) -> Roles:
    """The roles that a recording itself shows from its entry *first* on."""
    sides = _sides(recording)
    busy = _busy(recording, sides, first)
    if len(busy) < 2:
        return _by_socket(recording, sides)
    labels = _labels(recording)
    left, right = _columns(busy, labels)
    cast = Cast(tuple(left.values()) or ("client",), tuple(right.values()) or ("server",))
    roles = Roles(cast, {}, {}, _unnamed(recording, sides))
    columns = {LEFT: left, RIGHT: right}
    for entry in recording.entries:
        call = entry.begun or entry
        side = sides.get(call.number, "")
        actor = columns.get(side, {}).get(entry.thread)
        other = left.get(entry.thread) or right.get(entry.thread)
        roles.players[entry.index] = actor or other or ""
        if actor and entry.kind == "call" and entry.call in _TRANSFERS:
            roles.owners.setdefault(call.number, actor)
    for number in _known(recording):
        ours = cast.left if sides.get(number, LEFT) == LEFT else cast.right
        parent = roles.owners.get(recording.parents.get(number, 0))
        roles.owners.setdefault(number, parent or ours[0])
    return roles


def _sides(recording: Recording) -> dict[int, str]:
    """On which side of the wire each socket plays."""
    sides: dict[int, str] = dict.fromkeys(recording.parents, RIGHT)
    bound: set[int] = set()
    for entry in recording.entries:
        number = entry.number
        if entry.kind == "return" and entry.call == "socketpair" and entry.result:
            sides |= dict(zip(entry.result, (LEFT, RIGHT), strict=True))
        if entry.kind != "call" or not number:
            continue
        if entry.call == "listen":
            sides[number] = RIGHT
        elif entry.call == "bind":
            bound.add(number)
        elif entry.call == "connect" or entry.call == "send":
            sides.setdefault(number, LEFT)
        elif entry.call == "receive":
            sides.setdefault(number, RIGHT)
    for number in _known(recording):
        sides.setdefault(number, RIGHT if number in bound else LEFT)
    return sides


def _busy(recording: Recording, sides: dict[int, str], first: int) -> dict[str, set[str]]:
    """The threads that do more than make sockets, and the sides each plays on."""
    busy: dict[str, set[str]] = {}
    begun = {entry.begun.index for entry in recording.entries[first:] if entry.begun}
    for entry in recording.entries:
        shown = entry.index >= first or entry.index in begun or not entry.ended
        if shown and entry.kind == "call" and entry.call in _TRANSFERS and entry.number:
            busy.setdefault(entry.thread, set()).add(sides[entry.number])
    return busy


def _columns(
    busy: dict[str, set[str]], labels: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Each thread's name on the left, and on the right; one that plays both has two."""
    left: dict[str, str] = {}
    right: dict[str, str] = {}
    for thread, played in busy.items():
        both = len(played) > 1
        if LEFT in played:
            left[thread] = f"{labels[thread]} (client)" if both else labels[thread]
        if RIGHT in played:
            right[thread] = f"{labels[thread]} (server)" if both else labels[thread]
    return left, right


def _labels(recording: Recording) -> dict[str, str]:
    """Threads as a reader calls them: ``main``, and the others by what they run."""
    threads = list(dict.fromkeys(entry.thread for entry in recording.entries))
    plain = [_plain(thread) for thread in threads]
    programs = [name for name in plain if name.endswith(".py")]
    alike = Counter(plain)
    seen: Counter[str] = Counter()
    labels = {}
    for thread, name in zip(threads, plain, strict=True):
        seen[name] += 1
        label = "main" if programs == [name] else name
        labels[thread] = f"{label} {seen[name]}" if alike[name] > 1 else label
    return labels


def _plain(thread: str) -> str:
    """A thread's name without what only tells it apart.

    >>> _plain("MainThread"), _plain("Thread-3 (serve)"), _plain("echo.py")
    ('main', 'serve', 'echo.py')
    """
    name = thread.partition("\N{NO-BREAK SPACE}")[0]
    match = re.fullmatch(r"Thread-\d+ \((\w+)\)", name)
    return match[1] if match else "main" if name in ("MainThread", "the shell") else name


def _by_socket(recording: Recording, sides: dict[int, str]) -> Roles:
    """One thread does everything: its sockets are the actors."""
    known = _known(recording)
    unnamed = _unnamed(recording, sides)
    ends = {side: [n for n in known if sides[n] == side] for side in (LEFT, RIGHT)}
    alone = all(len(numbers) == 1 for numbers in ends.values())
    names = [recording.names.get(n) or unnamed[n] for side in ends for n in ends[side]]
    if alone and not recording.parents and names[0] != names[1]:
        cast = Cast((names[0],), (names[1],))
    else:
        cast = Cast()
    owners = {n: cast.left[0] if sides[n] == LEFT else cast.right[0] for n in known}
    return Roles(cast, owners, {}, unnamed)


def _unnamed(recording: Recording, sides: dict[int, str]) -> dict[int, str]:
    """What to call a socket that no variable of the program holds."""
    listening = set(recording.parents.values())
    listening |= _numbers(e for e in recording.entries if e.call == "listen")
    connecting = _numbers(e for e in recording.entries if e.call == "connect")
    return {
        number: "listener"
        if number in listening
        else "connection"
        if number in recording.parents
        else "client"
        if number in connecting
        else "socket"
        for number in sides
    }


def _numbers(entries: Iterable[Entry]) -> set[int]:
    return {entry.number for entry in entries if entry.kind == "call"}
