"""The settings: the champion's figures, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.desks.divergence.rows import champion_of
from tradeworthy.desks.divergence.config import DivergenceSettings

CHAMPION: dict[str, Any] = {
    "vel_div_threshold": -0.02,
    "vel_div_extreme": -0.05,
    "fixed_tp_pct": 0.0095,
    "stop_pct": 0.012,
    "max_hold_bars": 120,
    "fraction": 0.20,
    "min_leverage": 1.0,
    "max_leverage": 5.0,
    "abs_max_leverage": 6.0,
    "windows": (50, 150, 300, 750),
    "kernel": "box",
    "warmup_bars": 100,
    "vol_lookback": 50,
    "vol_percentile": 0.60,
    "irp_alignment_min": 0.45,
    "irp_horizon_bars": 30,
    "dc_lookback_bars": 7,
    "dc_threshold_bps": 0.75,
    "dc_leverage_boost": 1.0,
    "esof_mult": 1.0,
    "stalker_cap": 2.0,
    "turtle_cap": 1.0,
    "posture_reads": 3,
    "subday_acb_fall": 0.15,
}
"""Spec section 2 and the rules of 3 to 8."""


def test_the_defaults_are_the_champions() -> None:
    """D1: the frozen numbers, by the names that the specification gives them."""
    champion = champion_of()
    assert {name: getattr(champion, name) for name in CHAMPION} == CHAMPION
    assert (champion.order_books.fill, champion.order_books.imbalance) == (0.62, -0.09)
    assert (champion.vol_calibration.mode, champion.vol_calibration.days) == ("static", 2)
    assert (champion.acb.short_response, champion.acb.beta_low, champion.acb.beta_high) == ("boost", 0.2, 0.8)


def test_what_is_off_unless_asked_for() -> None:
    """The forewarner would change sizes by itself; runs that are compared leave it out."""
    forewarner = champion_of().forewarner
    assert (forewarner.enabled, forewarner.every_s, forewarner.seed) == (False, 4 * 3600, 42)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"direction": 0}, "direction"),
        ({"vel_div_threshold": 0.02}, "vel_div_threshold"),
        ({"vel_div_extreme": -0.02}, r"vel_div_extreme -0\.02 is not below vel_div_threshold"),
        ({"min_leverage": 5.5}, r"min_leverage 5\.5 is above max_leverage"),
        ({"windows": (50, 150, 300)}, "windows"),
        ({"windows": (50, 50, 300, 750)}, "each longer than the last"),
        ({"windows": (50, 150, 300, 1024)}, "the last under 1024"),
        ({"windows": (300, 400, 500, 750)}, "the first is 2 to 256"),
        ({"vol_lookback": 257}, "vol_lookback"),
        ({"irp_horizon_bars": 128}, "irp_horizon_bars"),
        ({"fraction": 1.5}, "fraction"),
        ({"stop_pct": 0.0}, "stop_pct"),
        ({"vol_calibration": {"mode": "fixed"}}, "give mode"),
        ({"vol_calibration": {"vol_p60": 1e-4}}, "give mode"),
        ({"fixed_tp": 0.01}, "fixed_tp"),
        ({"stop_pct": float("nan")}, "stop_pct"),
        ({"forewarner": {"every_s": 1}}, "every_s"),
        ({"acb": {"factors_period_s": 0}}, "factors_period_s"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], told: str) -> None:
    """One key, its value, and what would do."""
    with pytest.raises(ValidationError, match=told):
        champion_of(**changes)


def test_settings_do_not_change() -> None:
    """A run is one configuration."""
    with pytest.raises(ValidationError, match="frozen"):
        setattr(champion_of(), "fraction", 0.5)  # noqa: B010 - mypy knows it is read-only


def test_names_have_no_default() -> None:
    """D1: what may differ between blue and green is written in each file."""
    required = {name for name, field in DivergenceSettings.model_fields.items() if field.is_required()}
    assert required == {"strategy_name", "direction", "state_key", "pnl_key", "log_dir", "vol_symbol"}


@pytest.mark.parametrize("log_dir", ["../up", "/abs", "a/../b", "a b", "a\n", "", ".hidden", "a//b"])
def test_a_ledger_stays_in_the_home_folder(log_dir: str) -> None:
    """A path that leads out of it, or has blanks or lines in it, is refused."""
    with pytest.raises(ValidationError):
        champion_of(log_dir=log_dir)
