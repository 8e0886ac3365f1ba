"""The feature step as the session calls it: bar by bar, from Python, with all else that it says of a bar."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Stages, answer, asked
from benchmarks.spectra.parts import MINUTE_NS, WINDOWS, hand_over
from benchmarks.workload import Workload
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import feature_state
from tradeworthy.desks.divergence.records import FEATURES, ROW, record_of


def empty_state(workload: Workload) -> Any:
    """The champion's feature state, before its first row."""
    names = workload.names()
    settings = DivergenceSettings(
        strategy_name="benchmark",
        direction=-1,
        state_key="benchmark:state",
        pnl_key="benchmark:pnl",
        log_dir="benchmark",
        vol_symbol=names[0],
    )
    return feature_state(settings, names, "1m")


def largest_of(state: Any, closes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The eigenvalues of each bar."""
    rows, columns = closes.shape
    row, out = record_of(ROW), record_of(FEATURES)
    row.columns = columns
    row.present[:columns] = 1
    found = np.empty((rows, len(WINDOWS)))
    for place in range(rows):
        row.ts = place * MINUTE_NS
        row.close[:columns] = closes[place]
        feature_step(state, row, out)
        found[place] = out.eigenvalue
    return found


def main(argument: str) -> None:
    """Time the step over all bars; the first call loads it."""
    ask = asked(argument)
    closes = np.load(ask.data)
    largest_of(empty_state(ask.workload), closes[:10])
    state = empty_state(ask.workload)
    stages = Stages()
    found = largest_of(state, closes)
    stages.mark("run")
    hand_over(Path(ask.options["out"]), "ours", found)
    answer(ask, stages.report())


if __name__ == "__main__":
    main(sys.argv[1])
