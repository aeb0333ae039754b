"""Conversations: what a run's picture and text say, and that they can say nothing else."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conversation import picture, recording, story
from conversation.actors import cast
from examples import accept, engines, page, session

from tests.cpython_suites import pythons

ROOT = Path(__file__).resolve().parent.parent
STYLE = ROOT / "conf" / "conversation" / "static" / "conversation.css"
ECHO = """\
import socket, threading

def server(listener):
    connection, peer = listener.accept()
    with connection:
        connection.sendall(connection.recv(100).upper())

with socket.create_server(("127.0.0.1", 0)) as listener:
    thread = threading.Thread(target=server, args=(listener,))
    thread.start()
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"hello")
        print(client.recv(100), client.recv(100))
    thread.join()
"""


def told(program: str, actors: str = "client | server") -> story.Story:
    return story.tell(recording.run(program, Path("page.md")), cast(actors))


def sentences(program: str, actors: str = "client | server") -> list[str]:
    return [step.sentence for step in told(program, actors).steps]


# what is told


def test_a_handshake_is_three_segments_inside_connect():
    said = sentences(ECHO)
    start = next(n for n, text in enumerate(said) if text.startswith("client calls client.connect"))
    assert said[start].endswith("client is SYN-SENT.")
    assert said[start + 1 : start + 4] == [
        "client → server: SYN, seq 0.",
        "server → client: SYN ACK, seq 0, ack 1. client is ESTABLISHED.",
        "client → server: ACK, seq 1, ack 1. The backlog of listener: 1 to accept. "
        "connection is ESTABLISHED.",
    ]
    assert said[start + 4].startswith("client: client.connect") and "returns" in said[start + 4]


def test_data_waits_in_the_receive_queue_until_recv_takes_it():
    said = sentences(ECHO)
    arrives = said.index(
        "client → server: PSH ACK, seq 1, ack 1, 5 bytes, b'hello'. "
        "The receive queue of connection: 5 bytes."
    )
    taken = said.index(
        "server calls connection.recv(100), which returns b'hello'. "
        "The receive queue of connection: empty."
    )
    assert arrives < taken


def test_who_waits_is_shown_from_its_call_to_its_return():
    steps = told(ECHO).steps
    waits = next(n for n, step in enumerate(steps) if step.kind == "wait")
    returns = next(n for n, step in enumerate(steps) if step.kind == "return" and step.line == 4)
    assert "listener.accept() and waits for a connection" in steps[waits].sentence
    assert all("server" in step.waiting for step in steps[waits:returns])
    assert "server" not in steps[returns].waiting


def test_the_end_that_closed_first_stays_in_time_wait():
    final = told(ECHO).steps[-1].after
    assert sorted(now.state for now in final.values()) == ["CLOSED", "CLOSED", "TIME-WAIT"]


def test_every_step_knows_its_line_of_the_program():
    lines = ECHO.splitlines()
    for step in told(ECHO).steps:
        if step.kind == "call" and step.title.startswith("client.sendall"):
            assert "client.sendall" in lines[step.line - 1]
        assert step.kind == "time" or lines[step.line - 1].strip()


def test_a_request_at_a_full_backlog_is_dropped_and_repeated():
    said = sentences(
        """\
import socket
with socket.socket() as listener, socket.socket() as second:
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    first = socket.create_connection(listener.getsockname())
    second.settimeout(0.5)
    try:
        second.connect(listener.getsockname())
    except TimeoutError:
        pass
    one, other = listener.accept()[0], listener.accept()[0]
    for each in first, one, other:
        each.close()
""",
        "first second | server",
    )
    sent = [text for text in said if text.startswith("second → server: SYN,")]
    assert sent == [
        "second → server: SYN, seq 0, which is dropped: the backlog is full.",
        "second → server: SYN, seq 0.",
    ]
    assert said.count("500 ms pass.") == 2


def test_a_reset_and_a_refusal_name_the_error():
    said = sentences(
        """\
import socket
with socket.socket() as server, socket.socket() as client:
    server.bind(("127.0.0.1", 0))
    try:
        client.connect(server.getsockname())
    except ConnectionRefusedError:
        pass
"""
    )
    assert "server → client: RST ACK, seq 0, ack 1. client is CLOSED." in said
    assert any("fails with ConnectionRefusedError (ECONNREFUSED)" in text for text in said)


def test_a_fault_is_in_the_picture_and_in_the_words():
    program = (
        "import socket\n"
        "kind = socket.SOCK_DGRAM\n"
        "with socket.socket(type=kind) as server, socket.socket(type=kind) as client:\n"
        "    server.bind(('127.0.0.1', 0))\n"
        "    client.sendto(b'gone', server.getsockname())\n"
    )
    seen = recording.run(program, Path("page.md"), faults=["lost datagrams"])
    said = [step.sentence for step in story.tell(seen, cast("client | server")).steps]
    assert "client → server: UDP, 4 bytes, b'gone', which is lost." in said
    assert not any("which is lost" in text for text in sentences(program))


def test_what_a_send_that_waits_puts_over_is_told_when_it_is_there():
    said = sentences(
        "import socket, threading\n"
        "client, server = socket.socketpair()\n"
        "taker = threading.Thread(target=lambda: [server.recv(100_000) for _ in range(9)])\n"
        "taker.start(); client.send(b'x' * 200_000)\n"
        "client.send(b'y' * 90_000)\n"  # more than there is room for
        "client.close(); taker.join(); server.close()\n"
    )
    waits = next(n for n, text in enumerate(said) if "b'yyyy" in text and "and waits" in text)
    assert "→" not in said[waits + 1]
    returns = next(n for n, text in enumerate(said) if "b'yyyy" in text and "returns 90000" in text)
    assert said[returns + 1].startswith("client → server: bytes, 90000 bytes, b'yyyy")


def test_a_socket_in_flight_is_not_at_its_end():
    said = sentences(
        """\
import socket
alice, bob = socket.socketpair()
near, far = socket.socketpair()
socket.send_fds(alice, [b"x"], [far.fileno()])
far.close()
received = socket.socket(fileno=socket.recv_fds(bob, 1, 1)[1][0])
near.sendall(b"y")
received.recv(1)
for each in alice, bob, near, received:
    each.close()
""",
        "alice | bob",
    )
    assert "alice → bob: SCM_RIGHTS, 1 byte, b'x'. The receive queue of bob: 1 byte." in said
    closed = said.index("bob calls far.close().")
    assert "end of file" not in said[closed + 1]
    assert any(text.startswith("bob calls received.recv(1)") for text in said)


@pytest.mark.parametrize(
    "wait", ["select.select([connection], [], [])", "selector.select()", "poll.poll()"]
)
def test_a_wait_for_readiness_is_a_wait(wait: str):
    said = sentences(
        f"""\
import select, selectors, socket, threading
with socket.create_server(("127.0.0.1", 0)) as listener:
    client = socket.create_connection(listener.getsockname())
    connection, peer = listener.accept()
def server():
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        {wait}
        connection.recv(10)
thread = threading.Thread(target=server)
thread.start()
client.send(b"x")
thread.join()
client.close(), connection.close()
"""
    )
    begins = next(n for n, text in enumerate(said) if "waits for something to read" in text)
    sends = said.index("client calls client.send(b'x'), which returns 1.")
    returns = next(n for n, text in enumerate(said) if re.match(r"server: \w+\(\) returns", text))
    assert begins < sends < returns


def test_datagrams_keep_their_boundaries_and_nobody_answers_with_icmp():
    said = sentences(
        """\
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
with server, client:
    server.bind(("127.0.0.1", 0))
    client.connect(server.getsockname())
    client.send(b"one"), client.send(b"two")
    server.close()
    client.send(b"three")
"""
    )
    assert any(text.endswith("The receive queue of server: 2 messages.") for text in said)
    assert "server → client: ICMP port unreachable." in said


# what is drawn


def drawn(program: str) -> str:
    whole = told(program)
    return picture.bar(len(whole.steps)) + picture.picture(whole, "label") + picture.data(whole)


def test_the_picture_has_a_row_for_each_step_and_an_escape_for_each_bracket():
    made = picture.picture(told(ECHO.replace("hello", "<b>&")), "label")
    assert made.count('<div class="cv-row ') - 1 == len(told(ECHO).steps)
    assert "b'&lt;b&gt;&amp;'" in made and "<b>&" not in made
    assert "<" not in picture.data(told(ECHO.replace("hello", "</script>")))


def test_the_picture_has_no_ids_and_says_what_it_is():
    made = drawn(ECHO)
    assert " id=" not in made and 'role="img" aria-label="label"' in made


def test_no_text_is_smaller_than_twelve_pixels():
    sizes = re.findall(r"font-size:\s*([\d.]+)(\w+)", STYLE.read_text(encoding="utf-8"))
    assert sizes and all(unit == "rem" and float(size) * 16 >= 12 for size, unit in sizes)


def test_the_same_program_gives_the_same_bytes_whatever_the_process_is_like():
    script = (
        "import sys, os; sys.path[:0] = sys.argv[1:3]\n"
        "held = [os.open(os.devnull, os.O_RDONLY) for _ in range(int(sys.argv[3]))]\n"
        "from pathlib import Path\n"
        "from conversation import actors, picture, recording, story\n"
        "seen = recording.run(sys.stdin.read(), Path('page.md'))\n"
        "told = story.tell(seen, actors.cast('client | server'))\n"
        "print(picture.picture(told, 'x'), picture.data(told), [s.sentence for s in told.steps])\n"
    )
    made = {
        subprocess.run(
            [python, "-c", script, str(ROOT / "conf"), str(ROOT / "src"), held],
            input=ECHO,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed, held, python in (
            ("1", "0", sys.executable),
            *(("2", "7", path) for path in pythons.found().values()),
        )
    }
    assert len(made) == 1 and "SYN-SENT" in made.pop()


# what fails


@pytest.mark.parametrize(
    ("program", "line", "said"),
    [
        ("import socket\nsocket.nothing\n", 11, "AttributeError"),
        ("x = 1\nx = = 2\n", 11, "SyntaxError"),
        (
            "import socket\na, b = socket.socketpair()\nwith a, b:\n    a.recv(1)\n",
            13,
            "nobody can ever wake",
        ),
    ],
)
def test_a_program_that_fails_is_an_error_at_its_line(program: str, line: int, said: str):
    with pytest.raises(recording.ProgramError, match=said) as caught:
        recording.run(program, Path("page.md"), line=10)
    assert caught.value.line == line


def test_a_thread_that_fails_is_an_error():
    program = "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\n"
    with pytest.raises(recording.ProgramError, match="ZeroDivisionError"):
        recording.run(program, Path("page.md"))


@pytest.mark.parametrize("text", ["", "client", "| server", "client |"])
def test_a_cast_has_actors_on_both_sides(text: str):
    with pytest.raises(ValueError, match="either side"):
        cast(text)


# the build


@pytest.fixture
def build(tmp_path: Path):
    """Build a page, of lines in which ''' stands for a fence's three backquotes."""

    def run(text: str, builder: str = "html") -> tuple[int, str, Path]:
        (tmp_path / "index.md").write_text(text.replace("'''", "```"), encoding="utf-8")
        (tmp_path / "conf.py").write_text(
            f"import sys\nsys.path[:0] = [{str(ROOT / 'conf')!r}, {str(ROOT / 'src')!r}]\n"
            "extensions = ['myst_parser', 'conversation.directive']\nproject = 'x'\n",
            encoding="utf-8",
        )
        target = tmp_path / builder
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", "-W", "-q", "-E", "-b", builder, tmp_path, target],
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stderr, target

    return run


PAGE = f"# Title\n\n'''{{conversation}} An echo\n{ECHO}# prints\nb'HELLO' b''\n'''\n"


def test_html_gets_the_picture_and_the_same_in_words(build):
    status, said, target = build(PAGE)
    assert status == 0, said
    made = (target / "index.html").read_text(encoding="utf-8")
    words = re.search(r'<details class="cv-words">(.*?)</details>', made, re.DOTALL)
    assert words
    items = re.findall(r"<li>(.*?)</li>", words[1], re.DOTALL)
    said_there = [html.unescape(re.sub(r"<[^>]*>", "", item)).strip() for item in items]
    assert said_there == sentences(ECHO)
    assert made.count('class="cv-picture"') == 1


@pytest.mark.parametrize(("builder", "file"), [("text", "index.txt"), ("latex", "x.tex")])
def test_other_formats_get_the_words(build, builder: str, file: str):
    status, said, target = build(PAGE, builder)
    assert status == 0, said
    made = (target / file).read_text(encoding="utf-8")
    assert "seq 0, ack 1" in made and "cv-row" not in made


@pytest.mark.parametrize(
    ("body", "line", "complaint"),
    [
        (":seed: 1\nimport socket\nsocket.nothing\n", 6, "AttributeError"),
        ("print(1)\n# prints\n2\n", 5, "it prints '1"),
        ("print(1)\n", 4, "it prints '1"),
    ],
)
def test_a_build_fails_at_the_line_of_the_page(build, body: str, line: int, complaint: str):
    status, said, _ = build(f"# Title\n\n'''{{conversation}} Wrong\n{body}'''\n")
    assert status != 0
    assert f"index.md:{line}: " in said and complaint in said


# the example runner


def blocks_of(tmp_path: Path, text: str) -> list[page.Block]:
    path = tmp_path / "page.md"
    path.write_text(text.replace("'''", "```"), encoding="utf-8")
    return page.read(path)


def test_a_conversation_is_a_block_with_its_line_and_its_tags(tmp_path: Path):
    (block,) = blocks_of(
        tmp_path,
        "# t\n\n'''{conversation} A title\n:actors: a | b\n:tags: linux\n\n"
        "print(1)\n# prints\n1\n'''\n",
    )
    assert (block.kind, block.line, block.tags.conditions) == ("conversation", 7, ("linux",))
    (example,) = block.examples
    assert (example.source, example.want) == ("print(1)\n# prints\n", "1\n")


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_a_conversation_runs_on_every_engine(tmp_path: Path, engine: str):
    (block,) = blocks_of(tmp_path, PAGE)
    here = session.Session([block], engines.ENGINES[engine]())
    here.run(block)
    assert not here.close()


def test_what_it_prints_is_compared_and_accepted(tmp_path: Path):
    (block,) = blocks_of(tmp_path, PAGE.replace("b'HELLO' b''", "b'other' b''"))
    here = session.Session([block], session.operating_system())
    with pytest.raises(session.Failed) as failed:
        here.run(block)
    here.close()
    accept.write(session.corrections(failed.value.outcomes))
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == PAGE.replace("'''", "```")
