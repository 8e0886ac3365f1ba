"""What a deciding module may not do, judged from its syntax tree alone.

A decision must depend on its inputs and nothing else: no clock, randomness, I/O, thread, environment or
address, and no order that differs from one process to the next.
"""

import ast

from tests.set_order import Finding, SetNames, SetOrderChecker

DECIDING_ROOMS = ("core", "market", "execution", "risk", "learning", "desks")

ALLOWED_IMPORTS = frozenset(
    [
        "__future__",
        "abc",
        "bisect",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "math",
        "msgspec",
        "numba",
        "numpy",
        "operator",
        "pydantic",
        "re",
        "statistics",
        "string",
        "struct",
        "types",
        "typing",
        "typing_extensions",
        "uuid",
        "zlib",
    ]
)

REASONS = {
    "asyncio": "threads and tasks are the gateways'",
    "concurrent": "threads and tasks are the gateways'",
    "io": "I/O is the gateways'",
    "multiprocessing": "threads and tasks are the gateways'",
    "os": "the environment is read by the runtime's settings",
    "pathlib": "I/O is the gateways'",
    "random": "take context.draw(stream, key)",
    "secrets": "take context.draw(stream, key)",
    "socket": "I/O is the gateways'",
    "subprocess": "I/O is the gateways'",
    "sys": "the environment is read by the runtime's settings",
    "threading": "threads and tasks are the gateways'",
    "time": "take context.now",
}

BANNED_NAMES = {
    "datetime.date.today": "take context.now",
    "datetime.datetime.now": "take context.now",
    "datetime.datetime.today": "take context.now",
    "datetime.datetime.utcnow": "take context.now",
    "numpy.random": "take context.draw(stream, key)",
    "uuid.getnode": "ids are uuid5 of (run, seq)",
    "uuid.uuid1": "ids are uuid5 of (run, seq)",
    "uuid.uuid4": "ids are uuid5 of (run, seq)",
}

BANNED_BUILTINS = {
    "__import__": "imports stand at the top, where they are judged",
    "breakpoint": "I/O is the gateways'",
    "eval": "code that is not in the tree can't be judged",
    "exec": "code that is not in the tree can't be judged",
    "hash": "hash() of a string differs by process: take hashlib or a key",
    "id": "an address differs by process: take a key",
    "input": "I/O is the gateways'",
    "open": "I/O is the gateways'",
    "print": "I/O is the gateways'",
}


class DeterminismChecker(SetOrderChecker):
    """Collects in `findings` all that one module may not do, set order included."""

    def __init__(self, names: SetNames) -> None:
        super().__init__(names)
        self.imported: dict[str, str] = {}

    @classmethod
    def check(cls, tree: ast.Module, names: SetNames | None = None) -> list[Finding]:
        """The findings in `tree`, by line; `names` defaults to what the module itself declares."""
        checker = cls(names or SetNames.of([tree]))
        checker.visit(tree)
        return sorted(checker.findings)

    # Imports

    def visit_Import(self, node: ast.Import) -> None:
        """Judge `import a.b as c`."""
        for alias in node.names:
            local = alias.asname or alias.name.partition(".")[0]
            self.imported[local] = alias.name if alias.asname else local
            self._judge_import(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Judge `from a import b as c`; one dot stays in the room, more could leave it."""
        if node.level > 1:
            self._found(node, "import", "a relative import that leaves its folder: write it in full")
        if node.level:
            return
        for alias in node.names:
            path = f"{node.module}.{alias.name}"
            self.imported[alias.asname or alias.name] = path
            self._judge_import(node, path)

    def _judge_import(self, node: ast.stmt, path: str) -> None:
        parts = path.split(".")
        if parts[0] == "tradeworthy":
            if parts[1:2] == [] or parts[1] not in DECIDING_ROOMS:
                self._found(node, "import", f"{path}: a deciding room imports only from deciding rooms")
        elif parts[0] not in ALLOWED_IMPORTS:
            reason = REASONS.get(parts[0], "not among the imports that are known to be deterministic")
            self._found(node, "import", f"{path}: {reason}")
        else:
            self._judge_path(node, path)

    def _judge_path(self, node: ast.AST, path: str) -> bool:
        for banned, reason in BANNED_NAMES.items():
            if path == banned or path.startswith(f"{banned}."):
                self._found(node, "name", f"{path}: {reason}")
                return True
        return False

    # Names

    def _path(self, node: ast.expr) -> str:
        """The dotted path behind an imported name, or nothing."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, "")
        if isinstance(node, ast.Attribute):
            base = self._path(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Judge datetime.now and its like by the path behind them."""
        if not self._judge_path(node, self._path(node)):
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """Judge builtins, called or passed on, unless the module binds the name itself."""
        reason = BANNED_BUILTINS.get(node.id)
        if not reason or not isinstance(node.ctx, ast.Load):
            return
        if not any(node.id in scope.bound for scope in self._visible()):
            self._found(node, "builtin", f"{node.id}: {reason}")

    def visit_Call(self, node: ast.Call) -> None:
        """Judge at.astimezone(), which takes the machine's time zone."""
        named = isinstance(node.func, ast.Attribute) and node.func.attr == "astimezone"
        if named and not node.args and not node.keywords:
            self._found(node, "name", "astimezone(): the machine's time zone is environment; name one")
        super().visit_Call(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Judge a coroutine: the core has one thread and waits for nothing."""
        self._found(node, "async", f"{node.name}: {REASONS['asyncio']}")
        super().visit_AsyncFunctionDef(node)
