"""Rows for people to look through: a page at a time, the newest first, and series that are thinned to be drawn.

Money is Decimal in whole currency, times are UTC. Each row of a page says its run and seq: `before` takes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.market.instruments import INT64_MAX
from tradeworthy.market.money import decimal_of
from tradeworthy.risk.guards import CASH_FIGURES, RULES
from tradeworthy.risk.posture import CATEGORIES
from tradeworthy.store import listing_texts as sql

Connection = psycopg.Connection[Any]
Found = dict[str, Any]

LIMIT_MAX: Final = 500
POINTS_MAX: Final = 2_000

REFUSED: Final = ("rejected", "cancelled")
"""Trade statuses of what was asked for and never held; they are in no total of trades."""

REDUCES: Final = "reduce_only"
"""The reason on record of what is approved whatever its figures are: it only reduces a position."""

MAXIMA: Final = frozenset(
    {
        *("drawdown", "daily_loss", "price_age_ms", "book_age_ms", "oracle_age_ms", "spread_bps", "slippage"),
        *("slippage_bps", "position", "event", "underlying", "venue", "desk_share", "portfolio"),
        *("orders_in_minute", "requests_in_minute"),
    }
)
"""Figures of risk whose limit is the most that they may be; of the others it is the least, or a word."""


class Spot(NamedTuple):
    """A row of a run: the page before it begins with the next older one."""

    run: str
    seq: int


Before = Spot | int | None
"""Where a page ends: before this row (a seq alone is one of the newest run); None is the newest."""


class Listings:
    """Pages of the rows of `runs`: a run and its parents, the newest first.

    A page has `limit` rows at most (1 to LIMIT_MAX, UsageError otherwise) and goes on into the parents; NotAvailable if
    `before` is of none of them. An empty filter takes all.
    """

    def __init__(self, connection: Connection, runs: Sequence[str]) -> None:
        self._connection = connection
        self.runs = list(runs)

    def all_runs(self, limit: int = LIMIT_MAX) -> list[Found]:
        """Every run in the database, the newest first, with its days' sums and its last equity (None: none marked)."""
        return [_told(row) for row in self._all(sql.ALL_RUNS, limit=_checked(limit))]

    def about(self, run: str = "") -> Found:
        """The same of one run (default: the newest of the chain); NotAvailable if there is none of that name."""
        found = self._all(sql.ABOUT, run=run or self.runs[0])
        if not found:
            raise NotAvailable(f"There is no run {run!r} in the database; runs lists those that there are")
        return _told(found[0])

    def orders(
        self,
        limit: int = 50,
        before: Before = None,
        *,
        status: str = "",
        desk: str = "",
        instrument: str = "",
    ) -> list[Found]:
        """Orders with what filled of them: `filled_quantity` at the average `filled_price` (None: nothing)."""
        return self._page(sql.ORDERS, limit, before, status=status, desk=desk, instrument=instrument)

    def trades(
        self,
        limit: int = 50,
        before: Before = None,
        *,
        status: str = "",
        strategy: str = "",
        kind: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Found]:
        """Trades by when they were opened, with the columns of the view paper_trades, and more.

        `status` is open, closed or resolved; of REFUSED it is the requests that never became one, by when they were
        asked, with their first leg's figures. `since` and `until` (inclusive) bound when a trade was opened.
        """
        asked = sql.UNTRADED if status in REFUSED else sql.TRADES
        wanted = {"status": status, "strategy": strategy, "kind": kind, "since": since, "until": until}
        return self._page(asked, limit, before, **wanted)

    def candidates(
        self,
        limit: int = 50,
        before: Before = None,
        *,
        desk: str = "",
        verdict: str = "",
        reason: str = "",
        kind: str = "",
    ) -> list[Found]:
        """Candidates with what became of them; the `verdict` of one without an end is OPEN."""
        wanted = {"desk": desk, "verdict": verdict, "reason": reason, "kind": kind}
        found = self._page(sql.CANDIDATES, limit, before, **wanted)
        return [_in_currency(row, "decision_figures", "limits") for row in found]

    def decisions(
        self, limit: int = 50, before: Before = None, *, approved: bool | None = None, decided_by: str = ""
    ) -> list[Found]:
        """What risk said of candidates, with all its figures and limits."""
        found = self._page(sql.DECISIONS, limit, before, approved=approved, decided_by=decided_by)
        return [_in_currency(row, "figures", "limits") for row in found]

    def opportunities(
        self,
        limit: int = 50,
        before: Before = None,
        *,
        strategy: str = "",
        kind: str = "",
        method: str = "",
        detected: bool | None = True,
    ) -> list[Found]:
        """Gaps that were found; not `detected` are those that closed before anything was made of them (None: both)."""
        wanted = {"strategy": strategy, "kind": kind, "method": method, "detected": detected}
        found = self._page(sql.OPPORTUNITIES, limit, before, **wanted)
        return [{**row, "legs": [_leg(leg) for leg in row["legs"] or ()]} for row in found]

    def alerts(self, limit: int = 50, before: Before = None) -> list[Found]:
        """What people were told of."""
        return self._page(sql.ALERTS, limit, before)

    def posture(self, limit: int = 50, before: Before = None) -> list[Found]:
        """Changes of the posture, at `created_at`: the multiplier `rm`, and five `categories` of stress, 0 to 1."""
        return [_posture(row) for row in self._page(sql.POSTURES, limit, before)]

    def positions(self) -> list[Found]:
        """What is held in the newest run, and what it cost; a position without an open trade has no `id`."""
        return self._all(sql.POSITIONS, run=self.runs[0])

    def counters(
        self,
        desk: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = LIMIT_MAX,
    ) -> list[Found]:
        """Turns without a candidate, by hour, desk and reason, of hours that began from `since` to `until`."""
        return self._all(sql.COUNTERS, desk=desk, since=since, until=until, limit=_checked(limit))

    def rejections(self, since: datetime | None = None, until: datetime | None = None) -> list[Found]:
        """How many candidates each rule of risk refused, the most frequent first."""
        return self._all(sql.REJECTIONS, since=since, until=until)

    def guard(self) -> Found:
        """`decision`: risk's newest (None: none yet). `figures`: each rule's newest figure beside its limit.

        In the order in which the rules are asked; of the newest 200 decisions of the newest run that rules bind: an
        exit passes whatever its figures are, and a rule that asks nothing of one has none. Cash is Decimal. A price
        that there is not has the age None, and has failed.
        `used` is the part of its limit that a figure has come to, None where the limit is no maximum.
        """
        newest = self.decisions(1)
        is_own = bool(newest) and newest[0]["run"] == self.runs[0]
        found = {row["figure"]: row for row in self._all(sql.FIGURES, run=self.runs[0], reduces=REDUCES)}
        return {
            "decision": newest[0] if newest else None,
            "equity": newest[0]["figures"].get("equity") if is_own else None,
            "figures": [_figure(rule.code, found[rule.figure]) for rule in RULES if rule.figure in found],
        }

    def exposures(self) -> Found:
        """What the newest run's open trades cost, `by_market` and `by_venue`, the most first."""
        run = self.runs[0]
        return {
            "by_market": self._all(sql.EXPOSURES_BY_MARKET, run=run),
            "by_venue": self._all(sql.EXPOSURES_BY_VENUE, run=run),
        }

    def health(self) -> list[Found]:
        """What the newest run's parts last said of themselves, and how often each has crashed."""
        return self._all(sql.HEALTH, run=self.runs[0])

    def types_since(self, seq: int) -> set[str]:
        """The types of the newest run's packets after `seq`."""
        return {row["type"] for row in self._all(sql.TYPES_SINCE, run=self.runs[0], seq=seq)}

    def packets(self, after: int, limit: int = LIMIT_MAX) -> list[Found]:
        """The newest run's decision-level packets after seq `after`, the oldest first, events as on record."""
        return self._all(sql.PACKETS, run=self.runs[0], seq=after, limit=_checked(limit))

    def bars(
        self, instrument: str, timeframe: str, limit: int = LIMIT_MAX, before: datetime | None = None
    ) -> list[Found]:
        """Closed bars that opened before `before`, the newest first; none unless the desk keeps them (store.bars)."""
        found: dict[datetime, Found] = {}
        for run in self.runs:
            wanted = {"instrument": instrument, "timeframe": timeframe, "before": before, "run": run}
            for row in self._all(sql.BARS, limit=_checked(limit), **wanted):
                found.setdefault(row["open_at"], row)
        return sorted(found.values(), key=lambda row: row["open_at"], reverse=True)[:limit]

    def equity(
        self, points: int = POINTS_MAX, since: datetime | None = None, until: datetime | None = None
    ) -> list[Found]:
        """The account as it was marked, the oldest first: a curve. `drawdown` is 1 - equity / peak.

        At most `points` rows (1 to POINTS_MAX): of more, time is cut into so many parts, and each one's last is kept.
        """
        span = {"points": _checked(points, POINTS_MAX, "points"), "since": since, "until": until}
        found = self._all(sql.EQUITY_ALL, **span)
        if len(found) > points:
            ends = self._all(sql.EQUITY_SPAN, **span)[0]
            found = self._all(sql.EQUITY_BUCKETS, **span, **ends)
        found.sort(key=lambda row: (row["created_at"], -self.runs.index(row["run"]), row["seq"]))
        return [{**row, "drawdown": _drawdown(row["equity"], row["peak"])} for row in found]

    def _page(self, query: Composed, limit: int, before: Before, **values: Any) -> list[Found]:
        left, found = _checked(limit), list[Found]()
        spot = Spot(self.runs[0], before) if isinstance(before, int) else before
        if spot is not None and spot.run not in self.runs:
            raise NotAvailable(
                f"before {spot.run}:{spot.seq} is of no run here; they are {', '.join(self.runs)}"
            )
        begin, seq = (self.runs.index(spot.run), spot.seq) if spot else (0, INT64_MAX)
        for run in self.runs[begin:]:
            found += self._all(query, run=run, before=seq, limit=left - len(found), **values)
            if len(found) >= left:
                break
            seq = INT64_MAX
        return found

    def _all(self, query: SQL | Composed, **values: Any) -> list[Found]:
        cursor = self._connection.cursor(row_factory=dict_row)
        return cursor.execute(query, {"runs": self.runs, **values}).fetchall()


def _checked(limit: int, most: int = LIMIT_MAX, name: str = "limit") -> int:
    if not 1 <= limit <= most:
        raise UsageError(f"{name} {limit} is not 1 to {most}; ask for the next page with before")
    return limit


def _told(row: Found) -> Found:
    """A run's row with its desks in short."""
    names = ("name", "kind", "timeframe", "instruments")
    desks = [{name: desk.get(name) for name in names} for desk in row["desks"] or []]
    return {**row, "desks": desks, "drawdown": _drawdown(row["equity"], row["peak"])}


def _drawdown(equity: Decimal | None, peak: Decimal | None) -> float | None:
    """The part of the peak that is lost; None without a mark, 0 of no peak."""
    if equity is None:
        return None
    return max(0.0, float(1 - equity / peak)) if peak else 0.0


def _posture(row: Found) -> Found:
    event = row.pop("event")
    categories = dict(zip(CATEGORIES, event["cats"], strict=True))
    told = {name: event[name] for name in ("posture", "before", "rm", "reason")}
    return {**row, **told, "categories": categories}


def _figure(code: str, row: Found) -> Found:
    """A rule's figure; `failed` if it is what the decision was a no for."""
    name, value, limit = row["figure"], row["value"], row["limit"]
    is_cash = name in CASH_FIGURES
    used = None
    if name in MAXIMA and isinstance(value, int | float) and isinstance(limit, int | float) and limit > 0:
        used = max(0.0, value / limit)
    is_named = not row["approved"] and row["reason"] == code
    return {
        **{key: row[key] for key in ("run", "seq", "created_at", "candidate", "figure")},
        "rule": code,
        "value": _cash(value) if is_cash else value,
        "limit": _cash(limit) if is_cash else limit,
        "used": used,
        "is_cash": is_cash,
        "failed": value is None or (is_named and (used is None or used > 1.0)),
    }


def _in_currency(row: Found, *names: str) -> Found:
    """The row with those of risk's figures that are cash as Decimal."""
    for name in names:
        figures = row[name] or {}
        row[name] = {key: _cash(one) if key in CASH_FIGURES else one for key, one in figures.items()}
    return row


def _leg(leg: Found) -> Found:
    return {**leg, "fee": _cash(leg.get("fee"))}


def _cash(value: Any) -> Decimal | None:
    return decimal_of(value) if isinstance(value, int) else None
