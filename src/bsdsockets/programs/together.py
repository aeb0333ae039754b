"""Several programs on one machine, as a shell runs them: all but the last in the background.

    run server.py 50007 + client.py 50007 hello

    server.py   a thread that is started first and goes on until it waits
    client.py   the main thread; once it has ended, the server gets what Ctrl-C raises

Each program has a namespace and arguments of its own; loaded modules, the standard output and
the working directory they share.  Signals are the last program's.

May not know: the modules that a machine stands in for.
"""

import builtins
import importlib
import os
import runpy
import signal
import sys
import traceback
import types
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader
from typing import Any

from ..machine.errors import Deadlock
from ..machine.scheduler import Killed, Task
from .sources import code_of, code_of_text
from .tracebacks import trim

GRACE = 1.0  # seconds in which the others may end by themselves

Command = Sequence[str]
"""What python itself is given after its options: ``-m module``, ``-c text``, ``-`` or a file; then
the program's arguments."""


def execute(command: Command) -> None:
    """Run a program as python itself would.

    SystemExit
        There is no such file or module, or it cannot be run.
    """
    program, *arguments = command
    main = types.ModuleType("__main__")
    vars(main).update({"__builtins__": builtins, "__loader__": BuiltinImporter} | ANNOTATIONS)
    sys.modules["__main__"] = main
    if program == "-m":
        sys.argv[:] = [program, *arguments[1:]]
        if current():
            _look_first_in(current())
        runpy._run_module_as_main(arguments[0])  # type: ignore[attr-defined]
    elif program == "-c":
        sys.argv[:] = [program, *arguments[1:]]
        _look_first_in("")
        exec(code_of_text(arguments[0]), vars(main))
    elif program in ("", "-"):
        sys.argv[:] = command
        _look_first_in("")
        vars(main).update(__cached__=None, __file__="<stdin>")
        exec(code_of(sys.stdin.buffer.read(), "<stdin>"), vars(main))
    else:
        sys.argv[:] = command
        _execute_file(absolute(program), main)


ANNOTATIONS: dict[str, Any] = {"__annotations__": {}} if sys.version_info < (3, 14) else {}


def current() -> str:
    """The directory that the process is in; empty where it has been removed."""
    with suppress(FileNotFoundError):
        return os.getcwd()
    return ""


def absolute(path: str) -> str:
    """Return *path* from the root on, with the words that it was given in, as python does."""
    if path == ".":
        return current()
    return path if os.path.isabs(path) or not current() else f"{current()}/{path}"


def _look_first_in(directory: str) -> None:
    if not sys.flags.safe_path:
        sys.path.insert(0, directory)


def _execute_file(path: str, main: types.ModuleType) -> None:
    if os.path.isdir(path) or zipfile.is_zipfile(path):
        sys.path.insert(0, path)
        runpy._run_module_as_main("__main__", False)  # type: ignore[attr-defined]
        return
    _look_first_in(os.path.dirname(os.path.realpath(path)) if os.path.isabs(path) else "")
    compiled = path.endswith(".pyc")
    loader = (SourcelessFileLoader if compiled else SourceFileLoader)("__main__", path)
    vars(main).update(__file__=path, __cached__=None, __loader__=loader)
    try:
        with open(path, "rb") as source:
            text = source.read()
    except OSError as failure:
        reason = f"[Errno {failure.errno}] {failure.strerror}"
        print(f"{sys.executable}: can't open file '{path}': {reason}", file=sys.stderr)
        sys.exit(2)
    code: Any = loader.get_code("__main__") if compiled else code_of(text, path)
    exec(code, vars(main))


def converse() -> None:
    """Be the interpreter that a person types at; other threads go on while it waits for a line."""
    with suppress(ImportError):  # a Python without it: a line cannot be edited
        importlib.import_module("readline")
    console = importlib.import_module("code")  # as the machine has it
    banner = (f"Python {sys.version} on {sys.platform}, on a machine of the model\n"
              "Ctrl-D ends the machine.")
    console.interact(banner, local=vars(sys.modules["__main__"]), exitmsg="")


class Background:
    """The programs that run beside the last one."""

    def __init__(self, machine: Any) -> None:
        self._scheduler, self._clock = machine.scheduler, machine.clock
        self._start_thread = self._scheduler.start
        self._set_signal: Callable[[int, Any], Any] = signal.signal
        self.waiters: list[Any] = []
        self.programs: list[Task] = []
        self.threads: dict[int, Task] = {}  # whose they are: the programs', those that they start
        self.arguments = {self._scheduler.main.ident: sys.argv}
        for name in ("switch", "end"):
            self._follow(self._scheduler.engine, name)
        self.failed = False

    def start(self, command: Command) -> None:
        """Start a program, and let it go on until it waits."""
        task = self._start_thread(lambda: self._live(command), command[0])
        self.programs.append(task)
        self.threads[task.ident] = task
        self.arguments[task.ident] = list(command)
        while task.ready:  # whatever the schedule
            self._scheduler.pause()

    def start_thread(self, body: Callable[[], None], name: str = "") -> Task:
        """Start a thread of whichever program runs."""
        task = self._start_thread(body, name)
        owner = self.threads.get(self._scheduler.current.ident)
        if owner is not None:
            self.threads[task.ident] = owner
        return task

    def _follow(self, engine: Any, name: str) -> None:
        """Let sys.argv be that of the program whose thread runs next."""
        hand_over = getattr(engine, name)

        def follow(leaving: Task, entering: Task | None) -> None:
            owner = self.threads.get(entering.ident) if entering is not None else None
            sys.argv = self.arguments[(owner or self._scheduler.main).ident]
            hand_over(leaving, entering)

        setattr(engine, name, follow)

    def _live(self, command: Command) -> None:
        try:
            execute(command)
        except SystemExit as end:
            self._note_status(end.code)
        except KeyboardInterrupt:
            pass
        except Killed:
            raise
        except BaseException as error:
            self.failed = True
            traceback.print_exception(trim(error))
        finally:
            for waiter in tuple(self.waiters):
                waiter.notify()

    def _note_status(self, code: Any) -> None:
        self.failed = self.failed or code not in (None, 0)
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)

    def signal(self, number: int, handler: Any) -> Any:
        """signal.signal(), which a program in the background calls in vain."""
        if self._scheduler.current.ident in self.threads:
            return signal.getsignal(number)
        return self._set_signal(number, handler)

    def end(self) -> None:
        """Let the programs end, interrupt those that do not, and end what is left."""
        self._wait(self._clock.now + GRACE)
        for task in self._living():
            task.error = KeyboardInterrupt()
            task.notify()
        self._wait(None)
        for ident in self.threads:
            if task := self._scheduler.tasks.get(ident):
                task.error = Killed()
                task.notify()
        self._scheduler.pause()

    def _living(self) -> list[Task]:
        return [task for task in self.programs if task.ident in self._scheduler.tasks]

    def _wait(self, deadline: float | None) -> None:
        try:
            while self._living():
                if not self._scheduler.wait((self,), deadline, "waits for a program to end"):
                    return
        except Deadlock:
            return


@contextmanager
def background(machine: Any, commands: Sequence[Command]) -> Iterator[None]:
    """Run *commands* beside what is done inside; they end soon after it.

    SystemExit
        One of them ended with an error.
    """
    if not commands:
        yield
        return
    importlib.import_module("threading")  # the main thread is the one that imports it
    others = Background(machine)
    machine.scheduler.start = others.start_thread
    signal.signal = others.signal  # type: ignore[assignment]
    try:
        for command in commands:
            others.start(command)
        yield
    finally:
        others.end()
    if others.failed:
        sys.exit(1)
