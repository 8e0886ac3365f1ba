"""The tape: the feature step's answers, once for all sets."""

import numpy as np
import pytest

from tests.research.panels import panel, settings
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import feature_state
from tradeworthy.desks.divergence.records import FEATURES, ROW, record_of, to_bytes
from tradeworthy.research.features import FEATURE_KEYS, PROFILE, tape_of
from tradeworthy.research.grids import TRADE_KEYS, settings_with

OTHER = {
    "windows": (12, 30, 60, 90),
    "kernel": "exp",
    "assets_min": 5,
    "vol_symbol": "S1USDT",
    "vol_lookback": 20,
    "vol_percentile": 0.7,
    "vol_calibration.mode": None,
    "vol_calibration.days": 3,
    "vol_calibration.vol_p60": 0.001,
    "irp_horizon_bars": 9,
    "dc_lookback_bars": 5,
    "acb.beta_low": 0.1,
    "acb.beta_high": 0.9,
    "acb.halflife_bars": 20,
}


def test_the_tape_holds_what_the_feature_step_says() -> None:
    """Row by row, bit for bit, and of the profiles those that a trigger or its outcome needs."""
    frame, own, least = panel(700, holes=0.01, skipped=3), settings(), 0.02
    tape = tape_of(frame, own, least)
    state, row, out = feature_state(own, frame.instruments, "5m"), record_of(ROW), record_of(FEATURES)
    loud_at: set[int] = set()
    kept = 0
    for i in range(frame.rows):
        row.ts = frame.ts[i]
        row.close[:5], row.present[:5] = frame.close[i], frame.close[i] > 0.0
        feature_step(state, row, out)
        line = tape.rows[i]
        assert (line.ts, line.bar, line.vol_ok) == (frame.ts[i], out.bar, out.vol_ok)
        np.testing.assert_array_equal((line.vel_div, line.beta), (out.vel_div, out.beta))
        slot = int(out.ts) // frame.step_ns
        if abs(out.vel_div) > least:
            loud_at.add(slot)
        if slot in loud_at or slot - own.irp_horizon_bars in loud_at:
            assert line.kept == kept
            for place, name in enumerate(PROFILE):
                np.testing.assert_array_equal(tape.profiles[kept, place], getattr(out, name)[:5])
            kept += 1
        else:
            assert line.kept == -1
    assert 0 < kept == len(tape.profiles) < frame.rows


@pytest.mark.parametrize("key", FEATURE_KEYS)
def test_each_feature_key_makes_another_tape(key: str) -> None:
    """Another value of it is another feature state."""
    value = OTHER[key]
    if value is None:
        return  # It follows from vol_p60.
    assert state_of(settings_with(settings().model_dump(), {key: value})) != state_of(settings())


def test_no_other_key_makes_another_tape() -> None:
    """All that a sweep varies on one tape leaves the feature state as it is."""
    changed = settings_with(
        settings().model_dump(),
        {
            "direction": 1,
            "vel_div_threshold": -0.03,
            "vel_div_extreme": -0.07,
            "fixed_tp_pct": 0.02,
            "stop_pct": 0.02,
            "max_hold_bars": 7,
            "fraction": 0.3,
            "min_leverage": 2.0,
            "max_leverage": 4.0,
            "abs_max_leverage": 5.0,
            "leverage_to_trade": 0.5,
            "warmup_bars": 7,
            "tail_bars": 7,
            "vol_gate": True,
            "irp_alignment_min": 0.4,
            "irp_prior": 6.0,
            "dc_threshold_bps": 1.0,
            "dc_leverage_boost": 1.1,
            "esof_mult": 0.9,
            "posture_reads": 2,
            "order_books.fill": 0.5,
            "order_books.imbalance": 0.1,
        },
    )
    assert state_of(changed) == state_of(settings())
    assert len(TRADE_KEYS) == 22


def state_of(own: DivergenceSettings) -> bytes:
    """The feature state's bytes."""
    return to_bytes(feature_state(own, [f"S{k}USDT" for k in range(6)], "5m"))


def test_later_rows_change_no_earlier_ones() -> None:
    """What is ahead is not on the tape before it."""
    frame, other = panel(400), panel(400)
    other.close[300:] *= 1.5
    ours, theirs = (tape_of(one, settings(), 0.0) for one in (frame, other))
    assert ours.rows[:300].tobytes() == theirs.rows[:300].tobytes()
    kept = int(ours.rows.kept[:300].max()) + 1
    assert ours.profiles[:kept].tobytes() == theirs.profiles[:kept].tobytes()
