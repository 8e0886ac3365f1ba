"""What is missing from a series that should have no holes: bars by their open times, and whole days (UTC)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from tradeworthy.core.errors import UsageError

DAY = timedelta(days=1)

Gap = tuple[int, int]
"""Open times in ns: of the first missing bar, and of the next one there is."""


def holes(opened: NDArray[np.int64], step_ns: int) -> list[Gap]:
    """The holes between bars whose open times (ns) rise and lie on the grid of `step_ns`."""
    before = np.flatnonzero(np.diff(opened) > step_ns)
    starts = (opened[before] + step_ns).tolist()
    return list(zip(starts, opened[before + 1].tolist(), strict=True))


def days_through(first: date, last: date) -> Iterator[date]:
    """Each day from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + number * DAY


def last_whole_day(today: date) -> date:
    """Yesterday: a series can be whole up to then, as `today` is not over and its file is not there yet."""
    return today - DAY


def missing_days(there: Collection[date], first: date, last: date, today: date) -> list[date]:
    """The days from `first` to `last` that are not `there`; UsageError if `last` is not over or before `first`."""
    if last > last_whole_day(today):
        raise UsageError(
            f"{last} is not over: a series can be whole up to {last_whole_day(today)} (UTC); name that day or earlier"
        )
    if last < first:
        raise UsageError(f"the days from {first} to {last} are none; the first must not be after the last")
    return [day for day in days_through(first, last) if day not in there]


def stretches(days: Iterable[date]) -> list[tuple[date, date]]:
    """Rising `days` as stretches without a hole: the first and the last day of each."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day - found[-1][1] == DAY:
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return found
