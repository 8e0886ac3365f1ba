"""What the Pilot Monitor asks beyond the report: today, edges, markets by state, and an uptrend desk's rows."""

from decimal import Decimal

from tests.store.market_story import MarketStory
from tests.store.story import BEGIN, DAY, Story, project
from tests.store.uptrend_story import UptrendStory
from tradeworthy.core.events import TimeAdvanced
from tradeworthy.store.monitor_listings import MonitorListings
from tradeworthy.store.queries import Connection, Queries
from tradeworthy.store.values import day_of


def test_today_is_the_utc_day_of_session_time(story: Story, url: str, connection: Connection) -> None:
    """A7: trades today are those begun since its midnight; those of the day before are not."""
    story.open_account()
    story.round_trips(2)
    story.ts = BEGIN + DAY
    story.round_trips(1)
    story.enter()
    project(story, url)
    today = MonitorListings(connection, [story.run]).today()
    assert (today["day"], today["trades"]) == (day_of(BEGIN + DAY), 2)
    assert today["pnl"] == Decimal("-0.005") - Decimal("0.0009975")
    assert Queries(connection).summary()["total_trades"] == 4
    story.ts = BEGIN + 3 * DAY
    story.turn(TimeAdvanced())
    story.quiet(1)
    story.refuse("position_limit")
    project(story, url)
    assert MonitorListings(connection, [story.run]).today()["trades"] == 0


def test_a_run_without_events_has_no_day(story: Story, url: str, connection: Connection) -> None:
    """No invented date, and no capital that nobody paid in."""
    project(story, url)
    listings = MonitorListings(connection, [story.run])
    assert listings.today() == {"day": None, "trades": 0, "pnl": Decimal(0)}
    assert listings.capital() == 0
    assert listings.edges() == listings.markets() == listings.token_rows() == []


def test_edges_are_counted_by_the_cent(story: Story, url: str, connection: Connection) -> None:
    """All gaps that were detected, those that were traded among them."""
    MarketStory(story).day()
    project(story, url)
    edges = MonitorListings(connection, [story.run]).edges()
    summary = Queries(connection).summary()
    assert sum(row["found"] for row in edges) == summary["opportunities"]["detected"]
    assert {row["least"] for row in edges} == {0.11}
    assert 0 < sum(row["traded"] for row in edges) < sum(row["found"] for row in edges)


def test_markets_are_counted_by_state(story: Story, url: str, connection: Connection) -> None:
    """One resolved, one disputed, one open."""
    MarketStory(story).day()
    project(story, url)
    rows = MonitorListings(connection, [story.run]).markets()
    assert {row["status"]: row["count"] for row in rows} == {"open": 1, "disputed": 1, "resolved": 1}


def test_rows_of_tokens_are_counted_by_status_timeframe_and_stage(
    story: Story, url: str, connection: Connection
) -> None:
    """Every row of the desk once."""
    UptrendStory(story).golden()
    project(story, url)
    rows = MonitorListings(connection, [story.run]).token_rows()
    assert sum(row["count"] for row in rows) == 4
    assert {row["timeframe"] for row in rows} == {"1m", "15m", "1h", "4h"}
    assert {row["stage"] for row in rows if row["timeframe"] == "1h"} == {"S0"}
