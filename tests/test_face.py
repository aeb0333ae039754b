"""The face: private copies beside the real modules, running programs, what can be watched."""

import fnmatch
import gc
import importlib
import os
import selectors
import socket as real_socket
import subprocess
import sys
import threading
import warnings
import weakref
import zipapp
from pathlib import Path

import pytest

import bsdsockets
from bsdsockets import Machine
from bsdsockets.machine.events import CallBegins, CallEnds, CallWaits
from bsdsockets.programs.watch import is_in_program
from bsdsockets.sockets.option_table import OPTIONS
from tests.cpython_suites import pythons

SOURCE = Path(bsdsockets.__file__).parents[1]


def test_the_copies_stand_beside_the_real_modules() -> None:
    from_machine = Machine().load("socket")
    assert from_machine is not real_socket
    assert from_machine.__file__ == real_socket.__file__
    assert sys.modules["socket"] is real_socket
    assert importlib.import_module("selectors") is selectors
    assert from_machine.AF_INET == real_socket.AF_INET


LATER = """
ETHERTYPE_ARP ETHERTYPE_IP ETHERTYPE_IPV6 ETHERTYPE_VLAN ETH_P_ALL IP_ADD_SOURCE_MEMBERSHIP
IP_BLOCK_SOURCE IP_DROP_SOURCE_MEMBERSHIP IP_PKTINFO IP_UNBLOCK_SOURCE NI_IDN SO_BINDTOIFINDEX
TCP_CC_INFO TCP_FASTOPEN_CONNECT TCP_FASTOPEN_KEY TCP_FASTOPEN_NO_COOKIE TCP_INQ TCP_MD5SIG
TCP_MD5SIG_EXT TCP_QUEUE_SEQ TCP_REPAIR TCP_REPAIR_OPTIONS TCP_REPAIR_QUEUE TCP_REPAIR_WINDOW
TCP_SAVED_SYN TCP_SAVE_SYN TCP_THIN_DUPACK TCP_THIN_LINEAR_TIMEOUTS TCP_TIMESTAMP TCP_TX_DELAY
TCP_ULP TCP_ZEROCOPY_RECEIVE"""
"""Names that Python's socket got after 3.11, and the model's has everywhere."""


def test_the_model_has_no_constant_that_pythons_socket_has_not() -> None:
    names = {name for name in vars(bsdsockets.socket) if name.isupper()}
    more = names - set(vars(real_socket)) - set(LATER.split())
    assert not more or sys.platform != "linux", f"name them in _BESIDE, machine/constants: {more}"


def test_a_machine_s_name_has_at_most_64_bytes() -> None:
    machine = Machine()
    socket = machine.load("socket")
    socket.sethostname("x" * 64)
    with pytest.raises(OSError, match="Invalid argument"):
        socket.sethostname("é" * 33)
    assert socket.gethostname() == "x" * 64
    machine.close()


def test_importing_from_the_package_gives_the_default_machine_s_copies() -> None:
    assert bsdsockets.socket is bsdsockets.load("socket")
    assert bsdsockets.threading is not threading
    with pytest.raises(AttributeError):
        _ = bsdsockets.nothing


def test_asyncio_of_a_machine_waits_in_virtual_time() -> None:
    machine = Machine()
    asyncio = machine.load("asyncio")

    async def main() -> str:
        async def serve(reader: object, writer: object) -> None:
            writer.write((await reader.readline()).upper())  # type: ignore[attr-defined]
            writer.close()  # type: ignore[attr-defined]

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(3600)
        return answer.decode()  # type: ignore[no-any-return]

    assert asyncio.run(main()) == "HELLO\n"
    assert machine.clock.now > 3600
    machine.close()


BOTH = """
from bsdsockets import Machine
import asyncio
async def name(asyncio):
    await asyncio.wait_for(asyncio.sleep(0), 10)
    return asyncio.current_task().get_name()
machine = Machine()
theirs = machine.load("asyncio")
for each in asyncio, theirs, asyncio:
    print(each.run(name(each))[:5])
machine.close()
"""


@pytest.mark.parametrize("python", pythons.found().values(), ids=list(pythons.found()))
def test_asyncio_of_the_host_knows_its_tasks_beside_a_machine_s(python: str) -> None:
    """The C half of asyncio is one for both, and must be made once."""
    done = subprocess.run([python, "-c", BOTH], capture_output=True, text=True, timeout=60,
                          check=False, env={"PYTHONPATH": str(SOURCE), "PATH": ""})
    assert (done.stderr, done.stdout) == ("", "Task-\n" * 3)


def test_tls_of_a_machine_fails_with_the_host_s_exceptions() -> None:
    real = pytest.importorskip("ssl")
    machine = Machine()
    ssl, socket = machine.load("ssl"), machine.load("socket")
    assert ssl is not real
    assert ssl.SSLError is real.SSLError
    a, b = socket.socketpair()
    with a, b:
        b.send(b"this is no handshake")
        with pytest.raises(real.SSLError):
            ssl.create_default_context().wrap_socket(a, server_hostname="localhost")
    machine.close()


def test_a_watched_call_begins_waits_and_ends() -> None:
    machine = Machine()
    socket, threading_ = machine.load("socket"), machine.load("threading")
    seen: list[object] = []
    end = machine.observe(seen.append)
    a, b = socket.socketpair()
    with a, b:
        thread = threading_.Thread(target=a.send, args=(b"x",))
        thread.start()
        assert b.recv(1) == b"x"
        thread.join()
    end()
    kinds = [(type(event), event.call) for event in seen
             if isinstance(event, CallBegins | CallWaits | CallEnds)]
    assert (CallBegins, "receive") in kinds
    assert (CallEnds, "receive") in kinds
    numbers = [event.number for event in seen]  # type: ignore[attr-defined]
    assert numbers == sorted(set(numbers))


PROGRAM = """
import socket, sys, threading, time
print(sys.argv[1:], __name__, 4096 < time.monotonic() < 4097)
server = socket.create_server(("127.0.0.1", 0))
def serve():
    connection, _ = server.accept()
    with connection:
        connection.sendall(connection.recv(100).upper())
thread = threading.Thread(target=serve)
thread.start()
with socket.create_connection(server.getsockname()) as client:
    client.sendall(b"hello")
    print(client.recv(100))
thread.join()
server.close()
time.sleep(10**6)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bsdsockets", "run", *arguments],
                          capture_output=True, text=True, timeout=60, check=False,
                          env={"PYTHONPATH": str(SOURCE), "PATH": ""})


def test_a_program_runs_unchanged_with_its_arguments(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = run("--pcap", str(tmp_path / "talk.pcap"), str(program), "--one", "two")
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout == "['--one', 'two'] __main__ True\nb'HELLO'\n"
    assert (tmp_path / "talk.pcap").stat().st_size > 500


STARTER = """\
import socket, subprocess, sys
CHILD = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 20)"
with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as given:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(server.getsockname()[1])])
    server.accept()[0].close()
    print(child.wait())
    try:
        subprocess.run(["cat"], stdin=given)
    except OSError as error:
        print(error)
"""


def test_what_a_program_starts_joins_the_machine_if_it_is_python(tmp_path: Path) -> None:
    program = tmp_path / "starter.py"
    program.write_text(STARTER)
    done = run(str(program))
    assert (done.stderr, done.returncode) == ("", 0)
    refused = "not on the model: a socket as another process's descriptor"
    assert done.stdout.startswith(f"0\n[Errno 38] {refused}")


def test_a_module_runs_by_its_name() -> None:
    done = run("-m", "http.server", "--help")
    assert done.returncode == 0
    assert "--bind" in done.stdout


@pytest.mark.parametrize("form", ["a directory", "an archive"])
def test_a_directory_or_an_archive_runs_by_its_main(tmp_path: Path, form: str) -> None:
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "helper.py").write_text("import socket\nKIND = socket.SOCK_STREAM\n")
    (tmp_path / "program" / "__main__.py").write_text(
        "import sys, helper\nprint(__name__, helper.KIND.name, sys.argv[1:])\n")
    if form == "an archive":
        zipapp.create_archive(tmp_path / "program", tmp_path / "program.pyz")
    done = run(str(tmp_path / ("program.pyz" if form == "an archive" else "program")), "--one")
    assert (done.stdout, done.stderr) == ("__main__ SOCK_STREAM ['--one']\n", "")


@pytest.mark.parametrize(("arguments", "message", "status"), [
    (["nosuch.py"], "{python}: can't open file '*nosuch.py': [Errno 2] No such file or directory",
     2),
    (["-m", "nosuch"], "{python}: No module named nosuch", 1),
    (["-m", "json"], "{python}: No module named json.__main__; *", 1),
    (["{}"], "{python}: can't find '__main__' module in '*'", 1),
])
def test_what_cannot_be_run_is_said_in_a_line(tmp_path: Path, arguments: list[str], message: str,
                                              status: int) -> None:
    done = run(*(each.format(tmp_path) for each in arguments))
    assert done.returncode == status
    message = message.replace("{python}", sys.executable)  # as python itself says it
    assert fnmatch.fnmatchcase(done.stderr, message.replace("[", "[[]") + "\n")


@pytest.mark.parametrize("beside", [False, True])
def test_a_syntax_error_is_shown_where_it_is(tmp_path: Path, beside: bool) -> None:
    program, empty = tmp_path / "program.py", tmp_path / "empty.py"
    program.write_text("import socket\ndef serve(:\n")
    empty.write_text("")
    done = run(str(program), *(["+", str(empty)] if beside else []))
    assert done.stderr.startswith(f'  File "{program}", line 2\n    def serve(:\n')
    assert done.returncode == 1


def test_who_has_read_enough_of_the_faults_ends_the_command() -> None:
    command = [sys.executable, "-m", "bsdsockets", "faults"]
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, timeout=60, check=False,
                              env={"PYTHONPATH": str(SOURCE), "PATH": ""})
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_program_that_hangs_on_a_system_ends_with_a_deadlock(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import socket\na, b = socket.socketpair()\na.recv(1)\n")
    done = run(str(program))
    assert done.returncode == 1
    assert "Deadlock: nobody can ever wake: MainThread in recv(" in done.stderr


def test_every_option_says_what_it_is_here() -> None:
    assert {option.status for option in OPTIONS.values()} <= {"modelled", "stored"}
    assert len(OPTIONS) > 90


AUDITED = """
import sys
heard = []
def hook(event, arguments):
    if event == "time.sleep" or event.startswith("socket.") and (
            event != "socket.__new__" or arguments[1:] in ((2, 2, 17), (1, 5, 0))):
        heard.append((event, *(each for each in arguments if not hasattr(each, "fileno"))))
sys.addaudithook(hook)
import socket, time
time.sleep(0.01)
address = ("127.0.0.1", 9)
for end in socket.socketpair(type=socket.SOCK_SEQPACKET):
    end.close()
with socket.socket(type=socket.SOCK_DGRAM, proto=17) as sock:
    sock.bind(("127.0.0.1", 0))
    sock.sendto(b"x", address)
    sock.sendmsg([b"x"], [], 0, address)
    sock.connect_ex(address)
    sock.sendmsg([b"x"])
socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
socket.gethostbyname("127.0.0.1"), socket.gethostbyname_ex("127.0.0.1")
socket.gethostbyaddr("127.0.0.1"), socket.gethostname()
socket.getservbyname("http"), socket.getservbyname("http", "tcp"), socket.getservbyport(80, "tcp")
print(heard)
"""


def test_audit_hooks_hear_of_the_models_sockets_as_of_the_kernels(tmp_path: Path) -> None:
    """PEP 578: the events, in order, with their arguments."""
    program = tmp_path / "audited.py"
    program.write_text(AUDITED)
    real = subprocess.run([sys.executable, str(program)], capture_output=True, text=True,
                          timeout=60, check=True)
    model = run(str(program))
    assert "socket.getservbyport" in real.stdout
    assert model.stdout == real.stdout, model.stderr


MILLISECONDS = (0.5, 2**31 - 1, 2**31 - 1.5, 2**31 - 0.5, 2**31, -0.5, -(2**31) + 0.5, -(2**31),
                -(2**31) - 0.5, -(2**31) - 1, 2**63, float("nan"), float("inf"), None, "1")


@pytest.mark.parametrize("name", ["poll", "epoll"])
@pytest.mark.parametrize("timeout", MILLISECONDS)
def test_a_timeout_is_as_many_milliseconds_as_a_c_int_holds(name: str, timeout: object) -> None:
    machine = Machine()
    reader, writer = os.pipe()
    os.write(writer, b"x")
    if name == "epoll" and isinstance(timeout, int | float):
        timeout /= 1000
    answers = []
    for select in (importlib.import_module("select"), machine.load("select")):
        waiting = getattr(select, name)()
        waiting.register(reader, select.POLLIN)
        try:
            answers.append(waiting.poll(timeout))
        except (OverflowError, TypeError, ValueError) as error:
            answers.append(repr(error))
        if name == "epoll":
            waiting.close()
    assert answers[0] == answers[1]
    os.close(reader)
    os.close(writer)
    machine.close()


def test_a_thread_that_ends_with_its_machine_says_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine = Machine()
    lock = machine.load("threading").Lock()
    lock.acquire()
    machine.load("threading").Thread(target=lock.acquire, daemon=True).start()
    machine.load("time").sleep(1)
    machine.close()
    assert capsys.readouterr() == ("", "")


def test_a_machine_that_nobody_has_any_more_is_forgotten_with_its_threads() -> None:
    def use() -> weakref.ref[Machine]:
        machine = Machine()
        threading = machine.load("threading")
        machine.load("concurrent.futures.thread")
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        machine.close()
        return weakref.ref(machine)

    references = [use() for _ in range(3)]
    gc.collect()
    assert [reference() for reference in references[:2]] == [None, None]


def test_a_descriptor_of_the_host_that_epoll_unregisters_is_told_no_more() -> None:
    machine = Machine()
    select = machine.load("select")
    reader, writer = os.pipe()
    with select.epoll() as instance:
        instance.register(reader, select.EPOLLIN)
        os.write(writer, b"x")
        assert instance.poll(0) == [(reader, select.EPOLLIN)]
        instance.unregister(reader)
        assert instance.poll(0) == []
        with pytest.raises(FileNotFoundError):
            instance.unregister(reader)
        instance.register(reader, select.EPOLLIN | select.EPOLLONESHOT)
        assert instance.poll(0) == [(reader, select.EPOLLIN)]
        assert instance.poll(0) == []
    os.close(reader)
    os.close(writer)
    machine.close()


def test_an_instance_of_epoll_keeps_nothing_of_a_file_that_is_closed() -> None:
    machine = Machine()
    socket, select = machine.load("socket"), machine.load("select")
    with select.epoll() as instance, select.epoll() as other:
        kept = machine.host.descriptors.find(instance.fileno())
        for _ in range(3):
            one, peer = socket.socketpair()
            instance.register(one, select.EPOLLIN)
            instance.register(peer, select.EPOLLIN)
            copy = one.dup()
            one.close()
            assert len(kept.entries) == 2
            copy.close()
            peer.close()
            assert not kept.entries and not kept.maybe
        instance.register(other)
        other.close()
        assert not kept.entries
    machine.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes")
def test_what_the_copies_want_done_in_a_child_is_done() -> None:
    machine = Machine()
    threading = machine.load("threading")
    other = threading.Thread(target=machine.load("time").sleep, args=(1,))
    other.start()
    assert threading.active_count() == 2
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os.write(writer, b"%d" % threading.active_count())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reader, 10) == b"1"
    os.close(reader)
    os.close(writer)
    other.join()
    machine.close()


SPINS = """\
import threading, time

def until(act, state):
    while not state:
        pass
    print(act)

seen = []
thread = threading.Thread(target=lambda: (time.sleep(0.2), seen.append(1)))
thread.start()
until("the main thread saw it", seen)
thread.join()
if {other}:
    seen.clear()
    thread = threading.Thread(target=until, args=("the other thread saw it", seen))
    thread.start()
    time.sleep(0.2)
    seen.append(1)
    thread.join()
"""
IMPATIENT = "import sys, bsdsockets.programs.watch as w; w.PERIOD = 0.3; " \
            "sys.argv[:] = sys.argv[1:]; from bsdsockets.programs.run import run; run([sys.argv])"


@pytest.mark.parametrize("version", pythons.found())
def test_a_loop_that_waits_for_a_variable_is_told_of_and_interrupted(
        version: str, tmp_path: Path) -> None:
    python, other = pythons.found()[version], version != "3.11"  # which has no sys.monitoring
    program = tmp_path / "spins.py"
    program.write_text(SPINS.format(other=other))
    done = subprocess.run([python, "-c", IMPATIENT, str(program)], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "PYTHONPATH": str(SOURCE)})
    assert done.stdout.splitlines() == ["the main thread saw it"] + \
        ["the other thread saw it"] * other
    assert done.stderr.count("threads take turns only where a call waits, from now on also") == 1


def test_a_thread_is_interrupted_at_its_program_s_lines_alone() -> None:
    machine, inside = Machine(), []
    machine.observe(lambda event: inside.append(is_in_program(sys._getframe())))
    machine.load("socket").socket().close()
    assert is_in_program(sys._getframe())
    assert inside and not any(inside)
    machine.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says in /proc which sockets have names")
def test_a_socket_of_the_host_s_is_refused_as_such(tmp_path: Path) -> None:
    machine, path = Machine(), str(tmp_path / "door")
    ours = machine.load("socket")
    with real_socket.socket(real_socket.AF_UNIX) as real, ours.socket(ours.AF_UNIX) as client:
        real.bind(path)
        with pytest.raises(ConnectionRefusedError, match="outside the machine"):
            client.connect(path)
        real.close()
        with pytest.raises(ConnectionRefusedError, match="Connection refused"):
            client.connect(path)
    machine.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_forgotten_socket_is_closed_also_where_the_warning_is_an_error() -> None:
    machine = Machine()
    socket = machine.load("socket")
    one, other = socket.socketpair()
    with warnings.catch_warnings(), other:
        warnings.simplefilter("error", ResourceWarning)
        del one
        gc.collect()
        assert other.recv(1) == b""
    machine.close()


def test_who_wraps_the_acquire_of_locks_has_not_wrapped_the_with_statement(
        monkeypatch: pytest.MonkeyPatch) -> None:
    """As in C, where blockbuster tells a call that may block from a lock that is held shortly."""
    machine = Machine()
    lock = machine.load("threading").Lock()
    monkeypatch.setattr(type(lock), "acquire", lambda *arguments: pytest.fail("acquire is called"))
    with lock:
        assert lock.locked()
    machine.close()


@pytest.mark.parametrize(("kind", "order"), [("SOCK_STREAM", "201"), ("SOCK_DGRAM", "012")])
def test_of_several_that_read_a_stream_the_newest_is_woken_first(kind: str, order: str) -> None:
    """As Linux 6.18 does: who waits for whole messages waits in turn."""
    machine = Machine()
    socket, threads = machine.load("socket"), machine.load("threading")
    sleep = machine.load("time").sleep
    one, other = socket.socketpair(socket.AF_UNIX, getattr(socket, kind))
    got = []

    def read(number: int) -> None:
        other.recv(1)
        got.append(str(number))

    readers = [threads.Thread(target=read, args=(number,)) for number in range(3)]
    for reader in readers:
        reader.start()
        sleep(0.01)
    for _ in readers:
        one.send(b"x")
        sleep(0.01)
    for reader in readers:
        reader.join(1)
    assert "".join(got) == order
    one.close()
    other.close()
    machine.close()
