"""The bounds of every option: values and lengths at the edges, on the kernel and on the model.

    option of the table  x  type of socket  x  value (its own bounds, and one beyond; others'; the
    powers of two) or length (around what it takes)  -->  what setting says, and what it then reads

`exhaustive` tries the same few values in several states; this tries many in one.
`python -m tests.against_kernel.bounds` prints what differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bsdsockets.sockets.option import EVERY, Option
from bsdsockets.sockets.option_table import OPTIONS

from .worlds import Kernel, Model, World

MAKE = {
    "t4": "tcp()", "t6": "tcp6()", "u4": "udp()", "u6": "udp6()", "r4": "icmp()", "r6": "icmp6()",
    "x": "ustream()",
}  # fmt: skip
EDGES = [0, 1, 2, 3, 7, 8, 15, 16, 63, 64, 127, 128, 255, 256, 32767, 32768, 65535, 65536]
MOST = 2**31 - 1
UNREAD = {"SO_INCOMING_CPU", "TCP_MAXSEG", "TCP_CONGESTION", "IP_MTU", "IPV6_MTU", "SO_COOKIE",
          "SO_PEERCRED", "TCP_INFO", "SO_BINDTODEVICE", "IP_MSFILTER",
          "MCAST_MSFILTER"}  # fmt: skip
"""Options whose value is the machine's own affair, or depends on what is written over."""
NOT_TRIED = {"SO_ERROR", "TCP_CONGESTION"}


def values(option: Option) -> list[int]:
    """The numbers to set: around the option's own bounds, and where others have theirs."""
    own = {option.low - 1, option.low, option.high, option.high + 1}
    every = {sign * edge for edge in EDGES for sign in (1, -1)} | own | {MOST, -MOST - 1, 4097}
    return sorted(value for value in every if -MOST - 1 <= value <= MOST)


def lengths(option: Option) -> list[int]:
    """The lengths to set: around what an int and the option take."""
    around = {0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16}
    most = {option.most, option.most + 1} if option.most < 1000 else set()
    return sorted(around | most | {option.least - 1, option.least, option.least + 1} - {-1})


def programs() -> Iterator[tuple[str, ...]]:
    """Yield, for each option and type of socket, one program that tries everything on one."""
    for option in OPTIONS.values():
        if option.name in NOT_TRIED:
            continue
        call = f"a.setsockopt({option.level}, {option.number}, "
        size = "8" if option.name in UNREAD else "40"
        read = "None" if option.name in UNREAD or not option.readable else (
            f"a.getsockopt({option.level}, {option.number}, {size})")
        for kind in EVERY.split():
            tried = [f"{call}{value})" for value in values(option)]
            tried += [f"{call}bytes({length}))" for length in lengths(option)]
            lines = [line for each in tried for line in (each, read)]
            reads = [f"a.getsockopt({option.level}, {option.number}, {room})"
                     for room in range(1, 10)] if read != "None" else []
            yield (f"a = {MAKE[kind]}", read, *lines, *reads)


def differences(left: World, right: World) -> Iterator[str]:
    """Yield every line that two worlds answer differently."""
    for program in programs():
        for line, *answers in zip(program, left.run(program), right.run(program), strict=True):
            if answers[0] != answers[1]:
                yield (f"{program[0]}: {line}\n    {left.name}: {answers[0]}\n"
                       f"    {right.name}: {answers[1]}")
                break


def main() -> int:
    """Print the first difference of each option on each type of socket."""
    found = list(differences(Kernel(), Model()))
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{sum(map(len, programs()))} lines, {len(found)} programs differ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
