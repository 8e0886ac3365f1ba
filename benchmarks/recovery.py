"""Recovery after the process died: from the newest snapshot to ready for the next input."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks import bars, process
from benchmarks.process import Run
from benchmarks.results import Goal, Section
from benchmarks.size import Size
from benchmarks.workload import Workload

SNAPSHOT_EVERY = 250_000
CHUNK = 2_000
"""The session looks about every so many inputs, so a snapshot is at most this much late."""
SECONDS_HELD = 1.0

METHOD = """\
A paper run dies without a word (`_exit`) after its snapshot at 250,000 inputs; a new process opens the run:
torn tail looked for, snapshot loaded, tail verified, replayed and compared, a new segment begun. Timed from
the plan to ready for the next input; the interpreter's start and imports are not in it. The longest tail is
one that ends just before a snapshot."""


def measure(size: Size) -> Section:
    """A short tail and the longest."""
    tails = {"just after a snapshot": 2 * CHUNK, "just before the next": SNAPSHOT_EVERY - 2 * CHUNK}
    if size.quick:
        tails.popitem()
    rows, goals = [], []
    for where, tail in tails.items():
        runs = recovered(tail, size.rounds)
        seconds = process.median(runs, "run")
        figures = runs[0].report.figures
        rows.append(
            (
                where,
                f"{figures['inputs']:,}",
                f"{figures['replayed']:,}",
                f"**{seconds:.3f} s**",
                f"{process.median_cpu(runs, 'run'):.3f} s",
            )
        )
        goals.append(
            Goal(
                f"recovery, {where}",
                f"under {SECONDS_HELD:.0f} s",
                f"{seconds:.2f} s",
                seconds < SECONDS_HELD,
            )
        )
    return Section(
        "Recovery",
        METHOD,
        ("died", "inputs in all", "inputs replayed", "recovery", "its CPU time"),
        rows,
        goals,
    )


def recovered(tail: int, rounds: int) -> list[Run]:
    """Recoveries of one dead run, each from a copy of what it left."""
    inputs = SNAPSHOT_EVERY + tail
    workload = Workload(f"{inputs:,} inputs", inputs + SNAPSHOT_EVERY)
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        data = bars.write(workload, Path(folder))
        left = Path(folder) / "left"
        options = {"home": str(left), "die_after": str(inputs)}
        process.run("benchmarks.session.record", workload, data, options)
        for number in range(rounds):
            home = Path(folder) / f"home{number}"
            shutil.copytree(left, home)
            runs.append(process.run("benchmarks.session.recovery", workload, data, {"home": str(home)}))
    return runs
