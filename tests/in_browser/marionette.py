"""Firefox, driven through its own door: Marionette, one TCP connection, no driver program.

    --> 34:[0, 1, "WebDriver:Navigate", {"url": …}]      length:[kind, number, command, parameters]
    <-- 17:[1, 1, null, null]                            length:[kind, number, error, result]

Firefox chooses a free port itself and says which.

Sources: Firefox Source Docs, Marionette, "Protocol"; WebDriver for the commands.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIMIT = 300.0
"""Seconds after which something hangs, on however busy a machine."""
PREFERENCES = {
    "marionette.port": 0,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class Refused(Exception):
    """Firefox answered a command with an error."""


class Firefox:
    """A session in a Firefox that runs."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("rwb")
        self._numbers = itertools.count(1)
        self._receive()  # it speaks first, of itself
        self.command("WebDriver:NewSession", {"capabilities": {}})
        self.command("WebDriver:SetTimeouts", {"script": int(LIMIT * 1000)})

    def _receive(self) -> Any:
        length = b""
        while (byte := self._file.read(1)) not in (b":", b""):
            length += byte
        return json.loads(self._file.read(int(length)))

    def command(self, name: str, parameters: dict[str, Any]) -> Any:
        """Send a command and return its result."""
        body = json.dumps([0, next(self._numbers), name, parameters]).encode()
        self._file.write(b"%d:%s" % (len(body), body))
        self._file.flush()
        _, _, error, result = self._receive()
        if error:
            raise Refused(f"{name}: {error['error']}: {error['message']}")
        return result

    def get(self, address: str) -> None:
        """Show a page."""
        self.command("WebDriver:Navigate", {"url": address})

    def wait_for(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page that calls its last argument with the result."""
        parameters = {"script": script, "args": list(arguments), "sandbox": None}
        return self.command("WebDriver:ExecuteAsyncScript", parameters)["value"]


@contextlib.contextmanager
def started(program: str, profile: Path) -> Iterator[Firefox]:
    """Start a Firefox with a profile of its own, and end it."""
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    process = subprocess.Popen(
        [program, "--headless", "--marionette", "--no-remote", "--profile", str(profile)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"},
        start_new_session=True,
    )
    said: queue.Queue[bytes] = queue.Queue()
    listener = threading.Thread(target=_listen, args=(process, said))
    listener.start()
    try:
        with socket.create_connection(("127.0.0.1", _port(said)), timeout=LIMIT) as connection:
            yield Firefox(connection)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT)
        listener.join(LIMIT)


def _listen(process: subprocess.Popen[bytes], said: queue.Queue[bytes]) -> None:
    """Pass on what Firefox says, to its end, which is an empty line."""
    assert process.stdout
    with process.stdout as output:
        for line in output:
            said.put(line)
    said.put(b"")


def _port(said: queue.Queue[bytes]) -> int:
    """The port that Firefox has chosen."""
    lines = []
    while not lines or lines[-1]:
        try:
            lines.append(said.get(timeout=LIMIT))
        except queue.Empty:
            break
        if found := re.search(rb"Marionette\s+INFO\s+Listening on port (\d+)", lines[-1]):
            return int(found[1])
    raise Refused(f"Firefox did not start: {b''.join(lines).decode()[-2000:]}")
