"""The tables, as SQLAlchemy Core metadata. Only the projector writes them, and only from the journal.

Money and prices are NUMERIC, made exactly from the events' integers; times are session time. `merge` on a column says
what a later row of the same key does to it: set (if it says anything), keep, sum or greatest. There are no foreign
keys: rows come whole from one journal in its order, and a check of each would cost more than writing it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

MERGE = "merge"
KEEP, SUM, GREATEST = ({MERGE: how} for how in ("keep", "sum", "greatest"))


def _at(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)


def _cash(name: str, **options: Any) -> Column[Any]:
    return Column(name, Numeric(28, 8), **options)


def _json(name: str) -> Column[Any]:
    return Column(name, JSONB)


def _text(*names: str) -> list[Column[Any]]:
    return [Column(name, Text) for name in names]


def _packet() -> list[Column[Any]]:
    """What each row has that stands for one packet."""
    return [
        Column("id", Uuid, primary_key=True, info=KEEP),
        Column("run", Text, nullable=False),
        Column("seq", BigInteger, nullable=False, info=KEEP),
        _at("created_at", nullable=False, info=KEEP),
    ]


runs = Table(
    "runs",
    metadata,
    Column("run", Text, primary_key=True),
    *_text("parent", "mode", "currency", "decision_hash"),
    Column("seed", BigInteger),
    _json("feed"),
    _json("configuration"),
    _at("registered_at", nullable=False, server_default=func.clock_timestamp()),
    _at("created_at"),
    _at("last_at"),
    Column("last_ts", BigInteger, nullable=False, server_default=text("0")),
    Column("last_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("segment", Integer, nullable=False, server_default=text("1")),
    Column("place", BigInteger, nullable=False, server_default=text("0")),
    Column("chain", BigInteger, nullable=False, server_default=text("0")),
)

packets = Table(
    "packets",
    metadata,
    *_packet(),
    Column("ts", BigInteger, nullable=False),
    Column("trace", BigInteger, nullable=False),
    Column("cause", BigInteger, nullable=False),
    Column("agent", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("input", Boolean, nullable=False),
    Column("candidate", BigInteger),
    _json("event"),
    Index("packets_by_seq", "run", "seq", unique=True),
    Index("packets_by_trace", "run", "trace"),
    Index("packets_by_candidate", "run", "candidate", postgresql_where=text("candidate IS NOT NULL")),
)

candidates = Table(
    "candidates",
    metadata,
    *_packet(),
    Column("trace", BigInteger),
    *_text("desk", "kind", "instrument", "side"),
    Column("quantity", Numeric),
    Column("price", Numeric),
    _cash("edge"),
    Column("status", Text, nullable=False),
    *_text("verdict", "reason"),
    Column("share", Double),
    Column("approved", Boolean),
    *_text("decided_by", "rule"),
    _json("figures"),
    _json("decision_figures"),
    _json("limits"),
    _json("intent"),
    _at("closed_at"),
    Column("closed_seq", BigInteger),
    Index("candidates_by_seq", "run", "seq", unique=True),
    Index("candidates_by_time", "run", "created_at"),
)

decisions = Table(
    "decisions",
    metadata,
    *_packet(),
    Column("candidate", BigInteger, nullable=False),
    *_text("decided_by", "desk"),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text),
    _json("figures"),
    _json("limits"),
    Index("decisions_by_candidate", "run", "candidate"),
    Index("decisions_refused", "run", "created_at", postgresql_where=text("NOT approved")),
)

orders = Table(
    "orders",
    metadata,
    *_packet(),
    Column("order_ref", Text, nullable=False),
    Column("candidate", BigInteger),
    *_text("desk", "position", "instrument", "side"),
    Column("lots", BigInteger),
    Column("quantity", Numeric),
    Column("limit_ticks", BigInteger),
    Column("limit_price", Numeric),
    Column("time_in_force", Text),
    _at("expires_at"),
    Column("reduce_only", Boolean),
    *_text("reason", "status", "status_reason", "cancel_reason", "venue_order"),
    Column("filled_lots", BigInteger),
    _at("updated_at"),
    Index("orders_by_ref", "run", "order_ref", unique=True),
)

fills = Table(
    "fills",
    metadata,
    *_packet(),
    Column("venue", Text, nullable=False),
    Column("fill", Text, nullable=False),
    Column("order_ref", Text),
    Column("candidate", BigInteger),
    *_text("desk", "position", "instrument", "side"),
    Column("ticks", BigInteger),
    Column("price", Numeric),
    Column("lots", BigInteger),
    Column("quantity", Numeric),
    _cash("notional"),
    _cash("fee"),
    Column("maker", Boolean),
    *_text("status", "reason"),
    _at("ts_event"),
    Index("fills_by_id", "run", "venue", "fill", unique=True),
    Index("fills_by_order", "run", "order_ref"),
    Index("fills_by_time", "run", "created_at"),
)

trades = Table(
    "trades",
    metadata,
    *_packet(),
    *_text("desk", "position", "instrument", "venue", "side", "status"),
    Column("lots", BigInteger),
    Column("lots_held", BigInteger),
    Column("quantity", Numeric),
    Column("entry_price", Numeric),
    Column("exit_price", Numeric),
    _cash("entry_notional"),
    _cash("exit_notional"),
    _cash("cost"),
    _cash("fees"),
    _cash("pnl"),
    Column("reason", Text),
    Column("entry_candidate", BigInteger),
    Column("candidate", BigInteger),
    _at("opened_at"),
    _at("closed_at"),
    Column("closed_seq", BigInteger),
    Index("trades_open", "run", "desk", "position", unique=True, postgresql_where=text("status = 'open'")),
    Index("trades_by_close", "run", "closed_at"),
)

positions = Table(
    "positions",
    metadata,
    Column("run", Text, primary_key=True),
    Column("desk", Text, primary_key=True),
    Column("position", Text, primary_key=True),
    Column("instrument", Text),
    Column("lots", BigInteger),
    Column("quantity", Numeric),
    _cash("cost"),
    _cash("realised"),
    _cash("fees"),
    _at("updated_at"),
    Column("seq", BigInteger),
)

equity = Table(
    "equity",
    metadata,
    *_packet(),
    _cash("cash"),
    _cash("cost"),
    _cash("equity"),
    _cash("realised"),
    _cash("fees"),
    _cash("peak"),
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
    _cash("pnl", info=SUM),
    _cash("fees", info=SUM),
    _cash("equity"),
    _cash("peak", info=GREATEST),
)

counters = Table(
    "counters",
    metadata,
    Column("run", Text, primary_key=True),
    Column("desk", Text, primary_key=True),
    _at("from_at", primary_key=True),
    _at("to_at", primary_key=True),
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
    _at("open_at", primary_key=True),
    *(Column(name, Double) for name in ("open", "high", "low", "close", "volume")),
    Column("seq", BigInteger),
)

risk_events = Table(
    "risk_events",
    metadata,
    *_packet(),
    *_text("kind", "desk", "rule", "by", "reason"),
    Column("candidate", BigInteger),
    _json("figures"),
    _json("limits"),
    Index("risk_events_by_time", "run", "created_at"),
)

halts = Table(
    "halts",
    metadata,
    *_packet(),
    *_text("desk", "rule", "by", "reason"),
    _at("released_at"),
    *_text("released_by", "release_reason"),
    Index("halts_by_desk", "run", "desk"),
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
    _at("updated_at"),
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
}
"""What makes a row that later events change; rows of the other tables are written once."""
