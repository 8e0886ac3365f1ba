"""One stage of learning alone, on the rows that a run has: what it would write, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tradeworthy.learning.events import ImportedAction, ImportedTrade, Job, Lesson, Override, TradeFact
from tradeworthy.learning.facts import ActionRecord, ClosedRecord, facts_of, records_of
from tradeworthy.learning.judge import judge
from tradeworthy.learning.lessons import mine_lessons
from tradeworthy.learning.scopes import subset_key
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.tuning import mine_tuning
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.store.learning_queries import LearningRecords

ADDED, CHANGED, REMOVED = "+", "~", "-"
Row = TradeFact | Lesson | Override


class Difference(NamedTuple):
    """A row that would be another: `sign` is + for a new one, - for one that goes, ~ for one that changes.

    `before` and `after` are its figures that differ, all of them where there is no other side.
    """

    sign: str
    row: str
    before: dict[str, Any]
    after: dict[str, Any]


class Rehearsal(NamedTuple):
    """What `job` made of `rows_read` rows, and how that differs from the table it would be written to."""

    job: Job
    table: str
    rows_read: int
    found: Sequence[Row]
    differences: tuple[Difference, ...]


def rehearse(records: LearningRecords, job: Job) -> Rehearsal:
    """Do `job` for the newest run of `records` as its session does: on that run's own rows, by its settings."""
    own = records.newest()
    settings, last_ts = own.settings(), own.about()["last_ts"]
    match job:
        case Job.FACTS:
            return _facts(own)
        case Job.LESSONS:
            facts = own.facts()
            return _mined(own, job, len(facts), mine_lessons(facts, settings, last_ts))
        case Job.TUNING:
            episodes = own.episodes()
            return _mined(own, job, len(episodes), mine_tuning(episodes, settings, last_ts))
        case Job.OVERRIDES:
            return _judged(own, settings)


def _facts(own: LearningRecords) -> Rehearsal:
    """Every fact that the event log gives, against those that stand in the table."""
    closed, actions = [], []
    for row in own.events("PositionClosed"):
        event = row["event"]
        pnl_usd = event["pnl"] / CASH_UNIT
        closed.append(ClosedRecord(event["trade"], event["rr"], pnl_usd, row["ts"], event["entry_context"]))
    for row in own.events("ActionTaken"):
        event = row["event"]
        named = (event["trade"], str(row["seq"]), event["pattern_key"], event["action_category"])
        failed = event["status"] != "executed"
        actions.append(ActionRecord(*named, event["scope"], row["ts"], failed=failed))
    for row in own.events("ActionsImported"):
        for trade in row["event"]["trades"]:
            whole, parts = records_of(_imported(trade))
            closed.append(whole)
            actions += parts
    found = facts_of(closed, actions)
    before = {(one.trade, one.action): one for one in own.facts()}
    after = {(one.trade, one.action): one for one in found}
    differences = _differences(
        {f"{trade} {action}": _fact(one) for (trade, action), one in before.items()},
        {f"{trade} {action}": _fact(one) for (trade, action), one in after.items()},
    )
    return Rehearsal(Job.FACTS, "pattern_trade_events", len(closed) + len(actions), found, differences)


def _mined(own: LearningRecords, job: Job, rows: int, found: list[Lesson]) -> Rehearsal:
    before = {_slice(one): _lesson(one) for one in own.lessons(job)}
    after = {_slice(one): _lesson(one) for one in found}
    return Rehearsal(job, "learning_lessons", rows, found, _differences(before, after))


def _judged(own: LearningRecords, settings: LearningSettings) -> Rehearsal:
    lessons = own.lessons()
    standing = own.overrides(archived=True)
    found = judge(lessons, standing, settings, frozenset(own.rolled_back()))
    before = {_slice(one): _override(one) for one in standing}
    after = {_slice(one): _override(one) for one in found}
    return Rehearsal(Job.OVERRIDES, "pm_overrides", len(lessons), found, _differences(before, after))


def _slice(one: Lesson | Override) -> str:
    return subset_key(one.pattern_key, one.action_category, one.scope_subset)


def _fact(fact: TradeFact) -> dict[str, Any]:
    return {"category": fact.action_category, "rr": fact.rr, "pnl_usd": fact.pnl_usd, "scope": fact.scope}


def _lesson(lesson: Lesson) -> dict[str, Any]:
    return {"n": lesson.n, **lesson.stats}


def _override(override: Override) -> dict[str, Any]:
    return {
        "multiplier": override.multiplier,
        "confidence": override.confidence,
        "status": override.status,
    }


def _differences(
    before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> tuple[Difference, ...]:
    made = []
    for row in sorted(before.keys() | after.keys()):
        old, new = before.get(row), after.get(row)
        if old is None:
            made.append(Difference(ADDED, row, {}, new or {}))
        elif new is None:
            made.append(Difference(REMOVED, row, old, {}))
        else:
            names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
            if names:
                made.append(
                    Difference(
                        CHANGED,
                        row,
                        {name: old.get(name) for name in names},
                        {name: new.get(name) for name in names},
                    )
                )
    return tuple(made)


def _imported(trade: dict[str, Any]) -> ImportedTrade:
    """A trade of an ActionsImported as the tables keep it: by the names of its fields."""
    actions = tuple(ImportedAction(**one) for one in trade["actions"])
    return ImportedTrade(**{**trade, "actions": actions})
