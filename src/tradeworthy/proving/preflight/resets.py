"""Drill 8: an engine that is reset, or restored from a snapshot in mid-day, goes on like one that never was."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tradeworthy.desks.divergence.engine import DivergenceEngine, run_engine
from tradeworthy.desks.divergence.results import BarLog
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.preflight.results import Drilled, at_least, exactly
from tradeworthy.proving.preflight.stage import DAY_NS, Stage, restored, trace_of


@dataclass
class Restored:
    """How many snapshots were gone on from, how many of them in a trade, and how many went on otherwise."""

    snapshots: int = 0
    in_a_trade: int = 0
    differ: int = 0


def drill_resets(stage: Stage, days: int, snapshots: int) -> Drilled:
    """Replay `days` days after a reset and in a new engine; go on from up to `snapshots` snapshots of a day."""
    engine = stage.engine()
    first = _days(engine, stage.frame, days)
    engine.reset()
    again = _days(engine, stage.frame, days)
    fresh = _days(stage.engine(), stage.frame, days)
    went_on = _from_snapshots(stage, max(1, stage.day.frame.rows // snapshots))
    return Drilled(
        8,
        "reset and restore",
        f"{days} days three times, a day from {went_on.snapshots} snapshots",
        (
            exactly("replays that differ after a reset", first != again, 0),
            exactly("replays that differ in a new engine", first != fresh, 0),
            exactly("snapshots that go on otherwise", went_on.differ, 0),
            at_least("trades in the replays", len(engine.trades), 1),
            at_least("snapshots while a position was open", went_on.in_a_trade, 1),
        ),
    )


def _days(engine: DivergenceEngine, frame: PanelFrame, days: int) -> str:
    until = int((frame.ts // DAY_NS < frame.ts[0] // DAY_NS + days).sum())
    return trace_of(engine, *run_engine(engine, frame.slice(0, until)))


def _from_snapshots(stage: Stage, every: int) -> Restored:
    """A whole day, and the rest of it from a snapshot before each `every`-th bar."""
    frame, whole, other = stage.day.frame, stage.engine_before_day(), stage.engine()
    whole.begin_day(stage.day.date)
    bars = [whole.step_bar(frame, i) for i in range(frame.rows)]
    going, found = stage.engine_before_day(), Restored()
    going.begin_day(stage.day.date)
    for i in range(frame.rows):
        if i % every == 0:
            trades, rows = len(going.trades), len(going.rows)
            rest = _rest(restored(other, going.snapshot()), frame, i)
            equal = rest == _rest_of(whole, bars, (i, trades, rows))
            found.snapshots += 1
            found.differ += not equal
            found.in_a_trade += bars[i].position_open
        going.step_bar(frame, i)
    return found


def _rest(engine: DivergenceEngine, frame: PanelFrame, start: int) -> bytes:
    """What `engine` makes of the rows from `start` on."""
    engine.begin_day(int(frame.ts[0] // DAY_NS))
    bars = [engine.step_bar(frame, i) for i in range(start, frame.rows)]
    return _rest_of(engine, bars, (0, 0, 0))


def _rest_of(engine: DivergenceEngine, bars: list[BarLog], after: tuple[int, int, int]) -> bytes:
    """What was made `after` so many bars, trades and rows, and how the engine stands."""
    bar, trade, row = after
    made = bars[bar:], engine.trades[trade:], engine.rows[row:]
    return msgspec.msgpack.encode(made) + engine.snapshot()
