"""Two kernels as processes of this machine, and the job they are given.

A guest sees this machine's files read-only and one folder of its own that it can write: the job
goes in as ``job.json``, what it found comes out as ``result.json``, and what it printed on its
console is kept beside them.  Sources: the kernel's *User Mode Linux HOWTO*, qemu(1).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.on_old_kernels import initramfs, modules, packages
from tests.on_old_kernels.packages import Missing, Package

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).with_name("inside.py")
LIMIT = 300
"""Seconds from the start of a guest to its end; qemu took up to 230 on two very busy cores."""
MEMORY = 256
"""Megabytes for user-mode-linux."""
_POWER_OFF, _RESTART = "4321fedc", "01234567"  # linux/reboot.h; qemu ends where it would restart


@dataclass(frozen=True)
class Program:
    """A program of a page, to be run in a guest."""

    name: str
    command: tuple[str, ...]
    folder: str
    limit: int = 60
    background: bool = False
    """Whether it goes on until the guest ends, after its first line."""


@dataclass(frozen=True)
class Plan:
    """What one kind of guest is asked."""

    guest: str
    modules: tuple[str, ...]
    programs: tuple[Program, ...]
    kernel: str
    """Its name in src/bsdsockets/matrix.json."""


@dataclass(frozen=True)
class Report:
    """What a guest found."""

    plan: Plan
    package: Package
    result: dict[str, Any] = field(repr=False)
    seconds: float

    @property
    def release(self) -> str:
        """The kernel's own name for itself."""
        return str(self.result["release"])


class Hung(Exception):
    """A guest did not end, or ended without a result; the message has its last words."""


class Guest:
    """A running guest.  ``wait`` for its report; leaving the ``with`` ends it in any case."""

    def __init__(self, plan: Plan):
        self.plan = plan
        prepare = {"user-mode-linux": _user_mode_linux, "qemu": _qemu}[plan.guest]
        self.shared = Path(tempfile.mkdtemp(prefix=f"{plan.guest}-"))
        try:
            self.package, command, loaded = prepare(plan, self.shared)
        except Missing:
            shutil.rmtree(self.shared)
            raise
        job = {"modules": [str(path) for path in loaded], "path": [str(ROOT / "src")],
               "model": plan.guest != "qemu",  # an emulated processor is slow
               "programs": [asdict(program) for program in plan.programs]}  # fmt: skip
        (self.shared / "job.json").write_text(json.dumps(job))
        self.began = time.monotonic()
        with (self.shared / "console").open("wb") as console:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": _memory(), "HOME": str(self.shared)},
                start_new_session=True,  # user-mode-linux is several processes
            )

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.shared, ignore_errors=True)

    def wait(self, limit: float = LIMIT) -> Report:
        """Wait for the guest to switch itself off and return what it found.

        Hung
            It still ran after the limit, or found nothing.
        """
        try:
            self.process.wait(max(0.1, self.began + limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Hung(f"{self.plan.guest} still runs after {limit:g} s{self._said()}") from None
        path = self.shared / "result.json"
        result = json.loads(path.read_text()) if path.exists() else {"error": "no result"}
        if "error" in result:
            raise Hung(f"{self.plan.guest}: {result['error']}{self._said()}")
        seconds = round(time.monotonic() - self.began, 1)
        return Report(self.plan, self.package, result, seconds)

    def _said(self) -> str:
        text = (self.shared / "console").read_text(errors="replace")
        return ".  Its last words:\n" + "\n".join(text.splitlines()[-30:])


def _user_mode_linux(plan: Plan, shared: Path) -> tuple[Package, list[str], Sequence[Path]]:
    package = packages.fetch("user-mode-linux")
    loaded = modules.in_order(package.folder / "usr/lib/uml/modules", plan.modules)
    kernel = package.folder / "usr/bin/linux.uml"
    command = [
        str(kernel),
        f"mem={MEMORY}M",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
    ]
    command += ["quiet", "con=null", "con0=null,fd:1", f"init={_python()}", "--"]
    command += ["-B", "-S", str(INSIDE), "hostfs", str(shared), _POWER_OFF]
    return package, command, loaded


def _qemu(plan: Plan, shared: Path) -> tuple[Package, list[str], Sequence[Path]]:
    if not (program := shutil.which("qemu-system-x86_64")):
        raise Missing("qemu: needs qemu-system-x86_64; on Debian, apt-get install qemu-system-x86")
    name = packages.dependency("linux-image-amd64", r"linux-image-[\d.]+-\d+-amd64")
    package, busybox = packages.fetch(name), packages.fetch("busybox-static")
    folder = package.folder / "lib/modules"
    first = modules.in_order(folder, ("virtio_pci", "9pnet_virtio", "9p"))
    archive = shared / "initramfs"
    archive.write_bytes(initramfs.build(busybox.folder / "bin/busybox", first))
    [kernel] = (package.folder / "boot").glob("vmlinuz-*")
    inside = [_python(), "-B", "-S", str(INSIDE), "9p", "shared", _RESTART]
    line = f"console=ttyS0 quiet panic=-1 -- {' '.join(inside)}"
    command = [program, "-accel", "tcg", "-m", "384", "-no-reboot", "-nodefaults"]
    command += ["-no-user-config", "-display", "none", "-serial", "stdio", "-kernel", str(kernel)]
    command += ["-initrd", str(archive), "-append", line, "-virtfs"]
    command += ["local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"]
    command += ["-virtfs", f"local,path={shared},mount_tag=shared,security_model=none"]
    already = {path.name for path in first}
    loaded = [path for path in modules.in_order(folder, plan.modules) if path.name not in already]
    return package, command, loaded


def _python() -> str:
    """The interpreter itself, not the virtual environment's link to it."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


def _memory() -> str:
    """A folder for the guest's memory, best not on a disk.

    In many containers /dev/shm is too small for it, and programs may not be mapped from there.
    """
    with contextlib.suppress(OSError):
        room = os.statvfs("/dev/shm")
        fits = room.f_bavail * room.f_frsize > 2 * MEMORY << 20
        if fits and not room.f_flag & os.ST_NOEXEC and os.access("/dev/shm", os.W_OK):
            return "/dev/shm"
    return tempfile.gettempdir()
