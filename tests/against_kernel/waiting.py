"""Calls that wait: one thread waits, another does what ends the waiting, in both worlds.

`python -m tests.against_kernel.waiting` prints the scenarios whose answers differ.

The action begins when the thread waits: the kernel says so in /proc (where it does not, a bounded
time is spent on asking); on the model a new thread runs until it waits.  A wake-up that is lost
shows as a deadlock error on the model.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .subjects import Program, lines
from .worlds import Kernel, Model, Names, World, answers

LIMIT = 30
PATIENCE = 0.5
PAIR = "a, b = pair(SOCK_STREAM)"
SEQ = "a, b = pair(SOCK_SEQPACKET)"
DGRAM = "a, b = pair(SOCK_DGRAM)"
ONE_WAY = "b = udgram(); b.bind('b'); a = udgram(); a.connect('b')"
TCP = (
    "l = tcp(); l.bind(LO); l.listen(8); a = tcp(); a.connect(at(l)); a.connect(at(l)); "
    "b, peer = accept(l)"
)
TCP_FULL = (
    "l = tcp(); l.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096); l.bind(LO); l.listen(8); a = tcp(); "
    "a.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096); a.connect(at(l)); a.connect(at(l)); "
    "b, peer = accept(l); fill(a)"
)
UDP = "b = udp(); b.bind(LO); a = udp(); a.bind(LO); a.connect(at(b)); b.connect(at(a))"
CROWDED = (
    "l = ustream(); l.bind('l'); l.listen(0); c = ustream(); c.connect('l'); a = ustream()"
)
RESET = "b.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0)); b.close()"
DEFERRED = (
    "a = tcp(); a.bind(LO); a.listen(); b = tcp(); a.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, 1)"
)
RCVTIMEO = "a.setsockopt(SOL_SOCKET, SO_RCVTIMEO, struct.pack('ll', 0, 50000))"
SNDTIMEO = "a.setsockopt(SOL_SOCKET, SO_SNDTIMEO, struct.pack('ll', 0, 50000))"
EPOLL = "[(bits(mask)) for _, mask in e.poll()]"


@dataclass(frozen=True)
class Scenario:
    """What stands before, the call that waits (on a blocking `a`), and what ends the waiting."""

    before: Program
    waits: str
    action: Program


def _scenario(before: str, waits: str, action: str) -> Scenario:
    return Scenario(lines(before + "; a.setblocking(True)"), waits, lines(action) if action else ())


def _scenarios() -> list[Scenario]:
    made = []
    for joined in (PAIR, TCP):
        made += [
            (joined, "a.recv(10)", "b.send(b'word')"),
            (joined, "a.recv(10)", "b.close()"),
            (joined, "a.recv(10)", "b.shutdown(SHUT_WR)"),
            (joined, "a.recv(10)", "a.shutdown(SHUT_RD)"),
            (joined, "a.recv(10)", "a.shutdown(SHUT_RDWR)"),
            (joined, "a.recv(10, MSG_PEEK)", "b.send(b'word')"),
            (joined, "a.recv(4, MSG_WAITALL)", "b.send(b'w'); b.send(b'or'); b.send(b'ds')"),
            (joined, "a.recv(10, MSG_WAITALL)", "b.send(b'w'); b.send(b'or'); b.close()"),
            (joined, "receive(a, 10, 64)", "b.send(b'word')"),
            (joined, "a.recv_into(bytearray(10))", "b.send(b'word')"),
            (joined, "poll_for(a, POLLIN)", "b.send(b'word')"),
            (joined, "poll_for(a, POLLIN)", "b.close()"),
            (joined, "poll_for(a, POLLRDHUP)", "b.shutdown(SHUT_WR)"),
            (joined, "poll_for(a, 0)", "a.shutdown(SHUT_WR); b.shutdown(SHUT_WR)"),
            (joined, "len(select.select([a], [], [])[0])", "b.send(b'word')"),
            (f"{joined}; e = watch(a, EPOLLIN)", EPOLL, "b.send(b'word')"),
            (f"{joined}; e = watch(a, EPOLLIN | EPOLLET)", EPOLL, "b.send(b'word')"),
            (f"{joined}; e = watch(a, EPOLLRDHUP)", EPOLL, "b.shutdown(SHUT_WR)"),
            (f"{joined}; e = watch(a, 0)", EPOLL, "e.modify(a, EPOLLOUT)"),
            (f"{joined}; e = select.epoll()", EPOLL, "e.register(a, EPOLLOUT)"),
            (f"{joined}; a.setsockopt(SOL_SOCKET, SO_RCVLOWAT, 4)", "a.recv(10)",
             "b.send(b'w'); b.send(b'ord')"),
            (f"{joined}; {RCVTIMEO}", "a.recv(10)", ""),
            (f"{joined}; b.send(b'w'); {RCVTIMEO}", "a.recv(10, MSG_WAITALL)", ""),
            (joined, "timed(a, 0.05).recv(10)", ""),
            (joined, "timed(a, 30).recv(10)", "b.send(b'word')"),
            (f"{joined}; c = timed(a, 0).dup()", "(c.setblocking(True), a.recv(10))",
             "b.send(b'word')"),
            (joined, "len(select.select([a], [], [], 0.05)[0])", ""),
            (joined, "(a.recv(10), a.recv(10))", "b.send(b'word'); b.close()"),
            (joined, "a.recv(4, MSG_WAITALL)",
             "a.setblocking(False); b.send(b'wo'); b.send(b'rd')"),
        ]  # fmt: skip
    made += [(joined, "a.recv(10)", "a.setblocking(False); a.shutdown(SHUT_RD)")
             for joined in (PAIR, SEQ, DGRAM, UDP)]
    made += [
        (PAIR + "; b.send(b'w')", "a.recv(10, MSG_WAITALL | MSG_PEEK)", ""),
        *[(f"{joined}; a.setsockopt(SOL_SOCKET, SO_RCVTIMEO, struct.pack('ll', -1, 0))",
           "(a.getsockopt(SOL_SOCKET, SO_RCVTIMEO, 16), a.recv(10))", "")
          for joined in (PAIR, TCP)],
        (PAIR + "; b.send(b'w'); a.setsockopt(SOL_SOCKET, SO_RCVLOWAT, 4)",
         "a.recv(10, MSG_PEEK)", ""),
        (TCP, "a.recv(10)", RESET),
        (TCP, "poll_for(a, POLLIN)", RESET),
        (PAIR + "; a.send(b'unread')", "a.recv(10)", "b.close()"),
        (SEQ, "a.recv(10)", "b.send(b'word')"),
        (SEQ, "a.recv(10)", "b.close()"),
        (DGRAM, "a.recv(10)", "b.send(b'word')"),
        (DGRAM, "a.recv(10)", "b.send(b'')"),
        (DGRAM, "a.recv(10)", "a.shutdown(SHUT_RD)"),
        (UDP, "a.recv(10)", "b.send(b'word')"),
        (UDP, "a.recv(10)", "b.send(b'')"),
        (UDP, "a.recvfrom(10)", "b.send(b'word')"),
        (UDP, "a.recv(10)", "a.shutdown(SHUT_RD)"),
        (UDP + "; b.close(); a.send(b'x')", "a.recv(10)", ""),
        ("a = tcp(); a.bind(LO); a.listen()", "a.accept()[1]", "b = tcp(); b.connect(at(a))"),
        ("a = tcp(); a.bind(LO); a.listen()", "a.accept()[1]", "a.shutdown(SHUT_RDWR)"),
        ("a = tcp(); a.bind(LO); a.listen()", "poll_for(a, POLLIN)",
         "b = tcp(); b.connect(at(a))"),
        ("a = tcp(); a.bind(LO); a.listen()", "timed(a, 0.05).accept()", ""),
        (f"{DEFERRED}; b.connect(at(a))", "len(a.accept())", "b.send(b'word')"),
        (f"{DEFERRED}; b.connect(at(a))", "len(a.accept())", ""),
        ("a = ustream(); a.bind('a'); a.listen()", "a.accept()[1]",
         "b = ustream(); b.connect('a')"),
        ("a = ustream(); a.bind('a'); a.listen()", "a.accept()[1]", "a.shutdown(SHUT_RDWR)"),
        ("l = tcp(); l.bind(LO); l.listen(); a = tcp()", "a.connect(at(l))", ""),
        *[(f"{joined}; c = a.dup()", "timed(a, 30).recv(10)", action)
          for joined in (PAIR, TCP)
          for action in ("a.close(); b.send(b'word')", "c.close(); b.send(b'word')",
                         "detached(a); b.close()")],
        (PAIR + "; fill(a); c = a.dup()", "timed(a, 30).sendall(b'x')", "a.close(); drain(b)[1]"),
        (PAIR + "; c = a.dup()", "timed(a, 2).recv(10)", "a.close()"),
        ("l = tcp(); l.bind(LO); l.listen(); a = l; c = a.dup()", "timed(a, 2).accept()[1]",
         "a.close(); d = tcp(); d.connect(at(c))"),  # which poll finds in the descriptor's place
        ("a = tcp()", "a.connect(nobody())", ""),
        ("l = tcp(); l.bind(LO); l.listen(); a = tcp()", "timed(a, 9).connect(at(l))", ""),
        (CROWDED, "a.connect('l')", "d, peer = accept(l)"),
        (CROWDED, "a.connect('l')", "l.close()"),
        (f"{CROWDED}; {SNDTIMEO}", "a.connect('l')", ""),
        (f"{CROWDED}", "timed(a, 0.05).connect('l')", ""),
        (PAIR + "; fill(a)", "a.send(b'x')", "drain(b)[1]"),
        (PAIR + "; fill(a)", "a.send(b'x')", "b.close()"),
        (PAIR + "; fill(a)", "a.send(b'x')", "a.shutdown(SHUT_WR)"),
        (PAIR + "; fill(a)", "a.send(b'x')", "b.shutdown(SHUT_RD)"),
        (PAIR + "; fill(a)", "poll_for(a, POLLOUT)", "drain(b)[1]"),
        (PAIR + "; fill(a); e = watch(a, EPOLLOUT | EPOLLET)", "(e.poll(0), " + EPOLL + ")[1]",
         "drain(b)[1]"),
        (f"{PAIR}; fill(a); {SNDTIMEO}", "a.send(b'x')", ""),
        (PAIR + "; b.setblocking(True)", "a.sendall(b'x' * 1000000)",
         "len(b.recv(1000000, MSG_WAITALL))"),
        (SEQ + "; fill(a)", "a.send(b'x')", "drain(b)[1]"),
        (SEQ + "; fill(a)", "a.send(b'x')", "b.close()"),
        (ONE_WAY + "; fill(a, 1)", "a.send(b'x')", "b.recv(10)"),
        (ONE_WAY + "; fill(a, 1)", "a.send(b'x')", "b.close()"),
        (ONE_WAY + "; fill(a, 1)", "poll_for(a, POLLOUT)", "b.recv(10)"),
        (TCP_FULL, "a.send(b'x')", "drain(b)[1]"),
        (TCP_FULL, "a.send(b'x')", "a.shutdown(SHUT_WR)"),
        (TCP_FULL, "a.send(b'x')", RESET),
        (TCP_FULL, "poll_for(a, POLLOUT)", "drain(b)[1]"),
        (TCP + "; b.setblocking(True)", "a.sendall(b'x' * 5000000)",
         "len(b.recv(5000000, MSG_WAITALL))"),
        ("a = udp(); e = select.epoll()", "[bits(mask) for _, mask in e.poll(0.05)]", ""),
        ("a = tcp(); f = select.epoll(); e = watch(f, EPOLLIN)", EPOLL,
         "f.register(a, EPOLLOUT)"),
    ]  # fmt: skip
    return [_scenario(*each) for each in made]


SCENARIOS = _scenarios()


def is_waiting(thread: threading.Thread) -> bool:
    """Say whether a thread of this process sleeps in the kernel but not for a lock."""
    try:
        where = Path(f"/proc/self/task/{thread.native_id}/wchan").read_text()
    except OSError:
        return False
    return where not in ("", "0") and not where.startswith("futex")


def until_waiting(thread: threading.Thread) -> None:
    """Return when a thread waits in a system call, or has ended, or cannot be seen."""
    until = time.monotonic() + PATIENCE
    while thread.is_alive() and not is_waiting(thread) and time.monotonic() < until:
        os.sched_yield()


def play(world: World, scenario: Scenario) -> tuple[str, tuple[str, ...]]:
    """Play a scenario and return what the waiting call and the actions answered."""
    space, names = world.begin(), Names()
    answer: list[str] = []
    try:
        for line in scenario.before:
            world.do(line, space, names)
        waiter = world.modules.get("threading", threading).Thread(
            target=lambda: answer.append(world.do(scenario.waits, space, names))
        )
        waiter.start()
        if isinstance(world, Kernel):
            until_waiting(waiter)
        elif isinstance(world, Model):
            world.machine.load("time").sleep(0.001)  # comes when the thread waits
        done = tuple(world.do(line, space, names) for line in scenario.action)
        waiter.join()
    finally:
        world.end(space)
    return answer[0], done


def main() -> int:
    """Compare the worlds, scenario by scenario."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel-twice", action="store_true")
    arguments = parser.parse_args()
    left = Kernel()
    right: World = Kernel() if arguments.kernel_twice else Model()
    different = 0
    for scenario in SCENARIOS:
        print(scenario, file=sys.stderr, flush=True)  # read when the next one hangs
        faulthandler.dump_traceback_later(LIMIT, exit=True)
        here, there = answers(play, left, right, scenario)
        if here != there:
            different += 1
            print(*scenario.before, f"thread: {scenario.waits}", *scenario.action, sep="\n    ")
            print(f"  kernel: {here}\n  model:  {there}")
    print(f"{len(SCENARIOS)} scenarios, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
