"""Drill 3: over years of days nothing that the engine or a session keeps grows without end.

Collections are looked at once in a while. The first quarter of the looks is warm-up: caches fill with the universe. A
collection may peak after the middle of the rest only a little above its peak before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.divergence.events import BarJudged
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.proving.parity.session_path import empty_home
from tradeworthy.proving.preflight.results import Drilled, at_least, exactly
from tradeworthy.proving.preflight.sizes import BYTES, sizes_of
from tradeworthy.proving.preflight.stage import DAY_NS, DAY_S, Stage
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.plan import Mode, Plan

LOOKS = 40
"""How often the collections are looked at, on days that lie as far apart."""

ITEMS_SPARED, BYTES_SPARED = 64, 8192
SHARE_SPARED = 0.10
"""What a peak may exceed an earlier one by: so much, or this share of it if that is more.

A cache may still meet an instrument for the first time; one item for each trade or day is more in the long run.
"""

Look = Counter[str]


class Watcher(Agent):
    """The part named `watcher`: an observer that looks at what a session's core keeps, every so many days."""

    def __init__(self, days_apart: int) -> None:
        super().__init__("watcher", State())
        self.looks: list[Look] = []
        self.trades = self.days = 0
        self._apart, self._last = days_apart, -1
        self._sequencer: Sequencer | None = None

    def context(self, sequencer: Sequencer) -> Context:
        """Any agent's context; the core is kept to be looked at."""
        self._sequencer = sequencer
        return super().context(sequencer)

    @on(TradeClosed)
    def count(self, _: TradeClosed, __: Context) -> None:
        """One more."""
        self.trades += 1

    @on(BarJudged)
    def look(self, event: BarJudged, _: Context) -> None:
        """A row was judged: at the first of a day it may be time to look."""
        day = event.ts_event // DAY_NS
        if day == self._last:
            return
        self._last = day
        self.days += 1
        if self.days % self._apart == 0 and self._sequencer is not None:
            core = self._sequencer
            kept = {name: agent for name, agent in core.agents.items() if agent is not self}
            parts = {**kept, "timers": core.timers, "candidates": core.candidates, "inputs": core.positions}
            looks = (sizes_of(part, name) for name, part in parts.items())
            self.looks.append(sum(looks, Look()))


def drill_bounds(stage: Stage, days: int, session_days: int) -> Drilled:
    """Replay `days` generated days through the engine, and `session_days` through a whole session."""
    engine_looks, engine_trades = _replay(stage, days)
    watcher = _session(stage, session_days)
    grown = growing(engine_looks) | growing(watcher.looks)
    last = engine_looks[-1]
    return Drilled(
        3,
        "bounded sets",
        f"{days:,} days of the engine, {watcher.days:,} of a session; {len(last)} and {len(watcher.looks[-1])}"
        f" collections, {sum(last.values()):,} and {sum(watcher.looks[-1].values()):,} items and bytes in them",
        (
            exactly("collections that grow", len(grown), 0),
            at_least("trades of the engine", engine_trades, 1),
            at_least("trades of the session", watcher.trades, 1),
        ),
        note="; ".join(f"{place} peaks at {late} after {early}" for place, (early, late) in grown.items()),
    )


def growing(looks: Sequence[Look]) -> dict[str, tuple[int, int]]:
    """The places whose peak in the last looks is above that of the looks before: both peaks."""
    settled = looks[len(looks) // 4 :]
    middle = len(settled) // 2
    early, late = _peaks(settled[:middle]), _peaks(settled[middle:])
    return {
        place: (early[place], peak) for place, peak in late.items() if _exceeds(place, peak, early[place])
    }


def _exceeds(place: str, peak: int, before: int) -> bool:
    spared = BYTES_SPARED if place.endswith(BYTES) else ITEMS_SPARED
    return peak > before + max(spared, SHARE_SPARED * before)


def _peaks(looks: Sequence[Look]) -> Look:
    peaks = Look()
    for look in looks:
        peaks |= look
    return peaks


def _replay(stage: Stage, days: int) -> tuple[list[Look], int]:
    """Looks at an engine whose trades and rows are taken from it every day, and how many trades it made."""
    engine, looks, trades = stage.engine(), list[Look](), 0
    for number, (date, rows) in enumerate(islice(stage.generated(days), days)):
        trades += len(engine.process_day(date, rows).trades)
        engine.trades.clear()
        engine.rows.clear()
        if number % _apart(days) == 0:
            looks.append(sizes_of(engine, "engine"))
    return looks, trades


def _session(stage: Stage, days: int) -> Watcher:
    """A backtest session of the same configuration on the simulator."""
    watcher = Watcher(_apart(days))
    plan = Plan(stage.configuration, Mode.BACKTEST, feed="simulator", duration_s=days * DAY_S, fresh=True)
    with empty_home() as home:
        run_backtest(replace(plan, seed=stage.seed), home, observers=[watcher])
    return watcher


def _apart(days: int) -> int:
    return max(1, days // LOOKS)
