"""The catalog: bars on disk by venue, instrument, kind and day."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
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
from tradeworthy.market.gaps import holes

DAY_NS = TIMEFRAMES_NS["1d"]

SCHEMA: dict[str, pl.DataType] = {"ts": pl.Int64(), **dict.fromkeys(FIGURES, pl.Float64())}
"""Columns of a frame of bars: open time in UTC ns, then figures. In files `ts` is a timestamp in UTC."""


def as_recorded(path: Path, day: Day) -> Path:
    """`path`, if it holds what its manifest says; else UsageError."""
    if not holds(path, day):
        raise UsageError(f"{path} is not the file of its manifest ({day.rows} rows); import the data again")
    return path


def holds(path: Path, day: Day) -> bool:
    """Whether `path` is there and is what its manifest says."""
    return path.is_file() and digest_of(path) == day.sha256


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
        """What there is, ordered by venue, instrument and timeframe."""
        found = [read_manifest(path.parent) for path in self.root.glob(f"*/*/*/{MANIFEST}")]
        return sorted(found, key=lambda one: (one.venue, one.instrument, one.step_ns))

    def find(self, venue: str, instrument: str, timeframe: str) -> Manifest | None:
        """The manifest of a series of bars, if the catalog has it."""
        folder = folder_of(self.root, venue, instrument, BARS + timeframe)
        return read_manifest(folder) if (folder / MANIFEST).is_file() else None

    def read(self, series: Sequence[Manifest], from_ts: int, to_ts: int) -> pl.DataFrame:
        """Bars opened in [from_ts, to_ts): SCHEMA and `instrument`, the index in `series`.

        Sorted within each series. UsageError if a file is not as its manifest says.
        """
        held = [
            (number, as_recorded(self.file(manifest, name), day), day)
            for number, manifest in enumerate(series)
            for name, day in sorted(manifest.days.items())
            if day.last_ts >= from_ts and day.first_ts < to_ts
        ]
        if not held:
            return pl.DataFrame(schema={**SCHEMA, "instrument": pl.UInt32()})
        frame = pl.read_parquet([path for _, path, _ in held], columns=list(SCHEMA), glob=False)
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

    def file(self, manifest: Manifest, name: str) -> Path:
        """The file of a day."""
        return self.folder(manifest) / f"{name}.parquet"

    def add(
        self,
        venue: str,
        instrument: str,
        timeframe: str,
        bars: pl.DataFrame,
        dropped: dict[str, int],
        origin: tuple[str, str] | None = None,
    ) -> Manifest:
        """Add clean, sorted `bars` (SCHEMA) to a series: a bar replaces the one that has its stamp.

        Days that hold just these bars already are not written again. The manifest notes what was `dropped` (added up
        over archive files), and `origin`, an archive file and its sha256. UsageError if the series was rolled.
        """
        manifest = self.begin(venue, instrument, timeframe)
        if manifest.source:
            raise UsageError(
                f"the {timeframe} bars of {venue}/{instrument} were rolled from {manifest.source.kind}; delete"
                f" {self.folder(manifest)} before others take their place"
            )
        for name, frame in by_day(bars):
            self._merge(manifest, name, frame)
        if origin:
            manifest.files[origin[0]] = origin[1]
            dropped = dict(Counter(manifest.dropped) + Counter(dropped))
        manifest.dropped = dropped
        self.save(manifest)
        return manifest

    def replace(self, manifest: Manifest, bars: pl.DataFrame) -> None:
        """Let a series hold `bars` (SCHEMA, with counts of source bars) and nothing else, and save its manifest."""
        days = dict(by_day(bars))
        gone = [name for name in manifest.days if name not in days]
        for name, frame in days.items():
            self._put(manifest, name, frame)
        for name in gone:
            del manifest.days[name]
        self.save(manifest)
        for name in gone:
            self.file(manifest, name).unlink(missing_ok=True)

    def begin(self, venue: str, instrument: str, timeframe: str) -> Manifest:
        """The manifest of a series of bars, a new one if there is none yet; its folder is there."""
        kind = BARS + timeframe
        folder = folder_of(self.root, venue, instrument, kind)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"the folder {folder} can't be made: {error.strerror}; name another catalog"
            ) from error
        known = self.find(venue, instrument, timeframe)
        return known or Manifest(venue, instrument, kind, TIMEFRAMES_NS[timeframe])

    def save(self, manifest: Manifest) -> None:
        """Replace the manifest of a series."""
        write_manifest(self.folder(manifest), manifest)

    def _merge(self, manifest: Manifest, name: str, frame: pl.DataFrame) -> None:
        """Add a day's bars to those that are there; what a damaged file held is gone."""
        if name in manifest.days and holds(self.file(manifest, name), manifest.days[name]):
            start = int(frame["ts"][0]) // DAY_NS * DAY_NS
            old = self.read([manifest], start, start + DAY_NS).drop("instrument")
            frame = pl.concat([old, frame]).unique("ts", keep="last").sort("ts")
            if frame.equals(old):
                return
        self._put(manifest, name, frame)

    def _put(self, manifest: Manifest, name: str, frame: pl.DataFrame) -> None:
        """Write a day unless its file has just this content."""
        content = content_of(frame)
        fresh = day_of(frame, manifest.step_ns, hashlib.sha256(content).hexdigest())
        path = self.file(manifest, name)
        if manifest.days.get(name) != fresh or not holds(path, fresh):
            write_whole(path, content)
            manifest.days[name] = fresh


def by_day(bars: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Sorted `bars` by the UTC day of their open time."""
    for frame in bars.with_columns(day=pl.col("ts") // DAY_NS).partition_by("day", include_key=False):
        yield day_name(int(frame["ts"][0])), frame


def content_of(frame: pl.DataFrame) -> bytes:
    """The Parquet file of one day's bars."""
    content = io.BytesIO()
    stamped = frame.with_columns(pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC"))
    stamped.write_parquet(content, compression="zstd", statistics=False)
    return content.getvalue()


def day_of(frame: pl.DataFrame, step_ns: int, sha256: str) -> Day:
    """What the file of one day's bars holds."""
    opened = frame["ts"].to_numpy()
    return Day(
        rows=frame.height,
        sha256=sha256,
        first_ts=int(opened[0]),
        last_ts=int(opened[-1]),
        gaps=holes(opened, step_ns),
        partial=int((frame["present"] < frame["expected"]).sum()) if "present" in frame.columns else 0,
    )
