"""What each strategy earned: totals that agree with the report, curves that end at them, and shared capital."""

from decimal import Decimal

import pytest

from tests.store.market_story import ATOMIC, SNIPER, MarketStory
from tests.store.story import BEGIN, Story, project
from tradeworthy.core.errors import UsageError
from tradeworthy.store.queries import Connection, Queries
from tradeworthy.store.strategy_listings import StrategyListings
from tradeworthy.store.values import at


def test_the_table_agrees_with_the_report(story: Story, url: str, connection: Connection) -> None:
    """A7: P&L and trades by strategy are those of report, wins and losses those of its total."""
    MarketStory(story).day()
    project(story, url)
    listings, summary = StrategyListings(connection, [story.run]), Queries(connection).summary()
    rows = {row["strategy"]: row for row in listings.table() if row["trades"]}
    assert {name: (row["trades"], row["pnl"]) for name, row in rows.items()} == {
        row["strategy"]: (row["trades"], row["pnl"]) for row in summary["by_strategy"]
    }
    assert sum(row["wins"] for row in rows.values()) == summary["wins"]
    assert sum(row["losses"] for row in rows.values()) == summary["losses"]
    assert sum(row["open_trades"] for row in rows.values()) == summary["open_trades"]
    assert sum(row["candidates"] for row in rows.values()) == summary["candidates"]


def test_largest_average_and_factor_are_of_what_is_closed(
    story: Story, url: str, connection: Connection
) -> None:
    """One win of 0.008995, one loss of -0.0059975, and one trade that is open."""
    story.open_account()
    story.round_trips(2)
    story.enter()
    project(story, url)
    (row,) = StrategyListings(connection, [story.run]).table()
    win = Decimal("0.01") - Decimal("0.001005")
    loss = Decimal("-0.005") - Decimal("0.0009975")
    assert (row["largest_win"], row["largest_loss"]) == (win, loss)
    assert row["average"] == (win + loss) / 2
    assert row["profit_factor"] == pytest.approx(float(win / -loss))
    assert (row["trades"], row["open_trades"], row["win_rate"]) == (3, 1, 0.5)
    assert (row["share"], row["is_shared"]) == (None, False)


def test_a_curve_ends_at_the_strategys_total(story: Story, url: str, connection: Connection) -> None:
    """Also where it is thinned, which keeps the last trade."""
    story.open_account()
    story.round_trips(30)
    project(story, url)
    listings = StrategyListings(connection, [story.run])
    (row,), whole, thin = listings.table(), listings.curves(), listings.curves(5)
    assert len(whole) == row["trades"]
    assert whole[-1]["pnl"] == thin[-1]["pnl"] == row["pnl"]
    assert 5 <= len(thin) <= 6
    assert [one["created_at"] for one in thin] == sorted(one["created_at"] for one in thin)
    with pytest.raises(UsageError, match="points 1 is not 2 to 2000"):
        listings.curves(1)


def test_capital_is_shared_as_the_allocator_said(story: Story, url: str, connection: Connection) -> None:
    """The newest share in the table, all of them over time."""
    MarketStory(story).day()
    project(story, url)
    listings = StrategyListings(connection, [story.run])
    rows = {row["strategy"]: row for row in listings.table()}
    assert (rows[SNIPER]["share"], rows[ATOMIC]["share"]) == (0.6, 0.4)
    assert all(row["is_shared"] for row in rows.values() if row["desk"] == "arbitrage")
    shares = listings.shares()
    assert [row["share"] for row in shares if row["strategy"] == SNIPER] == [0.6, 0.6]
    assert listings.span() == (at(BEGIN), at(story.ts))


def test_a_desk_that_did_nothing_has_a_row(story: Story, url: str, connection: Connection) -> None:
    """So that nobody looks for it in vain; there is nothing to choose from yet."""
    story.open_account()
    project(story, url)
    listings = StrategyListings(connection, [story.run])
    (row,) = listings.table()
    assert (row["desk"], row["strategy"], row["trades"], row["win_rate"]) == ("breakout", "breakout", 0, None)
    assert listings.choices() == {"strategies": [], "kinds": []}
    assert listings.curves() == listings.shares() == []


def test_what_there_is_to_choose_from(story: Story, url: str, connection: Connection) -> None:
    """Strategies and kinds of candidates, each once."""
    MarketStory(story).day()
    project(story, url)
    choices = StrategyListings(connection, [story.run]).choices()
    assert {SNIPER, ATOMIC} <= set(choices["strategies"])
    assert {"oracle_lag", "mispricing"} <= set(choices["kinds"])
