"""The golden packet in a real session, to the cent, every row read from the database; and under SIGKILL."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.flows.conftest import Environment
from tests.flows.golden_packet import HOUR, MINUTE, ROW, START, Script
from tests.flows.golden_session import Ended, Kill, When, play
from tests.flows.rows import Tables, difference, tables_of
from tests.flows.sessions import run
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

SCRIPT = Script()
SCOPE = {
    "curator": "ann",
    "chain": "solana",
    "mcap_bucket": "micro",
    "intent": "new_discovery",
    "market_family": "lowcaps",
    "timeframe": "1h",
    "A_mode": "normal",
    "E_mode": "normal",
}


class Played(NamedTuple):
    """The packet as nobody disturbed it: its plan, home and database, how it ended, and its rows."""

    plan: Path
    home: Path
    url: str
    ended: Ended
    tables: Tables

    def ask(self, question: str, *given: object) -> list[dict[str, Any]]:
        """The rows that answer a question in SQL."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(question, given).fetchall()

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The decision-level events of that type about the row, oldest first, from the database."""
        rows = self.ask("SELECT seq, event FROM packets WHERE type = %s ORDER BY seq", kind)
        return [
            {"seq": row["seq"], **row["event"]} for row in rows if row["event"].get("position", ROW) == ROW
        ]

    def strands(self, kind: str) -> list[dict[str, Any]]:
        """The contents of the event log's rows of that kind about the row, oldest first."""
        rows = self.ask("SELECT content, timeframe FROM ad_strands WHERE kind = %s ORDER BY seq", kind)
        return [row["content"] for row in rows if row["timeframe"] in {None, "1h"}]

    def seq(self, kind: str, number: int) -> int:
        """The seq of the row's event of that type and number."""
        return int(self.told(kind)[number]["seq"])


@pytest.fixture(scope="module")
def played(places: Path, new_environment: Callable[[], Environment]) -> Played:
    """The packet once, from its signal to its lessons."""
    plan = SCRIPT.write(places / "golden-plan")
    home, environment = places / "golden", new_environment()
    ended = play(home, plan, SCRIPT, environment)
    assert ended.code == 0, ended.text
    return Played(plan, home, environment["DATABASE_URL"], ended, tables_of(environment["DATABASE_URL"]))


def dollars(cash: int) -> Decimal:
    """Cash units as money."""
    return Decimal(cash) / 100_000_000


# Steps 1 to 9


def test_an_approval_makes_four_rows_with_their_caps(played: Played) -> None:
    """L2, golden packet 1: 10 % of 10,000 as caps of 50, 125, 700 and 125, under the decision of the signal."""
    (taken,) = played.ask("SELECT id FROM ad_strands WHERE kind = 'social_lowcap'")
    (decided,) = played.ask("SELECT parent_id, content FROM ad_strands WHERE kind = 'decision_lowcap'")
    assert decided["parent_id"] == taken["id"]
    assert decided["content"]["action"] == "approve"
    assert [check["passed"] for check in decided["content"]["checks"]] == [True] * 5
    rows = played.ask(
        "SELECT timeframe, alloc_cap_usd, total_allocation_pct, status FROM lowcap_positions ORDER BY position"
    )
    found = {
        row["timeframe"]: (row["alloc_cap_usd"], row["total_allocation_pct"], row["status"]) for row in rows
    }
    assert found == {
        "1m": (Decimal(50), 0.5, "watchlist"),
        "15m": (Decimal(125), 1.25, "watchlist"),
        "1h": (Decimal(700), 7.0, "watchlist"),
        "4h": (Decimal(125), 1.25, "watchlist"),
    }


def test_each_order_fills_once_at_its_price(played: Played) -> None:
    """L5, golden packet 2 to 6: 210 bought at 1.00, 63 sold at 1.20 and 147 at 0.90, and nothing else."""
    fills = played.ask("SELECT side, quantity, price, notional, fee FROM fills ORDER BY seq")
    assert [tuple(fill.values()) for fill in fills] == [
        ("buy", Decimal(210), Decimal(1), Decimal(210), 0),
        ("sell", Decimal(63), Decimal("1.2"), Decimal("75.6"), 0),
        ("sell", Decimal(147), Decimal("0.9"), Decimal("132.3"), 0),
    ]
    orders = played.ask("SELECT status, reason, quantity FROM orders ORDER BY seq")
    assert [tuple(order.values()) for order in orders] == [
        ("FILLED", "buy_signal", Decimal(210)),
        ("FILLED", "trim_flag", Decimal(63)),
        ("FILLED", "emergency_exit", Decimal(147)),
    ]
    verdicts = played.ask("SELECT kind, verdict, reason FROM candidates ORDER BY seq")
    assert [tuple(verdict.values()) for verdict in verdicts] == [
        ("s1_entry", "FILLED", "filled"),
        ("trim", "FILLED", "filled"),
        ("emergency_exit", "FILLED", "filled"),
        ("s3_window", "SKIPPED", "blocked_dx"),
    ]


def test_actions_are_on_record_with_size_levers_and_multipliers(played: Played) -> None:
    """L4, L6, L11, golden packet 2 to 6: one strand for each action, at its bar, none for the blocked ones."""
    actions = played.strands("pm_action")
    told = ("decision_type", "state", "size_frac", "a_value", "e_value", "pattern_key", "action_category")
    assert [tuple(action[name] for name in told) for action in actions] == [
        ("entry", "S1", 0.3, 0.5, 0.5, "pm.uptrend.S1.entry", "entry"),
        ("trim", "S2", 0.3, 0.5, 0.5, "pm.uptrend.S2.trim", "trim"),
        ("emergency_exit", "S3", 1.0, 0.5, 0.5, "pm.uptrend.S3.exit", "exit"),
    ]
    bars = [action["bar_ts"] for action in actions]
    assert bars == [f"2026-01-01T0{hour}:00:00Z" for hour in (1, 3, 6)]
    for action in actions:
        multipliers = action["learning_multipliers"]
        assert set(multipliers.values()) == {1.0}, "an empty book and no overrides move nothing"
        assert action["execution_result"]["status"] == "executed"
        assert action["scope"] == SCOPE
    trim = actions[1]["reasons"]
    assert (trim["deployed"], trim["extraction"], trim["trim_multiplier"]) == (pytest.approx(0.36), 0.0, 1.0)
    assert len({action["trade_id"] for action in actions}) == 1


def test_the_books_follow_each_action(played: Played) -> None:
    """L5, golden packet 2 to 7: quantity, money and status after buy, trim, exit and closure."""
    books = [one for one in played.told("PositionBooked") if one["why"] != "refresh"]
    told = ("why", "status", "trade", "lots", "spent", "extracted", "realised")
    assert [tuple(one[name] for name in told) for one in books] == [
        ("action", "active", f"{ROW}#1", 21_000, 21_000_000_000, 0, 0),
        ("action", "active", f"{ROW}#1", 14_700, 21_000_000_000, 7_560_000_000, 0),
        ("action", "active", f"{ROW}#1", 0, 21_000_000_000, 20_790_000_000, 0),
        ("closed", "watchlist", "", 0, 0, 0, -210_000_000),
    ]
    entry, trimmed, left, over = (one["history"] for one in books)
    assert entry["last_s1_buy"]["price"] == 1.0
    assert trimmed["last_trim"]["sr_level_price"] == 1.2
    assert left["last_emergency_exit"]["price"] == 0.9
    assert "last_s1_buy" not in over, "S0 lets S1 be bought again"
    changes = [(one["status"], one["reason"]) for one in played.told("PositionStatusChanged")]
    assert changes == [("watchlist", "bars_reached"), ("active", "first_buy"), ("watchlist", "trade_closed")]


def test_the_engine_says_each_stage_once(played: Played) -> None:
    """L4: one strand for each transition, in the row's own words."""
    stages = [(one["from_state"], one["to_state"]) for one in played.strands("uptrend_stage_transition")]
    assert stages == [("", "S0"), ("S0", "S1"), ("S1", "S2"), ("S2", "S3"), ("S3", "S0")]


def test_the_closed_trade_is_summed_up(played: Played) -> None:
    """L15, golden packet 7: -2.10 dollars, a return of -1 %, a drawdown of 12 %, rr -0.083333, a small loss."""
    (closed,) = played.strands("position_closed")
    summary = closed["trade_summary"]
    assert summary["pnl_usd"] == pytest.approx(-2.10, abs=1e-12)
    assert summary["entry_price"] == 1.0
    assert summary["exit_price"] == pytest.approx(0.99, abs=1e-12)
    assert summary["return"] == pytest.approx(-0.01, abs=1e-12)
    assert summary["max_drawdown"] == pytest.approx(0.12, abs=1e-12)
    assert summary["rr"] == pytest.approx(-0.083333, abs=1e-6)
    assert summary["outcome_class"] == "small_loss"
    assert summary["exit_reason"] == "emergency_exit"
    (row,) = played.ask("SELECT * FROM lowcap_positions WHERE timeframe = '1h'")
    assert (row["status"], row["current_trade_id"], row["total_quantity"]) == ("watchlist", None, 0)
    assert (row["realised_usd"], row["trades_closed"]) == (Decimal("-2.1"), 1)
    (trade,) = row["completed_trades"]
    assert [action["decision_type"] for action in trade["actions"]] == ["entry", "trim", "emergency_exit"]
    assert trade["summary"] == summary


def test_money_of_row_ledger_and_account_agree(played: Played) -> None:
    """Golden packet 7: what the account lost is what the row lost, and the ledger's trade says the same."""
    (last,) = played.ask("SELECT cash, equity FROM equity ORDER BY seq DESC LIMIT 1")
    assert tuple(last.values()) == (Decimal("9997.9"), Decimal("9997.9"))
    (position,) = played.ask("SELECT lots, cost, realised FROM positions WHERE position = %s", ROW)
    assert tuple(position.values()) == (0, 0, Decimal("-2.1"))
    trades = played.ask("SELECT status, pnl FROM trades")
    assert sum(trade["pnl"] for trade in trades) == Decimal("-2.1")


def test_three_facts_come_of_the_trade_and_later_runs_add_none(played: Played) -> None:
    """L7, golden packet 8: entry, trim and exit with the trade's result and its whole scope; 120 runs, 3 rows."""
    facts = played.ask(
        "SELECT action_category, rr, pnl_usd, scope, trade_id FROM pattern_trade_events ORDER BY ts"
    )
    assert [fact["action_category"] for fact in facts] == ["entry", "trim", "exit"]
    assert len({fact["trade_id"] for fact in facts}) == 1
    for fact in facts:
        assert fact["rr"] == pytest.approx(-0.083333, abs=1e-6)
        assert fact["pnl_usd"] == Decimal("-2.1")
        assert SCOPE.items() <= fact["scope"].items()
    answers = [one for one in played.told("JobAnswered") if one["job"] == "facts"]
    assert sum(one["figures"]["facts"] for one in answers) == 3
    assert len(answers) == SCRIPT.duration_s // 300, "each of them ran, and after the closure there were many"


def test_windows_are_recorded_acted_and_skipped_and_resolved_once(played: Played) -> None:
    """L10, golden packet 3 and 9: the bought S1 window succeeded, the S3 dip that no trim followed failed."""
    windows = played.ask(
        "SELECT episode_type, pattern_key, decision, outcome, resolutions, bars, opened_at, closed_at, trade"
        " FROM pattern_episode_events ORDER BY opened_at"
    )
    told = ("episode_type", "pattern_key", "decision", "outcome", "resolutions", "bars", "trade")
    assert [tuple(window[name] for name in told) for window in windows] == [
        ("s1_entry", "pm.uptrend.S1.entry", "acted", "success", 1, 2, f"{ROW}#1"),
        ("s3_retest", "pm.uptrend.S3.dx", "skipped", "failure", 1, 1, None),
    ]
    episodes = [(one["episode_type"], one["outcome"]) for one in played.strands("uptrend_episode_summary")]
    assert episodes == [("s1_entry", "success"), ("s3_retest", "correct_skip")]


def test_the_packets_bars_are_rows(played: Played) -> None:
    """L13: 666 of history and those of the session, from the feed and rolled up, each once."""
    rows = played.ask("SELECT timeframe, count(*) AS bars FROM lowcap_price_data_ohlc GROUP BY timeframe")
    hours, before_the_signal = SCRIPT.duration_s // 3_600, 10
    assert {row["timeframe"]: row["bars"] - 666 for row in rows} == {
        "1m": 60 * hours - before_the_signal,
        "15m": 4 * hours,
        "1h": hours,
        "4h": hours // 4,
    }
    (low,) = played.ask(
        "SELECT low_usd FROM lowcap_price_data_ohlc WHERE timeframe = '1h' ORDER BY timestamp DESC OFFSET 3 LIMIT 1"
    )
    assert low["low_usd"] == 0.88


# Step 11: kills, stops, replay


def ended(home: Path, played: Played, environment: Environment, *kills: Kill) -> str:
    """What differs once the run was ended at each of `kills` and gone on with; "" if nothing does."""
    for kill in kills:
        stopped = play(home, played.plan, SCRIPT, environment, kill)
        assert (stopped.code, stopped.figures) == (0 if kill.when is When.STOPPED else -9, {}), stopped.text
    last = play(home, played.plan, SCRIPT, environment)
    assert "resumed=True" in last.text
    assert last.code == 0, last.text
    if last.figures != played.ended.figures:
        return f"{last.figures}, undisturbed {played.ended.figures}"
    return difference(played.tables, tables_of(environment["DATABASE_URL"]))


def test_a_run_killed_after_every_step_ends_like_one_left_alone(
    played: Played, home: Path, environment: Environment
) -> None:
    """P1, A10, golden packet 11: the same digest and the same rows, each trade and each fact once."""
    steps = [
        ("PositionsAllocated", 0),
        *(("ActionTaken", number) for number in range(3)),
        ("PositionClosed", 0),
    ]
    seqs = [played.seq(kind, number) for kind, number in steps]
    assert ended(home, played, environment, *(Kill(seq, When.WRITTEN) for seq in seqs)) == ""


@pytest.mark.parametrize("kind", ["PlaceOrder", "FillObserved", "ActionTaken"])
def test_a_crash_between_a_fill_and_its_record_applies_the_fill_once(
    played: Played, home: Path, environment: Environment, kind: str
) -> None:
    """Golden packet 11: the trim's order is out, filled, or about to be written, and the process is gone."""
    assert ended(home, played, environment, Kill(played.seq(kind, 1), When.MADE)) == ""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        (held,) = connection.execute("SELECT sum(quantity) FROM fills WHERE side = 'sell'").fetchall()
    assert held == (Decimal(210),)


def test_a_crash_while_jobs_and_history_are_unanswered_asks_for_them_again(
    played: Played, home: Path, environment: Environment
) -> None:
    """L13, P1: four requests for history, then some of them, then each learning job: asked again, found the same."""
    (requests,) = played.ask("SELECT max(seq) AS last FROM packets WHERE type = 'RequestBackfill'")
    (answers,) = played.ask(
        "SELECT min(seq) AS last FROM packets WHERE type = 'PositionStatusChanged' AND event->>'position' = %s",
        ROW,
    )
    jobs = played.ask(
        "SELECT DISTINCT ON (event->>'job') seq FROM packets"
        " WHERE type = 'RunJob' AND ts > %s ORDER BY event->>'job', seq",
        START + 8 * HOUR + MINUTE,
    )
    seqs = [requests["last"], answers["last"], *sorted(job["seq"] for job in jobs)]
    assert len(seqs) == 6
    assert ended(home, played, environment, *(Kill(seq, When.WRITTEN) for seq in seqs)) == ""


def test_a_stopped_run_goes_on_from_its_snapshot(
    played: Played, home: Path, environment: Environment
) -> None:
    """A9: stopped with an open trade, then killed: what the snapshot holds of desk and learning is all there is."""
    kills = Kill(played.seq("ActionTaken", 0), When.STOPPED), Kill(played.seq("ActionTaken", 1), When.MADE)
    assert ended(home, played, environment, *kills) == ""
    assert list((home / "runs").glob("*/snapshots/*"))


def test_a_replay_of_the_packet_is_bit_for_bit(played: Played) -> None:
    """A9, P1: all decisions, answers of jobs and history among the inputs."""
    ran = run(played.home, "replay", str(played.ended.figures["run"]))
    assert ran.code == 0, ran.text
    assert str(played.ended.figures["digest"]) in ran.text


def test_a_backtest_of_the_packet_trades_the_same(played: Played, tmp_path: Path) -> None:
    """D4: one core, whatever the gateways: the fingerprint is that of the session with database and bus."""
    bars = played.plan.parent / "bars"
    plan = Plan(load(played.plan), Mode.BACKTEST, feed=f"recorded:{bars}", duration_s=SCRIPT.duration_s)
    with pytest.MonkeyPatch.context() as patched:
        feed = SCRIPT.feed(plan.configuration, bars)
        patched.setattr("tradeworthy.runtime.backtest.open_feed", lambda *_: feed)
        backtested = run_backtest(plan, Home(tmp_path))
    assert backtested.figures["fingerprint"] == played.ended.figures["fingerprint"]


# Step 10


def test_33_such_trades_make_lessons_and_no_override(places: Path, environment: Environment) -> None:
    """L8, golden packet 10: a lesson of all for each pattern and category; the baseline is their mean, so no edge."""
    script = Script(33, "1h")
    plan = script.write(places / "golden-33-plan")
    over = play(places / "golden-33", plan, script, environment)
    assert over.code == 0, over.text
    with psycopg.connect(environment["DATABASE_URL"], row_factory=dict_row) as connection:
        facts = connection.execute("SELECT count(*) AS facts FROM pattern_trade_events").fetchall()
        lessons = connection.execute(
            "SELECT pattern_key, action_category, n, stats FROM learning_lessons"
            " WHERE scope_subset = '{}' AND lesson_type = 'pm_strength' ORDER BY pattern_key"
        ).fetchall()
        overrides = connection.execute("SELECT * FROM pm_overrides WHERE status = 'active'").fetchall()
    assert facts == [{"facts": 99}]
    assert [(one["pattern_key"], one["action_category"], one["n"]) for one in lessons] == [
        ("pm.uptrend.S1.entry", "entry", 33),
        ("pm.uptrend.S2.trim", "trim", 33),
        ("pm.uptrend.S3.exit", "exit", 33),
    ]
    for lesson in lessons:
        assert lesson["stats"]["edge_raw"] == pytest.approx(0.0, abs=1e-4)
    assert [one for one in overrides if not one["action_category"].startswith("tuning")] == []
