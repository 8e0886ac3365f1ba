-- What version 0003 adds to 0002. Later changes are later migrations.

CREATE TABLE strands (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    desk TEXT,
    module TEXT,
    kind TEXT,
    instrument TEXT,
    symbol TEXT,
    timeframe TEXT,
    session_bucket TEXT,
    target_agent TEXT,
    tags JSONB,
    position_id UUID,
    trade_id UUID,
    parent_id UUID,
    signal_pack JSONB,
    content JSONB,
    regime_context JSONB,
    status TEXT DEFAULT 'active'::text NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX strands_by_kind ON strands (run, kind, created_at);

CREATE INDEX strands_by_parent ON strands (parent_id);

CREATE INDEX strands_by_position ON strands (position_id);

CREATE UNIQUE INDEX strands_by_seq ON strands (run, seq);

CREATE INDEX strands_by_trade ON strands (trade_id);

CREATE TABLE uptrend_positions (
    run TEXT NOT NULL,
    desk TEXT NOT NULL,
    position TEXT NOT NULL,
    id UUID NOT NULL,
    seq BIGINT,
    created_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE,
    instrument TEXT,
    token_chain TEXT,
    token_contract TEXT,
    token_ticker TEXT,
    timeframe TEXT,
    status TEXT,
    current_trade_id UUID,
    trade_seq BIGINT,
    bars_count INTEGER,
    bars_threshold INTEGER,
    alloc_policy JSONB,
    total_allocation_pct DOUBLE PRECISION,
    alloc_cap_usd NUMERIC(28, 8),
    usd_alloc_remaining NUMERIC(28, 8),
    total_allocation_usd NUMERIC(28, 8),
    total_extracted_usd NUMERIC(28, 8),
    current_usd_value NUMERIC(28, 8),
    total_quantity NUMERIC,
    total_tokens_bought NUMERIC,
    total_tokens_sold NUMERIC,
    dust_quantity NUMERIC,
    avg_entry_price NUMERIC,
    avg_exit_price NUMERIC,
    realised_usd NUMERIC(28, 8),
    rpnl_usd NUMERIC(28, 8),
    total_pnl_usd NUMERIC(28, 8),
    rpnl_pct DOUBLE PRECISION,
    total_pnl_pct DOUBLE PRECISION,
    trades_closed INTEGER,
    pnl_last_calculated_at TIMESTAMP WITH TIME ZONE,
    first_entry_timestamp TIMESTAMP WITH TIME ZONE,
    last_activity_timestamp TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    close_reason TEXT,
    curator_sources JSONB,
    source_tweet_url TEXT,
    entry_context JSONB,
    engine JSONB,
    engine_seq BIGINT,
    s3_start_at TIMESTAMP WITH TIME ZONE,
    first_dip_taken BOOLEAN,
    execution_history JSONB,
    stage TEXT,
    episode TEXT,
    last_episode JSONB,
    PRIMARY KEY (run, desk, position),
    CONSTRAINT uptrend_positions_status CHECK (status IN ('dormant', 'watchlist', 'active', 'paused', 'archived')),
    CONSTRAINT uptrend_positions_active_has_a_trade CHECK (status <> 'active' OR current_trade_id IS NOT NULL),
    CONSTRAINT uptrend_positions_others_hold_nothing CHECK (status NOT IN ('dormant', 'watchlist')
        OR (current_trade_id IS NULL AND COALESCE(total_quantity, 0) = 0))
);

CREATE UNIQUE INDEX uptrend_positions_by_id ON uptrend_positions (id);

CREATE INDEX uptrend_positions_by_token ON uptrend_positions (run, token_contract, token_chain, timeframe);

CREATE TABLE pattern_trade_events (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    pattern_key TEXT NOT NULL,
    action_category TEXT NOT NULL,
    scope JSONB,
    rr DOUBLE PRECISION NOT NULL,
    pnl_usd NUMERIC,
    trade_id UUID NOT NULL,
    trade TEXT,
    action TEXT,
    ts BIGINT NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT pattern_trade_events_category CHECK (action_category IN ('entry', 'add', 'trim', 'exit'))
);

CREATE INDEX pattern_trade_events_by_pattern ON pattern_trade_events (run, pattern_key, action_category);

CREATE INDEX pattern_trade_events_by_scope ON pattern_trade_events USING gin (scope);

CREATE INDEX pattern_trade_events_by_time ON pattern_trade_events (run, ts);

CREATE UNIQUE INDEX pattern_trade_events_once ON pattern_trade_events (run, trade_id, action);

CREATE TABLE pattern_episode_events (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    window_id TEXT NOT NULL,
    desk TEXT,
    position TEXT,
    episode_id TEXT,
    episode_type TEXT,
    pattern_key TEXT,
    trade TEXT,
    position_id UUID,
    trade_id UUID,
    scope JSONB,
    decision TEXT,
    outcome TEXT,
    reason TEXT,
    factors JSONB,
    gates JSONB,
    passed JSONB,
    blocked_by JSONB,
    samples JSONB,
    bars INTEGER,
    retest_index INTEGER,
    opened_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    ts BIGINT,
    timestamp TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE,
    resolutions INTEGER,
    PRIMARY KEY (id),
    CONSTRAINT pattern_episode_events_decision CHECK (decision IN ('acted', 'skipped')),
    CONSTRAINT pattern_episode_events_outcome CHECK (outcome IN ('success', 'failure', 'neutral'))
);

CREATE INDEX pattern_episode_events_by_pattern ON pattern_episode_events (run, pattern_key, ts);

CREATE INDEX pattern_episode_events_by_scope ON pattern_episode_events USING gin (scope);

CREATE UNIQUE INDEX pattern_episode_events_once ON pattern_episode_events (run, desk, window_id);

CREATE TABLE learning_lessons (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    module TEXT,
    pattern_key TEXT,
    action_category TEXT,
    scope_subset JSONB,
    n INTEGER,
    stats JSONB,
    lesson_type TEXT,
    decay_halflife_hours DOUBLE PRECISION,
    status TEXT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE,
    as_of BIGINT,
    content_mark TEXT,
    PRIMARY KEY (id),
    CONSTRAINT learning_lessons_status CHECK (status IN ('active', 'archived')),
    CONSTRAINT learning_lessons_category CHECK (action_category IN ('entry', 'add', 'trim', 'exit', 'tuning'))
);

CREATE INDEX learning_lessons_by_scope ON learning_lessons USING gin (scope_subset);

CREATE UNIQUE INDEX learning_lessons_once ON learning_lessons (run, module, pattern_key, action_category, scope_subset);

CREATE TABLE pm_overrides (
    run TEXT NOT NULL,
    id TEXT NOT NULL,
    seq BIGINT,
    created_at TIMESTAMP WITH TIME ZONE,
    pattern_key TEXT,
    action_category TEXT,
    scope_subset JSONB,
    multiplier DOUBLE PRECISION,
    confidence_score DOUBLE PRECISION,
    decay_state TEXT,
    status TEXT,
    reason TEXT,
    changed_by TEXT,
    previous_multiplier DOUBLE PRECISION,
    lessons JSONB,
    last_updated_at TIMESTAMP WITH TIME ZONE,
    as_of BIGINT,
    rolled_back BOOLEAN,
    rolled_back_by TEXT,
    rollback_reason TEXT,
    content_mark TEXT,
    PRIMARY KEY (run, id),
    CONSTRAINT pm_overrides_status CHECK (status IN ('active', 'archived')),
    CONSTRAINT pm_overrides_multiplier CHECK (multiplier > 0)
);

CREATE INDEX pm_overrides_by_scope ON pm_overrides USING gin (scope_subset);

CREATE UNIQUE INDEX pm_overrides_once ON pm_overrides (run, pattern_key, action_category, scope_subset);

CREATE TABLE pm_thresholds (
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    phase TEXT NOT NULL,
    a_level TEXT NOT NULL,
    source TEXT NOT NULL,
    value JSONB,
    updated_at TIMESTAMP WITH TIME ZONE,
    updated_by TEXT,
    seq BIGINT,
    PRIMARY KEY (run, key, timeframe, phase, a_level, source)
);

CREATE TABLE curators (
    run TEXT NOT NULL,
    curator_id TEXT NOT NULL,
    final_weight DOUBLE PRECISION,
    base_weight DOUBLE PRECISION,
    performance_weight DOUBLE PRECISION,
    win_rate DOUBLE PRECISION,
    total_signals BIGINT,
    status TEXT,
    updated_at TIMESTAMP WITH TIME ZONE,
    updated_by TEXT,
    seq BIGINT,
    PRIMARY KEY (run, curator_id)
);

ALTER TABLE bars ADD COLUMN source TEXT, ADD COLUMN source_bars INTEGER, ADD COLUMN expected INTEGER,
    ADD COLUMN coverage DOUBLE PRECISION, ADD COLUMN liquidity_usd DOUBLE PRECISION,
    ADD COLUMN market_cap DOUBLE PRECISION;

-- The event log under its documented names; status and times as it had them.
CREATE VIEW ad_strands AS
SELECT id, module, kind, symbol, timeframe, session_bucket, tags, target_agent, created_at, created_at AS updated_at,
       position_id, trade_id, parent_id, signal_pack, content, NULL::jsonb AS module_intelligence, regime_context, status,
       NULL::jsonb AS metadata, run, seq, desk, instrument
FROM strands;

-- A row for each token, timeframe and desk of a run. `features` is put together of what each part wrote; the closed
-- trades are read from the event log, which has them anyway.
CREATE VIEW lowcap_positions AS
SELECT held.id, held.token_chain, held.token_contract, held.token_ticker, held.timeframe, held.status,
       held.current_trade_id, held.bars_count, held.bars_threshold, held.alloc_policy, held.total_allocation_pct,
       held.alloc_cap_usd, held.total_allocation_usd, held.total_extracted_usd, held.usd_alloc_remaining,
       held.total_quantity, held.total_tokens_bought, held.total_tokens_sold, held.avg_entry_price, held.avg_exit_price,
       held.rpnl_usd, held.rpnl_pct, held.total_pnl_usd, held.total_pnl_pct, held.current_usd_value,
       held.pnl_last_calculated_at, held.first_entry_timestamp, held.last_activity_timestamp, held.closed_at,
       held.close_reason, 'social'::text AS book_id, held.curator_sources,
       held.source_tweet_url,
       (SELECT COALESCE(jsonb_object_agg(name, part), '{}') FROM (VALUES
           ('ta', held.engine -> 'emas'),
           ('uptrend_engine_v4', held.engine),
           ('uptrend_engine_v4_meta', CASE WHEN held.engine IS NOT NULL THEN jsonb_build_object(
               's3_start_ts', held.s3_start_at, 'first_dip_buy_taken', COALESCE(held.first_dip_taken, FALSE)) END),
           ('pm_execution_history', held.execution_history),
           ('uptrend_episode_meta', CASE WHEN held.stage IS NOT NULL THEN jsonb_build_object(
               'prev_state', held.stage, 'episode', held.episode, 'last_episode', held.last_episode) END)
       ) AS parts (name, part) WHERE part IS NOT NULL) AS features,
       held.entry_context,
       COALESCE((
           SELECT jsonb_agg(jsonb_build_object(
               'trade_id', closed.trade_id,
               'actions', COALESCE((
                   SELECT jsonb_agg(action.content ORDER BY action.seq) FROM strands action
                   WHERE action.trade_id = closed.trade_id AND action.run = closed.run AND action.kind = 'pm_action'
               ), '[]'),
               'summary', closed.content -> 'trade_summary') ORDER BY closed.seq)
           FROM strands closed
           WHERE closed.position_id = held.id AND closed.run = held.run AND closed.kind = 'position_closed'
       ), '[]') AS completed_trades,
       held.created_at, held.updated_at, held.run, held.desk, held.position, held.instrument, held.realised_usd,
       held.dust_quantity, held.trades_closed
FROM uptrend_positions held;

-- What the tokens of uptrend desks are traded as, by the run's configuration: a token that two desks name counts once.
CREATE VIEW uptrend_tokens AS
SELECT DISTINCT ON (run.run, token ->> 'instrument')
       run.run, token ->> 'instrument' AS instrument, COALESCE(token ->> 'ticker', token ->> 'instrument') AS ticker,
       COALESCE(token ->> 'chain', 'solana') AS chain,
       COALESCE(NULLIF(token ->> 'contract', ''), token ->> 'instrument') AS contract,
       COALESCE((token ->> 'major')::boolean, FALSE) AS major
FROM runs run
CROSS JOIN LATERAL jsonb_array_elements(run.configuration -> 'desks') AS desk
CROSS JOIN LATERAL jsonb_array_elements(COALESCE(desk -> 'settings' -> 'tokens', '[]')) AS token
WHERE desk ->> 'kind' = 'uptrend'
ORDER BY run.run, token ->> 'instrument', (token ->> 'major')::boolean DESC NULLS LAST;

-- Prices are in the run's currency, a stand-in for USD; there are none in a chain's own coin.
CREATE VIEW lowcap_price_data_ohlc AS
SELECT token.contract AS token_contract, token.chain, bar.timeframe, bar.open_at AS timestamp,
       NULL::double precision AS open_native, NULL::double precision AS high_native,
       NULL::double precision AS low_native, NULL::double precision AS close_native,
       bar.open AS open_usd, bar.high AS high_usd, bar.low AS low_usd, bar.close AS close_usd, bar.volume,
       COALESCE(bar.source, 'feed') AS source, bar.liquidity_usd, bar.market_cap, bar.coverage,
       bar.source_bars AS n_source_bars, bar.expected AS expected_bars, bar.run, bar.instrument
FROM bars bar JOIN uptrend_tokens token USING (run, instrument) WHERE NOT token.major;

CREATE VIEW majors_price_data_ohlc AS
SELECT token.contract AS token_contract, token.chain, bar.timeframe, bar.open_at AS timestamp,
       NULL::double precision AS open_native, NULL::double precision AS high_native,
       NULL::double precision AS low_native, NULL::double precision AS close_native,
       bar.open AS open_usd, bar.high AS high_usd, bar.low AS low_usd, bar.close AS close_usd, bar.volume,
       COALESCE(bar.source, 'feed') AS source, bar.coverage, bar.source_bars AS n_source_bars,
       bar.expected AS expected_bars, bar.run, bar.instrument
FROM bars bar JOIN uptrend_tokens token USING (run, instrument) WHERE token.major;
