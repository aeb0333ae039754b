"""Stepping through a conversation, with the mouse, the keyboard, a screen reader's eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from .conftest import violations
from .frame import out_of_sight

TUTORIAL = "tutorials/server-and-client.html"
PAGES = [
    "index.html",
    TUTORIAL,
    "tutorials/datagrams.html",
    "tutorials/many-clients.html",
    "how-to/avoid-deadlock.html",
    "tutorials/unix-sockets.html",
    "tutorials/web-server.html",
    "explanation/backlog.html",
    "explanation/how-connections-end.html",
    "reference/calls/accept.html",
    "reference/calls/connect.html",
    "reference/calls/shutdown.html",
    "reference/calls/close.html",
    "reference/states.html",
]
STEPPED = ["index.html", TUTORIAL, "tutorials/unix-sockets.html", "explanation/backlog.html"]
SIZES = [(1280, 900), (360, 740)]
STEP = """
for (const whole of document.querySelectorAll(".conversation")) {
  whole.querySelector("[data-go=start]").click();
  for (let step = 1; step < arguments[0]; step++) whole.querySelector("[data-go=forward]").click();
}
"""


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}px")
def sized(
    request: pytest.FixtureRequest, new_browser: Callable[..., WebDriver]
) -> Iterator[WebDriver]:
    driver = new_browser(*request.param)
    yield driver
    driver.quit()


def first(driver: WebDriver, address: str) -> WebElement:
    driver.get(address)
    driver.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    whole = driver.find_element(By.CSS_SELECTOR, ".conversation")
    driver.execute_script("arguments[0].querySelector('.cv-title').scrollIntoView()", whole)
    return whole


def press(whole: WebElement, button: str) -> None:
    whole.find_element(By.CSS_SELECTOR, f"[data-go={button}]").click()


def shown(driver: WebDriver, whole: WebElement) -> int:
    return driver.execute_script(
        "return [...arguments[0].querySelectorAll('.cv-row:not(.cv-head)')]"
        ".filter(row => getComputedStyle(row).visibility === 'visible').length",
        whole,
    )


def now(whole: WebElement) -> str:
    return whole.find_element(By.CSS_SELECTOR, ".cv-now").text


def test_stepping_to_the_end_and_back(browser: WebDriver, site: str):
    whole = first(browser, site + TUTORIAL)
    words = browser.execute_script(
        "return [...arguments[0].querySelectorAll('.cv-words li')]"
        ".map(item => item.textContent.trim())",
        whole,
    )
    assert shown(browser, whole) == len(words) > 20
    press(whole, "start")
    for step, sentence in enumerate(words, 1):
        assert (now(whole), shown(browser, whole)) == (" ".join(sentence.split()), step)
        if step < len(words):
            press(whole, "forward")
    press(whole, "forward")  # the end stays the end
    assert shown(browser, whole) == len(words)
    for step in range(len(words) - 1, 0, -1):
        press(whole, "back")
        assert shown(browser, whole) == step
    press(whole, "start")
    assert shown(browser, whole) == len(words) and not now(whole)


def test_the_arrow_keys_step(browser: WebDriver, site: str):
    whole = first(browser, site + TUTORIAL)
    start = whole.find_element(By.CSS_SELECTOR, "[data-go=start]")
    start.send_keys(Keys.ENTER)
    focused = browser.switch_to.active_element
    last = int(whole.find_element(By.CSS_SELECTOR, ".cv-count").text.split()[-1])
    assert last > 20
    for key, step in (
        (Keys.ARROW_RIGHT, 2),
        (Keys.ARROW_DOWN, 3),
        (Keys.ARROW_LEFT, 2),
        (Keys.END, last),
        (Keys.HOME, 1),
    ):
        focused.send_keys(key)
        count = whole.find_element(By.CSS_SELECTOR, ".cv-count").text
        assert count.startswith(f"step {step} of ")
    focused.send_keys(Keys.ESCAPE)
    assert "cv-stepping" not in whole.get_attribute("class")


def test_the_line_and_the_sockets_are_those_of_the_step(browser: WebDriver, site: str):
    whole = first(browser, site + TUTORIAL)
    program = whole.find_element(By.CSS_SELECTOR, ".cv-program pre").text.splitlines()
    press(whole, "start")
    while "client.sendall(b'hello')" not in now(whole):
        press(whole, "forward")
    mark = whole.find_element(By.CSS_SELECTOR, ".cv-mark:not(.cv-mark-waits)")
    assert "client.sendall" in program[int(mark.get_attribute("data-line")) - 1]
    waiting = whole.find_element(By.CSS_SELECTOR, ".cv-mark-waits")
    assert "listener.accept" in program[int(waiting.get_attribute("data-line")) - 1]
    place = browser.execute_script(
        "const code = arguments[0].querySelector('.cv-program pre'), mark = arguments[1];"
        "const style = getComputedStyle(code), height = parseFloat(style.lineHeight);"
        "return (mark.getBoundingClientRect().top - code.getBoundingClientRect().top"
        " - parseFloat(style.paddingTop)) / height + 1",
        whole,
        mark,
    )
    assert abs(place - int(mark.get_attribute("data-line"))) < 0.1
    press(whole, "forward")
    cards = [card.text for card in whole.find_elements(By.CSS_SELECTOR, ".cv-socket")]
    assert any("listener" in text and "LISTEN" in text and "1 of 128" in text for text in cards)
    assert any("connection" in text and "5 bytes b'hello'" in text for text in cards)


def test_stepping_does_not_scroll_the_page(browser: WebDriver, site: str):
    whole = first(browser, site + TUTORIAL)
    press(whole, "start")
    before = browser.execute_script("return window.scrollY")
    for _ in range(20):
        press(whole, "forward")
    inside = browser.execute_script(
        "const box = arguments[0].querySelector('.cv-picture').getBoundingClientRect();"
        "const row = arguments[0].querySelector('.cv-at').getBoundingClientRect();"
        "return row.top >= box.top && row.bottom <= box.bottom",
        whole,
    )
    assert inside and browser.execute_script("return window.scrollY") == before


@pytest.mark.parametrize("page", STEPPED)
def test_a_step_fits_on_one_screen(sized: WebDriver, site: str, page: str):
    whole = first(sized, site + page)
    sized.execute_script("arguments[0].scrollIntoView({block: 'end'})",
                         whole.find_element(By.CSS_SELECTOR, ".cv-bar"))  # fmt: skip
    press(whole, "start")
    unseen = []
    for step in range(1, 14):
        press(whole, "forward")
        if whole.find_elements(By.CSS_SELECTOR, ".cv-mark:not(.cv-mark-waits)"):
            unseen += [(step, part) for part in out_of_sight(whole)]
    assert not unseen


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", STEPPED)
def test_axe_finds_nothing_in_a_stepped_conversation(
    sized: WebDriver, site: str, axe: str, page: str, theme: str
):
    sized.get(site + page)
    sized.execute_script("document.body.dataset.theme = arguments[0]", theme)
    sized.execute_script(STEP, 9)
    report = violations(sized, axe)
    assert not report, "\n".join(report)
    width = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    wide, room = sized.execute_script(width)
    assert wide <= room


@pytest.mark.parametrize("page", PAGES)
def test_no_text_of_a_picture_is_cut_or_smaller_than_twelve_pixels(
    sized: WebDriver, site: str, page: str
):
    sized.get(site + page)
    found = sized.execute_script(
        """
        const bad = [];
        for (const cell of document.querySelectorAll(".cv-picture :is(.cv-l, .cv-w, .cv-r) *")) {
          const text = [...cell.childNodes].some(n => n.nodeType === 3 && n.data.trim());
          if (!text) continue;
          const box = cell.getBoundingClientRect();
          const room = cell.closest(".cv-picture").getBoundingClientRect();
          const size = parseFloat(getComputedStyle(cell).fontSize);
          if (size < 12) bad.push("small: " + cell.textContent);
          if (box.left < room.left || box.right > room.right) bad.push("cut: " + cell.textContent);
        }
        return [bad, document.querySelectorAll(".cv-picture").length]
        """
    )
    assert found[0] == [] and found[1]


def test_without_javascript_the_whole_picture_and_its_words_are_there(new_browser, site: str):
    driver = new_browser(1280, 900, "--blink-settings=scriptEnabled=false")
    try:
        driver.get(site + TUTORIAL)
        whole = driver.find_element(By.CSS_SELECTOR, ".conversation")
        rows = whole.find_elements(By.CSS_SELECTOR, ".cv-row:not(.cv-head)")
        assert len(rows) > 20 and all(row.is_displayed() for row in rows)
        assert not whole.find_element(By.CSS_SELECTOR, ".cv-bar").is_displayed()
        whole.find_element(By.CSS_SELECTOR, "summary").send_keys(Keys.ENTER)
        items = whole.find_elements(By.CSS_SELECTOR, ".cv-words li")
        assert len(items) == len(rows) and items[0].is_displayed()
    finally:
        driver.quit()
