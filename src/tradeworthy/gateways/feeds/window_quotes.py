"""A recorder's best bids and asks of both tokens of up/down windows, ten a second, with two prices of the underlying.

The quotes go through as they were written, however often they repeat: whether they are frozen, or carried over from
the window before, is for the desks to see. A price of 0.0 is a missing one and is not told; nor is a price that
did not change, for nobody knows when it was heard again. No outcome is on record, so no market is ever resolved.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from tradeworthy.core.errors import NotAvailable
from tradeworthy.gateways.feeds.files import digest_of
from tradeworthy.gateways.feeds.market_lives import (
    Life,
    Terms,
    fetches,
    life_events,
    lots_of,
    market_id,
    token_ids,
)
from tradeworthy.gateways.feeds.prediction_settings import RecordedMarketSettings
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport
from tradeworthy.gateways.feeds.quotes import Quotes, books_of, fault_gaps, faults_counted, quotes_of
from tradeworthy.gateways.feeds.recorded_files import collected
from tradeworthy.gateways.feeds.timeline import RECORDED, Prices, Timeline, TimelineFeed
from tradeworthy.market.instruments import FeeCurve
from tradeworthy.market.predictions import Market

VENUE = "polymarket"
QUOTES, MARKETS = "bbo.parquet", "markets.parquet"
WINDOW_S = 300
TICKS_A_UNIT = 100
MS_NS = 1_000_000
SECOND_NS = 1_000_000_000
PRICE_COLUMNS = {"settlement": "chainlink_btc_price", "binance": "binance_btc_price"}
"""The recorded prices of the underlying, by what the settings call them."""

ASSUMED = {"assumed_size", "size_min", "fee_rates", "fee_rate_other", "oracle"}
"""The settings that the events rest on."""

CATEGORY = "crypto"
_COLUMNS = ("timestamp_ms", "market_ts", "asset", "side", "bid", "ask", *PRICE_COLUMNS.values())


class Listed(NamedTuple):
    """A window that was quoted: its start (UTC s), underlying, when its first quote came (UTC ns), and its tokens."""

    start_s: int
    asset: str
    first: int
    slug: str
    tokens: tuple[str, str]


def is_record(folder: Path) -> bool:
    """Whether the folder holds such a record."""
    return (folder / QUOTES).is_file()


def open_window_quotes(
    folder: Path, settings: RecordedMarketSettings, quote: str, span: tuple[int, int]
) -> TimelineFeed:
    """The feed of the record in `folder`, of session times from span[0] to before span[1].

    NotAvailable if a part of the record is missing or the range is empty, UsageError if a file can't be read.
    """
    frame = collected(folder / QUOTES, _COLUMNS).with_columns(ts=pl.col("timestamp_ms") * MS_NS)
    frame = frame.filter(pl.col("ts").is_between(*span, closed="left")).sort("ts", maintain_order=True)
    if frame.is_empty():
        raise NotAvailable(f"{folder} has no quotes in the range asked for")
    listed = listed_of(
        frame, collected(folder / MARKETS, ("market_ts", "slug", "up_token_id", "down_token_id"))
    )
    lives = [_life(window, settings, quote) for window in listed]
    tokens = [token for life in lives for token in (life.market.yes, life.market.no)]
    quotes = _quotes(frame, listed)
    symbol = listed[0].asset
    column = PRICE_COLUMNS[settings.oracle]
    begin, end = int(quotes.ts[0]), int(quotes.ts[-1])
    singles = [one for life in lives for one in life_events(life, begin)]
    singles += fetches(lives, VENUE, sorted({life.opened_ts for life in lives}))
    singles += fault_gaps(RECORDED, quotes, [(token,) for token in tokens])
    timeline = Timeline(
        [one for one in singles if one.ts < span[1]],
        _prices(frame, symbol, column),
        books_of(quotes, quotes.market, lots_of(settings.assumed_size)),
        tokens,
    )
    identity: dict[str, object] = {
        "feed": RECORDED,
        "data": "window_quotes",
        "books": "recorded",
        "files": [{"name": name, "sha256": digest_of(folder / name)} for name in (QUOTES, MARKETS)],
        "settings": settings.model_dump(mode="json", include=ASSUMED),
        "quote": quote,
        "from": span[0],
        "to": span[1],
    }
    missing = {"no_price": int((~_is_price(frame[column])).sum())}
    report = FeedReport(
        RECORDED,
        {
            symbol: InstrumentReport(
                bars=frame.height - missing["no_price"], bad=missing, first_ts=begin, last_ts=end
            ),
            "quotes": InstrumentReport(
                bars=int(np.count_nonzero(quotes.fault == 0)),
                bad=faults_counted(quotes),
                first_ts=begin,
                last_ts=end,
            ),
        },
    )
    return TimelineFeed(timeline, identity, report)


def listed_of(frame: pl.DataFrame, markets: pl.DataFrame) -> list[Listed]:
    """The windows in order of their start; one that the list lacks has no token ids."""
    named = {start: (slug, (up, down)) for start, slug, up, down in markets.iter_rows()}
    firsts = frame.group_by("market_ts").agg(pl.col("asset").first(), pl.col("ts").min()).sort("market_ts")
    return [
        Listed(start, asset, first, *named.get(start, (f"{asset.lower()}-updown-5m-{start}", ("", ""))))
        for start, asset, first in firsts.iter_rows()
    ]


def _life(window: Listed, settings: RecordedMarketSettings, quote: str) -> Life:
    market = market_id(VENUE, window.slug)
    yes, no = token_ids(market)
    fee = FeeCurve(settings.fee_rates.get(CATEGORY, settings.fee_rate_other))
    end_ts = (window.start_s + WINDOW_S) * SECOND_NS
    return Life(
        market=Market(
            id=market,
            venue=VENUE,
            external_id=window.slug,
            title=f"{window.asset} Up or Down",
            yes=yes,
            no=no,
            slug=window.slug,
            labels=("Up", "Down"),
            category=CATEGORY,
            start_ts=window.start_s * SECOND_NS,
            end_ts=end_ts,
            underlying=window.asset,
            series=window.slug.rpartition("-")[0],
        ),
        terms=Terms(quote, Decimal(1) / TICKS_A_UNIT, settings.size_min, fee),
        tokens=window.tokens,
        opened_ts=window.first,
        closed_ts=end_ts,
    )


def _quotes(frame: pl.DataFrame, listed: list[Listed]) -> Quotes:
    """The quotes by token: 2 * place of the window for Up, one more for Down."""
    place = {window.start_s: number for number, window in enumerate(listed)}
    token = frame.select(
        2 * pl.col("market_ts").replace_strict(place, return_dtype=pl.Int64) + (pl.col("side") == "down")
    )
    return quotes_of(
        frame["ts"].to_numpy(),
        token.to_series().cast(pl.Int64).to_numpy(),
        frame["bid"].fill_null(np.nan).to_numpy(),
        frame["ask"].fill_null(np.nan).to_numpy(),
        np.full(frame.height, TICKS_A_UNIT, np.int64),
    )


def _prices(frame: pl.DataFrame, symbol: str, column: str) -> Prices:
    """The prices at their changes."""
    good = frame.filter(_is_price(frame[column]))
    changed = good.filter(pl.col(column).ne_missing(pl.col(column).shift()))
    ts = changed["ts"].to_numpy()
    return Prices(symbol, ts, ts, changed[column].to_numpy())


def _is_price(values: pl.Series) -> pl.Series:
    return (values.is_finite() & (values > 0)).fill_null(value=False)
