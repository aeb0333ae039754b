"""Every family, type and protocol: the model makes or refuses the socket as this kernel does."""

import os
import subprocess
import sys

import pytest

from .both import ROOT


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux beside the model")
@pytest.mark.parametrize("user", [[], ["--nobody"]], ids=["root", "nobody"])
def test_every_triple_of_socket_and_socketpair_is_answered_as_on_this_kernel(
        user: list[str]) -> None:
    if user and os.geteuid():
        pytest.skip("only root can become nobody")
    run = subprocess.run([sys.executable, "-m", "tests.test_families.triples", *user],
                         cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
                         capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr
    *different, total = run.stdout.splitlines()
    assert not different, "\n".join(different[:40])
    assert int(total.split()[0]) > 40_000
