"""Pages in a frame, whose worker outlives them: loading Python takes seconds, a run milliseconds.

    the window     keeps the worker of the page before, and listens while buttons are pressed
      └ a frame    a page of the site, as it is served; its `new Worker` gives the kept one

A page's first Run asks for a new machine, so that nothing of the page before is left; a page that
ends its worker (Stop, a busy loop) ends the kept one.  All else is the page's own script.

May not know: what a page is to print.
"""

from __future__ import annotations

from dataclasses import dataclass

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

LIMIT = 300
"""Seconds after which something hangs, on however busy a machine; nothing is judged by it."""

IN_WINDOW = """
document.head.innerHTML = '<meta name="viewport" content="width=device-width, initial-scale=1">';
document.body.innerHTML = '<iframe style="position:fixed;inset:0;border:0;width:100%;height:100%">';
const Real = Worker;
const kept = new Map();  // address -> worker
window.asked = [];       // the requests that pages made of their workers
window.forget = () => kept.forEach((worker) => worker.terminate());
window.Kept = function (address, options) {
  let worker = kept.get(String(address));
  if (worker) {
    const { ready } = worker;
    if (ready) queueMicrotask(() => worker.onmessage({ data: ready }));
    return worker;
  }
  worker = new Real(address, options);
  worker.addEventListener("message", ({ data }) => {
    if (data.type === "ready") worker.ready = data;
  });
  worker.postMessage = (request) => {
    window.change?.(request);
    window.asked.push(request);
    Real.prototype.postMessage.call(worker, request);
  };
  worker.terminate = () => {
    kept.delete(String(address));
    Real.prototype.terminate.call(worker);
  };
  kept.set(String(address), worker);
  return worker;
};
"""
OPEN = """
const [address, done] = arguments;
const frame = document.querySelector("iframe");
window.asked = [];
window.change = null;
frame.onload = async () => {
  frame.contentWindow.Worker = Kept;  // before anything is pressed, and no earlier is one made
  while (frame.contentDocument.querySelector(".run button:disabled")) {  // its script still comes
    await new Promise((later) => setTimeout(later, 5));
  }
  done(true);
};
frame.src = address;
"""
PRESS_ALL = """
const done = arguments[0];
const page = document.querySelector("iframe").contentDocument;
async function press(place) {
  const button = place.querySelector(".run-go");
  await new Promise((ended) => {
    const observer = new MutationObserver(() => {
      if (button.textContent === "Run") { observer.disconnect(); ended(); }
    });
    observer.observe(button, { childList: true, characterData: true, subtree: true });
    button.click();
  });
  const printed = [];
  for (const node of place.querySelector(".run-output pre")?.childNodes ?? []) {
    if (node.className === "run-source") printed.push([node.textContent, ""]);
    else if (node.className !== "run-complaints") printed.at(-1)[1] += node.textContent;
  }
  const status = place.querySelector(".run-status").textContent;
  return { block: Number(place.dataset.block), status, printed };
}
(async () => {
  const results = [];
  for (const place of page.querySelectorAll(".run")) results.push(await press(place));
  done(results);
})().catch((error) => done(String(error)));
"""


@dataclass(frozen=True)
class Pressed:
    """What stands below a block after its Run was pressed and has ended."""

    block: int
    status: str
    printed: list[list[str]]
    """Each statement or command as it is shown, and what stands below it."""


def told(results: object) -> list[Pressed]:
    """What `PRESS_ALL` has come to."""
    assert isinstance(results, list), results
    return [Pressed(**each) for each in results]


class Frame:
    """A window with a frame in it that shows one page of the site after the other."""

    def __init__(self, driver: WebDriver, site: str) -> None:
        self.driver = driver
        self.site = site
        driver.set_script_timeout(LIMIT)
        driver.get(site + "llms.txt")  # a page of the site's origin with no script of its own
        driver.execute_script(IN_WINDOW)

    def open(self, name: str) -> None:
        """Show the page *name*; what is looked for on *driver* from now on is looked for there."""
        self.driver.switch_to.default_content()
        self.driver.execute_async_script(OPEN, self.site + name)
        self.driver.switch_to.frame(self.driver.find_element(By.CSS_SELECTOR, "iframe"))

    def forget(self) -> None:
        """End the workers that are kept."""
        self.driver.switch_to.default_content()
        self.driver.execute_script("forget()")

    def press_all(self) -> list[Pressed]:
        """Press every Run of the page, one after the other, each when the one before has ended."""
        self.driver.switch_to.default_content()
        return told(self.driver.execute_async_script(PRESS_ALL))


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
            WebDriverWait(self.driver, LIMIT, 0.02).until(
                lambda _: self.element.find_elements(By.CSS_SELECTOR, "textarea")
            )
        area = self.element.find_element(By.CSS_SELECTOR, "textarea")
        self.driver.execute_script("arguments[0].value = arguments[1]", area, code)


WALK = """
const whole = document.querySelector(arguments[0]), seen = [];
const rows = () => [...whole.querySelectorAll(".cv-row:not(.cv-head)")];
const visible = () => rows().filter(row => getComputedStyle(row).visibility === "visible").length;
const press = where => whole.querySelector(`.cv-bar [data-go=${where}]`).click();
if (!whole.matches(".cv-stepping")) press("start");
seen.push(visible());
for (const _ of rows().slice(1)) { press("forward"); seen.push(visible()); }
for (const _ of rows().slice(1)) { press("back"); seen.push(visible()); }
return [rows().length, seen];
"""
"""Steps to the end and back; how many rows there are, and how many can be seen at each step."""
PAIR = """\
import socket
near, far = socket.socketpair()
near.sendall(b"hello")
far.recv(100)
near.close(); far.close()
"""
OUT_OF_SIGHT = """
const [whole] = arguments;
const parts = [".cv-mark:not(.cv-mark-waits)", "[data-go=forward]", ".cv-now", ".cv-row.cv-at"];
return parts.filter((part) => {
  const { top, bottom } = whole.querySelector(part).getBoundingClientRect();
  return top < 0 || bottom > innerHeight;
});
"""


def out_of_sight(whole: WebElement) -> list[str]:
    """What of a step is not on the screen: its line, the buttons, its sentence, its row."""
    return list(whole.parent.execute_script(OUT_OF_SIGHT, whole))


def shown(driver: WebDriver) -> list[Example]:
    """The examples of the page, or of the page in the frame, once they can be pressed."""
    WebDriverWait(driver, LIMIT, 0.02).until_not(
        lambda _: driver.find_elements(By.CSS_SELECTOR, ".run button:disabled")
    )
    return [Example(driver, found) for found in driver.find_elements(By.CSS_SELECTOR, ".run")]
