"""Our ``time``: the host's, with the machine's clock in it.

What reads the time reads virtual time; ``sleep`` lets other threads run and time jump.
``process_time`` and ``thread_time`` tell of the host's processor, as they are.

Sources: CPython ``Modules/timemodule.c``.
"""

import _thread
import sys
import time as _host
import types
from typing import Any

from ..machine.clock import EPOCH, READING
from ..machine.errors import EPERM
from .by_name import ByName

PATIENCE = 1000  # looks at the clock
SLACK = 50e-6  # seconds that the shortest sleep takes, see PR_SET_TIMERSLACK(2const)
CLOCKS = {getattr(_host, clock): function for clock, function in (
    ("CLOCK_REALTIME", "time_ns"), ("CLOCK_TAI", "time_ns"), ("CLOCK_MONOTONIC", "monotonic_ns"),
    ("CLOCK_MONOTONIC_RAW", "monotonic_ns"), ("CLOCK_BOOTTIME", "monotonic_ns"),
    ("CLOCK_UPTIME_RAW", "monotonic_ns")) if hasattr(_host, clock)}


class Functions(ByName, of="time"):
    """The functions of ``time`` that look at the clock; none waits but `sleep`.

    Looking takes a microsecond of virtual time, so that a loop which only looks ends.
    """

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self._clock = machine.clock
        self._looks = 0

    def _read(self) -> float:
        """Look at the clock; who looks again and again lets the other threads go on."""
        self._looks += 1
        if self._looks % PATIENCE == 0:
            self._machine.scheduler.pause()
        clock = self._clock
        clock.pass_time(READING)
        now: float = clock.now
        return now

    def time(self) -> float:
        """Seconds since 1970: a machine is switched on at 2026-01-01 00:00:00 UTC."""
        return EPOCH + self._read()

    def time_ns(self) -> int:
        """Nanoseconds since 1970; see `time`."""
        return int(EPOCH) * 10**9 + round(self._read() * 1e9)

    def monotonic(self) -> float:
        """Seconds since the machine was switched on, and its origin."""
        return self._machine.origin + self._read()

    def monotonic_ns(self) -> int:
        """Nanoseconds since that moment; see `monotonic`."""
        return int(self._machine.origin) * 10**9 + round(self._read() * 1e9)

    perf_counter, perf_counter_ns = monotonic, monotonic_ns

    def clock_gettime(self, clk_id: int, /) -> float:
        """The time of the clock *clk_id* in seconds; the clocks of processors are the host's.

        OSError
            EINVAL: there is no such clock.

        Source: POSIX.1-2024 clock_getres(); Linux clock_gettime(2).
        """
        return self.clock_gettime_ns(clk_id) / 1e9

    def clock_gettime_ns(self, clk_id: int, /) -> int:
        """The time of the clock *clk_id* in nanoseconds; see `clock_gettime`."""
        name = CLOCKS.get(clk_id)
        return getattr(self, name)() if name else _host.clock_gettime_ns(clk_id)

    def clock_settime(self, clk_id: int, time: float, /) -> None:
        """Fail: neither the host's clock nor the machine's is a program's to set.

        PermissionError
            EPERM, whoever asks; the kernel lets root.

        Source: POSIX.1-2024 clock_settime().
        """
        raise OSError(EPERM, "not on the model: setting a clock: a machine's starts at "
                             "2026-01-01 00:00:00 UTC and goes on by itself")

    clock_settime_ns = clock_settime

    def pthread_getcpuclockid(self, thread_id: int, /) -> int:
        """The clock of a thread: the host's, of the thread that calls."""
        return _host.pthread_getcpuclockid(_thread.get_ident())

    def sleep(self, seconds: Any, /) -> None:
        """Let other threads run for *seconds* of virtual time.

        0 lets those run that are ready, and takes 50 microseconds, Linux's shortest sleep.

        ValueError
            *seconds* is below 0.

        Source: POSIX.1-2024 clock_nanosleep().

        >>> from bsdsockets import time
        >>> before = time.monotonic()
        >>> time.sleep(3600)  # an hour of virtual time, at once
        >>> round(time.monotonic() - before)
        3600
        """
        if sys.version_info >= (3, 13):
            sys.audit("time.sleep", seconds)
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        scheduler = self._machine.scheduler
        if seconds == 0:
            scheduler.pause()
            self._clock.pass_time(SLACK)
            return
        scheduler.current.call = f"sleep({seconds})"
        deadline = self._clock.now + seconds
        while scheduler.wait((), deadline, "waits for time to pass"):
            pass  # a signal's handler has run

    def gmtime(self, seconds: float | None = None, /) -> Any:
        """The broken-down time in UTC."""
        return _host.gmtime(self.time() if seconds is None else seconds)

    def localtime(self, seconds: float | None = None, /) -> Any:
        """The broken-down time here."""
        return _host.localtime(self.time() if seconds is None else seconds)

    def ctime(self, seconds: float | None = None, /) -> str:
        """The time as text."""
        return _host.ctime(self.time() if seconds is None else seconds)

    def asctime(self, moment: Any = None, /) -> str:
        """A broken-down time as text."""
        return _host.asctime(self.localtime() if moment is None else moment)

    def strftime(self, format: str, moment: Any = None, /) -> str:
        """A broken-down time in a format of one's own."""
        return _host.strftime(format, self.localtime() if moment is None else moment)


def make(machine: Any) -> types.ModuleType:
    """Build ``time`` for *machine*."""
    module = types.ModuleType("time", _host.__doc__)
    names = vars(module)
    names.update({name: value for name, value in vars(_host).items()
                  if not name.startswith("__")})
    functions = Functions(machine)
    names.update({name: getattr(functions, name) for name in vars(Functions)
                  if not name.startswith("_") and hasattr(_host, name)})
    return module
