"""Intents of several legs of which one falls short: what each policy does about it (A5)."""

from __future__ import annotations

from pathlib import Path

from tests.flows.reached.orders import GTC, on_books
from tests.flows.reached.stage import SECOND, Stage, asking, buy, market, together
from tests.flows.reached.table import reaches
from tradeworthy.execution.intents import Policy
from tradeworthy.execution.leg_policies import Stage as WorkStage
from tradeworthy.execution.order_state import Purpose
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.predictions import MarketClosed


def short(policy: Policy, lots: int = 4, *, past: int = 0) -> Stage:
    """Ten lots of AAA are filled, and of BBB fewer than the ten asked for: `lots`, and ten more a tick further."""
    stage = on_books()
    stage.book("BBB", {98: 10}, {100: lots, 101: 10})
    stage.ask(buy("AAA", 10, 100), buy("BBB", 10, 100), policy=policy, complete_ticks=past)
    return stage


@reaches(
    *Policy,
    *(Reason.GROUP_INCOMPLETE, Reason.PARTLY_FILLED, Reason.UNWOUND),
    *(Purpose.COMPLETE, Purpose.UNWIND, WorkStage.COMPLETING, WorkStage.UNWINDING),
    "trade.unwind",
)
def what_a_short_leg_leads_to(_: Path) -> dict[str, None]:
    """All or none buys nothing, hold keeps what there is, complete pays a tick more, unwind sells."""
    stages = [short(policy, past=1) for policy in Policy]
    held = {stage.core.ledger.position("asker", name).lots for stage in stages[:2] for name in ("AAA", "BBB")}
    assert held == {0, 10}
    assert stages[1].verdict().share == 1.0
    assert not stages[2].core.ledger.positions()
    assert stages[3].verdict().share == 0.7
    return together(*stages)


@reaches(Reason.UNWIND_SHORT)
def an_unwinding_without_a_market(_: Path) -> dict[str, None]:
    """One market closes between the fill and the time when the other leg is given up: what is held stays."""
    stage, one, other = Stage(asking()), market("a"), market("b")
    stage.open(one, other)
    for each in (one, other):
        stage.quote(each, 39, 40)
    legs = buy(one.yes, 1000, 40), buy(other.yes, 1000, 30, GTC)
    stage.ask(*legs, policy=Policy.UNWIND, expires_at=stage.now + SECOND)
    stage.put(MarketClosed(one.id, stage.now))
    stage.wait(SECOND)
    assert stage.core.ledger.position("asker", one.yes).lots == 1000
    return stage.finish()
