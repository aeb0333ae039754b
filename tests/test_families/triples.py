"""socket() and socketpair() with every family, type and protocol, on the kernel and on the model.

    python -m tests.test_families.triples [--nobody]

prints each triple that the two answer differently, and how many were asked.  The model has the
profile "as this machine".  Two differences are meant: the families of a kernel that the model has
not got at all, and Multipath TCP, which is IPPROTO_TCP there or nothing.
"""

import itertools
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

from bsdsockets import Machine
from bsdsockets.machine.profile import NUMBERS
from tests.against_kernel.worlds import failure

FAMILIES = (*range(51), -1, 255, 256, 65538)
TYPES = (*range(17), -1)
PROTOCOLS = (-1, 0, 1, 2, 3, 6, 17, 41, 58, 97, 132, 136, 255, 256, 262, 263, 768, 65536, 2**31 - 1)
FLAGS = (0x800, 0x80000, 0x80800, 0x1000, 1 << 30)  # SOCK_NONBLOCK, SOCK_CLOEXEC, both, unknown
FLAGGED = (0, 1, 2, 3, 5, 10, 12)
MPTCP, NOBODY = 262, 65534
SO_TYPE, SO_PROTOCOL, SO_DOMAIN = 3, 38, 39
Triple = tuple[int, int, int]


def triples() -> Iterator[Triple]:
    """Every triple, and types with flags."""
    yield from itertools.product(FAMILIES, TYPES, PROTOCOLS)
    for family, kind, flags in itertools.product(FAMILIES, FLAGGED, FLAGS):
        yield family, kind | flags, 0


def answer(make: Callable[..., Any], triple: Triple) -> str:
    """What a triple makes: domain, type, protocol and flags of each socket; or the error."""
    try:
        made = make(*triple)
    except (OSError, OverflowError) as error:
        return failure(error)
    seen = []
    for sock in made if isinstance(made, tuple) else (made,):
        with sock:
            known = [sock.getsockopt(socket.SOL_SOCKET, option)
                     for option in (SO_DOMAIN, SO_TYPE, SO_PROTOCOL)]
            seen.append((*known, sock.getblocking(), sock.get_inheritable()))
    return str(seen)


def is_meant(triple: Triple, model: str) -> bool:
    """True for a difference that is meant, if the model refuses it as it always does."""
    family, _, protocol = triple
    if family not in NUMBERS.values() and family != -1:  # which is AF_INET in Python
        return model == "EAFNOSUPPORT"
    return protocol == MPTCP and model == "EPROTONOSUPPORT"


def compare(ours: Any) -> Iterator[str]:
    """Yield the triples that are answered differently, and at last how many there were."""
    asked = list(triples())
    for triple, name in itertools.product(asked, ("socket", "socketpair")):
        kernel = answer(getattr(socket, name), triple)
        model = answer(getattr(ours, name), triple)
        if kernel != model and not is_meant(triple, model):
            yield f"{name}{triple}  kernel: {kernel}  model: {model}"
    yield f"{2 * len(asked)} asked"


def main() -> None:
    """Ask as the user who runs this, or as nobody; who may not read Python's files, often."""
    os.seteuid(NOBODY if "--nobody" in sys.argv else os.geteuid())
    machine = Machine(profile="as this machine")
    os.seteuid(os.getuid())
    ours = machine.load("socket")
    os.seteuid(NOBODY if "--nobody" in sys.argv else os.geteuid())
    print(*compare(ours), sep="\n")


if __name__ == "__main__":
    main()
