"""A machine: a host, its network, its families and the modules a program imports.

    Machine(seed)
      .load("socket")      the interpreter's own socket.py, on this machine
      .modules()           the same as a mapping, for whoever redirects imports
      .observe(callback)   every call, state and packet
      .close()             end its threads, close its sockets

Two machines share nothing: ports, names of sockets, time and threads are their own.
"""

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..calls.calls import Calls
from ..calls.poll import EpollCalls
from ..faults import Fault, find
from ..machine.events import Event
from ..machine.host import Host
from ..machine.profile import BUILT_IN, Profile, named
from ..network.names import Resolver
from ..network.node import Node
from ..network.pcap import Capture
from . import (
    errno_module,
    fcntl_module,
    resource_module,
    select_module,
    socket_module,
    thread_module,
    time_module,
    tls,
)
from .build import build_families
from .loader import Loader
from .observed import ObservedCalls


class Modules(Mapping[str, types.ModuleType]):
    """The modules of a machine by name, a mapping; one is loaded when it is asked for.

    KeyError
        The module need not be a copy: ``import`` it.

    Its length, and what is iterated over, are the names loaded so far.

    >>> modules = Machine().modules()
    >>> "queue" in list(modules), "queue" in modules, "queue" in list(modules)
    (False, True, True)
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getitem__(self, name: str) -> types.ModuleType:
        if not self._loader.is_private(name):
            raise KeyError(name)
        return self._loader.load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._loader.modules)

    def __len__(self) -> int:
        return len(self._loader.modules)


class Machine:
    """A machine of the model: one host with its network, threads and time.

    seed
        0 runs the thread that has been ready longest; any other number chooses by chance,
        the same way each time.  Ports and sequence numbers come from it too.
    real_time
        True sleeps where time would jump, for programs that also wait for the world outside.
    profile
        Which address families the host has: ``"built in"``, what every Linux has,
        ``"every module"``, ``"as this machine"``, or a recorded kernel by its name, ``"6.12"``.
    faults
        What goes wrong from the beginning; the same as a call of `fault` for each.

    ValueError
        No profile has that name; no fault has, or it has no such parameter.

    Two machines share nothing.  ``clock.now`` is its time, in seconds since it was switched on;
    ``node.loopback`` its link.  Who makes one closes it: `close`.

    Not modelled: another host.  What is not an address of this one is ENETUNREACH.

    >>> machine = Machine()
    >>> socket = machine.load("socket")
    >>> a, b = socket.socketpair()
    >>> a.send(b"hello"), b.recv(10)
    (5, b'hello')
    >>> a.close(); b.close(); machine.close()
    """

    def __init__(self, seed: int = 0, real_time: bool = False,
                 profile: Profile | str = BUILT_IN, faults: Iterable[Fault | str] = ()) -> None:
        self.host = Host(seed, real_time)
        self.clock = self.host.clock
        self.scheduler = self.host.scheduler
        self.descriptors = self.host.descriptors
        self.settings = self.host.settings
        self.node = Node(self.host)
        self.resolver = Resolver(self.host.name)
        self.profile = named(profile) if isinstance(profile, str) else profile
        self.families = build_families(
            self.host, self.node, self.resolver, self.profile)
        self._calls = Calls(self.host, self.node, self.families)
        self._poll = EpollCalls(self.host)
        self.calls: Any = self._calls
        self.poll: Any = self._poll
        self.default_timeout: float | None = None
        self.origin = 0.0  # what the monotonic clock says when the machine is switched on
        self.socket_type: Any = None
        self.gaierror: Any = None
        self.loader = Loader({
            "_socket": socket_module.make(self), "select": select_module.make(self),
            "_thread": thread_module.make(self), "time": time_module.make(self)})
        self.loader.made["_ssl"] = lambda: tls.make(self)
        if errno := errno_module.make():
            self.loader.modules["errno"] = errno
        if fcntl := fcntl_module.make(self):
            self.loader.modules["fcntl"] = fcntl
        if resource := resource_module.make(self):
            self.loader.modules["resource"] = resource
        for each in faults:
            self.fault(each)

    def load(self, name: str) -> types.ModuleType:
        """Return this machine's copy of the module *name*, for example ``"http.server"``.

        A copy is made when it is first asked for, and is the same one ever after.  A module
        that reaches neither the network nor threads nor time is not copied: the real one
        is returned.  Whatever the module's own code raises, this raises.

        ModuleNotFoundError
            There is no such module.

        Not copied: modules of other people, which import the real ones; `import_` and
        ``python -m bsdsockets run`` are for those.

        >>> machine = Machine()
        >>> machine.load("socket") is machine.load("socket"), machine.load("json").__name__
        (True, 'json')
        >>> machine.load("sockets")
        Traceback (most recent call last):
        ModuleNotFoundError: No module named 'sockets'
        """
        return self.loader.load(name)

    def modules(self) -> Modules:
        """Return the mapping from the names of modules to this machine's copies.

        For whoever redirects imports: a name is a key if that module must be a copy, and its
        value is made when it is asked for.

        >>> modules = Machine().modules()
        >>> modules["queue"].__name__, "json" in modules
        ('queue', False)
        """
        return Modules(self.loader)

    @property
    def import_(self) -> Callable[..., Any]:
        """An ``__import__`` that finds this machine's copies first.

        Code that is executed with it as the builtin of that name is on this machine, with
        everything that it imports from the standard library.  The arguments, and
        ModuleNotFoundError, are those of ``__import__``.

        >>> import builtins
        >>> machine = Machine()
        >>> names = {"__builtins__": vars(builtins) | {"__import__": machine.import_}}
        >>> exec("import socket", names)
        >>> names["socket"] is machine.load("socket")
        True
        """
        return self.loader.import_

    def observe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call *callback* with every event from now on; returns what ends that, to be called once.

        An event is a frozen record of a class of ``bsdsockets.machine.events``.  The callback
        is called in the thread in which the event happens, and must not make system calls of
        this machine; what it raises, the system call in which that happens raises.  While
        somebody observes, TCP takes no short ways: every segment is made and told of, and calls
        are slower.

        >>> machine, seen = Machine(), []
        >>> socket = machine.load("socket")
        >>> end = machine.observe(lambda event: seen.append(type(event).__name__))
        >>> socket.socket().close(); end()
        >>> seen
        ['CallBegins', 'CallEnds', 'CallBegins', 'CallEnds']
        """
        remove = self.host.observers.add(callback)
        self.calls = ObservedCalls(self._calls, self.host)
        self.poll = ObservedCalls(self._poll, self.host)

        def end() -> None:
            remove()
            if not self.host.observers:
                self.calls, self.poll = self._calls, self._poll

        return end

    @property
    def kernel(self) -> Calls:
        """The system calls themselves (`Calls`), which a fault may replace for this machine."""
        return self._calls

    def fault(self, fault: Fault | str) -> Callable[[], object]:
        """Let *fault* happen from now on; returns what ends that.

        A text is a name, with parameters after a colon: ``"reset: connection=2, after=1000"``.

        ValueError
            No fault has that name; it has no such parameter; the parameter has no such value.

        >>> machine = Machine()
        >>> end = machine.fault("short reads")
        >>> a, b = machine.load("socket").socketpair()
        >>> a.sendall(b"hello"); len(b.recv(10)) < 5
        True
        >>> end(); a.close(); b.close()
        """
        return find(fault).start(self)

    def capture(self, path: str | Path) -> Callable[[], None]:
        """Write every packet to the file *path*, as pcap; returns what ends that.

        Packets begin with their IP header (link type 101), and carry the virtual time: a
        machine is switched on at 2026-01-01 00:00:00 UTC.  The file is complete when that is ended.

        OSError
            The file cannot be written.

        Not written: what UNIX sockets send, which is in no packet; frames of families that are
        not IP.

        Source: draft-ietf-opsawg-pcap.

        >>> import tempfile
        >>> machine = Machine()
        >>> socket = machine.load("socket")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "one.pcap")
        ...     end = machine.capture(path)
        ...     with socket.socket(type=socket.SOCK_DGRAM) as sender:
        ...         _ = sender.sendto(b"hello", ("127.0.0.1", 9))
        ...     end()
        ...     path.read_bytes().count(b"hello")  # the datagram; and ICMP's answer quotes it
        2
        """
        # What is returned closes it; unbuffered, a program that ends any other way loses nothing.
        file = open(path, "wb", buffering=0)  # noqa: SIM115
        unobserve = self.observe(Capture(file))

        def end() -> None:
            unobserve()
            file.close()

        return end

    def close(self) -> None:
        """Switch the machine off: end the threads that wait, close every descriptor.

        To be called in the main thread; a second time does nothing.  The threads that wait are
        ended by an exception in them, so that their ``finally`` clauses run.

        >>> machine = Machine()
        >>> socket, threading = machine.load("socket"), machine.load("threading")
        >>> a, b = socket.socketpair()
        >>> def wait():
        ...     try:
        ...         b.recv(1)
        ...     finally:
        ...         print("ended")
        >>> threading.Thread(target=wait).start(); machine.load("time").sleep(0)
        >>> machine.close()
        ended
        >>> _ = a.detach(), b.detach()
        """
        self.scheduler.close()
        self.descriptors.close_all()
