"""The shape of the source: sizes, docstrings, broad excepts, and what an import costs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src"
PRODUCT = ROOT / "tradeworthy"
MODULES = sorted(PRODUCT.rglob("*.py"))
SUPERVISOR = PRODUCT / "runtime" / "supervisor.py"
MIGRATIONS = PRODUCT / "store" / "migrations"

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
READ_FIRST_LINES_MAX = 1500
IMPORT_S_MAX = 0.3
BROAD = {"Exception", "BaseException"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def tree(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def lines(path: Path) -> int:
    """How many lines a module has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def named(path: Path) -> str:
    """A module as people write it: tradeworthy/core/agents.py."""
    return str(path.relative_to(ROOT))


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether an except would catch anything: bare, Exception, BaseException, alone or in a tuple."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD) for kind in kinds)


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """The public functions and classes of a body, and the public methods of those classes."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


def needs_docstring(node: Definition) -> bool:
    """Whether a docstring is owed: overloads and overrides have theirs elsewhere."""
    marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
    return not marks & {"overload", "override", "setter"}


each_module = pytest.mark.parametrize("path", MODULES, ids=named)


@each_module
def test_a_module_is_at_most_400_lines(path: Path) -> None:
    """A module has one noun, and fits in one reading."""
    assert lines(path) <= MODULE_LINES_MAX


@each_module
def test_a_function_is_at_most_70_lines(path: Path) -> None:
    """A function fits on a screen."""
    functions = [
        node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    sizes = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES_MAX} == {}


@each_module
def test_only_the_supervisor_catches_everything(path: Path) -> None:
    """No error is swallowed by a broad except outside the supervisor."""
    broad = [
        node.lineno for node in ast.walk(tree(path)) if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]
    assert path == SUPERVISOR or not broad, f"broad except in lines {broad}"


@each_module
def test_a_public_name_has_a_docstring(path: Path) -> None:
    """Modules, functions, classes and methods that people may use say what they give."""
    module = tree(path)
    if path.is_relative_to(MIGRATIONS):
        pytest.skip("upgrade and downgrade are Alembic's names")
    missing = [
        name
        for name, node in public_definitions(module.body)
        if needs_docstring(node) and not ast.get_docstring(node)
    ]
    assert missing == []
    assert ast.get_docstring(module) or not module.body, "the module itself has no docstring"


@each_module
def test_nothing_imports_pandas(path: Path) -> None:
    """Frames are Polars inside; a pandas frame is accepted at the border without importing it."""
    modules = [
        name.partition(".")[0]
        for node in ast.walk(tree(path))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    assert "pandas" not in modules


def test_what_a_newcomer_reads_first_stays_short() -> None:
    """Core and journal together stay under 1,500 lines."""
    sizes = [lines(path) for path in MODULES if path.relative_to(PRODUCT).parts[0] in {"core", "journal"}]
    assert 0 < sum(sizes) < READ_FIRST_LINES_MAX


def test_importing_the_package_is_quick() -> None:
    """`import tradeworthy` takes under 0.3 s in a fresh process, the interpreter's own start left out."""
    code = "import time; began = time.perf_counter(); import tradeworthy; print(time.perf_counter() - began)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
        for _ in range(3)
    ]
    assert min(float(run.stdout) for run in runs) < IMPORT_S_MAX
