"""Run in Firefox, where it is installed: every block prints there too what the page records."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import run

from .conftest import missing
from .frame import IN_WINDOW, OPEN, PRESS_ALL, told
from .marionette import Firefox, started
from .recorded import complaints, pages

pytestmark = pytest.mark.skipif(not run.available(), reason="the site is built without Run")

ADD = """
const [source, done] = arguments;
const script = document.createElement("script");
script.textContent = source;
document.documentElement.append(script);
done(typeof Kept);
"""
SWITCHES = "arguments[arguments.length - 1]('Suspending' in WebAssembly)"


@pytest.fixture(scope="module")
def firefox(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, site: str
) -> Iterator[Firefox]:
    """A Firefox with a window that keeps the worker from page to page, as `Frame` does."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        missing(pytestconfig, "firefox", "Firefox is not installed")
    profile: Path = tmp_path_factory.mktemp("firefox")
    with started(str(program), profile) as session:
        session.get(f"{site}llms.txt")
        assert session.wait_for(ADD, IN_WINDOW) == "function"
        yield session


@pytest.mark.parametrize("name", pages())
def test_every_block_prints_in_firefox_what_the_page_records(
    firefox: Firefox, site: str, name: str
):
    if not firefox.wait_for(SWITCHES):
        pytest.skip("this Firefox cannot switch stacks; the next test is about that")
    firefox.wait_for(OPEN, f"{site}{name}.html")
    wrong = list(complaints(name, told(firefox.wait_for(PRESS_ALL))))
    assert not wrong, "\n\n".join(wrong)


def test_without_stack_switching_firefox_says_what_needs_it(firefox: Firefox, site: str):
    firefox.wait_for(OPEN, f"{site}tutorials/server-and-client.html?without=stack-switching")
    pressed = told(firefox.wait_for(PRESS_ALL))
    assert pressed[0].status.startswith("As recorded")
    assert "cannot switch stacks" in pressed[-1].status
