"""The risk sections of a configuration file."""

from typing import Any

import pytest
from pydantic import ValidationError

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
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(section: dict[str, Any]) -> None:
    """Out of range, finer than a millionth, no number, or misspelt (A11)."""
    with pytest.raises(ValidationError):
        RiskSettings.model_validate(section)


def test_a_share_of_nothing_is_refused() -> None:
    """A desk that may expose nothing is left out of the configuration instead."""
    with pytest.raises(ValidationError):
        DeskRisk.model_validate({"share": 0})
