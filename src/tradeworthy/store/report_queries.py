"""What a report shows besides the summary: days, parts, the largest trades, what is held, halts, and the bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import Composed

from tradeworthy.store import report_texts as sql
from tradeworthy.store.listings import POINTS_MAX, Listings

Connection = psycopg.Connection[Any]
Found = dict[str, Any]

LARGEST: Final = 5
"""How many of the largest wins, and of the largest losses, are shown."""


class ReportRecords:
    """Rows of the chain `runs` (newest first) in the period `since` to `until`; money is Decimal, times are UTC.

    With a `strategy` (None: all) only its trades; the account, its halts and its posture are always the whole one's.
    """

    def __init__(self, connection: Connection, runs: Sequence[str], span: Mapping[str, Any]) -> None:
        self._connection, self._span = connection, dict(span)
        self.runs = list(runs)
        self._listings = Listings(connection, runs)

    def about(self) -> Found:
        """The newest run: parent, mode, currency, seed, feed, decision_hash, configuration, created_at, last_at."""
        return self._all(sql.ABOUT)[0]

    def days(self) -> list[Found]:
        """Each UTC day with a close, a fill or a mark, the oldest first: trades, wins, losses, pnl, fees, equity."""
        return self._all(sql.DAYS)

    def strategies(self) -> list[Found]:
        """Each strategy's (or desk's) closed trades: trades, wins, losses, pnl, fees, the best and the worst."""
        return self._all(sql.STRATEGIES)

    def closed(self) -> list[Found]:
        """Every closed trade in the order of the closes: whose, what, pnl, fees, notional, when and why."""
        return self._all(sql.CLOSED_TRADES)

    def largest(self, *, wins: bool) -> list[Found]:
        """The LARGEST closed trades that won (or lost), the largest first, with their market's title."""
        return self._all(sql.WINS if wins else sql.LOSSES, limit=LARGEST)

    def open_trades(self) -> list[Found]:
        """What is held, the oldest first, with its market's title."""
        return self._all(sql.OPEN_TRADES)

    def account(self) -> Found:
        """First and last equity, max_drawdown and the drawdown at the end; all None where nothing was ever marked."""
        return self._all(sql.ACCOUNT)[0]

    def equity(self) -> list[Found]:
        """The account as it was marked, thinned to be drawn."""
        return self._listings.equity(POINTS_MAX, self._span["since"], self._span["until"])

    def postures(self) -> list[Found]:
        """Changes of the posture, the newest first."""
        since, until = self._span["since"], self._span["until"]
        return [row for row in self._listings.posture(500) if since <= row["created_at"] <= until]

    def halts(self) -> list[Found]:
        """Halts that were in force in the period, the newest first, and who released them."""
        return self._all(sql.HALTS)

    def closes(self, parts: int) -> list[Found]:
        """Closes of the bars in the tables: instrument, at (the bar's close), close; the last of each of `parts`."""
        return self._all(sql.CLOSES, parts=parts)

    def _all(self, query: Composed, **values: Any) -> list[Found]:
        wanted = {"run": self.runs[0], "runs": self.runs, **self._span, **values}
        return self._connection.cursor(row_factory=dict_row).execute(query, wanted).fetchall()
