"""The part named `oracle-sniper`: buys what the oracle says is cheap, and sells what the market has corrected."""

from __future__ import annotations

from tradeworthy.core.agents import Context, on
from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import SNIPER, Kind, OpportunityDetected, OpportunityLeg
from tradeworthy.desks.arbitrage.exits import WAIT_NS, Exits, Holding
from tradeworthy.desks.arbitrage.partitions import RATE_LOTS
from tradeworthy.desks.arbitrage.quotes import SECOND_NS
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.sizing import Stake, stake
from tradeworthy.desks.arbitrage.strategy import Strategy, StrategyState
from tradeworthy.execution.accounting import PositionChanged
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate, position_key, strategy_of
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.money import Scale

ROUNDING = 0.5
"""Cash units of one lot that rounding may be off by: far below a tick."""


class SniperState(StrategyState):
    """What it holds, by token, and until when a market is left alone after a sale in it (session ns)."""

    held: dict[str, Holding] = {}
    resting: dict[str, int] = {}


class Sniper(Strategy):
    """One FAK leg for each opportunity, never for more than its levels showed; then it watches what it holds.

    It takes levels that are `sniper_min_edge` below the least that the token is worth, and after a sale leaves the
    market alone for `cooldown_s`, lest it pays fee and spread again and again for one view. It can lose: the view is
    a model, and a position that is not sold is held to the outcome.
    """

    state: SniperState

    def __init__(self, name: str, settings: ArbitrageSettings, parts: DeskParts) -> None:
        super().__init__(SNIPER, SniperState(), name, settings)
        self._parts = parts
        self._exits = Exits(settings, parts)
        self._cooldown_ns = round(settings.cooldown_s * SECOND_NS)

    # Entries

    @on(OpportunityDetected)
    def evaluate(self, event: OpportunityDetected, context: Context) -> list[Event | str] | None:
        """Ask for what the opportunity is worth by capital and Kelly, or say why it is let go."""
        if event.strategy != self.name or event.skip:
            return None
        leg = event.legs[0]
        busy = self.busy(event, self._parts)
        if busy is None and context.now < self.state.resting.get(leg.market, 0):
            busy = SkipReason.JUST_SOLD
        if busy is not None:
            return self.let_go(busy, {"net_edge": event.net_edge}, context)
        scale = self._parts.listing.scale(leg.instrument)
        share = float(scale.instrument.lot) * CASH_UNIT
        worth = leg.vwap + (leg.fee + event.profit) / (leg.lots * share)
        purse = self.purse(self._parts, leg.instrument)
        asks = self._cheap(leg, scale, worth * share)
        sized = stake(asks, scale, worth, event.signal, purse, self._settings, lots_max=leg.lots)
        figures = _figures(event, sized, worth, purse.capital)
        reason = sized.skip if asks else SkipReason.BELOW_MIN_EDGE
        if reason is not None:
            return self.let_go(reason, figures, context)
        paid = sized.cost + sized.fee
        intent = Intent(
            (
                Leg(
                    leg.instrument,
                    Side.BUY,
                    sized.lots,
                    sized.limit_ticks,
                    position_key(self.name, leg.instrument),
                ),
            ),
            expires_at=self.expires_at(event, context.now),
            edge=round(worth * share * sized.lots) - paid,
            reason=event.kind,
            dedupe_key=event.dedupe_key,
            strategy=self.name,
        )
        return self.propose(event, intent, paid, context)

    def _cheap(self, leg: OpportunityLeg, scale: Scale, worth: float) -> list[Level]:
        """The levels that the opportunity counted on and that leave the sniper's edge; a lot is `worth` cash units."""
        seen = self._parts.freshness.state.books.get(leg.instrument)
        most = worth - self._settings.sniper_min_edge * float(scale.instrument.lot) * CASH_UNIT
        return [
            level
            for level in (seen.asks if seen else ())
            if level.ticks <= leg.limit_ticks
            and scale.cost(level.ticks, 1) + scale.fee(level.ticks, RATE_LOTS, maker=False) / RATE_LOTS
            <= most + ROUNDING
        ]

    # Exits

    @on(BookChanged)
    def look(self, event: BookChanged, context: Context) -> Event | str | None:
        """Sell what is held if an exit is due: one order at a time, and no second one at once."""
        held = self.state.held
        if not held or event.instrument not in held:
            return None
        holding, key = held[event.instrument], position_key(self.name, event.instrument)
        if self._parts.orders.working(self.desk, event.instrument):
            return SkipReason.ALREADY_WORKING
        if context.now < holding.wait_until:
            return SkipReason.EXIT_COOLDOWN
        position = self._parts.ledger.position(self.desk, key)
        due = self._exits.judge(position, holding, context.now)
        if isinstance(due, SkipReason):
            return due
        holding.wait_until = context.now + WAIT_NS
        self._rest(event.instrument, context.now)
        leg = Leg(event.instrument, Side.SELL, position.lots, due.limit_ticks, key)
        intent = Intent(
            (leg,),
            expires_at=context.now + self._ttl_ns,
            reduce_only=True,
            edge=due.edge,
            reason=due.reason,
            strategy=self.name,
        )
        return TradeCandidate(Kind.EXIT, event.instrument, due.figures, intent=intent)

    def _rest(self, instrument: str, now: int) -> None:
        """Leave the token's market alone for a while; what is past its time is forgotten."""
        market = self._parts.markets.of(instrument)
        if market is not None:
            kept = {name: until for name, until in self.state.resting.items() if until > now}
            self.state.resting = {**kept, market.id: now + self._cooldown_ns}

    @on(PriceObserved)
    def watch(self, event: PriceObserved, _: Context) -> None:
        """Remember how far the underlying of a held touch market went, as far as the oracles believe it."""
        for holding in self.state.held.values():
            if holding.symbol and holding.symbol == event.instrument:
                price = self._parts.oracles.price(event.instrument)
                if price is not None:
                    holding.watch(price)

    @on(PositionChanged)
    def hold(self, event: PositionChanged, _: Context) -> str | None:
        """Watch a token from its first fill on, until nothing of it is left."""
        if event.desk != self.desk or strategy_of(event.position) != self.name:
            return None
        held = self.state.held
        if event.lots <= 0:
            held.pop(event.instrument, None)
        elif event.instrument not in held:
            held[event.instrument] = self._exits.holding_of(event.instrument)
        return SkipReason.NOTED


def _figures(event: OpportunityDetected, sized: Stake, worth: float, capital: int) -> dict[str, Figure]:
    """What the evaluation rested on: cash units, shares of capital, and prices per share."""
    return {
        "net_edge": event.net_edge,
        "signal": event.signal,
        "worth": worth,
        "kelly": sized.kelly,
        "capital": capital,
        "stake": sized.budget,
        "lots": sized.lots,
    }
