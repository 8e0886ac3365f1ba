"""The eigenvalues alone, as numpy has them: a correlation matrix and all of its eigenvalues, each window, each bar."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Stages, answer, asked
from benchmarks.spectra.parts import WINDOWS, hand_over


def largest_of(closes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The eigenvalues of each bar."""
    returns = np.diff(np.log(closes), axis=0, prepend=np.nan)
    found = np.full((len(closes), len(WINDOWS)), np.nan)
    for place in range(len(closes)):
        for k, width in enumerate(WINDOWS):
            if place >= width:
                window = returns[place - width + 1 : place + 1]
                found[place, k] = np.linalg.eigvalsh(np.corrcoef(window, rowvar=False))[-1]
    return found


def main(argument: str) -> None:
    """Time all bars; the first call loads LAPACK."""
    ask = asked(argument)
    closes = np.load(ask.data)
    largest_of(closes[: WINDOWS[0] + 2])
    stages = Stages()
    found = largest_of(closes)
    stages.mark("run")
    hand_over(Path(ask.options["out"]), "numpy", found)
    answer(ask, stages.report())


if __name__ == "__main__":
    main(sys.argv[1])
