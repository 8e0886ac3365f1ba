"""The same in Polars: truncated stamps, grouped, each timeframe from the one before it, by its streaming engine."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from benchmarks.measure import Stages, answer, asked
from benchmarks.rolling.parts import COUNTS, MINUTE_NS, MINUTES, TIMEFRAMES, hand_over

IS_BAR = (
    pl.all_horizontal(pl.col("open", "high", "low", "close", "volume").is_finite())
    & (pl.col("low") > 0)
    & (pl.col("low") <= pl.min_horizontal("open", "close"))
    & (pl.col("high") >= pl.max_horizontal("open", "close"))
    & (pl.col("volume") >= 0)
)


def roll_all(minutes: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """Bars with their counts and coverage, and gaps, by timeframe."""
    made = (
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        *(pl.col(name).sum() for name in ("volume", *COUNTS)),
    )
    source = minutes.lazy().filter(IS_BAR)
    source = source.with_columns(present=pl.lit(1, pl.Int64), idle=(pl.col("volume") == 0).cast(pl.Int64))
    bars, gaps = {}, {}
    for name in TIMEFRAMES:
        step = MINUTES[name] * MINUTE_NS
        grouped = source.with_columns(pl.col("ts") - pl.col("ts") % step).group_by(
            "symbol", "ts", maintain_order=True
        )
        bars[name] = (
            grouped.agg(made)
            .with_columns(coverage=pl.col("present") / MINUTES[name])
            .collect(engine="streaming")
        )
        source = bars[name].lazy()
        before = pl.col("ts").shift(1)
        hole = (pl.col("symbol") == pl.col("symbol").shift(1)) & (pl.col("ts") - before > step)
        found = source.with_columns(from_ts=before + step, to_ts=pl.col("ts")).filter(hole)
        gaps[name] = found.select("symbol", "from_ts", "to_ts").collect()
    return bars, gaps


def main(argument: str) -> None:
    """Time the rolling alone, a frame in memory to frames in memory."""
    ask = asked(argument)
    minutes = pl.read_parquet(ask.data).rechunk()
    roll_all(minutes.head(1000))
    stages = Stages()
    bars, gaps = roll_all(minutes)
    stages.mark("run")
    hand_over(Path(ask.options["out"]), "polars", bars, gaps)
    answer(ask, stages.report(figures={"bars": sum(len(frame) for frame in bars.values())}))


if __name__ == "__main__":
    main(sys.argv[1])
