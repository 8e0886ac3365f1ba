"""How a run's end is known, and what its digest begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.packets import Kind
from tradeworthy.journal import snapshots
from tradeworthy.journal.reader import read
from tradeworthy.journal.segments import Header

SESSION = "session"
"""Source of SessionEnded: once in a run."""

CONCLUDED = "concluded"
"""The mark of a run whose end was seen through: rows, closing lines and all."""


def is_concluded(folder: Path) -> bool:
    """Whether the run in `folder` was seen to its end; Damage where its journal is broken."""
    return concluded(folder) is not None


def concluded(folder: Path) -> dict[str, Any] | None:
    """What the run in `folder` came to (run, packets, digest, fingerprint) if it was seen to its end, else None."""
    base = snapshots.newest(folder)
    if base is None or SESSION not in base.core.positions:
        return None
    marks = (record.mark for record in read(folder, base.place) if record.kind == Kind.MARK)
    return next((figures for name, figures in marks if name == CONCLUDED), None)


def digest_seed(header: Header) -> bytes:
    """What the digest chain begins with: seed, and for inputs that are not recorded the feed's identity."""
    feed = {} if header.record_inputs else header.feed
    return msgspec.json.encode([header.seed, feed], order="sorted")
