"""Questions to the tables: what `report`, `status`, `trace` and `why` show. Money is Decimal, times are UTC.

Totals count what risk approved and the venue filled: a refused candidate is in `risk_rejections`, never in a total.
"""

from __future__ import annotations

import difflib
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import Composed

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.store import query_texts as sql
from tradeworthy.store.learning_queries import LearningRecords
from tradeworthy.store.report_queries import ReportRecords

Connection = psycopg.Connection[Any]
Found = dict[str, Any]

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Queries:
    """Questions about one run and its parents: `run` by name, or the newest for "".

    `runs` is that chain, newest first; open positions are the newest's alone, since it took over its parents'.
    NotAvailable if there is no run yet, UsageError if none has that name.
    """

    def __init__(self, connection: Connection, run: str = "") -> None:
        self._connection = connection
        self.runs = self._chain(run)
        self.run = self.runs[0]

    def summary(self, days: float | None = None, strategy: str = "") -> Found:
        """The totals of the last `days` of session time, counted back from the run's last event (None: of all).

        With `strategy` only its part of them, which has no unrealised P&L of its own (None); UsageError for one that
        the run does not know.
        """
        since, until = self._period(days)
        span = {"since": since, "until": until, "strategy": self._strategy(strategy)}
        closed = self._one(sql.CLOSED, **span)
        opened = self._one(sql.OPEN, **span)
        wins, losses = closed["wins"], closed["losses"]
        refused = self._all(sql.REFUSED, **span)
        fills = self._one(sql.FILLS, **span)
        return {
            **self._one(sql.ABOUT),
            "runs": self.runs,
            "strategy": strategy or None,
            "period": {"from": since, "to": until},
            "total_trades": closed["trades"] + opened["trades"],
            "open_trades": opened["trades"],
            "closed_trades": closed["trades"],
            "realized_pnl": closed["pnl"],
            "unrealized_pnl": None if strategy else self._unrealised(),
            "fees": fills["fees"],
            "wins": wins,
            "losses": losses,
            "win_rate": wins / (wins + losses) if wins + losses else 0.0,
            "rejections": sum(row["count"] for row in refused),
            "risk_rejections": refused,
            "by_opportunity_type": self._all(sql.BY_KIND, **span),
            "by_strategy": self._all(sql.BY_STRATEGY, **span),
            "candidates": self._one(sql.CANDIDATES, **span)["count"],
            "verdicts": self._all(sql.VERDICTS, **span),
            "fills": fills["count"],
            "opportunities": self._opportunities(span),
        }

    def paper_trades(self, days: float | None = None, strategy: str = "") -> list[Found]:
        """The rows of the view of that name that began in the last `days`, the oldest first; errors as `summary`."""
        since, until = self._period(days)
        return self._all(sql.PAPER_TRADES, since=since, until=until, strategy=self._strategy(strategy))

    def learning(self) -> LearningRecords:
        """What was learned in the chain."""
        return LearningRecords(self._connection, self.runs)

    def details(self, days: float | None = None, strategy: str = "") -> ReportRecords:
        """What a report shows besides the summary, of the same period and part; errors as `summary`."""
        since, until = self._period(days)
        span = {"since": since, "until": until, "strategy": self._strategy(strategy)}
        return ReportRecords(self._connection, self.runs, span)

    def allocations(self) -> list[Found]:
        """How each desk's capital is shared at present."""
        return self._all(
            "SELECT desk, strategy, share, score, trades, wins, losses, pnl, capital, reason, created_at"
            " FROM allocations WHERE run = %(run)s AND seq = (SELECT max(seq) FROM allocations newest"
            " WHERE newest.run = %(run)s AND newest.desk = allocations.desk) ORDER BY desk, strategy"
        )

    def open_trades(self) -> list[Found]:
        """The trades that still hold something, the oldest first."""
        return self._all(
            "SELECT id, created_at, desk, strategy, position, instrument, market, outcome, side, lots_held, quantity,"
            " entry_price, cost, fees"
            " FROM trades WHERE run = %(run)s AND status = 'open' ORDER BY seq"
        )

    def trades(self, limit: int = 20) -> list[Found]:
        """The newest closed trades of the chain."""
        return self._all(
            "SELECT id, run, created_at, closed_at, desk, instrument, side, quantity, entry_price, exit_price, fees,"
            " pnl, reason FROM trades WHERE run = ANY(%(runs)s) AND status = 'closed'"
            " ORDER BY closed_at DESC, closed_seq DESC LIMIT %(limit)s",
            limit=limit,
        )

    def positions(self) -> list[Found]:
        """What is held, by desk and position."""
        return self._all(
            "SELECT desk, position, instrument, lots, quantity, cost, realised, fees, updated_at FROM positions"
            " WHERE run = %(run)s AND lots <> 0 ORDER BY desk, position"
        )

    def equity(self, days: float | None = None) -> list[Found]:
        """The account as it was marked, the oldest first."""
        since, until = self._period(days)
        return self._all(sql.EQUITY, since=since, until=until)

    def daily(self) -> list[Found]:
        """Each UTC day's counts, P&L and last equity, the oldest first."""
        return self._all("SELECT * FROM daily_performance WHERE run = ANY(%(runs)s) ORDER BY day, run")

    def halts(self) -> list[Found]:
        """The latches that are set, the oldest first."""
        return self._all(
            "SELECT created_at, desk, rule, by, reason FROM halts"
            " WHERE run = %(run)s AND released_at IS NULL ORDER BY seq"
        )

    def why(self, desk: str, at: datetime | None = None) -> Found:
        """Turns without a candidate, and verdicts, by reason, in one hour of `desk`: that of `at`, else the last."""
        known = [
            row["desk"]
            for row in self._all(
                "SELECT desk ->> 'name' AS desk FROM runs, jsonb_array_elements(configuration -> 'desks') desk"
                " WHERE run = ANY(%(runs)s) UNION SELECT desk FROM counters WHERE run = ANY(%(runs)s)"
                " UNION SELECT desk FROM candidates WHERE run = ANY(%(runs)s) ORDER BY desk"
            )
        ]
        if desk not in known:
            near = difflib.get_close_matches(desk, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it counted for {', '.join(known) or 'no desk'}"
            raise UsageError(f"run {self.run} has no record of desk {desk!r}; {hint}")
        if at is None:
            last = self._one(
                # A run that ends on the hour counts its last bar in an hour of no length: the one before is meant.
                "SELECT COALESCE(max(from_at) FILTER (WHERE to_at > from_at), max(from_at)) AS at FROM counters"
                " WHERE run = ANY(%(runs)s) AND desk = %(desk)s",
                desk=desk,
            )["at"]
            at = last or self._period(None)[1] or EPOCH
        begin = at.replace(minute=0, second=0, microsecond=0)
        span = {"desk": desk, "since": begin, "until": begin + HOUR}
        return {
            "run": self.run,
            "desk": desk,
            "from": begin,
            "to": begin + HOUR,
            "turns": self._all(sql.TURNS, **span),
            "verdicts": self._all(sql.DESK_VERDICTS, **span),
        }

    def trace(self, packet: str) -> Found:
        """The path of `packet` (a seq or an id): its candidate, all packets about it in order, and how it `ended`.

        UsageError for what is neither; NotAvailable if the tables have no decision about it.
        """
        run, seq = self._packet(packet)
        about = self._connection.cursor(row_factory=dict_row)
        candidate = about.execute(
            "SELECT * FROM candidates WHERE run = %(run)s AND seq = COALESCE((SELECT candidate FROM packets"
            " WHERE run = %(run)s AND seq = %(seq)s), (SELECT min(seq) FROM candidates"
            " WHERE run = %(run)s AND trace = %(seq)s))",
            {"run": run, "seq": seq},
        ).fetchone()
        wanted = {"run": run, "seq": seq, "candidate": candidate and candidate["seq"]}
        path = about.execute(sql.PATH if candidate else sql.TRACE, wanted).fetchall()
        if not path:
            raise NotAvailable(
                f"Packet {packet} of run {run} led to no decision, so the database does not have it; its journal does:"
                f" tradeworthy replay {run}"
            )
        if candidate and candidate["verdict"]:
            ended = f"{candidate['verdict']} {candidate['reason']}".strip()
        else:
            ended = f"{'open' if candidate else 'no candidate'} at {path[-1]['type']}"
        return {"run": run, "packet": seq, "candidate": candidate, "path": path, "ended": ended}

    def _chain(self, run: str) -> list[str]:
        known = [
            str(name)
            for (name,) in self._connection.execute(
                "SELECT run FROM runs ORDER BY registered_at DESC, run DESC"
            )
        ]
        if not known:
            raise NotAvailable("There is no run in the database yet; start one with: tradeworthy demo")
        if run and run not in known:
            near = difflib.get_close_matches(run, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the newest is {known[0]}"
            raise UsageError(f"There is no run {run!r}; {hint}")
        found = self._connection.execute(
            "WITH RECURSIVE chain (run, parent, depth) AS ("
            " SELECT run, parent, 0 FROM runs WHERE run = %s"
            " UNION ALL SELECT runs.run, runs.parent, depth + 1 FROM runs JOIN chain ON runs.run = chain.parent"
            ") CYCLE run SET again USING path SELECT run FROM chain WHERE NOT again ORDER BY depth",
            [run or known[0]],
        )
        return [str(name) for (name,) in found]

    def _packet(self, packet: str) -> tuple[str, int]:
        if packet.isdecimal():
            return self.run, int(packet)
        try:
            wanted = UUID(packet)
        except ValueError:
            raise UsageError(f"{packet!r} is neither a seq (a number) nor a packet id (a UUID)") from None
        found = self._connection.execute("SELECT run, seq FROM packets WHERE id = %s", [wanted]).fetchone()
        if found is None:
            raise NotAvailable(f"There is no packet {packet} in the database; report shows the ids of trades")
        return str(found[0]), int(found[1])

    def _period(self, days: float | None) -> tuple[datetime | None, datetime | None]:
        """From when (exclusive; None: from the chain's first event) to the chain's last event."""
        if days is not None and not 0 < days < 100_000:
            raise UsageError(f"--days {days:g} is not above 0 and below 100000; give a number of days")
        found = self._one(
            "SELECT min(created_at) AS first, max(last_at) AS last FROM runs WHERE run = ANY(%(runs)s)"
        )
        first, last = found["first"], found["last"]
        if days is None or last is None:
            return first, last
        return max(first, last - timedelta(days=days)), last

    def _strategy(self, strategy: str) -> str | None:
        """`strategy`, None for ""; UsageError if the run has none of that name."""
        if not strategy:
            return None
        known = [row["strategy"] for row in self._all(sql.STRATEGIES)]
        if strategy not in known:
            near = difflib.get_close_matches(strategy, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none yet'}"
            raise UsageError(f"run {self.run} has no strategy {strategy!r}; {hint}")
        return strategy

    def _opportunities(self, span: Found) -> Found:
        """What was found, how long it lasted (session time), and why it was not traded."""
        gaps = self._all(sql.GAPS, **span)
        names = ("detected", "survived", "vanished", "p50_ms", "p90_ms")
        return {
            **{name: gaps[0][name] for name in names},
            "by_method": gaps[1:],
            "not_traded": self._all(sql.NOT_TRADED, **span),
        }

    def _unrealised(self) -> Any:
        last = self._connection.execute(
            "SELECT equity - cash - cost FROM equity WHERE run = %s ORDER BY created_at DESC, seq DESC LIMIT 1",
            [self.run],
        ).fetchone()
        return last[0] if last else 0

    def _all(self, query: LiteralString | Composed, **values: Any) -> list[Found]:
        cursor = self._connection.cursor(row_factory=dict_row)
        return cursor.execute(query, {"run": self.run, "runs": self.runs, **values}).fetchall()

    def _one(self, query: LiteralString | Composed, **values: Any) -> Found:
        return self._all(query, **values)[0]
