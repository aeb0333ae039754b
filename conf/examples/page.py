"""Pages and docstrings, taken apart into blocks.

A Markdown page holds fences, possibly nested in lists, quotations and directives::

    ```pycon linux          <- language and tags
    (examples)              <- the block, with the line it stands on
    ```

Only these languages may stand in a fence: ``pycon`` (examples), ``console`` (whole programs),
``text`` and ``c`` (neither run nor allowed to hold ``>>>``), and directives in braces.  What those
hold is Markdown again, except in a ``{conversation}``: a program, and after a comment ``# prints``
what it prints.  A ``>>>`` anywhere else would look tested and not be: it is an error with its file
and line.
"""

from __future__ import annotations

import ast
import doctest
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.tags import TagError, Tags, parse

_FENCE = re.compile(
    r"^(?P<indent>[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?)(?P<mark>`{3,}|~{3,}|:{3,})(?P<info>.*)$"
)
_UNTESTED = ("text", "c")
_OPTION = re.compile(r":([a-z]+):(?: +(.*))?$")
PRINTS = "# prints"


class PageError(Exception):
    """A page is not written as the rules ask.  The message begins with ``file:line``."""


@dataclass(frozen=True)
class Block:
    """A fence that runs, or one docstring's examples."""

    path: Path
    line: int
    """Line of the block's first source line, counted from 1."""
    kind: str
    """``pycon``, ``console``, ``conversation`` or ``docstring``."""
    source: str
    """The block's text without the page's indentation."""
    tags: Tags
    indent: str = ""
    """What stands before each line of the block in its file."""
    name: str = ""
    """A docstring's owner."""

    @property
    def examples(self) -> list[doctest.Example]:
        """The ``>>>`` examples, their line numbers counted from the block's first line.

        A conversation is one example.
        """
        if self.kind == "conversation":
            return [doctest.Example(*split_program(self.source))]
        try:
            return doctest.DocTestParser().get_examples(self.source, str(self.path))
        except ValueError as error:
            raise PageError(f"{self.path}:{self.line}: {error}") from None


@dataclass
class _Fence:
    indent: str
    mark: str
    info: str
    line: int
    lines: list[str]

    @property
    def language(self) -> str:
        return self.info.split(maxsplit=1)[0] if self.info else ""

    @property
    def holds_markdown(self) -> bool:
        """Whether the fence is a directive whose body is again Markdown with fences in it."""
        if self.language == "{conversation}":
            return False
        return self.info.startswith("{") or self.mark.startswith(":")

    def is_closed_by(self, match: re.Match[str]) -> bool:
        mark = match["mark"]
        return mark[0] == self.mark[0] and len(mark) >= len(self.mark) and not match["info"].strip()


def read(path: Path) -> list[Block]:
    """Return the blocks of a Markdown page or of a module's docstrings, in order.

    PageError
        The page breaks a rule; the message names the file, the line and what would be right.
    """
    text = path.read_text(encoding="utf-8")
    return _docstrings(path, text) if path.suffix == ".py" else _fences(path, text)


def _fences(path: Path, text: str) -> list[Block]:
    blocks: list[Block] = []
    open_fences: list[_Fence] = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _FENCE.match(line)
        fence = open_fences[-1] if open_fences else None
        if match and fence and fence.is_closed_by(match):
            open_fences.pop()
            blocks += _block(path, fence)
        elif (
            match
            and (fence is None or fence.holds_markdown)
            and "`" not in match["info"].strip("`")
        ):
            _refuse_prompt(path, number, match["info"])
            open_fences.append(
                _Fence(match["indent"], match["mark"], match["info"].strip(), number + 1, [])
            )
        elif fence and not fence.holds_markdown:
            fence.lines.append(line)
        else:
            _refuse_prompt(path, number, line)
    if open_fences:
        raise PageError(f"{path}:{open_fences[-1].line - 1}: this fence is never closed")
    return blocks


def _refuse_prompt(path: Path, number: int, line: str) -> None:
    if line.lstrip(" \t>*-").startswith(">>>") or re.match(r"^[ \t]*>>> ", line):
        raise PageError(f"{path}:{number}: a >>> outside a pycon fence is not tested; fence it")


def _block(path: Path, fence: _Fence) -> list[Block]:
    where = f"{path}:{fence.line - 1}"
    language, _, rest = fence.info.partition(" ")
    if fence.holds_markdown:
        return []
    if language == "{conversation}":
        language, rest = "conversation", _take_options(fence).get("tags", "")
    elif language not in ("pycon", "console"):
        if language not in _UNTESTED:
            known = "pycon, console, text, c or a {directive}"
            raise PageError(f"{where}: a fence of {language or 'no language'}; use {known}")
        if any(line[len(fence.indent) :].lstrip().startswith(">>>") for line in fence.lines):
            raise PageError(f"{where}: >>> in a {language} fence is not tested; make it pycon")
        return []
    try:
        tags = parse(rest)
    except TagError as error:
        raise PageError(f"{where}: {error}") from None
    indent = _body_indent(fence)
    for number, line in enumerate(fence.lines):
        if line.strip(" \t>") and not line.startswith(indent):
            raise PageError(f"{path}:{fence.line + number}: indented less than its fence")
    source = "".join(line[len(indent) :] + "\n" for line in fence.lines)
    block = Block(path, fence.line, language, source, tags, indent)
    if language == "pycon" and not block.examples:
        raise PageError(f"{where}: a pycon fence without a >>> tests nothing")
    return [block]


def _take_options(fence: _Fence) -> dict[str, str]:
    """Remove the lines ``:name: value`` with which a directive's body begins."""
    indent = _body_indent(fence)
    options = {}
    while fence.lines:
        match = _OPTION.match(fence.lines[0].removeprefix(indent))
        if match is None and fence.lines[0].strip():
            break
        if match is not None:
            options[match[1]] = match[2] or ""
        del fence.lines[0]
        fence.line += 1
    return options


def split_program(text: str) -> tuple[str, str]:
    r"""Divide a conversation's text into the program and what it prints.

    >>> split_program("print(1)\n# prints\n1\n")
    ('print(1)\n# prints\n', '1\n')
    """
    program, mark, output = text.partition(f"\n{PRINTS}\n")
    return (f"{program}{mark}", output) if mark else (text, "")


def _body_indent(fence: _Fence) -> str:
    """What stands before each body line: a list item's marker has become white space."""
    return re.sub(r"[-*+]|\d+[.)]", lambda marker: " " * len(marker[0]), fence.indent)


def _docstrings(path: Path, text: str) -> list[Block]:
    blocks = []
    tree = ast.parse(text, str(path))
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for name, node in _walk(tree, ""):
        if not isinstance(node, holders) or ast.get_docstring(node, clean=False) is None:
            continue
        first: Any = node.body[0]
        constant = first.value
        source = constant.value
        if ">>>" not in source:
            continue
        if len(source.splitlines()) != constant.end_lineno - constant.lineno + 1 and (
            "\\" in (ast.get_source_segment(text, constant) or "")
        ):
            raise PageError(
                f"{path}:{constant.lineno}: an escape shifts this docstring's lines; make it raw"
            )
        blocks.append(
            Block(path, constant.lineno, "docstring", source, Tags(), "", name or path.stem)
        )
    return blocks


def _walk(node: ast.AST, name: str) -> list[tuple[str, ast.AST]]:
    found = [(name, node)]
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found += _walk(child, f"{name}.{child.name}".lstrip("."))
        elif isinstance(child, ast.If | ast.Try | ast.With):
            found += [pair for pair in _walk(child, name) if pair[1] is not child]
    return found
