"""What `inject state` reads: facts of a market, forced states of a desk's rows, or words on rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.gateways.forced_states import read_rows, read_states
from tradeworthy.gateways.market_facts import read_facts

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def read_injected(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """The injection's kind (state, forced or row) by the file's first line, and all lines, each checked.

    UsageError names the file, the line and what is wrong with it.
    """
    first = _first(path)
    if "event" not in first and "status" in first:
        return "row", read_rows(path)
    if "event" not in first and not first.keys().isdisjoint(("timeframe", "state")):
        return "forced", read_states(path)
    return "state", read_facts(path)


def _first(path: Path) -> dict[str, Any]:
    """The first line's object; nothing where the reader that comes after will say what is wrong."""
    try:
        lines = path.read_bytes().splitlines()
        return _decode(next((line for line in lines if line.strip()), b"{}"))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
