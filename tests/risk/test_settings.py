"""The risk sections of a configuration file."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.risk.market_rig import PILOT
from tradeworthy.risk.settings import DeskRisk, OnFault, RiskSettings, limits_of


def test_the_defaults_are_cautious_and_exact() -> None:
    """Fractions become millionths and seconds nanoseconds, without a rounding."""
    limits = limits_of(RiskSettings())
    assert (limits.daily_loss_ppm, limits.drawdown_ppm) == (50_000, 200_000)
    assert (limits.position_ppm, limits.portfolio_ppm) == (250_000, 800_000)
    assert (limits.stale_after_ns, limits.mark_every_ns) == (120_000_000_000, 3_600_000_000_000)
    assert DeskRisk() == DeskRisk(share=1, on_fault=OnFault.KEEP)


def test_a_float_of_a_file_is_taken_as_it_is_written() -> None:
    """0.1 in TOML is a tenth, not the float64 next to it."""
    limits = limits_of(RiskSettings.model_validate({"position_max": 0.1, "stale_after_s": 0.5}))
    assert (limits.position_ppm, limits.stale_after_ns) == (100_000, 500_000_000)


@pytest.mark.parametrize(
    "section",
    [
        {"position_max": 0},
        {"position_max": 1.01},
        {"portfolio_max": -0.1},
        {"daily_loss_max": "lots"},
        {"drawdown_max": float("nan")},
        {"cash_reserve": 1},
        {"position_max": 0.0000001},
        {"orders_per_minute_max": 0},
        {"stale_after_s": 0},
        {"stale_after_s": float("inf")},
        {"mark_every_s": 0.5},
        {"positon_max": 0.1},
        {"event_max": 0},
        {"venue_max": 1.5},
        {"profit_min": -1},
        {"profit_min": "0.000000001"},
        {"spread_max": 0},
        {"slippage_bps_max": -1},
        {"slippage_edge_max": 2},
        {"min_tte_s": -1},
        {"requests_per_minute_max": 0},
        {"loss_streak_max": 0},
        {"loss_streak_pause_s": 0},
        {"book_max_age_s": 0},
        {"oracle_max_age_s": 0},
        {"duplicate_after_s": -1},
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(section: dict[str, Any]) -> None:
    """Out of range, finer than a millionth, no number, or misspelt (A11)."""
    with pytest.raises(ValidationError):
        RiskSettings.model_validate(section)


def test_the_pilots_numbers_are_exact() -> None:
    """Cash, fractions, basis points and times as the specification gives them, in integers."""
    limits = limits_of(RiskSettings.model_validate(PILOT))
    assert (limits.position_ppm, limits.event_ppm, limits.underlying_ppm) == (100_000, 150_000, 200_000)
    assert (limits.venue_ppm, limits.portfolio_ppm, limits.profit_min) == (500_000, 800_000, 5_000_000)
    assert (limits.spread_bps_max, limits.slippage_bps_max, limits.slippage_edge_ppm) == (1500, 200, 500_000)
    assert (limits.book_age_ns_max, limits.oracle_age_ns_max) == (3_000_000_000, 2_000_000_000)
    assert (limits.requests_per_minute_max, limits.loss_streak_max) == (10, 5)
    assert (limits.loss_streak_pause_ns, limits.time_left_ns_min) == (1_800_000_000_000, 20_000_000_000)


def test_a_books_age_is_bound_by_that_of_prices_unless_told() -> None:
    """A session on prediction markets without a word on books does not trade on any age of them."""
    limits = limits_of(RiskSettings())
    assert limits.book_age_ns_max == limits.stale_after_ns
    assert (limits.oracle_age_ns_max, limits.spread_bps_max, limits.slippage_bps_max) == (None, None, None)


def test_a_share_of_nothing_is_refused() -> None:
    """A desk that may expose nothing is left out of the configuration instead."""
    with pytest.raises(ValidationError):
        DeskRisk.model_validate({"share": 0})
