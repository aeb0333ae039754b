"""The PDF and the EPUB: parts, chapters and lists of contents, of a few pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LANDING = """\
# BSD sockets

What this is.

## Run it

How it runs.

```{toctree}
:hidden:
:caption: Learn

tutorials/index
```
"""
LESSONS = """\
# Tutorials

Lessons.

## Sources

Texts.

```{toctree}
:hidden:

one
```
"""
LESSON = """\
# One

Call `EPROTO_NO_SUPPORT` so.

## A section of it

Text.
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Build three pages as a book of a kind; gives its folder."""
    place = tmp_path_factory.mktemp("books")
    for folder in ("conf", "src"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "docs" / "tutorials").mkdir(parents=True)
    pages = {"index": LANDING, "tutorials/index": LESSONS, "tutorials/one": LESSON}
    for name, text in pages.items():
        (place / "docs" / f"{name}.md").write_text(text, encoding="utf-8")

    def build(kind: str) -> Path:
        sphinx = [sys.executable, "-m", "sphinx", "-Q", "-c", "conf", "docs", "-b", kind]
        environment = {**os.environ, "PYTHONPATH": ""}
        done = subprocess.run(
            [*sphinx, "-d", f"{kind}-trees", kind],
            cwd=place,
            env=environment,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()
        return place / kind

    return build


def test_on_paper_a_folder_is_a_part_and_a_page_a_chapter(built: Callable[[str], Path]):
    text = (built("latex") / "bsd-sockets.tex").read_text(encoding="utf-8")
    found = re.findall(r"\\(part|chapter|section|subsection)\{([^}]*)\}", text)
    assert found == [
        ("part", "Tutorials"),
        ("chapter", "Sources"),
        ("chapter", "One"),
        ("section", "A section of it"),
    ]
    assert "Run it" in text and "{Learn}" not in text


def test_an_epub_lists_every_page_and_its_styles_can_be_read_by_old_readers(
    built: Callable[[str], Path],
):
    book = built("epub")
    listed = (book / "nav.xhtml").read_text(encoding="utf-8")
    depth, found = 0, []
    for tag, title in re.findall(r"<(/?ol)>|<a [^>]*>([^<]*)</a>", listed):
        depth += {"ol": 1, "/ol": -1}.get(tag, 0)
        found += [(depth, title)] if title else []
    assert found == [
        *((1, "BSD sockets"), (1, "Tutorials"), (2, "Sources"), (2, "One")),
        (3, "A section of it"),
    ]
    for style in (book / "_static").glob("*.css"):
        assert not re.search(r":(is|has|where)\(", style.read_text(encoding="utf-8")), style.name
