"""A thousand parameter sets over one market: ours beside vectorbt and beside a loop in C."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import process
from benchmarks.process import Run
from benchmarks.results import Goal, Section
from benchmarks.size import Size
from benchmarks.sweeps import market
from benchmarks.workload import Workload
from tradeworthy.core.errors import Bug
from tradeworthy.research.features import tape_of
from tradeworthy.research.sweeping import records_of, triggers_of

BARS = 100_800
"""Seventy days of one-minute bars: whole days, so that no side holds anything at the end."""

DAY_BARS = 1_440
RATIO_HELD = 50.0
C_RATIO_HELD = 1.5
PEAK_MIB_HELD = 500.0
APART_MAX = 1e-6
"""What capitals of float and integer money may differ by, as a share."""

METHOD = """\
A thousand sets (ten thresholds, ten take-profits, ten longest holds) of one desk over one generated market, taker at
the close. Before anything is timed the sides must agree, set by set: ours and the C loop in the number of trades and
the capital to the last 1e-8, vectorbt in the number of trades and the capital to a millionth (it has no lots and no
ticks). *run* is all sets from signals to results; ours also makes each set's signals, pnl by day, drawdown and exit
mix, and the peers are given the signals ready. *sets* is ours alone: a thousand configurations judged and made into
records. *features* is the once that all sets share. Beside vectorbt stands what a user waits for: *sets* and *run* on
two threads (`from_signals` has one). Beside C stands *run* on one thread, loop against loop. vectorbt runs
`Portfolio.from_signals` with its own stops and a numba signal function for the longest hold, told the number of orders
beforehand; the C loop goes bar by bar, compiled by the benchmark with `cc -O3 -march=native`. Compilation is left out
on all sides."""


def write_signals(bars: int, seed: int, folder: Path) -> None:
    """What the peers need of our features, which they can't compute; Bug if the desk would choose the other asset."""
    frame, own = market.panel(bars, seed), market.settings()
    tape = tape_of(frame, own, market.THRESHOLDS[0])
    params, _ = records_of([own], frame)
    found = triggers_of(tape, params[0])
    if not len(found) or found["asset"].any():
        raise Bug("the benchmark's market has no trigger, or one for its second instrument: change its seed")
    may = np.zeros(bars, np.uint8)
    may[found["row"]] = 1
    market.keep(
        folder / "signals.npz",
        close=frame.close[:, 0].copy(),
        vel_div=np.array(tape.rows["vel_div"]),
        may=may,
    )


def measure(size: Size) -> Section:
    """Equality first, then the ratios."""
    bars = size.of(BARS) // DAY_BARS * DAY_BARS
    sets = len(market.choices())
    workload = Workload(f"{sets:,} sets x {bars:,} bars", bars)
    ours, c_loop, vectorbt = (f"benchmarks.sweeps.{name}" for name in ("ours", "c_loop", "vectorbt_side"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_signals(bars, workload.seed, folder)

        def once(module: str, answer: str, **options: str) -> Run:
            return process.run(module, workload, folder, {"answer": answer, **options})

        first = once(ours, "ours.npz", workers="1")
        trades = str(first.report.figures["trades"])
        runs: dict[str, list[Run]] = {"ours": [], "two": [], "c": [], "vectorbt": []}
        for _ in range(size.rounds):
            runs["ours"].append(once(ours, "ours.npz", workers="1"))
            runs["c"].append(once(c_loop, "c.npz"))
            runs["two"].append(once(ours, "two.npz", workers="2"))
            runs["vectorbt"].append(once(vectorbt, "vectorbt.npz", trades=trades))
        apart = check(folder)
    return section(workload, runs, sets * bars, apart)


def check(folder: Path) -> float:
    """How far vectorbt's capitals are from ours, as a share; Bug where sides make other trades."""
    kept = {side: dict(np.load(folder / f"{side}.npz")) for side in ("ours", "two", "c", "vectorbt")}
    ours = kept["ours"]
    for side in ("two", "c", "vectorbt"):
        for name in (
            "trades",
            *(("capital",) if side != "vectorbt" else ()),
            *(("daily",) if side == "two" else ()),
        ):
            differs = np.flatnonzero(
                (kept[side][name] != ours[name]).reshape(len(ours["trades"]), -1).any(axis=1)
            )
            if len(differs):
                at = int(differs[0])
                raise Bug(
                    f"set {at} {market.choices()[at]}: {name} {kept[side][name][at]} ({side}) against"
                    f" {ours[name][at]} (ours), and {len(differs) - 1} more"
                )
    apart = float(np.abs(kept["vectorbt"]["capital"] / ours["capital"] - 1.0).max())
    if apart > APART_MAX:
        raise Bug(f"vectorbt's capitals are up to {apart:.2e} from ours, more than {APART_MAX}")
    return apart


def section(workload: Workload, runs: dict[str, list[Run]], work: int, apart: float) -> Section:
    """The tables of what was measured; `work` is sets times bars."""
    seconds = {side: process.median(made, "run") for side, made in runs.items()}
    peak = {side: statistics.median(run.memory.peak() for run in made) for side, made in runs.items()}
    whole = process.median(runs["two"], "sets", "run")
    names = {
        "ours": "tradeworthy, 1 thread",
        "two": "tradeworthy, 2 threads",
        "c": "C loop",
        "vectorbt": "vectorbt",
    }
    rows = [_row(names[side], runs[side], seconds, peak[side], work) for side in runs]
    ratio, c_ratio = seconds["vectorbt"] / whole, seconds["ours"] / seconds["c"]
    what = f"sweep, {workload.name}"
    goals = [
        Goal(what, f"{RATIO_HELD:.0f}x vectorbt", f"{ratio:.0f}x vectorbt", ratio >= RATIO_HELD),
        Goal(
            f"{what}, beside C",
            f"within {C_RATIO_HELD}x of its time",
            f"{c_ratio:.2f}x its time",
            c_ratio <= C_RATIO_HELD,
        ),
        Goal(
            f"{what}, memory",
            f"under {PEAK_MIB_HELD:.0f} MiB",
            f"{peak['ours']:.0f} MiB",
            peak["ours"] < PEAK_MIB_HELD,
        ),
        Goal(f"{what}, 2 threads", "-", f"{seconds['ours'] / seconds['two']:.2f}x one, bit-equal", None),
    ]
    figures = runs["ours"][0].report.figures
    features, sets = (process.median(runs["ours"], stage) for stage in ("features", "sets"))
    equal = (
        f"{figures['trades']:,} trades, equal on all sides; capitals equal to the last unit in C, {apart:.0e} off in"
        " vectorbt"
    )
    notes = [
        equal,
        f"*sets* took {sets:.3f} s, *features* {features:.2f} s",
        f"{os.cpu_count()} cores seen",
    ]
    columns = ("side", "run", "its CPU time", "sets x bars/s", "beside vectorbt", "beside C", "peak")
    return Section("Sweep", METHOD, columns, rows, goals, notes)


def _row(name: str, made: list[Run], seconds: dict[str, float], peak: float, work: int) -> Sequence[str]:
    mine = process.median(made, "run")
    return (
        name,
        f"**{mine:.3f} s**",
        f"{process.median_cpu(made, 'run'):.3f} s",
        f"{work / mine / 1e6:,.0f} M",
        f"{seconds['vectorbt'] / mine:.1f}x",
        f"{mine / seconds['c']:.2f}x its time",
        f"{peak:,.0f} MiB",
    )
