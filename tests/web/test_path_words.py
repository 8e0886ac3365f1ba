"""What a step says, from plain fields alone."""

import re
from decimal import Decimal
from typing import Any

import pytest

from tradeworthy.runtime.event_union import codec
from tradeworthy.web.pages.trace.picture import BAD, FAINT, GOOD
from tradeworthy.web.pages.trace.steps import INSIDE, ROOT, WOKEN, Lane, Step
from tradeworthy.web.pages.trace.words import (
    Unit,
    cash,
    is_milestone,
    kind_of,
    label_of,
    note_of,
    sentence_of,
    state_of,
)

TOKEN = "polymarket:a:YES"
UNITS = {TOKEN: Unit(Decimal("0.01"), Decimal("0.01"))}


def step(kind: str, /, **event: Any) -> Step:
    """A step of that type with these fields."""
    return Step(13, 12, 10, 0, "agent", kind, event, Lane.DESK)


def placed(**fields: Any) -> Step:
    """An order."""
    return step(
        "PlaceOrder", **{"instrument": TOKEN, "side": "buy", "lots": 1174, "limit_ticks": 85, **fields}
    )


@pytest.mark.parametrize(
    ("one", "note"),
    [
        (placed(), "buy 11.74 at 0.85"),
        (placed(limit_ticks=None), "buy 11.74 at market"),
        (placed(instrument="other"), "buy 1174 lots at 85 ticks"),
        (step("FillObserved", instrument=TOKEN, lots=1174, ticks=85), "11.74 at 0.85"),
        (step("TradeClosed", pnl=165_622_000, reason="settled"), "+1.66, settled"),
        (step("Decision", approved=True, limits={"cash_left": 0}), "yes, 1 figure on record"),
        (step("Decision", approved=False, reason="position_limit"), "no: position limit"),
        (step("Verdict", outcome="FILLED", reason="filled", share=0.5), "50%"),
        (step("Verdict", outcome="EXPIRED", reason="no_liquidity"), "no liquidity"),
        (
            step("OpportunityDetected", kind="oracle_lag", net_edge=0.113866, skip=""),
            "oracle lag, edge 11.39%",
        ),
        (step("OpportunityDetected", kind="oracle_lag", net_edge=0.1, skip="skew"), "oracle lag: skew"),
        (step("BarBuilt", instrument="BTC", timeframe="1m", close=210266.0), "BTC 1m close 210,266.00"),
        (step("PricePoint", instrument="SOLX", price=2.5041), "SOLX 2.5041"),
        (step("DataHeard", what="price", name="SOL", count=1200), "SOL, price 1,200"),
        (step("PositionChanged", instrument=TOKEN, lots=1174, cost=998_000_000), "holds 11.74 for 9.98"),
        (step("PositionChanged", instrument=TOKEN, lots=0, cost=0), "holds nothing"),
        (step("Settled", instrument=TOKEN, payout=1_000_000), "YES pays 1"),
        (step("Settled", instrument=TOKEN, payout=0), "YES pays 0"),
        (step("Settled", instrument="other:NO", payout=490_000), "NO pays 0.0049 a lot"),
        (step("OrderObserved", status="FILLED", reason="filled"), ""),
        (step("OrderObserved", status="CANCELLED", reason="limit_not_reached"), "limit not reached"),
        (step("Candidate", kind="s1_window", skip="signal_not_acted"), "signal not acted"),
        (step("BookChanged", instrument="polymarket:btc-5m:YES"), "YES, btc-5m"),
        (step(WOKEN), "timer of agent"),
        (step(INSIDE), "to agent"),
        (step("SomethingNew", reason="because"), "because"),
        (step("SomethingNew"), ""),
    ],
)
def test_what_matters_is_told_in_the_instruments_units(one: Step, note: str) -> None:
    """Quantities and prices as people know them; lots and ticks where their size is not known."""
    assert note_of(one, UNITS) == note


def test_every_event_of_the_product_can_be_told() -> None:
    """None raises for a lack of fields that are optional, and each has a name that is no class's."""
    told = {"side": "buy", "kind": "k", "net_edge": 0.0, "decision_type": "entry"}
    for name in codec().events:
        assert re.fullmatch(r"[A-Z][a-z&' -]+", label_of(step(name))), name
        assert isinstance(note_of(step(name, **told), {}), str)
        assert isinstance(sentence_of(step(name, **told), {}), str)


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (step("Verdict", outcome="FILLED"), GOOD),
        (step("Verdict", outcome="REJECTED"), BAD),
        (step("Decision", approved=False), BAD),
        (step("Decision", approved=True), ""),
        (step("OrderObserved", status="CANCELLED"), BAD),
        (step("OrderObserved", status="ACCEPTED"), ""),
        (step("OpportunityDetected", skip="skew"), BAD),
        (step(INSIDE), FAINT),
        (step(WOKEN), FAINT),
        (step(ROOT), FAINT),
    ],
)
def test_where_it_died_is_a_state_of_the_step(one: Step, state: str) -> None:
    """P2: the step that stopped it, and no other, is red."""
    assert state_of(one) == state


def test_how_it_ended_is_part_of_a_steps_name() -> None:
    """So that its note has room for why."""
    assert label_of(step("Verdict", outcome="CANCELLED")) == "Verdict: cancelled"
    assert label_of(step("OrderObserved", status="ACCEPTED")) == "Order accepted"
    assert label_of(step(ROOT)) == "Market data"


def test_the_list_names_the_kind_too() -> None:
    """There is room for it there."""
    skipped = step("Candidate", kind="s1_window", skip="signal_not_acted")
    assert sentence_of(skipped, {}).startswith("s1 window, signal not acted. All gates were met")
    intent = {"legs": [{"side": "sell", "lots": 887, "limit_ticks": None, "instrument": TOKEN}]}
    leaving = step("TradeCandidate", kind="emergency_exit", intent=intent)
    assert note_of(leaving, UNITS) == "emergency exit"
    assert sentence_of(leaving, UNITS) == "emergency exit, sell 8.87 at market"


def test_the_list_gives_the_reason_in_words() -> None:
    """A code and what it means."""
    said = sentence_of(step("Decision", approved=False, reason="position_limit"), {})
    assert said == "no: position limit. One market would hold too much of the account."
    assert sentence_of(step(WOKEN), {}).startswith("A timer of agent")


def test_likes_are_folded_by_what_became_of_them() -> None:
    """A skip for one reason is no repeat of a skip for another."""
    assert kind_of(step("Candidate", skip="a")) != kind_of(step("Candidate", skip="b"))
    assert kind_of(step("Candidate", skip="a")) == kind_of(step("Candidate", skip="a", figures={"x": 1}))
    assert is_milestone(step("TradeClosed"))


def test_cash_is_told_to_the_cent() -> None:
    """Integers of 1e-8; anything else is not known."""
    assert cash(-109_200_000_000) == "\N{MINUS SIGN}1,092.00"
    assert cash(None) == "-"
