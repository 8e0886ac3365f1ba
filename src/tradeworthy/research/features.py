"""What the rows of a panel say, computed once and kept as arrays: the tape that all parameter sets are run over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import DAY_NS, feature_state
from tradeworthy.desks.divergence.records import FEATURES, PRICES, ROW, record_of
from tradeworthy.market.panel_frames import Floats, Integers, PanelFrame
from tradeworthy.research.loops import BLOCK

FEATURE_KEYS = (
    "windows",
    "kernel",
    "assets_min",
    "vol_symbol",
    "vol_lookback",
    "vol_percentile",
    "vol_calibration.mode",
    "vol_calibration.days",
    "vol_calibration.vol_p60",
    "irp_horizon_bars",
    "dc_lookback_bars",
    "acb.beta_low",
    "acb.beta_high",
    "acb.halflife_bars",
)
"""The settings that the feature step depends on: another value of one needs another tape."""

ROWS_A_CALL = 4096
"""So many rows are computed between two looks at the progress."""

TAPE_ROW = np.dtype(
    [
        ("ts", "i8"),
        ("bar", "i8"),
        ("vol_ok", "i8"),
        ("kept", "i8"),  # the row's place in the profiles; -1: none
        ("vel_div", "f8"),
        ("beta", "f8"),
    ]
)
"""What the signal step reads of every row, by the names of FEATURES; times are UTC ns."""

PROFILE = ("efficiency", "noise", "confirm", "outcome", "close")
"""What the steps read of each column, at triggers and at their outcomes alone, in the profiles' order."""

Progress = Callable[[int], None]
"""Called with how many rows are done."""


@dataclass(frozen=True)
class Tape:
    """A panel's rows for the compiled loops, in the order of time.

    `clock` has for each row when its bars opened and when it closed (UTC ns), and its UTC day, counted from 0 over the
    days that have rows. `close` is columns by rows, `volume` rows by columns; `extremes` are the lowest and highest
    closes (NaN left out) of each whole BLOCK of rows, (2, columns, blocks). `profiles` are (kept rows, PROFILE,
    columns), of the rows that may be triggers, or outcomes of triggers, of a threshold of `least` or more.
    """

    least: float
    rows: Any
    clock: Integers
    close: Floats
    volume: Floats
    extremes: Floats
    profiles: Floats

    @property
    def days(self) -> int:
        """How many UTC days have rows."""
        return int(self.clock[2, -1]) + 1 if len(self.rows) else 0

    @property
    def arrays(self) -> tuple[Any, ...]:
        """The arrays as the loops take them."""
        return self.rows, self.clock, self.close, self.volume, self.extremes, self.profiles


def tape_of(
    frame: PanelFrame, settings: DivergenceSettings, least: float, progress: Progress | None = None
) -> Tape:
    """The tape of `frame` for sets whose thresholds are all `least` or more, by the feature step of `settings`.

    Beside the frame it takes 72 bytes a row, 8 for each of its columns, and 40 for each column of a kept row. Errors
    as of `feature_state`.
    """
    columns = len(frame.instruments)
    state = feature_state(settings, frame.instruments, frame.timeframe)
    records = state, record_of(ROW), record_of(FEATURES)
    loud = np.zeros(PRICES, np.int8)
    rows = np.zeros(frame.rows, TAPE_ROW).view(np.recarray)
    rows.ts = frame.ts
    close = np.ascontiguousarray(frame.close)
    page = np.empty((ROWS_A_CALL, len(PROFILE), columns))
    pages = [page[:0].copy()]
    kept = 0
    for start in range(0, frame.rows, ROWS_A_CALL):
        stop = min(start + ROWS_A_CALL, frame.rows)
        count = _compute(records, rows[start:stop], close[start:stop], page, loud, (kept, least))
        pages.append(page[:count].copy())
        kept += count
        if progress:
            progress(stop)
    volume = np.ascontiguousarray(frame.volume)
    by_column = np.ascontiguousarray(close.T)
    return Tape(least, rows, _clock(frame), by_column, volume, _extremes(by_column), np.concatenate(pages))


def _clock(frame: PanelFrame) -> Integers:
    days = frame.ts // DAY_NS
    return np.stack([frame.ts, frame.closed_ts, np.cumsum(np.diff(days, prepend=days[:1]) != 0)])


def _extremes(by_column: Floats) -> Floats:
    columns, rows = by_column.shape
    cube: Floats = by_column[:, : rows // BLOCK * BLOCK].reshape(columns, rows // BLOCK, BLOCK)
    return np.stack([np.fmin.reduce(cube, axis=2), np.fmax.reduce(cube, axis=2)])


@njit(cache=True, nogil=True)
def _compute(records: Any, rows: Any, close: Any, page: Any, loud: Any, before: Any) -> int:
    """What these rows say, into `rows`; the profiles of those to keep into `page`. How many were kept.

    `loud` is the ring of rows that may be triggers, by the bar's slot, as the signal step has one of those that are.
    `before` says how many rows were kept before these, and the least threshold.
    """
    state, row, out = records
    place, least = before
    columns, kept = close.shape[1], 0
    row.columns = columns
    for i in range(rows.shape[0]):
        it = rows[i]
        row.ts = it.ts
        for c in range(columns):
            row.close[c] = close[i, c]
            row.present[c] = 1 if close[i, c] > 0.0 else 0
        feature_step(state, row, out)
        it.bar, it.vol_ok, it.vel_div, it.beta = out.bar, out.vol_ok, out.vel_div, out.beta
        slot = out.ts // state.step_ns
        is_loud = 1 if abs(out.vel_div) > least else 0
        wanted = is_loud == 1 or loud[(slot - state.outcome_bars) % PRICES] == 1
        loud[slot % PRICES] = is_loud
        it.kept = -1
        if wanted:
            it.kept = place + kept
            for c in range(columns):
                page[kept, 0, c], page[kept, 1, c] = out.efficiency[c], out.noise[c]
                page[kept, 2, c], page[kept, 3, c] = out.confirm[c], out.outcome[c]
                page[kept, 4, c] = out.close[c]
            kept += 1
    return kept
