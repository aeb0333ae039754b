"""Random programs about one TCP connection whose two ends both send: who acknowledges when.

    a.send, b.send    b.recv, a.recv    SIOCOUTQ, SIOCOUTQNSD    TCP_QUICKACK, TCP_NODELAY, FIN

Linux acknowledges some of what comes at once, and some with data that goes back or 40 ms later;
Nagle's algorithm waits for that.  The kernel is asked faster than that, and no time passes on the
model.  Half of the programs send tens of kilobytes too: what of them fits into the receiver's
window, which grows, and how that goes on.
"""

from __future__ import annotations

from typing import Any

from .generator import Generator
from .subjects import Program

SHORT = (1, 2, 5, 40, 76, 100, 300, 524)  # bytes, about those from which a segment may be full
LONG = (*SHORT[:4], 127, 128, 535, 536, 1000, 4096, 8192, 20000, 30000)
WINDOW = 60000  # bytes that an end sends: behind a whole window Linux measures how long it took
LISTENERS = (("tcp", "LO"), ("tcp6", "LO6"))


class TalkGenerator(Generator):
    """Chooses the lines of one program: most send and receive."""

    sizes: tuple[int, ...] = SHORT
    left: dict[str, int]

    def opening(self) -> Program:
        make, address = self.random.choice(LISTENERS)
        self.sizes = self.random.choice((SHORT, LONG))
        self.left = dict.fromkeys("ab", WINDOW)
        return (f"l = {make}()", f"l.bind({address})", "l.listen()", f"a = {make}()",
                "a.connect(at(l))", "a.connect(at(l))", "b, peer = accept(l)", "l.close()")

    def line(self, space: Any) -> str:
        """Return a call on one of the two ends."""
        one, size = self.random.choice("ab"), self.random.choice(self.sizes)
        size = size if size <= self.left[one] else 1
        told = self.random.choice(("ioctl({}, 0x5411)", "ioctl({}, 0x894B)", "look({})",
                                   "option({}, IPPROTO_TCP, TCP_QUICKACK, 4)",
                                   "option({}, IPPROTO_TCP, TCP_WINDOW_CLAMP, 4)",
                                   "option({}, IPPROTO_TCP, TCP_MAXSEG, 4)")).format(one)
        value = self.random.choice((0, 1))
        name = self.random.choice(("NODELAY", "QUICKACK", "QUICKACK", "CORK"))
        if self.sizes is LONG and self.random.random() < 0.3:
            return f"len({one}.recv(100000))"
        chosen: str = self.random.choices((
            f"{one}.send(b'z' * {size})", f"{one}.recv({size})", told,
            f"{one}.setsockopt(IPPROTO_TCP, TCP_{name}, {value})",
            f"{one}.recv({size}, MSG_PEEK)", f"{one}.shutdown(SHUT_WR)"),
            (40, 30, 20, 5, 3, 2))[0]
        self.left[one] -= size * (".send" in chosen)
        return chosen
