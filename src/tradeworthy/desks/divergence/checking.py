"""The full solve that only asserts: nothing is decided by it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeworthy.core.errors import Bug
from tradeworthy.desks.divergence.records import RING, WINDOWS
from tradeworthy.market.bars import utc_text

EVERY_BARS = 500
"""How many bars apart a driver calls check_spectrum."""

AGREEMENT = 1e-10
"""Relative: what an eigenvalue may be off a full solve's."""


def check_spectrum(state: Any) -> None:
    """Bug, with bar, window and both values, if an eigenvalue of the last row isn't that of a full solve.

    A box window's matrix is made from its returns alone, so that the rolled sums are checked too; the exponential
    kernel remembers further back than returns are kept, and its own sums are taken.
    """
    for k in range(WINDOWS):
        found = float(state.eigenvalue[k])
        if math.isnan(found):
            continue
        full = float(np.linalg.eigvalsh(_correlations(state, k))[-1])
        if not abs(found - full) <= AGREEMENT * full:
            raise Bug(
                f"largest eigenvalue over {state.windows[k]} bars at {utc_text(int(state.ts))} (bar"
                f" {state.bars - 1}): the step has {found!r}, a full solve {full!r}, more than {AGREEMENT:g} of it"
                " apart: report this with the run"
            )


def _correlations(state: Any, k: int) -> NDArray[np.float64]:
    """The members' correlations over window `k`, which ends at the last row."""
    columns, width = int(state.columns), int(state.windows[k])
    members = np.flatnonzero(state.members[k, :columns])
    if state.decay[k] == 0.0:
        slots = np.arange(state.bars - width, state.bars) % RING
        returns = state.returns[np.ix_(slots, members)]
        return np.asarray(np.corrcoef(returns, rowvar=False), dtype=np.float64)
    weight = float(state.weight[k])
    mean = state.sums[k, members] / weight
    products = np.tril(state.products[k])[np.ix_(members, members)]
    covariance = (products + np.tril(products, -1).T) / weight - np.outer(mean, mean)
    spread = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(spread, spread), dtype=np.float64)
