"""AF_NETLINK and AF_PACKET: the kernel at hand and the model, call by call in many states."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def outcomes(where: str) -> list[str]:
    """Each call with what came of it, in a process of its own."""
    answer = subprocess.run([sys.executable, "-m", "tests.test_families.outcomes", where],
                            cwd=ROOT, env={**os.environ, "PYTHONPATH": f"src{os.pathsep}."},
                            capture_output=True, text=True, timeout=120)
    if where == "kernel" and answer.returncode:
        pytest.skip("no private network, or not the right to have packet sockets in it")
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.splitlines()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0,
                    reason="packet sockets are root's, on Linux")
def test_every_call_in_every_state_comes_to_the_same_on_the_kernel_and_the_model() -> None:
    kernel, model = outcomes("kernel"), outcomes("model")
    different = [pair for pair in zip(kernel, model, strict=True) if pair[0] != pair[1]]
    assert not different[:5], f"{len(different)} of {len(kernel)} differ"
    assert len(kernel) > 5000
