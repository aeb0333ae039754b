"""Options of sockets: one table that says of each what it is here.

    modelled   it has its effect
    stored     it reads back as Linux's would, and has no effect here
    absent     not in the table: ENOPROTOOPT

The page of options is made from `OPTIONS`.

May not know: descriptors, how a program passes values (they are bytes here, as in C).

Sources: Linux socket(7), ip(7), ipv6(7), tcp(7), udp(7), unix(7); defaults and limits as
Linux 6.18 shows them.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..machine import constants as c
from ..machine.errors import (
    EDOM,
    EINVAL,
    EISCONN,
    ENOPROTOOPT,
    ENOTCONN,
    EOPNOTSUPP,
    EPERM,
    fail,
)

MODELLED, STORED = "modelled", "stored"
ANY = (c.AF_UNIX, c.AF_INET, c.AF_INET6)
IP_FAMILIES = (c.AF_INET, c.AF_INET6)


@dataclass(frozen=True)
class Option:
    """What an option is: its place, its default, and whether it has an effect.

    *kind*: bool, int, bytes, or the name of a structure.  *low* and *high* bound an int.
    *read* and *write*, where given, take the place of the store.
    """

    level: int
    number: int
    name: str
    kind: str = "int"
    default: Any = 0
    status: str = STORED
    families: tuple[int, ...] = ANY
    types: tuple[int, ...] = ()
    protocols: tuple[int, ...] = ()
    low: int = -(2**31)
    high: int = 2**31 - 1
    read: Callable[[Any], Any] | None = None
    write: Callable[[Any, Any], None] | None = None
    read_only: bool = False
    note: str = ""

    def applies(self, so: Any) -> bool:
        """True if a socket like *so* has this option."""
        return (so.family in self.families and (not self.types or so.type in self.types)
                and (not self.protocols or so.protocol_number in self.protocols))


def _buffer_size(attribute: str, maximum: str, least: int) -> Callable[[Any, int], None]:
    def write(so: Any, value: int) -> None:
        limit = getattr(so.host.settings, maximum)
        value = min(value, limit) if value >= 0 else limit
        setattr(so, attribute, max(2 * value, least))
        so.wake(-1)
    return write


def _peer_credentials(so: Any) -> bytes:
    credentials = getattr(so.pcb, "peer_credentials", None)
    if credentials is None:
        return struct.pack("=iii", 0, -1, -1)
    return struct.pack("=iii", credentials.pid, credentials.uid, credentials.gid)


def _no_listen_change(so: Any, value: int) -> None:
    fail(ENOPROTOOPT)


def _v6only(so: Any, value: int) -> None:
    if so.port:
        fail(EINVAL)
    so.options[c.IPPROTO_IPV6, c.IPV6_V6ONLY] = int(bool(value))


def _maximum_segment(so: Any) -> int:
    state = so.pcb.state
    if state in ("CLOSED", "LISTEN"):
        return int(so.options.get((c.IPPROTO_TCP, c.TCP_MAXSEG), 536))
    return min(int(so.pcb.mss), 32768 if so.pcb.mss > 536 else 536)


def _information(so: Any) -> bytes:
    """struct tcp_info: its first byte is the state, which is what this model has of it."""
    from_state = STATE_NUMBERS[so.pcb.state]
    return struct.pack("=8B", from_state, 0, 0, 0, 0, 0, 0x77, 0) + bytes(240)


STATE_NUMBERS = {"ESTABLISHED": 1, "SYN-SENT": 2, "SYN-RECEIVED": 3, "FIN-WAIT-1": 4,
                 "FIN-WAIT-2": 5, "TIME-WAIT": 6, "CLOSED": 7, "CLOSE-WAIT": 8, "LAST-ACK": 9,
                 "LISTEN": 10, "CLOSING": 11}


def _socket(number: int, name: str, **rest: Any) -> Option:
    return Option(c.SOL_SOCKET, number, name, **rest)


def _tcp(number: int, name: str, **rest: Any) -> Option:
    return Option(c.IPPROTO_TCP, number, name, families=IP_FAMILIES, types=(c.SOCK_STREAM,),
                  **rest)


def _ip(number: int, name: str, **rest: Any) -> Option:
    return Option(c.IPPROTO_IP, number, name, families=IP_FAMILIES, **rest)


def _ip6(number: int, name: str, **rest: Any) -> Option:
    return Option(c.IPPROTO_IPV6, number, name, families=(c.AF_INET6,), **rest)


OPTIONS: dict[tuple[int, int], Option] = {(o.level, o.number): o for o in (
    _socket(c.SO_DEBUG, "SO_DEBUG", kind="bool"),
    _socket(c.SO_REUSEADDR, "SO_REUSEADDR", kind="bool", status=MODELLED),
    _socket(c.SO_TYPE, "SO_TYPE", status=MODELLED, read=lambda so: so.type, read_only=True),
    _socket(c.SO_ERROR, "SO_ERROR", status=MODELLED, read=lambda so: so.take_error(),
            read_only=True),
    _socket(c.SO_DONTROUTE, "SO_DONTROUTE", kind="bool"),
    _socket(c.SO_BROADCAST, "SO_BROADCAST", kind="bool", status=MODELLED),
    _socket(c.SO_SNDBUF, "SO_SNDBUF", status=MODELLED, read=lambda so: so.send_size,
            write=_buffer_size("send_size", "write_maximum", 4608)),
    _socket(c.SO_RCVBUF, "SO_RCVBUF", status=MODELLED, read=lambda so: so.receive_size,
            write=_buffer_size("receive_size", "read_maximum", 2304)),
    _socket(c.SO_KEEPALIVE, "SO_KEEPALIVE", kind="bool", status=MODELLED),
    _socket(c.SO_OOBINLINE, "SO_OOBINLINE", kind="bool", status=MODELLED),
    _socket(c.SO_NO_CHECK, "SO_NO_CHECK", kind="bool"),
    _socket(c.SO_PRIORITY, "SO_PRIORITY"),
    _socket(c.SO_LINGER, "SO_LINGER", kind="linger", default=(0, 0), status=MODELLED),
    _socket(c.SO_REUSEPORT, "SO_REUSEPORT", kind="bool", status=MODELLED),
    _socket(c.SO_PASSCRED, "SO_PASSCRED", kind="bool", status=MODELLED),
    _socket(c.SO_PEERCRED, "SO_PEERCRED", kind="bytes", status=MODELLED, read=_peer_credentials,
            read_only=True),
    _socket(c.SO_RCVLOWAT, "SO_RCVLOWAT", default=1, status=MODELLED),
    _socket(c.SO_SNDLOWAT, "SO_SNDLOWAT", default=1, read=lambda so: 1, read_only=True),
    _socket(c.SO_RCVTIMEO, "SO_RCVTIMEO", kind="timeval", default=(0, 0), status=MODELLED),
    _socket(c.SO_SNDTIMEO, "SO_SNDTIMEO", kind="timeval", default=(0, 0), status=MODELLED),
    _socket(c.SO_TIMESTAMP, "SO_TIMESTAMP", kind="bool"),
    _socket(c.SO_ACCEPTCONN, "SO_ACCEPTCONN", status=MODELLED,
            read=lambda so: int(so.queue is not None), read_only=True),
    _socket(c.SO_MARK, "SO_MARK"),
    _socket(c.SO_PROTOCOL, "SO_PROTOCOL", status=MODELLED, read=lambda so: so.protocol_number,
            read_only=True),
    _socket(c.SO_DOMAIN, "SO_DOMAIN", status=MODELLED, read=lambda so: so.family,
            read_only=True),
    _socket(c.SO_COOKIE, "SO_COOKIE", kind="bytes", read=lambda so: struct.pack("=Q", so.number),
            read_only=True),
    _tcp(c.TCP_NODELAY, "TCP_NODELAY", kind="bool", status=MODELLED),
    _tcp(c.TCP_MAXSEG, "TCP_MAXSEG", read=_maximum_segment, low=88, high=32767),
    _tcp(c.TCP_CORK, "TCP_CORK", kind="bool", status=MODELLED),
    _tcp(c.TCP_KEEPIDLE, "TCP_KEEPIDLE", default=7200, status=MODELLED, low=1, high=32767),
    _tcp(c.TCP_KEEPINTVL, "TCP_KEEPINTVL", default=75, status=MODELLED, low=1, high=32767),
    _tcp(c.TCP_KEEPCNT, "TCP_KEEPCNT", default=9, status=MODELLED, low=1, high=127),
    _tcp(c.TCP_SYNCNT, "TCP_SYNCNT", default=6, status=MODELLED, low=1, high=127),
    _tcp(c.TCP_INFO, "TCP_INFO", kind="bytes", status=MODELLED, read=_information,
         read_only=True),
    _tcp(c.TCP_QUICKACK, "TCP_QUICKACK", kind="bool", default=1),
    _tcp(c.TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT", status=MODELLED, low=0),
    _ip(c.IP_TOS, "IP_TOS", status=MODELLED),
    _ip(c.IP_TTL, "IP_TTL", default=64, status=MODELLED, low=1, high=255),
    _ip(c.IP_RECVTTL, "IP_RECVTTL", kind="bool", status=MODELLED),
    _ip(c.IP_RECVTOS, "IP_RECVTOS", kind="bool", status=MODELLED),
    _ip(c.IP_RECVERR, "IP_RECVERR", kind="bool", status=MODELLED),
    _ip(c.IP_FREEBIND, "IP_FREEBIND", kind="bool", status=MODELLED),
    _ip6(c.IPV6_V6ONLY, "IPV6_V6ONLY", kind="bool", status=MODELLED, write=_v6only),
    _ip6(c.IPV6_RECVERR, "IPV6_RECVERR", kind="bool", status=MODELLED),
)}


def find(so: Any, level: int, number: int) -> Option:
    """The option, or the error that there is none for *so*."""
    option = OPTIONS.get((level, number))
    if option is not None and option.applies(so):
        return option
    fail(EOPNOTSUPP if so.family == c.AF_UNIX and level != c.SOL_SOCKET else ENOPROTOOPT)


def get_option(so: Any, level: int, number: int) -> bytes:
    """The value of an option, as C has it."""
    option = find(so, level, number)
    if option.read is not None:
        value = option.read(so)
    else:
        value = so.options.get((level, number), option.default)
    return encode(option.kind, value)


def encode(kind: str, value: Any) -> bytes:
    """A value of Python as bytes of C."""
    if isinstance(value, bytes):
        return value
    if kind == "linger":
        return struct.pack("=ii", *value)
    if kind == "timeval":
        return struct.pack("=qq", *value)
    return struct.pack("=i", value)


def set_option(so: Any, level: int, number: int, value: bytes) -> None:
    """Change an option; *value* as C has it."""
    option = find(so, level, number)
    if option.read_only:
        fail(ENOPROTOOPT)
    decoded = decode(option, value)
    if option.write is not None:
        option.write(so, decoded)
        return
    so.options[level, number] = decoded


def decode(option: Option, value: bytes) -> Any:
    """Bytes of C as a value of Python.

    EINVAL
        Too few bytes, or a value out of bounds.
    EDOM
        More than a million microseconds.
    """
    if option.kind == "linger":
        if len(value) < 8:
            fail(EINVAL)
        on, seconds = struct.unpack("=ii", value[:8])
        return (int(bool(on)), seconds)
    if option.kind == "timeval":
        if len(value) < 16:
            fail(EINVAL)
        seconds, micro = struct.unpack("=qq", value[:16])
        if not 0 <= micro < 1_000_000:
            fail(EDOM)
        return (seconds, micro)
    if option.kind == "bytes":
        return value
    if len(value) < 4:
        fail(EINVAL)
    number = struct.unpack("=i", value[:4])[0]
    if option.kind == "bool":
        return int(bool(number))
    if not option.low <= number <= option.high:
        fail(EINVAL)
    return number


__all__ = ["EISCONN", "ENOTCONN", "EPERM", "OPTIONS", "Option", "get_option", "set_option"]
