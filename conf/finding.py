"""The search page finds by the reader's own words, and shows the passage that has them: it alone
loads ``static/finding.js`` and ``static/excerpts.js``.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def _add(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    if pagename == "search":
        app.add_js_file("finding.js", defer="defer")
        app.add_js_file("excerpts.js", defer="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
