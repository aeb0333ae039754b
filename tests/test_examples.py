"""The example runner itself: what it finds, what it refuses, what it reports."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from examples import accept, page, programs, session, tags, unprivileged
from examples.tags import TagError, parse

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def write(tmp_path: Path):
    """Write a page from lines in which ''' stands for a fence's three backquotes."""

    def write_page(text: str) -> Path:
        path = tmp_path / "page.md"
        path.write_text(text.replace("'''", "```"), encoding="utf-8")
        return path

    return write_page


def run(path: Path, limit: float = session.LIMIT) -> tuple[list[session.Outcome], list[str]]:
    blocks = page.read(path)
    here = session.Session(blocks, session.operating_system(), limit)
    try:
        for block in blocks:
            here.run(block)
    except session.Failed:
        pass
    outcomes = [outcome for outcomes in here.outcomes.values() for outcome in outcomes]
    return outcomes, here.close()


# what it finds


def test_a_block_is_found_with_the_line_it_stands_on(write):
    (block,) = page.read(write("# title\n\n'''pycon\n>>> 1\n1\n'''\n"))
    assert (block.kind, block.line) == ("pycon", 4)


@pytest.mark.parametrize(
    ("before", "indent"),
    [("- a list\n\n  ", "  "), ("> ", "> "), ("1. ", "   "), ("  ", "  ")],
)
def test_a_block_is_found_in_a_list_a_quotation_and_indented(write, before, indent):
    text = f"{before}'''pycon\n{indent}>>> 1 + 1\n{indent}2\n{indent}'''\n"
    (outcome,) = run(write(text))[0]
    assert outcome.passed and outcome.line == text[: text.index(">>>")].count("\n") + 1


def test_a_block_is_found_in_a_directive_and_in_a_comment(write):
    text = ":::{note}\n'''pycon\n>>> 1\n1\n'''\n:::\n\n<!--\n'''pycon\n>>> 2\n2\n'''\n-->\n"
    assert [outcome.passed for outcome in run(write(text))[0]] == [True, True]


def test_the_scanner_finds_the_fences_that_markdown_it_finds():
    from markdown_it import MarkdownIt

    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    for path in pages:
        source = path.read_text(encoding="utf-8")
        if "<!--" in source or ":::" in source:
            continue  # markdown-it alone takes these for HTML and text
        fences = [
            (token.map[0] + 2, token.info.split()[0])
            for token in MarkdownIt("commonmark").parse(source)
            if token.type == "fence" and token.info.split()[:1] in (["pycon"], ["console"])
        ]
        found = [b for b in page.read(path) if b.kind != "conversation"]  # its body has options
        assert [(block.line, block.kind) for block in found] == fences, path


def test_a_page_is_one_namespace_and_a_block_alone_runs_those_before_it(write):
    blocks = page.read(write("'''pycon\n>>> x = 1\n'''\n'''pycon\n>>> x\n1\n'''\n"))
    here = session.Session(blocks, session.operating_system())
    here.run(blocks[1])
    assert here.outcomes[blocks[0]] and not here.close()


# what it refuses


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("text\n\n>>> 1\n", ":3: a >>> outside a pycon fence"),
        ("'''text\n>>> 1\n'''\n", ":1: >>> in a text fence"),
        ("'''python\nx\n'''\n", ":1: a fence of python"),
        ("'''\nx\n'''\n", ":1: a fence of no language"),
        ("'''pycon\nx = 1\n'''\n", ":1: a pycon fence without a >>>"),
        ("'''pycon linx\n>>> 1\n'''\n", ":1: unknown tag 'linx'"),
        ("'''pycon os\n>>> 1\n'''\n", ':1: os alone needs because="…"'),
        ("'''pycon timeout=never\n>>> 1\n'''\n", ":1: timeout=never is not a number"),
        ("'''pycon\n>>> 1\n", ":1: this fence is never closed"),
        ("'''pycon\n>>>1\n'''\n", ":2: "),
    ],
)
def test_a_page_that_breaks_a_rule_is_refused_with_its_line(write, text, complaint):
    with pytest.raises(page.PageError, match=r"page\.md") as refused:
        [block.examples for block in page.read(write(text))]
    assert complaint in str(refused.value)


def test_a_reason_without_an_engine_left_out_is_refused():
    with pytest.raises(TagError, match="name the engines"):
        parse('because="no reason"')


def test_what_wants_root_runs_for_root_and_in_a_browser(monkeypatch):
    monkeypatch.setattr(tags.os, "geteuid", lambda: 1000, raising=False)
    tags.forget()
    unmet = {engine: parse("root").unmet(engine) for engine in tags.ENGINES}
    tags.forget()
    reason = "the tests do not run as root"
    assert unmet == {"os": reason, "model": reason, "browser": ""}


def test_a_command_that_is_not_run_is_refused(write):
    (block,) = page.read(write("'''console\n$ rm -r x\n'''\n"))
    with pytest.raises(page.PageError, match="'rm -r x' is not run"):
        programs.commands(block)


# what it reports


def test_a_wrong_output_is_reported_with_the_line_of_its_example(write):
    outcomes, _ = run(write("'''pycon\n>>> x = 1\n>>> x\n2\n'''\n"))
    assert [(outcome.line, outcome.passed) for outcome in outcomes] == [(2, True), (3, False)]
    assert "expected:\n    2\ngot:\n    1" in str(outcomes[1])


def test_an_unexpected_exception_shows_the_lines_of_the_page(write):
    path = write("'''pycon\n>>> def f():\n...     return 1 / 0\n>>> f()\n'''\n")
    failed = run(path)[0][1]
    assert f'File "{path}", line 4' in failed.details and f'File "{path}", line 3' in failed.details


def test_an_example_that_waits_for_ever_is_stopped_and_reported(write):
    text = (
        "'''pycon\n>>> import socket\n>>> a, b = socket.socketpair()\n>>> b.recv(1)\n"
        ">>> a.close(); b.close()\n'''\n"
    )
    outcomes, left = run(write(text), limit=0.2)
    assert [outcome.passed for outcome in outcomes] == [True, True, False, True]
    assert "stopped after 0.2 s" in outcomes[2].details and not left


def test_an_example_cannot_catch_its_own_limit_as_an_error(write):
    text = (
        "'''pycon\n>>> import threading\n>>> try:\n...     threading.Event().wait()\n"
        "... except Exception:\n...     print('caught')\ncaught\n'''\n"
    )
    assert not run(write(text), limit=0.2)[0][1].passed


def test_a_library_of_c_is_not_asked_whether_it_is_open(write):
    text = "'''pycon\n>>> import ctypes\n>>> libc = ctypes.CDLL(None)\n'''\n"
    assert run(write(text))[1] == []


@pytest.mark.parametrize(
    ("source", "left"),
    [
        (">>> s = socket.socket()", "ResourceWarning: unclosed"),
        (">>> s = socket.socket(); t = s.dup(); s.close()", "close t"),
        (">>> threading.Thread(target=stop.wait, args=(9,), daemon=True).start()", "still runs"),
        (">>> t = threading.Thread(target=int, args='x'); t.start(); t.join()", "ValueError"),
    ],
)
def test_what_a_page_leaves_behind_is_reported(write, source, left):
    text = f"'''pycon\n>>> import socket, threading\n>>> stop = threading.Event()\n{source}\n'''\n"
    outcomes, complaints = run(write(text))
    assert all(outcome.passed for outcome in outcomes)
    assert any(left in complaint for complaint in complaints), complaints


def test_accepting_writes_what_was_printed_and_keeps_lines_that_match(write):
    path = write(
        "- x\n\n  '''pycon\n  >>> print('port 4711')\n  port ...\n"
        "  >>> print('a'); print('b')\n  a\n  c\n  >>> 1 / 0\n  '''\n"
    )
    accept.write(session.corrections(run(path)[0]))
    assert path.read_text().splitlines()[3:] == [
        "  >>> print('port 4711')",
        "  port ...",
        "  >>> print('a'); print('b')",
        "  a",
        "  b",
        "  >>> 1 / 0",
        "  Traceback (most recent call last):",
        "  ZeroDivisionError: division by zero",
        "  ```",
    ]
    assert all(outcome.passed for outcome in run(path)[0])


def test_accepting_writes_what_programs_printed_with_the_ports_of_the_page(write):
    path = write(
        "- x\n\n  '''console\n  $ python3 -c 'print(50007); print(1)' &\n  $ wait\n  50008\n  .\n"
        "  2\n"
        "  $ python3 -c 'import sys; print(sys.argv[1]); print(7)' 50007\n  50...\n  8\n  '''\n"
        "\n  '''pycon\n  >>> 1\n  2\n  '''\n"
    )
    corrections: list[accept.Correction] = []
    console, pycon = page.read(path)
    assert programs.run(console, corrections) == 3
    here = session.Session([pycon], session.operating_system())
    with pytest.raises(session.Failed) as failed:
        here.run(pycon)
    assert not here.close()
    assert accept.write([*corrections, *session.corrections(failed.value.outcomes)]) == [path]
    assert path.read_text().splitlines()[3:] == [
        "  $ python3 -c 'print(50007); print(1)' &",
        "  $ wait",
        "  50007",
        "  1",
        "  $ python3 -c 'import sys; print(sys.argv[1]); print(7)' 50007",
        "  50...",
        "  7",
        "  ```",
        "",
        "  ```pycon",
        "  >>> 1",
        "  1",
        "  ```",
    ]
    assert programs.run(page.read(path)[0]) == 3


def test_accepting_says_which_pages_it_has_changed(write):
    path = write("'''console\n$ python3 -c 'print(1)'\n2\n'''\n")
    command = [sys.executable, str(ROOT / "conf" / "examples"), str(path), "--accept"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert f"{path}: says now what was printed" in ended.stdout
    assert "print(1)'\n1\n" in path.read_text()


# whole programs


def test_programs_meet_on_a_free_port_that_reads_as_written(write, tmp_path):
    (tmp_path / "server.py").write_text(
        "import socket, sys\n"
        "with socket.create_server(('127.0.0.1', int(sys.argv[1]))) as server:\n"
        "    print('listening on', server.getsockname()[1])\n"
        "    connection, peer = server.accept()\n"
        "    with connection:\n"
        "        connection.sendall(connection.recv(9))\n"
        "print('served')\n"
    )
    (tmp_path / "client.py").write_text(
        "import socket, sys\n"
        "with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as client:\n"
        "    client.sendall(b'hello')\n"
        "    print(client.recv(9))\n"
    )
    text = (
        "'''console\n$ python3 server.py 50007 &\nlistening on 50007\n"
        "$ python3 client.py 50007\nb'hello'\n$ wait\nserved\n'''\n"
    )
    (block,) = page.read(write(text))
    assert programs.run(block) == 3


def test_what_programs_write_below_tmp_is_seen_by_their_block_alone_and_goes_with_it(write):
    write_it = "import sys; open(sys.argv[1], 'x').write('kept')"
    read_it = "import sys; print(sys.argv[1], open(sys.argv[1]).read())"
    (block,) = page.read(
        write(
            f"'''console\n$ python3 -c \"{write_it}\" /tmp/copy\n"
            f"$ python3 -c \"{read_it}\" /tmp/copy\n/tmp/copy kept\n'''\n"
        )
    )
    for _ in range(2):  # the second finds nothing of the first
        programs.run(block)
    assert not Path("/tmp/copy").exists()


def test_programs_hear_ctrl_c_where_a_script_runs_the_tests_in_the_background(write):
    path = write(
        "'''console\n"
        "$ python3 -c \"import signal; print(signal.getsignal(2) == signal.default_int_handler)\"\n"
        "True\n'''\n"
    )
    ignoring = "import signal, runpy, sys; signal.signal(2, signal.SIG_IGN); del sys.argv[0]"
    ended = subprocess.run(
        [sys.executable, "-c", f"{ignoring}; runpy.run_path('conf/examples', run_name='__main__')",
         "conf/examples", path],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_program_that_prints_something_else_fails_at_its_line(write):
    (block,) = page.read(write("'''console\n$ python3 -c 'print(1)'\n2\n'''\n"))
    with pytest.raises(programs.ProgramFailed, match=r"page.md:2: .*\nexpected:\n2\n\ngot:\n1"):
        programs.run(block)


def test_a_program_that_fails_shows_its_standard_error(write):
    (block,) = page.read(
        write("'''console\n$ python3 -c 'raise SystemExit(\"no such host\")'\n'''\n")
    )
    with pytest.raises(programs.ProgramFailed, match="status 1\nstandard error:\nno such host"):
        programs.run(block)


def test_a_program_that_goes_on_for_ever_is_ended(write):
    text = (
        "'''console timeout=0.5\n$ python3 -c 'import threading; threading.Event().wait()'\n'''\n"
    )
    (block,) = page.read(write(text))
    with pytest.raises(programs.ProgramFailed, match=r"still runs after 0.5 s"):
        programs.run(block)


# the two ways to run a page


def runs(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, timeout=60, cwd=ROOT
    )


def test_a_page_runs_with_a_bare_python(write):
    path = write("'''pycon\n>>> 1 + 1\n2\n>>> 1 + 1\n3\n'''\n")
    result = runs("-S", "-E", ROOT / "conf" / "examples", path)
    assert result.returncode == 1 and "2 examples ran, 1 failed" in result.stdout
    assert f"{path}:4:" in result.stdout


@pytest.mark.parametrize("program", ["examples/__main__.py", "setup_environment.py"])
def test_an_old_python_can_read_what_tells_it_that_it_is_old(program):
    text = (ROOT / "conf" / program).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 4))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.NamedExpr)]
    assert "sys.version_info < (3, 11)" in text


def test_a_line_at_which_no_block_begins_is_told_with_those_that_do():
    page_of = "docs/tutorials/first-socket.md::os::L1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", page_of]
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert "os, whose blocks begin at L" in ended.stderr


def test_pytest_names_page_engine_and_line(tmp_path):
    result = runs("-m", "pytest", "--collect-only", "-q", "docs/contributing.md")
    assert "docs/contributing.md::os::L" in result.stdout
    assert "docs/contributing.md::os::end" in result.stdout


# an ordinary user

as_root = pytest.mark.skipif(not unprivileged.possible(), reason="only root can change users")


@as_root
def test_root_runs_an_unprivileged_block_as_another_user(write):
    text = (
        "'''pycon\n>>> import os\n'''\n'''pycon root\n>>> x = 1\n'''\n"
        "'''pycon unprivileged\n>>> os.geteuid() == 65534, 'x' in globals()\n(True, False)\n'''\n"
    )
    blocks = page.read(write(text))
    unprivileged.run(blocks, blocks[2])


@as_root
def test_an_unprivileged_block_leaves_no_folder_behind(write, monkeypatch):
    raises = ">>> open('/root')\nTraceback (most recent call last):\nPermissionError: ...\n"
    blocks = page.read(write(f"'''pycon unprivileged\n{raises}'''\n"))
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        unprivileged.run(blocks, blocks[0])
        assert os.listdir(folder) == []


@as_root
def test_an_unprivileged_block_that_fails_is_reported(write):
    path = write("'''pycon unprivileged\n>>> 1\n2\n'''\n")
    (block,) = page.read(path)
    with pytest.raises(unprivileged.FailedAsNobody, match=r"page\.md:2"):
        unprivileged.run([block], block)
