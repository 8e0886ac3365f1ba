"""What stands on a chart of candles: names that have bars, trades under what they bet on, and states in time."""

from pathlib import Path

from tests.store.market_story import MarketStory
from tests.store.story import Story, project
from tests.store.uptrend_story import BONK, UptrendStory
from tradeworthy.store.chart_listings import ChartListings
from tradeworthy.store.queries import Connection


def test_names_that_have_bars_are_found_without_reading_all(
    tmp_path: Path, url: str, connection: Connection
) -> None:
    """Each instrument and timeframe once."""
    with Story(tmp_path / "home" / "runs" / "uptrend-1", bars=True, kind="uptrend") as story:
        UptrendStory(story).bars()
        project(story, url)
    kept = ChartListings(connection, [story.run]).kept()
    assert [(row["instrument"], row["timeframe"]) for row in kept] == [
        (BONK, "1h"),
        (BONK, "4h"),
        ("BTC-PERP", "1m"),
    ]


def test_trades_stand_under_their_instrument(story: Story, url: str, connection: Connection) -> None:
    """With both ends, the oldest first; a chosen one is found by its run and seq."""
    story.open_account()
    story.round_trips(2)
    story.enter()
    project(story, url)
    listings = ChartListings(connection, [story.run])
    assert listings.traded() == [{"name": "BTCUSDT", "is_underlying": False, "trades": 3}]
    marks = listings.marks("BTCUSDT")
    assert [row["closed_at"] is None for row in marks] == [False, False, True]
    assert [row["seq"] for row in marks] == sorted(row["seq"] for row in marks)
    found = listings.trade(story.run, marks[0]["seq"])
    assert found is not None
    assert (found["name"], found["opened_at"]) == ("BTCUSDT", marks[0]["opened_at"])
    assert listings.trade(story.run, 1) is None
    assert listings.trade("another-1", marks[0]["seq"]) is None


def test_trades_in_markets_stand_under_the_underlying(story: Story, url: str, connection: Connection) -> None:
    """Where a market names one; else under the token that was bought."""
    MarketStory(story).day()
    project(story, url)
    connection.execute("UPDATE markets SET underlying = 'BTC' WHERE market LIKE '%0xaa'")
    listings = ChartListings(connection, [story.run])
    names = {row["name"]: row for row in listings.traded()}
    assert names["BTC"]["is_underlying"]
    assert not any(row["is_underlying"] for name, row in names.items() if name != "BTC")
    (mark,) = listings.marks("BTC")
    assert (mark["outcome"], mark["is_underlying"], mark["strike"]) == ("YES", True, 97_000.0)


def test_states_are_told_in_the_order_of_time(story: Story, url: str, connection: Connection) -> None:
    """One for each transition of the row."""
    UptrendStory(story).golden()
    project(story, url)
    listings = ChartListings(connection, [story.run])
    stages = listings.stages(BONK, "1h")
    assert [(row["before"], row["stage"]) for row in stages] == [("S0", "S1"), ("S2", "S3"), ("S3", "S0")]
    assert listings.stages(BONK, "4h") == []
