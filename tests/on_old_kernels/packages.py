"""Debian packages, fetched by apt and unpacked below build/kernels.

Which version comes is the archive's choice: old kernels leave it when a security update arrives.
So a package's version and checksum are written down with the results, and the results compared.
Knows nothing of kernels.  Sources: apt-get(8), dpkg-deb(1).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build" / "kernels"
LIMIT = 120
"""Seconds for each command."""


class Missing(Exception):
    """Something this machine lacks; the message says what to install."""


@dataclass(frozen=True)
class Package:
    """An unpacked package."""

    name: str
    version: str
    sha256: str
    folder: Path

    def as_json(self) -> dict[str, str]:
        """What is written down about it."""
        return {key: str(value) for key, value in asdict(self).items() if key != "folder"}


def fetch(name: str) -> Package:
    """Download a package and unpack it, unless that has been done.

    Missing
        There is no apt here, or it does not know the package.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Missing(f"{name}: needs apt-get and dpkg-deb, that is Debian")
    BUILD.mkdir(parents=True, exist_ok=True)
    file, expected = _offered(name)
    folder = BUILD / file.removesuffix(".deb")
    if not folder.exists():
        archive = BUILD / file
        _run("apt-get", "download", "-q", name)
        if expected and _sha256(archive) != expected:
            raise Missing(f"{name}: {file} was damaged on the way; try again")
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _run("dpkg-deb", "-x", str(archive), str(unfinished))
        (unfinished / "sha256").write_text(_sha256(archive))
        archive.unlink()
        unfinished.rename(folder)
    version = file.split("_")[1].replace("%3a", ":")
    return Package(name, version, (folder / "sha256").read_text(), folder)


def dependency(name: str, pattern: str) -> str:
    """The package that a package depends on, of a name that matches.

    Debian's ``linux-image-amd64`` is empty and depends on the newest kernel.
    """
    text = _run("apt-cache", "depends", name) if shutil.which("apt-cache") else ""
    for found in re.findall(r"Depends: (\S+)", text):
        if re.fullmatch(pattern, found):
            return str(found)
    raise Missing(f"{name}: apt does not know it; on Debian, run apt-get update")


def _offered(name: str) -> tuple[str, str]:
    """File name and SHA-256 of what apt would download."""
    text = _run("apt-get", "download", "--print-uris", "-qq", name)
    found = re.search(r"^'[^']+' (\S+\.deb) \d+ (?:SHA256:(\S+))?", text, re.MULTILINE)
    if not found:
        raise Missing(f"{name}: apt does not know it; on Debian, run apt-get update")
    return found[1], found[2] or ""


def _run(*command: str) -> str:
    result = subprocess.run(
        command, cwd=BUILD, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    if result.returncode:
        last = (result.stderr.strip() or "no message").splitlines()[-1]
        raise Missing(f"{' '.join(command)}: {last}; does apt-get update help?")
    return result.stdout


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
