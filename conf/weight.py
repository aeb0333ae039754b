"""What a page loads before it shows: one style sheet, and scripts that wait for the text.

    pygments.css furo.css … run.css site.css  -->  _static/style.css    in the order of the cascade
    <script src="…">                          -->  <script defer src="…">
    run.js … copybutton.js                    -->  the same without comments and indentation

A phone asks once where it asked nine times, and one file packs better than nine.  A sheet that a
page alone asks for stays a sheet of its own.

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
SCRIPTS = (
    "run.js",
    "conversation.js",
    "site.js",
    "doctools.js",
    "sphinx_highlight.js",
    "copybutton.js",
)
"""The scripts of every page; in none does the indentation of a text of several lines matter."""


def packed(sheet: str) -> str:
    """Return a style sheet without comments and indentation.

    >>> packed('/* a note */\\na {\\n  content: "x  ";\\n}\\n')
    'a {content: "x  ";}'
    """
    bare = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    joined = re.sub(r"\s*\n\s*", "\n", bare.strip())
    return re.sub(r"(?<=[{};,])\n|\n(?=})", "", joined)


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


def _lighten(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Give the page the one sheet, and scripts that wait."""
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
        context["script_files"] = [_deferred(script) for script in context["script_files"]]


def _deferred(script: Any) -> Any:
    if not script.filename or script.attributes.get("type") == "module":
        return script
    attributes = {**script.attributes, "defer": "defer"}
    return type(script)(script.filename, priority=script.priority, **attributes)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _lighten, priority=900)
    app.connect("build-finished", _write, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
