"""A session backtest with orders beside NautilusTrader's, on the same bars with the same fills."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import bars
from benchmarks.process import Run, alternate, median, median_cpu
from benchmarks.results import Goal, Section
from benchmarks.size import Size
from benchmarks.trades import Agreement, compare
from benchmarks.workload import Workload
from tradeworthy.core.errors import Bug

OURS, THEIRS = "tradeworthy", "nautilus_trader"
SIDES = {OURS: "benchmarks.session.backtest", THEIRS: "benchmarks.nautilus.backtest"}
RATIO_HELD = 10.0

METHOD = """\
The desk of `examples/breakout.py` on seeded 1-minute bars of linear perpetuals, taker at the bar's close,
5 bps. Before anything is timed the two lists of trades must be equal: instrument, side, lots, both times,
both prices, and the profit to 1e-8. *run*: ours is what `tradeworthy backtest` runs, reading the file
included, with guard, ledger, digest, and the decisions journalled to disk; theirs is `BacktestEngine.run()`
alone, over bars that lie in memory as its own objects, with risk engine, logging and analysis off. *whole*
goes from the Parquet file to the list of trades on both sides."""


class Line:
    """One workload's runs, and what comes of them."""

    def __init__(self, workload: Workload, runs: dict[str, list[Run]], agreement: Agreement) -> None:
        self.workload, self.runs, self.agreement = workload, runs, agreement

    def seconds(self, side: str, *stages: str) -> float:
        """The side's median of these stages; of all if none is named."""
        return median(self.runs[side], *stages)

    @property
    def ratio(self) -> float:
        """How many times faster our run is."""
        return self.seconds(THEIRS, "run") / self.seconds(OURS, "run")

    @property
    def ratio_cpu(self) -> float:
        """The ratio of CPU time: what other work on the machine does not disturb."""
        return median_cpu(self.runs[THEIRS], "run") / median_cpu(self.runs[OURS], "run")

    @property
    def ratio_whole(self) -> float:
        """How many times faster we are from file to trades."""
        return self.seconds(THEIRS) / self.seconds(OURS)

    def rate(self, side: str) -> float:
        """Bars a second of the side's run."""
        return self.workload.bars_total / self.seconds(side, "run")

    def row(self) -> Sequence[str]:
        """The line of the table."""
        peaks = [max(run.memory.peak() for run in self.runs[side]) for side in SIDES]
        return (
            self.workload.name,
            f"{self.agreement.trades:,}",
            "equal" if not self.agreement.pnl_apart else f"equal, pnl to {self.agreement.pnl_apart}e-8",
            f"**{self.ratio:.2f}**",
            f"{self.ratio_cpu:.2f}",
            f"**{self.ratio_whole:.2f}**",
            *(f"{self.rate(side) / 1e3:,.0f} k" for side in SIDES),
            *(f"{peak:,.0f} MiB" for peak in peaks),
        )


def workloads(size: Size) -> list[Workload]:
    """The jobs: two lengths, many orders, many symbols."""
    return [
        Workload(f"{size.of(60_000):,} bars, 1 symbol", size.of(60_000)),
        Workload(f"{size.of(500_000):,} bars, 1 symbol", size.of(500_000)),
        Workload(f"{size.of(60_000):,} bars, 1 symbol, many orders", size.of(60_000), lookback=10, hold=3),
        Workload(f"{size.of(10_000):,} bars x 50 symbols", size.of(10_000), symbols=50),
    ]


def measured(workload: Workload, rounds: int) -> Line:
    """Compare the trades of the first run of each side, then go on timing; Bug names the first difference."""
    with tempfile.TemporaryDirectory() as folder:
        data = bars.write(workload, Path(folder))
        first = alternate(SIDES, workload, data, 1)
        ours, theirs = (first[side][0].report.trades for side in SIDES)
        agreement = compare(ours, theirs)
        if agreement.difference:
            raise Bug(f"{workload.name}: the two sides do not make the same trades: {agreement.difference}")
        print(f"  {workload.name}: {agreement.trades} trades are equal", file=sys.stderr, flush=True)
        more = alternate(SIDES, workload, data, rounds - 1)
        return Line(workload, {side: first[side] + more[side] for side in SIDES}, agreement)


def measure(size: Size) -> Section:
    """All workloads, both sides."""
    lines = [measured(workload, size.rounds) for workload in workloads(size)]
    short, long, dense, wide = lines
    columns = (
        "job",
        "trades",
        "trades compared",
        "ratio, run",
        "its CPU time",
        "ratio, whole",
        "ours, bars/s",
        "theirs, bars/s",
    )
    goals = [
        Goal(
            f"backtest with orders, {line.workload.name}",
            f"{RATIO_HELD:.0f}x",
            f"{line.ratio:.1f}x NautilusTrader",
            line.ratio >= RATIO_HELD,
        )
        for line in (short, long)
    ]
    per_bar = wide.rate(OURS) / long.rate(OURS)
    order_us = [cost_of_a_trade_us(side, short, dense) for side in SIDES]
    goals += [
        Goal("50 symbols beside one, bars/s", "1.0x", f"{per_bar:.2f}x", per_bar >= 0.95),
        Goal("one more round trip", "linear", f"{order_us[0]:.0f} us, theirs {order_us[1]:.0f} us", None),
    ]
    return Section(
        "Backtest with orders",
        METHOD,
        (*columns, "our peak", "their peak"),
        [line.row() for line in lines],
        goals,
    )


def cost_of_a_trade_us(side: str, few: Line, many: Line) -> float:
    """What a round trip adds to a run, from two runs of equal length."""
    more = many.agreement.trades - few.agreement.trades
    return (many.seconds(side, "run") - few.seconds(side, "run")) / more * 1e6
