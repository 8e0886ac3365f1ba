"""Prediction markets in the tables: what `paper_trades`, `markets`, `opportunities` and `allocations` say of a day."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from tests.store.market_story import ATOMIC, DESK, SNIPER, MarketStory, market_id
from tests.store.story import CODEC, Story, project, rows_of
from tradeworthy.core.errors import UsageError
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import PositionChanged
from tradeworthy.execution.orders import FillObserved
from tradeworthy.journal.reader import read
from tradeworthy.market.instruments import Side
from tradeworthy.reporting.daily import csv_text, text
from tradeworthy.reporting.running_summary import RunningSummary
from tradeworthy.store.changes import Changes
from tradeworthy.store.projection import Projection
from tradeworthy.store.queries import Connection, Queries
from tradeworthy.store.trade_rows import KnownTrades, TradeRows
from tradeworthy.store.values import Ids


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A journal of a run of the arbitrage desk."""
    with Story(tmp_path / "home" / "runs" / "pilot-1", kind="arbitrage") as story:
        yield story


def asked(connection: Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    """Rows by column names."""
    return connection.cursor(row_factory=dict_row).execute(query, values).fetchall()


def trades_of(connection: Connection, story: Story, candidate: int) -> list[dict[str, Any]]:
    """The rows of `paper_trades` of a candidate, by leg."""
    request = Ids(story.run).of(candidate)
    return asked(connection, "SELECT * FROM paper_trades WHERE request_id = %s ORDER BY leg_no", request)


def test_a_resolved_trade_has_every_column(story: Story, url: str, connection: Connection) -> None:
    """11.74 shares at .85 that pay 1: 1.65622 realised, status resolved, and all that the request rested on (A5)."""
    made = MarketStory(story).day()
    project(story, url)
    (row,) = trades_of(connection, story, made["settled"])
    wanted = {
        "opportunity_id": str(Ids(story.run).of(made["settled"])),
        "opportunity_type": "oracle_lag",
        "market_id": market_id("aa"),
        "venue": "polymarket",
        "side": "buy",
        "outcome": "YES",
        "quantity": Decimal("11.74"),
        "price": Decimal("0.85"),
        "fees": Decimal("0.10478"),
        "expected_edge": Decimal("0.113866"),
        "strategy_id": SNIPER,
        "risk_approved": True,
        "risk_rejection_reason": None,
        "status": "resolved",
        "exit_price": Decimal(1),
        "realized_pnl": Decimal("1.65622"),
        "group_id": Ids(story.run).of(made["settled"]),
        "leg_no": 0,
        "token_id": "yes-aa",
        "notional": Decimal("9.979"),
        "mode": "paper",
        "run": "pilot-1",
        "liquidity": "taker",
        "latency_ms": 250.0,
        "fair_value": 0.972791,
        "oracle_value": 97_500.0,
        "reason": "settled",
        "disputed": False,
        "books": "simulated",
    }
    assert {name: row[name] for name in wanted} == wanted
    assert row["resolved_at"] > row["created_at"] > row["oracle_ts"] > row["book_ts"]


def test_merged_legs_are_closed_trades_of_one_request(story: Story, url: str, connection: Connection) -> None:
    """Two legs, one group, each a row of its own; sets that became money are closed, not resolved."""
    made = MarketStory(story).day()
    project(story, url)
    rows = trades_of(connection, story, made["merged"])
    assert [(row["leg_no"], row["outcome"], row["status"], row["reason"]) for row in rows] == [
        (0, "YES", "closed", "merged"),
        (1, "NO", "closed", "merged"),
    ]
    assert {row["strategy_id"] for row in rows} == {ATOMIC}
    assert {row["opportunity_type"] for row in rows} == {"mispricing"}
    assert sum(row["notional"] for row in rows) == Decimal("4.80")
    paid = sum(row["realized_pnl"] + row["fees"] for row in rows)
    assert paid == Decimal("0.20")


def test_refused_and_unfilled_requests_are_rows_and_in_no_total(
    story: Story, url: str, connection: Connection
) -> None:
    """A row for each leg with risk's word as it was; found but never asked for is no request."""
    made = MarketStory(story).day()
    project(story, url)
    (refused,) = trades_of(connection, story, made["refused"])
    assert (refused["status"], refused["risk_approved"], refused["risk_rejection_reason"]) == (
        "rejected", False, "position_limit",
    )  # fmt: skip
    assert (refused["side"], refused["outcome"], refused["quantity"], refused["price"]) == (
        "buy", "NO", Decimal("9.00"), Decimal("0.14"),
    )  # fmt: skip
    unfilled = trades_of(connection, story, made["unfilled"])
    assert [(row["leg_no"], row["status"], row["risk_approved"], row["reason"]) for row in unfilled] == [
        (0, "cancelled", True, "price_moved"),
        (1, "cancelled", True, "price_moved"),
    ]
    assert [row["token_id"] for row in unfilled] == ["yes-bb", "no-bb"]
    assert len({row["id"] for row in unfilled}) == 2
    assert trades_of(connection, story, made["skipped"]) == []
    summary = Queries(connection).summary()
    assert (summary["total_trades"], summary["open_trades"], summary["closed_trades"]) == (4, 1, 3)
    assert summary["risk_rejections"] == [{"reason": "position_limit", "count": 1}]


def test_each_leg_of_a_request_is_one_row(story: Story, url: str, connection: Connection) -> None:
    """(request_id, leg_no) is unique, ids are, and what S11 asks for is never empty (A5)."""
    MarketStory(story).day()
    project(story, url)
    rows = asked(connection, "SELECT * FROM paper_trades")
    assert len({(row["request_id"], row["leg_no"]) for row in rows}) == len(rows) == 7
    assert len({row["id"] for row in rows}) == len(rows)
    always = ("id created_at opportunity_type market_id side status venue outcome quantity price fees expected_edge"
              " strategy_id risk_approved opportunity_id token_id run mode")  # fmt: skip
    assert [name for name in always.split() if any(row[name] is None for row in rows)] == []


def test_a_disputed_market_s_trade_stays_open_and_is_flagged(
    story: Story, url: str, connection: Connection
) -> None:
    """Nothing is realised before the outcome."""
    made = MarketStory(story).day()
    project(story, url)
    (row,) = trades_of(connection, story, made["open"])
    assert (row["status"], row["disputed"], row["realized_pnl"]) == ("open", True, None)


def test_markets_tell_their_life(story: Story, url: str, connection: Connection) -> None:
    """Title, tokens, whose books, and how it ended."""
    MarketStory(story).day()
    project(story, url)
    rows = asked(connection, "SELECT * FROM markets ORDER BY market")
    assert [(row["market"][-2:], row["status"], row["payout"]) for row in rows] == [
        ("aa", "resolved", Decimal(1)),
        ("bb", "open", None),
        ("cc", "disputed", None),
    ]
    first = rows[0]
    assert first["title"].startswith("Will Bitcoin be above")
    assert (first["yes_token"], first["no_token"], first["books"]) == ("yes-aa", "no-aa", "simulated")
    assert first["opened_at"] < first["closed_at"] < first["resolved_at"]
    assert (rows[2]["reason"], rows[2]["disputed_at"] is not None) == ("contested", True)


def test_every_detection_and_gap_is_a_row(story: Story, url: str, connection: Connection) -> None:
    """Traded, refused and skipped ones; those that vanished within the latency have a row as well."""
    made = MarketStory(story).day()
    project(story, url)
    rows = asked(connection, "SELECT * FROM opportunities ORDER BY seq")
    assert sum(row["detected"] for row in rows) == 6
    assert [row["gap_ms"] for row in rows if not row["detected"]] == [120.0, 90.0]
    found = {row["seq"]: row for row in rows}
    settled = found[made["settled"]]
    assert (settled["gap_ms"], settled["survived"], settled["method"]) == (4_250.0, True, "O1")
    assert (settled["oracle_age_ms"], settled["book_age_ms"]) == (40.0, 900.0)
    assert (settled["capacity"], settled["profit"]) == (Decimal("400.00"), Decimal(45))
    assert settled["legs"][0]["instrument"] == f"{market_id('aa')}:YES"
    skipped = found[made["skipped"]]
    assert (skipped["skip"], len(skipped["legs"]), skipped["gap_ms"]) == ("strategy_off", 2, None)


def test_a_strategy_s_request_completes_the_scanner_s_candidate(
    story: Story, url: str, connection: Connection
) -> None:
    """One candidate from detection over intent to verdict, under the desk's name, with its path (P2)."""
    made = MarketStory(story).day()
    project(story, url)
    found = Queries(connection).trace(str(made["settled"]))
    candidate = found["candidate"]
    assert (candidate["desk"], candidate["strategy"], candidate["verdict"]) == ("arbitrage", SNIPER, "FILLED")
    assert (candidate["quantity"], candidate["price"], candidate["side"]) == (
        Decimal("11.74"), Decimal("0.85"), "buy",
    )  # fmt: skip
    assert candidate["intent"]["strategy"] == SNIPER
    assert [row["type"] for row in found["path"]] == [
        "OpportunityDetected", "IntentProposed", "Decision", "PlaceOrder", "FillObserved", "PositionChanged",
        "OrderObserved", "Verdict", "GapClosed", "TradeClosed",
    ]  # fmt: skip
    kinds = {row["type"] for row in Queries(connection).trace(str(made["skipped"]))["path"]}
    assert kinds == {"OpportunityDetected", "Verdict"}


def test_fills_tell_their_latency_and_leg(story: Story, url: str, connection: Connection) -> None:
    """From the order to the fill, in ms of session time."""
    made = MarketStory(story).day()
    project(story, url)
    rows = asked(connection, "SELECT latency_ms, maker FROM fills")
    assert [(row["latency_ms"], row["maker"]) for row in rows] == [(250.0, False)] * 4
    orders = asked(connection, "SELECT leg_no FROM orders WHERE candidate = %s ORDER BY 1", made["merged"])
    assert [row["leg_no"] for row in orders] == [0, 1]


def test_allocations_are_kept_and_the_last_ones_are_shown(
    story: Story, url: str, connection: Connection
) -> None:
    """A row for each strategy and time; the present shares are the newest."""
    MarketStory(story).day()
    project(story, url)
    assert len(asked(connection, "SELECT * FROM allocations")) == 4
    now = Queries(connection).allocations()
    assert [(row["strategy"], row["share"], row["reason"]) for row in now] == [
        (ATOMIC, 0.4, "midnight"),
        (SNIPER, 0.6, "midnight"),
    ]


def test_a_fill_reversed_after_its_token_is_gone_is_no_crash(
    story: Story, url: str, connection: Connection
) -> None:
    """The row keeps what it knew, counts no more, and what is delisted is forgotten."""
    teller = MarketStory(story)
    made = teller.day()
    teller.reverse(made["settled"])
    project(story, url)
    assert trades_of(connection, story, made["settled"]) == []
    summary = Queries(connection).summary()
    assert (summary["closed_trades"], summary["by_strategy"][1]) == (
        2, {"strategy": SNIPER, "trades": 1, "pnl": Decimal(0)},
    )  # fmt: skip
    kept = asked(connection, "SELECT quantity, market FROM trades WHERE status = 'reversed'")
    assert kept == [{"quantity": Decimal("11.74"), "market": market_id("aa")}]


@pytest.mark.parametrize("stride", [5, 23])
def test_however_often_the_projector_starts_again_the_rows_are_the_same(
    story: Story, url: str, new_database: Any, stride: int
) -> None:
    """A new projection after every few records knows from the tables what it needs (A9)."""
    teller = MarketStory(story)
    teller.reverse(teller.day()["settled"])
    story.durable()
    for place in [record.place for record in read(story.folder)][::stride]:
        one = Projection(story.folder, story.header, CODEC)
        one.attach(url)
        one.advance(place, final=True)
        one.detach()
    project(story, url)
    whole = new_database()
    project(story, whole)
    assert rows_of(url) == rows_of(whole)


def test_the_projector_forgets_what_is_delisted(story: Story, url: str) -> None:
    """What it holds in memory follows the open markets, not all there ever were (A10)."""
    teller = MarketStory(story)
    for number in range(40):
        name = f"{number:02x}"
        teller.open_market(name)
        teller.resolve(name, teller.buy(name))
        teller.delist(name)
    story.durable()
    one = Projection(story.folder, story.header, CODEC)
    one.attach(url)
    one.advance(None, final=True)
    known = one._rows.known
    assert (known.scales, known.trades.open, len(known.trades.flat)) == ({}, {}, 0)
    one.attach(url)
    assert one._rows.known.scales == {}
    one.detach()


def test_the_summary_has_opportunities_strategies_and_books(
    story: Story, url: str, connection: Connection
) -> None:
    """Counts by method, lifetimes, why not traded; the same as the packets alone give (A6).

    A gap that stood at the session's end is still open.
    """
    market = MarketStory(story)
    market.day()
    market.gap("cc", 60_000, reason="session_ended")
    project(story, url)
    summary = Queries(connection).summary()
    assert summary["opportunities"] == {
        "detected": 6,
        "survived": 2,
        "vanished": 2,
        "p50_ms": 120.0,
        "p90_ms": 4_250.0,
        "by_method": [
            {"method": "M1", "detected": 3, "survived": 1, "vanished": 2, "p50_ms": 120.0, "p90_ms": 700.0},
            {"method": "O1", "detected": 3, "survived": 1, "vanished": 0, "p50_ms": 4_250.0, "p90_ms": 4_250.0},
        ],
        "not_traded": [
            {"reason": "position_limit", "count": 1},
            {"reason": "price_moved", "count": 1},
            {"reason": "strategy_off", "count": 1},
        ],
    }  # fmt: skip
    assert [(row["strategy"], row["trades"]) for row in summary["by_strategy"]] == [(ATOMIC, 2), (SNIPER, 2)]
    assert (summary["books"], summary["desk_kinds"]) == ("simulated", ["arbitrage"])
    running = RunningSummary(story.run, "paper", "USDT", ["arbitrage"])
    for _, packet in story.packets:
        running.add(packet)
    assert running.figures() == summary
    shown = text(summary)
    assert shown.startswith("PM Arbitrage - Daily Summary\n─────────────────────────────\nTRADES\n")
    assert "  books: simulated\n" in shown


def test_a_report_of_one_strategy_leaves_the_others_out(
    story: Story, url: str, connection: Connection
) -> None:
    """Trades, refusals, fills and opportunities of that part of the desk alone; a wrong name is told (A6)."""
    made = MarketStory(story).day()
    project(story, url)
    queries = Queries(connection)
    summary = queries.summary(strategy=SNIPER)
    assert (summary["strategy"], summary["total_trades"], summary["fills"]) == (SNIPER, 2, 2)
    assert summary["realized_pnl"] == Decimal("1.65622")
    assert summary["risk_rejections"] == [{"reason": "position_limit", "count": 1}]
    assert [row["method"] for row in summary["opportunities"]["by_method"]] == ["O1"]
    assert queries.summary(strategy=ATOMIC)["risk_rejections"] == []
    assert summary["candidates"] == 3
    rows = queries.paper_trades(strategy=ATOMIC)
    assert {str(row["request_id"]) for row in rows} == {
        str(Ids(story.run).of(made[name])) for name in ("merged", "unfilled")
    }
    with pytest.raises(UsageError, match="did you mean oracle-sniper"):
        queries.summary(strategy="oracle-snyper")


def test_csv_has_a_line_for_each_row(story: Story, url: str, connection: Connection) -> None:
    """The view's columns, exact numbers, ISO times, booleans as words."""
    MarketStory(story).day()
    project(story, url)
    lines = csv_text(Queries(connection).paper_trades()).splitlines()
    assert len(lines) == 8
    heads = lines[0].split(",")
    assert heads[:6] == ["id", "created_at", "opportunity_id", "opportunity_type", "market_id", "venue"]
    first = dict(zip(heads, lines[1].split(","), strict=True))
    assert (first["quantity"], first["realized_pnl"], first["risk_approved"]) == ("11.74", "1.65622", "true")
    assert first["created_at"].endswith("Z")


def test_legs_that_fill_in_one_turn_keep_their_request() -> None:
    """The fills of a group come before all that they make of the positions: each trade knows its own order."""
    changes, known = Changes(), KnownTrades()
    rows = TradeRows("pilot-1", Ids("pilot-1"), {}, known)
    legs = [f"{market_id(name)}:NO" for name in ("aa", "bb", "cc")]
    for number, instrument in enumerate(legs):
        filled = FillObserved(
            "polymarket", f"7.{number}/1", f"7.{number}", DESK, instrument, instrument, Side.BUY, 40, 500, 0, False, 5
        )  # fmt: skip
        rows.add(Packet(10 + number, 3, 9, 5, "paper-executor", filled), changes)
    for number, instrument in enumerate(legs):
        held = PositionChanged(DESK, instrument, instrument, 500, 500, 0, 0, 5)
        rows.add(Packet(13 + number, 3, 10 + number, 5, "ledger", held), changes)
    assert [(row["entry_candidate"], row["entry_order"]) for row in changes.new["trades"]] == [
        (7, "7.0"),
        (7, "7.1"),
        (7, "7.2"),
    ]
