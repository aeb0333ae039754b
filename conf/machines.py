"""What machines read: ``llms.txt`` and ``sitemap.xml``, both lists of all pages.

Beside them lie ``objects.inv``, which Sphinx writes, and each page's Markdown source in
``_sources/``.  The site map is ours because sphinx-sitemap 2.9 lists only what a build has
written, and a second build writes only the pages that changed.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import ENV_PICKLE_FILENAME, Sphinx


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.name != "html":
        return
    lines = [f"# {app.config.project}", "", "> Sockets explained by examples that all run.", ""]
    for name in _in_reading_order(app):
        title = app.env.titles[name].astext()
        about = _first_sentence(app.env.get_doctree(name))
        lines.append(f"- [{title}](_sources/{name}.md.txt): {about}")
    text = "\n".join(lines) + "\n"
    Path(app.outdir, "llms.txt").write_text(text, encoding="utf-8")
    _write_site_map(app)


def _write_site_map(app: Sphinx) -> None:
    root = ElementTree.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for name in sorted(app.env.found_docs):
        location = ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc")
        location.text = f"{app.config.html_baseurl.rstrip('/')}/{name}.html"
    tree = ElementTree.ElementTree(root)
    tree.write(Path(app.outdir, "sitemap.xml"), encoding="utf-8", xml_declaration=True)


def _in_reading_order(app: Sphinx) -> list[str]:
    """The pages as the table of contents leads through them."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name not in order:
            order.append(name)
            for child in app.env.toctree_includes.get(name, []):
                visit(child)

    visit(str(app.config.root_doc))
    return order


def _first_sentence(document: nodes.document) -> str:
    for paragraph in document.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        return text.split(". ")[0].rstrip(".") + "."
    return ""


def _keep_index_entries(app: Sphinx, error: Exception | None) -> None:
    """Save what the search index says of the pages, for a next build that writes only some.

    Sphinx 9.0 saves its environment before it makes the index, and takes titles and words back from
    ``searchindex.js`` but not the index entries.
    """
    if not error and app.builder.name == "html":
        with Path(app.doctreedir, ENV_PICKLE_FILENAME).open("wb") as file:
            pickle.dump(app.env, file, pickle.HIGHEST_PROTOCOL)


def _forget_deleted(app: Sphinx, error: Exception | None) -> None:
    """Take the pages away whose sources are gone, which Sphinx leaves in the folder."""
    if error or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    for source in (folder / "_sources").rglob("*.md.txt"):
        name = source.relative_to(folder / "_sources").as_posix().removesuffix(".md.txt")
        if name not in app.env.found_docs:
            source.unlink()
            (folder / f"{name}.html").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", _forget_deleted)
    app.connect("build-finished", _write)
    app.connect("build-finished", _keep_index_entries)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
