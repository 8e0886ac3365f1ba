"""Import of recorded bars into the catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.catalog.catalog import SCHEMA, Catalog
from tradeworthy.gateways.feeds.checking import REASONS, Checked
from tradeworthy.gateways.feeds.files import STAMP_MAX, bad_file, open_bars
from tradeworthy.gateways.feeds.recorded import STEMS
from tradeworthy.gateways.feeds.rows import FIGURES
from tradeworthy.market.bars import TIMEFRAMES_NS

ROWS_AT_A_TIME = 1_000_000
"""Rows held in memory while a file is imported."""


class Imported(msgspec.Struct, frozen=True):
    """An import of one series: `bars` taken, rows `dropped` by reason; `gaps` are the whole series'."""

    file: str
    venue: str
    instrument: str
    timeframe: str
    bars: int
    dropped: dict[str, int]
    gaps: int


def bar_files(folder: Path, timeframes: Collection[str] = ()) -> list[tuple[Path, str]]:
    """The folder's files of bars with their timeframes (all known ones if none is named), shortest first."""
    if not folder.is_dir():
        raise NotAvailable(f"there is no folder {folder} to import from")
    for timeframe in timeframes:
        if timeframe not in TIMEFRAMES_NS:
            raise UsageError(f"timeframe {timeframe!r} is unknown; it is one of {', '.join(TIMEFRAMES_NS)}")
    found = [
        (path, timeframe)
        for timeframe in TIMEFRAMES_NS
        if not timeframes or timeframe in timeframes
        for stem in STEMS
        if (path := folder / f"{stem}_{timeframe}.parquet").is_file()
    ]
    if not found:
        names = " or ".join(f"{stem}_<timeframe>.parquet" for stem in STEMS)
        raise NotAvailable(
            f"{folder} has no {names} of the timeframes {', '.join(timeframes or TIMEFRAMES_NS)}"
        )
    return found


def import_folder(
    catalog: Catalog,
    folder: Path,
    venue: str,
    *,
    timeframes: Collection[str] = (),
    instruments: Collection[str] = (),
    progress: Callable[[Imported], None] = lambda _: None,
) -> list[Imported]:
    """Import the folder's bars as `venue`'s; all timeframes and symbols unless some are named.

    Rows that are no bars (see checking) are left out and counted: they are holes of the series from then on.
    """
    done = []
    for path, timeframe in bar_files(folder, timeframes):
        for imported in _import_file(catalog, path, venue, timeframe, instruments):
            progress(imported)
            done.append(imported)
    return done


def _import_file(
    catalog: Catalog, path: Path, venue: str, timeframe: str, instruments: Collection[str]
) -> Iterator[Imported]:
    bars = open_bars(path)
    try:
        counts = bars.group_by("symbol").agg(
            pl.len(), pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last")
        )
        stampless = bars.select((pl.col("ts").is_null() | pl.col("symbol").is_null()).sum()).collect().item()
        rows = {symbol: count for symbol, count, _, _ in _checked_counts(path, stampless, counts.collect())}
        unknown = sorted(set(instruments) - set(rows))
        if unknown:
            raise UsageError(f"{path} has no symbol {unknown[0]!r}; it has {', '.join(rows)}")
        for symbols in _groups({symbol: rows[symbol] for symbol in instruments or rows}):
            frame = bars.filter(pl.col("symbol").is_in(symbols)).collect()
            for symbol in symbols:
                mine = frame.filter(pl.col("symbol") == symbol).drop("symbol")
                yield import_rows(catalog, path.name, (venue, symbol, timeframe), mine)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise bad_file(path, error) from error


def _checked_counts(path: Path, stampless: int, counts: pl.DataFrame) -> list[tuple[str, int, int, int]]:
    """Symbol, rows, first and last stamp; UsageError if a row can't be placed in time."""
    if stampless:
        raise UsageError(f"{path} has {stampless} rows without a stamp or a symbol; remove them")
    rows = counts.sort("symbol").rows()
    for symbol, _, first, last in rows:
        if first < 0 or last > STAMP_MAX:
            raise UsageError(
                f"{path} has stamps of {symbol} from {first} to {last} ns; they must be in 1970 to 2116"
            )
    return rows


def _groups(rows: dict[str, int]) -> Iterator[list[str]]:
    """Symbols that are read together: each file is read as few times as memory allows."""
    group: list[str] = []
    held = 0
    for symbol, count in rows.items():
        if group and held + count > ROWS_AT_A_TIME:
            yield group
            group, held = [], 0
        group.append(symbol)
        held += count
    if group:
        yield group


def import_rows(
    catalog: Catalog,
    file: str,
    series: tuple[str, str, str],
    frame: pl.DataFrame,
    origin: tuple[str, str] | None = None,
) -> Imported:
    """Import `frame` (`ts` in UTC ns and FIGURES, in any order) as the series (venue, symbol, timeframe).

    Rows that are no bars are left out and counted. `origin` is the archive file they are from, and its sha256.
    """
    venue, symbol, timeframe = series
    numbered = frame.with_columns(instrument=pl.lit(0, pl.UInt32))
    checked = Checked(numbered, TIMEFRAMES_NS[timeframe], np.full(1, -1, np.int64))
    good = checked.reason == 0
    columns = {"ts": checked.opened[good]} | {
        name: column[good] for name, column in zip(FIGURES, checked.figures, strict=True)
    }
    counts = np.bincount(checked.reason, minlength=len(REASONS)).tolist()
    dropped = {REASONS[code]: count for code, count in enumerate(counts) if code and count}
    bars = pl.DataFrame(columns, schema=SCHEMA)
    manifest = catalog.add(venue, symbol, timeframe, bars, dropped, origin)
    gaps = sum(1 for _ in manifest.gaps())
    return Imported(file, venue, symbol, timeframe, counts[0], dropped, gaps)
