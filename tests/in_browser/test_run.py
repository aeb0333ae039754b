"""Run, in a real browser: what a reader may do to an example, and what a page weighs until then."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import run
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.echo import ASYNCIO

from .conftest import ROOT, Opened, served, violations
from .frame import LIMIT, Example, Frame, shown

HTML = ROOT / "build" / "html"
SIMPLE = "tutorials/first-socket.html"

pytestmark = pytest.mark.skipif(not run.available(), reason="the site is built without Run")


def examples(driver: WebDriver, address: str) -> list[Example]:
    """The page alone, with a worker of its own."""
    driver.get(address)
    return shown(driver)


@pytest.fixture
def example(opened: Opened) -> Example:
    """The first example of a page, not run yet."""
    return opened(SIMPLE)[0]


def asked(frame: Frame) -> list[tuple[bool, list[int]]]:
    """What the page has asked Python for: on a new machine, and which blocks."""
    return [
        (bool(request["fresh"]), [block["block"] for block in request["blocks"]])
        for request in frame.driver.execute_script("return top.asked")
    ]


def test_earlier_blocks_run_first_and_only_once(opened: Opened, frame: Frame):
    found = opened(SIMPLE)
    assert found[2].run().startswith("As recorded")
    assert found[3].run().startswith("As recorded")
    assert asked(frame) == [(True, [0, 1, 2]), (False, [3])]
    found[0].write("import socket\nleft, right = socket.socketpair()\nprint('changed')\n")
    assert found[0].run() == "Your change ran; the other 2 as recorded."
    assert "changed" in found[0].text(".run-output")
    assert found[1].run().startswith("As recorded")
    assert asked(frame)[2:] == [(True, [0]), (False, [1])]
    found[2].run()
    found[2].run()  # again: nothing of its first run may be left
    assert asked(frame)[4:] == [(False, [2]), (True, [0, 1, 2])]


def test_a_change_runs_and_reset_brings_back_what_was_recorded(example: Example):
    example.write("print('something of my own')\n")
    assert example.run() == "Your change ran."
    assert "something of my own" in example.text(".run-output")
    example.press(".run-edit")
    assert not example.element.find_elements(By.CSS_SELECTOR, "textarea, .run-output")
    assert example.run().startswith("As recorded")


def test_a_difference_is_marked_beside_what_was_recorded(opened: Opened):
    found = opened(SIMPLE)
    found[1].write('left.send(b"HELLO")\nright.recv(1024)\n')
    assert found[1].run() == "1 of 2 printed something else than recorded."
    assert found[1].text("del.run-want") == "recorded: b'hello'\n"
    assert found[1].text("ins.run-got") == "now: b'HELLO'\n"
    assert len(found[1].element.find_elements(By.CSS_SELECTOR, "del, ins")) == 2


def test_an_error_of_the_readers_own_is_shown_and_is_no_difference(example: Example):
    example.write("print(nothing)\n")
    assert example.run() == "Your change raised NameError."
    assert "NameError: name 'nothing' is not defined" in example.text(".run-output")
    assert not example.element.find_elements(By.CSS_SELECTOR, "del, ins")


def test_ctrl_and_enter_in_the_editor_run_it(example: Example):
    example.write("print(6 * 7)\n")
    area = example.element.find_element(By.CSS_SELECTOR, "textarea")
    area.send_keys(Keys.CONTROL, Keys.ENTER)
    WebDriverWait(example.driver, LIMIT, 0.02).until(lambda _: "42" in example.text(".run-output"))


def test_stop_ends_a_loop_and_the_next_run_is_whole(example: Example):
    example.write("while True: pass\n")
    example.press()
    WebDriverWait(example.driver, LIMIT, 0.02).until(
        lambda _: example.text(".run-status").startswith("Running")
    )
    example.press()
    assert example.has_ended() and example.text(".run-status").startswith("Stopped")
    example.press(".run-edit")
    assert example.run().startswith("As recorded")


def test_a_busy_loop_is_stopped_and_told_with_its_line(example: Example):
    example.write("x = 0\nwhile True:\n    x += 1\n")
    status = example.run()
    assert "Stopped after 10 s: MainThread is computing at line 3" in status


def allow(example: Example, seconds: int) -> None:
    """Ask Python for a shorter limit than the page does."""
    example.driver.execute_script(
        "const limit = arguments[0];"
        "top.change = (request) => request.blocks.forEach((block) => { block.limit = limit; });",
        seconds,
    )


def test_a_server_without_clients_is_stopped_with_what_it_waits_for(example: Example):
    example.write(
        "import socketserver\n"
        "with socketserver.TCPServer(('127.0.0.1', 0), None) as server: server.serve_forever()\n"
    )
    allow(example, 1)
    assert "Stopped after 1 s" in (status := example.run()) and "MainThread in " in status


def test_a_loop_inside_the_interpreter_is_ended_with_its_worker(example: Example):
    example.write("import itertools\nsum(itertools.repeat(0))\n")
    allow(example, 0)
    assert example.run() == (
        "Stopped after 5 s: “sum(itertools.repeat(0))” was still computing and did not give way."
    )
    example.press(".run-edit")
    assert example.run().startswith("As recorded")


def test_a_deadlock_says_who_waits_for_what(example: Example):
    example.write(
        "import socket, threading\n"
        "a, b = socket.socketpair()\n"
        "thread = threading.Thread(target=a.recv, args=(1,), name='reader')\n"
        "thread.start()\n"
        "b.recv(1)\n"
    )
    status = example.run()
    assert status.startswith("Deadlock:")
    assert "MainThread in recv" in status and "reader in recv" in status


def test_errors_carry_linux_numbers_and_texts(example: Example):
    example.write(
        "import errno, os, socket\n"
        "print(errno.ECONNREFUSED, errno.errorcode[98], os.strerror(11))\n"
        "socket.create_connection(('127.0.0.1', 9))\n"
        "open('/no/such/file')\n"
    )
    example.run()
    output = example.text(".run-output")
    assert "111 EADDRINUSE Resource temporarily unavailable" in output
    assert "ConnectionRefusedError: [Errno 111] Connection refused" in output
    assert "[Errno 2] No such file or directory" in output


def test_without_stack_switching_one_thread_runs(opened: Opened):
    example = opened(f"{SIMPLE}?without=stack-switching")[0]
    assert example.run().startswith("As recorded")
    example.write(ASYNCIO)
    assert example.run() == "Your change ran." and "b'ping'" in example.text(".run-output")


def test_without_stack_switching_two_threads_say_why_not(opened: Opened):
    example = opened(f"{SIMPLE}?without=stack-switching")[0]
    example.write("import threading\nthreading.Thread(target=print).start()\n")
    example.run()
    assert "can't start new thread" in example.text(".run-output")
    programs = opened("tutorials/server-and-client.html?without=stack-switching")
    assert "cannot switch stacks" in programs[-1].run()


def test_without_javascript_nothing_is_there_to_press(new_browser, site: str):
    driver = new_browser()
    try:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        driver.get(site + SIMPLE)
        bars = driver.find_elements(By.CSS_SELECTOR, ".run")
        assert bars and not any(bar.is_displayed() for bar in bars)
        assert driver.find_element(By.CSS_SELECTOR, ".example-pycon pre").is_displayed()
    finally:
        driver.quit()


@pytest.fixture
def sub_path(tmp_path: Path) -> Iterator[str]:
    """The site below a path, as a project's pages on a shared host are."""
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "where").symlink_to(HTML)
    with served(tmp_path) as address:
        yield f"{address}some/where/"


def test_it_works_below_a_path_and_offline_once_loaded(browser: WebDriver, sub_path: str):
    found = examples(browser, sub_path + SIMPLE)
    assert found[0].run().startswith("As recorded")
    conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": True, **conditions})
    try:
        assert found[-1].run().startswith("As recorded")
    finally:
        browser.execute_cdp_cmd(
            "Network.emulateNetworkConditions", {"offline": False, **conditions}
        )


@pytest.mark.parametrize("name", [SIMPLE, "reference/calls/send.html", "playground.html"])
def test_a_page_stays_light_and_still_until_run_is_pressed(new_browser, site: str, name: str):
    driver = new_browser()
    try:
        driver.get(site + name)
        shifts = driver.execute_async_script(
            "const done = arguments[0]; let sum = 0;"
            "new PerformanceObserver(list => list.getEntries().forEach(e => sum += e.value))"
            ".observe({type: 'layout-shift', buffered: true});"
            "requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));"
        )
        asked = {
            urlsplit(url).path
            for entry in driver.get_log("performance")
            if (event := json.loads(entry["message"])["message"])["method"]
            == "Network.requestWillBeSent"
            and (url := event["params"]["request"]["url"]).startswith(site)
        }
    finally:
        driver.quit()
    sizes = {path: len(gzip.compress((HTML / path[1:]).read_bytes())) for path in sorted(asked)}
    assert not [path for path in asked if "pyodide" in path or "run-model" in path]
    assert sum(sizes.values()) < 60_000, sizes
    assert shifts < 0.01


@pytest.mark.parametrize("size", [(1280, 900), (360, 740)], ids=["1280px", "360px"])
def test_axe_finds_nothing_while_examples_run(
    new_browser: Callable[..., WebDriver], site: str, axe: str, size: tuple[int, int]
):
    driver = new_browser(*size)
    try:
        frame = Frame(driver, site)
        for name in (SIMPLE, "playground.html"):
            frame.open(name)
            found = shown(driver)
            if name == SIMPLE:
                found[1].run()
                found[2].write("1 / 0\n")
                found[2].run()
            found[0].write("while True: pass\n")
            found[0].press()
            for theme in ("light", "dark"):
                driver.execute_script("document.body.dataset.theme = arguments[0]", theme)
                report = violations(driver, axe)
                assert not report, f"{name}, {theme}: {report}"
            width = driver.execute_script("return document.documentElement.scrollWidth")
            assert width <= size[0]
            found[0].press()
    finally:
        driver.quit()


def test_a_link_carries_the_code(opened: Opened):
    (place,) = opened("playground.html")
    code = "print('grüße', 1 + 1)\n"
    place.write(code)
    place.press(".run-link")
    address = "return location.href"
    WebDriverWait(place.driver, LIMIT, 0.02).until(
        lambda driver: "#code=" in driver.execute_script(address)
    )
    link = str(place.driver.execute_script(address)).rpartition("/")[2]
    opened(SIMPLE)
    (place,) = opened(link)
    area = place.element.find_element(By.CSS_SELECTOR, "textarea")
    WebDriverWait(place.driver, LIMIT, 0.02).until(lambda _: area.get_property("value") == code)
    place.run()
    assert place.text(".run-output") == "grüße 2\n"
