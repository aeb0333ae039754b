"""Random programs about UNIX sockets that travel through UNIX sockets, and through themselves.

    a.sendmsg([b'x'], rights(b)); b.close()     who lies only in queues that nobody can read is lost

Linux looks for lost sockets when a UNIX socket is closed, and closes them a moment later, in a
thread of its own; `until_collected` waits for that.
"""

from __future__ import annotations

import os
import re
import select
import socket
from typing import Any, ClassVar

from .generator import PATHS, SHUT, Generator
from .subjects import Program
from .worlds import Kernel, Model, Names, World

LIMIT = 10_000  # milliseconds
ROUNDS = 2
"""One for the collector and what it closes, one for what is closed with that."""
ENDS = re.compile(r"\.(close|recv|accept|connect)\(|detached|receive|taken|passed")
"""What may close a socket, and so begin a search for lost ones."""


def until_collected() -> None:
    """Wait until Linux has closed what is lost: a socket of ours, lost later, and its pipe too."""
    for _ in range(ROUNDS):
        reader, writer = os.pipe()
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with one:
            socket.send_fds(one, [b"lost"], [other.fileno(), writer])
            other.close()
            os.close(writer)
        end = select.poll()
        end.register(reader)
        if not end.poll(LIMIT):
            raise TimeoutError("the kernel does not close what is lost")
        os.close(reader)


class Collecting(World):
    """A world in which a UNIX socket is closed, and what is lost, once something has travelled."""

    def collect(self) -> None:
        """Wait until what is lost is closed."""
        until_collected()

    def do(self, line: str, space: dict[str, Any], names: Names) -> str:
        answer = super().do(line, space, names)
        space["travels"] = "rights(" in line or space.get("travels", False)
        if space["travels"] and ENDS.search(line):
            self.collect()
        return answer


class CollectingKernel(Collecting, Kernel):
    """The kernel, which needs time for that."""


class CollectingModel(Collecting, Model):
    """The model, which closes at once what is lost."""

    def collect(self) -> None:
        for each in self.modules["socket"].socketpair():
            each.close()


class RingGenerator(Generator):
    """Chooses the lines of one program: most send sockets, receive them, or close them."""

    def any(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def opening(self) -> Program:
        """Return two or three pairs, a listener and who calls it."""
        kinds = ("SOCK_STREAM", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET")
        lines = [f"a{at}, b{at} = pair({self.any(*kinds)})" for at in range(self.any(2, 2, 3))]
        if self.random.random() < 0.5:
            make = self.any("ustream()", "ustream()", "useq()")
            lines += [f"l0 = {make}", "l0.bind('l')", "l0.listen(8)"]
            lines += [f"c0 = {make}", "c0.connect('l')"] if self.random.random() < 0.7 else []
        return tuple(lines)

    def _rights(self) -> str:
        chosen = [self.any(*self._sockets) for _ in range(self.any(1, 1, 1, 2, 3))]
        return f"rights({', '.join(chosen)})"

    def _about(self, sockets: list[str], space: Any) -> str:
        self._sockets = sockets
        return super()._about(sockets, space)

    def _gives(self, name: str, one: Any, other: str) -> str:
        where = self.any("None", "None", "None", f"at({other})")
        flags = self.any("0", "0", "0", "MSG_OOB") if one.type == 1 else "0"
        return f"{name}.sendmsg([{self.any(*DATA)}], {self._rights()}, {flags}, {where})"

    def _takes(self, name: str, one: Any, other: str) -> str:
        return self.any(f"{self._new()}, peer = taken({name})",
                        f"{self._new()}, peer = first(passed({name}))",
                        f"{self._new()}, peer = first(passed({name}, 2, 1))",
                        f"{self._new()}, peer = first(passed({name}, flags=MSG_PEEK))")

    def _sees(self, name: str, one: Any, other: str) -> str:
        size, room = self.any(0, 1, 2, 5, 100), self.any(0, 0, 16, 20, 24, 64)
        flags = self.any("0", "0", "0", "MSG_PEEK", "MSG_PEEK", "MSG_WAITALL")
        seen = f"receive({name}, {size}, {room}, {flags})"
        return self.any(f"{name}.recv({size}, {flags})", seen, seen)

    def _speaks(self, name: str, one: Any, other: str) -> str:
        return f"{name}.send({self.any(*DATA)})"

    def _meets(self, name: str, one: Any, other: str) -> str:
        make = {1: "ustream()", 2: "udgram()", 5: "useq()"}.get(int(one.type), "udp()")
        path = self.any(*PATHS[:4])
        return self.any(f"{self._new()}, peer = accept({name})", f"{name}.connect({path})",
                        f"{self._new()} = {make}", f"{name}.listen(2)", f"{name}.bind({path})",
                        f"{name}.shutdown({self.any(*SHUT)})", f"unlink({path})",
                        f"{self._new()} = quiet({name}.dup())", f"{name}.connect(at({other}))")

    def _ends(self, name: str, one: Any, other: str) -> str:
        return self.any(f"{name}.close()", f"{name}.close()", f"detached({name})")

    CHOICES: ClassVar = {
        _gives: 24, _takes: 8, _sees: 8, _speaks: 4, _meets: 8, _ends: 14, Generator._look: 12,
        Generator._watch: 1,
    }  # fmt: skip


DATA = ("b'x'", "b'x'", "b'xyz'", "b''", "b'z' * 100")
