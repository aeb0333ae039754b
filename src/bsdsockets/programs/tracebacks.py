"""Tracebacks of uncaught exceptions, as the program sees its calls: without the model's lines.

    what starts it | the program | the library | the model's call
      left out                                     left out

The model's part is shown where the exception is none that a system call raises, as it is
then a fault of the model.

Sources: CPython's ``traceback`` and ``sys.excepthook``.
"""

import itertools
import os
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any

from ..machine.errors import Deadlock

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
STARTER = os.path.join(PACKAGE, "programs", "together.py")
FROM_CALLS = (OSError, Deadlock, KeyboardInterrupt, TypeError, ValueError, OverflowError, EOFError)


def is_start(frame: types.FrameType) -> bool:
    """Say whether a frame is of what starts the program."""
    return frame.f_code.co_filename == STARTER


def is_ours(frame: types.FrameType) -> bool:
    """Say whether a frame is the model's."""
    return frame.f_code.co_filename.startswith(PACKAGE)


def first_of_program(frames: list[types.FrameType]) -> int | None:
    """Return the place of the program's first frame; None if there are the model's only."""
    start = max((i for i, frame in enumerate(frames) if is_start(frame)),
                default=-1)
    return next((i for i in range(start + 1, len(frames)) if not is_ours(frames[i])), None)


def without_ours(error: BaseException | None,
                 traceback: types.TracebackType | None) -> types.TracebackType | None:
    """Return what a program is to see of the *traceback* of an error."""
    entries: list[types.TracebackType] = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    begin = first_of_program([entry.tb_frame for entry in entries])
    if begin is not None:
        entries = entries[begin:]
        if isinstance(error, FROM_CALLS) or not is_ours(entries[-1].tb_frame):  # a handler's
            entries = [entry for entry in entries if not is_ours(entry.tb_frame)]
    elif isinstance(error, SyntaxError):
        return None  # the program's first file could not be read
    following = None
    for entry in reversed(entries):
        following = types.TracebackType(following, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return following


def forget_ours(error: BaseException) -> None:
    """Take out of an error's context what the model handled itself before it raised that."""
    while (context := error.__context__) is not None and context.__traceback__ is not None:
        frames = [frame for frame, _ in traceback.walk_tb(context.__traceback__)]
        if not all(map(is_ours, frames)):
            return
        error.__context__ = context.__context__


def trim(error: BaseException, seen: tuple[BaseException, ...] = ()) -> BaseException:
    """Leave the lines that are not the program's out of an exception and of its causes."""
    if error in seen:
        return error
    error.__traceback__ = without_ours(error, error.__traceback__)
    forget_ours(error)
    for other in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
        if isinstance(other, BaseException):
            trim(other, (*seen, error))
    return error


def install_in_library() -> None:
    """Let ``traceback``, and what uses it, such as ``logging``, show what the program is to see."""
    describe = traceback.TracebackException.__init__
    walk = traceback.walk_stack

    def __init__(self: Any, exc_type: Any, exc_value: Any, exc_traceback: Any,
                 *more: Any, **named: Any) -> None:
        if exc_value is not None:
            forget_ours(exc_value)
        describe(self, exc_type, exc_value, without_ours(exc_value, exc_traceback), *more, **named)

    def walk_stack(f: types.FrameType | None) -> Iterator[tuple[types.FrameType, int]]:
        """Walk a stack, from a frame outwards to the program's first."""
        return walk(None) if f is None else (
            each for each in itertools.takewhile(lambda each: not is_start(each[0]), walk(f))
            if not is_ours(each[0]))

    walk_stack.__module__ = "traceback"
    traceback.TracebackException.__init__ = __init__  # type: ignore[method-assign]
    traceback.walk_stack = walk_stack


def install_hooks(thread_module: Any) -> None:
    """Let the interpreter, and threads of the model, show trimmed tracebacks."""
    install_in_library()
    show: Callable[..., Any] = sys.__excepthook__
    show_ignored = sys.__unraisablehook__

    def excepthook(kind: type[BaseException], error: BaseException,
                   traceback: types.TracebackType | None, /) -> None:
        """Show an exception that nobody caught."""
        error.__traceback__ = traceback
        show(kind, error, trim(error).__traceback__)

    def unraisablehook(unraisable: Any, /) -> None:
        """Show an exception that nobody could catch: of a finalizer, or of atexit."""
        kind, error, traceback, *more = unraisable
        show_ignored(type(unraisable)((kind, error, without_ours(error, traceback), *more)))

    sys.excepthook = sys.__excepthook__ = excepthook
    sys.unraisablehook = sys.__unraisablehook__ = unraisablehook
    show_in_thread = thread_module._excepthook
    arguments = thread_module._ExceptHookArgs

    def thread_excepthook(args: Any, /) -> Any:
        """Show an exception that a thread did not catch."""
        if args.exc_value is None:
            return show_in_thread(args)
        traceback = trim(args.exc_value).__traceback__
        thread = args.thread or types.SimpleNamespace(name=thread_module.get_ident())
        return show_in_thread(arguments((args.exc_type, args.exc_value, traceback, thread)))

    thread_excepthook.__module__ = "_thread"
    thread_module._excepthook = thread_excepthook
