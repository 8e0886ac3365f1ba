"""The one rule for bad bars, applied to whole columns.

A row that breaks market.bars.BAR_RULE is not yielded as a bar: in its place stands a FeedGap with the reason
`bad_bar:<word>`. Of several rows with one stamp the first that is a bar counts, the others are
`bad_bar:duplicate`. Rows are sorted by stamp. Missing bars are a FeedGap `missing` before the next row of the
instrument. A price off its tick is allowed: the matcher rounds.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeworthy.gateways.feeds.rows import FIGURES, Floats, Integers

REASONS = ("", "nan", "non_positive", "high_below_low", "outside_range", "volume", "off_grid", "duplicate")
"""Why a row is no bar, by code; 0 is a bar. `outside_range`: open or close beyond high or low."""

DUPLICATE = REASONS.index("duplicate")
MISSING = "missing"

_PRICES = FIGURES[:4]
_KEYS = ("ts", "instrument")


def reason_code(timeframe_ns: int) -> pl.Expr:
    """The code of REASONS for each row by itself: market.bars.BAR_RULE for columns."""
    numbers = [pl.col(name).is_finite().fill_null(value=False) for name in _PRICES]
    checks = (
        ~pl.all_horizontal(numbers),
        pl.min_horizontal(_PRICES) <= 0,
        pl.col("high") < pl.col("low"),
        (pl.max_horizontal("open", "close") > pl.col("high"))
        | (pl.min_horizontal("open", "close") < pl.col("low")),
        ~(pl.col("volume").is_finite() & (pl.col("volume") >= 0)).fill_null(value=False),
        pl.col("ts") % timeframe_ns != 0,
    )
    code = pl.lit(0)
    for number in range(len(checks), 0, -1):
        code = pl.when(checks[number - 1]).then(number).otherwise(code)
    return code.cast(pl.Int8).alias("reason")


class Checked:
    """Rows of one stretch of time in order, as columns.

    `reason` holds codes of REASONS; `missing_from` the open time of the first bar missing before a row, or 0;
    `events` counts the events up to and with each row.
    """

    def __init__(self, frame: pl.DataFrame, timeframe_ns: int, last_slots: Integers) -> None:
        """Check `frame` (columns instrument, ts and FIGURES, in file order).

        `last_slots` has the slot of each instrument's last row so far (-1: none); it is moved on.
        """
        frame = frame.with_columns(reason_code(timeframe_ns), bad=pl.lit(value=False))
        flawed = bool((frame["reason"] != 0).any())
        if flawed:
            frame = frame.with_columns(bad=pl.col("reason") != 0)
        frame = frame.sort(*_KEYS, "bad", maintain_order=True)
        self.instrument: NDArray[np.int64] = frame["instrument"].cast(pl.Int64).to_numpy()
        self.opened: Integers = frame["ts"].to_numpy()
        self.figures: list[Floats] = [frame[name].to_numpy() for name in FIGURES]
        self.reason: NDArray[np.int8] = frame["reason"].to_numpy(writable=True)
        self._mark_duplicates()
        self.missing_from = self._missing(timeframe_ns, last_slots)
        self.odd: NDArray[np.bool_] = (self.reason != 0) | (self.missing_from > 0)
        self.events: Integers = np.arange(1, len(self.opened) + 1) + np.cumsum(self.missing_from > 0)

    def _mark_duplicates(self) -> None:
        repeated = np.zeros(len(self.opened), np.bool_)
        repeated[1:] = (self.opened[1:] == self.opened[:-1]) & (self.instrument[1:] == self.instrument[:-1])
        self.reason[repeated & (self.reason == 0)] = DUPLICATE

    def _missing(self, timeframe_ns: int, last_slots: Integers) -> Integers:
        slots = self.opened - self.opened % timeframe_ns
        missing = np.zeros(len(slots), np.int64)
        for number in range(len(last_slots)):
            rows = np.flatnonzero(self.instrument == number)
            if not len(rows):
                continue
            mine = slots[rows]
            before = np.empty_like(mine)
            before[0], before[1:] = last_slots[number], mine[:-1]
            holes = (mine - before > timeframe_ns) & (before >= 0)
            missing[rows[holes]] = before[holes] + timeframe_ns
            last_slots[number] = mine[-1]
        return missing
