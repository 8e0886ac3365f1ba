"""A and E: the spec's vectors, what is missing, what is said, and that they stay within 0 and 1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.desks.uptrend.levers import (
    DECAY_MIN,
    HOUR_NS,
    MACRO,
    MESO,
    Intents,
    Mention,
    age_boost,
    bucket_multiplier,
    cap_boost,
    decay,
    intent_deltas,
    intents_of,
    levers,
)

PHASES = st.sampled_from(["", *MESO])
UNIT = st.floats(0, 1)


def test_good_phases_and_nine_active_rows() -> None:
    """T-LEV1: A .55, E .33, size .375."""
    found = levers(meso="good", macro="good", active=9)
    assert (found.a, found.e) == pytest.approx((0.55, 0.33), abs=1e-12)
    assert found.size_frac == pytest.approx(0.375, abs=1e-12)


def test_no_active_rows_and_a_tiny_capitalisation() -> None:
    """T-LEV2: A .917125, E .208725."""
    found = levers(meso="good", macro="good", active=0, market_cap=99_999.0)
    assert (found.a, found.e) == pytest.approx((0.917125, 0.208725), abs=1e-12)


def test_recovery_in_a_dip_under_pressure_with_a_call_to_sell() -> None:
    """T-LEV3: A .127207, E 1.0."""
    found = levers(
        meso="recover", macro="dip", cut_pressure=0.5, active=12, intents=Intents(sell=1.0), age_h=71.0
    )
    assert found.a == pytest.approx(0.127207, abs=1e-6)
    assert found.e == 1.0


def test_what_is_not_known_moves_nothing() -> None:
    """B37: unknown phases, age and capitalisation are neutral."""
    found = levers()
    assert (found.a, found.e, found.size_frac) == (0.5, 0.5, 0.35)


@pytest.mark.parametrize(("hours", "count"), [(0, 1.0), (72, 0.5), (144, 0.25), (168, 0.1984), (480, 0.0098)])
def test_a_word_counts_half_after_three_days(hours: float, count: float) -> None:
    """Spec 7.2: decay weights."""
    assert decay(hours) == pytest.approx(count, abs=5e-5)


def test_mentions_are_averaged_and_more_of_them_count_a_little_more() -> None:
    """Spec 7.2: min(1, mean(weight * decay) * (1 + ln(count)) / 2); old ones are dropped."""
    assert decay(480) < DECAY_MIN
    now = 1_000 * HOUR_NS
    one = [Mention(now, "hi_buy", 0.8)]
    assert intents_of(one, now) == Intents(hi_buy=0.4)
    two = [*one, Mention(now - 72 * HOUR_NS, "hi_buy", 0.8), Mention(now - 480 * HOUR_NS, "hi_buy", 1.0)]
    assert intents_of(two, now).hi_buy == pytest.approx(0.6 * (1 + 0.6931471805599453) / 2)
    assert intents_of([Mention(now, "gossip", 1.0)], now) == Intents()


def test_what_is_said_moves_a_lever_by_two_fifths_at_most() -> None:
    """Spec 7.2: intent deltas are clamped, and so are their inputs."""
    assert intent_deltas(Intents(sell=5.0, mock=5.0)) == (-0.4, 0.4)
    assert intent_deltas(Intents(hi_buy=1.0, med_buy=1.0)) == pytest.approx((0.4, -0.15))


def test_the_steps_of_age_and_capitalisation() -> None:
    """Spec 7.2: each step begins where the one before ends."""
    assert [age_boost(hours) for hours in (None, 0, 5.9, 6, 12, 72)] == [1.0, 1.15, 1.15, 1.10, 1.05, 1.0]
    assert [cap_boost(cap) for cap in (None, 0, 1e5, 5e5, 1e6)] == [1.0, 1.15, 1.10, 1.05, 1.0]


def test_a_bucket_counts_only_where_it_is_sure() -> None:
    """Spec 7.2: 0.7 to 1.3, and A times m while E is divided by it."""
    assert bucket_multiplier(0.5, 0.0, 0.9, slope_weight=1.0, least=0.5) == 1.3
    assert bucket_multiplier(-0.5, 0.1, 0.4, slope_weight=1.0, least=0.5) == 1.0
    assert levers(bucket=1.25) == pytest.approx((0.625, 0.4))


@given(
    meso=PHASES,
    macro=st.sampled_from(["", *MACRO]),
    cut_pressure=UNIT,
    active=st.integers(0, 400),
    intents=st.builds(Intents, *[st.floats(-1, 2)] * 5),
    age_h=st.none() | st.floats(0, 1e6),
    market_cap=st.none() | st.floats(0, 1e12),
    bucket=st.floats(0, 2),
)
def test_levers_are_within_0_and_1(**inputs: object) -> None:
    """Spec 23: whatever comes in."""
    found = levers(**inputs)  # type: ignore[arg-type]
    assert 0.0 <= found.a <= 1.0
    assert 0.0 <= found.e <= 1.0
