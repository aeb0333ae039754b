"""Which files of a kernel's modules to load, in which order.

A module says in its section .modinfo which others it needs, as text: ``depends=lapb,x25``.  Reading
that is all that depmod and modprobe would do here, so neither is needed.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterable
from pathlib import Path

EARLIER = {"libcrc32c": ("crc32c_generic",)}
"""What a module asks for while it runs, which .modinfo does not say: libcrc32c wants a CRC."""


def content(path: Path) -> bytes:
    """The bytes of a module; newer Debian kernels come with compressed ones."""
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def in_order(folder: Path, names: Iterable[str]) -> list[Path]:
    """The files of these modules, each after those it needs.

    A name without a file is left out: another kernel has it built in, or not at all.
    """
    files = {_name(path): path for path in sorted(folder.rglob("*.ko*"))}
    order: dict[str, Path] = {}

    def add(name: str) -> None:
        if name in order or name not in files:
            return
        for needed in (*EARLIER.get(name, ()), *_needs(files[name])):
            add(needed)
        order[name] = files[name]

    for name in names:
        add(name)
    return list(order.values())


def _name(path: Path) -> str:
    return path.name.partition(".ko")[0].replace("-", "_")


def _needs(path: Path) -> list[str]:
    found = re.search(rb"\0depends=([^\0]*)\0", content(path))
    names = found[1].decode("ascii").split(",") if found else []
    return [name.replace("-", "_") for name in names if name]
