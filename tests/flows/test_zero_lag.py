"""The simulator's honesty, with the pilot at work: lag is what pays, and without it nothing does."""

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.desks.arbitrage.events import SNIPER, OpportunityDetected
from tradeworthy.execution.orders import FillObserved, PlaceOrder
from tradeworthy.gateways.simulator.prediction_settings import FaultSettings, PredictionSettings
from tradeworthy.journal.reader import read
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.pilot import pilot_plan
from tradeworthy.runtime.plan import Mode, Plan

HONEST = FaultSettings(stale=0, dead=0, gap=0, crossed=0, mispriced=0)
"""A stale book is lag by another name, and a mispriced one a gift."""

SOME_MINUTES_S = 900.0
LATENCY_NS = 250_000_000
SEEDS = (1, 11, 12)


class Traded(NamedTuple):
    """What a run came to: realised P&L, equity in the end, closed trades, and what happened on the way."""

    realised: Decimal
    equity: Decimal
    closed: int
    packets: list[Packet]

    def of(self, kind: type[Event]) -> list[Packet]:
        """The packets of one type."""
        return [packet for packet in self.packets if isinstance(packet.event, kind)]


def traded(folder: Path, seed: int, lag_ms: int, rivals_ms: int) -> Traded:
    """The pilot as it comes, a quarter of an hour long, but with makers of that lag and books without faults."""
    markets = PredictionSettings(lag_ms=lag_ms, rivals_ms=rivals_ms, faults=HONEST)
    configuration = pilot_plan().configuration.model_copy(update={"predictions": markets})
    plan = Plan(configuration, Mode.BACKTEST, "simulator", seed=seed, duration_s=SOME_MINUTES_S)
    ended = run_backtest(plan, Home(folder)).overview
    (run,) = (folder / "runs").iterdir()
    packets = [codec().decode(record.body)[1] for record in read(run) if record.kind == Kind.DECISION]
    return Traded(Decimal(ended["realised_pnl"]), Decimal(ended["equity"]), ended["trades_closed"], packets)


@pytest.mark.parametrize("rivals_ms", [0, PredictionSettings().rivals_ms])
@pytest.mark.parametrize("seed", SEEDS)
def test_without_lag_the_sniper_earns_nothing(tmp_path: Path, seed: int, rivals_ms: int) -> None:
    """Quotes that are fair at every moment leave only fee and spread, alone or not: no gain, realised or not."""
    ended = traded(tmp_path, seed, 0, rivals_ms)
    assert ended.realised <= 0
    assert ended.equity <= 500


def test_with_lag_it_finds_opportunities_and_earns(tmp_path: Path) -> None:
    """The positive control: the same minutes with makers that are some seconds behind, and nobody else about."""
    ended = traded(tmp_path, 12, 4_000, 0)
    told = [packet for packet in ended.of(OpportunityDetected) if packet.event.strategy == SNIPER]  # type: ignore[attr-defined]
    assert len(told) >= 5
    assert ended.closed >= 3
    assert ended.realised > 0
    sent = {packet.event.order: packet.ts for packet in ended.of(PlaceOrder)}  # type: ignore[attr-defined]
    fills = ended.of(FillObserved)
    assert fills
    assert all(fill.ts >= sent[fill.event.order] + LATENCY_NS for fill in fills)  # type: ignore[attr-defined]
