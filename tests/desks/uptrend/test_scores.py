"""The scores against their vectors, and how they answer to price, range and decay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.uptrend.seeing import averages, prices, scaled, seen
from tradeworthy.desks.uptrend.geometry import Level
from tradeworthy.desks.uptrend.payloads import Emas
from tradeworthy.desks.uptrend.scores import (
    FAR,
    aged_over_extension,
    deep_discount,
    discount_threshold,
    distance_atr,
    level_boost,
    logistic_trend_strength,
    over_extension,
    sigma,
    trend_strength,
)

BANDS = Emas(101.0, 101.0, 101.0, 100.0, 97.0, 95.0)
shares = st.floats(0.0, 1.0)


def level(price: float, confidence: float = 1.0, strength: float = 10.0) -> Level:
    """A level of swings."""
    return Level(f"at {price}", price, strength, confidence, "swing", 0)


@pytest.mark.parametrize(
    ("rsi_slope", "adx_slope", "expected"),
    [(0, 0, 0.5), (5, 2, 1.0), (-5, -2, 0.0), (1, 0.5, 0.6125), (2, 1, 0.725), (99, 99, 1.0)],
)
def test_trend_strength_is_as_the_vectors_say(rsi_slope: float, adx_slope: float, expected: float) -> None:
    """L13: the form that the thresholds were tuned with."""
    assert trend_strength(rsi_slope, adx_slope) == pytest.approx(expected, abs=1e-12)


def test_the_logistic_trend_strength_is_as_the_vectors_say() -> None:
    """L13: the other form, in which a weak ADX does not count."""
    assert logistic_trend_strength(1.0, 0.5, 25.0) == pytest.approx(0.8649, abs=5e-5)
    assert logistic_trend_strength(0.0, 0.0, 10.0) == pytest.approx(0.3, abs=1e-12)


def test_over_extension_is_as_the_vectors_say() -> None:
    """L13: OX in S2 and, with decay, in S3."""
    figures = seen(
        Emas(104.0, 104.0, 101.0, 98.0, 96.0, 90.0),
        atr=2.0,
        atr_mean_20=2.0,
        dsep_fast_5=0.0015,
        dsep_mid_5=0.001,
        ema20_slope=0.0008,
    )
    base = over_extension(110.0, figures)
    assert base == pytest.approx(0.832585, abs=5e-7)
    assert aged_over_extension(base, 0.8) == pytest.approx(0.915011, abs=1e-6)
    assert aged_over_extension(base, 0.5) == base


def test_over_extension_is_one_half_where_nothing_moves() -> None:
    """L13: under the threshold, so that no flat market is trimmed."""
    assert over_extension(2.0, seen()) == pytest.approx(0.5, abs=1e-12)
    assert over_extension(2.0, seen(atr=0.0, atr_mean_20=0.0)) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize(("price", "expected"), [(95.0, 0.830522), (100.0, 0.371811)])
def test_deep_discount_is_as_the_vectors_say(price: float, expected: float) -> None:
    """L13: at EMA333 and at EMA144."""
    figures = seen(BANDS, adx=20.0, ema144_accel=0.001)
    assert deep_discount(price, figures, 0.5) == pytest.approx(expected, abs=5e-7)


def test_there_is_no_discount_where_ema144_is_not_above_ema333() -> None:
    """L13: without the two bands there is no place between them."""
    assert deep_discount(2.0, seen(), 0.5) == 0.0


@pytest.mark.parametrize(
    ("edx", "at_333", "at_144"),
    [(0.3, 0.50, 0.65), (0.6, 0.55, 0.70), (0.7, 0.65, 0.80), (0.69999, 0.6, 0.75)],
)
def test_the_discount_threshold_is_as_the_vectors_say(edx: float, at_333: float, at_144: float) -> None:
    """L13: lower at EMA333, although EMA144 lies above it in S3; higher in an ageing trend."""
    assert discount_threshold(95.0, 100.0, 95.0, edx, 0.6).final == pytest.approx(at_333, abs=1e-4)
    assert discount_threshold(100.0, 100.0, 95.0, edx, 0.6).final == pytest.approx(at_144, abs=1e-4)


def test_a_level_adds_by_its_confidence_and_its_nearness() -> None:
    """B7: a level's raw strength of touches does not saturate the boost."""
    assert level_boost([level(10.0, 0.4, strength=30.0)], 10.0, 1.0, 0.25) == pytest.approx(0.1)
    assert level_boost([level(10.5)], 10.0, 1.0, 0.25) == pytest.approx(0.125)
    assert level_boost([level(11.0)], 10.0, 1.0, 0.25) == 0.0
    assert level_boost([level(10.5), level(9.9, 0.5)], 10.0, 1.0, 0.25) == pytest.approx(0.125)
    assert level_boost([level(10.0, confidence=7.0)], 10.0, 1.0, 0.25) == 0.25
    assert level_boost([level(10.0)], 10.0, 0.0, 0.25) == 0.0
    assert level_boost([], 10.0, 1.0, 0.25) == 0.0


def test_a_distance_stays_finite_without_a_range() -> None:
    """P2: a candidate's figures are finite."""
    assert distance_atr(1.0, 1.0, 0.0) == 0.0
    assert distance_atr(1.0, 2.0, 0.0) == FAR
    assert distance_atr(1.0, 2.0, 1e-300) == FAR


@given(averages(), prices, prices, st.floats(0.0, 3.0), st.floats(-0.01, 0.01))
def test_over_extension_does_not_fall_as_the_price_rises(
    emas: Emas, one: float, other: float, atr: float, dsep: float
) -> None:
    """L13: OX is non-decreasing in price, and within 0 and 1."""
    figures = seen(emas, atr=atr, atr_mean_20=1.0, dsep_fast_5=dsep)
    low, high = sorted((over_extension(min(one, other), figures), over_extension(max(one, other), figures)))
    assert over_extension(min(one, other), figures) == low
    assert 0.0 <= low <= high <= 1.0 + 1e-12


@given(st.floats(0.001, 2.0), shares, shares, shares)
def test_discount_does_not_grow_as_the_price_rises_between_the_bands(
    width: float, one: float, other: float, edx: float
) -> None:
    """L13: DX is non-increasing in price from EMA333 to EMA144."""
    emas = Emas(12.0, 12.0, 12.0, 10.0 + width, 10.0, 10.0)
    figures = seen(emas, adx=20.0)
    low, high = 10.0 + width * min(one, other), 10.0 + width * max(one, other)
    assert deep_discount(low, figures, edx) >= deep_discount(high, figures, edx) - 1e-12
    assert 0.0 <= deep_discount(low, figures, edx) <= 1.0


@given(shares, shares, st.floats(90.0, 110.0))
def test_the_discount_threshold_does_not_fall_with_decay(one: float, other: float, price: float) -> None:
    """L13: the threshold is non-decreasing in EDX."""
    low, high = sorted((one, other))
    assert (
        discount_threshold(price, 100.0, 95.0, low, 0.6).final
        <= discount_threshold(price, 100.0, 95.0, high, 0.6).final
    )


@given(averages(), prices, st.floats(0.01, 3.0), shares, st.sampled_from([0.25, 8.0, 1024.0]))
def test_the_unit_of_price_does_not_matter(
    emas: Emas, price: float, atr: float, edx: float, factor: float
) -> None:
    """L13: all prices times the same give the same scores."""
    figures = seen(emas, atr=atr, atr_mean_20=atr)
    grown = seen(scaled(emas, factor), atr=atr * factor, atr_mean_20=atr * factor)
    assert over_extension(price * factor, grown) == pytest.approx(over_extension(price, figures), abs=1e-12)
    assert deep_discount(price * factor, grown, edx) == pytest.approx(
        deep_discount(price, figures, edx), abs=1e-12
    )
    level_here, level_there = level(price), level(price * factor)
    assert level_boost([level_here], emas.ema60, atr, 0.25) == pytest.approx(
        level_boost([level_there], emas.ema60 * factor, atr * factor, 0.25), abs=1e-12
    )


@given(st.floats(-1e6, 1e6), st.floats(0.0, 1e3))
def test_the_logistic_function_stays_between_0_and_1(x: float, k: float) -> None:
    """L13: no figure overflows."""
    assert 0.0 <= sigma(x, k) <= 1.0
