"""Send events to browsers as they happen: an answer of HTTP that does not end.

    python3 stream_server.py 8080                 then open http://127.0.0.1:8080/ in a browser
    python3 stream_server.py 8080 --host :: --every 0.5 --events 100

    GET /events             -->  server
                            <--  200 OK, Transfer-Encoding: chunked
                            <--  id: 1, data: event 1       ... a moment later ...
                            <--  id: 2, data: event 2
    GET /events             -->
    Last-Event-ID: 2        <--  id: 3, data: event 3       who comes back misses nothing

The standard library's http.server, with what it leaves open: at most so many clients, a limit for
who does not read, a line for each instead of a traceback.  How slowly a request may trickle in, it
does not limit: put a server in front that does.  Ctrl-C or SIGTERM ends all answers.
"""

import argparse
import errno
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = b"""<!doctype html><meta charset="utf-8"><title>Events</title><pre></pre>
<script>
const events = new EventSource("/events");
const show = (text) => document.querySelector("pre").append(text + "\\n");
events.onopen = () => show("connected");
events.onmessage = (event) => show(event.data);
events.onerror = () => show(events.readyState === 2 ? "that was all" : "connecting again");
</script>
"""


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


class Server(ThreadingHTTPServer):
    """A thread for each client, at most so many at a time; the others wait in the backlog."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], options: argparse.Namespace) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.options = options
        self.places = threading.BoundedSemaphore(options.clients)
        self.stopping = threading.Event()
        self.streams: set[threading.Thread] = set()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Let ``::`` stand for IPv4 as well, and ask nobody for this machine's name."""
        if self.server_address[0] == "::" and socket.has_dualstack_ipv6():
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.socket.bind(self.server_address)
        except OSError as error:  # say which address, as socket.create_server does
            told = f"{error.strerror} (while attempting to bind on address {self.server_address})"
            raise OSError(error.errno, told) from None
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; wait a moment while the process has no descriptor for it."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                log(f"{error}; trying again")
                time.sleep(0.1)
            raise

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Let nobody new in once the server stops."""
        return not self.stopping.is_set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.places.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in a line why a client has ended."""
        log(f"{client_address[0]}: {sys.exc_info()[1]}")

    def stop(self, limit: float = 5.0) -> None:
        """End all answers, and wait for that, but not for ever."""
        self.stopping.set()
        deadline = time.monotonic() + limit
        for thread in list(self.streams):
            thread.join(max(0.0, deadline - time.monotonic()))


class Handler(BaseHTTPRequestHandler):
    """One request; the connection ends with its answer."""

    server: Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.timeout = self.server.options.idle  # also for who does not read
        super().setup()

    def do_GET(self) -> None:
        """Answer with the page, or with the events."""
        self.close_connection = True
        if self.path == "/events":
            self.server.streams.add(threading.current_thread())
            try:
                self.stream()
            finally:
                self.server.streams.discard(threading.current_thread())
        elif self.path == "/":
            self.head(200, "text/html", {"Content-Length": str(len(PAGE))})
            self.wfile.write(PAGE)
        else:
            self.send_error(404)

    def head(self, status: int, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Connection": "close", **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def stream(self) -> None:
        """Send each event when it happens, beginning after the last one that the client knows."""
        last = self.headers.get("Last-Event-ID", "0")
        number = int(last) if last.isascii() and last.isdigit() and len(last) < 10 else 0
        if number >= self.server.options.events:
            return self.head(204, "text/plain", {})  # nothing more: a browser does not come again
        chunked = self.request_version != "HTTP/1.0"
        self.head(200, "text/event-stream", {
            "Cache-Control": "no-store",
            **({"Transfer-Encoding": "chunked"} if chunked else {}),
        })  # fmt: skip
        self.piece(b"retry: 1000\n\n", chunked)
        while number < self.server.options.events:
            if self.server.stopping.wait(self.server.options.every):
                break
            number += 1
            self.piece(b"id: %d\ndata: event %d\n\n" % (number, number), chunked)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")  # the end of the answer, which is not cut off

    def piece(self, data: bytes, chunked: bool) -> None:
        """Send a part of the answer at once."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)

    def log_message(self, format: str, *words: Any) -> None:
        """Print a line that a terminal does not obey."""
        log(f"{self.client_address[0]} {(format % words).encode('unicode_escape').decode()}")


def main() -> None:
    """Read the command line and serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Send events to browsers as they happen.")
    parser.add_argument("port", type=port_number, help="port to listen on; 0: any free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two events")
    parser.add_argument("--events", type=int, default=10, help="how many there will be")
    parser.add_argument("--clients", type=int, default=100, help="at most so many at a time")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds a client may not read")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        with Server((arguments.host, arguments.port), arguments) as server:
            # A signal raises in this thread.  In the middle of serve_forever that would shut down
            # the connection of the client who has just come, though its answer has begun.
            serving = threading.Thread(target=server.serve_forever, daemon=True)
            try:
                host, port = server.server_address[:2]
                where = f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
                log(f"listening on http://{where}/")
                serving.start()
                while serving.is_alive():
                    serving.join(1)
            finally:
                server.stop()
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        log("stopped")


if __name__ == "__main__":
    main()
