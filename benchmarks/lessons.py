"""Mining of lessons beside DuckDB and pandas on the same events, and the shuffles that say how sure they are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl

from benchmarks import process
from benchmarks.mining import parts
from benchmarks.mining.parts import DEPTH, DIMENSIONS, FIGURES
from benchmarks.results import Goal, Section
from benchmarks.size import Size
from benchmarks.workload import Workload
from tradeworthy.core.errors import Bug

OURS = "ours"
SIDES = {
    OURS: "benchmarks.mining.ours",
    "duckdb": "benchmarks.mining.in_duckdb",
    "pandas": "benchmarks.mining.in_pandas",
}
EVENTS = 100_000
SHUFFLES = 1_000

PANDAS_HELD = 15.0
SHUFFLES_HELD_S = 60.0
APART_MAX = 1e-9

METHOD = f"""\
Seeded facts of {len(DIMENSIONS)} dimensions in two groups, each trade once in a group; every combination of up to
{DEPTH} dimensions with at least {parts.N_MIN} trades, with its number, mean and variance, from which a lesson's edge
follows. Before anything is timed the slices must be the same, every one, their numbers equal and means and variances
within {APART_MAX:g}. *run* goes from events in memory in the side's own form (encoded table, table, frame) to slices in
memory, the second time for ours and DuckDB. Ours is one thread; DuckDB uses all cores. mlxtend finds counts alone, of
single-valued baskets, and is left out. *encode* is what our form of the facts takes; *lessons* the whole job from
facts to lessons with decay, shrinkage and text, without shuffles; *shuffles* the {SHUFFLES:,} permutations."""


def compare(folder: Path, side: str) -> int:
    """How many slices a side and ours found; Bug names the first difference."""
    ours, theirs = (pl.read_parquet(folder / f"{name}.parquet") for name in (OURS, side))
    exact = ["category", *DIMENSIONS, "n"]
    if not ours.select(exact).equals(theirs.select(exact)):
        raise Bug(f"lessons: {side} found other slices: {theirs.height} of them, ours are {ours.height}")
    apart = [(ours[name] - theirs[name]).abs().max() for name in FIGURES[1:]]
    worst = max(float(str(one)) for one in apart)
    if worst > APART_MAX:
        raise Bug(f"lessons: figures of {side} are up to {worst:.2e} from ours, more than {APART_MAX:g}")
    return ours.height


def measure(size: Size) -> Section:
    """Compare the first run of each side, then go on timing."""
    events, shuffles = size.of(EVENTS), size.of(SHUFFLES)
    workload = Workload(f"{events:,} events x {len(DIMENSIONS)} dimensions", events)
    with tempfile.TemporaryDirectory() as folder:
        data = parts.write(workload, Path(folder))
        options = {"out": folder}
        runs = process.alternate(SIDES, workload, data, 1, options)
        found = min(compare(Path(folder), side) for side in SIDES if side != OURS)
        print(f"  {workload.name}: {found:,} slices are equal", flush=True)
        more = process.alternate(SIDES, workload, data, size.rounds - 1, options)
        sure = process.run(SIDES[OURS], workload, data, {**options, "shuffles": str(shuffles)})
    runs = {side: runs[side] + more[side] for side in SIDES}
    seconds = {side: process.median(runs[side], "run") for side in SIDES}
    cpu = {side: process.median_cpu(runs[side], "run") for side in SIDES}
    table = [
        (
            side,
            f"{found:,} equal",
            f"{seconds[side] * 1000:.0f} ms",
            f"**{seconds[side] / seconds[OURS]:.1f}**",
            f"{cpu[side] / cpu[OURS]:.1f}",
        )
        for side in SIDES
    ]
    what = f"lessons of {workload.name}, depth {DEPTH}"
    taken = sure.seconds("shuffles")
    ratios = {side: seconds[side] / seconds[OURS] for side in SIDES}
    goals = [
        Goal(what, "faster than DuckDB", f"{ratios['duckdb']:.1f}x DuckDB", ratios["duckdb"] > 1.0),
        Goal(
            what,
            f"{PANDAS_HELD:.0f}x pandas",
            f"{ratios['pandas']:.1f}x pandas",
            ratios["pandas"] >= PANDAS_HELD,
        ),
        Goal(
            f"{shuffles:,} shuffles of them",
            f"under {SHUFFLES_HELD_S:.0f} s",
            f"{taken:.1f} s",
            taken < SHUFFLES_HELD_S,
        ),
    ]
    notes = [
        f"{name}: {sure.seconds(name):.2f} s in one run of ours" for name in ("encode", "lessons", "shuffles")
    ]
    columns = ("side", "slices", "run", "times ours", "CPU time, times ours")
    return Section("Lessons", METHOD, columns, table, goals, notes)
