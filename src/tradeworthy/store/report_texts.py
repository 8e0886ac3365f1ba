"""The SQL of report_queries.py; its parts and names are those of query_texts.py."""

from typing import Final

from tradeworthy.store.query_texts import made

_TRADE: Final = """
SELECT trade.id, trade.run, trade.seq, COALESCE(trade.strategy, trade.desk) AS strategy, trade.instrument,
       trade.outcome, markets.title, trade.side, trade.quantity, trade.entry_price, trade.exit_price, trade.cost,
       trade.fees, trade.pnl, trade.reason, trade.opened_at, trade.closed_at
FROM trades trade LEFT JOIN markets ON markets.run = trade.run AND markets.market = trade.market
"""

ABOUT: Final = made("""
SELECT run, parent, mode, currency, seed, feed, decision_hash, configuration, created_at, last_at, last_seq
FROM runs WHERE run = %(run)s
""")

DAYS: Final = made("""
SELECT day, sum(trades)::bigint AS trades, sum(wins)::bigint AS wins, sum(losses)::bigint AS losses,
       sum(pnl) AS pnl, sum(fees) AS fees, max(equity) AS equity
FROM (
    SELECT (closed_at AT TIME ZONE 'UTC')::date AS day, 1 AS trades, (pnl > 0)::int AS wins, (pnl < 0)::int AS losses,
           pnl, 0 AS fees, NULL::numeric AS equity
    FROM trades trade WHERE {closed_then}
    UNION ALL
    SELECT (created_at AT TIME ZONE 'UTC')::date, 0, 0, 0, 0, fee, NULL::numeric FROM fills
    WHERE {in_chain} AND {created} AND status <> 'FAILED'
          AND (%(strategy)s::text IS NULL
               OR CASE WHEN position LIKE '%%@%%' THEN split_part(position, '@', 1) ELSE desk END = %(strategy)s)
    UNION ALL
    -- A mark at the midnight that ends the period is the day's before it.
    (SELECT DISTINCT ON (1)
            (created_at AT TIME ZONE 'UTC' - (created_at = %(until)s)::int * interval '1 microsecond')::date,
            0, 0, 0, 0, 0, equity FROM equity
     WHERE {in_chain} AND {created} ORDER BY 1, created_at DESC, seq DESC)
) told GROUP BY day ORDER BY day
""")

STRATEGIES: Final = made("""
SELECT COALESCE(strategy, desk) AS strategy, count(*) AS trades, count(*) FILTER (WHERE pnl > 0) AS wins,
       count(*) FILTER (WHERE pnl < 0) AS losses, sum(pnl) AS pnl, sum(fees) AS fees, max(pnl) AS best,
       min(pnl) AS worst
FROM trades trade WHERE {closed_then} GROUP BY 1 ORDER BY 5 DESC, 1
""")

WINS: Final = made(_TRADE + "WHERE {closed_then} AND pnl > 0 ORDER BY pnl DESC, closed_seq LIMIT %(limit)s")

LOSSES: Final = made(_TRADE + "WHERE {closed_then} AND pnl < 0 ORDER BY pnl, closed_seq LIMIT %(limit)s")

CLOSED_TRADES: Final = made("""
SELECT COALESCE(strategy, desk) AS desk, instrument, side, pnl, fees, COALESCE(entry_notional, 0) AS notional,
       COALESCE(opened_at, created_at) AS opened_at, closed_at, COALESCE(reason, '') AS reason
FROM trades trade WHERE {closed_then} ORDER BY closed_at, closed_seq
""")

OPEN_TRADES: Final = made(_TRADE + "WHERE {open_now} ORDER BY trade.seq")

ACCOUNT: Final = made("""
SELECT (array_agg(equity ORDER BY created_at, seq))[1] AS first_equity,
       (array_agg(equity ORDER BY created_at DESC, seq DESC))[1] AS last_equity,
       max(1 - equity / NULLIF(peak, 0))::double precision AS max_drawdown,
       (array_agg(1 - equity / NULLIF(peak, 0) ORDER BY created_at DESC, seq DESC))[1]::double precision AS drawdown
FROM (
    SELECT created_at, seq, equity,
           max(equity) OVER (ORDER BY created_at, seq ROWS UNBOUNDED PRECEDING) AS peak
    FROM equity WHERE {in_chain} AND {created}
) marks
""")

HALTS: Final = made("""
SELECT run, seq, created_at, desk, rule, by, reason, released_at, released_by, release_reason FROM halts
WHERE {in_chain} AND created_at <= COALESCE(%(until)s::timestamptz, 'infinity')
      AND COALESCE(released_at, 'infinity') >= COALESCE(%(since)s::timestamptz, '-infinity')
ORDER BY created_at DESC, seq DESC
""")

CLOSES: Final = made("""
SELECT DISTINCT ON (instrument, part) instrument, at, close
FROM (
    SELECT instrument, close, open_at + span AS at,
           floor(%(parts)s * extract(epoch FROM open_at - %(since)s)
                 / GREATEST(extract(epoch FROM %(until)s - %(since)s), 1)) AS part
    FROM bars JOIN (VALUES ('1m', interval '1 minute'), ('5m', interval '5 minutes'), ('15m', interval '15 minutes'),
                    ('1h', interval '1 hour'), ('4h', interval '4 hours'), ('1d', interval '1 day'))
              length (timeframe, span) USING (timeframe)
    WHERE {in_chain} AND close > 0 AND open_at >= %(since)s AND open_at + span <= %(until)s
) known ORDER BY instrument, part, at DESC
""")
