"""An echo server whose clients talk to it over TLS: encrypted, and sure who it is.

    python3 tls_echo_server.py 50007 localhost.pem
    python3 tls_echo_server.py 8443 fullchain.pem --key privkey.pem --host :: --limit 30

The first file holds the certificate (and those between it and the authority), and the key unless
--key names one.  A thread for each client, which does the handshake too: who never begins it holds
up nobody.  Whatever is wrong with a client (no TLS, an unknown authority, silence, an end without
TLS's own), it is this client that ends, and one line says why.
"""

import argparse
import contextlib
import errno
import os
import signal
import socket
import ssl
import sys
import threading
import time
from typing import Any

IGNORE_EOF = getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
"""Set before Python 3.11.4: an end that TLS does not say would count as one."""


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def log(text: str) -> None:
    """Print a line; when nobody reads the output any more, serve on without."""
    try:
        print(f"{text}\n", end="", flush=True)  # at once: others print as well
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def why(error: OSError) -> str:
    """Return what went wrong, without OpenSSL's names of its own functions and lines."""
    return str(getattr(error, "reason", None) or error)


class Server:
    """A certificate, and the clients of this moment."""

    def __init__(self, context: ssl.SSLContext, most: int, limit: float) -> None:
        self.context = context
        self.limit = limit
        self.places = threading.BoundedSemaphore(most)
        self.lock = threading.Lock()
        self.clients: dict[ssl.SSLSocket, threading.Thread] = {}

    def talk(self, client: ssl.SSLSocket, peer: tuple[Any, ...]) -> None:
        """Serve one client to its end."""
        count = 0
        try:
            client.do_handshake()
            version = client.version()
            while data := client.recv(4096):
                client.sendall(data)
                count += len(data)
            client.unwrap().close()  # the client has said that this is its end; so is ours
            log(f"{peer[0]}: {count} bytes, {version}")
        except OSError as error:  # ssl.SSLError is one
            log(f"{peer[0]}: {count} bytes: {why(error)}")
        finally:
            with self.lock:
                del self.clients[client]
            client.close()
            self.places.release()

    def accept(self, listener: socket.socket) -> tuple[socket.socket, tuple[Any, ...]]:
        """Return the next connection; wait while the process has no descriptor for it."""
        while True:
            try:
                return listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED):
                    raise
                log(f"{error}; trying again")
                time.sleep(0.1)

    def serve(self, listener: socket.socket) -> None:
        """Take clients; what each needs for TLS, its own thread does."""
        listener.settimeout(1)  # a signal just before the wait is seen after it
        while True:
            self.places.acquire()
            connection, peer = self.accept(listener)
            connection.settimeout(self.limit)
            try:
                connection.getpeername()  # has it gone? wrap_socket would leave a socket open
                client = self.context.wrap_socket(
                    connection, server_side=True,
                    do_handshake_on_connect=False, suppress_ragged_eofs=False,
                )  # fmt: skip
            except OSError as error:
                log(f"{peer[0]}: {why(error)}")
                connection.close()
                self.places.release()
                continue
            thread = threading.Thread(target=self.talk, args=(client, peer), daemon=True)
            with self.lock:
                self.clients[client] = thread
            thread.start()

    def stop(self, limit: float = 5.0) -> None:
        """Let each client get what it has asked for, and wait for that, but not for ever."""
        with self.lock:
            threads = [thread for thread in self.clients.values() if thread.ident]
            for client in self.clients:
                with contextlib.suppress(OSError):  # SSLSocket's own would end the encryption
                    socket.socket.shutdown(client, socket.SHUT_RD)
        deadline = time.monotonic() + limit
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def main() -> None:
    """Read the command line and serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Echo what comes over TLS.")
    parser.add_argument("port", type=port_number, help="0: any free one")
    parser.add_argument("certificate", help="PEM file; with the key, or --key")
    parser.add_argument("--key", help="PEM file of the private key")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--clients", type=int, default=100, help="at most so many at a time")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each step")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(arguments.certificate, arguments.key)
        context.options &= ~IGNORE_EOF
        address = arguments.host, arguments.port
        family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
        server = Server(context, arguments.clients, arguments.limit)
        with socket.create_server(address, family=family) as listener:
            log(f"listening on {arguments.host} port {listener.getsockname()[1]}")
            try:
                server.serve(listener)
            finally:
                listener.close()
                server.stop()
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        log("stopped")


if __name__ == "__main__":
    main()
