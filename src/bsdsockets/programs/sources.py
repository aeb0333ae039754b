"""The source of a program, compiled as python compiles a file: its complaints are those.

What compile() says of bytes that are no text differs, and it lets some pass.

Sources: CPython ``Parser/tokenizer``; PEP 263.
"""

import linecache
import re
import sys
import types

DECLARED = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")
COMMENT = re.compile(rb"[ \t\f]*(?:#.*)?$")
NOT_UTF8 = ("Non-UTF-8 code starting with '\\x{:x}' in file {} on line {}, but no encoding "
            "declared; see https://peps.python.org/pep-0263/ for details")


def code_of(data: bytes, name: str) -> types.CodeType:
    """Compile what a file holds.

    SyntaxError
        It is no program, or no text.
    """
    try:
        data.decode()
        broken = b"\0" in data
    except UnicodeDecodeError:
        broken = True
    if broken:
        _check(data.splitlines(), name)
    try:
        return compile(data, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        if error.lineno:
            raise
        message = str(error.msg).replace("unknown encoding", "encoding problem")
    raise SyntaxError(message)


def _check(lines: list[bytes], name: str) -> None:
    """Complain of the first line that has a null byte, or is not UTF-8 though nothing says so."""
    declared = any(DECLARED.match(line) for line in lines[:2 if COMMENT.match(lines[0]) else 1])
    for number, line in enumerate(lines, 1):
        text, null, _ = line.partition(b"\0")
        try:
            text.decode("latin-1" if declared else "utf-8")
        except UnicodeDecodeError as error:
            raise SyntaxError(NOT_UTF8.format(line[error.start], name, number)) from None
        if null:
            raise SyntaxError("source code cannot contain null bytes",
                              (name, number, 0, text.decode(errors="replace")))


def code_of_text(text: str) -> types.CodeType:
    """Compile what was given with -c; tracebacks show its lines since Python 3.13."""
    text += "\n"
    if sys.version_info >= (3, 13):
        linecache.cache["<string>"] = (len(text), None, text.splitlines(True), "<string>")
    return compile(text, "<string>", "exec", dont_inherit=True)
