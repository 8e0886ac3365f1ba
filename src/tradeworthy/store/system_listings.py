"""What the tables say of how the system itself runs: parts, people, and how long things took. Times are UTC."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection[Any]
Found = dict[str, Any]

NEWEST = 1_000
"""Latencies are of so many of the newest candidates or fills."""


class SystemListings:
    """Questions about `run` alone: another process's life has nothing to do with this one's."""

    def __init__(self, connection: Connection, run: str) -> None:
        self._connection, self._run = connection, run

    def health(self) -> list[Found]:
        """By part: whether it is well by its own word, with its figure, and how often it raised."""
        return self._all(
            "SELECT part, ok, figure, word, COALESCE(crashes, 0) AS crashes, updated_at FROM agent_health"
            " WHERE run = %(run)s ORDER BY part"
        )

    def people(self, limit: int = 50) -> list[Found]:
        """What people and circuit breakers did, the newest first: halts, releases, commands, and what a desk raised."""
        return self._all(
            "SELECT seq, created_at, kind, desk, rule, by, reason FROM risk_events"
            " WHERE run = %(run)s AND kind IN ('operator', 'halted', 'released', 'quarantined')"
            " ORDER BY created_at DESC, seq DESC LIMIT %(limit)s",
            limit=limit,
        )

    def latencies(self) -> list[Found]:
        """p50 and p99 in ms of session time, by stage, of the newest NEWEST: stages without a sample are left out.

        `decided` is from candidate to risk's decision, `filled` from the decision to the candidate's first fill,
        `venue` what a fill took from the order to the venue's own time.
        """
        return self._all(
            "WITH newest AS ("
            " SELECT seq, created_at FROM candidates WHERE run = %(run)s AND approved IS NOT NULL"
            " ORDER BY seq DESC LIMIT %(newest)s"
            "), decided AS ("
            " SELECT newest.seq, newest.created_at AS opened_at, min(decisions.created_at) AS at"
            " FROM newest JOIN decisions ON decisions.run = %(run)s AND decisions.candidate = newest.seq GROUP BY 1, 2"
            "), traded AS ("
            " SELECT candidate, created_at, latency_ms FROM fills WHERE run = %(run)s"
            " ORDER BY created_at DESC LIMIT %(newest)s"
            "), spans (stage, ms) AS ("
            " SELECT 'decided', extract(epoch FROM at - opened_at)::double precision * 1000 FROM decided"
            " UNION ALL SELECT 'filled',"
            " extract(epoch FROM min(traded.created_at) - decided.at)::double precision * 1000"
            " FROM decided JOIN traded ON traded.candidate = decided.seq GROUP BY decided.seq, decided.at"
            " UNION ALL SELECT 'venue', latency_ms FROM traded WHERE latency_ms IS NOT NULL"
            ") SELECT stage, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50_ms,"
            " percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99_ms, count(*) AS count"
            " FROM spans GROUP BY stage ORDER BY stage",
            newest=NEWEST,
        )

    def _all(self, query: Any, **values: Any) -> list[Found]:
        return (
            self._connection.cursor(row_factory=dict_row)
            .execute(query, {"run": self._run, **values})
            .fetchall()
        )
