"""The values of bsdsockets.sockaddr are the bytes that CPython makes of its tuples."""

import ctypes
import socket
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsdsockets import Machine
from bsdsockets.sockaddr import TIPC, Netlink, Packet

NUMBER = st.integers(0, 2**32 - 1)
FAMILIES = Machine(profile="every module").families


@given(NUMBER, NUMBER)
def test_netlink_as_the_model_reads_a_tuple(port: int, groups: int) -> None:
    packed = Netlink(port, groups).pack()
    assert FAMILIES[16].from_python((port, groups), "bind") == packed
    assert FAMILIES[16].to_python(packed) == (port, groups)


@given(st.sampled_from((1, 2, 3)), NUMBER, NUMBER, NUMBER, st.integers(-128, 127))
def test_tipc_as_the_model_reads_a_tuple(kind: int, a: int, b: int, c: int, scope: int) -> None:
    address = {1: (1, a, b, c, scope), 2: (2, a, b, c, scope), 3: (3, b, a, c, scope)}[kind]
    packed = FAMILIES[30].from_python(address, "bind")
    assert packed == TIPC(kind, a, b, c if kind == 1 else 0, scope).pack()


@given(st.integers(0, 0xFFFF), st.integers(0, 255), st.integers(0, 0xFFFF),
       st.binary(max_size=8))
def test_packet_as_the_model_reads_a_tuple(protocol: int, kind: int, hardware: int,
                                           own: bytes) -> None:
    packed = FAMILIES[17].from_python(("lo", protocol, kind, hardware, own), "bind")
    assert Packet(1, protocol, hardware, kind, own.hex(":")).pack() == packed


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@settings(max_examples=50, deadline=None)
@given(st.integers(1, 2**31 - 1))
def test_netlink_as_the_kernel_got_it_from_cpython(port: int) -> None:
    """bind() with CPython's tuple; the bytes of getsockname() are those of the value."""
    name, length = ctypes.create_string_buffer(12), ctypes.c_uint(12)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_USERSOCK) as sock:
        try:
            sock.bind((port, 0))
        except OSError:
            return  # another process has the number
        ctypes.CDLL(None).getsockname(sock.fileno(), name, ctypes.byref(length))
    assert name.raw == Netlink(port, 0).pack()
