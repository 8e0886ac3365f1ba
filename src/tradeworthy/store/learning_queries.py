"""What the tables say of learning, as the structs that learning works with, and what makers of rows must know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier

from tradeworthy.learning.events import EpisodeFact, Job, Lesson, Override, Threshold, TradeFact
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.store.learning_rows import ACTIVE, LESSON_TYPES, KnownLearning
from tradeworthy.store.strand_rows import KnownUptrend, Token

Connection = psycopg.Connection[Any]
Found = dict[str, Any]


class StoredThreshold(msgspec.Struct, frozen=True):
    """An entry of `pm_thresholds`, and who set it by which way."""

    entry: Threshold
    source: str
    by: str


class LearningRecords:
    """What was learned in the `runs` of a chain, the newest first.

    Facts and windows are those of all runs of the chain; lessons, overrides and thresholds those of the newest run
    that has any, since a run takes over what its parent knew.
    """

    def __init__(self, connection: Connection, runs: Sequence[str]) -> None:
        self._connection = connection
        self.runs = list(runs)

    def newest(self) -> LearningRecords:
        """The same of the newest run alone, which is what its own jobs see."""
        return LearningRecords(self._connection, self.runs[:1])

    def facts(self) -> list[TradeFact]:
        """Every fact, the oldest first."""
        found = self._all(
            "SELECT trade, action, pattern_key, action_category, scope, rr, pnl_usd::float8 AS pnl_usd, ts"
            " FROM pattern_trade_events WHERE run = ANY(%(runs)s) ORDER BY ts, trade, action, run"
        )
        return [TradeFact(**row) for row in found]

    def episodes(self) -> list[EpisodeFact]:
        """Every closed window, the oldest first; outcome "" while it is not known."""
        found = self._all(
            "SELECT window_id, COALESCE(episode_id, '') AS episode, pattern_key, scope, decision,"
            " COALESCE(factors, '{}') AS factors, COALESCE(gates, '{}') AS gates,"
            " COALESCE(blocked_by, '[]') AS blocked_by, ts, COALESCE(trade, '') AS trade,"
            " COALESCE(outcome, '') AS outcome FROM pattern_episode_events"
            " WHERE run = ANY(%(runs)s) ORDER BY ts, desk, window_id, run"
        )
        return [
            EpisodeFact(window=row.pop("window_id"), **{**row, "blocked_by": tuple(row["blocked_by"])})
            for row in found
        ]

    def let_pass(self, desk: str, since: datetime, until: datetime) -> list[Found]:
        """Windows of `desk` that were skipped in [since, until), by the first gate that was not met.

        `skipped` counts them all, `missed` those that turned out well, `rightly` those that did not.
        """
        return self._all(
            "SELECT COALESCE(blocked_by ->> 0, '') AS gate, count(*) AS skipped,"
            " count(*) FILTER (WHERE outcome = 'success') AS missed,"
            " count(*) FILTER (WHERE outcome = 'failure') AS rightly"
            " FROM pattern_episode_events WHERE run = ANY(%(runs)s) AND desk = %(desk)s AND decision = 'skipped'"
            " AND closed_at >= %(since)s AND closed_at < %(until)s GROUP BY 1 ORDER BY 2 DESC, 1",
            desk=desk,
            since=since,
            until=until,
        )

    def lessons(self, job: Job | None = None, *, archived: bool = False) -> list[Lesson]:
        """The lessons of `job` (None: of both), those that are over as well if `archived`."""
        found = self._all(
            "SELECT pattern_key, action_category, scope_subset, n, stats, lesson_type, module,"
            " decay_halflife_hours, status FROM learning_lessons"
            " WHERE run = %(run)s AND (%(type)s::text IS NULL OR lesson_type = %(type)s)"
            " AND (%(archived)s OR status = 'active')"
            " ORDER BY lesson_type, pattern_key, action_category, scope_subset",
            run=self._newest_with("learning_lessons"),
            type=LESSON_TYPES[job] if job else None,
            archived=archived,
        )
        return [Lesson(**row) for row in found]

    def overrides(self, *, archived: bool = False) -> list[Override]:
        """The overrides in force, those that are over as well if `archived`."""
        found = self._all(
            "SELECT id, pattern_key, action_category, scope_subset, multiplier, confidence_score AS confidence,"
            " COALESCE(lessons, '[]') AS lessons, COALESCE(decay_state, '') AS decay_state,"
            " previous_multiplier AS previous, status, COALESCE(reason, '') AS reason FROM pm_overrides"
            " WHERE run = %(run)s AND pattern_key IS NOT NULL AND (%(archived)s OR status = 'active')"
            " ORDER BY pattern_key, action_category, scope_subset",
            run=self._newest_with("pm_overrides"),
            archived=archived,
        )
        return [Override(**{**row, "lessons": tuple(row["lessons"])}) for row in found]

    def rolled_back(self) -> dict[str, str]:
        """The overrides that a person took back, and why."""
        found = self._all(
            "SELECT id, COALESCE(rollback_reason, '') AS reason FROM pm_overrides"
            " WHERE run = %(run)s AND rolled_back ORDER BY id",
            run=self._newest_with("pm_overrides"),
        )
        return {row["id"]: row["reason"] for row in found}

    def thresholds(self) -> list[StoredThreshold]:
        """The entries that hold a value, in order of their keys."""
        found = self._all(
            "SELECT key, (value #>> '{}')::float8 AS value, timeframe, phase, a_level, source,"
            " COALESCE(updated_by, '') AS by FROM pm_thresholds WHERE run = %(run)s AND value <> 'null'"
            " ORDER BY key, timeframe, phase, a_level, source",
            run=self._newest_with("pm_thresholds"),
        )
        return [
            StoredThreshold(source=row.pop("source"), by=row.pop("by"), entry=Threshold(**row))
            for row in found
        ]

    def strands(self, *kinds: str) -> list[Found]:
        """The event log's rows of these kinds, the oldest first."""
        return self._all(
            "SELECT run, seq, desk, kind, instrument, symbol, timeframe, position_id, trade_id, content FROM strands"
            " WHERE run = ANY(%(runs)s) AND kind = ANY(%(kinds)s) ORDER BY created_at, run, seq",
            kinds=list(kinds),
        )

    def events(self, event_type: str) -> list[Found]:
        """The decision-level events of a type with all their fields, the oldest first."""
        return self._all(
            "SELECT event, ts, seq FROM packets WHERE run = ANY(%(runs)s) AND type = %(type)s ORDER BY ts, run, seq",
            type=event_type,
        )

    def about(self) -> Found:
        """The newest run's `configuration`, its `feed`, and `last_ts`, its last session time (UTC ns)."""
        (row,) = self._all(
            "SELECT configuration, feed, last_ts FROM runs WHERE run = %(run)s", run=self.runs[0]
        )
        return row

    def settings(self) -> LearningSettings:
        """The newest run's section [learning]."""
        return LearningSettings.model_validate(self.about()["configuration"].get("learning", {}))

    def _newest_with(self, table: str) -> str:
        asked = SQL("SELECT DISTINCT run FROM {} WHERE run = ANY(%(runs)s)").format(Identifier(table))
        held = {row["run"] for row in self._all(asked)}
        return next((run for run in self.runs if run in held), self.runs[0])

    def _all(self, query: LiteralString | Composed, **values: Any) -> list[Found]:
        cursor = self._connection.cursor(row_factory=dict_row)
        return cursor.execute(query, {"runs": self.runs, **values}).fetchall()


def known_uptrend(connection: Connection, run: str) -> KnownUptrend:
    """The tokens and positions that `run` has rows of."""
    known = KnownUptrend()
    for instrument, *token in connection.execute(
        "SELECT instrument, content -> 'token' ->> 'ticker', content -> 'token' ->> 'chain',"
        " content -> 'token' ->> 'contract', content -> 'token' ->> 'url' FROM strands"
        " WHERE run = %s AND kind = 'social_lowcap' AND instrument <> '' ORDER BY seq",
        [run],
    ):
        known.tokens[instrument] = Token(*token)
    for desk, position in connection.execute(
        "SELECT desk, position FROM uptrend_positions WHERE run = %s", [run]
    ):
        known.positions.add((desk, position))
    return known


def known_learning(connection: Connection, run: str) -> KnownLearning:
    """The lessons, overrides and curators that `run` has rows of."""
    known = KnownLearning()
    for lesson, lesson_type, mark in connection.execute(
        "SELECT id, lesson_type, content_mark FROM learning_lessons WHERE run = %s AND status = %s",
        [run, ACTIVE],
    ):
        known.lessons.setdefault(lesson_type, {})[lesson] = mark
    for override, mark in connection.execute(
        "SELECT id, content_mark FROM pm_overrides WHERE run = %s ORDER BY id", [run]
    ):
        known.overrides[override] = mark
    for curator, listed in connection.execute(
        "SELECT curator_id, status <> 'removed' FROM curators WHERE run = %s ORDER BY curator_id", [run]
    ):
        known.curators[curator] = listed
    return known
