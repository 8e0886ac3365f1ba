"""Reads a series of values over time from a Parquet or CSV file: an index, a price, somebody's equity."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tradeworthy.core.errors import UsageError
from tradeworthy.reporting.drawing import Point

if TYPE_CHECKING:
    import polars as pl

TIMES = (
    *("close_time", "closed_at", "time", "timestamp", "ts", "datetime", "date", "day", "created_at", "at"),
    *("open_time", "opened_at", "open_at"),
)
"""Columns that are taken for the time, the first that is there."""

CLOSES = frozenset({"close_time", "closed_at"})
"""Of those, the ones that say when a bar closed: with any other a file of bars has them by their open time."""

VALUES = ("close", "value", "adj_close", "adj close", "price", "equity", "index", "level")
SYMBOLS = ("symbol", "instrument", "ticker")
UNITS = ((10**17, 1e9), (10**14, 1e6), (10**11, 1e3), (0, 1.0))
"""From which number on a time counts so many parts of a second."""


def read_series(named: str) -> tuple[str, list[Point]]:
    """The name and the points of the series in `named`: FILE, or FILE:SYMBOL of a file that has several.

    Times are UTC seconds, rising: a date counts at its end, a bar at its close. UsageError for a file that is none,
    for columns that are not there, and for a value that is no finite number above 0.
    """
    import polars as pl

    file, _, symbol = (named, "", "") if Path(named).exists() else named.rpartition(":")
    path = Path(file or named)
    try:
        frame = (
            pl.read_parquet(path)
            if path.suffix.lower() in {".parquet", ".pq"}
            else pl.read_csv(path, try_parse_dates=True, infer_schema_length=None)
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        refuse(named, f"it can't be read: {str(error).splitlines()[0]}", "give a Parquet or CSV file")
    by = {name.strip().lower(): name for name in reversed(frame.columns)}
    time, value = _column(named, by, TIMES, "time"), _column(named, by, VALUES, "close")
    has_opens = time.startswith("open") or ("open" in by and time not in CLOSES)
    frame = _one_symbol(named, frame, by, symbol)
    return symbol or path.stem, _points(
        named, frame.select(time=by[time], value=by[value]), has_opens=has_opens
    )


def refuse(named: str, why: str, step: str) -> NoReturn:
    """Raise UsageError: what is wrong with the benchmark `named`, and what to do."""
    raise UsageError(f"--benchmark {named}: {why}; {step}")


def _column(named: str, by: dict[str, str], wanted: tuple[str, ...], what: str) -> str:
    found = next((name for name in wanted if name in by), None)
    if found is None:
        had = ", ".join(sorted(by.values())) or "none"
        refuse(named, f"its columns are {had}: none is a {what}", f"call one {what!r}")
    return found


def _one_symbol(named: str, frame: pl.DataFrame, by: dict[str, str], symbol: str) -> pl.DataFrame:
    import polars as pl

    column = next((by[name] for name in SYMBOLS if name in by), None)
    if column is None:
        return frame
    there = sorted(str(name) for name in frame[column].unique())
    if not symbol and len(there) > 1:
        refuse(named, f"it has {len(there)} symbols", f"name one: {named}:{there[0]}")
    if symbol and symbol not in there:
        refuse(named, f"it has no {symbol}", f"it has {', '.join(there[:20])}")
    return frame.filter(pl.col(column).cast(pl.String) == symbol) if symbol else frame


def _points(named: str, frame: pl.DataFrame, *, has_opens: bool) -> list[Point]:
    import polars as pl

    if frame.is_empty():
        refuse(named, "it has no rows", "give a series with values")
    is_dates = frame["time"].dtype == pl.Date
    seconds = _seconds(named, frame["time"])
    try:
        values = frame["value"].cast(pl.Float64)
    except pl.exceptions.PolarsError:
        refuse(named, f"its values are {frame['value'].dtype}", "give numbers")
    rows: list[Point] = []
    for place, (at, value) in enumerate(zip(seconds, values, strict=True), 1):
        if at is None or value is None or not 0.0 < value < float("inf"):
            wrong = "no time" if at is None else f"the value {value}"
            refuse(named, f"row {place} has {wrong}, and a value is a finite number above 0", "correct it")
        rows.append((at, value))
    rows.sort()
    steps = [after[0] - before[0] for before, after in itertools.pairwise(rows)]
    if 0.0 in steps:
        refuse(named, "a time stands there twice", "keep one row for each time")
    later = 86_400.0 if is_dates else min(steps, default=0.0) if has_opens else 0.0
    return [(at + later, value) for at, value in rows]


def _seconds(named: str, column: pl.Series) -> list[float | None]:
    """UTC seconds: of dates and times, of ISO texts, or of numbers by their size."""
    import polars as pl

    if column.dtype == pl.String:
        try:
            column = column.str.to_datetime(time_unit="us", time_zone="UTC")
        except pl.exceptions.PolarsError:
            refuse(named, f"its times are texts like {column[0]!r}", "write them as 2025-01-31T23:59:00Z")
    if column.dtype.is_temporal():
        whole = column.cast(pl.Datetime("us")) if column.dtype == pl.Date else column.dt.cast_time_unit("us")
        return [None if at is None else at / 1e6 for at in whole.dt.epoch("us").to_list()]
    if not column.dtype.is_numeric():
        refuse(named, f"its times are {column.dtype}", "give dates, times or numbers")
    return [
        None if at is None else at / next(part for least, part in UNITS if abs(at) >= least) for at in column
    ]
