"""What a series of the catalog holds, day by day, and where its files lie.

    <catalog>/<venue>/<instrument>/<kind>/manifest.json
    <catalog>/<venue>/<instrument>/<kind>/2025-05-04.parquet     one UTC day of open times

Names are percent-encoded, so that BTC/USDT is one folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.market.gaps import Gap

MANIFEST = "manifest.json"
BARS = "bars_"
"""Kinds of bars are `bars_1m` and so on."""


class Day(msgspec.Struct, frozen=True):
    """One file: `first_ts` and `last_ts` are open times, `gaps` the holes between them.

    `partial` counts the rolled bars that lack some of their source bars.
    """

    rows: int
    sha256: str
    first_ts: int
    last_ts: int
    gaps: list[Gap]
    partial: int = 0


class Source(msgspec.Struct, frozen=True):
    """What a series was rolled from: the kind, and the digest of that series at the time."""

    kind: str
    sha256: str


class Manifest(msgspec.Struct):
    """One series. `dropped` counts the rows that the last import left out, by reason.

    `files` are the venue's archive files that were taken, with their sha256. Only a rolled series has a `source`.
    """

    venue: str
    instrument: str
    kind: str
    step_ns: int
    days: dict[str, Day] = {}
    dropped: dict[str, int] = {}
    version: int = 1
    files: dict[str, str] = {}
    source: Source | None = None

    @property
    def rows(self) -> int:
        """Bars over all days."""
        return sum(day.rows for day in self.days.values())

    @property
    def timeframe(self) -> str:
        """The timeframe of a series of bars."""
        return self.kind.removeprefix(BARS)

    @property
    def partial(self) -> int:
        """Rolled bars over all days that lack some of their source bars."""
        return sum(day.partial for day in self.days.values())

    def gaps(self) -> Iterator[Gap]:
        """Every hole of the series, those between its days too."""
        last = None
        for _, day in sorted(self.days.items()):
            if last is not None and day.first_ts - last > self.step_ns:
                yield last + self.step_ns, day.first_ts
            yield from day.gaps
            last = day.last_ts

    def digest(self) -> str:
        """One hash over the days' hashes, in order."""
        lines = (f"{name} {day.rows} {day.sha256}\n" for name, day in sorted(self.days.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def folder_of(root: Path, venue: str, instrument: str, kind: str) -> Path:
    """Where a series lies. UsageError for a name that can't be a folder's."""
    names = [quote(name, safe=" ") for name in (venue, instrument, kind)]
    for name in names:
        if name.strip(". ") != name or not name:
            raise UsageError(
                f"{name!r} can't name a folder of the catalog: it is empty or has dots or spaces at an end"
            )
    return root.joinpath(*names)


def read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`; NotAvailable if there is none, UsageError if it is damaged."""
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotAvailable(
            f"the catalog has no {path}; import the data first: tradeworthy data import DIR"
        ) from error
    except msgspec.DecodeError as error:
        raise UsageError(
            f"{path} is no manifest ({error}); delete its folder and import the data again"
        ) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in `folder`."""
    write_whole(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def write_whole(path: Path, content: bytes) -> None:
    """Write `path` so that after a crash it holds either what it held or `content`."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} can't be written: {error.strerror}; free the disk or name another folder"
        ) from error
    finally:
        fresh.unlink(missing_ok=True)
