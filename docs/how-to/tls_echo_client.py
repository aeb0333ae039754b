"""Say words to an echo server over TLS, and print what comes back.

    python3 tls_echo_client.py localhost 50007 hello --trust localhost.pem
    python3 tls_echo_client.py www.example.org 8443 hello

The server must have a certificate for the name that was given, from an authority that this machine
trusts, or the one in the file of --trust.
"""

import argparse
import socket
import ssl
import sys

PIECE = 1000
"""Bytes that the smallest buffers hold."""
IGNORE_EOF = getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
"""Set before Python 3.11.4: an end that TLS does not say would count as one."""

def port_number(text: str) -> int:
    """Return *text* as the port of a server."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


def receive_exactly(connection: ssl.SSLSocket, size: int) -> bytes:
    """Return *size* bytes, however TLS and TCP cut them into pieces."""
    received = bytearray()
    while len(received) < size:
        data = connection.recv(size - len(received))
        if not data:
            raise ConnectionError("the server has ended before its answer")
        received += data
    return bytes(received)


def echo(connection: ssl.SSLSocket, data: bytes) -> bytes:
    """Send a piece and read it again, and so on: who sends all first may wait for ever to read."""
    received = b""
    for start in range(0, len(data), PIECE):
        connection.sendall(data[start : start + PIECE])
        received += receive_exactly(connection, min(PIECE, len(data) - start))
    return received


def main() -> None:
    """Read the command line, say each word, and print each answer."""
    parser = argparse.ArgumentParser(description="Talk to an echo server over TLS.")
    parser.add_argument("host", help="name (or address) that the certificate must be for")
    parser.add_argument("port", type=port_number)
    parser.add_argument("words", nargs="+", metavar="WORD")
    parser.add_argument("--trust", help="PEM file: authority to trust instead of the system's")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for each step")
    arguments = parser.parse_args()
    try:
        context = ssl.create_default_context(cafile=arguments.trust)
        context.options &= ~IGNORE_EOF
        address = arguments.host, arguments.port
        with (
            socket.create_connection(address, timeout=arguments.limit) as plain,
            context.wrap_socket(
                plain, server_hostname=arguments.host, suppress_ragged_eofs=False
            ) as connection,
        ):
            for word in arguments.words:
                print(echo(connection, word.encode()).decode())
            connection.unwrap().close()  # says that this is the end, and waits for the server's
    except ssl.SSLCertVerificationError as error:
        sys.exit(f"{parser.prog}: {arguments.host}: {error.verify_message}")
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
