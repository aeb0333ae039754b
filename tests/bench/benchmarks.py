"""What is measured: each function does its work `count` times in one world.

A function returns what it has to clean up nothing; the time of the whole call counts, so that
the set-up is small beside the work.  `BENCHMARKS` names them in the order of the page.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .worlds import World

MESSAGE = b"x" * 64
BULK = b"x" * 65536


def connected(world: World) -> tuple[Any, Any]:
    """Return the two ends of a TCP connection."""
    with world.socket.create_server(("127.0.0.1", 0)) as listener:
        client = world.socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


def echo(left: Any, right: Any, count: int) -> float:
    """Send a message and its echo, both ends in one thread; return the seconds it took."""
    began = time.perf_counter()
    for _ in range(count):
        left.send(MESSAGE)
        right.send(right.recv(64))
        left.recv(64)
    return time.perf_counter() - began


def tcp_echo(world: World, count: int) -> float:
    """64 bytes there and back over TCP, one thread."""
    left, right = connected(world)
    with left, right:
        return echo(left, right, count)


def udp_echo(world: World, count: int) -> float:
    """64 bytes there and back over connected UDP, one thread."""
    left, right = (world.socket.socket(type=world.socket.SOCK_DGRAM) for _ in range(2))
    with left, right:
        left.bind(("127.0.0.1", 0))
        right.bind(("127.0.0.1", 0))
        left.connect(right.getsockname())
        right.connect(left.getsockname())
        return echo(left, right, count)


def pair_echo(world: World, count: int) -> float:
    """64 bytes there and back over a socketpair, one thread."""
    left, right = world.socket.socketpair()
    with left, right:
        return echo(left, right, count)


def two_threads(world: World, count: int) -> float:
    """64 bytes there and back over TCP, the server in a thread of its own."""
    left, right = connected(world)

    def serve() -> None:
        with right:
            while data := right.recv(64):
                right.send(data)

    server = world.threading.Thread(target=serve)
    server.start()
    with left:
        began = time.perf_counter()
        for _ in range(count):
            left.send(MESSAGE)
            left.recv(64)
        taken = time.perf_counter() - began
    server.join()
    return taken


def asyncio_streams(world: World, count: int) -> float:
    """64 bytes there and back through asyncio's streams."""
    asyncio = world.asyncio

    async def serve(reader: Any, writer: Any) -> None:
        while data := await reader.read(64):
            writer.write(data)
        writer.close()

    async def main() -> float:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            began = time.perf_counter()
            for _ in range(count):
                writer.write(MESSAGE)
                await reader.read(64)
            taken = time.perf_counter() - began
            writer.close()
            await writer.wait_closed()
            return taken

    return asyncio.run(main())


def connections(world: World, count: int) -> float:
    """Connect, accept, close both ends."""
    with world.socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        began = time.perf_counter()
        for _ in range(count):
            with world.socket.socket() as client:
                client.connect(address)
                listener.accept()[0].close()
        return time.perf_counter() - began


def bulk(world: World, count: int) -> float:
    """64 KiB over TCP, sent and received whole, one thread."""
    left, right = connected(world)
    with left, right:
        began = time.perf_counter()
        for _ in range(count):
            left.sendall(BULK)
            missing = len(BULK)
            while missing:
                missing -= len(right.recv(missing))
        return time.perf_counter() - began


@dataclass(frozen=True)
class Benchmark:
    """One benchmark: how many times a round, and the ratio to the kernel's rate it must reach."""

    name: str
    run: Callable[[World, int], float]
    count: int
    aim: float


BENCHMARKS = (
    Benchmark("TCP echo, one thread", tcp_echo, 5000, 1.2),
    Benchmark("UDP echo, one thread", udp_echo, 5000, 1.0),
    Benchmark("socketpair echo, one thread", pair_echo, 10000, 0.6),
    Benchmark("TCP echo, two threads", two_threads, 3000, 0.6),
    Benchmark("asyncio streams echo", asyncio_streams, 2000, 0.7),
    Benchmark("connect, accept, close", connections, 1500, 1.0),
    Benchmark("64 KiB over TCP", bulk, 2000, 1.5),
)
