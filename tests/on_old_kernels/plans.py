"""What each guest is asked: the modules it loads and the programs it runs.

The programs are those the pages of the families show, unchanged.
"""

from __future__ import annotations

from pathlib import Path

from tests.on_old_kernels.guests import ROOT, Plan, Program

FAMILIES = ROOT / "docs" / "reference" / "families"
TYPES = ROOT / "docs" / "reference" / "types"
DATA = ROOT / "docs" / "reference" / "data"


def _program(name: str, background: bool = False) -> Program:
    folder = FAMILIES if (FAMILIES / f"{name}.py").exists() else TYPES
    return Program(name, (f"{name}.py",), str(folder), background=background)


def _page(path: Path) -> Program:
    command = (str(ROOT / "conf" / "examples"), str(path))
    return Program(f"{path.parent.name}/{path.name}", command, str(ROOT))


_PAGES = tuple(_page(path) for folder in (FAMILIES, TYPES) for path in sorted(folder.glob("*.md")))
"""Their examples hold on a kernel with the family and on one without."""

_FOR_QEMU = ("ax25.md", "rdm.md")
"""An emulated processor is slow: only pages whose subject is this kernel's, or may differ there."""

DETAILS = Path(__file__).parent / "details"


def _detail(name: str) -> Program:
    return Program(f"details/{name}", (f"{name}.py",), str(DETAILS))


def _random(family: str, calls: int, seed: int) -> Program:
    """Random programs about a family, on the guest's kernel and on the model in the guest."""
    command = ("random_calls.py", family, str(calls), str(seed))
    return Program(f"random/{family}", command, str(Path(__file__).parent), limit=90)


_SOCKADDR = Program("with_sockaddr", ("with_sockaddr.py",), str(Path(__file__).parent))
_EVERYWHERE = (
    _program("appletalk_ddp"),
    _program("atmpvc_send"),
    _program("tipc_rdm"),
    _SOCKADDR,
)
_MODULES = ("ipv6", "sctp", "appletalk", "atm", "adummy", "tipc", "tun", "veth")

PLANS = (
    Plan(
        "user-mode-linux",
        (*_MODULES, "x25"),
        (
            _random("x25", 4000, 1),  # first: it is its own cable
            _program("x25_cable", background=True),
            _program("x25_call"),
            _program("x25_options"),
            *_EVERYWHERE,
            *_PAGES,
            _random("tipc", 2000, 2),
            _random("appletalk", 2000, 1),
            _random("atmpvc", 2000, 1),
            *map(_detail, ("appletalk", "atmpvc", "tipc", "x25")),  # last: they leave addresses
        ),
        "6.1-uml",
    ),
    Plan(
        "qemu",
        (*_MODULES, "ax25", "bpqether"),
        (
            _program("ax25_ports"),
            _program("ax25_connect"),
            _program("ax25_frames"),
            *_EVERYWHERE,
            *(page for page in _PAGES if page.name.endswith(_FOR_QEMU)),
            _detail("ax25"),
            _random("ax25", 300, 3),  # last: it makes the timers short
        ),
        "6.1",
    ),
)

INTERFACES = ("x25_cable", "ax25_ports")
"""The programs that make interfaces, and only say so."""

FLOWS = (
    "x25_call",
    "x25_options",
    "ax25_connect",
    "ax25_frames",
    "atmpvc_send",
    "appletalk_ddp",
    "tipc_rdm",
)
"""The programs whose every line is the result of a call; flows.json has the answers."""
