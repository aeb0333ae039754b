"""The model's families and types, cell by cell, against the recorded kernels."""

import json
import os
import socket as probe_socket
import sys
from importlib.resources import files
from typing import Any

import pytest

from bsdsockets import Machine, probe
from bsdsockets.machine import profile as profiles
from bsdsockets.machine.errors import NAMES
from bsdsockets.machine.host import Host

KERNELS = json.loads(files("bsdsockets").joinpath("matrix.json").read_text())["kernels"]
TYPES = {"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_RDM": 4, "SOCK_SEQPACKET": 5,
         "SOCK_PACKET": 10}
SOL_SOCKET, SO_TYPE, SO_PROTOCOL, SO_DOMAIN = 1, 3, 38, 39


def every_module(user: str) -> dict[str, dict[str, str]]:
    """Linux 6.1 with every module: no one kernel has X.25 and IPX too."""
    return {**KERNELS["6.1"][user], "AF_X25": KERNELS["6.1-uml"][user]["AF_X25"],
            "AF_IPX": KERNELS["6.1-ipx"][user]["AF_IPX"]}


def cell(socket: Any, family: str, kind: str) -> str:
    """What the model says of one pair, in the record's words."""
    try:
        new = socket.socket(getattr(socket, family), TYPES[kind])
    except OSError as error:
        return NAMES[error.errno or 0]
    with new:
        domain, type_, protocol = (new.getsockopt(SOL_SOCKET, each)
                                   for each in (SO_DOMAIN, SO_TYPE, SO_PROTOCOL))
    names = {number: name for name, number in TYPES.items()}
    return f"{socket.AddressFamily(domain).name} {names[type_]} {protocol}"


@pytest.mark.parametrize("user", ["root", "nobody"])
@pytest.mark.parametrize("profile", ["built in", "every module"])
def test_every_cell_of_the_matrix_is_the_kernels(
        profile: str, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "privileged", property(lambda self: user == "root"))
    socket = Machine(profile=profile).load("socket")
    recorded = KERNELS["6.18-here"][user] if profile == "built in" else every_module(user)
    here = {family: {kind: cell(socket, family, kind) for kind in row}
            for family, row in recorded.items()}
    assert here == recorded
    assert sum(map(len, here.values())) >= 60


@pytest.mark.parametrize("user", ["root", "nobody"])
@pytest.mark.parametrize("kernel", probe.recorded().values(), ids=lambda kernel: kernel.name)
def test_a_machine_as_a_recorded_kernel_answers_as_it_did_in_every_cell(
        kernel: probe.Kernel, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "privileged", property(lambda self: user == "root"))
    table = kernel.root if user == "root" else kernel.nobody
    here = probe.of_model(profiles.of_table(kernel.name, table))
    assert {family: here[family] for family in table} == table


@pytest.mark.skipif(sys.platform != "linux", reason="there is no Linux to be like")
def test_a_machine_as_this_one_answers_as_its_kernel_does_in_every_cell() -> None:
    assert probe.of_model("as this machine") == probe.probe()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="not run as root")
def test_an_ordinary_users_machine_as_this_one_answers_as_its_kernel_does_too(
        monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(writer, probe.as_json(probe.probe()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        table = probe.table_from(json.load(pipe)["table"])
    os.waitpid(child, 0)
    assert table["AF_PACKET"]["SOCK_RAW"].error == "EPERM"
    monkeypatch.setattr(Host, "privileged", property(lambda self: False))
    monkeypatch.setattr(profiles, "probe", lambda: table)
    assert probe.of_model("as this machine") == table


@pytest.mark.skipif(sys.platform != "linux", reason="there is no Linux to be like")
@pytest.mark.parametrize(("family", "number"), [("AF_INET", 1), ("AF_PACKET", 13)])
def test_what_a_sandbox_refuses_a_machine_as_this_one_refuses_too(
        family: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sandbox(probe_socket.socket):
        def __init__(self, asked: int = -1, kind: int = -1, *rest: Any, **more: Any) -> None:
            if asked == getattr(probe_socket, family) and kind == probe_socket.SOCK_RAW:
                raise OSError(number, os.strerror(number))
            super().__init__(asked, kind, *rest, **more)

    monkeypatch.setattr(probe_socket, "socket", Sandbox)
    here = probe.probe()
    assert here[family]["SOCK_RAW"].error == NAMES[number]
    assert probe.of_model("as this machine") == here
    socket = Machine(profile="as this machine").load("socket")
    with pytest.raises(PermissionError):  # whatever the protocol
        socket.socket(getattr(socket, family), socket.SOCK_RAW, socket.IPPROTO_ICMP)


@pytest.mark.parametrize("system", ["darwin", "win32", "emscripten"])
def test_where_there_is_no_linux_the_machine_has_what_is_built_in(
        system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(profiles, "probe", lambda: pytest.fail("asked the system"))
    here = profiles.named("as this machine")
    assert here.families == profiles.BUILT_IN.families
    assert here.name == "as this machine"


def test_a_profile_that_is_not_there_is_refused_with_the_names_of_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"'2\.0'; there are 'as this machine', 'built .*6\.12"):
        Machine(profile="2.0")


@pytest.mark.parametrize(("arguments", "error"), [
    (("AF_UNIX", 11, 0), "EINVAL"),
    (("AF_INET6", 10, 768), "EINVAL"),
    (("AF_X25", 5, 1), "EINVAL"),
    (("AF_AX25", 5, 0xCF), "ESOCKTNOSUPPORT"),
    (("AF_AX25", 2, 256), "EINVAL"),
    (("AF_NETLINK", 3, 1), "EPROTONOSUPPORT"),
    (("AF_NETLINK", 1, 99), "ESOCKTNOSUPPORT"),
    (("AF_TIPC", 3, 1), "EPROTONOSUPPORT"),
])
def test_a_wrong_call_fails_as_linux_says(arguments: tuple[Any, ...], error: str) -> None:
    socket = Machine(profile="every module").load("socket")
    with pytest.raises(OSError) as caught:
        socket.socket(getattr(socket, arguments[0]), *arguments[1:])
    assert NAMES[caught.value.errno or 0] == error


@pytest.mark.parametrize("family", ["AF_X25", "AF_AX25", "AF_IPX", "AF_APPLETALK", "AF_ATMPVC"])
def test_pythons_own_methods_cannot_write_the_addresses(family: str) -> None:
    socket = Machine(profile="every module").load("socket")
    kind = socket.SOCK_SEQPACKET if family in ("AF_X25", "AF_AX25") else socket.SOCK_DGRAM
    with socket.socket(getattr(socket, family), kind) as sock:
        for call in sock.bind, sock.connect, lambda address: sock.sendto(b"x", address):
            with pytest.raises(OSError, match="bad family"):
                call(b"any")
        for ask in (sock.getsockname, sock.getpeername, lambda: sock.recvfrom(1),
                    lambda: sock.recvmsg(1), sock.accept):
            with pytest.raises(OSError, match="getsockaddrlen: bad family"):
                ask()
