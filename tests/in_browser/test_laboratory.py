"""The laboratory, in a real browser: a reader's own run is stepped, and faults are switched on."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import run
from conversation.live import Live
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

import bsdsockets
from bsdsockets import faults
from tests.echo import THREADED

from .conftest import Opened, violations
from .frame import LIMIT, Example, Frame, out_of_sight, shown

pytestmark = pytest.mark.skipif(not run.available(), reason="the site is built without Run")

FIRST = "tutorials/first-socket.html"
FRAMING = "how-to/read-exactly-n-bytes.html"
SERVER = "tutorials/server-and-client.html"
DEADLOCK = """\
import socket
a, b = socket.socketpair()
a.recv(1)
"""
NAIVE = "def recv_exactly(sock, count):\n    return sock.recv(count)\n"


WALK = """
const [story] = arguments, seen = [];
const look = () => seen.push([story.querySelector(".cv-now").textContent,
  [...story.querySelectorAll(".cv-row:not(.cv-head)")]
    .filter(row => getComputedStyle(row).visibility === "visible").length]);
const press = (where) => story.querySelector(`[data-go=${where}]`).click();
const last = story.querySelectorAll(".cv-row:not(.cv-head)").length;
look();
for (let step = 1; step < last; step++) { press("forward"); look(); }
for (let step = 1; step < last; step++) { press("back"); look(); }
return seen;
"""
"""Steps to the end and back; what is said and how many rows can be seen at each step."""


def step(place: Example) -> WebElement:
    """Press Step; the picture of the run."""
    place.press(".run-step")
    driver = place.driver
    WebDriverWait(driver, LIMIT, 0.02).until(
        lambda _: place.has_ended() and place.element.find_elements(By.CSS_SELECTOR, ".run-story")
    )
    return place.element.find_element(By.CSS_SELECTOR, ".run-story")


def switch(place: Example, *names: str) -> None:
    """Switch faults on."""
    button = place.element.find_element(By.CSS_SELECTOR, ".run-faulty")
    if button.get_attribute("aria-expanded") == "false":
        place.press(".run-faulty")
        WebDriverWait(place.driver, LIMIT, 0.02).until(
            lambda _: button.get_attribute("aria-expanded") == "true"
        )
    for name in names:
        place.press(f".run-fault input[value='{name}']")


def programs(found: list[Example]) -> Example:
    """The first block that starts whole programs."""
    return next(e for e in found if "programs" in (e.element.get_attribute("data-name") or ""))


def words(story: WebElement) -> list[str]:
    """The text twin."""
    return [
        str(item.get_property("textContent"))
        for item in story.find_elements(By.CSS_SELECTOR, ".cv-words li")
    ]


def press(story: WebElement, where: str) -> None:
    button = story.find_element(By.CSS_SELECTOR, f"[data-go={where}]")
    story.parent.execute_script("arguments[0].click()", button)


def now(story: WebElement) -> str:
    return str(story.find_element(By.CSS_SELECTOR, ".cv-now").get_property("textContent"))


def rows(story: WebElement) -> int:
    """How many steps can be seen."""
    return story.parent.execute_script(
        "return [...arguments[0].querySelectorAll('.cv-row:not(.cv-head)')]"
        ".filter(row => getComputedStyle(row).visibility === 'visible').length",
        story,
    )


def marked(story: WebElement) -> str:
    """The line of the code over which the mark lies, by where both are drawn."""
    return story.parent.execute_script(
        """
        const code = arguments[0].querySelector(".cv-program pre");
        const mark = arguments[0].querySelector(".cv-mark:not(.cv-mark-waits)");
        if (!mark) return "";
        const style = getComputedStyle(code);
        const middle = mark.getBoundingClientRect().top + mark.offsetHeight / 2;
        const top = code.getBoundingClientRect().top + parseFloat(style.paddingTop);
        const line = Math.floor((middle - top) / parseFloat(style.lineHeight));
        return code.textContent.split("\\n")[line];
        """,
        story,
    )


# stepping


def test_an_edited_run_is_stepped_to_its_end_and_back(opened: Opened):
    (place,) = opened("playground.html")
    place.write(THREADED)
    story = step(place)
    told = words(story)
    assert len(told) > 20 and rows(story) == 1
    seen = place.driver.execute_script(WALK, story)
    there = [[sentence, number] for number, sentence in enumerate(told, 1)]
    assert seen == [*there, *there[-2::-1]]
    press(story, "start")  # "Show all"
    assert rows(story) == len(told)


def test_the_steps_show_lines_sockets_and_who_waits(opened: Opened):
    (place,) = opened("playground.html")
    place.write(THREADED)
    story = step(place)
    while "PSH ACK" not in now(story):
        assert marked(story).strip() or "pass." in now(story)
        press(story, "forward")
    assert marked(story).strip() == 'client.sendall(b"hello")'
    waiting = story.find_element(By.CSS_SELECTOR, ".cv-mark-waits").get_attribute("data-line")
    assert "accept" in THREADED.splitlines()[int(waiting or 0) - 1]
    cards = [card.text for card in story.find_elements(By.CSS_SELECTOR, ".cv-socket")]
    assert any("connection" in text and "5 bytes b'hello'" in text for text in cards)
    assert any("listener" in text and "1 of 128" in text for text in cards)


def test_the_browser_tells_what_python_tells(opened: Opened):
    (place,) = opened("playground.html")
    place.write(THREADED)
    in_browser = words(step(place))
    machine = bsdsockets.Machine()
    live = Live(machine)
    live.add("program.py", "program.py", THREADED)
    live.start()
    names = dict(vars(builtins), __import__=machine.import_)
    exec(compile(THREADED, "program.py", "exec"), {"__name__": "__main__", "__builtins__": names})
    live.end()
    told = live.tell()
    machine.close()
    assert told and in_browser == ["".join(parts) for parts in told["words"]]


def test_the_arrow_keys_step_and_the_line_stays_in_sight(opened: Opened):
    (place,) = opened("playground.html")
    place.write("\n" * 40 + THREADED)
    button = place.element.find_element(By.CSS_SELECTOR, ".run-step")
    button.send_keys(Keys.ENTER)
    WebDriverWait(place.driver, LIMIT, 0.02).until(
        lambda _: place.element.find_elements(By.CSS_SELECTOR, ".cv-stepping")
    )
    story = place.element.find_element(By.CSS_SELECTOR, ".run-story")
    focused = place.driver.switch_to.active_element
    assert focused.get_attribute("data-go") == "forward"  # the keyboard came along
    for key, count in ((Keys.ARROW_RIGHT, 2), (Keys.ARROW_LEFT, 1), (Keys.END, len(words(story)))):
        focused.send_keys(key)
        counted = story.find_element(By.CSS_SELECTOR, ".cv-count").text
        assert counted.startswith(f"step {count} of ")
        inside = place.driver.execute_script(
            "const box = arguments[0].querySelector('.cv-listing').getBoundingClientRect();"
            "const mark = arguments[0].querySelector('.cv-mark:not(.cv-mark-waits)')"
            ".getBoundingClientRect(); return mark.top >= box.top && mark.bottom <= box.bottom",
            story,
        )
        assert inside
    focused.send_keys(Keys.ESCAPE)
    assert "cv-stepping" not in (story.get_attribute("class") or "")


def test_a_block_with_both_ends_is_stepped_with_what_ran_before_it(opened: Opened):
    found = opened(SERVER)
    block = next(each for each in found if "sendall" in each.element.parent.execute_script(
        "return arguments[0].parentElement.textContent", each.element))  # fmt: skip
    story = step(block)
    assert block.text(".run-status").startswith("As recorded")
    heads = [each.text for each in story.find_elements(By.CSS_SELECTOR, ".cv-head b")]
    assert heads == ["client", "server"]
    assert any("client → server: PSH ACK" in text for text in words(story))
    assert "sendall" in marked(story)


def test_every_program_of_a_console_has_its_own_rail(opened: Opened):
    place = programs(opened(SERVER))
    story = step(place)
    heads = [each.text for each in story.find_elements(By.CSS_SELECTOR, ".cv-head b")]
    assert heads == ["echo_client_tcp.py", "echo_server_tcp.py"]
    listing = story.find_element(By.CSS_SELECTOR, ".cv-listing pre").get_property("textContent")
    assert "echo_client_tcp.py\n" in str(listing) and "echo_server_tcp.py\n" in str(listing)


def test_a_conversation_makes_room_for_the_readers_own_run_of_it(opened: Opened):
    place = next(e for e in opened(SERVER) if e.element.get_attribute("data-actors"))
    whole = place.element.find_element(
        By.XPATH, "./ancestor::div[contains(@class, 'conversation')]"
    )
    recorded = whole.find_element(By.CSS_SELECTOR, ":scope > .cv-stage")
    assert recorded.is_displayed()
    code = str(place.element.parent.execute_script(
        "return arguments[0].querySelector('.cv-program pre').textContent", whole))  # fmt: skip
    place.write(code.replace('b"hello"', 'b"good day"'))
    story = step(place)
    assert "1 of 1 printed something else" in place.text(".run-status")
    assert any("b'good day'" in text for text in words(story)) and not recorded.is_displayed()
    place.press(".run-close")
    assert recorded.is_displayed()
    press(whole, "start")  # the page's own steps still work
    assert rows(whole) == 1


def test_a_deadlock_is_stepped_to_where_everybody_waits(opened: Opened):
    (place,) = opened("playground.html")
    place.write(DEADLOCK)
    story = step(place)
    assert place.text(".run-status").startswith("Deadlock:")
    assert any("a.recv(1) and waits" in text for text in words(story))


def test_a_run_without_end_is_cut_and_says_so(opened: Opened):
    (place,) = opened("playground.html")
    place.write("import socket\na, b = socket.socketpair()\n"
                "for _ in range(900): a.send(b'x'); b.recv(1)\n"
                "a.close(); b.close()\n")  # fmt: skip
    assert "the run went on" in step(place).find_element(By.CSS_SELECTOR, ".cv-cut").text
    assert place.text(".run-status").startswith("Ended")


def test_a_run_without_sockets_says_that_there_is_nothing_to_step(opened: Opened):
    (place,) = opened("playground.html")
    place.write("print(6 * 7)\n")
    place.press(".run-step")
    WebDriverWait(place.driver, LIMIT, 0.02).until(
        lambda _: "No socket was used" in place.text(".run-status")
    )
    assert "42" in place.text(".run-output")


# faults


def test_every_fault_of_the_model_has_a_labelled_switch(opened: Opened):
    place = opened(FIRST)[0]
    assert not place.element.find_elements(By.CSS_SELECTOR, ".run-faults")
    switch(place)
    boxes = place.element.find_elements(By.CSS_SELECTOR, ".run-fault > label > input")
    assert [box.get_attribute("value") for box in boxes] == [f["name"] for f in faults.known()]
    for box, fault in zip(boxes, faults.known(), strict=True):
        assert box.accessible_name == fault["label"]
        told = box.parent.find_element(By.ID, box.get_attribute("aria-describedby") or "")
        assert told.text == fault["sentence"]


def test_the_switches_are_worked_by_keyboard(opened: Opened):
    place = opened(FIRST)[0]
    driver = place.driver
    button = place.element.find_element(By.CSS_SELECTOR, ".run-faulty")
    button.send_keys(Keys.ENTER)
    WebDriverWait(driver, LIMIT, 0.02).until(
        lambda _: driver.switch_to.active_element.get_attribute("value") == "short reads"
    )
    driver.switch_to.active_element.send_keys(Keys.SPACE)
    assert button.text == "Faults: 1 on"
    driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert driver.switch_to.active_element == button
    assert not place.element.find_element(By.CSS_SELECTOR, ".run-faults").is_displayed()


def test_a_naive_reader_breaks_with_one_switch_and_holds_once_repaired(opened: Opened):
    place = next(
        each
        for each in opened(FRAMING)
        if "def recv_exactly(" in each.driver.execute_script(
            "return arguments[0].parentElement.textContent", each.element)
    )  # fmt: skip
    place.press(".run-edit")
    WebDriverWait(place.driver, LIMIT, 0.02).until(
        lambda _: place.element.find_elements(By.CSS_SELECTOR, "textarea")
    )
    area = place.element.find_element(By.CSS_SELECTOR, "textarea")
    right = str(area.get_property("value"))
    rest = right[right.index("import threading") :].replace(
        "    for byte in number:\n        client.sendall(bytes([byte]))\n",
        "    client.sendall(number)\n",
    )
    naive = NAIVE + rest
    place.write(naive)
    assert "as recorded" in place.run()  # on a kind day it works
    switch(place, "short reads")
    assert "With short reads: 1 of " in place.run()
    assert "struct.error" in place.text(".run-got")
    assert place.text(".run-under") == "With short reads:"
    place.write(right[: right.index("import threading")] + rest)  # repaired in place
    assert place.run().startswith("With short reads: it ran to its end")
    assert not place.element.find_elements(By.CSS_SELECTOR, ".run-got")


def test_the_playgrounds_naive_reader_breaks_and_its_right_one_holds(opened: Opened):
    (place,) = opened("playground.html")
    place.write(Path(run.HERE, "playground", "8_framing.py").read_text(encoding="utf-8"))
    place.run()
    whole = ["naive b'a whole message'", "right b'a whole message'"]
    assert place.text(".run-output").splitlines() == whole
    switch(place, "short reads")
    place.run()
    _, naive, right = place.text(".run-output").replace(":naive", ":\nnaive").splitlines()
    assert naive != whole[0] and right == whole[1]


def test_a_run_under_a_fault_is_not_taken_for_the_recorded_one(opened: Opened):
    found = opened(FIRST)
    place = found[1]
    assert place.run().startswith("As recorded")
    switch(place, "slow peer")
    assert place.run().startswith("With slow peer: the same as without")
    assert "recorded" not in place.text(".run-status") + place.text(".run-mark")
    switch(place, "slow peer", "short reads")
    assert place.run().startswith("With short reads: 1 of 2 printed something else")
    assert found[-1].run().startswith("As recorded")  # others run without
    switch(place, "short reads")
    assert place.run().startswith("As recorded")


def test_a_faults_parameters_are_those_the_reader_sets(opened: Opened):
    (place,) = opened("playground.html")
    place.write("import socket\na, b = socket.socketpair()\na.send(b'hello')\nprint(b.recv(9))\n"
                "a.close(); b.close()\n")  # fmt: skip
    switch(place, "short reads")
    field = place.element.find_element(By.CSS_SELECTOR, ".run-fault input[name=most]")
    place.driver.execute_script("arguments[0].value = 2", field)
    assert place.run().startswith("With short reads (most 2): it ran to its end")
    assert "b'he'" in place.text(".run-output")


def test_a_fault_can_be_stepped(opened: Opened):
    (place,) = opened("playground.html")
    place.write("import socket\n"
                "with socket.socket(type=socket.SOCK_DGRAM) as inbox, \\\n"
                "     socket.socket(type=socket.SOCK_DGRAM) as sender:\n"
                "    inbox.bind(('127.0.0.1', 0)); inbox.settimeout(1)\n"
                "    sender.sendto(b'gone', inbox.getsockname())\n"
                "    try: inbox.recv(9)\n"
                "    except TimeoutError: print('nothing came')\n")  # fmt: skip
    switch(place, "lost datagrams")
    story = step(place)
    lost = story.find_element(By.CSS_SELECTOR, ".cv-lost .cv-label").get_property("textContent")
    assert lost == "b'gone'UDP lost"
    assert "lost datagrams" in story.find_element(By.CSS_SELECTOR, ".cv-title").text
    assert "nothing came" in place.text(".run-output")


# what it costs, and how it looks


def test_nothing_of_it_is_loaded_before_it_is_asked_for(browser: WebDriver, site: str):
    browser.get(site + SERVER)
    names = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert any(name.split("?")[0].endswith("run.js") for name in names)
    assert not [name for name in names if "laboratory" in name or "faults.json" in name]


@pytest.mark.parametrize("size", [(1280, 900), (360, 740)], ids=["1280px", "360px"])
def test_axe_finds_nothing_in_a_stepped_run_and_its_switches(
    new_browser: Callable[..., WebDriver], site: str, axe: str, size: tuple[int, int]
):
    driver = new_browser(*size)
    try:
        frame = Frame(driver, site)
        for name in ("playground.html", SERVER, FRAMING):
            frame.open(name)
            place = programs(shown(driver)) if name == SERVER else shown(driver)[0]
            if name == "playground.html":
                place.write(THREADED)
            switch(place, "short reads", "reset")
            story = step(place)
            for _ in range(8):
                press(story, "forward")
            assert not out_of_sight(story)
            for theme in ("light", "dark"):
                driver.execute_script("document.body.dataset.theme = arguments[0]", theme)
                report = violations(driver, axe)
                assert not report, f"{name}, {theme}: {json.dumps(report, indent=1)}"
            width = driver.execute_script("return document.documentElement.scrollWidth")
            assert width <= size[0]
    finally:
        driver.quit()
