"""One generated stretch through all steps, as bytes: `python -m tests.desks.divergence.twin FILE` writes them.

With NUMBA_DISABLE_JIT=1 every step and all that it calls is plain Python.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.desks.divergence.rows import START, closes_of, fill_row, names_of, settings_of
from tradeworthy.desks.divergence.codes import Action
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.forewarner import futures, worst_mean
from tradeworthy.desks.divergence.making import empty_memory, feature_state, neutral_bar, params_of
from tradeworthy.desks.divergence.records import (
    BAR,
    FEATURES,
    MEMORY,
    ROW,
    record_of,
    to_bytes,
)
from tradeworthy.desks.divergence.spectrum import largest_eigenvalue
from tradeworthy.desks.divergence.steps import decide_step, signal_step, size_step

ROWS, COLUMNS, TIMEFRAME = 800, 5, "1h"
HOUR_NS = 3_600_000_000_000
ANSWERS = np.dtype([("features", FEATURES), ("memory", MEMORY), ("bar", BAR)])
SETTINGS = settings_of(
    direction=-1,
    windows=(4, 8, 12, 16),
    warmup_bars=3,
    tail_bars=2,
    max_hold_bars=4,
    fixed_tp_pct=0.01,
    stop_pct=0.02,
    irp_horizon_bars=3,
    dc_lookback_bars=2,
    vol_percentile=0.1,
    vel_div_threshold=-0.01,
    irp_prior=0.5,
)


def stretch() -> tuple[list[int], NDArray[np.float64]]:
    """Thirty-three days of hourly bars: holes of one bar, a dead column, jumps, rows that are missing."""
    closes = closes_of(ROWS, COLUMNS, seed=21, share=0.8, scale=6e-3)
    closes[400:430] = closes_of(30, COLUMNS, seed=22, share=0.0)
    closes[60, 2] = closes[61, 2] = np.nan
    closes[450:600:12, 0] = np.nan
    closes[455:600:12, 2] = np.nan
    closes[100:130, 4] = np.nan
    closes[620::29] = np.nan
    closes[200:215, 1] = closes[200, 1]
    closes[300:, 3] *= 1.3
    times = [START + (row + (3 if row >= 350 else 0)) * HOUR_NS for row in range(ROWS)]
    return times, closes


def face(bar: Any, row: int) -> None:
    """Circumstances that change by fixed rules, so that each exit and refusal comes to pass."""
    bar.posture = 0 if row % 17 < 8 else (1, 2, 3)[row // 17 % 3]
    bar.boost = 1.9 if row % 30 < 8 else 1.2
    bar.beta = 0.8 if row % 7 else 0.2
    bar.mc_red = int(row % 60 == 30)
    bar.mc_scale = 0.5 if row % 60 > 45 else 1.0
    bar.ob = 1.0 + 0.01 * (row % 3)
    bar.capital = 25_000.0 - row


def answers() -> tuple[NDArray[Any], bytes]:
    """What the steps answered at each row, and the feature step's state at the end."""
    names = names_of(COLUMNS)
    state = feature_state(SETTINGS, names, TIMEFRAME)
    params, memory, bar = params_of(SETTINGS, names, TIMEFRAME), empty_memory(), neutral_bar()
    row, features = record_of(ROW), record_of(FEATURES)
    found = np.zeros(ROWS, ANSWERS)
    times, closes = stretch()
    for place, (ts, close) in enumerate(zip(times, closes, strict=True)):
        fill_row(row, ts, close)
        feature_step(state, row, features)
        signal_step(params, memory, features)
        face(bar, place)
        if bar.lots:
            bar.price = features.close[memory.held]
        decide_step(params, memory, bar)
        size_step(params, memory, bar)
        found[place] = (features, memory, bar)
        if memory.action == Action.ENTER:
            bar.lots, bar.entry_price = -10, memory.price
        elif memory.action == Action.EXIT:
            bar.lots = 0
    return found, to_bytes(state)


def others() -> bytes:
    """What the stretch may not reach: two equal eigenvalues, and a few of the forewarner's futures."""
    state = feature_state(SETTINGS, names_of(COLUMNS), TIMEFRAME)
    state.members[0, :4] = 1
    state.matrix[:4, :4] = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    value = largest_eigenvalue(state, 0, np.empty(COLUMNS), np.empty((COLUMNS, COLUMNS)))
    returns = np.random.default_rng(4).normal(0.0, 0.04, 60)
    days = np.empty(40)
    fallen = futures(returns, days, 3, np.uint64(42), np.uint64(2**63 + 5))
    return to_bytes(state) + days.tobytes() + np.array([value, fallen, worst_mean(days, 0.05)]).tobytes()


if __name__ == "__main__":
    steps, end = answers()
    Path(sys.argv[1]).write_bytes(steps.tobytes() + end + others())
