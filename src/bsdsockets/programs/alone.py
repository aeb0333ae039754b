"""Telling of a server that nobody can reach.

    while True:                       in virtual time a wait that nothing ends is over at once:
        selector.select(0.5)          this goes on for ever, and no client can come

A machine's sockets are its own.  Who waits again and again while time alone passes, and listens, is
told so, once; a wait without a limit is a deadlock, which ends the program.

May not know: protocols.
"""

import sys
from typing import Any

from ..sockets.socket import Socket

TOLD = """\
bsdsockets: nobody has come for {seconds:,.0f} seconds of the machine's time, and nobody can from \
outside it: {names}. Run the client beside the server: \
python -m bsdsockets run SERVER.py + CLIENT.py
"""


class Alone:
    """Tells of the sockets that listen, when all threads have waited in vain for long."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self._told = False
        machine.scheduler.nobody_comes = self.tell

    def tell(self) -> None:
        """Say on stderr who listens, if somebody does and it has not been said before."""
        names = [self._name(so) for _, so in sorted(self._machine.descriptors.items())
                 if isinstance(so, Socket) and so.listening]
        if names and not self._told:
            self._told = True
            sys.stderr.write(TOLD.format(seconds=self._machine.clock.now, names=", ".join(names)))

    def _name(self, so: Socket) -> str:
        name = self._machine.families[so.family].to_python(so.protocol.name(so))
        shown = " port ".join(map(str, name[:2])) if isinstance(name, tuple) else name
        return f"{shown} listens in the machine"
