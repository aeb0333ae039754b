"""Where received data waits: bytes without boundaries, or records with them.

    StreamBuffer   [ abc ][ defgh ]...   take(4) == b"abcd": the seams do not show
    RecordQueue    [ Record ][ Record ]  one is taken at a time

May not know: protocols.

Sources: Linux 6.18 as observed by SO_MEMINFO: the costs are those of its allocator on a
machine with pages of 4096 bytes.
"""

from collections import deque
from functools import lru_cache
from typing import Any, NamedTuple

SMALL, SOCKET_BUFFER, SHARED = 576, 256, 320  # bytes: the least head, and what goes with one
LINEAR = 16064  # bytes from which on the data is in pages


@lru_cache(maxsize=1024)
def packet_cost(size: int, head: int) -> int:
    """What a packet with *size* bytes of data and *head* of headers costs its receiver.

    >>> [packet_cost(size, 59) for size in (1, 197, 198, 1670, 16004, 16005)]
    [832, 832, 1280, 4352, 16640, 16837]
    """
    if size + head >= LINEAR:
        return SMALL + SOCKET_BUFFER + size
    room = SMALL
    while room < size + head + SHARED:
        room = 1024 if room == SMALL else 2 * room
    return room + SOCKET_BUFFER


class StreamBuffer:
    """Bytes in order, oldest first.

    >>> buffer = StreamBuffer()
    >>> buffer.append(b"abc"); buffer.append(b"defgh")
    >>> buffer.take(4), buffer.peek(9), len(buffer)
    (b'abcd', b'efgh', 4)
    """

    __slots__ = ("chunks", "length", "offset", "whole")

    def __init__(self) -> None:
        self.chunks: deque[bytes | memoryview] = deque()
        self.offset = 0  # bytes of the first chunk that are gone
        self.length = 0
        self.whole = b""  # all of it, where that is at hand in one piece

    def __len__(self) -> int:
        return self.length

    def append(self, data: bytes | memoryview) -> None:
        self.chunks.append(data)
        self.length += len(data)

    def join(self, data: bytes | memoryview) -> None:
        """Append *data* to the last chunk, with which it shares memory."""
        self.chunks[-1] = b"".join((self.chunks[-1], data))
        self.length += len(data)

    def take(self, count: int) -> bytes:
        """Remove and return up to *count* bytes."""
        chunks = self.chunks
        if self.length <= count and not self.offset:
            if len(chunks) == 1:
                self.length, self.whole = 0, b""
                return bytes(chunks.popleft())
            data = self.whole if len(self.whole) == self.length else b"".join(chunks)
            self.clear()
            return data
        data = self.peek(count)
        self.drop(len(data))
        return data

    def peek(self, count: int, skip: int = 0) -> bytes:
        """Return up to *count* bytes after the first *skip*, and keep them."""
        parts = []
        skip += self.offset
        for chunk in self.chunks:
            if count <= 0:
                break
            if skip >= len(chunk):
                skip -= len(chunk)
                continue
            part = chunk[skip:skip + count] if skip or count < len(chunk) else chunk
            parts.append(part)
            count -= len(part)
            skip = 0
        return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)

    def drop(self, count: int) -> None:
        """Remove up to *count* bytes."""
        self.whole = b""
        count = min(count, self.length)
        self.length -= count
        count += self.offset
        while self.chunks and count >= len(self.chunks[0]):
            count -= len(self.chunks.popleft())
        self.offset = count

    def clear(self) -> None:
        self.chunks.clear()
        self.offset = self.length = 0
        self.whole = b""

    def check(self) -> None:
        """The length is that of the chunks without what is gone."""
        assert self.length == sum(map(len, self.chunks)) - self.offset >= 0


class Record(NamedTuple):
    """A message with its boundaries: data, sender, what is beside it, and its cost in memory.

    *arrived* is when it came, where the receiver had asked for that; *peeked*, that an empty
    one has been seen; *drops*, how many were lost before it.
    """

    data: bytes
    address: Any = None
    control: Any = ()
    cost: int = 0
    origin: Any = None
    arrived: float | None = None
    peeked: bool = False
    drops: int = 0


def look(records: deque[Record], offset: int) -> tuple[Record | None, int]:
    """The record that MSG_PEEK shows with SO_PEEK_OFF at *offset*, and how far into it.

    >>> queue = deque([Record(b"abc"), Record(b"defgh")])
    >>> look(queue, 4)[0].data, look(queue, 4)[1], look(queue, 8)
    (b'defgh', 1, (None, 0))
    """
    for at, record in enumerate(records):
        size = len(record.data)
        if offset >= size and (offset > 0 or record.peeked):
            offset -= size
            continue
        if not size:
            records[at] = record._replace(peeked=True)
        return record, max(offset, 0)
    return None, 0


class RecordQueue:
    """Records in order, oldest first; `cost` is the memory all of them take, in bytes."""

    __slots__ = ("cost", "records")

    def __init__(self) -> None:
        self.records: deque[Record] = deque()
        self.cost = 0

    def __len__(self) -> int:
        return len(self.records)

    def append(self, record: Record) -> None:
        self.records.append(record)
        self.cost += record.cost

    def take(self) -> Record:
        record = self.records.popleft()
        self.cost -= record.cost
        return record

    def put_back(self, record: Record) -> None:
        self.records.appendleft(record)
        self.cost += record.cost
