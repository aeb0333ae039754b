"""The reference names what Python and the manual pages name.

Python's side is asked of the interpreter that runs the test, so a newer one brings its new names;
the manual pages are read where they are installed (Debian: manpages, manpages-dev).
"""

from __future__ import annotations

import errno
import gzip
import platform
import re
import select
import selectors
import shutil
import socket
import socketserver
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
SETTINGS = DOCS / "reference" / "settings.md"
ERROR_PAGES = [*DOCS.glob("reference/errors/*.md"), DOCS / "reference" / "errors.md"]
ERRORS = "\n".join(page.read_text(encoding="utf-8") for page in ERROR_PAGES)
MANUAL = Path("/usr/share/man")
PAGES = """
    accept.2 bind.2 close.2 connect.2 getpeername.2 getsockname.2 getsockopt.2 listen.2 poll.2
    recv.2 recvmmsg.2 select.2 send.2 sendfile.2 sendmmsg.2 shutdown.2 socket.2 socketpair.2
    epoll_create.2 epoll_ctl.2 epoll_wait.2 epoll.7 socket.7 ip.7 ipv6.7 tcp.7 udp.7 udplite.7
    unix.7 raw.7 icmp.7 packet.7 netdevice.7 arp.7 vsock.7 cmsg.3 inet.3 inet_ntop.3 inet_pton.3
    byteorder.3 if_nametoindex.3 if_nameindex.3 getifaddrs.3 getaddrinfo.3 getnameinfo.3
    gethostbyname.3 sockatmark.3
""".split()  # noqa: SIM905
FAMILY_OF_NAMES = re.compile(
    r"\b(?:AF|AI|ATF|CMSG|EAI|EPOLL|FD|IF|IFF|INADDR|IN6ADDR|INET6?|IPPROTO|IPV6|IP|MCAST|MSG|NI|"
    r"ICMP|PACKET|SCM|SHUT|SIOC|SOCK|SOL|SO|TCP|UDP|UDPLITE|VMADDR)_[A-Z0-9_]*[A-Z0-9]\b"
    r"|\bSIOC[A-Z]+\b|\bE?POLL[A-Z]+\b|\bE[A-Z]{3,}[A-Z0-9]*(?=\b[^_])"
)
NOT_DOCUMENTED = {
    "EXAMPLES": "a heading",
    "EXIT": "a part of EXIT_FAILURE",
    "ENVIRONMENT": "a heading",
    "EPOLL": "the name of the call",
    "EINVA": "hyphenated",
    "ERESTARTSYS": "inside the kernel",
    "ERRORS": "a heading",
    "ICMP_ECHOREQUEST": "a slip for ICMP_ECHO",
    "IP_MSFILTER_SIZE": "a macro that computes the size of a structure",
    "SOCK_MIN_RCVBUF": "inside the kernel",
    "TCP_SYNQ_HSIZE": "inside the kernel, until 2.6.20",
    "SO_EE_OF": "hyphenated",
}

RELEASES_OF = """
    accept.2 bind.2 close.2 connect.2 getsockopt.2 listen.2 poll.2 recv.2 recvmmsg.2 select.2
    send.2 sendfile.2 sendmmsg.2 shutdown.2 socket.2 socketpair.2 fcntl.2 epoll_create.2
    epoll_ctl.2 epoll_wait.2 epoll.7 socket.7 ip.7 ipv6.7 tcp.7 udp.7 udplite.7 unix.7 raw.7
    icmp.7 packet.7 netdevice.7 arp.7 vsock.7 netlink.7
""".split()  # noqa: SIM905
ERRORS_OF = """
    socket.2 socketpair.2 bind.2 bindresvport.3 listen.2 accept.2 connect.2 send.2 sendmmsg.2
    recv.2 recvmmsg.2 shutdown.2 close.2 getsockname.2 getpeername.2 getsockopt.2 select.2 poll.2
    epoll_create.2 epoll_ctl.2 epoll_wait.2 fcntl.2 ioctl.2 sendfile.2 splice.2 gethostname.2
    inet_ntop.3 inet_pton.3 if_nametoindex.3 if_nameindex.3 sockatmark.3 getaddrinfo_a.3
    gethostbyname.3 ip.7 tcp.7 udp.7 raw.7 ipv6.7 unix.7 packet.7 ddp.7 vsock.7
""".split()  # noqa: SIM905
PAGE_OF = {  # of a call: its page here
    "socket.2": "socket", "socketpair.2": "socketpair", "bind.2": "bind", "listen.2": "listen",
    "accept.2": "accept", "connect.2": "connect", "send.2": "send", "recv.2": "recv",
    "shutdown.2": "shutdown", "close.2": "close", "getsockname.2": "getsockname",
    "getpeername.2": "getsockname", "getsockopt.2": "getsockopt", "select.2": "poll",
    "poll.2": "poll", "epoll_create.2": "poll", "epoll_ctl.2": "poll", "epoll_wait.2": "poll",
    "fcntl.2": "fcntl", "ioctl.2": "fcntl", "sendfile.2": "sendfile",
}  # fmt: skip
SPELT_OTHERWISE = {"EAFNOTSUPPORT", "EPFNOSUPPORT", "ERESTARTSYS"}  # the pages' own, or libc's

IMPORTED = {"IntEnum", "IntFlag", "array", "io", "os", "sys", "errno", "selectors"}
IMPORTED |= {"EBADF", "EAGAIN"}
BEYOND = ("ALG_", "BDADDR_", "BT", "CAN_", "HCI_", "IPPROTO_", "J1939_", "PF_", "RDS_")
BEYOND += ("SCM_J1939", "SOL_", "SO_J1939", "SO_VM_", "TIPC_", "VM")


@cache
def words() -> set[str]:
    pages = [page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md")]
    return set(re.findall(r"\w+", "\n".join(pages)))


@pytest.mark.parametrize("module", [socket, select, socket.socket], ids=lambda each: each.__name__)
def test_every_public_name_of_pythons_socket_library_is_on_a_page(module: object) -> None:
    names = {name for name in dir(module) if not name.startswith("_")}
    assert names - words() == set()


@pytest.mark.parametrize("name", socketserver.__all__)
def test_every_class_of_socketserver_with_its_attributes_is_on_its_page(name: str) -> None:
    page = DOCS / "reference" / "calls" / "socketserver.md"
    names = {name, *(each for each in dir(getattr(socketserver, name)) if not each.startswith("_"))}
    assert names - {"collect_children"} - set(re.findall(r"\w+", page.read_text("utf-8"))) == set()


@pytest.mark.parametrize("kind", [selectors.BaseSelector, select.epoll, type(select.poll())])
def test_every_method_of_what_waits_is_on_its_page(kind: type) -> None:
    page = DOCS / "reference" / "calls" / "poll.md"
    names = {each for each in dir(kind) if not each.startswith("_")}
    assert names - set(re.findall(r"\w+", page.read_text("utf-8"))) == set()


@pytest.mark.parametrize("module", [socket, select, socket.socket], ids=lambda each: each.__name__)
def test_every_public_name_is_in_the_index_but_those_of_other_families(module: object) -> None:
    pages = [page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md")]
    entries = re.findall(r"^```\{index\} (.*)$", "\n".join(pages), re.MULTILINE)
    indexed = set(re.findall(r"\w+", " ".join(entries)))
    names = {name for name in dir(module) if not name.startswith(("_", *BEYOND))}
    assert names - indexed - IMPORTED == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_constant_that_a_manual_page_names_is_on_a_page(page: str) -> None:
    files = list(MANUAL.glob(f"man{page[-1]}/{page}.gz"))
    if not files:
        pytest.skip("the manual pages are not installed: apt-get install manpages manpages-dev")
    text = gzip.decompress(files[0].read_bytes()).decode("utf-8", "replace").replace(r"\-", "-")
    text = re.sub(r'^[.\']\\".*$', "", text, flags=re.MULTILINE)  # comments
    text = re.sub(r"^\.SH EXAMPLES.*?(?=^\.SH|\Z)", "", text, flags=re.MULTILINE | re.DOTALL)
    names = set(FAMILY_OF_NAMES.findall(text)) - NOT_DOCUMENTED.keys()
    assert names - words() == set()


def manual_page(page: str) -> str:
    """Return a manual page's source without its comments; skip the test where it is missing."""
    files = list(MANUAL.glob(f"man{page[-1]}/{page}.gz"))
    if not files:
        pytest.skip("the manual pages are not installed: apt-get install manpages manpages-dev")
    text = gzip.decompress(files[0].read_bytes()).decode("utf-8", "replace").replace(r"\-", "-")
    return re.sub(r'^[.\']\\".*$', "", text, flags=re.MULTILINE)


def listed_errors(page: str) -> set[str]:
    """The errnos of a manual page's section ERRORS."""
    listed = re.search(r"^\.SH ERRORS\n(.*?)(?=^\.SH)", manual_page(page), re.M | re.S)
    names = set(re.findall(r"\bE[A-Z0-9]{2,}\b", listed[1] if listed else ""))
    return {each for each in names if hasattr(errno, each) or each in SPELT_OTHERWISE}


@pytest.mark.parametrize("page", RELEASES_OF)
def test_every_release_that_a_manual_page_names_is_in_its_row_of_the_releases(page: str) -> None:
    rows = {}
    text = (DOCS / "reference" / "releases.md").read_text(encoding="utf-8")
    for row in text.split("\n## Linux\n")[1].split("\n## ")[0].splitlines():
        if found := re.match(r"\| \*?([\d.]+)\*? \|", row):
            rows[found[1]] = set(re.findall(r"\w+", row))
    heads = re.findall(r"^\.[BI].*$", manual_page(page), re.MULTILINE)
    since = re.findall(r'\b([A-Za-z]\w+)\b,?\s+"[^"]*?since Linux (\d[\d.]*\d)', "\n".join(heads))
    names = {(name, release) for name, release in since if name != "recvmsg"}
    assert {each for each in names if each[0] not in rows.get(each[1], ())} == set()


@pytest.mark.parametrize("page", ERRORS_OF)
def test_every_errno_that_a_manual_page_lists_is_where_that_page_is_treated(page: str) -> None:
    pages = [DOCS / "reference" / each for each in ("manual-pages/errors.md", "manual-pages.md")]
    text = "\n".join(each.read_text(encoding="utf-8") for each in pages)
    name = {"epoll_create.2": "epoll.7", "epoll_ctl.2": "epoll.7", "epoll_wait.2": "epoll.7"}
    shown = re.sub(r"\.(\d)$", r"(\1)", name.get(page, page))
    sections = re.split(r"^(?=### )", text, flags=re.MULTILINE)
    rows = text.split("## Functions of the C library")[1].splitlines()
    places = [each for each in sections if shown in each.split("\n")[0]]
    places += [row for row in rows if row.startswith("| ") and shown in row.split("|")[1]]
    words = set(re.findall(r"\w+", "\n".join(places)))
    assert places
    assert listed_errors(page) - words == set()


@pytest.mark.parametrize("page", PAGE_OF)
def test_every_errno_of_a_calls_manual_page_names_the_call_in_the_error_index(page: str) -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^\(e|^## )", ERRORS, re.M | re.S))
    others = set(re.findall(r"\b(E[A-Z0-9]+) \d+", ERRORS.split("## Other errnos")[1]))
    calls = rf"calls/{PAGE_OF[page]}\.md|\*\*Calls:\*\* all"
    names = listed_errors(page) - others - SPELT_OTHERWISE - {"EWOULDBLOCK"}
    assert {name for name in names if not re.search(calls, sections.get(name, ""))} == set()


STRUCTURES = re.findall(r"^\| `(\w+)`(?:, `\w+`)? \| `<(\S+)>` \| (\d+) \| (.+?) \| \S", (
    DOCS / "reference" / "names.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the sizes of x86-64")
def test_the_structures_have_the_sizes_and_members_that_their_headers_say(tmp_path: Path) -> None:
    assert len(STRUCTURES) > 55
    lines = ["#define _GNU_SOURCE", "#include <sys/socket.h>", "#include <netinet/in.h>"]
    last = ["net/if.h", "linux/if_packet.h", "linux/ipv6.h"]  # else they define things twice
    headers = dict.fromkeys(row[1] for row in STRUCTURES if row[1] not in last)
    lines += [f"#include <{header}>" for header in [*headers, *last]]
    for name, _, size, members in STRUCTURES:
        lines.append(f"_Static_assert(sizeof(struct {name}) == {size}, \"{name}\");")
        while "(" in members:
            members = re.sub(r"\([^()]*\)", "", members)
        lines += [f"char {name}_{each.strip()}[__builtin_offsetof(struct {name}, {each}) + 1];"
                  for each in members.split(",")]
    source = tmp_path / "structures.c"
    source.write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(["cc", "-w", "-c", source, "-o", tmp_path / "structures.o"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


VALUES = re.split(r"^## ", (DOCS / "reference" / "values.md").read_text("utf-8"), flags=re.M)[1:-1]


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize("section", VALUES, ids=lambda section: section.split("\n")[0])
def test_a_value_is_the_number_that_its_header_defines(section: str, tmp_path: Path) -> None:
    headers = re.findall(r"`<(\S+)>`", section.split("| name")[0])
    pairs = re.findall(r"\b([A-Z]\w+) (−?\w+)(?=, | \|)", "".join(
        line.split(" | ")[0] + " |" for line in section.split("|---|---|")[1].splitlines()))
    assert pairs
    lines = ["#define _GNU_SOURCE", *(f"#include <{each}>" for each in ["time.h", *headers])]
    lines += [f"_Static_assert((unsigned)({name}) == (unsigned)({number.replace('−', '-')}),"
              f" \"{name}\");" for name, number in pairs]
    source = tmp_path / "values.c"
    source.write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(["cc", "-w", "-c", source, "-o", tmp_path / "values.o"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_an_errno_that_posix_and_linux_agree_on_names_the_call_in_the_error_index() -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^\(e|^## )", ERRORS, re.M | re.S))
    rows = re.findall(r"^\| \[.+?\]\((\S+\.md)\) \|([^|]*)\|([^|]*)\|", (
        DOCS / "reference" / "posix.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 20
    wrong = [(page, name) for page, *cells in rows
             for name in re.findall(r"\[(E[A-Z]+)\]", "".join(cells))
             if not re.search(rf"{re.escape(page)}|\*\*Calls:\*\* all", sections[name])]
    assert wrong == []


def settings() -> list[tuple[str, bool]]:
    """The names in the tables of sysctls, and whether each is said to be gone."""
    text = SETTINGS.read_text(encoding="utf-8")
    kept, gone = text.split("## Gone")
    kept = kept.split("## Descriptors")[0]
    found = []
    for part, is_gone in (kept, False), (gone.split("```pycon")[0], True):
        for cell in re.findall(r"^\| ([a-z].*?) \|", part, re.MULTILINE):
            names = re.findall(r"(?:net\.\w+\.)?(\w+_\w+|somaxconn|locktime|bindv6only)", cell)
            found += [(name, is_gone) for name in names]
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="settings of Linux")
def test_every_setting_on_the_page_is_a_file_of_this_kernel_or_is_said_to_be_gone() -> None:
    root = Path("/proc/sys/net")
    if not (root / "ipv4/tcp_rto_max_ms").exists():
        pytest.skip("the page lists the settings of Linux 6.18; this kernel is older")
    if not (root / "core/rmem_default").exists() or not (root / "ipv4/tcp_mem").exists():
        pytest.skip("not in the first network namespace, where all the files are")
    folders = ("core", "ipv4", "ipv6", "unix", "ipv4/neigh/default")
    assert len(settings()) > 100
    wrong = [
        f"{name}: gone is {is_gone}"
        for name, is_gone in settings()
        if any((root / folder / name).exists() for folder in folders) == is_gone
    ]
    assert not wrong


@pytest.mark.skipif(platform.release()[:5] != "6.18.", reason="the settings of Linux 6.18")
@pytest.mark.parametrize("folder", ["core", "ipv4", "unix", "ipv6", "ipv6/icmp", "ipv6/route"])
def test_every_setting_of_this_kernel_is_on_a_page(folder: str) -> None:
    pages = SETTINGS.read_text("utf-8") + SETTINGS.with_name("more-settings.md").read_text("utf-8")
    files = (Path("/proc/sys/net") / folder).iterdir()
    named = set(re.findall(r"\w+", pages))
    assert {file.name for file in files if file.is_file()} - named == set()


@pytest.mark.skipif(platform.release()[:5] != "6.18.", reason="the settings of Linux 6.18")
def test_every_setting_that_no_manual_names_is_there_and_not_on_both_pages() -> None:
    if not (Path("/proc/sys/net/core/rmem_default")).exists():
        pytest.skip("not in the first network namespace, where all the files are")
    text = SETTINGS.with_name("more-settings.md").read_text(encoding="utf-8")
    folders = ["core", "ipv4", "ipv6", "ipv4/conf/default", "ipv6/conf/default"]
    names = {name.removesuffix(" †").split()[-1]
             for cell in re.findall(r"^\| (\w.*?) \|", text, re.MULTILINE)
             for name in cell.split(", ")} - {"setting", "ipv4"}
    assert len(names) > 130
    missing = {name for name in names
               if not any((Path("/proc/sys/net") / each / name).exists() for each in folders)}
    assert missing == set()
    assert names & {name for name, _ in settings()} == set()


def test_a_message_of_macos_has_the_number_that_its_section_has() -> None:
    table = ERRORS.split("| message on macOS |")[1].split("Messages of Windows")[0]
    rows = re.findall(r"^\| \[Errno (\d+)\] (.+?) \| \[(\w+)\]", table, re.MULTILINE)
    assert len(rows) >= 25
    for number, message, name in rows:
        section = ERRORS.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert f"macOS {number}," in section, name
        assert f"! [Errno {number}] {message}" in section, name


def test_a_message_of_windows_has_the_number_that_its_section_has() -> None:
    rows = re.findall(r"^\| \[WinError (\d+)\] .+ \| \[(\w+)\]\(#\w+\) \|$", ERRORS, re.MULTILINE)
    assert len(rows) >= 25
    for number, name in rows:
        section = ERRORS.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert f"[WinError {number}]" in section, name
