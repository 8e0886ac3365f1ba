"""The oracle's view of a market, and what a book offers against it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.arbitrage.legs import leg
from tradeworthy.desks.arbitrage.edges import (
    CERTAIN,
    View,
    freshness,
    is_unknown,
    oracle_edge,
    probability,
    signal_strength,
    spread_quality,
    view,
)
from tradeworthy.market import digital
from tradeworthy.market.matching import Match, Shape
from tradeworthy.market.money import cash_of

SECOND_NS = 1_000_000_000
QUARTER_NS = 900 * SECOND_NS
ABOVE = Match(Shape.ABOVE, "BTC", 97_000.0)


def plain_view(fair: float) -> View:
    """A view without any doubt."""
    return View(fair, fair, fair)


def seen(match: Match, spot: float, *, error: float = 0.15, basis: float = 2.0) -> View:
    """The view a quarter of an hour before the end, at a volatility of 0.5."""
    return view(match, spot, match.strike or 0.0, 0.5, QUARTER_NS, volatility_error=error, basis_bps=basis)


def test_the_edge_of_the_worked_example() -> None:
    """A3: at 97,500 a YES of 97,000 is worth 0.972791; at 0.85 with its fee of 0.008925 the edge is 0.113866."""
    exact = seen(ABOVE, 97_500.0, error=0.0, basis=0.0)
    yes, no = leg("YES", (85, 40_000), rate="0.07"), leg("NO", (17, 40_000), rate="0.07")
    offer = oracle_edge(yes, no, exact, 0.05)
    assert offer is not None
    assert (offer.leg.outcome, offer.walked.lots) == ("YES", 40_000)
    assert offer.fair == pytest.approx(0.972791, abs=5e-7)
    assert offer.edge == pytest.approx(0.113866, abs=2e-6)
    assert offer.walked.net_edge == pytest.approx(0.113866, abs=2e-6)
    assert offer.walked.gross_edge == pytest.approx(0.122791, abs=2e-6)
    assert offer.walked.fees == cash_of("3.57")
    assert offer.walked.payout_floor == 0, "a view promises nothing"


def test_doubt_takes_from_both_sides() -> None:
    """With an error of the volatility and a basis the view is an interval, and either token must beat its end."""
    held = seen(ABOVE, 97_100.0)
    assert held.low < held.fair < held.high
    yes = oracle_edge(leg("YES", (50, 100)), None, held, 0.0)
    no = oracle_edge(None, leg("NO", (20, 100)), held, 0.0)
    assert yes is not None
    assert no is not None
    fees = [0.04 * price * (1 - price) for price in (0.50, 0.20)]
    assert yes.edge == pytest.approx(held.low - 0.50 - fees[0], abs=2e-6)
    assert no.edge == pytest.approx((1 - held.high) - 0.20 - fees[1], abs=2e-6)
    assert (yes.fair, no.fair) == (held.fair, 1 - held.fair)
    assert no.fair_low == 1 - held.high


def test_the_larger_edge_is_taken() -> None:
    """YES and NO can't both be cheap by much, but the better one counts; without one there is none."""
    both = leg("YES", (40, 100)), leg("NO", (33, 100))
    offer = oracle_edge(*both, plain_view(0.55), 0.02)
    assert offer is not None
    assert offer.leg.outcome == "YES"
    offer = oracle_edge(*both, plain_view(0.45), 0.02)
    assert offer is not None
    assert offer.leg.outcome == "NO"
    assert oracle_edge(leg("YES", (55, 100)), leg("NO", (45, 100)), plain_view(0.55), 0.02) is None
    assert oracle_edge(None, None, plain_view(0.55), 0.02) is None
    assert oracle_edge(leg("YES", (1, 100)), None, plain_view(0.0), 0.0) is None


def test_the_walk_stops_where_a_share_is_no_longer_cheap_enough() -> None:
    """The third level is worth buying by itself, yet not for the least edge."""
    offer = oracle_edge(leg("YES", (80, 100), (85, 200), (90, 300)), None, plain_view(0.95), 0.05)
    assert offer is not None
    assert (offer.walked.lots, offer.walked.legs[0].limit_ticks) == (300, 85)
    assert offer.walked.marginal >= 0.05
    assert offer.walked.net_edge < offer.edge


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (ABOVE, digital.above(97_500, 97_000, 0.5, 1e-4)),
        (Match(Shape.WINDOW, "BTC"), digital.above(97_500, 97_000, 0.5, 1e-4)),
        (Match(Shape.BELOW, "BTC", 97_000.0), 1 - digital.above(97_500, 97_000, 0.5, 1e-4)),
        (Match(Shape.TOUCH_UP, "BTC", 97_000.0), 1.0),
        (Match(Shape.TOUCH_DOWN, "BTC", 97_000.0), digital.dip(97_500, 97_000, 0.5, 1e-4)),
        (Match(Shape.RANGE, "BTC", 97_000.0, 98_000.0), digital.between(97_500, 97_000, 98_000, 0.5, 1e-4)),
        (Match(Shape.NONE), 0.0),
    ],
)
def test_each_shape_has_its_formula(match: Match, expected: float) -> None:
    """Touches go by their own direction: a price beyond the strike has touched it."""
    assert probability(match, 97_500.0, 97_000.0, 0.5, 1e-4) == expected


@given(st.floats(50_000, 150_000), st.sampled_from(list(Shape)), st.integers(1, 30 * 86_400))
def test_a_view_holds_its_fair_price(spot: float, shape: Shape, seconds: int) -> None:
    """0 <= low <= fair <= high <= 1, whatever is asked; without doubt all three are one."""
    match = Match(shape, "BTC", 97_000.0, 99_000.0 if shape is Shape.RANGE else None)
    left = seconds * SECOND_NS
    held = view(match, spot, 97_000.0, 0.5, left, volatility_error=0.15, basis_bps=2.0)
    assert 0.0 <= held.low <= held.fair <= held.high <= 1.0
    sure = view(match, spot, 97_000.0, 0.5, left, volatility_error=0.0, basis_bps=0.0)
    assert sure.low == sure.fair == sure.high == held.fair
    assert CERTAIN.low == CERTAIN.high == 1.0


def test_no_view_near_the_strike_near_the_end() -> None:
    """Nearer than 1 bp times the root of the seconds left: at 900 s that is 30 bp, at 9 s it is 3."""
    width = 97_000 * 1e-4 * math.sqrt(900)
    assert is_unknown(ABOVE, 97_000 + 0.99 * width, 97_000, QUARTER_NS, 1.0)
    assert not is_unknown(ABOVE, 97_000 + 1.01 * width, 97_000, QUARTER_NS, 1.0)
    assert not is_unknown(ABOVE, 97_000 + 0.99 * width, 97_000, 9 * SECOND_NS, 1.0)
    assert not is_unknown(ABOVE, 97_000, 97_000, QUARTER_NS, 0.0)
    between = Match(Shape.RANGE, "BTC", 90_000.0, 97_000.0)
    assert is_unknown(between, 97_001.0, 90_000.0, QUARTER_NS, 1.0), "either strike of a range counts"


def test_signal_strength() -> None:
    """Full at twice the sniper's least edge, nothing below zero, less with age and spread."""
    assert signal_strength(0.113866, 0.05) == 1.0
    assert signal_strength(0.05, 0.05) == pytest.approx(0.5)
    assert signal_strength(-0.01, 0.05) == 0.0
    assert signal_strength(0.05, 0.05, 0.5, 0.8) == pytest.approx(0.2)
    assert freshness(0, 3000) == freshness(1500, 3000) == 1.0
    assert freshness(2250, 3000) == pytest.approx(0.5)
    assert freshness(3000, 3000) == freshness(9000, 3000) == 0.0
    assert spread_quality(0.02, 0.15) == 1.0
    assert spread_quality(0.085, 0.15) == pytest.approx(0.5)
    assert spread_quality(0.15, 0.15) == 0.0
    assert spread_quality(0.02, 0.01) == 0.0
