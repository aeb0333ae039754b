"""python -m bsdsockets: run a program on a machine of the model.

    python -m bsdsockets run program.py [arguments]
    python -m bsdsockets run -m module [arguments]    whatever python itself takes: -c, -O, -i ...
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
from .faults import Fault, find, known
from .machine.profile import BUILT_IN
from .programs.run import run


def fault(text: str) -> Fault:
    """The fault that *text* names, or a complaint that names the known ones."""
    try:
        return find(text)
    except ValueError as failure:
        raise argparse.ArgumentTypeError(str(failure)) from None


def writable(path: str) -> str:
    """The *path* of a file that can be written, or a complaint."""
    try:
        open(path, "wb").close()
    except OSError as failure:
        raise argparse.ArgumentTypeError(str(failure)) from None
    return path


def list_faults() -> int:
    """Print what may go wrong."""
    for each in known():
        parameters = ", ".join(f"{name}={value}" for name, value in each["parameters"].items())
        print(f"{each['name']}{': ' if parameters else ''}{parameters}")
        print(textwrap.fill(each["sentence"], 76, initial_indent="    ", subsequent_indent="    "))
    return 0


WITH_VALUE = ("--seed", "--pcap", "--profile", "--fault")  # of run
FLAGS = "bBdEIOPqsSuvV?"  # of python, as its Modules/getopt.c has them: -x is left out
BEGIN = ("import sys; sys.path.insert(0, {!r}); import bsdsockets.__main__ as main; "
         "del sys.path[0]; main.begin()")


def split(words: list[str]) -> list[list[str]]:
    """Take a command line apart at each ``+``: one program with its arguments each."""
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "+":
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def take_apart(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Return the options of run, those of python, and the program with its arguments.

    >>> take_apart(["--seed", "3", "-uW", "error", "-Om", "http.server", "-b", "::1"])
    (['--seed', '3'], ['-uW', 'error', '-O'], ['-m', 'http.server', '-b', '::1'])
    """
    own: list[str] = []
    python: list[str] = []
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word.startswith("--version") or word.startswith("--help-"):
            python.append(word)
        elif word.startswith("--") or word in ("-h", "-i"):
            own.append(word)
            if rest and len(word) > 2 and any(each.startswith(word) for each in WITH_VALUE):
                own.append(rest.pop(0))
        else:
            last = next((i for i, letter in enumerate(word) if i and letter not in FLAGS), None)
            if last is None:
                python.append(word)
            elif word[last] in "cm" or (word[last:] in ("W", "X") and not rest):
                python += [word[:last]] if last > 1 else []
                return own, python, ["-" + word[last], *filter(None, [word[last + 1:]]), *rest]
            elif word[last] in "WX":
                python += [word, *([rest.pop(0)] if word[last + 1:] == "" and rest else [])]
            else:
                own.append(word)  # the parser says that it does not know it
    return own, python, rest


def start_again(python: list[str], words: list[str]) -> None:
    """Begin anew with options that only a starting interpreter takes."""
    place = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    command = [sys.executable, *python, "-c", BEGIN.format(place), "run", *words]
    if os.name == "posix":
        os.execv(sys.executable, command)
    sys.exit(os.spawnv(os.P_WAIT, sys.executable, command))


def make_parser() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Return the parser of the command line, and that of run within it."""
    parser = argparse.ArgumentParser(prog="bsdsockets", description="A machine of the model, for "
                                     "programs that use sockets.")
    subcommands = parser.add_subparsers(dest="command", required=True)
    subcommands.add_parser("probe", help="say which families and types this kernel has")
    subcommands.add_parser("faults", help="say what may go wrong, by name")
    runner = subcommands.add_parser(
        "run", help="run a program on the model", formatter_class=argparse.RawTextHelpFormatter,
        usage="bsdsockets run [option] ... [-c cmd | -m mod | file | -] [arg] ...\n"
        "                      [+ [-c cmd | -m mod | file] [arg] ...] ...",
        description="Run a program as python does, on a machine of the model.  After a + comes "
        "another program\non the same machine: the last is waited for.",
        epilog="python's own options stand before the program too: -u, -O, -W error, -X dev ...")
    runner.add_argument("-i", dest="stay", action="store_true",
                        help="at a terminal: look around when the program has ended")
    runner.add_argument("--seed", type=int, default=0, help="which schedule (default 0)")
    runner.add_argument("--real-time", action="store_true", help="sleep where time would jump")
    runner.add_argument("--pcap", metavar="FILE", type=writable,
                        help="write the packets to a capture file")
    runner.add_argument("--profile", metavar="NAME", type=probe.profile, default=BUILT_IN,
                        help="which address families there are: 'built in' (the default),\n"
                        "'every module', 'as this machine', or a recorded kernel, '6.12'")
    runner.add_argument("--fault", action="append", type=fault, default=[], metavar="NAME",
                        dest="faults", help="let this go wrong; may be given several times")
    return parser, runner


def run_programs(words: list[str]) -> int:
    """Do as ``run`` with these *words*; returns 0, or raises what the program does."""
    runner = make_parser()[1]
    own, python, rest = take_apart(words)
    options = runner.parse_args(own)
    at_prompt = sys.stdin is not None and sys.stdin.isatty()
    if options.stay and not at_prompt:  # who reads on without a person is the interpreter itself
        own, python = [word for word in own if word != "-i"], ["-i", *python]
    if python:
        start_again(python, [*own, *rest])
    started = len(sys.orig_argv) - len(sys.argv) + 1
    sys.orig_argv = [sys.orig_argv[0], *take_apart(sys.orig_argv[1:started])[1], *rest]
    commands = split(rest)
    if rest and not all(commands):
        runner.error("a program is missing beside the +")
    for command in commands:
        if command[:1] == [""]:
            command[0] = "."  # which python looks for a program in, too
        if command in (["-c"], ["-m"], ["-W"], ["-X"]):
            runner.error(f"argument expected for the {command[0]} option")
    if not rest and not at_prompt:
        commands = [[""]]
    return run(commands, seed=options.seed, real_time=options.real_time, capture=options.pcap,
               profile=options.profile, faults=options.faults,
               stay=at_prompt and (options.stay or not rest))


def main(arguments: list[str]) -> int:
    """Do what the command line asks; returns the exit status."""
    if arguments[:1] == ["run"]:
        return run_programs(arguments[1:])
    if arguments[:1] == ["probe"]:
        return probe.main(arguments[1:])
    make_parser()[0].parse_args(arguments)
    return list_faults()


def begin() -> None:
    """Be the command ``python -m bsdsockets``."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.argv[1:2] == ["probe"]:
        sys.stdout.reconfigure(errors="replace")  # a terminal of another encoding may lack the "…"
    if sys.argv[1:2] == ["run"]:
        main(sys.argv[1:])  # whose output breaks off is the program's affair
        return
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
        sys.exit(status)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # who reads has seen enough: head, a pager
        sys.exit(1)


if __name__ == "__main__":
    begin()
