"""How calls, results, waits and packets are called in a picture and in its text.

May not know: who is drawn where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bsdsockets.machine import constants, errors
from conversation.sockets import Now
from conversation.watching import Bytes, Entry, Failure

_LONGEST = 24
_METHODS = {
    "send": ("sendall", "sendto", "sendmsg", "send_fds", "sendfile", "send"),
    "receive": ("recvfrom_into", "recvfrom", "recvmsg", "recv_fds", "recv_into", "recv"),
    "epoll_wait": ("select", "poll"),
}
_NAMES = {
    prefix: {
        value: name
        for name, value in vars(constants).items()
        if name.startswith(prefix) and isinstance(value, int)
    }
    for prefix in ("AF_", "SHUT_", "SO_")
}
_TYPES = {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET"}


_BRACKETS = r"\((?:[^()]|\([^()]*\))*\)"
_CODE = re.compile(rf"((?:\w+(?: \d+)?\.)?\b\w+{_BRACKETS}…?(?![\w])|\bb'[^']*'…?|\bb\"[^\"]*\"…?)")


@dataclass(frozen=True)
class Travels:
    """What goes over the wire in a step."""

    flags: tuple[str, ...] = ()
    numbers: str = ""
    """Relative sequence and acknowledgement numbers."""
    data: str = ""
    size: str = ""
    lost: str = ""
    """What becomes of it if it does not arrive."""
    fate: str = ""
    """What else the network does to it."""
    stranger: bool = False
    """One end is none of the program's."""


def call(entry: Entry, names: dict[int, str]) -> str:
    """The call as the program writes it: ``client.sendall(b'hello')``."""
    name = entry.name or names.get(entry.number, "")
    known = entry.arguments[1:]
    if entry.call in ("socket", "socketpair"):
        family, kind = entry.arguments[:2]
        return f"{entry.call}({_NAMES['AF_'].get(family, family)}, {_TYPES.get(kind & 15, kind)})"
    if entry.call in ("select", "poll", "epoll_wait"):
        return f"{_method(entry)}()"
    return f"{name}.{_method(entry)}({_arguments(entry, known)})"


def _method(entry: Entry) -> str:
    choices = _METHODS.get(entry.call, ())
    for method in choices:
        if re.search(rf"\b{method}\(", entry.text):
            return method
    return choices[-1] if choices else entry.call


def _arguments(entry: Entry, known: tuple[Any, ...]) -> str:
    if entry.call in ("connect", "bind"):
        return address(known[0])
    if entry.call == "listen":
        return str(known[0])
    if entry.call == "shutdown":
        return _NAMES["SHUT_"].get(known[0], str(known[0]))
    if entry.call == "receive":
        return str(known[0])
    if entry.call == "send":
        to = address(known[3]) if len(known) > 3 and known[3] is not None else ""
        more = ", …" if len(known) > 4 and known[4] else ""
        return data(known[0]) + (f", {to}" if to else "") + more
    if entry.call == "setsockopt":
        return _NAMES["SO_"].get(known[1], "…") if known[0] == constants.SOL_SOCKET else "…"
    return ""


def address(value: Any) -> str:
    """An address as Python has it, without what is zero."""
    if hasattr(value, "address"):
        return repr((value.address, value.port))
    if isinstance(value, bytes):
        return repr(value.decode(errors="replace"))
    return repr(value)


def result(entry: Entry, names: dict[int, str]) -> str:
    """What a call returned, or how it failed; nothing for None."""
    if entry.error is not None:
        return _failure(entry.error)
    value = entry.result
    if sends_all(entry):
        whole = (entry.begun or entry).arguments[1].size
        return size(value) if value == whole else f"{value} of {size(whole)}"
    if entry.call in ("accept", "socket"):
        return names.get(
            entry.begun.number if entry.call == "socket" and entry.begun else value, ""
        )
    if entry.call == "socketpair":
        return ", ".join(names.get(number, "a socket") for number in value)
    if hasattr(value, "data"):
        files = sum(len(each[2]) if hasattr(each[2], "__len__") else 1 for each in value.control)
        return data(value.data) + (" and a descriptor" if files else "")
    return "" if value is None else str(value)


def sends_all(entry: Entry) -> bool:
    """True of a send that sendall makes, of which it returns nothing."""
    return entry.call == "send" and bool(re.search(r"\bsendall\(", entry.text))


def _failure(error: Failure) -> str:
    if error.errno:
        return f"{error.name} ({errors.NAMES.get(error.errno, error.errno)})"
    return "TimeoutError" if error.name == "TimedOut" else error.name


def wait(entry: Entry) -> str:
    """What a call waits for."""
    if entry.call == "receive":
        return "for something to read"
    return f"for {entry.what}"


def data(value: bytes | Bytes) -> str:
    """Bytes as Python shows them, abbreviated.

    >>> data(b"hello"), data(b"x" * 100)
    ("b'hello'", "b'xxxxxxxxxxxxxxxxxxxx'…")
    """
    begin, count = (value.begin, value.size) if isinstance(value, Bytes) else (value, len(value))
    if count <= _LONGEST:
        return repr(bytes(begin))
    return repr(bytes(begin[: _LONGEST - 4])) + "…"


def marked(sentence: str) -> list[str]:
    """The sentence taken apart: text, code, text, code …

    >>> marked("client calls client.recv(9) and waits.")
    ['client calls ', 'client.recv(9)', ' and waits.']
    """
    return _CODE.split(sentence)


def size(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def queue(now: Now) -> str:
    """What waits in a receive queue."""
    if now.records is not None:
        many = "1 message" if now.records == 1 else f"{now.records} messages"
        return many if now.records else "empty"
    return size(now.queued) if now.queued else "empty"


def icmp(payload: Any) -> str:
    """An ICMP message's name."""
    kind = (getattr(payload, "type", None), getattr(payload, "code", None))
    known: dict[tuple[Any, Any], str] = {
        (3, 3): "ICMP port unreachable",
        (1, 4): "ICMPv6 port unreachable",
    }
    return known.get(kind, "packet")


def unix(entry: Entry) -> Travels | None:
    """What a call over AF_UNIX puts at the other end."""
    if entry.call == "send" and isinstance(entry.result, int):
        value = Bytes(entry.arguments[1].begin[: entry.result], entry.result)
        control = entry.arguments[5] if len(entry.arguments) > 5 else ()
        flags = ("SCM_RIGHTS",) if control else ()
        return Travels(flags, "", data(value), size(entry.result))
    if entry.call == "connect":
        return Travels(("connection",))
    if entry.call == "shutdown" or (entry.call == "close" and entry.type == 1):
        return Travels(("end of file",))
    return None


def short(what: Travels) -> str:
    """A packet in a word or two: its data, or its flags."""
    return what.data or " ".join(what.flags)


def travels(sender: str, receiver: str, what: Travels) -> str:
    """A packet in words."""
    flags = " ".join(what.flags) or "bytes"
    parts = [f"{sender} → {receiver}: {flags}"]
    if what.numbers:
        parts.append(what.numbers)
    if what.data:
        parts.append(f"{what.size}, {what.data}")
    fate = f"is {what.lost}" if what.lost else what.fate
    return ", ".join(parts) + (f", which {fate}." if fate else ".")
