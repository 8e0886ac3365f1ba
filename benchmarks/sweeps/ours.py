"""Our side: features once, then the compiled sweep; `options` name the threads."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measure import Stages, answer, asked
from benchmarks.sweeps import market
from tradeworthy.research.features import tape_of
from tradeworthy.research.grids import settings_with
from tradeworthy.research.sweeping import market_of, records_of, sweep_sets

WARM_BARS = 2_880


def main(argument: str) -> None:
    """Run the sweep and answer with its times; each set's trades and capital lie beside the data."""
    ask = asked(argument)
    own, base = market.settings(), market.settings().model_dump()
    money = {"desk": "benchmark", "seed": 1, "capital": market.CAPITAL}
    place = market_of(market.instruments(), market.VENUE, **money)  # type: ignore[arg-type]
    with ThreadPoolExecutor(int(ask.options["workers"])) as pool:
        # What a first run compiles comes from the cache in every later one.
        warm = market.panel(WARM_BARS, ask.workload.seed)
        sweep_sets(tape_of(warm, own, market.THRESHOLDS[0]), place, *records_of([own], warm), pool)
        frame = market.panel(ask.workload.bars, ask.workload.seed)
        stages = Stages()
        tape = tape_of(frame, own, market.THRESHOLDS[0])
        stages.mark("features")
        sets = [
            settings_with(
                base,
                {
                    "vel_div_threshold": -one.threshold,
                    "fixed_tp_pct": one.take_profit,
                    "max_hold_bars": one.hold,
                },
            )
            for one in market.choices()
        ]
        records = records_of(sets, frame)
        stages.mark("sets")
        outcome = sweep_sets(tape, place, *records, pool)
        stages.mark("run")
    results = outcome.results
    market.keep(
        Path(ask.data) / ask.options["answer"],
        trades=results.trades,
        capital=results.capital,
        daily=outcome.daily,
        held=results.bars_held,
    )
    figures = {"trades": int(results.trades.sum()), "bars_held": int(results.bars_held.sum())}
    answer(ask, stages.report(figures=figures))


if __name__ == "__main__":
    main(sys.argv[1])
