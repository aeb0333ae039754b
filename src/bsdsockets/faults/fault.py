"""What a fault is: a name, sentences that say what it does and why a kernel may, and a switch.

    Fault.start(machine) --> end()      between the two the machine shows the fault

A fault replaces methods of one machine's own objects, or judges the packets of its link.  So a
machine without faults pays nothing for them, and a fault reaches no other machine.  What a
fault leaves to chance comes from the machine's seed and the fault's name: the same each time.

May not know: Python's addresses, modules, programs.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from ..network.packets import Packet

WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, or not as the program thinks.  Its fields are its parameters.

    name
        What it is switched on by.
    label
        The same for a switch on a page.
    sentence
        What the program sees.
    rule
        What allows a kernel to behave so.
    """

    name: ClassVar[str] = ""
    label: ClassVar[str] = ""
    sentence: ClassVar[str] = ""
    rule: ClassVar[str] = ""

    def start(self, machine: Any) -> Callable[[], None]:
        """Switch it on for *machine*; returns what switches it off."""
        raise NotImplementedError

    def chance(self, machine: Any) -> random.Random:
        """The machine's own source of chance for this fault."""
        return random.Random(f"{machine.host.seed} {self.name}")

    @classmethod
    def read(cls, parameters: dict[str, str]) -> "Fault":
        """Make the fault with *parameters* as text, such as ``{"share": "0.5"}``.

        ValueError
            There is no such parameter, or the text is no value of it.
        """
        kinds: dict[str, Any] = {field.name: type(field.default) for field in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in parameters.items():
            if name not in kinds:
                has = f"its parameters are {', '.join(kinds)}" if kinds else "it has none"
                raise ValueError(f"{cls.name!r} has no parameter {name!r}; {has}")
            try:
                values[name] = WORDS[text] if kinds[name] is bool else kinds[name](text)
            except (KeyError, ValueError):
                raise ValueError(f"{cls.name!r}: {text!r} is no value of {name}") from None
        return cls(**values)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, bool) and value < 0:
                raise ValueError(f"{self.name!r}: {field.name} is below 0")
            if field.name == "share" and value > 1:
                raise ValueError(f"{self.name!r}: share is above 1")


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> Callable[[], None]:
    """Put ``make(method)`` in the place of a method of this one object; returns what ends that."""
    before = getattr(owner, name)
    after = make(before)
    on = [True]

    def chosen(*arguments: Any, **named: Any) -> Any:
        return (after if on else before)(*arguments, **named)

    setattr(owner, name, chosen)
    return on.clear


def judge(machine: Any, verdict: Callable[[Packet], float | None]) -> Callable[[], None]:
    """Ask *verdict* about each packet: a delay in seconds, or None to lose it.

    Other verdicts on the same link keep theirs: the delays add up, and one None is enough.
    """
    link = machine.node.loopback
    before = link.fault
    on = [True]

    def judged(packet: Packet) -> float | None:
        delay = before(packet) if before else 0.0
        mine = verdict(packet) if on else 0.0
        return None if delay is None or mine is None else delay + mine

    def end() -> None:
        on.clear()
        if link.fault is judged:
            link.fault = before

    link.fault = judged
    return end
