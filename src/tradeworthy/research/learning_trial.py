"""Runs a trial of learning: learn on some days, then trade those after them twice, with what was learned and without.

Both runs of the second part have the same bars, signals, seed and history, and their learning jobs rest: all that
differs is the overrides that they begin with. Nothing of the second part is known to the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.events import ActionTaken, PositionBooked, PositionClosed, WindowResolved
from tradeworthy.learning.events import Job, JobAnswered, Lesson, Override, OverridesChanged
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.reporting.learning_trial import Learned, LearningTrial, Part, TrialTrade
from tradeworthy.research.learning_trial_figures import RESAMPLES, block_of, differences_of, pairs_of
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

Progress = Callable[[int, str], None]
"""Called with how many percent are done, and of what."""

RESTING_S = 10**9
"""A job with this period is not due in the life of a run."""

PLACEBO = ("curator", "intent")
"""What a stream of signals out of a seed draws."""

ACTIVE = "active"
STRENGTH, TUNING = "pm_strength", "tuning_rates"
BUYS = ("entry", "add")


@dataclass(frozen=True)
class TrialPlan:
    """What to try: `plan` is a backtest's on recorded data, `split` the second part's first day, or a share of days."""

    plan: Plan
    split: str = "0.5"


class Witness(Agent):
    """The part named `witness`: it hears what a run made, and learned."""

    def __init__(self) -> None:
        super().__init__("witness", State())
        self._closed: list[TrialTrade] = []
        self.table: tuple[Override, ...] = ()
        self.lessons: dict[Job, tuple[Lesson, ...]] = {}
        self.facts = self.windows = self.buys = self.changed = self.failed = 0
        self._open: dict[str, PositionBooked] = {}

    @on(PositionBooked)
    def book(self, event: PositionBooked, _: Context) -> None:
        """Note how the open trade stands."""
        if event.trade:
            self._open[event.trade] = event

    @on(PositionClosed)
    def close(self, event: PositionClosed, _: Context) -> None:
        """Note a closed trade."""
        booked = self._open.pop(event.trade, None)
        spent = booked.spent / CASH_UNIT if booked else 0.0
        self._closed.append(
            TrialTrade(
                event.position,
                event.trade,
                event.opened_ts,
                event.closed_ts,
                spent,
                event.pnl / CASH_UNIT,
                event.rr,
            )
        )

    def trades(self) -> tuple[TrialTrade, ...]:
        """All trades: the closed ones, then those that are open, at what they would make."""
        still = (
            TrialTrade(
                one.position,
                one.trade,
                one.first_entry_ts,
                0,
                one.spent / CASH_UNIT,
                (one.extracted + one.value - one.spent) / CASH_UNIT,
                0.0,
            )
            for one in self._open.values()
            if one.spent
        )
        return (*self._closed, *still)

    @on(ActionTaken)
    def act(self, event: ActionTaken, _: Context) -> None:
        """Count buys, and those whose size learning changed."""
        if event.action_category in BUYS and event.lots:
            self.buys += 1
            self.changed += event.pm_strength_applied != 1.0

    @on(WindowResolved)
    def resolve(self, _: WindowResolved, __: Context) -> None:
        """Count a window with an outcome."""
        self.windows += 1

    @on(JobAnswered)
    def learn(self, event: JobAnswered, _: Context) -> None:
        """Keep the newest lessons of each kind."""
        if event.error:
            self.failed += 1
            return
        self.facts += len(event.facts)
        if event.job in {Job.LESSONS, Job.TUNING}:
            self.lessons[event.job] = event.lessons

    @on(OverridesChanged)
    def replace(self, event: OverridesChanged, _: Context) -> None:
        """Keep the newest table."""
        self.table = event.overrides


def run_trial(asked: TrialPlan, home: Home, progress: Progress) -> LearningTrial:
    """Carry the trial out; its runs stay in `home`.

    UsageError if no desk learns, the feed is not recorded, or the split leaves no day on a side.
    """
    plan = asked.plan
    configuration = plan.configuration
    if not configuration.on_tokens:
        raise UsageError(f"no desk of {configuration.name} learns; name a configuration with an uptrend desk")
    if plan.feed == "simulator":
        raise UsageError("simulated prices teach nothing of a market; give --feed recorded or recorded:DIR")
    first, split, last = _days(plan, home, asked.split)
    warm = _with_history(configuration)
    before, seen = _part(
        replace(plan, configuration=warm), (first, split - timedelta(days=1)), home, progress, "learning"
    )
    table = seen.table
    rested = _resting(warm)
    applied = rested.model_copy(update={"starting_overrides": tuple(_row(one) for one in table)})
    arms = [
        _part(replace(plan, configuration=one), (split, last), home, progress, title)
        for one, title in ((rested, "without"), (applied, "with"))
    ]
    (without, _), (learned, _) = arms
    pairs = pairs_of(without.trades, learned.trades)
    by_day, by_money, *others = differences_of(without.trades, learned.trades, split, last, plan.the_seed)
    return LearningTrial(
        name=configuration.name,
        feed=plan.feed.partition(":")[0],
        seed=plan.the_seed,
        currency=configuration.account.currency,
        learned=_learned(seen, configuration),
        before=before,
        without=without,
        with_=learned,
        paired=len(pairs.both),
        only_without=len(pairs.only_without),
        only_with=len(pairs.only_with),
        block_days=block_of((last - split).days + 1),
        resamples=RESAMPLES,
        by_day=by_day,
        by_money=by_money,
        others=tuple(others),
        overrides=table,
    )


def _days(plan: Plan, home: Home, split: str) -> tuple[date, date, date]:
    """The first day, the first of the second part, and the last."""
    start, end = open_feed(plan, home).span()
    assert end is not None, "recorded data has an end"
    days = [datetime.fromtimestamp(ts // 1_000_000_000, UTC).date() for ts in (start, end - 1)]
    first, last = plan.first_day or days[0], min(plan.last_day or days[1], days[1])
    at = split_day(split, first, last)
    if not first < at <= last:
        raise UsageError(
            f"--split {split} leaves no day on one side of {first} to {last}; give a day between, or a share like 0.5"
        )
    return first, at, last


def split_day(split: str, first: date, last: date) -> date:
    """The day that `split` names, or so far along the days from `first` to `last`; UsageError if it is neither."""
    try:
        return date.fromisoformat(split)
    except ValueError:
        pass
    try:
        share = float(split)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise UsageError(f"--split is {split!r}; give a day like 2025-04-16, or a share above 0 and under 1")
    return first + timedelta(days=round(((last - first).days + 1) * share))


def _with_history(configuration: Configuration) -> Configuration:
    """A second part must not begin without indicators: let desks ask for the bars before it."""
    desks = []
    for desk in configuration.desks:
        market = {**desk.settings.get("market", {}), "backfill": True}
        desks.append(desk.model_copy(update={"settings": {**desk.settings, "market": market}}))
    return configuration.model_copy(update={"desks": tuple(desks)})


def _resting(configuration: Configuration) -> Configuration:
    """The same with its learning jobs at rest, and nothing learned before."""
    jobs = ("facts_every_s", "lessons_every_s", "tuning_every_s", "overrides_every_s")
    learning = configuration.learning.model_copy(update=dict.fromkeys(jobs, RESTING_S))
    return configuration.model_copy(update={"learning": learning, "starting_overrides": ()})


def _part(
    plan: Plan, days: tuple[date, date], home: Home, progress: Progress, title: str
) -> tuple[Part, Witness]:
    """Trade the days, both included."""
    witness = Witness()

    def watch(view: dict[str, Any]) -> None:
        progress(round(100 * (view["progress"] or 0.0)), f"% of {title}, to {days[1]}")

    bounded = replace(plan, first_day=days[0], last_day=days[1], out=None)
    ended = run_backtest(bounded, home, watch, observers=[witness])
    made = Part(
        *days,
        trades=witness.trades(),
        result=float(ended.overview["equity"]) - float(plan.configuration.account.cash),
        buys=witness.buys,
        changed=witness.changed,
    )
    return made, witness


def _learned(seen: Witness, configuration: Configuration) -> Learned:
    """What the first part left."""
    lessons, tuning = seen.lessons.get(Job.LESSONS, ()), seen.lessons.get(Job.TUNING, ())
    active = [one for one in seen.table if one.status == ACTIVE]
    strength = [one for one in active if one.action_category in BUYS]
    tuned = [one for one in active if one.action_category not in BUYS]
    drawn = PLACEBO if configuration.signals.source == "seeded" else ()

    def placebo(rows: list[Override] | tuple[Lesson, ...]) -> int | None:
        return sum(any(name in one.scope_subset for name in drawn) for one in rows) if drawn else None

    return Learned(
        facts=seen.facts,
        windows=seen.windows,
        lessons=len(lessons),
        strength=len(strength),
        tuning_lessons=len(tuning),
        tuning=len(tuned),
        q_max=configuration.learning.q_max,
        placebo_dimensions=drawn,
        placebo_lessons=placebo(lessons),
        placebo_strength=placebo(strength),
        placebo_tuning=placebo(tuned),
        failed=seen.failed,
    )


def _row(one: Override) -> dict[str, Any]:
    """An override as a journal's header holds it."""
    return {name: getattr(one, name) for name in Override.__struct_fields__}
