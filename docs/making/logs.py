"""The log events, from the calls that write them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from docs.making.sources import Source, note, sources, table

LEVELS = ("debug", "info", "warning", "error", "critical")
TOLD = {"_sample": "info", "_tell": "info", "say": "info or warning", "write": "info or warning"}
"""Other names of a log call, with the level that they write at."""


class LogCall(NamedTuple):
    """One place that writes a line."""

    name: str
    level: str
    fields: tuple[str, ...]


def log_calls() -> Iterator[LogCall]:
    """Every call that writes a log line, with the names of what it says."""
    for source in sources():
        named = _constants(source)
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and (level := _level(node)) and node.args:
                for name in _names(node.args[0], named):
                    yield LogCall(name, level, tuple(one.arg for one in node.keywords if one.arg))


def _level(node: ast.Call) -> str:
    match node.func:
        case ast.Attribute(value=ast.Name(id="log"), attr=level) if level in LEVELS:
            return level
        case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="get_logger")), attr=level) if (
            level in LEVELS
        ):
            return level
        case ast.Attribute(value=ast.Name(id="self"), attr=name) | ast.Name(id=name) if (
            name in TOLD and node.keywords
        ):
            return TOLD[name]
    return ""


def _names(node: ast.expr, named: dict[str, str]) -> Iterator[str]:
    """The event's name; a session's own begin with its face, and are listed as the pilot's."""
    match node:
        case ast.Constant(value=str(name)):
            yield name
        case ast.Name(id=constant) if constant in named:
            yield named[constant]
        case ast.Call(func=ast.Attribute(attr="event"), args=[ast.Constant(value=str(word))]):
            yield f"pilot_{word}"
        case ast.IfExp(body=body, orelse=other):
            yield from _names(body, named)
            yield from _names(other, named)
        case ast.JoinedStr(values=parts):
            yield "".join(
                one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else "*"
                for one in parts
            )


def _constants(source: Source) -> dict[str, str]:
    """The module's own names of texts."""
    found: dict[str, str] = {}
    for node in source.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                found[name] = text
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for target, value in zip(names, values, strict=True):
                    match target, value:
                        case ast.Name(id=name), ast.Constant(value=str(text)):
                            found[name] = text
    return found


def log_events() -> dict[str, tuple[str, str]]:
    """Each event by name: its levels, and the fields that it may have, in the order in which they are written."""
    levels: dict[str, dict[str, None]] = {}
    fields: dict[str, dict[str, None]] = {}
    for call in log_calls():
        levels.setdefault(call.name, {})[call.level] = None
        fields.setdefault(call.name, {}).update(dict.fromkeys(call.fields))
    return {name: (", ".join(levels[name]), ", ".join(fields[name])) for name in sorted(levels)}


def page() -> list[str]:
    """A table of all events."""
    return table(
        ("event", "level", "what it means", "fields"),
        [
            (
                f"`{name}`",
                level,
                note("log", name),
                ", ".join(f"`{one}`" for one in fields.split(", ") if one),
            )
            for name, (level, fields) in log_events().items()
        ],
    )
