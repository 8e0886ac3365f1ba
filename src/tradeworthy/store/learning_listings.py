"""What a run and its parents learned, for people to look through: lessons, overrides, windows, facts, jobs.

Lessons, overrides and thresholds are those of the newest run that has any, as in learning_queries. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier

from tradeworthy.learning.events import Job

Connection = psycopg.Connection[Any]
Found = dict[str, Any]

WHOLE: Final = "-"
"""As a dimension: lessons of no dimension, which speak of a whole pattern."""

PACKETS_LOOKED_AT: Final = 100_000
"""So many of the newest packets are looked through for what people asked."""

_NEWEST: Final = SQL("""
SELECT named.run FROM unnest(%(runs)s::text[]) WITH ORDINALITY AS named (run, place)
WHERE EXISTS (SELECT FROM {} one WHERE one.run = named.run) ORDER BY named.place LIMIT 1
""")

_CHOICES: Final = SQL("""
SELECT lesson_type, pattern_key, action_category, count(*) AS lessons,
       array(SELECT DISTINCT key FROM learning_lessons two, jsonb_object_keys(two.scope_subset) key
             WHERE two.run = %(run)s AND two.status = 'active' ORDER BY 1) AS dimensions
FROM learning_lessons WHERE run = %(run)s AND status = 'active'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""")

_LESSONS: Final = SQL("""
SELECT lesson_type, pattern_key, action_category, scope_subset, n, stats, decay_halflife_hours, updated_at, run,
       count(*) OVER () AS found
FROM learning_lessons
WHERE run = %(run)s AND status = 'active' AND lesson_type = %(type)s
      AND (%(pattern)s = '' OR pattern_key = %(pattern)s)
      AND (%(category)s = '' OR action_category = %(category)s)
      AND (%(dimension)s = '' OR CASE %(dimension)s WHEN '-' THEN scope_subset = '{}'::jsonb
                                 ELSE scope_subset ? %(dimension)s END)
ORDER BY (stats ->> 'q_value')::float8 NULLS LAST, abs((stats ->> 'edge_shrunk')::float8) DESC NULLS LAST,
         COALESCE((stats ->> 'n_misses')::float8, 0) + COALESCE((stats ->> 'n_fps')::float8, 0) DESC, n DESC,
         pattern_key, action_category, scope_subset
LIMIT %(limit)s
""")

_OVERRIDES: Final = SQL("""
SELECT id, pattern_key, action_category, scope_subset, multiplier, previous_multiplier, confidence_score, decay_state,
       status, reason, changed_by, lessons, last_updated_at, COALESCE(rolled_back, FALSE) AS rolled_back,
       rolled_back_by, rollback_reason
FROM pm_overrides WHERE run = %(run)s AND pattern_key IS NOT NULL
ORDER BY status <> 'active', abs(ln(multiplier)) DESC, id LIMIT %(limit)s
""")

_THRESHOLDS: Final = SQL("""
SELECT key, (value #>> '{}')::float8 AS value, timeframe, phase, a_level, source, updated_by, updated_at
FROM pm_thresholds WHERE run = %(run)s AND value <> 'null' ORDER BY key, timeframe, phase, a_level, source
""")

_SKIPPED: Final = SQL("""
SELECT COALESCE(blocked_by ->> 0, '') AS gate, count(*) AS skipped,
       count(*) FILTER (WHERE outcome = 'success') AS missed, count(*) FILTER (WHERE outcome = 'failure') AS rightly,
       count(*) FILTER (WHERE outcome = 'neutral') AS neither, count(*) FILTER (WHERE outcome IS NULL) AS pending
FROM pattern_episode_events WHERE run = ANY(%(runs)s) AND decision = 'skipped' GROUP BY 1 ORDER BY 2 DESC, 1
""")

_WINDOWS: Final = SQL("""
SELECT decision, count(*) AS windows, count(*) FILTER (WHERE outcome = 'success') AS success,
       count(*) FILTER (WHERE outcome = 'failure') AS failure
FROM pattern_episode_events WHERE run = ANY(%(runs)s) GROUP BY 1 ORDER BY 1
""")

_SPAN: Final = SQL("""
SELECT count(*) AS facts, count(DISTINCT trade_id) AS trades, min(timestamp) AS first, max(timestamp) AS last
FROM pattern_trade_events WHERE run = ANY(%(runs)s)
""")

_FACTS: Final = SQL("""
SELECT date_bin(make_interval(secs => %(seconds)s), timestamp, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS since,
       count(*) AS facts, avg(rr) AS mean_rr
FROM pattern_trade_events WHERE run = ANY(%(runs)s) GROUP BY 1 ORDER BY 1
""")

_JOBS: Final = SQL("""
SELECT job, answered.* FROM unnest(%(jobs)s::text[]) job LEFT JOIN LATERAL (
    SELECT created_at, seq, run, event ->> 'key' AS key, event ->> 'error' AS error, event -> 'figures' AS figures
    FROM packets WHERE run = %(newest)s AND type = 'JobAnswered' AND event ->> 'job' = job ORDER BY seq DESC LIMIT 1
) answered ON TRUE
""")

_ASKED: Final = SQL("""
SELECT created_at, seq, run, event ->> 'job' AS job, event ->> 'by' AS by FROM packets
WHERE run = %(newest)s AND type = 'JobAsked'
      AND seq > (SELECT last_seq FROM runs WHERE run = %(newest)s) - %(looked_at)s
ORDER BY seq DESC LIMIT %(limit)s
""")

_CURATORS: Final = SQL("""
SELECT curator_id, final_weight, status, updated_at, updated_by FROM curators WHERE run = %(run)s
ORDER BY final_weight DESC NULLS LAST, curator_id
""")

BUCKETS_S: Final = (3_600, 21_600, 86_400, 604_800)
BUCKETS_MAX: Final = 60


class LearningListings:
    """What was learned in `runs`: a run and its parents, the newest first."""

    def __init__(self, connection: Connection, runs: Sequence[str]) -> None:
        self._connection = connection
        self.runs = list(runs)

    def choices(self) -> list[Found]:
        """By type, pattern and category how many lessons there are; `dimensions` are those of all of them."""
        return self._of("learning_lessons", _CHOICES)

    def lessons(
        self, lesson_type: str, pattern: str = "", category: str = "", dimension: str = "", *, limit: int = 60
    ) -> list[Found]:
        """Lessons of a type, the surest first; an empty filter takes all, WHOLE those of no dimension.

        `found` says how many there are in all.
        """
        wanted = {"type": lesson_type, "pattern": pattern, "category": category, "dimension": dimension}
        return self._of("learning_lessons", _LESSONS, limit=limit, **wanted)

    def overrides(self, limit: int = 200) -> list[Found]:
        """Overrides, those in force first, the farthest from 1 at the head; then those that are over."""
        return self._of("pm_overrides", _OVERRIDES, limit=limit)

    def thresholds(self) -> list[Found]:
        """Entries that hold a value, with who set them and when."""
        return self._of("pm_thresholds", _THRESHOLDS)

    def curators(self) -> list[Found]:
        """Curators whose word was given another weight while a run ran."""
        return self._of("curators", _CURATORS)

    def skipped(self) -> list[Found]:
        """Windows that were let pass, by the first gate that was not met ("": none said), and what became of them.

        `missed` turned out well, `rightly` did not; `neither` was neutral, `pending` is not known yet.
        """
        return self._all(_SKIPPED)

    def windows(self) -> list[Found]:
        """All closed windows by decision, and how they turned out."""
        return self._all(_WINDOWS)

    def facts(self) -> Found:
        """`facts`, of how many `trades`, and `buckets` over time of `bucket_s` seconds: `since`, facts, mean rr."""
        (whole,) = self._all(_SPAN)
        bucket_s = bucket_of(whole["first"], whole["last"])
        return {**whole, "bucket_s": bucket_s, "buckets": self._all(_FACTS, seconds=bucket_s)}

    def jobs(self) -> list[Found]:
        """Each learning job with its newest answer in the newest run: all None for one that never ran."""
        return self._all(_JOBS, jobs=[job.value for job in Job], newest=self.runs[0])

    def asked(self, limit: int = 5) -> list[Found]:
        """Jobs that people asked for lately, besides the schedule."""
        return self._all(_ASKED, newest=self.runs[0], looked_at=PACKETS_LOOKED_AT, limit=limit)

    def _of(self, table: str, query: SQL, **values: Any) -> list[Found]:
        """The rows of the newest run that has any."""
        newest = self._all(_NEWEST.format(Identifier(table)))
        return self._all(query, run=newest[0]["run"], **values) if newest else []

    def _all(self, query: SQL | Composed, **values: Any) -> list[Found]:
        cursor = self._connection.cursor(row_factory=dict_row)
        return cursor.execute(query, {"runs": self.runs, **values}).fetchall()


def bucket_of(first: datetime | None, last: datetime | None) -> int:
    """Seconds of a bucket, so that there are BUCKETS_MAX of them at most where a week is enough for that."""
    span_s = (last - first).total_seconds() if first and last else 0.0
    return next((one for one in BUCKETS_S if span_s / one < BUCKETS_MAX), BUCKETS_S[-1])
