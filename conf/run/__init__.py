"""Run: examples that run where they are read, in the reader's browser.

Each block that our implementation can run gets a bar with buttons::

    page.html                 _static/run.js            _static/run-worker.js
    [Run] [Edit] status  -->  buttons, results   <-->   Pyodide, bsdsockets, session.py
    _examples/page.json  -->  the page's blocks         one machine per page

Everything is a static file with a relative address.  Pyodide comes from its npm package, which
``make`` puts into ``build/npm``; a build without it makes the same site without Run and says so.
The bar's room is reserved in the HTML, so nothing moves when the script arrives; a page weighs
nothing more until Run is pressed.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import html
import io
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

from docutils import nodes
from examples import page, programs
from examples.tags import Tags
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from bsdsockets import faults

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "src"
PYODIDE = HERE.parent.parent / "build" / "npm" / "pyodide"
LOCKED = HERE / "pyodide.txt"
SESSION = ("session.py", "shell.py", "stage.py", "statements.py", "telling.py", "linux.py")
TELLING = HERE.parent / "conversation"
TOLD_BY = (
    *("__init__.py", "actors.py", "live.py", "picture.py", "sockets.py"),
    *("story.py", "watching.py", "words.py"),
)
RUNNING = ("pycon", "console", "conversation")
NEEDED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
WITHOUT = "This copy of the site was built without Run: its examples do not run in the browser."

_log = logging.getLogger(__name__)


class run_bar(nodes.General, nodes.Element):
    """Where the buttons of a block stand."""


class playground(nodes.General, nodes.Element):
    """Where the empty editor stands."""


class Playground(SphinxDirective):
    """``{playground}``: an editor, the examples to begin with, and a link with the code."""

    def run(self) -> list[nodes.Node]:
        return [playground()]


def available() -> bool:
    """Whether Pyodide's files are there to be copied into the site."""
    return all((PYODIDE / name).is_file() for name in NEEDED)


def runs(block: page.Block) -> bool:
    """Whether the model can run a block in a browser."""
    tags: Tags = block.tags
    if "browser" not in tags.engines or tags.unmet("browser"):
        return False
    return block.kind == "pycon" or bool(_programs(block))


_IMPORTED = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)


def _programs(block: page.Block) -> dict[str, str]:
    """The files of a console block that holds nothing but our own programs, else nothing.

    A program may read a file that lies beside it, and import one.
    """
    if block.kind == "conversation":
        program = page.split_program(block.source)[0]
        return {"program.py": program.removesuffix(f"{page.PRINTS}\n")}
    files: dict[str, str] = {}
    for command in programs.commands(block):
        if command.words[0] in ("wait", "kill"):
            continue
        path = block.path.parent / command.words[1] if len(command.words) > 1 else block.path
        if command.words[0] != "python3" or path.suffix != ".py" or not path.is_file():
            return {}
        beside = [path.parent / word for word in command.words[1:] if "/" not in word]
        imported = _IMPORTED.findall(path.read_text("utf-8"))
        beside += [path.parent / f"{name}.py" for name in imported]
        files |= {file.name: file.read_text("utf-8") for file in beside if file.is_file()}
    return files


def _blocks(app: Sphinx, name: str) -> list[page.Block]:
    path = Path(app.srcdir) / f"{name}.md"
    found = page.read(path) if path.exists() else []
    return [block for block in found if block.kind in RUNNING]


def _add_bars(app: Sphinx, doctree: nodes.document) -> None:
    """Put a bar below each block that runs.  Blocks and containers stand in the same order."""
    first = True
    left = list(enumerate(_blocks(app, app.env.docname)))
    for container in list(doctree.findall(nodes.container)):
        if not {"example", "cv-program"}.intersection(container["classes"]):
            continue
        literal = container.next_node(nodes.literal_block)
        assert literal is not None, "an example without a block"
        text = literal.rawsource.strip()
        while left and _text(left[0][1]).strip() != text:
            left.pop(0)
        if not left:
            return
        number, block = left.pop(0)
        if runs(block) and not container.get("seed"):
            actors = container.get("actors", "")
            container.insert(
                1, run_bar(block=number, name=_name(block), actors=actors, first=first)
            )
            first = False


def _text(block: page.Block) -> str:
    """What the page shows of a block."""
    return _programs(block)["program.py"] if block.kind == "conversation" else block.source


def _name(block: page.Block) -> str:
    """What a block is called where its buttons are read aloud: by its line."""
    if block.kind == "console":
        return f"the programs, line {block.line}"
    if block.kind == "conversation":
        return f"the program, line {block.line}"
    return f"the example, line {block.line}"


def _visit_bar(self: Any, node: run_bar) -> None:
    if self.builder.name == "html" and not available() and node["first"]:
        self.body.append(f'<p class="example-where">{WITHOUT}</p>\n')
    if self.builder.name != "html" or not available():
        raise nodes.SkipNode
    name = html.escape(node["name"], quote=True)
    actors = html.escape(node["actors"], quote=True)
    cast = f' data-actors="{actors}"' if actors else ""
    edit = f'<button type="button" disabled class="run-edit" aria-label="Edit {name}">Edit</button>'
    self.body.append(
        f'<div class="run" data-block="{node["block"]}" data-name="{name}"{cast}>'
        '<div class="run-bar">'
        f'<button type="button" disabled class="run-go" aria-label="Run {name}">Run</button>'
        + _more(name, edit)
        + '<span class="run-status" role="status"></span></div></div>\n'
    )
    raise nodes.SkipNode


def _more(name: str, edit: str = "") -> str:
    """The buttons beside Run: step through the run, edit, faults."""
    return (
        '<button type="button" disabled class="run-step" '
        f'aria-label="Step through {name}">Step</button>'
        f'{edit}<button type="button" disabled class="run-faulty" aria-expanded="false" '
        f'aria-label="Faults for {name}">Faults</button>'
    )


def _visit_playground(self: Any, node: playground) -> None:
    if self.builder.name != "html" or not available():
        self.body.append(f"<p>{WITHOUT}</p>\n")
        raise nodes.SkipNode
    options = "".join(
        f'<option value="{path.name}">{html.escape(_title(path))}</option>' for path in _starts()
    )
    self.body.append(
        "<noscript><p><strong>Run needs JavaScript, which is switched off here.</strong> On your "
        "machine <code>python3 -m bsdsockets run program.py</code> does the same.</p></noscript>"
        '<div class="run run-playground" data-block="0" data-name="the program">'
        '<p class="run-choose"><label for="run-start">Begin with</label> '
        f'<select id="run-start"><option value="">an empty editor</option>{options}</select></p>'
        '<textarea class="run-editor" rows="18" spellcheck="false" autocapitalize="off" '
        'autocomplete="off" wrap="off" aria-label="The program"></textarea>'
        '<div class="run-bar">'
        '<button type="button" disabled class="run-go" aria-label="Run the program">Run</button>'
        + _more("the program")
        + '<button type="button" disabled class="run-link">Copy a link to this code</button>'
        '<button type="button" disabled class="run-save">Save as a file</button>'
        '<span class="run-status" role="status"></span></div></div>\n'
    )
    raise nodes.SkipNode


def _skip(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


def _starts() -> list[Path]:
    return sorted((HERE / "playground").glob("*.py"))


def _title(path: Path) -> str:
    """A program's first line is its docstring, which names it in the list."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem
    return text.splitlines()[0].rstrip(".")


def _add_script(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Give the script and its style to the pages that have something to run."""
    if doctree is None or app.builder.name != "html" or not available():
        return
    if not any(doctree.findall(lambda node: isinstance(node, run_bar | playground))):
        return
    attributes: dict[str, Any] = {"data-page": pagename, "id": "run-script"}
    attributes |= {"data-version": app.config.run_version, "data-examples": version(app, pagename)}
    app.add_js_file("run.js", type="module", **attributes)
    app.add_css_file("run.css")
    context["metatags"] = (
        context.get("metatags", "") + "<noscript><style>.run{display:none}</style></noscript>"
    )


def describe(block: page.Block) -> dict[str, Any]:
    """What the page's script needs of a block."""
    told: dict[str, Any] = {"kind": block.kind, "line": block.line, "runs": runs(block)}
    if not told["runs"]:
        return told
    if block.tags.timeout:
        told["limit"] = block.tags.timeout
    if block.kind == "pycon":
        told["source"] = block.source
        told["code"] = "".join(example.source for example in block.examples)
    elif block.kind == "conversation":
        want = page.split_program(block.source)[1]
        told["files"] = _programs(block)
        told["commands"] = [{"words": ["python3", "program.py"], "want": want}]
    else:
        told["files"] = _programs(block)
        told["commands"] = [
            {"words": command.words, "background": command.background, "want": command.want}
            for command in programs.commands(block)
        ]
    return told


def _write(app: Sphinx, error: Exception | None) -> None:
    """Write the pages' blocks, the model and Pyodide into the site."""
    if error or app.builder.name != "html":
        return
    if not available():
        _log.info("run: build/npm/pyodide is missing; this site is built without Run")
        return
    out = Path(app.outdir)
    for name in sorted(app.env.found_docs):
        blocks = [describe(block) for block in _blocks(app, name)]
        if any(block["runs"] for block in blocks):
            target = out / "_examples" / f"{name}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps({"blocks": blocks}, sort_keys=True), encoding="utf-8")
    starts = {path.name: path.read_text(encoding="utf-8") for path in _starts()}
    (out / "_examples").mkdir(exist_ok=True)
    (out / "_examples" / "playground-programs.json").write_text(json.dumps(starts, sort_keys=True))
    (out / "_examples" / "faults.json").write_text(json.dumps(faults.known()))
    (out / "_static" / "run-model.zip").write_bytes(model())
    folder = out / "_static" / "pyodide"
    folder.mkdir(exist_ok=True)
    for name in NEEDED:
        shutil.copyfile(PYODIDE / name, folder / name)


def version(app: Sphinx, pagename: str) -> str:
    """A name for a page's examples: another one when any of them is another."""
    told = json.dumps([describe(block) for block in _blocks(app, pagename)])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


@functools.cache
def shared() -> str:
    """The same for what all pages have in common, so that a browser loads it once."""
    scripts = [path.read_bytes() for path in sorted((HERE / "static").iterdir())]
    starts = [path.read_bytes() for path in _starts()]
    known = [model(), LOCKED.read_bytes(), json.dumps(faults.known()).encode(), *scripts, *starts]
    return hashlib.sha256(b"".join(known)).hexdigest()[:12]


@functools.cache
def model() -> bytes:
    """Our implementation and the session that uses it, packed; the same bytes each time."""
    files = {
        str(path.relative_to(SOURCES)): path
        for path in SOURCES.joinpath("bsdsockets").rglob("*")
        if path.suffix == ".py"
    }
    files |= {name: HERE / name for name in SESSION}
    files |= {f"conversation/{name}": TELLING / name for name in TOLD_BY}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(files.items()):
            archive.writestr(
                zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)),
                path.read_bytes(),
                zipfile.ZIP_DEFLATED,
            )
    return packed.getvalue()


def _use_static(app: Sphinx, config: Any) -> None:
    # When it changes, every page is written again: also when Pyodide comes after a first build.
    config.run_version = shared() if available() else ""
    config.html_static_path.append(str(HERE / "static"))


def setup(app: Sphinx) -> dict[str, Any]:
    others: dict[str, Any] = dict.fromkeys(("latex", "text", "man", "texinfo"), (_skip, None))
    app.add_node(run_bar, html=(_visit_bar, None), **others)
    app.add_node(playground, html=(_visit_playground, None), **others)
    app.add_directive("playground", Playground)
    app.add_config_value("run_version", "", "html", types=str)
    app.connect("config-inited", _use_static)
    app.connect("doctree-read", _add_bars)
    app.connect("html-page-context", _add_script)
    app.connect("build-finished", _write)
    return {
        "version": "1",
        "env_version": 3,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
