"""The built site: its links, what it loads, what each page has.

`make test` builds the site with warnings as errors before these tests read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "build" / "html"
DOCS = ROOT / "docs"
LOADING = {
    ("script", "src"),
    ("img", "src"),
    ("link", "href"),
    ("iframe", "src"),
    ("source", "src"),
}
NOT_LOADED = {"canonical", "next", "prev", "search", "index", "alternate", "author", "copyright"}


@dataclass
class Document(HTMLParser):
    """What the tests ask of a page."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    language: str | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if found.get("id") in self.ids:
            self.twice.append(found["id"])
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "h1":
            self.headings.append(tag)
        if tag == "html":
            self.language = found.get("lang")
        if tag == "meta":
            self.meta[found.get("name") or found.get("property", "")] = found.get("content", "")
        for name, value in found.items():
            if (tag, name) in LOADING and found.get("rel", "") not in NOT_LOADED:
                self.loads.append(value)


@cache
def parsed(path: Path) -> Document:
    document = Document()
    document.feed(path.read_text(encoding="utf-8"))
    return document


def pages() -> list[Path]:
    if not (HTML / "index.html").exists():
        pytest.fail("the site is not built: run `make site` first")
    return sorted(path for path in HTML.rglob("*.html") if "_static" not in path.parts)


def written_pages() -> list[Path]:
    own = {"genindex.html", "search.html", "404.html"}
    return [path for path in pages() if path.name not in own]


def test_every_link_inside_the_site_leads_to_a_page_and_an_anchor_that_exist():
    dead = []
    for page in pages():
        for link in parsed(page).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == "#":
                continue
            root = HTML if parts.path.startswith("/") else page.parent
            target = (root / unquote(parts.path).lstrip("/")).resolve() if parts.path else page
            if not target.exists():
                dead.append(f"{page.relative_to(HTML)}: {link}: no such file")
            elif target.suffix == ".html" and parts.fragment:
                anchors = parsed(target).ids
                if unquote(parts.fragment) not in anchors:
                    dead.append(f"{page.relative_to(HTML)}: {link}: no such anchor")
    assert not dead, "\n".join(dead)


def test_no_page_gives_two_of_its_parts_one_id():
    assert not {page.name: parsed(page).twice for page in pages() if parsed(page).twice}


def test_no_page_loads_anything_from_another_site():
    outside = [
        f"{page.relative_to(HTML)}: {address}"
        for page in pages()
        for address in parsed(page).loads
        if urlsplit(address).netloc
    ]
    assert not outside, "\n".join(outside)


def test_no_style_sheet_or_script_asks_another_site():
    asks = re.compile(r"""(?:url\(|@import|fetch\(|importScripts\()\s*['"]?(?:https?:)?//""")
    files = [*HTML.rglob("*.css"), *HTML.rglob("*.js"), *HTML.rglob("*.mjs")]
    found = [
        f"{path.relative_to(HTML)}: {match[0]}"
        for path in files
        for match in asks.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert files and not found, "\n".join(found)


def test_every_page_has_one_main_heading_a_language_and_a_description():
    wrong = []
    for page in pages():
        document = parsed(page)
        scripted = page.name == "search.html"  # its heading comes with the results
        if len(document.headings) != 1 - scripted or document.language != "en":
            wrong.append(f"{page}: {len(document.headings)} h1, language {document.language}")
        if not document.meta.get("description") and not document.meta.get("og:description"):
            wrong.append(f"{page}: no description")
    assert not wrong, "\n".join(wrong)


def test_every_written_page_is_in_the_site_map():
    listed = (HTML / "sitemap.xml").read_text(encoding="utf-8")
    missing = [
        name
        for page in written_pages()
        if f"/{(name := str(page.relative_to(HTML)))}<" not in listed
    ]
    assert not missing


def test_machines_find_the_inventory_the_list_of_pages_and_the_sources():
    listed = (HTML / "llms.txt").read_text(encoding="utf-8")
    assert (HTML / "objects.inv").exists()
    sources = re.findall(r"\((_sources/[^)]+)\)", listed)
    assert len(sources) == len(list(DOCS.rglob("*.md"))) - len(list(DOCS.glob("changelog.d/*")))
    assert all((HTML / source).exists() for source in sources)


def test_every_program_beside_a_page_is_shown_on_one_and_run_by_one():
    text = {page: page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md")}
    for program in DOCS.rglob("*.py"):
        beside = [text[page] for page in text if page.parent == program.parent]
        name = re.escape(program.name)
        shown = re.compile(rf"{{literalinclude}} {name}")
        run = re.compile(rf"^[ ]*\$ python3 (?:-m bsdsockets run )?{name}", re.MULTILINE)
        assert any(shown.search(page) for page in beside), f"{program} is shown on no page"
        assert any(run.search(page) for page in beside), f"{program} is run by no console block"


def test_what_all_examples_of_a_page_need_is_said_once():
    text = (HTML / "reference" / "calls" / "poll.html").read_text(encoding="utf-8")
    assert text.count("All examples of this page need Linux.") == 1
    assert "needs Linux" not in text


def test_a_reason_is_given_in_full_once_and_then_in_short():
    text = (HTML / "reference" / "settings.html").read_text(encoding="utf-8")
    assert text.count("only: settings are files of the operating system.") == 1
    assert text.count("Runs on the operating system only, as above.") == 4


def test_a_page_asks_for_one_style_sheet_and_no_script_holds_up_its_text():
    wrong = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        sheets = re.findall(r'<link rel="stylesheet"[^>]*>', text)
        scripts = re.findall(r'<script(?=[^>]* src=)(?![^>]* (?:defer|type="module"))[^>]*>', text)
        if len(sheets) != 1 or (scripts and page.name != "search.html"):
            wrong.append(f"{page.relative_to(HTML)}: {sheets} {scripts}")
    assert not wrong, "\n".join(wrong)


def test_the_style_sheet_has_the_colours_of_code_in_light_and_in_dark():
    style = (HTML / "_static" / "style.css").read_text(encoding="utf-8")
    dense = "".join(style.split())
    for part in ("pygments.css", "styles/furo.css", "run.css", "site.css"):
        text = (HTML / "_static" / part).read_text(encoding="utf-8")
        bare = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        lines = ["".join(line.split()) for line in bare.splitlines()]
        assert any(lines) and all(line in dense for line in lines), part
    assert 'data-theme="dark"' in style and "/*" not in style
