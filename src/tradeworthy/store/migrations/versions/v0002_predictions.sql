-- What version 0002 adds to 0001. Later changes are later migrations.

CREATE TABLE markets (
    run TEXT NOT NULL,
    market TEXT NOT NULL,
    venue TEXT,
    external_id TEXT,
    title TEXT,
    event TEXT,
    event_title TEXT,
    category TEXT,
    series TEXT,
    underlying TEXT,
    yes_instrument TEXT,
    no_instrument TEXT,
    yes_token TEXT,
    no_token TEXT,
    strike DOUBLE PRECISION,
    start_at TIMESTAMP WITH TIME ZONE,
    end_at TIMESTAMP WITH TIME ZONE,
    books TEXT,
    status TEXT,
    payout NUMERIC(28, 8),
    reason TEXT,
    opened_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    disputed_at TIMESTAMP WITH TIME ZONE,
    resolved_at TIMESTAMP WITH TIME ZONE,
    seq BIGINT,
    PRIMARY KEY (run, market)
);

CREATE INDEX markets_by_event ON markets (run, event);

CREATE TABLE opportunities (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    detected BOOLEAN NOT NULL,
    strategy TEXT,
    kind TEXT,
    method TEXT,
    market TEXT,
    markets JSONB,
    legs JSONB,
    gross_edge DOUBLE PRECISION,
    net_edge DOUBLE PRECISION,
    signal DOUBLE PRECISION,
    fair DOUBLE PRECISION,
    capacity NUMERIC,
    profit NUMERIC(28, 8),
    payout_floor NUMERIC(28, 8),
    oracle TEXT,
    oracle_value DOUBLE PRECISION,
    oracle_at TIMESTAMP WITH TIME ZONE,
    book_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    oracle_age_ms DOUBLE PRECISION,
    book_age_ms DOUBLE PRECISION,
    dedupe_key TEXT,
    skip TEXT,
    gap_opened_at TIMESTAMP WITH TIME ZONE,
    gap_closed_at TIMESTAMP WITH TIME ZONE,
    gap_ms DOUBLE PRECISION,
    net_edge_max DOUBLE PRECISION,
    survived BOOLEAN,
    gap_reason TEXT,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX opportunities_by_seq ON opportunities (run, seq);

CREATE INDEX opportunities_by_time ON opportunities (run, created_at);

CREATE INDEX opportunities_closed ON opportunities (run, method) WHERE gap_ms IS NOT NULL;

CREATE TABLE allocations (
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    strategy TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    desk TEXT,
    share DOUBLE PRECISION,
    score DOUBLE PRECISION,
    trades BIGINT,
    wins BIGINT,
    losses BIGINT,
    pnl NUMERIC(28, 8),
    capital NUMERIC(28, 8),
    reason TEXT,
    PRIMARY KEY (run, seq, strategy)
);

ALTER TABLE candidates ADD COLUMN strategy TEXT, ADD COLUMN legs JSONB;

ALTER TABLE orders ADD COLUMN leg_no INTEGER;

ALTER TABLE fills ADD COLUMN latency_ms DOUBLE PRECISION;

ALTER TABLE trades ADD COLUMN strategy TEXT, ADD COLUMN market TEXT, ADD COLUMN outcome TEXT, ADD COLUMN token TEXT,
    ADD COLUMN entry_order TEXT, ADD COLUMN liquidity TEXT;

ALTER TABLE positions ADD COLUMN strategy TEXT, ADD COLUMN market TEXT, ADD COLUMN outcome TEXT;

DROP VIEW paper_trades;

-- A row for each trade, and one for each leg of a request that risk refused or the venue left unfilled: only the
-- former count (status open, closed or resolved). `expected_edge` is per 1 of payout where a row rests on an
-- opportunity, else the intent's expected profit. The columns up to `run` are those of version 0001, in its order.
CREATE VIEW paper_trades AS
SELECT trade.id, trade.created_at, opening.id::text AS opportunity_id,
       COALESCE(opening.kind, 'carried') AS opportunity_type, COALESCE(trade.market, trade.instrument) AS market_id,
       trade.venue, trade.side,
       COALESCE(trade.outcome, CASE trade.side WHEN 'buy' THEN 'LONG' WHEN 'sell' THEN 'SHORT' END) AS outcome,
       trade.quantity, trade.entry_price AS price, trade.fees,
       COALESCE(seen.net_edge::numeric, opening.edge, 0) AS expected_edge,
       COALESCE(trade.strategy, trade.desk) AS strategy_id, TRUE AS risk_approved,
       NULL::text AS risk_rejection_reason,
       CASE WHEN trade.status = 'closed' AND trade.reason = 'settled' THEN 'resolved' ELSE trade.status END AS status,
       trade.exit_price, trade.pnl AS realized_pnl, trade.closed_at AS resolved_at, opening.id AS request_id,
       opening.id AS group_id, COALESCE(placed.leg_no, 0) AS leg_no, COALESCE(trade.token, trade.instrument) AS token_id,
       trade.entry_notional AS notional, run.mode, trade.run, trade.liquidity,
       (EXTRACT(EPOCH FROM trade.created_at - placed.created_at) * 1000)::double precision AS latency_ms,
       NULLIF(seen.fair, 0) AS fair_value, seen.book_at AS book_ts, NULLIF(seen.oracle_value, 0) AS oracle_value,
       seen.oracle_at AS oracle_ts, trade.reason,
       trade.status = 'open' AND COALESCE(question.status = 'disputed', FALSE) AS disputed, question.books
FROM trades trade
JOIN runs run ON run.run = trade.run
LEFT JOIN candidates opening ON opening.run = trade.run AND opening.seq = trade.entry_candidate
LEFT JOIN opportunities seen ON seen.run = trade.run AND seen.seq = trade.entry_candidate
LEFT JOIN orders placed ON placed.run = trade.run AND placed.order_ref = trade.entry_order
LEFT JOIN markets question ON question.run = trade.run AND question.market = trade.market
WHERE run.mode IS DISTINCT FROM 'live' AND trade.status <> 'reversed'
UNION ALL
SELECT CASE WHEN COALESCE(leg.number, 1) = 1 THEN asked.id ELSE md5(asked.id::text || '.' || leg.number)::uuid END,
       asked.created_at, asked.id::text, asked.kind,
       COALESCE(leg.leg ->> 'market', leg.leg ->> 'instrument', asked.instrument), leg.leg ->> 'venue',
       COALESCE(leg.leg ->> 'side', asked.side),
       COALESCE(leg.leg ->> 'outcome',
                CASE COALESCE(leg.leg ->> 'side', asked.side) WHEN 'buy' THEN 'LONG' WHEN 'sell' THEN 'SHORT' END),
       COALESCE((leg.leg ->> 'quantity')::numeric, asked.quantity),
       COALESCE((leg.leg ->> 'price')::numeric, asked.price), 0,
       COALESCE(seen.net_edge::numeric, asked.edge, 0), COALESCE(asked.strategy, asked.desk),
       COALESCE(asked.approved, FALSE), CASE WHEN asked.verdict = 'REJECTED' THEN asked.reason END,
       CASE WHEN asked.verdict = 'REJECTED' THEN 'rejected' ELSE 'cancelled' END, NULL, NULL, asked.closed_at,
       asked.id, asked.id, COALESCE(leg.number - 1, 0)::integer,
       COALESCE(leg.leg ->> 'token', leg.leg ->> 'instrument', asked.instrument), NULL, run.mode, asked.run, NULL, NULL,
       NULLIF(seen.fair, 0), seen.book_at, NULLIF(seen.oracle_value, 0), seen.oracle_at, asked.reason, FALSE,
       question.books
FROM candidates asked
JOIN runs run ON run.run = asked.run
LEFT JOIN LATERAL jsonb_array_elements(asked.legs) WITH ORDINALITY AS leg (leg, number) ON TRUE
LEFT JOIN opportunities seen ON seen.run = asked.run AND seen.seq = asked.seq
LEFT JOIN markets question ON question.run = asked.run AND question.market = leg.leg ->> 'market'
WHERE run.mode IS DISTINCT FROM 'live'
      AND (asked.verdict = 'REJECTED'
           OR (asked.verdict IN ('CANCELLED', 'EXPIRED', 'FAILED') AND asked.intent IS NOT NULL));
