"""The deciding rooms decide from their inputs alone; the rules that prove it catch what they should."""

import ast
from pathlib import Path

import pytest

from tests.determinism_rules import DECIDING_ROOMS, DeterminismChecker
from tests.set_order import SetNames

SOURCE = Path(__file__).parents[1] / "src" / "tradeworthy"
MODULES = sorted(path for room in DECIDING_ROOMS for path in (SOURCE / room).rglob("*.py"))


def findings(code: str) -> list[str]:
    """The rules that `code` breaks, in order of its lines."""
    return [found.rule for found in DeterminismChecker.check(ast.parse(code))]


@pytest.fixture(scope="session")
def trees() -> dict[Path, ast.Module]:
    """The syntax tree of each deciding module."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}


@pytest.fixture(scope="session")
def set_names(trees: dict[Path, ast.Module]) -> SetNames:
    """What is a set in any of them."""
    return SetNames.of(trees.values())


def test_there_are_deciding_modules_to_judge() -> None:
    """The search finds the rooms, so that the next test can't pass on nothing."""
    assert any(path.is_relative_to(SOURCE / "core") for path in MODULES)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_deciding_module_is_deterministic(
    path: Path, trees: dict[Path, ast.Module], set_names: SetNames
) -> None:
    """No clock, randomness, I/O, threads, environment or set order in what decides."""
    found = DeterminismChecker.check(trees[path], set_names)
    shown = [f"{path.relative_to(SOURCE.parent)}:{line}: {message}" for line, _, message in found]
    assert not shown, "\n".join(shown)


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "from time import monotonic",
        "import random",
        "import secrets",
        "import os",
        "import os.path as osp",
        "from os import environ",
        "import sys",
        "from pathlib import Path",
        "import io",
        "import socket",
        "import threading",
        "import asyncio",
        "import multiprocessing",
        "import subprocess",
        "from concurrent.futures import ThreadPoolExecutor",
        "import polars",
        "def late():\n    import time",
        "from tradeworthy.journal.writer import Writer",
        "from tradeworthy.store import init_db",
        "import tradeworthy",
        "from ..journal import writer",
    ],
)
def test_an_import_outside_the_list_is_found(code: str) -> None:
    """A module that could reach clock, chance or the world can't be imported, anywhere in a module."""
    assert findings(code) == ["import"]


@pytest.mark.parametrize(
    "code",
    [
        "import datetime\ndatetime.datetime.now()",
        "import datetime as dt\ndt.datetime.utcnow()",
        "from datetime import datetime\ndatetime.now(tz=None)",
        "from datetime import datetime as clock\nread = clock.now",
        "from datetime import date\ndate.today()",
        "def local(at):\n    return at.astimezone()",
        "import uuid\nuuid.uuid4()",
        "from uuid import uuid1",
        "import numpy as np\nnp.random.default_rng(1)",
        "from numpy.random import default_rng",
        "from numpy import random",
        "import numpy.random",
    ],
)
def test_a_name_that_reads_clock_or_chance_is_found(code: str) -> None:
    """What an allowed module offers of clock, machine and chance is seen through its aliases."""
    assert findings(code) == ["name"]


@pytest.mark.parametrize(
    "code",
    [
        "open('x')",
        "print(1)",
        "input()",
        "hash('x')",
        "id(object())",
        "eval('1')",
        "exec('1')",
        "__import__('time')",
        "sorted([1], key=hash)",
        "class Row:\n    id: int\n    def f(self, x):\n        return id(x)",
        "def one(hash):\n    return hash\ndef other(x):\n    return hash(x)",
    ],
)
def test_a_builtin_that_leaves_the_core_is_found(code: str) -> None:
    """I/O, addresses and seeded hashes are seen, called or passed on."""
    assert findings(code) == ["builtin"]


def test_a_coroutine_is_found() -> None:
    """The core waits for nothing."""
    assert findings("async def step():\n    return 1") == ["async"]


@pytest.mark.parametrize(
    "code",
    [
        "for x in {1, 2}:\n    pass",
        "for x in set(y):\n    pass",
        "for x in frozenset(y):\n    pass",
        "for x in {x for x in y}:\n    pass",
        "[x for x in {1, 2}]",
        "{x: 1 for x in {1, 2}}",
        "any_order = (x for x in {1, 2})",
        "total = sum(x for x in {0.1, 0.2})",
        "def f(names: set[str]):\n    for x in names:\n        pass",
        "def f(names: 'frozenset[str] | None'):\n    return list(names)",
        "def f(*, names: AbstractSet[str]):\n    return tuple(names)",
        "names: set[str] = load()\n','.join(names)",
        "names = set()\nfor x in names:\n    pass",
        "NAMES = {1, 2}\ndef f():\n    return [x for x in NAMES]",
        "class S:\n    held: set[int]\n    def f(self):\n        return list(self.held)",
        "class S:\n    def f(self):\n        self.held: set[int] = x\ndef g(s):\n    [*s.held]",
        "class S:\n    def f(self):\n        self.held = set()\n    def g(self):\n        [*self.held]",
        "if (a := {1}):\n    list(a)",
        "def held() -> set[int]:\n    return {1}\nfor x in held():\n    pass",
        "a = {1}\nfor x in a | b:\n    pass",
        "for x in a.keys() & b.keys():\n    pass",
        "a = {1}\nfor x in a.union(b):\n    pass",
        "a = {1}\nfor x in b if b else a:\n    pass",
        "for x in b or set():\n    pass",
        "a = {1}\n[*a]",
        "a = {1}\nf(*a)",
        "x, y = {1, 2}",
        "a = {1}\na.pop()",
        "a = {1}\nrows += a",
        "a = {1}\nnext(iter(a))",
        "a = {1}\nlist(enumerate(a))",
        "a = {1}\ndict.fromkeys(a)",
        "a = {1}\nf'{a}'",
        "a = {1}\nstr(a)",
        "a = {1}\nsum(a)",
        "a = {1}\nsorted(a, key=len)",
        "a = {1}\nmax((x for x in a), key=len)",
        "def f(a: set[int]):\n    yield from a",
    ],
)
def test_an_order_taken_from_a_set_is_found(code: str) -> None:
    """Whatever would show the order of a set is seen: loops, copies, joins, unpacking, ties."""
    assert findings(code) == ["set order"]


@pytest.mark.parametrize(
    "code",
    [
        "import hashlib, math, heapq, collections, decimal, enum, typing, bisect, functools, itertools",
        "import msgspec, numba\nimport numpy as np\nnp.zeros(3)",
        "from collections.abc import Iterator",
        "from tradeworthy.core.errors import Bug",
        "from .errors import Bug",
        "from uuid import NAMESPACE_URL, uuid5",
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, UTC)",
        "class Context:\n    now: int\ndef f(context):\n    return context.now",
        "class Row:\n    id: int\ndef f(row):\n    return row.id",
        "def f(hash):\n    return hash",
        "for x in sorted({1, 2}):\n    pass",
        "total = sum(sorted(x for x in {1, 2}))",
        "a = {1}\nb = {x + 1 for x in a}\nc = {*a, *b}",
        "a = {1}\n2 in a and len(a) and max(a) and any(x > 1 for x in a)",
        "a = {1}\na = sorted(a)\nfor x in a:\n    pass",
        "def f(a: set[int]):\n    return 1\ndef g(a: list[int]):\n    return list(a)",
        "for x in {1: 2}:\n    pass",
        "class A:\n    held: set[int]\nclass B:\n    held: list[int]\ndef f(b):\n    return list(b.held)",
    ],
)
def test_what_is_deterministic_passes(code: str) -> None:
    """Sorted sets, membership, dicts (in order of insertion) and shadowed names are fine."""
    assert findings(code) == []


def test_a_finding_names_the_line_and_the_way_out() -> None:
    """A finding says where and what to do instead."""
    found = DeterminismChecker.check(ast.parse("x = 1\nimport time"))
    assert [(one.line, one.message) for one in found] == [(2, "time: take context.now")]
