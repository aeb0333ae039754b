"""Run pages with nothing but Python: ``python3 conf/examples docs/tutorials/first-socket.md``.

``__main__`` calls it, once it has seen that this Python is new enough.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from examples import accept, page, programs, session, unprivileged


def main(argv: list[str] | None = None) -> int:
    """Run the pages named on the command line; return 0 if every example held."""
    about = "Run the examples of pages, with nothing but Python."
    parser = argparse.ArgumentParser(prog="python3 conf/examples", description=about)
    parser.add_argument("pages", nargs="+", type=Path, metavar="page.md")
    parser.add_argument("--accept", action="store_true", help="write the output into the page")
    arguments = parser.parse_args(argv)
    programs.hear_ctrl_c()
    ran = failures = 0
    for path in arguments.pages:
        if not path.is_file():
            parser.error(f"{path}: no such page")
        try:
            blocks = page.read(path)
        except page.PageError as error:
            print(error)
            failures += 1
            continue
        count, failed = _run_page(path, blocks, arguments.accept)
        ran += count
        failures += failed
    print(f"{ran} examples ran, {failures} failed")
    return 1 if failures else 0


def _run_page(path: Path, blocks: list[page.Block], accepting: bool) -> tuple[int, int]:
    here = session.Session([b for b in blocks if b.kind == "pycon"], session.operating_system())
    ran = failed = 0
    accepted: list[accept.Correction] = []
    for block in blocks:
        if "os" not in block.tags.engines:
            continue
        as_nobody = unprivileged.applies(block)
        if not as_nobody and (reason := block.tags.unmet()):
            print(f"{block.path}:{block.line}: skipped: {reason}")
            continue
        try:
            if block.kind == "console":
                ran += programs.run(block, accepted if accepting else None)
            elif block.kind == "conversation":
                ran += 1
                alone = session.Session([block], session.operating_system())
                alone.run(block)
                failed += _left_open(path, alone)
            else:
                ran += len(block.examples)
                if as_nobody:
                    unprivileged.run(here.blocks, block)
                else:
                    here.run(block)
        except session.Failed as failure:
            print(failure, end="\n\n")
            failed += len(failure.outcomes)
            accepted += session.corrections(failure.outcomes)
        except (programs.ProgramFailed, unprivileged.FailedAsNobody) as failure:
            print(failure, end="\n\n")
            failed += 1
    if accepting:
        for changed in accept.write(accepted):
            print(f"{changed}: says now what was printed; read it with git diff")
    return ran, failed + _left_open(path, here)


def _left_open(path: Path, page_session: session.Session) -> int:
    left = page_session.close()
    for leftover in left:
        print(f"{path}: left open: {leftover}")
    return len(left)
