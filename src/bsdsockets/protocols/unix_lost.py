"""Files whose messages nobody receives: they are closed when the call ends.

    a.close()                                  what lay in its queue goes with it
    a.sendmsg(rights(b)); b.close()            a    b --> b's queue --> b
                                                        lost, and a sees the end

UNIX sockets may lie in one another's queues, or in their own.  Those are lost from which a way
leads only to sockets from which a way leads back, if each of their references is such a message.
The close of any UNIX socket finds them, as on Linux, which does it a moment later.  What lies in
their queues goes; its files are closed, the last first, and find their own queues as they are.

May not know: descriptors.

Sources: unix(7), SCM_RIGHTS; Linux ``net/unix/garbage.c`` (each strongly connected component of
the graph of sockets under way), ``delayed_fput``.
"""

from collections.abc import Iterator
from typing import Any

from ..machine.host import Host
from .buffers import Record
from .unix import Unix


def queues(so: Any) -> Iterator[Any]:
    """What waits at a socket, and at the connections that it has not accepted."""
    yield so.buffer
    for child in so.queue.completed if so.queue is not None else ():
        yield child.buffer


def lost(passed: list[Any]) -> list[Any]:
    """Those of *passed*, sockets that messages have carried, that only each other can receive."""
    holders: dict[Any, list[Any]] = {so: [] for so in passed}
    for so in passed:
        for file in (file for queue in queues(so) for each in queue for file in each.control.files):
            if file in holders:
                holders[file].append(so)
    while True:
        among = set(passed)
        rest = [so for so in passed
                if so.references == sum(holder in among for holder in holders[so])]
        if len(rest) == len(passed):
            break
        passed = rest  # who has another reference can be read, and what it was sent with it
    ways: dict[Any, set[Any]] = {so: {so} for so in passed}
    for way in ways.values():
        new = way
        while new:
            new = {holder for so in new for holder in holders[so]} - way
            way |= new
    return [so for so in passed if all(so in ways[other] for other in ways[so])]


def close_left(host: Host) -> None:
    """Close the files that were left over; then empty the queues of those that are lost."""
    while True:
        while host.left_over:
            host.left_over.pop().drop()
        for so in [so for so in host.passed if so.dead]:
            del host.passed[so]
        found: list[Record] = []
        for so in lost([*host.passed]):
            for queue in queues(so):
                found += queue
                queue.clear()
        if not found:
            return
        for record in found:
            Unix.leave(host, record)
