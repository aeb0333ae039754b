"""A capture file of what travelled, for tcpdump, tshark, Wireshark or scapy to read.

    magic, version 2.4, snap length, link type 101 (raw IP)
    then for each packet: seconds, microseconds, length, length, bytes

May not know: protocols; it writes the bytes `wire` makes.

Sources: draft-ietf-opsawg-pcap; https://www.tcpdump.org/linktypes.html.
"""

import struct
from typing import BinaryIO

from ..machine.clock import EPOCH
from ..machine.events import Event, PacketSent
from .packets import Packet
from .wire import encode

RAW_IP = 101
SNAP = 262144


class Capture:
    """Writes every packet it is told of; give it to ``machine.observe``."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.count = 0
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAP, RAW_IP))

    def __call__(self, event: Event) -> None:
        if not isinstance(event, PacketSent) or not isinstance(event.packet, Packet):
            return  # frames of families other than IP have no place in this kind of file
        data = encode(event.packet)
        microseconds = round((EPOCH + event.time) * 1_000_000)
        self.file.write(struct.pack("<IIII", *divmod(microseconds, 1_000_000),
                                    len(data), len(data)) + data)
        self.count += 1
