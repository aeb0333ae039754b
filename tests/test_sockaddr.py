"""The addresses Python cannot write: against a C compiler's structures, and on real sockets."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsdsockets import Machine, sockaddr
from bsdsockets.sockaddr import ATMPVC, AX25, IPX, TIPC, X25, Address, AppleTalk, Netlink, Packet
from bsdsockets.sockaddr import values as values_module

SAMPLES: dict[str, tuple[Address, str, str]] = {
    "x25": (
        X25("123456789012345"),
        "struct sockaddr_x25",
        'a.sx25_family = AF_X25; strcpy(a.sx25_addr.x25_addr, "123456789012345");',
    ),
    "ax25": (
        AX25("N0CALL-7"),
        "struct sockaddr_ax25",
        "a.sax25_family = AF_AX25; shift(a.sax25_call.ax25_call, \"N0CALL\", 7);",
    ),
    "full_ax25": (
        AX25("N0SRV-1", ("PORT1", "RELAY-15")),
        "struct full_sockaddr_ax25",
        'a.fsa_ax25.sax25_family = AF_AX25; a.fsa_ax25.sax25_ndigis = 2;'
        'shift(a.fsa_ax25.sax25_call.ax25_call, "N0SRV ", 1);'
        'shift(a.fsa_digipeater[0].ax25_call, "PORT1 ", 0);'
        'shift(a.fsa_digipeater[1].ax25_call, "RELAY ", 15);',
    ),
    "ipx": (
        IPX(0x12345678, "0123456789ab", 0x4001, 4),
        "struct sockaddr_ipx",
        "a.sipx_family = AF_IPX; a.sipx_network = htonl(0x12345678); a.sipx_port = htons(0x4001);"
        'a.sipx_type = 4; memcpy(a.sipx_node, "\\x01\\x23\\x45\\x67\\x89\\xab", 6);',
    ),
    "appletalk": (
        AppleTalk(0xFF00, 66, 200),
        "struct sockaddr_at",
        "a.sat_family = AF_APPLETALK; a.sat_port = 200; a.sat_addr.s_net = htons(0xff00);"
        "a.sat_addr.s_node = 66;",
    ),
    "atmpvc": (
        ATMPVC(1, ATMPVC.ANY, 32000),
        "struct sockaddr_atmpvc",
        "a.sap_family = AF_ATMPVC; a.sap_addr.itf = 1; a.sap_addr.vpi = ATM_VPI_ANY;"
        "a.sap_addr.vci = 32000;",
    ),
    "netlink": (
        Netlink(4711, 0x80000001),
        "struct sockaddr_nl",
        "a.nl_family = AF_NETLINK; a.nl_pid = 4711; a.nl_groups = 0x80000001;",
    ),
    "packet": (
        Packet(2, 0x0800, 1, 4, "02:00:5e:00:53:01"),
        "struct sockaddr_ll",
        "a.sll_family = AF_PACKET; a.sll_ifindex = 2; a.sll_protocol = htons(0x0800);"
        "a.sll_hatype = 1; a.sll_pkttype = 4; a.sll_halen = 6;"
        'memcpy(a.sll_addr, "\\x02\\x00\\x5e\\x00\\x53\\x01", 6);',
    ),
    "tipc": (
        TIPC(TIPC.RANGE, 18888, 0, 50, 3),
        "struct sockaddr_tipc",
        "a.family = AF_TIPC; a.addrtype = TIPC_SERVICE_RANGE; a.scope = TIPC_NODE_SCOPE;"
        "a.addr.nameseq.type = 18888; a.addr.nameseq.lower = 0; a.addr.nameseq.upper = 50;",
    ),
}  # fmt: skip

C_PROGRAM = """
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/atalk.h>
#include <linux/atm.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/tipc.h>
#include <linux/x25.h>
#include <netax25/ax25.h>
#include <netipx/ipx.h>

static void shift(char *to, const char *letters, int ssid) {
    for (int i = 0; i < 6; i++) to[i] = letters[i] << 1;
    to[6] = ssid << 1;
}

int main(void) {
    %s
}
"""

BLOCK = """{ %s a; memset(&a, 0, sizeof a); %s
    printf("%s ");
    for (size_t i = 0; i < sizeof a; i++) printf("%%02x", ((unsigned char *)&a)[i]);
    puts(""); }"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The samples as a C compiler lays them out, from this system's headers."""
    if not (compiler := shutil.which("cc")):
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("layout")
    blocks = [BLOCK % (kind, fill, name) for name, (_, kind, fill) in SAMPLES.items()]
    (folder / "layout.c").write_text(C_PROGRAM % "\n".join(blocks))
    built = subprocess.run(
        [compiler, "-Wall", "-o", "layout", "layout.c"],
        cwd=folder, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if "No such file" in built.stderr:
        pytest.skip("this system lacks a header: " + built.stderr.splitlines()[0])
    assert built.returncode == 0 and not built.stderr, built.stderr
    printed = subprocess.run([folder / "layout"], capture_output=True, text=True, timeout=10)
    lines = (line.split() for line in printed.stdout.splitlines())
    return {name: bytes.fromhex(data) for name, data in lines}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_bytes_are_those_of_the_c_structure(name: str, compiled: dict[str, bytes]) -> None:
    address = SAMPLES[name][0]
    assert address.pack() == compiled[name]
    assert sockaddr.unpack(compiled[name]) == address


@pytest.mark.parametrize("name", SAMPLES)
def test_the_size_is_that_of_the_longest_structure(name: str) -> None:
    address = SAMPLES[name][0]
    assert len(address.pack()) == address.size or name == "ax25"


def numbers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << bits) - 1)


CALLSIGNS = st.builds(
    lambda call, ssid: f"{call}-{ssid}" if ssid else call,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=6),
    st.integers(0, 15),
)
NODES = st.binary(min_size=6, max_size=6).map(bytes.hex)
ADDRESSES = {
    X25: st.builds(X25, st.text("0123456789", max_size=15)),
    AX25: st.builds(AX25, CALLSIGNS, st.lists(CALLSIGNS, max_size=8).map(tuple)),
    IPX: st.builds(IPX, numbers(32), NODES, numbers(16)),
    AppleTalk: st.builds(AppleTalk, numbers(16), numbers(8), numbers(8)),
    ATMPVC: st.builds(
        ATMPVC, st.integers(-2, 0x7FFF), st.integers(-2, 0xFFF), st.integers(-2, 0xFFFF)
    ),
    Netlink: st.builds(Netlink, numbers(32), numbers(32)),
    Packet: st.builds(
        Packet, numbers(31), numbers(16), numbers(16), numbers(8),
        st.binary(max_size=8).map(lambda data: data.hex(":")),
    ),
    TIPC: st.builds(
        TIPC, st.integers(1, 3), numbers(32), numbers(32), numbers(32), st.integers(-128, 127)
    ),
}  # fmt: skip


@given(st.one_of(*ADDRESSES.values()))
def test_an_address_survives_being_packed(address: Address) -> None:
    assert sockaddr.unpack(address.pack()) == address
    assert type(address).unpack(address.pack()) == address


@given(st.one_of(*ADDRESSES.values()))
def test_an_address_survives_being_written_as_text(address: Address) -> None:
    assert type(address).parse(str(address)) == address


@given(st.sampled_from(list(ADDRESSES)), st.binary(min_size=126, max_size=126))
def test_whatever_a_kernel_gives_is_read_or_refused_with_a_value_error(
    kind: type[Address], rest: bytes
) -> None:
    data = struct.pack("=H", kind.family) + rest
    try:
        address = sockaddr.unpack(data)
    except ValueError:
        return
    assert sockaddr.unpack(address.pack()) == address


def test_an_ipx_packet_type_is_in_the_bytes_and_not_in_the_text() -> None:
    address = IPX(1, "000000000002", 3, type=4)
    assert sockaddr.unpack(address.pack()) == address
    assert str(address) == "00000001:000000000002:0003"


def test_the_recorded_addresses_are_read() -> None:
    """Bytes that kernels gave, from the recordings on the families' pages; little-endian."""
    recorded = {
        "0900323030320000000000409f6300000000": X25("2002"),
        "03009c608698924065" + "00" * 63: AX25("N0CLI-2"),
        "030000000000000000000000010000004040404040400000" + "00" * 48: AX25("", ("",)),
        "04004000123456780000000000010400": IPX(0x12345678, "000000000001", 0x4000, 4),
        "0500c967ff004200af29196000000000": AppleTalk(0xFF00, 66, 201),
        "080000000100000064000000": ATMPVC(1, 0, 100),
        "110008ff08000000010001065ee1be79f7f50000": Packet(8, 0x08FF, 1, 1, "5e:e1:be:79:f7:f5"),
    }
    if sys.byteorder == "little":
        for data, address in recorded.items():
            assert sockaddr.unpack(bytes.fromhex(data)) == address


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (X25, ("10A1",), "'10A1' is not up to 15 decimal digits"),
        (X25, ("1" * 16,), "not up to 15"),
        (X25, ("١٢",), "decimal digits"),
        (AX25, ("TOOLONG",), "'TOOLONG' is not a callsign such as N0CALL-7"),
        (AX25, ("N0CALL-16",), "not a callsign"),
        (AX25, ("N0CÄLL",), "not a callsign"),
        (AX25, ("N0CALL", ("RELAY",) * 9), "9 digipeaters are more than 8"),
        (AX25, ("N0CALL", ("no good",)), "'no good' is not a callsign"),
        (IPX, (1 << 32,), "network 4294967296 is not between 0 and 4294967295"),
        (IPX, (1, "01:23:45:67:89:ab"), "is not 12 hexadecimal digits"),
        (IPX, (1, "0" * 12, 65536), "port 65536 is not between"),
        (IPX, (1, "0" * 12, 1, 256), "type 256 is not between"),
        (AppleTalk, (65536,), "net 65536 is not between"),
        (AppleTalk, (1, 256), "node 256 is not between"),
        (AppleTalk, (1, 1, -1), "port -1 is not between"),
        (ATMPVC, (-3,), "itf -3 is not between"),
        (ATMPVC, (0, 4096), "vpi 4096 is not between"),
        (ATMPVC, (0, 0, 65536), "vci 65536 is not between -2 and 65535"),
        (Netlink, (-1,), "port -1 is not between"),
        (Packet, (0, 0, 0, 0, "02:zz"), "not up to 8 bytes"),
        (TIPC, (4,), "kind 4 is not between 1 and 3"),
    ],
)
def test_what_no_structure_can_hold_is_refused_with_what_is_wrong(
    kind: type[Address], arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind(*arguments)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (X25, "1001 "),
        (AX25, "N0CALL via "),
        (AX25, "-7x"),
        (IPX, "1:2:3"),
        (IPX, "00000001:0123456789ab"),
        (AppleTalk, "65280.66"),
        (AppleTalk, "1.2.3:4"),
        (ATMPVC, "1"),
        (ATMPVC, "1.2.3.4"),
        (Netlink, "1"),
        (Packet, "lo"),
        (TIPC, "service 1:2"),
    ],
)
def test_text_in_another_form_is_refused(kind: type[Address], text: str) -> None:
    if text == "N0CALL via ":  # an empty way is no way
        assert AX25.parse(text) == AX25("N0CALL")
        return
    with pytest.raises(ValueError, match="is not"):
        kind.parse(text)


def test_a_number_of_another_type_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="node must be an integer, not str"):
        AppleTalk(1, "2")  # type: ignore[arg-type]


def test_text_in_the_usual_short_forms_is_read() -> None:
    assert ATMPVC.parse("0.32") == ATMPVC(0, 0, 32)
    assert ATMPVC.parse("1.*.?") == ATMPVC(1, ATMPVC.ANY, ATMPVC.UNSPEC)
    assert AX25.parse("n0call-0") == AX25("N0CALL")
    assert str(AX25("N0CALL", ("A", "B-1"))) == "N0CALL via A,B-1"


@pytest.mark.parametrize("data", [b"", b"\0", struct.pack("=H", 255), X25("1").pack()[1:]])
def test_bytes_of_no_known_family_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no class"):
        sockaddr.unpack(data)


def test_bytes_of_another_family_are_refused() -> None:
    with pytest.raises(ValueError, match="not an address of X25"):
        X25.unpack(AppleTalk(1, 2, 3).pack())


# The calls, on families that every kernel has


@dataclass(frozen=True)
class Internet(Address):
    """AF_INET in the same manner, so that the calls can be tried where the old families are not."""

    host: str = "127.0.0.1"
    port: int = 0

    family = 0
    size = 16

    def _body(self) -> bytes:
        return struct.pack("!H4s8x", self.port, socket.inet_aton(self.host))

    @classmethod
    def _from_body(cls, body: bytes) -> Internet:
        port, host = struct.unpack_from("!H4s", body)
        return cls(socket.inet_ntoa(host), port)


@pytest.fixture(autouse=True)
def internet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Internet, "family", int(socket.AF_INET))
    monkeypatch.setitem(values_module._classes, int(socket.AF_INET), Internet)


linux = pytest.mark.skipif(sys.platform != "linux", reason="calls Linux's C library")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as server:
        sockaddr.bind(server, Internet())
        server.listen()
        server.settimeout(10)
        yield server


@linux
@pytest.mark.parametrize("timeout", [None, 10])
def test_a_connection_is_made_and_both_names_are_what_python_says(
    timeout: float | None, listener: socket.socket
) -> None:
    with socket.socket() as client:
        client.settimeout(timeout)
        sockaddr.connect(client, sockaddr.getsockname(listener))
        connection, peer = sockaddr.accept(listener)
        with connection:
            assert peer == Internet(*client.getsockname()) == sockaddr.getsockname(client)
            assert sockaddr.getpeername(client) == Internet(*listener.getsockname())
            assert type(connection) is socket.socket and connection.family == socket.AF_INET
            connection.sendall(b"hello")
            assert client.recv(10) == b"hello"


@linux
@pytest.mark.parametrize("timeout", [None, 10])
def test_datagrams_carry_the_sender(timeout: float | None) -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as receiver,
        socket.socket(type=socket.SOCK_DGRAM) as sender,
    ):
        for sock in receiver, sender:
            sock.settimeout(timeout)
            sockaddr.bind(sock, Internet())
        assert sockaddr.sendto(sender, b"\0data", sockaddr.getsockname(receiver)) == 5
        data, name = sockaddr.recvfrom(receiver, 100)
        assert (data, name) == (b"\0data", Internet(*sender.getsockname()))


@linux
def test_an_error_is_the_exception_python_would_raise(listener: socket.socket) -> None:
    with socket.socket() as second, pytest.raises(OSError) as caught:
        sockaddr.bind(second, sockaddr.getsockname(listener))
    assert caught.value.errno == errno.EADDRINUSE
    assert str(caught.value) == "[Errno 98] Address already in use"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            sockaddr.connect(client, Internet(*nobody.getsockname()))
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            client.settimeout(10)
            sockaddr.connect(client, Internet(*nobody.getsockname()))
    with socket.socket() as alone, pytest.raises(OSError) as caught:
        sockaddr.getpeername(alone)
    assert caught.value.errno == errno.ENOTCONN


@linux
def test_a_call_waits_as_long_as_the_timeout_says() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as receiver:
        sockaddr.bind(receiver, Internet())
        receiver.settimeout(0.01)
        with pytest.raises(TimeoutError, match="timed out"):
            sockaddr.recvfrom(receiver, 1)
        receiver.settimeout(0)
        with pytest.raises(BlockingIOError):
            sockaddr.recvfrom(receiver, 1)


@linux
def test_a_signal_does_not_end_a_call(listener: socket.socket) -> None:
    handled = threading.Event()
    listener.settimeout(None)
    old = signal.signal(signal.SIGALRM, lambda *_: handled.set())

    def connect_after_the_signal() -> None:
        handled.wait(10)
        with socket.socket() as client:
            client.connect(listener.getsockname())

    caller = threading.Thread(target=connect_after_the_signal)
    try:
        caller.start()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        connection, _ = sockaddr.accept(listener)
        connection.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        caller.join(10)
    assert handled.is_set()


@linux
def test_netlink_addresses_are_what_python_reads() -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sockaddr.bind(sock, Netlink(0, 1))
        assert sockaddr.getsockname(sock) == Netlink(*sock.getsockname())


def receive_packet(sock: socket.socket) -> tuple[bytes, Packet]:
    data, name = sockaddr.recvfrom(sock, 100)
    assert isinstance(name, Packet)
    return data, name


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="AF_PACKET needs root")
def test_packet_addresses_are_what_python_reads() -> None:
    experiment = 0x88B6
    index = socket.if_nametoindex("lo")
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as sock:
        sockaddr.bind(sock, Packet(index, experiment))
        _, protocol, _, hatype, address = sock.getsockname()
        assert sockaddr.getsockname(sock) == Packet(index, protocol, hatype, 0, address.hex(":"))
        sock.settimeout(10)
        mark = os.urandom(8)
        sockaddr.sendto(sock, mark, Packet(index, experiment, address="00:00:00:00:00:00"))
        data, name = receive_packet(sock)
        while data != mark or name.pkttype:  # our own copy, outgoing, comes too
            data, name = receive_packet(sock)
        assert name.index == index and name.protocol == experiment


# The calls on the model, which has every family


@pytest.fixture
def model() -> Iterator[Any]:
    """The socket module of a machine with every family, as root."""
    machine = Machine(profile="every module")
    yield machine.load("socket")
    machine.close()


@pytest.mark.parametrize(
    ("server_at", "client_at", "called", "flags"),
    [
        (X25("1001"), X25("2002"), X25("1001"), socket.MSG_EOR),
        (AX25("N0SRV-1", ("PORT1",)), AX25("N0CLI-2", ("PORT0",)), AX25("N0SRV-1"), 0),
    ],
    ids=["x25", "ax25"],
)
def test_a_connection_is_made_on_the_model(
    server_at: Address, client_at: Address, called: Address, flags: int, model: Any
) -> None:
    kind = model.SOCK_SEQPACKET
    with (
        model.socket(server_at.family, kind) as server,
        model.socket(called.family, kind) as client,
    ):
        client.settimeout(60)
        sockaddr.bind(server, server_at)
        server.listen()
        sockaddr.bind(client, client_at)
        sockaddr.connect(client, called)
        connection, peer = sockaddr.accept(server)
        with connection:
            assert type(connection) is model.socket
            assert peer is not None and str(peer) == str(client_at).partition(" via ")[0]
            assert sockaddr.getpeername(client) == called
            assert sockaddr.getsockname(server) == server_at
            client.send(b"hello", flags)
            assert connection.recv(10) == b"hello"


def test_datagrams_carry_the_sender_on_the_model(model: Any) -> None:
    with model.socket(socket.AF_TIPC, model.SOCK_RDM) as service:
        sockaddr.bind(service, TIPC(TIPC.RANGE, 18888, 0, 50, 3))
        with model.socket(socket.AF_TIPC, model.SOCK_RDM) as client:
            sockaddr.sendto(client, b"hello", TIPC(TIPC.SERVICE, 18888, 17))
            assert sockaddr.recvfrom(service, 10) == (b"hello", sockaddr.getsockname(client))


def test_a_timeout_on_the_model_is_pythons(model: Any) -> None:
    with model.socket(socket.AF_TIPC, model.SOCK_RDM) as service:
        service.settimeout(5)
        with pytest.raises(TimeoutError, match="timed out"):
            sockaddr.recvfrom(service, 10)


def test_an_error_on_the_model_is_the_kernels(model: Any) -> None:
    with model.socket(socket.AF_X25, model.SOCK_SEQPACKET) as sock:
        with pytest.raises(OSError) as caught:
            sockaddr.getpeername(sock)
        assert caught.value.errno == errno.ENOTCONN
        with pytest.raises(OSError, match="bad family"):
            sock.bind("1001")


@linux
def test_the_functions_that_the_families_page_shows_are_here_by_the_same_names() -> None:
    page = Path(__file__).parents[1] / "docs" / "reference" / "families" / "index.md"
    text = page.read_text(encoding="utf-8")
    for name in ("bind", "connect", "accept", "sendto", "recvfrom", "getsockname"):
        assert f"def {name}(" in text and hasattr(sockaddr, name)
