"""Latches as values: each rule for itself, each desk for itself."""

from tradeworthy.execution.orders import CancelWorking
from tradeworthy.risk.latches import Latch, Latches
from tradeworthy.risk.operators import HaltChanged, HaltRule


def latch(desk: str, rule: HaltRule) -> Latch:
    """One set by a person."""
    return Latch(desk, rule, "anna", "why", 1)


def test_a_latch_is_told_once() -> None:
    """Setting it again changes nothing, not even who set it."""
    latches = Latches()
    assert latches.set(latch("alpha", HaltRule.FAULTS)) == [
        HaltChanged("alpha", halted=True, rule="faults", by="anna", reason="why"),
        CancelWorking("alpha", "faults"),
    ]
    assert latches.set(Latch("alpha", HaltRule.FAULTS, "ben", "too", 2)) == []
    assert latches.release("alpha")[0].by == "anna"


def test_the_first_latch_is_the_one_that_is_named() -> None:
    """A desk's own latches are not the session's."""
    latches = Latches()
    for desk, rule in (("alpha", HaltRule.FAULTS), ("", HaltRule.DRAWDOWN), ("", HaltRule.OPERATOR)):
        latches.set(latch(desk, rule))
    assert (latches.holding(""), latches.holding("alpha"), latches.holding("beta")) == (
        "drawdown",
        "faults",
        "",
    )
    assert latches.has("", HaltRule.OPERATOR)
    assert not latches.has("alpha", HaltRule.OPERATOR)


def test_a_release_is_of_one_desk_or_of_all() -> None:
    """Releasing a desk leaves the session's latches; releasing all leaves none."""
    latches = Latches()
    for desk in ("alpha", "beta", ""):
        latches.set(latch(desk, HaltRule.OPERATOR))
    assert [gone.desk for gone in latches.release("beta")] == ["beta"]
    assert [gone.desk for gone in latches.release("")] == ["alpha", ""]
    assert latches.held == {}
