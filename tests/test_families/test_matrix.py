"""The model's families and types, cell by cell, against the recorded kernels."""

import json
from importlib.resources import files
from typing import Any

import pytest

from bsdsockets import Machine
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
