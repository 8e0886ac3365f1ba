"""Files of JSON lines that people hand to a running session: each line one object, all checked before any counts."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tradeworthy.core.errors import UsageError

_decode = msgspec.json.Decoder(dict[str, Any]).decode

Check = Callable[[dict[str, Any], str], object]
"""Raises UsageError, beginning with where, for an object that is wrong."""

TEXT_MAX = 500
"""Characters that a text may have."""

Line = TypeVar("Line", bound=msgspec.Struct)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_objects(path: Path, check: Check, *, noun: str, example: str) -> list[dict[str, Any]]:
    """The file's objects, each checked. Empty lines are passed over.

    UsageError names the file, the line and what is wrong with it, and shows the `example`; a file without a `noun` is
    wrong, too.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}; name a file of JSON lines") from error
    objects = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path} line {number}"
        try:
            found = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError(f"{where}: no JSON object ({error}); write {example}") from error
        check(found, where)
        objects.append(found)
    if not objects:
        raise UsageError(f"{path} has no {noun}; write lines like {example}")
    return objects


def struct_of(found: Mapping[str, Any], line: type[Line], where: str, example: str) -> Line:
    """The object as `line`: fields of their types, numbers finite, text printable; UsageError says which is not."""
    for name in found:
        known_name(name, line.__struct_fields__, "field", where)
    try:
        made = msgspec.convert(dict(found), line)
    except (msgspec.ValidationError, OverflowError) as error:
        raise UsageError(f"{where}: {error}; write it like {example}") from error
    for name in line.__struct_fields__:
        check_value(getattr(made, name), name, where)
    return made


def check_value(value: object, name: str, where: str) -> None:
    """UsageError for a number that is not finite or fits no 64 bits, and for text that can't be shown in a line."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{where}: {name} is {value}; write a finite number or leave it out")
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise UsageError(f"{where}: {name} is {value}; it must fit 64 bits")
    if isinstance(value, str) and (len(value) > TEXT_MAX or not value.isprintable()):
        raise UsageError(f"{where}: {name} is {value[:40]!r}; write up to {TEXT_MAX} printable characters")


def known_name(name: str, known: Iterable[str], noun: str, where: str) -> None:
    """UsageError unless `name` is one of `known`; it offers the nearest."""
    names = tuple(known)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
        raise UsageError(f"{where}: unknown {noun} {name!r}; {hint}")


def stamp_of(value: object, where: str, name: str = "ts") -> int:
    """UTC ns of an ISO-8601 time (without a zone: UTC) or of whole ns since 1970; UsageError calls it `name`."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return value
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and found.year >= 1970:
            since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
            return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    raise UsageError(f"{where}: {name} is {value!r}; it must be like 2025-05-04T00:01:00Z, or ns since 1970")
