"""Rollup of 1-minute bars to four timeframes, beside DuckDB and Polars on the same rows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl

from benchmarks import process
from benchmarks.results import Goal, Section
from benchmarks.rolling import parts
from benchmarks.rolling.parts import TIMEFRAMES
from benchmarks.size import Size
from benchmarks.workload import Workload
from tradeworthy.core.errors import Bug

OURS = "ours"
PEERS = ("duckdb", "polars")
SIDES = {
    OURS: "benchmarks.rolling.ours",
    "duckdb": "benchmarks.rolling.in_duckdb",
    "polars": "benchmarks.rolling.in_polars",
}
SYMBOLS = 50
MINUTES = 432_000
"""300 days: 21.6 M rows before the outages are taken out."""

RATIO_HELD = 3.0

METHOD = """\
Seeded minutes of 50 symbols with outages, minutes without volume and NaN, to 5m, 15m, 1h and 4h: open, high, low,
close, volume, how many source minutes came and how many of them had no volume, coverage, and the gaps of each rolled
series. Before anything is timed the results must be equal, every row and figure (volumes are multiples of 2^-10, so
that no order of summing differs). *run* goes from rows in memory in the side's own form (arrays, table, frame) to
results in memory. Ours is one pass of one thread; the peers use all cores, and make each timeframe from the one
before it, which is faster for both than each from the minutes."""


def compare(folder: Path) -> int:
    """How many bars all sides made; Bug names the first difference."""
    count = 0
    for kind in ("bars", "gaps"):
        for name in TIMEFRAMES:
            ours = pl.read_parquet(folder / f"{OURS}_{kind}_{name}.parquet")
            for peer in PEERS:
                theirs = pl.read_parquet(folder / f"{peer}_{kind}_{name}.parquet")
                if not ours.equals(theirs):
                    raise Bug(f"rollup: the {name} {kind} of {peer} are not ours: {difference(ours, theirs)}")
            count += ours.height if kind == "bars" else 0
    return count


def difference(ours: pl.DataFrame, theirs: pl.DataFrame) -> str:
    """The first row that differs."""
    for number, pair in enumerate(
        zip(ours.iter_rows(named=True), theirs.iter_rows(named=True), strict=False)
    ):
        if pair[0] != pair[1]:
            return f"row {number} is {pair[1]}, ours is {pair[0]}"
    return f"they are {theirs.height} rows, ours {ours.height}"


def measure(size: Size) -> Section:
    """Compare the first run of each side, then go on timing."""
    minutes = size.of(MINUTES)
    workload = Workload(f"{SYMBOLS} symbols x {minutes:,} minutes", minutes, symbols=SYMBOLS)
    with tempfile.TemporaryDirectory() as folder:
        data = parts.write(workload, Path(folder))
        rows = pl.scan_parquet(data).select(pl.len()).collect().item()
        options = {"out": folder}
        runs = process.alternate(SIDES, workload, data, 1, options)
        made = compare(Path(folder))
        print(f"  {workload.name}: {made:,} rolled bars are equal", flush=True)
        more = process.alternate(SIDES, workload, data, size.rounds - 1, options)
    runs = {side: runs[side] + more[side] for side in SIDES}
    ours, ours_cpu = process.median(runs[OURS], "run"), process.median_cpu(runs[OURS], "run")
    table = [
        (
            side,
            f"{rows:,}",
            f"{made:,} equal",
            f"{process.median(runs[side], 'run'):.2f} s",
            f"**{process.median(runs[side], 'run') / ours:.1f}**",
            f"{process.median_cpu(runs[side], 'run') / ours_cpu:.1f}",
        )
        for side in SIDES
    ]
    goals = [
        Goal(
            f"rollup of {rows / 1e6:.1f} M rows to four timeframes",
            f"{RATIO_HELD:.0f}x",
            f"{process.median(runs[peer], 'run') / ours:.1f}x {name}",
            process.median(runs[peer], "run") / ours >= RATIO_HELD,
        )
        for peer, name in (("duckdb", "DuckDB"), ("polars", "Polars"))
    ]
    columns = ("side", "rows", "rolled bars", "run", "times ours", "CPU time, times ours")
    return Section("Rollup", METHOD, columns, table, goals)
