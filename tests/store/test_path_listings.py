"""What a picture of a path asks of the tables."""

from decimal import Decimal
from typing import Any, LiteralString

from tests.store.market_story import MarketStory, market_id, token
from tests.store.story import BTC, Story, project
from tradeworthy.store.path_listings import PathListings
from tradeworthy.store.queries import Connection, Queries


def listings(story: Story, url: str, connection: Connection) -> PathListings:
    """Questions about the story, which is in the tables."""
    project(story, url)
    return PathListings(connection, Queries(connection).run)


def one(connection: Connection, query: LiteralString) -> Any:
    """The first figure that `query` finds."""
    return next(iter(connection.execute(query)))[0]


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


def test_what_came_of_a_candidate_leads_back_to_it(story: Story, url: str, connection: Connection) -> None:
    """P2: a trade is known by the packet that opened its position, which is about no candidate itself."""
    story.open_account()
    entry = story.enter()
    found = listings(story, url, connection)
    held = one(connection, "SELECT seq FROM trades")
    assert held > entry
    above = one(connection, "SELECT id FROM candidates")
    assert found.candidate_above(held) == found.candidate_above(entry) == above
    assert found.candidate_above(1) is None, "a listing comes from no candidate"
    assert found.candidates_of(entry - 1) == [entry]
    assert found.candidates_of(1) == []


def test_a_trade_is_told_on_each_path_that_touched_it(story: Story, url: str, connection: Connection) -> None:
    """Where it was opened and where it was closed, with what it brought; another round of the position is another."""
    story.open_account()
    first = story.enter()
    last = story.leave(first)
    again = story.enter()
    found = listings(story, url, connection)
    changes = connection.execute("SELECT seq FROM packets WHERE type = 'PositionChanged' ORDER BY seq")
    opened, closed, reopened = (list(row) for row in changes)
    (told,) = found.trades(opened)
    assert found.trades(closed) == [told] == found.trades([told["closed_seq"]])
    assert (told["entry_candidate"], told["candidate"], told["status"]) == (first, last, "closed")
    assert told["pnl"] is not None
    (open_one,) = found.trades(reopened)
    assert (open_one["entry_candidate"], open_one["status"], open_one["pnl"]) == (again, "open", None)
    assert found.trades([]) == []


def test_what_an_input_led_to_is_not_what_it_ended(story: Story, url: str, connection: Connection) -> None:
    """P2: the gap of an earlier candidate, closed by this input, makes that candidate none of this input's."""
    market = MarketStory(story)
    story.open_account()
    market.open_market("aa")
    first = market.buy("aa")
    market.gap("aa", 900, candidate=first)
    found = listings(story, url, connection)
    trace = one(connection, "SELECT trace FROM packets WHERE type = 'GapClosed'")
    assert one(connection, "SELECT candidate FROM packets WHERE type = 'GapClosed'") == first
    assert found.candidates_of(trace) == []
    assert found.candidates_of(one(connection, "SELECT trace FROM candidates")) == [first]


def test_a_trade_that_was_taken_back_is_told_where_it_was_closed(
    story: Story, url: str, connection: Connection
) -> None:
    """What it had brought is still on record, as taken back."""
    market = MarketStory(story)
    story.open_account()
    market.open_market("aa")
    candidate = market.buy("aa")
    market.resolve("aa", candidate)
    market.reverse(candidate)
    found = listings(story, url, connection)
    closed = one(connection, "SELECT closed_seq FROM trades WHERE status = 'reversed'")
    assert [row["status"] for row in found.trades([closed])] == ["reversed"]


def test_a_runs_newest_packet_is_known(story: Story, url: str, connection: Connection) -> None:
    """A number beyond it is on record nowhere."""
    story.open_account()
    found = listings(story, url, connection)
    assert found.newest() == story.seq
    assert PathListings(connection, "none").newest() is None
