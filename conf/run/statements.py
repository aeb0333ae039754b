"""A program's text as its statements, for a session that runs and shows them one by one.

May not know: the browser.  It is apart from ``session.py`` so that its example runs anywhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator


def statements(code: str) -> Iterator[tuple[str, int]]:
    """Take a program apart into its statements, each with its comments and its first line.

    >>> list(statements("# one\\na = 1; b = 2\\n\\nif a:\\n    b\\n"))
    [('# one\\na = 1; b = 2\\n', 1), ('if a:\\n    b\\n', 4)]
    """
    try:
        body = ast.parse(code).body
    except SyntaxError:
        yield code, 1  # running it says what is wrong
        return
    lines = [line + "\n" for line in code.splitlines()]
    ends = [node.end_lineno or 0 for node in body]
    begin = 0
    for index, end in enumerate(ends):
        if index + 1 < len(ends) and body[index + 1].lineno <= end:
            continue  # the next stands on the same line
        while begin < end and not lines[begin].strip():
            begin += 1
        yield "".join(lines[begin:end]), begin + 1
        begin = end
