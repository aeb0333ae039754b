"""python -m bsdsockets: run a program on a machine of the model.

    python -m bsdsockets run program.py [arguments]
    python -m bsdsockets run -m module [arguments]
    python -m bsdsockets run server.py + client.py    both on one machine
    python -m bsdsockets run --fault "short reads" program.py
    python -m bsdsockets faults                       what may go wrong, by name
    python -m bsdsockets probe                        which sockets this kernel has
"""

import argparse
import io
import os
import sys
import textwrap

from . import probe
from .face.run import run
from .faults import Fault, find, known
from .machine.profile import BUILT_IN


def fault(text: str) -> Fault:
    """The fault that *text* names, or a complaint that names the known ones."""
    try:
        return find(text)
    except ValueError as failure:
        raise argparse.ArgumentTypeError(str(failure)) from None


def list_faults() -> int:
    """Print what may go wrong."""
    for each in known():
        parameters = ", ".join(f"{name}={value}" for name, value in each["parameters"].items())
        print(f"{each['name']}{': ' if parameters else ''}{parameters}")
        print(textwrap.fill(each["sentence"], 76, initial_indent="    ", subsequent_indent="    "))
    return 0


def split(words: list[str]) -> list[list[str]]:
    """Take a command line apart at each ``+``: one program with its arguments each."""
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "+":
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def main(arguments: list[str]) -> int:
    """Do what the command line asks; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bsdsockets", description=__doc__.split("\n")[0])
    subcommands = parser.add_subparsers(dest="command", required=True)
    subcommands.add_parser("probe", help="say which families and types this kernel has")
    subcommands.add_parser("faults", help="say what may go wrong, by name")
    runner = subcommands.add_parser("run", help="run a program on the model")
    runner.add_argument("--seed", type=int, default=0, help="which schedule (default 0)")
    runner.add_argument("--real-time", action="store_true", help="sleep where time would jump")
    runner.add_argument("--pcap", metavar="FILE", help="write the packets to a capture file")
    runner.add_argument("--profile", metavar="NAME", type=probe.profile, default=BUILT_IN,
                        help="which address families there are: 'built in' (the default), "
                        "'every module', 'as this machine', or a recorded kernel, '6.12'")
    runner.add_argument("--fault", action="append", type=fault, default=[], metavar="NAME",
                        dest="faults", help="let this go wrong; may be given several times")
    runner.add_argument("-m", dest="module", action="store_true", help="run a module by its name")
    runner.add_argument("program", help="a file, or with -m a module")
    runner.add_argument("arguments", nargs=argparse.REMAINDER,
                        help="the program's; after a + comes another program")
    if arguments[:1] == ["probe"]:
        return probe.main(arguments[1:])
    options = parser.parse_args(arguments)
    if options.command == "faults":
        return list_faults()
    commands = split([options.program, *options.arguments])
    if not all(commands):
        runner.error("a program is missing beside the +")
    return run(commands, module=options.module, seed=options.seed, real_time=options.real_time,
               capture=options.pcap, profile=options.profile, faults=options.faults)


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.argv[1:2] == ["probe"]:
        sys.stdout.reconfigure(errors="replace")  # a terminal of another encoding may lack the "…"
    if sys.argv[1:2] == ["run"]:
        sys.exit(main(sys.argv[1:]))  # whose output breaks off is the program's affair
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
        sys.exit(status)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # who reads has seen enough: head, a pager
        sys.exit(1)
