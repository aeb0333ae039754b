"""A host: the parts every layer above shares, and its settings.

    clock      virtual time            descriptors   numbers of open files
    scheduler  threads                 names         of UNIX sockets
    observers  who watches             settings      what Linux keeps in /proc/sys/net

May not know: protocols, families, sockets.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from . import stacks
from .clock import Clock
from .descriptors import DescriptorTable
from .events import Observers
from .paths import Names
from .scheduler import Scheduler
from .threads import RealThreads


@dataclass
class Settings:
    """What Linux keeps in /proc/sys/net, with its defaults.  Times in seconds, sizes in bytes."""

    somaxconn: int = 4096
    local_ports: tuple[int, int] = (32768, 60999)
    unprivileged_ports: int = 1024
    read_default: int = 212992
    read_maximum: int = 4194304
    write_default: int = 212992
    write_maximum: int = 4194304
    tcp_read_default: int = 131072
    tcp_write_default: int = 16384
    tcp_write_connected: int = 3939840
    tcp_read_connected: int = 131072
    tcp_fin_timeout: float = 60.0
    tcp_syn_retries: int = 6
    tcp_syn_linear_timeouts: int = 4
    tcp_synack_retries: int = 5
    tcp_retries: int = 15
    tcp_keepalive_time: int = 7200
    tcp_keepalive_interval: int = 75
    tcp_keepalive_probes: int = 9
    unix_queue: int = 10


@dataclass(frozen=True)
class Credentials:
    """Who a process is, by numbers, as struct ucred has it: unix(7), SO_PEERCRED."""

    pid: int
    uid: int
    gid: int


@dataclass(frozen=True)
class Caller:
    """A process whose system calls this one does: who it is, and how its paths are taken."""

    credentials: Credentials
    directory: bytes
    mask: int


class Host:
    """What one machine is made of, below its network.

    seed
        Any number; 0 lets the longest ready thread run next.
    real_time
        True sleeps where time would jump.
    name
        What gethostname() says; ``"localhost"`` if empty.
    """

    def __init__(self, seed: int = 0, real_time: bool = False, name: str = "") -> None:
        self.seed = seed
        self.name = name or "localhost"
        self.settings = Settings()
        self.clock = Clock(real_time)
        self.scheduler = Scheduler(self.clock, stacks.engine() or RealThreads(), seed)
        self.observers = Observers(self.clock, lambda: self.scheduler.current.name)
        self.descriptors = DescriptorTable()
        self.names = Names(self._acting)
        self.random = random.Random(seed)
        self.sockets = 0  # how many there have been
        self.kept: frozenset[int] = frozenset()  # the host's descriptors that no program closes
        self.callers: dict[int, Caller] = {}  # by thread, if it is not this process that calls
        self.passed: dict[Any, None] = {}  # UNIX sockets that messages have carried
        self.left_over: list[Any] = []  # files that they carried to nobody, to be closed

    def _caller(self) -> Caller | None:
        return self.callers.get(self.scheduler.current.ident) if self.callers else None

    @property
    def credentials(self) -> Credentials:
        """Who runs the program: the process on the host; root where the host knows no users."""
        caller = self._caller()
        if caller is not None:
            return caller.credentials
        if not hasattr(os, "getuid"):
            return Credentials(1, 0, 0)
        return Credentials(os.getpid(), os.getuid(), os.getgid())

    @property
    def effective(self) -> Credentials:
        """What SO_PEERCRED tells of that process: its effective user and group."""
        own = self.credentials
        if self._caller() is not None or not hasattr(os, "geteuid"):
            return own
        return Credentials(own.pid, os.geteuid(), os.getegid())

    @property
    def privileged(self) -> bool:
        """True if the process may do what root may."""
        caller = self._caller()
        if caller is not None:
            return caller.credentials.uid == 0
        return not hasattr(os, "geteuid") or os.geteuid() == 0

    @contextmanager
    def _acting(self) -> Iterator[bytes]:
        """Let files be made and judged as for who calls; gives where its relative paths begin.

        Source: POSIX.1-2024 umask(), 4.7 File Access Permissions.
        """
        caller = self._caller()
        if caller is None:
            yield b""
            return
        ids, wanted = (os.getegid(), os.geteuid()), caller.credentials
        mask = os.umask(caller.mask)
        try:
            if ids[1] == 0:
                os.setegid(wanted.gid)
                os.seteuid(wanted.uid)
            yield caller.directory
        finally:
            if ids[1] == 0:
                os.seteuid(ids[1])
                os.setegid(ids[0])
            os.umask(mask)
