"""The tables of the uptrend desk and of learning: its event log, its rows, and what was found in them and made of it.

The views `ad_strands`, `lowcap_positions`, `lowcap_price_data_ohlc` and `majors_price_data_ohlc` show them under the
names that older queries use (specs/uptrend.md 2). What one writer owns has columns of its own; the view puts them
together as `features`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)

from tradeworthy.store.columns import KEEP, MERGE, SUM, cash, json, metadata, packet_columns, texts, time

WITH_TRADE = {MERGE: "with trade_seq"}
WITH_ENGINE = {MERGE: "with engine_seq"}

strands = Table(
    "strands",
    metadata,
    *packet_columns(),
    *texts("desk", "module", "kind", "instrument", "symbol", "timeframe", "session_bucket", "target_agent"),
    json("tags"),
    Column("position_id", Uuid),
    Column("trade_id", Uuid),
    Column("parent_id", Uuid),
    json("signal_pack"),
    json("content"),
    json("regime_context"),
    Column("status", Text, nullable=False, server_default=text("'active'::text")),
    Index("strands_by_seq", "run", "seq", unique=True),
    Index("strands_by_kind", "run", "kind", "created_at"),
    *(Index(f"strands_by_{name}", f"{name}_id") for name in ("position", "trade", "parent")),
)

uptrend_positions = Table(
    "uptrend_positions",
    metadata,
    Column("run", Text, primary_key=True),
    Column("desk", Text, primary_key=True),
    Column("position", Text, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("seq", BigInteger),
    time("created_at", info=KEEP),
    time("updated_at"),
    *texts("instrument", "token_chain", "token_contract", "token_ticker", "timeframe", "status"),
    Column("current_trade_id", Uuid, info=WITH_TRADE),
    Column("trade_seq", BigInteger),
    Column("bars_count", Integer),
    Column("bars_threshold", Integer),
    json("alloc_policy"),
    Column("total_allocation_pct", Double),
    *(cash(name) for name in ("alloc_cap_usd", "usd_alloc_remaining")),
    *(cash(name) for name in ("total_allocation_usd", "total_extracted_usd", "current_usd_value")),
    *(Column(name, Numeric) for name in ("total_quantity", "total_tokens_bought", "total_tokens_sold")),
    *(Column(name, Numeric) for name in ("dust_quantity", "avg_entry_price", "avg_exit_price")),
    *(cash(name) for name in ("realised_usd", "rpnl_usd", "total_pnl_usd")),
    *(Column(name, Double) for name in ("rpnl_pct", "total_pnl_pct")),
    Column("trades_closed", Integer),
    *(time(name) for name in ("pnl_last_calculated_at", "first_entry_timestamp", "last_activity_timestamp")),
    time("closed_at"),
    Column("close_reason", Text),
    json("curator_sources"),
    Column("source_tweet_url", Text),
    json("entry_context"),
    json("engine"),
    Column("engine_seq", BigInteger),
    time("s3_start_at", info=WITH_ENGINE),
    Column("first_dip_taken", Boolean),
    json("execution_history"),
    *texts("stage", "episode"),
    json("last_episode"),
    Index("uptrend_positions_by_id", "id", unique=True),
    Index("uptrend_positions_by_token", "run", "token_contract", "token_chain", "timeframe"),
    CheckConstraint(
        "status IN ('dormant', 'watchlist', 'active', 'paused', 'archived')", name="uptrend_positions_status"
    ),
    CheckConstraint(
        "status <> 'active' OR current_trade_id IS NOT NULL", name="uptrend_positions_active_has_a_trade"
    ),
    CheckConstraint(
        "status NOT IN ('dormant', 'watchlist')"
        " OR (current_trade_id IS NULL AND COALESCE(total_quantity, 0) = 0)",
        name="uptrend_positions_others_hold_nothing",
    ),
)

pattern_trade_events = Table(
    "pattern_trade_events",
    metadata,
    *packet_columns(),
    Column("pattern_key", Text, nullable=False),
    Column("action_category", Text, nullable=False),
    json("scope"),
    Column("rr", Double, nullable=False),
    Column("pnl_usd", Numeric),
    Column("trade_id", Uuid, nullable=False),
    *texts("trade", "action"),
    Column("ts", BigInteger, nullable=False),
    time("timestamp", nullable=False),
    CheckConstraint(
        "action_category IN ('entry', 'add', 'trim', 'exit')", name="pattern_trade_events_category"
    ),
    Index("pattern_trade_events_once", "run", "trade_id", "action", unique=True),
    Index("pattern_trade_events_by_pattern", "run", "pattern_key", "action_category"),
    Index("pattern_trade_events_by_time", "run", "ts"),
    Index("pattern_trade_events_by_scope", "scope", postgresql_using="gin"),
)

pattern_episode_events = Table(
    "pattern_episode_events",
    metadata,
    *packet_columns(),
    Column("window_id", Text, nullable=False),
    *texts("desk", "position", "episode_id", "episode_type", "pattern_key", "trade"),
    Column("position_id", Uuid),
    Column("trade_id", Uuid),
    json("scope"),
    *texts("decision", "outcome", "reason"),
    *(json(name) for name in ("factors", "gates", "passed", "blocked_by", "samples")),
    Column("bars", Integer),
    Column("retest_index", Integer),
    time("opened_at"),
    time("closed_at"),
    Column("ts", BigInteger),
    time("timestamp"),
    time("updated_at"),
    Column("resolutions", Integer, info=SUM),
    CheckConstraint("decision IN ('acted', 'skipped')", name="pattern_episode_events_decision"),
    CheckConstraint("outcome IN ('success', 'failure', 'neutral')", name="pattern_episode_events_outcome"),
    Index("pattern_episode_events_once", "run", "desk", "window_id", unique=True),
    Index("pattern_episode_events_by_pattern", "run", "pattern_key", "ts"),
    Index("pattern_episode_events_by_scope", "scope", postgresql_using="gin"),
)

learning_lessons = Table(
    "learning_lessons",
    metadata,
    *packet_columns(),
    *texts("module", "pattern_key", "action_category"),
    json("scope_subset"),
    Column("n", Integer),
    json("stats"),
    Column("lesson_type", Text),
    Column("decay_halflife_hours", Double),
    Column("status", Text, nullable=False),
    time("updated_at"),
    Column("as_of", BigInteger),
    Column("content_mark", Text),
    CheckConstraint("status IN ('active', 'archived')", name="learning_lessons_status"),
    CheckConstraint(
        "action_category IN ('entry', 'add', 'trim', 'exit', 'tuning')", name="learning_lessons_category"
    ),
    Index(
        *("learning_lessons_once", "run", "module", "pattern_key", "action_category", "scope_subset"),
        unique=True,
    ),
    Index("learning_lessons_by_scope", "scope_subset", postgresql_using="gin"),
)

pm_overrides = Table(
    "pm_overrides",
    metadata,
    Column("run", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("seq", BigInteger),
    time("created_at", info=KEEP),
    Column("pattern_key", Text),
    Column("action_category", Text),
    json("scope_subset"),
    Column("multiplier", Double),
    Column("confidence_score", Double),
    *texts("decay_state", "status", "reason", "changed_by"),
    Column("previous_multiplier", Double, info={MERGE: "with multiplier"}),
    json("lessons"),
    time("last_updated_at"),
    Column("as_of", BigInteger),
    Column("rolled_back", Boolean),
    *texts("rolled_back_by", "rollback_reason", "content_mark"),
    CheckConstraint("status IN ('active', 'archived')", name="pm_overrides_status"),
    CheckConstraint("multiplier > 0", name="pm_overrides_multiplier"),
    Index("pm_overrides_once", "run", "pattern_key", "action_category", "scope_subset", unique=True),
    Index("pm_overrides_by_scope", "scope_subset", postgresql_using="gin"),
)

pm_thresholds = Table(
    "pm_thresholds",
    metadata,
    *(
        Column(name, Text, primary_key=True)
        for name in ("run", "key", "timeframe", "phase", "a_level", "source")
    ),
    json("value"),
    time("updated_at"),
    Column("updated_by", Text),
    Column("seq", BigInteger),
)

curators = Table(
    "curators",
    metadata,
    Column("run", Text, primary_key=True),
    Column("curator_id", Text, primary_key=True),
    *(Column(name, Double) for name in ("final_weight", "base_weight", "performance_weight", "win_rate")),
    Column("total_signals", BigInteger),
    Column("status", Text),
    time("updated_at"),
    Column("updated_by", Text),
    Column("seq", BigInteger),
)

LEARNING_KEYS: dict[str, tuple[str, ...]] = {
    "uptrend_positions": ("run", "desk", "position"),
    "pattern_trade_events": ("id",),
    "pattern_episode_events": ("id",),
    "learning_lessons": ("id",),
    "pm_overrides": ("run", "id"),
    "pm_thresholds": ("run", "key", "timeframe", "phase", "a_level", "source"),
    "curators": ("run", "curator_id"),
}
"""As KEYS of the schema, for the tables here."""
