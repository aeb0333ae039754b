"""Follow a stream of server-sent events, and come back when it breaks.

    python3 follow_events.py http://127.0.0.1:8080/events --events 5

Each event's data is printed when it comes.  The connection may break at any byte: the next one
says which event was the last, and the server goes on from there.
"""

import argparse
import http.client
import sys
import time
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

LONGEST = 65536
"""Bytes that a line may have."""


class Follower:
    """A stream of events, over as many connections as it takes."""

    def __init__(self, url: SplitResult, limit: float) -> None:
        self.url, self.limit = url, limit
        self.last = ""
        self.pause = 1.0
        self.ended = False

    def events(self, attempts: int) -> Iterator[str]:
        """Give the data of each event; raise OSError when so many attempts in a row gave none."""
        left = attempts
        while not self.ended:
            try:
                for data in self.once():
                    left = attempts
                    yield data
            except (OSError, http.client.HTTPException) as error:
                if left <= 1:
                    raise OSError(str(error) or type(error).__name__) from None
            left -= 1
            if left <= 0:
                raise OSError("the server ends each answer at once")
            if not self.ended:
                time.sleep(self.pause)

    def once(self) -> Iterator[str]:
        """Give what comes over one connection."""
        host, port = self.url.hostname or "", self.url.port or 80
        connection = http.client.HTTPConnection(host, port, timeout=self.limit)
        try:
            headers = {"Accept": "text/event-stream"}
            if self.last:
                headers["Last-Event-ID"] = self.last
            connection.request("GET", self.url.path or "/", headers=headers)
            response = connection.getresponse()
            if response.status == 204:  # there is nothing more
                self.ended = True
            elif response.status != 200:
                self.ended = True
                raise SystemExit(f"{self.url.geturl()}: {response.status} {response.reason}")
            else:
                yield from self.parsed(response)
        finally:
            connection.close()

    def parsed(self, response: http.client.HTTPResponse) -> Iterator[str]:
        """Give the data of each event that is whole: an empty line ends it."""
        data, number = [], self.last
        while line := response.readline(LONGEST):
            if not line.endswith(b"\n"):
                raise ConnectionError("the end, in the middle of a line")
            name, _, value = line.decode(errors="replace").rstrip("\r\n").partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "id":
                number = value
            elif name == "retry" and value.isascii() and value.isdigit():
                self.pause = min(int(value) / 1000, 60.0)
            elif not name and not value:
                self.last = number
                if data:
                    yield "\n".join(data)
                data = []


def printable(text: str) -> str:
    """Return what a stranger says as text that a terminal does not obey."""
    return "".join(each if each.isprintable() or each == "\n" else "?" for each in text)


def main() -> None:
    """Read the command line and print what comes."""
    parser = argparse.ArgumentParser(description="Follow a stream of server-sent events.")
    parser.add_argument("url", help="http://HOST:PORT/PATH")
    parser.add_argument("--events", type=int, default=0, help="end after so many; 0: never")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds without a byte")
    parser.add_argument("--attempts", type=int, default=5)
    arguments = parser.parse_args()
    try:
        url = urlsplit(arguments.url)
        usable = url.scheme == "http" and url.hostname and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        parser.error(f"{arguments.url} is not http://HOST:PORT/PATH")
    try:
        events = Follower(url, arguments.limit).events(arguments.attempts)
        for count, data in enumerate(events, start=1):
            print(printable(data), flush=True)
            if count == arguments.events:
                break
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
