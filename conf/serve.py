"""Serve the built site on loopback: ``python3 conf/serve.py build/html --port 8000``."""

from __future__ import annotations

import argparse
import functools
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Handler(SimpleHTTPRequestHandler):
    """Files as they lie there, and the site's own page for what is not found."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory, "404.html")
        if code != 404 or not page.exists():
            return super().send_error(code, message, explain)
        body = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing of each request."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that goes on to another page before this one has come."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C; return 1 if the port cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free port")
    arguments = parser.parse_args(argv)
    if not (arguments.folder / "index.html").is_file():
        parser.error(f"{arguments.folder} holds no built site; run `make site` first")
    if not 0 <= arguments.port <= 65535:
        parser.error(f"--port {arguments.port} is not a port; they go from 0 to 65535")
    handler = functools.partial(Handler, directory=str(arguments.folder))
    try:
        server = Server(("127.0.0.1", arguments.port), handler)
    except OSError as error:
        why = error.strerror or str(error)
        print(
            f"serve: port {arguments.port} on 127.0.0.1: {why}. "
            "Choose another, or 0 for any free one: make PORT=0",
            file=sys.stderr,
        )
        return 1
    with server:
        print(f"serving on http://127.0.0.1:{server.server_port}/ (Ctrl-C stops)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
