"""What report, trace and why are told: totals that SQL confirms, and nobody's refusals among them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.store.story import BEGIN, BTC, CASH, DAY, Story, project
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.execution.accounting import (
    Opened,
    PositionChanged,
    PositionRecord,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.market.instruments import InstrumentListed, Side
from tradeworthy.reporting.running_summary import RunningSummary
from tradeworthy.store.queries import Connection, Queries
from tradeworthy.store.values import Ids


def test_totals_are_sql_counts_and_leave_refusals_out(story: Story, url: str, connection: Connection) -> None:
    """Three trades, one open; two refused candidates are in risk_rejections and in no total (A6, S10)."""
    story.open_account()
    story.round_trips(2)
    story.order_refused()
    story.order_refused()
    story.order_cancelled()
    story.enter()
    project(story, url)
    summary = Queries(connection).summary()
    assert (summary["total_trades"], summary["open_trades"], summary["closed_trades"]) == (3, 1, 2)
    assert (summary["wins"], summary["losses"], summary["win_rate"]) == (1, 1, 0.5)
    assert summary["risk_rejections"] == [{"reason": "position_limit", "count": 2}]
    assert summary["rejections"] == 2
    pnl = Decimal("0.01") - Decimal("0.001005") + Decimal("-0.005") - Decimal("0.0009975")
    assert summary["realized_pnl"] == pnl
    assert summary["by_strategy"] == [{"strategy": "breakout", "trades": 3, "pnl": pnl}]
    assert summary["by_opportunity_type"] == [{"type": "breakout", "trades": 3, "pnl": pnl}]
    assert summary["fills"] == 5
    assert {(row["outcome"], row["reason"]): row["count"] for row in summary["verdicts"]} == {
        ("FILLED", "filled"): 5,
        ("REJECTED", "position_limit"): 2,
        ("EXPIRED", "expired"): 1,
        ("SKIPPED", "too_wide"): 1,
    }
    counted = connection.execute(
        "SELECT count(*) FILTER (WHERE status IN ('open', 'closed', 'resolved')),"
        " count(*) FILTER (WHERE status = 'closed'),"
        " sum(realized_pnl), count(*) FILTER (WHERE status = 'rejected' AND NOT risk_approved),"
        " count(*) FILTER (WHERE status = 'cancelled' AND risk_approved) FROM paper_trades"
    ).fetchone()
    assert counted == (3, 2, pnl, 2, 1)


def test_a_backtest_counts_the_same_without_a_database(
    story: Story, url: str, connection: Connection
) -> None:
    """The running summary of the packets equals the tables' summary, key by key."""
    story.open_account()
    story.round_trips(5)
    story.order_refused()
    story.order_cancelled()
    story.operations()
    story.enter()
    project(story, url)
    running = RunningSummary(story.run, "paper", "USDT")
    for _, packet in story.packets:
        running.add(packet)
    assert running.figures() == Queries(connection).summary()


def test_days_count_back_from_the_last_event(story: Story, url: str, connection: Connection) -> None:
    """Session time, not today: yesterday's trades are out of `--days 1`."""
    story.open_account()
    story.round_trips(3)
    story.ts += 3 * DAY
    story.round_trips(2)
    project(story, url)
    queries = Queries(connection)
    assert queries.summary()["closed_trades"] == 5
    day = queries.summary(days=1)
    assert day["closed_trades"] == 2
    last = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=story.ts // 1000)
    assert day["period"] == {"from": last - timedelta(days=1), "to": last}
    with pytest.raises(UsageError, match="--days 0"):
        queries.summary(days=0)


def test_a_run_and_its_parents_are_one_report(tmp_path: Path, url: str, connection: Connection) -> None:
    """Closed trades of both count, what was open is the child's alone (A9, S14)."""
    with Story(tmp_path / "runs" / "breakout-1") as parent:
        parent.open_account()
        parent.round_trips(2)
        parent.enter(lots=10, ticks=1000)
        project(parent, url)
    with Story(tmp_path / "runs" / "breakout-2", parent="breakout-1", begin=BEGIN + DAY) as child:
        child.turn(InstrumentListed(BTC))
        held = PositionRecord("breakout", "BTCUSDT", "BTCUSDT", 10, CASH, BEGIN)
        child.turn(
            Opened("breakout-1", 9_999 * CASH, (held,)),
            PositionChanged("breakout", "BTCUSDT", "BTCUSDT", 10, CASH, 0, 0, BEGIN),
        )
        project(child, url)
        carried = Queries(connection).summary()
        assert (carried["runs"], carried["total_trades"], carried["open_trades"]) == (
            ["breakout-2", "breakout-1"], 3, 1,
        )  # fmt: skip
        assert {"type": "carried", "trades": 1, "pnl": 0} in carried["by_opportunity_type"]
        child.leave(0)
        project(child, url)
    closed = Queries(connection).summary()
    assert (closed["total_trades"], closed["open_trades"], closed["closed_trades"]) == (3, 0, 3)
    assert Queries(connection, "breakout-1").summary()["open_trades"] == 1


def test_a_reversed_trade_is_in_no_total(story: Story, url: str, connection: Connection) -> None:
    """The venue took a fill back after its trade had closed."""
    story.open_account()
    story.round_trips(3)
    story.quiet(1)
    entry = story.enter()
    exit_ = story.leave(entry)
    closed = closed_trades(story)[-1]
    reversed_ = TradeReversed(
        "breakout", "BTCUSDT", "BTCUSDT", Side.BUY, 10, closed.fees, closed.pnl, closed.closed_ts, exit_, story.ts,
        "fill failed",
    )  # fmt: skip
    back = PositionChanged("breakout", "BTCUSDT", "BTCUSDT", 10, CASH, 0, 50_000, story.ts)
    story.turn(story.bar(), reversed_, back)
    project(story, url)
    summary = Queries(connection).summary()
    assert (summary["closed_trades"], summary["open_trades"]) == (3, 1)
    daily = Queries(connection).daily()
    assert sum(day["trades"] for day in daily) == 3
    assert sum(day["pnl"] for day in daily) == summary["realized_pnl"]


def closed_trades(story: Story) -> list[TradeClosed]:
    """The trades that the story closed."""
    return [packet.event for _, packet in story.packets if isinstance(packet.event, TradeClosed)]


def test_money_is_exact_to_the_last_unit(story: Story, url: str, connection: Connection) -> None:
    """NUMERIC from integers: sums of cash units and of rows agree, down to 1e-8."""
    story.open_account()
    story.round_trips(30)
    project(story, url)
    units = sum(trade.pnl for trade in closed_trades(story))
    assert Queries(connection).summary()["realized_pnl"] == Decimal(units).scaleb(-8)
    assert sum(row["pnl"] for row in Queries(connection).trades(100)) == Decimal(units).scaleb(-8)


def test_trace_shows_how_a_filled_candidate_went(story: Story, url: str, connection: Connection) -> None:
    """From the candidate over decision, order and fill to its verdict; by seq or by id, of any packet on it (P2)."""
    story.open_account()
    entry = story.enter()
    project(story, url)
    queries = Queries(connection)
    found = queries.trace(str(entry))
    kinds = [row["type"] for row in found["path"]]
    assert kinds == [
        "TradeCandidate", "Decision", "PlaceOrder", "FillObserved", "PositionChanged", "OrderObserved", "Verdict",
    ]  # fmt: skip
    assert found["ended"] == "FILLED filled"
    assert found["candidate"]["seq"] == entry
    fill = next(row for row in found["path"] if row["type"] == "FillObserved")
    assert queries.trace(str(fill["seq"]))["path"] == found["path"]
    assert queries.trace(str(Ids(story.run).of(entry)))["path"] == found["path"]
    assert queries.trace(str(entry - 1))["path"] == found["path"]


def test_trace_names_where_a_refused_and_an_open_candidate_died(
    story: Story, url: str, connection: Connection
) -> None:
    """The verdict with its rule, or the last thing that happened (P2)."""
    story.open_account()
    refused = story.order_refused()
    waiting = story.order(Side.BUY, 10, 1000, "breakout")
    project(story, url)
    queries = Queries(connection)
    found = queries.trace(str(refused))
    assert found["ended"] == "REJECTED position_limit"
    assert (found["candidate"]["rule"], found["candidate"]["limits"]) == ("position_limit", {"share": 0.2})
    assert queries.trace(str(waiting))["ended"] == "open at PlaceOrder"
    with pytest.raises(NotAvailable, match="led to no decision"):
        queries.trace("999999")
    with pytest.raises(UsageError, match="neither a seq"):
        queries.trace("soon")


def test_why_counts_the_quiet_turns_of_an_hour(story: Story, url: str, connection: Connection) -> None:
    """Turns without a candidate by reason, and the verdicts of the candidates there were (P2)."""
    story.open_account()
    story.quiet(58)
    story.refuse("position_limit")
    story.quiet(5)
    story.operations()
    project(story, url)
    begin = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=BEGIN // 1000)
    assert Queries(connection).why("breakout") == {
        "run": story.run,
        "desk": "breakout",
        "from": begin,
        "to": begin + timedelta(hours=1),
        "turns": [{"reason": "no_breakout", "turns": 57}, {"reason": "held", "turns": 3}],
        "verdicts": [{"outcome": "REJECTED", "reason": "position_limit", "count": 1}],
    }
    assert Queries(connection).why("breakout", begin + timedelta(hours=5))["turns"] == []
    with pytest.raises(UsageError, match="did you mean breakout"):
        Queries(connection).why("breakot")


def test_what_is_held_halted_and_marked(story: Story, url: str, connection: Connection) -> None:
    """Positions, open trades, latches and the equity curve, as status shows them (A9)."""
    story.open_account()
    story.round_trips(2)
    story.operations()
    story.enter()
    project(story, url)
    queries = Queries(connection)
    assert [(row["position"], row["lots"]) for row in queries.positions()] == [("BTCUSDT", 10)]
    assert [row["lots_held"] for row in queries.open_trades()] == [10]
    assert [(row["desk"], row["rule"]) for row in queries.halts()] == [("breakout", "drawdown")]
    assert [row["equity"] for row in queries.equity()] == [Decimal("9999.9940025"), Decimal("10000.008995")]


def test_an_empty_database_and_an_unknown_run_say_what_to_do(
    story: Story, url: str, connection: Connection
) -> None:
    """Exit codes 3 and 2, with the next step (A11)."""
    with pytest.raises(NotAvailable, match="tradeworthy demo"):
        Queries(connection)
    story.open_account()
    project(story, url)
    with pytest.raises(UsageError, match="did you mean breakout-1"):
        Queries(connection, "breakot-1")


def test_s11_gives_a_row_for_each_trade_and_refusal(story: Story, url: str, connection: Connection) -> None:
    """S11's columns are filled (A5)."""
    story.open_account()
    story.round_trips(1)
    story.order_refused()
    story.enter()
    project(story, url)
    rows = connection.execute(
        "SELECT id, created_at, opportunity_type, market_id, side, status FROM paper_trades"
        " ORDER BY created_at DESC LIMIT 5"
    ).fetchall()
    assert [row[2:] for row in rows] == [
        ("breakout", "BTCUSDT", "buy", "open"),
        ("breakout", "BTCUSDT", "buy", "rejected"),
        ("breakout", "BTCUSDT", "buy", "closed"),
    ]
    assert all(row[0] and row[1] for row in rows)
