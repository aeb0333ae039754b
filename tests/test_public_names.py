"""What a reader of the names finds: each public one on a page, each with a sentence and types."""

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import bsdsockets
from bsdsockets import faults, sockaddr
from bsdsockets.calls.calls import Calls
from bsdsockets.calls.poll import EpollCalls
from bsdsockets.machine import events
from bsdsockets.network import packets

ROOT = Path(__file__).resolve().parents[1]
DIRECTIVE = re.compile(r"^\.\. auto(?:class|function|exception):: (\S+)$", re.MULTILINE)
SHOWN = {
    name
    for page in (ROOT / "docs" / "inside").glob("*.md")
    for name in DIRECTIVE.findall(page.read_text())
}
READ = sorted(
    path
    for folder in ("programs", "face", "machine", "calls")
    for path in (ROOT / "src" / "bsdsockets" / folder).glob("*.py")
    if path.name != "__init__.py"
)
# Methods whose meaning is that of the class they come from.
INHERITED = {
    *("ready", "release", "hold"),  # of a file
    *("readable", "writable", "fileno", "readinto", "write", "close"),  # of a stream
}


def public(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """The classes, functions and methods of a module whose names say that they are public."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def check_shown(name: str) -> None:
    """Fail if *name* is on no page, and say what to do."""
    if name not in SHOWN:
        pytest.fail(f"{name} is on no page: name it in an autoclass or autofunction directive in"
                    " docs/inside/api.md, or in another page of docs/inside (sockaddr.md …)")


@pytest.mark.parametrize("name", [f"bsdsockets.{name}" for name in bsdsockets.__all__])
def test_every_public_name_of_the_package_is_on_a_page(name: str) -> None:
    check_shown(name)


@pytest.mark.parametrize("name", [f"bsdsockets.sockaddr.{name}" for name in sockaddr.__all__])
def test_every_public_name_of_sockaddr_is_on_a_page(name: str) -> None:
    check_shown(name)


@pytest.mark.parametrize("kind", faults.FAULTS.values(), ids=lambda kind: kind.__name__)
def test_every_fault_is_on_a_page(kind: type) -> None:
    check_shown(f"bsdsockets.faults.{kind.__name__}")


@pytest.mark.parametrize("kind", events.Event.__subclasses__(), ids=lambda kind: kind.__name__)
def test_every_event_is_on_a_page_and_says_what_its_fields_are(kind: type) -> None:
    check_shown(f"bsdsockets.machine.events.{kind.__name__}")
    for field in inspect.get_annotations(kind):
        assert re.search(rf"^ *(\w+, )*{field}(, \w+)*$", kind.__doc__ or "", re.MULTILINE), field


@pytest.mark.parametrize("path", READ, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_public_class_function_and_method_has_a_sentence(path: Path) -> None:
    silent = [
        name
        for name, node in public(path)
        if not ast.get_docstring(node) and name.rpartition(".")[2] not in INHERITED
    ]
    assert silent == []


CALLS = [
    (kind, name)
    for kind in (Calls, EpollCalls)
    for name in dir(kind)
    if not name.startswith("_") and name not in ("socket_of", "refuse")  # the face's, no calls
    and callable(getattr(kind, name))
]
# Which of our calls each method and word of the record makes.
MADE_BY = {
    "receive": ("recv", "recv_into", "recvfrom", "recvfrom_into", "receive", "passed"),
    "send": ("send", "sendall", "sendmsg", "sendto", "fill"),
    "connect": ("connect", "connect_ex"),
}
RECORD = json.loads((ROOT / "docs" / "reference" / "data" / "calls.json").read_text())["calls"]


def unnamed(function: Callable[..., object]) -> list[str]:
    """The arguments that a docstring says nothing of."""
    text = inspect.getdoc(function) or ""
    return [name for name in inspect.signature(function).parameters
            if name not in ("self", "number", "sock")
            and not re.search(rf"\*{name}\*|^{name}$", text, re.M)]


@pytest.mark.parametrize(("kind", "name"), CALLS)
def test_every_system_call_says_all_that_a_caller_needs(kind: type, name: str) -> None:
    """When it waits, its arguments, what is not modelled, its source, and an example."""
    text = inspect.getdoc(getattr(kind, name)) or ""
    assert re.search(r"\b[Ww]aits?\b", text)
    assert unnamed(getattr(kind, name)) == []
    for part in ("Not modelled: ", "Source: ", ">>> "):
        assert part in text


@pytest.mark.parametrize("name", sorted({name for _, name in CALLS} & {
    "accept", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
    "receive", "send", "setsockopt", "shutdown"}))
def test_a_system_call_names_every_error_that_the_kernel_gave(name: str) -> None:
    methods = MADE_BY.get(name, (name,))
    lines = re.compile(rf"(?:a\.)?({'|'.join(methods)})\(")
    seen = {
        found[0]
        for by_call in RECORD.values()
        for call, by_outcome in by_call.items() if lines.match(call)
        for outcome in by_outcome if (found := re.match("E[A-Z]+", outcome))
    }
    assert seen
    assert seen - set(re.findall("E[A-Z]+", inspect.getdoc(getattr(Calls, name)) or "")) == set()


@pytest.mark.parametrize("name", sockaddr.__all__)
def test_an_address_and_its_calls_say_what_a_caller_needs(name: str) -> None:
    """The arguments, the errors, the source, and an example."""
    text = inspect.getdoc(getattr(sockaddr, name)) or ""
    assert ">>> " in text
    if name != "Address":  # which is all of them
        assert re.search(r"^\w+Error$", text, re.M)
        assert unnamed(getattr(sockaddr, name)) == []
        assert "Source: " in text or name == "unpack"


@pytest.mark.parametrize("kind", [
    *faults.FAULTS.values(), packets.Packet, packets.Segment, packets.Datagram, packets.Icmp],
    ids=lambda kind: kind.__name__)
def test_a_fault_and_what_travels_say_what_their_fields_are(kind: type) -> None:
    names = r"^(\w+, )*{0}(, \w+)*$|\*{0}\*"
    text = inspect.getdoc(kind) or ""
    fields = [name for name in inspect.signature(kind).parameters
              if not re.search(names.format(name), text, re.M)]
    # what a packet carries and where it goes needs no words
    assert set(fields) <= {"source", "destination"}
