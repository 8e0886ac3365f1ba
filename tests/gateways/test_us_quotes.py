"""Recorded quotes of a whole list: books of an assumed size, mirrored, confirmed, lost in outages."""

from pathlib import Path

import pytest

from tests.gateways.market_records import (
    DAY_S,
    EVENTS,
    SECOND,
    Swept,
    check_order,
    events,
    feed_of,
    write_events,
    write_list,
)
from tests.gateways.recordings import rows_of
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.gateways.feeds.us_quotes import OUTAGE
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged, Level, check_book
from tradeworthy.market.instruments import CASH_UNIT, InstrumentListed
from tradeworthy.market.predictions import (
    MarketClosed,
    MarketOpened,
    MarketResolved,
    MarketsFetched,
    Relation,
)

DAY = DAY_S * SECOND
REAL = "polymarket_us_quotes"
RACE = [Swept(0, "race-a", 0.40, 0.45), Swept(0, "race-b", 0.30, 0.35)]


@pytest.fixture
def curated(tmp_path: Path) -> Path:
    """A race of three, of which the record has two, and a market that stands alone."""
    return write_events(tmp_path / "events.toml")


def told(rows: list[Row], slug: str, outcome: str = "YES") -> list[tuple[int, str]]:
    """The books of one token: seconds after DAY_S, and the best quotes as text."""
    return [
        (
            (ts - DAY) // SECOND,
            "/".join(str(side[0].ticks) if side else "-" for side in (book.bids, book.asks)),
        )
        for ts, book in events(rows, BookChanged)
        if book.instrument == f"polymarket_us:{slug}:{outcome}"
    ]


def test_a_change_is_a_book_of_the_assumed_size_on_both_tokens(tmp_path: Path, curated: Path) -> None:
    """NO is the mirror of YES; a side that is missing stays missing on both."""
    rows = [Swept(0, "alone", 0.40, 0.45), Swept(120, "alone", None, 0.03), Swept(240, "alone", 0.97, None)]
    found = check_order(feed_of(write_list(tmp_path / "list", rows), events=curated, assumed_size=50))
    assert told(found, "alone") == [(0, "40/45"), (120, "-/3"), (240, "97/-")]
    assert told(found, "alone", "NO") == [(0, "55/60"), (120, "97/-"), (240, "-/3")]
    first = events(found, BookChanged)[0][1]
    assert first.bids == (Level(40, 5000),)
    assert not events(found, PriceObserved)


def test_a_quote_finer_than_the_cent_has_finer_ticks(tmp_path: Path, curated: Path) -> None:
    """The tick is the market's, over the whole record."""
    rows = [Swept(0, "alone", 0.40, 0.45), Swept(120, "alone", 0.401, 0.403), *RACE]
    found = check_order(feed_of(write_list(tmp_path / "list", rows), events=curated))
    assert told(found, "alone") == [(0, "400/450"), (120, "401/403")]
    assert told(found, "alone", "NO")[1] == (120, "597/599")
    assert told(found, "race-a") == [(0, "40/45")]


def test_a_crossed_quote_is_no_book(tmp_path: Path, curated: Path) -> None:
    """It is counted, and the book of both tokens is unknown until the next quote."""
    rows = [Swept(0, "alone", 0.40, 0.45), Swept(120, "alone", 0.50, 0.48), Swept(240, "alone", 0.41, 0.45)]
    feed = feed_of(write_list(tmp_path / "list", rows), events=curated)
    found = check_order(feed)
    gaps = events(found, FeedGap)
    assert [(gap.instrument.rpartition(":")[2], gap.reason) for _, gap in gaps] == [
        ("YES", "bad_book:crossed"),
        ("NO", "bad_book:crossed"),
    ]
    assert told(found, "alone") == [(0, "40/45"), (240, "41/45")]
    assert feed.report().instruments["quotes"].bad == {"crossed": 1}


def test_what_a_sweep_found_unchanged_is_told_again_beside_a_change(tmp_path: Path, curated: Path) -> None:
    """An event is judged as a whole; a quote that another's change confirms is as fresh as that change."""
    rows = [
        *RACE,
        Swept(120, "race-a", 0.41, 0.45),
        Swept(360, "race-a", 0.42, 0.45),
        Swept(480, "alone", 0.1, 0.2),
    ]
    folder = write_list(tmp_path / "list", rows)
    confirmed = rows_of(feed_of(folder, events=curated, confirm_s=240))
    assert told(confirmed, "race-b") == [(0, "30/35"), (360, "30/35")]
    assert told(rows_of(feed_of(folder, events=curated, confirm_s=0)), "race-b") == [(0, "30/35")]


def test_nothing_is_confirmed_that_was_gone_or_before_an_outage(tmp_path: Path, curated: Path) -> None:
    """A market that left the list, and a quote from before a silence, tell nothing of now."""
    rows = [*RACE, Swept(600, "race-a", 0.41, 0.45), Swept(9000, "race-a", 0.42, 0.45, segment=2)]
    gone = rows_of(feed_of(write_list(tmp_path / "gone", rows, last={"race-b": 300}), events=curated))
    assert told(gone, "race-b") == [(0, "30/35")]
    silent = rows_of(feed_of(write_list(tmp_path / "silent", rows), events=curated))
    assert told(silent, "race-b") == [(0, "30/35"), (600, "30/35")]


def test_an_outage_loses_every_book(tmp_path: Path, curated: Path) -> None:
    """A FeedGap for each token that was open, told when the recorder went on; what was closed has none."""
    rows = [*RACE, Swept(0, "alone", 0.1, 0.2), Swept(9000, "race-a", 0.42, 0.45, segment=2)]
    found = check_order(feed_of(write_list(tmp_path / "list", rows, last={"alone": 0}), events=curated))
    gaps = events(found, FeedGap)
    assert [(gap.instrument.split(":")[1], (ts - DAY) // SECOND, gap.reason) for ts, gap in gaps] == [
        (slug, 9000, OUTAGE) for slug in ("race-a", "race-a", "race-b", "race-b")
    ]
    assert {(gap.from_ts - DAY, gap.to_ts - DAY) for _, gap in gaps} == {(0, 9000 * SECOND)}


def test_an_official_label_settles_and_a_guess_does_not(tmp_path: Path, curated: Path) -> None:
    """A market is closed when it was last seen; labels that were inferred from prices pay nothing."""
    rows = [*RACE, Swept(0, "alone", 0.1, 0.2), Swept(3600, "race-a", 0.9, 0.95)]
    labels = [("race-b", 0, "api"), ("alone", 1, "convergence"), ("race-a", 1, "api")]
    folder = write_list(tmp_path / "list", rows, last={"race-b": 1800, "alone": 1800}, labels=labels)
    found = check_order(feed_of(folder, events=curated))
    assert [event.market for _, event in events(found, MarketClosed)] == [
        "polymarket_us:alone",
        "polymarket_us:race-b",
    ]
    assert [(event.market, event.payout) for _, event in events(found, MarketResolved)] == [
        ("polymarket_us:race-b", 0)
    ]
    won = write_list(tmp_path / "won", rows, last={"race-b": 1800}, labels=[("race-b", 1, "api")])
    assert events(rows_of(feed_of(won, events=curated)), MarketResolved)[0][1].payout == CASH_UNIT


def test_a_market_knows_its_event_and_what_was_verified(tmp_path: Path, curated: Path) -> None:
    """Event, size (all its markets, quoted or not) and relation are the curated file's."""
    found = rows_of(
        feed_of(write_list(tmp_path / "list", [*RACE, Swept(0, "alone", 0.1, 0.2)]), events=curated)
    )
    markets = {event.market.slug: event.market for _, event in events(found, MarketOpened)}
    race = markets["race-a"]
    assert (race.event, race.event_size, race.relation) == ("polymarket_us:race", 3, Relation.EXCLUSIVE)
    assert race.title == "Who wins? (a)"
    alone = markets["alone"]
    assert (alone.event, alone.event_size, alone.relation) == ("", 0, Relation.UNKNOWN)
    assert events(found, MarketsFetched)[0][1].count == 3


@pytest.mark.parametrize(("relation", "verified"), [("independent", "true"), ("complete", "false")])
def test_what_is_not_verified_is_unknown(tmp_path: Path, relation: str, verified: str) -> None:
    """A claim without a check, and markets that depend on nothing, give no relation."""
    text = EVENTS.replace('"exclusive"', f'"{relation}"').replace("true", verified)
    curated = write_events(tmp_path / "events.toml", text)
    found = rows_of(feed_of(write_list(tmp_path / "list", RACE), events=curated))
    assert {event.market.relation for _, event in events(found, MarketOpened)} == {Relation.UNKNOWN}


def test_fees_are_assumed_by_category(tmp_path: Path, curated: Path) -> None:
    """The record has none."""
    folder = write_list(tmp_path / "list", RACE)
    rates = [
        {
            str(event.instrument.fee_curve.rate)
            for _, event in events(rows_of(feed), InstrumentListed)
            if event.instrument.fee_curve
        }
        for feed in (
            feed_of(folder, events=curated),
            feed_of(folder, events=curated, fee_rates={}, fee_rate_other="0.03"),
        )
    ]
    assert rates == [{"0.04"}, {"0.03"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[events", "can't be used"),
        (EVENTS.replace('"exclusive"', '"never"'), "can't be used"),
        (EVENTS.replace('"one seat"', '""'), "is verified without a reason"),
        (EVENTS.replace('"alone"', '"race-b"'), "race-b is in singles and in race"),
        (EVENTS.replace("title", "tilte"), "can't be used"),
    ],
)
def test_a_file_of_events_that_says_what_it_may_not_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """What is traded on must be written down right."""
    folder = write_list(tmp_path / "list", RACE)
    with pytest.raises(UsageError, match=said):
        feed_of(folder, events=write_events(tmp_path / "events.toml", text))


def test_a_file_of_events_that_is_not_there_is_named(tmp_path: Path) -> None:
    """One line, with the setting to correct."""
    with pytest.raises(NotAvailable, match=r"recorded_markets\.events"):
        feed_of(write_list(tmp_path / "list", RACE), events=tmp_path / "none.toml")


def test_a_part_of_the_record_opens_what_is_open_by_then(tmp_path: Path, curated: Path) -> None:
    """--from lists what was seen before, without a book; what is over by then is not told."""
    rows = [*RACE, Swept(0, "alone", 0.1, 0.2), Swept(3600, "race-a", 0.5, 0.55)]
    folder = write_list(tmp_path / "list", rows, last={"alone": 60})
    found = check_order(feed_of(folder, events=curated, from_ts=DAY + 1800 * SECOND))
    assert [event.market.slug for _, event in events(found, MarketOpened)] == ["race-a", "race-b"]
    assert told(found, "race-a") == [(3600, "50/55")]


def test_the_real_record_has_its_known_faults(recorded_data: Path) -> None:
    """70,601 rows of 569 markets, two crossed, one outage of five days; every book valid."""
    feed = feed_of(recorded_data / REAL)
    rows = check_order(feed)
    read = feed.report().instruments["quotes"]
    assert (read.bars, read.bad, read.missing) == (70_599, {"crossed": 2}, 1)
    assert len(events(rows, MarketOpened)) == 569
    assert len(events(rows, MarketResolved)) == 22
    outage = {(gap.from_ts, gap.to_ts) for _, gap in events(rows, FeedGap) if gap.reason == OUTAGE}
    assert len(outage) == 1
    from_ts, to_ts = outage.pop()
    assert (to_ts - from_ts) // SECOND == 4 * 86_400 + 17 * 3600 + 6 * 60 + 39
    for _, book in events(rows, BookChanged):
        check_book(book)
    assert not any(from_ts < ts < to_ts for _, ts, event in rows if isinstance(event, BookChanged))
