"""A stretch of panel rows as arrays: what batch computations read in place of PanelClosed events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeworthy.market.bars import TIMEFRAMES_NS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PanelFrame:
    """Rows of a universe in the order of time, a column for each instrument; figures are NaN where there is no bar.

    `ts` is the rows' open time and `closed_ts` the session time at which each closed (UTC ns): the bars' close, or
    the end of the grace for a row that a bar is missing from. Rows without any bar are absent.
    """

    instruments: tuple[str, ...]
    timeframe: str
    ts: Integers
    closed_ts: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.ts)

    @property
    def step_ns(self) -> int:
        """Length of a bar in ns."""
        return TIMEFRAMES_NS[self.timeframe]

    def slice(self, start: int, stop: int) -> PanelFrame:
        """Rows `start` to before `stop`."""
        parts: dict[str, Any] = {
            name: getattr(self, name)[start:stop]
            for name in ("ts", "closed_ts", "open", "high", "low", "close", "volume")
        }
        return PanelFrame(self.instruments, self.timeframe, **parts)

    def days(self) -> list[tuple[int, int, int]]:
        """Each UTC day that has rows: its number since 1970, its first row, and the row after its last."""
        day = self.ts // TIMEFRAMES_NS["1d"]
        starts = np.flatnonzero(np.r_[True, day[1:] != day[:-1]]) if len(day) else np.empty(0, np.int64)
        stops = np.r_[starts[1:], len(day)]
        return [(int(day[at]), int(at), int(stop)) for at, stop in zip(starts, stops, strict=True)]
