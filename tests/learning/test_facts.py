"""Facts: one for each executed action of a closed trade, with the whole trade's result."""

from __future__ import annotations

import random

from tests.learning.closed_trades import ENTRY, TRIM
from tradeworthy.learning.events import ImportedAction, ImportedTrade
from tradeworthy.learning.facts import ActionRecord, ClosedRecord, facts_of, records_of

EXIT = "pm.uptrend.S3.exit"


def recorded(count: int) -> tuple[list[ClosedRecord], list[ActionRecord]]:
    """Closed trades with an entry and a trim each."""
    closed = [
        ClosedRecord(f"t{number}", 1.5, 10.0, 100 + number, {"chain": "solana"}) for number in range(count)
    ]
    actions = [
        ActionRecord(one.trade, name, key, category, {"timeframe": "1h"}, one.closed_ts - back)
        for one in closed
        for name, key, category, back in (("a", ENTRY, "entry", 20), ("b", TRIM, "trim", 10))
    ]
    return closed, actions


def test_forty_trades_with_an_entry_and_a_trim_make_eighty_facts() -> None:
    """L7: one fact for each action; rr and pnl are those of the whole trade."""
    facts = facts_of(*recorded(40))
    assert len(facts) == 80
    assert {(fact.rr, fact.pnl_usd) for fact in facts} == {(1.5, 10.0)}


def test_an_exit_of_a_real_trade_makes_a_third() -> None:
    """L7: the exit is an action like the others; the golden packet makes three facts."""
    closed = [ClosedRecord("t", -0.083333, -2.10, 50, {"curator": "ann", "chain": "solana"})]
    actions = [
        ActionRecord("t", "a", ENTRY, "entry", {"timeframe": "1h"}, 10),
        ActionRecord("t", "b", TRIM, "trim", {"timeframe": "1h"}, 20),
        ActionRecord("t", "c", EXIT, "exit", {"timeframe": "1h"}, 30),
    ]
    facts = facts_of(closed, actions)
    assert [fact.action_category for fact in facts] == ["entry", "trim", "exit"]
    assert {fact.trade for fact in facts} == {"t"}
    assert {fact.pnl_usd for fact in facts} == {-2.10}


def test_a_trade_without_actions_makes_none() -> None:
    """L7: zero actions, zero rows; an action of an open trade waits."""
    closed, actions = recorded(2)
    assert facts_of(closed, []) == []
    assert facts_of([], actions) == []


def test_a_failed_execution_is_no_fact() -> None:
    """What never traded taught nothing."""
    closed, actions = recorded(1)
    failed = ActionRecord("t0", "c", TRIM, "trim", {}, 95, failed=True)
    assert len(facts_of(closed, [*actions, failed])) == 2


def test_the_same_action_twice_is_one_fact() -> None:
    """B25: a fact is unique by trade and action."""
    closed, actions = recorded(3)
    assert facts_of(closed * 2, actions * 2) == facts_of(closed, actions)


def test_a_fact_has_the_time_of_its_action() -> None:
    """B25: decay is fitted on when things were done, not on when they were counted."""
    assert [fact.ts for fact in facts_of(*recorded(1))] == [80, 90]


def test_the_entry_context_goes_before_the_actions_scope() -> None:
    """What was known at the entry holds; what nobody knows is left out, and an intent nobody gave is unknown."""
    closed = [ClosedRecord("t", 1.0, 1.0, 9, {"chain": "solana", "curator": ""})]
    action = ActionRecord("t", "a", ENTRY, "entry", {"chain": "base", "timeframe": "1h", "A_mode": ""}, 1)
    (fact,) = facts_of(closed, [action])
    assert fact.scope == {"chain": "solana", "intent": "unknown", "timeframe": "1h"}
    (known,) = facts_of([ClosedRecord("t", 1.0, 1.0, 9, {"intent": "new_discovery"})], [action])
    assert known.scope["intent"] == "new_discovery"


def test_facts_do_not_depend_on_the_order_of_records() -> None:
    """Rows of a table come in any order."""
    closed, actions = recorded(20)
    expected = facts_of(closed, actions)
    random.Random(1).shuffle(closed)
    random.Random(2).shuffle(actions)
    assert facts_of(closed, actions) == expected


def test_an_imported_trade_makes_facts_like_our_own() -> None:
    """L7: 40 trades that are injected as action rows make exactly 80 facts."""
    trades = [
        ImportedTrade(
            f"t{number}",
            1.5,
            3.0,
            99,
            (ImportedAction(ENTRY, "entry", {"chain": "solana"}, 1), ImportedAction(TRIM, "trim", {}, 2)),
            {"timeframe": "1h"},
        )
        for number in range(40)
    ]
    records = [records_of(one) for one in trades]
    facts = facts_of([closed for closed, _ in records], [one for _, actions in records for one in actions])
    assert len(facts) == 80
    assert facts[0].scope == {"chain": "solana", "intent": "unknown", "timeframe": "1h"}
