"""Deliberate faults in every layer of the model, and whether the comparison finds them.

`python -m tests.against_kernel.faults` tries each and prints what found it; `name` tries one.
A fault is a function or a table of the model that is replaced while a judge runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from unittest import mock

from bsdsockets.calls import connections, poll
from bsdsockets.face import receiving
from bsdsockets.families import family
from bsdsockets.machine import clock, descriptors, errors, scheduler
from bsdsockets.network import names, node
from bsdsockets.protocols import datagram, tcp_states, unix_stream
from bsdsockets.sockets import socket as layer

from . import exhaustive, features, waiting
from .subjects import SUBJECTS, lines
from .worlds import Kernel, Model


def differs_from_the_record(kind: str) -> bool:
    """Say whether one type of socket, in any state, is not as recorded."""
    model = Model()
    known = {**exhaustive.recorded(), **exhaustive.flat(exhaustive.recorded_states())}
    subject = next(each for each in SUBJECTS if each.name == kind)
    looks = exhaustive.flat(exhaustive.states(model, [subject]))
    if any(known[key] != outcome for key, outcome in looks.items()):
        return True
    return any(known[key] != outcome for key, outcome in _outcomes(model, subject))


def _outcomes(model: Model, subject: Any) -> Iterator[tuple[tuple[str, str, str], str]]:
    for call in exhaustive.calls(subject):
        for state, program in subject.states.items():
            yield (subject.name, call.line, state), exhaustive.situation(model, program, call)


def a_wait_ends_otherwise() -> bool:
    """Say whether a scenario of two threads ends otherwise than on the kernel."""
    kernel, model = Kernel(), Model()
    return any(
        waiting.play(kernel, each) != waiting.play(model, each) for each in waiting.SCENARIOS
    )


def a_feature_differs(name: str) -> bool:
    """Say whether a program about one feature is answered otherwise than by the kernel."""
    program = features.FEATURES[name]
    return Kernel().run(program) != Model().run(program)


def something_is_left_open() -> bool:
    """Say whether a socket that was passed, and that nobody asked for, keeps its name."""
    model = Model()
    passed = "c = udgram(); c.bind(abstract('c')); a, b = pair(SOCK_STREAM)"
    model.run(lines(f"{passed}; a.sendmsg([b'x'], rights(c)); b.recv(9)"))
    return bool(model.left())


@dataclass(frozen=True)
class Fault:
    """A fault: its layer, what is replaced by what, and the judge that has to find it."""

    layer: str
    target: Any
    name: str
    wrong: Any
    judge: Callable[[], bool]


def _on(kind: str) -> Callable[[], bool]:
    return lambda: differs_from_the_record(kind)


def _without(table: dict[Any, Any], key: Any) -> dict[Any, Any]:
    return {each: value for each, value in table.items() if each != key}


def _wrong_errno(number: int) -> Any:
    return _fail(errors.ENOTCONN if number == errors.EPIPE else number)


_fail = errors.fail


FAULTS = {
    "face: control messages are never said to be cut": Fault(
        "face", receiving, "decode_control",
        lambda *a, right=receiving.decode_control: (right(*a)[0], 0), _on("unix stream")),
    "face: files nobody asked for stay open": Fault(
        "face", receiving, "discard", lambda *a: None, something_is_left_open),
    "calls: shutdown takes any number": Fault(
        "calls", connections, "SHUT_RDWR", 99, _on("udp")),
    "calls: epoll does not queue what is ready": Fault(
        "calls", poll.Epoll, "queue", lambda self, entry: None, _on("unix datagram")),
    "sockets: an error is told twice": Fault(
        "sockets", layer.Socket, "take_error", lambda self: self.error, _on("tcp")),
    "sockets: nobody is woken when a direction ends": Fault(
        "sockets", layer.Socket, "shut",
        lambda self, what, mask: setattr(self, "shutdown", self.shutdown | what),
        a_wait_ends_otherwise),
    "families: an unknown type has another error": Fault(
        "families", family, "ESOCKTNOSUPPORT", errors.EPROTONOSUPPORT,
        lambda: a_feature_differs("new sockets")),
    "protocols: a wrong errno": Fault(
        "protocols", unix_stream, "fail", _wrong_errno, _on("unix stream")),
    "protocols: a datagram is not cut": Fault(
        "protocols", datagram, "MSG_TRUNC", 0, _on("udp")),
    "network: the rest of 127.0.0.0/8 is far away": Fault(
        "network", node.Node, "_find_kind",
        lambda self, address, right=node.Node._find_kind:
            "remote" if address == "127.0.0.5" else right(self, address),
        lambda: a_feature_differs("where a datagram came in")),
    "network: ports have no names": Fault(
        "network", names.Resolver, "service_of", staticmethod(lambda *a: None),
        lambda: a_feature_differs("getnameinfo")),
    "machine: a wake-up is lost": Fault(
        "machine", scheduler.Task, "notify", lambda self, mask=0: None, a_wait_ends_otherwise),
    "machine: time does not pass": Fault(
        "machine", clock.Clock, "step", lambda self: False, a_wait_ends_otherwise),
    "machine: closing forgets the file": Fault(
        "machine", descriptors.File, "drop", lambda self: None, _on("unix stream")),
}  # fmt: skip

SHORT = "a handshake that nobody watches takes the short way (tcp_fast)"
UNREACHED = {
    (tcp_states.LISTEN, tcp_states.SYN_COMES): SHORT,
    (tcp_states.SYN_SENT, tcp_states.SYN_ACK_COMES): SHORT,
    (tcp_states.SYN_SENT, tcp_states.SYN_COMES): "no two SYNs cross on loopback",
    (tcp_states.SYN_SENT, tcp_states.CLOSE): "the connection is aborted instead",
    (tcp_states.SYN_RECEIVED, tcp_states.CLOSE): "loopback completes the handshake first",
    (tcp_states.SYN_RECEIVED, tcp_states.FIN_COMES): "loopback completes the handshake first",
    (tcp_states.LISTEN, tcp_states.CLOSE): "the queue is aborted instead",
    (tcp_states.TIME_WAIT, tcp_states.TIMEOUT): "programs end before two minutes have passed",
    (tcp_states.CLOSING, tcp_states.ACK_OF_FIN): "the second FIN stays behind a full window",
    (tcp_states.LAST_ACK, tcp_states.ACK_OF_FIN): "LAST-ACK ends in the same call",
}
"""Rows of the state table that the comparison with the kernel cannot reach, with the reason."""
TRANSITIONS = {
    f"{state}, {event}": (state, event)
    for state, event in tcp_states.TABLE
    if event != tcp_states.ABORT
}


def transition(key: tuple[str, str]) -> Fault:
    """Return the fault of a TCP that does not know one transition."""
    return Fault("protocols", tcp_states, "TABLE", _without(tcp_states.TABLE, key), _on("tcp"))


def found(fault: Fault) -> bool:
    """Say whether the judge finds a fault."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(fault.target, fault.name, fault.wrong))
        try:
            return fault.judge()
        except Exception as error:
            print(f"    {type(error).__name__}: {error}")
            return True


def main() -> int:
    """Try the faults and print which of them are found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", default=[*FAULTS, *TRANSITIONS])
    missed = 0
    for name in parser.parse_args().names:
        key = TRANSITIONS.get(name)
        seen = found(FAULTS[name] if key is None else transition(key))
        expected = key not in UNREACHED
        missed += seen != expected
        print(f"{'found' if seen else 'NOT FOUND'}: {name} {UNREACHED.get(key, '')}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
