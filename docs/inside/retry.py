"""Connect to a server that is not there yet, waiting twice as long after each failure.

python3 retry.py 600                          # the server comes after 600 seconds
python3 -m bsdsockets run retry.py 600        # the same, at once
"""

import socket
import sys
import threading
import time


def connect_patiently(address: tuple[str, int], first_wait: float = 1.0) -> socket.socket:
    """Return a connection to *address*, however long that takes."""
    begun, wait = time.monotonic(), first_wait
    while True:
        try:
            connection = socket.create_connection(address)
        except ConnectionRefusedError as error:
            print(f"{time.monotonic() - begun:4.0f} s  {error.strerror}")
            time.sleep(wait)
            wait *= 2
        else:
            print(f"{time.monotonic() - begun:4.0f} s  connected")
            return connection


def serve_later(address: tuple[str, int], seconds: float) -> None:
    """Begin to listen after *seconds*, and take one connection."""
    time.sleep(seconds)
    with socket.create_server(address) as server:
        server.accept()[0].close()


def free_address() -> tuple[str, int]:
    """Return an address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        return host, port


def main() -> None:
    """Let a server come late."""
    address = free_address()
    server = threading.Thread(target=serve_later, args=(address, float(sys.argv[1])))
    server.start()
    connect_patiently(address).close()
    server.join()


if __name__ == "__main__":
    main()
