"""The longer SQL of queries.py. `runs` is the chain, `run` its newest, `since` and `until` the period.

With a `strategy` only what that part of a desk (or the desk of that name) did is counted.
"""

from typing import Final, LiteralString

from psycopg.sql import SQL, Composed

_PARTS: Final = {
    "in_chain": SQL("run = ANY(%(runs)s)"),
    "created": SQL(
        "created_at BETWEEN COALESCE(%(since)s::timestamptz, '-infinity')"
        " AND COALESCE(%(until)s::timestamptz, 'infinity')"
    ),
    "closed_then": SQL(
        "(%(strategy)s::text IS NULL OR COALESCE(trade.strategy, trade.desk) = %(strategy)s)"
        " AND trade.run = ANY(%(runs)s) AND trade.status = 'closed'"
        " AND trade.closed_at BETWEEN COALESCE(%(since)s::timestamptz, '-infinity')"
        " AND COALESCE(%(until)s::timestamptz, 'infinity')"
    ),
    "open_now": SQL(
        "(%(strategy)s::text IS NULL OR COALESCE(trade.strategy, trade.desk) = %(strategy)s)"
        " AND trade.run = %(run)s AND trade.status = 'open'"
    ),
    "asked": SQL("(%(strategy)s::text IS NULL OR COALESCE(strategy, desk) = %(strategy)s)"),
    "shown": SQL("id, seq, created_at, trace, cause, agent, type, input, event"),
}


def made(text: LiteralString) -> Composed:
    """`text` with the parts that it names in braces."""
    return SQL(text).format(**_PARTS)


CLOSED: Final = made("""
SELECT count(*) AS trades, COALESCE(sum(pnl), 0) AS pnl,
       count(*) FILTER (WHERE pnl > 0) AS wins, count(*) FILTER (WHERE pnl < 0) AS losses
FROM trades trade WHERE {closed_then}
""")

BY_KIND: Final = made("""
SELECT COALESCE(opening.kind, 'carried') AS type, count(*) AS trades, COALESCE(sum(trade.pnl), 0) AS pnl
FROM trades trade
LEFT JOIN candidates opening ON opening.run = trade.run AND opening.seq = trade.entry_candidate
WHERE ({closed_then} OR {open_now}) GROUP BY 1 ORDER BY 1
""")

BY_STRATEGY: Final = made("""
SELECT COALESCE(strategy, desk) AS strategy, count(*) AS trades, COALESCE(sum(pnl), 0) AS pnl
FROM trades trade WHERE ({closed_then} OR {open_now}) GROUP BY 1 ORDER BY 1
""")

REFUSED: Final = made("""
SELECT rule AS reason, count(*) AS count FROM risk_events
WHERE {in_chain} AND {created} AND kind = 'rejected'
      AND (%(strategy)s::text IS NULL OR EXISTS (
          SELECT FROM candidates WHERE candidates.run = risk_events.run AND candidates.seq = risk_events.candidate
          AND {asked}))
GROUP BY 1 ORDER BY 2 DESC, 1
""")

CANDIDATES: Final = made(
    "SELECT count(*) AS count FROM candidates WHERE {in_chain} AND {created} AND {asked}"
)

VERDICTS: Final = made("""
SELECT COALESCE(verdict, 'OPEN') AS outcome, COALESCE(reason, '') AS reason, count(*) AS count FROM candidates
WHERE {in_chain} AND {created} AND {asked} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
""")

FILLS: Final = made("""
SELECT count(*) AS count, COALESCE(sum(fee), 0) AS fees FROM fills
WHERE {in_chain} AND {created} AND status <> 'FAILED'
      AND (%(strategy)s::text IS NULL
           OR CASE WHEN position LIKE '%%@%%' THEN split_part(position, '@', 1) ELSE desk END = %(strategy)s)
""")

TURNS: Final = made("""
SELECT reason, sum(turns)::bigint AS turns FROM counters
WHERE {in_chain} AND desk = %(desk)s AND from_at < %(until)s AND (to_at > %(since)s OR from_at >= %(since)s)
GROUP BY 1 ORDER BY 2 DESC, 1
""")

DESK_VERDICTS: Final = made("""
SELECT COALESCE(verdict, 'OPEN') AS outcome, COALESCE(reason, '') AS reason, count(*) AS count FROM candidates
WHERE {in_chain} AND desk = %(desk)s AND created_at >= %(since)s AND created_at < %(until)s
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
""")

TRACE: Final = made("""
SELECT {shown} FROM packets
WHERE run = %(run)s AND (trace = %(seq)s
      OR trace = (SELECT trace FROM packets WHERE run = %(run)s AND seq = %(seq)s))
ORDER BY seq
""")

PATH: Final = made("""
WITH RECURSIVE about AS (
    SELECT {shown} FROM packets WHERE run = %(run)s AND candidate = %(candidate)s
), above (seq, cause) AS (
    SELECT seq, cause FROM packets WHERE run = %(run)s AND seq = %(candidate)s
    UNION SELECT packets.seq, packets.cause FROM packets JOIN above ON packets.seq = above.cause
    WHERE packets.run = %(run)s
)
SELECT * FROM about
UNION SELECT {shown} FROM packets WHERE run = %(run)s AND seq IN (SELECT seq FROM above)
UNION SELECT {shown} FROM packets WHERE run = %(run)s AND trace IN (SELECT trace FROM about)
      AND candidate IS NULL AND cause IN (SELECT seq FROM about)
ORDER BY seq
""")

OPEN: Final = made("SELECT count(*) AS trades FROM trades trade WHERE {open_now}")

EQUITY: Final = made("""
SELECT created_at, cash, cost, equity, realised, fees, peak, open_positions FROM equity
WHERE {in_chain} AND {created} ORDER BY created_at, seq
""")

STRATEGIES: Final = made("""
SELECT DISTINCT COALESCE(strategy, desk) AS strategy FROM candidates WHERE {in_chain}
UNION SELECT COALESCE(strategy, desk) FROM trades WHERE {in_chain} ORDER BY 1
""")

GAPS: Final = made("""
SELECT method, count(*) FILTER (WHERE detected) AS detected,
       count(*) FILTER (WHERE survived AND gap_reason <> 'session_ended') AS survived,
       count(*) FILTER (WHERE NOT survived AND gap_reason <> 'session_ended') AS vanished,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY gap_ms) FILTER (WHERE gap_reason <> 'session_ended') AS p50_ms,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY gap_ms) FILTER (WHERE gap_reason <> 'session_ended') AS p90_ms
FROM opportunities
WHERE {in_chain} AND {created} AND (%(strategy)s::text IS NULL OR strategy = %(strategy)s)
GROUP BY GROUPING SETS ((method), ()) ORDER BY method NULLS FIRST
""")

NOT_TRADED: Final = made("""
SELECT candidates.reason, count(*) AS count
FROM candidates JOIN opportunities USING (run, seq)
WHERE {in_chain} AND candidates.verdict <> 'FILLED'
      AND candidates.created_at BETWEEN COALESCE(%(since)s::timestamptz, '-infinity')
      AND COALESCE(%(until)s::timestamptz, 'infinity')
      AND (%(strategy)s::text IS NULL OR opportunities.strategy = %(strategy)s)
GROUP BY 1 ORDER BY 2 DESC, 1
""")

ABOUT: Final = made("""
SELECT run, mode, currency,
       ARRAY(SELECT DISTINCT desk ->> 'kind' FROM jsonb_array_elements(configuration -> 'desks') desk
             WHERE desk ->> 'kind' <> '' ORDER BY 1) AS desk_kinds,
       COALESCE(feed ->> 'books', (SELECT max(books) FROM markets WHERE {in_chain})) AS books
FROM runs WHERE run = %(run)s
""")

PAPER_TRADES: Final = made("""
SELECT * FROM paper_trades
WHERE {in_chain} AND {created} AND (%(strategy)s::text IS NULL OR strategy_id = %(strategy)s)
ORDER BY created_at, id
""")
