"""The catalog: bars on disk by venue, instrument, kind and day."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.catalog.manifest import (
    BARS,
    MANIFEST,
    Day,
    Manifest,
    folder_of,
    read_manifest,
    write_manifest,
    write_whole,
)
from tradeworthy.gateways.feeds.files import digest_of
from tradeworthy.gateways.feeds.rows import FIGURES
from tradeworthy.market.bars import TIMEFRAMES_NS

DAY_NS = TIMEFRAMES_NS["1d"]

SCHEMA: dict[str, pl.DataType] = {"ts": pl.Int64(), **dict.fromkeys(FIGURES, pl.Float64())}
"""Columns of a frame of bars: open time in UTC ns, then figures. In files `ts` is a timestamp in UTC."""


def as_recorded(path: Path, day: Day) -> Path:
    """`path`, if it holds what its manifest says; else UsageError."""
    try:
        found = digest_of(path)
    except FileNotFoundError:
        found = ""
    if found != day.sha256:
        raise UsageError(f"{path} is not the file of its manifest ({day.rows} rows); import the data again")
    return path


def day_name(ts: int) -> str:
    """The UTC day of `ts` (ns), as its file is named."""
    return datetime.fromtimestamp(ts // 1_000_000_000, UTC).strftime("%Y-%m-%d")


class Catalog:
    """A folder of bars. Files are replaced whole, and the manifest last."""

    def __init__(self, root: Path) -> None:
        if root.exists() and not root.is_dir():
            raise UsageError(f"the catalog {root} is a file; name a folder")
        self.root = root

    def list(self) -> list[Manifest]:
        """What there is, ordered by venue, instrument and kind."""
        found = [read_manifest(path.parent) for path in self.root.glob(f"*/*/*/{MANIFEST}")]
        return sorted(found, key=lambda one: (one.venue, one.instrument, one.kind))

    def manifest(self, venue: str, instrument: str, timeframe: str) -> Manifest:
        """The manifest of a series of bars; NotAvailable if the catalog has none."""
        return read_manifest(folder_of(self.root, venue, instrument, BARS + timeframe))

    def read(self, series: Sequence[Manifest], from_ts: int, to_ts: int) -> pl.DataFrame:
        """Bars opened in [from_ts, to_ts): SCHEMA and `instrument`, the index in `series`.

        Sorted within each series. UsageError if a file is not as its manifest says.
        """
        held = [
            (number, as_recorded(folder / f"{name}.parquet", day), day)
            for number, manifest in enumerate(series)
            for folder in (self.folder(manifest),)
            for name, day in sorted(manifest.days.items())
            if day.last_ts >= from_ts and day.first_ts < to_ts
        ]
        if not held:
            return pl.DataFrame(schema={**SCHEMA, "instrument": pl.UInt32()})
        frame = pl.read_parquet([path for _, path, _ in held], glob=False)
        numbers = np.repeat(
            np.array([number for number, _, _ in held], np.uint32), [day.rows for _, _, day in held]
        )
        frame = frame.with_columns(pl.col("ts").dt.epoch("ns"), instrument=pl.Series(numbers))
        if all(day.first_ts >= from_ts and day.last_ts < to_ts for _, _, day in held):
            return frame
        return frame.filter((pl.col("ts") >= from_ts) & (pl.col("ts") < to_ts))

    def folder(self, manifest: Manifest) -> Path:
        """Where the files of a series lie."""
        return folder_of(self.root, manifest.venue, manifest.instrument, manifest.kind)

    def add(
        self, venue: str, instrument: str, timeframe: str, bars: pl.DataFrame, dropped: dict[str, int]
    ) -> Manifest:
        """Add clean, sorted `bars` (SCHEMA) to a series: a bar replaces the one that has its stamp.

        Days that hold just these bars already are not written again. `dropped` is noted in the manifest.
        """
        kind = BARS + timeframe
        folder = folder_of(self.root, venue, instrument, kind)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"the folder {folder} can't be made: {error.strerror}; name another catalog"
            ) from error
        known = (folder / MANIFEST).is_file()
        manifest = (
            read_manifest(folder) if known else Manifest(venue, instrument, kind, TIMEFRAMES_NS[timeframe])
        )
        days = bars.with_columns(day=pl.col("ts") // DAY_NS).partition_by("day", include_key=False)
        for frame in days:
            self._add_day(folder, manifest, frame)
        manifest.dropped = dropped
        write_manifest(folder, manifest)
        return manifest

    def _add_day(self, folder: Path, manifest: Manifest, frame: pl.DataFrame) -> None:
        first = int(frame["ts"][0])
        name = day_name(first)
        if name in manifest.days:
            start = first - first % DAY_NS
            old = self.read([manifest], start, start + DAY_NS).drop("instrument")
            merged = pl.concat([old, frame]).unique("ts", keep="last").sort("ts")
            if merged.equals(old):
                return
            frame = merged
        manifest.days[name] = write_day(folder / f"{name}.parquet", frame, manifest.step_ns)


def write_day(path: Path, frame: pl.DataFrame, step_ns: int) -> Day:
    """Write one day's bars (SCHEMA, sorted) and say what the file holds."""
    content = io.BytesIO()
    stamped = frame.with_columns(pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC"))
    stamped.write_parquet(content, compression="zstd", statistics=False)
    write_whole(path, content.getvalue())
    stamps = frame["ts"].to_numpy()
    holes = np.flatnonzero(np.diff(stamps) > step_ns)
    return Day(
        rows=frame.height,
        sha256=digest_of(path),
        first_ts=int(stamps[0]),
        last_ts=int(stamps[-1]),
        gaps=[(int(stamps[at]) + step_ns, int(stamps[at + 1])) for at in holes.tolist()],
    )
