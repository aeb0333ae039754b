"""The few files with which Debian's kernel can reach the host's: an archive in cpio's newc format.

::

    /init          loads the modules, mounts the host's files at /root, goes on there
    /bin/busybox   the shell it is written for
    /*.ko          virtio and 9p, in the order they are loaded

Sources: the kernel's *initramfs buffer format*.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.on_old_kernels import modules

_INIT = """#!/bin/busybox sh
for module in {modules}; do /bin/busybox insmod /$module; done
/bin/busybox mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose host /root
exec /bin/busybox switch_root /root "$@"
"""
_FOLDER, _PROGRAM, _FILE, _DEVICE = 0o40755, 0o100755, 0o100644, 0o20600


def build(busybox: Path, loaded: Sequence[Path]) -> bytes:
    """The archive; the same bytes for the same files."""
    names = [path.name.partition(".ko")[0] + ".ko" for path in loaded]
    entries = [("bin", _FOLDER, b""), ("root", _FOLDER, b""), ("dev", _FOLDER, b"")]
    entries += [("dev/console", _DEVICE, b"")]
    entries += [("bin/busybox", _PROGRAM, busybox.read_bytes())]
    entries += [
        (name, _FILE, modules.content(path)) for name, path in zip(names, loaded, strict=True)
    ]
    entries += [("init", _PROGRAM, _INIT.format(modules=" ".join(names)).encode())]
    entries += [("TRAILER!!!", 0, b"")]
    return b"".join(_entry(number, *entry) for number, entry in enumerate(entries, 1))


def _entry(number: int, name: str, mode: int, data: bytes) -> bytes:
    """Magic, thirteen numbers of eight hexadecimal digits, name, data; each filled to 4 bytes."""
    device = (5, 1) if mode == _DEVICE else (0, 0)
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
    header = ("070701" + "".join(f"{field:08x}" for field in fields)).encode()
    return _filled(header + encoded) + _filled(data)


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
