"""Drill 6: the survival stack at its corners and its thresholds, exactly.

The formula is written down here once more, in fractions, from the specification and not from the code that is
drilled: section 8's weights, levels and postures.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import product

from tradeworthy.core.events import Event
from tradeworthy.execution.accounting import EquityMarked
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.proving.preflight.results import Drilled, exactly
from tradeworthy.proving.preflight.stack import LoneStack
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.posture import PostureSettings
from tradeworthy.risk.stance import POSTURES, ForewarnerReported, McStatus, Posture
from tradeworthy.risk.survival import may_rise, posture_of, rm_of

APEX, STALKER, TURTLE, HIBERNATE = POSTURES
WEIGHTS = (Fraction(1), Fraction(1, 4), Fraction(1, 2), Fraction(3, 8), Fraction(3, 4))
LEVELS = {APEX: 0.90, STALKER: 0.75, TURTLE: 0.50}
"""The least Rm of each posture; below the last one it is HIBERNATE."""

LEAVE = {STALKER: 0.95, TURTLE: 0.80, HIBERNATE: 0.55}
"""The least Rm at which each may be left for the next freer one."""

Corner = tuple[int, ...]

KNOWN: dict[Corner, Posture] = {
    (0, 0, 0, 0, 0): APEX,
    (0, 1, 0, 0, 0): STALKER,
    (0, 0, 1, 0, 0): TURTLE,
    (0, 0, 0, 1, 0): TURTLE,
    (0, 0, 0, 0, 1): HIBERNATE,
    (1, 0, 0, 0, 0): HIBERNATE,
    (1, 1, 1, 1, 1): HIBERNATE,
}
"""Corners whose posture the specification names."""

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
EVALUATIONS, STEADY_NS = 5, MINUTE
"""So often, and over so long, Rm must stand high enough before one step up."""

WHOLE: tuple[Callable[[], Event], ...] = (
    lambda: HealthObserved("ledger", ok=False),
    lambda: ForewarnerReported(McStatus.RED, 0.0, START),
    lambda: HealthObserved("scan", ok=True, figure=12.0),
    lambda: FactorsObserved(START, dvol_btc=100.0),
    lambda: EquityMarked(START, 0, 0, 0, 0, 0, 1_000, 0),
)
"""What brings each category to whole stress."""


def drill_survival() -> Drilled:
    """All 32 corners, every threshold and one step of a float below it, and the way up again."""
    counted: Counter[str] = Counter()
    for corner in product((0, 1), repeat=5):
        counted["corner"] += _corner_is_wrong(corner)
        counted["stack"] += _stack_is_wrong(corner)
    for posture, level in LEVELS.items():
        below = POSTURES[posture.rank + 1]
        counted["level"] += posture_of(level) is not posture
        counted["level"] += posture_of(math.nextafter(level, 0.0)) is not below
    for posture, level in LEAVE.items():
        counted["leave"] += not may_rise(posture, level) or may_rise(posture, math.nextafter(level, 0.0))
        counted["way up"] += _ways_up_wrong(posture, level)
    return Drilled(
        6,
        "survival stack",
        "32 corners of Rm by formula and by events, 6 thresholds and one float below each, 3 ways up",
        (
            exactly("corners that are not exact", counted["corner"], 0),
            exactly("corners that the stack takes otherwise", counted["stack"], 0),
            exactly("levels that are not inclusive", counted["level"], 0),
            exactly("levels to leave that are not inclusive", counted["leave"], 0),
            exactly("wrong steps on the way up", counted["way up"], 0),
        ),
    )


def exact_rm(corner: Corner) -> Fraction:
    """Rm of stresses that are 0 or 1, without rounding."""
    return math.prod(
        (1 - weight * stress for weight, stress in zip(WEIGHTS, corner, strict=True)), start=Fraction(1)
    )


def exact_posture(rm: Fraction) -> Posture:
    """The posture that `rm` calls for."""
    return next((posture for posture, level in LEVELS.items() if rm >= Fraction(level)), HIBERNATE)


def _corner_is_wrong(corner: Corner) -> bool:
    exact, found = exact_rm(corner), rm_of(*map(float, corner))
    named = KNOWN.get(corner, exact_posture(exact))
    return Fraction(found) != exact or posture_of(found) is not named


def _stack_is_wrong(corner: Corner) -> bool:
    """Whether the stack itself, told of each whole stress, comes to another Rm or posture."""
    stand = LoneStack(PostureSettings(), MINUTE, START)
    stand.hear(HealthObserved("ledger", ok=True))
    for stress, event in zip(corner, WHOLE, strict=True):
        if stress:
            stand.hear(event())
    exact = exact_rm(corner)
    return Fraction(stand.rm) != exact or stand.current is not exact_posture(exact)


def _ways_up_wrong(posture: Posture, level: float) -> int:
    """Wrong steps from `posture` at `level` and one float below it."""
    freer = POSTURES[posture.rank - 1]
    at, below = _age_of(level), _age_of(math.nextafter(level, 0.0))
    wrong = 0
    # At the level: not before five evaluations, not before a minute, then one step and no more.
    stand = _fallen_to(posture)
    wrong += any(_tell(stand, at, SECOND) is not posture for _ in range(EVALUATIONS + 2))
    wrong += _tell(stand, at, STEADY_NS) is not freer
    wrong += stand.rm != level
    stand = _fallen_to(posture)
    wrong += any(_tell(stand, at, STEADY_NS) is not posture for _ in range(EVALUATIONS - 1))
    wrong += _tell(stand, at, STEADY_NS) is not freer
    # One float below it: never, and it makes the counting begin anew.
    stand = _fallen_to(posture)
    wrong += any(_tell(stand, below, STEADY_NS) is not posture for _ in range(4 * EVALUATIONS))
    for age in (at, at, at, at, below, at, at, at, at):
        wrong += _tell(stand, age, STEADY_NS) is not posture
    return wrong


def _fallen_to(posture: Posture) -> LoneStack:
    """A stack that was well and fell to `posture` at once."""
    stand = LoneStack(PostureSettings(), MINUTE, START)
    _tell(stand, 0.0, 0)
    # HIBERNATE needs more than a row's age; that goes away again, and what is left is too little to rise.
    deep = (
        math.nextafter(LEVELS[POSTURES[posture.rank - 1]], 0.0)
        if posture is not HIBERNATE
        else LEVELS[TURTLE]
    )
    _tell(stand, _age_of(deep), 0)
    if posture is HIBERNATE:
        stand.hear(HealthObserved("heartbeat", ok=False))
        stand.hear(HealthObserved("heartbeat", ok=True))
    assert stand.current is posture, f"the stack stands at {stand.current}, not {posture}"
    return stand


def _tell(stand: LoneStack, age_bars: float, after_ns: int) -> Posture:
    """One evaluation at a row's age in bars, so much later."""
    return stand.hear(HealthObserved("scan", ok=True, figure=age_bars), after_ns)


def _age_of(rm: float) -> float:
    """The age of a row at which Rm is exactly `rm`, of a stack without other stress: by bisection."""
    low, high = 2.0, 12.0
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if _rm_at(middle) >= rm else (low, middle)
    return low


def _rm_at(age_bars: float) -> float:
    stand = LoneStack(PostureSettings(), MINUTE, START)
    _tell(stand, age_bars, 0)
    return stand.rm
