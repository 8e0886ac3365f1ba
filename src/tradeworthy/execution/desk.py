"""What a desk author writes against: a desk, its settings, and a context that hands it its positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from tradeworthy.core.agents import Agent, Context, State
from tradeworthy.core.events import Figure
from tradeworthy.core.settings import Settings as BaseSettings
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.money import Scale

if TYPE_CHECKING:
    from tradeworthy.core.sequencer import Sequencer
    from tradeworthy.execution.ledger import Ledger
    from tradeworthy.execution.order_desk import OrderDesk
    from tradeworthy.execution.positions import Position
    from tradeworthy.market.freshness import Freshness
    from tradeworthy.market.listing import Listing
    from tradeworthy.market.markets import Markets
    from tradeworthy.market.marks import Marks
    from tradeworthy.market.oracles import Oracles


@dataclass(frozen=True)
class DeskParts:
    """What a desk of several agents may read; it writes none of it.

    `capital` is a desk's share of the account in cash units, `share_ppm` that share in millionths; `posture` names the
    posture that holds at a session time. `venue` is what paper assumes of it.
    """

    listing: Listing
    marks: Marks
    markets: Markets
    oracles: Oracles
    freshness: Freshness
    ledger: Ledger
    orders: OrderDesk
    capital: Callable[[str], int]
    share_ppm: Callable[[str], int]
    posture: Callable[[int], str]
    venue: PaperVenueSettings


class Account(Protocol):
    """What a desk may see of the account; runtime gives it ledger, orders and listing in one."""

    def position(self, desk: str, key: str) -> Position:
        """The desk's position of that key; zero lots if it has none."""

    def working(self, desk: str, instrument: str) -> bool:
        """Whether an order of the desk for `instrument` is without its end."""

    def capital(self, desk: str) -> int:
        """The desk's share of the account at cost, in cash units."""

    def scale(self, instrument: str) -> Scale:
        """The integer scale of a listed instrument."""


class DeskContext(Context):
    """A desk's context: besides time and draws, its own positions, orders and capital."""

    __slots__ = ("_account", "_bar_ns", "_desk")

    def __init__(self, sequencer: Sequencer, agent: Desk, account: Account) -> None:
        super().__init__(sequencer, agent)
        self._account = account
        self._desk = agent.desk
        self._bar_ns = TIMEFRAMES_NS[agent.timeframe]

    def position(self, key: str) -> Position:
        """The position of that key (an instrument, unless the leg named another); zero lots if none."""
        return self._account.position(self._desk, key)

    def working(self, instrument: str) -> bool:
        """Whether an order for `instrument` has no final answer yet."""
        return self._account.working(self._desk, instrument)

    def capital(self) -> float:
        """The desk's share of the account at cost, in units of currency."""
        return self._account.capital(self._desk) / CASH_UNIT

    def bars_held(self, key: str) -> int:
        """Whole bars of the desk's timeframe since position `key` was opened."""
        return (self.now - self.position(key).opened_ts) // self._bar_ns

    def enter(
        self,
        kind: str,
        instrument: str,
        side: Side,
        *,
        notional: float,
        price: float,
        figures: dict[str, Figure],
        reason: str = "",
    ) -> TradeCandidate:
        """A candidate to buy or sell `notional` units of currency at market; lots are rounded down.

        `notional` is money at risk: risk refuses what goes over its limits, and cuts nothing.
        """
        scale = self._account.scale(instrument)
        lots = scale.lots_of(notional / price)
        leg = Leg(instrument, side, lots)
        return TradeCandidate(kind, instrument, figures, intent=Intent((leg,), reason=reason or kind))

    def leave(self, kind: str, key: str, *, figures: dict[str, Figure], reason: str = "") -> TradeCandidate:
        """A candidate to close the whole position `key` at market; it can only reduce."""
        position = self.position(key)
        side = Side.SELL if position.lots > 0 else Side.BUY
        leg = Leg(position.instrument, side, abs(position.lots), position=key)
        intent = Intent((leg,), reduce_only=True, reason=reason or kind)
        return TradeCandidate(kind, position.instrument, figures, intent=intent)


class Desk(Agent):
    """A trading system in one class: subclass it with a `Settings`, a `Memory`, and handlers marked `@on`.

    A handler answers events (candidates) or a reason, one short snake_case word, why there is none.
    """

    class Settings(BaseSettings):
        """The desk's own section of the file, frozen; unknown keys are errors."""

    class Memory(State):
        """All that the desk remembers."""

    def __init__(
        self, name: str, settings: Desk.Settings, instruments: tuple[str, ...], timeframe: str
    ) -> None:
        super().__init__(name, self.Memory(), desk=name)
        self.settings: Any = settings
        self.instruments = instruments
        self.timeframe = timeframe
        self.account: Account | None = None

    def context(self, sequencer: Sequencer) -> DeskContext:
        """The context that its handlers are given."""
        return DeskContext(sequencer, self, cast("Account", self.account))
