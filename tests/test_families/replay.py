"""Making the calls of a recorded flow on the model, and what came of each there.

    recorded.json  --who-->  a thread of the model for each process
                   --call, args-->  the system call, with the same bytes

What a flow did to the machine (interfaces up, modules loaded) the profile has done already;
`SET_UP` names those calls, which are not made.

Sources: recorded.json says on which kernels.
"""

import json
import re
import struct
from pathlib import Path
from typing import Any, NamedTuple

from bsdsockets import Machine
from bsdsockets.machine import constants, errors
from bsdsockets.machine.host import Host

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())["flows"]
SET_UP = ("ifup", "RTM_NEWLINK", "write", "open")
TYPES = {"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_RDM": 4, "SOCK_SEQPACKET": 5,
         "SOCK_PACKET": 10}
QUALITY = struct.pack("=B3xiiiii16x", 1, 0, 0, 0, 0, 1500) * 2 + struct.pack("=B3x", 5)
DONTWAIT = 0x40


class Result(NamedTuple):
    """What a call returned, or the name of its error; the bytes it gave; the name it gave."""

    value: Any
    data: bytes | None = None
    name: bytes | None = None


class Replay:
    """One flow on one machine."""

    def __init__(self, flow: str) -> None:
        self.flow = flow
        self.machine = Machine(profile="every module")
        self.calls = self.machine.calls
        self.files: dict[tuple[str, int], int] = {}
        self.last: dict[str, int] = {}  # the descriptor that a call without one means
        self.repeated: Any = None
        self.sender = b""
        self.results: list[tuple[list[Any], Result]] = []

    def run(self) -> list[tuple[list[Any], Result]]:
        """Make every call; returns each recorded step with what came of it here."""
        threading = self.machine.load("threading")
        steps = RECORDED[self.flow]["calls"]
        for part in self._parts(steps):
            begins = next((place for place, step in enumerate(part) if step[0] == "client"),
                          len(part))
            self._process("main", part[:begins])
            client = threading.Thread(target=self._process, args=("client", part[begins:]))
            client.start()
            self._process("main", part[begins:])
            client.join()
            if self.flow == "tipc":
                self._close_all()
        self.machine.close()
        return self.results

    @staticmethod
    def _parts(steps: list[list[Any]]) -> list[list[list[Any]]]:
        """TIPC's flow is four, one after the other: each begins where main makes a socket."""
        parts: list[list[list[Any]]] = [[]]
        for step in steps:
            if step[:2] == ["main", "socket"] and "AF_TIPC" in step[2] and parts[-1]:
                parts.append([])
            parts[-1].append(step)
        return parts

    def _process(self, who: str, steps: list[list[Any]]) -> None:
        for step in steps:
            if step[0] != who or step[1] in SET_UP or not self._is_made(step):
                continue
            self._set_quality(who, step)
            if step[1] == "close":
                self._wait_for_main(steps[:steps.index(step)])
            try:
                result = self._call(who, step)
            except OSError as failure:
                result = Result(errors.NAMES[failure.errno or 0])
            if step[1] in ("socket", "accept") and isinstance(result.value, int):
                if (who, step[3]) in self.files and step[1] == "socket":
                    self.calls.close(self.files.pop((who, step[3])))  # nobody recorded that
                self.files[who, step[3]] = result.value
                result = result._replace(value=step[3])
            self.results.append((step, result))

    def _wait_for_main(self, before: list[list[Any]]) -> None:
        """Let the other process do what it did before this one closed: virtual time passes."""
        wanted = [step for step in before if step[0] == "main" and self._is_made(step)]
        while any(all(step is not done for done, _ in self.results) for step in wanted):
            self.machine.load("time").sleep(0.01)

    def _close_all(self) -> None:
        """The processes of one part end."""
        for number in self.files.values():
            self.calls.close(number)
        self.files.clear()

    def _call(self, who: str, step: list[Any]) -> Result:
        arguments = step[2]
        found = re.match(r"fd (\d+)", arguments)
        if found:
            self.last[who] = int(found[1])
        number = self.files.get((who, self.last.get(who, -1)), -1)
        packed = [bytes.fromhex(each) for each in re.findall(r"\{([0-9a-f]*)\}", arguments)]
        return getattr(self, f"_{step[1]}")(number, arguments, packed)  # type: ignore[no-any-return]

    # The calls

    def _socket(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        family, kind, protocol = arguments.split(", ")
        value = {"htons(ETH_P_ALL)": 768}.get(protocol)
        return Result(self.calls.socket(getattr(constants, family), TYPES[kind],
                                        int(protocol) if value is None else value))

    def _bind(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        unprivileged = "uid 65534" in arguments
        before = Host.privileged
        if unprivileged:
            Host.privileged = property(lambda self: False)  # type: ignore[assignment]
        try:
            self.calls.bind(number, packed[0])
        finally:
            Host.privileged = before  # type: ignore[method-assign]
        return Result(0)

    def _connect(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        self.calls.connect(number, packed[0], None)
        return Result(0)

    def _getsockname(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        return Result(0, name=self.calls.getsockname(number)[1])

    def _getpeername(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        return Result(0, name=self.calls.getpeername(number)[1])

    def _listen(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        self.calls.listen(number, 5)
        return Result(0)

    def _accept(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        descriptor, child = self.calls.accept(number, None)
        return Result(descriptor, name=child.protocol.accepted_peer(child))

    def _sendto(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        size, flags = re.search(r"\}, (\d+), (\d+)", arguments).groups()  # type: ignore[union-attr]
        if packed[1][:2] == b"\2\0":  # UDP to nobody, to make a frame
            socket = self.machine.load("socket")
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                return Result(sender.sendto(packed[0], ("127.0.0.1", 9)))
        to = self.sender if "the sender" in arguments else packed[1]
        if "broadcast node" in arguments:
            self._drain(self.files["main", 3])
        return Result(self.calls.send(number, _whole(packed[0], int(size)), int(flags), None, to))

    def _drain(self, number: int) -> None:
        """Read what waits, as the recording did without saying so."""
        while self.calls.receive(number, 65536, DONTWAIT | 2, None).data:
            self.calls.receive(number, 65536, DONTWAIT, None)
            if not self.machine.descriptors.get(number).ready() & 1:
                return

    def _send(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        found = re.search(r"\}, (\d+), (\d+)", arguments)
        if found:
            data, flags = _whole(packed[0], int(found[1])), int(found[2])
        else:
            size = re.search(r", (\d+) bytes", arguments)
            data, flags = bytes(int(size[1])), 0  # type: ignore[index]
        return Result(self.calls.send(number, data, flags, None))

    def _recvfrom(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        size = re.match(r"fd \d+, (\d+)", arguments)
        message = self.calls.receive(number, int(size[1]) if size else 8192, DONTWAIT, None)
        self.sender = message.address
        return Result(len(message.data), message.data, message.address)

    def _recv(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        return Result(len(self.calls.receive(number, 100, DONTWAIT, None).data))

    def _poll(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        poll = self.machine.load("select").poll()
        poll.register(number, 1)
        limit = re.search(r"timeout (\d+)", arguments)
        ready = poll.poll(int(limit[1]))  # type: ignore[index]
        return Result(len(ready), struct.pack("=H", ready[0][1] if ready else 0))

    def _shutdown(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        self.calls.shutdown(number, 2 if "RDWR" in arguments else 1)
        return Result(0)

    def _close(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        self.calls.close(number)
        self.files = {key: each for key, each in self.files.items() if each != number}
        return Result(0)

    def _setsockopt(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        one = struct.pack("=i", 1)
        for name, place in (("SO_BROADCAST", (1, 6, one)), ("PIDINCL", (257, 8, one)),
                            ("ATMQOS", (264, 0x42020054, QUALITY)),
                            ("DROPPABLE", (271, 129, bytes(4)))):
            if name in arguments:
                self.calls.setsockopt(number, *place)
                return Result(0)
        raise AssertionError(arguments)

    # Configuration

    @staticmethod
    def _is_made(step: list[Any]) -> bool:
        """Whether the call is one of the flow; the last three of ATM's are AF_ATMSVC's."""
        _, call, arguments, _, error = step
        if "AF_ATMSVC" in arguments or error == "EUNATCH" or "len 44" in arguments:
            return False
        return call != "ioctl" or any(name in arguments for name in (
            "SIOCSIFADDR", "the same again", "FACILITIES", "SIOCSIFATMTCP"))

    def _set_quality(self, who: str, step: list[Any]) -> None:
        """Set SO_ATMQOS where the recording did so without saying it."""
        if (self.flow.startswith("atm") and step[1] in ("bind", "connect")
                and step[4] not in ("EBADFD", "EINVAL", "EAFNOSUPPORT")):
            number = self.files[who, int(step[2][3:].split(",")[0])]
            if self.machine.descriptors[number].pcb.circuit is None:  # an open one keeps its own
                self.calls.setsockopt(number, 264, 0x42020054, QUALITY)

    def _ioctl(self, number: int, arguments: str, packed: list[bytes]) -> Result:
        if "same again" in arguments:
            request, data = self.repeated
        elif "FACILITIES" in arguments:
            request, data = 0x89E2, bytes(24)
        elif "ATMTCP" in arguments:
            request, data = 0x6180, struct.pack("=i", -1)
        else:
            request, data = 0x8916, b"lo".ljust(16, b"\0") + packed[0]
        self.repeated = (request, data)
        value, after = self.calls.ioctl(number, request, data)
        if "FACILITIES" in arguments:
            assert struct.unpack("=6I", after) == (2, 2, 7, 7, 0, 0)
        return Result(value)


def _whole(data: bytes, size: int) -> bytes:
    """Data that the recording cut short: they repeat their last byte."""
    return data[:size].ljust(size, data[-1:])


def recorded_result(step: list[Any]) -> Result:
    """What the kernel returned for a step, its data and the name as far as they were kept."""
    _, call, arguments, value, error = step
    packed = [bytes.fromhex(each) for each in
              re.findall(r"\{([0-9a-f]*)\}", arguments.partition("->")[2])]
    if error:
        return Result(error)
    data = packed[0] if call == "recvfrom" and packed else None
    name = None
    if call == "recvfrom" and len(packed) > 1:
        name = packed[1]
    elif call in ("getsockname", "getpeername", "accept") and packed:
        name = packed[0]
    if call == "poll":
        revents = re.search(r"revents (0x[0-9a-f]+)", arguments)
        data = struct.pack("=H", int(revents[1], 16))  # type: ignore[index]
    return Result(value, data, name)
