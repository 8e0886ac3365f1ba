"""What both sides of the eigenvalue step are given, and how they hand over what they found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.workload import Workload

WINDOWS = (50, 150, 300, 750)
MINUTE_NS = 60_000_000_000
MARKET_SHARE = 0.6


def write(workload: Workload, folder: Path) -> Path:
    """Closes of a market with one factor and fat tails, a row for each minute, as one array file; its path."""
    random = np.random.default_rng(workload.seed)
    market = random.standard_t(4, (workload.bars, 1))
    own = random.standard_t(4, (workload.bars, workload.symbols))
    returns = 5e-4 * (MARKET_SHARE * market + (1.0 - MARKET_SHARE) * own)
    path = folder / "closes.npy"
    np.save(path, 100.0 * np.exp(np.cumsum(returns, axis=0)))
    return path


def hand_over(folder: Path, side: str, eigenvalues: NDArray[np.float64]) -> None:
    """Leave the largest eigenvalues, a row for each bar and a column for each window, NaN where it is not full."""
    np.save(folder / f"{side}_eigenvalues.npy", eigenvalues)
