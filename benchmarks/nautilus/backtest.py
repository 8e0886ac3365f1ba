"""The peer's side of the backtest: NautilusTrader's BacktestEngine, as fast as it is with its account kept.

Its bar execution moves the market through open, high, low and close of a bar before the strategy is told of
it, and takes a market order of the strategy right after: with no latency model the order fills whole at
that bar's close, which is our `fills = "taker_close"`. A fill at the next open would need a second stream
of ticks, so it is not compared.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, TimeInForce
from nautilus_trader.model.objects import Money, Quantity
from nautilus_trader.risk.config import RiskEngineConfig
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from benchmarks.bars import MINUTE_MS, Bars, read
from benchmarks.measure import Stages, answer, asked
from benchmarks.nautilus.parts import VENUE, perpetual
from benchmarks.trades import Trade
from benchmarks.workload import Workload

MINUTE_NS = MINUTE_MS * 1_000_000
NINE_TENTHS = 0.9
"""The desk's own: the part of its capital that it has in positions at most."""


class Breakout(Strategy):  # type: ignore[misc]
    """The desk of examples/breakout.py: the same rule on the same floats, for all instruments."""

    def __init__(self, workload: Workload, instruments: dict[Any, Any]) -> None:
        super().__init__(StrategyConfig(strategy_id="BREAKOUT-1", log_events=False, log_commands=False))
        self.lookback, self.hold = workload.lookback, workload.hold
        self.part = NINE_TENTHS * workload.share / workload.symbols
        self.lot, self.size_decimals = float(workload.lot), workload.size_decimals
        self.bar_types = {bar_type: instrument.id for bar_type, instrument in instruments.items()}
        self.highs: dict[Any, list[float]] = {instrument.id: [] for instrument in instruments.values()}
        self.held: dict[Any, Any] = {}
        self.closed: list[Any] = []

    def on_start(self) -> None:
        """Ask for the bars."""
        for bar_type in self.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Any) -> None:
        """Enter above the highest high of the bars before, leave after `hold` bars."""
        instrument = self.bar_types[bar.bar_type]
        highs = self.highs[instrument]
        ceiling = max(highs) if len(highs) == self.lookback else float("inf")
        highs.append(bar.high.as_double())
        del highs[: -self.lookback]
        position = self.held.get(instrument)
        if position is not None:
            if (bar.ts_init - position.ts_opened) // MINUTE_NS >= self.hold:
                order = self.order_factory.market(
                    instrument, OrderSide.SELL, position.quantity, TimeInForce.GTC, reduce_only=True
                )
                self.submit_order(order, position_id=position.id)
            return
        close = bar.close.as_double()
        if close > ceiling:
            capital = self.portfolio.account(VENUE).balance_total(USDT).as_double()
            lots = int(self.part * capital / close / self.lot + 1e-6)
            quantity = Quantity(lots * self.lot, self.size_decimals)
            self.submit_order(self.order_factory.market(instrument, OrderSide.BUY, quantity))

    def on_position_opened(self, event: Any) -> None:
        """Keep the position until it is closed."""
        self.held[event.instrument_id] = self.cache.position(event.position_id)

    def on_position_closed(self, event: Any) -> None:
        """Keep what the result is made of."""
        self.closed.append(event)
        del self.held[event.instrument_id]


def build(workload: Workload, arrays: dict[str, Bars]) -> tuple[Any, Breakout]:
    """An engine with venue, instruments, bars and strategy: ready to run."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
            load_state=False,
            save_state=False,
        )
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.HEDGING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(workload.cash, USDT)],
        base_currency=USDT,
        default_leverage=Decimal(1),
    )
    instruments: dict[Any, Any] = {}
    stream: list[Any] = []
    for name, bars in arrays.items():
        instrument = perpetual(workload, name)
        engine.add_instrument(instrument)
        bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
        instruments[bar_type] = instrument
        stream += objects(workload, bar_type, bars)
    if len(arrays) > 1:
        stream.sort(key=attrgetter("ts_init"))
    engine.add_data(stream, sort=False)
    strategy = Breakout(workload, instruments)
    engine.add_strategy(strategy)
    return engine, strategy


def objects(workload: Workload, bar_type: Any, bars: Bars) -> list[Any]:
    """The engine's own bars, stamped by their close: the fastest of its ways to make them."""
    closes = ((bars.opens_ms + MINUTE_MS) * 1_000_000).astype(np.uint64)
    made: list[Any] = Bar.from_raw_arrays_to_list(
        bar_type,
        workload.price_decimals,
        workload.size_decimals,
        *(np.array(column) for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)),
        closes,
        closes,
    )
    return made


def trade(workload: Workload, event: Any) -> Trade:
    """A closed position as a row."""
    tick, lot = float(workload.tick), float(workload.lot)
    return Trade(
        event.instrument_id.symbol.value,
        "buy" if event.entry == OrderSide.BUY else "sell",
        round(event.peak_qty.as_double() / lot),
        event.ts_opened,
        event.ts_closed,
        round(event.avg_px_open / tick),
        round(event.avg_px_close / tick),
        int(event.realized_pnl.as_decimal().scaleb(8)),
    )


def main(argument: str) -> None:
    """Run the job named in `argument` and answer with its times and trades."""
    ask = asked(argument)
    stages = Stages()
    arrays = read(Path(ask.data))
    stages.mark("load")
    engine, strategy = build(ask.workload, arrays)
    stages.mark("build")
    engine.run()
    stages.mark("run")
    trades = [trade(ask.workload, event) for event in strategy.closed]
    stages.mark("result")
    answer(ask, stages.report(trades=trades))


if __name__ == "__main__":
    main(sys.argv[1])
