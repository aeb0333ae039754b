"""Run, Step and the conversation in WebKit, Safari's engine, where its driver and Xvfb are.

    apt-get install webkit2gtk-driver xvfb

What Debian has cannot switch stacks: what needs no second thread runs as recorded, and the rest
says what it would need.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import run
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from .conftest import missing
from .frame import LIMIT, PAIR, WALK, Frame, shown
from .recorded import complaints

pytestmark = pytest.mark.skipif(not run.available(), reason="the site is built without Run")

WHY = "This browser cannot switch stacks, which"
ABLE = "Chrome and Edge from 137, Firefox from 153 and Safari from 27 can."
TWO_ENDS = ["tutorials/server-and-client", "tutorials/first-socket"]
PAGES = [*TWO_ENDS, "reference/calls/bind", "reference/types/dgram"]


@pytest.fixture(scope="module")
def display(pytestconfig: pytest.Config) -> Iterator[str]:
    """A screen that nobody sees; Xvfb chooses its number and says which."""
    if not (shutil.which("Xvfb") and shutil.which("WebKitWebDriver")):
        missing(pytestconfig, "webkit", "WebKit's driver and Xvfb are not installed")
    screen = ["-screen", "0", "1280x1000x24", "-nolisten", "tcp", "-displayfd", "1"]
    with subprocess.Popen(
        ["Xvfb", *screen], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout
        yield f":{server.stdout.readline().strip()}"
        server.terminate()


@pytest.fixture(scope="module")
def webkit(display: str, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Frame]:
    """A window of WebKit that keeps the worker from page to page."""
    home: Path = tmp_path_factory.mktemp("webkit")
    env = {**os.environ, "DISPLAY": display, "HOME": str(home), "GDK_BACKEND": "x11"}
    service = Service(shutil.which("WebKitWebDriver"), env=env)
    with warnings.catch_warnings():  # Selenium calls what Selenium no longer likes
        warnings.simplefilter("ignore", DeprecationWarning)
        driver = webdriver.WebKitGTK(Options(), service)
    executor: Any = driver.command_executor
    executor.client_config.timeout = LIMIT + 60
    try:
        yield Frame(driver, site)
    finally:
        driver.quit()


@pytest.mark.parametrize("name", PAGES)
def test_a_block_prints_what_is_recorded_or_says_what_it_needs(webkit: Frame, name: str):
    webkit.open(f"{name}.html")
    pressed = webkit.press_all()
    lacking = [each.status for each in pressed if each.status.startswith(WHY)]
    assert len(lacking) < len(pressed) and all(ABLE in status for status in lacking)
    wrong = [told for told in complaints(name, pressed) if f": {WHY}" not in told]
    assert not wrong, "\n\n".join(wrong)
    switches = webkit.driver.execute_script("return 'Suspending' in WebAssembly")
    assert bool(lacking) == (name in TWO_ENDS and not switches)


def test_an_edited_run_is_stepped(webkit: Frame):
    webkit.open("playground.html")
    (place,) = shown(webkit.driver)
    place.write(PAIR)
    place.press(".run-step")
    WebDriverWait(place.driver, LIMIT, 0.02).until(
        lambda _: place.has_ended() and place.element.find_elements(By.CSS_SELECTOR, ".run-story")
    )
    steps, seen = place.driver.execute_script(WALK, ".run-story")
    assert steps > 4 and seen == [*range(1, steps + 1), *range(steps - 1, 0, -1)]


def test_a_pages_conversation_is_stepped(webkit: Frame):
    webkit.open("tutorials/server-and-client.html")
    steps, seen = webkit.driver.execute_script(WALK, ".conversation")
    assert steps > 20 and seen == [*range(1, steps + 1), *range(steps - 1, 0, -1)]


def test_stop_ends_a_loop_and_the_next_run_is_whole(webkit: Frame):
    webkit.open("playground.html")
    (place,) = shown(webkit.driver)
    place.write("while True: print('x' * 300)\n")
    place.press()
    WebDriverWait(place.driver, LIMIT, 0.02).until(
        lambda _: place.text(".run-status").startswith("Running")
    )
    place.press()
    assert place.text(".run-status").startswith("Stopped.")
    place.write("print('fine')\n")
    assert place.run().startswith("Ended after") and place.text(".run-output") == "fine\n"
