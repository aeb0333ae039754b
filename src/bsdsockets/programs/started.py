"""Programs that a program on the model starts: those in Python are on the same machine.

    any process of the machine                   the program, when it starts
    subprocess, multiprocessing,
    os.system, os.posix_spawn, os.exec...
       |  BSDSOCKETS_MACHINE=7                      at_start/sitecustomize.py, by PYTHONPATH
       |  descriptor 7: a door                           |
       +--<-- one end of a pair ----------<------------- `joining`: its system calls are the
    Served                                               first process's, as after os.fork

A door stays open to all that the program starts: a shell's Python comes in too.  Sockets that
the program is to inherit come by a channel of their own, ``7,8``; exec hands on the caller's.

Left out: Python that ignores its environment (``-E``, ``-I``, ``-S``), and programs that are
not Python: they are on the host.  Sockets are lent to Python only.  ``os.system`` leaves
Ctrl-C to both.

Sources: POSIX.1-2024 posix_spawn(), exec, system(); CPython ``Modules/_posixsubprocess.c`` for
the order of arguments, ``Lib/site.py``.
"""

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..face.by_name import ByName
from .channel import Gone
from .child import Remote
from .os_module import STANDARD, refuse
from .processes import begin
from .served import Door, Served

try:
    import _posixsubprocess
    import _socket as _host
except ImportError:  # no processes: a browser, Windows
    _host = _posixsubprocess = None  # type: ignore[assignment]

MACHINE, PATH = b"BSDSOCKETS_MACHINE", b"PYTHONPATH"
AT_START = os.fsencode(Path(__file__).with_name("at_start"))
ALONE = "alone"  # told to what takes the place of a machine's first process
HAND_OVER = ("a socket as another process's descriptor: what it refers to is known in Python "
             "programs only")
REPLACED = ("a socket for the program that takes this one's place: the machine ends with the "
            "process it began in; start the program as a child")
STREAMS = (6, 9, 11)  # where fork_exec takes stdin, stdout and stderr; those to pass at 3


def is_python(program: Any) -> bool:
    """True if the file *program* goes by the name of Python, or says that Python is to run it."""
    if isinstance(program, int):
        return False
    if b"python" in os.path.basename(os.fsencode(program)):
        return True
    try:
        with open(program, "rb") as file:
            first = file.readline(256)
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first


def tell(environment: Iterable[tuple[Any, Any]], told: str) -> dict[bytes, bytes]:
    """Return the *environment* with what a Python needs to join."""
    known = {os.fsencode(name): os.fsencode(value) for name, value in environment}
    path = [AT_START, known[PATH]] if known.get(PATH) else [AT_START]
    return known | {MACHINE: os.fsencode(told), PATH: os.fsencode(os.pathsep).join(path)}


class Programs(ByName, of="os"):
    """The functions of ``os`` that start programs; they fail as the host's do."""

    def __init__(self, machine: Any) -> None:
        self._machine, self._files = machine, machine.descriptors
        self._environment = dict(os.environb)  # of C, where os.environ writes as well

    def putenv(self, name: Any, value: Any, /) -> None:
        """Give a variable to the programs that are started."""
        REAL["putenv"](name, value)
        self._environment[os.fsencode(name)] = os.fsencode(value)

    def unsetenv(self, name: Any, /) -> None:
        """Take a variable from them."""
        REAL["unsetenv"](name)
        self._environment.pop(os.fsencode(name), None)

    def _open(self, name: str, *arguments: Any) -> Any:
        """Make a way to the machine's first process; returns the program's end of it."""
        ours, theirs = _host.socketpair(
            _host.AF_UNIX, _host.SOCK_SEQPACKET if name == "door" else _host.SOCK_STREAM)
        machine = self._machine
        if isinstance(machine._calls, Remote):
            client = machine._calls.client
            try:
                client.ask("process", name, arguments, passed=[ours.fileno()])
                ours.close()
                return theirs
            except Gone:
                client.leave()
        if name == "door":
            Door(machine, ours)
        else:
            Served(machine, ours, {new: self._files[old] for new, old in arguments[0].items()})
        return theirs

    @contextmanager
    def _ways(self, lent: Mapping[int, int]) -> Iterator[list[int]]:
        """The descriptors by which a program joins; *lent* are sockets, by its numbers."""
        begin(self._machine)
        ends = [self._open("door")]
        if lent:
            ends.append(self._open("lend", dict(lent)))
        try:
            yield [end.fileno() for end in ends]
        finally:
            for end in ends:
                end.close()

    def fork_exec(self, *arguments: Any) -> int:
        """Start a program for ``subprocess``, which has gathered the arguments."""
        streams = [arguments[place] for place in STREAMS]
        lent = {new: old if old != -1 else new for new, old in enumerate(streams)
                if (old if old != -1 else new) in self._files}
        lent |= {number: number for number in arguments[3] if number in self._files}
        if not arguments[2]:
            lent |= self._inheritable()
        if lent and not is_python(arguments[1][0]):
            refuse(HAND_OVER)
        with self._ways(lent) as ways:
            given = list(arguments)
            given[3] = tuple(sorted({*arguments[3], *ways}))
            if arguments[5] is not None:
                environment = (each.split(b"=", 1) for each in arguments[5])
                given[5] = _joined(tell(environment, _in_words(ways)))
            else:
                self._tell_at_last(given, _in_words(ways))
            return int(REAL_FORK_EXEC(*given))

    def _tell_at_last(self, given: list[Any], told: str) -> None:
        """Let a program join that has C's environment, which ``preexec_fn`` may still change."""
        place = next((at for at, each in enumerate(given) if callable(each)), None)
        if place is None:
            given[5] = _joined(tell(self._environment.items(), told))
            return
        first = given[place]

        def prepare() -> None:
            first()
            for each in tell(self._environment.items(), told).items():
                REAL["putenv"](*each)

        given[place] = prepare

    def _inheritable(self) -> dict[int, int]:
        return {number: number for number in self._files if os.get_inheritable(number)}

    def posix_spawn(self, path: Any, argv: Any, env: Any, /, **named: Any) -> int:
        """Start a program; returns the number of its process.  Source: POSIX.1-2024."""
        return self._spawn("posix_spawn", path, argv, env, named)

    def posix_spawnp(self, path: Any, argv: Any, env: Any, /, **named: Any) -> int:
        """Start a program that is looked for in PATH."""
        return self._spawn("posix_spawnp", path, argv, env, named)

    def _spawn(self, name: str, path: Any, argv: Any, env: Any, named: Any) -> int:
        actions, above = _without_closing(named.get("file_actions") or ())
        lent = {number: number for number in self._inheritable() if number < above}
        lent |= {each[2]: each[1] for each in actions
                 if each[0] == os.POSIX_SPAWN_DUP2 and each[1] in self._files}
        with self._ways(lent if is_python(path) else {}) as ways:
            closed = [(os.POSIX_SPAWN_CLOSE, number) for number in _inherited() if number >= above]
            for number in ways:
                os.set_inheritable(number, True)
            environment = tell((self._environment if env is None else env).items(),
                               _in_words(ways))
            result: int = REAL[name](path, argv, environment,
                                     **named | {"file_actions": [*actions, *closed]})
            return result

    def system(self, command: Any) -> int:
        """Let a shell run *command*, and wait for it; returns its status, as waitpid gives it.

        Source: POSIX.1-2024 system().
        """
        pid = self.posix_spawn("/bin/sh", ["sh", "-c", command], self._environment)
        return os.waitpid(pid, 0)[1]

    def execv(self, path: Any, argv: Any, /) -> None:
        """Let a program take this process's place; see `execve`."""
        self.execve(path, argv, self._environment)

    def execve(self, path: Any, argv: Any, env: Mapping[Any, Any]) -> None:
        """Let a program take this process's place, in the environment *env*.

        A child's is on the same machine, with the sockets that are to be inherited.  One in place
        of the process that a machine began in has a machine of its own.

        ENOSYS
            A socket is to be inherited from that process: `REPLACED`.

        Source: POSIX.1-2024 exec.
        """
        if not is_python(path) and any(number in self._files for number in STANDARD):
            refuse(HAND_OVER)
        if not isinstance(self._machine._calls, Remote):
            if is_python(path):
                if self._inheritable():
                    refuse(REPLACED)
                env = tell(env.items(), ALONE)
            REAL["execve"](path, argv, env)
        channel = self._machine._calls.client.fileno
        with self._ways({}) as ways:
            if is_python(path):
                ways.append(channel)
            try:
                for number in ways:
                    os.set_inheritable(number, True)
                REAL["execve"](path, argv, tell(env.items(), _in_words(ways)))
            finally:
                os.set_inheritable(channel, False)


def _without_closing(actions: Iterable[Any]) -> tuple[list[Any], float]:
    """Take apart what a program's files are to be: all but the closing of those from a number on.

    That would close the way to the machine as well.
    """
    actions = list(actions)
    closing = getattr(os, "POSIX_SPAWN_CLOSEFROM", None)
    return ([each for each in actions if each[0] != closing],
            min((each[1] for each in actions if each[0] == closing), default=math.inf))


def _inherited() -> list[int]:
    """The host's descriptors that a program inherits."""
    found = []
    for number in map(int, os.listdir("/dev/fd")):
        with suppress(OSError):  # the directory's own
            if os.get_inheritable(number):
                found.append(number)
    return found


def _joined(environment: dict[bytes, bytes]) -> list[bytes]:
    """An environment as execve() takes it."""
    return [b"%b=%b" % each for each in environment.items()]


def _in_words(ways: Iterable[int]) -> str:
    return ",".join(map(str, ways))


REAL = {name: getattr(os, name) for name in vars(Programs)
        if hasattr(os, name) and name[0] != "_"}
REAL_FORK_EXEC: Any = getattr(_posixsubprocess, "fork_exec", None)


def program_functions(machine: Any) -> dict[str, Callable[..., Any]]:
    """The functions of ``os`` that take the places of the host's; ``subprocess`` learns as well."""
    if REAL_FORK_EXEC is None or not hasattr(_host, "SOCK_SEQPACKET"):
        return {}
    programs = Programs(machine)
    _posixsubprocess.fork_exec = programs.fork_exec
    if "subprocess" in sys.modules:  # it keeps the function by a name of its own
        sys.modules["subprocess"]._fork_exec = programs.fork_exec  # type: ignore[attr-defined]
    return {name: getattr(programs, name) for name in REAL}
