"""The lines that calls go over on a kernel, and when they are quiet again.

    X.25     two TUN devices, x25a and x25b: this process is their cable, and carries between calls
    AX.25    two ports that ax25_ports.py has made: quiet when every connection says so

The programs of the page make the interfaces, docs/reference/families.  On the model the cable is
there, and carries within a call; its timers run out when everybody sleeps.
"""

from __future__ import annotations

import os
import runpy
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

FAMILIES = Path(__file__).resolve().parents[2] / "docs" / "reference" / "families"
STATE = Path("/proc/net/ax25")
SETTINGS = Path("/proc/sys/net/ax25")
TIMEOUTS = ("t1_timeout", "100"), ("t2_timeout", "20"), ("maximum_retry_count", "2")
PATIENCE = 5.0
"""Seconds for a line of AX.25 to become quiet; N2 times T1 is far less."""
ROUND = 0.012
"""Seconds in which a kernel of 250 ticks has done what it puts off."""


class Cable:
    """Two X.25 interfaces; calling it carries every packet that waits."""

    def __init__(self) -> None:
        page = runpy.run_path(str(FAMILIES / "x25_cable.py"))
        self._passed_on = page["passed_on"]
        self._ends = [page["interface"](name) for name in (b"x25a", b"x25b")]
        with socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET) as any_socket:
            page["route"](any_socket, b"1001", b"x25a")
            page["route"](any_socket, b"2002", b"x25b")

    def __call__(self) -> None:
        while ready := select.select(self._ends, [], [], 0)[0]:
            for end in ready:
                onward, packet = self._passed_on(os.read(end, 8192))
                other = self._ends[1 - self._ends.index(end)]
                os.write(other if onward else end, packet)


class Ports:
    """Two AX.25 ports; calling it waits until nothing is asked or said on them."""

    def __init__(self) -> None:
        if not (SETTINGS / "bpq1").exists():
            runpy.run_path(str(FAMILIES / "ax25_ports.py"), run_name="__main__")
        for port in "bpq0", "bpq1":
            for name, milliseconds in TIMEOUTS:
                (SETTINGS / port / name).write_text(milliseconds)

    @staticmethod
    def _is_quiet() -> bool:
        """Nobody waits for a connection, and what was said is acknowledged."""
        for line in STATE.read_text().splitlines():
            state, sent, _, acknowledged = line.split()[4:8]
            if state == "1" or (state == "3" and sent != acknowledged):
                return False
        return True

    def __call__(self) -> None:
        end = time.monotonic() + PATIENCE
        while not self._is_quiet() and time.monotonic() < end:
            time.sleep(ROUND)


LINES: dict[str, Callable[[], Callable[[], object]]] = {"x25": Cable, "ax25": Ports}
