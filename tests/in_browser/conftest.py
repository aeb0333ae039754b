"""A served site, a browser that asks nobody else, and axe-core."""

from __future__ import annotations

import contextlib
import functools
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serve
from examples.programs import CHROMIUM
from run import fetch
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

from .frame import LIMIT, Example, Frame, shown

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = "axe-core@4.14.1"


@contextlib.contextmanager
def served(folder: Path, kind: type[serve.Handler] = serve.Handler) -> Iterator[str]:
    """Serve *folder* from loopback as ``make`` does; gives the address."""
    handler = functools.partial(kind, directory=str(folder))
    with serve.Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(10)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the built site, served from loopback."""
    folder = ROOT / "build" / "html"
    if not (folder / "index.html").exists():
        pytest.fail("the site is not built: run `make site` first")
    with served(folder) as address:
        yield address


def missing(config: pytest.Config, condition: str, message: str) -> None:
    """Skip for want of a program, or fail where it is required."""
    if condition in config.getoption("--require"):
        pytest.fail(f"{message}, but is required")
    pytest.skip(message)


@pytest.fixture(scope="session")
def new_browser(pytestconfig: pytest.Config) -> Callable[..., WebDriver]:
    """Start a browser of a given size: ``new_browser(width, height, *arguments)``."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        missing(pytestconfig, "chromium", "Chromium and its driver are not installed")

    def start(width: int = 1280, height: int = 900, *arguments: str) -> WebDriver:
        options = Options()
        options.binary_location = shutil.which("chromium") or ""
        for argument in [
            *CHROMIUM,
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",  # a page that still scrolls moves what is pressed
            f"--window-size={width},{height}",
            *arguments,
        ]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
        executor: Any = driver.command_executor
        executor.client_config.timeout = LIMIT + 60  # its own default is shorter than a script's
        driver.set_script_timeout(LIMIT)
        # The window's own minimum is wider than a phone.
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        driver.set_page_load_timeout(LIMIT)
        return driver

    return start


@pytest.fixture(scope="session")
def browser(new_browser: Callable[..., WebDriver]) -> Iterator[WebDriver]:
    """One browser with a desktop's window."""
    driver = new_browser()
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def frame(new_browser: Callable[..., WebDriver], site: str) -> Iterator[Frame]:
    """A window that keeps the worker from page to page."""
    driver = new_browser()
    yield Frame(driver, site)
    driver.quit()


Opened = Callable[[str], list[Example]]


@pytest.fixture
def opened(frame: Frame) -> Opened:
    """Show a page and return its examples; Python is loaded already, unless a test ended it."""

    def open_page(name: str) -> list[Example]:
        frame.open(name)
        return shown(frame.driver)

    return open_page


@pytest.fixture(scope="session")
def axe(pytestconfig: pytest.Config) -> str:
    """The source of axe-core, from its npm package."""
    target = ROOT / "build" / "npm" / AXE.replace("@", "-") / "axe.min.js"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [*fetch.npm(), "pack", "--silent", AXE], cwd=target.parent, check=True, timeout=120
        )
        (archive,) = target.parent.glob("*.tgz")
        with tarfile.open(archive) as packed:
            source = packed.extractfile("package/axe.min.js")
            assert source
            target.write_bytes(source.read())
    return target.read_text(encoding="utf-8")


def violations(driver: WebDriver, axe: str) -> list[str]:
    """What axe-core finds on the page that is shown: the rule, and where it is broken."""
    driver.execute_script(axe)
    found = driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})"
        ".then(result => done(result.violations), error => done([{id: String(error), nodes: []}]))"
    )
    return [
        f"{violation['id']}: {violation.get('help')}: {node['html'][:200]}"
        for violation in found
        for node in violation["nodes"][:4] or [{"html": ""}]
    ]
