"""A program joins the machine of the one that started it: `started` has the picture.

It is a child like that of ``os.fork``, whose system calls the machine's first process does; what
it has, that process tells it first.  When that process has ended already, it has a machine of
its own.
"""

import os
import sys
from typing import Any

from ..face.machine import Machine
from .channel import Channel, Gone
from .child import adopt, become_child
from .os_module import STANDARD
from .run import install
from .started import ALONE
from .streams import standard_stream

try:
    import _socket as _host
except ImportError:  # a Python built without sockets
    _host = None  # type: ignore[assignment]


def join(told: str) -> None:
    """Put the modules of the machine that was *told* of where ``import`` finds them."""
    try:
        if told == ALONE:
            raise Gone
        sock = _enter([int(number) for number in told.split(",")])
        known = _greet(sock)
    except (Gone, OSError):
        install(Machine())
        return
    machine = Machine(profile=known["profile"])
    machine.host.name = known["name"]
    machine.clock.become_real(known["ahead"])
    install(machine)
    become_child(machine, sock, None)
    adopt(machine, known["numbers"])
    _reopen_streams(known["numbers"])


def _enter(ways: list[int]) -> Any:
    """Return this program's end of a channel: the one that it inherited, or through the door."""
    if len(ways) > 1:
        os.set_inheritable(ways[1], False)
        return _host.socket(fileno=ways[1])
    ours, theirs = _host.socketpair()
    door = _host.socket(fileno=ways[0])
    rights = (_host.SOL_SOCKET, _host.SCM_RIGHTS, theirs.fileno().to_bytes(4, "little"))
    try:
        door.sendmsg([b"in"], [rights], _host.MSG_NOSIGNAL)
    finally:
        door.close()
        theirs.close()
    return ours


def _greet(sock: Any) -> dict[str, Any]:
    """Say who joins; returns what the machine's first process says of the machine."""
    channel = Channel(sock)
    channel.send((0, "process", "greet", (os.getpid(),), {}, (), (os.geteuid(), os.getegid()), 0))
    while True:
        channel.read()
        for _, _, known, _ in channel.messages():
            return known


def _reopen_streams(numbers: list[int]) -> None:
    """A standard stream that is a socket is one of the model's."""
    for number, name in STANDARD.items():
        if number in numbers:
            setattr(sys, name, standard_stream(number, getattr(sys, name)))
