"""System calls that are watched: each tells when it begins and how it ends.

Stands in the place of `Calls` while somebody observes a machine, so that nobody pays for
it otherwise.
"""

from typing import Any

from ..machine.events import CallBegins, CallEnds
from ..machine.host import Host


class ObservedCalls:
    """The same calls, each told of to the observers of the host."""

    def __init__(self, calls: Any, host: Host) -> None:
        self._calls = calls
        self._host = host

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._calls, name)
        if name == "socket_of":
            return call  # no system call
        tell = self._host.observers.tell

        def observed(*arguments: Any, **named: Any) -> Any:
            tell(CallBegins, name, arguments)
            try:
                result = call(*arguments, **named)
            except BaseException as failure:
                tell(CallEnds, name, None, failure)
                raise
            tell(CallEnds, name, result, None)
            return result

        return observed
