"""Mines as the lesson job does: one compiled walk over the encoded facts; then the shuffles, and the job as a whole."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.measure import Stages, answer, asked
from benchmarks.mining.parts import DEPTH, DIMENSIONS, GROUPS, N_MIN, SLICES_MAX, hand_over
from tradeworthy.learning.apriori import Floats, Slices
from tradeworthy.learning.events import TradeFact
from tradeworthy.learning.lessons import mine_lessons
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.significance import evidence_of
from tradeworthy.learning.slices import Encoded, encode, find, parents_of


def facts_of(frame: pl.DataFrame) -> list[TradeFact]:
    """The events as facts, an hour apart."""
    return [
        TradeFact(
            trade=f"t{row['trade']:07d}",
            action=GROUPS[row["category"]],
            pattern_key="pm.uptrend.S1.entry",
            action_category=GROUPS[row["category"]],
            scope={name: f"{row[name]:02d}" for name in DIMENSIONS},
            rr=row["rr"],
            pnl_usd=0.0,
            ts=row["trade"] * 3_600_000_000_000,
        )
        for row in frame.iter_rows(named=True)
    ]


def mine(encoded: Encoded, columns: Floats) -> tuple[Slices, Floats, Floats]:
    """The slices with mean and variance."""
    slices = find(encoded.table, columns, N_MIN, DEPTH, SLICES_MAX)
    mean = slices.sums[:, 0] / slices.n
    return slices, mean, (slices.sums[:, 1] - slices.n * mean * mean) / (slices.n - 1)


def frame_of(encoded: Encoded, slices: Slices, mean: Floats, variance: Floats) -> pl.DataFrame:
    """What was found in the comparison's terms."""
    codes = np.full((len(slices.n), len(DIMENSIONS)), -1, np.int32)
    words = [(DIMENSIONS.index(name), int(word)) for name, word in encoded.values]
    for column in range(slices.items.shape[1]):
        for place, item in enumerate(slices.items[:, column].tolist()):
            if item >= 0:
                dimension, code = words[item]
                codes[place, dimension] = code
    categories = [GROUPS.index(encoded.groups[group][1]) for group in slices.group.tolist()]
    columns = {name: codes[:, place] for place, name in enumerate(DIMENSIONS)}
    return pl.DataFrame(
        {"category": categories, **columns, "n": slices.n, "avg_rr": mean, "variance": variance}
    )


def main(argument: str) -> None:
    """Time the mining alone, a table in memory to slices in memory; with the option `shuffles` what follows too."""
    ask = asked(argument)
    facts = facts_of(pl.read_parquet(ask.data))
    mine_lessons(facts[:1000], LearningSettings(), 1 << 62)  # the first calls load the compiled kernels
    stages = Stages()
    encoded = encode(facts, N_MIN)
    stages.mark("encode")
    results = encoded.rr[encoded.trades[encoded.table.units]]
    columns = np.column_stack([results, results * results])
    mine(encoded, columns)
    stages.mark("warm")
    slices, mean, variance = mine(encoded, columns)
    stages.mark("run")
    hand_over(Path(ask.options["out"]), "ours", frame_of(encoded, slices, mean, variance))
    stages.mark("out")
    if shuffles := int(ask.options.get("shuffles", "0")):
        parents = parents_of(slices, len(encoded.values))
        evidence_of(encoded, slices, parents, encoded.rr, N_MIN, shuffles, ask.workload.seed)
        stages.mark("shuffles")
        settings = LearningSettings(
            events_max=len(facts), depth_max=DEPTH, lessons_max=SLICES_MAX, permutations=0
        )
        mine_lessons(facts, settings, 1 << 62)
        stages.mark("lessons")
    answer(ask, stages.report(figures={"slices": len(slices.n)}))


if __name__ == "__main__":
    main(sys.argv[1])
