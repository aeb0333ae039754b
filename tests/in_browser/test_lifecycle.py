"""What happens around a run: networks that are slow or away, other tabs, reloads, what is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import run
import serve
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.echo import THREADED

from .conftest import ROOT, Opened, served
from .frame import LIMIT, Example, shown

pytestmark = pytest.mark.skipif(not run.available(), reason="the site is built without Run")

FIRST = "tutorials/first-socket.html"
AWAY = "The site cannot be reached"
MACHINES = """\
import gc
gc.collect()
print(sum(type(each).__name__ == "Machine" for each in gc.get_objects()))
"""


GARBAGE = """\
import threading
done = threading.Event()

def make():
    for _ in range(100_000):
        circle = []
        circle.append(circle)

def wait(depth):
    if depth:
        wait(depth - 1)
    else:
        done.wait()

waiting = [threading.Thread(target=wait, args=(depth,)) for depth in (0, 40, 5)]
making = [threading.Thread(target=make) for _ in range(3)]
for thread in waiting + making:
    thread.start()
for thread in making:
    thread.join()
make()
done.set()
for thread in waiting:
    thread.join()
make()
print("all ended")
"""


class Network:
    """What stands between the reader and the site: files that are away, or that wait."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.held: set[str] = set()
        self.unknown = False
        self.go = threading.Event()


class Troubled(serve.Handler):
    """Serves what the network lets through."""

    network: Network

    def do_GET(self) -> None:
        name = urlsplit(self.path).path.rpartition("/")[2]
        if name in self.network.held:
            self.network.go.wait(LIMIT)
        if name not in self.network.away:
            return super().do_GET()
        if name.endswith(".wasm"):  # the connection breaks in the middle
            self.send_response(200)
            self.send_header("Content-Type", "application/wasm")
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"\0asm")
        self.close_connection = True

    def guess_type(self, path: Any) -> str:
        return "application/octet-stream" if self.network.unknown and path.endswith(".wasm") else (
            super().guess_type(path))  # fmt: skip

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.go.set()


@pytest.fixture
def troubled(network: Network) -> Iterator[str]:
    handler = type("Handler", (Troubled,), {"network": network})
    with served(ROOT / "build" / "html", handler) as address:
        yield address


def wait_for(place: Example, text: str) -> None:
    WebDriverWait(place.driver, LIMIT, 0.02).until(lambda _: text in place.text(".run-status"))


# a network that is slow, or away


@pytest.mark.parametrize(
    "name",
    ["first-socket.json", "run-worker.js", "pyodide.mjs", "pyodide.asm.wasm", "run-model.zip"],
)
def test_what_cannot_be_fetched_is_said_and_the_next_run_works(
    browser: WebDriver, troubled: str, network: Network, name: str
):
    network.away = {name}
    browser.get(troubled + FIRST)
    place = shown(browser)[0]
    assert AWAY in place.run()
    network.away = set()
    assert place.run().startswith("As recorded")


def test_buttons_that_need_more_say_so_and_work_once_it_is_there(
    browser: WebDriver, troubled: str, network: Network
):
    network.away = {"laboratory.js", "editor.js", "faults.json"}
    browser.get(troubled + FIRST)
    place = shown(browser)[1]
    for button in (".run-faulty", ".run-edit", ".run-step"):
        browser.execute_script("arguments[0].querySelector('.run-status').textContent = ''",
                               place.element)  # fmt: skip
        place.press(button)
        wait_for(place, AWAY)
    network.away = set()
    for button, what in ((".run-faulty", ".run-faults"), (".run-edit", "textarea"),
                         (".run-step", ".run-story")):  # fmt: skip
        place.press(button)
        WebDriverWait(browser, LIMIT, 0.02).until(
            lambda _, what=what: place.element.find_elements(By.CSS_SELECTOR, what)
        )
    assert AWAY not in place.text(".run-status")


def test_while_python_comes_time_is_shown_and_stop_works(
    browser: WebDriver, troubled: str, network: Network
):
    network.held = {"pyodide.asm.wasm"}
    browser.get(troubled + FIRST)
    place = shown(browser)[0]
    place.press()
    wait_for(place, "Loading Python, 6 MB, once …")
    status = place.element.find_element(By.CSS_SELECTOR, ".run-status")
    WebDriverWait(browser, LIMIT).until(lambda _: status.get_attribute("data-waited"))
    assert place.element.find_element(By.CSS_SELECTOR, "progress").is_displayed()
    assert place.text(".run-go") == "Stop"
    place.press()
    assert place.text(".run-status").startswith("Stopped.") and place.has_ended()
    assert not place.element.find_elements(By.CSS_SELECTOR, "progress")
    network.go.set()
    assert place.run().startswith("As recorded")


def test_everything_a_page_asks_for_later_carries_one_version(browser: WebDriver, site: str):
    browser.get(site + FIRST)
    place = shown(browser)[0]
    place.press(".run-edit")
    WebDriverWait(browser, LIMIT).until(
        lambda _: place.element.find_elements(By.CSS_SELECTOR, "textarea")
    )
    place.press(".run-faulty")
    WebDriverWait(browser, LIMIT).until(
        lambda _: place.element.find_elements(By.CSS_SELECTOR, ".run-faults")
    )
    versions = browser.execute_script(
        "const of = document.getElementById('run-script').dataset; return [of.version, of.examples]"
    )
    asked = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    later = [url for url in asked if "_examples" in url or "editor" in url or "laboratory" in url]
    assert len(later) == 4 and {url.rpartition("?v=")[2] for url in later} == set(versions)


def test_a_host_that_does_not_know_webassembly_runs_it_too(
    browser: WebDriver, troubled: str, network: Network
):
    network.unknown = True
    browser.get(troubled + FIRST)
    assert shown(browser)[0].run().startswith("As recorded")


def choose(place: Example, name: str) -> None:
    place.driver.execute_script(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))",
        place.element.find_element(By.CSS_SELECTOR, "select"),
        name,
    )


PROGRAMS = "playground-programs.json"


def test_run_waits_for_the_program_that_was_chosen(
    browser: WebDriver, troubled: str, network: Network
):
    network.held = {PROGRAMS}
    browser.get(troubled + "playground.html")
    (place,) = shown(browser)
    typed(place, "print('old')")
    choose(place, "7_deadlock.py")
    choose(place, "6_unix.py")  # the last one counts
    assert place.text(".run-status") == "The program is coming …"
    place.press()
    place.element.find_element(By.CSS_SELECTOR, "textarea").send_keys("typed into what goes away")
    assert text_of(place) == "print('old')" and not place.has_ended()
    network.go.set()
    WebDriverWait(browser, LIMIT, 0.02).until(place.has_ended)
    assert place.text(".run-status").startswith("Ended after")
    assert "AF_UNIX" in text_of(place) and "old" not in place.text(".run-output")


def test_a_program_that_does_not_come_is_not_run_as_another(
    browser: WebDriver, troubled: str, network: Network
):
    network.away, network.held = {PROGRAMS}, {PROGRAMS}
    browser.get(troubled + "playground.html")
    (place,) = shown(browser)
    typed(place, "print('old')")
    choose(place, "6_unix.py")
    place.press()
    network.go.set()
    WebDriverWait(browser, LIMIT, 0.02).until(place.has_ended)
    assert "did not come; the editor has what it had" in place.text(".run-status")
    choice = place.element.find_element(By.CSS_SELECTOR, "select")
    assert choice.get_property("value") == "" and not place.text(".run-output")
    place.run()
    assert place.text(".run-output") == "old\n"
    network.away = set()
    choose(place, "6_unix.py")
    place.run()
    assert "AF_UNIX" in text_of(place) and "old" not in place.text(".run-output")


# other runs, other tabs, other pages


def test_another_run_on_the_page_ends_the_first(browser: WebDriver, site: str):
    browser.get(site + FIRST)
    one, other = shown(browser)[:2]
    one.write("while True: pass\n")
    one.press()
    wait_for(one, "Running")
    other.element.find_element(By.CSS_SELECTOR, ".run-go")
    one.press(".run-edit")  # Reset, while it runs
    assert one.has_ended()
    one.press()
    assert other.run().startswith("As recorded")
    assert one.text(".run-status").startswith("Stopped.") and one.has_ended()


def test_two_tabs_do_not_know_each_other(browser: WebDriver, site: str):
    code = "import builtins, time\nbuiltins.seen = getattr(builtins, 'seen', 0) + 1\nprint(seen)\n"
    first = browser.current_window_handle
    tabs = [first]
    browser.switch_to.new_window("tab")
    tabs.append(browser.current_window_handle)
    places = []
    for tab in tabs:
        browser.switch_to.window(tab)
        browser.get(site + "playground.html")
        places.append(shown(browser)[0])
        places[-1].write(code)
    try:
        for tab, place in zip(tabs, places, strict=True):
            browser.switch_to.window(tab)
            place.run()
            assert place.text(".run-output") == "1\n"
    finally:
        browser.switch_to.window(tabs[1])
        browser.close()
        browser.switch_to.window(first)


def test_a_page_left_while_it_runs_is_whole_when_one_comes_back(browser: WebDriver, site: str):
    browser.get(site + FIRST)
    place = shown(browser)[0]
    place.write("while True: pass\n")
    place.press()
    wait_for(place, "Running")
    browser.get(site + "index.html")
    browser.back()
    place = shown(browser)[0]
    if not place.has_ended():  # the page was kept as it was
        place.press()
        assert place.text(".run-status").startswith("Stopped.")
    assert place.run().startswith(("As recorded", "Stopped"))
    browser.refresh()
    place = shown(browser)[0]
    assert place.text(".run-go") == "Run" and place.run().startswith("As recorded")


def test_garbage_is_made_while_stacks_are_put_aside(opened: Opened):
    (place,) = opened("playground.html")
    place.write(GARBAGE)
    assert place.run().startswith("Ended")
    assert place.text(".run-output") == "all ended\n"


def test_runs_leave_no_machine_behind(opened: Opened):
    (place,) = opened("playground.html")
    place.write(THREADED)
    for button in (".run-go", ".run-step") * 4:
        place.press(button)
        WebDriverWait(place.driver, LIMIT, 0.02).until(place.has_ended)
    place.write(MACHINES)
    place.run()
    # Of its own run: the session's, and the model's
    assert place.text(".run-output") == "2\n"


# what is kept


def text_of(place: Example) -> str:
    return str(place.element.find_element(By.CSS_SELECTOR, "textarea").get_property("value"))


def typed(place: Example, *keys: str) -> None:
    area = place.element.find_element(By.CSS_SELECTOR, "textarea")
    area.clear()
    area.send_keys(*keys)


def test_what_was_written_is_there_after_a_reload_until_it_is_reset(browser: WebDriver, site: str):
    browser.get(site + FIRST)
    place = shown(browser)[0]
    place.write("")
    typed(place, "print('mine')")
    browser.refresh()
    place = shown(browser)[0]
    place.press(".run-edit")
    wait_for(place, "With what you changed before; Reset takes it back.")
    assert text_of(place) == "print('mine')"
    assert place.run() == "Your change ran."
    place.press(".run-edit")
    browser.refresh()
    place = shown(browser)[0]
    place.press(".run-edit")
    wait_for(place, "Ctrl+Enter")
    assert "mine" not in text_of(place) + place.text(".run-status")


def test_the_playground_keeps_its_program_and_a_link_comes_first(browser: WebDriver, site: str):
    browser.get(site + "playground.html")
    (place,) = shown(browser)
    typed(place, "print('mine')")
    place.press(".run-link")
    WebDriverWait(browser, LIMIT).until(lambda _: "#code=" in browser.current_url)
    link = browser.current_url
    typed(place, "print('later')")
    assert "#code=" not in browser.current_url
    browser.refresh()
    (place,) = shown(browser)
    assert text_of(place) == "print('later')"
    browser.get(site + "index.html")
    browser.get(link)
    (place,) = shown(browser)
    WebDriverWait(browser, LIMIT).until(lambda _: text_of(place) == "print('mine')")


def test_a_browser_that_keeps_nothing_runs_and_edits(
    new_browser: Callable[..., WebDriver], site: str
):
    driver = new_browser()
    refuse = (
        "Object.defineProperty(window, 'localStorage',"
        "{ get() { throw new DOMException('refused', 'SecurityError'); } });"
    )
    try:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": refuse})
        driver.get(site + FIRST)
        place = shown(driver)[0]
        place.write("print('mine')\n")
        assert place.run() == "Your change ran."
        place.press(".run-edit")
        assert place.run().startswith("As recorded")
        driver.get(site + "playground.html")
        (place,) = shown(driver)
        typed(place, "print(1)")
        assert place.run().startswith("Ended")
    finally:
        driver.quit()


# the editor


def test_a_line_begins_as_deep_as_the_one_before_and_deeper_after_a_colon(
    browser: WebDriver, site: str
):
    browser.get(site + "playground.html")
    (place,) = shown(browser)
    typed(place, "for n in range(2):", Keys.ENTER, "print(n)", Keys.ENTER, "print(-n)")
    assert text_of(place) == "for n in range(2):\n    print(n)\n    print(-n)"
    place.element.find_element(By.CSS_SELECTOR, "textarea").send_keys(Keys.CONTROL, "z")
    assert text_of(place) != "for n in range(2):\n    print(n)\n    print(-n)"  # it can be undone


def test_the_output_is_copied_and_the_program_saved(browser: WebDriver, site: str):
    browser.get(site + "playground.html")
    allowed = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": site}
    browser.execute_cdp_cmd("Browser.grantPermissions", allowed)
    (place,) = shown(browser)
    place.write("print('grüße')\nprint('x' * 3)\n")
    place.run()
    place.press(".run-copy")
    WebDriverWait(browser, LIMIT).until(lambda _: place.text(".run-copy") == "Copied")
    text = browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert text == "grüße\nxxx\n"
    saved = browser.execute_async_script(
        """
        const [done] = arguments;
        document.addEventListener("click", async (event) => {
          if (!event.target.download) return;
          event.preventDefault();
          done([event.target.download, await (await fetch(event.target.href)).text()]);
        }, true);
        const click = HTMLAnchorElement.prototype.click;
        HTMLAnchorElement.prototype.click = function () {
          document.body.append(this);
          click.call(this);
        };
        document.querySelector(".run-save").click();
        """
    )
    assert saved == ["program.py", "print('grüße')\nprint('x' * 3)\n"]


def test_a_program_chosen_by_mistake_is_taken_back(browser: WebDriver, site: str):
    browser.get(site + "playground.html")
    (place,) = shown(browser)
    typed(place, "print('mine')")
    choose(place, "6_unix.py")
    WebDriverWait(browser, LIMIT).until(lambda _: "AF_UNIX" in text_of(place))
    place.element.find_element(By.CSS_SELECTOR, "textarea").send_keys(Keys.CONTROL, "z")
    assert text_of(place) == "print('mine')"
