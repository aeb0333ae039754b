"""What a book has that a site has not: parts, chapters, and an order to read in.

In the PDF and in the EPUB's list of contents the pages stand one behind the other, each where its
toctree stands.  That is below a page's last section, often *Sources*, and a page there would be a
part of it: the toctrees move behind the sections.  On paper a group of the menu is no part, and
the landing page's sections are none.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx


def _arrange(app: Sphinx, doctree: nodes.document) -> None:
    page = doctree.next_node(nodes.section)
    on_paper = app.builder.name == "latex"
    if page is None or not (on_paper or app.builder.name == "epub"):
        return
    if on_paper and app.env.docname == app.config.root_doc:
        for section in [each for each in page if isinstance(each, nodes.section)]:
            title, *text = section.children
            section.replace_self([nodes.rubric("", title.astext()), *text])
    for toctree in list(doctree.findall(addnodes.toctree)):
        wrapper = toctree.parent
        if on_paper:
            toctree["caption"] = None
            wrapper.children = [toctree]
        wrapper.parent.remove(wrapper)
        page += wrapper


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", _arrange, priority=100)  # before the contents are collected
    return {"parallel_read_safe": True, "parallel_write_safe": True}
