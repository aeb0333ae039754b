"""What the pages under ``inside/`` draw from the code of the reference implementation.

::

    ```{tcp-states}                 the states of TCP: a picture, and the same in words
    ```{socket-options} SOL_SOCKET  the options of one level: values, sockets, what becomes of them
    ```{absent-options} SOL_SOCKET  the options of that level that Linux has and the model has not
    ```{model-differences}          where the model differs from Linux on purpose
    ```{left-out}                   what the protocols leave out, in the words of their files
    ```{failing-tests}              the tests of CPython that cannot pass on the model
    ```{clauses}                    RFC 9293, clause by clause, and the code that cites each
    ```{other-standards}            the other RFCs that the code cites
    ```{benchmarks}                 the speed of the model beside the kernel's: a picture, a table
    ```{many-connections}           what ten thousand open connections cost

Each reads the table that the code itself uses, so a picture cannot show what the code does not do.
A state without a place in the picture, a level without options, or a clause that is neither cited
nor explained, ends the build.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder

from drawings.benchmarks import Benchmarks, ManyConnections
from drawings.clauses import Clauses, OtherStandards
from drawings.differences import FailingTests, LeftOut, ModelDifferences
from drawings.options import AbsentOptions, SocketOptions
from drawings.states import TcpStates

HERE = Path(__file__).resolve().parent


class Epub(Epub3Builder):
    """An EPUB whose list of files says which pages have a picture, as EPUB asks."""

    def build_content(self) -> None:
        super().build_content()
        listed = Path(self.outdir, "content.opf")
        text = listed.read_text(encoding="utf-8")
        for page in Path(self.outdir).rglob("*.xhtml"):
            if "<svg" in page.read_text(encoding="utf-8"):
                name = page.relative_to(self.outdir).as_posix()
                text = text.replace(f'href="{name}"', f'href="{name}" properties="svg"')
        listed.write_text(text, encoding="utf-8")


def _add_style(app: Sphinx) -> None:
    app.config.html_static_path.append(str(HERE / "static"))
    app.add_css_file("drawings.css")


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("tcp-states", TcpStates)
    app.add_directive("socket-options", SocketOptions)
    app.add_directive("absent-options", AbsentOptions)
    app.add_directive("model-differences", ModelDifferences)
    app.add_directive("left-out", LeftOut)
    app.add_directive("failing-tests", FailingTests)
    app.add_directive("clauses", Clauses)
    app.add_directive("other-standards", OtherStandards)
    app.add_directive("benchmarks", Benchmarks)
    app.add_directive("many-connections", ManyConnections)
    app.add_builder(Epub, override=True)
    app.connect("builder-inited", _add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
