-- The schema of version 0001, as it was. Later changes are later migrations.

CREATE TABLE runs (
    run TEXT NOT NULL,
    parent TEXT,
    mode TEXT,
    currency TEXT,
    decision_hash TEXT,
    seed BIGINT,
    feed JSONB,
    configuration JSONB,
    registered_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE,
    last_at TIMESTAMP WITH TIME ZONE,
    last_ts BIGINT DEFAULT 0 NOT NULL,
    last_seq BIGINT DEFAULT 0 NOT NULL,
    segment INTEGER DEFAULT 1 NOT NULL,
    place BIGINT DEFAULT 0 NOT NULL,
    chain BIGINT DEFAULT 0 NOT NULL,
    PRIMARY KEY (run)
);

CREATE TABLE packets (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ts BIGINT NOT NULL,
    trace BIGINT NOT NULL,
    cause BIGINT NOT NULL,
    agent TEXT NOT NULL,
    type TEXT NOT NULL,
    input BOOLEAN NOT NULL,
    candidate BIGINT,
    event JSONB,
    PRIMARY KEY (id)
);

CREATE INDEX packets_by_candidate ON packets (run, candidate) WHERE candidate IS NOT NULL;

CREATE UNIQUE INDEX packets_by_seq ON packets (run, seq);

CREATE INDEX packets_by_trace ON packets (run, trace);

CREATE TABLE candidates (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    trace BIGINT,
    desk TEXT,
    kind TEXT,
    instrument TEXT,
    side TEXT,
    quantity NUMERIC,
    price NUMERIC,
    edge NUMERIC(28, 8),
    status TEXT NOT NULL,
    verdict TEXT,
    reason TEXT,
    share DOUBLE PRECISION,
    approved BOOLEAN,
    decided_by TEXT,
    rule TEXT,
    figures JSONB,
    decision_figures JSONB,
    limits JSONB,
    intent JSONB,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_seq BIGINT,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX candidates_by_seq ON candidates (run, seq);

CREATE INDEX candidates_by_time ON candidates (run, created_at);

CREATE TABLE decisions (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    candidate BIGINT NOT NULL,
    decided_by TEXT,
    desk TEXT,
    approved BOOLEAN NOT NULL,
    reason TEXT,
    figures JSONB,
    limits JSONB,
    PRIMARY KEY (id)
);

CREATE INDEX decisions_by_candidate ON decisions (run, candidate);

CREATE INDEX decisions_refused ON decisions (run, created_at) WHERE NOT approved;

CREATE TABLE orders (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    order_ref TEXT NOT NULL,
    candidate BIGINT,
    desk TEXT,
    position TEXT,
    instrument TEXT,
    side TEXT,
    lots BIGINT,
    quantity NUMERIC,
    limit_ticks BIGINT,
    limit_price NUMERIC,
    time_in_force TEXT,
    expires_at TIMESTAMP WITH TIME ZONE,
    reduce_only BOOLEAN,
    reason TEXT,
    status TEXT,
    status_reason TEXT,
    cancel_reason TEXT,
    venue_order TEXT,
    filled_lots BIGINT,
    updated_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX orders_by_ref ON orders (run, order_ref);

CREATE TABLE fills (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    venue TEXT NOT NULL,
    fill TEXT NOT NULL,
    order_ref TEXT,
    candidate BIGINT,
    desk TEXT,
    position TEXT,
    instrument TEXT,
    side TEXT,
    ticks BIGINT,
    price NUMERIC,
    lots BIGINT,
    quantity NUMERIC,
    notional NUMERIC(28, 8),
    fee NUMERIC(28, 8),
    maker BOOLEAN,
    status TEXT,
    reason TEXT,
    ts_event TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX fills_by_id ON fills (run, venue, fill);

CREATE INDEX fills_by_order ON fills (run, order_ref);

CREATE INDEX fills_by_time ON fills (run, created_at);

CREATE TABLE trades (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    desk TEXT,
    position TEXT,
    instrument TEXT,
    venue TEXT,
    side TEXT,
    status TEXT,
    lots BIGINT,
    lots_held BIGINT,
    quantity NUMERIC,
    entry_price NUMERIC,
    exit_price NUMERIC,
    entry_notional NUMERIC(28, 8),
    exit_notional NUMERIC(28, 8),
    cost NUMERIC(28, 8),
    fees NUMERIC(28, 8),
    pnl NUMERIC(28, 8),
    reason TEXT,
    entry_candidate BIGINT,
    candidate BIGINT,
    opened_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_seq BIGINT,
    PRIMARY KEY (id)
);

CREATE INDEX trades_by_close ON trades (run, closed_at);

CREATE UNIQUE INDEX trades_open ON trades (run, desk, position) WHERE status = 'open';

CREATE TABLE positions (
    run TEXT NOT NULL,
    desk TEXT NOT NULL,
    position TEXT NOT NULL,
    instrument TEXT,
    lots BIGINT,
    quantity NUMERIC,
    cost NUMERIC(28, 8),
    realised NUMERIC(28, 8),
    fees NUMERIC(28, 8),
    updated_at TIMESTAMP WITH TIME ZONE,
    seq BIGINT,
    PRIMARY KEY (run, desk, position)
);

CREATE TABLE equity (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    cash NUMERIC(28, 8),
    cost NUMERIC(28, 8),
    equity NUMERIC(28, 8),
    realised NUMERIC(28, 8),
    fees NUMERIC(28, 8),
    peak NUMERIC(28, 8),
    open_positions INTEGER,
    PRIMARY KEY (id)
);

CREATE INDEX equity_by_time ON equity (run, created_at);

CREATE TABLE daily_performance (
    run TEXT NOT NULL,
    day DATE NOT NULL,
    candidates BIGINT,
    filled BIGINT,
    skipped BIGINT,
    rejected BIGINT,
    unfilled BIGINT,
    trades BIGINT,
    wins BIGINT,
    losses BIGINT,
    pnl NUMERIC(28, 8),
    fees NUMERIC(28, 8),
    equity NUMERIC(28, 8),
    peak NUMERIC(28, 8),
    PRIMARY KEY (run, day)
);

CREATE TABLE counters (
    run TEXT NOT NULL,
    desk TEXT NOT NULL,
    from_at TIMESTAMP WITH TIME ZONE NOT NULL,
    to_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT NOT NULL,
    turns BIGINT,
    seq BIGINT,
    PRIMARY KEY (run, desk, from_at, to_at, reason)
);

CREATE TABLE bars (
    run TEXT NOT NULL,
    instrument TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    open_at TIMESTAMP WITH TIME ZONE NOT NULL,
    open DOUBLE PRECISION,
    high DOUBLE PRECISION,
    low DOUBLE PRECISION,
    close DOUBLE PRECISION,
    volume DOUBLE PRECISION,
    seq BIGINT,
    PRIMARY KEY (run, instrument, timeframe, open_at)
);

CREATE TABLE risk_events (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT,
    desk TEXT,
    rule TEXT,
    by TEXT,
    reason TEXT,
    candidate BIGINT,
    figures JSONB,
    limits JSONB,
    PRIMARY KEY (id)
);

CREATE INDEX risk_events_by_time ON risk_events (run, created_at);

CREATE TABLE halts (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    desk TEXT,
    rule TEXT,
    by TEXT,
    reason TEXT,
    released_at TIMESTAMP WITH TIME ZONE,
    released_by TEXT,
    release_reason TEXT,
    PRIMARY KEY (id)
);

CREATE INDEX halts_by_desk ON halts (run, desk);

CREATE TABLE agent_health (
    run TEXT NOT NULL,
    part TEXT NOT NULL,
    ok BOOLEAN,
    figure DOUBLE PRECISION,
    word TEXT,
    crashes BIGINT,
    updated_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (run, part)
);

CREATE VIEW paper_trades AS
SELECT trade.id, trade.created_at, opening.id::text AS opportunity_id,
       COALESCE(opening.kind, 'carried') AS opportunity_type, trade.instrument AS market_id, trade.venue, trade.side,
       CASE trade.side WHEN 'buy' THEN 'LONG' WHEN 'sell' THEN 'SHORT' END AS outcome, trade.quantity, trade.entry_price AS price,
       trade.fees, COALESCE(opening.edge, 0) AS expected_edge, trade.desk AS strategy_id, TRUE AS risk_approved,
       NULL::text AS risk_rejection_reason, trade.status, trade.exit_price, trade.pnl AS realized_pnl,
       trade.closed_at AS resolved_at, opening.id AS request_id, opening.id AS group_id, 0 AS leg_no,
       trade.instrument AS token_id, trade.entry_notional AS notional, run.mode, trade.run
FROM trades trade
JOIN runs run ON run.run = trade.run
LEFT JOIN candidates opening ON opening.run = trade.run AND opening.seq = trade.entry_candidate
WHERE run.mode IS DISTINCT FROM 'live' AND trade.status <> 'reversed'
UNION ALL
SELECT refused.id, refused.created_at, refused.id::text, refused.kind, refused.instrument, NULL, refused.side,
       CASE refused.side WHEN 'buy' THEN 'LONG' WHEN 'sell' THEN 'SHORT' END, refused.quantity, refused.price, 0,
       COALESCE(refused.edge, 0), refused.desk, FALSE, refused.reason, 'rejected', NULL, NULL, refused.closed_at,
       refused.id, refused.id, 0, refused.instrument, NULL, run.mode, refused.run
FROM candidates refused
JOIN runs run ON run.run = refused.run
WHERE run.mode IS DISTINCT FROM 'live' AND refused.verdict = 'REJECTED';
