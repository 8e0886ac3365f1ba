"""What risk has on record of a run and its parents: halts, people's orders, refusals, stance, and the day's base.

All lists are the newest first. Money is Decimal in whole currency, times are UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL

from tradeworthy.market.money import decimal_of

Connection = psycopg.Connection[Any]
Found = dict[str, Any]

STANCES: Final = ("PostureChanged", "PostureReported")

_HALTS: Final = SQL("""
SELECT run, seq, created_at, desk, rule, by, reason, released_at, released_by, release_reason FROM halts
WHERE run = ANY(%(runs)s) AND (NOT %(holding)s OR (run = %(run)s AND released_at IS NULL))
ORDER BY created_at DESC, seq DESC LIMIT %(limit)s
""")

_ORDERS: Final = SQL("""
SELECT run, seq, created_at, desk, rule AS said, by, reason FROM risk_events
WHERE run = ANY(%(runs)s) AND kind = 'operator' ORDER BY created_at DESC, seq DESC LIMIT %(limit)s
""")

_FAULTS: Final = SQL("""
SELECT DISTINCT ON (one.desk) one.desk, one.run, one.seq, one.created_at, one.reason, counted.faults
FROM risk_events one
JOIN (SELECT desk, count(*) AS faults FROM risk_events
      WHERE run = ANY(%(runs)s) AND kind = 'quarantined' GROUP BY desk) counted USING (desk)
WHERE one.run = ANY(%(runs)s) AND one.kind = 'quarantined'
ORDER BY one.desk, one.created_at DESC, one.seq DESC
""")

_REFUSED: Final = SQL("""
SELECT DISTINCT ON (one.rule) one.rule, counted.refused, one.created_at AS last_at, one.candidate, one.run
FROM risk_events one
JOIN (SELECT rule, count(*) AS refused FROM risk_events
      WHERE run = ANY(%(runs)s) AND kind = 'rejected' GROUP BY rule) counted USING (rule)
WHERE one.run = ANY(%(runs)s) AND one.kind = 'rejected'
ORDER BY one.rule, one.created_at DESC, one.seq DESC
""")

_STANCES: Final = SQL("""
SELECT run, seq, created_at, type, event FROM packets
WHERE run = ANY(%(runs)s) AND type = ANY(%(types)s) ORDER BY created_at DESC, seq DESC LIMIT %(limit)s
""")

_ABOUT: Final = SQL("""
SELECT created_at, last_at, configuration -> 'posture' AS posture, configuration -> 'risk' AS risk,
       EXISTS (SELECT FROM decisions WHERE run = %(run)s) AS has_decided
FROM runs WHERE run = %(run)s
""")

_MARK: Final = SQL("""
SELECT seq, created_at, equity, peak FROM equity WHERE run = %(run)s ORDER BY created_at DESC, seq DESC LIMIT 1
""")

_DECIDED: Final = SQL("""
SELECT figures FROM decisions WHERE run = %(run)s AND created_at >= %(midnight)s ORDER BY seq DESC LIMIT 1
""")

_RESET: Final = SQL("""
SELECT event FROM packets
WHERE run = %(run)s AND type = 'DailyReset' AND created_at >= %(midnight)s AND seq > (
    SELECT COALESCE(max(seq), 0) FROM equity WHERE run = %(run)s AND created_at < %(midnight)s
)
ORDER BY seq LIMIT 1
""")

_BEGAN: Final = SQL("""
SELECT type, event FROM packets WHERE run = %(run)s AND type IN ('CashMoved', 'Opened') ORDER BY seq LIMIT 1
""")

_TOKENS: Final = SQL("""
SELECT DISTINCT ON (token.instrument) token.instrument, one.market, one.title, token.outcome
FROM markets one, LATERAL (VALUES (one.yes_instrument, 'YES'), (one.no_instrument, 'NO')) token (instrument, outcome)
WHERE one.run = ANY(%(runs)s) AND token.instrument = ANY(%(instruments)s)
ORDER BY token.instrument, one.seq DESC
""")

_FIRST: Final = SQL("SELECT equity FROM equity WHERE run = %(run)s ORDER BY created_at, seq LIMIT 1")


class RiskListings:
    """Risk's record of `runs`: a run and its parents, the newest first."""

    def __init__(self, connection: Connection, runs: Sequence[str]) -> None:
        self._connection = connection
        self.runs = list(runs)

    def halts(self, limit: int = 50) -> list[Found]:
        """Every halt; `released_at` None: it still held when its run was last seen."""
        return self._all(_HALTS, limit=limit, holding=False)

    def holding(self) -> list[Found]:
        """The halts that hold in the newest run."""
        return self._all(_HALTS, limit=500, holding=True)

    def orders(self, limit: int = 50) -> list[Found]:
        """What people asked for (`said`: halt, resume, flatten), with their name and reason."""
        return self._all(_ORDERS, limit=limit)

    def faults(self) -> list[Found]:
        """By desk ("": none's own) how often it raised, and the newest `reason`."""
        return self._all(_FAULTS)

    def refused(self) -> list[Found]:
        """By rule how many candidates it refused, the most first, with the newest one's `candidate` and run."""
        return sorted(self._all(_REFUSED), key=lambda row: (-row["refused"], row["rule"]))

    def tokens(self, instruments: Collection[str]) -> dict[str, Found]:
        """`market`, `title` and `outcome` of those of `instruments` that are tokens of prediction markets."""
        found = self._all(_TOKENS, instruments=sorted(instruments)) if instruments else []
        return {row["instrument"]: row for row in found}

    def stances(self, limit: int = 500) -> list[Found]:
        """Changes of our own posture and reports of an outside writer's, as `type` and `event` have them."""
        return self._all(_STANCES, limit=limit, types=list(STANCES))

    def about(self) -> Found:
        """The newest run: its sections `posture` and `risk`, from when to when it goes, and whether risk was asked."""
        found = self._all(_ABOUT)
        return found[0] if found else {}

    def day(self) -> Found:
        """The newest mark and the day's base, from which the day's loss counts: `equity`, `peak`, `base`, `pnl`.

        All None before there is a mark. The base is what the day's newest decision was judged by, else what the day
        began with, else what the run began with.
        """
        mark = self._one(_MARK)
        if mark is None:
            return dict.fromkeys(("seq", "created_at", "equity", "peak", "base", "pnl", "midnight"))
        day = mark["created_at"].astimezone(UTC).date()
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        base = self._base(midnight)
        return {**mark, "base": base, "pnl": mark["equity"] - base, "midnight": midnight}

    def _base(self, midnight: datetime) -> Decimal:
        figures = (self._one(_DECIDED, midnight=midnight) or {}).get("figures") or {}
        equity, loss = figures.get("equity"), figures.get("daily_loss")
        if isinstance(equity, int) and isinstance(loss, int):
            return decimal_of(equity + loss)
        if reset := self._one(_RESET, midnight=midnight):
            return decimal_of(reset["event"]["equity"])
        began = self._one(_BEGAN)
        if began and began["type"] == "CashMoved":
            return decimal_of(began["event"]["amount"])
        first = self._one(_FIRST) or {"equity": Decimal(0)}
        equity_then: Decimal = first["equity"]
        return equity_then

    def _one(self, query: SQL, **values: Any) -> Found | None:
        found = self._all(query, **values)
        return found[0] if found else None

    def _all(self, query: SQL, **values: Any) -> list[Found]:
        cursor = self._connection.cursor(row_factory=dict_row)
        return cursor.execute(query, {"runs": self.runs, "run": self.runs[0], **values}).fetchall()
