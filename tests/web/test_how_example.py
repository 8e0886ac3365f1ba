"""The worked example of How It Works is section 19's, computed and not typed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.web.dashboard.theme import DARK, base_options
from tradeworthy.web.pages.how.example import Situation, curve_options, worked


def test_the_worked_example_to_the_digit() -> None:
    """A3, A7: P .972791, edge .113866, 11.74 shares for $10.09, and 1.65622 if it ends YES."""
    found = worked()
    assert found.fair == pytest.approx(0.972791, abs=5e-7)
    assert found.fee == pytest.approx(0.008925, abs=1e-9)
    assert found.gross == pytest.approx(0.122791, abs=5e-7)
    assert found.edge == pytest.approx(0.113866, abs=5e-7)
    assert found.signal == 1.0
    assert found.kelly == pytest.approx(0.80713, abs=5e-6)
    assert round(found.budget, 2) == 10.09
    assert found.shares == 11.74
    assert found.cost == pytest.approx(9.979)
    assert found.fees == pytest.approx(0.10478)
    assert found.expected == pytest.approx(1.3368, abs=5e-5)
    assert found.won == pytest.approx(1.65622)
    assert found.lost == pytest.approx(-10.08378)
    assert found.skip == ""


@pytest.mark.parametrize(
    ("at", "skip"),
    [
        (Situation(ask=0.95), "below_min_edge"),
        (Situation(spot=96_000.0), "below_min_edge"),
        (Situation(ask=0.50), "not_credible"),
    ],
)
def test_what_the_desk_would_let_pass_says_why(at: Situation, skip: str) -> None:
    """Too small an edge, and one that is too good."""
    assert worked(at).skip == skip


@given(
    st.builds(
        Situation,
        spot=st.floats(95_500, 98_500),
        volatility=st.floats(0.15, 1.5),
        minutes=st.integers(1, 60).map(float),
        ask=st.integers(5, 97).map(lambda cents: cents / 100),
    )
)
def test_wherever_the_sliders_stand_the_figures_are_possible(at: Situation) -> None:
    """A7: the page can be moved without an error."""
    found = worked(at)
    assert 0.0 <= found.fair <= 1.0
    assert found.lost <= 0.0
    assert found.budget <= 25.0
    assert found.shares * at.ask <= 25.0


def test_the_curve_rises_with_the_price_and_marks_where_we_stand() -> None:
    """Worth a half at the strike, about; the marker is the example's own value."""
    at = Situation()
    options = curve_options(base_options(DARK, "x"), at, DARK)
    first = options["series"][0]["data"]
    assert [fair for _, fair in first] == sorted(fair for _, fair in first)
    assert options["series"][0]["markPoint"]["data"][0]["coord"][1] == pytest.approx(
        worked(at).fair, abs=1e-6
    )
    assert [one["name"] for one in options["series"]] == ["15 min left", "5 min left", "60 min left"]
