"""What readers get wrong, in a real browser: a run ends with words that help, the next works."""

from __future__ import annotations

import pytest
import run
from selenium.webdriver.support.ui import WebDriverWait

from .conftest import Opened
from .frame import LIMIT, Example

pytestmark = pytest.mark.skipif(not run.available(), reason="the site is built without Run")

FLOOD = "print('begun')\nwhile True: print('x' * 300)\n"
ALONE = "A server alone on this page has no clients: let a thread of the program be one."
ITSELF = "its machine reaches only itself, 127.0.0.1 and ::1."
MISTAKES = {
    # code: (what the status says, what the output holds)
    "import time\nwhile True: time.sleep(1)\n": (
        "Stopped after 1 s: time goes on, but the run does not end; program.py in sleep(1)", ""),
    "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(60)\n": (
        "Stopped after 1 s: program.py is computing at line 1 in fib()", ""),
    "import threading\ndef f():\n    while True: pass\nthreading.Thread(target=f).start()\n": (
        "Stopped after 1 s: Thread-1 (f) is computing at line 3 in f(); program.py in", ""),
    FLOOD: ("Stopped after 1 s: program.py is computing at line 2", "characters more\n"),
    "print('x' * 50_000_000)\n": ("Ended after", "… 49,800,001 characters more\n"),
    "import socket\nsocket.create_server(('127.0.0.1', 0)).accept()\n": (
        f"waits for a connection. {ALONE}", "line 2, in <module>\n"),
    "import socketserver as s\ns.TCPServer(('127.0.0.1', 0), None).serve_forever()\n": (ALONE, ""),
    "import socket, threading\nserver = socket.create_server(('127.0.0.1', 0))\n"
    "threading.Thread(target=server.accept).start()\nprint('the end')\n": (
        "Deadlock: nobody can ever wake: program.py in join: waits for a thread to end; Thread-1 (",
        "the end"),
    "import threading\nlock = threading.Lock()\nlock.acquire()\n"
    "threading.Thread(target=lock.acquire, daemon=True).start()\n": ("Ended after", ""),
    "import threading\ndef f(): 1/0\nt = threading.Thread(target=f)\nt.start()\nt.join()\n": (
        "Ended after", 'File "program.py", line 2, in f\n'),
    "name = input('Name? ')\n": (
        "Nobody types here: standard input is at its end.", "EOFError: EOF when reading a line"),
    "import sys\nprint([sys.stdin.read(), *sys.stdin])\n": ("Ended after", "['']"),
    "import sys\nsys.exit(3)\n": ("Ended with status 3 after", ""),
    "raise KeyboardInterrupt\n": ("Ended with status 130 after", "\nKeyboardInterrupt\n"),
    "import sys\nsys.exit('gone')\n": ("Ended with status 1 after", "gone\n"),
    "import os, threading\nthreading.Thread(target=os._exit, args=(4,)).start()\n"
    "threading.Event().wait()\n": ("Ended with status 4 after", ""),
    "import atexit, os, sys\natexit.register(print, 'bye')\nos.write(1, b'one ')\n"
    "sys.stdout.buffer.write(b'two ')\n": ("Ended after", "one two bye\n"),
    "def f(n): return f(n + 1)\nf(0)\n": (
        "Ended with status 1", " more times]\nRecursionError: maximum recursion depth exceeded\n"),
    "x = (1,\ny = 2\n": (
        "Ended with status 1", '  File "program.py", line 1\n    x = (1,\n        ^\nSyntaxError'),
    "print('grüße', 1 +* 2)\n": (
        "Ended with status 1", "    print('grüße', 1 +* 2)\n                      ^\nSyntaxError"),
    "if 1:\n\tprint(1)\n        print(2)\n": ("Ended with status 1", "\nTabError: "),
    "print('größe 日本語 🎉')\n": ("Ended after", "größe 日本語 🎉\n"),
    "print('\\udc80')\n": ("Ended with status 1", "UnicodeEncodeError: "),
    "import requests\n": (
        "Only Python's standard library is here; requests is not part of it.",
        '  File "program.py", line 1, in <module>\n    import requests\nModuleNotFoundError'),
    "import curses\n": ("A browser's Python has no ", "ModuleNotFoundError"),
    "import socket\nsocket.create_connection(('example.com', 80))\n": (
        "Nothing leaves this page: the only name it knows is localhost.", "gaierror: [Errno -2]"),
    "import urllib.request as u\nu.urlopen('http://example.com/')\n": (
        "Nothing leaves this page: the only name it knows is localhost.", "URLError"),
    "import socket\nsocket.create_connection(('192.168.1.1', 80))\n": (ITSELF, "[Errno 101]"),
    "import socket\nsocket.create_connection(('127.0.0.1', 80))\n": (
        "Only what runs on this page can be reached", "[Errno 111] Connection refused"),
    "import subprocess\nsubprocess.run(['ls'])\n": (
        "A page is one process; it cannot start another.", "OSError"),
    "import multiprocessing\nmultiprocessing.Process(target=print).start()\n": (
        "A page is one process; it cannot start another.", "ModuleNotFoundError"),
    "import socket, ssl\nnear, far = socket.socketpair()\n"
    "ssl.create_default_context().wrap_socket(near, server_hostname='localhost')\n": (
        "A browser's Python has no TLS; on a computer this works.", "RuntimeError: TLS not"),
    "import asyncio\nasync def f(): await asyncio.Event().wait()\nasyncio.run(f())\n": (
        "The event loop has nothing left to do: no task will ever do what is awaited.", "Deadlock"),
    "import asyncio\nasync def f():\n"
    "    await (await asyncio.start_server(print, '127.0.0.1', 0)).serve_forever()\n"
    "asyncio.run(f())\n": (ALONE, "Deadlock"),
    "import socket\nnear, far = socket.socketpair()\nwhile True: near.send(b'x' * 1000)\n": (
        "Deadlock: nobody can ever wake: program.py in send(3): waits for room to write.", ""),
    "def naturals():\n    while True: yield 1\nlist(naturals())\n": (
        "Stopped after 1 s: program.py is computing at line 2 in naturals(); nobody waits.", ""),
    "import os\nos.fork()\n": ("A page is one process", "[Errno 38] Function not implemented"),
    "import signal\nsignal.alarm(1)\n": ("A browser's Python has no signal.alarm.", "Attribute"),
    "import asyncio\nasync def f(): print('x', end='')\nasyncio.run(f()); asyncio.run(f())\n": (
        "Ended after", "xx"),
    "import socket\nheld = []\nwhile True: held.append(socket.socket())\n": (
        "Ended with status 1", "OSError: [Errno 24] Too many open files\n"),
    "import builtins\nbuiltins.len = None\n": ("Ended after", ""),
    "import sys\nsys.modules.clear()\n": ("", ""),
}  # fmt: skip


def shorten(place: Example, seconds: float) -> None:
    """Let programs run for less time than the page gives them."""
    place.driver.execute_script(
        "const limit = arguments[0];"
        "top.change = (request) => {"
        "  if (request.files?.['program.py'] !== \"print('fine')\\n\") request.limit = limit;"
        "};",
        seconds,
    )


@pytest.mark.parametrize("code", MISTAKES)
def test_it_is_told_and_the_next_run_works(opened: Opened, code: str):
    status, output = MISTAKES[code]
    (place,) = opened("playground.html")
    place.write(code)
    if status.startswith("Stopped") or status == ALONE:
        shorten(place, 1)
    assert status in place.run()
    assert output in place.text(".run-output")
    place.write("print('fine')\n")
    assert place.run().startswith("Ended after")
    assert place.text(".run-output") == "fine\n"


@pytest.mark.parametrize("page", ["playground.html", "tutorials/first-socket.html"])
def test_stop_works_while_a_program_floods_the_page(opened: Opened, page: str):
    place = opened(page)[0]
    place.write(FLOOD)
    place.press()
    WebDriverWait(place.driver, LIMIT, 0.02).until(
        lambda _: place.text(".run-status").startswith("Running")
    )
    place.press()
    assert place.has_ended() and place.text(".run-status").startswith("Stopped.")
    place.write("print('fine')\n")
    place.run()
    assert place.text(".run-output").endswith("fine\n")


@pytest.mark.parametrize(
    ("code", "status", "output"),
    [
        ("import socket\nx = (1,\n", "Your change raised SyntaxError.",
         '  File "<this block>", line 2\n    x = (1,\n        ^\n'),
        ("def f():\n\n    1 / 0\nf()\n", "Your change raised ZeroDivisionError.",
         '  File "<this block>", line 3, in f\n    1 / 0\n'),
        ("import requests\n", "requests is not part of it.", "ModuleNotFoundError"),
        ("input()\n", "Nobody types here", "EOFError"),
        ("import sys\nsys.exit(3)\n", "Your change raised SystemExit.", "SystemExit: 3\n"),
        ("list(range(10**6))\n", "Your change ran.", "… 7,688,891 characters more\n"),
        ("import threading\nt = threading.Thread(target=lambda: 1/0)\nt.start(); t.join()\n",
         "Your change ran.", 'File "<this block>", line 2, in <lambda>\n'),
    ],
)  # fmt: skip
def test_a_block_of_a_page_tells_its_line(opened: Opened, code: str, status: str, output: str):
    place = opened("tutorials/first-socket.html")[0]
    place.write(code)
    assert status in place.run()
    assert output in place.text(".run-output")
    place.press(".run-edit")
    assert place.run().startswith("As recorded")


def test_nothing_can_be_pressed_before_it_works(opened: Opened):
    place = opened("tutorials/first-socket.html")[0]
    page = place.driver.execute_async_script(
        "fetch(location.href).then(answer => answer.text()).then(arguments[0])"
    )
    tags = [part.partition(">")[0] for part in page.split("<button")]
    buttons = [tag for tag in tags if ' class="run-' in tag]
    assert len(buttons) > 8 and all(" disabled " in each for each in buttons)
    assert not place.element.find_elements("css selector", "button:disabled")
