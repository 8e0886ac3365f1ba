"""The peer's side of the latency: NautilusTrader's live node with its sandbox execution client.

A quote is handed to the data client, as an adapter would hand it; it goes through the live engines' queues
to a strategy that answers it with a market order, which the sandbox's simulated exchange fills; the time
ends in `on_order_filled`. Nothing of it is written to disk: 1.221 has no durable record short of Redis.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import numpy as np
import uvloop  # type: ignore[import-not-found,unused-ignore]
from nautilus_trader.adapters.sandbox.config import SandboxExecutionClientConfig
from nautilus_trader.adapters.sandbox.factory import SandboxLiveExecClientFactory
from nautilus_trader.common import Environment
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.live.config import (
    LiveDataClientConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.live.factories import LiveDataClientFactory
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from benchmarks.measure import Ask, Stages, answer, asked
from benchmarks.nautilus.parts import VENUE, perpetual

START_S = 10.0
PAUSE_S = 0.001
FILL_S = 2.0
LOTS = 10

made: list[Quotes] = []
"""The data client that the node made: its factory has no other way to hand it out."""


class Quotes(LiveMarketDataClient):
    """A data client whose quotes are given to it."""

    async def _connect(self) -> None:
        return

    async def _disconnect(self) -> None:
        return

    async def _subscribe_quote_ticks(self, command: Any) -> None:
        return

    async def _unsubscribe_quote_ticks(self, command: Any) -> None:
        return

    def receive(self, quote: Any) -> None:
        """Take a quote as if it came from the venue."""
        self._handle_data(quote)


class QuotesFactory(LiveDataClientFactory):
    """Makes the one data client."""

    @staticmethod
    def create(loop: Any, name: str, config: Any, msgbus: Any, cache: Any, clock: Any) -> Quotes:  # noqa: ARG004 - theirs
        """The client, which `made` then holds."""
        client = Quotes(
            loop=loop,
            client_id=ClientId(name),
            venue=VENUE,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            instrument_provider=InstrumentProvider(),
        )
        made.append(client)
        return client


class InAndOut(Strategy):  # type: ignore[misc]
    """Buys on one quote and sells on the next."""

    def __init__(self, instrument: Any) -> None:
        super().__init__(StrategyConfig(strategy_id="INOUT-1", log_events=False, log_commands=False))
        self.instrument_id = instrument.id
        self.quantity = Quantity(LOTS * float(instrument.size_increment), instrument.size_precision)
        self.filled = asyncio.Event()
        self.filled_ns = 0
        self.held: Any = None

    def on_start(self) -> None:
        """Ask for the quotes."""
        self.subscribe_quote_ticks(self.instrument_id)

    def on_quote_tick(self, _: Any) -> None:
        """One market order a quote."""
        if self.held is None:
            order = self.order_factory.market(self.instrument_id, OrderSide.BUY, self.quantity)
            self.submit_order(order)
        else:
            order = self.order_factory.market(
                self.instrument_id, OrderSide.SELL, self.quantity, TimeInForce.GTC, reduce_only=True
            )
            self.submit_order(order, position_id=self.held)

    def on_order_filled(self, event: Any) -> None:
        """The end of the measured time."""
        self.filled_ns = time.perf_counter_ns()
        self.held = None if self.held else event.position_id
        self.filled.set()


def node_of(ask: Ask) -> Any:
    """A node without persistence, reconciliation or pre-trade checks: the shortest way that it has."""
    sandbox = SandboxExecutionClientConfig(
        venue=VENUE.value,
        starting_balances=[f"{ask.workload.cash} USDT"],
        base_currency="USDT",
        oms_type="HEDGING",
        account_type="MARGIN",
    )
    node = TradingNode(
        TradingNodeConfig(
            environment=Environment.SANDBOX,
            trader_id="BENCHMARK-001",
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=LiveRiskEngineConfig(bypass=True),
            exec_engine=LiveExecEngineConfig(reconciliation=False, inflight_check_interval_ms=0),
            data_clients={VENUE.value: LiveDataClientConfig()},
            exec_clients={VENUE.value: sandbox},
            timeout_disconnection=2.0,
            timeout_post_stop=0.1,
        )
    )
    node.add_data_client_factory(VENUE.value, QuotesFactory)
    node.add_exec_client_factory(VENUE.value, SandboxLiveExecClientFactory)
    node.build()
    return node


async def measure(ask: Ask) -> list[float]:
    """Microseconds from quote to fill, one for each quote."""
    instrument = perpetual(ask.workload, ask.workload.names()[0])
    node = node_of(ask)
    node.kernel.cache.add_instrument(instrument)
    strategy = InAndOut(instrument)
    node.trader.add_strategy(strategy)
    running = asyncio.create_task(node.run_async())
    deadline = time.monotonic() + START_S
    while not strategy.is_running:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the node's strategy does not run after {START_S} s")
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    rng = np.random.default_rng(ask.workload.seed)
    ticks = 1_000_000 + np.cumsum(rng.integers(-5, 6, ask.workload.bars))
    size, decimals = Quantity(1_000, ask.workload.size_decimals), ask.workload.price_decimals
    took = []
    for bid in ticks.tolist():
        strategy.filled.clear()
        bid_price, ask_price = (Price(price / 10**decimals, decimals) for price in (bid, bid + 1))
        now = time.time_ns()
        quote = QuoteTick(instrument.id, bid_price, ask_price, size, size, now, now)
        began = time.perf_counter_ns()
        made[0].receive(quote)
        await asyncio.wait_for(strategy.filled.wait(), FILL_S)
        took.append((strategy.filled_ns - began) / 1e3)
        await asyncio.sleep(PAUSE_S)
    await node.stop_async()
    running.cancel()
    node.dispose()
    return took


def main(argument: str) -> None:
    """Measure and answer with the latencies."""
    ask = asked(argument)
    stages = Stages()
    samples = uvloop.new_event_loop().run_until_complete(measure(ask))
    stages.mark("run")
    answer(ask, stages.report(samples=samples))


if __name__ == "__main__":
    main(sys.argv[1])
