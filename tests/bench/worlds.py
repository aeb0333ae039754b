"""Where a benchmark runs: the modules of the system, or the model's own copies of them."""

from __future__ import annotations

import asyncio
import resource
import select
import socket
import threading
from dataclasses import dataclass
from typing import Any

import bsdsockets


@dataclass(frozen=True)
class World:
    """The modules that a benchmark uses."""

    name: str
    socket: Any
    select: Any
    threading: Any
    asyncio: Any
    resource: Any


def kernel() -> World:
    """Return the system's modules."""
    return World("kernel", socket, select, threading, asyncio, resource)


def model() -> World:
    """Return copies of the same modules on a machine of their own."""
    machine = bsdsockets.Machine(seed=0)
    names = ("socket", "select", "threading", "asyncio", "resource")
    return World("model", *(machine.load(name) for name in names))
