"""Echo client over UDP: numbers its datagrams and sends again what is not answered.

    python3 echo_client_udp.py 50007 "hello, world"
    python3 echo_client_udp.py 50007 one two --host ::1 --tries 5

A datagram or its answer may be lost, come late, or come twice.  So each carries a number, an
answer to another number is dropped, and silence means: send the same datagram again.
"""

import argparse
import secrets
import socket
import struct
import sys
import time

NUMBER = struct.Struct("!Q")
"""What stands before the message: 8 bytes, in network order."""


def port_number(text: str) -> int:
    """Return *text* as the port of a server."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


def open_client(host: str, port: int) -> socket.socket:
    """Return a socket connected to *host*: only its datagrams arrive, and its errors."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    client = socket.socket(family, kind, protocol)
    try:
        client.connect(address)
    except OSError:
        client.close()
        raise
    return client


def receive(client: socket.socket, number: bytes, seconds: float) -> bytes | None:
    """Return the answer that begins with *number*, or None after so many *seconds*."""
    deadline = time.monotonic() + seconds
    while (remaining := deadline - time.monotonic()) > 0:
        client.settimeout(remaining)
        try:
            answer = client.recv(65535)
        except TimeoutError:
            break
        if answer.startswith(number):
            return answer.removeprefix(number)
    return None


def echo(client: socket.socket, message: bytes, tries: int) -> bytes:
    """Send *message* up to so many *tries*, waiting twice as long each time; return the answer."""
    number = NUMBER.pack(secrets.randbits(64))
    for attempt in range(tries):
        client.send(number + message)
        answer = receive(client, number, 0.5 * 2**attempt)
        if answer is not None:
            return answer
    raise TimeoutError(f"no answer to {tries} datagrams")


def main() -> None:
    """Read the command line and echo every message."""
    parser = argparse.ArgumentParser(description="Echo client over UDP.")
    parser.add_argument("port", type=port_number)
    parser.add_argument("messages", nargs="+", metavar="message")
    parser.add_argument("--host", default="127.0.0.1", help="address or name of the server")
    parser.add_argument("--tries", type=int, default=4, metavar="N", help="send at most N times")
    arguments = parser.parse_args()
    try:
        with open_client(arguments.host, arguments.port) as client:
            for message in arguments.messages:
                answer = echo(client, message.encode(), arguments.tries)
                print(answer.decode(errors="replace"))
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
