"""Tracebacks of uncaught exceptions, as the program sees its calls: without the model's lines.

    what starts it | the program | the library | the model's call
      left out                                     left out

The model's part is shown where the exception is none that a system call raises, as it is
then a fault of the model.

Sources: CPython's ``traceback`` and ``sys.excepthook``.
"""

import os
import sys
import types
from collections.abc import Callable
from typing import Any

from ..machine.errors import Deadlock

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
STARTER = os.path.join(PACKAGE, "face", "together.py")
FROM_CALLS = (OSError, Deadlock, KeyboardInterrupt, TypeError, ValueError, OverflowError, EOFError)


def is_ours(frame: types.FrameType) -> bool:
    """Say whether a frame is the model's."""
    return frame.f_code.co_filename.startswith(PACKAGE)


def first_of_program(frames: list[types.FrameType]) -> int | None:
    """Return the place of the program's first frame; None if there are the model's only."""
    start = max((i for i, frame in enumerate(frames) if frame.f_code.co_filename == STARTER),
                default=-1)
    return next((i for i in range(start + 1, len(frames)) if not is_ours(frames[i])), None)


def trim(error: BaseException, seen: tuple[BaseException, ...] = ()) -> BaseException:
    """Leave the lines that are not the program's out of an exception and of its causes."""
    if error in seen:
        return error
    entries: list[types.TracebackType] = []
    traceback = error.__traceback__
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    begin = first_of_program([entry.tb_frame for entry in entries])
    if begin is not None:
        kept = entries[begin:]
        if isinstance(error, FROM_CALLS):
            kept = [entry for entry in kept if not is_ours(entry.tb_frame)]
        following = None
        for entry in reversed(kept):
            following = types.TracebackType(following, entry.tb_frame, entry.tb_lasti,
                                            entry.tb_lineno)
        error.__traceback__ = following
    elif isinstance(error, SyntaxError):
        error.__traceback__ = None  # the program's first file could not be read
    for other in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
        if isinstance(other, BaseException):
            trim(other, (*seen, error))
    return error


def install_hooks(thread_module: Any) -> None:
    """Let the interpreter, and threads of the model, show trimmed tracebacks."""
    show: Callable[..., Any] = sys.__excepthook__

    def excepthook(kind: type[BaseException], error: BaseException,
                   traceback: types.TracebackType | None, /) -> None:
        """Show an exception that nobody caught."""
        error.__traceback__ = traceback
        show(kind, error, trim(error).__traceback__)

    sys.excepthook = sys.__excepthook__ = excepthook
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
