"""What a reader's browser makes of the site."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.parse import quote_plus

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from .conftest import ROOT, violations
from .frame import LIMIT

PAGES = [
    "index.html",
    "tutorials/server-and-client.html",
    "tutorials/web-server.html",
    "how-to/restart-a-server.html",
    "reference/families/netlink.html",
    "reference/types/seqpacket.html",
    "reference/matrix.html",
    "reference/calls/accept.html",
    "reference/errors.html",
    "reference/errors/connections.html",
    "reference/options.html",
    "reference/glossary.html",
    "explanation/how-connections-end.html",
    "contributing.html",
    "search.html?q=accept",
    "404.html",
]
SIZES = [(1280, 900), (360, 740)]
THEMES = ["light", "dark"]


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}px")
def sized(
    request: pytest.FixtureRequest, new_browser: Callable[..., WebDriver]
) -> Iterator[WebDriver]:
    driver = new_browser(*request.param)
    yield driver
    driver.quit()


def show(driver: WebDriver, address: str, theme: str = "light") -> None:
    driver.get(address)
    driver.execute_script("document.body.dataset.theme = arguments[0]", theme)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(sized: WebDriver, site: str, axe: str, page: str, theme: str):
    show(sized, site + page, theme)
    report = violations(sized, axe)
    assert not report, "\n".join(report)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_wider_than_the_screen(sized: WebDriver, site: str, page: str):
    show(sized, site + page)
    wide = sized.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide[0] <= wide[1]


TOO_WIDE = """
return [...document.querySelectorAll(".table-wrapper")]
  .filter(box => box.scrollWidth > box.clientWidth)
  .map(box => box.querySelector("tr").innerText.replace(/\\s+/g, " "));
"""


@pytest.fixture(scope="module")
def phone(new_browser: Callable[..., WebDriver]) -> Iterator[WebDriver]:
    driver = new_browser(360, 740)
    yield driver
    driver.quit()


@pytest.mark.parametrize(
    "page", ["values", "settings", "errors", "families/unix", "calls/bind", "calls/getsockopt"]
)
def test_the_tables_of_a_page_fit_a_phone(phone: WebDriver, site: str, page: str):
    phone.get(f"{site}reference/{page}.html")
    assert len(phone.execute_script(TOO_WIDE)) <= (page == "settings")


TORN = """
const torn = [];
for (const heading of document.querySelectorAll(":is(h1, h2, h3, h4)")) {
  const texts = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const word of texts.currentNode.data.matchAll(/\\w{5,}/g)) {
      const range = new Range();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(box => box.top)).size > 1) torn.push(word[0]);
    }
  }
}
return torn;
"""


@pytest.mark.parametrize(
    "page",
    ["types/seqpacket", "families/appletalk", "errors/sockets", "python-documentation", "values"],
)
def test_no_word_of_a_heading_is_torn_on_a_phone(phone: WebDriver, site: str, page: str):
    phone.get(f"{site}reference/{page}.html")
    assert phone.execute_script(TORN) == []


def test_a_name_that_breaks_on_a_phone_is_found_and_copied_whole(phone: WebDriver, site: str):
    phone.get(site + "reference/calls/socket.html")
    found = phone.execute_script(
        "const found = find('ESOCKTNOSUPPORT'), range = getSelection().getRangeAt(0);"
        "const cell = range.startContainer.parentElement.closest('td');"
        "return [found, String(getSelection()), cell && cell.querySelectorAll('wbr').length > 0]"
    )
    assert found == [True, "ESOCKTNOSUPPORT", True]


def test_a_wide_screen_breaks_no_name(browser: WebDriver, site: str):
    browser.get(site + "reference/calls/socket.html")
    shown = "return [...document.querySelectorAll('td wbr')].map(e => getComputedStyle(e).display)"
    assert set(browser.execute_script(shown)) == {"none"}


def test_the_first_column_of_a_table_that_scrolls_stays_in_sight(phone: WebDriver, site: str):
    phone.get(site + "reference/matrix.html")
    told = phone.execute_script(
        "const box = document.querySelector('.table-wrapper.scrolls');"
        "box.scrollLeft = 1000;"
        "const [first] = box.querySelector('td, th.stub').parentElement.children;"
        "const edge = box.getBoundingClientRect();"
        "return [box.scrollLeft > 50, first.getBoundingClientRect().left - edge.left < 4,"
        "        box.tabIndex, box.getAttribute('role'), box.getAttribute('aria-label')]"
    )
    assert told == [True, True, 0, "group", "Table, scrolls sideways"]


def test_a_drawing_is_set_as_small_as_a_phone_needs(phone: WebDriver, site: str):
    phone.get(site + "tutorials/server-and-client.html")
    drawing = "const box = document.querySelector('.highlight-text pre');"
    assert phone.execute_script(drawing + "return box.scrollWidth <= box.clientWidth")
    size = phone.execute_script(drawing + "return parseFloat(getComputedStyle(box).fontSize)")
    assert 8 <= size < 12


ERRORS = "reference/errors"
MENDED = "how-to/mend-a-first-program.html"
SEARCHES = [
    ("EADDRINUSE", f"{ERRORS}/addresses.html"),
    ("Address already in use", f"{ERRORS}/addresses.html"),
    ("Connection refused", f"{ERRORS}/connections.html"),
    ("[Errno 111]", f"{ERRORS}/connections.html"),
    ("WinError 10061", f"{ERRORS}/connections.html"),
    ("Can't assign requested address", f"{ERRORS}/addresses.html"),
    ("tcp_tw_reuse", "reference/settings.html"),
    ("getifaddrs", "reference/addresses.html"),
    ("Nagle", "reference/calls/getsockopt.html"),
    ("accept", "reference/calls/accept.html"),
    ("bind", "reference/calls/bind.html"),
    ("getaddrinfo", "reference/calls/getaddrinfo.html"),
    ("SOCK_RDM", "reference/types/rdm.html"),
    ("SOCK_STREAM", "reference/types/stream.html"),
    ("AF_UNIX", "reference/families/unix.html"),
    ("AF_NETLINK", "reference/families/netlink.html"),
    ("SO_PEEK_OFF", "reference/options.html"),
    ("epoll", "reference/calls/poll.html"),
    ("find free port", "how-to/check-a-port.html"),
    ("chat server", "how-to/tell-all-clients.html"),
    ("asyncio server", "how-to/serve-with-asyncio.html"),
    ("detect disconnect", "how-to/notice-a-dead-peer.html"),
    ("send file", "how-to/send-a-file.html"),
    ("socketserver", "reference/calls/socketserver.html"),
    ("sendfile", "reference/calls/sendfile.html"),
    ("sock_diag", "reference/sock-diag.html"),
    # what a reader wants to do
    ("read a line", "how-to/read-lines.html"),
    ("read exactly", "how-to/read-exactly-n-bytes.html"),
    ("upload", "how-to/send-a-file.html"),
    ("send a file", "how-to/send-a-file.html"),
    ("ping", "how-to/ping-a-machine.html"),
    ("sniffer", "how-to/watch-frames.html"),
    ("capture packets", "how-to/watch-frames.html"),
    ("list interfaces", "how-to/list-interfaces.html"),
    ("0.0.0.0", "how-to/choose-the-bind-address.html"),
    ("happy eyeballs", "how-to/connect-to-the-first.html"),
    ("40 ms", "how-to/cut-latency.html"),
    ("stale socket file", "how-to/look-after-a-socket-file.html"),
    ("port below 1024", "how-to/listen-below-1024.html"),
    ("pass file descriptor", "how-to/pass-a-descriptor.html"),
    ("lost datagram", "how-to/ask-over-udp.html"),
    ("netstat", "how-to/look-at-sockets-from-outside.html"),
    ("many clients", "tutorials/many-clients.html"),
    ("graceful shutdown", "how-to/survive-clients.html"),
    ("ctrl-c", "how-to/stop-a-server.html"),
    ("reuse address", "how-to/restart-a-server.html"),
    ("dead connection", "how-to/notice-a-dead-peer.html"),
    ("partial read", "how-to/read-exactly-n-bytes.html"),
    ("port forwarding", "how-to/forward-a-port.html"),
    ("certificate verify failed", "how-to/encrypt-with-tls.html"),
    ("several processes", "how-to/share-a-port.html"),
    # what people ask in their own words
    ("recv returns empty", "tutorials/server-and-client.html"),
    ("recv blocking forever", "how-to/set-a-time-limit.html"),
    ("recv all data", "how-to/read-exactly-n-bytes.html"),
    ("check if socket is closed", "how-to/notice-a-dead-peer.html"),
    ("detect client disconnect", "how-to/notice-a-dead-peer.html"),
    ("accept multiple clients", "tutorials/many-clients.html"),
    ("close vs shutdown", "how-to/end-a-conversation.html"),
    ("udp packet loss", "how-to/ask-over-udp.html"),
    ("multicast not received", "how-to/broadcast-and-multicast.html"),
    ("docker connection refused", "how-to/choose-the-bind-address.html"),
    ("select vs poll", "reference/calls/poll.html"),
    ("non-blocking connect", "reference/calls/connect.html"),
    ("BrokenPipeError", f"{ERRORS}/connections.html"),
    ("wake up select", "how-to/stop-a-server.html"),
    # in words that stand in no index entry like that, or that no page has all of
    ("how to reconnect after disconnect", "how-to/try-again.html"),
    ("get my local ip address", "how-to/list-interfaces.html"),
    ("how to know if the client disconnected", "how-to/notice-a-dead-peer.html"),
    ("kill process using port", "how-to/look-at-sockets-from-outside.html"),
    ("udp broadcast receive", "how-to/broadcast-and-multicast.html"),
    ("transfer files between computers", "how-to/send-a-file.html"),
    ("own certificate authority", "how-to/encrypt-with-tls.html"),
    ("is a socket thread safe", "how-to/share-between-threads.html"),
    ("how to keep the connection open", "how-to/keep-a-connection-open.html"),
    ("websocket server without a library", "how-to/speak-websocket.html"),
    ("connect through a socks5 proxy", "how-to/go-through-a-proxy.html"),
    ("limit the bandwidth", "how-to/limit-the-rate.html"),
    ("http streaming response", "how-to/stream-an-answer.html"),
    ("http client with sockets", "how-to/fetch-over-http.html"),
    ("http get request hangs", "how-to/fetch-over-http.html"),
    ("how to unit test sockets", "how-to/test-code-with-sockets.html"),
    ("mock socket", "how-to/test-code-with-sockets.html"),
    ("non-blocking recv", "reference/calls/recv.html"),
    ("python socket server example", "tutorials/server-and-client.html"),
    ("what is a socket", "explanation/what-a-socket-is.html"),
    ("python udp server", "tutorials/datagrams.html"),
    ("SO_REUSEADDR windows", "reference/calls/getsockopt.html"),
    ("signal handler delayed recv", f"{ERRORS}/connections.html"),
    ("does sendall guarantee delivery", "explanation/what-send-promises.html"),
    ("what is the difference between send and sendall", "reference/calls/send.html"),
    ("socket in use after crash", "how-to/restart-a-server.html"),
    # without an index entry of their own: the page that is most about the words
    ("which page is best for slow small packets", "how-to/cut-latency.html"),
    ("connect to server ipv6 link local %eth0", "how-to/use-link-local-addresses.html"),
    ("struct ifreq ifr_name", "reference/calls/fcntl.html"),
    # a page that is called so comes before the entries of others
    ("shutdown", "reference/calls/shutdown.html"),
    ("backlog", "explanation/backlog.html"),
    ("socketpair", "reference/calls/socketpair.html"),
    ("what does 127.0.0.1 mean", "how-to/choose-the-bind-address.html"),
    ("what is a port", "reference/families/inet.html"),
    ("what is a file descriptor", "explanation/what-a-socket-is.html"),
    ("is a socket a file", "explanation/what-a-socket-is.html"),
    ("why does my recv return half", "how-to/read-exactly-n-bytes.html"),
    ("how to send an int", "how-to/read-exactly-n-bytes.html"),
    ("AF_UNIX file already exists", "how-to/look-after-a-socket-file.html"),
    ("how many connections can a server have", "how-to/run-out-of-descriptors.html"),
    ("memory per socket", "how-to/run-out-of-descriptors.html"),
    ("why is my port still in use after closing", "how-to/restart-a-server.html"),
    ("reconnect when connection lost", "how-to/try-again.html"),
    ("accept in multiple processes", "how-to/share-a-port.html"),
    ("zero downtime restart", "how-to/pass-a-descriptor.html"),
    ("SYN cookies", "explanation/backlog.html"),
    ("CAN bus socket", "reference/families/index.html"),
    ("SCTP", "reference/types/seqpacket.html"),
    ("TIPC", "reference/types/rdm.html"),
    ("deadlock error of the model", "inside/index.html"),
    ("io_uring", "reference/calls/poll.html"),
    ("telnet to my server", "tutorials/server-and-client.html"),
    ("asyncio udp", "how-to/serve-with-asyncio.html"),
    ("asyncio unix socket", "how-to/serve-with-asyncio.html"),
    ("udp response wrong source", "how-to/answer-from-the-right-address.html"),
    ("IPv4-mapped address", "reference/families/inet6.html"),
    ("how long does connect wait", "reference/calls/connect.html"),
    ("SYN retries", "reference/settings.html"),
    ("docker socket api", "how-to/fetch-over-http.html"),
    ("recv(1024) or 4096", "reference/calls/recv.html"),
    # in the words of other programs
    ("curl: (52) Empty reply from server", f"{ERRORS}/without-errno.html"),
    ("getaddrinfo ENOTFOUND nosuch.example", f"{ERRORS}/without-errno.html"),
    ("java.net.UnknownHostException: nosuch.example", f"{ERRORS}/without-errno.html"),
    ("Error: socket hang up", f"{ERRORS}/without-errno.html"),
    ("Error: listen EADDRINUSE: address already in use :::3000", f"{ERRORS}/addresses.html"),
    # with mistakes, and names written otherwise
    ("recieve all data", "how-to/read-exactly-n-bytes.html"),
    ("adress already in use", f"{ERRORS}/addresses.html"),
    ("conection refused", f"{ERRORS}/connections.html"),
    ("setsocketopt", "reference/calls/getsockopt.html"),
    ("mutlicast", "how-to/broadcast-and-multicast.html"),
    ("socket pair", "reference/calls/socketpair.html"),
    ("af-unix", "reference/families/unix.html"),
    ("time wait", "reference/calls/close.html"),
    ("socket.getsockname", "reference/calls/getsockname.html"),
    ("ping in python", "how-to/ping-a-machine.html"),
    # what is meant in other words
    ("http server from scratch", "tutorials/web-server.html"),
    ("half-open connections", "how-to/notice-a-dead-peer.html"),
    ("port exhaustion", f"{ERRORS}/addresses.html"),
    # messages, pasted with what stands around them
    ("OverflowError: bind(): port must be 0-65535.", f"{ERRORS}/without-errno.html"),
    ("socket.gaierror: [Errno 11001] getaddrinfo failed", f"{ERRORS}/without-errno.html"),
    (
        "[Errno 98] error while attempting to bind on address ('::1', 80)",
        f"{ERRORS}/without-errno.html",
    ),
    (
        "KeyError: '<socket.socket fd=4, family=2> is not registered'",
        f"{ERRORS}/without-errno.html",
    ),
    ("TypeError: connect() takes exactly one argument (2 given)", MENDED),
    ("ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] (_ssl.c:992)", "how-to/encrypt-with-tls.html"),
    ("[WinError 121] The semaphore timeout period has expired", f"{ERRORS}/connections.html"),
    ("AF_UNIX windows", "reference/families/unix.html"),
    ("permission denied unix socket", f"{ERRORS}/addresses.html"),
    ("setsockopt TCP_NODELAY Invalid argument macOS", f"{ERRORS}/sockets.html"),
]


FOUND = """
const [query, ...words] = Search._parseQuery(arguments[0]);
return Search._performSearch(query, ...words).slice(-3).reverse().map(([page]) => `${page}.html`);
"""


@pytest.fixture(scope="module")
def asked(browser: WebDriver, site: str) -> Callable[[str], list[str]]:
    """Ask the search page, once its index is there, which pages it would show first."""
    browser.get(f"{site}search.html?q=accept")
    WebDriverWait(browser, LIMIT).until(
        lambda driver: driver.execute_script("return Search.hasIndex()")
    )
    return lambda words: browser.execute_script(FOUND, words)


@pytest.mark.parametrize(("words", "first"), SEARCHES)
def test_search_puts_the_right_page_first(
    asked: Callable[[str], list[str]], words: str, first: str
):
    found = asked(words)
    assert found[0] == first, found


@pytest.mark.parametrize(
    ("words", "first"), [SEARCHES[0], SEARCHES[-1], SEARCHES[len(SEARCHES) // 2]]
)
def test_the_search_page_shows_what_it_found_with_an_excerpt(
    browser: WebDriver, site: str, words: str, first: str
):
    browser.get(f"{site}search.html?q={quote_plus(words)}")
    links = WebDriverWait(browser, LIMIT).until(
        lambda driver: driver.find_elements(By.CSS_SELECTOR, "#search-results li a")
    )
    found = [link.get_attribute("href").removeprefix(site) for link in links[:3]]
    assert found[0].partition("#")[0].partition("?")[0] == first, found
    # What a result says of itself: an excerpt of the page, or the kind of the index entry.
    WebDriverWait(browser, LIMIT).until(
        lambda driver: driver.find_elements(
            By.CSS_SELECTOR, "#search-results li:first-child :is(p, span)"
        )
    )


def test_a_word_that_stands_nowhere_is_taken_for_a_known_one_and_the_page_says_so(
    browser: WebDriver, site: str
):
    told = "return document.querySelector('.search-spelled')?.textContent"
    for words, instead in ("conection refused", "connection refused"), ("refused connection", ""):
        browser.get(f"{site}search.html?q={quote_plus(words)}")
        WebDriverWait(browser, LIMIT).until(
            lambda driver: driver.find_elements(By.CSS_SELECTOR, "#search-results li a")
        )
        assert browser.execute_script(told) == (instead and f"Searched for “{instead}”.")


FETCHED = """
const loaded = performance.getEntriesByType("resource");
const asked = loaded.filter(each => each.initiatorType === "fetch");
return [document.querySelectorAll("#search-results li").length, asked.length];
"""


MARKS = """
const done = arguments[0], count = (what) => document.querySelectorAll(what).length;
const told = () => done([".highlight-link", "article .highlighted", ".highlighted"].map(count));
setTimeout(told, 10);  // after the timers of the page's own, which wait as long
"""


def test_the_words_of_a_search_are_marked_in_the_text_or_not_spoken_of(
    browser: WebDriver, site: str
):
    browser.get(site)
    browser.execute_script("localStorage.clear()")  # Sphinx marks what was searched for before
    browser.get(f"{site}reference/glossary.html?highlight=socket")
    button, marked, everywhere = browser.execute_async_script(MARKS)
    assert button == 1 and marked == everywhere > 10
    browser.get(f"{site}reference/glossary.html?highlight=tutorials")  # in the menu alone
    assert browser.execute_async_script(MARKS) == [0, 0, 0]
    browser.get(f"{site}reference/glossary.html?highlight=end")  # and not in "send"
    assert browser.execute_async_script(MARKS)[1] > 5
    assert not browser.execute_script(
        "return [...document.querySelectorAll('.highlighted')]"
        ".filter(each => /[a-z]$/i.test(each.previousSibling?.textContent)).length"
    )


def test_a_common_word_does_not_load_the_whole_site(browser: WebDriver, site: str):
    browser.get(f"{site}search.html?q=socket")
    WebDriverWait(browser, LIMIT).until(
        lambda driver: "finished" in driver.find_element(By.CLASS_NAME, "search-summary").text
    )
    results, fetched = browser.execute_script(FETCHED)
    assert results > 100 and 0 < fetched <= 20


PRINTED = """
dispatchEvent(new Event("beforeprint"));
const cut = [...document.querySelectorAll(".highlight pre, .table-wrapper")]
  .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.textContent.slice(0, 200));
const colour = (what) => getComputedStyle(document.querySelector(what)).color;
const told = [...document.querySelectorAll("a[data-address]")].map(link => link.dataset.address);
return [cut, colour(".highlight .go"), told.filter(address => !address.startsWith("http"))];
"""


@pytest.mark.parametrize("page", ["how-to/encrypt-with-tls", "reference/settings"])
def test_on_paper_nothing_is_cut_and_a_dark_page_is_printed_in_light_colours(
    new_browser: Callable[..., WebDriver], site: str, page: str
):
    driver = new_browser(690, 900)  # the width of A4 between its margins
    try:
        show(driver, f"{site}{page}.html", "dark")
        on_screen = driver.execute_script(PRINTED)
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        cut, colour, wrong = driver.execute_script(PRINTED)
        assert not cut and not wrong
        assert colour == "rgb(15, 92, 74)" != on_screen[1]
    finally:
        driver.quit()


def test_the_button_of_the_theme_says_which_is_chosen(browser: WebDriver, site: str):
    browser.get(site + "index.html")
    name = "return document.querySelector('.content-icon-container .theme-toggle').ariaLabel"
    press = "document.querySelector('.content-icon-container .theme-toggle').click();"
    seen = {browser.execute_script(name)}
    for _ in range(2):
        browser.execute_script(press)
        seen.add(
            WebDriverWait(browser, LIMIT).until(
                lambda driver: (told := driver.execute_script(name)) not in seen and told
            )
        )
    browser.execute_script(press)  # as it was
    assert seen == {"Colours: as the system", "Colours: light", "Colours: dark"}


@pytest.mark.parametrize(
    ("words", "passage"),
    [
        ("connection reset", "reset"),
        ("half-close", "half"),
        ("EADDRINUSE", "EADDRINUSE"),
        ("SO_PEEK_OFF", "peek"),
        ("broken pipe", "EPIPE · BrokenPipeError"),  # an index entry: its section, then the text
    ],
)
def test_a_result_shows_a_passage_in_whole_words(
    browser: WebDriver, site: str, words: str, passage: str
):
    browser.get(f"{site}search.html?q={quote_plus(words)}")
    script = (
        "const found = [...document.querySelectorAll('#search-results p.context')];"
        "const told = found.map(each => each.textContent);"
        "return told.some(each => each.toLowerCase().includes(arguments[0])) && told"
    )
    shown = WebDriverWait(browser, LIMIT).until(  # they come one by one
        lambda driver: driver.execute_script(script, passage.lower())
    )
    assert all(20 <= len(each) <= 245 for each in shown), shown
    assert not any("Step" in each and "Faults" in each for each in shown), shown


def test_a_page_that_is_opened_as_a_file_says_why_nothing_runs(browser: WebDriver):
    browser.get((ROOT / "build" / "html" / "how-to" / "read-lines.html").as_uri())
    told = browser.execute_script(
        "return [...document.querySelectorAll('.run')].map(run => ["
        "run.querySelector('.run-go').disabled, run.querySelector('.run-status').textContent])"
    )
    assert told and all(off and "web server" in why for off, why in told)


FOCUSED = """
const at = document.activeElement, { left, right, top, bottom } = at.getBoundingClientRect();
const { opacity, outlineStyle } = getComputedStyle(at);
const seen = right > 0 && left < innerWidth && bottom > 0 && top < innerHeight;
const marked = seen && opacity > 0 && outlineStyle !== "none";
return [at.ariaLabel ?? at.textContent.trim(), at.ariaExpanded, marked];
"""


def test_every_key_leads_to_something_that_is_seen_and_opens_the_menus(
    new_browser: Callable[..., WebDriver], site: str
):
    driver = new_browser(640, 450)  # a desktop's window at 200 %
    try:
        driver.get(site + "how-to/read-lines.html")

        def press(key: str) -> tuple[str, str | None, bool]:
            ActionChains(driver).send_keys(key).perform()
            return tuple(driver.execute_script(FOCUSED))

        reached = []
        while not reached or reached[-1][0] not in ("Furo", ""):
            reached.append(press(Keys.TAB))
        assert [each for each in reached if not each[2]] == []
        assert ("Copy to clipboard", None, True) in reached and len(reached) < 100
        driver.get(site + "how-to/read-lines.html")
        for name, first in ("Pages", "BSD sockets"), ("On this page", "It fails"):
            while press(Keys.TAB) != (name, "false", True):
                pass
            ActionChains(driver).send_keys(Keys.ENTER).perform()
            inside = driver.execute_script(FOCUSED)
            assert inside[0] == first and inside[2], inside
            assert press(Keys.ESCAPE) == (name, "false", True)
    finally:
        driver.quit()


def copied(browser: WebDriver, page: str) -> str:
    """Press the copy button of a page's first session; return what the clipboard holds."""
    browser.get(page)
    allowed = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": page}
    browser.execute_cdp_cmd("Browser.grantPermissions", allowed)
    block = browser.find_element(By.CSS_SELECTOR, ".example-pycon")
    ActionChains(browser).move_to_element(block).perform()
    block.find_element(By.CSS_SELECTOR, "button.copybtn").click()
    text = browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert isinstance(text, str)
    return text


def test_copying_an_example_takes_the_statements_without_prompts_and_output(
    browser: WebDriver, site: str
):
    text = copied(browser, site + "index.html")
    assert text.startswith("import socket\n") and "b'hello'" not in text and ">>>" not in text
    compile(text, "copied", "exec")


def test_what_was_copied_runs_at_a_prompt(browser: WebDriver, site: str):
    text = copied(browser, site + "explanation/how-connections-end.html")
    assert text.count("def ") == 2
    prompt = subprocess.run(
        [sys.executable, "-i", "-c", ""],
        input=text + "\nprint(STATES[1])\n",
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert prompt.stdout == "ESTABLISHED\n" and "Error" not in prompt.stderr


def test_a_page_that_does_not_exist_shows_the_way_back(browser: WebDriver, site: str):
    browser.get(site + "no/such/page.html")
    assert browser.find_element(By.CSS_SELECTOR, "h1").text.startswith("Page not found")
    home = browser.find_element(By.CSS_SELECTOR, ".sidebar-brand").get_attribute("href")
    assert home.rstrip("/").removesuffix("/index.html") == site.rstrip("/")


def test_no_request_leaves_the_site_and_no_page_complains(new_browser, site: str):
    driver = new_browser()
    try:
        for page in PAGES:
            driver.get(site + page)
        asked = [
            event["params"]["request"]["url"]
            for entry in driver.get_log("performance")
            if (event := json.loads(entry["message"])["message"])["method"]
            == "Network.requestWillBeSent"
        ]
        outside = [url for url in asked if not url.startswith((site, "data:"))]
        complaints = [
            entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"
        ]
    finally:
        driver.quit()
    assert asked and not outside and not complaints
