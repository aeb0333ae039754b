"""The search page finds by the reader's own words, and shows the passage that has them: it alone
loads ``static/finding.js`` and ``static/excerpts.js``.

A message that is pasted, and a question in a sentence, are entries of the index for the search's
sake; the printed index leaves them out, and lists terms and names.

The pages that have no source of their own say here what they are.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

_ABOUT = {
    "search": "Search calls, options, errors and problems of sockets, in your own words.",
    "genindex": "Every function, constant, option, message and term, and where it is explained.",
    "404": "No page has this address; where to look instead.",
}
WORDS = 3
"""An entry of more words is a sentence."""


def is_term(entry: str) -> bool:
    """Whether the printed index lists an entry.

    >>> [is_term(entry) for entry in ("accept queue", "[Errno 9]", "how many sockets can be open?")]
    [True, False, False]
    >>> is_term("close() (bsdsockets.calls.calls.Calls static method)")
    True
    """
    is_sentence = len(entry.split()) > WORDS and "bsdsockets" not in entry
    return not entry.startswith("[") and not is_sentence


def _add(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    if pagename == "search":
        app.add_js_file("finding.js", defer="defer")
        app.add_js_file("excerpts.js", defer="defer")
    if pagename in _ABOUT:
        about = f'<meta name="description" content="{_ABOUT[pagename]}" />'
        context["metatags"] = context.get("metatags", "") + about
    for at, (letter, entries) in enumerate(context.get("genindexentries", [])):
        terms = [each for each in entries if is_term(each[0])]
        context["genindexentries"][at] = (letter, terms)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
