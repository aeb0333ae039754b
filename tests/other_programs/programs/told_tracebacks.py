"""A program that shows tracebacks itself, or lets the library do so, sees its own lines only."""

import asyncio
import atexit
import logging
import socket
import socketserver
import sys
import threading
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
