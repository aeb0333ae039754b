"""Every whole program of the site under every fault: it keeps what it promises.

Client and server run on one machine, as ``bsdsockets run server.py + client.py`` runs them.  A
server must outlive the fault and stop when it is told to; a client must print what it prints on
a good day.  What a fault takes away from a promise is said in one table, with the reason.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bsdsockets.faults import FAULTS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@dataclass(frozen=True)
class Case:
    """Programs of one directory that belong together, and what the last one prints."""

    where: str
    commands: tuple[str, ...]
    prints: tuple[str, ...]
    kind: str = "tcp"


STREAM = ["short reads", "short writes", "small buffers", "slow peer", "second client",
          "descriptors used up", "another schedule"]  # fmt: skip
TOUCHED = {
    "tcp": [*STREAM, "reset", "slow network"],
    "udp": ["lost datagrams", "reordered datagrams", "duplicated datagrams", "small buffers",
            "slow peer", "slow network", "another schedule"],
    "unix": STREAM,
    "family": ["slow peer", "descriptors used up", "another schedule"],
    "icmp": ["slow network", "slow peer"],
}  # fmt: skip
"""Which faults can touch a program; it is run under each, and under all others at once."""

CASES = {
    "echo over TCP": Case(
        "tutorials", ("echo_server_tcp.py 50007", "echo_client_tcp.py 50007 {long} hello"),
        ("{long}", "hello")),
    "echo over TCP and IPv6": Case(
        "tutorials", ("echo_server_tcp.py 50007 --host ::1",
                      "echo_client_tcp.py 50007 one two --host ::1"), ("one", "two")),
    "echo over UDP": Case(
        "tutorials", ("echo_server_udp.py 50007", "echo_client_udp.py 50007 one two three"),
        ("one", "two", "three"), "udp"),
    "echo over UNIX": Case(
        "tutorials", ("echo_server_unix.py {folder}/s", "echo_client_unix.py {folder}/s {long}"),
        ("{long}",), "unix"),
    "the web server": Case(
        "tutorials", ("web_server.py 50007", "fetch.py http://127.0.0.1:50007/request"),
        ("GET /request HTTP/1.0", "Host: 127.0.0.1:50007")),
    "a file": Case(
        "how-to", ("receive_file.py 50007 {folder}/copy", "send_file.py 50007 {folder}/file"),
        ("sent 300000 bytes, and they are stored", "received 300000 bytes")),
    "words in lines": Case(
        "how-to", ("line_server.py 50007", "line_client.py 50007 {set} {get}"), ("OK", "OK blue")),
    "words in lines, with asyncio": Case(
        "how-to", ("line_server_asyncio.py 50007", "line_client.py 50007 {set} {get}"),
        ("OK", "OK blue")),
    "a chat": Case(
        "how-to", ("chat_server.py 50007", "chat_client.py 50007 alice --say hello"),
        ("alice has come", "alice: hello")),
    "words over WebSocket": Case(
        "how-to", ("websocket_server.py 50007",
                   "websocket_client.py ws://127.0.0.1:50007/socket hello {long}"),
        ("hello", "{long}")),
    "events": Case(
        "how-to", ("stream_server.py 50007 --events 3",
                   "follow_events.py http://127.0.0.1:50007/events"),
        ("event 1", "event 2", "event 3")),
    "a port that is forwarded": Case(
        "how-to", ("line_server.py 50008", "forward.py 50007 127.0.0.1 50008",
                   "line_client.py 50007 {set} {get}"), ("OK", "OK blue")),
    "a proxy, by SOCKS5": Case(
        "how-to", ("line_server.py 50008", "proxy_server.py 50007",
                   "ask_through.py socks5://127.0.0.1:50007 localhost 50008 {set} {get}"),
        ("OK", "OK blue")),
    "a proxy, by HTTP": Case(
        "how-to", ("line_server.py 50008", "proxy_server.py 50007",
                   "ask_through.py http://127.0.0.1:50007 127.0.0.1 50008 {set} {get}"),
        ("OK", "OK blue")),
    "echo over TLS": Case(
        "how-to", ("tls_echo_server.py 50007 localhost.pem",
                   "tls_echo_client.py localhost 50007 {long} hello --trust localhost.pem"),
        ("{long}", "hello")),
    "the address that answers": Case(
        "how-to", ("line_server.py 50007", "connect_first.py localhost 50007"),
        ("connected to 127.0.0.1",)),
    "an answer from where it was asked": Case(
        "how-to", ("answer_udp.py 50007",
                   "../tutorials/echo_client_udp.py 50007 one two --host 127.0.0.2"),
        ("one", "two"), "udp"),
    "a server and its successor": Case(
        "how-to", ("hand_over.py 50007 {folder}/s --name first", "line_client.py 50007 who"),
        ("served by first",)),
    "a question to a DNS server": Case(
        "how-to", ("dns_server.py 50053 {dns}",
                   "ask_dns.py www.example.org --server 127.0.0.1 --port 50053"),
        ("www.example.org A 192.0.2.7",), "udp"),
    "a long answer of a DNS server": Case(
        "how-to", ("dns_server.py 50053 {txt}",
                   "ask_dns.py example.org txt --server 127.0.0.1 --port 50053"),
        ('" "'.join(["x" * 255] * 3) + '" "xxx"',), "tcp"),
    "a group": Case(
        "how-to", ("multicast.py hear 239.255.7.7 50007 --interface lo",
                   "multicast.py tell 239.255.7.7 50007 hello --interface lo"),
        (": hello",), "udp"),  # from 0.0.0.0 where lo is all there is, as on Linux
    "frames": Case(
        "how-to", ("watch_frames.py lo --port 50007", "line_server.py 50007",
                   "line_client.py 50007 {get}"), ("TCP [S] 0 bytes", "TCP [SA] 0 bytes")),
    "ping": Case("how-to", ("ping.py 127.0.0.1 --count 1",), ("1 of 1 answered",), "icmp"),
    "interfaces": Case("how-to", ("interfaces.py",), (), "family"),
    "a patient client": Case(
        "inside", ("retry.py 600",), ("s  connected",)),
    "the tests of the patient client": Case("inside", ("retry_tests.py",), ("OK",)),
    "reliable datagrams of TIPC": Case(
        "reference/types", ("tipc_rdm.py",), (), "family"),
    "X.25": Case("reference/families", ("x25_call.py",), (), "family"),
    "X.25, options": Case("reference/families", ("x25_options.py",), (), "family"),
    "AX.25, a connection": Case("reference/families", ("ax25_connect.py",), (), "family"),
    "AX.25, frames": Case("reference/families", ("ax25_frames.py",), (), "family"),
    "ATM": Case("reference/families", ("atmpvc_send.py",), (), "family"),
    "AppleTalk": Case("reference/families", ("appletalk_ddp.py",), (), "family"),
}  # fmt: skip
"""An empty `prints` stands for what the program prints without a fault."""

NOT_RUN = {
    "send_file_naive": "breaks, to show how: test_the_naive_pair_breaks",
    "receive_file_naive": "breaks, to show how: test_the_naive_pair_breaks",
    "low_port": "gives up root's rights: the tests' own, for those are no machine's of ours",
    "workers": "its processes and signals are the operating system's: the tests' own",
    "refused": "shows what the model refuses, whatever else goes wrong; its page runs it",
    "x25_cable": "joins two interfaces of a real kernel; the machine has them joined",
    "ax25_ports": "makes interfaces on a real kernel; the machine has them",
}

LONG = "0123456789" * 2000
ONCE = "its one connection is the one that breaks; it says so in a line, and the server goes on"
ONE_ACCEPT = "the client is the program; its server is a prop that calls accept once"
NOBODY_WAITS = "what a watcher has no room for, it misses: nobody waits for it"
NOBODY_ASKS_AGAIN = "a group is told once; whoever did not hear it does not know"
EACH_CALL = "shows each call once, with its result; EMFILE is a result"
TAKES_AWAY = {
    ("echo over TCP", "reset"): ONCE,
    ("echo over TCP and IPv6", "reset"): ONCE,
    ("the web server", "reset"): ONCE,
    ("words in lines", "reset"): ONCE,
    ("words in lines, with asyncio", "reset"): ONCE,
    ("a chat", "reset"): ONCE,
    ("a proxy, by SOCKS5", "reset"): ONCE,
    ("a proxy, by HTTP", "reset"): ONCE,
    ("echo over TLS", "reset"): ONCE,
    ("words over WebSocket", "reset"): ONCE,
    ("a port that is forwarded", "reset"): ONCE,
    ("a server and its successor", "reset"): ONCE,
    ("frames", "reset"): ONCE,
    ("frames", "small buffers"): NOBODY_WAITS,
    ("a group", "lost datagrams"): NOBODY_ASKS_AGAIN,
    ("a patient client", "descriptors used up"): ONE_ACCEPT,
    ("the tests of the patient client", "descriptors used up"): ONE_ACCEPT,
    ("the tests of the patient client", "second client"): ONE_ACCEPT,
    ("X.25", "descriptors used up"): EACH_CALL,
    ("X.25, options", "descriptors used up"): EACH_CALL,
    ("AX.25, a connection", "descriptors used up"): EACH_CALL,
}
"""Where a program cannot do what it does on a good day: what it does instead must be told."""


LATER = [("{long}", LONG), ("{set}", "SET colour blue"), ("{get}", "GET colour"),
         ("{dns}", "www.example.org A 192.0.2.7"),
         ("{txt}", f"example.org TXT {'x' * 768}")]  # fmt: skip
"""Words with spaces, or too long to be read, and what stands for them."""


def replaced(words: list[str], pair: tuple[str, str]) -> list[str]:
    return [word.replace(*pair) for word in words]


def run(case: Case, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the programs of a case under faults."""
    words = " + ".join(case.commands).replace("{folder}", str(folder)).split()
    return subprocess.run(
        [sys.executable, "-W", "error", "-B", "-m", "bsdsockets", "run",
         "--profile", "every module" if case.kind == "family" else "built in", *options,
         *functools.reduce(replaced, LATER, words)],
        cwd=DOCS / case.where, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@functools.cache
def plain(case: Case) -> list[str]:
    """Return what programs that need no files print on a good day."""
    return run(case, Path()).stdout.splitlines()


def expected(case: Case) -> list[str]:
    """Return the lines that must be printed, in this order, with others between."""
    if case.prints:
        return [line.replace("{long}", LONG) for line in case.prints]
    return plain(case)


def in_order(lines: list[str], wanted: list[str]) -> bool:
    """Say whether all wanted lines stand among the lines, in their order."""
    left = iter(lines)
    return all(any(line.endswith(want) for line in left) for want in wanted)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(bytes(range(250)) * 1200)
    return tmp_path


TOLD = {("a file", "reset"): "send_file.py: [Errno 32] Broken pipe\n"}
"""What a program that tries again says on standard error."""


def keeps_its_promise(name: str, folder: Path, *faults: str) -> None:
    """Run a case under the faults, and compare."""
    case = CASES[name]
    ended = run(case, folder, *(word for fault in faults for word in ("--fault", fault)))
    told = "".join(TOLD.get((name, fault), "") for fault in faults)
    assert (ended.returncode, ended.stderr) == (0, told), ended.stdout
    assert in_order(ended.stdout.splitlines(), expected(case)), ended.stdout
    if name == "a file":
        assert (folder / "copy").read_bytes() == (folder / "file").read_bytes()


@pytest.mark.parametrize(("name", "fault"), [
    (name, fault) for name, case in CASES.items() for fault in TOUCHED[case.kind]
    if (name, fault) not in TAKES_AWAY
])  # fmt: skip
def test_a_program_keeps_its_promise_under_a_fault(name: str, fault: str, folder: Path) -> None:
    keeps_its_promise(name, folder, fault)


@pytest.mark.parametrize("name", CASES)
def test_the_other_faults_do_not_touch_a_program(name: str, folder: Path) -> None:
    case = CASES[name]
    others = [fault for fault in FAULTS if fault not in TOUCHED[case.kind]]
    ended = run(case, folder, *(word for fault in others for word in ("--fault", fault)))
    untouched = run(case, folder) if case.prints else None
    assert ended.stdout.splitlines() == (
        untouched.stdout.splitlines() if untouched else plain(case))


@pytest.mark.parametrize(
    "name", ["echo over TCP", "echo over TCP and IPv6", "the web server", "words in lines"]
)
def test_a_reset_is_told_in_a_line_and_the_next_client_is_served(name: str, folder: Path) -> None:
    case = CASES[name]
    twice = Case(case.where, (*case.commands, case.commands[-1]), case.prints)
    ended = run(twice, folder, "--fault", "reset")
    program = case.commands[-1].split()[0]
    assert ended.stderr in (f"{program}: [Errno 104] Connection reset by peer\n",
                            f"{program}: [Errno 32] Broken pipe\n")  # fmt: skip
    assert in_order(ended.stdout.splitlines(), [*expected(case), "stopped"])


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize(
    "name",
    ["echo over TCP", "echo over UDP", "echo over UNIX", "the web server", "a file",
     "words in lines", "the address that answers", "an answer from where it was asked"],
)
def test_programs_survive_everything_at_once(name: str, seed: int, folder: Path) -> None:
    case = CASES[name]
    kept = [fault for fault in FAULTS if (name, fault) not in TAKES_AWAY]
    kept.remove("slow peer")  # many short writes, each slow, are longer than the programs wait
    options = [word for fault in kept for word in ("--fault", fault)]
    ended = run(case, folder, "--seed", str(seed), *options)
    assert ended.returncode == 0, ended.stderr
    assert in_order(ended.stdout.splitlines(), expected(case))


NAIVE = Case("how-to", ("receive_file_naive.py 50007 {folder}/copy",
                        "send_file_naive.py 50007 {folder}/file"), ())  # fmt: skip


@pytest.mark.parametrize(
    "fault", ["short reads", "short writes", "small buffers", "slow peer", "second client"]
)
def test_the_naive_pair_breaks(fault: str, folder: Path) -> None:
    (folder / "file").write_bytes(bytes(3000))
    assert run(NAIVE, folder).returncode == 0
    assert (folder / "copy").read_bytes() == bytes(3000)
    run(NAIVE, folder, "--fault", fault)
    assert (folder / "copy").read_bytes() != bytes(3000)


def test_every_program_of_the_site_has_its_case() -> None:
    tried = {Path(word).name for case in CASES.values() for command in case.commands
             for word in command.split() if word.endswith(".py")}  # fmt: skip
    programs = {path.name for path in DOCS.rglob("*.py")}
    named = tried | {f"{name}.py" for name in NOT_RUN}
    assert programs == named, (
        f"{sorted(programs ^ named)}: a program of a page has a case in CASES, or its name and the"
        " reason why not in NOT_RUN")  # fmt: skip
    assert all(fault in FAULTS and name in CASES for name, fault in TAKES_AWAY)
    nowhere = set(FAULTS).difference(*TOUCHED.values())
    assert not nowhere, f"{sorted(nowhere)}: TOUCHED says which programs a fault can touch"
