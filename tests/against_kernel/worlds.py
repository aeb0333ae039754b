"""A world: one place where a program of socket calls runs, and its results as comparable text.

    program ("a = tcp()", "a.bind(LO)", "a.getsockname()")
        |  each line compiled once, evaluated in the world's own namespace
        v
    results ("ok", "None", "('127.0.0.1', port1)")

What the system chose itself is replaced by a name in the order of appearance: port numbers and
autobind names.  An error is its errno's name; its class and text are checked against the names.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import functools
import os
import re
import select
import socket
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TypeVar

from . import private_network

T = TypeVar("T")

try:
    import bsdsockets
    from bsdsockets.programs.c_library import c_modules
except ImportError:  # the judge can also be proven kernel against kernel
    bsdsockets = None  # type: ignore[assignment]
HAS_MODEL = hasattr(bsdsockets, "Machine")

Program = tuple[str, ...]
WORDS = [Path(__file__).with_name(f"{name}.py") for name in (
    "vocabulary", "link_words", "old_words", "call_words", "wide_words")]
ASSIGNMENT = re.compile(r"([\w, ]+?) = ")
AUTOBOUND = re.compile(rb"\0[0-9a-f]{5}")
ERROR = re.compile(rb"E.{19}\x03", re.DOTALL)
ERROR6 = re.compile(rb"\x01.{7}`", re.DOTALL)
FRAME = re.compile(rb"\0{12}(\x08\0E|\x86\xdd`)")
HEADER = re.compile(rb"E.{8}[\x01\x11\xfd].{10}", re.DOTALL)
CUT = re.compile(rb"E\0\0.{2,16}", re.DOTALL)  # a header of which less than all was asked for
NAMES = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}  # ENOTSUP has the same number
LONG = 80
FIRST_SERVICE = 18888  # of TIPC's
CALLED = (getattr(socket, "AF_AX25", None), getattr(socket, "AF_X25", None))
"""Families whose listeners forget who called and was not taken."""


@functools.lru_cache(maxsize=200_000)
def compiled(line: str) -> tuple[CodeType, tuple[str, ...]]:
    """Return the code of a line and the names it assigns (none for an expression)."""
    found = ASSIGNMENT.match(line)
    if not found:
        return compile(line, "<program>", "eval"), ()
    names = tuple(name.strip() for name in found[1].split(","))
    return compile(line, "<program>", "exec"), names


class Names:
    """The names given in one run to numbers and names the system chose, by first appearance."""

    def __init__(self) -> None:
        self._given: dict[object, str] = {}

    def of(self, chosen: object, kind: str) -> str:
        """Return the name of a chosen thing, the same for the same thing."""
        if chosen not in self._given:
            number = 1 + sum(name.startswith(kind) for name in self._given.values())
            self._given[chosen] = f"{kind}{number}"
        return self._given[chosen]

    def text(self, value: object) -> str:
        """Return a result as text that is equal in two worlds when they agree."""
        if isinstance(value, BaseException):
            return failure(value)
        if isinstance(value, tuple):
            return self._tuple(value)
        if isinstance(value, list):
            return "[" + ", ".join(map(self.text, value)) + "]"
        if isinstance(value, bytes | bytearray):
            return self._bytes(bytes(value))
        if isinstance(value, str | int | float | None):
            return repr(value) if isinstance(value, str) else str(value)
        return type(value).__name__

    def _tuple(self, value: tuple[object, ...]) -> str:
        if len(value) in (2, 4) and isinstance(value[0], str) and type(value[1]) is int:
            host, port, *rest = value
            shown = str(port) if port < 1024 else self.of(port, "port")
            return "(" + ", ".join([repr(host), shown, *map(str, rest)]) + ")"
        return "(" + ", ".join(map(self.text, value)) + ("," if len(value) == 1 else "") + ")"

    def _bytes(self, value: bytes) -> str:
        if AUTOBOUND.fullmatch(value):
            return self.of(value, "autobound")
        if FRAME.match(value):
            return f"a frame of {len(value)} bytes"  # with ports and checksums
        if HEADER.match(value):
            ports = value[9] == 17
            value = value[:4] + b"id" + value[6:10] + b"ck" + value[12:20] + (
                b"udp" + value[28:] if ports else value[20:])
        if CUT.fullmatch(value):
            value = (value[:4] + b"id" + value[6:10] + b"ck" + value[12:])[: len(value)]
        if ERROR.match(value) or ERROR6.match(value):
            return f"an ICMP error of {len(value)} bytes"  # it quotes ports and checksums
        if len(value) <= LONG:
            return repr(value)
        kinds = sorted(set(value))
        return f"{len(value)} bytes of {bytes(kinds[:8])!r}"


def failure(error: BaseException) -> str:
    """Return an error's name; anything but the usual class and text of its errno is added."""
    if isinstance(error, socket.gaierror) or type(error).__name__ == "gaierror":
        return f"gaierror {error.args}"
    if not isinstance(error, OSError) or error.errno is None:
        return f"{type(error).__name__}: {error}"
    name = NAMES.get(error.errno, str(error.errno))
    usual = OSError(error.errno, os.strerror(error.errno))
    if type(error) is not type(usual):
        name += f" as {type(error).__name__}"
    if error.strerror != usual.strerror:
        name += f" saying {error.strerror!r}"
    return name


class World:
    """A namespace with the vocabulary over one `socket` and one `select`, and a way to clean up."""

    renewed_every = 50

    def __init__(self, name: str, modules: Mapping[str, ModuleType]) -> None:
        # Lets what the last call set in motion come to rest; most of it has.
        self.settle: Callable[[], object] = lambda: None
        self.name = name
        self.modules = modules
        self.programs = 0
        self.calls = 0
        self._directory = tempfile.TemporaryDirectory(prefix="judge-")
        self._home = self._directory.name
        self._words = self._load()

    def _load(self) -> dict[str, Any]:
        """Execute the vocabulary with this world's modules in the place of the real ones."""

        def redirected(name: str, *rest: Any, **more: Any) -> ModuleType:
            return self.modules.get(name) or builtins.__import__(name, *rest, **more)

        words: dict[str, Any] = {
            "__builtins__": {**vars(builtins), "__import__": redirected},
            "__name__": f"vocabulary of {self.name}",
        }
        for path in WORDS:
            exec(compile(path.read_text(), str(path), "exec"), words)
        return words

    def begin(self) -> dict[str, Any]:
        """Return a fresh namespace for one program, in this world's directory."""
        os.chdir(self._home)
        self.programs += 1
        if self.programs % self.renewed_every == 0:
            self.renew()
        self._words["ROUND"] = self.programs  # what a kernel keeps of one is not the next one's
        self._words["SERVICE"] = FIRST_SERVICE + 2 * self.programs
        return dict(self._words)

    def renew(self) -> None:
        """Forget TIME_WAIT: begin again on a network on which nothing has happened."""

    def do(self, line: str, space: dict[str, Any], names: Names) -> str:
        """Run one line and return its result as text."""
        self.calls += 1
        code, targets = compiled(line)
        try:
            if not targets:
                return names.text(eval(code, space))
            exec(code, space)
        except RecursionError:
            raise
        except Exception as error:
            return names.text(error)
        finally:
            self.settle()
        return names.text(space["peer"]) if "peer" in targets else "ok"

    def run(self, program: Iterable[str]) -> list[str]:
        """Run a whole program, clean up, and return every line's result."""
        space, names = self.begin(), Names()
        try:
            return [self.do(line, space, names) for line in program]
        finally:
            self.end(space)

    def end(self, space: dict[str, Any]) -> None:
        """Close every socket of a program without leaving TIME_WAIT, and unlink its paths."""
        reset = self._words["linger"](1, 0)
        for key, value in space.items():
            if self._words.get(key) is value or not hasattr(value, "fileno"):
                continue
            if getattr(value, "family", None) in CALLED and value.fileno() >= 0:
                self._words["iclosed"](value)
            if hasattr(value, "setsockopt"):
                with contextlib.suppress(OSError):
                    value.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            with contextlib.suppress(OSError):
                value.close()
            self.settle()
        self.forget_paths()

    def forget_paths(self) -> None:
        """Remove the files that a program's binds left."""
        for entry in os.scandir(self._home):
            os.unlink(entry.path)


class Kernel(World):
    """The running system's own sockets, where it may be on a network of their own."""

    def __init__(self, wrapped: Mapping[str, ModuleType] | None = None,
                 private: bool = True) -> None:
        real = {"socket": socket, "select": select, "os": os}
        super().__init__("kernel", {**real, **(wrapped or {})})
        self.private = private and private_network.enter()
        with socket.socket(type=socket.SOCK_DGRAM) as asks:
            asks.setsockopt(socket.SOL_SOCKET, 29, 1)  # SO_TIMESTAMP: for all, while one asks
            self._stamped = asks.detach()  # open for as long as the process runs

    def renew(self) -> None:
        if self.private:
            private_network.enter()


class Model(World):
    """Our own sockets, on a machine of their own; *by_segments* none of its short ways is taken."""

    def __init__(self, seed: int = 0, profile: str = "built in",
                 by_segments: bool = False) -> None:
        self._seed, self._profile, self._by_segments = seed, profile, by_segments
        self.leaks: list[str] = []
        super().__init__("model", self._modules())

    def _modules(self) -> dict[str, ModuleType]:
        self.machine = bsdsockets.Machine(seed=self._seed, profile=self._profile)
        if self._by_segments:  # who looks at a link sees every packet, so each is made
            self.machine.node.loopback.taps.append(lambda packet: None)
        modules = {name: self.machine.load(name) for name in ("socket", "select", "threading")}
        return modules | c_modules(self.machine)

    def pass_time(self, seconds: float) -> None:
        """Let *seconds* of the model's time go by."""
        self.machine.load("time").sleep(seconds)

    def sleep(self) -> None:
        """Let every timer of a protocol run out."""
        self.pass_time(1000)

    def left(self) -> list[str]:
        """Return what programs have left behind: descriptors and abstract names."""
        host = self.machine.host
        return [*map(str, host.descriptors), *map(str, host.names.abstract)]

    def renew(self) -> None:
        self.leaks += self.left()
        self.modules = self._modules()
        self._words = self._load()


def answers(ask: Callable[[World, Any], T], left: World, right: World,
            about: Any) -> tuple[T, T]:
    """What two worlds answer; asked again where they differ: Linux delays the ACK of a FIN by up to
    40 ms of wall-clock time, and a loaded machine may be slower than that.  A fault shows always.
    """
    for _ in range(3):
        here, there = ask(left, about), ask(right, about)
        if here == there:
            break
    return here, there
