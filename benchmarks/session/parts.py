"""The configuration and the run that our sides share: what a user's TOML file would say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Ask
from benchmarks.workload import Workload
from tradeworthy.gateways.feeds.protocol import Feed
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.drivers import SimulatedDriver
from tradeworthy.runtime.opening import OpenRun
from tradeworthy.runtime.plan import Mode, Plan

BREAKOUT = ROOT / "examples" / "breakout.py"
IN_AND_OUT = ROOT / "benchmarks" / "session" / "in_and_out.py"


def configuration(
    workload: Workload, desk: Path, settings: dict[str, Any], venue: dict[str, Any]
) -> Configuration:
    """A configuration whose limits never bind: the guard works, and refuses nothing."""
    instruments = [
        {
            "id": name,
            "venue": "SIM",
            "quote": "USDT",
            "tick": str(workload.tick),
            "lot": str(workload.lot),
            "taker_fee": workload.taker_fee,
        }
        for name in workload.names()
    ]
    desks = [
        {
            "name": desk.stem,
            "file": str(desk),
            "timeframe": "1m",
            "instruments": workload.names(),
            "share": workload.share,
            "settings": settings,
        }
    ]
    values = {
        "name": "benchmark",
        "account": {"currency": "USDT", "cash": str(workload.cash)},
        "venue": venue,
        "instruments": instruments,
        "desks": desks,
        "risk": {
            "daily_loss_max": "1",
            "drawdown_max": "1",
            "position_max": "1",
            "portfolio_max": "1",
            "orders_per_minute_max": 1_000_000,
        },
    }
    return from_values(values, "the benchmark's configuration")


def breakout(workload: Workload) -> Configuration:
    """The tutorial's desk, taking the close of the bar that it decided on, as the peer does."""
    settings = {"lookback": workload.lookback, "hold": workload.hold}
    return configuration(workload, BREAKOUT, settings, {"matcher": "bar", "fills": "taker_close"})


def in_and_out(workload: Workload) -> Configuration:
    """A desk that buys on one book and sells on the next, at latency 0."""
    return configuration(workload, IN_AND_OUT, {}, {"matcher": "book", "latency_ms": 0})


def paper_plan(configuration: Configuration, ask: Ask) -> Plan:
    """Paper over the recorded bars (or `options["feed"]`), as fast as it can, for as long as they last."""
    duration_s = (ask.workload.bars + 1) * 60.0
    feed = ask.options.get("feed", f"recorded:{Path(ask.data).parent}")
    return Plan(configuration, Mode.PAPER, feed, duration_s=duration_s)


async def drive(
    run: OpenRun,
    feed: Feed,
    snapshot_every: int = 0,
    after_chunk: Callable[[OpenRun], None] | None = None,
) -> None:
    """Drive an open run over its feed to the end, as a session does; 0 takes no snapshots."""
    snapshot_at = run.life.core.sequencer.inputs

    async def beat() -> None:
        nonlocal snapshot_at
        await asyncio.sleep(0)
        inputs = run.life.core.sequencer.inputs
        if after_chunk:
            after_chunk(run)
        if snapshot_every and inputs - snapshot_at >= snapshot_every:
            snapshot_at = inputs
            run.life.snapshot()

    driver = SimulatedDriver(run.life, feed, asyncio.Event(), end_ts=run.end_ts, pace=None, beat=beat)
    await driver.run()
