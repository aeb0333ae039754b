"""What a reader of the names finds: each public one on a page, each with a sentence and types."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bsdsockets
from bsdsockets import faults, sockaddr
from bsdsockets.calls.calls import Calls
from bsdsockets.calls.poll import EpollCalls
from bsdsockets.machine import events

ROOT = Path(__file__).resolve().parents[1]
DIRECTIVE = re.compile(r"^\.\. auto(?:class|function|exception):: (\S+)$", re.MULTILINE)
SHOWN = {
    name
    for page in (ROOT / "docs" / "inside").glob("*.md")
    for name in DIRECTIVE.findall(page.read_text())
}
READ = sorted(
    path
    for folder in ("face", "machine", "calls")
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


@pytest.mark.parametrize("name", [
    name for name in dir(Calls)
    if not name.startswith("_") and name not in ("socket_of", "refuse")  # the face's, no calls
    and callable(getattr(Calls, name))])
def test_every_system_call_names_its_source_and_shows_itself(name: str) -> None:
    text = inspect.getdoc(getattr(Calls, name)) or ""
    assert "Source: " in text
    assert ">>> " in text


@pytest.mark.parametrize("name", [name for name in dir(EpollCalls) if not name.startswith("_")])
def test_every_call_that_waits_for_readiness_names_its_source_and_shows_itself(name: str) -> None:
    text = inspect.getdoc(getattr(EpollCalls, name)) or ""
    assert "Source: " in text
    assert ">>> " in text
