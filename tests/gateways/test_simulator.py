"""The simulator: a function of seed and index, with bars that a venue could have made."""

import hashlib
import math
from decimal import Decimal
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.recordings import bars_of, events_of, instrument, rows_of
from tradeworthy.core.draws import draw
from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.gateways.simulator.feed import SimulatorFeed
from tradeworthy.gateways.simulator.noise import Stream, exponential
from tradeworthy.gateways.simulator.path import LOG_PRICE_MAX, PricePath
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, FeedGap, check_bar

A, B, C = instrument("A"), instrument("B", "0.01"), instrument("C", "0.0005")
GAPPY = SimulatorSettings(regime_bars=16, gaps_per_day=10.0)


def first_rows(feed: SimulatorFeed, count: int, after: int = -1) -> list[Row]:
    """The first rows past `after`."""
    return list(islice((row for batch in feed.batches(after) for row in batch), count))


@given(after=st.integers(-1, 3_000_000), seed=st.integers(0, 2**63))
def test_bars_are_the_same_wherever_the_feed_is_entered(after: int, seed: int) -> None:
    """Position N is a function of (seed, N): entering later shows the same rows."""
    early = SimulatorFeed(GAPPY, [A, B, C], "1m", seed=seed)
    late = SimulatorFeed(GAPPY, [A, B, C], "1m", seed=seed)
    rows = first_rows(early, 700, max(-1, after - 400))
    assert first_rows(late, 100, after) == [row for row in rows if row[0] > after][:100]


def test_an_instrument_does_not_depend_on_its_company() -> None:
    """Another instrument in the configuration changes no price of this one."""
    alone = SimulatorFeed(GAPPY, [B], "1m", seed=5)
    among = SimulatorFeed(GAPPY, [A, B, C], "1m", seed=5)
    mine = [found for found in bars_of(first_rows(among, 3_000)) if found.instrument == "B"]
    assert bars_of(first_rows(alone, 3_000))[: len(mine)] == mine


def test_the_market_of_a_seed_is_pinned() -> None:
    """The same bars on every machine and in every version: a change here changes every simulated run."""
    feed = SimulatorFeed(SimulatorSettings(), [A, C], "1m", seed=42)
    text = repr(first_rows(feed, 20_000)).encode()
    assert hashlib.sha256(text).hexdigest()[:16] == "b3ea1b359b28bc9f"


@given(
    seed=st.integers(0, 2**63),
    volatility=st.floats(0.01, 20),
    timeframe=st.sampled_from(sorted(TIMEFRAMES_NS)),
    jumps=st.floats(0, 1000),
)
def test_bars_are_valid_and_on_tick_and_lot(
    seed: int, volatility: float, timeframe: str, jumps: float
) -> None:
    """Whatever the settings: the bar rule holds, prices are on tick, volumes on lot and above 0."""
    settings = SimulatorSettings(volatility=volatility, jumps_per_day=jumps, regime_bars=16)
    feed = SimulatorFeed(settings, [A, C], timeframe, seed=seed)
    ticks = {one.id: one.tick for one in (A, C)}
    for found in bars_of(first_rows(feed, 300)):
        check_bar(found)
        for price in (found.open, found.high, found.low, found.close):
            assert Decimal(repr(price)) % ticks[found.instrument] == 0
        assert found.volume > 0
        assert Decimal(repr(found.volume)) % A.lot == 0


def test_each_bar_opens_where_the_last_one_closed() -> None:
    """Also over the seams of blocks and epochs."""
    settings = SimulatorSettings(regime_bars=16, gaps_per_day=0.0, volatility=5.0)
    found = bars_of(first_rows(SimulatorFeed(settings, [A], "1h", seed=3), 20_000))
    assert [one.close for one in found[:-1]] == [one.open for one in found[1:]]
    assert found[0].open == 10_000.0


def test_gaps_cover_just_the_missing_bars() -> None:
    """Every bar is there or within one FeedGap, which stands in its last bar's place."""
    rows = first_rows(SimulatorFeed(GAPPY, [A, B], "1m", seed=9), 40_000)
    minute = TIMEFRAMES_NS["1m"]
    expected = {"A": rows[0][1] - minute, "B": rows[0][1] - minute}
    gaps = 0
    for position, ts, event in rows:
        start = event.ts_event if isinstance(event, BarClosed) else event.from_ts  # type: ignore[attr-defined]
        end = start + minute if isinstance(event, BarClosed) else event.to_ts  # type: ignore[attr-defined]
        name = event.instrument  # type: ignore[attr-defined]
        assert start == expected[name]
        assert ts == end
        assert position == ((ts - rows[0][1]) // minute) * 2 + ("A", "B").index(name)
        expected[name] = end
        gaps += isinstance(event, FeedGap)
    assert gaps > 20


def test_the_report_counts_what_was_yielded() -> None:
    """Bars and holes by instrument."""
    feed = SimulatorFeed(
        GAPPY, [A, B], "1m", seed=9, from_ts=1_704_067_200 * 10**9, to_ts=1_704_267_200 * 10**9
    )
    rows = rows_of(feed)
    report = feed.report()
    assert sum(one.bars for one in report.instruments.values()) == len(bars_of(rows))
    assert sum(one.missing for one in report.instruments.values()) == len(rows) - len(bars_of(rows))
    last = feed.end()
    assert last is not None
    assert rows[-1][0] <= last
    assert feed.span()[1] == rows[-1][1]


def test_volatility_jumps_and_regimes_do_what_they_say() -> None:
    """A year's deviation is about the setting; jumps make fat tails; quiet and wild hours alternate."""
    calm = SimulatorSettings(jumps_per_day=0.0, gaps_per_day=0.0)
    jumpy = SimulatorSettings(jumps_per_day=5.0, gaps_per_day=0.0)
    returns = {}
    for name, settings in (("calm", calm), ("jumpy", jumpy)):
        closes = [
            found.close for found in bars_of(first_rows(SimulatorFeed(settings, [A], "1m", seed=1), 200_000))
        ]
        returns[name] = np.diff(np.log(closes))
    yearly = float(np.std(returns["calm"])) * math.sqrt(525_600)
    assert 0.7 < yearly < 0.95
    kurtosis = {name: float(np.mean(one**4) / np.mean(one**2) ** 2) for name, one in returns.items()}
    assert kurtosis["jumpy"] > 2 * kurtosis["calm"]
    hourly = returns["calm"][:199_980].reshape(-1, 60).std(axis=1)
    assert float(np.quantile(hourly, 0.95)) > 2.5 * float(np.quantile(hourly, 0.2))


@given(seed=st.integers(0, 2**63), block=st.integers(0, 10**12), volatility=st.floats(0.01, 20))
def test_prices_stay_in_bounds_for_ever(seed: int, block: int, volatility: float) -> None:
    """The simulator is endless, and so is the use of its prices."""
    settings = SimulatorSettings(volatility=volatility, regime_bars=16)
    path = PricePath(settings, seed, "A", TIMEFRAMES_NS["1d"])
    assert float(np.abs(path.stretch(block, 2).levels).max()) <= LOG_PRICE_MAX


def test_a_stretch_meets_the_next() -> None:
    """A block's end is the next one's start, to the bit."""
    path = PricePath(GAPPY, 4, "A", TIMEFRAMES_NS["1m"])
    whole = path.stretch(0, 3000).levels
    for block in (0, 1, 1023, 1024, 2047, 2998):
        part = path.stretch(block, 1).levels
        assert part.tobytes() == whole[block * path.block_bars : (block + 1) * path.block_bars + 1].tobytes()


@given(seed=st.integers(0, 2**64), key=st.integers(0, 2**62), name=st.text(max_size=5))
def test_draws_in_bulk_are_the_core_s(seed: int, key: int, name: str) -> None:
    """One definition of a draw; `normal` and `normal_at` are one function."""
    stream = Stream(seed, name)
    keys = np.array([key, key + 1])
    assert stream.uniform(keys).tolist() == [draw(seed, name, key), draw(seed, name, key + 1)]
    assert stream.normal(keys).tolist() == [stream.normal_at(key), stream.normal_at(key + 1)]


def test_the_exponential_is_one() -> None:
    """Near enough to the library's."""
    exponents = np.linspace(-3, 3, 1001)
    assert float(np.abs(exponential(exponents) / np.exp(exponents) - 1).max()) < 1e-12


def test_normal_draws_have_mean_0_and_variance_1() -> None:
    """Over a hundred thousand keys."""
    found = Stream(1, "x").normal(np.arange(100_000))
    assert abs(float(found.mean())) < 0.02
    assert abs(float(found.var()) - 1) < 0.02


def test_a_start_price_is_taken_and_checked() -> None:
    """One for an unknown instrument, or beyond what the instrument can have, is refused."""
    settings = SimulatorSettings(start_price={"A": 250.0})
    feed = SimulatorFeed(settings, [A], "1m", seed=1)
    assert bars_of(first_rows(feed, 1))[0].open == 250.0
    with pytest.raises(UsageError, match="start_price names 'A'"):
        SimulatorFeed(settings, [B], "1m", seed=1)
    with pytest.raises(UsageError, match="price_max"):
        SimulatorFeed(SimulatorSettings(start_price={"A": 1e9}), [A], "1m", seed=1)


def test_what_makes_the_content_is_in_the_identity() -> None:
    """Seed, settings and instruments."""
    one = SimulatorFeed(GAPPY, [A, B], "1m", seed=1)
    assert one.identity() == SimulatorFeed(GAPPY, [A, B], "1m", seed=1).identity()
    assert one.identity() != SimulatorFeed(GAPPY, [A, B], "1m", seed=2).identity()
    assert one.identity() != SimulatorFeed(SimulatorSettings(), [A, B], "1m", seed=1).identity()
    assert one.end() is None
    assert one.span()[1] is None


def test_from_shifts_no_position() -> None:
    """A feed that begins later has the rows of the one that began at the start."""
    start = SimulatorFeed(GAPPY, [A, B], "1m", seed=6)
    from_ts = start.span()[0] + 1000 * TIMEFRAMES_NS["1m"]
    later = SimulatorFeed(GAPPY, [A, B], "1m", seed=6, from_ts=from_ts)
    rows = [row for row in first_rows(start, 4000) if row[0] >= 2000]
    assert first_rows(later, 500) == rows[:500]
    assert events_of(first_rows(later, 500, 1500)) == events_of(rows[:500])
