"""Run in Firefox, where it is installed: every block prints there too what the page records."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import run

from .conftest import missing
from .frame import IN_WINDOW, OPEN, PAIR, PRESS_ALL, WALK, told
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


STEP = """
const [code, done] = arguments, page = document.querySelector("iframe").contentDocument;
page.querySelector("textarea").value = code;
page.querySelector(".run-step").click();
(async () => {
  while (!page.querySelector(".run-story.cv-stepping")) {
    await new Promise((later) => setTimeout(later, 20));
  }
  done(page.querySelector(".run-status").textContent);
})();
"""


def walk(firefox: Firefox, which: str) -> None:
    """Step to the end and back, and see the rows come and go."""
    body = WALK.replace("document.querySelector(arguments[0])", "page.querySelector(arguments[0])")
    page = "const page = document.querySelector('iframe').contentDocument;"
    script = f"const walk = function () {{ {page} {body} }}; arguments[1](walk(arguments[0]));"
    steps, seen = firefox.wait_for(script, which)
    assert steps > 4 and seen == [*range(1, steps + 1), *range(steps - 1, 0, -1)]


@pytest.mark.parametrize("ask", ["", "?without=stack-switching"])
def test_an_edited_run_is_stepped_in_firefox(firefox: Firefox, site: str, ask: str):
    firefox.wait_for(OPEN, f"{site}playground.html{ask}")
    assert firefox.wait_for(STEP, PAIR).startswith("Ended after")
    walk(firefox, ".run-story")


def test_a_pages_conversation_is_stepped_in_firefox(firefox: Firefox, site: str):
    firefox.wait_for(OPEN, f"{site}tutorials/server-and-client.html")
    walk(firefox, ".conversation")
