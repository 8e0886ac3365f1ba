"""The word that was probably meant."""

from __future__ import annotations

import difflib


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean X?` for the known name that is nearest to `name`, "" where none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
