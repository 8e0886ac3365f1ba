"""Files of a recorded data set as frames, or one line that says what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tradeworthy.core.errors import NotAvailable, UsageError


def collected(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """The `columns` of a Parquet file, or of all files that a pattern meets, in order of their names.

    NotAvailable if there is none, UsageError if one can't be read or lacks a column.
    """
    if not any(path.parent.glob(path.name)):
        raise NotAvailable(f"there is no {path}")
    try:
        return pl.read_parquet(path, columns=list(columns), hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error, columns) from error


def unreadable(path: Path, error: Exception, columns: Sequence[str]) -> UsageError:
    """The one line that a user sees of a file that can't be read."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return UsageError(f"{path} can't be read ({said}); it must have {', '.join(columns)}")


def stamps_ns(column: str) -> pl.Expr:
    """A column of timestamps (without a zone: UTC) as ns."""
    return pl.col(column).dt.epoch("ns")
