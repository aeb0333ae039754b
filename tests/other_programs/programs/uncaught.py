"""A mistake: the traceback shows the program's lines, and the exit status is 1."""

import atexit
import socket
import threading

atexit.register(print, "at exit")


def connect(port):
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", port))


def main():
    thread = threading.Thread(target=connect, args=(1,), name="worker")
    thread.start()
    thread.join()
    try:
        connect(1)
    except ConnectionRefusedError as error:
        raise SystemError("no server") from error


main()
