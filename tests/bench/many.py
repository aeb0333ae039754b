"""Ten thousand open connections: what one costs in memory, and what they cost a call.

`python -m tests.bench.many` opens them on the model; each connection has two ends.  What they
cost a call is measured on two machines in turn: one with ten connections, one with all of them,
in the processor's time, because nothing there waits.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from .benchmarks import connections, echo
from .worlds import World, model

MANY = 10_000
FEW = 10
ROUNDS = 9
COUNT = 1000

Ends = list[tuple[Any, Any]]


def allow_descriptors(resource: Any, number: int) -> None:
    """Raise the limit of open descriptors by a machine's own ``resource``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


def open_connections(world: World, number: int) -> Ends:
    """Return so many connections to one listener."""
    allow_descriptors(world.resource, 2 * MANY + 200)
    ends = []
    with world.socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        for _ in range(number):
            client = world.socket.create_connection(listener.getsockname())
            ends.append((client, listener.accept()[0]))
    return ends


def close_all(ends: Ends) -> None:
    """Close both ends of every connection."""
    for left, right in ends:
        left.close()
        right.close()


def memory(world: World, number: int = MANY) -> float:
    """Return the bytes that one open connection takes, both its ends."""
    close_all(open_connections(world, FEW))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    ends = open_connections(world, number)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    close_all(ends)
    return taken / number


class Crowd:
    """A machine with so many open connections, all of which an epoll instance watches."""

    def __init__(self, number: int) -> None:
        self.world = model()
        self.ends = open_connections(self.world, number)
        self.epoll = self.world.select.epoll()
        for left, _ in self.ends:
            self.epoll.register(left, self.world.select.EPOLLIN)

    def close(self) -> None:
        """Close everything."""
        self.epoll.close()
        close_all(self.ends)


def echoes(crowd: Crowd) -> None:
    """An echo over one of the connections."""
    echo(*crowd.ends[-1], COUNT)


def one_more(crowd: Crowd) -> None:
    """Connect, accept and close one more."""
    connections(crowd.world, COUNT // 4)


def ready_ones(crowd: Crowd) -> None:
    """Ask epoll for the one connection of all that is ready."""
    left, right = crowd.ends[-1]
    for _ in range(COUNT):
        right.send(b"x")
        assert crowd.epoll.poll() == [(left.fileno(), crowd.world.select.EPOLLIN)]
        left.recv(1)


CALLS: dict[str, Callable[[Crowd], None]] = {
    "echo": echoes, "connect, accept, close": one_more, "send, epoll, recv": ready_ones}


def seconds(call: Callable[[Crowd], None], crowd: Crowd) -> float:
    """Return the processor's time of a call; one thread makes it, and nothing else waits."""
    began = time.process_time()
    call(crowd)
    return time.process_time() - began


def slowdown(call: Callable[[Crowd], None], few: Crowd, many: Crowd) -> float:
    """Return how much longer a call takes among many connections: the median of ratios."""
    ratios = []
    for number in range(ROUNDS):
        times = {crowd: seconds(call, crowd) for crowd in ((few, many)[::1 - number % 2 * 2])}
        ratios.append(times[many] / times[few])
    return statistics.median(ratios)


def measure() -> dict[str, Any]:
    """Return how many connections there were, their bytes, and what they cost each call."""
    size = memory(model())
    few, many = Crowd(FEW), Crowd(MANY)
    slower = {name: round(slowdown(call, few, many), 2) for name, call in CALLS.items()}
    few.close()
    many.close()
    return {"connections": MANY, "few": FEW, "bytes": round(size), "slower": slower}


def show(figures: dict[str, Any]) -> None:
    """Print them."""
    print(f"{figures['connections']} connections: {figures['bytes']} bytes each")
    for name, times in figures["slower"].items():
        print(f"{name}: takes {times:.2f} times as long as with {figures['few']}")


if __name__ == "__main__":
    show(measure())
