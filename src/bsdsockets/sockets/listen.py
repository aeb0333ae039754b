"""The listen queue: connections that have come and are not yet accepted.

listen() gives a socket two queues.  A connection is *incomplete* from the request that
begins it until its handshake ends, then *completed* until accept() takes it::

     request               handshake ends               accept()
    ---------> incomplete ----------------> completed -----------> descriptor

The backlog bounds the completed queue, and Linux keeps one more than it says.  While that
queue is full a request is dropped and the end of a handshake is ignored: the peer sends
both again.  A UNIX connection has no handshake; it is complete when it is made.

May not know: protocols, descriptors.

Sources: POSIX.1-2024 listen() and accept(); Linux listen(2), accept(2), tcp(7).
"""

from collections import deque
from typing import Any


class ListenQueue:
    """The two queues of a listening socket, oldest connection first.

    >>> queue = ListenQueue(backlog=1, maximum=4096)
    >>> queue.completed.extend(["amy", "bob"]); queue.is_full()
    True
    >>> queue.take(), queue.take(), queue.take()
    ('amy', 'bob', None)
    """

    __slots__ = ("backlog", "completed", "incomplete", "maximum")

    def __init__(self, backlog: int, maximum: int) -> None:
        self.maximum = maximum
        self.incomplete: dict[Any, None] = {}
        self.completed: deque[Any] = deque()
        self.set_backlog(backlog)

    def set_backlog(self, backlog: int) -> None:
        """Bound the completed queue; a negative backlog counts as the greatest there is."""
        self.backlog = self.maximum if backlog < 0 else min(backlog, self.maximum)

    def is_full(self) -> bool:
        return len(self.completed) > self.backlog

    def needs_cookie(self) -> bool:
        """True if no more incomplete connections are remembered: a SYN cookie has to do."""
        return len(self.incomplete) > self.backlog

    def take(self) -> Any:
        """Remove and return the oldest completed connection, or None."""
        return self.completed.popleft() if self.completed else None
