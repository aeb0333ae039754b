"""Each fault does what its sentence says, the same each time, and nothing once it is off."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import pytest

from bsdsockets import Deadlock, Machine, faults
from bsdsockets.machine.events import PacketLost, PacketSent

MESSAGE = b"hello, world"
KINDS = ["AF_UNIX", "AF_INET"]


@pytest.fixture
def on() -> Iterator[Callable[..., Any]]:
    """Give a function that makes a machine with faults and returns its modules."""
    made: list[Machine] = []

    def make(*names: Any, seed: int = 0) -> Machine:
        made.append(Machine(seed, faults=names))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


def pair(machine: Machine, kind: str = "AF_INET") -> tuple[Any, Any]:
    """Return two ends of a stream."""
    socket = machine.load("socket")
    if kind == "AF_UNIX":
        return socket.socketpair()  # type: ignore[no-any-return]
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        try:
            return client, server.accept()[0]
        except OSError:
            client.close()
            raise


def bound(machine: Machine) -> tuple[Any, Any]:
    """Return two UDP sockets, the first connected to the second, which never waits."""
    socket = machine.load("socket")
    sender, receiver = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
    receiver.bind(("127.0.0.1", 0))
    receiver.setblocking(False)
    sender.connect(receiver.getsockname())
    return sender, receiver


def arrivals(machine: Machine, count: int = 12) -> list[int]:
    """Send so many numbered datagrams and return those that came, in order."""
    sender, receiver = bound(machine)
    for number in range(count):
        sender.send(bytes([number]))
    machine.load("time").sleep(1)
    came = []
    with sender, receiver:
        while True:
            try:
                came.append(receiver.recv(9)[0])
            except BlockingIOError:
                return came


@pytest.mark.parametrize("name", faults.FAULTS)
def test_every_fault_says_what_it_does_and_why_a_kernel_may(name: str) -> None:
    fault = faults.FAULTS[name]
    assert fault.label.lower().removeprefix("a ") == name
    assert fault.sentence.endswith(".") and fault.rule.endswith(".") and fault.__doc__
    for field in fields(fault):
        said = " ".join(str(each.__doc__) for each in fault.__mro__ if each is not object)
        assert f"*{field.name}*" in said, f"the docstring names its parameter: *{field.name}*"


def test_the_list_is_plain_data() -> None:
    listed = faults.known()
    assert [each["name"] for each in listed] == list(faults.FAULTS)
    for each in listed:
        texts = {name: str(value) for name, value in each["parameters"].items()}
        fault = faults.FAULTS[each["name"]]
        assert fault.read({name: text.lower() for name, text in texts.items()}) == fault()


@pytest.mark.parametrize(("text", "complaint"), [
    ("bad luck", "no fault is called 'bad luck'; there are short reads, "),
    ("short reads: least=1", "has no parameter 'least'; its parameters are most"),
    ("short reads: most=few", "'few' is no value of most"),
    ("lost datagrams: share=2", "share is above 1"),
    ("slow peer: seconds=-1", "seconds is below 0"),
])  # fmt: skip
def test_an_unknown_name_or_value_is_refused_with_what_there_is(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Machine(faults=[text])


@pytest.mark.parametrize("kind", KINDS)
def test_short_reads_give_a_part_and_then_the_rest(on: Callable[..., Any], kind: str) -> None:
    near, far = pair(on("short reads"), kind)
    with near, far:
        for _ in range(20):
            near.sendall(MESSAGE)
            came = [far.recv(100)]
            assert 1 <= len(came[0]) < len(MESSAGE)
            while sum(map(len, came)) < len(MESSAGE):
                came.append(far.recv(100))
            assert b"".join(came) == MESSAGE


@pytest.mark.parametrize("kind", KINDS)
def test_short_reads_keep_what_was_seen_and_what_was_asked_for(
    on: Callable[..., Any], kind: str
) -> None:
    machine = on("short reads: most=3")
    socket = machine.load("socket")
    near, far = pair(machine, kind)
    with near, far:
        near.sendall(MESSAGE)
        seen = far.recv(100, socket.MSG_PEEK)
        assert len(seen) <= 3 and far.recv(len(seen)) == seen
        assert far.recv(len(MESSAGE) - len(seen), socket.MSG_WAITALL) == MESSAGE[len(seen):]
        near.sendall(b"x")
        near.close()
        assert (far.recv(100), far.recv(100)) == (b"x", b"")


def test_records_and_datagrams_are_read_whole(on: Callable[..., Any]) -> None:
    machine = on("short reads", "short writes", "slow peer")
    socket = machine.load("socket")
    for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        near, far = socket.socketpair(type=kind)
        with near, far:
            assert near.send(MESSAGE) == len(MESSAGE)
            assert far.recv(100) == MESSAGE


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("timeout", [None, 5, 0])
def test_short_writes_take_a_part_and_sendall_all(
    on: Callable[..., Any], kind: str, timeout: float | None
) -> None:
    near, far = pair(on("short writes"), kind)
    with near, far:
        near.settimeout(timeout)
        sent = near.send(MESSAGE)
        assert 1 <= sent < len(MESSAGE)
        assert far.recv(100) == MESSAGE[:sent]
        near.sendall(MESSAGE)
        assert far.recv(100) == MESSAGE


@pytest.mark.parametrize("kind", KINDS)
def test_small_buffers_hold_little_and_lose_nothing(on: Callable[..., Any], kind: str) -> None:
    machine = on("small buffers")
    threading = machine.load("threading")
    near, far = pair(machine, kind)
    with near, far:
        near.setblocking(False)
        left = near.send(bytes(100_000))
        assert left < 10_000
        near.setblocking(True)
        sender = threading.Thread(target=near.sendall, args=[bytes(100_000)])
        sender.start()
        left += 100_000  # who waits for room over AF_UNIX waits for three quarters of the buffer
        while left > 0:
            left -= len(far.recv(4096))
        sender.join()


def test_a_program_that_never_reads_blocks_on_small_buffers(on: Callable[..., Any]) -> None:
    near, far = pair(on("small buffers"))
    with near, far, pytest.raises(Deadlock):
        near.sendall(bytes(10_000))


def test_a_reset_strikes_both_ends_of_one_connection(on: Callable[..., Any]) -> None:
    machine = on("reset: connection=2, after=20")
    pairs = [pair(machine) for _ in range(3)]
    for near, far in pairs:
        near.sendall(MESSAGE)
        assert far.recv(100) == MESSAGE
        far.sendall(MESSAGE)
    for number, (near, far) in enumerate(pairs, 1):
        with near, far:
            assert near.recv(100) == MESSAGE  # what has come is read before the error
            if number == 2:
                for end in near, far:
                    with pytest.raises(ConnectionResetError):
                        end.recv(100)
            else:
                near.sendall(b"on")
                assert far.recv(100) == b"on"


def test_a_reset_is_seen_on_the_wire(on: Callable[..., Any]) -> None:
    machine = on("reset")
    flags: list[str] = []
    machine.observe(lambda event: isinstance(event, PacketSent) and flags.append(
        str(event.packet.payload)))
    near, far = pair(machine)
    with near, far:
        near.send(b"x")
        assert flags[-2:] == ["RST+ACK 0 bytes"] * 2
        assert far.recv(9) == b"x"
        with pytest.raises(ConnectionResetError):
            far.recv(9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_slow_peer_takes_virtual_time_and_sends_in_halves(
    on: Callable[..., Any], kind: str
) -> None:
    machine = on("slow peer: seconds=2")
    threading, time = machine.load("threading"), machine.load("time")
    near, far = pair(machine, kind)
    begun, came = time.monotonic(), []
    with far:
        sender = threading.Thread(target=lambda: (near.sendall(MESSAGE), near.close()))
        sender.start()
        while data := far.recv(100):
            came.append((data, round(time.monotonic() - begun)))
        sender.join()
    assert came == [(MESSAGE[:6], 2), (MESSAGE[6:], 4)]


def test_a_slow_network_delays_every_packet(on: Callable[..., Any]) -> None:
    machine = on("slow network: seconds=1")
    time = machine.load("time")
    begun = time.monotonic()
    near, far = pair(machine)
    with near, far:
        assert 2 <= time.monotonic() - begun < 4
        near.send(MESSAGE)
        assert far.recv(100) == MESSAGE
        assert time.monotonic() - begun >= 3


def test_lost_datagrams_include_the_first(on: Callable[..., Any]) -> None:
    machine, lost = on("lost datagrams"), []
    machine.observe(lambda event: isinstance(event, PacketLost) and lost.append(event))
    came = arrivals(machine)
    assert 0 not in came and came == sorted(set(came))
    assert len(came) + len(lost) == 12
    assert arrivals(on("lost datagrams: share=0")) == list(range(1, 12))
    assert arrivals(on("lost datagrams: share=1")) == []


def test_reordered_datagrams_all_arrive_and_the_first_is_overtaken(on: Callable[..., Any]) -> None:
    came = arrivals(on("reordered datagrams"))
    assert sorted(came) == list(range(12))
    assert came[0] != 0


def test_duplicated_datagrams_arrive_twice_beginning_with_the_first(
    on: Callable[..., Any],
) -> None:
    came = arrivals(on("duplicated datagrams"))
    assert came[:2] == [0, 0] and len(came) > 12 and set(came) == set(range(12))


def test_datagrams_of_unix_sockets_are_neither_lost_nor_doubled(on: Callable[..., Any]) -> None:
    machine = on("lost datagrams", "reordered datagrams", "duplicated datagrams")
    socket = machine.load("socket")
    near, far = socket.socketpair(type=socket.SOCK_DGRAM)
    with near, far:
        for number in range(5):
            near.send(bytes([number]))
        assert [far.recv(9)[0] for _ in range(5)] == list(range(5))


def test_a_stranger_is_first_in_the_queue_and_says_nothing(on: Callable[..., Any]) -> None:
    for fault, family in (("second client", "AF_INET"), ("second client", "AF_INET6")):
        socket = (machine := on(fault)).load("socket")
        host = "0.0.0.0" if family == "AF_INET" else "::"
        with socket.create_server((host, 0), family=getattr(socket, family)) as server:
            stranger, peer = server.accept()
            with stranger:
                stranger.settimeout(60)
                with pytest.raises(TimeoutError):
                    stranger.recv(9)
                assert peer[1] > 0
            near, far = socket.socketpair()
            near.close()
            far.close()
        assert not machine.descriptors


def test_a_stranger_comes_to_a_unix_server_too_and_may_leave(
    on: Callable[..., Any], tmp_path: Any
) -> None:
    socket = on("second client: leaves=yes").load("socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        server.listen(5)  # again: nobody else comes
        with server.accept()[0] as stranger:
            assert stranger.recv(9) == b""
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_accept_finds_no_descriptor_and_then_one(on: Callable[..., Any]) -> None:
    socket = on("descriptors used up: times=2").load("socket")
    server = socket.create_server(("127.0.0.1", 0))
    with server, socket.create_connection(server.getsockname()):
        for _ in range(2):
            with pytest.raises(OSError) as raised:
                server.accept()
            assert raised.value.errno == errno.EMFILE
        server.accept()[0].close()


def test_another_schedule_lets_threads_run_in_another_order(on: Callable[..., Any]) -> None:
    def order(*names: str) -> list[int]:
        machine = on(*names)
        threading, ended = machine.load("threading"), []
        gate = threading.Barrier(8)
        threads = [threading.Thread(target=lambda n=number: (gate.wait(), ended.append(n)))
                   for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return ended

    assert order("another schedule") == order("another schedule") != order()
    assert order("another schedule") != order("another schedule: seed=2")


def test_the_same_seed_gives_the_same_faults_and_another_seed_others(
    on: Callable[..., Any],
) -> None:
    assert arrivals(on("lost datagrams")) == arrivals(on("lost datagrams"))
    assert arrivals(on("lost datagrams")) != arrivals(on("lost datagrams", seed=5))


def test_faults_add_up_and_end_each_by_itself(on: Callable[..., Any]) -> None:
    machine = on()
    ends = [machine.fault(name) for name in faults.FAULTS]
    with pytest.raises(OSError, match="Too many open files"):
        pair(machine)
    for end in ends:
        end()
    near, far = pair(machine)
    with near, far:
        assert near.send(MESSAGE) == len(MESSAGE) and far.recv(100) == MESSAGE
    assert arrivals(machine) == list(range(12))


def test_a_machine_without_faults_has_nothing_replaced() -> None:
    machine = Machine()
    assert not {"send", "accept", "listen"} & set(vars(machine.kernel))
    assert machine.node.loopback.plain
    machine.close()
