"""What waits in another's C or Rust lets the machine's threads go on; watchfiles stands for it."""

import threading
import types
from typing import Any

import pytest

from bsdsockets import Machine
from bsdsockets.programs.watchfiles import adapt


class RustNotify:
    """A stand-in: the change that it waits for is one that a thread of the machine makes."""

    changed = threading.Event()

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...

    def watch(self, debounce: int, step: int, timeout: int, stop: Any) -> Any:
        while not self.changed.wait(0.001):
            if stop.is_set():
                return "stop"
        if step == 13:
            raise OSError("of the watch")
        return {(1, self.paths[0])}


@pytest.fixture
def machine() -> Any:
    machine = Machine()
    yield machine
    machine.close()


def test_the_other_threads_go_on_while_files_are_waited_for(machine: Machine) -> None:
    module = types.SimpleNamespace(RustNotify=RustNotify)
    adapt(machine, module)
    model = machine.load("threading")
    with module.RustNotify("a") as watcher:
        model.Thread(target=RustNotify.changed.set).start()
        assert watcher.watch(1, 1, 0, None) == {(1, "a")}
        with pytest.raises(OSError, match="of the watch"):
            watcher.watch(1, 13, 0, None)
    RustNotify.changed.clear()
    stop = model.Event()
    model.Thread(target=stop.set).start()
    assert module.RustNotify("a").watch(1, 1, 0, stop) == "stop"
    assert watcher.paths == ("a",)
