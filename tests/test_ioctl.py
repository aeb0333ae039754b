"""ioctl() on a socket: the same answers on the model as from the kernel, request by request."""

import array
import copy
import socket as kernel
import struct
import sys
from typing import Any

import pytest

from bsdsockets import Machine
from bsdsockets.machine.errors import NAMES

fcntl = pytest.importorskip("fcntl", reason="this system has no ioctl()")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the requests are Linux's")

FIONREAD, TIOCOUTQ, SIOCATMARK, SIOCOUTQNSD = 0x541B, 0x5411, 0x8905, 0x894B
FIONBIO, FIOCLEX, FIONCLEX, UNKNOWN = 0x5421, 0x5451, 0x5450, 0x89A9
COUNTS = (FIONREAD, TIOCOUTQ, SIOCATMARK, SIOCOUTQNSD, FIONBIO, FIOCLEX, FIONCLEX, UNKNOWN)
NAME, FLAGS, ADDRESS, PEER, BROADCAST, MASK, METRIC = (
    0x8910, 0x8913, 0x8915, 0x8917, 0x8919, 0x891B, 0x891D)
MTU, HARDWARE, INDEX, QUEUE, MAP, SET_FLAGS = 0x8921, 0x8927, 0x8933, 0x8942, 0x8970, 0x8914
OF_INTERFACES = (FLAGS, ADDRESS, PEER, BROADCAST, MASK, METRIC, MTU, HARDWARE, INDEX, QUEUE, MAP)
KINDS = ("AF_INET SOCK_STREAM", "AF_INET SOCK_DGRAM", "AF_INET6 SOCK_STREAM",
         "AF_INET6 SOCK_DGRAM", "AF_UNIX SOCK_STREAM", "AF_UNIX SOCK_DGRAM",
         "AF_UNIX SOCK_SEQPACKET", "AF_NETLINK SOCK_RAW")


class Engine:
    """The kernel, or a machine of the model: a module *socket* and an ioctl()."""

    def __init__(self, machine: Machine | None = None) -> None:
        self.machine = machine
        self.socket: Any = machine.load("socket") if machine else kernel

    def ask(self, sock: Any, request: int, argument: bytes = bytes(4)) -> Any:
        """The structure as it is then, or the name of the error."""
        try:
            if self.machine:
                return self.machine.calls.ioctl(sock.fileno(), request, argument)[1]
            return fcntl.ioctl(sock, request, argument)
        except OSError as error:
            return NAMES[error.errno or 0]

    def count(self, sock: Any, request: int) -> Any:
        answer = self.ask(sock, request)
        return struct.unpack("=i", answer)[0] if isinstance(answer, bytes) else answer


def both(tell: Any) -> tuple[Any, Any]:
    return tell(Engine()), tell(Engine(Machine()))


@pytest.mark.parametrize("kind", KINDS)
def test_every_request_has_the_kernels_answer_on_a_new_socket(kind: str) -> None:
    def answers(engine: Engine) -> list[Any]:
        family, type_ = (getattr(engine.socket, name) for name in kind.split())
        with engine.socket.socket(family, type_) as sock:
            found = [engine.ask(sock, request) for request in COUNTS]
            for name in b"lo", b"nosuch":
                found += [engine.ask(sock, request, name.ljust(40, b"\0"))
                          for request in OF_INTERFACES]
            index = engine.ask(sock, NAME, struct.pack("=16xi20x", 1))
            nobody = engine.ask(sock, NAME, struct.pack("=16xi20x", 9999))
            return [*found, index, nobody, engine.ask(sock, FLAGS, b"lo\0")]

    real, ours = both(answers)
    assert ours == real
    assert len(ours) == 33


def test_what_waits_in_a_stream_is_counted_up_to_the_urgent_byte() -> None:
    def counts(engine: Engine) -> list[Any]:
        socket = engine.socket
        with (socket.create_server(("127.0.0.1", 0)) as server,
              socket.create_connection(server.getsockname()) as client,
              server.accept()[0] as peer):
            found = [engine.count(server, FIONREAD), engine.count(server, TIOCOUTQ)]
            for data, flags in (b"hello", 0), (b"!", socket.MSG_OOB), (b"more", 0):
                client.send(data, flags)
                found += [engine.count(peer, FIONREAD), engine.count(peer, SIOCATMARK)]
            for _ in range(3):
                peer.recv(5)
                found += [engine.count(peer, FIONREAD), engine.count(peer, SIOCATMARK)]
                client.send(b"+")
            client.close()
            return [*found, engine.count(peer, FIONREAD)]

    real, ours = both(counts)
    assert ours == real
    assert 5 in ours


@pytest.mark.parametrize("type_", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
def test_what_waits_in_a_unix_socket(type_: str) -> None:
    def counts(engine: Engine) -> list[Any]:
        left, right = engine.socket.socketpair(type=getattr(engine.socket, type_))
        with left, right:
            left.send(b"abc")
            left.send(b"defgh")
            found = [engine.count(right, FIONREAD), engine.count(left, TIOCOUTQ)]
            right.recv(3)
            return [*found, engine.count(right, FIONREAD), engine.count(left, TIOCOUTQ),
                    engine.count(right, SIOCATMARK)]

    real, ours = both(counts)
    assert ours == real


def test_what_waits_in_a_datagram_socket_is_its_next_datagram() -> None:
    def counts(engine: Engine) -> list[Any]:
        socket = engine.socket
        with (socket.socket(type=socket.SOCK_DGRAM) as receiver,
              socket.socket(type=socket.SOCK_DGRAM) as sender):
            receiver.bind(("127.0.0.1", 0))
            for data in b"abc", b"", b"defgh":
                sender.sendto(data, receiver.getsockname())
            found = []
            for _ in range(3):
                found.append(engine.count(receiver, FIONREAD))
                receiver.recv(10)
            return found

    assert both(counts) == ([3, 0, 5], [3, 0, 5])


def test_fionbio_makes_the_next_recv_fail_where_it_would_wait() -> None:
    def outcome(engine: Engine) -> Any:
        with engine.socket.socket(type=engine.socket.SOCK_DGRAM) as sock:
            engine.ask(sock, FIONBIO, struct.pack("=i", 1))
            with pytest.raises(BlockingIOError):
                sock.recv(1)
            return sock.getblocking()

    real, ours = both(outcome)
    assert ours is real


def test_an_interface_is_changed_by_root_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    engine = Engine(machine)
    down = b"lo".ljust(16, b"\0") + struct.pack("=H22x", 8)
    with engine.socket.socket() as sock:
        monkeypatch.setattr(type(machine.host), "privileged", property(lambda self: False))
        assert engine.ask(sock, SET_FLAGS, down) == "EPERM"
        monkeypatch.setattr(type(machine.host), "privileged", property(lambda self: True))
        engine.ask(sock, SET_FLAGS, down)
        assert engine.ask(sock, FLAGS, down)[16:18] == struct.pack("=H", 8)


@pytest.mark.parametrize("kind", KINDS[:5])
def test_an_interface_goes_by_its_name_before_the_colon_and_its_addresses_do_not(kind: str) -> None:
    def answers(engine: Engine) -> list[Any]:
        family, type_ = (getattr(engine.socket, name) for name in kind.split())
        with engine.socket.socket(family, type_) as sock:
            return [engine.ask(sock, request, name.ljust(40, b"\0"))
                    for name in (b"lo:1", b"lo:", b":lo")
                    for request in (INDEX, ADDRESS, MASK, BROADCAST)]

    kernel_answers, model_answers = both(answers)
    assert model_answers == kernel_answers


@pytest.mark.parametrize("argument", [array.array("i", [7]), bytearray(4), struct.pack("i", 7)])
def test_fcntls_ioctl_changes_what_can_be_changed_and_returns_what_cannot(argument: Any) -> None:
    machine = Machine()
    for module, control in (kernel, fcntl), (machine.load("socket"), machine.load("fcntl")):
        argument = copy.copy(argument)
        one, other = module.socketpair()
        with one, other:
            one.send(b"seen")
            answer = control.ioctl(other, FIONREAD, argument)
        if isinstance(argument, bytes):
            assert answer == struct.pack("i", 4)
        else:
            assert (answer, bytes(argument)) == (0, struct.pack("i", 4))
