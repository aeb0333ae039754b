"""The example runner's side of Sphinx: how a block looks on its page.

``pycon`` and ``console`` fences become directives (``myst_fence_as_directive``), so that their tags
can be shown: where a block runs, what it needs, and why it does not run elsewhere.  At the foot of
each page stands what its examples were last run on, and how a reader runs them.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from examples import page, record
from examples.tags import TagError, Tags, parse

_ENGINE_NAMES = {
    "os": "the operating system",
    "model": "the reference implementation",
    "browser": "the browser",
}


class _Example(SphinxDirective):
    """A fence that runs."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        try:
            tags = parse(" ".join(self.arguments))
        except TagError as error:
            raise self.error(str(error)) from None
        if tags.hidden:
            return []
        code = "\n".join(self.content)
        literal = nodes.literal_block(code, code, language=self.name)
        self.set_source_info(literal)
        container = nodes.container("", literal, classes=["example", f"example-{self.name}"])
        said: Any = self.env.temp_data.setdefault("examples said", set())
        shared = self._needs_of_all()
        where = nodes.paragraph("", "", classes=["example-where"])
        for need in tags.needs():
            if need not in shared:
                where += [nodes.inline("", f"needs {need}", classes=["need"]), nodes.Text(" ")]
        if sentence := why(tags, self.name):
            where += nodes.Text(_again(tags) if sentence in said else sentence)
            said.add(sentence)
        if where.children:
            container += where
        if not shared or shared in said:
            return [container]
        said.add(shared)
        text = f"All examples of this page need {' and '.join(sorted(shared))}."
        return [nodes.paragraph("", text, classes=["example-where"]), container]

    def _needs_of_all(self) -> frozenset[str]:
        """What every block of a page needs, if there are several: it is said once, at the first."""
        known: Any = self.env.temp_data.get("examples need")
        if known is None:
            blocks = _blocks(self.env, self.env.docname)
            needs = [frozenset(block.tags.needs()) for block in blocks if not block.tags.hidden]
            known = frozenset.intersection(*needs) if len(needs) > 1 else frozenset()
            self.env.temp_data["examples need"] = known
        return known


def why(tags: Tags, kind: str) -> str:
    """Say why a block does not run everywhere, or nothing if it does."""
    sentences = []
    if kind == "pycon" and tags.because:
        engines = " and ".join(_ENGINE_NAMES[name] for name in tags.engines)
        sentences.append(f"Runs on {engines} only: {tags.because.rstrip('.')}.")
    if tags.skip:
        sentences.append(f"Not run: {tags.skip.rstrip('.')}.")
    return " ".join(sentences)


def _again(tags: Tags) -> str:
    """Say in short what the page has said before."""
    if tags.skip:
        return "Not run, as above."
    return f"Runs on {' and '.join(_ENGINE_NAMES[name] for name in tags.engines)} only, as above."


class Pycon(_Example):
    """A block of ``>>>`` examples."""


class Console(_Example):
    """A block of ``$`` commands."""


def _add_foot(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Put below the page what it was last run on."""
    blocks = _blocks(app, pagename)
    if not blocks or "body" not in context:
        return
    path = f"docs/{pagename}.md"
    ran = record.read().get(path)
    when = (
        f"Last run on {html.escape(ran['system'])}, {ran['date']}: {_counted(ran)}."
        if ran
        else "Not run on this machine yet: <code>make test</code> runs them."
    )
    text = _portable(blocks)
    portable = (
        f' With nothing but Python: <a download href="{context["pathto"](_script(pagename), 1)}">'
        f"download the examples</a> and run <code>python3 -m doctest -o ELLIPSIS "
        f"{Path(_script(pagename)).name}</code>."
        if text and app.builder.name == "html"
        else ""
    )
    context["body"] += (
        '<aside class="last-run" aria-label="About the examples of this page">'
        f"<p><strong>The examples of this page are tests.</strong> {when}</p>"
        f"<p>Run them yourself, in a checkout: <code>python3 conf/examples {path}</code>."
        f"{portable}</p></aside>"
    )


def _counted(ran: dict[str, Any]) -> str:
    parts = []
    if count := ran.get("examples on os"):
        parts.append(f"{count} examples on the operating system")
    if count := ran.get("examples on model"):
        parts.append(f"{count} on the reference implementation")
    if count := ran.get("programs on os"):
        parts.append(f"{count} commands of whole programs")
    return ", ".join(parts) or "nothing could run there"


def _script(pagename: str) -> str:
    return f"_examples/{pagename}.txt"


def _blocks(app: Sphinx | BuildEnvironment, pagename: str) -> list[page.Block]:
    path = Path(app.srcdir) / f"{pagename}.md"
    if not path.exists():
        return []
    try:
        return page.read(path)
    except page.PageError as error:
        raise ExtensionError(str(error)) from None


def _portable(blocks: list[page.Block]) -> str:
    """The examples that need nothing special, as a text that plain doctest runs."""
    sources = [
        block.source
        for block in blocks
        if block.kind == "pycon" and not block.tags.conditions and not block.tags.skip
    ]
    text = "\n".join(sources)
    return "" if "bsdsockets" in text else text  # a page about our package needs a checkout


def _write_scripts(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.name != "html":
        return
    for name in sorted(app.env.found_docs):
        if text := _portable(_blocks(app, name)):
            target = Path(app.outdir) / _script(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("pycon", Pycon)
    app.add_directive("console", Console)
    app.connect("html-page-context", _add_foot)
    app.connect("build-finished", _write_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
