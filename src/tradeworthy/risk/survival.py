"""The survival stack's arithmetic: five categories of stress, the multiplier Rm, and the posture that follows.

Source: divergence.md section 8. The weights are sums of powers of two, so that Rm is exact wherever each stress is 0
or 1. The inputs of the categories and all thresholds but STALKER's cap are this project's own choices.

    1 hard       journal, heartbeat, ledger and clock: one that fails is whole stress
    2 structure  the forewarner: OK 0, ORANGE 0.5, RED 1; a report older than a day counts as ORANGE
    3 scan       age of the newest row: none up to 2 bars, whole at 12; missing columns: none up to a quarter of
                 them, whole at three quarters; order books that are not fed
    4 outside    volatility index from 55 to 100 points; funding from -0.0001 to -0.0005 a period; a figure that is
                 too old, or a boost that rests on one: a quarter
    5 capital    fall of the equity from its peak, from 8 % to 20 %
"""

from __future__ import annotations

from tradeworthy.market.factors import FactorsObserved
from tradeworthy.risk.stance import POSTURES, McStatus, Posture

DAY_NS = 86_400_000_000_000
DEGRADED = 0.25
"""The stress of working with figures that are too old."""

ENTER = (0.90, 0.75, 0.50)
"""The least Rm of each posture but the last, in the order of POSTURES."""

LEAVE = (0.95, 0.80, 0.55)
"""The least Rm at which the posture after each of these may be left for it."""

STEADY_EVALUATIONS = 5
STEADY_NS = 60_000_000_000
"""So often in a row, and over so long, Rm must stand at the level before one step up."""

_MC = {McStatus.OK: 0.0, McStatus.ORANGE: 0.5, McStatus.RED: 1.0}


def rm_of(c1: float, c2: float, c3: float, c4: float, c5: float) -> float:
    """The multiplier of five stresses from 0 (none) to 1 (whole), multiplied from the left."""
    return (1.0 - 1.0 * c1) * (1.0 - 0.25 * c2) * (1.0 - 0.5 * c3) * (1.0 - 0.375 * c4) * (1.0 - 0.75 * c5)


def posture_of(rm: float) -> Posture:
    """The posture that `rm` alone calls for: at a level the freer one, and the strictest for what is no number."""
    for posture, level in zip(POSTURES, ENTER, strict=False):
        if rm >= level:
            return posture
    return Posture.HIBERNATE


def may_rise(posture: Posture, rm: float) -> bool:
    """Whether `rm` is high enough to leave `posture` for the next freer one."""
    return posture is not Posture.APEX and rm >= LEAVE[posture.rank - 1]


def stress_between(value: float, none_at: float, whole_at: float) -> float:
    """0 up to `none_at`, 1 from `whole_at` on (either may be the larger), and straight between."""
    share = (value - none_at) / (whole_at - none_at)
    return min(1.0, max(0.0, share))


def structure_stress(status: McStatus, age_ns: int) -> float:
    """Category 2, from the forewarner's last report and its age."""
    aged = _MC[McStatus.ORANGE] if age_ns > DAY_NS else 0.0
    return max(_MC[status], aged)


def age_stress(bars: float) -> float:
    """Category 3, from the age of the newest row in bars since its close."""
    return stress_between(bars, 2.0, 12.0)


def missing_stress(missing: int, columns: int) -> float:
    """Category 3, from the columns of the newest row that have no bar."""
    return stress_between(missing / columns, 0.25, 0.75) if columns else 0.0


def outside_stress(factors: FactorsObserved) -> float:
    """Category 4, from one reading; figures that are absent or too old say nothing themselves."""
    stress = DEGRADED if factors.stale else 0.0
    if factors.dvol_btc is not None and "dvol_btc" not in factors.stale:
        stress = max(stress, stress_between(factors.dvol_btc, 55.0, 100.0))
    if factors.funding_btc is not None and "funding_btc" not in factors.stale:
        stress = max(stress, stress_between(factors.funding_btc, -0.0001, -0.0005))
    return stress


def capital_stress(equity: int, peak: int) -> float:
    """Category 5, from equity and its peak in cash units; a peak of nothing says nothing."""
    return stress_between((peak - equity) / peak, 0.08, 0.20) if peak > 0 else 0.0
