"""NETLINK_ROUTE: how long the attributes of a request have to be.

    LINK, ADDRESS4, ADDRESS6, ROUTE4, ROUTE6     a policy for each attribute that Linux looks at

May not know: what is asked for.

Sources: Linux ``validate_nla``, ``ifla_policy``, ``ifa_ipv4_policy``, ``ifa_ipv6_policy``,
``rtm_ipv4_policy``, ``rtm_ipv6_policy``; what is told of a policy as Linux 6.18 sends it.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

from ..machine.errors import ERANGE
from .netlink_messages import HEADER, Refusal, attribute, attributes, taken

NESTED = 0x8000  # of a type: the value is attributes
TOLD_POLICY = 4  # NLMSGERR_ATTR_POLICY


def _numbers(kind: int, least: int, most: int, first: int) -> bytes:
    """What 6.18 sends of a policy that takes the numbers of one type."""
    told = attribute(first, struct.pack("=q", least)) + attribute(
        first + 1, struct.pack("=q", most)) + attribute(1, kind)
    return struct.pack("=HH", 4 + len(told), NESTED | TOLD_POLICY) + told


class Policy(NamedTuple):
    """How many bytes an attribute has at least, for a name at most, and what is told of it."""

    least: int
    most: int = 0
    told: bytes = b""


U8, U16, U32 = (
    Policy(1 << at, 0, _numbers(2 + at, 0, (1 << (8 << at)) - 1, 4)) for at in range(3))
ANY = Policy(0)
S32 = Policy(4, 0, _numbers(8, -1 << 31, (1 << 31) - 1, 2))
NAME = Policy(1, 15, bytes.fromhex("14000480080007000f000000080001000b000000"))

LINK = {3: NAME, 4: U32}
ADDRESS4 = {1: U32, 2: U32, 3: NAME, 4: U32, 6: Policy(16), 8: U32, 9: U32, 10: S32, 11: U8}
ADDRESS6 = {1: Policy(16), 2: Policy(16), 6: Policy(16), 8: Policy(4), 9: Policy(4), 10: S32,
            11: U8}
ROUTE6 = {3: U32, 4: U32, 5: Policy(16), 6: U32, 7: Policy(16), 9: Policy(8), 15: U32, 16: U32,
          20: U8, 21: U16, 23: U32, 25: U32, 27: U8, 28: U16, 29: U16, 30: U32}
ROUTE4 = {**ROUTE6, 1: U32, 2: U32, 5: U32, 7: U32, 11: U32, 20: Policy(0), 23: Policy(0)}


def checked(body: bytes, head: int, policies: Mapping[int, Policy]) -> dict[int, bytes]:
    """Take the attributes behind *head* bytes of a body apart, if their lengths are right.

    ERANGE
        One is shorter than what it holds, or longer than an interface's name can be.

    Source: Linux ``validate_nla``.
    """
    at = head
    for kind, value in taken(body[head:]):
        policy = policies.get(kind, ANY)
        length = len(value) - (policy.most > 0 and value.endswith(b"\0"))
        if len(value) < policy.least or 0 < policy.most < length:
            raise Refusal(ERANGE, "Attribute failed policy validation", HEADER + at, policy.told)
        at += (len(value) + 7) & ~3
    return attributes(body[head:])


def name_in(found: Mapping[int, bytes]) -> str | None:
    """The name in attribute 3, of a link or an address, None if there is none."""
    return found[3].split(b"\0")[0].decode("latin-1") if 3 in found else None
