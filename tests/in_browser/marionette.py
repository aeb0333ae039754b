"""Firefox, driven through its own door: Marionette, one TCP connection, no driver program.

    --> 34:[0, 1, "WebDriver:Navigate", {"url": …}]      length:[kind, number, command, parameters]
    <-- 17:[1, 1, null, null]                            length:[kind, number, error, result]

Firefox chooses a free port itself and writes it into its profile's folder.

Sources: Firefox Source Docs, Marionette, "Protocol"; WebDriver for the commands.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIMIT = 60.0
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
    command = [program, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
    environment = {**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
    with open(profile / "firefox.log", "wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    try:
        address = ("127.0.0.1", _port(process, profile / "MarionetteActivePort"))
        with socket.create_connection(address, timeout=LIMIT) as connection:
            yield Firefox(connection)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT)


def _port(process: subprocess.Popen[bytes], file: Path) -> int:
    """The port that Firefox has chosen; there is nothing to wait on but the file itself."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int(file.read_text(encoding="ascii"))
        time.sleep(0.05)
    raise Refused(f"Firefox did not start: {(file.parent / 'firefox.log').read_text()[-2000:]}")
