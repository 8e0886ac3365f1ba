"""What each strategy earned and was given: for the table of strategies, their curves, and how capital was shared.

A strategy is a part of a desk that trades under a name of its own; a desk without parts is one itself. Money is
Decimal in whole currency, times are UTC. What was taken back (status reversed) is counted nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed

from tradeworthy.core.errors import UsageError

Connection = psycopg.Connection[Any]
Found = dict[str, Any]

POINTS_MAX: Final = 2_000

_PARTS: Final = {
    "counted": SQL("((run = ANY(%(runs)s) AND status = 'closed') OR (run = %(run)s AND status = 'open'))"),
    "name": SQL("COALESCE(strategy, desk)"),
}

_TRADED: Final = SQL("""
SELECT desk, {name} AS strategy, count(*) AS trades, count(*) FILTER (WHERE status = 'open') AS open_trades,
       COALESCE(sum(pnl), 0) AS pnl, COALESCE(sum(fees), 0) AS fees,
       count(*) FILTER (WHERE status = 'closed' AND pnl > 0) AS wins,
       count(*) FILTER (WHERE status = 'closed' AND pnl < 0) AS losses,
       max(pnl) FILTER (WHERE status = 'closed' AND pnl > 0) AS largest_win,
       min(pnl) FILTER (WHERE status = 'closed' AND pnl < 0) AS largest_loss,
       sum(pnl) FILTER (WHERE status = 'closed' AND pnl > 0) AS won,
       sum(pnl) FILTER (WHERE status = 'closed' AND pnl < 0) AS lost,
       avg(pnl) FILTER (WHERE status = 'closed') AS average
FROM trades WHERE {counted} GROUP BY 1, 2
""").format(**_PARTS)

_ASKED: Final = SQL("""
SELECT desk, {name} AS strategy, count(*) AS candidates, count(*) FILTER (WHERE verdict = 'FILLED') AS filled
FROM candidates WHERE run = ANY(%(runs)s) GROUP BY 1, 2
""").format(**_PARTS)

_SHARED: Final = SQL("""
SELECT desk, strategy, share, capital FROM allocations
WHERE run = %(run)s AND seq = (SELECT max(seq) FROM allocations newest
                               WHERE newest.run = %(run)s AND newest.desk = allocations.desk)
""")

_THINNED: Final = SQL(
    "(total <= %(points)s OR number = total OR number * %(points)s / total <> (number + 1) * %(points)s / total)"
)

_CURVES: Final = SQL("""
SELECT strategy, created_at, pnl FROM (
    SELECT {name} AS strategy, closed_at AS created_at, closed_seq,
           sum(pnl) OVER (PARTITION BY {name} ORDER BY closed_at, closed_seq, id) AS pnl,
           row_number() OVER (PARTITION BY {name} ORDER BY closed_at, closed_seq, id) AS number,
           count(*) OVER (PARTITION BY {name}) AS total
    FROM trades WHERE run = ANY(%(runs)s) AND status = 'closed'
) curve
WHERE {thinned} ORDER BY strategy, created_at, closed_seq
""").format(**_PARTS, thinned=_THINNED)

_SHARES: Final = SQL("""
SELECT strategy, desk, created_at, share, reason FROM (
    SELECT *, row_number() OVER (PARTITION BY desk, strategy ORDER BY created_at, seq) AS number,
           count(*) OVER (PARTITION BY desk, strategy) AS total
    FROM allocations WHERE run = ANY(%(runs)s)
) shared
WHERE {thinned} ORDER BY strategy, created_at, seq
""").format(thinned=_THINNED)

_KINDS: Final = SQL("""
SELECT DISTINCT kind FROM candidates WHERE run = ANY(%(runs)s) AND kind <> '' ORDER BY 1
""")

_NAMES: Final = SQL("""
SELECT DISTINCT {name} AS strategy FROM candidates WHERE run = ANY(%(runs)s)
UNION SELECT {name} FROM trades WHERE run = ANY(%(runs)s) ORDER BY 1
""").format(**_PARTS)

_NOTHING: Final[Found] = {
    **dict.fromkeys(("trades", "open_trades", "pnl", "fees", "wins", "losses", "candidates", "filled"), 0),
    **dict.fromkeys(("largest_win", "largest_loss", "won", "lost", "average", "share", "capital")),
}


class StrategyListings:
    """Of `runs`: a run and its parents, the newest first; what is open, and shared, is the newest's alone."""

    def __init__(self, connection: Connection, runs: Sequence[str]) -> None:
        self._connection = connection
        self.runs = list(runs)

    def table(self) -> list[Found]:
        """Each strategy's trades, P&L and share of its desk's capital, the best first, those without a trade last.

        `pnl` is of what is closed, after fees; `profit_factor` is what was won for each that was lost (None: nothing
        lost yet), `share` None if nothing is allocated to it; `is_shared` says whether its desk has an
        allocator at all. A desk that has done nothing has a row of its own.
        """
        rows: dict[tuple[str, str], Found] = {}
        for query in (_TRADED, _ASKED, _SHARED):
            for row in self._all(query):
                rows.setdefault((row["desk"], row["strategy"]), dict(_NOTHING)).update(row)
        known = {desk for desk, _ in rows}
        for desk in self.configuration().get("desks") or ():
            if desk["name"] not in known:
                name = desk["name"]
                rows[name, name] = {**_NOTHING, "desk": name, "strategy": name}
        shared = {row["desk"] for row in rows.values() if row["share"] is not None}
        for row in rows.values():
            row["is_shared"] = row["desk"] in shared
            won, lost, decided = row.pop("won"), row.pop("lost"), row["wins"] + row["losses"]
            row["profit_factor"] = float((won or 0) / -lost) if lost else None
            row["win_rate"] = row["wins"] / decided if decided else None
        return sorted(
            rows.values(), key=lambda row: (not row["trades"], -row["pnl"], row["desk"], row["strategy"])
        )

    def curves(self, points: int = 400) -> list[Found]:
        """Each strategy's P&L since its beginning after each trade that it closed, at most `points` + 1 of each."""
        return self._all(_CURVES, points=_checked(points))

    def span(self) -> tuple[datetime | None, datetime | None]:
        """The times of the chain's first and last event, None without one."""
        (row,) = self._all(
            SQL("SELECT min(created_at) AS first, max(last_at) AS last FROM runs WHERE run = ANY(%(runs)s)")
        )
        return row["first"], row["last"]

    def shares(self, points: int = 400) -> list[Found]:
        """How each strategy's part of its desk's capital changed, at most `points` + 1 rows of each."""
        return self._all(_SHARES, points=_checked(points))

    def choices(self) -> dict[str, list[str]]:
        """The `strategies` and `kinds` of trades and candidates that there are to choose from."""
        return {
            "strategies": [row["strategy"] for row in self._all(_NAMES)],
            "kinds": [row["kind"] for row in self._all(_KINDS)],
        }

    def configuration(self) -> Found:
        """The newest run's whole configuration, as it was resolved."""
        (row,) = self._all(SQL("SELECT configuration FROM runs WHERE run = %(run)s"))
        return row["configuration"] or {}

    def _all(self, query: SQL | Composed, **values: Any) -> list[Found]:
        cursor = self._connection.cursor(row_factory=dict_row)
        return cursor.execute(query, {"runs": self.runs, "run": self.runs[0], **values}).fetchall()


def _checked(points: int) -> int:
    if not 2 <= points <= POINTS_MAX:
        raise UsageError(
            f"points {points} is not 2 to {POINTS_MAX}; a chart of a screen's width shows no more"
        )
    return points
