"""Whether a series of the catalog is whole: contiguous from a first day to yesterday, and its files as recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import msgspec

from tradeworthy.core.errors import NotAvailable
from tradeworthy.gateways.catalog.catalog import DAY_NS, Catalog, holds
from tradeworthy.gateways.catalog.manifest import BARS, Day, Manifest
from tradeworthy.market.gaps import Gap, last_whole_day, missing_days


class Wholeness(msgspec.Struct, frozen=True):
    """What a series has and lacks from `first_day` to `last_day` (UTC).

    `holes` are the bars missing within days that are there, those at a day's begin and end too: open times (ns) of the
    first missing one and of the next after them. `partial` counts rolled bars that lack source bars. `damaged` are
    days whose file is not what was written, `stale` says that the series it was rolled from has changed since.
    """

    venue: str
    instrument: str
    timeframe: str
    first_day: str
    last_day: str
    bars: int
    bars_expected: int
    days_missing: list[str]
    holes: list[Gap]
    partial: int
    damaged: list[str]
    stale: bool

    @property
    def whole(self) -> bool:
        """Whether nothing is missing and nothing is wrong."""
        return not (self.days_missing or self.holes or self.partial or self.damaged or self.stale)


def check_series(
    catalog: Catalog, manifest: Manifest, today: date, first: date | None = None, last: date | None = None
) -> Wholeness:
    """Judge a series from `first` (default: the first day there is) to `last` (default: the day before `today`).

    A series that begins at `today` has no day to judge: NotAvailable. UsageError for a `last` that is not over.
    """
    first = first or date.fromisoformat(min(manifest.days, default=str(today)))
    if last is None and first >= today:
        raise NotAvailable(
            f"{manifest.venue}/{manifest.instrument} {manifest.timeframe} has no day before {today} to check:"
            " a day is checked when it is over"
        )
    last = last or last_whole_day(today)
    there = {date.fromisoformat(name): day for name, day in manifest.days.items()}
    missing = missing_days(there, first, last, today)
    judged = {day: held for day, held in sorted(there.items()) if first <= day <= last}
    return Wholeness(
        venue=manifest.venue,
        instrument=manifest.instrument,
        timeframe=manifest.timeframe,
        first_day=str(first),
        last_day=str(last),
        bars=sum(held.rows for held in judged.values()),
        bars_expected=((last - first).days + 1) * (DAY_NS // manifest.step_ns),
        days_missing=[str(day) for day in missing],
        holes=[hole for day, held in judged.items() for hole in holes_of(day, held, manifest.step_ns)],
        partial=sum(held.partial for held in judged.values()),
        damaged=[
            str(day) for day, held in judged.items() if not holds(catalog.file(manifest, str(day)), held)
        ],
        stale=is_stale(catalog, manifest),
    )


def holes_of(day: date, held: Day, step_ns: int) -> Sequence[Gap]:
    """The bars missing within a day, those before its first bar and after its last too."""
    begins = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000_000
    before = [(begins, held.first_ts)] if held.first_ts > begins else []
    after_last, ends = held.last_ts + step_ns, begins + DAY_NS
    return [*before, *held.gaps, *([(after_last, ends)] if after_last < ends else [])]


def is_stale(catalog: Catalog, manifest: Manifest) -> bool:
    """Whether a rolled series' source has other bars than when it was rolled."""
    if manifest.source is None:
        return False
    timeframe = manifest.source.kind.removeprefix(BARS)
    source = catalog.find(manifest.venue, manifest.instrument, timeframe)
    return source is not None and source.digest() != manifest.source.sha256
