"""What a proof has reached: every way out of a trade, every way to be filled, both sides. Nothing equals nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from tradeworthy.desks.divergence.codes import EXITS, Code
from tradeworthy.desks.divergence.results import Trade
from tradeworthy.execution.steps import BRANCHES, MAKER_MISSED, TAKER
from tradeworthy.proving.parity.outcomes import Outcome

SIDES = {-1: "short", 1: "long"}

UNSCRIPTED_EXITS = tuple(
    code.word for code in EXITS if code not in (Code.HIBERNATE_HALT, Code.SUBDAY_ACB_NORMALIZATION)
)
"""The exits that need no posture and no boost from outside."""

MISSED = BRANCHES[MAKER_MISSED]


class Owed(msgspec.Struct, frozen=True):
    """What must occur at least once."""

    exits: tuple[str, ...]
    branches: tuple[str, ...]
    sides: tuple[str, ...] = tuple(SIDES.values())


ALL = Owed(tuple(code.word for code in EXITS), BRANCHES)
"""With draws, and a scripted stance."""

UNSCRIPTED = Owed(UNSCRIPTED_EXITS, tuple(one for one in BRANCHES if one != MISSED))
"""With draws, and nothing said of the stance: nothing makes an order post only."""

TAKERS = Owed(UNSCRIPTED_EXITS, (BRANCHES[TAKER],))
"""With every order taking at the close, and nothing said of the stance."""


class Coverage(msgspec.Struct, frozen=True):
    """How often each thing occurred; what never did is 0. `others` are of sorts that only some desks have."""

    exits: dict[str, int]
    branches: dict[str, int]
    sides: dict[str, int]
    others: dict[str, dict[str, int]] = {}

    def missing(self, owed: Owed) -> tuple[str, ...]:
        """What is owed and never occurred."""
        reached = {
            name for part in (self.exits, self.branches, self.sides) for name, count in part.items() if count
        }
        return tuple(one for one in (*owed.exits, *owed.branches, *owed.sides) if one not in reached)


def coverage_of(outcome: Outcome) -> Coverage:
    """What `outcome` has reached."""
    trades = [trade for desk in outcome.desks.values() for trade in desk.trades]
    return coverage_of_trades(trades, missed=sum(outcome.missed.values()))


def coverage_of_trades(trades: Iterable[Trade], *, missed: int = 0) -> Coverage:
    """What `trades` have reached, and `missed` orders that were to post only and were not filled."""
    exits, branches, sides = Counter[str](), Counter[str]({MISSED: missed}), Counter[str]()
    for trade in trades:
        exits[trade.exit_reason] += 1
        branches.update((trade.entry_branch, trade.exit_branch))
        sides[SIDES[trade.direction]] += 1
    return Coverage(
        {name: exits[name] for name in ALL.exits},
        {name: branches[name] for name in ALL.branches},
        {name: sides[name] for name in ALL.sides},
    )
