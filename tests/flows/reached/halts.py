"""What halts a desk or all: set, taking working entries back, and released by a person (A8, A10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flows.reached.orders import GTC
from tests.flows.reached.stage import DAY, DESK, HOUR, MINUTE, SECOND, Stage, asking, buy, together
from tests.flows.reached.table import reaches
from tradeworthy.core.events import Quarantined
from tradeworthy.execution.accounting import Opened, PositionRecord
from tradeworthy.risk.operators import HaltRule, Operator, Order
from tradeworthy.risk.settings import OnFault


def bidding(**options: Any) -> Stage:
    """The desk holds 100 AAA bought at 100 ticks, and bids for BBB far below its price; the account has 200."""
    stage = Stage(asking(cash="200", **options))
    stage.book("AAA", {99: 1000}, {100: 1000})
    stage.book("BBB", {98: 1000}, {100: 1000})
    stage.ask(buy("AAA", 100, 100))
    stage.ask(buy("BBB", 10, 50, GTC))
    return stage


def fault(stage: Stage, times: int = 1, desk: str = DESK) -> None:
    """The desk raised, so many times, a second apart."""
    for _ in range(times):
        stage.wait(SECOND)
        stage.put(Quarantined(1, desk, "ValueError: odd"))


def crash(stage: Stage) -> None:
    """AAA is worth half of what it was bought for, when the account is marked."""
    stage.wait(SECOND)
    stage.book("AAA", {50: 1000}, {51: 1000})
    stage.wait(HOUR)


@reaches(
    *HaltRule,
    *Order,
    *(f"halt.{word}.{rule}" for rule in HaltRule for word in ("set", "cancels", "released")),
    *("event.Operator", "event.HaltChanged", "event.Quarantined", "event.DailyReset"),
)
def what_halts(_: Path) -> dict[str, None]:
    """Three orders of a person, two losses, a desk's faults and an input that nobody survived; then a resume."""
    stages = {rule: bidding() for rule in HaltRule}
    stages[HaltRule.DAILY_LOSS] = bidding(risk={"daily_loss_max": "0.1"})
    stages[HaltRule.DRAWDOWN] = bidding(risk={"drawdown_max": "0.1"})
    stages[HaltRule.OPERATOR].operator(Order.HALT)
    stages[HaltRule.KILL_FILE].operator(Order.HALT, latch=True)
    stages[HaltRule.FLATTEN].operator(Order.FLATTEN)
    crash(stages[HaltRule.DAILY_LOSS])
    crash(stages[HaltRule.DRAWDOWN])
    fault(stages[HaltRule.FAULTS], 5)
    fault(stages[HaltRule.QUARANTINE], desk="")
    for rule, stage in stages.items():
        desk = DESK if rule is HaltRule.FAULTS else ""
        assert stage.core.guardian.halted(desk) == rule
        stage.operator(Order.RESUME)
        assert not stage.core.guardian.halted(DESK)
    stages[HaltRule.OPERATOR].wait(DAY)
    return together(*stages.values())


@reaches(
    *OnFault,
    *("trade.flatten", "turn.nothing_to_flatten", "turn.resumed", "turn.flat", "turn.flattening"),
)
def what_becomes_of_positions(_: Path) -> dict[str, None]:
    """Five faults keep them, or sell them at market; the flattener looks again until all is sold, or it is resumed."""
    kept = bidding()
    fault(kept, 5)
    sold = bidding(on_fault="flatten", venue={"latency_ms": 3_000})
    sold.wait(4 * SECOND)
    fault(sold, 5)
    sold.wait(10 * SECOND)
    stages = {OnFault.KEEP: kept, OnFault.FLATTEN: sold}
    for choice, stage in stages.items():
        assert stage.core.guardian.halted(DESK) == HaltRule.FAULTS
        held = stage.core.ledger.position(DESK, "AAA").lots
        assert held == (100 if choice is OnFault.KEEP else 0)
        stage.reading.note(f"settings.OnFault.{choice.name}")
    sold.wait(MINUTE)
    resumed = bidding()
    resumed.lose("AAA")
    resumed.operator(Order.FLATTEN, DESK)
    resumed.put(Operator(Order.RESUME, "anna", "test", DESK))
    return together(kept, sold, resumed)


@reaches("event.Opened")
def what_is_handed_over(_: Path) -> dict[str, None]:
    """A run begins with the positions and the latches of the one before it."""
    stage = Stage(asking(), new=False)
    held = PositionRecord(DESK, "AAA", "AAA", 100, 100_000_000, stage.now)
    stage.put(Opened("earlier", 10**10, (held,), latches=("/operator", f"{DESK}/flatten")))
    assert stage.core.guardian.latches() == ("/operator", f"{DESK}/flatten")
    return stage.finish()
