"""What a step says, from plain fields alone."""

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
        (step("TradeClosed", pnl=165_622_000, reason="settled"), "P&L 1.66, settled"),
        (step("Decision", approved=True, limits={"cash_left": 0}), "yes, 1 figures on record"),
        (step("Decision", approved=False, reason="position_limit"), "no: position_limit"),
        (step("Verdict", outcome="FILLED", reason="filled", share=0.5), "FILLED 50%"),
        (step("Verdict", outcome="EXPIRED", reason="no_liquidity"), "EXPIRED: no_liquidity"),
        (
            step("OpportunityDetected", kind="oracle_lag", net_edge=0.113866, skip=""),
            "oracle_lag, net edge 0.1139",
        ),
        (step("OpportunityDetected", kind="oracle_lag", net_edge=0.1, skip="skew"), "oracle_lag: skew"),
        (step("SomethingNew", reason="because"), "because"),
        (step("SomethingNew"), ""),
    ],
)
def test_what_matters_is_told_in_the_instruments_units(one: Step, note: str) -> None:
    """Quantities and prices as people know them; lots and ticks where their size is not known."""
    assert note_of(one, UNITS) == note


def test_every_event_of_the_product_can_be_told() -> None:
    """None raises for a lack of fields that are optional, and each has a name."""
    told = {"side": "buy", "kind": "k", "net_edge": 0.0, "decision_type": "entry"}
    for name in codec().events:
        assert label_of(step(name))
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


def test_the_list_gives_the_reason_in_words() -> None:
    """A code and what it means."""
    said = sentence_of(step("Decision", approved=False, reason="position_limit"), {})
    assert said == "no: position_limit. One market would hold too much of the account."
    assert sentence_of(step(WOKEN), {}).startswith("A timer of agent")


def test_likes_are_folded_by_what_became_of_them() -> None:
    """A skip for one reason is no repeat of a skip for another."""
    assert kind_of(step("Candidate", skip="a")) != kind_of(step("Candidate", skip="b"))
    assert kind_of(step("Candidate", skip="a")) == kind_of(step("Candidate", skip="a", figures={"x": 1}))
    assert is_milestone(step("TradeClosed"))


def test_cash_is_told_to_the_cent() -> None:
    """Integers of 1e-8; anything else is not known."""
    assert cash(-109_200_000_000) == "-1,092.00"
    assert cash(None) == "-"
