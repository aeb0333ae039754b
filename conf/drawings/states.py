"""The states of TCP, drawn from ``bsdsockets.protocols.tcp_states.TABLE``.

The places of the states are given here, after RFC 9293's figure 5; every arrow and every word on
one comes from the table.  Two ways through the picture stand out: they are found by following the
table, once as the end that connects and closes first, once as the end that listens.

The picture is an SVG of the width of a phone, in the colours of the page; the same in words stands
below it, and alone where there are no pictures.
"""

from __future__ import annotations

import html
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from bsdsockets.protocols import tcp_states as tcp

Point = tuple[float, float]

WIDTH, HEIGHT = 340, 626
BOX_WIDTH, BOX_HEIGHT = 104, 26
LINE = 13
"""From one line of words to the next.  A phone of 360 pixels shows the letters 12 pixels high."""

AGAIN = "CLOSED again"
"""CLOSED at the lower end of the picture, where connections that were end."""

PLACES: dict[str, Point] = {
    tcp.CLOSED: (170, 22),
    tcp.LISTEN: (100, 112),
    tcp.SYN_RECEIVED: (54, 212),
    tcp.SYN_SENT: (286, 212),
    tcp.ESTABLISHED: (170, 294),
    tcp.FIN_WAIT_1: (54, 386),
    tcp.CLOSE_WAIT: (286, 386),
    tcp.FIN_WAIT_2: (54, 482),
    tcp.CLOSING: (170, 482),
    tcp.LAST_ACK: (286, 482),
    tcp.TIME_WAIT: (170, 576),
    AGAIN: (286, 576),
}
LOWER = frozenset({tcp.LAST_ACK, tcp.TIME_WAIT})
"""The states from which CLOSED is the lower one."""

BENDS: dict[tuple[str, str], Point] = {
    (tcp.CLOSED, tcp.LISTEN): (94, 54),
    (tcp.LISTEN, tcp.CLOSED): (168, 86),
    (tcp.CLOSED, tcp.SYN_SENT): (322, 40),
    (tcp.SYN_SENT, tcp.CLOSED): (222, 124),
    (tcp.SYN_RECEIVED, tcp.CLOSE_WAIT): (116, 380),
    (tcp.SYN_RECEIVED, tcp.FIN_WAIT_1): (6, 296),
    (tcp.TIME_WAIT, tcp.CLOSED): (228, 630),
}
"""Arrows that are not straight, and the point that bends them."""

ALONG: dict[tuple[str, str], float] = {
    (tcp.SYN_RECEIVED, tcp.CLOSE_WAIT): 0.7,
    (tcp.SYN_SENT, tcp.CLOSED): 0.52,
    (tcp.ESTABLISHED, tcp.FIN_WAIT_1): 0.62,
    (tcp.SYN_RECEIVED, tcp.FIN_WAIT_1): 0.45,
}
"""How far along an arrow its words stand, where the middle is taken."""

OPENS_AND_CLOSES_FIRST = (
    tcp.ACTIVE_OPEN,
    tcp.SYN_ACK_COMES,
    tcp.CLOSE,
    tcp.ACK_OF_FIN,
    tcp.FIN_COMES,
    tcp.TIMEOUT,
)
LISTENS_AND_CLOSES_SECOND = (
    tcp.PASSIVE_OPEN,
    tcp.SYN_COMES,
    tcp.ACK_OF_SYN,
    tcp.FIN_COMES,
    tcp.CLOSE,
    tcp.ACK_OF_FIN,
)


def transitions() -> list[tuple[str, str, str]]:
    """Return (state, event, next state), except for aborting, which every state has."""
    return [
        (state, event, after) for (state, event), after in tcp.TABLE.items() if event != tcp.ABORT
    ]


def way(events: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return the arrows that *events* follow from CLOSED: pairs of state and event."""
    state, arrows = tcp.CLOSED, set()
    for event in events:
        arrows.add((state, event))
        state = tcp.TABLE[state, event]
    return arrows


def _edge_of_box(center: Point, towards: Point, room: float = 0.0) -> Point:
    """Where the line from *center* towards a point leaves the box, and *room* more."""
    dx, dy = towards[0] - center[0], towards[1] - center[1]
    shares = []
    if dx:
        shares.append((BOX_WIDTH / 2 + room) / abs(dx))
    if dy:
        shares.append((BOX_HEIGHT / 2 + room) / abs(dy))
    share = min(shares)
    return center[0] + dx * share, center[1] + dy * share


def _at(start: Point, bend: Point, end: Point, share: float) -> Point:
    """The point of the curve from *start* to *end* at a share of its way."""
    a, b, c = (1 - share) ** 2, 2 * share * (1 - share), share**2
    return (
        a * start[0] + b * bend[0] + c * end[0],
        a * start[1] + b * bend[1] + c * end[1],
    )


def _arrow(state: str, event: str, after: str, kind: str) -> tuple[str, str]:
    """Draw one arrow: its line and its words, which are to stand above all lines."""
    start = PLACES[state]
    end = PLACES[AGAIN if after == tcp.CLOSED and state in LOWER else after]
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    bend = BENDS.get((state, after), middle)
    tail, head = _edge_of_box(start, bend), _edge_of_box(end, bend, room=3)
    x, y = _at(tail, bend, head, ALONG.get((state, after), 0.5))
    line = (
        f'<path class="{kind}" marker-end="url(#tcp-arrow)" '
        f'd="M{tail[0]:.0f} {tail[1]:.0f} Q{bend[0]:.0f} {bend[1]:.0f} '
        f'{head[0]:.0f} {head[1]:.0f}"/>'
    )
    words = event.rsplit(" ", 1)
    spans = "".join(
        f'<tspan x="{x:.0f}" y="{y + 4 + LINE * (row - (len(words) - 1) / 2):.1f}">'
        f"{html.escape(word)}</tspan>"
        for row, word in enumerate(words)
    )
    return line, f"<text>{spans}</text>"


def picture() -> str:
    """Return the picture as SVG."""
    first, second = way(OPENS_AND_CLOSES_FIRST), way(LISTENS_AND_CLOSES_SECOND)
    lines, words = [], []
    for state, event, after in transitions():
        kind = "first" if (state, event) in first else ""
        kind = kind or ("second" if (state, event) in second else "other")
        line, text = _arrow(state, event, after, kind)
        lines.append(line)
        words.append(text)
    boxes = [
        f'<rect x="{x - BOX_WIDTH / 2}" y="{y - BOX_HEIGHT / 2}" width="{BOX_WIDTH}" '
        f'height="{BOX_HEIGHT}" rx="5"/><text class="state" x="{x}" y="{y + 4}">'
        f"{tcp.CLOSED if state == AGAIN else state}</text>"
        for state, (x, y) in PLACES.items()
    ]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" '  # without it an EPUB shows its words
        f'class="tcp-states" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="The states of a TCP connection; the list below says the same in words.">'
        '<defs><marker id="tcp-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 0L8 4L0 8z"/></marker></defs>{"".join(lines + words + boxes)}</svg>'
    )


def in_words() -> dict[str, list[tuple[str, str]]]:
    """Return for each state, in the table's order, its events and where they lead."""
    found: dict[str, list[tuple[str, str]]] = {}
    for state, event, after in transitions():
        found.setdefault(state, []).append((event, after))
    return found


class TcpStates(SphinxDirective):
    """The picture, and the same in words."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(Path(tcp.__file__))
        self.env.note_dependency(Path(__file__))
        for state, _, after in transitions():
            if missing := {state, after} - set(PLACES):
                raise self.error(f"no place in the picture for {missing.pop()}")
        key = (
            '<p class="tcp-key"><span class="first">thick: the end that connects and closes '
            'first</span> <span class="second">dashed: the end that listens</span></p>'
        )
        return [nodes.raw("", picture() + key, format="html"), self._list()]

    def _list(self) -> nodes.Node:
        items = nodes.definition_list()
        for state, leads in in_words().items():
            term = nodes.term("", state, ids=[f"state-{state.lower()}"])
            lines = nodes.bullet_list(
                "",
                *(
                    nodes.list_item("", nodes.paragraph("", f"{event} → {after}"))
                    for event, after in leads
                ),
                classes=["tcp-leads"],
            )
            items += nodes.definition_list_item("", term, nodes.definition("", lines))
        return items
