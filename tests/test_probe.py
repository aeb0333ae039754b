"""The probe of the reader's own kernel, and the recorded kernels it is compared with."""

from __future__ import annotations

import errno
import gc
import json
import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from bsdsockets import probe

SOURCE = Path(probe.__file__).parent.parent


def test_every_recorded_kernel_has_every_type_of_each_of_its_families_for_both_users() -> None:
    kernels = probe.recorded()
    assert len(kernels) >= 12
    for kernel in kernels.values():
        for table in (kernel.root, kernel.nobody):
            assert set(table) <= set(probe.FAMILIES)
            assert all(tuple(row) == probe.TYPES for row in table.values()), kernel.name
    everything = [k for k in kernels.values() if tuple(k.root) == probe.FAMILIES]
    assert {"5.10", "6.1", "6.18", "7.2"} <= {kernel.name for kernel in everything}


def test_every_recorded_cell_is_an_errno_or_a_family_a_type_and_a_protocol() -> None:
    known = set(errno.errorcode.values())
    for kernel in probe.recorded().values():
        for table in (kernel.root, kernel.nobody):
            for row in table.values():
                for cell in row.values():
                    assert cell.error in known or (
                        cell.domain in probe.FAMILIES
                        and cell.kind in probe.TYPES
                        and isinstance(cell.protocol, int)
                    ), (kernel.name, cell)


def test_each_of_the_ten_families_works_on_some_recorded_kernel() -> None:
    works = {
        cell.family
        for kernel in probe.recorded().values()
        for row in kernel.root.values()
        for cell in row.values()
        if not cell.error
    }
    assert works == set(probe.FAMILIES)


def test_this_kernel_gives_the_pairs_every_kernel_gives() -> None:
    table = probe.probe()
    assert table["AF_INET"]["SOCK_STREAM"].error == ""
    assert table["AF_INET"]["SOCK_DGRAM"].error == ""
    if sys.platform == "linux":
        assert str(table["AF_INET"]["SOCK_STREAM"]) == "AF_INET SOCK_STREAM 6"
        assert str(table["AF_INET"]["SOCK_DGRAM"]) == "AF_INET SOCK_DGRAM 17"
        assert str(table["AF_UNIX"]["SOCK_RAW"]) == "AF_UNIX SOCK_DGRAM 0"
        assert table["AF_INET"]["SOCK_RAW"].error == "EPROTONOSUPPORT"
        assert table["AF_INET"]["SOCK_RDM"].error == "ESOCKTNOSUPPORT"


def test_a_probe_leaves_no_socket_open() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probe.probe()
        gc.collect()


def test_a_terminal_without_unicode_gets_the_table_too() -> None:
    bare = {"PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "bsdsockets", "probe"]
    ended = subprocess.run(command, capture_output=True, env={**os.environ, **bare}, timeout=60)
    assert ended.returncode == 0 and b"AF_INET" in ended.stdout


def test_a_family_without_a_constant_is_said_to_have_no_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(socket, "AF_IPX", raising=False)
    cell = probe.try_pair("AF_IPX", "SOCK_DGRAM")
    assert cell.error == cell.words == probe.NO_NAME


def test_sock_packet_has_no_name_off_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert probe.number_of("SOCK_PACKET") is None


def test_a_system_without_so_domain_and_so_protocol_still_has_a_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SO_DOMAIN", "SO_PROTOCOL", "SO_TYPE"):
        monkeypatch.delattr(socket, name, raising=False)
    cell = probe.try_pair("AF_INET", "SOCK_STREAM")
    assert str(cell) == "? ? ?"
    assert cell.words == "a socket"
    assert probe.Cell.parse("AF_INET", "SOCK_STREAM", str(cell)) == cell


@pytest.mark.parametrize("error", [errno.EAFNOSUPPORT, errno.ENOBUFS])
def test_any_refusal_becomes_its_errno(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: int) -> socket.socket:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(socket, "socket", refuse)
    assert probe.try_pair("AF_INET", "SOCK_STREAM").error == errno.errorcode[error]


def test_a_cell_survives_being_written_and_read() -> None:
    for text in ("EAFNOSUPPORT", probe.NO_NAME, "AF_INET SOCK_STREAM 6", "AF_PACKET SOCK_PACKET 0"):
        assert str(probe.Cell.parse("AF_INET", "SOCK_STREAM", text)) == text


def test_the_difference_to_an_older_kernel_names_the_family_that_left() -> None:
    kernels = probe.recorded()
    found = probe.differences(kernels["7.2"].root, kernels["6.18"].root)
    families = {cell.family for cell, _ in found}
    assert families == {"AF_AX25", "AF_APPLETALK"}


def test_an_ordinary_user_is_compared_with_an_ordinary_user() -> None:
    kernel = probe.recorded()["6.1"]
    assert kernel.table(0) is kernel.root
    assert kernel.table(1000) is kernel.table(None) is kernel.nobody
    assert "as an ordinary user" in probe.as_differences({}, kernel, 1000)


def test_the_text_names_every_family_and_explains_its_words() -> None:
    text = probe.as_text(probe.recorded()["6.1"].root)
    assert all(f"\n{family} " in text for family in probe.FAMILIES)
    assert "ESOCKTNOSUPPORT" in text and "EPERM" not in text


def run_probe(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bsdsockets", "probe", *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_prints_json_that_can_be_recorded() -> None:
    data = json.loads(run_probe("--json").stdout)
    assert set(data) == {"system", "release", "machine", "uid", "python", "table"}
    assert set(probe.table_from(data["table"])) == set(probe.FAMILIES)


def test_the_command_refuses_a_kernel_that_is_not_recorded() -> None:
    result = run_probe("--compare", "2.0")
    assert result.returncode == 2
    assert "there are 5.10" in result.stderr


def test_the_command_compares_and_lists() -> None:
    assert "cells differ" in run_probe("--compare", "7.2").stdout
    assert "6.1-ipx" in run_probe("--list").stdout
    assert "AF_X25" in run_probe("--show", "6.1-uml").stdout


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="not run as root")
def test_an_ordinary_user_is_told_what_is_not_permitted() -> None:
    def record(table: probe.Table) -> str:
        return table["AF_PACKET"]["SOCK_RAW"].error

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        os.write(writer, record(probe.probe()).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="ascii") as pipe:
        assert pipe.read() == "EPERM"
    os.waitpid(child, 0)
