"""The survival stack's arithmetic: Rm, its levels, and the stress of each category."""

import itertools
import math
from fractions import Fraction

import pytest

from tradeworthy.market.factors import FactorsObserved
from tradeworthy.risk.stance import POSTURES, McStatus, Posture
from tradeworthy.risk.survival import (
    DAY_NS,
    age_stress,
    capital_stress,
    may_rise,
    missing_stress,
    outside_stress,
    posture_of,
    rm_of,
    structure_stress,
)

APEX, STALKER, TURTLE, HIBERNATE = POSTURES
WEIGHTS = (Fraction(1), Fraction(1, 4), Fraction(1, 2), Fraction(3, 8), Fraction(3, 4))

CORNERS = list(itertools.product((0.0, 1.0), repeat=5))
EXPECTED: dict[tuple[float, ...], tuple[float, Posture]] = {
    (0, 0, 0, 0, 0): (1.0, APEX),
    (0, 1, 0, 0, 0): (0.75, STALKER),
    (0, 0, 1, 0, 0): (0.5, TURTLE),
    (0, 0, 0, 1, 0): (0.625, TURTLE),
    (0, 0, 0, 0, 1): (0.25, HIBERNATE),
    (0, 1, 1, 0, 0): (0.375, HIBERNATE),
    (0, 1, 0, 1, 0): (0.46875, HIBERNATE),
    (0, 0, 1, 1, 0): (0.3125, HIBERNATE),
    (1, 0, 0, 0, 0): (0.0, HIBERNATE),
    (1, 1, 1, 1, 1): (0.0, HIBERNATE),
}
"""Some of the corners, worked by hand."""


@pytest.mark.parametrize("corner", CORNERS)
def test_every_corner_is_exact(corner: tuple[float, ...]) -> None:
    """D12: all 32 vectors of none and whole stress equal the product of fractions, without rounding."""
    exact = math.prod(1 - weight * int(stress) for weight, stress in zip(WEIGHTS, corner, strict=True))
    rm = rm_of(*corner)
    assert Fraction(rm) == exact
    if corner in EXPECTED:
        assert (rm, posture_of(rm)) == EXPECTED[corner]


@pytest.mark.parametrize(
    ("level", "at", "below"), [(0.90, APEX, STALKER), (0.75, STALKER, TURTLE), (0.50, TURTLE, HIBERNATE)]
)
def test_a_level_belongs_to_the_freer_posture(level: float, at: Posture, below: Posture) -> None:
    """D12: at the level and an ulp around it."""
    assert posture_of(level) is at
    assert posture_of(math.nextafter(level, 1.0)) is at
    assert posture_of(math.nextafter(level, 0.0)) is below


@pytest.mark.parametrize(("posture", "level"), [(STALKER, 0.95), (TURTLE, 0.80), (HIBERNATE, 0.55)])
def test_a_posture_is_left_at_its_own_level(posture: Posture, level: float) -> None:
    """D12: upward at 0.95, 0.80 and 0.55, and not an ulp below."""
    assert may_rise(posture, level)
    assert not may_rise(posture, math.nextafter(level, 0.0))
    assert not may_rise(APEX, 1.0)


def test_what_is_no_number_is_the_strictest() -> None:
    """A figure that can't be is no reason to go on."""
    assert posture_of(math.nan) is HIBERNATE


@pytest.mark.parametrize(
    ("status", "age_ns", "stress"),
    [
        (McStatus.OK, DAY_NS, 0.0),
        (McStatus.OK, DAY_NS + 1, 0.5),
        (McStatus.ORANGE, 0, 0.5),
        (McStatus.RED, 2 * DAY_NS, 1.0),
    ],
)
def test_the_forewarner_s_word_and_its_age(status: McStatus, age_ns: int, stress: float) -> None:
    """D12: a report older than a day counts as ORANGE."""
    assert structure_stress(status, age_ns) == stress


@pytest.mark.parametrize(("bars", "stress"), [(0.0, 0.0), (2.0, 0.0), (7.0, 0.5), (12.0, 1.0), (99.0, 1.0)])
def test_the_age_of_a_row_counts_from_two_bars_to_twelve(bars: float, stress: float) -> None:
    """D12: durations are numbers of bars, whatever a bar is."""
    assert age_stress(bars) == stress


def test_missing_columns_count_from_a_quarter() -> None:
    """Seven of 28 say nothing, 14 half, 21 all; a row without columns nothing."""
    assert [missing_stress(missing, 28) for missing in (0, 7, 14, 21, 28)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert missing_stress(0, 0) == 0.0


@pytest.mark.parametrize(
    ("factors", "stress"),
    [
        (FactorsObserved(0), 0.0),
        (FactorsObserved(0, dvol_btc=55.0, fng=3.0, taker_ratio=0.1), 0.0),
        (FactorsObserved(0, dvol_btc=77.5), 0.5),
        (FactorsObserved(0, dvol_btc=100.0), 1.0),
        (FactorsObserved(0, funding_btc=-0.0001), 0.0),
        (FactorsObserved(0, funding_btc=-0.0006), 1.0),
        (FactorsObserved(0, dvol_btc=100.0, stale=("dvol_btc",)), 0.25),
        (FactorsObserved(0, dvol_btc=77.5, stale=("funding_btc",)), 0.5),
        (FactorsObserved(0, dvol_btc=math.nan), 0.0),
    ],
)
def test_the_world_outside(factors: FactorsObserved, stress: float) -> None:
    """D12: what is absent says nothing, what is too old only that it is."""
    assert outside_stress(factors) == stress


@pytest.mark.parametrize(
    ("equity", "stress"), [(100, 0.0), (92, 0.0), (86, 0.5), (80, 1.0), (10, 1.0), (120, 0.0)]
)
def test_the_fall_from_the_peak(equity: int, stress: float) -> None:
    """D12: from 8 % to 20 %."""
    assert capital_stress(equity, 100) == pytest.approx(stress, abs=1e-12)
    assert capital_stress(0, 0) == 0.0
