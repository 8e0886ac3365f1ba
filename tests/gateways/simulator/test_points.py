"""Simulated points of tokens: a function of seed and index, and the bars that are made of them."""

import hashlib
from collections import defaultdict
from decimal import Decimal
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateways.recordings import MINUTE
from tests.market.session import Session
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.config import TokenSettings
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.gateways.history import BarColumns
from tradeworthy.gateways.simulator.history import SimulatedHistory
from tradeworthy.gateways.simulator.points import POINTS_S, PointsFeed, PointsSettings
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, FeedGap, check_bar
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.minutes import MinuteBars
from tradeworthy.market.rolling import BarRollup
from tradeworthy.market.rollup import Bars, roll
from tradeworthy.market.ticks import PricePoint, TradeTick


def listed(name: str, tick: str = "0.0001", lot: str = "1") -> Instrument:
    """A token of the paper venue."""
    return Instrument(name, "paper", "USDT", Decimal(tick), Decimal(lot), Decimal(0), Decimal(0))


BONK, WIF, BTC = listed("BONK"), listed("WIF", "0.001"), listed("BTC", "0.1", "0.00001")
INSTRUMENTS = [BONK, BTC, WIF]
TOKENS = [
    TokenSettings(instrument="BONK", ticker="BONK", market_cap=7_000_000),
    TokenSettings(instrument="BTC", ticker="BTC", major=True),
]
GAPPY = SimulatorSettings(volatility=3.0, regime_bars=16, gaps_per_day=60.0)
POINTS = PointsSettings(history_days=2)


def feed_of(seed: int = 7, market: SimulatorSettings = GAPPY, points: PointsSettings = POINTS) -> PointsFeed:
    """BONK, BTC (a major) and WIF (of which nothing else is known)."""
    return PointsFeed(market, points, INSTRUMENTS, TOKENS, seed=seed)


def history_of(seed: int = 7, coverage_min: float = 0.8) -> SimulatedHistory:
    """The history of the same."""
    return SimulatedHistory(GAPPY, POINTS, INSTRUMENTS, TOKENS, seed=seed, coverage_min=coverage_min)


def first_rows(feed: PointsFeed, count: int, after: int = -1) -> list[Row]:
    """The first rows past `after`."""
    return list(islice((row for batch in feed.batches(after) for row in batch), count))


def minutes_of(rows: list[Row], instrument: str) -> dict[int, list[PricePoint | TradeTick]]:
    """The instrument's prices by the minute that they fall into."""
    found: dict[int, list[PricePoint | TradeTick]] = defaultdict(list)
    for _, ts, event in rows:
        if isinstance(event, PricePoint | TradeTick) and event.instrument == instrument:
            found[ts - ts % MINUTE].append(event)
    return found


@pytest.fixture(scope="module")
def session_bars() -> dict[tuple[str, str], list[BarClosed]]:
    """What minute-bars and bar-rollup make of 30,000 points of the feed, by instrument and timeframe."""
    made_of = {"15m": "1m", "1h": "1m", "4h": "1m"}
    session = Session(
        MinuteBars(tick_buffer_ns=0, record=False),
        BarRollup(made_of=made_of, coverage_min=0.8, grace_ns=2_000_000_000, record=False),
    )
    bars: dict[tuple[str, str], list[BarClosed]] = defaultdict(list)
    for _, ts, event in first_rows(feed_of(), 30_000):
        session.admit(event, ts)
    for packet in session.tape.packets:
        if isinstance(packet.event, BarClosed):
            bars[packet.event.instrument, packet.event.timeframe].append(packet.event)
    return bars


def closed(columns: BarColumns, instrument: str, timeframe: str = "1m") -> list[BarClosed]:
    """Columns as bars."""
    return [
        BarClosed(instrument, timeframe, *figures)
        for figures in zip(*(column.tolist() for column in columns), strict=True)
    ]


@settings(max_examples=30)
@given(after=st.integers(-1, 3_000_000), seed=st.integers(0, 2**63))
def test_points_are_the_same_wherever_the_feed_is_entered(after: int, seed: int) -> None:
    """Position N is a function of (seed, N): entering later shows the same rows."""
    rows = first_rows(feed_of(seed), 900, max(-1, after - 300))
    assert first_rows(feed_of(seed), 100, after) == [row for row in rows if row[0] > after][:100]
    assert first_rows(feed_of(seed), 50)[0][1] == feed_of(seed).span()[0] + POINTS_S[0] * 1_000_000_000


def test_resuming_at_every_position_of_a_stretch_gives_the_same_tail() -> None:
    """Also within a minute, and between the points of one second."""
    rows = first_rows(feed_of(), 200)
    for at, (position, _, _) in enumerate(rows[:100]):
        assert first_rows(feed_of(), 50, position) == rows[at + 1 : at + 51]


def test_the_points_of_a_seed_are_pinned() -> None:
    """The same points on every machine and in every version: a change here changes every simulated run of tokens."""
    text = repr(first_rows(feed_of(42), 20_000)).encode()
    assert hashlib.sha256(text).hexdigest()[:16] == "3983e9d2f3a52ca6"


def test_equal_identities_mean_equal_events() -> None:
    """Seed, settings and what is known of tokens are the identity; without one of them it is another market."""
    assert feed_of().identity() == feed_of().identity()
    assert first_rows(feed_of(), 500) == first_rows(feed_of(), 500)
    capped = PointsFeed(GAPPY, POINTS, INSTRUMENTS, TOKENS[:1], seed=7)
    for other in (feed_of(8), feed_of(points=PointsSettings(history_days=3)), capped):
        assert other.identity() != feed_of().identity()
        assert first_rows(other, 500) != first_rows(feed_of(), 500)


def test_every_point_is_strictly_inside_its_minute_and_time_never_falls() -> None:
    """Four prices a minute and instrument, or none, the last of them before the minute is over."""
    rows = first_rows(feed_of(), 9_000)
    stamps = [ts for _, ts, _ in rows]
    assert stamps == sorted(stamps)
    assert all(later[0] > row[0] for row, later in pairwise(rows))
    for instrument in ("BONK", "BTC", "WIF"):
        for minute, events in list(minutes_of(rows, instrument).items())[:-1]:
            assert [event.ts_event - minute for event in events] == [
                second * 1_000_000_000 for second in POINTS_S
            ]


@pytest.mark.parametrize("instrument", ["BONK", "BTC", "WIF"])
@pytest.mark.parametrize("timeframe", ["1m", "15m", "1h", "4h"])
def test_history_is_what_the_session_makes_of_points(
    instrument: str, timeframe: str, session_bars: dict[tuple[str, str], list[BarClosed]]
) -> None:
    """L13: bars of points and of trades equal history's to the last bit, after gaps too; both refuse the same."""
    bars = session_bars[instrument, timeframe]
    assert len(bars) > 5
    length = TIMEFRAMES_NS[timeframe]
    found = history_of().bars(instrument, timeframe, bars[-1].ts_event + length, len(bars))
    assert closed(found, instrument, timeframe) == bars
    for bar in bars:
        check_bar(bar)
    if timeframe in {"1m", "15m"}:
        assert any(later.ts_event - bar.ts_event > length for bar, later in pairwise(bars))


def test_points_rolled_up_are_historys_longer_bars(
    session_bars: dict[tuple[str, str], list[BarClosed]],
) -> None:
    """L13: the kernel of rollup makes the same of the session's minutes."""
    minutes = session_bars["BONK", "1m"]
    figures = ("ts_event", "open", "high", "low", "close", "volume")
    columns = Bars(*(np.array([getattr(bar, name) for bar in minutes]) for name in figures))
    made = roll(columns, "1m", ["1h"]).rolled["1h"]
    wanted = BarColumns(*made.bars).part(made.coverage >= 0.8)
    now = int(wanted.opened[-1]) + TIMEFRAMES_NS["1h"]
    found = history_of().bars("BONK", "1h", now, len(wanted.opened))
    assert closed(found, "BONK", "1h") == closed(wanted, "BONK", "1h")


def test_history_lies_before_the_first_point() -> None:
    """A session that begins after history_days finds bars of all timeframes, none closed after its start."""
    feed = PointsFeed(SimulatorSettings(), PointsSettings(), [BONK], TOKENS, seed=1)
    history = SimulatedHistory(
        SimulatorSettings(), PointsSettings(), [BONK], TOKENS, seed=1, coverage_min=0.8
    )
    start = feed.span()[0]
    for timeframe in ("1m", "15m", "1h", "4h"):
        found = history.bars("BONK", timeframe, start, 676)
        assert len(found.opened) == 676
        assert int(found.opened[-1]) + TIMEFRAMES_NS[timeframe] == start
    first = feed_point(first_rows(feed, 1)[0])
    assert history.bars("BONK", "1m", start, 1).close[0] == first.price


def feed_point(row: Row) -> PricePoint:
    """The row's event, which is a point."""
    assert isinstance(row[2], PricePoint)
    return row[2]


@settings(max_examples=30)
@given(
    offset=st.integers(-3, 3 * 86_400),
    count=st.integers(1, 400),
    timeframe=st.sampled_from(["1m", "15m", "1h"]),
)
def test_history_holds_the_newest_bars_closed_by_then(offset: int, count: int, timeframe: str) -> None:
    """No bar of the future, none left out, whatever was asked before (chunks are kept)."""
    start = GAPPY.start_ts
    history, length = history_of(), TIMEFRAMES_NS[timeframe]
    now = start + offset * 1_000_000_000
    every = history.bars("BONK", timeframe, start + 4 * 86_400_000_000_000, 10_000)
    found = history.bars("BONK", timeframe, now, count)
    wanted = every.opened[every.opened + length <= now][-count:]
    assert found.opened.tolist() == wanted.tolist()
    fresh = history_of().bars("BONK", timeframe, now, count)
    assert closed(fresh, "BONK") == closed(found, "BONK")


def test_a_gap_is_told_once_at_its_end() -> None:
    """Missing minutes have no point; a FeedGap says from where to where."""
    rows = first_rows(feed_of(), 9_000)
    gaps = [(ts, event) for _, ts, event in rows if isinstance(event, FeedGap) and event.instrument == "BONK"]
    minutes = list(minutes_of(rows, "BONK"))
    holes = [(before + MINUTE, after) for before, after in pairwise(minutes) if after - before > MINUTE]
    assert holes
    assert [(gap.from_ts, gap.to_ts) for _, gap in gaps[: len(holes)]] == holes
    assert all(ts == gap.to_ts and gap.reason == "missing" for ts, gap in gaps)


def test_a_provider_knows_pool_and_cap_and_a_venue_its_trades() -> None:
    """Market cap moves with the price, the reserve with its root; trade ids are unique, quantities are above 0."""
    rows = first_rows(feed_of(), 4_000)
    points = [event for events in minutes_of(rows, "BONK").values() for event in events]
    caps = [
        event.market_cap / event.price
        for event in points
        if isinstance(event, PricePoint) and event.market_cap
    ]
    assert len(caps) == len(points)
    assert max(caps) == pytest.approx(min(caps))
    assert max(caps) == pytest.approx(7_000_000 / 10.0)
    pools = [event.liquidity_usd for event in points if isinstance(event, PricePoint) and event.liquidity_usd]
    at_start = 500_000 * (points[0].price / 10.0) ** 0.5
    assert pools[0] == pytest.approx(at_start)
    trades = [event for events in minutes_of(rows, "BTC").values() for event in events]
    assert all(isinstance(event, TradeTick) and event.quantity > 0 for event in trades)
    assert len({event.trade for event in trades if isinstance(event, TradeTick)}) == len(trades)
    assert {event.aggressor for event in trades if isinstance(event, TradeTick)} == {"buy", "sell"}


def test_low_and_high_come_in_either_order() -> None:
    """Which of them comes first is a draw, so no session can learn it."""
    events = minutes_of(first_rows(feed_of(), 9_000), "WIF").values()
    lows = [two[1].price <= two[2].price for two in events if len(two) == 4]
    assert 0.4 < sum(lows) / len(lows) < 0.6


def test_trends_from_bearish_to_bullish_order_come_within_days() -> None:
    """L1: on one-minute bars averages turn from the S0 order to the S3 order several times within ten days."""
    history = SimulatedHistory(
        SimulatorSettings(volatility=3.0), PointsSettings(), [BONK], TOKENS, seed=7, coverage_min=0.8
    )
    start = SimulatorSettings().start_ts
    close = history.bars("BONK", "1m", start + 10 * 86_400_000_000_000, 14_400).close
    averages = {span: _average(close, span) for span in (20, 30, 60, 144, 250, 333)}
    slow = [averages[span] for span in (60, 144, 250, 333)]
    bearish = np.all(np.diff(slow, axis=0) > 0, axis=0) & (averages[20] < slow[0]) & (averages[30] < slow[0])
    bullish = np.all(np.diff(slow, axis=0) < 0, axis=0) & (averages[20] > slow[0]) & (averages[30] > slow[0])
    orders = [one for one in (bullish.astype(int) - bearish.astype(int))[333:].tolist() if one]
    turns = sum(before == -1 and after == 1 for before, after in pairwise(orders))
    assert turns >= 5


def _average(close: np.ndarray, span: int) -> np.ndarray:
    """The exponential average of a span, seeded with the first value."""
    made, alpha = [float(close[0])], 2 / (span + 1)
    for price in close[1:].tolist():
        made.append(made[-1] + alpha * (price - made[-1]))
    return np.array(made)


def test_a_start_price_of_an_unknown_token_is_refused() -> None:
    """simulator.start_price must name what is traded."""
    market = SimulatorSettings(start_price={"PEPE": 1.0})
    with pytest.raises(UsageError, match=r"simulator.start_price names 'PEPE', which no desk trades"):
        feed_of(market=market)


def test_the_report_counts_minutes_and_gaps() -> None:
    """What was computed, by instrument."""
    feed = feed_of()
    first_rows(feed, 100)
    one = feed.report().instruments["BONK"]
    assert one.bars > 100
    assert one.missing > 0
    assert feed.end() is None
    assert feed.span()[1] is None
