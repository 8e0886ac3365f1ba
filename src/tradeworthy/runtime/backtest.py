"""A backtest: the same core on a feed, as fast as it can, without database or bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.core.packets import Packet
from tradeworthy.gateways.feeds.protocol import FeedReport
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.money import cash_of
from tradeworthy.market.predictions import MarketOpened
from tradeworthy.reporting.assumptions import assumptions_of
from tradeworthy.reporting.files import FILES, BacktestFiles, make_folder
from tradeworthy.reporting.tear_sheet import write_tear_sheet
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.desks import check_desks
from tradeworthy.runtime.doing_errands import do_errands
from tradeworthy.runtime.drivers import SimulatedDriver
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening import open_run
from tradeworthy.runtime.overview import overview
from tradeworthy.runtime.panel_logs import panel_logs
from tradeworthy.runtime.plan import Plan

Watch = Callable[[dict[str, Any]], None]
WATCH_EVERY = 20
"""Chunks between two looks at the progress."""


@dataclass(frozen=True)
class Backtested:
    """What a backtest came to: `files` are those written, `feed` says what was read."""

    figures: dict[str, Any]
    overview: dict[str, Any]
    feed: FeedReport
    files: list[Path]
    finished: bool


class FileSink(Agent):
    """The part named `files`: it sees each bar and market before the desks do, and each decision at its turn's end."""

    def __init__(self) -> None:
        super().__init__("files", State())
        self.files: BacktestFiles | None = None

    @on(BarClosed, MarketOpened)
    def take_input(self, event: BarClosed | MarketOpened, context: Context) -> None:
        """Note the bar or market whose turn begins: a backtest's inputs are no decisions of its turns."""
        if self.files:
            self.files.add(Packet(context.seq, context.seq, 0, context.now, "feed", event))

    def take_decision(self, body: bytes) -> None:
        """Note a decision of the turn that ended."""
        if self.files:
            self.files.add(codec().decode(body)[1])


def run_backtest(
    plan: Plan, home: Home, watch: Watch | None = None, *, observers: Sequence[Agent] = ()
) -> Backtested:
    """Run `plan` over its feed; trades.csv, daily.csv, summary.json, bars.csv and tear_sheet.html go to `plan.out`.

    Without one nothing is written. Each desk on a panel has a folder of its own there, in the form of its engine.
    UsageError for an endless feed without a duration; DeskHalted if a desk raises: a backtest has no quarantine.
    """
    home.make()
    feed = open_feed(plan, home)
    start_ts, feed_end = feed.span()
    if feed_end is None and plan.duration_s is None:
        raise UsageError(f"the {feed.name} feed has no end; give --duration SECONDS of session time")
    check_desks(plan.configuration)
    if plan.out:
        make_folder(plan.out)
    sink = FileSink() if plan.out else None
    logs = panel_logs(plan.configuration, plan.out) if plan.out else None
    run = open_run(
        plan,
        home,
        feed.identity(),
        start_ts,
        observers=[*observers, *(one for one in (sink, logs) if one)],
        on_decision=sink.take_decision if sink else None,
    )
    life, looks = run.life, 0
    do_errands(plan, home, life, feed)

    async def beat() -> None:
        nonlocal looks
        looks += 1
        if watch and not looks % WATCH_EVERY:
            watch(overview(life, run.end_ts or feed_end))

    driver = SimulatedDriver(life, feed, asyncio.Event(), end_ts=run.end_ts, pace=None, beat=beat)
    with ExitStack() as ends:
        ends.callback(life.close)
        if sink and plan.out:
            sink.files = ends.enter_context(
                _files(plan, plan.out, life.header.run, run.life.core.listing.scale)
            )
        finished = asyncio.run(driver.run())
        life.snapshot()
        if sink and sink.files:
            sink.files.close()
        if logs:
            logs.close()
    written = _written(plan, feed.name) if plan.out else []
    return Backtested(
        life.figures(), overview(life, run.end_ts or feed_end), feed.report(), written, finished
    )


def _written(plan: Plan, feed: str) -> list[Path]:
    """Draw the tear sheet of what is in `plan.out`; all files that are there."""
    configuration, out = plan.configuration, plan.out
    assert out is not None
    instruments = instruments_of(configuration)
    leverage = configuration.risk.leverage_max
    assumed = assumptions_of(
        configuration.venue, instruments, feed=feed, seed=plan.the_seed, leverage=leverage
    )
    sheet = write_tear_sheet(out, configuration.name, assumed)
    folders = [out, *(out / desk.name for desk in configuration.desks if desk.on_panel)]
    return [*(folder / name for folder in folders for name in sorted(FILES)), sheet]


def _files(plan: Plan, out: Path, run: str, scale: Any) -> BacktestFiles:
    account = plan.configuration.account
    kinds = [desk.kind for desk in plan.configuration.desks if desk.kind]
    cash = cash_of(account.cash)
    return BacktestFiles(out, scale, cash=cash, run=run, currency=account.currency, desk_kinds=kinds)
