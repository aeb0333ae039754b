"""A program that shows tracebacks itself, or lets the library do so, sees its own lines only."""

import asyncio
import atexit
import logging
import os
import select
import signal
import socket
import socketserver
import sys
import threading
import time
import traceback


def fail():
    socket.socket().connect(("127.0.0.1", 1))


def caught():
    try:
        fail()
    except OSError:
        traceback.print_exc(file=sys.stdout)
        print(traceback.format_exc(limit=1))
    try:
        try:
            fail()
        except OSError as error:
            raise ValueError("another") from error
    except ValueError:
        logging.exception("logged")


def while_handling():
    """What the system refuses while an exception is handled has that as its context."""
    try:
        try:
            fail()
        except OSError:
            socket.socket(socket.AF_UNIX).connect("/nowhere/at/all")
    except OSError:
        traceback.print_exc(file=sys.stdout)
    closed = socket.socket()
    os.close(closed.detach())
    try:
        os.close(closed.fileno())
    except OSError:
        traceback.print_exc(file=sys.stdout)


def handle(number, frame):
    raise ValueError(number)


def from_a_handler():
    """The handler of a signal is called by the line that waits."""
    signal.signal(signal.SIGALRM, handle)
    one, other = socket.socketpair()
    for wait in (lambda: time.sleep(60), lambda: one.recv(1), lambda: select.select([one], [], [])):
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        try:
            wait()
        except ValueError:
            traceback.print_exc(file=sys.stdout)
    one.close()
    other.close()


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        fail()


def in_a_server():
    server = socketserver.TCPServer(("127.0.0.1", 0), Handler)
    with server, socket.create_connection(server.server_address) as client:
        server.client = client.getsockname()
        sys.stderr.write = lambda text: sys.stdout.write(
            text.replace(str(server.client), "the client"))
        server.handle_request()
        del sys.stderr.write


def on_a_loop():
    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(fail)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())


def a_stack():
    traceback.print_stack(file=sys.stdout)
    print(len(traceback.extract_stack()), "frames")


class Finalized:
    def __del__(self):
        fail()


def main():
    caught()
    while_handling()
    from_a_handler()
    in_a_server()
    on_a_loop()
    a_stack()
    thread = threading.Thread(target=a_stack)
    thread.start()
    thread.join()
    show = sys.unraisablehook
    sys.unraisablehook = lambda told: show(type(told)((*told[:3], "ignored", None)))
    Finalized()
    atexit.register(fail)


logging.raiseExceptions = True
main()
