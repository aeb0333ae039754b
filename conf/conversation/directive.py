r"""The ``conversation`` directive: a program, and a picture of the run it has on the model.

    ```{conversation} A handshake            <- what the picture shows
    :actors: client | server                 <- threads or functions, left | right of the wire
    :seed: 0                                 <- of the machine
    :faults: lost datagrams; slow peer       <- what happens to it (bsdsockets.faults)
    (a program)
    # prints
    (what it prints)
    ```

The build runs the program, so a picture is never of another program than the one beside it, and one
that fails or prints something else fails the build.  The example runner runs it as well, on every
engine (``examples.page``).  HTML gets the picture, the buttons and the text; every other format
gets the text.
"""

from __future__ import annotations

import doctest
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from examples.page import PRINTS, split_program
from examples.session import FLAGS
from examples.tags import TagError, parse
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bsdsockets import faults
from conversation import actors, picture, recording, story, words

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent.parent / "src" / "bsdsockets"


def _faults(text: str) -> list[str]:
    """Read ``lost datagrams; slow peer``; ValueError names the faults there are."""
    names = [each.strip() for each in text.split(";")]
    for name in names:
        faults.find(name)
    return names


class conversation(nodes.General, nodes.Element):
    """The whole: program, output, picture, text."""


class conversation_picture(nodes.General, nodes.Element):
    """The picture and its buttons: HTML only."""


class conversation_words(nodes.General, nodes.Element):
    """The text: a list of the steps."""


class Conversation(SphinxDirective):
    """Run a program on the model and draw what happens."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = {
        "actors": actors.cast,
        "seed": directives.nonnegative_int,
        "faults": _faults,
        "tags": directives.unchanged,
        "small": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        try:
            parse(self.options.get("tags", ""))
        except TagError as error:
            raise self.error(str(error)) from None
        program, wanted = split_program("\n".join(self.content) + "\n")
        told = self._tell(program, wanted)
        title = self.arguments[0] if self.arguments else "A conversation"
        whole = conversation("", title=title, small="small" in self.options)
        shown = program.removesuffix(f"{PRINTS}\n").rstrip("\n")
        code = nodes.literal_block(shown, shown, language="python")
        self.set_source_info(code)
        played = self.options.get("actors", actors.Cast())
        sides = " | ".join((" ".join(played.left), " ".join(played.right)))
        seed = self.options.get("seed", 0)
        whole += nodes.container("", code, classes=["cv-program"], actors=sides, seed=seed)
        if wanted:
            text = wanted.rstrip("\n")
            output = nodes.literal_block(text, text, language="text")
            whole += nodes.container("", output, classes=["cv-output"])
        whole += conversation_picture("", html=_html(told, title, whole["small"]), title=title)
        whole += _words(told)
        return [whole]

    def _tell(self, program: str, wanted: str) -> story.Story:
        source, line = self.get_source_info()
        path = Path(source)
        first = _first_line(path, line, self.content[0] if self.content else "")
        try:
            seed, happens = self.options.get("seed", 0), self.options.get("faults", [])
            seen = recording.run(program, path, seed, first, happens)
        except recording.ProgramError as error:
            raise self.error(f"{path}:{error.line}: {error}") from None
        if not doctest.OutputChecker().check_output(wanted, seen.output, FLAGS):
            said = f"it prints {seen.output!r}, the page shows {wanted!r}"
            raise self.error(f"{path}:{first + program.count(chr(10)) - 1}: {said}")
        for used in [*HERE.glob("*.py"), *MODEL.rglob("*.py")]:
            self.env.note_dependency(str(used))
        return story.tell(seen, self.options.get("actors", actors.Cast()))


def _first_line(path: Path, line: int, content: str) -> int:
    """The line of the page on which the program begins, *line* being the fence's."""
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines()[line:], line + 1):
        if text.strip() == content.strip():
            return number
    return line + 1


def _html(told: story.Story, title: str, small: bool) -> str:
    label = f"{title}: {len(told.steps)} steps, told in words below"
    return (
        picture.bar(len(told.steps))
        + '<div class="cv-stage"><p class="cv-now" role="status"></p>'
        + '<div class="cv-sockets" hidden></div>'
        + picture.picture(told, label, small)
        + "</div>"
        + f'<script type="application/json" class="cv-data">{picture.data(told)}</script>'
    )


def _words(told: story.Story) -> nodes.Element:
    steps = nodes.enumerated_list(enumtype="arabic", prefix="", suffix=".")
    for step in told.steps:
        steps += nodes.list_item("", nodes.paragraph("", "", *_marked_up(step.sentence)))
    text = conversation_words("", count=len(told.steps))
    text += steps
    return text


def _marked_up(sentence: str) -> list[nodes.Node]:
    """The sentence with its calls and bytes as code."""
    return [
        nodes.literal(part, part) if index % 2 else nodes.Text(part)
        for index, part in enumerate(words.marked(sentence))
    ]


def _visit(self: Any, node: nodes.Element) -> None:
    kinds = "conversation cv-small" if node["small"] else "conversation"
    self.body.append(f'<div class="{kinds}" role="group" aria-label="{escape(node["title"])}">')


def _depart(self: Any, node: nodes.Element) -> None:
    self.body.append("</div>")


def _visit_picture(self: Any, node: nodes.Element) -> None:
    if self.builder.name != "epub":
        self.body.append(f'<p class="cv-title">{escape(node["title"])}</p>{node["html"]}')
    raise nodes.SkipNode


def _visit_words(self: Any, node: nodes.Element) -> None:
    if self.builder.name == "epub":
        self.body.append('<div class="cv-words">')
    else:
        summary = f"In words: {node['count']} steps"
        self.body.append(f'<details class="cv-words"><summary>{summary}</summary>')


def _depart_words(self: Any, node: nodes.Element) -> None:
    self.body.append("</div>" if self.builder.name == "epub" else "</details>")


def _skip(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


def _pass(self: Any, node: nodes.Element) -> None:
    """The children say everything."""


def _files(app: Sphinx) -> None:
    app.config.html_static_path.append(str(HERE / "static"))


def setup(app: Sphinx) -> dict[str, Any]:
    plain: Any = dict.fromkeys(("latex", "text", "man", "texinfo"), (_pass, _pass))
    app.add_node(conversation, html=(_visit, _depart), **plain)
    skipped: Any = dict.fromkeys(("latex", "text", "man", "texinfo"), (_skip, None))
    app.add_node(conversation_picture, html=(_visit_picture, None), **skipped)
    app.add_node(conversation_words, html=(_visit_words, _depart_words), **plain)
    app.add_directive("conversation", Conversation)
    app.connect("builder-inited", _files)
    app.add_css_file("conversation.css")
    app.add_js_file("conversation.js", loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
