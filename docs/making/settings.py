"""The configuration keys, with defaults, bounds and units, from the classes that judge them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from docs.making.sources import note, plain, table

UNITS = {
    "_ns": "ns",
    "_ms": "ms",
    "_s": "seconds",
    "_ms_max": "ms",
    "_s_max": "seconds",
    "_seconds": "seconds",
    "_days": "days",
    "_hours": "hours",
    "_bars": "bars",
    "_bps": "bps (1/100 of a percent)",
    "_bps_max": "bps (1/100 of a percent)",
    "_pct": "percent",
    "_ppm": "millionths",
    "_usd": "currency",
    "_atr": "ATR",
    "_mib": "MiB",
    "_lots": "lots",
}
NAMES: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Decimal: "exact number",
    Path: "path",
    AwareDatetime: "time with its offset",
    SecretStr: "text, kept secret",
    Any: "anything",
}
SIGNS = {
    "ge": "{} or more",
    "gt": "above {}",
    "le": "at most {}",
    "lt": "below {}",
    "min_length": "at least {} long",
}
REQUIRED = "required"


def unit(name: str, field: FieldInfo) -> str:
    """The unit that the name's ending says; a `pct` that can't pass 1 is a fraction."""
    ending = max((one for one in UNITS if name.endswith(one)), key=len, default="")
    if ending == "_pct" and any(
        getattr(one, "le", getattr(one, "lt", 9)) in {0.5, 1} for one in field.metadata
    ):
        return "fraction"
    return UNITS.get(ending, "")


def default(field: FieldInfo) -> str:
    """The default as a TOML file would say it."""
    if field.is_required():
        return REQUIRED
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "none"
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, Enum):
        return json.dumps(value.value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {_toml(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value))


def allowed(field: FieldInfo) -> str:
    """The type and its bounds, in words."""
    bounds = {
        key: getattr(one, key)
        for one in _metadata(field.annotation, field)
        for key in SIGNS
        if getattr(one, key, None) is not None
    }
    said = [SIGNS[key].format(_figure(value)) for key, value in bounds.items()]
    if "ge" in bounds and "le" in bounds:
        said = [f"{_figure(bounds['ge'])} to {_figure(bounds['le'])}"]
    return ", ".join([_type(field.annotation), *said])


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).removesuffix(".0")


def _metadata(annotation: Any, field: FieldInfo) -> Iterator[Any]:
    """The bounds of the field and, where it may be none, of what else it is."""
    yield from field.metadata
    if _is_union(annotation):
        for one in get_args(annotation):
            yield from getattr(one, "__metadata__", ())


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) is Union or type(annotation).__name__ == "UnionType"


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        origin, inner = Literal, tuple(annotation)
    if origin is Literal:
        return ", ".join(f"`{_toml(one)}`" for one in inner)
    if _is_union(annotation):
        return " or ".join(_type(one) for one in inner if one is not type(None))
    if origin is tuple:
        return f"list of {_type(inner[0])}" if inner[-1] is Ellipsis else f"{len(inner)} of {_type(inner[0])}"
    if origin is dict:
        return f"table of {_type(inner[1])}"
    if getattr(annotation, "__metadata__", None):
        return _type(inner[0])
    return NAMES.get(annotation) or str(getattr(annotation, "__name__", annotation))


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that an annotation holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models(inner)


def meaning(model: type[BaseModel], name: str, field: FieldInfo) -> str:
    """What the key means: its own description, else the sentence in the notes."""
    return plain(field.description or note("keys", f"{model.__name__}.{name}"))


def section(model: type[BaseModel], place: str, level: int = 2) -> list[str]:
    """A section's page: what it is, its keys, and the sections in it. `place` is its head in a TOML file."""
    lines = [f"{'#' * level} {place}", "", _about(model), ""]
    rows, nested = [], []
    for name, field in model.model_fields.items():
        inner = next(models(field.annotation), None)
        if inner is None:
            what = meaning(model, name, field)
            rows.append((f"`{name}`", allowed(field), default(field), unit(name, field), what))
        else:
            many = get_origin(field.annotation) is tuple
            bare = place.strip("[]`")
            path = f"{bare}.{name}" if bare else name
            nested += section(inner, f"`[[{path}]]`" if many else f"`[{path}]`", level + 1)
    lines += table(("key", "allowed", "default", "unit", "meaning"), rows) if rows else []
    return lines + nested


def _about(model: type[BaseModel]) -> str:
    said = (model.__doc__ or "").strip()
    return plain(" ".join(said.split()))


def page() -> list[str]:
    """Every section of a configuration file, then each built-in desk's own."""
    from tradeworthy.gateways.alerts.settings import AlertSettings
    from tradeworthy.runtime.configuration import Configuration
    from tradeworthy.runtime.desk_kinds import KINDS
    from tradeworthy.web.settings import WebSettings

    rows = [
        (f"`{name}`", allowed(field), default(field), "", meaning(Configuration, name, field))
        for name, field in Configuration.model_fields.items()
        if next(models(field.annotation), None) is None
    ]
    lines = ["## The file itself", "", *table(("key", "allowed", "default", "unit", "meaning"), rows)]
    for name, field in Configuration.model_fields.items():
        for model in models(field.annotation):
            many = get_origin(field.annotation) is tuple
            lines += section(model, f"`[[{name}]]`" if many else f"`[{name}]`")
    lines += section(WebSettings, "`[web]`")
    lines += section(AlertSettings, "`[alerts]`")
    for kind, built_in in KINDS.items():
        lines += [f'## Settings of a desk of kind "{kind}"', ""]
        lines += section(built_in.settings(), "`[desks.settings]`", 3)
    return lines
