"""The schedule of learning on the session's clock, and the table of overrides that it leads to."""

from __future__ import annotations

from typing import Any

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.execution.accounting import CashMoved, Opened
from tradeworthy.learning.events import (
    Job,
    JobAnswered,
    JobAsked,
    Override,
    OverrideRolledBack,
    OverridesChanged,
    RunJob,
)
from tradeworthy.learning.lookup import OverrideTable
from tradeworthy.learning.settings import LearningSettings

SCHEDULE = "learning-schedule"
SECOND_NS = 1_000_000_000
ACTIVE, ARCHIVED = "active", "archived"
CONFIGURATION = "configuration"
"""Who brings the overrides that a run begins with."""


class JobLedger(msgspec.Struct):
    """How often a job was asked for and answered, when it last succeeded (UTC ns), and its last error."""

    asked: int = 0
    answered: int = 0
    succeeded_ts: int = 0
    error: str = ""


class ScheduleState(State):
    """Jobs that are due, the one under way ("": none), the table of overrides, and which are held off or kept.

    `together` fell due at `due_ts` (UTC ns).
    """

    armed: bool = False
    due_ts: int = 0
    together: list[Job] = []
    due: list[Job] = []
    under_way: str = ""
    ledger: dict[str, JobLedger] = {}
    table: tuple[Override, ...] = ()
    blocked: list[str] = []
    kept: list[str] = []


def every_s(settings: LearningSettings) -> dict[Job, int]:
    """The period of each learning job in seconds of session time, in the order in which they depend on each other."""
    return {
        Job.FACTS: settings.facts_every_s,
        Job.LESSONS: settings.lessons_every_s,
        Job.TUNING: settings.tuning_every_s,
        Job.OVERRIDES: settings.overrides_every_s,
    }


class LearningSchedule(Agent):
    """The part named `learning-schedule`.

    Jobs that fall due together run one after another, in the order of `every_s`: each sees what the one before it
    found. A job that is due again while it waits is done once.
    """

    state: ScheduleState

    def __init__(self, settings: LearningSettings) -> None:
        super().__init__(SCHEDULE, ScheduleState())
        self._read: tuple[tuple[Override, ...], OverrideTable] = (), OverrideTable(())
        self.settings, self.every_s = settings, every_s(settings)

    def overrides(self) -> OverrideTable:
        """The active overrides."""
        table = self.state.table
        if self._read[0] is not table:
            self._read = table, OverrideTable(one for one in table if one.status == ACTIVE)
        return self._read[1]

    @on(CashMoved, Opened)
    def arm(self, _: CashMoved | Opened, context: Context) -> None:
        """Begin with the run's first money: each job at the next whole period of session time."""
        if self.state.armed:
            return
        self.state.armed = True
        for job in self.every_s:
            self._rearm(job, context)

    @on(WokeUp)
    def fall_due(self, event: WokeUp, context: Context) -> Event | None:
        """One more job is due, with all that fall due at this time: the first to wake need not be the first to run."""
        self._rearm(Job(event.key), context)
        state = self.state
        if state.due_ts == context.now and Job(event.key) in state.together:
            return None
        together = [job for job in self.every_s if not context.now % (self.every_s[job] * SECOND_NS)]
        state.due_ts, state.together = context.now, together or [Job(event.key)]
        state.due += [job for job in state.together if job not in state.due]
        return self._next()

    @on(JobAsked)
    def ask_now(self, event: JobAsked, _: Context) -> Event | None:
        """A person does not want to wait."""
        return self._ask(event.job)

    @on(JobAnswered)
    def take(self, event: JobAnswered, context: Context) -> list[Event]:
        """Note the answer, pass a new table of overrides on, and go on with what is due."""
        state = self.state
        if event.key != state.under_way:
            return []
        state.under_way = ""
        ledger = state.ledger[event.job]
        ledger.answered += 1
        ledger.error = event.error
        made: list[Event] = []
        if not event.error:
            ledger.succeeded_ts = context.now
            if event.job is Job.OVERRIDES and event.overrides != state.table:
                made.append(OverridesChanged(event.overrides, SCHEDULE, "judged", event.as_of))
        following = self._next()
        return [*made, following] if following else made

    @on(OverridesChanged)
    def replace(self, event: OverridesChanged, _: Context) -> None:
        """The table from now on; what the configuration brings is kept until a lesson of its own slice speaks."""
        self.state.table = event.overrides
        if event.by == CONFIGURATION:
            self.state.kept = [one.id for one in event.overrides]

    @on(OverrideRolledBack)
    def roll_back(self, event: OverrideRolledBack, _: Context) -> Event | None:
        """Archive an override and hold it off, or (`undo`) let learning make it again."""
        state = self.state
        if event.undo:
            state.blocked = [one for one in state.blocked if one != event.override]
            return None
        if event.override not in state.blocked:
            state.blocked.append(event.override)
        table = tuple(self._archived(one, event) for one in state.table)
        return OverridesChanged(table, event.by, event.reason) if table != state.table else None

    def _archived(self, one: Override, event: OverrideRolledBack) -> Override:
        if one.id != event.override or one.status == ARCHIVED:
            return one
        why = f"rolled back by {event.by}: {event.reason}"
        changes: dict[str, Any] = {"status": ARCHIVED, "previous": one.multiplier, "reason": why}
        return msgspec.structs.replace(one, multiplier=1.0, **changes)

    def _rearm(self, job: Job, context: Context) -> None:
        period = self.every_s[job] * SECOND_NS
        context.wake_at(context.now - context.now % period + period, job.value, late_ok=True)

    def _ask(self, job: Job) -> Event | None:
        if job not in self.state.due:
            self.state.due.append(job)
        return self._next()

    def _next(self) -> Event | None:
        """The first job that is due, if none is under way."""
        state = self.state
        job = next((one for one in self.every_s if one in state.due), None)
        if state.under_way or job is None:
            return None
        state.due.remove(job)
        ledger = state.ledger.setdefault(job.value, JobLedger())
        ledger.asked += 1
        state.under_way = f"{job.value}/{ledger.asked}"
        standing = state.table if job is Job.OVERRIDES else ()
        return RunJob(job, state.under_way, tuple(state.blocked), standing, tuple(state.kept))
