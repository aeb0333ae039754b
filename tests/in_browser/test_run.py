"""Run, in a real browser: every runnable block of the site, and what a reader may do to one."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import run
from examples import page
from run import fetch
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.determinism.programs import OWN
from tests.determinism.test_determinism import trace

from .conftest import ROOT, served, violations

DOCS = ROOT / "docs"
HTML = ROOT / "build" / "html"
SIMPLE = "tutorials/first-socket.html"
LIMIT = 90
"""Seconds for what may load Python on a busy machine."""

pytestmark = [
    pytest.mark.skipif(not run.available(), reason="the site is built without Run"),
    pytest.mark.skipif(
        not os.environ.get("BROWSER"), reason="pressing every Run takes minutes: make browser"
    ),
]


def pages() -> list[str]:
    """The pages that have something to run."""
    return sorted(
        str(path.relative_to(DOCS).with_suffix(""))
        for path in DOCS.rglob("*.md")
        if path.parent.name != "changelog.d" and any(runs(block) for block in page.read(path))
    )


def runs(block: page.Block) -> bool:
    return block.kind in ("pycon", "console") and not block.tags.hidden and run.runs(block)


class Example:
    """A block of the page that is shown, as a reader sees it."""

    def __init__(self, driver: WebDriver, element: WebElement):
        self.driver = driver
        self.element = element

    def press(self, button: str = ".run-go") -> None:
        self.driver.execute_script(
            "arguments[0].click()", self.element.find_element(By.CSS_SELECTOR, button)
        )

    def has_ended(self, driver: WebDriver | None = None) -> bool:
        return self.text(".run-go") == "Run"

    def text(self, part: str) -> str:
        found = self.element.find_elements(By.CSS_SELECTOR, part)
        return str(found[0].get_property("textContent")) if found else ""

    def run(self, limit: float = LIMIT) -> str:
        """Press Run, wait for the end, and return what the status says."""
        self.press()
        WebDriverWait(self.driver, limit, 0.02).until(self.has_ended)
        return self.text(".run-status")

    def write(self, code: str) -> None:
        """Put *code* into the editor."""
        if not self.element.find_elements(By.CSS_SELECTOR, "textarea"):
            self.press(".run-edit")
            WebDriverWait(self.driver, LIMIT).until(
                lambda _: self.element.find_elements(By.CSS_SELECTOR, "textarea")
            )
        area = self.element.find_element(By.CSS_SELECTOR, "textarea")
        self.driver.execute_script("arguments[0].value = arguments[1]", area, code)


def examples(driver: WebDriver, address: str) -> list[Example]:
    driver.get(address)
    return [Example(driver, found) for found in driver.find_elements(By.CSS_SELECTOR, ".run")]


@pytest.fixture
def example(browser: WebDriver, site: str) -> Example:
    """The first example of a page, not run yet."""
    return examples(browser, site + SIMPLE)[0]


class Known(Exception):
    """A page differs where DIFFERENT says so, and nowhere else."""


DIFFERENT = {
    (
        "reference/calls/bind",
        ">>> in_directory = lambda name: os.path.join(directory.name, name)",
    ): ("Pyodide's file system has no longest name: ENOENT where Linux answers ENAMETOOLONG"),
    ("reference/calls/recv", ">>> import array"): (
        "conf/run/linux.py takes a received descriptor for one that is not inheritable"
    ),
}
"""Page and first statement of a block that prints something else in a browser -> why."""


def marked(name: str) -> object:
    """A page as a parameter; one with a known difference may fail by it, and by nothing else."""
    reasons = [reason for (page_name, _), reason in DIFFERENT.items() if page_name == name]
    if not reasons:
        return name
    mark = pytest.mark.xfail(strict=False, raises=Known, reason="; ".join(reasons))
    return pytest.param(name, marks=mark)


@pytest.mark.parametrize("name", [marked(name) for name in pages()])
def test_every_block_prints_what_the_page_records(browser: WebDriver, site: str, name: str):
    different, known = [], []
    for each in examples(browser, f"{site}{name}.html"):
        status = each.run()
        if not status.startswith("As recorded"):
            first = each.text(".run-source").partition("\n")[0]
            line = each.element.get_attribute("data-name")
            told = f"{name}.md, {line}: {status}\n{each.text('.run-output')}"
            (known if (name, first) in DIFFERENT else different).append(told)
    assert not different, "\n\n".join(different)
    if known:
        raise Known("\n\n".join(known))


def test_a_bar_stands_below_each_block_that_the_model_can_run(browser: WebDriver, site: str):
    for name in ("tutorials/server-and-client", "how-to/avoid-deadlock", "reference/calls/accept"):
        expected = [block for block in page.read(DOCS / f"{name}.md") if runs(block)]
        assert len(examples(browser, f"{site}{name}.html")) == len(expected)


def test_earlier_blocks_run_first_and_only_once(browser: WebDriver, site: str):
    found = examples(browser, site + SIMPLE)
    assert found[-1].run().startswith("As recorded")
    found[0].write("import socket\nprint('changed')\n")
    assert "1 of" in found[-1].run() or found[-1].text(".run-status").startswith("As recorded")
    assert "Your change ran" in found[0].run()


def test_a_change_runs_and_reset_brings_back_what_was_recorded(example: Example):
    example.write("print('something of my own')\n")
    assert example.run() == "Your change ran."
    assert "something of my own" in example.text(".run-output")
    example.press(".run-edit")
    assert not example.element.find_elements(By.CSS_SELECTOR, "textarea, .run-output")
    assert example.run().startswith("As recorded")


def test_a_difference_is_marked_beside_what_was_recorded(browser: WebDriver, site: str):
    found = examples(browser, site + "tutorials/unix-sockets.html")
    index = next(i for i, each in enumerate(found) if "True" in each.element.parent.page_source)
    found[index].write("import sys\nprint(nothing)\n")
    status = found[index].run()
    assert status == "Your change ran."
    assert "NameError" in found[index].text(".run-output")


def test_ctrl_and_enter_in_the_editor_run_it(example: Example):
    example.write("print(6 * 7)\n")
    area = example.element.find_element(By.CSS_SELECTOR, "textarea")
    area.send_keys(Keys.CONTROL, Keys.ENTER)
    WebDriverWait(example.driver, LIMIT).until(lambda _: "42" in example.text(".run-output"))


def test_stop_ends_a_loop_and_the_next_run_is_whole(example: Example):
    example.write("while True: pass\n")
    example.press()
    WebDriverWait(example.driver, LIMIT).until(
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


def test_a_server_without_clients_is_stopped_with_what_it_waits_for(example: Example):
    example.write(
        "import socketserver\n"
        "with socketserver.TCPServer(('127.0.0.1', 0), None) as server: server.serve_forever()\n"
    )
    assert "Stopped after 10 s" in (status := example.run()) and "MainThread in " in status


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


def test_without_stack_switching_one_thread_runs_and_two_say_why_not(browser: WebDriver, site: str):
    first = examples(browser, f"{site}{SIMPLE}?without=stack-switching")[0]
    assert first.run().startswith("As recorded")
    first.write(
        "import asyncio\n"
        "async def echo(reader, writer):\n"
        "    writer.write(await reader.read(9)); writer.close()\n"
        "async def main():\n"
        "    async with await asyncio.start_server(echo, '127.0.0.1', 0) as server:\n"
        "        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())\n"
        "        writer.write(b'ping'); print(await reader.read()); writer.close()\n"
        "asyncio.run(main())\n"
    )
    assert first.run() == "Your change ran." and "b'ping'" in first.text(".run-output")
    first.write("import threading\nthreading.Thread(target=print).start()\n")
    first.run()
    assert "can't start new thread" in first.text(".run-output")
    programs = examples(browser, f"{site}tutorials/server-and-client.html?without=stack-switching")
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


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (360, 740)], ids=["1280px", "360px"])
def test_axe_finds_nothing_while_examples_run(
    new_browser: Callable[..., WebDriver], site: str, axe: str, size: tuple[int, int], theme: str
):
    driver = new_browser(*size)
    try:
        for name in (SIMPLE, "playground.html"):
            found = examples(driver, site + name)
            driver.execute_script("document.body.dataset.theme = arguments[0]", theme)
            if name == SIMPLE:
                found[1].run()
                found[2].write("1 / 0\n")
                found[2].run()
                found[0].write("while True: pass\n")
            else:
                found[0].write("print('hello')\n")
            found[0].press()
            report = violations(driver, axe)
            assert not report, f"{name}: {report}"
            width = driver.execute_script("return document.documentElement.scrollWidth")
            assert width <= size[0]
    finally:
        driver.quit()


STARTS = sorted(path.name for path in Path(run.HERE, "playground").glob("*.py"))


@pytest.mark.parametrize("name", STARTS)
def test_each_program_of_the_playground_prints_what_python_prints(
    browser: WebDriver, site: str, name: str
):
    (place,) = examples(browser, site + "playground.html")
    choice = place.element.find_element(By.CSS_SELECTOR, f"option[value='{name}']")
    choice.click()
    area = place.element.find_element(By.CSS_SELECTOR, "textarea")
    WebDriverWait(browser, LIMIT).until(lambda _: area.get_property("value"))
    status = place.run()
    if "deadlock" in name:
        assert status.startswith("Deadlock:") and "MainThread" not in status.split(":")[0]
        return
    program = Path(run.HERE, "playground", name)
    real = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=30)
    assert place.text(".run-output") == real.stdout and status.startswith("Ended")


def test_a_link_carries_the_code(browser: WebDriver, site: str):
    (place,) = examples(browser, site + "playground.html")
    code = "print('grüße', 1 + 1)\n"
    place.write(code)
    place.press(".run-link")
    WebDriverWait(browser, LIMIT).until(lambda _: "#code=" in browser.current_url)
    link = browser.current_url
    browser.get("about:blank")
    (place,) = examples(browser, link)
    area = place.element.find_element(By.CSS_SELECTOR, "textarea")
    WebDriverWait(browser, LIMIT).until(lambda _: area.get_property("value") == code)
    place.run()
    assert place.text(".run-output") == "grüße 2\n"


@pytest.mark.parametrize("program", OWN)
def test_a_run_is_the_same_in_the_browser(browser: WebDriver, site: str, program: str):
    """Event by event, byte for byte, what CPython's threads do on the model."""
    source = (ROOT / "tests" / "determinism" / "programs.py").read_text(encoding="utf-8")
    shown = (ROOT / "tests" / "determinism" / "trace.py").read_text(encoding="utf-8")
    shown = shown.replace("from .programs import PROGRAMS", "from programs import PROGRAMS")
    (place,) = examples(browser, site + "playground.html")
    place.write(
        "import hashlib, sys, types\n"
        f"for name, source in (('programs', {source!r}), ('shown', {shown!r})):\n"
        "    sys.modules[name] = module = types.ModuleType(name)\n"
        "    exec(compile(source, name, 'exec'), vars(module))\n"
        f"lines = sys.modules['shown'].run({program!r}, 0)\n"
        "print(len(lines), hashlib.sha256('\\n'.join(lines).encode()).hexdigest())\n"
    )
    place.run()
    lines = trace(program)
    expected = f"{len(lines)} {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}\n"
    assert place.text(".run-output") == expected


def test_a_package_that_is_not_the_locked_one_is_refused(tmp_path: Path):
    archive = tmp_path / "pyodide.tgz"
    archive.write_bytes(b"something else")
    with pytest.raises(fetch.Missing, match="not the locked package"):
        fetch.check(archive, fetch.LOCKED.read_text(encoding="utf-8").split()[1])
