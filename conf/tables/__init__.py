"""Tables that are drawn from recorded data: the matrix of families and types.

::

    ```{socket-matrix} 6.1                  families down, types across, for one kernel
    ```{socket-matrix} 5.10 6.1 6.18 7.2    types down, kernels across, for one family
    :family: AF_INET
    ```{socket-kernels}                     which kernels are recorded, and how

``6.1+6.1-uml`` is a table put together: each family comes from the first kernel that has it.
``:user: nobody`` draws what an ordinary user gets.  Each cell links to the reason for what it says:
``reason`` names a label on the matrix page, and the build fails where such a label is missing, so
no cell stays unexplained.

The data is ``src/bsdsockets/matrix.json``, read by ``bsdsockets.machine.kernels``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bsdsockets.machine import kernels as probe

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent / "src" / "bsdsockets"

TEN = tuple(family for family in probe.FAMILIES if family != "AF_TIPC")


def reason(cell: Any) -> str:
    """Return the label of the paragraph that explains a cell."""
    family = cell.family.removeprefix("AF_").lower()
    if cell.error == "EPERM":
        return "why-not-permitted"
    if cell.error == "EAFNOSUPPORT":
        return f"why-no-{family}"
    if cell.error:
        return f"why-{family}-{cell.type.removeprefix('SOCK_').lower()}"
    if cell.domain != cell.family or cell.kind != cell.type:
        return f"why-{family}-{cell.type.removeprefix('SOCK_').lower()}"
    return f"matrix-{family}"


def table_of(name: str, user: str) -> Any:
    """The table of one kernel, or of several joined by ``+``: the first that has the family."""
    kernels = probe.recorded()
    joined: dict[str, Any] = {}
    for part in name.split("+"):
        table = kernels[part].root if user == "root" else kernels[part].nobody
        for family, row in table.items():
            absent = all(cell.error == "EAFNOSUPPORT" for cell in row.values())
            if family not in joined or (
                not absent and all(c.error == "EAFNOSUPPORT" for c in joined[family].values())
            ):
                joined[family] = row
    return {family: joined[family] for family in probe.FAMILIES if family in joined}


class SocketMatrix(SphinxDirective):
    """Draw the recorded results of ``socket(family, type, 0)``."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {
        "family": directives.unchanged_required,
        "user": lambda value: directives.choice(value, ("root", "nobody")),
    }

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(SOURCE / "matrix.json")
        names = self.arguments[0].split()
        user = self.options.get("user", "root")
        if unknown := [p for n in names for p in n.split("+") if p not in probe.recorded()]:
            raise self.error(f"no kernel {unknown[0]!r} is recorded in matrix.json")
        if family := self.options.get("family"):
            return [self._kernels_across(family, names, user)]
        if len(names) != 1:
            raise self.error("one kernel draws all families; several need :family:")
        return [self._types_across(names[0], user)]

    def _types_across(self, name: str, user: str) -> nodes.Node:
        table = table_of(name, user)
        heads = ["family", *(type.removeprefix("SOCK_") for type in probe.TYPES)]
        families = [family for family in TEN if family in table]
        rows = [(family, list(table[family].values())) for family in families]
        return self._draw(heads, [(self._family_link(f), cells) for f, cells in rows])

    def _kernels_across(self, family: str, names: list[str], user: str) -> nodes.Node:
        tables = [table_of(name, user) for name in names]
        rows: list[tuple[nodes.Node, list[Any]]] = [
            (
                nodes.Text(type.removeprefix("SOCK_")),
                [table.get(family, {}).get(type) for table in tables],
            )
            for type in probe.TYPES
        ]
        return self._draw(["type", *(name.partition("+")[0] for name in names)], rows)

    def _family_link(self, family: str) -> nodes.Node:
        return self._link(nodes.literal("", family), f"matrix-{family[3:].lower()}")

    def _draw(self, heads: list[str], rows: list[tuple[nodes.Node, list[Any]]]) -> nodes.Node:
        group = nodes.tgroup(cols=len(heads))
        group += [nodes.colspec(colwidth=1, stub=int(column == 0)) for column in range(len(heads))]
        head, body = nodes.thead(), nodes.tbody()
        head += nodes.row("", *(nodes.entry("", nodes.paragraph("", word)) for word in heads))
        for first, cells in rows:
            row = nodes.row("", nodes.entry("", nodes.paragraph("", "", first)))
            row += [self._entry(cell) for cell in cells]
            body += row
        group += [head, body]
        return nodes.table("", group, classes=["socket-matrix"])

    def _entry(self, cell: Any) -> nodes.Node:
        if cell is None:
            return nodes.entry("", nodes.paragraph("", "not recorded"))
        text: nodes.Node = nodes.Text(cell.words)
        if cell.error:
            text = nodes.abbreviation("", cell.words, explanation=cell.error)
        entry = nodes.entry("", nodes.paragraph("", "", self._link(text, reason(cell))))
        entry["classes"].append("matrix-no" if cell.error else "matrix-yes")
        return entry

    def _link(self, inner: nodes.Node, label: str) -> nodes.Node:
        link = addnodes.pending_xref(
            "",
            inner,
            refdomain="std",
            reftype="ref",
            reftarget=label,
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )
        self.set_source_info(link)
        return link


class SocketKernels(SphinxDirective):
    """List the recorded kernels: name, release, how it was run."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(SOURCE / "matrix.json")
        items = nodes.definition_list()
        for kernel in probe.recorded().values():
            term = nodes.term("", "", nodes.literal("", kernel.name))
            text = nodes.paragraph("", f"Linux {kernel.release}: {kernel.how}.")
            items += nodes.definition_list_item("", term, nodes.definition("", text))
        return [items]


def _add_style(app: Sphinx) -> None:
    app.config.html_static_path.append(str(HERE / "static"))
    app.add_css_file("matrix.css")


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("socket-matrix", SocketMatrix)
    app.add_directive("socket-kernels", SocketKernels)
    app.connect("builder-inited", _add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
