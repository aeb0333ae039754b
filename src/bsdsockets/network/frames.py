"""What travels below IP: a frame of an interface, and the interfaces that carry them.

    Frame( interface  ethertype  data  header )     data are the bytes on the wire,
                                                     `header` of them are the link's

    Cable:  x25a ---- x25b      what goes out at one end comes in at the other

May not know: sockets, what is in a frame.

Sources: <linux/if_ether.h>, <linux/if_arp.h>, <linux/if.h>; Linux netdevice(7).
"""

from typing import Any, NamedTuple

from .link import Link
from .node import Interface, Node

ETH_P_IP, ETH_P_IPV6, ETH_P_ALL = 0x0800, 0x86DD, 0x0003
ETH_P_X25, ETH_P_AX25, ETH_P_ATALK, ETH_P_IPX = 0x0805, 0x0002, 0x809B, 0x8137
ETH_P_802_3, ETH_P_802_2, ETH_P_8021Q, LEAST_TYPE = 1, 4, 0x8100, 0x600
ARPHRD_ETHER, ARPHRD_AX25, ARPHRD_X25, ARPHRD_LOOPBACK = 1, 3, 271, 772
IFF_UP, IFF_RUNNING = 1, 64
HOST, BROADCAST, MULTICAST, OTHERHOST, OUTGOING = 0, 1, 2, 3, 4  # <linux/if_packet.h>: pkttype


class Frame(NamedTuple):
    """A frame that comes in at *interface*, its index; *about* is for whoever made it.

    *sent* is the protocol that it goes out with, where that is another than it comes in with.
    """

    interface: int
    ethertype: int
    data: bytes
    header: int = 14
    about: Any = None
    sent: int | None = None

    @property
    def is_piece(self) -> bool:
        """False: a frame is no fragment of IP."""
        return False

    @property
    def protocol(self) -> tuple[str, int]:
        """What a receiver registers with the node for: no number of IP is equal to it."""
        return ("frame", self.ethertype)

    def __str__(self) -> str:
        return f"frame 0x{self.ethertype:04x} {len(self.data)} bytes"


def receive(node: Node, ethertype: int, receiver: Any) -> None:
    """Give frames with *ethertype* to *receiver*."""
    node.register(("frame", ethertype), receiver)


def type_of(data: bytes) -> int:
    """What a frame of Ethernet carries: its type, or IEEE 802.3 or 802.2 where that is a length.

    >>> type_of(bytes(12) + b"\\x08\\0"), type_of(bytes(14) + b"\\xff\\xff"), type_of(bytes(14))
    (2048, 1, 4)
    """
    number = int.from_bytes(data[12:14], "big")
    if number >= LEAST_TYPE:
        return number
    return ETH_P_802_3 if data[14:16] == b"\xff\xff" else ETH_P_802_2


def add_interface(node: Node, name: str, **about: Any) -> Interface:
    """Add an interface without addresses; *about* as the fields of `Interface`."""
    link = Link(node.host, name, about.pop("mtu", 1500))
    link.queue = node.loopback.queue  # one queue, so that there is one order of arrival
    link.arrive = node.deliver
    interface = Interface(len(node.interfaces) + 1, name, link, [], **about)
    interface.peer = interface.index
    node.interfaces.append(interface)
    return interface


def join(one: Interface, other: Interface) -> None:
    """Put a cable between two interfaces."""
    one.peer, other.peer = other.index, one.index


def find(node: Node, wanted: int | str) -> Interface | None:
    """The interface with an index or a name."""
    for interface in node.interfaces:
        if wanted in (interface.index, interface.name):
            return interface
    return None


def named(node: Node, field: bytes) -> Interface | None:
    """The interface whose name, up to a zero or a colon, begins the *field* of a structure.

    What follows the colon is the label of one of its addresses: netdevice(7).
    """
    name = field[:16].partition(b"\0")[0].partition(b":")[0]
    return find(node, name.decode("latin-1"))


def send(interface: Interface, ethertype: int, data: bytes, header: int = 14,
         about: Any = None, sent: int | None = None) -> None:
    """Send a frame out of *interface*; it comes in at the other end of its cable."""
    interface.link.transmit(Frame(interface.peer, ethertype, data, header, about,
                                  sent))  # type: ignore[arg-type]
