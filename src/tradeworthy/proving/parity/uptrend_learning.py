"""The batch engine's learning: the same jobs at the same session times, on what it has on record itself."""

from __future__ import annotations

from typing import Any

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.events import ActionTaken, PositionClosed, WindowClosed, WindowResolved
from tradeworthy.learning.events import EpisodeFact, Job, Lesson, Override, OverridesChanged, TradeFact
from tradeworthy.learning.facts import ActionRecord, ClosedRecord, facts_of
from tradeworthy.learning.judge import judge
from tradeworthy.learning.lessons import mine_lessons
from tradeworthy.learning.lookup import OverrideTable
from tradeworthy.learning.schedule import ACTIVE, SCHEDULE, every_s
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.tuning import mine_tuning
from tradeworthy.market.instruments import CASH_UNIT

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
EXECUTED = "executed"


class Learning:
    """Facts, lessons and the table of overrides; `active` are those that hold."""

    def __init__(self, settings: LearningSettings, start_ts: int, table: tuple[Override, ...] = ()) -> None:
        self._settings = settings
        self._every = {job: seconds * SECOND_NS for job, seconds in every_s(settings).items()}
        self._due = {job: start_ts - start_ts % every + every for job, every in self._every.items()}
        self._actions: dict[str, list[ActionRecord]] = {}
        self._closed: dict[str, ClosedRecord] = {}
        self._facts: list[TradeFact] = []
        self._pending: dict[str, EpisodeFact] = {}
        self._episodes: dict[str, EpisodeFact] = {}
        self._lessons: dict[Job, list[Lesson]] = {}
        self._count = 0
        self.table: tuple[Override, ...] = table
        self.active = _active(table)

    @property
    def due_ts(self) -> int:
        """When the next job is due, UTC ns."""
        return min(self._due.values())

    def take(self, event: Event, now: int) -> None:
        """Take in what the desk put on record at session time `now`."""
        match event:
            case ActionTaken():
                self._count += 1
                failed = event.status != EXECUTED
                words = (event.pattern_key, event.action_category, event.scope)
                record = ActionRecord(event.trade, f"{self._count:012d}", *words, now, failed=failed)
                self._actions.setdefault(event.trade, []).append(record)
            case PositionClosed():
                result = (event.rr, event.pnl / CASH_UNIT)
                closed = ClosedRecord(event.trade, *result, now, event.entry_context)
                self._closed.setdefault(event.trade, closed)
            case WindowClosed():
                self._pending[event.window] = _fact_of(event, now)
            case WindowResolved():
                window = self._pending.pop(event.window, None)
                if window is not None:
                    resolved = msgspec.structs.replace(window, outcome=event.outcome)
                    self._episodes[event.window] = resolved
            case _:
                pass

    def run_due(self, now: int) -> OverridesChanged | None:
        """Do the jobs that are due at `now`; the new table of overrides if it is another."""
        changed: OverridesChanged | None = None
        for job, due in self._due.items():
            if due == now:
                changed = self._do(job, now) or changed
        for job, every in self._every.items():
            if self._due[job] == now:
                self._due[job] += every
        return changed

    def _do(self, job: Job, now: int) -> OverridesChanged | None:
        settings = self._settings
        if job is Job.FACTS:
            actions = [one for trade in self._closed for one in self._actions.get(trade, ())]
            made = facts_of(self._closed.values(), actions)
            self._facts = [*self._facts, *made][-settings.events_max :]
            for trade in self._closed:
                self._actions.pop(trade, None)
            self._closed.clear()
        elif job is Job.LESSONS:
            self._lessons[job] = mine_lessons(self._facts, settings, now)
        elif job is Job.TUNING:
            oldest = now - settings.lookback_days * DAY_NS
            self._episodes = {name: one for name, one in self._episodes.items() if one.ts >= oldest}
            self._lessons[job] = mine_tuning(list(self._episodes.values()), settings, now)
        else:
            return self._judge()
        return None

    def _judge(self) -> OverridesChanged | None:
        known = [one for found in self._lessons.values() for one in found]
        table = tuple(judge(known, self.table, self._settings, ()))
        if table == self.table:
            return None
        self.table, self.active = table, _active(table)
        return OverridesChanged(table, SCHEDULE, "judged")


def _active(table: tuple[Override, ...]) -> OverrideTable:
    return OverrideTable(one for one in table if one.status == ACTIVE)


def _fact_of(event: WindowClosed, now: int) -> EpisodeFact:
    figures: dict[str, Any] = {"factors": event.factors, "gates": event.gates}
    return EpisodeFact(
        window=event.window,
        episode=event.episode,
        pattern_key=event.pattern_key,
        scope=event.scope,
        decision=event.decision_taken,
        blocked_by=event.blocked_by,
        ts=now,
        trade=event.trade,
        **figures,
    )
