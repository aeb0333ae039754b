"""What ``make`` sets up and serves, here and elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import serve
from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ["3.11.2", "3.11.7", "3.12.1", "3.13.0", "3.14.0"]


def locked(file: str, python: str) -> dict[str, str]:
    """Return which version of each package a lock file has for a Python on Linux."""
    text = (ROOT / "conf" / file).read_text(encoding="utf-8")
    lines = re.findall(r"^([\w.-]+)==(\S+)(?: ; (.*?))? \\$", text, re.MULTILINE)
    release = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    return {
        name: version
        for name, version, marker in lines
        if not marker or Marker(marker).evaluate(release)
    }


@pytest.mark.parametrize("file", ["requirements.txt", "run/npm.txt"])
def test_every_python_builds_the_site_with_the_same_packages(file: str) -> None:
    first, *others = [locked(file, python) for python in PYTHONS]
    assert first and others == [first] * len(others)


@pytest.mark.parametrize("file", [".readthedocs.yaml", ".github/workflows/site.yml", ".ci/run"])
def test_who_builds_the_site_elsewhere_asks_for_what_the_makefile_has(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    asked = re.findall(r"^[\s\-]*(?:run: )?make ([\w .-]+)$", text, re.MULTILINE)
    targets = re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert asked and {*" ".join(asked).split()} <= {*targets, ".venv/ready"}


def test_read_the_docs_is_not_left_to_look_for_pages_beside_conf_py() -> None:
    """It runs Sphinx in the folder of ``sphinx.configuration``, with that as the source."""
    text = (ROOT / ".readthedocs.yaml").read_text(encoding="utf-8")
    assert not re.search(r"^sphinx:", text, re.MULTILINE)
    for built in ("html", "htmlzip", "pdf", "epub"):
        assert f"$READTHEDOCS_OUTPUT/{built}" in text


def test_a_browser_that_goes_on_to_another_page_is_no_news(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serve.Server(("127.0.0.1", 0), serve.Handler) as server:
        for error in BrokenPipeError(), ConnectionResetError(), ValueError("a slip of ours"):
            try:
                raise error
            except (OSError, ValueError):
                server.handle_error(None, ("127.0.0.1", 1))
    told = capsys.readouterr().err
    assert "a slip of ours" in told and "BrokenPipe" not in told and "Reset" not in told
