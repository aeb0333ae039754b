"""Multicast groups: who of this host has joined which, and whom each member hears.

    joined for all, but some          excludes=True,  sources=[those it does not hear]
    joined for some senders only      excludes=False, sources=[those it hears]

May not know: sockets, options.

Sources: RFC 1112 7; RFC 3376 3, RFC 3810 4 (the filters); Linux ``ip_mc_sf_allow``,
``ip_check_mc_rcu``.
"""

from .addresses import ALL_HOSTS, ANY4


class Membership:
    """A socket's part in a group.

    *sources* is None until a filter has been set: then Linux lets the manner change no more.
    """

    __slots__ = ("address", "excludes", "group", "interface", "sources")

    def __init__(self, group: str, interface: int, address: str, excludes: bool = True) -> None:
        self.group, self.interface, self.address = group, interface, address
        self.excludes = excludes
        self.sources: list[str] | None = None

    def hears(self, source: str) -> bool:
        """True if what *source* sends to the group is for this member."""
        return (source in (self.sources or ())) != self.excludes


class Groups:
    """The groups that somebody here has joined."""

    def __init__(self) -> None:
        self._members: dict[str, list[Membership]] = {}

    def add(self, member: Membership) -> None:
        self._members.setdefault(member.group, []).append(member)

    def remove(self, member: Membership) -> None:
        members = self._members[member.group]
        members.remove(member)
        if not members:
            del self._members[member.group]

    def hear(self, group: str, source: str) -> bool:
        """True if anybody here hears *source* in *group*: the interface takes it then.

        It is itself a member of 224.0.0.1 (RFC 1112 4).

        >>> groups = Groups(); groups.add(Membership("232.1.1.1", 1, "", excludes=False))
        >>> groups.hear("232.1.1.1", "127.0.0.1"), groups.hear("232.1.1.1", "0.0.0.0")
        (False, True)
        """
        if group == ALL_HOSTS:
            return True
        members = self._members.get(group, ())
        return any(source == ANY4 or member.hears(source) for member in members)
