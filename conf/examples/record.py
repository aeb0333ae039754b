"""What ran where and when, for the foot of each page.

A test run writes ``build/last-run.json``; ``docs/last-run.json`` is the record kept with the
sources, for a site built where the tests have not run.
"""

from __future__ import annotations

import datetime
import json
import platform
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
FRESH = ROOT / "build" / "last-run.json"
KEPT = ROOT / "docs" / "last-run.json"


def system() -> str:
    """Name this machine as the pages do: ``Linux 6.18, CPython 3.11.7``."""
    release = ".".join(platform.release().split("-")[0].split(".")[:2])
    return (
        f"{platform.system()} {release}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def write(pages: dict[str, dict[str, Any]], path: Path = FRESH) -> None:
    """Add *pages* (name -> counts) to the record of this machine's runs."""
    known = read()
    today = datetime.date.today().isoformat()
    for name, counts in pages.items():
        known[name] = {"system": system(), "date": today, **counts}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read() -> dict[str, dict[str, Any]]:
    """Return the newest record: this machine's, or else the one kept with the sources."""
    for path in (FRESH, KEPT):
        if path.exists():
            record: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
            return record
    return {}
