"""What stands in the tables, to be compared row by row."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from tradeworthy.store.schema import metadata

Tables = dict[str, list[tuple[Any, ...]]]

OF_THE_JOURNEY = {"runs": {"registered_at", "segment", "place", "chain"}}
"""Columns that say when and how far a journal was read, not what is in it."""


def tables_of(url: str) -> Tables:
    """All rows of all tables of the database, each as text, in order."""
    found: Tables = {}
    with psycopg.connect(url) as connection:
        for table in metadata.sorted_tables:
            names = [
                one.name for one in table.columns if one.name not in OF_THE_JOURNEY.get(table.name, set())
            ]
            columns = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
            query = sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table.name))
            found[table.name] = sorted(connection.execute(query).fetchall(), key=repr)
    return found


def difference(expected: Tables, seen: Tables) -> str:
    """The first table that differs, with the first row that only one has; "" if all are equal."""
    for table, rows in expected.items():
        if rows != seen[table]:
            missing = [row for row in rows if row not in seen[table]][:1]
            extra = [row for row in seen[table] if row not in rows][:1]
            return f"{table}: {len(rows)} rows expected, {len(seen[table])} seen; missing {missing}; extra {extra}"
    return ""


def ask(url: str, question: str, *given: object) -> list[tuple[Any, ...]]:
    """The rows that answer a question in SQL."""
    with psycopg.connect(url) as connection:
        return connection.execute(question, given).fetchall()
