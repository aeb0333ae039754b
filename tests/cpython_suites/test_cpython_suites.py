"""CPython's own suites pass on the model, on every CPython found."""

from __future__ import annotations

import sys

import pytest

from tests.against_kernel.worlds import HAS_MODEL

from . import pythons, suites
from .expected import reason_to_fail, reason_to_skip

LEAST = {"test_socket": 600, "test_select": 5, "test_poll": 5, "test_epoll": 9,
         "test_selectors": 70, "test_socketserver": 20, "test_httpservers": 55}  # fmt: skip
"""How many tests must really have run: a suite that skips everything proves nothing."""

LEAST_OF_MORE = {"test_httplib": 100, "test_urllib2_localnet": 20, "test_ftplib": 85,
                 "test_smtplib": 75, "test_poplib": 60, "test_imaplib": 85, "test_xmlrpc": 80,
                 "test_wsgiref": 30, "test_ssl": 140, "test_timeout": 8, "test_sched": 10,
                 "test_queue": 25, "test_asyncio.test_events": 150,
                 "test_asyncio.test_selector_events": 100, "test_asyncio.test_sendfile": 50,
                 "test_asyncio.test_server": 2, "test_asyncio.test_sock_lowlevel": 30,
                 "test_asyncio.test_streams": 60, "test_asyncio.test_subprocess": 60,
                 "test_asyncio.test_unix_events": 50}  # fmt: skip

pytestmark = [
    pytest.mark.skipif(not HAS_MODEL, reason="the model does not import"),
    pytest.mark.skipif(sys.platform != "linux", reason="which tests exist depends on the system"),
]


@pytest.mark.parametrize("suite", suites.SUITES)
@pytest.mark.parametrize("version", pythons.found())
def test_the_suite_passes_on_the_model(suite: str, version: str) -> None:
    """Every test passes, fails for a listed reason, or skips for a listed reason."""
    python = pythons.found()[version]
    if not pythons.has_suites(python):
        pytest.skip(f"CPython {version} came without Lib/test")
    outcomes = suites.run(suite, python)
    problems = [
        f"{each.outcome} {each.test}\n{each.detail}"
        for each in outcomes
        if (each.outcome in ("fails", "hangs") and not reason_to_fail(each.test))
        or (each.outcome == "skips" and not reason_to_skip(each.detail))
    ]
    assert not problems, "\n".join(problems)
    stale = [e.test for e in outcomes if e.outcome == "passes" and reason_to_fail(e.test)]
    assert not stale, f"listed as failing, and they pass: {stale}"
    assert sum(each.outcome == "passes" for each in outcomes) >= LEAST[suite]


@pytest.mark.parametrize("suite", suites.MORE)
def test_what_is_built_on_sockets_passes_on_the_model(suite: str) -> None:
    """Every test passes, fails for a listed reason, or skips as on the system."""
    if not pythons.has_suites(sys.executable):
        pytest.skip("this CPython came without Lib/test")
    outcomes = suites.run(suite)
    problems = [
        f"{each.outcome} {each.test}\n{each.detail}"
        for each in outcomes
        if each.outcome in ("fails", "hangs") and not reason_to_fail(each.test)
    ]
    assert not problems, "\n".join(problems)
    assert sum(each.outcome == "passes" for each in outcomes) >= LEAST_OF_MORE[suite]
