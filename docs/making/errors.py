"""Every sentence that an error of the product may say, read from the places that make one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import NamedTuple

from docs.making.sources import ROOMS, Source, found_in, plain, sources

ROOT_ERROR, IN_A_VALUE, OF_THE_LINE = "TradeworthyError", "ValueError", "BadParameter"
PLACEHOLDERS = {
    "strerror": "what the system said",
    "error": "what was said",
    "__name__": "kind",
    "self": "it",
    "msg": "what is wrong",
    "loc": "key",
}
IMPERATIVES = (
    "add ask change check choose chmod compare correct delete exchange find fix free give install keep leave list"
    " lower make move name open pip put reconcile remove rename replace report restore revoke run see send set"
    " settle sort start stop tradeworthy try unset use write"
)
"""What begins a next step after a colon."""

PASSED_ON = frozenset({"isoformat", "strip", "decode", "lower", "get"})
"""Methods whose answer is called what they are asked of."""

OPEN, CLOSE = "\u2039", "\u203a"
"""Around a word that stands for a value."""

INLINE = 3
"""So many helpers deep a sentence is followed."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Site(NamedTuple):
    """One sentence: the module that says it, the error's class, and its template."""

    source: Source
    kind: str
    sentence: str


@cache
def kinds() -> dict[str, str]:
    """Each error class of the product by name, with the class of the tree in core/errors.py that it is of."""
    bases: dict[str, list[str]] = {}
    for source in sources():
        for node, _ in found_in(source.path):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [_last(base) for base in node.bases]
    tree = [node.name for node in _core().body if isinstance(node, ast.ClassDef)]
    found = {name: name for name in tree}
    while more := {
        name: found[base]
        for name, over in bases.items()
        for base in over
        if name not in found and base in found
    }:
        found.update(more)
    return {**found, IN_A_VALUE: IN_A_VALUE, OF_THE_LINE: "UsageError"}


def _core() -> ast.Module:
    return next(source.tree for source in sources() if source.path == "core/errors.py")


def tree_of_errors() -> str:
    """The tree as the docstring of core/errors.py draws it."""
    text = ast.get_docstring(_core()) or ""
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return "\n".join(lines)


@cache
def sites() -> tuple[Site, ...]:
    """Every sentence, in the order of rooms, modules and lines, each once a module."""
    found: dict[Site, None] = {}
    for source in sources():
        for kind, sentence in _of_module(source):
            if any(letter.isalpha() for letter in _without_placeholders(sentence)):
                found[Site(source, kinds()[kind], " ".join(sentence.split()))] = None
    return tuple(found)


class _Helper(NamedTuple):
    """A function that returns an error: its parameters, the call that makes it, and where it stands."""

    path: str
    parameters: tuple[str, ...]
    call: ast.Call


@cache
def _helpers() -> dict[tuple[str, str], _Helper]:
    """The functions that make an error for others to raise, by module and name; public ones also by "" and name."""
    found: dict[tuple[str, str], _Helper] = {}
    for source in sources():
        for node, function in found_in(source.path):
            if isinstance(node, ast.Return) and function and (call := _error_call(node.value)):
                names = (one.arg for one in (*function.args.posonlyargs, *function.args.args))
                made = _Helper(source.path, tuple(name for name in names if name != "self"), call)
                found[source.path, function.name] = made
                if not function.name.startswith("_"):
                    found["", function.name] = made
    return found


def _helper(source: Source, name: str) -> _Helper | None:
    return _helpers().get((source.path, name)) or _helpers().get(("", name))


def _error_call(node: ast.expr | None) -> ast.Call | None:
    return node if isinstance(node, ast.Call) and _last(node.func) in kinds() else None


class _Scope(NamedTuple):
    """What names mean where a sentence is made: the module's functions, and texts by name."""

    functions: Mapping[str, Function]
    texts: Mapping[str, str]

    def within(self, function: Function | None) -> _Scope:
        """With the texts that `function` gives names to."""
        found = dict(self.texts)
        for node in ast.walk(function) if function else ():
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.JoinedStr() as value):
                    found[name] = next(_texts(value, self))
        return self._replace(texts=found)


def _of_module(source: Source) -> Iterator[tuple[str, str]]:
    scope = _Scope({node.name: node for node in ast.walk(source.tree) if isinstance(node, Function)}, {})
    told = {id(helper.call) for helper in _told_in_words()}
    for node, function in found_in(source.path):
        if isinstance(node, ast.ClassDef) and node.name in _made_within():
            maker, call = _made_within()[node.name]
            yield from ((node.name, text) for text in _texts(call.args[0], scope.within(maker)))
        elif isinstance(node, ast.Call):
            name = _last(node.func)
            if name in kinds() and node.args and id(node) not in told and name not in _made_within():
                yield from ((name, text) for text in _texts(node.args[0], scope.within(function)))
            elif (helper := _helper(source, name)) and helper in _told_in_words():
                values = scope._replace(texts=_values(helper, node))
                yield from ((_last(helper.call.func), text) for text in _texts(helper.call.args[0], values))


@cache
def _made_within() -> dict[str, tuple[Function, ast.Call]]:
    """The classes that make their sentence of what they are handed: where, and the call that takes it."""
    return {
        node.name: (inner, call)
        for source in sources()
        for node, _ in found_in(source.path)
        if isinstance(node, ast.ClassDef) and node.name in kinds()
        for inner in node.body
        if isinstance(inner, Function)
        for call in ast.walk(inner)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__" and call.args
        if not isinstance(call.args[0], ast.Name)
        or call.args[0].id not in {one.arg for one in inner.args.args}
    }


@cache
def _told_in_words() -> frozenset[_Helper]:
    """Helpers that are handed a part of their sentence: what each caller hands them is its own sentence."""
    return frozenset(
        helper
        for source in sources()
        for node, _ in found_in(source.path)
        if isinstance(node, ast.Call) and (helper := _helper(source, _last(node.func)))
        if _last(helper.call.func) not in _made_within()
        if any(isinstance(word, ast.JoinedStr | ast.Constant) for word in _words(helper, node).values())
    )


def _words(helper: _Helper, call: ast.Call) -> dict[str, ast.expr]:
    named = {one.arg: one.value for one in call.keywords if one.arg}
    return {**dict(zip(helper.parameters, call.args, strict=False)), **named}


def _values(helper: _Helper, call: ast.Call) -> dict[str, str]:
    return {
        name: next(_texts(word, _Scope({}, {})))
        for name, word in _words(helper, call).items()
        if isinstance(word, ast.JoinedStr | ast.Constant)
    }


def _texts(node: ast.expr, scope: _Scope, depth: int = 0) -> Iterator[str]:
    """The sentences that an expression may come to."""
    match node:
        case ast.Constant(value=value):
            yield str(value)
        case ast.JoinedStr(values=parts):
            yield "".join(_piece(part, scope) for part in parts)
        case ast.BinOp(left=left, right=right):
            yield next(_texts(left, scope, depth), "") + next(_texts(right, scope, depth), "")
        case ast.IfExp(body=body, orelse=other):
            yield from _texts(body, scope, depth)
            yield from _texts(other, scope, depth)
        case ast.Name(id=name) if name in scope.texts:
            yield scope.texts[name]
        case ast.Call(func=ast.Attribute(value=ast.JoinedStr() as inner)):
            yield from _texts(inner, scope, depth)
        case ast.Call(func=func, args=args) if _last(func) in scope.functions and depth < INLINE:
            made_by = scope.functions[_last(func)]
            named = [one.arg for one in made_by.args.args if one.arg != "self"]
            words = {
                name: next(_texts(word, scope, depth + 1))
                for name, word in zip(named, args, strict=False)
                if isinstance(word, ast.JoinedStr | ast.Constant)
            }
            inside = scope._replace(texts=words).within(made_by)
            for returned in ast.walk(made_by):
                if isinstance(returned, ast.Return) and returned.value is not None:
                    yield from _texts(returned.value, inside, depth + 1)
        case _:
            yield _marked(placeholder(node))


def _piece(part: ast.expr, scope: _Scope) -> str:
    match part:
        case ast.FormattedValue(value=ast.Name(id=name)) if name in scope.texts:
            return scope.texts[name]
        case ast.FormattedValue(value=ast.Constant(value=value)) | ast.Constant(value=value):
            return str(value)
        case ast.FormattedValue(value=inner):
            return _marked(placeholder(inner))
    raise TypeError(ast.dump(part))


def _marked(word: str) -> str:
    return f"{OPEN}{word}{CLOSE}"


def placeholder(node: ast.expr) -> str:
    """What stands for an expression in a sentence: the name of what it shows, in words."""
    if isinstance(node, ast.IfExp):
        return " or ".join(dict.fromkeys(_short(one) for one in (node.body, node.orelse)))
    name = _shown(node).strip("_")
    return PLACEHOLDERS.get(name, name.replace("_", " ").lower() or "value")


def _short(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value).strip() or "nothing"
    if isinstance(node, ast.JoinedStr):
        return "".join(_piece(one, _Scope({}, {})) for one in node.values).strip(f" {OPEN}{CLOSE}")
    return placeholder(node)


def _shown(node: ast.expr) -> str:
    """The name in an expression that says what its value is."""
    while inner := _within(node):
        node = inner
    if isinstance(node, ast.Constant):
        return str(node.value)
    return _last(node) or "value"


def _within(node: ast.expr) -> ast.expr | None:
    """The part of an expression that its name stands in, if it is no name itself."""
    match node:
        case ast.Attribute(value=inner, attr="value" | "name"):
            return inner
        case (
            ast.Call(func=ast.Attribute(attr="join"), args=[inner, *_])
            | ast.Call(func=ast.Name(), args=[inner, *_])
        ):
            return inner
        case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in PASSED_ON:
            return inner
        case ast.Call(func=inner) | ast.Subscript(value=inner) | ast.Starred(value=inner):
            return inner
        case ast.GeneratorExp(elt=inner) | ast.ListComp(elt=inner) | ast.UnaryOp(operand=inner):
            return inner
        case (
            ast.BinOp(left=ast.Constant(), right=inner)
            | ast.BinOp(left=inner)
            | ast.BoolOp(values=[inner, *_])
        ):
            return inner
        case ast.JoinedStr(values=parts):
            return next((one.value for one in parts if isinstance(one, ast.FormattedValue)), None)
    return None


def _last(node: ast.expr) -> str:
    """The last name of a dotted one."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _without_placeholders(sentence: str) -> str:
    return re.sub(f"{OPEN}[^{CLOSE}]*{CLOSE}", "", sentence)


def page() -> list[str]:
    """The catalogue: of each room and module every sentence, the next step in bold, the exit code behind it."""
    lines: list[str] = []
    in_rooms = [site for site in sites() if site.source.room in ROOMS]
    for room, of_room in groupby(in_rooms, key=lambda site: site.source.room):
        lines += [f"## {room}", ""]
        for source, of_module in groupby(of_room, key=lambda site: site.source):
            lines += [f"### {source.path}", "", f"{plain(source.about)}.", ""]
            lines += [_item(site) for site in of_module]
            lines.append("")
    return lines


def _item(site: Site) -> str:
    what, step = in_two(site.sentence)
    said = f"{plain(what)} **{plain(step)}**" if step else plain(what)
    return f"- {said} · {_code(site.kind)}"


def in_two(sentence: str) -> tuple[str, str]:
    """What happened, with its mark, and the next step; "" if the sentence has none."""
    what, mark, step = sentence.rpartition("; ")
    if not mark:
        what, mark, step = sentence.rpartition(": ")
        if step.partition(" ")[0].rstrip(",") not in IMPERATIVES.split():
            return sentence, ""
    return what + mark.strip(), step


def _code(kind: str) -> str:
    from tradeworthy.core import errors

    if kind == IN_A_VALUE:
        return "refused value"
    return f"{kind}, {getattr(errors, kind).exit_code}"
