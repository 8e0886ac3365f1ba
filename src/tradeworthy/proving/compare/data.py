"""What a run was fed, beside what a feed has of the same time: event by event, and how late each came."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import NotAvailable
from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.protocol import Feed
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, utc_text
from tradeworthy.proving.calibration.records import RECORDED
from tradeworthy.proving.compare.answers import Provider, differing_histories
from tradeworthy.proving.compare.record import DATA, Given, Record
from tradeworthy.proving.parity.differences import fields_of, same, text
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import FEED
from tradeworthy.runtime.plan import Mode, Plan

REOPENED = {
    "simulator": "simulator",
    "predictions": "simulator",
    "recorded": "recorded",
    "catalog": "catalog",
}
"""The feeds that a run's header is enough to open again, by what it says: as --feed calls them."""

UNMATCHED = 1 << 62
"""Stands after all places of the feed."""

Key = tuple[str, str, str, int, int]


class DataDifference(msgspec.Struct, frozen=True):
    """One event in which run and feed differ: `missing` in the run, `extra` in it, or `different` in `field`.

    `at` is the event's own time, of a bar its open ("": it has none).
    """

    what: str
    kind: str
    subject: str
    at: str
    field: str = ""
    run: str = ""
    feed: str = ""


@dataclass(frozen=True)
class FeedRows:
    """What the feed has of the run's time, by name; `same` says whether it is what the run was fed.

    `provider` gives what the feed has of the time before (None: no desk asks for it).
    """

    name: str
    identity: dict[str, Any]
    same: bool
    given: list[Given]
    provider: Provider | None = None


@dataclass(frozen=True)
class Aligned:
    """The feed's events and the run's, each at the time that the feed has for it.

    `feed` carries the run's seq of each event that the run got. `late_ns` has what the run got later than so. Of
    `histories` that the run asked for, `histories_differing` are other than those of `provider`.
    """

    feed: list[Given]
    run: list[Given]
    differences: list[DataDifference]
    late_ns: list[int]
    provider: Provider | None = None
    histories: int = 0
    histories_differing: int = 0


def read_feed(record: Record, configuration: Configuration, feed: str, home: Home) -> FeedRows:
    """The events that `feed` ("": the run's own) has of the run's time, opened as `configuration` says.

    NotAvailable if it is a live one, or its data is not here.
    """
    said = str(record.header.feed.get("feed", ""))
    own = REOPENED.get(said, "")
    if not feed and not own:
        raise NotAvailable(
            f"run {record.header.run} was fed by {said or 'nobody knows what'}, which nothing recorded: name what to"
            " compare it with, --feed recorded:DIR or --feed catalog"
        )
    plan = _plan(record, configuration, feed, own)
    opened = open_feed(plan, home)
    identity = opened.identity()
    is_same = _canonical(identity) == _canonical(record.header.feed)
    first_ts = min((_ideal_ts(one) for one in record.of(DATA)), default=record.start_ts)
    first_ts = min(first_ts, record.start_ts + 1)
    given: list[Given] = []
    for position, ts, event in chain.from_iterable(opened.batches()):
        if ts > record.end_ts or (is_same and position > record.position):
            break
        if ts >= first_ts or is_same:
            given.append(Given(ts, FEED, event, 0))
    return FeedRows(opened.name, identity, is_same, given, _history(plan, opened))


def _history(plan: Plan, feed: Feed) -> Provider | None:
    if not plan.configuration.on_tokens:
        return None
    from tradeworthy.gateways.history import answer
    from tradeworthy.runtime.token_feeds import open_history

    return partial(answer, open_history(plan, feed))


def _plan(record: Record, configuration: Configuration, feed: str, own: str) -> Plan:
    """What opens the feed: over the range that the run's had if it is of that kind, else over the run's days."""
    name = feed or own
    folder = configuration.data.recorded or record.configuration.data.recorded
    if folder is None and RECORDED in os.environ:
        folder = Path(os.environ[RECORDED])
    data = configuration.data.model_copy(update={"recorded": folder})
    configuration = configuration.model_copy(update={"data": data})
    first_day = last_day = None
    if name.partition(":")[0] == own:
        from_ts, to_ts = (record.header.feed.get(bound) for bound in ("from", "to"))
        first_day = None if from_ts is None else _day(from_ts)
        last_day = None if to_ts is None else _day(to_ts - 1)
    elif name != "simulator":
        steps = (TIMEFRAMES_NS.get(desk.timeframe, 0) for desk in configuration.desks)
        first_day, last_day = _day(record.start_ts - max(steps)), _day(record.end_ts)
    return Plan(
        configuration,
        Mode.BACKTEST,
        name,
        seed=record.header.seed,
        first_day=first_day,
        last_day=last_day,
    )


def _day(ts: int) -> date:
    return datetime.fromtimestamp(ts // 1_000_000_000, UTC).date()


def _canonical(identity: dict[str, Any]) -> bytes:
    return msgspec.json.encode(identity, order="sorted")


# Event by event


def align(record: Record, rows: Sequence[Given], provider: Provider | None = None) -> Aligned:
    """The run's market data beside the feed's: which event of one is which of the other, and what differs."""
    data = record.of(DATA)
    keys = _keys(rows)
    places = {key: place for place, key in enumerate(keys)}
    feed = list(rows)
    timed: list[tuple[int, int, Given]] = []
    late: list[int] = []
    differences: list[DataDifference] = []
    met: set[int] = set()
    for key, one in zip(_keys(data), data, strict=True):
        place = places.get(key, UNMATCHED)
        ts = _ideal_ts(one)
        if place == UNMATCHED:
            differences.append(DataDifference("extra", *_named(key)))
        else:
            met.add(place)
            ts, feed[place] = rows[place].ts, rows[place]._replace(seq=one.seq)
            differences += _different(key, one.event, rows[place].event)
        timed.append((max(ts, record.start_ts), place, one))
        late.append(max(0, one.ts - max(ts, record.start_ts)))
    differences += [
        DataDifference("missing", *_named(key)) for place, key in enumerate(keys) if place not in met
    ]
    differences.sort(key=lambda one: (one.at, one.subject, one.what))
    timed.sort(key=lambda one: (one[0], one[1], one[2].seq))
    run = [one._replace(ts=ts) for ts, _, one in timed]
    differing, histories = differing_histories(record.answered, provider)
    return Aligned(feed, run, differences, late, provider, histories, differing)


def _ideal_ts(given: Given) -> int:
    """When an event enters that is late by nothing: a bar at its close, all else when it came."""
    event = given.event
    if isinstance(event, BarClosed):
        return event.ts_event + TIMEFRAMES_NS[event.timeframe]
    return given.ts


def _keys(given: Sequence[Given]) -> list[Key]:
    """What tells events apart: type, subject, timeframe, their own time, and a count of those alike in all that."""
    counts: dict[tuple[str, str, str, int], int] = {}
    keys = []
    for one in given:
        event = one.event
        subject = getattr(event, "instrument", None) or getattr(event, "market", "")
        alike = (
            type(event).__name__,
            str(getattr(subject, "id", subject)),
            str(getattr(event, "timeframe", "")),
            int(getattr(event, "ts_event", getattr(event, "from_ts", 0))),
        )
        counts[alike] = count = counts.get(alike, -1) + 1
        keys.append((*alike, count))
    return keys


def _named(key: Key) -> tuple[str, str, str]:
    kind, subject, timeframe, ts, _ = key
    return kind, f"{subject} {timeframe}".strip(), utc_text(ts) if ts else ""


def _different(key: Key, run: Event, feed: Event) -> list[DataDifference]:
    if run == feed:
        return []
    ours, theirs = fields_of(run), fields_of(feed)
    return [
        DataDifference("different", *_named(key), name, text(ours[name]), text(theirs[name]))
        for name in ours
        if not same(ours[name], theirs[name])
    ]
