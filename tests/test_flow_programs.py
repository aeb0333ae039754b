"""The programs of the families' pages on the model: unmodified, and with the kernel's answers.

``make kernels`` compares the same programs on real kernels with the same recorded lines.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
RECORDED = sorted(
    path for path in (REFERENCE / "data").glob("*.txt") if list(REFERENCE.glob(f"*/{path.stem}.py"))
)


def run_on_model(
    program: Path, *options: str, warnings: str = "error"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", warnings, "-m", "bsdsockets", "run", *options, program.name],
        cwd=program.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_there_are_recorded_outputs() -> None:
    assert len(RECORDED) >= 6


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="recorded by root")
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_a_program_prints_on_the_model_what_it_printed_on_a_kernel(recorded: Path) -> None:
    [program] = REFERENCE.glob(f"*/{recorded.stem}.py")
    result = run_on_model(program, "--profile", "every module")
    assert result.stderr == ""
    assert result.stdout == recorded.read_text(encoding="utf-8")


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_a_program_says_that_the_usual_host_has_not_the_family(recorded: Path) -> None:
    [program] = REFERENCE.glob(f"*/{recorded.stem}.py")
    result = run_on_model(program)
    assert result.stderr == ""
    assert result.stdout.endswith("Address family not supported by protocol (EAFNOSUPPORT)\n")


C_PROGRAM = """
import ctypes, errno, fcntl, os, socket, struct

libc = ctypes.CDLL(None, use_errno=True)
unchanged = libc.getpid() == os.getpid()

def say(*results):
    print(*results)

reader, writer = os.pipe()
say("real", libc.bind(reader, b"", 0), errno.errorcode[ctypes.get_errno()], unchanged)
with socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET) as sock:
    fd = sock.fileno()
    say("bad", libc.bind(fd, b"12", 2), errno.errorcode[ctypes.get_errno()])
    say("bind", libc.bind(fd, struct.pack("=H16s", socket.AF_X25, b"1001"), ctypes.c_uint(18)))
    name, length = ctypes.create_string_buffer(18), ctypes.c_uint(18)
    say("name", libc.getsockname(fd, name, ctypes.byref(length)), length.value, name.raw[2:7])
    name, length = ctypes.create_string_buffer(4), ctypes.c_uint(4)
    say("short", libc.getsockname(fd, name, ctypes.byref(length)), length.value, name.raw[2:])
    array = bytearray(24)
    say("ioctl", fcntl.ioctl(sock, 0x89E2, array), struct.unpack("=6I", array)[:4])
    try:
        fcntl.ioctl(sock, 0x1234, b"")
    except OSError as error:
        say("unknown", errno.errorcode[error.errno])
for end in reader, writer:
    os.close(end)
"""


def test_the_c_library_is_the_models_for_its_sockets_and_the_hosts_for_the_rest(
    tmp_path: Path,
) -> None:
    program = tmp_path / "program.py"
    program.write_text(C_PROGRAM)
    result = run_on_model(program, "--profile", "every module")
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "real -1 ENOTSOCK True",
        "bad -1 EINVAL",
        "bind 0",
        "name 0 18 b'1001\\x00'",
        "short 0 18 b'10'",
        "ioctl 0 (2, 2, 7, 7)",
        "unknown ENOTTY",
    ]
