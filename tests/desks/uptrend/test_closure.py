"""R/R and the trade summary: the spec's vectors, floors, classes."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tradeworthy.desks.uptrend.closure import (
    DAY_NS,
    average_price,
    hold_class,
    missed_class,
    outcome_class,
    risked,
    summary_of,
)
from tradeworthy.desks.uptrend.holdings import Holding
from tradeworthy.market.money import cash_of

PRICE = st.floats(1e-6, 1e6)
FLOOR = {"floor": 0.005, "rr_max": 10.0}


def test_the_vector_of_the_spec() -> None:
    """L15: entry 1, low .5, exit 1.2."""
    found = risked(1.0, 1.2, 0.5, 1.3, 0.0, **FLOOR)
    assert (found.gain, found.drawdown, found.rr) == pytest.approx((0.2, 0.5, 0.4))
    assert found.gain_max == pytest.approx(0.3)


def test_a_trade_without_a_drawdown_is_finite_and_good() -> None:
    """B16: divided by half the entry's ATR, or by the floor; at most ten."""
    assert risked(1.0, 1.2, 1.0, 1.2, 0.1, **FLOOR).rr == pytest.approx(4.0)
    assert risked(1.0, 1.02, 1.1, 1.2, 0.0, **FLOOR).rr == pytest.approx(4.0)
    assert risked(1.0, 1.2, 1.0, 1.2, 0.0, **FLOOR).rr == 10.0


@given(entry=PRICE, leave=PRICE, low=PRICE, high=PRICE, atr=st.floats(0, 1e6))
def test_rr_has_the_sign_of_the_return_and_is_bounded(
    entry: float, leave: float, low: float, high: float, atr: float
) -> None:
    """Spec 23: sign, clamp, and not under -1 while the exit is not under the low."""
    found = risked(entry, leave, low, high, atr, **FLOOR)
    assert -10.0 <= found.rr <= 10.0
    assert found.rr * found.gain >= 0.0
    assume(leave >= low)
    assert found.rr >= -1.0 - 1e-9


def test_the_classes() -> None:
    """Spec 11: outcomes, missed gains, holding times."""
    rrs = (2.1, 2.0, 0.6, 0.5, 0.0, -0.1, -1.0, -1.1)
    words = "big_win small_win small_win breakeven breakeven small_loss small_loss big_loss"
    assert [outcome_class(rr) for rr in rrs] == words.split()
    assert [missed_class(one) for one in (0.0, 0.5, 1.0, 2.0)] == ["none", "small", "medium", "large"]
    assert [hold_class(days) for days in (6.9, 7.0, 30.0, 30.1)] == ["short", "medium", "medium", "long"]


def held(**changes: object) -> Holding:
    """The golden packet's trade at its end; a lot is 0.01."""
    fields: dict[str, object] = {
        "trade": "1h@BONK#1",
        "lots_bought": 21000,
        "lots_sold": 21000,
        "spent": cash_of("210"),
        "extracted": cash_of("207.90"),
        "first_entry_ts": DAY_NS,
        "last_exit_ts": 3 * DAY_NS,
        "low": 0.88,
        "high": 1.2,
        "entry_atr": 0.01,
        "entry_decision": "entry",
        "s3_ts": 2 * DAY_NS,
    }
    return Holding("1h@BONK", "BONK", **(fields | changes))  # type: ignore[arg-type]


def test_the_summary_of_the_golden_trade() -> None:
    """L15, B16: rr and pnl_usd of the trade, and what it could have been."""
    summary = summary_of(held(), lot_value=10**6, exit_reason="x", now=4 * DAY_NS, **FLOOR)
    assert summary["rr"] == pytest.approx(-0.083333, abs=1e-6)
    assert summary["pnl_usd"] == -2.10
    assert summary["entry_price"] == 1.0
    assert summary["exit_price"] == pytest.approx(0.99)
    assert (summary["hold_time_days"], summary["time_to_s3"], summary["exit_timestamp"]) == (
        2.0,
        1.0,
        3 * DAY_NS,
    )
    assert summary["missed_exit_rr"] == pytest.approx(0.21 / 0.12)
    assert summary["could_exit_better"] == "medium"
    assert summary["missed_entry_atr"] == pytest.approx(12.0)
    assert "missed_entry_rr" not in summary


def test_what_was_never_sold_is_lost() -> None:
    """L15: dust that is all of a trade, and a trade that never saw S3."""
    lost = held(lots_sold=0, extracted=0, s3_ts=0, last_exit_ts=0)
    summary = summary_of(lost, lot_value=10**6, exit_reason="x", now=2 * DAY_NS, **FLOOR)
    assert (summary["return"], summary["pnl_usd"], summary["time_to_s3"]) == (-1.0, -210.0, None)
    assert summary["exit_timestamp"] == 2 * DAY_NS


def test_an_average_price_of_nothing_is_zero() -> None:
    """L15: no lots, no price."""
    assert average_price(5, 0, 10**6) == 0.0
