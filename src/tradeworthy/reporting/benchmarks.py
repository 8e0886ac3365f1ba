"""What an account came to beside something that could have been held instead: an index, or its own instruments.

Curves are rising times (UTC seconds since 1970) with values above 0. Both sides are looked at over the time that they
share and at the same moments, so that no side is flattered by being looked at less often.
"""

from __future__ import annotations

import bisect
import itertools
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tradeworthy.core.errors import UsageError
from tradeworthy.reporting.curves import DAY_S, drawdowns
from tradeworthy.reporting.drawing import Point
from tradeworthy.reporting.metrics import DAYS_A_YEAR

MOMENTS_MAX = 4_000
"""The most moments at which a pair is looked at; of more the last of each stretch is kept."""

DAYS_MIN = 3
"""Whole UTC days under which there is no volatility, and no error of a difference."""

LATE_SHARE = 0.05
"""An instrument whose first price comes later than this share of the time could not have been bought at its begin."""


@dataclass(frozen=True)
class Outcome:
    """One side: `total_return` and `max_drawdown` are shares, `volatility` is a year's (None: too few days)."""

    total_return: float
    max_drawdown: float
    volatility: float | None


@dataclass(frozen=True)
class Comparison:
    """An account beside a benchmark from `first` to `last`, with both curves from 1.0 on.

    `difference` is the account's total return less the benchmark's, `error` its standard error by the daily
    differences (None: too few days), `days` how many whole UTC days there are.
    """

    name: str
    first: float
    last: float
    days: int
    own: Outcome
    other: Outcome
    difference: float
    error: float | None
    own_curve: list[Point]
    other_curve: list[Point]
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Held:
    """Equal money in each of `names` at the first moment, and held; `left_out` had no price yet."""

    curve: list[Point]
    names: tuple[str, ...]
    left_out: tuple[str, ...]


def compare(name: str, own: Sequence[Point], other: Sequence[Point]) -> Comparison:
    """The account's curve `own` beside `other`, called `name`; UsageError if they share no time."""
    first, last = shared_time(name, own, other)
    moments = _moments((own, other), first, last)
    mine, theirs = scaled(as_of(own, moments)), scaled(as_of(other, moments))
    ends = whole_days(first, last)
    daily = [returns_of(as_of(side, ends)) for side in (mine, theirs)]
    gaps = [one - two for one, two in zip(*daily, strict=True)]
    error = statistics.stdev(gaps) * math.sqrt(len(gaps)) if len(gaps) >= DAYS_MIN else None
    came_to = outcome(mine, daily[0]), outcome(theirs, daily[1])
    difference = came_to[0].total_return - came_to[1].total_return
    return Comparison(name, first, last, len(gaps), *came_to, difference, error, mine, theirs)


def outcome(curve: Sequence[Point], daily: Sequence[float]) -> Outcome:
    """What `curve` came to, whose whole days returned `daily`."""
    volatility = statistics.stdev(daily) * math.sqrt(DAYS_A_YEAR) if len(daily) >= DAYS_MIN else None
    deepest = min(fall for _, fall in drawdowns(curve))
    return Outcome(curve[-1][1] / curve[0][1] - 1.0, max(0.0, -deepest), volatility)


def shared_time(name: str, own: Sequence[Point], other: Sequence[Point]) -> tuple[float, float]:
    """From when to when both have values; UsageError with both times if that is no time at all."""
    if len(own) < 2:
        raise UsageError(
            "the run has no equity curve yet, so nothing can stand beside it; let it run for longer"
        )
    first, last = max(own[0][0], other[0][0]), min(own[-1][0], other[-1][0])
    if first < last:
        return first, last
    theirs, mine = (f"{_day(side[0][0])} to {_day(side[-1][0])}" for side in (other, own))
    raise UsageError(
        f"{name} has values from {theirs} and the run's time is {mine}: they don't overlap; give a series of that time"
    )


def as_of(points: Sequence[Point], moments: Sequence[float]) -> list[Point]:
    """The value that stood at each of `moments`: that of the last point at or before it, at first the first."""
    times = [time for time, _ in points]
    places = (max(0, bisect.bisect_right(times, moment) - 1) for moment in moments)
    return [(moment, points[place][1]) for moment, place in zip(moments, places, strict=True)]


def scaled(curve: Sequence[Point]) -> list[Point]:
    """The same curve, beginning at 1.0."""
    begin = curve[0][1]
    return [(time, value / begin) for time, value in curve]


def whole_days(first: float, last: float) -> list[float]:
    """The UTC midnights from `first` to `last`: between two of them is a whole day."""
    number = math.ceil(first / DAY_S)
    return [day * DAY_S for day in range(number, math.floor(last / DAY_S) + 1)]


def returns_of(curve: Sequence[Point]) -> list[float]:
    """The return from each point to the next."""
    return [after / before - 1.0 for (_, before), (_, after) in itertools.pairwise(curve)]


def last_of_each(points: Sequence[Point], most: int) -> list[Point]:
    """At most `most` points: of each stretch of time the last, and the first of all."""
    if len(points) <= most:
        return list(points)
    first, width = points[0][0], (points[-1][0] - points[0][0]) / (most - 1)
    kept = {math.ceil((time - first) / width): (time, value) for time, value in points}
    return list(kept.values())


def held(prices: Mapping[str, Sequence[Point]]) -> Held | None:
    """Equal money in each instrument at the begin, held to the end, without fees; None if nothing can be held so.

    `prices` are what is known of each, by name. What had no price early on is left out, and what ends before the
    others keeps its last price.
    """
    known = {name: points for name, points in sorted(prices.items()) if len(points) > 1}
    if not known:
        return None
    first, last = min(points[0][0] for points in known.values()), max(p[-1][0] for p in known.values())
    early = {
        name: points for name, points in known.items() if points[0][0] <= first + (last - first) * LATE_SHARE
    }
    begin = max(points[0][0] for points in early.values())
    moments = _moments(early.values(), begin, last)
    sides = [scaled(as_of(points, moments)) for points in early.values()]
    curve = [(moment, statistics.fmean(side[at][1] for side in sides)) for at, moment in enumerate(moments)]
    return Held(curve, tuple(early), tuple(name for name in sorted(prices) if name not in early))


def caveats(
    found: Comparison, *, exposure: float | None, made_up: bool, is_own: bool, left_out: Sequence[str] = ()
) -> Iterator[str]:
    """What makes the difference say less than it seems to; `exposure` is the share of equity held on the average."""
    if made_up:
        yield (
            "The run's market is made up by the simulator: buy-and-hold of it is a made-up figure, too."
            if is_own
            else "The run's market is made up by the simulator: beside a real series its return means nothing."
        )
    if found.error is not None and abs(found.difference) < 2 * found.error:
        yield (
            f"The difference of {found.difference:+.2%} is within two standard errors ({found.error:.2%} each, by"
            f" {found.days} days): it may as well be luck."
        )
    if found.error is None:
        days = "1 whole day is" if found.days == 1 else f"{found.days} whole days are"
        yield f"{days} too few to tell a difference from luck."
    elif found.days < DAYS_A_YEAR:
        yield f"{found.days} days show one kind of market; over another the difference may turn round."
    if exposure is not None:
        yield (
            f"Who holds is invested all the time, the run {exposure:.0%} on the average: less risk is partly less in"
            " the market."
        )
    yield "What is held pays no fee, no spread, no tax and no funding here; the run paid its fees."
    if left_out:
        yield f"Left out, for want of a price at the begin: {', '.join(left_out)}."


def _moments(sides: Iterable[Sequence[Point]], first: float, last: float) -> list[float]:
    """The moments of all sides from `first` to `last`, both included."""
    times = {first, last}
    for side in sides:
        times.update(time for time, _ in side if first <= time <= last)
    return [time for time, _ in last_of_each([(time, 0.0) for time in sorted(times)], MOMENTS_MAX)]


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
