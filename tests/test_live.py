"""A reader's own run: every block of the site can be told, and programs nobody wrote a cast for."""

from __future__ import annotations

import builtins
import contextlib
import io
import json
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import run
from conversation import live
from conversation.actors import cast
from examples import engines, page

import bsdsockets
from tests.echo import ASYNCIO, THREADED

DOCS = Path(__file__).resolve().parent.parent / "docs"
def tell(*programs: str, fault: str = "", most: int = live.MOST, actors: str = "") -> Any:
    """Run programs one after the other on one machine; tell of the last."""
    machine = bsdsockets.Machine()
    seen = live.Live(machine, most)
    names = engines.Builtins(__import__=machine.import_, __build_class__=builtins.__build_class__)
    namespace = {"__name__": "__main__", "__builtins__": names}
    try:
        for number, program in enumerate(programs):
            seen.add(f"<{number}>", f"program {number}", program)
            if number == len(programs) - 1:
                if fault:
                    machine.fault(fault)
                seen.start()
            exec(compile(program, f"<{number}>", "exec"), namespace)
        seen.end()
        return seen.tell(cast(actors) if actors else None)
    finally:
        machine.close()


def sentences(told: Any) -> list[str]:
    return ["".join(parts) for parts in told["words"]]


def heads(told: Any) -> list[list[str]]:
    """The actors: those of the left, those of the right."""
    sides = re.search(r"cv-head.*?cv-l\">(.*?)</div>.*?cv-r\">(.*?)</div>", told["picture"])
    assert sides
    return [re.findall("<b>(.*?)</b>", side) for side in sides.groups()]


def line_of(told: Any, start: str) -> str:
    """The line that is marked in the step whose sentence begins with *start*."""
    at = next(n for n, text in enumerate(sentences(told)) if text.startswith(start))
    line = json.loads(told["data"])["steps"][at][0]
    return told["listing"].splitlines()[line - 1] if line else ""


# who plays


def test_threads_stand_where_they_connect_and_where_they_accept():
    told = tell(THREADED)
    assert heads(told) == [["main"], ["serve"]]
    said = sentences(told)
    assert "main → serve: SYN, seq 0." in said
    assert any(text.startswith("serve calls listener.accept() and waits") for text in said)


def test_one_thread_with_both_ends_plays_client_and_server_by_its_sockets():
    told = tell(
        "import socket\n"
        "with socket.create_server(('127.0.0.1', 0)) as listener:\n"
        "    near = socket.create_connection(listener.getsockname())\n"
        "    far, _ = listener.accept()\n"
        "    near.sendall(b'x'); far.recv(1); far.close(); near.close()\n"
    )
    assert heads(told) == [["client"], ["server"]]
    assert any(text.startswith("server calls far.recv(1)") for text in sentences(told))


def test_two_sockets_without_a_listener_play_under_their_names():
    told = tell(
        "import socket\na, b = socket.socketpair()\na.send(b'x'); b.recv(1)\na.close(); b.close()\n"
    )
    assert heads(told) == [["a"], ["b"]]


def test_a_thread_in_the_middle_stands_on_both_sides():
    relay = THREADED.replace(
        "            connection.sendall(data)\n",
        "            with socket.create_connection(upstream) as onward:\n"
        "                onward.sendall(data)\n"
        "            connection.sendall(data)\n",
    ).replace(
        "with socket.create_server",
        "behind = socket.create_server(('127.0.0.1', 0)); upstream = behind.getsockname()\n"
        "with socket.create_server",
        1,
    )
    told = tell(relay + "behind.close()\n")
    assert heads(told)[0] == ["serve (client)", "main"] or set(heads(told)[0]) == {
        "main",
        "serve (client)",
    }
    assert "serve (server)" in heads(told)[1]


def test_more_actors_than_columns_become_a_list_that_names_both_ends():
    told = tell(
        THREADED.replace("    thread.join()\n", "") + "    def ask():\n"
        "        with socket.create_connection(listener.getsockname()) as mine: mine.send(b'x')\n"
        "    others = [threading.Thread(target=ask, name=f'asker {n}') for n in range(5)]\n"
        "    for each in others: each.start()\n"
        "    for each in others: each.join()\n"
        "    thread.join()\n"
    )
    assert "cv-list" in told["picture"] and "cv-rails" not in told["picture"]
    assert "asker 3 → serve" in told["picture"]


def test_the_cast_of_the_page_is_kept_as_long_as_it_plays():
    named = THREADED.replace("serve(", "server(").replace("serve,", "server,")
    assert heads(tell(named, actors="client | server")) == [["client"], ["server"]]
    assert heads(tell(THREADED, actors="alice | bob")) == [["main"], ["serve"]]


def test_an_event_loop_shows_its_sockets_and_not_the_pipe_it_wakes_itself_with():
    told = tell(ASYNCIO)
    assert heads(told) == [["client"], ["server"]]
    said = sentences(told)
    assert not [text for text in said if "socketpair" in text or "select" in text]
    assert line_of(told, "client calls client.send(b'ping')").lstrip().startswith("writer.write")


def test_the_librarys_own_server_is_told_too():
    program = Path(run.HERE, "playground", "4_web.py").read_text(encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        told = tell(program)
    assert heads(told) == [["main"], ["serve_forever", "process_request_thread"]]


# what is told


def test_what_ran_before_gives_names_and_waits_but_no_steps():
    before = THREADED.partition("    with socket.create_connection")[0].replace(
        'with socket.create_server(("127.0.0.1", 0)) as listener:\n',
        "listener = socket.create_server(('127.0.0.1', 0))\nif True:\n",
    )
    told = tell(
        before,
        "import time\n"
        "client = socket.create_connection(listener.getsockname())\n"
        "client.close(); thread.join(); listener.close()\n",
    )
    said = sentences(told)
    assert heads(told) == [["main"], ["serve"]]
    assert not [text for text in said if "listener.bind" in text or "LISTEN" in text]
    assert (
        "serve: listener.accept() returns connection. The backlog of listener: 0 to accept." in said
    )
    assert told["listing"].splitlines()[0] == "program 0" and told["headings"][0] == 1
    assert "accept" in line_of(told, "serve: listener.accept()")
    assert "create_connection" in line_of(told, "main calls socket(")
    waits = json.loads(told["data"])["steps"][0][2]
    assert "accept" in told["listing"].splitlines()[waits[0] - 1]


def test_sockets_that_were_over_before_are_not_shown():
    told = tell("import socket\nold, older = socket.socketpair()\nold.close(); older.close()\n",
                "a, b = socket.socketpair()\na.send(b'x'); a.close(); b.close()\n")  # fmt: skip
    assert [name for name, _ in json.loads(told["data"])["sockets"]] == ["a", "b"]


def test_a_run_that_never_ends_is_cut_and_says_so():
    told = tell("import socket\na, b = socket.socketpair()\n"
                "for _ in range(500): a.send(b'x'); b.recv(1)\na.close(); b.close()\n")  # fmt: skip
    assert "the run went on" in told["cut"]
    assert len(told["words"]) <= live.MOST
    assert not tell(THREADED)["cut"]


def test_a_fault_shows_in_the_steps():
    program = (
        "import socket\n"
        "a, b = socket.socketpair()\n"
        "a.send(b'hello'); b.recv(9); a.close(); b.close()\n"
    )
    assert "b calls b.recv(9), which returns b'hello'" in " ".join(sentences(tell(program)))
    assert "which returns b'hello'" not in " ".join(sentences(tell(program, fault="short reads")))
    lost = tell(
        "import socket\n"
        "kind = socket.SOCK_DGRAM\n"
        "with socket.socket(type=kind) as r, socket.socket(type=kind) as s:\n"
        "    r.bind(('127.0.0.1', 0)); s.sendto(b'x', r.getsockname())\n",
        fault="lost datagrams",
    )
    assert any(text.endswith("which is lost.") for text in sentences(lost))


THREE = """\
import socket
with socket.socket(type=socket.SOCK_DGRAM) as inbox, socket.socket(type=socket.SOCK_DGRAM) as other:
    inbox.bind(("127.0.0.1", 0))
    for text in (b"one", b"two", b"three"):
        other.sendto(text, inbox.getsockname())
    inbox.settimeout(1)
    try:
        while True: inbox.recv(9)
    except TimeoutError: pass
"""
STREAM = """\
import socket
with socket.create_server(("127.0.0.1", 0)) as listener:
    client = socket.create_connection(listener.getsockname())
    connection, peer = listener.accept()
    try:
        client.sendall(b"hello")
        connection.recv(9)
    except OSError: pass
    client.close(); connection.close()
"""
SENDALL = "client {} client.sendall({}), which sends {}."
TOLD = {
    # fault: a program, and what is told one after the other
    "lost datagrams": (THREE, ["other → inbox: UDP, 3 bytes, b'one', which is lost."]),
    "reordered datagrams": (THREE, [
        "other → inbox: UDP, 3 bytes, b'one', which takes 10 ms.",
        "inbox calls inbox.recv(9), which returns b'two'. The receive queue of inbox: empty.",
        "10 ms pass.", "inbox gets b'one'.", "inbox: inbox.recv(9) returns b'one'."]),
    "duplicated datagrams": (THREE, [
        "other → inbox: UDP, 3 bytes, b'one'.",
        "other → inbox: UDP, 3 bytes, b'one', which is the same once more. "
        "The receive queue of inbox: 2 messages."]),
    "small buffers": (THREE, [
        "other → inbox: UDP, 5 bytes, b'three'. inbox has no room: the datagram is lost."]),
    "slow peer": (THREE, [
        "other calls other.sendto(b'one', …) and waits for 0.2 s, being slow.",
        "other → inbox: UDP, 3 bytes, b'one'. The receive queue of inbox: 1 message.",
        "other: other.sendto(b'one', …) returns 3."]),
    "slow network": (STREAM, [
        "client → server: SYN, seq 0, which takes 100 ms.", "server gets SYN.",
        "server → client: SYN ACK, seq 0, ack 1, which takes 100 ms.",
        "client gets SYN ACK. client is ESTABLISHED.",
        "server gets b'hello'. The receive queue of connection: 5 bytes."]),
    "short writes: most=1": (STREAM, [
        SENDALL.format("calls", "b'hello'", "1 of 5 bytes"),
        SENDALL.format("goes on in", "b'ello'", "1 of 4 bytes"),
        SENDALL.format("goes on in", "b'o'", "1 byte")]),
    "reset": (STREAM, [
        "server → client: RST ACK, seq 1, ack 6.",
        "client → server: RST ACK, seq 6, ack 1. client is CLOSED. connection is CLOSED."]),
    "second client: leaves=1": (STREAM, [
        "a stranger → server: SYN, seq 0.", "server → a stranger: SYN ACK, seq 0, ack 1.",
        "client → server: SYN, seq 0."]),
}  # fmt: skip


@pytest.mark.parametrize("fault", TOLD)
def test_the_steps_tell_what_a_fault_does(fault: str):
    program, expected = TOLD[fault]
    said = [re.sub(r"\('127[^)]*\)", "…", text) for text in sentences(tell(program, fault=fault))]
    assert [text for text in said if text in expected] == expected
    without = sentences(tell(program))
    assert not set(expected[:1]) & set(without) or fault == "duplicated datagrams"


def test_on_a_slow_network_nothing_is_sent_twice():
    said = sentences(tell(STREAM, fault="slow network"))
    assert sum("b'hello', which takes" in text for text in said) == 1


def test_looking_holds_nothing_of_the_programs():
    told = tell(
        "import socket, weakref\n"
        "a, b = socket.socketpair()\n"
        "data = bytearray(b'hello')\n"
        "a.send(memoryview(data))\n"
        "data.extend(b'!')\n"  # BufferError, were the view still held
        "def fail():\n"
        "    held = type('Held', (), {})()\n"
        "    global gone; gone = weakref.ref(held)\n"
        "    b.settimeout(0); b.recv(9); b.recv(9)\n"
        "try: fail()\n"
        "except BlockingIOError: pass\n"
        "assert gone() is None\n"
        "a.close(); b.close()\n"
    )
    assert any("b'hello'" in text for text in sentences(told))


def test_nothing_is_told_where_no_socket_is_used():
    assert tell("print\n") is None


# every block of the site


class Balanced(HTMLParser):
    """Knows what is open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "wbr":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def pages() -> Iterator[str]:
    for path in sorted(DOCS.rglob("*.md")):
        if path.parent.name != "changelog.d" and any(map(steps, page.read(path))):
            yield str(path.relative_to(DOCS))


def steps(block: page.Block) -> bool:
    return block.kind == "pycon" and run.runs(block)


@pytest.mark.parametrize("name", list(pages()))
@pytest.mark.filterwarnings("ignore")
def test_every_block_can_be_stepped(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "displayhook", lambda value: None)
    machine = bsdsockets.Machine()
    names = engines.Builtins(__import__=machine.import_, __build_class__=builtins.__build_class__)
    namespace = {"__name__": "__main__", "__builtins__": names}
    seen = live.Live(machine)
    try:
        for number, block in enumerate(filter(steps, page.read(DOCS / name))):
            seen.add(f"<{number}>", f"block {number}", block.source)
            seen.start()
            for example in block.examples:
                text = "\n" * example.lineno + example.source
                with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(text, f"<{number}>", "single"), namespace)
            told = seen.tell()
            if told is not None:
                check(told)
    finally:
        seen.end()
        machine.close()


def check(told: Any) -> None:
    parser = Balanced()
    parser.feed(told["picture"])
    assert not parser.open
    data = json.loads(told["data"])
    lines = told["listing"].splitlines()
    rows = len(re.findall(r'class="cv-row (?!cv-head)', told["picture"]))
    assert rows == len(data["steps"]) == len(told["words"]) > 0
    for line, side, waiting, sockets in data["steps"]:
        assert side in "lr" and len(sockets) == len(data["sockets"])
        assert all(0 <= each <= len(lines) for each in [line, *waiting])
