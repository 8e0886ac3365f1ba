"""Where the generated pages come from: the product's own syntax trees, and the sentences in notes.toml."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "src" / "tradeworthy"
NOTES = Path(__file__).with_name("notes.toml")

ROOMS = (
    *("core", "journal", "market", "execution", "risk", "learning", "forecasting", "desks"),
    *("reporting", "store", "gateways", "runtime", "research", "proving", "web", "cli"),
)
"""From the bottom up, as the pages list them."""


class Source(NamedTuple):
    """A module: its path under the product, and its tree."""

    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The room that it stands in; "" for the package's own face."""
        return self.path.partition("/")[0] if "/" in self.path else ""

    @property
    def about(self) -> str:
        """The first sentence of its docstring, without its full stop."""
        lead = (ast.get_docstring(self.tree) or "").partition("\n\n")[0]
        return " ".join(lead.split()).rstrip(".")


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the product, by room from the bottom up, then by path."""
    found = (
        Source(path.relative_to(PRODUCT).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        for path in PRODUCT.rglob("*.py")
    )
    return tuple(sorted(found, key=lambda one: (ROOMS.index(one.room) if one.room else -1, one.path)))


class Found(NamedTuple):
    """A node of a module that says something, and the innermost function around it."""

    node: ast.ClassDef | ast.Call | ast.Return
    function: ast.FunctionDef | ast.AsyncFunctionDef | None


@cache
def found_in(path: str) -> tuple[Found, ...]:
    """The classes, calls and returns of the module at `path`, in the order in which they stand."""
    gathered: list[Found] = []

    def visit(node: ast.AST, function: ast.FunctionDef | ast.AsyncFunctionDef | None) -> None:
        if isinstance(node, ast.ClassDef | ast.Call | ast.Return):
            gathered.append(Found(node, function))
        inside = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(next(one.tree for one in sources() if one.path == path), None)
    return tuple(sorted(gathered, key=lambda one: (one.node.lineno, one.node.col_offset)))


@cache
def notes() -> dict[str, dict[str, Any]]:
    """What notes.toml says: a sentence for each name that has none of its own in the source."""
    return tomllib.loads(NOTES.read_text(encoding="utf-8"))


MISSING: dict[str, None] = {}
"""Names that were asked for and have no sentence."""


def note(section: str, name: str) -> str:
    """The sentence about `name`; where there is none, it goes in MISSING."""
    said = notes().get(section, {}).get(name, "")
    if not said:
        MISSING[f'[{section}] "{name}"'] = None
    return str(said)


def cell(text: str) -> str:
    """`text` for a cell of a Markdown table: one line, and no bar that would end it."""
    return re.sub(r"(?<!\\)\|", r"\|", " ".join(text.split()))


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A Markdown table, and the empty line after it."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(cell(one) for one in row)} |" for row in rows),
        "",
    ]


def plain(text: str) -> str:
    """`text` with what Markdown would take for markup escaped, but for `code`."""
    pieces = text.split("`")
    for at in range(0, len(pieces), 2):
        pieces[at] = re.sub(r"([\\\[\]_*#|~])", r"\\\1", pieces[at].replace("<", "&lt;").replace(">", "&gt;"))
    return "`".join(pieces)
