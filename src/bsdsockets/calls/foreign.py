"""Descriptors of the host among those that select, poll and epoll look at.

    pipe, file, real socket  --ready-->  the host's own poll, asked again and again

May not know: the files of the model.

Sources: POSIX.1-2024 poll().
"""

import os
import select
import stat
from typing import Any

from ..machine.descriptors import identity


class Foreign:
    """A descriptor of the host: a file, a pipe, a real socket."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.identity = identity(number)
        self.references = 1  # when the host closes it, its poll says so
        self.waiters: list[Any] = []

    def ready(self) -> int:
        """What the host's poll says: a mask of events, POLLNVAL if it names nothing any more."""
        poll = select.poll()
        poll.register(self.number, 0x3FFF)
        return poll.poll(0)[0][1] if poll.poll(0) else 0


def is_same(one: Any, other: Any) -> bool:
    """True if two looked at the same open file of the host, and no number was used again."""
    return one.identity == other.identity


def can_poll(number: int) -> bool:
    """False for a file, a directory and whatever else epoll does not take, as always ready."""
    if hasattr(select, "epoll"):
        with select.epoll() as epoll:
            try:
                epoll.register(number)
            except PermissionError:
                return False
        return True
    mode = os.fstat(number).st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
