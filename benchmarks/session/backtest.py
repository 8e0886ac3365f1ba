"""Our side of the backtest: what `tradeworthy backtest` runs, from the file to the decisions on record."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Stages, answer, asked
from benchmarks.session.parts import breakout
from benchmarks.trades import Trade
from benchmarks.workload import Workload
from tradeworthy.core.packets import Kind
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.journal.reader import read
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

TRADE_CLOSED = TradeClosed.__name__.encode()


def trades_of(folder: Path, workload: Workload) -> list[Trade]:
    """The round trips on record in the run's journal."""
    tick_value = int(workload.tick * workload.lot * CASH_UNIT)
    made = []
    for record in read(folder):
        if record.kind != Kind.DECISION or TRADE_CLOSED not in record.body:
            continue
        event = codec().decode(record.body)[1].event
        if isinstance(event, TradeClosed):
            made.append(
                Trade(
                    event.instrument,
                    event.side.value,
                    event.lots,
                    event.opened_ts,
                    event.closed_ts,
                    event.entry_notional // (event.lots * tick_value),
                    event.exit_notional // (event.lots * tick_value),
                    event.pnl,
                )
            )
    return made


def main(argument: str) -> None:
    """Run the job named in `argument` and answer with its times and trades; the run reads the file itself."""
    ask = asked(argument)
    stages = Stages()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).make()
        plan = Plan(breakout(ask.workload), Mode.BACKTEST, f"recorded:{Path(ask.data).parent}")
        stages.mark("build")
        done = run_backtest(plan, home)
        stages.mark("run")
        trades = trades_of(home.runs / done.figures["run"], ask.workload)
        stages.mark("result")
    figures = {name: done.figures[name] for name in ("packets", "digest", "fingerprint")}
    answer(ask, stages.report(trades=trades, figures=figures))


if __name__ == "__main__":
    main(sys.argv[1])
