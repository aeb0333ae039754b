"""Faults that a program can be run under, by name.

    Machine(faults=["short reads", LostDatagrams(share=0.5)])
    python -m bsdsockets run --fault "short reads" --fault "reset: after=1000" program.py

Each does only what a kernel or a network may do, and says by which rule; the same seed gives
the same faults.  `known` lists them for a page of switches.

>>> from bsdsockets import Machine
>>> machine = Machine(faults=["short reads: most=2"])
>>> a, b = machine.load("socket").socketpair()
>>> a.send(b"hello"), b.recv(10)
(5, b'he')
>>> a.close(); b.close(); machine.close()
"""

from dataclasses import fields
from typing import Any

from .company import AnotherSchedule, DescriptorsUsedUp, SecondClient
from .fault import Fault
from .packets import DuplicatedDatagrams, LostDatagrams, ReorderedDatagrams, SlowNetwork
from .streams import Reset, ShortReads, ShortWrites, SlowPeer, SmallBuffers

__all__ = ["FAULTS", "AnotherSchedule", "DescriptorsUsedUp", "DuplicatedDatagrams", "Fault",
           "LostDatagrams", "ReorderedDatagrams", "Reset", "SecondClient", "ShortReads",
           "ShortWrites", "SlowNetwork", "SlowPeer", "SmallBuffers", "find", "known"]

FAULTS: dict[str, type[Fault]] = {each.name: each for each in (
    ShortReads, ShortWrites, SmallBuffers, Reset, SlowPeer, SlowNetwork,
    LostDatagrams, ReorderedDatagrams, DuplicatedDatagrams,
    SecondClient, DescriptorsUsedUp, AnotherSchedule)}


def find(fault: Fault | str) -> Fault:
    """Return the fault that a text names, with its parameters after a colon.

    ValueError
        There is no fault of that name, or it has no such parameter.

    >>> find("lost datagrams"), find("reset: connection=2, after=1000")
    (LostDatagrams(share=0.25), Reset(connection=2, after=1000))
    >>> find("bad luck")
    Traceback (most recent call last):
    ValueError: no fault is called 'bad luck'; there are short reads, ..., another schedule
    """
    if isinstance(fault, Fault):
        return fault
    name, _, rest = fault.partition(":")
    chosen = FAULTS.get(" ".join(name.split()).lower())
    if chosen is None:
        raise ValueError(f"no fault is called {name.strip()!r}; there are {', '.join(FAULTS)}")
    pairs = [pair.partition("=") for pair in rest.split(",") if pair.strip()]
    return chosen.read({key.strip(): value.strip() for key, _, value in pairs})


def known() -> list[dict[str, Any]]:
    """Every fault as plain data: name, label, sentence, rule, parameters with their defaults.

    >>> known()[0]["name"], known()[0]["parameters"]
    ('short reads', {'most': 0})
    """
    return [{"name": name, "label": each.label, "sentence": each.sentence, "rule": each.rule,
             "parameters": {field.name: field.default for field in fields(each)}}
            for name, each in FAULTS.items()]
