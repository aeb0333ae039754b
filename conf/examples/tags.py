"""The words that may follow a fence's language, and what each asks of the machine.

    ```pycon os linux root because="AF_PACKET frames are not modelled"

=================  ================================================================================
os model browser   run on these engines only; then ``because="…"`` says why not on the others
linux root …       run only where the condition holds; the page shows it (``CONDITIONS``)
hidden             run, not shown: set-up that would distract
varies             its ``...`` stands for what a machine's settings decide (the addresses of a name,
                   say): each engine is compared with the page, not the one with the other
timeout=20         seconds for each example of the block, instead of the usual limit
because="…"        the reason, shown on the page
skip="…"           never run, and why; shown on the page
=================  ================================================================================

An unknown word is an error that names the page and the line.
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ENGINES = ("os", "model", "browser")
"""The operating system's sockets, our implementation, our implementation in the browser."""


@dataclass(frozen=True)
class Condition:
    """Something an example needs that not every machine has."""

    needs: str
    """What a reader needs, as the end of the sentence "Needs …"."""
    missing: str
    """Why an example was skipped where the condition does not hold."""
    holds: Callable[[], bool]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _knows_services() -> bool:
    try:
        return (socket.getservbyname("http", "tcp"), socket.getprotobyname("tcp")) == (80, 6)
    except OSError:
        return False


def _has_program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _may_bind_port_80() -> bool:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", 80))
    except OSError:
        return False
    return True


def _has_network_namespaces() -> bool:
    tools = shutil.which("unshare") and shutil.which("ip")
    return sys.platform == "linux" and os.geteuid() == 0 and bool(tools)


def _without(family: str) -> Condition:
    """For what a program says on a kernel that lacks the family, which most readers have."""

    def holds() -> bool:
        number: Any = getattr(socket, family, None)
        try:
            socket.socket(number, socket.SOCK_SEQPACKET).close()
        except (OSError, TypeError) as error:
            return getattr(error, "errno", 0) == errno.EAFNOSUPPORT
        return False

    return Condition(f"a kernel without {family}", f"this kernel has {family}", holds)


CONDITIONS = {
    "linux": Condition("Linux", "this is not Linux", lambda: sys.platform == "linux"),
    "unix": Condition("AF_UNIX", "this Python has no AF_UNIX", lambda: hasattr(socket, "AF_UNIX")),
    "root": Condition(
        "root", "the tests do not run as root", lambda: hasattr(os, "geteuid") and os.geteuid() == 0
    ),
    "unprivileged": Condition(
        "a user other than root",
        "the tests run as root",
        lambda: hasattr(os, "geteuid") and os.geteuid() != 0,
    ),
    "ipv6": Condition("IPv6 on loopback", "::1 cannot be bound here", _has_ipv6),
    "port80": Condition(
        "port 80 free and permitted", "port 80 is taken or forbidden here", _may_bind_port_80
    ),
    "netns": Condition(
        "root and network namespaces", "no network namespace can be made", _has_network_namespaces
    ),
    "services": Condition(
        "names of services (/etc/services; on Debian in netbase)",
        "/etc/services or /etc/protocols is missing",
        _knows_services,
    ),
    "curl": Condition("curl", "curl is not installed", _has_program("curl")),
    "chromium": Condition("Chromium", "Chromium is not installed", _has_program("chromium")),
    "python3.12": Condition(
        "Python 3.12 or later",
        "this Python is older than 3.12",
        lambda: sys.version_info >= (3, 12),
    ),
    "python3.13": Condition(
        "Python 3.13 or later",
        "this Python is older than 3.13",
        lambda: sys.version_info >= (3, 13),
    ),
    "without-x25": _without("AF_X25"),
    "without-ax25": _without("AF_AX25"),
    "without-atmpvc": _without("AF_ATMPVC"),
    "without-appletalk": _without("AF_APPLETALK"),
    "without-tipc": _without("AF_TIPC"),
}


class TagError(ValueError):
    """A fence carries a word it may not."""


@dataclass(frozen=True)
class Tags:
    """What a fence's info string says after the language."""

    engines: tuple[str, ...] = ENGINES
    conditions: tuple[str, ...] = ()
    hidden: bool = False
    varies: bool = False
    timeout: float | None = None
    because: str = ""
    skip: str = ""

    def unmet(self, engine: str = "os") -> str:
        """Return why the block cannot run on *engine* here, or an empty string."""
        if self.skip:
            return self.skip
        missing = [
            CONDITIONS[name].missing
            for name in self.conditions
            if not _holds_on(engine, name)
        ]
        return "; ".join(missing)

    def needs(self) -> list[str]:
        """Return what a reader's machine must have, in the words of the page."""
        return [CONDITIONS[name].needs for name in self.conditions]


_OF_THE_MODEL = ("linux", "unix", "ipv6", "services", "python3.12", "python3.13")
"""What holds on a machine of ours: it does what Linux does, whatever it runs on."""


def _holds_on(engine: str, name: str) -> bool:
    """The model's user is the one who runs it; a browser knows no users, and has root."""
    if name == "root":
        return engine == "browser" or _holds(name)
    return _holds(name) if engine == "os" else name in _OF_THE_MODEL


_known_to_hold: dict[str, bool] = {}


def _holds(name: str) -> bool:
    if name not in _known_to_hold:
        _known_to_hold[name] = CONDITIONS[name].holds()
    return _known_to_hold[name]


def forget() -> None:
    """Ask each condition again: this process has become another user."""
    _known_to_hold.clear()


def parse(text: str) -> Tags:
    """Read the words after a fence's language.

    >>> parse('os linux because="no such device in the model"').engines
    ('os',)
    >>> parse("osx")
    Traceback (most recent call last):
    examples.tags.TagError: unknown tag 'osx'; known are os, model, browser, linux, ...
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise TagError(f"tags cannot be read: {error}") from None
    engines, conditions = [], []
    values: dict[str, str] = {}
    flags = dict.fromkeys(("hidden", "varies"), False)
    for word in words:
        key, equals, value = word.partition("=")
        if word in ENGINES:
            engines.append(word)
        elif word in CONDITIONS:
            conditions.append(word)
        elif word in flags:
            flags[word] = True
        elif equals and key in ("timeout", "because", "skip"):
            if not value:
                raise TagError(f"{key}= needs a value")
            values[key] = value
        else:
            known = [*ENGINES, *CONDITIONS, *flags, "timeout=", "because=", "skip="]
            raise TagError(f"unknown tag {word!r}; known are {', '.join(known)}")
    if engines and "because" not in values:
        raise TagError(f'{" ".join(engines)} alone needs because="…": why not on the others?')
    if "because" in values and not engines:
        raise TagError(
            "because= explains why some engine is left out; name the engines that run it"
        )
    return Tags(
        engines=tuple(engines) or ENGINES,
        conditions=tuple(conditions),
        **flags,
        timeout=_seconds(values.get("timeout")),
        because=values.get("because", ""),
        skip=values.get("skip", ""),
    )


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 120:
        raise TagError(f"timeout={text} is not a number of seconds up to 120")
    return seconds
