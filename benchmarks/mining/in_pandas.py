"""The same in pandas: a grouping for each combination of dimensions, and one frame of all that are large enough."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.measure import Stages, answer, asked
from benchmarks.mining.parts import DIMENSIONS, FIGURES, MASKS, N_MIN, hand_over


def mine(pandas: Any, events: Any) -> Any:
    """The slices of at least N_MIN rows; a dimension that a slice has not is missing."""
    found = []
    for mask in MASKS:
        keys = ["category", *mask]
        one = events.groupby(keys, sort=False)["rr"].agg(["count", "mean", "var"])
        found.append(one[one["count"] >= N_MIN].reset_index())
    return pandas.concat(found, ignore_index=True).rename(
        columns=dict(zip(("count", "mean", "var"), FIGURES, strict=True))
    )


def main(argument: str) -> None:
    """Time the mining alone, a frame in memory to a frame in memory."""
    ask = asked(argument)
    pandas: Any = importlib.import_module("pandas")
    events = pandas.read_parquet(ask.data)
    mine(pandas, events.head(1000))
    stages = Stages()
    found = mine(pandas, events)
    stages.mark("run")
    columns = {name: found[name].to_numpy() for name in ("category", *DIMENSIONS, *FIGURES)}
    frame = pl.DataFrame(columns).with_columns(pl.col(DIMENSIONS).fill_nan(None))
    hand_over(Path(ask.options["out"]), "pandas", frame)
    answer(ask, stages.report(figures={"slices": len(found)}))


if __name__ == "__main__":
    main(sys.argv[1])
