"""Faults around a program: strangers, no descriptors left, another order of the threads.

Sources: POSIX.1-2024 accept() (EMFILE), listen(); Linux accept(2), getrlimit(2).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from ..machine.constants import AF_UNIX, SOCK_STREAM
from ..machine.errors import EMFILE, fail
from ..network.addresses import ANY4, LOOPBACK4, LOOPBACK6, is_any
from .fault import Fault, replace

TAKEN = ("tcp", "unix-stream")


@dataclass(frozen=True)
class SecondClient(Fault):
    """A stranger connects to each stream socket that begins to listen, before anybody else.

    It sends nothing and stays; with *leaves* it closes at once.
    """

    name: ClassVar[str] = "second client"
    label: ClassVar[str] = "A second client"
    sentence: ClassVar[str] = ("A stranger connects as soon as a server listens, before "
                               "everybody else, and says nothing.")
    rule: ClassVar[str] = ("Whoever knows the address may connect; the queue of listen() is in "
                           "the order of arrival.")

    leaves: bool = False

    def start(self, machine: Any) -> Callable[[], None]:
        strangers: list[Any] = []

        def make(listen: Callable[..., Any]) -> Callable[..., Any]:
            def visited(number: int, *arguments: Any) -> Any:
                so = machine.kernel.socket_of(number)
                listens_already = so.queue is not None
                result = listen(number, *arguments)
                if not listens_already and so.protocol.name_of in TAKEN:
                    strangers.append(self._visit(machine, so))
                return result
            return visited

        return replace(machine.kernel, "listen", make)

    def _visit(self, machine: Any, so: Any) -> Any:
        number = machine.kernel.socket(so.family, SOCK_STREAM, so.protocol_number)
        stranger = machine.descriptors[number].hold()
        machine.descriptors.close(number)  # a stranger is another process
        stranger.protocol.connect(stranger, _where(so), False)
        machine.node.deliver()
        if self.leaves:
            stranger.drop()
            machine.node.deliver()
        return stranger


def _where(so: Any) -> Any:
    """The address to which one connects to reach *so*."""
    name = so.protocol.name(so)
    if so.family == AF_UNIX or not is_any(name.address):
        return name
    return name._replace(address=LOOPBACK4 if name.address == ANY4 else LOOPBACK6)


@dataclass(frozen=True)
class DescriptorsUsedUp(Fault):
    """The first *times* calls of accept() find no descriptor; later ones do."""

    name: ClassVar[str] = "descriptors used up"
    label: ClassVar[str] = "Descriptors used up"
    sentence: ClassVar[str] = ("The first accept fails with EMFILE, because the process has no "
                               "descriptor left; a moment later one is free again.")
    rule: ClassVar[str] = ("POSIX accept(): EMFILE; another thread may hold the last descriptor "
                           "at the moment. The connection stays in the queue.")

    times: int = 1

    def start(self, machine: Any) -> Callable[[], None]:
        left = [None] * self.times

        def make(accept: Callable[..., Any]) -> Callable[..., Any]:
            def refused(number: int, *arguments: Any) -> Any:
                if machine.kernel.socket_of(number).queue is not None and left:
                    left.pop()
                    fail(EMFILE)
                return accept(number, *arguments)
            return refused

        return replace(machine.kernel, "accept", make)


@dataclass(frozen=True)
class AnotherSchedule(Fault):
    """The thread that runs next is chosen by chance, from *seed*."""

    name: ClassVar[str] = "another schedule"
    label: ClassVar[str] = "Another schedule"
    sentence: ClassVar[str] = ("Of the threads that are ready, another runs next than the one "
                               "that has waited longest.")
    rule: ClassVar[str] = "No system promises in which order threads that are ready run."

    seed: int = 1

    def start(self, machine: Any) -> Callable[[], None]:
        scheduler = machine.scheduler
        before = scheduler.random
        scheduler.random = random.Random(f"{machine.host.seed} {self.seed}")
        return lambda: setattr(scheduler, "random", before)
