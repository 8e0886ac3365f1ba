"""Seeded bars on the tick grid, written as the Parquet file that both sides read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.workload import Workload

MINUTE_MS = 60_000
OPENS_MS = 1_704_067_200_000
"""Open time of the first bar: 2024-01-01 00:00 UTC."""

FIRST_TICKS = 1_000_000
STEP_TICKS = 250.0
"""Standard deviation of a quarter of a bar's walk."""

Floats = NDArray[np.float64]


class Bars(NamedTuple):
    """The bars of one symbol as arrays of one length; `opens_ms` are open times, volume is in base units."""

    opens_ms: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def walk(workload: Workload, symbol: int) -> Bars:
    """A random walk of four steps a bar: open, two within, close. The same for the same (seed, symbol).

    A volume is at least 10,000 lots, so that no order here is large beside it.
    """
    rng = np.random.default_rng([workload.seed, symbol])
    steps = np.rint(rng.normal(0.0, STEP_TICKS, (workload.bars, 4))).astype(np.int64)
    path = FIRST_TICKS + np.cumsum(steps.ravel()).reshape(workload.bars, 4)
    if int(path.min()) <= 0:
        raise ValueError(
            f"the walk of symbol {symbol} reaches {int(path.min())} ticks: take fewer bars or another seed"
        )
    lots = rng.integers(10_000, 1_000_000, workload.bars)
    price, size = 10.0**workload.price_decimals, 10.0**workload.size_decimals
    return Bars(
        OPENS_MS + MINUTE_MS * np.arange(workload.bars, dtype=np.int64),
        path[:, 0] / price,
        path.max(axis=1) / price,
        path.min(axis=1) / price,
        path[:, 3] / price,
        lots / size,
    )


def write(workload: Workload, folder: Path) -> Path:
    """Write `klines_1m.parquet` into `folder`, as a recorded feed reads it; its path."""
    frames = []
    for index, name in enumerate(workload.names()):
        bars = walk(workload, index)
        columns = {"ts": bars.opens_ms, **{name: getattr(bars, name) for name in Bars._fields[1:]}}
        frames.append(
            pl.DataFrame(columns).select(
                pl.lit(name).alias("symbol"),
                pl.col("ts").cast(pl.Datetime("ms", "UTC")),
                pl.exclude("ts"),
            )
        )
    path = folder / "klines_1m.parquet"
    pl.concat(frames).write_parquet(path)
    return path


def read(path: Path) -> dict[str, Bars]:
    """The bars of each symbol, in the file's order."""
    frame = pl.read_parquet(path).with_columns(pl.col("ts").dt.epoch("ms"))
    return {
        str(part["symbol"][0]): Bars(*(part[name].to_numpy() for name in ("ts", *Bars._fields[1:])))
        for part in frame.partition_by("symbol", maintain_order=True)
    }
