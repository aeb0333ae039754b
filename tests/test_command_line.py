"""``python -m bsdsockets run`` takes what ``python`` takes, and does the same with it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from bsdsockets.__main__ import take_apart

pty = pytest.importorskip("pty")

SOURCE = Path(__file__).parents[1] / "src"
FILES = {
    "show.py": "import sys\nprint(sys.argv, sys.orig_argv[1:], sys.path[0], sys.flags.optimize,\n"
    "      sys.warnoptions, sys._xoptions, __file__, __spec__, type(__loader__).__name__)\n"
    "print(sorted(globals()))\n",
    "fails.py": "import socket\nsocket.socket().connect(('127.0.0.1', 1))\n",
    "ends.py": "import sys\nsys.exit('enough')\n",
    "asks.py": "print(input('name? '))\nprint(input('and? '))\n",
    "pickles.py": "import pickle, __main__\nclass Own: pass\n"
    "print(pickle.loads(pickle.dumps(Own())).__class__ is __main__.Own)\n",
    "package/__init__.py": "",
    "package/__main__.py": "import sys\nprint(__name__, __package__, sys.argv[1:], sys.path[0])\n",
    "package/broken.py": "1/0\n",
    "place/__main__.py": "import sys, beside\n"
    "print(__package__, sys.argv, sys.path[0], __file__)\n",
    "place/beside.py": "",
    "latin.py": "print(1)\n# caf\udce9\n",  # bytes that are not UTF-8
    "declared.py": "# -*- coding: latin-1 -*-\nprint(ascii('caf\udce9'))\n",
    "unknown.py": "# coding: nonsense\nprint(1)\n",
    "null.py": "x = 1\nprint('a\0b')\n",
}
CASES: dict[str, tuple[list[str], str]] = {
    "a file": (["show.py", "-m", "--seed", "3", "--", "-"], ""),
    "a path that goes up": (["../{here}/show.py"], ""),
    "a path from here": (["./show.py"], ""),
    "options that the interpreter starts with": (["-uO", "-W", "error", "-Xdev", "show.py"], ""),
    "no documentation strings": (["-OO", "show.py"], ""),
    "isolated": (["-I", "show.py"], ""),
    "nothing added to the path": (["-P", "-c", "import sys; print('' in sys.path)"], ""),
    "a text": (["-c", "import sys; print(sys.argv, sorted(globals()), sys.path[0])", "-b"], ""),
    "a text of several lines, that fails": (["-c", "def f():\n  1/0\nf()"], ""),
    "a module": (["-Bm", "package", "a", "-m"], ""),
    "a module without a space": (["-mpackage"], ""),
    "a module that fails": (["-m", "package.broken"], ""),
    "a module that is none": (["-m", "package.nosuch"], ""),
    "a directory": (["place", "x"], ""),
    "a directory with a slash": (["place/"], ""),
    "a directory without a program": (["."], ""),
    "a file that is not there": (["nowhere/a.py"], ""),
    "standard input": ([], "import sys\nprint(sys.argv, __file__, sorted(globals()))\n1/0\n"),
    "standard input by its sign": (["-", "a", "-b"], "import sys\nprint(sys.argv, __name__)\n"),
    "standard input with a null byte": (["-"], "print(1)\n\0"),
    "an empty name": ([""], "print(1)\n"),
    "a file that is no text": (["latin.py"], ""),
    "a file in another encoding": (["declared.py"], ""),
    "a file in an encoding that there is not": (["unknown.py"], ""),
    "a file with a null byte": (["null.py"], ""),
    "an exception": (["fails.py"], ""),
    "a message at the end": (["ends.py"], ""),
    "the interpreter after the program": (["-i", "ends.py"], "print(sys.last_value)\n"),
    "questions without an answer": (["asks.py"], "me\n"),
    "pickles of the program's own": (["pickles.py"], ""),
    "a debugger": (["-m", "pdb", "fails.py"], "b 2\nc\nn\nq\n"),
    "a test runner": (["-m", "unittest", "-q", "pickles"], ""),
    "a trace": (["-m", "trace", "--listfuncs", "pickles.py"], ""),
    "the version": (["-V"], ""),
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    return tmp_path


def run(where: Path, words: list[str], told: str) -> tuple[str, str, int]:
    done = subprocess.run(
        [sys.executable, *words], input=told, cwd=where, capture_output=True, text=True,
        timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    without_times = [line for line in done.stderr.splitlines() if not line.startswith("Ran ")]
    return done.stdout, "\n".join(without_times), done.returncode


@pytest.mark.parametrize("case", CASES)
def test_it_does_what_python_does(here: Path, case: str) -> None:
    words, told = CASES[case]
    if "-P" in words and not hasattr(sys.flags, "safe_path"):
        pytest.skip("this Python has no -P")
    if "null byte" in case and sys.version_info < (3, 11, 7):
        pytest.skip("this Python reads a line up to its null byte")
    words = [word.format(here=here.name) if "{here}" in word else word for word in words]
    on_kernel = run(here, words, told)
    on_model = run(here, ["-m", "bsdsockets", "run", *words], told)
    if case == "the interpreter after the program":  # its prompts are one line with the end
        assert on_model[1].endswith(">>> ")
    assert on_model == on_kernel


@pytest.mark.parametrize("words", [["show.py"], ["-m", "show"], ["-c", "print(1)"]])
def test_in_a_directory_that_has_been_removed_it_does_what_python_does(
        tmp_path: Path, words: list[str]) -> None:
    done = [subprocess.run(
        ["sh", "-c", 'mkdir gone; cd gone; rmdir ../gone; exec "$@"', "sh", sys.executable, *begin,
         *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)})
        for begin in ([], ["-m", "bsdsockets", "run"])]
    assert len({(each.stdout, each.stderr, each.returncode) for each in done}) == 1


@pytest.mark.parametrize("words", [["-z", "show.py"], ["-c"], ["-m"], ["-W"],
                                   ["--sead", "3", "show.py"],
                                   ["--pcap", "nowhere/a.pcap", "show.py"]])
def test_what_it_does_not_take_is_said_with_its_usage(here: Path, words: list[str]) -> None:
    output, errors, status = run(here, ["-m", "bsdsockets", "run", *words], "")
    assert (output, status) == ("", 2)
    assert errors.startswith("usage: bsdsockets run ") and words[0] in errors.splitlines()[-1]


def test_options_of_run_and_of_python_stand_in_any_order() -> None:
    assert take_apart(["-O", "--seed=3", "-W", "error", "--real-time", "-i", "a.py", "-O"]) == (
        ["--seed=3", "--real-time", "-i"], ["-O", "-W", "error"], ["a.py", "-O"])  # fmt: skip


def test_programs_beside_each_other_are_each_of_their_own_kind(here: Path) -> None:
    output, errors, status = run(here, ["-m", "bsdsockets", "run", "-m", "package", "a", "+", "-c",
                                        "print(1)", "+", "show.py"], "")  # fmt: skip
    assert (errors, status) == ("", 0)
    assert output.startswith("__main__ package ['a'] ") and "\n1\n['show.py'] " in output


def test_what_was_imported_when_python_started_is_of_the_machine_too(here: Path) -> None:
    """Such as by a .pth file, usercustomize or sitecustomize."""
    (here / "sitecustomize.py").write_text("import logging, multiprocessing, subprocess\n")
    (here / "child.py").write_text(
        "import socket, subprocess, sys\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "subprocess.run([sys.executable, '-c', 'import socket, sys\\n'\n"
        "    'socket.create_connection((\"127.0.0.1\", int(sys.argv[1])))',\n"
        "    str(server.getsockname()[1])])\nserver.settimeout(0)\nprint(server.accept()[1][0])\n")
    done = subprocess.run(
        [sys.executable, "-m", "bsdsockets", "run", "child.py"], cwd=here, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{SOURCE}"}, capture_output=True,
        text=True)  # fmt: skip
    assert (done.stdout, done.stderr) == ("127.0.0.1\n", "")


def at_a_terminal(where: Path, words: list[str], lines: list[str]) -> str:
    """Type *lines*, each when a prompt has come; returns what the terminal shows."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(where)
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TERM": "dumb"}
        os.execve(sys.executable, [sys.executable, "-m", "bsdsockets", "run", *words], environment)
    shown, left = b"", list(lines)
    try:
        while select.select([terminal], [], [], 60)[0] and (read := os.read(terminal, 4096)):
            shown += read
            if left and shown.count(b">>> ") > len(lines) - len(left):  # threads print after it
                os.write(terminal, left.pop(0).encode())
    except OSError:  # EIO: the program has ended
        pass
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    return shown.decode()


def test_a_person_can_type_a_program_while_its_threads_go_on(here: Path) -> None:
    shown = at_a_terminal(here, [], [
        "import socket, threading\n", "server = socket.create_server(('127.0.0.1', 80))\n",
        "threading.Thread(target=lambda: print('served', server.accept()[1][0])).start()\n",
        "client = socket.create_connection(('127.0.0.1', 80))\n", "\x04"])  # fmt: skip
    assert "on a machine of the model" in shown
    assert "served 127.0.0.1" in shown


def test_a_person_can_look_around_when_a_program_has_failed(here: Path) -> None:
    asked = "import sys; sys.last_value, socket.AF_INET\n"
    shown = at_a_terminal(here, ["-i", "fails.py"], [asked, "\x04"])
    assert "\nConnectionRefusedError: [Errno 111] Connection refused" in shown
    assert "(ConnectionRefusedError(111, 'Connection refused'), <AddressFamily" in shown


SERVER = """
import selectors, socket
listener = socket.create_server(("127.0.0.1", 8000))
selector = selectors.DefaultSelector()
selector.register(listener, selectors.EVENT_READ)
for _ in range(25_000):
    if selector.select(0.5):
        print("somebody came")
        break
"""


def test_a_server_alone_is_told_once_that_nobody_can_come(here: Path) -> None:
    (here / "server.py").write_text(SERVER)
    (here / "client.py").write_text(
        "import socket\nsocket.create_connection(('localhost', 8000)).close()\n")
    words = [sys.executable, "-m", "bsdsockets", "run", "server.py"]
    alone, together = (subprocess.run(
        words + more, cwd=here, env=os.environ | {"PYTHONPATH": str(SOURCE)}, capture_output=True,
        text=True, timeout=60) for more in ([], ["+", "client.py"]))
    assert alone.stdout == together.stderr == ""
    assert alone.stderr.count("127.0.0.1 port 8000 listens in the machine") == 1
    assert together.stdout == "somebody came\n"
