"""The gates in force on a payload: the engine's own, and those that tuning moved."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.uptrend.judging import in_s0, in_s1, in_s2, in_s3, payload
from tradeworthy.desks.uptrend.gates import base_controls, effective, halo_distance, judged
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.learning.events import Override
from tradeworthy.learning.lookup import Controls
from tradeworthy.learning.scopes import S1_ENTRY, S3_DX
from tradeworthy.learning.settings import LearningSettings

LOOSE, TIGHT = 0.818731, 1.221403


def under(seen: Payload, **multipliers: float) -> Any:
    """The payload under one override of each control named, for both patterns."""
    table = [
        Override("id", pattern, f"tuning_{name}", {}, value, 1.0, ())
        for name, value in multipliers.items()
        for pattern in (S1_ENTRY, S3_DX)
    ]
    return judged(seen, table, {}, LearningSettings())


@pytest.mark.parametrize(
    ("boosted", "said", "multiplier", "asked"),
    [
        (0.50, False, LOOSE, True),
        (0.70, True, TIGHT, False),
        (0.49, False, LOOSE, False),
        (0.74, True, TIGHT, True),
        (0.70, True, 1.0, True),
    ],
)
def test_a_tuned_ts_min_turns_an_entry_on_or_off(
    *, boosted: float, said: bool, multiplier: float, asked: bool
) -> None:
    """L11: 49.12 lets .50 in, 73.28 keeps .70 out; base and effective values are both told."""
    found = under(in_s1(strong=said, ts_with_boost=boosted), ts_min=multiplier)
    assert found.buy_signal is asked
    assert found.gates["ts_min"] == pytest.approx(60 * multiplier)
    assert found.gates["ts_min_base"] == 60.0
    assert found.passed["ts"] is asked


def test_a_tuned_halo_lets_a_farther_price_in_or_keeps_it_out() -> None:
    """L11: 1.2 ATRs are within 1.22, and 0.9 are not within 0.82."""
    far = in_s1(strong=True, buy_signal=False, check={"entry_zone_ok": False, "halo_distance": 1.2})
    assert under(far).blocked_by == ("halo",)
    assert under(far, halo=TIGHT).buy_signal
    near = in_s1(strong=True, check={"halo_distance": 0.9})
    assert under(near, halo=LOOSE).blocked_by == ("halo",)
    assert not under(near, halo=LOOSE).buy_signal


@pytest.mark.parametrize(("dx", "multiplier", "asked"), [(0.55, LOOSE, True), (0.70, TIGHT, False)])
def test_a_tuned_dx_min_turns_a_rebuy_on_or_off(*, dx: float, multiplier: float, asked: bool) -> None:
    """L11: the suppression of an old trend is added to the tuned gate: .49 + .05, and .73 + .05."""
    found = under(in_s3(dip=True, dx=dx, buy_flag=not asked), dx_min=multiplier)
    assert found.buy_flag is asked
    assert found.gates["dx_threshold"] == pytest.approx(0.6 * multiplier + 0.05)
    assert found.gates["dx_threshold_base"] == pytest.approx(0.65)


@pytest.mark.parametrize(
    ("seen", "gate"),
    [
        (in_s3(dip=True, dx=0.9, emergency_exit=True), "emergency"),
        (in_s3(dip=True, dx=0.9, check={"slope_ok": False}), "slope"),
        (in_s3(dx=0.9), "zone"),
        (in_s3(dip=True, dx=0.9, check={"ts_ok": False}, ts_with_boost=0.3), "ts"),
    ],
)
def test_tuning_opens_no_other_gate(seen: Payload, gate: str) -> None:
    """L11: a discount is not bought in an emergency, against the slope, or out of its zone."""
    found = under(seen, dx_min=0.5)
    assert not found.buy_flag
    assert gate in found.blocked_by


def test_configured_thresholds_are_what_tuning_multiplies() -> None:
    """B15: the payload says its own gates; the spec's constants are only for those that say none."""
    seen = in_s1(check={"ts_threshold": 0.5, "halo": 2.0})
    assert base_controls(seen) == Controls(50.0, 2.0, 60.0)
    assert under(seen, ts_min=0.5).gates["ts_min"] == 25.0


def test_a_first_dip_and_a_retest_are_not_tuned() -> None:
    """L11: neither the S2 check, nor the first dip of S3, nor a state that buys nothing."""
    assert under(in_s2(buy_flag=True), ts_min=1.5, halo=0.5).buy_flag
    assert not under(in_s3(first_dip_buy_flag=True), ts_min=0.5).buy_flag
    assert under(in_s0(), ts_min=0.5) == (False, False, {}, {}, ())


def test_a_warm_up_signals_nothing_however_loose_the_gates() -> None:
    """L3: suppressed signals stay so."""
    assert not under(in_s1(strong=False, warmup=True), ts_min=0.5).buy_signal


def test_a_forced_signal_holds_unless_a_gate_was_tightened_past_it() -> None:
    """L4: what a test forces needs no figures; loosening never takes it away."""
    forced = Payload(in_s1().state, in_s1().state, 1, 1.0, in_s1().emas, 0.0, buy_signal=True, forced=True)
    assert under(forced).buy_signal
    assert under(forced, ts_min=LOOSE, halo=TIGHT).buy_signal
    assert under(forced).blocked_by == ()
    assert not under(forced, ts_min=TIGHT).buy_signal


MULTIPLIERS = st.floats(0.5, 2.0)
SEEN = st.builds(
    lambda distance, boosted, slope, halo, ts: in_s1(
        buy_signal=distance <= halo and boosted >= ts and slope,
        ts_with_boost=boosted,
        check={
            "halo": halo,
            "ts_threshold": ts,
            "halo_distance": distance,
            "entry_zone_ok": distance <= halo,
            "slope_ok": slope,
            "ts_ok": boosted >= ts,
        },
    ),
    st.floats(0.0, 4.0),
    st.floats(0.0, 1.25),
    st.booleans(),
    st.floats(0.5, 3.0),
    st.floats(0.2, 0.9),
)


@given(SEEN, MULTIPLIERS, MULTIPLIERS)
def test_a_tuned_entry_is_what_its_gates_say(seen: Payload, ts_min: float, halo: float) -> None:
    """L11: on exactly if no gate blocks; and with no control moved, the engine's word."""
    found = under(seen, ts_min=ts_min, halo=halo)
    assert found.buy_signal is (not found.blocked_by)
    assert found.passed["halo"] is (float(seen.check["halo_distance"] or 0) <= found.gates["halo_mult"])
    base = base_controls(seen)
    assert effective(seen, base, base).buy_signal is seen.buy_signal


@given(SEEN, MULTIPLIERS, MULTIPLIERS)
def test_loosening_never_takes_a_signal_away(seen: Payload, first: float, second: float) -> None:
    """L11: of two values of a gate the looser lets in all that the stricter does."""
    strict, loose = max(first, second), min(first, second)
    assert under(seen, ts_min=loose).buy_signal >= under(seen, ts_min=strict).buy_signal
    assert under(seen, halo=strict).buy_signal >= under(seen, halo=loose).buy_signal


def test_a_payload_that_says_no_distance_is_measured() -> None:
    """L4: a forced one may lack the figure; S1 leans on EMA60, all others on EMA333, and an ATR of 0 tells nothing."""
    assert halo_distance(payload(Stage.S1, price=104.0)) == 1.0
    assert halo_distance(payload(Stage.S1, price=99.0)) == 1.5
    assert halo_distance(payload(Stage.S2, price=97.0)) == 1.0
    assert halo_distance(payload(Stage.S2, price=97.0, atr=0.0)) is None


@pytest.mark.parametrize(("over", "asked"), [(0.0, True), (1e-9, False)])
def test_a_tuned_gate_is_met_at_its_very_value(*, over: float, asked: bool) -> None:
    """L11: as the engine's own gates are."""
    far = in_s1(near=False, strong=True, check={"halo_distance": 1.2 + over})
    wide = Controls(60.0, 1.2, 60.0, moved=True)
    assert effective(far, wide, wide).buy_signal is asked
    dear = in_s3(dip=True, dx=49.0 / 100.0 + 0.05 - over)
    loose = Controls(60.0, 1.0, 49.0, moved=True)
    assert effective(dear, loose, loose).buy_flag is asked
