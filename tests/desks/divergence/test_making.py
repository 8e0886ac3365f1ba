"""Records made of settings."""

import math
from typing import Any

import pytest

from tests.desks.divergence.rows import champion_of, names_of, settings_of
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.making import (
    PARAM_SETTINGS,
    check_settings,
    empty_memory,
    feature_state,
    neutral_bar,
    params_of,
    params_table,
)
from tradeworthy.desks.divergence.records import PARAMS


def test_a_feature_state_holds_its_settings() -> None:
    """Windows, the volatility's column and nothing seen; an exponential window's weight halves in a third of it."""
    state = feature_state(settings_of(vol_symbol="A02", kernel="exp"), names_of(4), "1h")
    assert (state.step_ns, state.columns, state.vol_column, state.bars, state.ts) == (
        3_600 * 10**9,
        4,
        2,
        0,
        -1,
    )
    assert state.windows.tolist() == [6, 12, 24, 48]
    assert state.decay ** (state.windows / 3) == pytest.approx([0.5] * 4)
    assert math.isnan(state.vol_p60)
    assert feature_state(settings_of(), names_of(4), "1h").decay.tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("columns", "told"), [(19, r"19 instruments: give assets_min \(20\) to 64"), (65, "65 inst")]
)
def test_a_universe_of_the_wrong_size_is_refused(columns: int, told: str) -> None:
    """Fewer than could ever signal, or more than a record holds."""
    with pytest.raises(UsageError, match=told):
        feature_state(champion_of(), names_of(columns), "5m")


def test_the_volatilitys_instrument_must_be_in_the_universe() -> None:
    """Else the gate would stay shut for ever."""
    with pytest.raises(UsageError, match=r"vol_symbol 'BTC' is none of its instruments A00, A01, A02, A03"):
        feature_state(settings_of(vol_symbol="BTC"), names_of(4), "5m")


def test_a_calibration_must_fit() -> None:
    """Thirty days of minutes are more readings than are kept, and none would be dropped in silence."""
    chosen = settings_of(vol_calibration={"days": 30})
    assert feature_state(chosen, names_of(4), "5m").calibration_days == 30
    with pytest.raises(
        UsageError, match=r"days is 30, and 40960 readings of 1m bars are kept: give at most 28 days"
    ):
        feature_state(chosen, names_of(4), "1m")


@pytest.mark.parametrize(("timeframe", "bars"), [("1m", 1440), ("5m", 288), ("1h", 24)])
def test_bars_of_a_day_come_from_their_length(timeframe: str, bars: int) -> None:
    """Spec 2.1: no constant."""
    assert params_of(settings_of(), names_of(4), timeframe).bars_a_day == bars


def test_parameters_are_the_settings() -> None:
    """Thresholds without their sign, basis points as a fraction."""
    params = params_of(champion_of(direction=1), names_of(20), "5m")
    assert (params.direction, params.threshold, params.extreme) == (1, 0.02, 0.05)
    assert (params.take_profit, params.stop, params.max_hold) == (0.0095, 0.012, 120)
    assert (params.warmup, params.tail, params.vol_gate) == (100, 120, 1)
    assert (params.leverage_min, params.leverage_max, params.leverage_abs_max) == (1.0, 5.0, 6.0)
    assert (params.leverage_to_trade, params.fraction) == (0.25, 0.20)
    assert (params.alignment_min, params.alignment_prior, params.horizon) == (0.45, 5.0, 30)
    assert params.confirm == 0.75e-4
    assert (params.boost_fall, params.posture_reads) == (0.15, 3)
    assert (params.stalker_cap, params.turtle_cap) == (2.0, 1.0)


def test_nothing_is_held_at_first() -> None:
    """No position, no asset, no posture read; a bar without stress multiplies by one."""
    memory, bar = empty_memory(), neutral_bar()
    assert (memory.asset, memory.held, memory.posture, memory.posture_run) == (-1, -1, -1, 0)
    assert (bar.boost, bar.mc_scale, bar.ob, bar.posture, bar.lots, bar.mc_red) == (1.0, 1.0, 1.0, 0, 0, 0)
    assert math.isnan(bar.price)


def test_every_parameter_comes_from_a_setting_or_the_universe() -> None:
    """A field of PARAMS that nothing fills would be 0 and trade."""
    assert set(PARAMS.names or ()) - set(PARAM_SETTINGS) == {"step_ns", "bars_a_day", "rank"}
    assert set(PARAM_SETTINGS.values()) <= set(DivergenceSettings.model_fields)


def test_a_table_has_what_each_set_has_alone() -> None:
    """A sweep's records are those that an engine of each set would make."""
    sets = [settings_of(), settings_of(vel_div_threshold=-0.021, max_hold_bars=7, vol_gate=False)]
    table = params_table(sets, names_of(4), "5m")
    for place, one in enumerate(sets):
        assert table[place].tobytes() == params_of(one, names_of(4), "5m").tobytes()
    assert table.threshold[1] == 0.021
    assert table.max_hold[1] == 7


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"warmup_bars": 200, "tail_bars": 88},
            "warmup_bars 200 and tail_bars 88 leave none of a day's 288 bars of 5m to open a trade on: lower them",
        ),
        ({"grace_s": 300.0}, "grace_s is 300, and the next bar of 5m closes 300 s later: give less"),
        ({"vol_symbol": "BTC"}, "vol_symbol 'BTC' is none of its instruments"),
        ({"pnl_key": "state"}, "state_key and pnl_key are both state: one would write over the other"),
    ],
)
def test_a_desk_that_could_not_do_its_work_is_refused(changes: dict[str, Any], told: str) -> None:
    """No trade would come of it, or its state would be lost, and nobody would be told."""
    check_settings(settings_of(warmup_bars=200, tail_bars=87, grace_s=299.9), names_of(4), "5m")
    with pytest.raises(UsageError) as refused:
        check_settings(settings_of(**changes), names_of(4), "5m")
    assert str(refused.value).startswith(f"strategy test: {told}")
