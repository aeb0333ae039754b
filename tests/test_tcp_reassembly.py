"""Segments that come in another order than they were sent: RFC 9293 3.10.7.4, RFC 5681 3.2."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bsdsockets import Machine
from bsdsockets.machine.events import PacketSent
from bsdsockets.network.packets import ACK, Packet

PIECES = [bytes([letter]) * 100 for letter in b"abcdefgh"]


class Wire:
    """A connection whose segments with data a fault may delay or lose, and what was sent."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.sent = machine, []
        self.socket, self.time = machine.load("socket"), machine.load("time")
        machine.observe(self._seen)
        server = self.socket.create_server(("127.0.0.1", 0))
        self.client = self.socket.create_connection(server.getsockname())
        self.connection, _ = server.accept()
        server.close()
        self.client.setsockopt(self.socket.IPPROTO_TCP, self.socket.TCP_NODELAY, 1)
        self.sent.clear()

    def _seen(self, event: Any) -> None:
        if isinstance(event, PacketSent):
            self.sent.append(event.packet.payload)

    def disturb(self, delay_of: Callable[[int], float | None]) -> None:
        """Let the link ask *delay_of* about each segment with data, by its number."""
        numbers = iter(range(10**6))

        def fault(packet: Packet) -> float | None:
            return delay_of(next(numbers)) if packet.payload.data else 0.0

        self.machine.node.loopback.fault = fault

    def acknowledgements(self) -> list[int]:
        """How many bytes each segment without data acknowledged."""
        first = next(s for s in self.sent if s.data).sequence
        return [s.acknowledgement - first for s in self.sent if s.flags == ACK and not s.data]

    def times_sent(self, piece: bytes) -> int:
        return sum(s.data.startswith(piece) for s in self.sent)


@contextmanager
def wire(seed: int = 0) -> Iterator[Wire]:
    machine = Machine(seed=seed)
    made = Wire(machine)
    try:
        yield made
    finally:
        made.client.close()
        made.connection.close()
        machine.close()


def everything(connection: Any, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += connection.recv(count - len(data))
    return data


def test_a_segment_that_overtakes_another_waits_for_it() -> None:
    with wire() as it:
        it.disturb(lambda number: 0.01 if number == 0 else 0.0)
        for piece in PIECES[:3]:
            it.client.send(piece)
        it.connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            it.connection.recv(1000)
        it.time.sleep(0.02)
        assert it.connection.recv(1000) == b"".join(PIECES[:3])


def test_each_segment_from_beyond_a_gap_is_answered_with_what_is_missing() -> None:
    with wire() as it:
        it.disturb(lambda number: 0.01 if number == 1 else 0.0)
        for piece in PIECES[:4]:
            it.client.send(piece)
        it.time.sleep(0.02)
        assert it.acknowledgements() == [100, 100, 100, 400]


def test_a_gap_that_two_segments_leave_is_filled_one_after_the_other() -> None:
    with wire() as it:
        it.disturb(lambda number: {0: 0.01, 2: 0.02}.get(number, 0.0))
        for piece in PIECES[:4]:
            it.client.send(piece)
        it.time.sleep(0.03)
        assert it.acknowledgements() == [0, 0, 200, 400]
        assert everything(it.connection, 400) == b"".join(PIECES[:4])


def test_after_three_duplicate_acknowledgements_the_segment_is_sent_again_at_once() -> None:
    with wire() as it:
        it.disturb(lambda number: None if number == 1 else 0.0)
        began = it.time.monotonic()
        for piece in PIECES[:5]:
            it.client.send(piece)
        assert everything(it.connection, 500) == b"".join(PIECES[:5])
        assert it.time.monotonic() - began < 0.1  # and not after the timeout
        assert [it.times_sent(piece) for piece in PIECES[:5]] == [1, 2, 1, 1, 1]


def test_after_two_it_is_sent_again_when_its_time_is_over() -> None:
    with wire() as it:
        it.disturb(lambda number: None if number == 1 else 0.0)
        began = it.time.monotonic()
        for piece in PIECES[:4]:
            it.client.send(piece)
        assert everything(it.connection, 400) == b"".join(PIECES[:4])
        assert it.time.monotonic() - began >= 0.2


def test_a_fin_from_beyond_a_gap_ends_the_stream_after_what_is_missing() -> None:
    with wire() as it:
        it.disturb(lambda number: 0.01 if number == 0 else 0.0)
        it.client.send(PIECES[0])
        it.client.send(PIECES[1])
        it.client.shutdown(it.socket.SHUT_WR)
        assert everything(it.connection, 200) == PIECES[0] + PIECES[1]
        assert it.connection.recv(1) == b""
        it.connection.send(b"and back")
        assert it.client.recv(100) == b"and back"


def test_the_urgent_byte_from_beyond_a_gap_can_be_read_at_once() -> None:
    with wire() as it:
        it.disturb(lambda number: 0.01 if number == 0 else 0.0)
        it.client.send(b"late")
        it.client.send(b"!", it.socket.MSG_OOB)
        assert it.connection.recv(1, it.socket.MSG_OOB) == b"!"
        assert it.connection.recv(10) == b"late"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_lost_and_delayed_the_stream_is_whole_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    with wire(seed) as it:
        delays = (0.0, 0.0, 0.0, 0.001, 0.01, 0.3, None)
        it.disturb(lambda number: chance.choice(delays) if number < 60 else 0.0)
        threading, received = it.machine.load("threading"), []
        data = bytes(chance.randrange(256) for _ in range(5000))
        reader = threading.Thread(
            target=lambda: received.append(everything(it.connection, len(data))))
        reader.start()
        for at in range(0, len(data), 125):
            it.client.send(data[at:at + 125])
        reader.join()
        assert received == [data]
        it.client.shutdown(it.socket.SHUT_WR)
        assert it.connection.recv(1) == b""
