"""UNIX sockets that are lost: each of their references is a message that nobody can receive.

    a.sendmsg(rights(b)); b.close()        a    b --> b's queue --> b
                                                      lost, and a sees the end

Such sockets lie in one another's queues, or in their own.  The close of any UNIX socket finds
them, as on Linux, which does it a moment later.

May not know: descriptors.

Sources: unix(7), SCM_RIGHTS; Linux ``net/unix/garbage.c``.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .buffers import Record
from .unix import Unix


def lost(passed: list[Any]) -> list[Any]:
    """Those of *passed*, sockets that messages have carried, which nobody can have any more."""
    while True:
        carried = Counter(file for so in passed for queue in queues(so) for record in queue
                          for file in record.control.files)
        rest = [so for so in passed if so.references == carried[so]]
        if len(rest) == len(passed):
            return rest
        passed = rest  # who has another reference can be read, and what it was sent with it


def queues(so: Any) -> Iterator[Any]:
    """What waits at a socket, and at the connections that it has not accepted."""
    yield so.buffer
    for child in so.queue.completed if so.queue is not None else ():
        yield child.buffer


def collect(passed: dict[Any, None]) -> None:
    """Empty the queues of those that are lost, which closes them."""
    for so in [so for so in passed if so.dead]:
        del passed[so]
    found: list[Record] = []
    for so in lost([*passed]):
        for queue in queues(so):
            found += queue
            queue.clear()
    for record in found:
        Unix.give_back(record)
        for file in record.control.files:
            file.drop()
