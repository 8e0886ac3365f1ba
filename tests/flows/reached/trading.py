"""What the strategies do about an opportunity, and the allocator about what they earned (A3, A5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flows.reached.scanning import LAG, LATENCY, lagging
from tests.flows.reached.sets import ONE, paired
from tests.flows.reached.stage import DAY, SECOND, Stage, together
from tests.flows.reached.table import reaches
from tradeworthy.desks.arbitrage.events import SNIPER, Kind
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.execution.accounting import CashMoved

SLOW = {"latency_ms": 2_000}


def held(stage: Stage) -> int:
    """Lots of YES that the sniper holds."""
    return stage.core.ledger.position("arbitrage", f"{SNIPER}@{LAG.yes}").lots


def bought(**settings: object) -> Stage:
    """The sniper saw the gap, asked for it, and was filled."""
    stage = lagging(**settings)
    stage.wait(LATENCY)
    stage.wait(LATENCY)
    assert held(stage) > 500
    return stage


@reaches(
    *(Kind.EXIT, SkipReason.HELD, SkipReason.EXIT_COOLDOWN, SkipReason.ALREADY_WORKING),
    *(SkipReason.RESULT_NOTED, SkipReason.CAPITAL_SHARED, SkipReason.JUST_SOLD),
    *("trade.take_profit", "trade.stop", "allocation.start", "allocation.trades", "allocation.midnight"),
    "event.AllocationsChanged",
)
def how_positions_are_left(_: Path) -> dict[str, None]:
    """Held while the price stays, sold where it has caught up or the view has turned, and not bought again at once.

    Shares follow the results.
    """
    caught = bought()
    caught.quote(LAG, 83, 85)
    caught.quote(LAG, 98, 99)
    caught.quote(LAG, 98, 99)
    caught.quote(LAG, 90, 92)
    caught.wait(LATENCY)
    caught.quote(LAG, 98, 99)
    caught.wait(5 * SECOND)
    caught.price(97_500.0)
    caught.quote(LAG, 98, 99)
    caught.wait(LATENCY)
    caught.wait(55 * SECOND)
    caught.price(97_500.0)
    caught.quote(LAG, 83, 85)
    caught.wait(LATENCY)
    turned = bought(expiry_bps=0.0, allocator={"every_trades": 1})
    turned.price(97_200.0)
    turned.quote(LAG, 75, 77)
    turned.wait(LATENCY)
    assert held(caught) == held(turned) == 0
    turned.put(CashMoved(1, "interest"))
    turned.wait(DAY)
    return together(caught, turned)


@reaches(SkipReason.DUPLICATE_REQUEST, SkipReason.NO_CAPITAL_LEFT, SkipReason.NO_SIGNAL)
def why_opportunities_are_let_go(_: Path) -> dict[str, None]:
    """The same gap grows while its order is on its way; a set finds no money; a spread says that nobody knows."""
    twice = lagging(the_venue=SLOW)
    twice.wait(LATENCY)
    twice.quote(LAG, 76, 78)
    alone: dict[str, Any] = {"oracle_sniper": False, "allocator": {"max_share": 1e-9}}
    poor = paired({44: 20_000}, {50: 20_000}, **alone)
    vague = lagging()
    vague.quote(LAG, 70, 85)
    vague.wait(LATENCY)
    assert poor.core.ledger.position("arbitrage", ONE.yes).lots == 0
    return together(twice, poor, vague)
