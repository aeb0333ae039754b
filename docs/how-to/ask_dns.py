"""Ask a DNS server what it knows of a name.

    python3 ask_dns.py www.example.org
    python3 ask_dns.py example.org MX --server 9.9.9.9
    python3 ask_dns.py 192.0.2.7 PTR --server ::1 --port 50053

    header (12 bytes) | question: name, type, class | answers: name, type, class, seconds, data

One datagram there, one back; asked again when it gets lost, over TCP when the answer is too long.
Only an answer to this very question counts, and what it says is checked before it is believed.
"""

import argparse
import contextlib
import ipaddress
import secrets
import socket
import struct
import sys
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
NAMES = {number: name for name, number in TYPES.items()}
FAILURES = {
    1: "the server does not understand the question",
    2: "the server has failed",
    3: "no such name",
    4: "the server does not do that",
    5: "the server refuses",
}
INTERNET = 1
RECURSION_DESIRED, TRUNCATED = 0x0100, 0x0200
HEADER = struct.Struct("!6H")  # number, flags, and how many of each of four kinds
ATTEMPTS = 5


def port_number(text: str) -> int:
    """Return *text* as the port of a server."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


def packed_name(name: str) -> bytes:
    """Return a name as DNS writes it: each label after its length, then a zero."""
    labels = [] if name == "." else name.removesuffix(".").split(".")
    try:
        packed = [label.encode("idna") for label in labels]
    except UnicodeError:
        packed = [b""]
    if not all(0 < len(label) < 64 for label in packed) or sum(map(len, packed)) > 240:
        raise ValueError(f"{name!r} is not a name")
    return b"".join(bytes([len(label)]) + label for label in packed) + b"\0"


def question(name: str, kind: int) -> bytes:
    """Return a question with a number that nobody can guess."""
    with contextlib.suppress(ValueError):
        if kind == TYPES["PTR"]:  # of an address, which stands there backwards
            name = ipaddress.ip_address(name).reverse_pointer
    header = HEADER.pack(secrets.randbelow(65536), RECURSION_DESIRED, 1, 0, 0, 0)
    return header + packed_name(name) + struct.pack("!2H", kind, INTERNET)


def printable(data: bytes) -> str:
    """Return bytes of a stranger as text that a terminal does not obey."""
    return "".join(chr(byte) if 32 < byte < 127 else f"\\{byte:03}" for byte in data)


def read_name(message: bytes, at: int) -> tuple[str, int]:
    """Return the name that stands at *at*, and where it ends.

    It may end in a pointer to an earlier byte; only earlier, or it would never end.
    """
    labels, end, limit = [], 0, at
    while length := message[at]:
        if length >= 0xC0:
            end = end or at + 2
            at = struct.unpack_from("!H", message, at)[0] & 0x3FFF
            if at >= limit:
                raise ValueError("a pointer that does not point back")
            limit = at
        else:
            labels.append(printable(message[at + 1 : at + 1 + length]))
            at += 1 + length
    return ".".join(labels) or ".", end or at + 1


def strings(data: bytes) -> str:
    """Return the strings of a TXT record, each of which stands after its length."""
    found, at = [], 0
    while at < len(data):
        found.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return " ".join(f'"{printable(each).replace(chr(92) + "032", " ")}"' for each in found)


def shown(message: bytes, at: int, kind: int, length: int) -> str:
    """Return the data of a record as text."""
    data = message[at : at + length]
    if len(data) < length:
        raise ValueError("a record that is cut off")
    match NAMES.get(kind):
        case "A":
            return socket.inet_ntop(socket.AF_INET, data)
        case "AAAA":
            return socket.inet_ntop(socket.AF_INET6, data)
        case "NS" | "CNAME" | "PTR":
            return read_name(message, at)[0]
        case "MX":
            return f"{struct.unpack_from('!H', data)[0]} {read_name(message, at + 2)[0]}"
        case "TXT":
            return strings(data)
    return data.hex()


def records(message: bytes) -> list[str]:
    """Return the answers in a message, a line each."""
    _, _, questions, answers, _, _ = HEADER.unpack_from(message)
    at = HEADER.size
    found = []
    try:
        for _ in range(questions):
            at = read_name(message, at)[1] + 4
        for _ in range(answers):
            name, at = read_name(message, at)
            kind, _, _, length = struct.unpack_from("!2HIH", message, at)
            text = shown(message, at + 10, kind, length)
            found.append(f"{name} {NAMES.get(kind, f'TYPE{kind}')} {text}")
            at += 10 + length
    except (IndexError, struct.error, ValueError) as error:
        raise OSError(f"an answer that makes no sense: {error}") from None
    return found


def answers(message: bytes, asked: bytes) -> bool:
    """Tell whether a message is the answer to what was asked."""
    if len(message) < len(asked) or message[:2] != asked[:2]:
        return False
    return message[2] & 0x80 != 0 and message[12 : len(asked)].lower() == asked[12:].lower()


def over_udp(address: tuple[str, int], asked: bytes, limit: float) -> bytes:
    """Return the answer, which comes as one datagram, from this server only."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    deadline = time.monotonic() + limit
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect(address)  # the kernel drops what others send; refused is reported
        sock.send(asked)
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            message = sock.recv(65535)
            if answers(message, asked):
                return message
    raise TimeoutError("timed out")


def exactly(sock: socket.socket, size: int, deadline: float) -> bytes:
    """Return so many bytes, in whatever pieces they come."""
    data = b""
    while len(data) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        sock.settimeout(left)
        piece = sock.recv(size - len(data))
        if not piece:
            raise ConnectionError("the end, in the middle of an answer")
        data += piece
    return data


def over_tcp(address: tuple[str, int], asked: bytes, limit: float) -> bytes:
    """Return the answer, which may have 65,535 bytes; a length stands before each message."""
    deadline = time.monotonic() + limit
    with socket.create_connection(address, timeout=limit) as sock:
        sock.sendall(struct.pack("!H", len(asked)) + asked)
        (size,) = struct.unpack("!H", exactly(sock, 2, deadline))
        message = exactly(sock, size, deadline)
    if not answers(message, asked):
        raise OSError("an answer to another question")
    return message


def ask(address: tuple[str, int], name: str, kind: int, limit: float) -> list[str]:
    """Return what the server knows; OSError and LookupError say why it is nothing."""
    for attempt in range(1, ATTEMPTS + 1):
        asked = question(name, kind)
        try:
            message = over_udp(address, asked, limit)
            (flags,) = struct.unpack_from("!H", message, 2)
            if flags & TRUNCATED:
                message = over_tcp(address, asked, limit)
                (flags,) = struct.unpack_from("!H", message, 2)
            break
        except OSError:  # lost, or refused because the server begins a moment later
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.1)
    if flags & 0xF:
        raise LookupError(FAILURES.get(flags & 0xF, f"failure {flags & 0xF}"))
    return records(message)


def usual_server() -> str:
    """Return whom this machine asks, by its settings."""
    with contextlib.suppress(OSError), open("/etc/resolv.conf", encoding="ascii") as file:
        for line in file:
            match line.split():
                case ["nameserver", address, *_]:
                    return address
    return "127.0.0.1"


def main() -> None:
    """Read the command line, ask, and print."""
    parser = argparse.ArgumentParser(description="Ask a DNS server.")
    parser.add_argument("name", help="a name, or an address for PTR")
    parser.add_argument("type", nargs="?", default="A", type=str.upper, choices=TYPES)
    parser.add_argument("--server", help="address of the server; else of /etc/resolv.conf")
    parser.add_argument("--port", type=port_number, default=53)
    parser.add_argument("--limit", type=float, default=2.0, help="seconds for each attempt")
    arguments = parser.parse_args()
    address = arguments.server or usual_server(), arguments.port
    try:
        found = ask(address, arguments.name, TYPES[arguments.type], arguments.limit)
    except (OSError, LookupError, ValueError) as error:
        sys.exit(f"{parser.prog}: {arguments.name}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")
    if not found:
        sys.exit(f"{parser.prog}: {arguments.name} has no {arguments.type}")
    for line in found:
        print(line)


if __name__ == "__main__":
    main()
