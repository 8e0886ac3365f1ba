"""Alerts as rows: the same from a journal that is projected at once, in pieces, or anew."""

from __future__ import annotations

from collections.abc import Callable

from tests.store.market_story import MarketStory
from tests.store.story import CODEC, Story, project, rows_of
from tradeworthy.store.alert_rows import Connection, known_alerts
from tradeworthy.store.catch_up import project_all, rebuild

ALERTS = "SELECT severity, title FROM alerts WHERE run = %s ORDER BY seq, id"


def test_a_story_leaves_its_alerts(story: Story, url: str, connection: Connection) -> None:
    """H10: trades, halts, crashes and health, each at its packet."""
    story.open_account()
    story.round_trips(1)
    story.operations()
    project(story, url)
    assert connection.execute(ALERTS, [story.run]).fetchall() == [
        ("low", "Started"),
        ("normal", "Trade: breakout bought BTCUSDT"),
        ("normal", "Trade: breakout closed BTCUSDT, P&L -0.0059975"),
        ("critical", "TRADING HALTED"),
        ("normal", "Trading resumed"),
        ("critical", "TRADING HALTED: breakout"),
        ("critical", "CRASH: breakout"),
        ("critical", "CRASH: breakout"),
        ("high", "Feed stale: feed"),
        ("low", "Well again: feed"),
    ]


def test_what_is_projected_in_pieces_is_what_is_projected_at_once(
    story: Story, new_database: Callable[[], str]
) -> None:
    """The rules remember between processes what an entry cost so far, and who is unwell."""
    pieces, whole = new_database(), new_database()
    for write in (story.open_account, story.enter, story.operations, story.order_refused, story.enter):
        write()
        project(story, pieces)
    project(story, whole)
    assert rows_of(pieces)["alerts"] == rows_of(whole)["alerts"] != []


def test_titles_of_markets_are_remembered_between_processes(
    story: Story, url: str, connection: Connection
) -> None:
    """A9: what another process tells is called as the market is, also in a run of before there were titles."""
    market = MarketStory(story)
    story.open_account()
    market.open_market("aa")
    project(story, url)
    kept = known_alerts(connection, story.run, begun=True).titles
    assert kept == {"polymarket:0xaa": "Will Bitcoin be above $97,000 (aa)?"}
    connection.execute("UPDATE runs SET alert_state = NULL")
    assert known_alerts(connection, story.run, begun=True).titles == kept
    market.buy("aa")
    project(story, url)
    newest = connection.execute("SELECT title FROM alerts ORDER BY seq DESC LIMIT 1").fetchone()
    assert newest == ("Trade: oracle-sniper bought YES of Will Bitcoin be above $97,000 (aa)?",)
    connection.execute("UPDATE runs SET alert_state = NULL")
    connection.execute("UPDATE markets SET title = NULL")
    assert known_alerts(connection, story.run, begun=True).titles == {}, "one that closed unseen has none"


def test_what_the_rules_remember_is_written_when_it_changed(
    story: Story, url: str, connection: Connection
) -> None:
    """Rows of which no rule heard leave it as it was."""
    story.open_account()
    project(story, url)
    before = known_alerts(connection, story.run, begun=True)
    assert before.started
    story.order_cancelled()
    project(story, url)
    story.order_cancelled()
    project(story, url)
    assert known_alerts(connection, story.run, begun=True) == before


def test_a_rebuild_makes_the_same_alerts(story: Story, url: str) -> None:
    """From nothing: what the rules remember is forgotten with the rows."""
    story.open_account()
    story.round_trips(3)
    story.operations()
    story.durable()
    project_all(story.home, url, CODEC)
    before = rows_of(url)["alerts"]
    rebuild(story.home, url, CODEC)
    assert rows_of(url)["alerts"] == before


def test_a_run_of_before_there_were_alerts_goes_on_with_what_it_holds(
    story: Story, url: str, connection: Connection
) -> None:
    """A1: its start is no news; what it holds is known from its positions. A rebuild tells the rest."""
    story.open_account()
    story.enter()
    project(story, url)
    connection.execute("DELETE FROM alerts")
    connection.execute("UPDATE runs SET alert_state = NULL")
    state = known_alerts(connection, story.run, begun=True)
    assert state.started
    assert state.held["breakout/BTCUSDT"].lots == 10
    assert state.held["breakout/BTCUSDT"].cost == 1000 * 10 * 10_000
    assert not known_alerts(connection, story.run, begun=False).started
    story.operations()
    project(story, url)
    assert connection.execute(ALERTS, [story.run]).fetchone() == ("critical", "TRADING HALTED")
