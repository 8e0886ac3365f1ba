"""From a tick to its paper fill, in one process at latency 0; ours with the fill on disk."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import process
from benchmarks.process import Run
from benchmarks.results import Goal, Section
from benchmarks.size import Size
from benchmarks.workload import Workload

TICKS = 3_000
WARM_UP = 0.1
"""The share of the first ticks that does not count, on both sides."""
P99_US_HELD = 1_000.0
DISK_US_REAL = 15.0
"""No disk syncs faster: below this the temporary folder lies in memory."""

SIDES = {"tradeworthy": "benchmarks.session.latency", "nautilus_trader": "benchmarks.nautilus.sandbox"}

METHOD = """\
One quote, one market order, one fill, 1 ms of rest, and again. Ours: a one-level book is admitted to a
paper life of the runtime (journal, flight record, guard, ledger and digest on) whose desk answers with an
order; the time ends when the fill is on disk (fdatasync). Theirs: a quote is handed to the data client of a
live node with 1.221's sandbox execution client (uvloop, risk engine and logging bypassed); the time ends in
the strategy's `on_order_filled`, and nothing is written. The last line is the disk alone: 500 appends of
1 KiB with fdatasync in the temporary folder, before and after each round."""


def percentiles(runs: list[Run]) -> tuple[float, float, float]:
    """p50, p99 and p99.9 in microseconds, each the median over the runs."""
    kept = [run.report.samples[int(len(run.report.samples) * WARM_UP) :] for run in runs]
    p50, p99, p999 = (
        statistics.median(float(np.percentile(one, share)) for one in kept) for share in (50, 99, 99.9)
    )
    return p50, p99, p999


def disk() -> tuple[float, float, float]:
    """p50, p99 and p99.9 of a small append and its fdatasync, in microseconds."""
    took = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(500):
            began = time.perf_counter_ns()
            os.write(file.fileno(), bytes(1_024))
            os.fdatasync(file.fileno())
            took.append((time.perf_counter_ns() - began) / 1e3)
            time.sleep(0.001)
    p50, p99, p999 = (float(np.percentile(took, share)) for share in (50, 99, 99.9))
    return p50, p99, p999


def measure(size: Size) -> Section:
    """Both sides in turn, and the disk."""
    workload = Workload(f"{size.of(TICKS):,} ticks", size.of(TICKS))
    runs: dict[str, list[Run]] = {side: [] for side in SIDES}
    disks = [disk()]
    for _ in range(size.rounds):
        for side, one in process.alternate(SIDES, workload, Path(), 1).items():
            runs[side] += one
        disks.append(disk())
    ours, theirs = (percentiles(runs[side]) for side in SIDES)
    bare = [statistics.median(column) for column in zip(*disks, strict=True)]
    decided = statistics.median(float(run.report.figures["decided_p50"]) for run in runs["tradeworthy"])
    rows = [
        ("tradeworthy, durable", *(f"**{value:,.0f}**" for value in ours)),
        ("tradeworthy, before the disk", f"{decided:,.0f}", "", ""),
        ("nautilus_trader sandbox, not durable", *(f"{value:,.0f}" for value in theirs)),
        ("the disk alone", *(f"{value:,.0f}" for value in bare)),
    ]
    held = f"p99 under {P99_US_HELD / 1e3:.0f} ms"
    goals = [
        Goal(
            "tick to durable paper fill",
            held,
            f"p99 {ours[1] / 1e3:.2f} ms, p50 {ours[0] / 1e3:.2f} ms",
            ours[1] < P99_US_HELD,
        ),
        Goal(
            "the same, NautilusTrader's p50 / ours",
            "-",
            f"{theirs[0] / ours[0]:.2f}x (p99 {theirs[1] / ours[1]:.2f}x)",
            None,
        ),
    ]
    notes = (
        []
        if bare[0] > DISK_US_REAL
        else [
            "the temporary folder is no real disk, so *durable* means nothing: set TMPDIR to a folder on one"
        ]
    )
    return Section(
        "Tick to paper fill, in microseconds", METHOD, ("side", "p50", "p99", "p99.9"), rows, goals, notes
    )
