"""What a picture of a path asks of the tables."""

from decimal import Decimal

from tests.store.market_story import MarketStory, market_id, token
from tests.store.story import BTC, Story, project
from tradeworthy.store.path_listings import PathListings
from tradeworthy.store.queries import Connection, Queries


def listings(story: Story, url: str, connection: Connection) -> PathListings:
    """Questions about the story, which is in the tables."""
    project(story, url)
    return PathListings(connection, Queries(connection).run)


def test_packets_are_found_by_number_in_order(story: Story, url: str, connection: Connection) -> None:
    """P2: those that the tables have; a bar, which is market data, they have not."""
    story.open_account()
    entry = story.enter()
    found = listings(story, url, connection).packets([10**9, entry, entry + 1])
    assert [row["seq"] for row in found] == [entry, entry + 1]
    assert found[0]["event"]["instrument"] == BTC.id
    assert listings(story, url, connection).packets([entry - 1]) == [], "the bar that caused it"


def test_ticks_and_lots_are_told_by_orders_and_fills(story: Story, url: str, connection: Connection) -> None:
    """The instrument's own tick and lot, exactly."""
    story.open_account()
    entry = story.enter()
    found = listings(story, url, connection).units([f"{entry}.0"])
    assert {name: (Decimal(str(tick)), Decimal(str(lot))) for name, (tick, lot) in found.items()} == {
        BTC.id: (BTC.tick, BTC.lot)
    }
    assert listings(story, url, connection).units([]) == {}


def test_filters_are_what_the_run_has(story: Story, url: str, connection: Connection) -> None:
    """A choice that would find nothing is not offered."""
    story.open_account()
    story.enter()
    story.order_refused()
    found = listings(story, url, connection).filters()
    assert found == {
        "desks": ["breakout"],
        "verdicts": ["FILLED", "REJECTED"],
        "reasons": ["filled", "position_limit"],
    }


def test_a_run_without_candidates_offers_nothing(story: Story, url: str, connection: Connection) -> None:
    """Nor does it fail."""
    story.open_account()
    assert listings(story, url, connection).filters() == {"desks": [], "verdicts": [], "reasons": []}


def test_a_markets_question_is_its_title(story: Story, url: str, connection: Connection) -> None:
    """And what has none has no words."""
    story.open_account()
    MarketStory(story).open_market("aa")
    found = listings(story, url, connection)
    assert token("aa", "YES").market == market_id("aa")
    assert found.title(market_id("aa"))
    assert found.title("polymarket:none") == ""
