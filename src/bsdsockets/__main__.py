"""python -m bsdsockets: run a program on a machine of the model.

    python -m bsdsockets run program.py [arguments]
    python -m bsdsockets run -m module [arguments]
    python -m bsdsockets probe                        which sockets this kernel has
"""

import argparse
import sys

from . import probe
from .face.run import run
from .machine.profile import BUILT_IN


def main(arguments: list[str]) -> int:
    """Do what the command line asks; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bsdsockets", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("probe", help="say which families and types this kernel has")
    runner = commands.add_parser("run", help="run a program on the model")
    runner.add_argument("--seed", type=int, default=0, help="which schedule (default 0)")
    runner.add_argument("--real-time", action="store_true", help="sleep where time would jump")
    runner.add_argument("--pcap", metavar="FILE", help="write the packets to a capture file")
    runner.add_argument("--profile", metavar="NAME", type=probe.profile, default=BUILT_IN,
                        help="which address families there are: 'built in' (the default), "
                        "'every module', 'as this machine', or a recorded kernel, '6.12'")
    runner.add_argument("-m", dest="module", action="store_true", help="run a module by its name")
    runner.add_argument("program", help="a file, or with -m a module")
    runner.add_argument("arguments", nargs=argparse.REMAINDER)
    if arguments[:1] == ["probe"]:
        return probe.main(arguments[1:])
    options = parser.parse_args(arguments)
    return run(options.program, options.arguments, module=options.module, seed=options.seed,
               real_time=options.real_time, capture=options.pcap,
               profile=options.profile)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
