"""``watchfiles``, whose Rust waits for files to change: the other threads go on meanwhile.

    watch()  -->  a thread of the host, in Rust  --a byte in a pipe-->  poll, as for any file

Source: watchfiles, ``_rust_notify.pyi``.
"""

import _thread
import os
from functools import partial
from typing import Any

from ..machine.constants import POLLIN
from .watch import take_no_signals


class Stop:
    """What the waiting asks whether to end: the program's event, or that nobody waits any more."""

    def __init__(self, event: Any) -> None:
        self._event, self.stopped = event, False

    def is_set(self) -> bool:
        """Say so."""
        return self.stopped or bool(self._event is not None and self._event.is_set())


class Notify:
    """What stands for ``RustNotify``."""

    def __init__(self, machine: Any, real: Any, *arguments: Any, **named: Any) -> None:
        self._machine, self._real = machine, real(*arguments, **named)

    def __enter__(self) -> "Notify":
        self._real.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        return self._real.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def watch(self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: Any) -> Any:
        """Wait for changes."""
        found: list[Any] = []
        stop, ended = Stop(stop_event), _thread.allocate_lock()
        reading, writing = os.pipe()

        def wait() -> None:
            take_no_signals()
            try:
                found.append(self._real.watch(debounce_ms, step_ms, timeout_ms, stop))
            except BaseException as failure:
                found.append(failure)
            os.write(writing, b"\0")
            ended.release()

        ended.acquire()
        _thread.start_new_thread(wait, ())
        try:
            self._machine.poll.poll({reading: POLLIN}, None, "watch")
        finally:
            stop.stopped = True
            ended.acquire()
            os.close(reading)
            os.close(writing)
        if isinstance(found[0], BaseException):
            raise found[0]
        return found[0]


def adapt(machine: Any, module: Any) -> None:
    """Let ``watchfiles._rust_notify``, just imported, wait beside the machine's threads."""
    module.RustNotify = partial(Notify, machine, module.RustNotify)
