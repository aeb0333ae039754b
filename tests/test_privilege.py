"""What only a privileged process may do: the model refuses it as the kernel does.

    fork --> setuid(nobody) --> every option with telling values, on the kernel and on the model
"""

import contextlib
import itertools
import json
import os
import socket as kernel
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from bsdsockets import Machine
from bsdsockets.machine import constants as c
from bsdsockets.sockets.option_table import OPTIONS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the privileges are Linux's")

NOBODY = 65534
KINDS = ((c.AF_INET, c.SOCK_STREAM), (c.AF_INET, c.SOCK_DGRAM), (c.AF_INET6, c.SOCK_STREAM),
         (c.AF_INET6, c.SOCK_DGRAM), (c.AF_UNIX, c.SOCK_STREAM), (c.AF_UNIX, c.SOCK_DGRAM))
HOSTS = {c.AF_INET: ("127.0.0.1", "192.0.2.1", "224.0.0.1"),
         c.AF_INET6: ("::1", "::ffff:127.0.0.1", "::ffff:192.0.2.1", "2001:db8::1", "ff02::1")}
VALUES = (0, 1, 6, 7, -1, b"", b"lo", bytes(8))
ELSEWHERE = {(c.IPPROTO_TCP, c.TCP_CONGESTION),  # a setting of the host
             (c.IPPROTO_IP, c.IP_OPTIONS)}  # the model has not all of them
NETLINK = (0, 2, 4, 6, 7, 9, 10, 11, 12, 15, 16)  # those that this kernel has are asked
PADDING = bytes([0, 0, 1, 4, 0, 0, 0, 0])  # a header of options with nothing in it
MESSAGES = [(c.SOL_SOCKET, c.SO_MARK, bytes(4)), (c.SOL_SOCKET, c.SO_MARK, b""),
            *((c.SOL_SOCKET, c.SO_PRIORITY, bytes([n, 0, 0, 0])) for n in (0, 6, 7, 255)),
            *((c.IPPROTO_IPV6, kind, PADDING)
              for kind in (c.IPV6_HOPOPTS, c.IPV6_RTHDRDSTOPTS, c.IPV6_DSTOPTS, 3, 4)),
            (c.IPPROTO_IPV6, c.IPV6_HOPOPTS, b""), (c.IPPROTO_IP, 52, bytes([17, 0, 0, 0]))]


def answers(socket: ModuleType) -> Iterator[str]:
    """The error of every question, in order."""
    numbers = sorted(set(OPTIONS) - ELSEWHERE)
    for family, kind in KINDS:
        for level, number in numbers:
            for value in VALUES:
                with socket.socket(family, kind) as sock:
                    yield f"{family} {kind} {level} {number} {value!r}: " + failure(
                        sock.setsockopt, level, number, value)
    with socket.socket(c.AF_INET, c.SOCK_DGRAM) as sock:  # one that is bound stays bound
        for name in (b"lo", b"no such device", b"lo", b""):
            yield f"{name!r} " + failure(sock.setsockopt, c.SOL_SOCKET, c.SO_BINDTODEVICE, name)
    for family, kind in KINDS[:4]:
        for host, port, only in itertools.product(HOSTS[family], (0, 1023, 1024), (0, 1)):
            with socket.socket(family, kind) as sock:
                if family == c.AF_INET6:
                    sock.setsockopt(c.IPPROTO_IPV6, c.IPV6_V6ONLY, only)
                yield f"{family} {kind} {host} {port} {only}: " + failure(
                    sock.bind, (host, port))
    for family, host in ((c.AF_INET, "127.0.0.1"), (c.AF_INET6, "::1")):
        for message in MESSAGES:
            with socket.socket(family, c.SOCK_DGRAM) as sock:
                yield f"{message} " + failure(sock.sendmsg, [b"x"], [message], 0, (host, 9))
    for part in NETLINK:
        yield from netlink_answers(socket, part)


def netlink_answers(socket: ModuleType, part: int) -> Iterator[str]:
    """Who may join the groups of a part of the kernel, and send to other programs by it."""
    try:
        kernel.socket(c.AF_NETLINK, c.SOCK_RAW, part).close()
    except OSError:
        return
    joined = [("bind", ((0, 1),)), ("setsockopt", (c.SOL_NETLINK, 1, 1)),
              ("setsockopt", (c.SOL_NETLINK, 8, 1)), ("connect", ((1, 0),))]
    for name, arguments in joined:
        with socket.socket(c.AF_NETLINK, c.SOCK_RAW, part) as sock:
            yield f"netlink {part} {name} {arguments} " + failure(getattr(sock, name), *arguments)


def failure(call: Any, *arguments: Any) -> str:
    """The name of its error."""
    try:
        call(*arguments)
    except OSError as error:
        return str(error)
    return ""


def different(model: ModuleType) -> list[str]:
    """The questions that the kernel and a machine's socket answer in different ways."""
    both = zip(answers(kernel), answers(model), strict=True)
    return [f"kernel {one}, model {other}" for one, other in both if one != other]


def as_nobody() -> list[str]:
    """`different`, asked by a process of an ordinary user."""
    reading, writing = os.pipe()
    model = Machine().load("socket")  # before: an ordinary user may not read the library
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writing, json.dumps(different(model)[:40]).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    found: list[str] = json.loads(text)
    return found


def test_a_process_may_set_what_the_kernel_lets_it_set() -> None:
    assert different(Machine().load("socket")) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to end it")
def test_an_ordinary_user_may_set_no_more_than_the_kernel_lets_him() -> None:
    assert as_nobody() == []
