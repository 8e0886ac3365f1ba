"""What a picture of a path needs besides the path: packets by number, its trades, and what a tick and a lot are."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

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

    def newest(self) -> int | None:
        """The seq of the last packet that the tables know of; None for a run that they do not have."""
        rows = self._all("SELECT last_seq FROM runs WHERE run = %(run)s")
        return rows[0]["last_seq"] if rows else None

    def candidate_above(self, seq: int) -> UUID | None:
        """The id of the candidate that packet `seq` is about or came from; None if no cause of it is about one."""
        rows = self._all(
            "WITH RECURSIVE above (cause, candidate) AS ("
            " SELECT cause, candidate FROM packets WHERE run = %(run)s AND seq = %(seq)s"
            " UNION ALL SELECT packets.cause, packets.candidate FROM packets JOIN above ON packets.seq = above.cause"
            " WHERE packets.run = %(run)s AND above.candidate IS NULL"
            ") SELECT candidates.id FROM above JOIN candidates"
            " ON candidates.run = %(run)s AND candidates.seq = above.candidate",
            seq=seq,
        )
        return rows[0]["id"] if rows else None

    def candidates_of(self, trace: int) -> list[int]:
        """The seqs of the candidates that the input `trace` led to, in order."""
        rows = self._all(
            "SELECT DISTINCT candidate FROM packets"
            " WHERE run = %(run)s AND trace = %(trace)s AND candidate = seq ORDER BY 1",
            trace=trace,
        )
        return [row["candidate"] for row in rows]

    def trades(self, changes: Sequence[int]) -> list[Found]:
        """The trades that the packets `changes` (PositionChanged or TradeClosed) opened, changed or closed, in order.

        Each with `desk`, `position`, `side`, `outcome`, `instrument`, `status`, `quantity`, `pnl` (None while open),
        `reason`, `opened_at`, `closed_at`, `closed_seq`, and the candidates that opened (`entry_candidate`) and closed
        (`candidate`) it, None for what was no candidate's doing.
        """
        return self._all(
            "SELECT DISTINCT trade.* FROM packets JOIN LATERAL ("
            " SELECT seq, desk, position, side, outcome, instrument, status, quantity, pnl, reason, opened_at,"
            " closed_at, closed_seq, entry_candidate, candidate FROM trades"
            " WHERE run = %(run)s AND desk = packets.event ->> 'desk' AND position = packets.event ->> 'position'"
            " AND seq <= packets.seq AND (closed_seq = packets.seq"
            "      OR status <> 'reversed' AND COALESCE(closed_seq >= packets.seq, TRUE)) ORDER BY seq DESC LIMIT 1"
            ") trade ON TRUE WHERE packets.run = %(run)s AND packets.seq = ANY(%(changes)s) ORDER BY trade.seq",
            changes=list(changes),
        )

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
