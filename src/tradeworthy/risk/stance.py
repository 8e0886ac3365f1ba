"""The system's stance under stress, as events: posture, boost, and what the forewarner says."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import ClassVar

from tradeworthy.core.events import Event


class Posture(StrEnum):
    """From full size to no entries; `rank` orders them."""

    APEX = "APEX"
    STALKER = "STALKER"
    TURTLE = "TURTLE"
    HIBERNATE = "HIBERNATE"

    @property
    def rank(self) -> int:
        """0 for APEX to 3 for HIBERNATE: the larger is the stricter."""
        return POSTURES.index(self)


POSTURES = tuple(Posture)
"""From the freest to the strictest."""


class McStatus(StrEnum):
    """What the forewarner says of the days ahead."""

    OK = "OK"
    ORANGE = "ORANGE"
    RED = "RED"


MC_SCALES = {McStatus.OK: 1.0, McStatus.ORANGE: 0.5, McStatus.RED: 0.0}
"""What each status multiplies sizes by (divergence.md section 9)."""


class PostureReported(Event, frozen=True):
    """An outside writer's posture: the stricter of it and our own rules. `seq` grows with each report.

    `rm` is the writer's multiplier, 0 to 1; `ts_event` when it wrote, UTC ns.
    """

    decision: ClassVar[bool] = True

    posture: Posture
    ts_event: int
    seq: int = 0
    rm: float = 1.0
    writer: str = ""
    reasons: tuple[str, ...] = ()


class PostureChanged(Event, frozen=True):
    """Our posture from now on: `rm` and the five stress categories `cats` (0 to 1) that it follows from."""

    decision: ClassVar[bool] = True

    posture: Posture
    before: Posture
    rm: float
    cats: tuple[float, float, float, float, float]
    reason: str


class BoostChanged(Event, frozen=True):
    """The adaptive circuit breaker's answer to stress: size multiplier `boost` and convexity `beta`.

    `desk` "" is every desk. It changes sizes, never which trades are chosen.
    """

    decision: ClassVar[bool] = True

    boost: float
    beta: float
    ts_event: int
    desk: str = ""
    reason: str = ""


BOOST_MIN, BOOST_MAX, BETA_MAX = 0.1, 4.0, 2.0
"""What a boost and a convexity may be; the least convexity is 0."""


def check_boost(boost: float, beta: float) -> None:
    """ValueError unless both are numbers within their bounds."""
    if not (math.isfinite(boost) and BOOST_MIN <= boost <= BOOST_MAX):
        raise ValueError(f"boost {boost!r} is not {BOOST_MIN} to {BOOST_MAX}: correct it, the last one holds")
    if not (math.isfinite(beta) and 0.0 <= beta <= BETA_MAX):
        raise ValueError(f"beta {beta!r} is not 0.0 to {BETA_MAX}: correct it, the last one holds")


class ForewarnerReported(Event, frozen=True):
    """The forewarner's verdict on the days ahead, as of `asof` (UTC ns); `mc_scale` multiplies sizes.

    `p_cat` is the share of paths that lose a quarter, `cvar95` the mean of the worst twentieth of day returns,
    `env_dist` how far the settings stand outside the champion's box; None where there was too little evidence.
    `desk` "" is every desk.
    """

    decision: ClassVar[bool] = True

    status: McStatus
    mc_scale: float
    asof: int
    p_cat: float | None = None
    cvar95: float | None = None
    env_dist: float = 0.0
    n_trades: int = 0
    evidence: str = "ok"
    desk: str = ""
