"""What all sides of the mining of lessons are given, and how they hand over what they found."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.workload import Workload
from tradeworthy.learning.settings import LearningSettings

DEPTH = 3
N_MIN = LearningSettings().n_min
SLICES_MAX = 1_000_000

VALUES = {
    "A_mode": 3,
    "E_mode": 3,
    "age_bucket": 7,
    "chain": 4,
    "curator": 12,
    "macro_phase": 4,
    "mcap_bucket": 6,
    "mcap_vol_ratio_bucket": 6,
    "timeframe": 4,
    "vol_bucket": 7,
}
"""The ten dimensions, and how many values each has."""

DIMENSIONS = tuple(VALUES)
MASKS = [mask for size in range(DEPTH + 1) for mask in itertools.combinations(DIMENSIONS, size)]
FIGURES = ("n", "avg_rr", "variance")
GROUPS = ("entry", "trim")


def events(workload: Workload) -> pl.DataFrame:
    """`workload.bars` actions, an entry and a trim of each trade: category, trade, rr, and a code by dimension.

    Each trade comes once in a group, so that counting rows is counting trades: what a peer's grouping can do at once.
    """
    rng = np.random.default_rng(workload.seed)
    trades = workload.bars // len(GROUPS)
    results = np.clip(rng.standard_exponential(trades) * 1.5 - 1.0, -1.0, 10.0)
    frames = []
    for group, _ in enumerate(GROUPS):
        codes = {name: rng.integers(0, count, trades).astype(np.int32) for name, count in VALUES.items()}
        columns = {"category": np.full(trades, group, np.int32), "trade": np.arange(trades), "rr": results}
        frames.append(pl.DataFrame({**columns, **codes}))
    return pl.concat(frames)


def write(workload: Workload, folder: Path) -> Path:
    """Write the events as one Parquet file; its path."""
    path = folder / "events.parquet"
    events(workload).write_parquet(path)
    return path


def hand_over(folder: Path, side: str, found: pl.DataFrame) -> None:
    """Leave the slices for the comparison: category, a code by dimension (-1: any), and FIGURES, in one order."""
    codes = [pl.col(name).cast(pl.Int32).fill_null(-1) for name in ("category", *DIMENSIONS)]
    figures = [pl.col("n").cast(pl.Int64), *(pl.col(name).cast(pl.Float64) for name in FIGURES[1:])]
    found.select(*codes, *figures).sort("category", *DIMENSIONS).write_parquet(folder / f"{side}.parquet")
