"""/proc/net for programs on the model: which sockets the machine has, as Linux writes it.

    open("/proc/net/tcp")   sl  local_address rem_address   st tx_queue rx_queue tr tm->when ...
                             0: 0100007F:B26E 00000000:0000 0A 00000000:00000000 00:00000000 ...

An address is words of 32 bits in the order of the processor; TCP's states have Linux's numbers.
The inode is that of the descriptor in the first process that has it, by which `psutil` and others
find whose it is; 0 where there is none, as of what nobody has accepted.

Left out: timers but TIME-WAIT's, references, drops and what TCP reckons, which have the values of a
new socket; where things are in the kernel's memory; the kernel's own sockets of netlink.

Sources: Linux proc_net(5); ``tcp4_seq_show``, ``udp4_seq_show``, ``unix_seq_show``,
``netlink_native_seq_show`` and ``packet_seq_show`` as observed on 6.18.
"""

import os
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ..machine.constants import (
    AF_INET,
    AF_INET6,
    AF_NETLINK,
    AF_PACKET,
    AF_UNIX,
    IPPROTO_TCP,
    IPPROTO_UDPLITE,
    SOCK_STREAM,
)
from ..network.addresses import pack, remap
from ..protocols.tcp_connection import TimeWait
from ..protocols.tcp_states import CLOSED, LISTEN, NUMBERS
from ..sockets.socket import CONNECTED, Socket

PATHS = re.compile(r"/proc/(?:self/|thread-self/|\d+/)?net/"
                   r"((?:tcp|udp|udplite|raw)6?|unix|netlink|packet)")
JIFFIES = 100  # a second
NOWHERE = "0" * 16  # in the kernel's memory
OF_UDP = f"2 {NOWHERE} 0"
OF_LISTENERS, OF_CONNECTIONS = f"1 {NOWHERE} 100 0 0 10 0", f"1 {NOWHERE} 20 4 0 10 -1"

Inodes = dict[Any, int]
"""Every open socket, with its inode."""


Tables = Iterable[tuple[int, Mapping[int, Any]]]
"""The processes of a machine, by their numbers, and what their descriptors are."""


def inodes_of(tables: Tables) -> Inodes:
    """The sockets of some processes."""
    found: Inodes = {}
    for pid, table in tables:
        for number, file in sorted(table.items()):
            if isinstance(file, Socket) and file not in found:
                found[file] = 0
                with suppress(OSError):  # a number beyond the host's, or the process has ended
                    found[file] = os.stat(f"/proc/{pid}/fd/{number}").st_ino
    for listener in tuple(found):
        for so in listener.queue.completed if listener.queue else ():
            found.setdefault(so, 0)
    return found


def text(machine: Any, name: str, tables: Tables) -> str:
    """The file *name*: its head and a line for each socket of the descriptor *tables*."""
    head, lines = FILES.get(name, (INTERNET, _internet))
    inodes = inodes_of(tables)
    if name.endswith("6"):
        head = head.replace("local_address rem_address  ",
                            f"{'local_address':38}{'remote_address':37}")
    if name[:3] in ("udp", "raw"):
        head += " ref pointer drops"
    return "".join(f"{line}\n" for line in (head, *lines(machine, name, inodes)))


def _name(address: str, port: int, six: bool) -> str:
    """An address and a port, as /proc/net has them."""
    packed = pack(remap(address) if six else address)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def _internet(machine: Any, name: str, inodes: Inodes) -> Iterator[str]:
    """Sockets of one protocol over IPv4 or IPv6."""
    protocol, six = name.rstrip("6"), name.endswith("6")
    family = AF_INET6 if six else AF_INET
    uid, nobody = machine.host.credentials.uid, "::" if six else "0.0.0.0"
    number = 0
    for so, inode in inodes.items():
        if so.family != family or protocol != (
                "udplite" if so.protocol_number == IPPROTO_UDPLITE else so.protocol.name_of):
            continue
        p, local = so.pcb, (so.bound_address, so.shown_port)
        if protocol == "tcp":
            remote, rest = (p.remote_address, p.remote_port), OF_CONNECTIONS
            queues, state = (p.outstanding[0], len(so.buffer) + so.done), NUMBERS[p.state]
            if p.state == LISTEN:
                remote, queues, rest = ("", 0), (0, len(so.queue.completed)), OF_LISTENERS
        else:
            remote, rest = (p.remote, p.remote_port), OF_UDP
            queues, state = (0, so.buffer.cost), 1 if p.remote else NUMBERS[CLOSED]
        if local[1] and (protocol != "tcp" or p.state != CLOSED):
            yield (f"{number:4}: {_name(*local, six)} {_name(remote[0] or nobody, remote[1], six)} "
                   f"{state:02X} {queues[0]:08X}:{queues[1]:08X} 00:00000000 00000000 "
                   f"{uid:5} {0:8} {inode} {rest}")
            number += 1
    for each in _remains(machine, six) if protocol == "tcp" else ():
        source, port, destination, remote_port = each.key
        left = int(max(each.until - machine.clock.now, 0) * JIFFIES)
        yield (f"{number:4}: {_name(source, port, six)} {_name(destination, remote_port, six)} "
               f"{NUMBERS[each.state]:02X} {0:08X}:{0:08X} 03:{left:08X} 00000000 "
               f"{0:5} {0:8} 0 3 {NOWHERE}")
        number += 1


def _remains(machine: Any, six: bool) -> Iterator[TimeWait]:
    """What is left of connections whose sockets are done with them."""
    tcp = dict(machine.families[AF_INET].table[SOCK_STREAM])[IPPROTO_TCP]
    for each in tcp.output.table.values():
        if isinstance(each, TimeWait) and (each.family == AF_INET6) == six:
            yield each


def _unix(machine: Any, name: str, inodes: Inodes) -> Iterator[str]:
    for so, inode in inodes.items():
        if so.family == AF_UNIX:
            state = 1 if so.state != CONNECTED and so.pcb.peer is None else 3 if inode else 2
            path = os.fsdecode(so.pcb.name.replace(b"\0", b"@"))
            yield (f"{NOWHERE}: {2 + (state > 1):08X} {0:08X} {0x10000 * bool(so.queue):08X} "
                   f"{so.type:04X} {state:02X} {inode:5} {path}").rstrip()


def _netlink(machine: Any, name: str, inodes: Inodes) -> Iterator[str]:
    for so, inode in inodes.items():
        if so.family == AF_NETLINK and so.pcb.bound:
            yield (f"{NOWHERE} {so.protocol_number:<3} {so.pcb.pid:<10} "
                   f"{so.pcb.groups & 0xFFFFFFFF:08x} {so.buffer.cost:<8} {0:<8} "
                   f"{bool(so.pcb.dump):<5} {2:<8} {0:<8} {inode:<8}")


def _packet(machine: Any, name: str, inodes: Inodes) -> Iterator[str]:
    for so, inode in inodes.items():
        if so.family == AF_PACKET:
            p = so.pcb
            yield (f"{NOWHERE} {2 + bool(p.ethertype):<6} {so.type:<4} {p.ethertype:04x}   "
                   f"{p.index:<5} {bool(p.ethertype):1} {so.buffer.cost:<6} "
                   f"{machine.host.credentials.uid:<6} {inode:<6}")


INTERNET = ("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
            "timeout inode")
FILES: dict[str, tuple[str, Callable[[Any, str, Inodes], Iterator[str]]]] = {
    "unix": ("Num       RefCount Protocol Flags    Type St Inode Path", _unix),
    "netlink": ("sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    "
                "Drops    Inode", _netlink),
    "packet": ("sk       RefCnt Type Proto  Iface R Rmem   User   Inode", _packet)}
