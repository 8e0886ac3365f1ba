"""The SQL of listings.py. Each page is one run's: `before` is the seq that the page ends before, the newest first.

An empty word or NULL for a filter means: whatever it is. Pages go backwards over the index of (run, seq), so that the
first rows are found without the others.
"""

from typing import Final, LiteralString

from psycopg.sql import SQL, Composed

_PARTS: Final = {
    "page": SQL("one.run = %(run)s AND one.seq < %(before)s"),
    "newest": SQL("ORDER BY one.seq DESC LIMIT %(limit)s"),
    "mark": SQL("run, seq, id, created_at, cash, cost, equity, realised, fees, peak, open_positions"),
    "within": SQL(
        "BETWEEN COALESCE(%(since)s::timestamptz, '-infinity') AND COALESCE(%(until)s::timestamptz, 'infinity')"
    ),
}


def _made(text: LiteralString) -> Composed:
    """`text` with the parts that it names in braces."""
    return SQL(text).format(**_PARTS)


_DAYS: Final = """
LEFT JOIN LATERAL (
    SELECT sum(candidates)::bigint AS candidates, sum(filled)::bigint AS filled, sum(rejected)::bigint AS rejected,
           sum(trades)::bigint AS trades_closed, sum(wins)::bigint AS wins, sum(losses)::bigint AS losses,
           COALESCE(sum(pnl), 0) AS realized_pnl, COALESCE(sum(fees), 0) AS fees
    FROM daily_performance WHERE daily_performance.run = one.run
) days ON TRUE
LEFT JOIN LATERAL (
    SELECT equity, peak FROM equity WHERE equity.run = one.run ORDER BY created_at DESC, seq DESC LIMIT 1
) marked ON TRUE
"""

_RUN: Final = """
SELECT one.run, one.parent, one.mode, one.currency, one.decision_hash, one.seed, one.registered_at, one.created_at,
       one.last_at, one.last_seq, one.last_seq AS seq, one.configuration ->> 'name' AS configuration,
       one.configuration -> 'desks' AS desks, days.*, marked.equity, marked.peak
FROM runs one
"""

ALL_RUNS: Final = SQL(_RUN + _DAYS + "ORDER BY one.registered_at DESC, one.run DESC LIMIT %(limit)s")

ABOUT: Final = SQL(_RUN + _DAYS + "WHERE one.run = %(run)s")

ORDERS: Final = _made("""
SELECT one.id, one.run, one.seq, one.created_at, one.order_ref, one.candidate, one.leg_no, one.desk, one.position,
       one.instrument, one.side, one.lots, one.quantity, one.limit_price, one.time_in_force, one.expires_at,
       one.reduce_only, one.reason, one.status, one.status_reason, one.cancel_reason, one.venue_order, one.updated_at,
       COALESCE(one.filled_lots, 0) AS filled_lots, filled.quantity AS filled_quantity, filled.price AS filled_price,
       COALESCE(filled.fees, 0) AS fees
FROM (
    SELECT one.* FROM orders one
    WHERE {page} AND (%(status)s = '' OR one.status = %(status)s) AND (%(desk)s = '' OR one.desk = %(desk)s)
          AND (%(instrument)s = '' OR one.instrument = %(instrument)s)
    {newest}
) one
LEFT JOIN LATERAL (
    SELECT sum(quantity) AS quantity, sum(fee) AS fees,
           trim_scale(round(sum(price * quantity) / NULLIF(sum(quantity), 0), 18)) AS price
    FROM fills WHERE fills.run = one.run AND fills.order_ref = one.order_ref AND fills.status <> 'FAILED'
) filled ON TRUE
ORDER BY one.seq DESC
""")

TRADES: Final = _made("""
SELECT one.id, one.run, one.seq, one.created_at, opening.id::text AS opportunity_id,
       COALESCE(opening.kind, 'carried') AS opportunity_type, COALESCE(one.market, one.instrument) AS market_id,
       one.venue, one.side,
       COALESCE(one.outcome, CASE one.side WHEN 'buy' THEN 'LONG' WHEN 'sell' THEN 'SHORT' END) AS outcome,
       one.quantity, one.entry_price AS price, one.fees,
       COALESCE(seen.net_edge::numeric, opening.edge, 0) AS expected_edge,
       COALESCE(one.strategy, one.desk) AS strategy_id, TRUE AS risk_approved, NULL::text AS risk_rejection_reason,
       CASE WHEN one.status = 'closed' AND one.reason = 'settled' THEN 'resolved' ELSE one.status END AS status,
       one.exit_price, one.pnl AS realized_pnl, one.closed_at AS resolved_at, opening.id AS request_id,
       opening.id AS group_id, COALESCE(placed.leg_no, 0) AS leg_no, COALESCE(one.token, one.instrument) AS token_id,
       one.entry_notional AS notional, session.mode, one.liquidity,
       (EXTRACT(EPOCH FROM one.created_at - placed.created_at) * 1000)::double precision AS latency_ms,
       NULLIF(seen.fair, 0) AS fair_value, seen.book_at AS book_ts, NULLIF(seen.oracle_value, 0) AS oracle_value,
       seen.oracle_at AS oracle_ts, one.reason,
       one.status = 'open' AND COALESCE(question.status = 'disputed', FALSE) AS disputed, question.books,
       one.desk, one.position, one.instrument, one.entry_candidate AS candidate, one.opened_at, one.closed_at, one.pnl,
       question.title
FROM (
    SELECT one.* FROM trades one
    WHERE {page} AND one.status <> 'reversed'
          AND (%(status)s = '' OR %(status)s = CASE WHEN one.status = 'closed' AND one.reason = 'settled'
                                               THEN 'resolved' ELSE one.status END)
          AND (%(strategy)s = '' OR COALESCE(one.strategy, one.desk) = %(strategy)s)
          AND (%(kind)s = '' OR %(kind)s = COALESCE(
              (SELECT opening.kind FROM candidates opening
               WHERE opening.run = one.run AND opening.seq = one.entry_candidate), 'carried'))
          AND one.created_at {within}
    {newest}
) one
JOIN runs session ON session.run = one.run
LEFT JOIN candidates opening ON opening.run = one.run AND opening.seq = one.entry_candidate
LEFT JOIN opportunities seen ON seen.run = one.run AND seen.seq = one.entry_candidate
LEFT JOIN orders placed ON placed.run = one.run AND placed.order_ref = one.entry_order
LEFT JOIN markets question ON question.run = one.run AND question.market = one.market
ORDER BY one.seq DESC
""")

UNTRADED: Final = _made("""
SELECT one.id, one.run, one.seq, one.created_at, one.id::text AS opportunity_id, one.kind AS opportunity_type,
       COALESCE(seen.market, one.legs -> 0 ->> 'market', one.instrument) AS market_id,
       one.legs -> 0 ->> 'venue' AS venue, one.side,
       COALESCE(one.legs -> 0 ->> 'outcome', CASE one.side WHEN 'buy' THEN 'LONG' WHEN 'sell' THEN 'SHORT' END)
           AS outcome,
       one.quantity, one.price, 0::numeric AS fees, COALESCE(seen.net_edge::numeric, one.edge, 0) AS expected_edge,
       COALESCE(one.strategy, one.desk) AS strategy_id, COALESCE(one.approved, FALSE) AS risk_approved,
       CASE WHEN one.verdict = 'REJECTED' THEN one.reason END AS risk_rejection_reason,
       CASE WHEN one.verdict = 'REJECTED' THEN 'rejected' ELSE 'cancelled' END AS status,
       NULL::numeric AS exit_price, NULL::numeric AS realized_pnl, one.closed_at AS resolved_at, one.id AS request_id,
       one.id AS group_id, 0 AS leg_no, COALESCE(one.legs -> 0 ->> 'token', one.instrument) AS token_id,
       NULL::numeric AS notional, session.mode, NULL::text AS liquidity, NULL::double precision AS latency_ms,
       NULLIF(seen.fair, 0) AS fair_value, seen.book_at AS book_ts, NULLIF(seen.oracle_value, 0) AS oracle_value,
       seen.oracle_at AS oracle_ts, one.reason, FALSE AS disputed, question.books,
       one.desk, NULL::text AS position, one.instrument, one.seq AS candidate, NULL::timestamptz AS opened_at,
       one.closed_at, NULL::numeric AS pnl, question.title
FROM (
    SELECT one.* FROM candidates one
    WHERE {page}
          AND CASE %(status)s WHEN 'rejected' THEN one.verdict = 'REJECTED'
              ELSE one.verdict IN ('CANCELLED', 'EXPIRED', 'FAILED') AND one.intent IS NOT NULL END
          AND (%(strategy)s = '' OR COALESCE(one.strategy, one.desk) = %(strategy)s)
          AND (%(kind)s = '' OR one.kind = %(kind)s)
          AND one.created_at {within}
    {newest}
) one
JOIN runs session ON session.run = one.run
LEFT JOIN opportunities seen ON seen.run = one.run AND seen.seq = one.seq
LEFT JOIN markets question ON question.run = one.run
          AND question.market = COALESCE(seen.market, one.legs -> 0 ->> 'market')
ORDER BY one.seq DESC
""")

CANDIDATES: Final = _made("""
SELECT one.id, one.run, one.seq, one.created_at, one.trace, one.desk, one.strategy, one.kind, one.instrument, one.side,
       one.quantity, one.price, one.edge, one.status, COALESCE(one.verdict, 'OPEN') AS verdict, one.reason, one.share,
       one.approved, one.decided_by, one.rule, one.figures, one.decision_figures, one.limits, one.legs, one.closed_at,
       one.closed_seq, seen.method, seen.net_edge, seen.gap_ms, question.market, question.title
FROM (
    SELECT one.* FROM candidates one
    WHERE {page} AND (%(desk)s = '' OR one.desk = %(desk)s)
          AND (%(verdict)s = '' OR COALESCE(one.verdict, 'OPEN') = %(verdict)s)
          AND (%(reason)s = '' OR one.reason = %(reason)s) AND (%(kind)s = '' OR one.kind = %(kind)s)
    {newest}
) one
LEFT JOIN opportunities seen ON seen.run = one.run AND seen.seq = one.seq
LEFT JOIN markets question ON question.run = one.run
          AND question.market = COALESCE(seen.market, one.legs -> 0 ->> 'market')
ORDER BY one.seq DESC
""")

DECISIONS: Final = _made("""
SELECT one.id, one.run, one.seq, one.created_at, one.candidate, one.decided_by, one.desk, one.approved, one.reason,
       one.figures, one.limits, asked.kind, asked.instrument, asked.side, asked.strategy,
       COALESCE(asked.verdict, 'OPEN') AS verdict
FROM (
    SELECT one.* FROM decisions one
    WHERE {page} AND (%(approved)s::boolean IS NULL OR one.approved = %(approved)s)
          AND (%(decided_by)s = '' OR one.decided_by = %(decided_by)s)
    {newest}
) one
LEFT JOIN candidates asked ON asked.run = one.run AND asked.seq = one.candidate
ORDER BY one.seq DESC
""")

OPPORTUNITIES: Final = _made("""
SELECT one.id, one.run, one.seq, one.created_at, one.detected, one.strategy, one.kind, one.method, one.market,
       one.markets, one.legs, one.gross_edge, one.net_edge, one.signal, one.fair, one.capacity, one.profit,
       one.payout_floor, one.oracle, one.oracle_value, one.oracle_age_ms, one.book_age_ms, one.expires_at, one.skip,
       one.gap_opened_at, one.gap_closed_at, one.gap_ms, one.net_edge_max, one.survived, one.gap_reason,
       asked.verdict, asked.reason, question.title
FROM (
    SELECT one.* FROM opportunities one
    WHERE {page} AND (%(detected)s::boolean IS NULL OR one.detected = %(detected)s)
          AND (%(strategy)s = '' OR one.strategy = %(strategy)s) AND (%(kind)s = '' OR one.kind = %(kind)s)
          AND (%(method)s = '' OR one.method = %(method)s)
    {newest}
) one
LEFT JOIN candidates asked ON asked.run = one.run AND asked.seq = one.seq
LEFT JOIN markets question ON question.run = one.run AND question.market = one.market
ORDER BY one.seq DESC
""")

POSTURES: Final = _made("""
SELECT one.id, one.run, one.seq, one.created_at, one.event FROM packets one
WHERE {page} AND one.type = 'PostureChanged'
{newest}
""")

ALERTS: Final = _made("SELECT one.* FROM alerts one WHERE {page} {newest}")

POSITIONS: Final = SQL("""
SELECT opened.id, one.run, COALESCE(opened.seq, one.seq) AS seq,
       COALESCE(opened.opened_at, one.updated_at) AS created_at, one.desk, one.strategy, one.position,
       one.instrument, one.market, one.outcome, question.title, opened.venue, opened.side,
       one.lots, one.quantity, opened.entry_price, one.cost, one.realised, one.fees,
       opened.entry_candidate AS candidate, opened.opened_at, one.updated_at,
       COALESCE(question.status = 'disputed', FALSE) AS disputed, question.end_at
FROM positions one
LEFT JOIN trades opened ON opened.run = one.run AND opened.desk = one.desk AND opened.position = one.position
          AND opened.status = 'open'
LEFT JOIN markets question ON question.run = one.run AND question.market = one.market
WHERE one.run = %(run)s AND one.lots <> 0
ORDER BY seq DESC
""")

COUNTERS: Final = _made("""
SELECT run, seq, desk, from_at, to_at, to_at AS created_at, reason, turns FROM counters
WHERE run = ANY(%(runs)s) AND (%(desk)s = '' OR desk = %(desk)s) AND from_at {within}
ORDER BY from_at DESC, desk, turns DESC, reason LIMIT %(limit)s
""")

REJECTIONS: Final = _made("""
SELECT rule, count(*) AS count, max(created_at) AS last_at FROM risk_events
WHERE run = ANY(%(runs)s) AND kind = 'rejected' AND created_at {within}
GROUP BY 1 ORDER BY 2 DESC, 1
""")

FIGURES: Final = SQL("""
SELECT DISTINCT ON (figure.name) figure.name AS figure, figure.value, newest.limits -> figure.name AS limit,
       newest.approved, newest.reason, newest.candidate, newest.run, newest.seq, newest.created_at
FROM (
    SELECT * FROM decisions WHERE run = %(run)s AND reason IS DISTINCT FROM %(reduces)s ORDER BY seq DESC LIMIT 200
) newest, jsonb_each(newest.figures) AS figure (name, value)
WHERE figure.value <> 'null'
      OR figure.name IN ('price_age_ms', 'oracle_age_ms') AND newest.limits -> figure.name <> 'null'
ORDER BY figure.name, newest.seq DESC
""")

HEALTH: Final = SQL("""
SELECT run, part, ok, word, figure, COALESCE(crashes, 0) AS crashes, updated_at FROM agent_health
WHERE run = %(run)s ORDER BY part
""")

EXPOSURES_BY_MARKET: Final = SQL("""
SELECT COALESCE(one.market, one.instrument) AS market, max(question.title) AS title, max(question.end_at) AS end_at,
       count(*) AS positions, sum(abs(one.cost)) AS cost
FROM trades one LEFT JOIN markets question ON question.run = one.run AND question.market = one.market
WHERE one.run = %(run)s AND one.status = 'open' GROUP BY 1 ORDER BY 5 DESC, 1
""")

EXPOSURES_BY_VENUE: Final = SQL("""
SELECT COALESCE(venue, '') AS venue, count(*) AS positions, sum(abs(cost)) AS cost
FROM trades WHERE run = %(run)s AND status = 'open' GROUP BY 1 ORDER BY 3 DESC, 1
""")

TYPES_SINCE: Final = SQL("SELECT DISTINCT type FROM packets WHERE run = %(run)s AND seq > %(seq)s")

PACKETS: Final = SQL("""
SELECT id, run, seq, created_at, trace, cause, agent, type, input, candidate, event FROM packets
WHERE run = %(run)s AND seq > %(seq)s ORDER BY seq LIMIT %(limit)s
""")

BARS: Final = SQL("""
SELECT run, seq, instrument, timeframe, open_at, open_at AS created_at, open, high, low, close, volume, source, coverage
FROM bars
WHERE run = %(run)s AND instrument = %(instrument)s AND timeframe = %(timeframe)s
      AND open_at < COALESCE(%(before)s::timestamptz, 'infinity')
ORDER BY open_at DESC LIMIT %(limit)s
""")

EQUITY_ALL: Final = _made("""
SELECT {mark} FROM equity WHERE run = ANY(%(runs)s) AND created_at {within} LIMIT %(points)s + 1
""")

EQUITY_SPAN: Final = _made("""
SELECT min(created_at) AS first, max(created_at) AS last FROM (
    SELECT (SELECT min(created_at) FROM equity WHERE equity.run = part.run AND created_at {within}),
           (SELECT max(created_at) FROM equity WHERE equity.run = part.run AND created_at {within})
    FROM unnest(%(runs)s::text[]) part (run)
) spans (first, last), LATERAL (VALUES (first), (last)) both_ends (created_at)
""")

EQUITY_BUCKETS: Final = _made("""
SELECT DISTINCT ON (bucket.number) marked.* FROM (
    SELECT number, %(first)s::timestamptz + (%(last)s::timestamptz - %(first)s) * (number - 1) / %(points)s AS since,
           CASE WHEN number = %(points)s THEN %(last)s::timestamptz + interval '1 us'
                ELSE %(first)s::timestamptz + (%(last)s::timestamptz - %(first)s) * number / %(points)s END AS until
    FROM generate_series(1, %(points)s) number
) bucket
JOIN runs held ON held.run = ANY(%(runs)s) AND held.last_at >= bucket.since AND held.created_at < bucket.until
CROSS JOIN LATERAL (
    SELECT {mark} FROM equity
    WHERE equity.run = held.run AND equity.created_at >= bucket.since AND equity.created_at < bucket.until
    ORDER BY equity.created_at DESC, equity.seq DESC LIMIT 1
) marked
ORDER BY bucket.number, marked.created_at DESC, marked.seq DESC
""")
