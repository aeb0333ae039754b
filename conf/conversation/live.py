"""A reader's own run, told like a page's conversation: what their browser draws and steps through.

    session --sources, begin, start--> Live --tell--> plain data: picture, words, listing, steps

Everything that ran before the block in question is remembered, so that sockets have their names
and who waits is known; what is told begins with the block.

May not know: Sphinx, the page, the browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conversation import picture, story, words
from conversation.actors import Cast, Roles, found, named
from conversation.watching import Recording, Watcher

MOST = 600
"""Entries that are told of one run; about half of them become steps."""


@dataclass(frozen=True)
class Source:
    """A text of the program's, and where it stands among all of them."""

    title: str
    lines: list[str]
    before: int
    """Lines of other sources that stand before it."""

    def holds(self, line: int) -> bool:
        return self.before < line <= self.before + len(self.lines)


class Live:
    """Watches a machine on which somebody's program runs."""

    def __init__(self, machine: Any, most: int = MOST) -> None:
        self._most = most
        self._watcher = Watcher(machine, {}, libraries=True)
        self._watcher.looks = False
        self._sources: list[Source] = []
        self._first = 0
        self._watcher.begin()

    def add(self, filename: str, title: str, text: str) -> None:
        """Know *text*, whose code objects have the name *filename*."""
        lines = text.splitlines()
        self._sources.append(Source(title, lines, self._watcher.add_source(filename, lines)))

    def start(self) -> None:
        """From here on it is told; what happened before is only remembered."""
        self._watcher.looks = True
        self._watcher.settle()
        self._first = len(self._watcher.entries)
        self._watcher.most = self._first + self._most

    def end(self) -> None:
        """Look no more."""
        self._watcher.finish()
        self._watcher.end()

    def tell(self, actors: Cast | None = None) -> dict[str, Any] | None:
        """What there is to see; nothing where no socket was used."""
        recording = self._watcher.recording()
        self._forget_what_is_over(recording)
        told = story.tell(recording, self._roles(recording, actors))
        told.steps = [step for step in told.steps if step.index >= self._first]
        if not told.steps:
            return None
        listing, headings = self._listing(told)
        count = len(told.steps)
        more = f"Only the first {count} steps are drawn; the run went on."
        return {
            "bar": picture.bar(count),
            "picture": picture.picture(told, f"The run: {count} steps, told in words below"),
            "data": picture.data(told),
            "words": [words.marked(step.sentence) for step in told.steps],
            "listing": listing,
            "headings": headings,
            "cut": more if recording.cut else "",
        }

    def _forget_what_is_over(self, recording: Recording) -> None:
        """Leave out the sockets that were closed before it began."""
        shown = recording.entries[max(self._first - 1, 0) :]
        used = {entry.number for entry in shown if entry.index >= self._first}
        used |= {n for entry in shown for n, now in entry.after.items() if now.state != "CLOSED"}
        for entry in shown:
            entry.after = {n: now for n, now in entry.after.items() if n in used}

    def _roles(self, recording: Recording, actors: Cast | None) -> Roles:
        """As the page says, if those it names took part; else as the run shows."""
        played = {entry.thread for entry in recording.entries}
        played |= {name for entry in recording.entries for name in entry.functions}
        played |= set(recording.names.values())
        if actors is not None and played.issuperset(actors.all):
            return named(recording, actors)
        return found(recording, self._first)

    def _listing(self, told: story.Story) -> tuple[str, list[int]]:
        """The sources that took part, one after the other; the steps' lines become its lines."""
        used = {step.line for step in told.steps}
        used |= {line for step in told.steps for line in step.waiting.values()}
        shown = [each for each in self._sources if any(map(each.holds, used))]
        shown = shown or self._sources[-1:]
        lines: list[str] = []
        headings: list[int] = []
        places: dict[int, int] = {0: 0}
        for source in shown:
            if len(shown) > 1:
                lines.append(source.title)
                headings.append(len(lines))
            places |= {
                source.before + number: len(lines) + number
                for number in range(1, len(source.lines) + 1)
            }
            lines += source.lines
        for step in told.steps:
            step.line = places.get(step.line, 0)
            step.waiting = {who: places.get(line, 0) for who, line in step.waiting.items()}
        return "\n".join(lines), headings
