"""Paper runs for comparisons: on a feed with people beside it, or on the wall clock with a feed of one's own."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.gateways.recordings import MINUTE, Line, write
from tests.gateways.recordings import START as RECORD_START
from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.market.bars import BarClosed
from tradeworthy.runtime.configuration import Configuration, from_values, load
from tradeworthy.runtime.doing_errands import do_errands
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import FEED
from tradeworthy.runtime.opening import OpenRun, open_run
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.wall_opening import open_wall_run

BREAKOUT = Path(__file__).parents[2] / "configs" / "breakout.toml"
HOURS_S = 4 * 3_600.0
LIVE = {"feed": "venue"}
"""The identity of a feed that nothing recorded."""

Said = tuple[int, str, Event]
"""Session time, source and event of what enters beside the feed."""


def breakout(**sections: dict[str, Any]) -> Configuration:
    """The tutorial's desk, quicker, with sections changed key by key."""
    values = load(BREAKOUT).resolved()
    values["desks"][0]["settings"] = {"lookback": 15, "hold": 8}
    for name, section in sections.items():
        values[name] = values[name] | section
    return from_values(values, "the test's configuration")


def with_fee(configuration: Configuration, taker_fee: str) -> Configuration:
    """The same with another taker's fee of every instrument."""
    values = configuration.resolved()
    for one in values["instruments"]:
        one["taker_fee"] = taker_fee
    return from_values(values, "the test's configuration")


def plan_of(configuration: Configuration, feed: str = "simulator") -> Plan:
    """Some hours on paper."""
    return Plan(configuration, Mode.PAPER, feed, duration_s=HOURS_S)


def rows_of(plan: Plan, home: Home) -> list[Row]:
    """What the plan's feed has for its duration."""
    feed = open_feed(plan, home)
    start_ts, feed_end = feed.span()
    end_ts = start_ts + round(plan.duration_s * 1e9) if plan.duration_s else feed_end
    rows: list[Row] = []
    for batch in feed.batches():
        rows += [row for row in batch if end_ts is None or row[1] <= end_ts]
        if end_ts is not None and batch[-1][1] > end_ts:
            break
    return rows


def paper(plan: Plan, home: Home, said: Sequence[Said] = (), rows: Iterable[Row] | None = None) -> str:
    """Run the plan on the simulated clock to its end, without servers; `said` enters after the rows of its time."""
    run = _opened(plan, home)
    waiting, last = sorted(said, key=lambda one: one[0]), run.start_ts
    for row in rows_of(plan, home) if rows is None else rows:
        while waiting and waiting[0][0] < row[1]:
            run.life.admit(waiting[0][1], waiting[0][0], waiting.pop(0)[2])
        run.life.admit_rows([row])
        last = row[1]
    for ts, source, event in waiting:
        run.life.admit(source, ts, event)
    run.life.finish(run.end_ts or last)
    return _closed(run)


def stopped(plan: Plan, home: Home, rows: Sequence[Row]) -> str:
    """Run the plan over these rows, as one that a person stops after them."""
    run = _opened(plan, home)
    run.life.admit_rows(rows)
    return _closed(run)


def _opened(plan: Plan, home: Home) -> OpenRun:
    feed = open_feed(plan, home)
    run = open_run(replace(plan, fresh=True), home, feed.identity(), feed.span()[0])
    do_errands(plan, home, run.life, feed)
    return run


def _closed(run: OpenRun) -> str:
    run.life.snapshot()
    run.life.close()
    return run.life.header.run


def live(plan: Plan, home: Home, start_ts: int, inputs: Sequence[Said], *, gaps: Sequence[int] = ()) -> str:
    """Run the plan on the wall clock from `start_ts`; its process dies after each input numbered in `gaps`."""
    run = open_wall_run(plan, home, LIVE, start_ts)
    for number, (ts, source, event) in enumerate(inputs):
        run.life.admit(source, ts, event)
        if number in gaps:
            run.life.snapshot()
            run.life.close()
            run = open_wall_run(plan, home, LIVE, inputs[number + 1][0])
    run.life.snapshot()
    run.life.close()
    return run.life.header.run


def fed(rows: Iterable[Row], late_ns: int = 0) -> list[Said]:
    """Rows as a live feed delivers them, each so much after its close."""
    return [(ts + late_ns, FEED, event) for _, ts, event in rows]


def recorded(folder: Path, rows: Iterable[Row]) -> Path:
    """The bars of `rows` as a folder of recorded data."""
    bars = [event for _, _, event in rows if isinstance(event, BarClosed)]
    lines: list[Line] = [
        (
            one.instrument,
            (one.ts_event - RECORD_START) // MINUTE,
            *(one.open, one.high, one.low, one.close, one.volume),
        )
        for one in bars
    ]
    return write(folder, lines)
