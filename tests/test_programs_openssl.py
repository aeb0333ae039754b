"""pyOpenSSL's functions over the model's sockets, with a library that encrypts nothing.

The stand-in has OpenSSL's manner: it reads and writes records in two buffers in memory, wants to
read where none is whole, and says so by SSL_get_error.  pyOpenSSL itself is no part of the setup.
"""

import types
from typing import Any

import pytest

from bsdsockets import Machine
from bsdsockets.machine.errors import ECONNRESET
from bsdsockets.programs.openssl import SYSCALL, WANT_READ, WANT_WRITE, adapt

HEAD = b"\x17\x03\x03"


class Memory(bytearray):
    """A BIO in memory."""

    ended = False


class Library:
    """What stands for libssl."""

    def __init__(self) -> None:
        self.ends: dict[int, tuple[Memory, Memory]] = {}
        self.freed: list[int] = []

    def BIO_s_mem(self) -> None: ...

    def BIO_new(self, kind: None) -> Memory:
        return Memory()

    def BIO_read(self, bio: Memory, room: bytearray, size: int) -> int:
        data = bytes(bio[:size])
        del bio[:size]
        room[: len(data)] = data
        return len(data) or -1

    def BIO_write(self, bio: Memory, data: bytes, size: int) -> int:
        bio += data
        return size

    def BIO_set_mem_eof_return(self, bio: Memory, value: int) -> None:
        bio.ended = True

    def SSL_set_bio(self, ssl: int, into: Memory, out: Memory) -> None:
        self.ends[ssl] = into, out

    def SSL_free(self, ssl: int) -> None:
        self.freed.append(ssl)

    def SSL_get_error(self, ssl: int, result: int) -> int:
        return 0 if result > 0 else SYSCALL if self.ends[ssl][0].ended else WANT_READ

    def SSL_write(self, ssl: int, data: bytes, size: int) -> int:
        self.ends[ssl][1].extend(HEAD + size.to_bytes(2, "big") + data)
        return size

    def SSL_read(self, ssl: int, room: bytearray, size: int) -> int:
        into = self.ends[ssl][0]
        length = 5 + int.from_bytes(into[3:5], "big")
        if len(into) < 5 or len(into) < length:
            return -1
        assert len(into) == length, "more than a record was taken from the socket"
        room[: length - 5] = into[5:length]
        del into[:length]
        return length - 5

    def SSL_set_fd(self, ssl: int, number: int) -> int:
        raise AssertionError("a descriptor of the host")

    SSL_do_handshake = SSL_peek = SSL_shutdown = SSL_read


class Foreign(types.SimpleNamespace):
    """cffi, as far as it is used."""

    errno = 0

    def new(self, kind: str, size: int) -> bytearray:
        return bytearray(size)

    def buffer(self, room: bytearray, size: int) -> bytes:
        return bytes(room[:size])

    def cast(self, kind: str, ssl: int) -> int:
        return ssl


@pytest.fixture
def world() -> Any:
    """A machine with two connected sockets, and the functions over both."""
    machine = Machine()
    socket = machine.load("socket")
    util = types.SimpleNamespace(lib=Library(), ffi=Foreign())
    adapt(machine, util)
    a, b = socket.socketpair()
    with a, b:
        for ssl, end in ((1, a), (2, b)):
            assert util.lib.SSL_set_fd(ssl, end.fileno()) == 1
        yield types.SimpleNamespace(a=a, b=b, lib=util.lib, ffi=util.ffi, machine=machine)
    machine.close()


def test_what_one_end_writes_the_other_reads_a_record_at_a_time(world: Any) -> None:
    room = bytearray(100)
    assert world.lib.SSL_write(1, b"hello", 5) == world.lib.SSL_write(1, b"again", 5) == 5
    assert world.lib.SSL_read(2, room, 100) == 5
    assert room[:5] == b"hello"
    assert world.b.recv(5) == HEAD + b"\x00\x05"  # the second record is still the socket's


def test_a_socket_that_may_not_wait_wants_to_read_or_to_write(world: Any) -> None:
    world.a.setblocking(False)
    assert world.lib.SSL_read(1, bytearray(9), 9) == -1
    assert world.lib.SSL_get_error(1, -1) == WANT_READ
    while (result := world.lib.SSL_write(1, bytes(16384), 16384)) > 0:
        pass
    assert world.lib.SSL_get_error(1, result) == WANT_WRITE
    world.b.recv(2**20)
    assert world.lib.SSL_write(1, bytes(16384), 16384) == 16384  # that which waited


def test_a_reset_is_told_by_its_number(world: Any) -> None:
    world.b.send(b"unread")
    world.a.send(HEAD)
    world.a.close()
    assert world.lib.SSL_read(2, bytearray(9), 9) == -1
    assert (world.lib.SSL_get_error(2, -1), world.ffi.errno) == (SYSCALL, ECONNRESET)


def test_a_connection_that_is_freed_is_forgotten(world: Any) -> None:
    world.lib.SSL_free(1)
    with pytest.raises(AssertionError, match="of the host"):
        world.lib.SSL_set_fd(1, 1)
    assert 1 not in world.lib._links
