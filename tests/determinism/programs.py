"""Programs whose run has to be the same every time.

Each takes `load`, which gives the machine's copy of a module, and returns what it computed.
`OWN` use only `socket`, `select` and `threading`, whose behaviour no version of CPython changes;
`LIBRARY` go through asyncio and http, whose calls differ between the versions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Load = Callable[[str], Any]
MODULES = ("socket", "select", "selectors", "threading", "time")
"""What `OWN` need.  `LIBRARY` load more."""


def threads(load: Load) -> list[str]:
    """Five clients and a server with a thread for each; returns the order in which they ended."""
    socket, threading = load("socket"), load("threading")
    listener = socket.create_server(("127.0.0.1", 0))
    ended: list[str] = []

    def serve(connection: Any) -> None:
        with connection:
            while data := connection.recv(3):
                connection.sendall(data.upper())

    def listen() -> None:
        for _ in range(5):
            threading.Thread(target=serve, args=(listener.accept()[0],)).start()

    def ask(number: int) -> None:
        with socket.create_connection(listener.getsockname()) as client:
            for _ in range(3):
                client.sendall(b"hello %d" % number)
                missing = 7
                while missing:
                    missing -= len(client.recv(missing))
        ended.append(f"client {number}")

    workers = [threading.Thread(target=listen)]
    workers += [threading.Thread(target=ask, args=(number,)) for number in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    listener.close()
    return ended


def backpressure(load: Load) -> list[int]:
    """A fast sender and a slow receiver; returns how much came each time."""
    socket, threading = load("socket"), load("threading")
    left, right = socket.socketpair()
    left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    def send() -> None:
        with left:
            for size in range(1, 4000, 97):
                left.sendall(b"x" * size)

    sender = threading.Thread(target=send)
    sender.start()
    came = []
    with right:
        while data := right.recv(1500):
            came.append(len(data))
    sender.join()
    return came


def tcp_backpressure(load: Load) -> int:
    """The same over TCP with small buffers; returns the sum, for the parts are the window's."""
    socket, threading = load("socket"), load("threading")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client = socket.create_connection(listener.getsockname())
        server = listener.accept()[0]
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    def send() -> None:
        with client:
            client.sendall(b"x" * 300_000)

    sender = threading.Thread(target=send)
    sender.start()
    total = 0
    with server:
        while data := server.recv(1000):
            total += len(data)
    sender.join()
    return total


def datagrams(load: Load) -> list[Any]:
    """Ready descriptors and datagrams from many ports; returns who was served in which order."""
    socket, select = load("socket"), load("select")
    receivers = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(6)]
    sender = socket.socket(type=socket.SOCK_DGRAM)
    watcher = select.epoll()
    for receiver in receivers:
        receiver.bind(("127.0.0.1", 0))
        watcher.register(receiver, select.EPOLLIN)
    for turn in (3, 1, 4, 1, 5, 2):
        sender.sendto(b"%d" % turn, receivers[turn].getsockname())
    numbers = {receiver.fileno(): place for place, receiver in enumerate(receivers)}
    served = []
    while ready := watcher.poll(0):
        for descriptor, _ in ready:
            place = numbers[descriptor]
            served.append((place, receivers[place].recv(10)))
    for each in (*receivers, sender, watcher):
        each.close()
    return served


def timeouts(load: Load) -> list[str]:
    """Timeouts, sleeping and timers; virtual time passes and nobody waits for it."""
    socket, threading, time = load("socket"), load("threading"), load("time")
    seen: list[str] = []
    left, right = socket.socketpair()

    def late() -> None:
        time.sleep(30)
        right.send(b"late")

    helper = threading.Thread(target=late)
    began = time.monotonic()
    helper.start()
    left.settimeout(20)
    for _ in range(2):
        try:
            seen.append(repr(left.recv(10)))
        except TimeoutError as error:
            seen.append(str(error))
    helper.join()
    seen.append(f"{time.monotonic() - began:.3f} s")
    left.close()
    right.close()
    return seen


def asyncio_streams(load: Load) -> list[str]:
    """Four clients of one asyncio server; returns what they were answered, in order."""
    asyncio = load("asyncio")
    answers: list[str] = []

    async def serve(reader: Any, writer: Any) -> None:
        while line := await reader.readline():
            await asyncio.sleep(0.01)
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    async def ask(address: Any, number: int) -> None:
        reader, writer = await asyncio.open_connection(*address)
        for turn in range(3):
            writer.write(f"{number}.{turn}\n".encode())
            answers.append((await reader.readline()).decode())
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            address = server.sockets[0].getsockname()
            await asyncio.gather(*(ask(address, number) for number in range(4)))

    asyncio.run(main())
    return answers


def http(load: Load) -> list[str]:
    """A web server in a thread and urllib; returns the answers."""
    server_module, threading = load("http.server"), load("threading")
    request = load("urllib.request")

    class Handler(server_module.BaseHTTPRequestHandler):  # type: ignore[name-defined, misc]
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return "today"

    server = server_module.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    helper = threading.Thread(target=server.serve_forever)
    helper.start()
    host, port = server.server_address
    opener = request.build_opener(request.ProxyHandler({}))
    answers = []
    for word in "one", "two", "three":
        with opener.open(f"http://{host}:{port}/{word}") as answer:
            answers.append(answer.read().decode())
    server.shutdown()
    helper.join()
    server.server_close()
    return answers


OWN = {f.__name__: f for f in (threads, backpressure, tcp_backpressure, datagrams, timeouts)}
LIBRARY = {f.__name__: f for f in (asyncio_streams, http)}
PROGRAMS = {**OWN, **LIBRARY}
EXPECTED = {
    "backpressure": sum(range(1, 4000, 97)),
    "tcp_backpressure": 300_000,
    "datagrams": [(3, b"3"), (1, b"1"), (4, b"4"), (5, b"5"), (2, b"2"), (1, b"1")],
    "timeouts": ["timed out", "b'late'", "30.000 s"],
    "http": ["/one", "/two", "/three"],
}
"""What a program must return (backpressure: the sum); the kernel gives the same."""
