"""The tables of prediction markets: markets, what was found in them, and how a desk shares its capital.

`markets` is kept because a token's row says neither its question nor when it ends: reports, screens and the view of
trades name both, and whether the books were recorded or simulated.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Numeric, Table, Text, text

from tradeworthy.store.columns import cash, json, metadata, packet_columns, texts, time

markets = Table(
    "markets",
    metadata,
    Column("run", Text, primary_key=True),
    Column("market", Text, primary_key=True),
    *texts("venue", "external_id", "title", "event", "event_title", "category", "series", "underlying"),
    *texts("yes_instrument", "no_instrument", "yes_token", "no_token"),
    Column("strike", Double),
    time("start_at"),
    time("end_at"),
    *texts("books", "status"),
    cash("payout"),
    Column("reason", Text),
    time("opened_at"),
    time("closed_at"),
    time("disputed_at"),
    time("resolved_at"),
    Column("seq", BigInteger),
    Index("markets_by_event", "run", "event"),
)

opportunities = Table(
    "opportunities",
    metadata,
    *packet_columns(),
    Column("detected", Boolean, nullable=False),
    *texts("strategy", "kind", "method", "market"),
    json("markets"),
    json("legs"),
    *(Column(name, Double) for name in ("gross_edge", "net_edge", "signal", "fair")),
    Column("capacity", Numeric),
    cash("profit"),
    cash("payout_floor"),
    Column("oracle", Text),
    Column("oracle_value", Double),
    *(time(name) for name in ("oracle_at", "book_at", "expires_at")),
    *(Column(name, Double) for name in ("oracle_age_ms", "book_age_ms")),
    *texts("dedupe_key", "skip"),
    time("gap_opened_at"),
    time("gap_closed_at"),
    *(Column(name, Double) for name in ("gap_ms", "net_edge_max")),
    Column("survived", Boolean),
    Column("gap_reason", Text),
    Index("opportunities_by_seq", "run", "seq", unique=True),
    Index("opportunities_by_time", "run", "created_at"),
    Index("opportunities_closed", "run", "method", postgresql_where=text("gap_ms IS NOT NULL")),
)

allocations = Table(
    "allocations",
    metadata,
    Column("run", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("strategy", Text, primary_key=True),
    time("created_at", nullable=False),
    Column("desk", Text),
    *(Column(name, Double) for name in ("share", "score")),
    *(Column(name, BigInteger) for name in ("trades", "wins", "losses")),
    cash("pnl"),
    cash("capital"),
    Column("reason", Text),
)

MARKET_KEYS: dict[str, tuple[str, ...]] = {
    "markets": ("run", "market"),
    "opportunities": ("run", "seq"),
    "allocations": ("run", "seq", "strategy"),
}
"""As KEYS of the schema, for the tables here."""
