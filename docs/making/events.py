"""The events and the tables, from the classes and the metadata that make them."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any, get_args, get_origin

import msgspec

from docs.making.sources import PRODUCT, note, plain, table

OF_EVERY_ROW = ("id", "run", "seq", "created_at")


def events_page() -> list[str]:
    """Every event by the room that defines it, with its fields."""
    from tradeworthy.runtime.event_union import EVENTS

    lines: list[str] = []
    for room, of_room in groupby(EVENTS, key=lambda one: _room(one.__module__)):
        lines += [f"## {room}", ""]
        for event in of_room:
            lines += [f"### {event.__name__}", "", _paragraph(event.__doc__ or ""), ""]
            if rows := [_field(one) for one in msgspec.structs.fields(event)]:
                lines += table(("field", "type", "default"), rows)
    return lines


def _room(module: str) -> str:
    names = module.split(".")[1:]
    return f"{names[0]}, {names[1]}" if names[0] == "desks" else names[0]


def _paragraph(text: str) -> str:
    return plain("\n".join(line.strip() for line in text.strip().splitlines()))


def _field(field: Any) -> tuple[str, str, str]:
    if field.default is not msgspec.NODEFAULT:
        default = (
            f"`{field.default!r}`" if not hasattr(field.default, "value") else f"`{field.default.value!r}`"
        )
    elif field.default_factory is not msgspec.NODEFAULT:
        default = f"`{field.default_factory()!r}`"
    else:
        default = ""
    return f"`{field.name}`", f"`{type_name(field.type)}`", default


def type_name(annotation: Any) -> str:
    """A type as it is written in the source."""
    inner = get_args(annotation)
    if type(annotation).__name__ == "UnionType" or (get_origin(annotation) is None and not inner):
        if inner:
            return " | ".join(type_name(one) for one in inner)
        return "None" if annotation is type(None) else str(getattr(annotation, "__name__", annotation))
    if getattr(annotation, "__metadata__", None):
        return type_name(inner[0])
    name = str(getattr(get_origin(annotation), "__name__", get_origin(annotation)))
    if name in {"Union", "typing.Union"}:
        return " | ".join(type_name(one) for one in inner)
    return f"{name}[{', '.join('...' if one is Ellipsis else type_name(one) for one in inner)}]"


def tables_page() -> list[str]:
    """Every table with its columns, then the views."""
    from tradeworthy.store.schema import metadata

    lines: list[str] = []
    for one in sorted(metadata.sorted_tables, key=lambda found: found.name):
        lines += [f"## {one.name}", "", note("tables", one.name), ""]
        keys = [column.name for column in one.primary_key.columns]
        begun = [column.name for column in one.columns][: len(OF_EVERY_ROW)] == list(OF_EVERY_ROW)
        shown = [column for column in one.columns if not (begun and column.name in OF_EVERY_ROW)]
        columns = ", ".join(f"`{column.name}` {_kind(column)}" for column in shown)
        lines += [f"Key: {', '.join(f'`{key}`' for key in keys)}.", "", f"{columns}.", ""]
    lines += [
        "## Views",
        "",
        *table(("view", "shows"), [(f"`{name}`", note("views", name)) for name in views()]),
    ]
    return lines


def _kind(column: Any) -> str:
    kind = str(column.type).lower()
    return {"timestamp": "time", "datetime": "time", "float": "number", "double": "number"}.get(kind, kind)


def views() -> list[str]:
    """The names of all views that the migrations make."""
    texts = (path.read_text(encoding="utf-8") for path in (PRODUCT / "store" / "migrations").rglob("*.sql"))
    return sorted({name for text in texts for name in re.findall(r"CREATE VIEW (\w+)", text)})
