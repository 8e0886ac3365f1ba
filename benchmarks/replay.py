"""Replay of a run from its journal: every input handled again, every decision compared with its record."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks import bars, process
from benchmarks.results import Goal, Section
from benchmarks.size import Size
from benchmarks.workload import Workload

INPUTS = 1_000_000
SECONDS_HELD = 3.0
SYMBOLS = 4

METHOD = """\
A paper run over seeded bars is recorded, then replayed in a process of its own, as `tradeworthy replay`
does: journal read and its chained checksums verified, every input admitted, every decision compared, the
digest equal to the one on record."""


def measure(size: Size) -> Section:
    """Record once, replay `rounds` times."""
    inputs = size.of(INPUTS)
    workload = Workload(f"{inputs:,} inputs, {SYMBOLS} symbols", inputs // SYMBOLS, symbols=SYMBOLS)
    with tempfile.TemporaryDirectory() as folder:
        data = bars.write(workload, Path(folder))
        options = {"home": str(Path(folder) / "home")}
        recorded = process.run("benchmarks.session.record", workload, data, options)
        sides = {"replay": "benchmarks.session.replay"}
        runs = process.alternate(sides, workload, data, size.rounds, options)["replay"]
    seconds = process.median(runs, "run")
    scaled = seconds * INPUTS / inputs
    figures = runs[0].report.figures
    row = (
        workload.name,
        f"{figures['packets']:,}",
        f"**{seconds:.2f} s**",
        f"{process.median_cpu(runs, 'run'):.2f} s",
        f"{inputs / seconds / 1e3:,.0f} k",
        f"{recorded.seconds('run'):.2f} s",
        f"{float(recorded.report.figures['bytes']) / process.MIB:,.0f} MiB",
        f"{statistics.median(run.memory.peak() for run in runs):,.0f} MiB",
    )
    columns = ("job", "packets", "replay", "its CPU time", "inputs/s", "recording it took", "journal", "peak")
    goal = Goal(
        "replay of 1 M inputs", f"under {SECONDS_HELD:.0f} s", f"{scaled:.2f} s", scaled < SECONDS_HELD
    )
    return Section("Replay", METHOD, columns, [row], [goal])
