"""Run CPython's suites on the model or on the kernel, past the tests that hang.

`python -m tests.cpython_suites.suites test_socket [--kernel] [--only name] [--python path]`
prints what failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNNER = Path(__file__).with_name("runner.py")
SUITES = ("test_socket", "test_select", "test_poll", "test_epoll", "test_selectors",
          "test_socketserver", "test_httpservers")  # fmt: skip
MORE = ("test_httplib", "test_urllib2_localnet", "test_ftplib", "test_smtplib", "test_poplib",
        "test_imaplib", "test_xmlrpc", "test_wsgiref", "test_ssl", "test_timeout", "test_sched",
        "test_queue", "test_asyncio.test_events", "test_asyncio.test_selector_events",
        "test_asyncio.test_sendfile", "test_asyncio.test_server",
        "test_asyncio.test_sock_lowlevel", "test_asyncio.test_streams",
        "test_asyncio.test_subprocess", "test_asyncio.test_unix_events")  # fmt: skip
"""Suites of what is built on sockets: run on one Python, since they take their time."""
LIMIT = 400
"""Seconds for one module; the longest takes 50 s on the kernel."""


@dataclass(frozen=True)
class Outcome:
    """What became of one test: it passes, fails, skips or hangs."""

    test: str
    outcome: str
    detail: str = ""


def run(
    suite: str, python: str = sys.executable, on_kernel: bool = False, only: str = ""
) -> list[Outcome]:
    """Run a module's tests and return what became of each."""
    outcomes: dict[str, Outcome] = {}
    while True:
        ended = _run_once(suite, python, on_kernel, only, outcomes)
        hanging = [each for each in outcomes.values() if each.outcome == "begins"]
        for each in hanging:
            outcomes[each.test] = Outcome(each.test, "hangs", each.detail)
        if ended or not hanging:
            return list(outcomes.values())


def _run_once(
    suite: str, python: str, on_kernel: bool, only: str, outcomes: dict[str, Outcome]
) -> bool:
    """Run what has no outcome yet; say whether the module came to its end."""
    command = [python, "-W", "default", *([] if on_kernel else ["-m", "bsdsockets", "run"])]
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [*command, str(RUNNER), f"test.{suite}", *([only] if only else [])],
            input="\n".join(outcomes),
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
    for line in done.stdout.splitlines():
        if not line.startswith("["):
            continue
        test, outcome, detail = json.loads(line)
        before = outcomes.get(test)
        if before is None or before.outcome == "begins":
            outcomes[test] = Outcome(test, outcome, detail)
        if outcome == "ends":
            del outcomes[test]
            return True
    last = next(reversed(outcomes.values()), None)
    if last is None or last.outcome != "begins":
        outcomes["the module"] = Outcome("the module", "fails", done.stderr[-4000:])
    else:
        outcomes[last.test] = Outcome(last.test, "begins", done.stderr[-4000:])
    return False


def main() -> int:
    """Run suites and print what fails."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("suite", nargs="*", default=SUITES)
    parser.add_argument("--kernel", action="store_true", help="on the kernel instead of the model")
    parser.add_argument("--only", default="", help="only tests whose id contains this")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--skips", action="store_true", help="print the skips and their reasons")
    arguments = parser.parse_args()
    bad = 0
    for suite in arguments.suite:
        outcomes = run(suite, arguments.python, arguments.kernel, arguments.only)
        for each in outcomes:
            if each.outcome in ("fails", "hangs") or (arguments.skips and each.outcome == "skips"):
                print(f"{each.outcome} {each.test}\n    " + each.detail.replace("\n", "\n    "))
        counts = Counter(each.outcome for each in outcomes)
        bad += counts["fails"] + counts["hangs"]
        print(suite, dict(counts), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
