"""How a session shows itself: the word that begins its log events, and the parts that a user sees, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tradeworthy.desks.arbitrage.events import ALLOCATOR, ATOMIC_ARB, SCANNER, SNIPER
from tradeworthy.risk.guardian import GUARDIAN

WATCHER, ORACLE = "venue-watcher-polymarket", "oracle-binance"
"""The two faces of a feed of prediction markets: where books and markets come from, and where prices do."""

EXECUTOR = "paper-executor"
UNSHOWN = "counters"
"""The core's own part, which no one would look for."""


@dataclass(frozen=True)
class Face:
    """`name` begins the session's log events. `order` names what is shown as parts (empty: every agent of the core).

    `gateways` are those of them that are no agents; of the others a session shows the ones that it has.
    """

    name: str
    order: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()

    def event(self, word: str) -> str:
        """The log event of the session's own that ends in `word`: started, stopping ..."""
        return f"{self.name}_{word}"

    def parts(self, agents: Iterable[str]) -> list[str]:
        """The names to show for a core of `agents`."""
        known = [name for name in agents if name != UNSHOWN]
        if not self.order:
            return known
        return [name for name in self.order if name in self.gateways or name in known]


SESSION = Face("session")
PILOT = Face(
    "pilot",
    order=(WATCHER, ORACLE, SCANNER, GUARDIAN, EXECUTOR, SNIPER, ATOMIC_ARB, ALLOCATOR),
    gateways=(WATCHER, ORACLE),
)
