"""The judge: the same socket calls on the kernel and on the model, compared call by call.

    vocabulary    the words programs are written in (plain Python over `socket` and `select`)
    link_words    the same for AF_NETLINK and AF_PACKET
    worlds        a place where a program runs: the kernel, the model; results as text
    subjects      the types of socket and the states one socket can be in, as programs
    calls         the calls made in each of those states
    exhaustive    every call x every state x every type, against the record in docs/reference/data
    bounds        values and lengths at the edges of every option
    sequences     random programs over several sockets, shrunk when the worlds disagree
    link_generators   random programs about AF_NETLINK and AF_PACKET, for `sequences --of`
    wide_generator    random programs that ask more widely, for `sequences --of wide`
    ring_generator    random programs about sockets that travel, for `sequences --of rings`
    found         programs that a generator of strangers found the model wrong about
    found_wide    programs that `wide_generator` did
    found_windows programs about TCP's windows and memory
    arguments     wrong arguments, each in turn, as CPython refuses them
    order         two faults at once: which error comes first, as the docstrings have it
    differences   the deliberate differences, named and reasoned

A *program* is a tuple of lines of Python.  Nothing here knows how the model works: a world is
handed in by `worlds` and is used only through `socket`, `select` and `os.unlink`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))  # when run as a program
