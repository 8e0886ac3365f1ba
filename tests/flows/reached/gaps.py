"""Why a feed says that it has a hole: each gateway's own words, admitted as it delivers them (A11)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from tests.flows.reached.demanded import gap_reasons
from tests.flows.reached.faults import journal
from tests.flows.reached.stage import Stage, asking, together
from tests.flows.reached.table import reaches
from tests.gateways.market_records import Best, Swept, feed_of, write_events, write_list, write_windows
from tests.gateways.recordings import bar, instrument, rows_of, write
from tests.runtime.rig import SECOND, START, feed, place, price
from tests.runtime.wall_rig import Drive, Script, Wall, crashes, says
from tradeworthy.gateways.control import Inject
from tradeworthy.gateways.feeds.protocol import Put, Row
from tradeworthy.gateways.feeds.recorded import RecordedFeed
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.gateways.simulator.prediction_settings import FaultSettings, PredictionSettings
from tradeworthy.gateways.simulator.predictions import PredictionSimulatorFeed
from tradeworthy.market.bars import FeedGap
from tradeworthy.runtime.requests import RequestHandler

QUOTES = [
    Swept(0, "race-a", 0.40, 0.45),
    Swept(0, "race-b", 0.30, 0.35),
    Swept(120, "race-b", 0.50, 0.48),
    Swept(9000, "race-a", 0.42, 0.45, segment=2),
]
"""A quote that is crossed, and an outage."""

WINDOWS = [Best(ms, 0, (quote, 0.56), (0.44, 0.46)) for ms, quote in ((1_000, 0.54), (2_000, 0.545))]
"""A quote that is off its tick."""


BAD_BARS = [
    ("AAA", 1, float("nan"), 1.0, 1.0, 1.0, 1.0),
    ("AAA", 2, 0.0, 1.0, 0.0, 1.0, 1.0),
    ("AAA", 3, 1.0, 1.0, 2.0, 1.5, 1.0),
    ("AAA", 4, 3.0, 2.0, 1.0, 1.5, 1.0),
    ("AAA", 5, 1.0, 2.0, 1.0, 1.5, -1.0),
    bar("AAA", 6),
    bar("AAA", 6),
    bar("AAA", 9),
]
"""One of each fault that a row has by itself, a bar twice, and two minutes without one."""


@reaches(*(f"gap.{reason}" for reason in dict.fromkeys(gap_reasons())))
def what_feeds_lack(folder: Path) -> dict[str, None]:
    """Records of bars and quotes, the simulator, a live gateway that floods and then crashes, and a person."""
    return together(
        admitted(bars(folder / "bars")),
        admitted(quotes(folder / "list")),
        admitted(rows_of(feed_of(write_windows(folder / "windows", WINDOWS)))),
        admitted(simulated()),
    ) | live(folder / "live")


def admitted(rows: Iterable[Row]) -> Stage:
    """A core that is handed a feed's rows."""
    stage = Stage(asking(venue={"matcher": "bar"}))
    for _, ts, event in rows:
        stage.wait(max(0, ts - stage.now))
        stage.put(event)
    return stage


def bars(folder: Path) -> list[Row]:
    """A recorded file of bars; one that opens half a minute late comes besides."""
    path = write(folder, [bar("AAA", 0), *BAD_BARS]) / "klines_1m.parquet"
    late = pl.read_parquet(path).head(1).with_columns(pl.col("ts").dt.offset_by("30s"))
    pl.concat([pl.read_parquet(path), late]).write_parquet(path)
    return rows_of(RecordedFeed(folder, [instrument("AAA")], "1m"))


def quotes(folder: Path) -> list[Row]:
    """Recorded quotes of two outcomes."""
    return rows_of(feed_of(write_list(folder, QUOTES), events=write_events(folder / "events.toml")))


def simulated() -> list[Row]:
    """The simulator, up to the first gap of its books."""
    settings = PredictionSettings(faults=FaultSettings(stale=0, dead=0, gap=288, crossed=0, mispriced=0))
    rows: list[Row] = []
    for batch in PredictionSimulatorFeed(settings, seed=7).batches(-1):
        rows += [row for row in batch if isinstance(row[2], FeedGap)]
        if rows:
            return rows
    raise AssertionError("the simulator has no gaps")


def live(folder: Path) -> dict[str, None]:
    """More prices than may wait, a crash, and what somebody says by hand."""

    async def burst(script: Script, put: Put) -> None:
        for number in range(8):
            script.position += 1
            await put(script.position, price(at=1.0 + number, ts=START + number))
        await script.seen()

    there = place(folder)
    with there.opened() as life:
        Drive(life, Wall(), waiting_max=3).run(Script(burst, crashes(ConnectionResetError()), says(price())))
        feed(life, price(), every=SECOND)
        latch, stop = LatchFile(there.home.path), asyncio.Event()
        handler = RequestHandler(life, latch, stop, lambda: life.core.sequencer.now)
        fact = {"event": "FeedGap", "instrument": "BTC"}
        asyncio.run(handler.handle(Inject(kind="state", events=[fact])))
    return journal(there)
