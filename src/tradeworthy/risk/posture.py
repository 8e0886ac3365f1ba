"""The part named `survival-stack`: it turns the machine's health, the market's and the account's into a posture.

What it hears, and the category (survival.py) that each moves:

    HealthObserved      parts journal, heartbeat, ledger, clock: 1 (the clock also by a figure of a second and more,
                        its skew); scan, books: 3 (`figure` is an age in bars; not ok without one is whole stress);
                        boosts: 4. `posture` not ok: the last report can't be read. Other parts say nothing here.
    ForewarnerReported  2
    PanelClosed         3, by the bars that are missing; and by the timers that follow, if no row does
    FactorsObserved     4
    EquityMarked        5, and each closed row: the ledger's equity against the peak

Each of them is an evaluation. The posture falls at once; it rises one step after Rm stood at the level for 5
evaluations and 60 s; the first evaluation, and the first after a gap on the wall clock, takes it straight from Rm. A
part that was never heard of is well, so that without any input the posture is APEX and nothing is emitted.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from pydantic import Field

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.events import Event, Resumed, WokeUp
from tradeworthy.core.settings import Settings
from tradeworthy.execution.accounting import CashMoved, EquityMarked
from tradeworthy.execution.ledger import Ledger
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.market.marks import Marks
from tradeworthy.market.panels import PanelClosed
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.stance import (
    POSTURES,
    ForewarnerReported,
    Posture,
    PostureChanged,
    PostureReported,
)
from tradeworthy.risk.survival import (
    DEGRADED,
    STEADY_EVALUATIONS,
    STEADY_NS,
    age_stress,
    capital_stress,
    may_rise,
    missing_stress,
    outside_stress,
    posture_of,
    rm_of,
    structure_stress,
)

SURVIVAL_STACK = "survival-stack"
CATEGORIES = ("hard", "structure", "scan", "outside", "capital")
HARD, SCANS, BOOSTS, REPORTS = (
    ("journal", "heartbeat", "ledger", "clock"),
    ("scan", "books"),
    "boosts",
    "posture",
)
SKEW_S_MAX = 1.0
AGE_BARS = range(3, 13)
"""Ages of a row, in bars since its close, at which its silence is looked at."""


class PostureSettings(Settings):
    """The section `[posture]`."""

    own_rules: bool = Field(
        default=True,
        description="Whether our own rules count besides an outside writer's posture. Without them nothing but a "
        "report ever stops a desk under stress: for comparisons with engines that have no such rules.",
    )
    reports: Literal["none", "expected"] = Field(
        "none",
        description="expected: an outside writer reports the posture, and one that is missing, unreadable or too old "
        "counts as TURTLE. none: a report holds until the next, however old.",
    )
    report_max_bars: int = Field(
        12, ge=1, description="Of expected: age of a report, in bars, beyond which it is too old."
    )


class Row(msgspec.Struct):
    """The newest row of a universe: when its bars closed (UTC ns), a bar's length, and the stress of its gaps."""

    closed_ts: int
    bar_ns: int
    missing: float


class StackState(State):
    """Ours since `since` (session ns), and what it follows from; `peak` is in cash units.

    `steady` counts the evaluations since `steady_ts` at which Rm stood high enough to rise. `fresh`: the next one
    takes the posture straight from Rm. `health` holds the stress of each part by name, where there is some;
    `forewarned` the last report on each desk.
    """

    posture: Posture = Posture.APEX
    since: int = 0
    fresh: bool = True
    steady: int = 0
    steady_ts: int = 0
    rm: float = 1.0
    health: dict[str, float] = {}
    rows: dict[str, Row] = {}
    outside: float = 0.0
    forewarned: dict[str, ForewarnerReported] = {}
    equity: int = 0
    peak: int = 0
    reported: PostureReported | None = None
    reported_ts: int = 0
    unreadable: bool = False


class SurvivalStack(Agent):
    """The part named `survival-stack`; it stands after the ledger and before the desks.

    `bar_ns` is the length of the session's bars: what a report's age is counted in.
    """

    state: StackState

    def __init__(self, settings: PostureSettings, bar_ns: int, ledger: Ledger, marks: Marks) -> None:
        super().__init__(SURVIVAL_STACK, StackState())
        self._settings, self._bar_ns = settings, bar_ns
        self._ledger, self._marks = ledger, marks

    # What others read

    def current(self, now: int) -> Posture:
        """The posture that holds at session time `now`: the stricter of ours and the outside writer's."""
        return POSTURES[max(self.state.posture.rank, self._outside(now).rank)]

    def _outside(self, now: int) -> Posture:
        state, reported = self.state, self.state.reported
        if self._settings.reports == "expected":
            age_ns = now - state.reported_ts
            if reported is None or state.unreadable or age_ns > self._settings.report_max_bars * self._bar_ns:
                return Posture.TURTLE
        return Posture.APEX if reported is None else reported.posture

    # What it hears

    @on(PostureReported)
    def take_report(self, event: PostureReported, context: Context) -> None:
        """Keep the writer's word, unless a later one is known; a stamp of the future counts as now."""
        before = self.state.reported
        if before is not None and before.writer == event.writer and event.seq < before.seq:
            return
        self.state.reported, self.state.unreadable = event, False
        self.state.reported_ts = min(event.ts_event, context.now)

    @on(HealthObserved)
    def take_health(self, event: HealthObserved, context: Context) -> list[Event] | None:
        """A part's word on itself."""
        part, health = event.part, self.state.health
        if part == REPORTS:
            self.state.unreadable = not event.ok
            return None
        if part in HARD:
            skewed = part == "clock" and abs(event.figure) >= SKEW_S_MAX
            stress = 0.0 if event.ok and not skewed else 1.0
        elif part in SCANS:
            stress = age_stress(event.figure) if event.ok or event.figure > 0.0 else 1.0
        elif part == BOOSTS:
            stress = 0.0 if event.ok else DEGRADED
        else:
            return None
        if stress:
            health[part] = stress
        else:
            health.pop(part, None)
        return self._evaluate(context)

    @on(ForewarnerReported)
    def take_forewarning(self, event: ForewarnerReported, context: Context) -> list[Event]:
        """The days ahead."""
        self.state.forewarned[event.desk] = event
        return self._evaluate(context)

    @on(FactorsObserved)
    def take_factors(self, event: FactorsObserved, context: Context) -> list[Event]:
        """The world outside."""
        self.state.outside = outside_stress(event)
        return self._evaluate(context)

    @on(PanelClosed)
    def take_row(self, event: PanelClosed, context: Context) -> list[Event] | None:
        """A row closed; if the next ones don't, timers look at its age."""
        if not self._settings.own_rules:
            return None
        bar_ns, columns = TIMEFRAMES_NS[event.timeframe], len(event.mask)
        closed_ts = event.ts_event + bar_ns
        missing = missing_stress(columns - sum(event.mask), columns)
        self.state.rows[event.universe] = Row(closed_ts, bar_ns, missing)
        self._look_again(event.universe, context)
        self._value()
        return self._evaluate(context)

    @on(CashMoved)
    def move_peak(self, event: CashMoved, _: Context) -> None:
        """Money put in is no profit and money taken out no loss."""
        if self.state.peak:
            self.state.peak += event.amount

    @on(EquityMarked)
    def take_mark(self, event: EquityMarked, context: Context) -> list[Event]:
        """The account, with the peak that the guardian counts from."""
        self.state.equity, self.state.peak = event.equity, event.peak
        return self._evaluate(context)

    @on(WokeUp)
    def notice_silence(self, event: WokeUp, context: Context) -> list[Event]:
        """No row came for some bars."""
        self._look_again(event.key, context)
        return self._evaluate(context)

    @on(Resumed)
    def start_anew(self, _: Resumed, context: Context) -> list[Event]:
        """Nobody knows what happened in the gap: the posture is what Rm says now."""
        self.state.fresh = True
        for universe in self.state.rows:
            self._look_again(universe, context)
        return self._evaluate(context)

    # How

    def _look_again(self, universe: str, context: Context) -> None:
        """Wake at the row's next age that matters, if it has any left."""
        row = self.state.rows[universe]
        for bars in AGE_BARS:
            if row.closed_ts + bars * row.bar_ns > context.now:
                context.wake_at(row.closed_ts + bars * row.bar_ns, universe)
                return

    def _value(self) -> None:
        """Mark the account."""
        equity = self._ledger.equity(self._marks)
        self.state.equity, self.state.peak = equity, max(equity, self.state.peak)

    def _stresses(self, now: int) -> tuple[float, float, float, float, float]:
        state, health = self.state, self.state.health
        hard = max((health.get(part, 0.0) for part in HARD), default=0.0)
        structure = max(
            (structure_stress(one.status, now - one.asof) for one in state.forewarned.values()), default=0.0
        )
        scan = max(health.get(part, 0.0) for part in SCANS)
        for row in state.rows.values():
            scan = max(scan, row.missing, age_stress((now - row.closed_ts) / row.bar_ns))
        outside = max(state.outside, health.get(BOOSTS, 0.0))
        return hard, structure, scan, outside, capital_stress(state.equity, state.peak)

    def _evaluate(self, context: Context) -> list[Event]:
        if not self._settings.own_rules:
            return []
        state, now = self.state, context.now
        stresses = self._stresses(now)
        state.rm = rm = rm_of(*stresses)
        before, after = state.posture, posture_of(rm)
        if not state.fresh and after.rank <= before.rank:
            after = self._rise(rm, now)
        else:
            state.fresh, state.steady = False, 0
        if after is before:
            return []
        state.posture, state.since = after, now
        named = zip(CATEGORIES, stresses, strict=True)
        reason = ", ".join(f"{name} {stress:.3g}" for name, stress in named if stress) or "no stress"
        return [PostureChanged(after, before, rm, stresses, reason)]

    def _rise(self, rm: float, now: int) -> Posture:
        """The present posture, or the next freer one after Rm stood high enough often and long."""
        state = self.state
        if not may_rise(state.posture, rm):
            state.steady = 0
            return state.posture
        if not state.steady:
            state.steady_ts = now
        state.steady += 1
        if state.steady < STEADY_EVALUATIONS or now - state.steady_ts < STEADY_NS:
            return state.posture
        state.steady = 0
        return POSTURES[state.posture.rank - 1]
