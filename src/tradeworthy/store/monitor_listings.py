"""What a screen that watches a running session asks beyond the report: the day, edges, markets, and rows by state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL

Connection = psycopg.Connection[Any]
Found = dict[str, Any]

EDGE_STEP: Final = 0.01
EDGE_MOST: Final = 0.25
"""Edges are counted in steps of a cent a share; those above the most stand in the last step."""

DAY: Final = timedelta(days=1)

_TODAY: Final = SQL("""
SELECT count(*) AS trades, COALESCE(sum(pnl) FILTER (WHERE status = 'closed'), 0) AS pnl
FROM trades
WHERE ((run = ANY(%(runs)s) AND status = 'closed') OR (run = %(run)s AND status = 'open'))
      AND created_at >= %(since)s AND created_at < %(until)s
""")

_EDGES: Final = SQL("""
SELECT LEAST(floor(seen.net_edge / %(step)s), %(last)s)::int AS bucket, count(*) AS found,
       count(*) FILTER (WHERE asked.verdict = 'FILLED') AS traded
FROM opportunities seen LEFT JOIN candidates asked ON asked.run = seen.run AND asked.seq = seen.seq
WHERE seen.run = ANY(%(runs)s) AND seen.detected AND seen.net_edge IS NOT NULL AND seen.net_edge < 'infinity'
GROUP BY 1 ORDER BY 1
""")

_MARKETS: Final = SQL("""
SELECT COALESCE(status, 'unknown') AS status, COALESCE(underlying, category, 'other') AS about, count(*) AS count
FROM markets WHERE run = %(run)s GROUP BY 1, 2 ORDER BY 1, 2
""")

_ROWS: Final = SQL("""
SELECT status, timeframe, COALESCE(stage, '') AS stage, count(*) AS count,
       COALESCE(sum(current_usd_value), 0) AS value, COALESCE(sum(rpnl_usd), 0) AS pnl
FROM uptrend_positions WHERE run = %(run)s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""")


class MonitorListings:
    """Of `runs`: a run and its parents, the newest first."""

    def __init__(self, connection: Connection, runs: Sequence[str]) -> None:
        self._connection = connection
        self.runs = list(runs)

    def today(self) -> Found:
        """The UTC `day` of the run's last event (None: none yet), the `trades` begun in it, and their closed `pnl`."""
        (about,) = self._all(SQL("SELECT last_at FROM runs WHERE run = %(run)s"))
        if about["last_at"] is None:
            return {"day": None, "trades": 0, "pnl": Decimal(0)}
        begin = about["last_at"].astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        (found,) = self._all(_TODAY, since=begin, until=begin + DAY)
        return {"day": begin.date(), **found}

    def capital(self) -> Decimal:
        """What the account of the chain's first run began with."""
        (row,) = self._all(
            SQL(
                "SELECT (configuration -> 'account' ->> 'cash')::numeric AS cash FROM runs WHERE run = %(first)s"
            ),
            first=self.runs[-1],
        )
        return row["cash"] or Decimal(0)

    def edges(self) -> list[Found]:
        """How many opportunities had a net edge from `least` to a step above, and how many of them were `traded`."""
        last = round(EDGE_MOST / EDGE_STEP)
        rows = self._all(_EDGES, step=EDGE_STEP, last=last)
        return [
            {**row, "least": round(row["bucket"] * EDGE_STEP, 6), "is_last": row["bucket"] == last}
            for row in rows
        ]

    def markets(self) -> list[Found]:
        """The newest run's markets by status and what they are about: an underlying, else a category."""
        return self._all(_MARKETS)

    def token_rows(self) -> list[Found]:
        """The uptrend desk's rows of the newest run by status, timeframe and stage; none for other desks."""
        return self._all(_ROWS)

    def _all(self, query: SQL, **values: Any) -> list[Found]:
        cursor = self._connection.cursor(row_factory=dict_row)
        return cursor.execute(query, {"runs": self.runs, "run": self.runs[0], **values}).fetchall()
