"""Rolls up as `tradeworthy data rollup` does: one compiled pass over the columns of each series."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.measure import Stages, answer, asked
from benchmarks.rolling.parts import COUNTS, FIGURES, GAP, MINUTE_NS, MINUTES, TIMEFRAMES, hand_over
from tradeworthy.market.gaps import Gap, holes
from tradeworthy.market.rollup import Bars, Rolled, roll

Done = dict[str, tuple[Rolled, np.ndarray[tuple[int], np.dtype[np.float64]], list[Gap]]]


def roll_all(series: list[Bars]) -> list[Done]:
    """Bars with their counts, coverage and gaps, by timeframe."""
    done = []
    for bars in series:
        rolled = roll(bars, "1m", TIMEFRAMES).rolled
        done.append(
            {
                name: (one, one.coverage, holes(one.bars.opened, MINUTES[name] * MINUTE_NS))
                for name, one in rolled.items()
            }
        )
    return done


def main(argument: str) -> None:
    """Time the rolling alone, columns in memory to columns in memory."""
    ask = asked(argument)
    frame = pl.read_parquet(ask.data)
    series = [
        Bars(part["ts"].to_numpy().copy(), *(part[name].to_numpy().copy() for name in FIGURES))
        for part in frame.partition_by("symbol", maintain_order=True)
    ]
    # The first call loads the compiled kernel.
    first = series[0]
    roll_all([Bars(first.opened[:1000], *(column[:1000] for column in first[1:]))])
    stages = Stages()
    done = roll_all(series)
    stages.mark("run")
    bars, gaps = {}, {}
    for name in TIMEFRAMES:
        parts, found = [], []
        for symbol, one in enumerate(done):
            rolled, coverage, missing = one[name]
            columns = dict(
                zip(("ts", *FIGURES, *COUNTS), (*rolled.bars, rolled.present, rolled.idle), strict=True)
            )
            parts.append(pl.DataFrame({**columns, "coverage": coverage}).with_columns(symbol=symbol))
            found += [(symbol, *gap) for gap in missing]
        bars[name] = pl.concat(parts)
        gaps[name] = pl.DataFrame(found, schema=dict.fromkeys(GAP, pl.Int64), orient="row")
    hand_over(Path(ask.options["out"]), "ours", bars, gaps)
    answer(ask, stages.report(figures={"bars": sum(len(frame) for frame in bars.values())}))


if __name__ == "__main__":
    main(sys.argv[1])
