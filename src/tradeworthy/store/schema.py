"""The tables, as SQLAlchemy Core metadata. Only the projector writes them, and only from the journal.

Money and prices are NUMERIC, made exactly from the events' integers; times are session time. `merge` on a column says
what a later row of the same key does to it: set (if it says anything), keep, sum, greatest, or `with C`: what the later
row says, nothing included, if it says C. There are no foreign keys: rows come whole from one journal in its order, and
a check of each would cost more than writing it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    func,
    text,
)

from tradeworthy.store.columns import (
    GREATEST,
    MERGE,
    SUM,
    cash,
    json,
    metadata,
    packet_columns,
    texts,
    time,
)
from tradeworthy.store.learning_schema import LEARNING_KEYS
from tradeworthy.store.market_schema import MARKET_KEYS

__all__ = ["KEYS", "MERGE", "metadata"]

runs = Table(
    "runs",
    metadata,
    Column("run", Text, primary_key=True),
    *texts("parent", "mode", "currency", "decision_hash"),
    Column("seed", BigInteger),
    json("feed"),
    json("configuration"),
    time("registered_at", nullable=False, server_default=func.clock_timestamp()),
    time("created_at"),
    time("last_at"),
    Column("last_ts", BigInteger, nullable=False, server_default=text("0")),
    Column("last_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("segment", Integer, nullable=False, server_default=text("1")),
    Column("place", BigInteger, nullable=False, server_default=text("0")),
    Column("chain", BigInteger, nullable=False, server_default=text("0")),
    json("alert_state"),
)

packets = Table(
    "packets",
    metadata,
    *packet_columns(),
    Column("ts", BigInteger, nullable=False),
    Column("trace", BigInteger, nullable=False),
    Column("cause", BigInteger, nullable=False),
    Column("agent", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("input", Boolean, nullable=False),
    Column("candidate", BigInteger),
    json("event"),
    Index("packets_by_seq", "run", "seq", unique=True),
    Index("packets_by_trace", "run", "trace"),
    Index("packets_by_candidate", "run", "candidate", postgresql_where=text("candidate IS NOT NULL")),
    Index("packets_of_posture", "run", "seq", postgresql_where=text("type = 'PostureChanged'")),
)

candidates = Table(
    "candidates",
    metadata,
    *packet_columns(),
    Column("trace", BigInteger),
    *texts("desk", "strategy", "kind", "instrument", "side"),
    Column("quantity", Numeric),
    Column("price", Numeric),
    cash("edge"),
    Column("status", Text, nullable=False),
    *texts("verdict", "reason"),
    Column("share", Double),
    Column("approved", Boolean),
    *texts("decided_by", "rule"),
    json("figures"),
    json("decision_figures"),
    json("limits"),
    json("intent"),
    json("legs"),
    time("closed_at"),
    Column("closed_seq", BigInteger),
    Index("candidates_by_seq", "run", "seq", unique=True),
    Index("candidates_by_time", "run", "created_at"),
)

decisions = Table(
    "decisions",
    metadata,
    *packet_columns(),
    Column("candidate", BigInteger, nullable=False),
    *texts("decided_by", "desk"),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text),
    json("figures"),
    json("limits"),
    Index("decisions_by_candidate", "run", "candidate"),
    Index("decisions_by_seq", "run", "seq"),
    Index("decisions_refused", "run", "created_at", postgresql_where=text("NOT approved")),
)

orders = Table(
    "orders",
    metadata,
    *packet_columns(),
    Column("order_ref", Text, nullable=False),
    Column("candidate", BigInteger),
    Column("leg_no", Integer),
    *texts("desk", "position", "instrument", "side"),
    Column("lots", BigInteger),
    Column("quantity", Numeric),
    Column("limit_ticks", BigInteger),
    Column("limit_price", Numeric),
    Column("time_in_force", Text),
    time("expires_at"),
    Column("reduce_only", Boolean),
    *texts("reason", "status", "status_reason", "cancel_reason", "venue_order"),
    Column("filled_lots", BigInteger),
    time("updated_at"),
    Index("orders_by_ref", "run", "order_ref", unique=True),
    Index("orders_by_seq", "run", "seq"),
)

fills = Table(
    "fills",
    metadata,
    *packet_columns(),
    Column("venue", Text, nullable=False),
    Column("fill", Text, nullable=False),
    Column("order_ref", Text),
    Column("candidate", BigInteger),
    *texts("desk", "position", "instrument", "side"),
    Column("ticks", BigInteger),
    Column("price", Numeric),
    Column("lots", BigInteger),
    Column("quantity", Numeric),
    cash("notional"),
    cash("fee"),
    Column("maker", Boolean),
    *texts("status", "reason"),
    time("ts_event"),
    Column("latency_ms", Double),
    Index("fills_by_id", "run", "venue", "fill", unique=True),
    Index("fills_by_order", "run", "order_ref"),
    Index("fills_by_time", "run", "created_at"),
)

trades = Table(
    "trades",
    metadata,
    *packet_columns(),
    *texts(
        "desk", "strategy", "position", "instrument", "market", "outcome", "token", "venue", "side", "status"
    ),
    Column("lots", BigInteger),
    Column("lots_held", BigInteger),
    Column("quantity", Numeric),
    Column("entry_price", Numeric),
    Column("exit_price", Numeric),
    cash("entry_notional"),
    cash("exit_notional"),
    cash("cost"),
    cash("fees"),
    cash("pnl"),
    Column("reason", Text),
    *texts("entry_order", "liquidity"),
    Column("entry_candidate", BigInteger),
    Column("candidate", BigInteger),
    time("opened_at"),
    time("closed_at"),
    Column("closed_seq", BigInteger),
    Index("trades_open", "run", "desk", "position", unique=True, postgresql_where=text("status = 'open'")),
    Index("trades_by_close", "run", "closed_at"),
    Index("trades_by_seq", "run", "seq"),
    Index("trades_of_position", "run", "desk", "position", "seq"),
)

positions = Table(
    "positions",
    metadata,
    Column("run", Text, primary_key=True),
    Column("desk", Text, primary_key=True),
    Column("position", Text, primary_key=True),
    *texts("strategy", "instrument", "market", "outcome"),
    Column("lots", BigInteger),
    Column("quantity", Numeric),
    cash("cost"),
    cash("realised"),
    cash("fees"),
    time("updated_at"),
    Column("seq", BigInteger),
)

equity = Table(
    "equity",
    metadata,
    *packet_columns(),
    cash("cash"),
    cash("cost"),
    cash("equity"),
    cash("realised"),
    cash("fees"),
    cash("peak"),
    Column("open_positions", Integer),
    Index("equity_by_time", "run", "created_at"),
)

daily_performance = Table(
    "daily_performance",
    metadata,
    Column("run", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    *(
        Column(name, BigInteger, info=SUM)
        for name in ("candidates", "filled", "skipped", "rejected", "unfilled", "trades", "wins", "losses")
    ),
    cash("pnl", info=SUM),
    cash("fees", info=SUM),
    cash("equity"),
    cash("peak", info=GREATEST),
)

counters = Table(
    "counters",
    metadata,
    Column("run", Text, primary_key=True),
    Column("desk", Text, primary_key=True),
    time("from_at", primary_key=True),
    time("to_at", primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("turns", BigInteger, info=SUM),
    Column("seq", BigInteger),
)

bars = Table(
    "bars",
    metadata,
    Column("run", Text, primary_key=True),
    Column("instrument", Text, primary_key=True),
    Column("timeframe", Text, primary_key=True),
    time("open_at", primary_key=True),
    *(Column(name, Double) for name in ("open", "high", "low", "close", "volume")),
    Column("seq", BigInteger),
    Column("source", Text),
    Column("source_bars", Integer),
    Column("expected", Integer),
    *(Column(name, Double) for name in ("coverage", "liquidity_usd", "market_cap")),
)

risk_events = Table(
    "risk_events",
    metadata,
    *packet_columns(),
    *texts("kind", "desk", "rule", "by", "reason"),
    Column("candidate", BigInteger),
    json("figures"),
    json("limits"),
    Index("risk_events_by_time", "run", "created_at"),
)

halts = Table(
    "halts",
    metadata,
    *packet_columns(),
    *texts("desk", "rule", "by", "reason"),
    time("released_at"),
    *texts("released_by", "release_reason"),
    Index("halts_by_desk", "run", "desk"),
)

alerts = Table(
    "alerts",
    metadata,
    *packet_columns(),
    *(Column(name, Text, nullable=False) for name in ("severity", "key", "title", "text")),
    Index("alerts_by_time", "run", "created_at"),
)

agent_health = Table(
    "agent_health",
    metadata,
    Column("run", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("ok", Boolean),
    Column("figure", Double),
    Column("word", Text),
    Column("crashes", BigInteger, info=SUM),
    time("updated_at"),
)

KEYS: dict[str, tuple[str, ...]] = {
    "candidates": ("run", "seq"),
    "orders": ("run", "order_ref"),
    "fills": ("run", "venue", "fill"),
    "trades": ("id",),
    "halts": ("id",),
    "positions": ("run", "desk", "position"),
    "daily_performance": ("run", "day"),
    "counters": ("run", "desk", "from_at", "to_at", "reason"),
    "bars": ("run", "instrument", "timeframe", "open_at"),
    "agent_health": ("run", "part"),
    **MARKET_KEYS,
    **LEARNING_KEYS,
}
"""What makes a row that later events change; rows of the other tables are written once."""
