"""The CPythons of this machine that the model supports, one of each minor version."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
NEWEST = (3, 14)
PLACES = (".pyenv/versions/*/bin/python3", ".local/share/uv/python/cpython-*/bin/python3")
ASK = "import sys; print(sys.implementation.name, *sys.version_info[:2])"


@functools.cache
def found() -> dict[str, str]:
    """Return the path of each CPython found, by version: {"3.11": "/usr/bin/python3.11"}."""
    named = [shutil.which(f"python3.{minor}") for minor in range(OLDEST[1], NEWEST[1] + 1)]
    placed = [str(path) for place in PLACES for path in sorted(Path.home().glob(place))]
    pythons: dict[str, str] = {}
    for path in [sys.executable, *filter(None, named), *placed]:
        version = _version(path)
        if OLDEST <= version <= NEWEST:
            pythons.setdefault(".".join(map(str, version)), path)
    return dict(sorted(pythons.items()))


def _version(path: str) -> tuple[int, ...]:
    """Return a CPython's version, or (0, 0) for anything else."""
    try:
        answer = subprocess.run([path, "-c", ASK], capture_output=True, text=True, timeout=30)
    except OSError:
        return (0, 0)
    name, *version = answer.stdout.split() or [""]
    return tuple(map(int, version)) if name == "cpython" else (0, 0)


def has_suites(python: str) -> bool:
    """Say whether an interpreter came with its tests (some distributions leave them out)."""
    asked = "import importlib.util as u; exit(u.find_spec('test.test_socket') is None)"
    return subprocess.run([python, "-c", asked], capture_output=True, timeout=30).returncode == 0
