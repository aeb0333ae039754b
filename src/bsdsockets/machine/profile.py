"""Which address families a host has: what its kernel holds, or which modules it has loaded.

    BUILT_IN      what every Linux with networking has: UNIX INET INET6 NETLINK PACKET
    EVERY_MODULE  Linux with every module: IPX X.25 AX.25 ATM AppleTalk TIPC SCTP too

A family that a host has not got is EAFNOSUPPORT, a protocol EPROTONOSUPPORT.  No one
kernel has all of `EVERY_MODULE`: X.25 is in one build, AX.25 in another, IPX left in 4.18.

May not know: what a family is.

Sources: socket(2) for what a missing module gives; docs/reference/matrix.md.
"""

from dataclasses import dataclass

from .constants import (
    AF_APPLETALK,
    AF_ATMPVC,
    AF_AX25,
    AF_INET,
    AF_INET6,
    AF_IPX,
    AF_NETLINK,
    AF_PACKET,
    AF_TIPC,
    AF_UNIX,
    AF_X25,
)


@dataclass(frozen=True)
class Profile:
    """The families of a host by number, and whether it has SCTP."""

    name: str
    families: frozenset[int]
    sctp: bool = False


BUILT_IN = Profile("built in", frozenset((AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET)))
EVERY_MODULE = Profile("every module", BUILT_IN.families | {
    AF_IPX, AF_X25, AF_AX25, AF_ATMPVC, AF_APPLETALK, AF_TIPC}, sctp=True)
PROFILES = {profile.name: profile for profile in (BUILT_IN, EVERY_MODULE)}
