"""What a number of turns does to the tables: rows that are new, and changes of rows that may stand there already."""

from __future__ import annotations

from datetime import date
from typing import Any

from tradeworthy.store.schema import KEYS, MERGE, metadata

Row = dict[str, Any]

_MERGES: dict[str, dict[str, str]] = {
    table.name: {column.name: str(column.info.get(MERGE, "set")) for column in table.columns}
    for table in metadata.sorted_tables
}

_WITH: dict[str, dict[str, str]] = {
    table: {name: how.removeprefix("with ") for name, how in merges.items() if how.startswith("with ")}
    for table, merges in _MERGES.items()
}

_NONE_THAT_DAY = {name: 0 for name, how in _MERGES["daily_performance"].items() if how == "sum"}


def merge(table: str, row: Row, later: Row) -> None:
    """Let `later` change `row` of the same key, as the columns of `table` say. None says nothing by itself."""
    for name, other in _WITH[table].items():
        if later.get(other) is not None:
            row[name] = later.get(name)
    for name, value in later.items():
        if value is None:
            continue
        how, old = _MERGES[table][name], row.get(name)
        if old is None or how == "set":
            row[name] = value
        elif how == "sum":
            row[name] = old + value
        elif how == "greatest":
            row[name] = max(old, value)


class Changes:
    """Rows to insert by table (`new`), and to merge into rows of their key by table (`changed`), oldest first.

    `reversals` name closed trades that are void, by what a TradeReversed says of them; `alert_state` is what the rules
    of alerts remember after it all, as JSON ("": the same as before).
    """

    def __init__(self) -> None:
        self.new: dict[str, list[Row]] = {}
        self.changed: dict[str, dict[tuple[Any, ...], Row]] = {}
        self.reversals: list[Row] = []
        self.alert_state = ""
        self._keyed: dict[str, dict[tuple[Any, ...], Row]] = {}

    def add(self, table: str, row: Row) -> None:
        """A row that certainly does not stand in the table yet."""
        self.new.setdefault(table, []).append(row)
        if table in KEYS:
            self._keyed.setdefault(table, {})[tuple(row[name] for name in KEYS[table])] = row

    def change(self, table: str, row: Row) -> None:
        """A row to merge into that of its key, here if it is among the new ones, else in the table."""
        key = tuple(row[name] for name in KEYS[table])
        there = self._keyed.get(table, {}).get(key)
        if there is None:
            there = self.changed.setdefault(table, {}).setdefault(key, {})
        merge(table, there, row)

    def daily(self, run: str, day: date, values: Row) -> None:
        """Add `values` to the run's row of the UTC day `day`; a count that they leave out is zero."""
        self.change("daily_performance", {"run": run, "day": day, **_NONE_THAT_DAY, **values})

    def rows(self, table: str) -> list[Row]:
        """All rows of `table`, the new ones first."""
        return [*self.new.get(table, ()), *self.changed.get(table, {}).values()]
