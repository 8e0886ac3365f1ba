"""The uptrend desk in the tables: `ad_strands` and `lowcap_positions` of the golden packet, and bars."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, LiteralString

import msgspec
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.store.story import Story, project, rows_of
from tests.store.uptrend_story import (
    BONK,
    CAPS,
    CONFIGURED,
    DESK,
    ROW,
    TRADE,
    UptrendStory,
)
from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import TimeAdvanced
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.desks.uptrend import events as uptrend_events
from tradeworthy.desks.uptrend.events import PositionStatusChanged
from tradeworthy.desks.uptrend.names import DecisionType, Stage, Status
from tradeworthy.store.learning_queries import known_uptrend
from tradeworthy.store.queries import Connection
from tradeworthy.store.rows import Known, Rows
from tradeworthy.store.strand_rows import StrandRows
from tradeworthy.store.values import Ids


@pytest.fixture
def teller(tmp_path: Path) -> Iterator[UptrendStory]:
    """A journal of a run of the uptrend desk."""
    with Story(tmp_path / "home" / "runs" / "uptrend-1", kind="uptrend") as story:
        story.header = msgspec.structs.replace(story.header, configuration=CONFIGURED)
        story.resume()
        yield UptrendStory(story)


def asked(connection: Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    """Rows by column names."""
    return connection.cursor(row_factory=dict_row).execute(query, values).fetchall()


def held(connection: Connection, position: str = ROW) -> dict[str, Any]:
    """A position's row as older queries see it."""
    (row,) = asked(connection, "SELECT * FROM lowcap_positions WHERE position = %s", position)
    return row


def test_a_signal_becomes_a_decision_and_four_rows(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """L2: parent_id is the signal's id, the checks stand with their reasons, and the caps are 50/125/700/125."""
    signal = teller.signal()
    project(teller.story, url)
    (taken,) = asked(connection, "SELECT * FROM ad_strands WHERE kind = 'social_lowcap'")
    (decision,) = asked(connection, "SELECT * FROM ad_strands WHERE kind = 'decision_lowcap'")
    assert taken["id"] == decision["parent_id"] == Ids("uptrend-1").of(signal)
    assert taken["tags"] == ["social_lowcap", "dm_candidate"]
    assert (taken["symbol"], taken["target_agent"]) == ("BONK", "decision_maker_lowcap")
    assert taken["signal_pack"]["token"]["market_cap"] == 1e6
    assert decision["content"]["action"] == "approve"
    assert decision["content"]["checks"][0] == {
        "name": "curator", "passed": True, "figure": 0.8, "limit": 0.6, "reason": "score 0.8",
    }  # fmt: skip
    rows = asked(connection, "SELECT * FROM lowcap_positions ORDER BY alloc_cap_usd, timeframe")
    assert {row["timeframe"]: row["alloc_cap_usd"] for row in rows} == {
        timeframe: Decimal(cap) for timeframe, cap in CAPS.items()
    }
    assert {str(row["id"]) for row in rows} == set(decision["content"]["position_ids"])
    assert {row["status"] for row in rows} == {"watchlist"}
    assert rows[0]["curator_sources"] == ["ann"]
    assert rows[0]["source_tweet_url"] == "https://example.org/post-1"
    assert rows[0]["alloc_policy"]["timeframe_splits"]["1h"] == 0.7


def test_a_rejection_makes_no_row(teller: UptrendStory, url: str, connection: Connection) -> None:
    """L2: its decision is on record with the check that failed."""
    teller.signal(approved=False)
    project(teller.story, url)
    (decision,) = asked(connection, "SELECT * FROM ad_strands WHERE kind = 'decision_lowcap'")
    assert (decision["content"]["action"], decision["content"]["allocation_usd"]) == ("reject", 0.0)
    assert decision["tags"] == ["decision", "rejected"]
    assert asked(connection, "SELECT * FROM lowcap_positions") == []


def test_a_repeated_signal_reuses_the_rows(teller: UptrendStory, url: str, connection: Connection) -> None:
    """L2: the same four rows with one more source, also after the projector came back."""
    teller.signal()
    project(teller.story, url)
    before = held(connection)
    teller.turn(
        TimeAdvanced(),
        msgspec.structs.replace(teller.allocated(reused=True), curator_sources=("ann", "bob")),
    )
    project(teller.story, url)
    after = held(connection)
    assert after["curator_sources"] == ["ann", "bob"]
    assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])
    assert asked(connection, "SELECT count(*) FROM lowcap_positions") == [{"count": 4}]


def test_the_golden_packet_leaves_its_strands(teller: UptrendStory, url: str, connection: Connection) -> None:
    """L4: actions, transitions, the episode and the closure are rows of one log, joined by trade and position."""
    seqs = teller.golden()
    project(teller.story, url)
    kinds = [row["kind"] for row in asked(connection, "SELECT kind FROM ad_strands ORDER BY seq")]
    assert sorted(kinds) == sorted(
        [
            *("social_lowcap", "decision_lowcap", "uptrend_episode_summary", "position_closed"),
            *("pm_action", "uptrend_stage_transition") * 3,
        ]
    )
    (closed,) = asked(connection, "SELECT * FROM ad_strands WHERE kind = 'position_closed'")
    assert closed["id"] == Ids("uptrend-1").of(seqs["closed"])
    ids = Ids("uptrend-1")
    actions = asked(
        connection, "SELECT * FROM ad_strands WHERE trade_id = %s AND kind = 'pm_action'", closed["trade_id"]
    )
    assert len(actions) == 3
    assert closed["trade_id"] == ids.named(f"trade/{TRADE}")
    own = asked(connection, "SELECT DISTINCT position_id FROM ad_strands WHERE kind NOT LIKE '%%lowcap'")
    assert own == [{"position_id": ids.named(f"position/{DESK}/{ROW}")}]
    assert closed["content"]["trade_summary"]["pnl_usd"] == -2.1
    first = actions[0]["content"]
    assert (first["pm_strength_applied"], first["exposure_skew_applied"]) == (1.25, 1.0)
    assert first["execution_result"]["status"] == "executed"
    assert (first["execution_result"]["quantity"], first["execution_result"]["notional_usd"]) == (
        210.0,
        210.0,
    )
    assert (first["token_contract"], first["chain"], first["scope"]["curator"]) == ("DezX", "solana", "ann")
    assert first["controls"]["signals"] == {"TS": 0.7, "OX": None}
    assert actions[0]["regime_context"] == {"macro_phase": "good"}


def test_every_kind_of_the_log_makes_a_strand() -> None:
    """L4: no event that names its kind is forgotten."""
    kinds = {
        event for event in vars(uptrend_events).values() if isinstance(event, type) and "kind" in vars(event)
    }
    assert kinds
    assert kinds <= set(StrandRows._MAKERS)


def test_the_row_follows_the_golden_packet(teller: UptrendStory, url: str, connection: Connection) -> None:
    """L5, step 7: watchlist again, no trade, nothing held, -2.10 realised; the trade is in completed_trades."""
    teller.golden()
    project(teller.story, url)
    row = held(connection)
    wanted = {
        "status": "watchlist",
        "current_trade_id": None,
        "total_quantity": Decimal(0),
        "total_allocation_usd": Decimal(0),
        "usd_alloc_remaining": Decimal(490),
        "realised_usd": Decimal("-2.1"),
        "total_pnl_usd": Decimal("-2.1"),
        "trades_closed": 1,
        "close_reason": "s0",
        "book_id": "social",
        "token_contract": "DezX",
    }
    assert {name: row[name] for name in wanted} == wanted
    (trade,) = row["completed_trades"]
    assert trade["trade_id"] == str(Ids("uptrend-1").named(f"trade/{TRADE}"))
    assert [one["decision_type"] for one in trade["actions"]] == ["entry", "trim", "emergency_exit"]
    assert trade["summary"]["rr"] == -0.083333
    assert held(connection, f"4h@{BONK}")["completed_trades"] == []


def test_features_hold_the_engines_payload_itself(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """BRIEF-L2: `uptrend_engine_v4` has no wrapper; the parts of others stand beside it."""
    teller.signal()
    teller.turn(
        TimeAdvanced(),
        teller.stage(Stage.S0, Stage.S1),
        teller.payload(Stage.S3, Stage.S2, s3_start_ts=teller.story.ts, dx=float("nan")),
    )
    project(teller.story, url)
    features = held(connection)["features"]
    assert features["uptrend_engine_v4"]["state"] == "S3"
    assert features["uptrend_engine_v4"]["dx"] is None
    assert features["ta"]["ema60"] == 0.98
    meta = features["uptrend_engine_v4_meta"]
    assert (meta["s3_start_ts"] is None, meta["first_dip_buy_taken"]) == (False, False)
    assert features["uptrend_episode_meta"]["prev_state"] == "S1"
    teller.turn(TimeAdvanced(), teller.payload(Stage.S0, Stage.S3))
    project(teller.story, url)
    assert held(connection)["features"]["uptrend_engine_v4_meta"]["s3_start_ts"] is None
    assert held(connection, f"4h@{BONK}")["features"] == {}


def test_an_emergency_exit_leaves_the_row_active(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """L5: quantity 0, the trade still open, the buy that opened it in pm_execution_history."""
    teller.signal()
    bought = teller.action(DecisionType.ENTRY, "entry", 210, 100)
    opened = PositionStatusChanged(DESK, ROW, Status.WATCHLIST, Status.ACTIVE, "bought", trade=TRADE)
    history = {"last_s1_buy": {"price": 1.0}}
    teller.turn(TimeAdvanced(), bought, teller.booked(210, 0, 0, 21_000, history=history), opened)
    project(teller.story, url)
    open_row = held(connection)
    assert (open_row["status"], open_row["total_quantity"]) == ("active", Decimal(210))
    assert open_row["features"]["pm_execution_history"] == history
    left = teller.action(DecisionType.EMERGENCY_EXIT, "exit", 210, 99)
    teller.turn(TimeAdvanced(), left, teller.booked(0, 210, 20_790, 0))
    project(teller.story, url)
    row = held(connection)
    assert (row["status"], row["total_quantity"]) == ("active", Decimal(0))
    assert row["current_trade_id"] == open_row["current_trade_id"] is not None
    assert (row["rpnl_usd"], row["total_pnl_usd"], row["total_pnl_pct"]) == (
        Decimal("-2.1"),
        Decimal("-2.1"),
        -1.0,
    )


def test_pausing_a_row_keeps_its_trade(teller: UptrendStory, url: str, connection: Connection) -> None:
    """Who pauses and brings back a row need not know its trade."""
    teller.signal()
    opened = PositionStatusChanged(DESK, ROW, Status.WATCHLIST, Status.ACTIVE, "bought", trade=TRADE)
    teller.turn(TimeAdvanced(), teller.booked(210, 0, 0, 21_000), opened)
    for before, after in ((Status.ACTIVE, Status.PAUSED), (Status.PAUSED, Status.ACTIVE)):
        teller.turn(TimeAdvanced(), PositionStatusChanged(DESK, ROW, before, after, "by hand"))
        project(teller.story, url)
        row = held(connection)
        assert (row["status"], row["current_trade_id"]) == (after, Ids("uptrend-1").named(f"trade/{TRADE}"))


def test_dust_that_a_closed_trade_left_is_no_quantity(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """What is too little to be sold stands by itself, so that a watchlist row holds nothing."""
    teller.signal()
    teller.turn(
        TimeAdvanced(),
        teller.booked(1, 209, 20_790, 0, "closed"),
        PositionStatusChanged(DESK, ROW, Status.ACTIVE, Status.WATCHLIST, "closed"),
    )
    project(teller.story, url)
    assert (held(connection)["total_quantity"], held(connection)["dust_quantity"]) == (Decimal(0), Decimal(1))


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ("UPDATE uptrend_positions SET status = 'active'", "active_has_a_trade"),
        ("UPDATE uptrend_positions SET current_trade_id = id", "others_hold_nothing"),
        ("UPDATE uptrend_positions SET total_quantity = 1", "others_hold_nothing"),
        ("UPDATE uptrend_positions SET status = 'asleep'", "status"),
    ],
)
def test_the_tables_guard_what_a_status_means(
    teller: UptrendStory, url: str, connection: Connection, change: LiteralString, guard: str
) -> None:
    """L3: active has a trade; dormant and watchlist have none and hold nothing; there are five statuses."""
    teller.signal()
    project(teller.story, url)
    with pytest.raises(psycopg.errors.CheckViolation, match=guard):
        connection.execute(change)


def test_bars_show_where_they_are_from(teller: UptrendStory, url: str, connection: Connection) -> None:
    """L13: built, backfilled and a major's, under the names of older queries, with coverage."""
    teller.bars()
    project(teller.story, url)
    rows = asked(connection, "SELECT * FROM lowcap_price_data_ohlc ORDER BY timeframe, timestamp")
    assert [(row["timeframe"], row["source"], row["close_usd"]) for row in rows] == [
        ("1h", "rollup", 1.1),
        ("4h", "backfill", 1.0),
        ("4h", "backfill", 2.0),
    ]
    built = rows[0]
    assert (built["token_contract"], built["chain"]) == ("DezX", "solana")
    assert (built["n_source_bars"], built["expected_bars"], built["liquidity_usd"]) == (59, 60, 2e5)
    assert built["coverage"] == pytest.approx(59 / 60)
    (major,) = asked(connection, "SELECT * FROM majors_price_data_ohlc")
    assert (major["token_contract"], major["chain"], major["volume"]) == ("BTC-PERP", "hyperliquid", 42.0)


def test_rows_are_the_same_wherever_the_projector_came_back(
    teller: UptrendStory, url: str, new_database: Callable[[], str]
) -> None:
    """D4: projected turn by turn by projectors that know only the tables, or at once: the same rows."""
    teller.story.turn(teller.payload(Stage.S0, Stage.S0))
    story, other = teller.story, new_database()
    for tell in (teller.golden, teller.bars, teller.learned):
        tell()
        project(teller.story, url)
    teller.signal()
    project(teller.story, url)
    assert story.seq > 30
    project(teller.story, other)
    assert rows_of(url) == rows_of(other)


def test_what_rows_rest_on_comes_back_from_the_tables(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """The tokens and the positions, as the rows' maker knew them."""
    teller.golden()
    project(teller.story, url)
    rows = Rows("uptrend-1", Known())
    for kind, packet in teller.story.packets:
        rows.add(kind, packet)
    assert known_uptrend(connection, "uptrend-1") == rows.known.uptrend


def test_what_no_decision_made_has_no_row() -> None:
    """A report of a row that nobody decided on changes nothing."""
    rows = Rows("r", Known())
    changed = PositionStatusChanged(DESK, ROW, Status.DORMANT, Status.WATCHLIST, "bars")
    rows.add(Kind.DECISION, Packet(2, 1, 1, 5, DESK, changed))
    rows.add(Kind.DECISION, Packet(3, 1, 1, 5, DESK, Candidate("s1_window", BONK, {}, skip="halo")))
    assert "uptrend_positions" not in rows.take().changed
