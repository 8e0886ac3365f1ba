"""What a report shows besides the summary: rows that add up to it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.store.story import BEGIN, DAY, MINUTE, Story, project
from tradeworthy.execution.accounting import EquityMarked
from tradeworthy.risk.stance import Posture, PostureChanged
from tradeworthy.store.queries import Connection, Queries

UNIT = 100_000_000


def mark(story: Story, equity: int) -> None:
    """The account is worth `equity`."""
    story.turn(story.bar(), EquityMarked(story.ts, equity * UNIT, 0, equity * UNIT, 0, 0, equity * UNIT, 0))


def test_days_strategies_and_trades_add_up_to_the_summary(
    story: Story, url: str, connection: Connection
) -> None:
    """Over two days, with trades that won and that lost, and one open."""
    story.open_account()
    story.round_trips(4)
    story.ts = BEGIN + DAY + 60 * MINUTE
    story.round_trips(3)
    story.enter()
    project(story, url)
    records = Queries(connection)
    summary, details = records.summary(), records.details()
    days, parts = details.days(), details.strategies()
    for rows in (days, parts):
        assert sum(row["trades"] for row in rows) == summary["closed_trades"] == 7
        assert sum(row["wins"] for row in rows) == summary["wins"]
        assert sum(row["losses"] for row in rows) == summary["losses"]
        assert sum(row["pnl"] for row in rows) == summary["realized_pnl"]
    assert sum(row["fees"] for row in days) == summary["fees"]
    assert [row["day"].isoformat() for row in days] == ["2023-11-14", "2023-11-15"]
    closed = details.closed()
    assert sum(row["pnl"] for row in closed) == summary["realized_pnl"]
    wins, losses = details.largest(wins=True), details.largest(wins=False)
    assert [row["pnl"] for row in wins] == sorted((row["pnl"] for row in wins), reverse=True)
    assert [row["pnl"] for row in losses] == sorted(row["pnl"] for row in losses)
    assert all(row["pnl"] > 0 for row in wins)
    assert all(row["pnl"] < 0 for row in losses)
    (held,) = details.open_trades()
    assert held["closed_at"] is None


def test_one_strategy_s_part_is_its_own(story: Story, url: str, connection: Connection) -> None:
    """Its trades and fees; days of the account's marks stay."""
    story.open_account()
    story.round_trips(2)
    project(story, url)
    records = Queries(connection)
    assert len(records.details(None, "breakout").closed()) == 2
    assert records.details(None, "breakout").days() == records.details().days()


def test_the_account_s_drawdown_is_that_of_the_period(story: Story, url: str, connection: Connection) -> None:
    """From the highest mark so far; a mark at the very end is of the day that it ends."""
    story.open_account()
    for equity in (100, 120, 90, 110):
        mark(story, equity)
    story.ts = BEGIN + DAY
    mark(story, 108)
    project(story, url)
    details = Queries(connection).details()
    account = details.account()
    assert (account["first_equity"], account["last_equity"]) == (Decimal(100), Decimal(108))
    assert account["max_drawdown"] == pytest.approx(0.25)
    assert account["drawdown"] == pytest.approx(0.1)
    assert [float(row["equity"]) for row in details.equity()] == [100, 120, 90, 110, 108]
    assert {row["day"].isoformat() for row in details.days()} <= {"2023-11-14", "2023-11-15"}


def test_an_account_that_was_never_marked_has_no_figures(
    story: Story, url: str, connection: Connection
) -> None:
    """None is not nothing."""
    story.quiet(2)
    project(story, url)
    details = Queries(connection).details()
    assert set(details.account().values()) == {None}
    assert details.equity() == details.days() == details.halts() == details.postures() == []


def test_halts_and_postures_of_the_period_are_listed(story: Story, url: str, connection: Connection) -> None:
    """The newest first; one that was released says by whom, one in force does not."""
    story.open_account()
    story.operations()
    changed = PostureChanged(Posture.TURTLE, Posture.APEX, 0.4, (0.0, 0.0, 0.0, 0.0, 0.6), "falls")
    story.turn(story.bar(), changed)
    project(story, url)
    details = Queries(connection).details()
    (desk, everyone) = details.halts()
    assert (desk["desk"], desk["rule"], desk["released_at"]) == ("breakout", "drawdown", None)
    assert (everyone["by"], everyone["released_by"], everyone["release_reason"]) == ("ann", "ann", "fine")
    (posture,) = details.postures()
    assert (posture["before"], posture["posture"], posture["categories"]["capital"]) == (
        "APEX",
        "TURTLE",
        0.6,
    )


def test_closes_are_those_of_bars_in_the_tables(tmp_path: Path, url: str, connection: Connection) -> None:
    """At each bar's close, the last of each part; none where the desk keeps no bars."""
    with Story(tmp_path / "home" / "runs" / "with-bars", bars=True) as story:
        story.open_account()
        story.quiet(10)
        project(story, url)
    details = Queries(connection, "with-bars").details()
    closes = details.closes(1_000)
    assert {row["instrument"] for row in closes} == {"BTCUSDT"}
    assert [row["at"] for row in closes] == sorted(row["at"] for row in closes)
    assert len(details.closes(2)) <= 3 < len(closes)
    assert details.about()["configuration"]["name"] == "breakout"
    assert details.about()["created_at"] >= datetime(2023, 11, 14, tzinfo=UTC)
