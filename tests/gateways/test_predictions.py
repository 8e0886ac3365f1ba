"""Simulated prediction markets: a function of seed and index, honest about what can be earned."""

import hashlib
import math
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import count, islice, pairwise
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.gateways.simulator.lags import Lags
from tradeworthy.gateways.simulator.market_rows import LOTS_MIN, MarketRows
from tradeworthy.gateways.simulator.prediction_settings import (
    AssetSettings,
    FaultSettings,
    PredictionSettings,
)
from tradeworthy.gateways.simulator.predictions import SLOTS, PredictionSimulatorFeed
from tradeworthy.gateways.simulator.price_series import Ladders, Windows
from tradeworthy.gateways.simulator.quoting import Maker
from tradeworthy.gateways.simulator.series import Terms
from tradeworthy.gateways.simulator.simulated_market import SimulatedMarket
from tradeworthy.gateways.simulator.universe import Universe
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged, Level, check_book
from tradeworthy.market.instruments import CASH_UNIT, InstrumentChanged, InstrumentListed
from tradeworthy.market.matching import Shape, match
from tradeworthy.market.money import Scale
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
    MarketsFetched,
)

Some = TypeVar("Some", bound=Event)

SECOND = 1_000_000_000
TOUCHES = (Shape.TOUCH_UP, Shape.TOUCH_DOWN)
START = 1_704_067_200 * SECOND
NONE = FaultSettings(stale=0, dead=0, gap=0, crossed=0, mispriced=0)
MANY = FaultSettings(stale=60, dead=60, gap=60, crossed=40, mispriced=40)
BTC = AssetSettings(symbol="BTC", name="Bitcoin", price=95_000.0)
SMALL = PredictionSettings(
    assets=(BTC,), windows_minutes=(5,), ladder_strikes=2, faults=MANY, event_hours=1, skew_share=0.3
)
COARSE = PredictionSettings(step_ms=60_000, disputed_share=0.2, split_share=0.1, late_share=0.2)
HONEST = PredictionSettings(lag_ms=0, faults=NONE, split_share=0.0)


def rows_until(feed: PredictionSimulatorFeed, seconds: float, after: int = -1) -> list[Row]:
    """The rows past `after` up to so many seconds of session time."""
    end = feed.span()[0] + round(seconds * SECOND)
    found = []
    for batch in feed.batches(after):
        found += [row for row in batch if row[1] < end]
        if batch[-1][1] >= end:
            break
    return found


def simulated(
    prediction_settings: PredictionSettings, seconds: float, seed: int = 7
) -> list[tuple[int, Event]]:
    """Times and events of a run's first seconds."""
    feed = PredictionSimulatorFeed(prediction_settings, seed=seed)
    return [(ts, event) for _, ts, event in rows_until(feed, seconds)]


def of(kind: type[Some], events: Iterable[tuple[int, Event]]) -> list[Some]:
    """The events of one kind."""
    return [event for _, event in events if isinstance(event, kind)]


def living(prediction_settings: PredictionSettings, end: int, seed: int = 7) -> list[SimulatedMarket]:
    """The markets of the first steps."""
    return Universe(prediction_settings, seed).living(0, end)


def books_of(events: Iterable[tuple[int, Event]]) -> dict[str, list[BookChanged]]:
    """The books of each token."""
    found = defaultdict(list)
    for book in of(BookChanged, events):
        found[book.instrument].append(book)
    return found


@settings(max_examples=25, deadline=None)
@given(
    step=st.integers(0, 400_000),
    slot=st.integers(0, 40),
    seed=st.integers(0, 2**63),
    step_ms=st.sampled_from([500, 1_000, 20_000, 60_000]),
)
def test_rows_are_the_same_wherever_the_feed_is_entered(
    step: int, slot: int, seed: int, step_ms: int
) -> None:
    """Position N is a function of (seed, N): a resumed run meets the same events."""
    prediction_settings = SMALL.model_copy(update={"step_ms": step_ms})
    before = max(-1, (step - 130) * SLOTS)
    early = PredictionSimulatorFeed(prediction_settings, seed=seed).batches(before)
    rows = [row for batch in islice(early, 5) for row in batch]
    after = step * SLOTS + slot
    late = PredictionSimulatorFeed(prediction_settings, seed=seed).batches(after)
    entered = [row for batch in islice(late, 1) for row in batch]
    expected = [row for row in rows if row[0] > after]
    assert entered == expected[: len(entered)]
    assert entered


def test_rows_are_in_order() -> None:
    """Positions rise, time never falls, and a moment's prices come before all else of it."""
    feed = PredictionSimulatorFeed(SMALL, seed=3)
    rows = rows_until(feed, 900)
    assert all(one[0] < two[0] and one[1] <= two[1] for one, two in pairwise(rows))
    assert all(position // SLOTS == (ts - feed.span()[0]) // SECOND for position, ts, _ in rows)
    for (_, ts, event), (_, ts_after, after) in pairwise(rows):
        if isinstance(after, PriceObserved):
            assert ts < ts_after or isinstance(event, PriceObserved)


@pytest.mark.parametrize("step_ms", [500, 1_000, 30_000])
def test_a_market_lives_in_order(step_ms: int) -> None:
    """Both tokens listed, opened, books, closed, then maybe disputed, and resolved; no book out of its life."""
    lives = SMALL.model_copy(update={"step_ms": step_ms, "disputed_share": 0.3, "dispute_s": 120.0})
    seen: dict[str, list[str]] = defaultdict(list)
    for _, event in simulated(lives, 2_400):
        if isinstance(event, InstrumentListed | InstrumentChanged):
            seen[event.instrument.market].append(type(event).__name__)
        elif isinstance(event, BookChanged | FeedGap):
            seen[event.instrument.rpartition(":")[0]].append("Book")
        elif isinstance(event, MarketOpened):
            seen[event.market.id].append("MarketOpened")
        elif isinstance(event, MarketClosed | MarketDisputed | MarketResolved):
            seen[event.market].append(type(event).__name__)
    resolved = {name: kinds for name, kinds in seen.items() if kinds[-1] == "MarketResolved"}
    assert len(resolved) >= 6
    for kinds in resolved.values():
        assert kinds[:3] == ["InstrumentListed", "InstrumentListed", "MarketOpened"]
        closed = kinds.index("MarketClosed")
        assert set(kinds[3:closed]) <= {"Book", "InstrumentChanged"}
        assert kinds[closed + 1 :] in (["MarketResolved"], ["MarketDisputed", "MarketResolved"])
    assert any("MarketDisputed" in kinds for kinds in resolved.values())


def test_both_tokens_show_one_book() -> None:
    """Each YES message is followed by its mirror; every book is a valid one, crossed only if it says so."""
    events = simulated(SMALL, 1_800)
    tokens = {one.instrument.id: Scale(one.instrument) for one in of(InstrumentListed, events)}
    markets = {market.market.yes: market.market.no for market in of(MarketOpened, events)}
    books = books_of(events)
    units = {one.instrument.tick for one in of(InstrumentChanged, events)}
    assert units == {Decimal("0.01"), Decimal("0.001")}
    for yes, no in markets.items():
        for one, two in zip(books[yes], books[no], strict=True):
            assert 0 <= two.ts_event - one.ts_event < SECOND
            unit = 100 if one.bids and one.bids[0].ticks + two.asks[0].ticks == 100 else 1000
            unit = 100 if one.asks and one.asks[0].ticks + two.bids[0].ticks == 100 else unit
            assert [(unit - at, lots) for at, lots in map(tuple_of, two.asks)] == [*map(tuple_of, one.bids)]
            assert [(unit - at, lots) for at, lots in map(tuple_of, two.bids)] == [*map(tuple_of, one.asks)]
            check_book(one)
            check_book(two)
    assert set(books) == set(tokens)


def tuple_of(level: Level) -> tuple[int, int]:
    """Ticks and lots."""
    return level.ticks, level.lots


def test_tokens_trade_by_the_venue_s_rules() -> None:
    """Ticks of a cent, hundredths of a share, at least five shares and 1 of notional, fees by category."""
    events = simulated(PredictionSettings(), 2)
    categories = {market.market.id: market.market.category for market in of(MarketOpened, events)}
    for listed in of(InstrumentListed, events):
        token = listed.instrument
        assert (token.tick, token.lot, token.lots_min) == (Decimal("0.01"), Decimal("0.01"), LOTS_MIN)
        assert (token.notional_min, token.price_max) == (Decimal(1), Decimal("0.99"))
        assert token.quote == "USD"
        assert token.fee_curve is not None
        assert token.fee_curve.rate == Decimal("0.07" if categories[token.market] == "crypto" else "0.05")
        assert Scale(token).fee(50, 10_000, maker=False) == (
            175_000_000 if categories[token.market] == "crypto" else 125_000_000
        )


def test_only_books_that_changed_are_sent() -> None:
    """No token says the same twice in a row, unless its book was unknown in between."""
    events = simulated(PredictionSettings(faults=NONE, fine_ticks=False, requote_ms=20_000), 400)
    books = books_of(events).values()
    assert sum(len(mine) for mine in books) < 400 * len(books) / 2
    for mine in books:
        assert all((one.bids, one.asks) != (two.bids, two.asks) for one, two in pairwise(mine))


def test_makers_know_of_a_touch_when_they_see_it() -> None:
    """So many steps late as their prices are; the market trades on for ten seconds more."""
    near = PredictionSettings(assets=(BTC,), touch_distance=0.002)
    touches = [one for one in living(near, 4 * 3_600) if "-hits-" in one.card.market.slug]
    touched = [one.card.life.closed - 10 for one in touches]
    assert max(touched) < 4 * 3_600
    for one, step in zip(touches, touched, strict=True):
        before = one.fairs(step - 5, step + 3, range(step - 8, step))
        after = one.fairs(step + 3, step + 9, range(step, step + 6))
        assert max(before) < 1.0
        assert after == [1.0] * 6
        assert one.payout() == CASH_UNIT


def test_a_tick_change_voids_the_books_until_the_next() -> None:
    """InstrumentChanged comes for both tokens, and a book on the new ticks right after it."""
    events = simulated(PredictionSettings(faults=NONE, assets=(BTC,)), 1_200)
    changed = of(InstrumentChanged, events)
    assert changed
    for token in {one.instrument.id for one in changed}:
        mine = [
            event
            for _, event in events
            if (isinstance(event, BookChanged) and event.instrument == token)
            or (isinstance(event, InstrumentChanged) and event.instrument.id == token)
        ]
        for event, after in pairwise(mine):
            if isinstance(event, InstrumentChanged):
                assert isinstance(after, BookChanged)
                scale = Scale(event.instrument)
                assert all(level.ticks <= scale.ticks_max for level in (*after.bids, *after.asks))


def test_titles_say_what_the_markets_are() -> None:
    """The matcher reads each market on a price as it is meant, and takes none of the others for one."""
    opened = [one.market for one in of(MarketOpened, simulated(PredictionSettings(), 2))]
    shapes = Counter(match(market).shape for market in opened)
    assert shapes == {
        Shape.WINDOW: 12,
        Shape.ABOVE: 12,
        Shape.TOUCH_UP: 3,
        Shape.TOUCH_DOWN: 3,
        Shape.NONE: 8,
    }
    for market in opened:
        found = match(market)
        assert found.underlying == market.underlying
        assert found.strike == market.strike
        assert (found.shape is Shape.NONE) == market.neg_risk
        assert market.books == "simulated"
    assert len({market.id for market in opened}) == len(opened)


def test_books_change_fifty_to_a_hundred_and_fifty_times_a_second() -> None:
    """A lively venue of some three dozen markets."""
    events = simulated(PredictionSettings(), 300)
    assert 50 <= len(of(BookChanged, events)) / 300 <= 150
    assert [one.count for one in of(MarketsFetched, events)] == [38] * 5


def test_a_ladder_is_in_order_while_its_quotes_are_honest() -> None:
    """A higher strike never costs more, on either side of the book."""
    honest = PredictionSettings(faults=NONE, fine_ticks=False, skew_share=0.0)
    rungs = [one for one in living(honest, 1) if "-above-" in one.card.group]
    for group in {one.card.group for one in rungs}:
        ladder = [MarketRows(Terms(honest, 7), one) for one in rungs if one.card.group == group]
        shown = [quotes(market, 600) for market in ladder]
        for low, high in pairwise(shown):
            assert all(one[side] >= two[side] for one, two in zip(low, high, strict=True) for side in (0, 1))


def quotes(market: MarketRows, steps: int) -> list[tuple[int, int]]:
    """Best bid and ask in ticks by step (0 and 100: none), of a market without faults."""
    found, last = [], (0, 100)
    books = {ts: event for ts, _, _, event in market.entries(0, steps, count()) if is_yes_book(event)}
    stamps = sorted(books)
    for step in range(steps):
        while stamps and stamps[0] < (step + 1) * SECOND + START:
            book = books[stamps.pop(0)]
            assert isinstance(book, BookChanged)
            bid, ask = book.best_bid, book.best_ask
            last = (bid.ticks if bid else 0, ask.ticks if ask else 100)
        found.append(last)
    return found


def is_yes_book(event: Event) -> bool:
    """Whether it is a book of a YES token."""
    return isinstance(event, BookChanged) and event.instrument.endswith("YES")


def test_exactly_one_outcome_of_an_event_wins() -> None:
    """Its probabilities sum to 1 at every step; one market pays 1 and the others nothing."""
    hourly = PredictionSettings(event_hours=1, event_outcomes=5)
    events = defaultdict(list)
    for one in living(hourly, 20 * 3_600):
        if one.card.market.neg_risk:
            events[one.card.market.event].append(one)
    assert len(events) == 40
    winners: Counter[int] = Counter()
    for outcomes in events.values():
        assert len(outcomes) == outcomes[0].card.market.event_size == 5
        assert sorted(one.payout() for one in outcomes) == [0, 0, 0, 0, CASH_UNIT]
        assert len({one.card.life for one in outcomes}) == 1
        life = outcomes[0].card.life
        columns = [one.fairs(life.opened, life.closed) for one in outcomes]
        assert all(math.isclose(sum(row), 1.0) for row in zip(*columns, strict=True))
        winners[[one.payout() for one in outcomes].index(CASH_UNIT)] += 1
        others = [one for one in outcomes if one.card.market.placeholder]
        assert len(others) == outcomes[0].card.market.neg_risk_augmented
    assert len(winners) > 2


def test_beliefs_are_a_fair_game_that_ends_at_the_truth() -> None:
    """Halfway the believed share is how often it comes true; at the end the winner is known."""
    hourly = PredictionSettings(event_hours=1, event_outcomes=4, step_ms=60_000)
    half, last = [], []
    for one in living(hourly, 60 * 400):
        market, life = one.card.market, one.card.life
        if market.neg_risk and life.closed <= 60 * 400:
            won = one.payout() / CASH_UNIT
            half.append((one.fairs(life.opened + 30, life.opened + 31)[0], won))
            last.append(abs(one.fairs(life.closed - 1, life.closed)[0] - won))
    assert_calibrated(half)
    assert sum(last) / len(last) < 0.1


def assert_calibrated(forecasts: Sequence[tuple[float, float]]) -> None:
    """In each of five classes outcomes come as often as forecast, within four standard errors."""
    for number in range(5):
        mine = [(fair, won) for fair, won in forecasts if number <= 5 * fair < number + 1]
        if len(mine) >= 50:
            error = sum(won - fair for fair, won in mine)
            deviation = math.sqrt(sum(fair * (1 - fair) for fair, _ in mine))
            assert abs(error) < 4 * deviation + 0.01 * len(mine), (number, error, deviation)


@pytest.mark.parametrize("left", [30, 120, 240])
def test_without_lag_what_makers_hold_fair_comes_true_as_often(left: int) -> None:
    """Given the price now: windows with so many seconds left end up as often as their fair price says."""
    terms = Terms(HONEST, 11)
    universe = Universe(HONEST, 11)
    windows = Windows(terms, HONEST.assets[0], universe.paths[0], 5)
    forecasts = []
    for number in range(4_000):
        window = next(windows.batch(number))
        step = 300 * (number + 1) - left
        forecasts.append((window.fairs(step, step + 1)[0], window.payout() / CASH_UNIT))
    assert_calibrated(forecasts)


def test_without_lag_no_quote_is_better_than_fair() -> None:
    """So nobody earns from them but by luck: every ask is above, every bid below what the market is worth."""
    seconds = 700
    events = simulated(HONEST, seconds)
    markets = {one.card.market.id: one for one in living(HONEST, seconds)}
    fairs = {name: one.fairs(0, seconds) for name, one in markets.items()}
    scales = {one.instrument.id: Scale(one.instrument) for one in of(InstrumentListed, events)}
    for ts, event in events:
        if isinstance(event, InstrumentChanged):
            scales[event.instrument.id] = Scale(event.instrument)
        if not isinstance(event, BookChanged):
            continue
        name, _, outcome = event.instrument.rpartition(":")
        assert (ts - START) % SECOND == 0
        fair = fairs[name][(ts - START) // SECOND]
        fair = fair if outcome == "YES" else 1 - fair
        price = scales[event.instrument].price_float
        assert all(price(level.ticks) > fair for level in event.asks)
        assert all(price(level.ticks) < fair for level in event.bids)


def test_with_lag_the_default_market_pays_now_and_then() -> None:
    """Seed 7, ten minutes: an ask or more stands 5 cents and the fee under what the market is worth; most do not."""
    default = PredictionSettings()
    found, steps = set(), 0
    for one in living(default, 600):
        market, maker = one.card.market, Maker(default, 7, one.card.market.slug, one.card.group)
        lags = Lags(default, 7, one.card.group)
        first, end = one.card.life.opened, min(600, one.card.life.closed - 20)
        if market.neg_risk or end <= first:
            continue
        now = one.fairs(first, end)
        seen = one.fairs(first, end, [lags.seen(step) for step in range(first, end)])
        for step, (true, quoted) in enumerate(zip(now, seen, strict=True), first):
            steps += 1
            for worth, middle in ((true, quoted), (1 - true, 1 - quoted)):
                ask = math.ceil((middle + maker.half_spread) * 100) / 100
                if ask < 0.99 and 0.05 <= worth - ask - 0.07 * ask * (1 - ask) <= 0.30:
                    found.add((market.id, step // 60))
    assert 1 <= len(found) <= 60
    assert steps > 10_000


def test_answers_agree_with_the_prices_shown() -> None:
    """Windows, ladders and touches resolve by the prices that the feed itself has shown."""
    honest = PredictionSettings(
        step_ms=60_000,
        assets=(BTC, AssetSettings(symbol="SOL", name="Solana", price=185.0)),
        windows_minutes=(60,),
        ladder_strikes=2,
        touch_distance=0.02,
        event_outcomes=0,
        split_share=0.0,
        disputed_share=0.0,
        late_share=0.0,
    )
    events = simulated(honest, 7.1 * 86_400)
    prices: dict[str, dict[int, float]] = defaultdict(dict)
    for price in of(PriceObserved, events):
        prices[price.instrument][price.ts_event] = price.price
    opened = {one.market.id: one.market for one in of(MarketOpened, events)}
    shapes: Counter[Shape] = Counter()
    for resolved in of(MarketResolved, events):
        market = opened[resolved.market]
        if not market.neg_risk:
            shapes[match(market).shape] += 1
            assert resolved.payout == (CASH_UNIT if answer(market, prices[market.underlying]) else 0)
            assert resolved.ts_event >= market.end_ts or match(market).shape in TOUCHES
    assert set(shapes) == {Shape.WINDOW, Shape.ABOVE, *TOUCHES}


def answer(market: Market, prices: dict[int, float]) -> bool:
    """The market's answer, by all prices shown."""
    found = match(market)
    if found.shape is Shape.WINDOW:
        start = int(market.slug.rpartition("-")[2]) * SECOND
        return prices[market.end_ts] >= prices[start]
    assert found.strike is not None
    if found.shape is Shape.ABOVE:
        return prices[market.end_ts] >= found.strike
    within = [price for ts, price in prices.items() if market.start_ts <= ts < market.end_ts]
    return max(within) >= found.strike if found.shape is Shape.TOUCH_UP else min(within) <= found.strike


def test_a_tie_is_up() -> None:
    """A price that never moves makes every window up."""
    still = AssetSettings(symbol="BTC", name="Bitcoin", price=95_000.0, volatility=1e-9)
    frozen = PredictionSettings(
        assets=(still,), jumps_per_day=0.0, windows_minutes=(5,), ladder_strikes=0, split_share=0.0
    )
    windows = [one for one in living(frozen, 3_600) if one.card.market.labels == ("Up", "Down")]
    assert len(windows) == 13
    assert {one.payout() for one in windows} == {CASH_UNIT}


def test_a_late_second_message_looks_like_a_gap_for_a_moment() -> None:
    """Skew: now and then YES and NO together seem to cost less than 1, until the mirror arrives."""
    events = simulated(PredictionSettings(faults=NONE, assets=(BTC,)), 900)
    late = [
        two.ts_event - one.ts_event
        for yes, books in books_of(events).items()
        if yes.endswith("YES")
        for one, two in zip(books, books_of(events)[yes[:-3] + "NO"], strict=True)
    ]
    skewed = [delay for delay in late if delay]
    assert 0.03 < len(skewed) / len(late) < 0.07
    assert 0 < min(skewed) < 200_000_000
    assert 500_000_000 < max(skewed) <= 800_000_000


def test_every_fault_shows() -> None:
    """Stale, dead, gone, crossed and mispriced books; a mispriced ladder or event can really be arbitraged."""
    events = simulated(SMALL, 3_600)
    gaps = of(FeedGap, events)
    books = of(BookChanged, events)
    assert gaps
    assert any(book.crossed for book in books)
    dead = [book for book in books if len(book.bids) + len(book.asks) == 2 and len(book.bids) == 1]
    assert any((book.bids[0].ticks, book.asks[0].ticks) in {(2, 98), (20, 980)} for book in dead)
    assert any(bool(book.bids) != bool(book.asks) for book in books)
    assert longest_silence(events) > 20
    assert longest_silence(simulated(SMALL.model_copy(update={"faults": NONE}), 3_600)) < 5
    assert disordered(SMALL)
    assert not disordered(SMALL.model_copy(update={"faults": NONE}))


def longest_silence(events: Iterable[tuple[int, Event]]) -> float:
    """Seconds in which a quoted token had no book."""
    return max(
        (two.ts_event - one.ts_event) / SECOND
        for books in books_of(events).values()
        for one, two in pairwise(books)
    )


def disordered(prediction_settings: PredictionSettings) -> bool:
    """Whether the higher strike of a ladder is once bid above what the lower one asks, by more than fees."""
    plain = prediction_settings.model_copy(update={"fine_ticks": False})
    low, high = (
        quotes(MarketRows(Terms(plain, 7), one), 7_200)
        for one in living(plain, 1)
        if "-above-" in one.card.group
    )
    return any(two[0] - one[1] > 3 for one, two in zip(low, high, strict=True))


def test_resolutions_may_be_late_disputed_or_split() -> None:
    """As often as the settings say, and never otherwise."""
    events = simulated(COARSE, 2 * 86_400)
    resolved = of(MarketResolved, events)
    closed = {one.market: one.ts_event for one in of(MarketClosed, events)}
    disputed = {one.market: one.ts_event for one in of(MarketDisputed, events)}
    on_price = [one for one in resolved if "-updown-" in one.market]
    added = {one.ts_event - disputed[one.market] for one in resolved if one.market in disputed}
    assert added == {round(COARSE.dispute_s) * SECOND}
    assert len(disputed) / len(resolved) == pytest.approx(0.2, abs=0.05)
    halves = [one for one in on_price if one.payout == CASH_UNIT // 2]
    assert len(halves) / len(on_price) == pytest.approx(0.1, abs=0.03)
    assert {one.reason for one in halves} == {"split"}
    waits = Counter(
        (one.ts_event - closed[one.market]) // SECOND for one in on_price if one.market not in disputed
    )
    assert set(waits) == {60, 300}
    assert waits[300] / sum(waits.values()) == pytest.approx(0.2, abs=0.05)
    plain = COARSE.model_copy(update={"disputed_share": 0.0, "split_share": 0.0, "late_share": 0.0})
    events = simulated(plain, 86_400)
    assert not of(MarketDisputed, events)
    assert {one.payout for one in of(MarketResolved, events)} == {0, CASH_UNIT}


def test_a_coarse_week_has_all_its_windows() -> None:
    """With a step of a minute each window still opens one ahead, closes on time and resolves."""
    week = 7 * 86_400
    coarse = PredictionSettings(step_ms=60_000, assets=(BTC,), windows_minutes=(15,), ladder_strikes=1)
    events = simulated(coarse, week)
    windows = [one.market for one in of(MarketOpened, events) if one.market.series]
    closed = {one.market: one.ts_event for one in of(MarketClosed, events)}
    assert len(windows) == 7 * 96 + 1
    assert all(closed.get(market.id, market.end_ts) == market.end_ts for market in windows)
    assert len([market for market in windows if market.id in closed]) == 7 * 96 - 1
    assert len(of(PriceObserved, events)) == 7 * 1440


def test_memory_does_not_grow_with_the_days() -> None:
    """What is over is forgotten (A10)."""
    coarse = PredictionSettings(
        step_ms=60_000,
        assets=(BTC,),
        windows_minutes=(5,),
        ladder_strikes=0,
        touch=False,
        event_outcomes=0,
        dispute_s=600.0,
    )
    feed = PredictionSimulatorFeed(coarse, seed=1)
    kept = []
    tracemalloc.start()
    for number, batch in enumerate(islice(feed.batches(), 4 * 24 + 1)):
        del batch
        if number in (2 * 24, 4 * 24):
            kept.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert kept[1] - kept[0] < 200_000


def test_what_makes_the_content_is_in_the_identity() -> None:
    """Seed and every setting; and that its books are simulated."""
    one = PredictionSimulatorFeed(SMALL, seed=1)
    assert one.identity() == PredictionSimulatorFeed(SMALL, seed=1).identity()
    assert one.identity() != PredictionSimulatorFeed(SMALL, seed=2).identity()
    changed = SMALL.model_copy(update={"lag_ms": 1})
    assert one.identity() != PredictionSimulatorFeed(changed, seed=1).identity()
    assert one.identity()["books"] == "simulated"
    assert (one.name, one.instruments, one.timeframe, one.end()) == ("simulator", (), "", None)
    assert one.span() == (START, None)


@pytest.mark.parametrize(
    ("step_ms", "pinned"),
    [(1_000, "95b36e727d91469c"), (60_000, "1e2159dafe8ab423")],
    ids=["a minute", "an hour"],
)
def test_the_market_of_a_seed_is_pinned(step_ms: int, pinned: str) -> None:
    """The same rows on every machine and in every version: a change here changes every simulated pilot."""
    feed = PredictionSimulatorFeed(PredictionSettings(step_ms=step_ms), seed=7)
    text = repr(next(feed.batches())).encode()
    assert hashlib.sha256(text).hexdigest()[:16] == pinned


def test_the_report_counts_prices() -> None:
    """By underlying, with the first and last time."""
    feed = PredictionSimulatorFeed(PredictionSettings(), seed=1)
    list(islice(feed.batches(), 2))
    assert {name: one.bars for name, one in feed.report().instruments.items()} == {
        "BTC": 120,
        "ETH": 120,
        "SOL": 120,
    }
    assert feed.report().instruments["BTC"].last_ts == START + 119 * SECOND


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"step_ms": 700}, "divide a minute"),
        ({"windows_minutes": (7,)}, "divide a day"),
        ({"windows_minutes": (5, 5)}, "must differ"),
        ({"assets": (BTC, BTC)}, "a symbol twice"),
        ({"half_spread_min": 0.1}, "above half_spread_max"),
        ({"skew_ms": (800, 100)}, "the least and the most"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object], said: str) -> None:
    """With a word on what would."""
    with pytest.raises(ValidationError, match=said):
        PredictionSettings.model_validate(wrong)


def test_a_lonely_strike_and_none_at_all_are_fine() -> None:
    """A ladder of one has no neighbour to be out of order with."""
    one = PredictionSettings(assets=(BTC,), ladder_strikes=1)
    terms, universe = Terms(one, 1), Universe(one, 1)
    only = list(Ladders(terms, BTC, universe.paths[0]).batch(0))
    assert len(only) == 1
    assert only[0].mispriced(0.5, 0, 0, 0.1) == pytest.approx(0.6)
    bare = PredictionSettings(windows_minutes=(), ladder_strikes=0, touch=False, event_outcomes=0)
    assert living(bare, 100) == []
    assert {type(event) for _, event in simulated(bare, 61)} == {PriceObserved, MarketsFetched}
