"""Lighthouse's four categories on a phone, where Lighthouse is installed.

    npm install --prefix build/npm/lighthouse lighthouse

It simulates a slow phone on a slow network, from measured work: a busy machine makes it slower, so
that a page may try three times.  The pages are sent packed, as every host of static files does.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
import serve

from .conftest import ROOT, missing, served

PLACE = ROOT / "build" / "npm" / "lighthouse" / "node_modules" / ".bin" / "lighthouse"
PAGES = [
    "index",
    "tutorials/server-and-client",
    "reference/families/unix",
    "reference/calls/accept",
]
CATEGORIES = {"performance", "accessibility", "best-practices", "seo"}
TRIES = 3
LIMIT = 120.0


class Packed(serve.Handler):
    """Sends text packed."""

    def send_head(self) -> BinaryIO | None:
        path = Path(self.translate_path(self.path))
        if path.suffix not in (".html", ".css", ".js", ".svg", ".json") or not path.is_file():
            return super().send_head()
        body = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)


@pytest.fixture(scope="module")
def packed() -> Iterator[str]:
    """The address of the site, served packed."""
    with served(ROOT / "build" / "html", Packed) as address:
        yield address


@pytest.fixture(scope="module")
def lighthouse(pytestconfig: pytest.Config) -> str:
    found = shutil.which("lighthouse") or shutil.which(PLACE)
    if not (found and shutil.which("chromium")):
        missing(pytestconfig, "lighthouse", "Lighthouse or Chromium is not installed")
    return str(found)


def scores(lighthouse: str, address: str) -> dict[str, float]:
    flags = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
    done = subprocess.run(
        [lighthouse, address, "--quiet", "--output=json", f"--chrome-flags={flags}"],
        env={**os.environ, "CHROME_PATH": shutil.which("chromium") or ""},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    categories = json.loads(done.stdout)["categories"]
    return {name: round(100 * (entry["score"] or 0)) for name, entry in categories.items()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_all_points_on_a_phone(lighthouse: str, packed: str, name: str):
    best: dict[str, float] = {}
    for _ in range(TRIES):
        for category, score in scores(lighthouse, f"{packed}{name}.html").items():
            best[category] = max(score, best.get(category, 0))
        if min(best.values()) == 100:
            break
    assert best == dict.fromkeys(CATEGORIES, 100)
