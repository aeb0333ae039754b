"""The drawings of the pages under ``inside/``: complete, and made from the code's own tables."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed")

from drawings import clauses, differences, options, states

from bsdsockets.machine import constants
from bsdsockets.protocols import tcp_states as tcp
from bsdsockets.sockets import option_table
from tests.against_kernel.differences import DELIBERATE
from tests.test_shape import LAYERS

ROOT = Path(__file__).resolve().parent.parent
INSIDE = ROOT / "docs" / "inside"
SVG = "{http://www.w3.org/2000/svg}"  # outside of it an EPUB draws nothing


def picture() -> ElementTree.Element:
    return ElementTree.fromstring(states.picture())


def test_every_state_of_the_table_has_its_box() -> None:
    boxes = [text.text for text in picture().findall(f"{SVG}text") if text.get("class") == "state"]
    named = {state for state, _ in tcp.TABLE} | set(tcp.TABLE.values())
    assert named == set(boxes)
    assert boxes.count(tcp.CLOSED) == 2 and len(boxes) == len(named) + 1


def test_every_transition_but_aborting_is_an_arrow_with_its_words() -> None:
    arrows = picture().findall(f"{SVG}path")
    words = [" ".join(text.itertext()) for text in picture().findall(f"{SVG}text[{SVG}tspan]")]
    assert len(arrows) == len(words) == len(states.transitions())
    assert sorted(words) == sorted(event for _, event, _ in states.transitions())


def test_every_state_but_closed_can_be_aborted_as_the_page_says() -> None:
    aborted = {state for state, event in tcp.TABLE if event == tcp.ABORT}
    assert aborted == {state for state, _ in tcp.TABLE} - {tcp.CLOSED}
    assert {after for (_, event), after in tcp.TABLE.items() if event == tcp.ABORT} == {tcp.CLOSED}


def test_both_ways_through_the_picture_end_where_they_began() -> None:
    for events in states.OPENS_AND_CLOSES_FIRST, states.LISTENS_AND_CLOSES_SECOND:
        state = tcp.CLOSED
        for event in events:
            state = tcp.TABLE[state, event]
        assert state == tcp.CLOSED


def test_the_list_in_words_says_what_the_picture_shows() -> None:
    said = {(state, event) for state, leads in states.in_words().items() for event, _ in leads}
    assert said == {(state, event) for state, event, _ in states.transitions()}


def test_boxes_and_words_lie_inside_the_picture() -> None:
    for text in picture().iter(f"{SVG}tspan"):
        x, y = float(text.get("x", "-1")), float(text.get("y", "-1"))
        half = 3.3 * len(text.text or "")
        assert half < x < states.WIDTH - half and 8 < y < states.HEIGHT - 2, text.text
    for x, y in states.PLACES.values():
        assert states.BOX_WIDTH / 2 < x < states.WIDTH - states.BOX_WIDTH / 2
        assert states.BOX_HEIGHT / 2 < y < states.HEIGHT - states.BOX_HEIGHT / 2


def test_every_level_that_has_options_is_on_the_page_once() -> None:
    page = (INSIDE / "options.md").read_text(encoding="utf-8")
    drawn = re.findall(r"^```\{socket-options\} (\w+)$", page, re.M)
    assert sorted(drawn) == sorted(options.levels())
    known = {number for number, _ in option_table.OPTIONS}
    assert {getattr(constants, level) for level in drawn} == known


def test_an_option_is_in_the_table_or_absent_and_never_both() -> None:
    for level in options.PREFIXES:
        have = {each.name for each in options.of_level(level)}
        assert have and not have & set(options.absent(level))
        assert not options.NO_OPTIONS & have


def test_sockets_are_named_in_words() -> None:
    assert options.sockets("t4 u4 r4 t6 u6 r6 x") == "all"
    assert options.sockets("t4 t6") == "TCP"
    assert options.sockets("t6 u6 r6") == "TCP, UDP, raw; only IPv6"
    assert options.sockets("t4 u4 r4 t6 u6") == "TCP, UDP, raw (IPv4)"


def test_what_a_file_leaves_out_is_read_from_its_docstring() -> None:
    found = dict(differences.left_out())
    assert "congestion control" in found["protocols/tcp_output.py"].lower()


def test_the_differences_shown_are_those_the_comparison_excuses() -> None:
    assert differences.deliberate() == {each.name: each.reason for each in DELIBERATE}


def defined() -> set[str]:
    """Return every function of the package: methods as ``Class.name``, inherited ones too."""
    found: set[str] = set()
    methods: dict[str, set[str]] = {}
    bases: dict[str, list[str]] = {}
    for path in (ROOT / "src" / "bsdsockets").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.ClassDef):
                own = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
                methods.setdefault(node.name, set()).update(own)
                bases.setdefault(node.name, []).extend(ast.unparse(each) for each in node.bases)

    def names_of(name: str) -> set[str]:
        above = (names_of(base) for base in bases.get(name, []) if base != name)
        return methods.get(name, set()).union(*above)

    return found | {f"{name}.{method}" for name in methods for method in names_of(name)}


@pytest.mark.parametrize("page", sorted(INSIDE.glob("*.md")), ids=lambda page: page.stem)
def test_every_function_that_a_page_speaks_of_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^```pycon.*?^```", "", text, flags=re.S | re.M)
    methods = set(re.findall(r"\b[A-Z][a-z]\w*\._?[a-z]\w+\b(?!\.)", text))
    private = set(re.findall(r"(?<=[` .])_[a-z]\w+(?=`|\()", text))
    known = defined()
    modules = {"_socket", "_thread", *dir(sys)}
    dead = {name for name in methods | private if name not in known} - modules
    assert not dead, f"{page.name} speaks of {', '.join(sorted(dead))}"


def test_the_layers_stand_in_the_order_in_which_they_import() -> None:
    page = (INSIDE / "index.md").read_text(encoding="utf-8")
    drawing = re.search(r"## The layers\n\n```text\n(.*?)```", page, re.S)
    assert drawing is not None
    drawn = re.findall(r"^ ([a-z]+) +\S", drawing[1], re.M)
    assert drawn == LAYERS[::-1]


@pytest.mark.parametrize(("text", "cited"), [
    ("RFC 9293 3.9.1.4, 3.10.4; RFC 2525 2.17.", [(9293, "3.9.1.4"), (9293, "3.10.4"),
                                                  (2525, "2.17")]),
    ("RFC 9293 3.10.7.4, seventh; 3.6.1 for the reset", [(9293, "3.10.7.4"), (9293, "3.6.1")]),
    ("RFC 6298 5.4 to 5.6", [(6298, "5.4"), (6298, "5.5"), (6298, "5.6")]),
    ("RFC 791, RFC 8200 3", [(791, ""), (8200, "3")]),
    ("RFC 1122\n    4.1.3.3.", [(1122, "4.1.3.3")]),
    ("``tcp_v4_rcv`` of 1994", []),
])
def test_a_citation_is_read_as_it_is_written(text: str, cited: list[tuple[int, str]]) -> None:
    assert list(clauses.cited_in(text)) == cited


def test_every_clause_of_rfc_9293_is_cited_by_the_code_or_explained() -> None:
    cited = {each.clause for each in clauses.citations() if each.rfc == 9293 and each.clause}
    clauses.check(cited)
    with pytest.raises(Exception, match=re.escape("3.7.4")):
        clauses.check(cited - {"3.7.4"})
    with pytest.raises(Exception, match=re.escape("3.8.2")):
        clauses.check(cited | {"3.8.2"})


def test_a_citation_belongs_to_the_innermost_function_or_class() -> None:
    places = {each.place for each in clauses.citations() if each.clause == "3.7.4"}
    assert "Output._held" in places


@pytest.mark.parametrize("page", sorted(INSIDE.glob("*.md")), ids=lambda page: page.stem)
def test_a_file_that_a_page_names_is_there(page: Path) -> None:
    """`protocols/tcp.py` is a path below src/bsdsockets or the whole tree; `tcp.py` a name."""
    files = {path for folder in ("src", "tests", "docs", "conf") for path in
             (ROOT / folder).rglob("*.py")}
    for named in re.findall(r"`([\w/]+\.py)`", page.read_text()):
        if named.removesuffix(".py") in sys.stdlib_module_names:
            continue
        assert any(path.as_posix().endswith(f"/{named}") for path in files), named
