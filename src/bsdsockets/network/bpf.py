"""Classic BPF: programs that a socket runs on each packet, to say how much of it is kept.

    (code, jump if true, jump if false, k) ...      struct sock_filter, 8 bytes each

    A, X        32-bit registers                    M[0] to M[15]   memory of 32 bits each
    ld          into A: bytes of the packet, its length, M, or what is known beside it
    ret         how many bytes are kept: 0 none of it

Left out: SKF_AD_PAY_OFFSET, SKF_AD_NLATTR and SKF_AD_NLATTR_NEST, which find places in a packet.

May not know: sockets, where a packet comes from.

Sources: Linux Documentation/networking/filter.rst; ``bpf_check_classic``, ``bpf_convert_filter``
of net/core/filter.c; <linux/filter.h>, <linux/bpf_common.h>.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

from ..machine.errors import EINVAL, fail

INSTRUCTION = struct.Struct("=HBBI")
MOST, WORDS, MASK = 4096, 16, 0xFFFFFFFF  # BPF_MAXINSNS, BPF_MEMWORDS
BESIDE = 2**32 - 0x1000  # SKF_AD_OFF: from here on an offset is a name
NETWORK_HEADER, LINK_HEADER = -0x100000, -0x200000  # SKF_NET_OFF, SKF_LL_OFF
(PROTOCOL, PACKET_TYPE, INTERFACE, _, _, MARK, QUEUE, HARDWARE, HASH, CPU, XOR, VLAN_TAG,
 VLAN_PRESENT, _, RANDOM, VLAN_PROTOCOL) = range(BESIDE, BESIDE + 64, 4)
NAMES = (PROTOCOL, PACKET_TYPE, INTERFACE, MARK, QUEUE, HARDWARE, HASH, CPU, XOR, VLAN_TAG,
         VLAN_PRESENT, RANDOM, VLAN_PROTOCOL)

LOAD = {0x20: 4, 0x28: 2, 0x30: 1}  # ld, ldh, ldb [k]: how many bytes
LOAD_FROM_X = {0x40: 4, 0x48: 2, 0x50: 1}  # the same of [x + k]
LD_NUMBER, LD_MEMORY, LD_LENGTH = 0x00, 0x60, 0x80
LDX_NUMBER, LDX_MEMORY, LDX_LENGTH, LDX_HEADER = 0x01, 0x61, 0x81, 0xB1
ST, STX, JA, RET, RET_A, TAX, TXA, NEG = 0x02, 0x03, 0x05, 0x06, 0x16, 0x07, 0x87, 0x84
BY_X = 0x08  # the second operand is X, not k
DIV, MOD, LSH, RSH = 0x34, 0x94, 0x64, 0x74
ARITHMETIC: dict[int, Callable[[int, int], int]] = {
    0x04: lambda a, b: a + b, 0x14: lambda a, b: a - b, 0x24: lambda a, b: a * b,
    DIV: lambda a, b: a // b, MOD: lambda a, b: a % b,
    0x44: lambda a, b: a | b, 0x54: lambda a, b: a & b, 0xA4: lambda a, b: a ^ b,
    LSH: lambda a, b: a << (b & 31), RSH: lambda a, b: a >> (b & 31)}
COMPARE: dict[int, Callable[[int, int], bool]] = {
    0x15: lambda a, b: a == b, 0x25: lambda a, b: a > b, 0x35: lambda a, b: a >= b,
    0x45: lambda a, b: bool(a & b)}
KNOWN = {*LOAD, *LOAD_FROM_X, LD_NUMBER, LD_MEMORY, LD_LENGTH, LDX_NUMBER, LDX_MEMORY, LDX_LENGTH,
         LDX_HEADER, ST, STX, JA, RET, RET_A, TAX, TXA, NEG,
         *(code | by for code in (*ARITHMETIC, *COMPARE) for by in (0, BY_X))}


class View(NamedTuple):
    """A packet as a program sees it: *whole* from *start* on; *network* and *link* are where its
    headers begin in that, None where there is none, and *beside* is what else is known of it, by
    the names above.
    """

    whole: bytes
    start: int = 0
    network: int = 0
    link: int | None = None
    beside: dict[int, int] = {}  # noqa: RUF012  nobody changes it

    def load(self, at: int, size: int) -> int | None:
        """The number at offset *at*, in network order; None where there is none."""
        if at >= 0:
            at += self.start
        elif at >= NETWORK_HEADER:
            at += self.network - NETWORK_HEADER
        elif at >= LINK_HEADER and self.link is not None:
            at += self.link - LINK_HEADER
        if not 0 <= at <= len(self.whole) - size:
            return None
        return int.from_bytes(self.whole[at:at + size], "big")


class Program:
    """A program that has been checked.

    >>> drop_all = Program(INSTRUCTION.pack(RET, 0, 0, 0))
    >>> drop_all.run(View(b"a packet"))
    0
    """

    def __init__(self, code: bytes) -> None:
        """Read struct sock_filters.

        EINVAL
            None or too many; one that is not known, with an impossible operand, or that jumps
            beyond the end; the last does not return; memory is read before it is written.
        """
        self.code = code
        self.steps = tuple(INSTRUCTION.iter_unpack(code))
        if not 0 < len(self.steps) <= MOST:
            fail(EINVAL)
        for place, step in enumerate(self.steps):
            if not self._is_possible(len(self.steps) - place - 1, *step):
                fail(EINVAL)
        if self.steps[-1][0] not in (RET, RET_A) or not self._writes_first():
            fail(EINVAL)

    @staticmethod
    def _is_possible(left: int, code: int, if_true: int, if_false: int, k: int) -> bool:
        """True of an instruction that *left* others follow."""
        if code in (DIV, MOD):
            return k != 0
        if code in (LSH, RSH):
            return k < 32
        if code in (LD_MEMORY, LDX_MEMORY, ST, STX):
            return k < WORDS
        if code in LOAD:
            return k < BESIDE or k in NAMES
        if code == JA:
            return k < left
        if code & ~BY_X in COMPARE:
            return if_true < left and if_false < left
        return code in KNOWN

    def _writes_first(self) -> bool:
        """True if every word of memory that is read has been written on all ways there."""
        written_at = [2**WORDS - 1] * len(self.steps)
        written = 0
        for place, (code, if_true, if_false, k) in enumerate(self.steps):
            written &= written_at[place]
            if code in (ST, STX):
                written |= 1 << k
            elif code in (LD_MEMORY, LDX_MEMORY) and not written >> k & 1:
                return False
            elif code == JA or code & ~BY_X in COMPARE:
                for jump in (k,) if code == JA else (if_true, if_false):
                    written_at[place + 1 + jump] &= written
                written = 2**WORDS - 1
        return True

    def run(self, view: View) -> int:
        """How many bytes of the packet are to be kept; a load from beyond its end keeps none."""
        a = x = place = 0
        memory = [0] * WORDS
        length = len(view.whole) - view.start
        while True:
            code, if_true, if_false, k = self.steps[place]
            place += 1
            operand = x if code & BY_X else k
            if code & ~BY_X in COMPARE:
                place += if_true if COMPARE[code & ~BY_X](a, operand) else if_false
            elif code & ~BY_X in ARITHMETIC:
                if code & ~BY_X in (DIV, MOD) and not operand:
                    return 0
                a = ARITHMETIC[code & ~BY_X](a, operand) & MASK
            elif code in LOAD and k >= BESIDE:
                if k in (INTERFACE, HARDWARE) and INTERFACE not in view.beside:
                    return a  # it came by no interface
                a = a ^ x if k == XOR else view.beside.get(k, 0)
            elif code in LOAD or code in LOAD_FROM_X or code == LDX_HEADER:
                found = self._load(view, code, k, x)
                if found is None:
                    return 0
                if code == LDX_HEADER:
                    x = (found & 15) * 4
                else:
                    a = found
            elif code in (ST, STX):
                memory[k] = a if code == ST else x
            elif code == JA:
                place += k
            elif code in (RET, RET_A):
                return a if code == RET_A else k
            else:
                a, x = self._move(code, k, a, x, memory, length)

    @staticmethod
    def _load(view: View, code: int, k: int, x: int) -> int | None:
        """The bytes of the packet that an instruction names; its offset is an int of C."""
        at = k + x if code in LOAD_FROM_X else k
        return view.load((at + 2**31) % 2**32 - 2**31, LOAD.get(code) or LOAD_FROM_X.get(code, 1))

    @staticmethod
    def _move(code: int, k: int, a: int, x: int, memory: list[int], length: int) -> tuple[int, int]:
        """A and X after an instruction that only fills one of them."""
        new = {LD_NUMBER: k, LDX_NUMBER: k, LD_LENGTH: length, LDX_LENGTH: length, TAX: a, TXA: x,
               NEG: -a & MASK}.get(code)
        if new is None:
            new = memory[k]
        return (a, new) if code in (LDX_NUMBER, LDX_MEMORY, LDX_LENGTH, TAX) else (new, x)
