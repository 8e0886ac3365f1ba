"""The record of quotes as it lies in its folder: quotes by time and market, and what is known of each market."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl

from tradeworthy.gateways.feeds.event_file import CuratedEvents
from tradeworthy.gateways.feeds.files import digest_of
from tradeworthy.gateways.feeds.market_lives import Life, Terms, market_id, payout_of, token_ids
from tradeworthy.gateways.feeds.prediction_settings import RecordedMarketSettings
from tradeworthy.gateways.feeds.quotes import Quotes, quotes_of
from tradeworthy.gateways.feeds.recorded_files import collected, stamps_ns
from tradeworthy.gateways.feeds.rows import Integers
from tradeworthy.market.instruments import FeeCurve
from tradeworthy.market.predictions import Market, Relation

VENUE = "polymarket_us"
COARSE, FINE = 100, 1000
"""Ticks a unit of currency: a market whose quotes are finer than the cent has the finer ones."""

OFFICIAL = "api"
"""The `source` of labels that are the venue's own; the others were guessed from prices, and settle nothing."""

QUOTES, MARKETS, LABELS = "quotes/dt=*.parquet", "markets.parquet", "labels.parquet"
_COLUMNS = ("ts", "slug", "category", "bid", "ask", "segment")


class Facts(msgspec.Struct, frozen=True):
    """A market: when its first quote came and when it was last seen, both UTC ns; `y` is its official outcome."""

    slug: str
    question: str
    category: str
    first: int
    last: int
    fine: bool
    y: int | None


class Record(NamedTuple):
    """Quotes in order of time and slug, the segment of each, and the markets by place."""

    quotes: Quotes
    segment: Integers
    markets: list[Facts]

    @property
    def ticks_a_unit(self) -> Integers:
        """Ticks a unit of currency, by market."""
        return np.array([FINE if one.fine else COARSE for one in self.markets], np.int64)


def is_record(folder: Path) -> bool:
    """Whether the folder holds such a record."""
    return any(folder.glob(QUOTES))


def files_of(folder: Path) -> list[dict[str, str]]:
    """The record's files by name and content."""
    paths = [*sorted(folder.glob(QUOTES)), folder / MARKETS, folder / LABELS]
    return [{"name": path.name, "sha256": digest_of(path)} for path in paths]


def read_record(folder: Path) -> Record:
    """The folder's record; NotAvailable if a file is missing, UsageError if one can't be read."""
    frame = collected(folder / QUOTES, _COLUMNS)
    listed = collected(folder / MARKETS, ("slug", "question", "last_ts"))
    labels = collected(folder / LABELS, ("slug", "y", "source")).filter(pl.col("source") == OFFICIAL)
    off_cent = ((pl.col("bid", "ask") * COARSE).round(6) % 1 != 0).fill_null(value=False)
    facts = (
        frame.with_columns(fine=pl.any_horizontal(off_cent))
        .group_by("slug")
        .agg(pl.col("category").first(), stamps_ns("ts").min().alias("first"), pl.col("fine").any())
        .join(listed.with_columns(stamps_ns("last_ts").alias("last")), on="slug", how="left")
        .join(labels.select("slug", "y"), on="slug", how="left")
        .with_columns(pl.col("question").fill_null(pl.col("slug")), pl.col("last").fill_null(0))
        .sort("slug")
    )
    places = facts.select("slug", "fine").with_row_index("market")
    frame = frame.join(places, on="slug").sort("ts", "market")
    quotes = quotes_of(
        frame.select(stamps_ns("ts")).to_series().to_numpy(),
        frame["market"].cast(pl.Int64).to_numpy(),
        frame["bid"].fill_null(np.nan).to_numpy(),
        frame["ask"].fill_null(np.nan).to_numpy(),
        np.where(frame["fine"].to_numpy(), FINE, COARSE),
    )
    markets = [msgspec.convert(row, Facts) for row in facts.drop("last_ts").to_dicts()]
    return Record(quotes, frame["segment"].cast(pl.Int64).to_numpy(), markets)


def lives_of(
    record: Record, events: CuratedEvents, settings: RecordedMarketSettings, quote: str
) -> Iterator[Life]:
    """Each market's life. One that the recorder no longer saw at the end was closed when it was last seen.

    The hour of an outcome is not on record either: an official one counts from then.
    """
    by_slug = events.by_slug()
    end = int(record.quotes.ts[-1])
    for facts in record.markets:
        terms = Terms(
            quote, Decimal(1) / (FINE if facts.fine else COARSE), settings.size_min, _fee(facts, settings)
        )
        closed_ts = facts.last if facts.last < end else 0
        yield Life(
            market=_market(facts, events, by_slug.get(facts.slug, "")),
            terms=terms,
            tokens=("", ""),
            opened_ts=facts.first,
            closed_ts=closed_ts,
            resolved_ts=closed_ts if facts.y is not None else 0,
            payout=payout_of(yes=facts.y == 1),
            source="label",
        )


def _market(facts: Facts, events: CuratedEvents, name: str) -> Market:
    market = market_id(VENUE, facts.slug)
    yes, no = token_ids(market)
    event = events.events.get(name)
    title = f"{facts.question} ({facts.slug.removeprefix(event.prefix)})" if event else facts.question
    return Market(
        id=market,
        venue=VENUE,
        external_id=facts.slug,
        title=title,
        yes=yes,
        no=no,
        slug=facts.slug,
        event=market_id(VENUE, name) if event else "",
        event_title=event.title if event else "",
        event_size=len(event.markets) if event else 0,
        relation=event.known if event else Relation.UNKNOWN,
        category=facts.category,
    )


def _fee(facts: Facts, settings: RecordedMarketSettings) -> FeeCurve:
    return FeeCurve(settings.fee_rates.get(facts.category, settings.fee_rate_other))
