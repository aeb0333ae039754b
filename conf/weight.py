"""What a page loads before it shows: one style sheet, and scripts that wait for the text.

    pygments.css furo.css … run.css site.css  -->  _static/style.css    in the order of the cascade
    doctools.js furo.js … site.js             -->  _static/scripts.js   in the order they stand in
    <script src="…">                          -->  <script defer src="…">
    run.js … copybutton.js                    -->  the same without comments and indentation

A phone asks once where it asked nine times, and one file packs better than nine.  A sheet or a
script that a page alone asks for stays a file of its own.

Only the search page's scripts stay as they are: they count on running in the order they stand in.

Sources: HTML, 4.12.1 the attribute ``defer``; CSS Syntax 3, comments.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

STYLE = "_static/style.css"
OFTEN = ("_static/run.css",)
"""Sheets that most pages ask for, beside those of every page."""
SCRIPT = "_static/scripts.js"
EVERYWHERE = (
    "documentation_options.js",
    "doctools.js",
    "sphinx_highlight.js",
    "scripts/furo.js",
    "clipboard.min.js",
    "copybutton.js",
    "site.js",
)
"""The scripts of every page; classic ones, which share their names in many files as in one."""
SCRIPTS = ("run.js", "conversation.js", "site.js", "doctools.js", "sphinx_highlight.js",
           "copybutton.js")  # fmt: skip
"""Scripts to pack; in none does the indentation of a text of several lines matter."""

BLANKS = r"""(?P<text>"[^"]*"|'[^']*')|(?<=[{};]) +| +(?=[{}])"""
"""Blanks beside what ends or begins a declaration, and the texts that keep theirs."""


def packed(sheet: str) -> str:
    """Return a style sheet without comments and indentation.

    >>> packed('/* a note */\\na { top: 0; }\\nb {\\n  content: "x;  ";\\n}\\n')
    'a{top: 0;}b{content: "x;  ";}'
    """
    bare = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    joined = re.sub(r"\s*\n\s*", "\n", bare.strip())
    dense = re.sub(r"(?<=[{};,])\n|\n(?=})", "", joined)
    return re.sub(BLANKS, lambda found: found["text"] or "", dense)


def packed_script(script: str) -> str:
    """Return one of `SCRIPTS` without the comments that fill lines, and indentation.

    >>> packed_script('/** What.\\n */\\nfunction f() {\\n  // why\\n  return "//"; // c\\n}\\n')
    'function f() {\\nreturn "//"; // c\\n}\\n'
    """
    bare = re.sub(r"^[ \t]*/\*.*?\*/[ \t]*$", "", script, flags=re.DOTALL | re.MULTILINE)
    lines = (line.strip() for line in bare.splitlines())
    kept = [line for line in lines if line and not line.startswith("//")]
    return "\n".join(kept) + "\n"


def _sheets(builder: Any) -> list[str]:
    """The files of the style, in the order of the cascade."""
    every = [(sheet.priority, str(sheet.filename)) for sheet in builder._css_files]
    usual = [(500, name) for name in OFTEN if Path(builder.outdir, name).exists()]
    return [name for _, name in sorted([*every, *usual], key=lambda entry: entry[0])]


def _write(app: Sphinx, error: Exception | None = None) -> None:
    """Write style and scripts: for the first page, and again when Furo has its last colours."""
    if error or app.builder.name != "html":
        return
    texts = [Path(app.outdir, name).read_text(encoding="utf-8") for name in _sheets(app.builder)]
    Path(app.outdir, STYLE).write_text("\n".join(map(packed, texts)), encoding="utf-8")
    for path in (Path(app.outdir, "_static", name) for name in SCRIPTS):
        if path.exists():
            path.write_text(packed_script(path.read_text(encoding="utf-8")), encoding="utf-8")
    scripts = [Path(app.outdir, "_static", name).read_text("utf-8") for name in EVERYWHERE]
    Path(app.outdir, SCRIPT).write_text("\n;\n".join(scripts), encoding="utf-8")


def _lighten(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Give the page the one sheet, the one script, and scripts that wait."""
    if app.builder.name != "html":
        return
    builder: Any = app.builder
    sheets = _sheets(builder)
    if not getattr(builder, "has_style", False):  # once a build, after the files were copied
        _write(app)
        builder.has_style = True
    own = [sheet for sheet in context["css_files"] if sheet.filename not in sheets]
    kind = type(context["css_files"][0])
    context["css_files"] = [kind(STYLE, priority=0), *own]
    if pagename != "search":
        theirs = [f"_static/{name}" for name in EVERYWHERE]
        own = [each for each in context["script_files"] if each.filename not in theirs]
        one = type(context["script_files"][0])(SCRIPT, priority=900)
        context["script_files"] = [_deferred(script) for script in (*own, one)]


def _deferred(script: Any) -> Any:
    if not script.filename or script.attributes.get("type") == "module":
        return script
    attributes = {**script.attributes, "defer": "defer"}
    return type(script)(script.filename, priority=script.priority, **attributes)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _lighten, priority=900)
    app.connect("build-finished", _write, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
