"""The lowest layer: virtual time, threads, descriptors, names of UNIX sockets, errors."""

import _thread
import errno
import gc
import os
import resource
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bsdsockets import Deadlock, Machine
from bsdsockets.machine import descriptors, errors, threads
from bsdsockets.machine.clock import Clock

LIMIT = 20.0  # seconds of real time


def test_two_entries_of_one_time_happen_in_the_order_they_were_made() -> None:
    clock, seen = Clock(), []
    clock.after(1, lambda: seen.append("first"))
    clock.after(1, lambda: seen.append("second"))
    while clock.step():
        pass
    assert seen == ["first", "second"]


def test_a_cancelled_entry_neither_happens_nor_moves_time() -> None:
    clock = Clock()
    clock.after(5, lambda: pytest.fail("it was cancelled")).cancel()
    assert not clock.step()
    assert clock.now == 0


def test_cancelled_entries_do_not_pile_up_while_time_stands_still() -> None:
    clock = Clock()
    for _ in range(10_000):
        clock.after(1, lambda: None).cancel()
    assert len(clock._heap) < 2_000


def test_an_entry_that_renews_itself_for_ever_is_nothing_to_wait_for() -> None:
    clock = Clock()

    def again() -> None:
        clock.after(1, again, idle=True)

    again()
    for _ in range(1000):
        if not clock.step():
            return
    pytest.fail("step() would go on for ever")


def test_a_signals_handler_may_let_happen_what_somebody_sleeps_for() -> None:
    class Interrupted(Clock):
        def _sleep(self, until: float) -> bool:
            self.pass_time(until - self.now)  # as a handler does that waits itself
            return True

    clock, seen = Interrupted(), []
    clock.after(1, lambda: seen.append("due"))
    assert clock.step() and seen == ["due"]
    clock.after(1, lambda: seen.append("due"))
    clock.after(5, lambda: pytest.fail("too early"))
    assert clock.step() and (seen, clock.now) == (["due", "due"], 2)


def test_what_happens_may_cancel_so_much_that_it_is_swept_out() -> None:
    clock = Clock(real=True)
    many = [clock.after(1000, lambda: pytest.fail("too early")) for _ in range(1200)]

    def cancel() -> None:
        for timer in many[:1000]:
            timer.cancel()
        clock.after(1000, lambda: None)

    clock.after(0, cancel)
    clock.after(0, lambda: None)
    clock.pass_time(0)
    assert len(clock._heap) == 201


def test_sleep_takes_no_time_and_moves_the_clock() -> None:
    machine = Machine()
    time = machine.load("time")
    before = time.monotonic()
    time.sleep(3600)
    assert 3600 <= time.monotonic() - before < 3601
    machine.close()


def test_waiting_that_nobody_can_end_names_the_call_and_the_thread() -> None:
    machine = Machine()
    socket, threading = machine.load("socket"), machine.load("threading")
    a, b = socket.socketpair()
    with a, b:
        thread = threading.Thread(target=lambda: b.recv(1), name="other")
        thread.start()
        with pytest.raises(Deadlock) as caught:
            a.recv(1)
        text = str(caught.value)
        assert f"MainThread in recv({a.fileno()})" in text
        assert f"recv({b.fileno()})" in text
        a.shutdown(socket.SHUT_RDWR)
        thread.join()
    machine.close()


def schedule(seed: int) -> list[int]:
    machine = Machine(seed=seed)
    threading, time = machine.load("threading"), machine.load("time")
    order: list[int] = []

    def work(number: int) -> None:
        for _ in range(3):
            order.append(number)
            time.sleep(0)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    machine.close()
    return order


def test_the_same_seed_gives_the_same_schedule_and_another_may_not() -> None:
    assert schedule(1) == schedule(1)
    assert schedule(0) == schedule(0)
    assert len({tuple(schedule(seed)) for seed in range(6)}) > 1


def test_a_machine_that_is_closed_ends_the_threads_that_wait() -> None:
    machine = Machine()
    socket, threading = machine.load("socket"), machine.load("threading")
    a, b = socket.socketpair()
    thread = threading.Thread(target=lambda: a.recv(1), daemon=True)
    thread.start()
    assert len(machine.scheduler.tasks) == 2
    machine.close()
    assert len(machine.scheduler.tasks) == 1
    assert not machine.descriptors
    a.detach()
    b.detach()


@pytest.mark.parametrize("of_c", [True, False], ids=["semaphores", "locks"])
def test_threads_take_turns_by_either_kind_of_baton(
    of_c: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not of_c:
        monkeypatch.setattr(threads, "_c", None)
    elif threads._c is None:
        pytest.skip("the C library's semaphores are only used on Linux")
    machine = Machine()
    socket, threading = machine.load("socket"), machine.load("threading")
    assert isinstance(machine.scheduler.main.baton, threads.Semaphore) == of_c
    here, there = socket.socketpair()

    def answer() -> None:
        while data := there.recv(1):
            there.send(data)

    server = threading.Thread(target=answer)
    server.start()
    with here, there:
        for number in range(200):
            here.send(bytes([number]))
            assert here.recv(1) == bytes([number])
        here.shutdown(socket.SHUT_WR)
        server.join()
    machine.close()


@pytest.mark.parametrize("of_c", [True, False], ids=["semaphores", "locks"])
def test_a_signal_interrupts_a_thread_that_waits_for_its_turn(
    of_c: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets its turn back first, so that never two threads run at once."""
    if not of_c:
        monkeypatch.setattr(threads, "_c", None)
    machine = Machine()
    threading = machine.load("threading")

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    # a shell without job control starts what runs behind it with SIGINT ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            threading.Thread(target=interrupt).start()
            threading.Event().wait()
    finally:
        signal.signal(signal.SIGINT, before)
    assert machine.scheduler.current is machine.scheduler.main
    machine.close()


def test_a_thread_is_there_when_it_has_been_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the host does for a new thread is done; and who is interrupted meanwhile loses none."""
    machine = Machine()
    ran: list[str] = []
    assert machine.scheduler.start(lambda: ran.append("first")).host
    begin = _thread.start_new_thread

    def interrupted(run: Callable[[], None], arguments: tuple[()]) -> None:
        begin(lambda: (signal.raise_signal(signal.SIGINT), run()), arguments)

    monkeypatch.setattr(_thread, "start_new_thread", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            machine.scheduler.start(lambda: ran.append("second"))
    finally:
        signal.signal(signal.SIGINT, before)
    machine.scheduler.look()
    assert ran == ["first", "second"]
    machine.close()


def until_asleep(thread: int) -> None:
    """Return when a thread sleeps though nobody has the interpreter's lock, as while it is read."""
    until = time.monotonic() + LIMIT
    status = Path(f"/proc/self/task/{thread}/stat")
    while status.read_text().rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < until


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize("of_c", [True, False], ids=["semaphores", "locks"])
def test_a_thread_that_is_stirred_handles_a_signal_that_did_not_interrupt_it(
    of_c: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host lets no other thread run handlers, and wakes the main one only by chance."""
    if not of_c:
        monkeypatch.setattr(threads, "_c", None)
    machine = Machine()
    model_threading = machine.load("threading")
    handled, done = threading.Event(), model_threading.Event()
    found, main = [], threading.get_native_id()

    def disturb() -> None:
        until_asleep(main)  # before that it would handle the signal by itself
        signal.raise_signal(signal.SIGUSR1)  # sent to this thread
        machine.scheduler.engine.stir(machine.scheduler.main)
        found.append(handled.wait(LIMIT))
        done.set()

    before = signal.signal(signal.SIGUSR1, lambda *_: handled.set())
    try:
        model_threading.Thread(target=disturb).start()
        done.wait()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert found == [True]
    machine.close()


def test_a_descriptor_is_a_real_number_that_closing_gives_back() -> None:
    machine = Machine()
    socket = machine.load("socket")
    a = socket.socket()
    number = a.fileno()
    assert os.fstat(number)
    assert not os.get_inheritable(number)
    a.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_o_nonblock_is_set_on_the_hosts_descriptors_of_one_socket_alone() -> None:
    machine = Machine()
    one, other = machine.load("socket").socketpair()
    with one, other, one.dup() as again:
        for blocking in (False, True, False):
            one.setblocking(blocking)
            with one.dup() as late:
                assert [os.get_blocking(each.fileno()) for each in (one, again, late, other)] \
                    == [blocking, blocking, blocking, True]
        assert os.path.sameopenfile(one.fileno(), again.fileno())
        assert not os.path.sameopenfile(one.fileno(), other.fileno())
    machine.close()


def test_a_socket_that_can_have_no_descriptor_alone_does_not_wait_either(
        monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(*kind: int) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    machine = Machine()
    one, other = machine.load("socket").socketpair()
    with one, other:
        monkeypatch.setattr(descriptors, "_reserve_class", no_more)
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv(1)
        assert os.get_blocking(one.fileno()) and os.get_blocking(other.fileno())
    machine.close()


def test_a_file_of_the_host_that_took_a_sockets_number_is_not_copied(tmp_path: Path) -> None:
    machine = Machine()
    table = machine.descriptors
    one = table.add(descriptors.File())
    other = table.add(descriptors.File())
    for number in (one, other):
        file = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    third = table.add(descriptors.File())
    assert stat.S_ISSOCK(os.fstat(third).st_mode)
    machine.close()


def test_the_last_of_two_descriptors_closes_the_socket() -> None:
    machine = Machine()
    socket = machine.load("socket")
    a, b = socket.socketpair()
    again = a.dup()
    a.close()
    again.send(b"still here")
    assert b.recv(20) == b"still here"
    again.close()
    assert b.recv(20) == b""
    b.close()


def test_accept_takes_its_descriptor_before_it_waits() -> None:
    machine = Machine()
    socket, threading = machine.load("socket"), machine.load("threading")
    accepted = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.socket() as one, socket.socket() as other:
            lowest_free = (one.fileno(), other.fileno())
        thread = threading.Thread(target=lambda: accepted.append(server.accept()[0]))
        thread.start()
        machine.load("time").sleep(1)  # until it waits
        with socket.create_connection(server.getsockname()) as client:
            thread.join()
            assert (accepted[0].fileno(), client.fileno()) == lowest_free
            accepted[0].close()


def test_accept_without_a_descriptor_fails_at_once_on_any_socket() -> None:
    machine = Machine()
    socket = machine.load("socket")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as unbound:
        with socket.socket() as unused:
            limit = unused.fileno()
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
        try:
            for each in (server, unbound):
                for timeout in (None, 0):
                    each.settimeout(timeout)
                    assert _number_of_error(each.accept) == errno.EMFILE
            server.settimeout(1)
            with pytest.raises(TimeoutError):  # it polls first
                server.accept()
            with pytest.raises(OSError, match="Bad file"):
                machine.calls.accept(limit, None)
            assert _number_of_error(lambda: machine.calls.accept(0, None)) == errno.EMFILE
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert _number_of_error(lambda: machine.calls.accept(0, None)) == errno.ENOTSOCK
        with socket.socket() as unused:
            assert unused.fileno() == limit  # the calls that failed gave theirs back


def _number_of_error(call: Callable[[], object]) -> int | None:
    with pytest.raises(OSError) as raised:
        call()
    return raised.value.errno


def test_a_bound_path_is_a_file_of_the_type_socket(tmp_path: Path) -> None:
    machine = Machine()
    socket = machine.load("socket")
    path = str(tmp_path / "door")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        assert stat.S_ISSOCK(os.stat(path).st_mode)
    assert os.path.exists(path), "closing leaves the name, stale"
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(ConnectionRefusedError):
        client.connect(path)
    os.unlink(path)
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(FileNotFoundError):
        client.connect(path)


@pytest.mark.parametrize("number", sorted(errors.NAMES))
def test_numbers_names_and_texts_are_linux_s(number: int) -> None:
    assert getattr(errno, errors.NAMES[number]) == number
    assert os.strerror(number) == errors.TEXTS[number]
    assert type(errors.error(number)) is type(OSError(number, ""))


def test_two_machines_share_nothing() -> None:
    one, two = Machine().load("socket"), Machine().load("socket")
    with one.create_server(("127.0.0.1", 5000)), two.create_server(("127.0.0.1", 5000)):
        pass


def test_a_signal_between_a_look_and_the_wait_is_not_missed() -> None:
    machine = Machine()
    left, right = machine.load("socket").socketpair()
    watched = machine.calls.socket_of(left.fileno())
    look = watched.protocol.ready

    def interrupted(so: object) -> int:
        """Nothing is there; then a handler runs, as of a signal that comes now."""
        found: int = look(so)
        if so is watched and not found & 1 and not machine.scheduler.disturbed:
            right.send(b"x")
            machine.scheduler.disturbed = True
        return found

    watched.protocol.ready = interrupted
    assert machine.load("select").select([left], [], [])[0] == [left]
    left.close()
    right.close()


def test_a_finalizer_that_waits_does_so_between_turns_not_in_one() -> None:
    machine = Machine()
    threading, time = machine.load("threading"), machine.load("time")
    lock, turns, finalized = threading.RLock(), [], []

    class Garbage:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            with lock:
                time.sleep(0.001)
                finalized.append(threading.get_ident())

    def work() -> None:
        for _ in range(100):
            Garbage()
            with lock:
                time.sleep(0.0001)
            turns.append(threading.get_ident())

    before = gc.get_threshold()
    gc.set_threshold(7)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert gc.isenabled()
    finally:
        gc.set_threshold(*before)
    assert sorted(set(turns)) == sorted(thread.ident for thread in threads)
    assert len(turns) == 400
    assert finalized
    gc.collect()
    machine.close()


def test_what_only_a_thread_refers_to_is_finalized_in_its_turn() -> None:
    machine = Machine()
    threading = machine.load("threading")
    where = []

    class Argument:
        def __del__(self) -> None:
            time.sleep(0.01)
            where.append(machine.scheduler.current.host == _thread.get_ident())

    def work(argument: Argument) -> None:
        del argument

    time = machine.load("time")
    for start in (machine.load("_thread").start_new_thread,
                  lambda target, args: threading.Thread(target=target, args=args).start()):
        start(work, (Argument(),))
        time.sleep(0.1)
    assert where == [True, True]
    machine.close()
