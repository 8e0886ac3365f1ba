"""The calibration of divergence desks: the specification's own figures, and a market whose echo is known."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.command_line import call
from tests.proving.market import MINUTE, NAMES, START, frame, settings
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.records import FEATURES
from tradeworthy.proving.calibration.divergence import (
    calibration_of,
    days_of,
    distance_touched,
    echo_of,
    feature_rows,
    profit_factor,
    sigma_by_touch,
    stop_of,
)

CONFIGS = Path(__file__).parents[2] / "configs"
DAY = 86_400_000_000_000


def test_the_stop_of_the_specifications_own_mix_is_1_19_percent() -> None:
    """Section 5: 10 % touch 0.95 %, so sigma is 0.578 %, and 4 % touch 1.19 %."""
    found = stop_of(Counter({"MAX_HOLD": 86, "FIXED_TP": 10, "STOP_LOSS": 4}), 0.0095)
    assert found is not None
    assert found.touched == 0.1
    assert round(found.sigma, 5) == 0.00578
    assert round(found.stop, 4) == 0.0119


@given(share=st.floats(0.001, 0.999), distance=st.floats(1e-5, 0.5))
def test_the_two_rules_undo_each_other(share: float, distance: float) -> None:
    """The distance that is touched as often as it was, is the one that sigma was made of."""
    sigma = sigma_by_touch(share, distance)
    assert math.isclose(distance_touched(share, sigma), distance, rel_tol=1e-9)
    assert math.isclose(math.erfc(distance / sigma / math.sqrt(2)), share, rel_tol=1e-6)


def test_a_driftless_walk_touches_as_often_as_the_rule_says() -> None:
    """Fine steps, so that the walk is nearly continuous: the share is within two points of a hundred."""
    random = np.random.default_rng(5)
    walks = np.cumsum(random.standard_normal((4_000, 2_000)) * (0.00578 / math.sqrt(2_000)), axis=1)
    touched = float((walks.max(axis=1) >= 0.0095).mean())
    assert abs(touched - 0.10) < 0.02


@pytest.mark.parametrize("exits", [{}, {"MAX_HOLD": 5}, {"FIXED_TP": 5}, {"HIBERNATE_HALT": 3}])
def test_without_both_kinds_of_exit_there_is_no_stop(exits: dict[str, int]) -> None:
    """Nothing is made of trades that say nothing."""
    assert stop_of(Counter(exits), 0.0095) is None


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """A touch by none or by all has no sigma."""
    with pytest.raises(UsageError, match="above 0 and below 1"):
        sigma_by_touch(share, 0.01)


def test_profit_factor_counts_both_sides() -> None:
    """Winners for each unit lost; infinite without losers, NaN without trades."""
    assert profit_factor([300, -100, -100]) == 1.5
    assert profit_factor([5]) == math.inf
    assert math.isnan(profit_factor([]))


def test_days_are_listed_by_date_and_share_what_is_known() -> None:
    """The threshold itself does not count; an unknown vel_div is no bar of the share."""
    ts = np.array([START, START + MINUTE, START + DAY, START + DAY + MINUTE, START + 3 * DAY], np.int64)
    vel_div = np.array([-0.03, math.nan, -0.02, 0.021, math.nan])
    days = days_of(ts, vel_div, 0.02)
    assert [(day.date, day.bars, day.known) for day in days] == [
        ("2025-05-05", 2, 1),
        ("2025-05-06", 2, 2),
        ("2025-05-08", 1, 0),
    ]
    assert (days[0].below, days[0].above, days[1].below, days[1].above) == (1.0, 0.0, 0.0, 0.5)
    assert math.isnan(days[2].below)


def echoing(lag: int, fall: float) -> np.ndarray:
    """Features of 1,000 bars with a shock at bar 400, whose fast velocity falls `lag` bars later."""
    rows = np.zeros(1_000, FEATURES)
    rows["ts"] = START + np.arange(1_000) * MINUTE
    rows["velocity"][:, 0] = 0.001 * np.random.default_rng(1).standard_normal(1_000)
    for at in (400, 410, 420, 430, 440):
        rows["velocity"][at, 0] = 0.2
        rows["velocity"][at + lag, 0] = fall
    rows["vel_div"] = rows["velocity"][:, 0]
    return rows


def test_the_echo_is_read_one_window_after_each_shock() -> None:
    """A fall exactly then is seen in both its size and the share of triggers; one bar later it is not."""
    seen = echo_of(echoing(50, -0.1), echoing(50, 0.0), 50 * MINUTE, 0.02)
    assert (seen.lag, seen.shocks) == (50, 5)
    assert seen.box < -5.0
    assert abs(seen.exp) < 0.1
    assert (seen.box_beyond, seen.exp_beyond, seen.base_beyond) == (1.0, 0.0, 0.005)
    assert echo_of(echoing(51, -0.1), echoing(50, 0.0), 50 * MINUTE, 0.02).box > -0.1


def test_a_hole_hides_the_echo() -> None:
    """Rows are matched by time, not by place."""
    rows = np.delete(echoing(50, -0.1), 445)
    seen = echo_of(rows, rows, 50 * MINUTE, 0.02)
    assert (seen.shocks, seen.box_beyond) == (5, 1.0)
    assert echo_of(np.delete(rows, 449), rows, 50 * MINUTE, 0.02).shocks == 4


def test_the_box_window_echoes_and_the_exponential_does_not() -> None:
    """One minute in two hundred moves all alike and fivefold: the box's velocity falls when it leaves the window."""
    made = frame(3_000)
    random = np.random.default_rng(3)
    moves = 0.0006 * random.standard_normal((made.rows, len(NAMES)))
    moves[::200] += 0.006
    closes = 100.0 * np.exp(np.cumsum(moves, axis=0))
    made.close[:] = closes
    chosen = settings(windows=(50, 100, 150, 200))
    box, exp = (
        feature_rows(chosen.model_copy(update={"kernel": kernel}), NAMES, made) for kernel in ("box", "exp")
    )
    echo = echo_of(box, exp, 50 * MINUTE, 0.02)
    assert echo.box < -3.0
    assert abs(echo.exp) < 1.0
    assert echo.box_beyond > 0.9 > echo.base_beyond


def test_the_gate_names_the_days_that_it_was_made_of() -> None:
    """Spec 2.1: dates are listed, not counted; a fixed threshold has none."""
    made = frame(3_100)
    chosen = settings(vol_lookback=20)
    rows = feature_rows(chosen, NAMES, made)
    found = calibration_of("made", chosen, made, (rows, rows, rows), ())
    assert found.volatility.mode == "static"
    assert found.volatility.dates == ("2025-05-05", "2025-05-06")
    assert found.volatility.vol_p60 > 0
    assert (found.trades, found.exits, found.stop) == (0, {}, None)
    assert math.isnan(found.win_rate)
    fixed = settings(vol_calibration={"mode": "fixed", "vol_p60": 0.00009868})
    rows = feature_rows(fixed, NAMES, made)
    gate = calibration_of("made", fixed, made, (rows, rows, rows), ()).volatility
    assert (gate.mode, gate.vol_p60, gate.dates) == ("fixed", 0.00009868, ())


def test_a_week_of_recorded_bars_is_calibrated(recorded_data: Path, home: Path) -> None:
    """Both forms of the answer, from the command line; the two first days stand by name."""
    feed = f"recorded:{recorded_data / 'hyperliquid_candles'}"
    asked = ("prove", "calibration", str(CONFIGS / "blue.toml"), "--feed", feed, "--to", "2025-03-20")
    said = call(*asked)
    assert said.code == 0
    assert said.lines[0] == "desk divergence, short: 7 days, threshold 0.02"
    assert any("vol_p60 (static, of 2025-03-14, 2025-03-15)" in line for line in said.lines)
    (desk,) = call(*asked, "--json").json
    assert len(desk["days"]) == 7
    assert 0.0 < desk["below"] < 0.2
    assert sum(desk["exits"].values()) == desk["trades"]


def test_a_configuration_without_such_figures_is_refused(home: Path) -> None:
    """A desk of one's own rests on figures that nobody but its author knows."""
    said = call("prove", "calibration", str(CONFIGS / "breakout.toml"))
    assert said.code == 2
    assert "no desk of breakout rests on figures" in said.err
