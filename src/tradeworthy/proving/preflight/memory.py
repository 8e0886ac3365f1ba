"""Drill 7: one day, replayed over and over, takes no more memory in the end than at the start."""

from __future__ import annotations

import os
from pathlib import Path

from tradeworthy.core.errors import NotAvailable
from tradeworthy.proving.preflight.results import Drilled, below, exactly
from tradeworthy.proving.preflight.stage import Stage, restored, trace_of

GROWTH_MB_LIMIT = 50
WARM_UP_SHARE = 10
"""One replay in so many comes before the first look: what is loaded and compiled once is no growth."""

MB = 1_000_000
STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """The process's memory that is in RAM; NotAvailable where the system does not tell in /proc."""
    try:
        pages = int(STATM.read_text(encoding="ascii").split()[1])
    except OSError as error:
        raise NotAvailable(
            f"this system does not tell a process's memory in {STATM}: run this drill on Linux"
        ) from error
    return pages * os.sysconf("SC_PAGE_SIZE")


def drill_memory(stage: Stage, replays: int) -> Drilled:
    """Replay the stage's day `replays` times in one engine."""
    engine = stage.engine()
    warm = max(1, replays // WARM_UP_SHARE)
    first = base = most = differ = 0
    expected = ""
    for number in range(replays):
        result = restored(engine, stage.day.before).process_day(stage.day.date, stage.day.frame)
        trace = trace_of(engine, result)
        expected = expected or trace
        differ += trace != expected
        if number == 0:
            first = resident_bytes()
        if number == warm:
            base = resident_bytes()
        if number >= warm:
            most = max(most, resident_bytes())
    return Drilled(
        7,
        "memory over day replays",
        f"{replays:,} replays of a day of {stage.day.frame.rows} bars, {base / MB:.0f} MB after {warm}",
        (
            below("growth in MB", round((most - base) / MB, 2), GROWTH_MB_LIMIT),
            below("growth in MB since the first replay", round((most - first) / MB, 2), GROWTH_MB_LIMIT),
            exactly("replays that differ", differ, 0),
        ),
    )
