"""The divergence desk as a Nautilus strategy: the desk's own steps, on bars, fills and pnl that Nautilus hands it.

It imports nautilus_trader at its top: only nautilus_pair.py imports it, once it knows that the extra is there.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from tradeworthy.desks.divergence.codes import Action, Code
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import empty_memory, feature_state, neutral_bar, params_of
from tradeworthy.desks.divergence.order_books import MockOBProvider, market_of, ob_multiplier
from tradeworthy.desks.divergence.records import FEATURES, ROW, record_of
from tradeworthy.desks.divergence.results import Trade
from tradeworthy.desks.divergence.stance import Stance
from tradeworthy.desks.divergence.steps import decide_step, signal_step, size_step
from tradeworthy.desks.divergence.trading import average_price, entry_lots
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import CASH_UNIT

SECOND_NS = 1_000_000_000
TAKER = "taker"


class Traded(NamedTuple):
    """One fill as Nautilus reported it: lots of `asset` at ticks, the fee in cash units, session time (UTC ns)."""

    ts: int
    asset: str
    sign: int
    ticks: int
    lots: int
    fee: int
    reason: str


class Listed(NamedTuple):
    """One instrument: ours by name and terms, theirs by its object, its bar type, and the places of its price."""

    name: str
    terms: Any
    theirs: Any
    bar_type: Any
    tick: Decimal
    lot: Decimal
    decimals: int


class _Held(NamedTuple):
    """The position under way: what was known when it was entered."""

    position: Any
    column: int
    bar: int
    leverage: float


class DivergenceStrategy(Strategy):  # type: ignore[misc]
    """Assembles rows of the panel, and acts once on each: after its last bar, or at the end of the grace.

    `capital` is in cash units; it grows by what Nautilus says that a closed position made. An order is immediate or
    cancel: Nautilus fills it at the close, up to the size that it has there.
    """

    def __init__(
        self, settings: DivergenceSettings, listed: list[Listed], timeframe: str, capital: int
    ) -> None:
        super().__init__(StrategyConfig(strategy_id="DIVERGENCE-1", log_events=False, log_commands=False))
        names = [one.name for one in listed]
        self.listed, self.capital, self.direction = listed, capital, settings.direction
        self.columns = {one.bar_type: column for column, one in enumerate(listed)}
        self.ids = {one.theirs.id: column for column, one in enumerate(listed)}
        self.step_ns, self.grace_ns = TIMEFRAMES_NS[timeframe], int(settings.grace_s * SECOND_NS)
        self.params, self.memory = params_of(settings, names, timeframe), empty_memory()
        self.desk_state = feature_state(settings, names, timeframe)
        self.circumstances, self.stance = neutral_bar(), Stance()
        books = settings.order_books
        market = market_of(MockOBProvider(books.fill, books.imbalance), names, 0)
        self.ob = ob_multiplier(market, settings.direction)
        self.row, self.features = record_of(ROW), record_of(FEATURES)
        self.row.columns = len(listed)
        self.came = 0
        self.volume = np.zeros(len(listed))
        self.reason = Code.NOTHING
        self.leverage, self.first_fill = 0.0, 0
        self.held: _Held | None = None
        self.fills: list[Traded] = []
        self.trades: list[Trade] = []

    def on_start(self) -> None:
        """Ask for the bars."""
        for one in self.listed:
            self.subscribe_bars(one.bar_type)

    def on_bar(self, bar: Any) -> None:
        """Put the bar into its row, and act on the row once it is whole."""
        row, column = self.row, self.columns[bar.bar_type]
        if not self.came:
            row.ts = bar.ts_event - self.step_ns
            row.close[:] = math.nan
            row.present[:] = 0
            self.volume[:] = 0.0
            self.clock.set_time_alert_ns("grace", bar.ts_event + self.grace_ns, self.on_grace)
        self.came += 1
        # Nautilus makes a float of its fixed point in two roundings; the price's own places give the nearest one.
        row.close[column] = round(bar.close.as_double(), self.listed[column].decimals)
        row.present[column] = 1
        self.volume[column] = bar.volume.as_double()
        if self.came == len(self.listed):
            self.clock.cancel_timer("grace")
            self.act()

    def on_grace(self, _: Any) -> None:
        """Act on a row that a bar is missing from."""
        self.act()

    def act(self) -> None:
        """The desk's steps on the row, and the order that follows."""
        self.came = 0
        memory, bar, held = self.memory, self.circumstances, self.held
        feature_step(self.desk_state, self.row, self.features)
        signal_step(self.params, memory, self.features)
        self.stance.fill(bar, float(self.features.beta), int(self.row.ts))
        bar.ob = self.ob
        bar.capital = self.capital / CASH_UNIT
        bar.lots = 0
        bar.price = bar.entry_price = math.nan
        if held is not None:
            one = self.listed[held.column]
            bar.lots = self._lots(held.position.quantity, one) * self.direction
            bar.price = self.features.close[held.column]
            bar.entry_price = round(held.position.avg_px_open, one.decimals)
        decide_step(self.params, memory, bar)
        size_step(self.params, memory, bar)
        self.reason = Code(int(memory.code))
        if memory.action == Action.ENTER:
            self._enter(int(memory.asset))
        elif memory.action == Action.EXIT and held is not None:
            self._order(held.column, -self.direction, abs(int(bar.lots)), held.position.id)

    def on_order_filled(self, event: Any) -> None:
        """Keep the fill."""
        one = self.listed[self.ids[event.instrument_id]]
        sign = 1 if event.order_side == OrderSide.BUY else -1
        ticks, lots = self._ticks(event.last_px, one), self._lots(event.last_qty, one)
        fee = units(event.commission)
        self.fills.append(
            Traded(self.clock.timestamp_ns(), one.name, sign, ticks, lots, fee, self.reason.word)
        )

    def on_position_opened(self, event: Any) -> None:
        """Keep the position until it is closed."""
        self.held = _Held(
            self.cache.position(event.position_id),
            self.ids[event.instrument_id],
            int(self.memory.bar),
            self.leverage,
        )

    def on_position_closed(self, event: Any) -> None:
        """Book what Nautilus says it made."""
        held = self.held
        assert held is not None
        self.held = None
        one, fills = self.listed[held.column], self.fills[self.first_fill :]
        entered = [fill for fill in fills if fill.sign == self.direction]
        left = [fill for fill in fills if fill.sign != self.direction]
        pnl, notional = units(event.realized_pnl), _notional(entered, one)
        lots = sum(fill.lots for fill in entered)
        self.capital += pnl
        self.trades.append(
            Trade(
                one.name,
                self.direction,
                held.bar,
                int(self.memory.bar),
                float(average_price(one.terms, notional, lots)),
                float(average_price(one.terms, _notional(left, one), lots)),
                pnl / notional,
                pnl,
                held.leverage,
                self.reason.word,
                entered[0].ts,
                left[-1].ts,
                lots,
                sum(fill.fee for fill in fills),
                TAKER,
                TAKER,
            )
        )

    def _enter(self, column: int) -> None:
        lots = entry_lots(self.listed[column].terms, self.memory)
        self.leverage, self.first_fill = float(self.memory.leverage), len(self.fills)
        if lots:
            self._order(column, self.direction, int(lots), None)

    def _order(self, column: int, sign: int, lots: int, position: Any) -> None:
        """An order at market, immediate or cancel; none in a bar without volume, of which Nautilus offers a lot."""
        one = self.listed[column]
        if not self.volume[column]:
            return
        order = self.order_factory.market(
            one.theirs.id,
            OrderSide.BUY if sign > 0 else OrderSide.SELL,
            Quantity.from_str(str(lots * one.lot)),
            TimeInForce.IOC,
            reduce_only=position is not None,
        )
        self.submit_order(order, position_id=position)

    def _lots(self, quantity: Any, one: Listed) -> int:
        return int(quantity.as_decimal() / one.lot)

    def _ticks(self, price: Any, one: Listed) -> int:
        return int(price.as_decimal() / one.tick)


def units(money: Any) -> int:
    """Cash units of a Nautilus amount, whose currency has eight places."""
    return int(money.as_decimal() * CASH_UNIT)


def _notional(fills: list[Traded], one: Listed) -> int:
    return sum(fill.ticks * fill.lots for fill in fills) * int(one.terms.tick_value)
