"""Deadlock, leaked descriptors, and ten thousand connections at once."""

from __future__ import annotations

import errno
import gc
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

import bsdsockets
from bsdsockets.calls import poll
from tests.bench import many

SOURCE = Path(__file__).parents[2] / "src"
WAITS = {
    "accept": "l.accept()",
    "connect": "c.connect(full)",
    "recv": "a.recv(1)",
    "recvfrom": "u.recvfrom(1)",
    "recvmsg": "a.recvmsg(1)",
    "recv_into": "a.recv_into(bytearray(1))",
    "send": "[a.send(bytes(4096)) for _ in range(10000)]",
    "sendall": "a.sendall(bytes(10 ** 8))",
    "select": "select.select([a], [], [])",
    "poll": "p.poll()",
    "epoll": "e.poll()",
    "acquire": "[lock.acquire() for _ in range(2)]",
    "join": "thread.join()",
    "wait": "threading.Event().wait()",
}


@pytest.fixture
def machine() -> bsdsockets.Machine:
    """Return a machine on which nothing has happened."""
    return bsdsockets.Machine(seed=0)


def names(machine: bsdsockets.Machine) -> dict[str, object]:
    """Return the sockets and threads of the waiting calls."""
    socket, select, threading = map(machine.load, ("socket", "select", "threading"))
    a, b = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    receiver = socket.socket(type=socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    crowded = socket.socket(socket.AF_UNIX)
    crowded.bind(b"\0crowded")
    crowded.listen(0)
    first, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    first.connect(b"\0crowded")
    poller, watcher = select.poll(), select.epoll()
    poller.register(a, select.POLLIN)
    watcher.register(a, select.EPOLLIN)
    thread = threading.Thread(target=threading.Event().wait, daemon=True)
    thread.start()
    return {
        "a": a, "b": b, "l": listener, "u": receiver, "c": client, "full": b"\0crowded",
        "crowded": crowded, "first": first, "p": poller, "e": watcher, "thread": thread,
        "lock": threading.Lock(), "threading": threading, "select": select,
    }  # fmt: skip


@pytest.mark.parametrize("call", WAITS)
def test_a_wait_that_nobody_can_end_raises_at_once_and_names_the_call(
    machine: bsdsockets.Machine, call: str
) -> None:
    """Where an operating system would hang, the error says who waits in which call."""
    space = names(machine)
    began = time.monotonic()
    try:
        with pytest.raises(bsdsockets.Deadlock) as raised:
            eval(WAITS[call], space)
    finally:
        for each in space.values():
            if hasattr(each, "fileno"):
                each.close()
    assert time.monotonic() - began < 10
    assert "MainThread" in str(raised.value)
    if call not in ("acquire", "join", "wait"):
        system_call = "recv" if call.startswith("recv") else call.removesuffix("all")
        assert system_call in str(raised.value)


def test_the_sockets_still_work_after_a_deadlock(machine: bsdsockets.Machine) -> None:
    """The error ends the one call; nothing else is lost."""
    a, b = machine.load("socket").socketpair()
    with a, b:
        with pytest.raises(bsdsockets.Deadlock):
            a.recv(1)
        b.send(b"x")
        assert a.recv(1) == b"x"


def test_two_threads_that_wait_for_each_other_are_both_named(machine: bsdsockets.Machine) -> None:
    """The message lists every thread that waits."""
    socket, threading = machine.load("socket"), machine.load("threading")
    a, b = socket.socketpair()
    with a, b:
        other = threading.Thread(target=a.recv, args=(1,), name="the other", daemon=True)
        other.start()
        with pytest.raises(bsdsockets.Deadlock, match="the other") as raised:
            b.recv(1)
        assert "MainThread" in str(raised.value)


def test_a_timeout_is_no_deadlock(machine: bsdsockets.Machine) -> None:
    """Virtual time jumps to it at once."""
    a, b = machine.load("socket").socketpair()
    with a, b:
        a.settimeout(3600)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            a.recv(1)
        assert time.monotonic() - began < 10


def open_descriptors() -> list[str]:
    """Return the process's own descriptors."""
    return os.listdir("/proc/self/fd")


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_closed_sockets_leave_no_descriptor_behind(machine: bsdsockets.Machine) -> None:
    """Neither in the process nor on the machine."""
    before = len(open_descriptors())
    ends = many.open_connections(many.World("model", *map(machine.load, MODULES)), 50)
    assert len(open_descriptors()) > before
    many.close_all(ends)
    assert len(open_descriptors()) == before


MODULES = ("socket", "select", "threading", "asyncio", "resource")


def test_a_socket_that_is_forgotten_warns_and_is_closed(machine: bsdsockets.Machine) -> None:
    """As CPython's own: ResourceWarning, then the peer sees the end."""
    a, b = machine.load("socket").socketpair()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del a
        gc.collect()
    assert [warning.category for warning in caught] == [ResourceWarning]
    with b:
        assert b.recv(1) == b""


def test_descriptors_in_flight_are_closed_with_the_socket_that_holds_them(
    machine: bsdsockets.Machine,
) -> None:
    """A descriptor that was passed and never received does not outlive its queue."""
    socket = machine.load("socket")
    a, b = socket.socketpair()
    c, d = socket.socketpair()
    with d:
        with a, b:
            socket.send_fds(a, [b"x"], [c.fileno()])
            c.close()
            d.send(b"still open")
        with pytest.raises(OSError) as raised:
            d.send(b"x")
        assert raised.value.errno == errno.EPIPE


def test_ten_thousand_connections_are_open_at_once(machine: bsdsockets.Machine) -> None:
    """Each of them works while all are open."""
    ends = many.open_connections(many.World("model", *map(machine.load, MODULES)), many.MANY)
    for left, right in ends[:: many.MANY // 100] + ends[-1:]:
        left.send(b"x")
        assert right.recv(2) == b"x"
    many.close_all(ends)


MANY_SOCKETS = """
import errno, fcntl, os, resource, select, socket
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, hard))
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (2000, hard))
sockets, free = [], open(os.devnull)
try:
    while len(sockets) < 3000:
        if len(sockets) == 1500:
            open(os.devnull).close()  # a file of the host still has room
        sockets.append(socket.socket(type=socket.SOCK_DGRAM))
except OSError as failure:
    print(errno.errorcode[failure.errno], max(each.fileno() for each in sockets))
last = max(sockets, key=socket.socket.fileno)
last.setblocking(False)
print(os.get_blocking(last.fileno()), fcntl.fcntl(last, fcntl.F_GETFL) & os.O_NONBLOCK > 0)
last.set_inheritable(True)
print(last.get_inheritable(), fcntl.fcntl(last, fcntl.F_GETFD))
sockets[5].close()
copy = last.dup()
print(copy.fileno() < 600)
last.bind(("127.0.0.1", 0))
sockets[7].sendto(b"x", last.getsockname())
sockets[6].close()
with select.epoll() as epoll:
    epoll.register(last)
    print(epoll.poll()[0][0] == last.fileno(), os.read(last.fileno(), 9))
number = last.fileno()
os.close(last.detach())
again = [socket.socket(), socket.socket()]
print(number in map(socket.socket.fileno, again))
for each in [*sockets, copy, free, *again]:
    each.close()
"""


def test_a_program_may_have_more_sockets_than_the_host_has_descriptors(tmp_path: Path) -> None:
    """The machine's limit is its own; the numbers beyond the host's are like any other."""
    program = tmp_path / "many.py"
    program.write_text(MANY_SOCKETS)
    done = subprocess.run(
        [sys.executable, "-m", "bsdsockets", "run", str(program)],
        capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (600, 600)),
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "True", "EMFILE 1999", "False True", "True 0", "True", "True b'x'", "True"]


def test_what_a_call_waits_for_is_put_into_words_only_when_somebody_asks(
    machine: bsdsockets.Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten thousand descriptors it would take longer than the call."""
    socket, select, threading = map(machine.load, ("socket", "select", "threading"))
    asked: list[object] = []
    monkeypatch.setattr(poll, "in_words", asked.append)
    a, b = socket.socketpair()
    with a, b, select.epoll() as epoll:
        epoll.register(a, select.EPOLLIN)
        thread = threading.Thread(target=b.send, args=(b"x",))
        thread.start()
        assert epoll.poll() == [(a.fileno(), select.EPOLLIN)]
        assert epoll.poll(0.1) and not asked
        a.recv(1)
        with pytest.raises(bsdsockets.Deadlock):
            epoll.poll()
        assert asked
        thread.join()
