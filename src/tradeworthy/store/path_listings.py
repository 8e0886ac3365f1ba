"""What a picture of a path needs besides the path: packets by number, and what a tick and a lot are worth."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection[Any]
Found = dict[str, Any]


class PathListings:
    """Questions about single packets of `run`."""

    def __init__(self, connection: Connection, run: str) -> None:
        self._connection, self._run = connection, run

    def packets(self, seqs: Sequence[int]) -> list[Found]:
        """Those of `seqs` that the tables have, in order; market data and timers are in the journal alone."""
        return self._all(
            "SELECT id, seq, created_at, trace, cause, agent, type, input, event FROM packets"
            " WHERE run = %(run)s AND seq = ANY(%(seqs)s) ORDER BY seq",
            seqs=list(seqs),
        )

    def units(self, orders: Sequence[str]) -> dict[str, tuple[Decimal | None, Decimal | None]]:
        """By instrument: the price of one tick and the quantity of one lot, as the rows of `orders` have them."""
        rows = self._all(
            "SELECT instrument, max(limit_price / NULLIF(limit_ticks, 0)) AS tick,"
            " max(quantity / NULLIF(lots, 0)) AS lot"
            " FROM (SELECT instrument, limit_price, limit_ticks, quantity, lots FROM orders"
            "       WHERE run = %(run)s AND order_ref = ANY(%(orders)s)"
            "       UNION ALL SELECT instrument, price, ticks, quantity, lots FROM fills"
            "       WHERE run = %(run)s AND order_ref = ANY(%(orders)s)) told GROUP BY instrument",
            orders=list(orders),
        )
        return {row["instrument"]: (row["tick"], row["lot"]) for row in rows}

    def title(self, market: str) -> str:
        """The question of `market`, "" if it is not known."""
        rows = self._all(
            "SELECT title FROM markets WHERE run = %(run)s AND market = %(market)s", market=market
        )
        return str(rows[0]["title"] or "") if rows else ""

    def filters(self) -> Found:
        """What candidates can be told apart by: `desks`, `verdicts` and `reasons` that this run has, in order."""
        rows = self._all(
            "SELECT array_agg(DISTINCT desk) AS desks, array_agg(DISTINCT COALESCE(verdict, 'OPEN')) AS verdicts,"
            " array_agg(DISTINCT reason) FILTER (WHERE reason <> '') AS reasons FROM candidates WHERE run = %(run)s"
        )
        return {name: sorted(one for one in value or () if one) for name, value in rows[0].items()}

    def _all(self, query: Any, **values: Any) -> list[Found]:
        return (
            self._connection.cursor(row_factory=dict_row)
            .execute(query, {"run": self._run, **values})
            .fetchall()
        )
