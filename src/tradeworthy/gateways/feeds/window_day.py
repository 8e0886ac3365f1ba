"""A recorded day of up/down windows: real markets, prices and outcomes; only the books are simulated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tradeworthy.core.errors import NotAvailable
from tradeworthy.gateways.feeds.maker_books import makers_of, window_books
from tradeworthy.gateways.feeds.market_lives import (
    Life,
    Terms,
    fetches,
    life_events,
    market_id,
    payout_of,
    token_ids,
)
from tradeworthy.gateways.feeds.prediction_settings import RecordedMarketSettings
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport
from tradeworthy.gateways.feeds.timeline import FIRST, RECORDED, Books, Prices, Single, Timeline, TimelineFeed
from tradeworthy.gateways.feeds.window_record import (
    GAP_NS,
    SECOND_NS,
    STRIKE_TOLERANCE_NS,
    Arrivals,
    Window,
    files_of,
    read_arrivals,
    read_windows,
)
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.predictions import Market

SIMULATED = "simulated"
MISSING = "missing"
MAKERS = {
    "venue",
    "quote",
    "half_spread_min",
    "half_spread_max",
    "depth",
    "level_shares",
    "requote_ms",
}
"""What of PredictionSettings the books around recorded prices are made by."""


def open_window_day(
    folder: Path,
    settings: RecordedMarketSettings,
    predictions: PredictionSettings,
    *,
    seed: int,
    span: tuple[int, int],
) -> TimelineFeed:
    """The feed of the record in `folder`, of session times from span[0] to before span[1].

    NotAvailable if a part of the record is missing or the range is empty, UsageError if a file can't be read.
    """
    arrivals, bad = read_arrivals(folder)
    windows = read_windows(folder)
    begin, end = max(span[0], int(arrivals.ts[0])), span[1]
    told = arrivals.between(begin, end)
    if not len(told.ts):
        raise NotAvailable(f"{folder} has no prices in the range asked for")
    kept = [window for window in windows if _is_priced(window, arrivals)]
    lives = [life_of(window, arrivals, predictions, settings) for window in kept]
    makers = makers_of(predictions, settings.lag_ms, seed, arrivals)
    books = [
        window_books(makers, window, life.strike, place, life.opened_ts)
        for place, (window, life) in enumerate(zip(kept, lives, strict=True))
    ]
    symbol = kept[0].underlying if kept else ""
    gaps = list(gaps_of(told, symbol))
    singles = [one for life in lives for one in life_events(life, begin)]
    singles += fetches(lives, predictions.venue, sorted({life.opened_ts for life in lives} | {begin}))
    singles += gaps
    timeline = Timeline(
        [one for one in singles if begin <= one.ts < end],
        Prices(symbol, told.ts, told.ts_event, told.price),
        _between(books, begin, end),
        [token for life in lives for token in (life.market.yes, life.market.no)],
    )
    identity: dict[str, object] = {
        "feed": RECORDED,
        "data": "window_day",
        "books": SIMULATED,
        "files": files_of(folder),
        "settings": settings.model_dump(mode="json", include={"open_before_s", "lag_ms"}),
        "makers": predictions.model_dump(mode="json", include=MAKERS),
        "seed": seed,
        "from": span[0],
        "to": span[1],
    }
    return TimelineFeed(
        timeline, identity, _report(symbol, told, (len(gaps), bad), (len(windows), len(kept)))
    )


def life_of(
    window: Window, arrivals: Arrivals, predictions: PredictionSettings, settings: RecordedMarketSettings
) -> Life:
    """The window's life. Its strike is told when the first price of the window has arrived, never before."""
    first = arrivals.first_at(window.start_ts)
    strike = window.strike
    if strike is None and arrivals.ts_event[first] <= window.start_ts + STRIKE_TOLERANCE_NS:
        strike = float(arrivals.price[first])
    return Life(
        market=_market(window, predictions.venue),
        terms=Terms(predictions.quote, window.tick, window.size_min, window.fee),
        tokens=window.tokens,
        opened_ts=max(window.start_ts - settings.open_before_s * SECOND_NS, int(arrivals.ts[0])),
        closed_ts=window.end_ts,
        strike_ts=int(arrivals.ts[first]) if strike is not None else 0,
        strike=strike,
        resolved_ts=window.resolved_ts if window.up is not None else 0,
        payout=payout_of(yes=window.up is True),
        source=window.resolution_source,
    )


def gaps_of(arrivals: Arrivals, symbol: str) -> Iterator[Single]:
    """A FeedGap for each silence of more than GAP_NS, told when the next price has arrived."""
    order = np.argsort(arrivals.ts_event, kind="stable")
    stamps = arrivals.ts_event[order]
    for at in np.flatnonzero(np.diff(stamps) > GAP_NS).tolist():
        ts = int(arrivals.ts[order[at + 1]])
        yield Single(ts, FIRST, FeedGap(RECORDED, symbol, int(stamps[at]), int(stamps[at + 1]), MISSING))


def _is_priced(window: Window, arrivals: Arrivals) -> bool:
    """Whether a price of the window is on record."""
    inside = (arrivals.ts_event >= window.start_ts) & (arrivals.ts_event < window.end_ts)
    return bool(inside.any())


def _market(window: Window, venue: str) -> Market:
    market = market_id(venue, window.condition)
    yes, no = token_ids(market)
    return Market(
        id=market,
        venue=venue,
        external_id=window.condition,
        title=window.title,
        yes=yes,
        no=no,
        slug=window.slug,
        labels=window.labels,
        category="crypto",
        start_ts=window.start_ts,
        end_ts=window.end_ts,
        underlying=window.underlying,
        series=window.slug.rpartition("-")[0],
        resolution_source=window.resolution_source,
        books=SIMULATED,
    )


def _between(books: Sequence[Books], from_ts: int, to_ts: int) -> Books:
    whole = Books(*(np.concatenate(columns) for columns in zip(*books, strict=True)))
    kept = (whole.ts >= from_ts) & (whole.ts < to_ts)
    return Books(*(column[kept] for column in whole))


def _report(
    symbol: str, told: Arrivals, gaps_and_bad: tuple[int, dict[str, int]], windows: tuple[int, int]
) -> FeedReport:
    gaps, bad = gaps_and_bad
    listed, priced = windows
    prices = InstrumentReport(
        bars=len(told.ts),
        missing=gaps,
        bad=bad,
        first_ts=int(told.ts_event[0]),
        last_ts=int(told.ts_event[-1]),
    )
    without = {"no_price": listed - priced} if listed > priced else {}
    return FeedReport(RECORDED, {symbol: prices, "markets": InstrumentReport(bars=priced, bad=without)})
