"""A story as HTML: rows between two rails, which a phone stacks and a desk spreads.

    desk    client.send(b'x') |------ PSH ACK ----->|

    phone   | client.send(b'x')                     |
            |--------------- PSH ACK -------------->|

The picture is text in a grid, never smaller than the style sheet says, and needs no script.  What a
script needs to step through it stands beside it as JSON.

May not know: Sphinx, files.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

from conversation import words
from conversation.actors import LEFT, RIGHT
from conversation.sockets import Now
from conversation.story import Change, Step, Story
from conversation.words import Travels

_QUIET = {"ACK"}


def picture(story: Story, label: str, small: bool = False) -> str:
    """The picture, whole, as HTML; a *small* one scrolls, so it can be reached by keyboard."""
    reach = ' tabindex="0"' if small else ""
    if not story.cast.readable:
        rows = "".join(_line(story, step) for step in story.steps)
        return (
            f'<div class="cv-picture cv-list" role="img" aria-label="{escape(label)}"{reach}>'
            f"{rows}</div>"
        )
    rows = "".join(_row(story, step) for step in story.steps)
    return (
        f'<div class="cv-picture" role="img" aria-label="{escape(label)}"{reach}>'
        f'<div class="cv-row cv-head"><div class="cv-l">{_heads(story, LEFT)}</div>'
        f'<div class="cv-w"></div><div class="cv-r">{_heads(story, RIGHT)}</div></div>'
        f"{rows}</div>"
    )


def _heads(story: Story, side: str) -> str:
    actors = story.cast.left if side == LEFT else story.cast.right
    return " ".join(f"<b>{escape(actor)}</b>" for actor in actors)


def _row(story: Story, step: Step) -> str:
    cells = {
        LEFT: _changes(step.changes, LEFT),
        RIGHT: _changes(step.changes, RIGHT),
        "wire": "",
    }
    if step.kind == "wire":
        assert step.travels
        cells["wire"] = _arrow(step.travels)
    elif step.kind == "time":
        cells["wire"] = f'<span class="cv-time">{escape(step.title)}</span>'
    elif step.kind == "arrival":
        cells["wire"] = _arrival(step)
    else:
        cells[step.side] = _call(story, step) + cells[step.side]
    inside = "".join(
        f'<div class="cv-{name[0]}">{cells[name]}</div>'
        for name in (LEFT, "wire", RIGHT)
        if cells[name]
    )
    kinds = f"cv-row cv-{step.kind} cv-from-{step.side}"
    if step.travels:
        kinds += _tone(step.travels)
    return (
        f'<div class="{kinds}">{_rails(story, step, LEFT)}{inside}'
        f"{_rails(story, step, RIGHT)}</div>"
    )


def _line(story: Story, step: Step) -> str:
    """A step of more actors than columns can be read: who, and what."""
    who, what = step.actor, ""
    if step.kind == "wire":
        assert step.travels
        who, what = f"{step.actor} → {step.to}", _label(step.travels)
    elif step.kind == "time":
        who, what = "", f'<span class="cv-time">{escape(step.title)}</span>'
    elif step.kind == "arrival":
        what = _arrival(step)
    else:
        what = _call(story, step, alone=True)
    pills = _changes(step.changes, LEFT) + _changes(step.changes, RIGHT)
    kinds = f"cv-row cv-{step.kind} cv-from-{step.side}"
    kinds += _tone(step.travels) if step.travels else ""
    return (
        f'<div class="{kinds}"><span class="cv-who">{escape(who)}</span>'
        f'<div class="cv-what">{what}{pills}</div></div>'
    )


def _tone(travels: Travels) -> str:
    if travels.lost:
        return " cv-lost"
    if "RST" in travels.flags or travels.flags[:1] in (
        ("ICMP port unreachable",),
        ("ICMPv6 port unreachable",),
    ):
        return " cv-bad"
    return " cv-quiet" if set(travels.flags) == _QUIET and not travels.data else ""


def _rails(story: Story, step: Step, side: str) -> str:
    actors = story.cast.left if side == LEFT else story.cast.right
    marks = []
    for actor in actors:
        kinds = ["cv-waits"] if actor in step.waiting else []
        if actor == step.actor and step.kind not in ("wire", "time", "arrival"):
            kinds.append("cv-dot")
        marks.append(f'<i class="{" ".join(kinds)}"></i>' if kinds else "<i></i>")
    return f'<span class="cv-rails cv-rails-{side[0]}">{"".join(marks)}</span>'


def _call(story: Story, step: Step, alone: bool = False) -> str:
    who = story.cast.left if step.side == LEFT else story.cast.right
    alone = alone or len(who) == 1 or step.title.startswith(f"{step.actor}.")
    name = "" if alone else f'<span class="cv-who">{escape(step.actor)}</span> '
    title = "" if step.kind == "return" else f"<code>{_breakable(step.title)}</code>"
    if step.kind == "return":
        short = re.sub(r"\(.*", "", step.title, flags=re.DOTALL)
        title = f'<code class="cv-again">{_breakable(short)}</code>'
    detail = ""
    if step.detail:
        kind = "cv-waiting" if step.kind == "wait" else "cv-fails" if step.failed else "cv-result"
        arrow = "" if step.kind == "wait" or step.detail == "returns" else "→&nbsp;"
        text = _breakable(step.detail)
        inner = text if step.kind == "wait" or step.detail == "returns" else f"<code>{text}</code>"
        detail = f' <span class="{kind}">{arrow}{inner}</span>'
    return f'<div class="cv-say">{name}{title}{detail}</div>'


def _breakable(text: str) -> str:
    """Code that may be broken where a reader would: after a dot, a bracket or a comma."""
    marked = re.sub(r"((?<! )[.(,])(?=[^\s'\d])", r"\1<wbr>", escape(text, quote=False))
    return re.sub(r"', (?=\d)", "',&nbsp;", marked)


def _arrow(travels: Travels) -> str:
    numbers = f'<span class="cv-numbers">{travels.numbers}</span>' if travels.numbers else ""
    return f'{_label(travels)}<span class="cv-line"></span>{numbers}'


def _arrival(step: Step) -> str:
    return f'<span class="cv-arrival"><code>{escape(step.title, quote=False)}</code> arrives</span>'


def _label(travels: Travels) -> str:
    """What travels, in one line."""
    strong = [flag for flag in travels.flags if flag not in ("PSH", "ACK")]
    flags = "".join(
        f"<b>{escape(flag)}</b> " if flag in strong or not strong else f"<span>{flag}</span> "
        for flag in travels.flags
    )
    if travels.data and not strong:
        flags = "".join(f"<span>{flag}</span> " for flag in travels.flags)
    data = f"<code>{escape(travels.data, quote=False)}</code>" if travels.data else ""
    lost = f'<span class="cv-fails">{travels.lost}</span>' if travels.lost else ""
    fate = f'<span class="cv-fate">{travels.fate}</span>' if travels.fate else ""
    fate += '<span class="cv-fate">a stranger’s</span>' if travels.stranger else ""
    return f'<span class="cv-label">{data}<span class="cv-flags">{flags}</span>{lost}{fate}</span>'


def _changes(changes: list[Change], side: str) -> str:
    found = "".join(
        f'<span class="cv-pill cv-{change.kind}"><span>{escape(change.name)}</span> '
        f"{_change_text(change)}</span> "
        for change in changes
        if change.side == side
    )
    return f'<div class="cv-pills">{found}</div>' if found else ""


def _change_text(change: Change) -> str:
    if change.kind == "state":
        return f"<b>{escape(change.text)}</b>"
    title = "queue" if change.kind == "queue" else "backlog"
    text = change.text.removesuffix(" waiting")
    return f"{title} <b>{escape(text)}</b>"


def data(story: Story, first_line: int = 0) -> str:
    """What the script needs, as JSON that can stand in a ``script`` element."""
    numbers = sorted(story.names)
    steps: list[Any] = []
    for step in story.steps:
        waits = {actor: line for actor, line in step.waiting.items() if actor != step.actor}
        sockets = [_now(step.after.get(number)) for number in numbers]
        steps.append([step.line, step.side[0], sorted(set(waits.values())), sockets])
    known = [[story.names[n], story.sides[n][0]] for n in numbers]
    text = json.dumps({"sockets": known, "steps": steps}, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _now(now: Now | None) -> list[str]:
    """State, receive queue, backlog; nothing of a socket that is not there yet."""
    if now is None:
        return []
    queued = words.queue(now) if now.queued or now.records else ""
    if now.queued:
        queued += " " + words.data(now.preview)
    backlog = f"{now.waiting} of {now.backlog}" if now.waiting is not None else ""
    return [now.state, queued, backlog]


def bar(count: int) -> str:
    """The buttons, which a browser without scripts does not show."""
    buttons = (
        ("first", "|◀", "First step"),
        ("back", "◀", "Step back"),
        ("forward", "▶", "Step forward"),
        ("last", "▶|", "Last step"),
    )
    made = "".join(
        f'<button type="button" data-go="{go}" aria-label="{name}" title="{name}" disabled>'
        f'<span aria-hidden="true">{sign}</span></button>'
        for go, sign, name in buttons
    )
    return (
        '<div class="cv-bar" role="group" aria-label="Step through the conversation">'
        '<button type="button" class="cv-start" data-go="start" disabled>Step through</button>'
        f'{made}<span class="cv-count">{count} steps</span></div>'
    )
