"""Recorded quotes of a venue's whole list, swept every two minutes: changes of the best bid and ask, without sizes.

Each change is a book of one assumed size. The record has YES quotes alone; a venue of this kind keeps one book a
market, so the NO book is its mirror: a YES bid of 0.40 is a NO ask of 0.60. A quote that a later sweep found
unchanged has no row: it is told again where that sweep changed another market of the event, `confirm_s` after it was
told last, because an event is judged as a whole. Between the record's segments nothing was swept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

from tradeworthy.core.errors import NotAvailable
from tradeworthy.gateways.feeds.event_file import COMES_ALONG, read_events
from tradeworthy.gateways.feeds.files import digest_of
from tradeworthy.gateways.feeds.market_lives import Life, fetches, life_events, lots_of
from tradeworthy.gateways.feeds.prediction_settings import RecordedMarketSettings
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport
from tradeworthy.gateways.feeds.quotes import Quotes, books_of, fault_gaps, faults_counted
from tradeworthy.gateways.feeds.timeline import (
    FIRST,
    RECORDED,
    Books,
    Prices,
    Single,
    Timeline,
    TimelineFeed,
)
from tradeworthy.gateways.feeds.us_quotes_record import (
    VENUE,
    Record,
    files_of,
    lives_of,
    read_record,
)
from tradeworthy.market.bars import FeedGap

OUTAGE = "outage"
ASSUMED = {"assumed_size", "size_min", "fee_rates", "fee_rate_other", "confirm_s"}
"""The settings that the events rest on, besides the file of curated events."""

HOUR_NS = 3_600_000_000_000


def open_us_quotes(
    folder: Path, settings: RecordedMarketSettings, quote: str, span: tuple[int, int]
) -> TimelineFeed:
    """The feed of the record in `folder`, of session times from span[0] to before span[1].

    NotAvailable if a part of the record is missing or the range is empty, UsageError if a file can't be read.
    """
    path = settings.events or COMES_ALONG
    events = read_events(path)
    record = read_record(folder)
    lives = list(lives_of(record, events, settings, quote))
    told = confirmed(record, lives, settings.confirm_s)
    told = told.where((told.ts >= span[0]) & (told.ts < span[1]))
    if not len(told.ts):
        raise NotAvailable(f"{folder} has no quotes in the range asked for")
    begin, end = int(told.ts[0]), int(told.ts[-1])
    tokens = [(life.market.yes, life.market.no) for life in lives]
    singles = [one for life in lives for one in life_events(life, begin)]
    singles += fetches(lives, VENUE, [*range(begin, end + 1, HOUR_NS)])
    singles += fault_gaps(RECORDED, told, tokens)
    singles += outage_gaps(record, lives)
    timeline = Timeline(
        [one for one in singles if begin <= one.ts < span[1]],
        Prices.none(),
        _mirrored(told, record, lots_of(settings.assumed_size)),
        [token for pair in tokens for token in pair],
    )
    identity: dict[str, object] = {
        "feed": RECORDED,
        "data": "us_quotes",
        "books": "recorded",
        "files": files_of(folder),
        "events": digest_of(path),
        "settings": settings.model_dump(mode="json", include=ASSUMED),
        "from": span[0],
        "to": span[1],
    }
    return TimelineFeed(timeline, identity, _report(record))


def confirmed(record: Record, lives: Sequence[Life], confirm_s: float) -> Quotes:
    """The quotes with those told again, in order of time; the latter are of the sweep that found them unchanged."""
    quotes, age_ns = record.quotes, int(confirm_s * 1e9)
    if not age_ns:
        return quotes
    again = np.array(list(_found_unchanged(record, _members(lives), age_ns)), np.int64).reshape(-1, 2)
    retold = quotes.where(again[:, 0])._replace(ts=again[:, 1])
    both = Quotes(*(np.concatenate(columns) for columns in zip(quotes, retold, strict=True)))
    return both.where(np.argsort(both.ts, kind="stable"))


def _members(lives: Sequence[Life]) -> dict[int, list[int]]:
    """By market, the markets of its event."""
    events = defaultdict(list)
    for place, life in enumerate(lives):
        if life.market.event:
            events[life.market.event].append(place)
    return {place: members for members in events.values() for place in members}


def _found_unchanged(record: Record, members: dict[int, list[int]], age_ns: int) -> Iterator[tuple[int, int]]:
    """Rows that a later sweep found unchanged, each with the time of that sweep."""
    last = [facts.last for facts in record.markets]
    told: dict[int, tuple[int, int]] = {}
    segment = -1
    columns = record.quotes.ts, record.segment, record.quotes.market, np.arange(len(record.segment))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for (ts, part), sweep in groupby(rows, key=itemgetter(0, 1)):
        if part != segment:
            # Across an outage nobody knows how long a quote stood.
            segment, told = part, {}
        changed = {market: (row, ts) for _, _, market, row in sweep}
        told |= changed
        for market in dict.fromkeys(other for one in changed for other in members.get(one, ())):
            if market in told and ts - told[market][1] >= age_ns and ts <= last[market]:
                row = told[market][0]
                told[market] = row, ts
                yield row, ts


def outage_gaps(record: Record, lives: Sequence[Life]) -> Iterator[Single]:
    """A FeedGap for every token that was open when the recorder stopped, told when it goes on."""
    for from_ts, to_ts in outages(record):
        for life in lives:
            if life.opened_ts <= from_ts and (not life.over_ts or life.over_ts > to_ts):
                for token in (life.market.yes, life.market.no):
                    yield Single(to_ts, FIRST, FeedGap(RECORDED, token, from_ts, to_ts, OUTAGE))


def outages(record: Record) -> list[tuple[int, int]]:
    """From when to when nothing was swept: the record's segments tell."""
    ends = np.flatnonzero(np.diff(record.segment))
    return [(int(record.quotes.ts[at]), int(record.quotes.ts[at + 1])) for at in ends.tolist()]


def _mirrored(quotes: Quotes, record: Record, lots: int) -> Books:
    """Each quote as the YES book and, mirrored, as the NO book, one after the other."""
    top = record.ticks_a_unit[quotes.market]
    yes = books_of(quotes, 2 * quotes.market, lots)
    turned = quotes._replace(
        bid=np.where(quotes.ask > 0, top - quotes.ask, 0), ask=np.where(quotes.bid > 0, top - quotes.bid, 0)
    )
    no = books_of(turned, 2 * quotes.market + 1, lots)
    order = np.argsort(np.concatenate([yes.ts, no.ts]), kind="stable")
    return Books(*(np.concatenate(columns)[order] for columns in zip(yes, no, strict=True)))


def _report(record: Record) -> FeedReport:
    quotes = record.quotes
    read = InstrumentReport(
        bars=int(np.count_nonzero(quotes.fault == 0)),
        missing=len(outages(record)),
        bad=faults_counted(quotes),
        first_ts=int(quotes.ts[0]),
        last_ts=int(quotes.ts[-1]),
    )
    return FeedReport(RECORDED, {"quotes": read})
