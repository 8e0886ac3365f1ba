"""The part named `atomic-arb`: buys (or splits and sells) whole sets of tokens, all legs in one request."""

from __future__ import annotations

from collections.abc import Sequence

from tradeworthy.core.agents import Context, on
from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.arbitrage.completeness import thin
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import ATOMIC_ARB, OpportunityDetected
from tradeworthy.desks.arbitrage.partitions import LegBook, Walked, walk_set
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.strategy import Strategy, StrategyState
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.intents import Intent, Leg, Policy, TimeInForce, position_key
from tradeworthy.market.instruments import CASH_UNIT, Side


class AtomicArb(Strategy):
    """Equal lots of all legs, never more than the thinnest holds, within its capital and the target notional.

    The intent names what the set pays at the least. With the policy all_or_none nothing is bought unless all is; with
    `complete` a missing leg is paid for up to a tick past break-even, and else the set is unwound at a loss.
    """

    state: StrategyState

    def __init__(self, name: str, settings: ArbitrageSettings, parts: DeskParts) -> None:
        super().__init__(ATOMIC_ARB, StrategyState(), name, settings)
        self._parts = parts
        self._fixed_cost = round(settings.fixed_cost * CASH_UNIT)

    @on(OpportunityDetected)
    def evaluate(self, event: OpportunityDetected, context: Context) -> list[Event | str] | None:
        """Ask for as many sets as are affordable, or say why the opportunity is let go."""
        if event.strategy != self.name or event.skip:
            return None
        busy = self.busy(event, self._parts)
        if busy is not None:
            return self.let_go(busy, {"net_edge": event.net_edge}, context)
        purse = self.purse(self._parts)
        figures: dict[str, Figure] = {
            "net_edge": event.net_edge,
            "capital": purse.capital,
            "free": purse.free,
        }
        legs = self._legs(event)
        walked = self._walk(legs, event, min(purse.free, round(self._settings.target_notional * CASH_UNIT)))
        if isinstance(walked, SkipReason):
            return self.let_go(walked, figures, context)
        figures |= {"lots": walked.lots, "profit": walked.profit, "return_on_cost": walked.return_on_cost}
        reason = thin(walked, legs, self._settings)
        if reason is not None:
            return self.let_go(reason, figures, context)
        return self.propose(event, self._intent(event, walked, legs, context.now), _spent(walked), context)

    def _legs(self, event: OpportunityDetected) -> list[LegBook]:
        """The legs with the books as they are now, up to the prices that the opportunity counted on."""
        books = self._parts.freshness.state.books
        legs = []
        for leg in event.legs:
            seen = books.get(leg.instrument)
            levels = () if seen is None else seen.asks if leg.side is Side.BUY else seen.bids
            shown = tuple(one for one in levels if (one.ticks - leg.limit_ticks) * leg.side.sign <= 0)
            scale = self._parts.listing.scale(leg.instrument)
            legs.append(LegBook(leg.market, leg.instrument, leg.outcome, leg.side, shown, scale))
        return legs

    def _walk(self, legs: Sequence[LegBook], event: OpportunityDetected, budget: int) -> Walked | SkipReason:
        """The walk that `budget` cash units pay for: no dearer than the whole one, a lot for a lot."""
        floor = event.payout_floor // event.capacity_lots
        least = self._settings.min_marginal_edge
        whole = walk_set(legs, floor, least, fixed_cost=self._fixed_cost, lots_max=event.capacity_lots)
        if whole is None:
            return SkipReason.GAP_VANISHED
        lots = budget * whole.lots // _spent(whole)
        if lots < 1:
            return SkipReason.NO_CAPITAL_LEFT
        if lots >= whole.lots:
            return whole
        part = walk_set(legs, floor, least, fixed_cost=self._fixed_cost, lots_max=lots)
        return part or SkipReason.GAP_VANISHED

    def _intent(
        self, event: OpportunityDetected, walked: Walked, legs: Sequence[LegBook], now: int
    ) -> Intent:
        policy = self._settings.leg_policy
        whole = TimeInForce.FOK if policy is Policy.ALL_OR_NONE else TimeInForce.FAK
        return Intent(
            tuple(
                Leg(
                    leg.instrument,
                    leg.side,
                    leg.lots,
                    leg.limit_ticks,
                    position_key(self.name, leg.instrument),
                    whole,
                )
                for leg in walked.legs
            ),
            policy,
            self.expires_at(event, now),
            complete_ticks=_spare_ticks(walked, legs) if policy is Policy.COMPLETE else 0,
            edge=walked.profit,
            reason=event.method,
            dedupe_key=event.dedupe_key,
            strategy=self.name,
            payout_floor=walked.payout_floor,
        )


def _spent(walked: Walked) -> int:
    """Cash units that the set takes: its price, or the money it is split from, and its fees."""
    return walked.cost + walked.fees


def _spare_ticks(walked: Walked, legs: Sequence[LegBook]) -> int:
    """How far past its limit one missing leg may be paid for: up to break-even and one tick."""
    dearest = max(leg.scale.tick_value for leg in legs)
    return walked.profit // (walked.lots * dearest) + 1
