"""From the venue's archive into the catalog: which files a range of days needs, and what came of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

import msgspec

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.archive import MARKETS, Archive, ArchiveFile, bars_in
from tradeworthy.gateways.catalog.catalog import DAY_NS, Catalog
from tradeworthy.gateways.catalog.importing import import_rows
from tradeworthy.gateways.catalog.manifest import Manifest
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.gaps import days_through, missing_days

VENUES = {"um": "binance_um", "spot": "binance"}
"""The venue in the catalog, unless another is named."""

MONTH_FROM_DAYS = 10
"""So many days of one month are taken as the month's file, fewer as files by day."""

MONTH_LATE_MAX = timedelta(days=45)
"""A month's file is there so long after the month at the latest; until then its days may be there by themselves."""


class Fetched(msgspec.Struct, frozen=True):
    """What a fetch did to a series: `files` and `bars` taken, rows `dropped` by reason; `gaps` are the whole series'.

    `days_there` were not asked for again; `days_absent` are not in the archive.
    """

    venue: str
    instrument: str
    timeframe: str
    files: int
    bars: int
    dropped: dict[str, int]
    gaps: int
    days_there: int
    days_absent: list[str]


class Wanted(NamedTuple):
    """What to fetch: bars of a `market`'s symbols from `first` to `last`, both included, which are over."""

    market: str
    symbols: Sequence[str]
    timeframe: str
    first: date
    last: date


def check_wanted(wanted: Wanted, today: date) -> None:
    """UsageError for a market, symbol, timeframe or range that there can't be; `today` is the day under way (UTC)."""
    if wanted.market not in MARKETS:
        raise UsageError(f"market {wanted.market!r} is unknown; it is one of {', '.join(MARKETS)}")
    if wanted.timeframe not in TIMEFRAMES_NS:
        raise UsageError(
            f"timeframe {wanted.timeframe!r} is unknown; it is one of {', '.join(TIMEFRAMES_NS)}"
        )
    for symbol in wanted.symbols:
        if not (symbol.isascii() and symbol.replace("_", "").isalnum() and symbol == symbol.upper()):
            raise UsageError(f"symbol {symbol!r} is none of the archive's; they are written like BTCUSDT")
    missing_days((), wanted.first, wanted.last, today)


def fetch(
    archive: Archive,
    catalog: Catalog,
    wanted: Wanted,
    today: date,
    *,
    venue: str = "",
    progress: Callable[[ArchiveFile, int], None] = lambda _, __: None,
) -> list[Fetched]:
    """Take what is wanted and not there yet, file by file; whatever ends it, each file is taken whole or not at all.

    `progress` is told of each file, with the bars that it gave. NotAvailable if the archive has nothing of a symbol.
    """
    check_wanted(wanted, today)
    done = []
    for symbol in wanted.symbols:
        series = _Series(catalog, wanted, venue or VENUES[wanted.market], symbol)
        for file, days in series.files():
            _take(archive, series, file, days, today, progress)
        if series.absent and not series.bars and not series.days_there:
            raise NotAvailable(
                f"the archive {archive.url} has no {wanted.timeframe} bars of {symbol} from {wanted.first} to"
                f" {wanted.last}: check the symbol, the market ({wanted.market}) and the days"
            )
        done.append(series.fetched())
    return done


def _take(
    archive: Archive,
    series: _Series,
    file: ArchiveFile,
    days: list[date],
    today: date,
    progress: Callable[[ArchiveFile, int], None],
) -> None:
    """Take one file; a month that is not there yet is taken by days."""
    content = archive.download(file)
    if content is not None:
        progress(file, series.add(file, content))
    elif file.is_month and today - days[-1] <= MONTH_LATE_MAX:
        for day in days:
            _take(archive, series, series.file_of(str(day)), [day], today, progress)
    else:
        series.absent += days
        progress(file, 0)


class _Series:
    """One series while it is fetched."""

    def __init__(self, catalog: Catalog, wanted: Wanted, venue: str, symbol: str) -> None:
        self._catalog, self._wanted, self._venue, self._symbol = catalog, wanted, venue, symbol
        self.taken, self.bars, self.dropped = 0, 0, Counter[str]()
        self.absent: list[date] = []
        held = catalog.find(venue, symbol, wanted.timeframe)
        days = list(days_through(wanted.first, wanted.last))
        self._days = [day for day in days if not held or not self._is_there(held, day)]
        self.days_there = len(days) - len(self._days)

    def files(self) -> Iterator[tuple[ArchiveFile, list[date]]]:
        """The files that the days still needed are in, with those days."""
        for (year, month), group in groupby(self._days, key=lambda day: (day.year, day.month)):
            days = list(group)
            if len(days) >= MONTH_FROM_DAYS:
                yield self.file_of(f"{year:04}-{month:02}"), days
            else:
                yield from ((self.file_of(str(day)), [day]) for day in days)

    def file_of(self, period: str) -> ArchiveFile:
        """The archive's file of a period."""
        return ArchiveFile(self._wanted.market, self._symbol, self._wanted.timeframe, period)

    def add(self, file: ArchiveFile, content: bytes) -> int:
        """Put the bars of a file into the catalog; how many there were."""
        name = self._venue, self._symbol, self._wanted.timeframe
        origin = file.name, hashlib.sha256(content).hexdigest()
        imported = import_rows(self._catalog, file.name, name, bars_in(file, content), origin)
        self.taken += 1
        self.bars += imported.bars
        self.dropped.update(imported.dropped)
        return imported.bars

    def fetched(self) -> Fetched:
        """What came of it."""
        name = self._venue, self._symbol, self._wanted.timeframe
        held = self._catalog.find(*name)
        gaps = sum(1 for _ in held.gaps()) if held else 0
        absent = [str(day) for day in self.absent]
        return Fetched(*name, self.taken, self.bars, dict(self.dropped), gaps, self.days_there, absent)

    def _is_there(self, held: Manifest, day: date) -> bool:
        """Whether a day is whole, or was taken from the archive as it is there."""
        known = held.days.get(str(day))
        names = (self.file_of(str(day)).name, self.file_of(f"{day.year:04}-{day.month:02}").name)
        return bool(known and known.rows * held.step_ns == DAY_NS) or any(
            name in held.files for name in names
        )
