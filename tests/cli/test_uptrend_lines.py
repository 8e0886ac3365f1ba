"""The uptrend desk's events in words: what was refused, what failed, what a window fell short of."""

from typing import Any

import msgspec
import pytest

from tests.store.story import Story
from tests.store.uptrend_story import ROW, TRADE, UptrendStory
from tradeworthy.cli.uptrend_lines import fact_line, said
from tradeworthy.desks.uptrend.events import (
    Check,
    PositionBooked,
    SignalDecided,
    SignalTaken,
    WindowResolved,
)
from tradeworthy.desks.uptrend.names import DecisionType, Status
from tradeworthy.learning.events import TradeFact

SIGNAL = SignalTaken(
    *("uptrend", "s", "ann", "BONK", "$BONK", "solana", "", "new_discovery", "low", ""), health={}, entry={}
)
CHECKS = (
    Check("chain", True, "solana", "solana", "supported_chain"),
    Check("curator_score", False, 0.5, 0.6, "low_curator_score"),
)


@pytest.fixture
def teller(tmp_path: Any) -> Any:
    """What makes events of the desk."""
    with Story(tmp_path / "home" / "runs" / "uptrend-1", kind="uptrend") as story:
        yield UptrendStory(story)


def test_a_signal_that_goes_no_further_says_why() -> None:
    """P2: blocked, or a repeat of one that is on record."""
    assert said(SIGNAL) == "ann on $BONK: new_discovery, grade low"
    blocked = msgspec.structs.replace(SIGNAL, blocked="unknown_token", repeat_of=7)
    assert said(blocked).endswith("grade low, a repeat of 7, goes no further: unknown_token")


def test_a_refusal_names_the_checks_that_failed() -> None:
    """P2, L2: each with its figure and its limit."""
    refused = SignalDecided("uptrend", 3, "BONK", False, CHECKS, "low_curator_score")
    assert said(refused) == "BONK refused: low_curator_score (curator_score 0.5, limit 0.6)"


def test_an_action_tells_what_learning_did_to_its_size(teller: UptrendStory) -> None:
    """L11: strength and exposure stand beside the size where they changed it; a failure has its error."""
    action = teller.action(DecisionType.ENTRY, "entry", 210, 100)
    plain = said(action)
    assert plain.startswith(f"{TRADE} entry by ")
    assert "size times" not in plain
    changed = msgspec.structs.replace(
        action, pm_strength_applied=1.5, exposure_skew_applied=0.5, pm_final_multiplier=0.75
    )
    assert said(changed).endswith(", size times 0.750 (strength 1.500, exposure 0.500)")
    failed = msgspec.structs.replace(action, status="failed", error="rejected: position_limit", lots=0)
    assert said(failed) == f"{TRADE} entry failed: rejected: position_limit"


@pytest.mark.parametrize(
    ("decision", "outcome", "words"),
    [
        ("skipped", "success", "a missed opportunity"),
        ("skipped", "failure", "rightly skipped"),
        ("skipped", "neutral", "neutral"),
        ("acted", "failure", "failure"),
    ],
)
def test_a_window_that_was_let_pass_turns_out(decision: str, outcome: str, words: str) -> None:
    """P5: skipped and good is a miss."""
    resolved = WindowResolved("uptrend", ROW, "w", "e", decision, outcome, "trim_flag", 0)
    assert said(resolved) == f"w turned out {words}: trim_flag"


def test_a_skipped_window_names_figure_and_gate(teller: UptrendStory) -> None:
    """P2: what there was, and what was asked; a figure that is not on record is unknown."""
    window = teller.window("skipped", "w")
    short = msgspec.structs.replace(
        window,
        blocked_by=("ts", "halo", "dx", "slope"),
        factors={"ts_with_boost": 0.5, "dx": 0.25},
        gates={"ts_min": 60.0, "halo_mult": 1.0, "dx_threshold": 0.64},
    )
    assert said(short) == (
        "w skipped after 1 bar: trend strength 0.500, 0.600 asked, unknown ATR from the average, 1.000 allowed,"
        " discount 0.250, 0.640 asked, slope"
    )
    assert said(teller.window("acted", "w")) == "w acted within 1 bar"


def test_books_and_facts_are_money_and_words() -> None:
    """Cash units become an amount."""
    booked = PositionBooked(
        desk="uptrend",
        position=ROW,
        instrument="BONK",
        status=Status.ACTIVE,
        trade=TRADE,
        lots=147,
        lots_bought=210,
        lots_sold=63,
        spent=21_000_000_000,
        extracted=7_560_000_000,
        remaining=0,
        value=17_640_000_000,
        realised=0,
        trades_closed=0,
        avg_entry=1.0,
        avg_exit=1.2,
        first_entry_ts=0,
        why="action",
    )
    assert said(booked) == f"{ROW} action: 147 lots, spent 210.00, extracted 75.60, worth 176.40"
    fact = TradeFact(TRADE, "7", "pm.uptrend.S1.entry", "entry", {"chain": "solana"}, -0.083, -2.1, 0)
    assert fact_line(fact) == f"{TRADE} pm.uptrend.S1.entry entry: rr -0.08, pnl -2.10 (chain=solana)"


def test_another_desks_event_is_not_its_to_tell() -> None:
    """Events of other desks keep their own words."""
    assert said(object()) == ""
