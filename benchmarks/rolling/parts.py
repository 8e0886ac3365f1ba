"""What all sides of the rollup are given, and how they hand over what they made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.bars import MINUTE_MS, OPENS_MS
from benchmarks.workload import Workload

TIMEFRAMES = ("5m", "15m", "1h", "4h")
MINUTES = {"5m": 5, "15m": 15, "1h": 60, "4h": 240}
MINUTE_NS = MINUTE_MS * 1_000_000

FIGURES = ("open", "high", "low", "close", "volume")
COUNTS = ("present", "idle")
GAP = ("symbol", "from_ts", "to_ts")

STEP_TICKS = 25.0
OUTAGES_A_MINUTE = 0.001
BAD = 0.0001
IDLE = 0.01


def walk(workload: Workload, symbol: int) -> pl.DataFrame:
    """The minutes of one symbol: ts in UTC ns and FIGURES, with outages, minutes without volume and some NaN.

    Volumes are multiples of 2^-10, so that their sum is the same in any order.
    """
    rng = np.random.default_rng([workload.seed, symbol])
    count = workload.bars
    steps = np.rint(rng.normal(0.0, STEP_TICKS, (count, 4))).astype(np.int64)
    path = 1_000_000 + np.cumsum(steps.ravel()).reshape(count, 4)
    scale = 10.0**workload.price_decimals
    volume = rng.integers(1, 1_000_000, count) / 1024
    volume[rng.random(count) < IDLE] = 0.0
    close = path[:, 3] / scale
    close[rng.random(count) < BAD] = math.nan
    there = np.ones(count, np.bool_)
    for start in rng.integers(1, count - 1, round(count * OUTAGES_A_MINUTE)).tolist():
        there[start : start + int(rng.geometric(0.02))] = False
    # The last minute closes the last bar of each timeframe.
    there[-1], close[-1] = True, path[-1, 3] / scale
    columns = {
        "ts": OPENS_MS * 1_000_000 + MINUTE_NS * np.arange(count, dtype=np.int64),
        "open": path[:, 0] / scale,
        "high": path.max(axis=1) / scale,
        "low": path.min(axis=1) / scale,
        "close": close,
        "volume": volume,
    }
    return pl.DataFrame({name: column[there] for name, column in columns.items()})


def write(workload: Workload, folder: Path) -> Path:
    """Write the minutes of all symbols, each in order of time, as one Parquet file; its path."""
    frames = [
        walk(workload, number).select(pl.lit(number, pl.Int32).alias("symbol"), pl.all())
        for number in range(workload.symbols)
    ]
    path = folder / "minutes.parquet"
    pl.concat(frames).write_parquet(path)
    return path


def hand_over(
    folder: Path, side: str, rolled: Mapping[str, pl.DataFrame], gaps: Mapping[str, pl.DataFrame]
) -> None:
    """Leave the bars and gaps of each timeframe for the comparison, in one order and with one kind of columns.

    Coverage is compared to 12 places: Polars multiplies by the reciprocal where others divide.
    """
    bars = {"symbol": pl.Int32, "ts": pl.Int64, **dict.fromkeys(FIGURES, pl.Float64)}
    kinds = {**bars, **dict.fromkeys(COUNTS, pl.Int64), "coverage": pl.Float64}
    for name in TIMEFRAMES:
        frame = rolled[name].select(pl.col(column).cast(kind) for column, kind in kinds.items())
        frame = frame.with_columns(pl.col("coverage").round(12)).sort("symbol", "ts")
        frame.write_parquet(folder / f"{side}_bars_{name}.parquet")
        holes = gaps[name].select(pl.col(column).cast(pl.Int64) for column in GAP)
        holes.sort("symbol", "from_ts").write_parquet(folder / f"{side}_gaps_{name}.parquet")
