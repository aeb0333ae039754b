"""Repairs to the HTML that docutils writes, for readers who listen to it.

An empty corner of a table is no heading: a screen reader would announce a heading without a name.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

_EMPTY_HEADER = re.compile(r'<th class="head(?: stub)?">(?:<p></p>)?</th>')


def _repair(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    if "body" in context:
        context["body"] = _EMPTY_HEADER.sub("<td></td>", context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _repair)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
