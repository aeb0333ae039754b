"""The same calls on AF_NETLINK and AF_PACKET sockets of the kernel or of the model.

    python -m tests.test_families.outcomes kernel|model

prints one line for each call: what it is and what came of it.
"""

import errno
import itertools
import select
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bsdsockets import Machine
from tests.against_kernel import private_network

NETLINK, PACKET, ALL, EXPERIMENT = 16, 17, 3, 0x88B5
FRAME = bytes(12) + struct.pack("!H", EXPERIMENT) + b"a frame"
ADDRESSES = {
    NETLINK: ["(0, 0)", "(77, 0)", "(0, 1)", "(4242, 0)", "(0, 0)", "(0,)", "5", "('a', 1)"],
    PACKET: ["('lo', 3)", "('lo', 0x88B5)", "('', 3)", "('nosuch', 3)", "('lo',)", "(1, 3)",
             "('lo', 70000)", "('lo', 3, 0, 0, b'123456789')", "('lo', 0x88B5, 0, 0, bytes(6))",
             "b'x'", "'lo'", "('lo', 3, 'a')"],
}
MADE = {NETLINK: [(2, 0), (3, 0), (3, 2), (2, 4)], PACKET: [(3, 0), (3, ALL), (2, EXPERIMENT),
                                                         (10, ALL), (10, 0)]}
CALLS = [
    "named(s.getsockname())", "s.getpeername()", "s.listen()", "s.accept()", "s.recv(10)",
    "s.recv(10, 1)", "s.recv(10, 2)", "s.send(b'')", "s.send(b'x')", "s.send(FRAME)",
    "s.send(FRAME, 1)", "s.send(bytes(70000))", "s.send(bytes(300000))", "s.shutdown(0)",
    "s.shutdown(2)", "s.shutdown(7)", "s.getsockopt(1, 3)", "s.getsockopt(1, 38)",
    "s.getsockopt(1, 39)", "s.getsockopt(1, 4)", "s.getsockopt(1, 30)", "s.getsockopt(1, 8)",
    "s.setsockopt(1, 6, 1)", "s.getsockopt(1, 6)", "s.setsockopt(1, 99, 1)",
    "s.getsockopt(1, 99)", "s.getsockopt(6, 1)", "s.setsockopt(6, 1, 1)", "s.getsockopt(0, 2)",
    "s.getsockopt(263, 6, 8)", "s.getsockopt(263, 99)", "s.setsockopt(263, 99, 1)",
    "s.getsockopt(263, 10)", "s.getsockopt(263, 23)", "s.setsockopt(263, 23, 1)",
    "s.getsockopt(263, 23)", "s.setsockopt(263, 1, b'short')", "s.setsockopt(263, 8, 1)",
    "s.getsockopt(263, 8)", "s.getsockopt(270, 99)", "s.setsockopt(270, 99, 1)",
    "s.setsockopt(270, 1, 1)", "s.getsockopt(270, 9, 8)", "s.setsockopt(270, 2, 1)",
    "s.getsockopt(270, 9, 8)", "s.setsockopt(270, 1, 0)", "s.setsockopt(270, 1, 99)",
    "s.setsockopt(270, 5, 1)", "s.getsockopt(270, 5)", "s.getsockopt(270, 3)",
    "s.getsockopt(270, 12)", "s.setsockopt(270, 10, 1)", "polled(s)", "named(s.getsockname())",
]


def calls_for(family: int) -> list[str]:
    """Every call, without an address and with each, in pairs where the order matters."""
    addressed = [f"s.{name}({address})" for name, address in itertools.product(
        ("bind", "connect"), ADDRESSES[family])]
    sent = [f"s.sendto({data}, {address})" for data, address in itertools.product(
        ("FRAME", "b''", "b'short'"), ADDRESSES[family])]
    return [*CALLS, *addressed, *sent, "named(s.getsockname())", "s.getpeername()", *CALLS[:12],
            "polled(s)"]


def outcome(call: str, names: dict[str, Any]) -> str:
    """What came of a call: its value, or the name of the error."""
    try:
        value = eval(call, names)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return repr(value)


def main(where: str) -> None:
    if where == "kernel":
        if not private_network.enter():
            sys.exit("no private network")
        sockets: Any = socket
        polling: Any = select
    else:
        machine = Machine()
        sockets, polling = machine.load("socket"), machine.load("select")

    def polled(sock: Any) -> list[int]:
        poll = polling.poll()
        poll.register(sock, 0xFFFF)
        return [events for _, events in poll.poll(0)]

    def named(name: Any) -> Any:
        """A name, with a port id that the kernel chose left out."""
        return ("chosen", name[1]) if name[0] not in (0, 77, 4242, "", "lo") else name

    closer = Closer()
    for family, made in MADE.items():
        for kind, protocol in made:
            number = protocol if family == NETLINK else sockets.htons(protocol)
            for call, state in itertools.product(("", *calls_for(family)), STATES[family]):
                sock = sockets.socket(family, kind, number)
                sock.setblocking(False)
                names = {"s": sock, "FRAME": FRAME, "polled": polled, "named": named}
                before = outcome(state, names) if state else ""
                what = outcome(call, names) if call else before
                print(family, kind, protocol, state, call, what,
                      [outcome(each, names) for each in AFTER])
                closer.close(sock, later=family == PACKET and where == "kernel")
    closer.flush()


class Closer:
    """Closes packet sockets of the kernel many at a time: each waits for every processor."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def close(self, sock: Any, later: bool) -> None:
        if not later:
            sock.close()
            return
        self.waiting.append(sock)
        if len(self.waiting) == 200:
            self.flush()

    def flush(self) -> None:
        with ThreadPoolExecutor(50) as pool:
            for _ in pool.map(lambda sock: sock.close(), self.waiting):
                pass
        self.waiting.clear()


STATES = {NETLINK: ["", "s.bind((0, 0))", "s.bind((4242, 0))", "s.connect((0, 0))",
                    "s.connect((99, 0))", "s.bind((0, 1))", "s.connect((0, 3))"],
          PACKET: ["", "s.bind(('lo', 3))", "s.bind(('lo', 0x88B5))", "s.bind(('', 3))",
                   "s.send(FRAME)", "s.sendto(FRAME, ('lo', 0x88B5))"]}
AFTER = ["named(s.getsockname())", "s.getpeername()", "polled(s)", "s.getsockopt(1, 4)"]

if __name__ == "__main__":
    main(sys.argv[1])
