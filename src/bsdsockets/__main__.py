"""``python -m bsdsockets``: the commands."""

from __future__ import annotations

import argparse
import sys

from bsdsockets import probe

COMMANDS = {"probe": probe.main}


def main(argv: list[str] | None = None) -> int:
    """Run the command that the first word names; the rest is its own."""
    parser = argparse.ArgumentParser(prog="python -m bsdsockets", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(argv)
    return COMMANDS[chosen.command](chosen.arguments)


if __name__ == "__main__":
    sys.exit(main())
