"""The uptrend desk's orders as a Nautilus strategy, each sent on the bar that it traded in.

It imports nautilus_trader at its top: only uptrend_nautilus.py imports it, once it knows that the extra is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.instruments import Instrument, Side
from tradeworthy.proving.parity.nautilus_market import (
    LOTS_HELD_EXACTLY,
    QUARTER,
    list_instrument,
    make_engine,
    trade_tick,
)
from tradeworthy.proving.parity.nautilus_strategy import Listed, units
from tradeworthy.proving.parity.uptrend_account import Sent
from tradeworthy.proving.parity.uptrend_nautilus import OutsideClose, OutsideFill, OutsideRun

TIMEFRAME = "1m"
"""What all bars are called: Nautilus trades in one timeframe of an instrument alone."""


def run_orders(
    sent: Sequence[Sent], instruments: Sequence[Instrument], venue: PaperVenueSettings, cash: int
) -> OutsideRun:
    """Have Nautilus carry out `sent` on an account of `cash` units."""
    listed = {one.id: list_instrument(one, TIMEFRAME, venue) for one in instruments}
    offered = [one for one in sent if one.offered > 0]
    engine = make_engine(cash, list(listed.values()))
    strategy = OrdersAgain(offered, listed)
    engine.add_data(_market(offered, listed), sort=False)
    engine.add_strategy(strategy)
    engine.run()
    run = OutsideRun(tuple(strategy.fills), tuple(strategy.closes))
    engine.dispose()
    return run


class OrdersAgain(Strategy):  # type: ignore[misc]
    """Sends one order after each bar: at market, immediate or cancel."""

    def __init__(self, sent: Sequence[Sent], listed: dict[str, Listed]) -> None:
        super().__init__(StrategyConfig(strategy_id="UPTREND-1", log_events=False, log_commands=False))
        self.sent, self.listed, self.at = sent, listed, 0
        self.names = {one.theirs.id: name for name, one in listed.items()}
        self.open: dict[str, Any] = {}
        self.rows: dict[Any, str] = {}
        self.fills: list[OutsideFill] = []
        self.closes: list[OutsideClose] = []

    def on_start(self) -> None:
        """Ask for the bars."""
        for one in self.listed.values():
            self.subscribe_bars(one.bar_type)

    def on_bar(self, _: Any) -> None:
        """Send the order that the bar is for."""
        order, self.at = self.sent[self.at], self.at + 1
        one = self.listed[order.instrument]
        if order.key not in self.open:
            position = PositionId(f"{order.key}-{self.at}")
            self.open[order.key], self.rows[position] = position, order.key
        buys = order.side is Side.BUY
        made = self.order_factory.market(
            one.theirs.id,
            OrderSide.BUY if buys else OrderSide.SELL,
            Quantity.from_str(str(order.lots * one.lot)),
            TimeInForce.IOC,
            reduce_only=not buys,
        )
        self.submit_order(made, position_id=self.open[order.key])

    def on_order_filled(self, event: Any) -> None:
        """Keep the fill."""
        name = self.names[event.instrument_id]
        one, order = self.listed[name], self.sent[self.at - 1]
        side = Side.BUY if event.order_side == OrderSide.BUY else Side.SELL
        ticks = int(event.last_px.as_decimal() / one.tick)
        lots = int(event.last_qty.as_decimal() / one.lot)
        fee = units(event.commission)
        self.fills.append(OutsideFill(self.clock.timestamp_ns(), name, side, ticks, lots, fee, order.reason))

    def on_position_closed(self, event: Any) -> None:
        """Keep what Nautilus says that it made."""
        key = self.rows.pop(event.position_id)
        del self.open[key]
        self.closes.append(OutsideClose(self.clock.timestamp_ns(), key, units(event.realized_pnl)))


def _market(sent: Sequence[Sent], listed: dict[str, Listed]) -> list[Any]:
    """A bar for each order, stamped by when it was sent; before one that never leaves the last price, a trade."""
    stream: list[Any] = []
    last: dict[str, Any] = {}
    for place, order in enumerate(sent):
        one = listed[order.instrument]
        lots = min(LOTS_HELD_EXACTLY, order.offered)
        prices = [
            one.theirs.make_price(getattr(order.bar, part)) for part in ("open", "high", "low", "close")
        ]
        volume = Quantity.from_str(str(QUARTER * lots * one.lot))
        if all(price == last.get(order.instrument) for price in prices):
            size = Quantity.from_str(str(lots * one.lot))
            stream.append(trade_tick(one, prices[3], size, order.ts, f"{place}"))
        stream.append(Bar(one.bar_type, *prices, volume, order.ts, order.ts))
        last[order.instrument] = prices[3]
    return stream
