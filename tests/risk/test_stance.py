"""Bounds of boosts, and the order of postures."""

import math

import pytest

from tradeworthy.risk.stance import POSTURES, check_boost


@pytest.mark.parametrize(("boost", "beta"), [(0.1, 0.0), (4.0, 2.0), (1.0, 0.2)])
def test_a_boost_within_its_bounds_passes(boost: float, beta: float) -> None:
    """D8: the ends belong to them."""
    check_boost(boost, beta)


@pytest.mark.parametrize(
    ("boost", "beta", "named"),
    [
        *((boost, 0.2, "boost") for boost in (0.0, 0.0999, 4.0001, -1.0, math.nan, math.inf)),
        *((1.0, beta, "beta") for beta in (-0.001, 2.001, math.nan, math.inf)),
    ],
)
def test_a_boost_that_is_none_is_refused(boost: float, beta: float, named: str) -> None:
    """D8: the message has the value and its bounds."""
    with pytest.raises(ValueError, match=f"^{named} .* is not"):
        check_boost(boost, beta)


def test_ranks_grow_with_strictness() -> None:
    """The stricter of two postures is the one of the larger rank."""
    assert [posture.rank for posture in POSTURES] == [0, 1, 2, 3]
