"""Writes one run's rows: all changes of some whole turns, and how far the journal was read, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tradeworthy.journal.reader import Record
from tradeworthy.journal.segments import START, Header, Place
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.money import Scale
from tradeworthy.store.alert_rows import known_alerts
from tradeworthy.store.changes import Changes, Row
from tradeworthy.store.learning_queries import known_learning, known_uptrend
from tradeworthy.store.rows import Known
from tradeworthy.store.schema import KEYS, MERGE, metadata
from tradeworthy.store.trade_rows import OpenTrade, RecentFill
from tradeworthy.store.values import at_or_none

Connection = psycopg.Connection[Any]

UPDATED = frozenset({"candidates", "orders", "trades", "halts", "opportunities", "uptrend_positions"})
"""Tables whose changed rows always stand there already; the other keyed ones take a changed row as a new one."""

ROW_TABLES = tuple(table.name for table in metadata.sorted_tables if table.name != "runs")
"""Every table that rows of a run stand in."""


class Behind(Exception):
    """Someone else has projected this run in between: what was read must be read again from the tables' place."""


class RunTables:
    """The rows of the run that `header` tells of, through one connection that is its own."""

    def __init__(self, connection: Connection, header: Header) -> None:
        self._connection = connection
        self._header = header
        self._place = START

    def begin(self) -> tuple[Place, Known]:
        """Register the run if it is new; where in its journal the tables stand, and what is open there."""
        header = self._header
        configuration = header.configuration
        with self._connection.transaction():
            self._connection.execute(
                "INSERT INTO runs (run, parent, mode, currency, decision_hash, seed, feed, configuration)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (run) DO NOTHING",
                [
                    header.run,
                    header.parent or None,
                    header.session.get("mode", "paper"),
                    configuration.get("account", {}).get("currency"),
                    header.decision_hash,
                    header.seed,
                    Jsonb(header.feed),
                    Jsonb(configuration),
                ],
            )
            self._place = self._locked_place()
            return self._place, self._known()

    def write(self, changes: Changes, first: Record, last: Record) -> None:
        """Write the `changes` of the records `first` to `last`, and the place after them, at once.

        Behind, and nothing written, if the tables moved on.
        """
        with self._connection.transaction():
            if self._locked_place() != self._place:
                raise Behind
            # Changes first: a position's old trade is closed before its new one is opened.
            for table, changed in changes.changed.items():
                self._merge(table, list(changed.values()))
            for table, rows in changes.new.items():
                self._copy(table, table, rows)
            self._count_fills(changes)
            self._reverse(changes.reversals)
            self._connection.execute(
                "UPDATE runs SET segment = %s, place = %s, chain = %s,"
                " last_seq = GREATEST(last_seq, %s), last_ts = GREATEST(last_ts, %s),"
                " last_at = GREATEST(last_at, %s), created_at = COALESCE(created_at, %s),"
                " alert_state = COALESCE(%s::jsonb, alert_state) WHERE run = %s",
                [
                    *(*last.place, last.seq, last.ts, at_or_none(last.ts), at_or_none(first.ts)),
                    *(changes.alert_state or None, self._header.run),
                ],
            )
        self._place = last.place

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def flush(self) -> None:
        """Have all that was written on the server's disk: a synchronous commit takes those before it along."""
        with self._connection.transaction():
            self._connection.execute("SET LOCAL synchronous_commit = on")
            self._connection.execute("UPDATE runs SET place = place WHERE run = %s", [self._header.run])

    def clear(self) -> None:
        """Take all rows of the run away and stand at its journal's start, to be projected anew."""
        with self._connection.transaction():
            self._locked_place()
            clear_run(self._connection, self._header.run)
        self._place = START

    def _locked_place(self) -> Place:
        found = self._connection.execute(
            "SELECT segment, place, chain FROM runs WHERE run = %s FOR UPDATE", [self._header.run]
        ).fetchone()
        if found is None:
            raise Behind
        return Place(*found)

    def _known(self) -> Known:
        run = [self._header.run]
        known = Known()
        execute = self._connection.execute
        for (event,) in execute(
            "SELECT event -> 'instrument' FROM packets listed WHERE run = %s"
            " AND type IN ('InstrumentListed', 'InstrumentChanged') AND NOT EXISTS (SELECT FROM packets gone"
            " WHERE gone.run = listed.run AND gone.type = 'InstrumentDelisted' AND gone.seq > listed.seq"
            " AND gone.event ->> 'instrument' = listed.event -> 'instrument' ->> 'id') ORDER BY seq",
            run,
        ):
            instrument = msgspec.convert(event, Instrument)
            known.scales[instrument.id] = Scale(instrument)
        for desk, position, *rest in execute(
            "SELECT desk, position, id, lots, lots_held, cost, entry_notional FROM trades"
            " WHERE run = %s AND status = 'open'",
            run,
        ):
            known.trades.open[desk, position] = OpenTrade(*rest)
        for desk, position, cause, *rest in execute(
            "SELECT trade.desk, trade.position, packet.cause, trade.id, trade.lots, 0, trade.cost, trade.entry_notional"
            " FROM trades trade JOIN positions held USING (run, desk, position)"
            " JOIN packets packet ON packet.run = held.run AND packet.seq = held.seq"
            " WHERE trade.run = %s AND trade.status = 'reversed' AND trade.closed_seq IS NULL AND held.lots = 0"
            " ORDER BY trade.seq",
            run,
        ):
            known.trades.flat[desk, position] = OpenTrade(*rest), cause
        for seq, ts, order, maker in execute(
            "SELECT fill.seq, packet.ts, fill.order_ref, fill.maker FROM fills fill"
            " JOIN packets packet ON packet.run = fill.run AND packet.seq = fill.seq"
            " WHERE fill.run = %(run)s AND fill.created_at = (SELECT max(created_at) FROM fills WHERE run = %(run)s)",
            {"run": self._header.run},
        ):
            known.trades.filled[seq] = RecentFill(order, maker)
            known.trades.filled_ts = ts
        for desk, halt in execute(
            "SELECT desk, id FROM halts WHERE run = %s AND released_at IS NULL ORDER BY seq", run
        ):
            known.halts.setdefault(desk, []).append(halt)
        known.uptrend = known_uptrend(self._connection, self._header.run)
        known.learning = known_learning(self._connection, self._header.run)
        known.alerts = known_alerts(self._connection, self._header.run, begun=self._place != START)
        return known

    def _copy(self, table: str, into: str, rows: Iterable[Row]) -> None:
        names = _columns(table)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(into), _listed(names))
        with self._connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row([_clean(row.get(name)) for name in names])

    def _merge(self, table: str, rows: Sequence[Row]) -> None:
        make, merge = _merging(table)
        self._connection.execute(make)
        self._copy(table, f"staged_{table}", rows)
        self._connection.execute(merge)

    def _count_fills(self, changes: Changes) -> None:
        touched = sorted({row["order_ref"] for row in changes.rows("fills")})
        if touched:
            self._connection.execute(
                # Order by order, by their keys: in tables that have no statistics yet a join would scan one for each
                # row of the other.
                "UPDATE orders SET filled_lots = (SELECT COALESCE(sum(lots) FILTER (WHERE status <> 'FAILED'), 0)"
                " FROM fills WHERE fills.run = orders.run AND fills.order_ref = orders.order_ref)"
                " WHERE run = %(run)s AND order_ref = ANY(%(touched)s)",
                {"run": self._header.run, "touched": touched},
            )
            self._connection.execute(
                "UPDATE fills SET latency_ms = EXTRACT(EPOCH FROM fills.created_at - orders.created_at) * 1000"
                " FROM orders WHERE fills.run = %(run)s AND fills.order_ref = ANY(%(touched)s)"
                " AND orders.run = fills.run AND orders.order_ref = fills.order_ref AND fills.latency_ms IS NULL",
                {"run": self._header.run, "touched": touched},
            )

    def _reverse(self, reversals: Sequence[Row]) -> None:
        for row in reversals:
            self._connection.execute(
                "UPDATE trades SET status = 'reversed' WHERE run = %(run)s AND desk = %(desk)s"
                " AND position = %(position)s AND closed_at = %(closed_at)s AND closed_seq < %(seq)s"
                " AND status = 'closed'",
                row,
            )


def clear_run(connection: Connection, run: str) -> None:
    """Within a transaction: take all rows of `run` away; the run itself stays, at its journal's start."""
    for table in ROW_TABLES:
        connection.execute(sql.SQL("DELETE FROM {} WHERE run = %s").format(sql.Identifier(table)), [run])
    connection.execute(
        "UPDATE runs SET segment = %s, place = %s, chain = %s, last_seq = 0, last_ts = 0, last_at = NULL,"
        " created_at = NULL, alert_state = NULL WHERE run = %s",
        [*START, run],
    )


def _clean(value: Any) -> Any:
    """PostgreSQL's text holds any character but NUL."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


@cache
def _columns(table: str) -> tuple[str, ...]:
    return tuple(column.name for column in metadata.tables[table].columns)


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


@cache
def _merging(table: str) -> tuple[sql.Composed, sql.Composed]:
    """The statement that makes the staging table of `table`, and the one that merges it."""
    names, keys = _columns(table), KEYS[table]
    target, staged = sql.Identifier(table), sql.Identifier(f"staged_{table}")
    make = sql.SQL(
        "CREATE TEMPORARY TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS AS SELECT * FROM {} WITH NO DATA"
    ).format(staged, target)
    later = sql.Identifier("later" if table in UPDATED else "excluded")
    assignments = sql.SQL(", ").join(
        _assignment(table, name, later)
        for name in names
        if name not in keys and metadata.tables[table].columns[name].info.get(MERGE) != "keep"
    )
    if table in UPDATED:
        same = sql.SQL(" AND ").join(
            sql.SQL("{0}.{1} = later.{1}").format(target, sql.Identifier(key)) for key in keys
        )
        return make, sql.SQL("UPDATE {} SET {} FROM {} later WHERE {}").format(
            target, assignments, staged, same
        )
    return make, sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT ({}) DO UPDATE SET {}").format(
        target, _listed(names), _listed(names), staged, _listed(keys), assignments
    )


def _assignment(table: str, name: str, later: sql.Identifier) -> sql.Composed:
    how = str(metadata.tables[table].columns[name].info.get(MERGE, "set"))
    if how.startswith("with "):
        return sql.SQL("{1} = CASE WHEN {2}.{3} IS NULL THEN {0}.{1} ELSE {2}.{1} END").format(
            sql.Identifier(table), sql.Identifier(name), later, sql.Identifier(how.removeprefix("with "))
        )
    forms = {
        "set": "{1} = COALESCE({2}.{1}, {0}.{1})",
        "sum": "{1} = COALESCE({0}.{1}, 0) + COALESCE({2}.{1}, 0)",
        "greatest": "{1} = GREATEST({0}.{1}, {2}.{1})",
    }
    return sql.SQL(forms[how]).format(sql.Identifier(table), sql.Identifier(name), later)
