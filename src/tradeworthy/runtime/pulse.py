"""Whether packets flow: what a live dot may say."""

from __future__ import annotations

import contextlib
import time
from typing import NamedTuple

from tradeworthy.runtime.home import Home, read_holder

LIVE_S_MAX = 15.0
"""Packets flow if the journal grew within this time (arbitrage.md 13)."""

AHEAD_S_MAX = 1.0
"""A file of a later time than this was written before the clock was set back: it says nothing of now."""

LIVE, QUIET, STOPPED = "live", "quiet", "stopped"


class Pulse(NamedTuple):
    """`live`: a session runs and packets flow; `quiet`: it runs and none came for LIVE_S_MAX; `stopped`: none runs.

    `age_s` is the time since the run's journal last grew, None without a journal.
    """

    state: str
    age_s: float | None


def pulse_of(home: Home, run: str) -> Pulse:
    """Whether a session holds the home folder, and how long ago the journal of `run` ("": none) last grew."""
    age_s, folder = None, home.runs / run
    with contextlib.suppress(OSError, ValueError):
        now = time.time()
        ages = list[float]()
        for path in folder.glob("*.journal*") if run else ():
            with contextlib.suppress(FileNotFoundError):  # It was compressed meanwhile.
                ages.append(now - path.stat().st_mtime)
        age_s = max(0.0, min(age for age in ages if age >= -AHEAD_S_MAX))
    if read_holder(home.lock) is None:
        return Pulse(STOPPED, age_s)
    return Pulse(LIVE if age_s is not None and age_s < LIVE_S_MAX else QUIET, age_s)
