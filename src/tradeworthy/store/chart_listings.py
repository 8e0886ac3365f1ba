"""What stands on a chart of candles beside the candles: trades, and states that a desk saw an instrument in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL

Connection = psycopg.Connection[Any]
Found = dict[str, Any]

MARKS_MAX: Final = 300
STAGES_MAX: Final = 400
NAMES_MAX: Final = 400

_KEPT: Final = SQL("""
WITH RECURSIVE kept AS (
    (SELECT instrument, timeframe FROM bars WHERE run = %(run)s ORDER BY instrument, timeframe LIMIT 1)
    UNION ALL
    SELECT later.instrument, later.timeframe FROM kept, LATERAL (
        SELECT instrument, timeframe FROM bars
        WHERE run = %(run)s AND (instrument, timeframe) > (kept.instrument, kept.timeframe)
        ORDER BY instrument, timeframe LIMIT 1
    ) later
)
SELECT instrument, timeframe FROM kept LIMIT %(most)s
""")

_TRADED: Final = SQL("""
SELECT COALESCE(question.underlying, trade.instrument) AS name, question.underlying IS NOT NULL AS is_underlying,
       count(*) AS trades
FROM trades trade LEFT JOIN markets question ON question.run = trade.run AND question.market = trade.market
WHERE trade.run = ANY(%(runs)s) AND trade.status <> 'reversed' GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT %(most)s
""")

_MARKS: Final = SQL("""
SELECT trade.run, trade.seq, trade.desk, COALESCE(trade.strategy, trade.desk) AS strategy, trade.position,
       trade.instrument, trade.side, trade.outcome, trade.status, trade.quantity, trade.entry_price, trade.exit_price,
       trade.pnl, trade.reason, COALESCE(trade.opened_at, trade.created_at) AS opened_at, trade.closed_at,
       question.title, question.strike, question.underlying IS NOT NULL AS is_underlying
FROM trades trade LEFT JOIN markets question ON question.run = trade.run AND question.market = trade.market
WHERE trade.run = ANY(%(runs)s) AND trade.status <> 'reversed'
      AND COALESCE(question.underlying, trade.instrument) = %(name)s
ORDER BY trade.created_at DESC, trade.seq DESC LIMIT %(most)s
""")

_ONE: Final = SQL("""
SELECT COALESCE(question.underlying, trade.instrument) AS name, COALESCE(trade.strategy, trade.desk) AS strategy,
       COALESCE(trade.opened_at, trade.created_at) AS opened_at, trade.closed_at, trade.run, trade.seq
FROM trades trade LEFT JOIN markets question ON question.run = trade.run AND question.market = trade.market
WHERE trade.run = %(one)s AND trade.run = ANY(%(runs)s) AND trade.seq = %(seq)s
""")

_STAGES: Final = SQL("""
SELECT run, seq, created_at, desk, content ->> 'from_state' AS before, content ->> 'to_state' AS stage
FROM strands
WHERE run = ANY(%(runs)s) AND kind = 'uptrend_stage_transition' AND instrument = %(instrument)s
      AND timeframe = %(timeframe)s
ORDER BY created_at DESC, seq DESC LIMIT %(most)s
""")


class ChartListings:
    """Of `runs`: a run and its parents, the newest first."""

    def __init__(self, connection: Connection, runs: Sequence[str]) -> None:
        self._connection = connection
        self.runs = list(runs)

    def kept(self) -> list[Found]:
        """The instruments and timeframes whose bars the newest run keeps in the table of bars."""
        return self._all(_KEPT, most=NAMES_MAX)

    def traded(self) -> list[Found]:
        """What was traded, the most often first; trades in markets stand under their markets' underlying."""
        return self._all(_TRADED, most=NAMES_MAX)

    def marks(self, name: str) -> list[Found]:
        """The newest trades in the instrument `name`, or in markets about it (`is_underlying`), the oldest first."""
        return self._all(_MARKS, name=name, most=MARKS_MAX)[::-1]

    def trade(self, run: str, seq: int) -> Found | None:
        """What a trade is drawn under (`name`), by whom and when it was made; None if there is none there."""
        return next(iter(self._all(_ONE, one=run, seq=seq)), None)

    def stages(self, instrument: str, timeframe: str) -> list[Found]:
        """The newest changes of the state that a desk saw an instrument in, the oldest first."""
        return self._all(_STAGES, instrument=instrument, timeframe=timeframe, most=STAGES_MAX)[::-1]

    def _all(self, query: SQL, **values: Any) -> list[Found]:
        cursor = self._connection.cursor(row_factory=dict_row)
        return cursor.execute(query, {"runs": self.runs, "run": self.runs[0], **values}).fetchall()
