"""The records of the flows, and the parts that need no kernel to be tested."""

from __future__ import annotations

import errno
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.on_old_kernels import guests, initramfs, modules, packages, plans, records


@pytest.mark.parametrize("name", plans.FLOWS)
def test_the_output_a_page_shows_is_the_recorded_flow(name: str) -> None:
    shown = (records.DATA / f"{name}.txt").read_text(encoding="utf-8")
    assert shown.splitlines() == records.flow(name).lines()


@pytest.mark.parametrize("name", plans.FLOWS)
def test_every_recorded_result_is_an_errno_a_number_or_text(name: str) -> None:
    known = {*errno.errorcode.values(), "EOPNOTSUPP"}
    flow = records.flow(name)
    assert flow.kernels and flow.calls
    for call in flow.calls:
        result = call[2]
        assert result in known or not re.fullmatch("E[A-Z0-9]+", result), call


def test_the_recorded_guests_are_those_that_are_booted_and_say_where_they_come_from() -> None:
    recorded = records.guests()
    assert list(recorded) == [plan.guest for plan in plans.PLANS]
    for guest in recorded.values():
        assert guest["release"] and len(guest["package"]["sha256"]) == 64
    ran = {name for guest in recorded.values() for name in guest["programs"]}
    assert set(plans.FLOWS) <= ran


@pytest.mark.parametrize("name", [*plans.FLOWS, *plans.INTERFACES])
def test_a_program_on_a_kernel_without_its_family_says_so_in_one_line(name: str) -> None:
    [program] = {
        p.command: p for plan in plans.PLANS for p in plan.programs if p.name == name
    }.values()
    without = (
        "import socket, sys, runpy\n"
        "def refuse(*arguments, **options):\n"
        "    raise OSError(97, 'Address family not supported by protocol')\n"
        "socket.socket = refuse\n"
        f"runpy.run_path({program.command[0]!r}, run_name='__main__')\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", without],
        cwd=program.folder, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\n") == 1
    assert result.stdout.startswith("AF_") and "(EAFNOSUPPORT)" in result.stdout


def module(folder: Path, name: str, needs: str) -> None:
    (folder / f"{name}.ko").write_bytes(b"ELF\0license=GPL\0depends=" + needs.encode() + b"\0x\0")


def test_modules_come_after_those_they_need_and_unknown_names_are_left_out(tmp_path: Path) -> None:
    module(tmp_path, "psnap", "llc")
    module(tmp_path, "llc", "")
    module(tmp_path, "appletalk", "llc,psnap")
    found = modules.in_order(tmp_path, ["appletalk", "built_in", "llc"])
    assert [path.stem for path in found] == ["llc", "psnap", "appletalk"]


def test_a_module_is_found_by_either_spelling(tmp_path: Path) -> None:
    module(tmp_path, "crc-ccitt", "")
    module(tmp_path, "ipv6", "crc-ccitt")
    assert [path.stem for path in modules.in_order(tmp_path, ["ipv6"])] == ["crc-ccitt", "ipv6"]


def entries(archive: bytes) -> dict[str, tuple[int, bytes]]:
    """Name to mode and data, read as the kernel reads the newc format."""
    found, at = {}, 0
    while archive[at : at + 6] == b"070701":
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        size, length = fields[6], fields[11]
        data = at + (110 + length + 3) // 4 * 4
        name = archive[at + 110 : at + 110 + length - 1].decode()
        found[name] = (fields[1], archive[data : data + size])
        at = data + (size + 3) // 4 * 4
    assert at == len(archive)
    return found


def test_the_initramfs_holds_the_shell_the_modules_and_how_to_load_them(tmp_path: Path) -> None:
    module(tmp_path, "virtio", "")
    module(tmp_path, "9p", "")
    busybox = tmp_path / "busybox"
    busybox.write_bytes(b"odd")
    found = entries(initramfs.build(busybox, [tmp_path / "virtio.ko", tmp_path / "9p.ko"]))
    assert found["bin/busybox"] == (0o100755, b"odd")
    assert found["9p.ko"] == (0o100644, (tmp_path / "9p.ko").read_bytes())
    assert b"for module in virtio.ko 9p.ko;" in found["init"][1]
    assert found["dev/console"][0] == 0o20600
    assert list(found)[-1] == "TRAILER!!!"


def test_a_missing_qemu_is_said_in_one_line_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(packages.Missing, match=r"apt-get install qemu-system-x86") as caught:
        guests.Guest(plans.PLANS[1])
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_package_apt_does_not_know_is_said_in_one_line() -> None:
    with pytest.raises(packages.Missing) as caught:
        packages.fetch("no-such-package-anywhere")
    assert "\n" not in str(caught.value)


def test_a_guest_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def hang(plan: guests.Plan, shared: Path) -> object:
        package = packages.Package("none", "0", "", tmp_path)
        return package, ["sh", "-c", "echo booting; sleep 100 & wait"], []

    monkeypatch.setattr(guests, "_qemu", hang)
    with (
        guests.Guest(plans.PLANS[1]) as guest,
        pytest.raises(guests.Hung, match=r"still runs after 1 s(.|\n)*booting"),
    ):
        guest.wait(limit=1)
    assert guest.process.returncode == -9
    assert not guest.shared.exists()


def test_a_guest_that_ends_without_a_result_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def panic(plan: guests.Plan, shared: Path) -> object:
        return packages.Package("none", "0", "", tmp_path), ["echo", "Kernel panic"], []

    monkeypatch.setattr(guests, "_qemu", panic)
    with (
        guests.Guest(plans.PLANS[1]) as guest,
        pytest.raises(guests.Hung, match=r"no result(.|\n)*Kernel panic"),
    ):
        guest.wait(limit=20)
