"""Book changes through the pilot's whole core on one core: how many a second, and how long each waits."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import process
from benchmarks.process import Run
from benchmarks.results import Goal, Section
from benchmarks.size import Size
from benchmarks.workload import Workload

CHANGES = 300_000
RATE_HELD = 10_000.0
P99_MS_HELD = 5.0
WARM_UP = 0.1
"""The share of the first changes whose waits don't count."""

UNIVERSES = ("pilot", "wide")
"""The first is the one that something is promised of."""

METHOD = """\
The pilot's own configuration as a paper session of the runtime: listing, marks, markets, oracles, freshness, ledger,
orders, settlement, paper venue, guard of twenty rules, scanner, sniper and allocator, with digest, flight record and
journal on disk, all threads of the process on one core. Books come from the market simulator (*wide*: about a hundred
markets on four underlyings), which makes them before the clock runs. *changes/s* is book changes for each second of
work, the work of all other inputs included. The waits are those of changes that come evenly, 10,000 a second: from
arrival to the end of the turn, with the time in which earlier ones are handled (the queue follows from the measured
work of each input; nothing sleeps). *by CPU time* counts the process's own work alone, without disk and neighbours.
*with the simulator*: the same with the making of the rows and the last sync."""


def rate(run: Run) -> float:
    """Book changes for each second of work."""
    return figure_of(run, "changes") / figure_of(run, "work_ms") * 1e3


def figure_of(run: Run, figure: str) -> float:
    """One of the run's figures as a number."""
    return float(run.report.figures[figure])


def rate_whole(run: Run) -> float:
    """Book changes for each second of the run, simulator included."""
    return figure_of(run, "changes") / run.seconds("run")


def waits(runs: list[Run]) -> tuple[float, float, float]:
    """p50, p99 and the longest wait in milliseconds, each the median over the runs."""
    kept = [run.report.samples[int(len(run.report.samples) * WARM_UP) :] for run in runs]
    p50, p99 = (statistics.median(float(np.percentile(one, share)) for one in kept) for share in (50, 99))
    return p50, p99, statistics.median(max(one) for one in kept)


def median_of(runs: list[Run], figure: Callable[[Run], float]) -> float:
    """The median of a figure over the runs."""
    return statistics.median(figure(run) for run in runs)


def row_of(universe: str, runs: list[Run]) -> tuple[str, ...]:
    """One line of the table."""
    reached, (p50, p99, longest) = median_of(runs, rate), waits(runs)
    return (
        universe,
        f"{figure_of(runs[0], 'markets'):,.0f}",
        f"{figure_of(runs[0], 'session_s'):,.0f} s",
        f"**{reached:,.0f}**",
        f"{reached / RATE_HELD:.2f}",
        f"{median_of(runs, lambda run: figure_of(run, 'changes') / figure_of(run, 'cpu_ms') * 1e3):,.0f}",
        f"{median_of(runs, rate_whole):,.0f}",
        f"{p50:.2f}",
        f"**{p99:.2f}**",
        f"{longest:.1f}",
        f"{median_of(runs, lambda run: figure_of(run, 'cpu_p99_ms')):.2f}",
    )


def goals_of(universe: str, runs: list[Run]) -> list[Goal]:
    """What is promised of the first universe, and what the other comes to."""
    reached, (p50, p99, _) = median_of(runs, rate), waits(runs)
    held = universe == UNIVERSES[0]
    return [
        Goal(
            f"book changes a second on one core, {universe}",
            f"{RATE_HELD:,.0f}" if held else "-",
            f"{reached:,.0f} ({reached / RATE_HELD:.2f}x)",
            reached >= RATE_HELD if held else None,
        ),
        Goal(
            f"input to decision at {RATE_HELD:,.0f} changes/s, {universe}",
            f"p99 under {P99_MS_HELD:.0f} ms" if held else "-",
            f"p99 {p99:.2f} ms, p50 {p50:.2f} ms",
            p99 < P99_MS_HELD if held else None,
        ),
    ]


def measure(size: Size) -> Section:
    """Each universe in turn."""
    workload = Workload(f"{size.of(CHANGES):,} book changes", size.of(CHANGES))
    rows: list[tuple[str, ...]] = []
    goals: list[Goal] = []
    for universe in UNIVERSES:
        options = {"universe": universe, "rate": str(RATE_HELD)}
        sides = {universe: "benchmarks.session.books"}
        runs = process.alternate(sides, workload, Path(), size.rounds, options)[universe]
        rows.append(row_of(universe, runs))
        goals += goals_of(universe, runs)
    columns = (
        *(
            "universe",
            "markets",
            "session time",
            "changes/s",
            "of 10,000",
            "by CPU time",
            "with the simulator",
        ),
        *("wait p50, ms", "p99", "longest", "p99 by CPU time"),
    )
    return Section("Book changes through book and scanner", METHOD, columns, rows, goals)
