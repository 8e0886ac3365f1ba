"""The kinds of column that the tables are made of, and the metadata that they stand in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

MERGE = "merge"
KEEP, SUM, GREATEST = ({MERGE: how} for how in ("keep", "sum", "greatest"))


def time(name: str, **options: Any) -> Column[Any]:
    """A time, UTC to the microsecond."""
    return Column(name, DateTime(timezone=True), **options)


def cash(name: str, **options: Any) -> Column[Any]:
    """An amount of currency, exact in the ledger's units of 1e-8."""
    return Column(name, Numeric(28, 8), **options)


def json(name: str) -> Column[Any]:
    """What has a shape of its own: figures, legs, an event."""
    return Column(name, JSONB)


def texts(*names: str) -> list[Column[Any]]:
    """Words."""
    return [Column(name, Text) for name in names]


def packet_columns() -> list[Column[Any]]:
    """What each row has that stands for one packet."""
    return [
        Column("id", Uuid, primary_key=True, info=KEEP),
        Column("run", Text, nullable=False),
        Column("seq", BigInteger, nullable=False, info=KEEP),
        time("created_at", nullable=False, info=KEEP),
    ]
