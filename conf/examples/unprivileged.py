"""Run a block as an ordinary user, in a child process, where the tests run as root.

A block tagged ``unprivileged`` shows what a user without privileges meets.  Root can become such a
user, but not come back; so a child does, runs the page up to the block, and tells how it ended.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import os
import select
import warnings
from collections.abc import Iterator

from examples import tags
from examples.page import Block, PageError
from examples.session import LIMIT, Failed, Session, operating_system

NOBODY = 65534
"""The user and group that own nothing, on Linux."""


class FailedAsNobody(Exception):
    """A block run by an ordinary user did not do what the page says."""


def possible() -> bool:
    """Whether this process can make such a child."""
    return hasattr(os, "fork") and os.geteuid() == 0


def applies(block: Block) -> bool:
    """Whether *block* asks for an ordinary user, and this process can become one."""
    conditions = block.tags.conditions
    return "unprivileged" in conditions and "root" not in conditions and possible()


def run(blocks: list[Block], block: Block) -> None:
    """Run *block* of the page *blocks*, and those before it, as an ordinary user.

    FailedAsNobody
        The block failed, or the child did not end in time.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside other threads
        child = os.fork()
    if not child:
        _be_the_child(writing, blocks, block)
    os.close(writing)
    try:
        report = b"".join(_until_end(reading, LIMIT * 6))
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, 9)
        os.waitpid(child, 0)
    if report != b"passed":
        where = f"{block.path}:{block.line}"
        raise FailedAsNobody(report.decode() or f"{where}: no end after {LIMIT * 6:g} s")


def _until_end(reading: int, seconds: float) -> Iterator[bytes]:
    while select.select([reading], [], [], seconds)[0]:
        data = os.read(reading, 65536)
        if not data:
            return
        yield data


def _be_the_child(writing: int, blocks: list[Block], block: Block) -> None:
    report = "passed"
    try:
        _import_all(blocks)
        os.chdir("/")  # this folder may be one that only root enters
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        tags.forget()
        session = Session(blocks, operating_system())
        try:
            session.run(block)
        finally:
            session.close()  # its folder is this user's, and nobody else comes to remove it
    except (Failed, PageError) as failed:
        report = str(failed)
    except BaseException as error:
        report = f"{block.path}:{block.line}: as an ordinary user: {error!r}"
    finally:
        os.write(writing, report.encode())
        os._exit(0)


def _import_all(blocks: list[Block]) -> None:
    """Import what the page imports while the library can be read, even in root's own folder."""
    importlib.import_module("encodings.idna")
    for block in blocks:
        for example in block.examples if block.kind == "pycon" else []:
            with contextlib.suppress(SyntaxError, ImportError):
                for node in ast.walk(ast.parse(example.source)):
                    if isinstance(node, ast.Import):
                        for alias in node.names:
                            importlib.import_module(alias.name)
                    elif isinstance(node, ast.ImportFrom) and node.module:
                        importlib.import_module(node.module)
