"""The generated reference pages."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from docs.making import errors, logs
from docs.making.sources import notes, sources
from tests.docs.terminal import ROOT

REFERENCE = ROOT / "docs" / "reference"
WORDS_MIN = 12
"""A shorter piece of a sentence says nothing."""


def test_every_page_is_what_the_source_says() -> None:
    """A new option, key, event, column or error stands in the reference, or this fails."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "docs.make_reference", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stderr}run: python -m docs.make_reference"


def words_of(node: ast.expr) -> Iterator[str]:
    """The pieces of text in an error's sentence, but for those that choose between two words."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.JoinedStr):
            yield from (str(one.value) for one in inner.values if isinstance(one, ast.Constant))
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner is node:
            yield inner.value


def raised() -> Iterator[tuple[str, str]]:
    """Each piece of a sentence in a raise of an error of the product, and the module it stands in."""
    for source in sources():
        for node in ast.walk(source.tree):
            match node:
                case ast.Raise(exc=ast.Call(func=func, args=[sentence, *_])) if (
                    ast.unparse(func) in errors.kinds()
                ):
                    yield from ((source.path, piece) for piece in words_of(sentence))


def told() -> str:
    """The words of the catalogue, without its markup."""
    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    bare = re.sub(r"\\(.)", r"\1", page).replace("**", "").replace("&lt;", "<").replace("&gt;", ">")
    return " ".join(bare.split())


def test_no_sentence_of_an_error_is_missing() -> None:
    """Every piece of text that a raise holds is found in the catalogue, whatever made the page."""
    page = told()
    missing = [
        (path, piece)
        for path, piece in raised()
        if len(piece) >= WORDS_MIN and " ".join(piece.split()) not in page
    ]
    assert missing == []


def test_each_class_of_the_tree_says_what_to_do() -> None:
    """What a line leaves open the page answers by its class."""
    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    for name in set(errors.kinds().values()) - {"TradeworthyError", "ValueError"}:
        assert re.search(rf"^\| {name} \| [123] \| .+ \|$", page, re.MULTILINE), name


@pytest.mark.parametrize(
    ("sentence", "what", "step"),
    [
        ("there is no run x; name one", "there is no run x;", "name one"),
        ("tick is 0: give a step above 0", "tick is 0:", "give a step above 0"),
        ("there is no folder x", "there is no folder x", ""),
        ("a bar: it is late", "a bar: it is late", ""),
    ],
)
def test_a_sentence_falls_into_what_happened_and_the_next_step(sentence: str, what: str, step: str) -> None:
    """After the last semicolon, or after a colon where an imperative follows."""
    assert errors.in_two(sentence) == (what, step)


def test_no_note_speaks_of_what_is_gone() -> None:
    """A log event, a table or a view that no longer is has no sentence either."""
    from tradeworthy.store.schema import metadata

    assert set(notes()["log"]) <= set(logs.log_events())
    assert set(notes()["tables"]) <= set(metadata.tables)
