"""Ten thousand open connections: what one costs in memory, and what they cost a call.

`python -m tests.bench.many` opens them on the model; each connection has two ends.
"""

from __future__ import annotations

import resource
import tracemalloc
from typing import Any

from .benchmarks import echo
from .worlds import World, model

MANY = 10_000
FEW = 10
ROUNDS = 7
COUNT = 2000


def allow_descriptors(number: int) -> int:
    """Raise the limit of open descriptors as far as it goes; return how many are allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= number:
        return soft
    soft = number if hard == resource.RLIM_INFINITY else min(number, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def open_connections(world: World, number: int) -> list[tuple[Any, Any]]:
    """Return so many connections to one listener."""
    ends = []
    with world.socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        for _ in range(number):
            client = world.socket.create_connection(listener.getsockname())
            ends.append((client, listener.accept()[0]))
    return ends


def close_all(ends: list[tuple[Any, Any]]) -> None:
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


def slowdown(world: World, number: int = MANY) -> float:
    """Return how much longer an echo takes when so many connections are open instead of ten."""
    few = open_connections(world, FEW)
    alone = min(echo(*few[-1], COUNT) for _ in range(ROUNDS))
    more = open_connections(world, number - FEW)
    together = min(echo(*more[-1], COUNT) for _ in range(ROUNDS))
    close_all(few + more)
    return together / alone


def main() -> None:
    """Print both figures."""
    number = min(MANY, (allow_descriptors(2 * MANY + 200) - 200) // 2)
    print(f"{number} connections: {memory(model(), number):.0f} bytes each")
    print(f"an echo takes {slowdown(model(), number):.2f} times as long as with {FEW}")


if __name__ == "__main__":
    main()
