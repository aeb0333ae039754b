"""Repairs to the HTML that docutils writes, for readers who listen to it and for those on a phone.

An empty corner of a table is no heading: a screen reader would announce a heading without a name.

A long name in a table's cell or in a heading (``IPV6_RECVPKTINFO``, ``EPROTONOSUPPORT``) may break
after its punctuation or between its words where the screen is narrow, and nowhere else: ``<wbr>``
is no character, so what is searched, copied or read aloud stays whole, and a wide screen takes it
out of tables (site.css).  A command's option never breaks behind its hyphens.

A table in a wrapper repeats the wrapper's anchors of the index: an id stands once in a page.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

_EMPTY_HEADER = re.compile(r'<th class="head(?: stub)?">(?:<p></p>)?</th>')
_CELL = re.compile(r"<t[dh]\b(?:(?!</t[dh]>).)*</t[dh]>", re.DOTALL)
_HEADING = re.compile(r"<h[1-4]\b(?:(?!</h[1-4]>).)*</h[1-4]>", re.DOTALL)
_TEXT = re.compile(r"(?<=>)[^<>]+")
_LONG = re.compile(r"[^\s&]{9,}")
_JOINTS = "NOSUPPORT|NOTAVAIL|REFUSED|ABORTED|UNREACH|TOOLONG|ADDRREQ|DSTOPTS|DSTADDR|BRDADDR"
_WITHIN = re.compile(
    r"(?<=\w)[_.,=(/:|-]+(?=\w\w)"
    r"|(?<=[a-z]{3})(?=[A-Z][a-z]{3})"  # BaseRequestHandler
    rf"|(?<=[A-Z]{{3}})(?={_JOINTS})"  # EPROTONOSUPPORT
)


def breakable(cell: str) -> str:
    """Return the HTML with a place to break after the punctuation of long words.

    >>> breakable("<td><code>socket.TCP_NODELAY, 1 == on</code></td>")
    '<td><code>socket.<wbr/>TCP_<wbr/>NODELAY, 1 == on</code></td>'
    """

    def word(found: re.Match[str]) -> str:
        return _WITHIN.sub(r"\g<0><wbr/>", found[0])

    return _TEXT.sub(lambda text: _LONG.sub(word, text[0]), cell)


_ANCHOR = re.compile(r' id="index-\d+"')


def once(body: str) -> str:
    """Return HTML in which an entry of the index leads to one place, the first.

    >>> once('<div id="index-1"><table id="index-1">')
    '<div id="index-1"><table>'
    """
    seen: set[str] = set()

    def first(found: re.Match[str]) -> str:
        kept = "" if found[0] in seen else found[0]
        seen.add(found[0])
        return kept

    return _ANCHOR.sub(first, body)


_OPTION = re.compile(r'<span class="pre">(?=-\S{1,14}</span>)')


def _repair(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    if "body" in context:
        body = _EMPTY_HEADER.sub("<td></td>", context["body"])
        body = once(body)
        body = _OPTION.sub('<span class="pre option">', body)
        body = _HEADING.sub(lambda heading: breakable(heading[0]), body)
        context["body"] = _CELL.sub(lambda cell: breakable(cell[0]), body)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _repair)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
