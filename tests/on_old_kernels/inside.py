"""The first process of a guest: loads modules, asks the kernel, runs programs, and switches off.

    python inside.py FILESYSTEM SOURCE HALT

mounts the folder it shares with the host (``hostfs`` or ``9p``) at /mnt/shared, reads ``job.json``
there and leaves ``result.json``.  HALT is the number for reboot(2) that ends the guest.

The job::

    {"modules": [files, in order], "model": …, "path": [folders the programs import from],
     "programs": [{"name": …, "command": [...], "folder": …, "limit": seconds, "background": …}]}

It runs with the host's files read-only and only the standard library, and imports the probe
before it drops root's rights, since an ordinary user may not be able to read the host's files.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib
import json
import lzma
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

OWN = Path("/mnt")  # the one folder of the host's that is covered: nothing needed lies there
SHARED, TEMPORARY = OWN / "shared", OWN / "tmp"
NOBODY = 65534
_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str, options: str = "") -> None:
    """mount(2); a target that is mounted already is left as it is."""
    arguments = (text.encode() for text in (source, target, kind))
    if _libc.mount(*arguments, 0, options.encode()):
        code = ctypes.get_errno()
        if os.strerror(code) != "Device or resource busy":
            raise OSError(code, os.strerror(code), target)


def bring_up_loopback() -> None:
    """What every machine does at its start."""
    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        (flags,) = struct.unpack("16xH22x", fcntl.ioctl(sock, get_flags, b"lo".ljust(40, b"\0")))
        fcntl.ioctl(sock, set_flags, struct.pack("16sH22x", b"lo", flags | up))


def load(path: str) -> str:
    """init_module(2); return the module's name, or what was wrong with it."""
    data = Path(path).read_bytes()
    if path.endswith(".xz"):
        data = lzma.decompress(data)
    name = Path(path).name.partition(".ko")[0]
    number = 175  # init_module, x86-64
    if _libc.syscall(number, data, ctypes.c_ulong(len(data)), b""):
        return f"{name}: {os.strerror(ctypes.get_errno())}"
    return name


def probe_as(uid: int, probe: Any, model: bool) -> dict[str, Any]:
    """The table of families and types that a user gets, asked by a child of this process.

    "model", for root where it is asked for, is the table of the model with the profile "as this
    machine"; others may not be able to read the files that it is made of.
    """
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            table = json.loads(probe.as_json(probe.probe()))
            if model and not uid:
                text = probe.as_json(probe.of_model("as this machine"))
                table["model"] = json.loads(text)["table"]
            os.write(writer, json.dumps(table).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return dict(json.loads(text))


def run(
    program: dict[str, Any], path: list[str], running: list[subprocess.Popen[str]]
) -> dict[str, Any]:
    """Run a program and return what it printed; one in the background until its first line."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-B", *program["command"]],
        cwd=program["folder"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if program["background"]:
        running.append(process)
        assert process.stdout is not None
        output = process.stdout.readline()
    else:
        try:
            output = process.communicate(timeout=program["limit"])[0]
        except subprocess.TimeoutExpired as expired:
            process.kill()  # one that sleeps in the kernel may stay: the guest ends anyway
            output = f"{expired.output or ''}\nstill running after {program['limit']} s\n"
    seconds = round(time.monotonic() - began, 1)
    return {"status": process.poll(), "output": output, "seconds": seconds}


def work() -> dict[str, Any]:
    """Do the job; return its result."""
    job = json.loads((SHARED / "job.json").read_text())
    result: dict[str, Any] = {"release": os.uname().release, "version": os.uname().version}
    result["python"] = sys.version.split()[0]
    bring_up_loopback()
    result["modules"] = [load(path) for path in job["modules"]]
    sys.path[:0] = job["path"]
    probe = importlib.import_module("bsdsockets.probe")
    result["probes"] = {
        str(uid): probe_as(uid, probe, job["model"]) for uid in (0, NOBODY)
    }
    running: list[subprocess.Popen[str]] = []
    result["programs"] = {}
    for program in job["programs"]:
        result["programs"][program["name"]] = run(program, job["path"], running)
        print(program["name"], "done", flush=True)
    for process in running:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return result


def main() -> None:
    """Be the guest's first process.  When it returns, the guest is off."""
    kind, source, halt = sys.argv[1:4]  # user-mode-linux adds words of its own
    try:
        for target, filesystem in (("/proc", "proc"), ("/sys", "sysfs"), (str(OWN), "tmpfs")):
            mount("none", target, filesystem)
        for folder in SHARED, TEMPORARY:
            folder.mkdir()
        TEMPORARY.chmod(0o1777)
        os.environ["TMPDIR"] = str(TEMPORARY)
        mount("none", "/dev", "devtmpfs")
        is_9p = kind == "9p"
        mount(source if is_9p else "none", str(SHARED), kind,
              "trans=virtio,version=9p2000.L" if is_9p else source)  # fmt: skip
        Path("/proc/sys/kernel/modprobe").write_text("")  # load what the job names, nothing else
        result = work()
    except BaseException:
        result = {"error": traceback.format_exc()}
        print(result["error"], flush=True)
    (SHARED / "result.json").write_text(json.dumps(result))
    os.sync()
    _libc.reboot(int(halt, 16))


if __name__ == "__main__":
    main()
