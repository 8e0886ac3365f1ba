"""Files of JSON lines that people hand to a running session: each line one object, all checked before any counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import UsageError

_decode = msgspec.json.Decoder(dict[str, Any]).decode

Check = Callable[[dict[str, Any], str], object]
"""Raises UsageError, beginning with where, for an object that is wrong."""


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
