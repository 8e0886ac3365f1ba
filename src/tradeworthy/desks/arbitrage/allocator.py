"""The part named `capital-allocator`: shares the desk's capital between its strategies by what they realised."""

from __future__ import annotations

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import (
    ALLOCATOR,
    ATOMIC_ARB,
    SNIPER,
    Allocation,
    AllocationsChanged,
)
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.scoring import score, shares
from tradeworthy.execution.accounting import CashMoved, Opened, TradeClosed, TradeReversed
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.intents import strategy_of

DAY_NS = 86_400_000_000_000
RESULTS_MAX = 5_000
"""Closed trades of one strategy that are remembered, the newest: beyond, the window is shorter than its days."""

ROUNDING = 1e-9
"""What a sum of shares may be off by."""

MIDNIGHT = "midnight"


class Result(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A closed trade: session time, venue time, P&L in cash units net of fees, and the candidate that opened it."""

    ts: int
    closed_ts: int
    pnl: int
    opportunity: int


class AllocatorState(State):
    """Closed trades by strategy, the oldest first; `fresh` are those since the last allocation; shares by strategy."""

    results: dict[str, list[Result]] = {}
    shares: dict[str, float] = {}
    fresh: int = 0


class Allocator(Agent):
    """Allocates at the run's first cash, after every `every_trades` closed trades, and at 00:00 UTC.

    A result is what an opportunity came to: the closed trades of all its legs together, since one leg of a set wins
    what the others lose. A lone strategy has `max_share` of the capital, and the rest stays cash.
    """

    state: AllocatorState

    def __init__(self, name: str, settings: ArbitrageSettings, parts: DeskParts) -> None:
        super().__init__(ALLOCATOR, AllocatorState(), desk=name)
        self._settings = settings.allocator
        self._window = round(self._settings.window_days * DAY_NS)
        self._capital = parts.capital
        switched = ((SNIPER, settings.oracle_sniper), (ATOMIC_ARB, settings.atomic_arb))
        self._strategies = tuple(strategy for strategy, active in switched if active)

    @on(CashMoved, Opened)
    def start(self, _: CashMoved | Opened, context: Context) -> list[Event | str]:
        """Allocate for the first time, evenly; later cash changes no share."""
        if self.state.shares or not self._strategies:
            return [SkipReason.RESULT_NOTED]
        self._wait(context)
        return self._allocate("start", context)

    @on(TradeClosed)
    def note(self, event: TradeClosed, context: Context) -> list[Event | str] | None:
        """Remember a result of the desk's strategies, and allocate if enough have come."""
        strategy = strategy_of(event.position)
        if event.desk != self.desk or strategy not in self._strategies:
            return None
        results = self.state.results.setdefault(strategy, [])
        results.append(Result(context.now, event.closed_ts, event.pnl, event.entry_candidate))
        if len(results) > RESULTS_MAX:
            del results[0]
        self.state.fresh += 1
        if self.state.fresh < self._settings.every_trades:
            return [SkipReason.RESULT_NOTED]
        return self._allocate("trades", context)

    @on(TradeReversed)
    def take_back(self, event: TradeReversed, _: Context) -> list[Event | str] | None:
        """Forget a result that is void."""
        strategy = strategy_of(event.position)
        if event.desk != self.desk or strategy not in self._strategies:
            return None
        results = self.state.results.get(strategy, [])
        for place in range(len(results) - 1, -1, -1):
            if (results[place].closed_ts, results[place].pnl) == (event.closed_ts, event.pnl):
                del results[place]
                self.state.fresh = max(0, self.state.fresh - 1)
                break
        return [SkipReason.RESULT_NOTED]

    @on(WokeUp)
    def wake(self, _: WokeUp, context: Context) -> list[Event | str]:
        """It is 00:00 UTC."""
        self._wait(context)
        return self._allocate(MIDNIGHT, context)

    def _wait(self, context: Context) -> None:
        context.wake_at(context.now - context.now % DAY_NS + DAY_NS, MIDNIGHT, late_ok=True)

    def _allocate(self, reason: str, context: Context) -> list[Event | str]:
        state = self.state
        state.fresh = 0
        found = [self._opportunities(strategy, context.now) for strategy in self._strategies]
        scores = [score(results) for results in found]
        before = [state.shares[strategy] for strategy in self._strategies] if state.shares else []
        divided = shares(scores, self._settings, before)
        if sum(divided) > 1.0 + ROUNDING:
            raise Bug(
                f"{self.desk} would share {sum(divided)} of its capital: shares {divided} of scores {scores}"
            )
        state.shares = dict(zip(self._strategies, divided, strict=True))
        allocations = tuple(
            Allocation(
                strategy,
                state.shares[strategy],
                scores[place],
                len(found[place]),
                sum(one > 0 for one in found[place]),
                sum(one < 0 for one in found[place]),
                sum(found[place]),
            )
            for place, strategy in enumerate(self._strategies)
        )
        return [
            AllocationsChanged(self.desk, allocations, self._capital(self.desk), reason),
            SkipReason.CAPITAL_SHARED,
        ]

    def _opportunities(self, strategy: str, now: int) -> list[int]:
        """What each opportunity of the window came to; what is older is forgotten."""
        kept = [one for one in self.state.results.get(strategy, ()) if one.ts > now - self._window]
        if kept:
            self.state.results[strategy] = kept
        else:
            self.state.results.pop(strategy, None)
        alone = [one.pnl for one in kept if not one.opportunity]
        together: dict[int, int] = {}
        for one in kept:
            if one.opportunity:
                together[one.opportunity] = together.get(one.opportunity, 0) + one.pnl
        return [*together.values(), *alone]
