"""Parquet files of bars: opening them, and knowing them by their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds.rows import FIGURES

COLUMNS = ("symbol", "ts", *FIGURES)
"""What a file of bars must have; `ts` is the open time, a timestamp (without a zone: UTC)."""

STAMP_MAX = 1 << 62
"""Stamps from 1970 up to this many ns (the year 2116) are taken; beyond, int64 is too near its end."""

_digests: dict[tuple[int, int, int, int], str] = {}


def digest_of(path: Path) -> str:
    """The file's sha256 in hex; read once for each size and time of change."""
    stat = path.stat()
    key = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    if key not in _digests:
        with path.open("rb") as file:
            _digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _digests[key]


def bad_file(path: Path, error: Exception) -> UsageError:
    """The one line that a user sees of a file that can't be read."""
    said = str(error).strip().splitlines() or [type(error).__name__]
    return UsageError(
        f"{path} can't be read as Parquet ({said[0]});"
        f" replace it by a Parquet file with the columns {', '.join(COLUMNS)}"
    )


def open_bars(path: Path) -> pl.LazyFrame:
    """The file's bars, lazily: symbol, ts (Int64, UTC ns) and FIGURES as floats; UsageError if it is none."""
    try:
        frame = pl.scan_parquet(path)
        schema = frame.collect_schema()
    except FileNotFoundError as error:
        raise NotAvailable(f"there is no file {path}") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise bad_file(path, error) from error
    absent = [name for name in COLUMNS if name not in schema]
    if absent:
        raise UsageError(
            f"{path} lacks {', '.join(absent)}: it has {', '.join(schema)}; bars need {', '.join(COLUMNS)}"
        )
    wanted = {name: "a number" for name in FIGURES if not schema[name].is_numeric()}
    if not isinstance(schema["ts"], pl.Datetime):
        wanted["ts"] = "a timestamp"
    if schema["symbol"] not in (pl.String, pl.Categorical) and not isinstance(schema["symbol"], pl.Enum):
        wanted["symbol"] = "text"
    for name, kind in wanted.items():
        raise UsageError(f"column {name} of {path} is {schema[name]}; it must be {kind}")
    return frame.select(
        pl.col("symbol").cast(pl.String),
        pl.col("ts").dt.epoch("ns"),
        pl.col(FIGURES).cast(pl.Float64),
    )


def symbols_of(path: Path) -> list[str]:
    """The symbols that the file has rows of, sorted; UsageError if it can't be read."""
    try:
        symbols = open_bars(path).select(pl.col("symbol").drop_nulls().unique().sort())
        return symbols.collect(engine="streaming")["symbol"].to_list()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise bad_file(path, error) from error
