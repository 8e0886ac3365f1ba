"""Which expressions hold a set, and what would see its order, judged from a syntax tree alone.

A set's order follows addresses and PYTHONHASHSEED, so it differs from one process to the next. Not followed:
sets in containers (dict[str, set[int]]), and sets that a call returns without an annotation.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

SET_TYPES = frozenset({"set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet"})
SET_MAKERS = frozenset({"set", "frozenset"})
SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference"})
SET_OPERATORS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)
KEY_VIEWS = frozenset({"keys", "items"})

ORDER_TAKERS = frozenset(
    [
        "list",
        "tuple",
        "iter",
        "enumerate",
        "zip",
        "map",
        "filter",
        "sum",
        "reduce",
        "deque",
        "Counter",
        "chain",
        "accumulate",
        "islice",
        "cycle",
        "pairwise",
        "str",
        "repr",
        "format",
        "array",
        "fromiter",
        "join",
        "extend",
        "extendleft",
        "fromkeys",
        "from_iterable",
    ]
)
ORDER_TAKERS_BY_KEY = frozenset({"sorted", "min", "max"})
ORDER_BLIND = frozenset(["sorted", "min", "max", "set", "frozenset", "any", "all", "fsum", "len"])


class Finding(NamedTuple):
    """One thing that a deciding module may not do: its line, the rule's name, and what to do instead."""

    line: int
    rule: str
    message: str


@dataclass
class SetNames:
    """Fields and functions that hold or return a set wherever a class or module declares them."""

    fields: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()

    @classmethod
    def of(cls, trees: Iterable[ast.AST]) -> "SetNames":
        """The names that `trees` declare as sets and never as anything else."""
        fields: dict[str, bool] = {}
        functions: dict[str, bool] = {}
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    _note_fields(node, fields)
                elif isinstance(node, ast.FunctionDef):
                    functions[node.name] = functions.get(node.name, True) and is_set_type(node.returns)
        return cls(
            frozenset(name for name, always in fields.items() if always),
            frozenset(name for name, always in functions.items() if always),
        )


def _note_fields(node: ast.ClassDef, fields: dict[str, bool]) -> None:
    for child in ast.walk(node):
        match child:
            case ast.AnnAssign(target=ast.Attribute(attr=name), annotation=annotation):
                fields[name] = fields.get(name, True) and is_set_type(annotation)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if child in node.body:
                fields[name] = fields.get(name, True) and is_set_type(annotation)
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=ast.Call(func=ast.Name(id=maker))):
                if maker in SET_MAKERS:
                    fields[name] = fields.get(name, True)


def is_set_type(annotation: ast.expr | None) -> bool:
    """Whether an annotation may be a set: set[int], frozenset, "set[int]", set[int] | None, Final[set]."""
    if annotation is None:
        return False
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return is_set_type(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.Name):
        return annotation.id in SET_TYPES
    if isinstance(annotation, ast.Attribute):
        return annotation.attr in SET_TYPES
    if isinstance(annotation, ast.BinOp):
        return is_set_type(annotation.left) or is_set_type(annotation.right)
    if isinstance(annotation, ast.Subscript):
        outer = annotation.value
        name = outer.attr if isinstance(outer, ast.Attribute) else getattr(outer, "id", "")
        if name in {"Annotated", "ClassVar", "Final", "Optional", "Union"}:
            inner = annotation.slice
            return any(map(is_set_type, inner.elts if isinstance(inner, ast.Tuple) else [inner]))
        return is_set_type(outer)
    return False


@dataclass
class _Scope:
    """The names that a module, class or function binds, and those of them that hold a set."""

    of_class: bool
    bound: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)


class SetOrderChecker(ast.NodeVisitor):
    """Collects in `findings` what sees a set's order; `names` are the set fields and functions to know."""

    def __init__(self, names: SetNames) -> None:
        self.findings: list[Finding] = []
        self.names = names
        self.scopes: list[_Scope] = []
        self.blind: set[ast.AST] = set()

    def _found(self, node: ast.AST, rule: str, message: str) -> None:
        self.findings.append(Finding(getattr(node, "lineno", 0), rule, message))

    # Scopes

    def visit_Module(self, node: ast.Module) -> None:
        """Open the module's scope."""
        self._visit_scope(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Open the class's scope, so that its fields are not taken for names of the module."""
        self._visit_scope(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Open the function's scope, with its arguments."""
        self._visit_scope(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Open the coroutine's scope, with its arguments."""
        self._visit_scope(node)

    def _visit_scope(self, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        scope = _Scope(isinstance(node, ast.ClassDef), set(_bound_in(node)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for argument in _arguments(node.args):
                scope.bound.add(argument.arg)
                if is_set_type(argument.annotation):
                    scope.sets.add(argument.arg)
        self.scopes.append(scope)
        self.generic_visit(node)
        self.scopes.pop()

    def _visible(self) -> Iterator[_Scope]:
        """The scopes seen from here, from the inside out; a class hides its own from its methods."""
        yield self.scopes[-1]
        yield from (scope for scope in reversed(self.scopes[:-1]) if not scope.of_class)

    # Which expressions are sets

    def _is_set(self, node: ast.expr) -> bool:
        match node:
            case ast.Set() | ast.SetComp():
                found = True
            case ast.Name(id=name):
                found = next((name in one.sets for one in self._visible() if name in one.bound), False)
            case ast.Attribute(attr=name):
                found = name in self.names.fields
            case ast.Call():
                found = self._call_makes_set(node)
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, SET_OPERATORS):
                found = any(self._is_set(side) or _is_key_view(side) for side in (left, right))
            case ast.IfExp(body=one, orelse=other):
                found = self._is_set(one) or self._is_set(other)
            case ast.BoolOp(values=values):
                found = any(map(self._is_set, values))
            case ast.NamedExpr(value=value):
                found = self._is_set(value)
            case _:
                found = False
        return found

    def _call_makes_set(self, node: ast.Call) -> bool:
        match node.func:
            case ast.Name(id=name):
                return name in SET_MAKERS or name in self.names.functions
            case ast.Attribute(value=value, attr=name):
                if name in SET_METHODS or name == "copy":
                    return self._is_set(value)
                return name in self.names.functions
        return False

    # Who would see their order

    def _judge_order(self, node: ast.expr, what: str) -> None:
        if self._is_set(node):
            self._found(node, "set order", f"{what} a set, whose order differs by process: sort it first")

    def visit_Assign(self, node: ast.Assign) -> None:
        """Note which names hold a set from here on, and judge unpacking."""
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Tuple | ast.List):
                self._judge_order(node.value, "unpacks")
            self._note(target, holds_set=self._is_set(node.value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Note a name annotated as a set."""
        self.generic_visit(node)
        self._note(node.target, holds_set=is_set_type(node.annotation))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Note which names hold a set from here on."""
        self.generic_visit(node)
        self._note(node.target, holds_set=self._is_set(node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Judge `rows += a_set`."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Add):
            self._judge_order(node.value, "appends")

    def _note(self, target: ast.expr, *, holds_set: bool) -> None:
        if isinstance(target, ast.Name):
            change = self.scopes[-1].sets.add if holds_set else self.scopes[-1].sets.discard
            change(target.id)

    def visit_For(self, node: ast.For) -> None:
        """Judge a loop."""
        self._judge_order(node.iter, "loops over")
        self.generic_visit(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        """A set made from a set shows no order."""
        self.blind.update(node.generators)
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> None:
        """The same for {*one, *other}."""
        self.blind.update(node.elts)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Judge a comprehension, unless what takes it is blind to order."""
        if node not in self.blind:
            self._judge_order(node.iter, "comprehends")
        self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        """Judge [*a_set] and f(*a_set)."""
        if node not in self.blind:
            self._judge_order(node.value, "unpacks")
        self.generic_visit(node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        """Judge a generator that hands a set on."""
        self._judge_order(node.value, "yields from")
        self.generic_visit(node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        """Judge an f-string that shows a set."""
        self._judge_order(node.value, "shows")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Judge calls that would see a set's order: list(s), "".join(s), s.pop(), sorted(s, key=...)."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        keyed = any(keyword.arg == "key" for keyword in node.keywords)
        if name in ORDER_BLIND and not keyed:
            for argument in node.args:
                if isinstance(argument, ast.GeneratorExp | ast.ListComp):
                    self.blind.update(argument.generators)
        if name in ORDER_TAKERS or (name in ORDER_TAKERS_BY_KEY and keyed):
            for argument in node.args:
                self._judge_order(
                    argument, f"{name}() breaks ties by the order of" if keyed else f"{name}() takes"
                )
        if isinstance(node.func, ast.Attribute) and name == "pop" and not node.args:
            self._judge_order(node.func.value, "pops from")
        self.generic_visit(node)


def _is_key_view(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KEY_VIEWS


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (one for one in (arguments.vararg, arguments.kwarg) if one)


def _bound_in(scope: ast.AST) -> Iterator[str]:
    """The names that a scope binds itself, those of scopes inside it left out."""
    for node in ast.iter_child_nodes(scope):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
                continue
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]
        yield from _bound_in(node)
