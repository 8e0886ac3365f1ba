"""Support and resistance: what turns into a level, how strong it is, and which twelve are kept."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tradeworthy.desks.uptrend.geometry import (
    EXTREME,
    FIB,
    SWING,
    Found,
    Geometry,
    choose,
    clusters,
    fibonacci,
    geometry,
    level_id,
    price_text,
    swings,
)
from tradeworthy.desks.uptrend.history import Window

Floats = NDArray[np.float64]


def window_of(closes: Floats) -> Window:
    """Bars that stand still at each close."""
    return Window(np.arange(len(closes)), closes, closes, closes, closes, closes)


def zigzag(count: int, low: float = 90.0, high: float = 110.0, drift: float = 0.0) -> Floats:
    """Closes that go up in four bars and down in four."""
    wave = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25])
    repeats = count // len(wave) + 1
    return low + (high - low) * np.tile(wave, repeats)[:count] + drift * np.arange(count)


def wander(seed: int, bars: int = 400) -> Floats:
    """Random closes."""
    return np.asarray(100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.02, bars))))


def made(closes: Floats) -> Geometry:
    """The geometry of `closes`, which there is."""
    found = geometry(window_of(closes), "solana", "abc", 7)
    assert found is not None
    return found


def test_a_swing_stands_out_from_two_closes_on_each_side() -> None:
    """Section 5: strictly, and by half a percent of its price."""
    assert swings(np.array([1.0, 2.0, 3.0, 2.0, 1.0])).tolist() == [2]
    assert swings(np.array([1.0, 3.0, 3.0, 2.0, 1.0])).tolist() == []
    assert swings(np.array([100.0, 100.1, 100.2, 100.1, 100.0])).tolist() == []
    assert swings(-np.array([5.0, 4.0, 3.0, 4.0, 5.0])).tolist() == [2]
    assert swings(np.array([1.0, 2.0, 3.0])).tolist() == []


@pytest.mark.parametrize("after", [0, 1])
def test_a_swing_counts_only_once_two_bars_confirmed_it(after: int) -> None:
    """B40: nothing that a later bar must tell is used before it; and none is taken back."""
    closes = zigzag(61)
    peak = 60
    assert closes[peak] == 110.0
    assert peak not in swings(np.concatenate((closes, np.full(after, 100.0))))
    assert peak in swings(np.concatenate((closes, np.full(2, 100.0))))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1_000), st.integers(60, 300))
def test_a_longer_window_keeps_every_swing(seed: int, bars: int) -> None:
    """B40: what was a swing as of one bar is one as of all later bars."""
    closes = wander(seed, 320)
    early = swings(closes[:bars]).tolist()
    assert [place for place in swings(closes).tolist() if place < bars - 2] == early


def test_near_swings_are_one_level() -> None:
    """Section 5: within 6 % of the running mean; strength is how often it was touched, full with ten."""
    found = clusters(np.array([10.0, 10.5, 10.6, 20.0] + [40.0] * 12))
    assert [(one.price, one.strength, one.confidence) for one in found] == [
        (40.0, 12.0, 1.0),
        (pytest.approx(31.1 / 3), 3.0, 0.3),
        (20.0, 1.0, 0.1),
    ]
    assert len(clusters(np.geomspace(10.0, 160.0, 30))) == 9


def test_fibonacci_levels_gain_by_a_neighbour() -> None:
    """Section 5: 15, and the nearest level's strength within 3 %, half of it within 7 %."""
    near = Found(152.0, 6.0, 0.6, SWING)
    found = {round(one.price, 4): one for one in fibonacci(200.0, 100.0, [near])}
    assert list(found)[:7] == [200.0, 176.4, 161.8, 150.0, 138.2, 121.4, 100.0]
    assert list(found)[7:] == [227.2, 261.8, 300.0, 361.8, 400.0, 523.6]
    assert (found[150.0].strength, found[150.0].confidence) == (21.0, 1.0)
    assert (found[161.8].strength, found[161.8].confidence) == (18.0, 0.9)
    assert (found[200.0].strength, found[200.0].confidence) == (15.0, 0.75)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1_000))
def test_neither_kind_of_level_crowds_out_the_other(seed: int) -> None:
    """B7: twelve at most, the extremes among them, and swings beside Fibonacci; confidence is 0 to 1."""
    closes = wander(seed)
    found = made(closes)
    sources = [one.source for one in found.levels]
    assert len(found.levels) <= 12
    assert sources.count(EXTREME) == 2
    turned = clusters(np.concatenate((closes[swings(closes)], closes[swings(-closes)])))
    assert sources.count(SWING) >= min(4, len(turned) - 2)
    assert sources.count(FIB) >= 4
    assert all(0.0 < one.confidence <= 1.0 for one in found.levels)
    assert [one.order_desc for one in found.levels] == list(range(len(found.levels)))
    prices = [one.price for one in found.levels]
    assert prices == sorted(prices, reverse=True)
    assert len({one.id for one in found.levels}) == len(found.levels)


def test_the_confident_and_the_near_are_kept() -> None:
    """Of two that are equally confident the one nearer to the price; one price makes one level."""
    extremes = [Found(price, 10.0, 1.0, EXTREME) for price in (200.0, 50.0)]
    turned = [Found(price, 1.0, 0.1, SWING) for price in (60.0, 70.0, 80.0, 90.0, 100.0, 110.0, 120.0)]
    turned.append(Found(199.0, 9.0, 0.9, SWING))
    drawn = [Found(price, 15.0, 0.75, FIB) for price in (200.0, 50.0, 101.0, 150.0, 300.0, 400.0, 500.0)]
    chosen = choose(extremes, turned, drawn, 100.0)
    assert sorted(one.price for one in chosen if one.source == SWING) == [
        80.0,
        90.0,
        100.0,
        110.0,
        120.0,
        199.0,
    ]
    assert sorted(one.price for one in chosen if one.source == FIB) == [101.0, 150.0, 300.0, 400.0]


def test_too_little_to_see_makes_no_geometry() -> None:
    """Section 5: under 50 bars, or without three swings of a kind."""
    assert geometry(window_of(zigzag(49)), "solana", "abc", 7) is None
    assert made(zigzag(50)).swing_highs == 6
    assert geometry(window_of(100.0 + np.arange(400.0)), "solana", "abc", 7) is None
    assert geometry(window_of(np.full(400, 3.0)), "solana", "abc", 7) is None
    assert geometry(window_of(np.zeros(0)), "solana", "abc", 7) is None


@pytest.mark.parametrize(("drift", "word"), [(0.5, "up"), (-0.5, "down"), (0.0, "sideways")])
def test_the_trend_is_that_of_the_last_swings(drift: float, word: str) -> None:
    """Both highs and lows must agree."""
    assert made(zigzag(100, drift=drift)).trend == word


def test_a_level_has_the_same_name_wherever_it_is_computed() -> None:
    """Section 5: token, source and rounded price name it, so that a cool-down can tell a level again."""
    one = Found(1.234567891, 3.0, 0.3, SWING)
    assert level_id("solana", "abc", one) == "a6587a0e5dee"
    assert level_id("solana", "abc", one._replace(price=1.2345679, strength=9.0)) == level_id(
        "solana", "abc", one
    )
    others = [("base", "abc", one), ("solana", "abd", one), ("solana", "abc", one._replace(source=FIB))]
    assert len({level_id(*other) for other in [*others, ("solana", "abc", one)]}) == 4
    assert [price_text(price) for price in (2.0, 0.5, 0.001, 0.00001234567)] == [
        "2.000000",
        "0.50000000",
        "0.0010000000",
        "1.234567000e-05",
    ]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 200), st.integers(-30, 20))
def test_levels_scale_with_prices(seed: int, power: int) -> None:
    """Section 23: prices times c are levels times c, of the same strength and kind."""
    closes, factor = wander(seed), 2.0**power
    one, other = made(closes), made(closes * factor)
    assert [level.price * factor for level in one.levels] == pytest.approx(
        [level.price for level in other.levels]
    )
    assert [(level.source, level.strength) for level in one.levels] == [
        (level.source, level.strength) for level in other.levels
    ]


def test_geometry_survives_a_snapshot() -> None:
    """It is plain values."""
    found = made(wander(1))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Geometry) == found
