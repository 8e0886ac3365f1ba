"""Charts as inline SVG text: lines, areas, columns and bars, made without any library.

Times are UTC seconds since 1970. A chart scales to the width that it is given and carries its own description.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

Point = tuple[float, float]
"""A time or a place, and a value."""

WIDTH, HEIGHT = 720, 200
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 10, 24
"""Pixels around the plot, for the labels."""

BUCKETS = 600
"""A line has at most twice as many points: the lowest and the highest of each stretch."""

DAY_S = 86_400.0
LINES = (("var(--line)", "none"), ("var(--other)", "6 3"), ("var(--third)", "2 3"))
"""Colour and dashes of the curves of one picture: told apart without colours, too."""

MINUTE_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
DAY_STEPS = (1, 2, 5, 7, 14)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)
TIMES_MAX = 8
"""The most labels that fit under a chart."""


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """About `count` round numbers (1, 2 or 5 times a power of ten apart) from just under `low` to just over `high`."""
    if not high > low:
        spread = abs(low) or 1.0
        low, high = low - spread / 2, high + spread / 2
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(times for times in (1, 2, 5, 10) if times * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def time_ticks(first_s: float, last_s: float) -> list[tuple[float, str]]:
    """Whole minutes, midnights or first days of a month between two times, with their labels: at most TIMES_MAX."""
    days = (last_s - first_s) / DAY_S
    if days < 2:
        return _clock_ticks(first_s, last_s)
    for step in DAY_STEPS:
        if days / step < TIMES_MAX:
            count = math.ceil(first_s / DAY_S / step) * step
            places = []
            while count * DAY_S <= last_s:
                places.append((count * DAY_S, f"{_date(count * DAY_S):%d %b}"))
                count += step
            return places
    step = next((one for one in MONTH_STEPS if days / 30.0 / one < TIMES_MAX), MONTH_STEPS[-1])
    begin = _date(first_s)
    month, places = begin.year * 12 + begin.month - 1, []
    while (at := datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) <= last_s:
        if month % step == 0 and at >= first_s:
            places.append((at, f"{_date(at):%b %Y}"))
        month += 1
    return places


def _clock_ticks(first_s: float, last_s: float) -> list[tuple[float, str]]:
    """Of less than two days: whole minutes or hours, midnight with its day."""
    step_s = next((one for one in MINUTE_STEPS if (last_s - first_s) / 60 / one < TIMES_MAX), 720) * 60.0
    count, places = math.ceil(first_s / step_s), []
    while (at := count * step_s) <= last_s:
        places.append((at, f"{_date(at):%d %b}" if at % DAY_S == 0 else f"{_date(at):%H:%M}"))
        count += 1
    return places


def thinned(points: Sequence[Point], buckets: int = BUCKETS) -> list[Point]:
    """The same curve to the eye with at most `2 * buckets` points: of each stretch the lowest and the highest."""
    if len(points) <= 2 * buckets:
        return list(points)
    kept: list[Point] = []
    for bucket in range(buckets):
        part = points[bucket * len(points) // buckets : (bucket + 1) * len(points) // buckets]
        low, high = min(part, key=_value), max(part, key=_value)
        kept += sorted({low, high})
    return [points[0], *kept, points[-1]]


def line_chart(
    points: Sequence[Point],
    describe: str,
    label: Callable[[float], str],
    *,
    colour: str = "var(--line)",
    base: float | None = None,
    stepped: bool = False,
) -> str:
    """A curve over time; `base` fills the space to that level, `stepped` holds each value until the next."""
    plot = _Plot.over(points, points, base)
    path = plot.path(thinned(points), stepped=stepped)
    parts = [plot.grid(label)]
    if base is not None:
        first, last = plot.x(points[0][0]), plot.x(points[-1][0])
        level = plot.y(base)
        parts.append(
            f'<path d="{path} L{last:.1f} {level:.1f} L{first:.1f} {level:.1f} Z" fill="{colour}" opacity="0.15"/>'
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level:.1f}" y2="{level:.1f}" class="base"/>'
        )
    parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return _svg(describe, parts)


def lines_chart(
    curves: Sequence[Sequence[Point]], describe: str, label: Callable[[float], str], *, base: float
) -> str:
    """Several curves over the same time around a level `base`, each in its colour and dashes of LINES."""
    together = [point for curve in curves for point in curve]
    plot = _Plot.over(together, together, base)
    level = plot.y(base)
    parts = [
        plot.grid(label),
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level:.1f}" y2="{level:.1f}" class="base"/>',
    ]
    for curve, (colour, dashes) in zip(curves, itertools.cycle(LINES), strict=False):
        path = plot.path(thinned(curve), stepped=False)
        parts.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-dasharray="{dashes}"/>'
        )
    return _svg(describe, parts)


def line_key(number: int) -> str:
    """A short piece of the line that `lines_chart` draws for curve `number`."""
    colour, dashes = LINES[number % len(LINES)]
    return (
        '<svg class="key" viewBox="0 0 28 8" aria-hidden="true"><line x1="0" x2="28" y1="4" y2="4"'
        f' stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/></svg>'
    )


def column_chart(
    up: Sequence[Point], down: Sequence[Point], width_s: float, describe: str, label: Callable[[float], str]
) -> str:
    """Columns of `width_s` seconds from zero: `up` above it, `down` (values of 0 or less) below."""
    ends = [(time + width_s, 0.0) for time, _ in up]
    plot = _Plot.over([*up, *ends], [*up, *down], 0.0)
    level, parts = plot.y(0.0), [plot.grid(label)]
    for points, name in ((up, "up"), (down, "down")):
        for time, value in points:
            if value:
                left, right = plot.x(time), plot.x(time + width_s)
                top, bottom = sorted((plot.y(value), level))
                wide = max(0.5, (right - left) * 0.9)
                parts.append(
                    f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}"'
                    f' height="{bottom - top:.1f}" class="{name}"/>'
                )
    parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level:.1f}" y2="{level:.1f}" class="base"/>')
    return _svg(describe, parts)


def share_bar(share: float, describe: str) -> str:
    """A bar for a cell of a table: `share` of its width, 0 to 1."""
    width = max(0.0, min(1.0, share)) * 100
    return (
        f'<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{escape(describe)}">'
        f'<rect width="100" height="8" class="rest"/><rect width="{width:.1f}" height="8" class="part"/></svg>'
    )


@dataclass(frozen=True)
class _Plot:
    """Where times and values stand in the picture."""

    first: float
    last: float
    levels: list[float]

    @classmethod
    def over(cls, times: Sequence[Point], values: Sequence[Point], base: float | None) -> _Plot:
        heights = [value for _, value in values] + ([] if base is None else [base])
        first, last = min(time for time, _ in times), max(time for time, _ in times)
        return cls(first, last if last > first else first + 1.0, nice_ticks(min(heights), max(heights)))

    def x(self, time: float) -> float:
        return LEFT + (time - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.levels[0], self.levels[-1]
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def path(self, points: Sequence[Point], *, stepped: bool) -> str:
        parts: list[str] = []
        for time, value in points:
            x, y = f"{self.x(time):.1f}", f"{self.y(value):.1f}"
            parts.append(f"H{x} V{y}" if stepped and parts else f"{'L' if parts else 'M'}{x} {y}")
        return " ".join(parts)

    def grid(self, label: Callable[[float], str]) -> str:
        lines = [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(level):.1f}" y2="{self.y(level):.1f}" class="grid"/>'
            f'<text x="{LEFT - 6}" y="{self.y(level) + 3.5:.1f}" class="level">{escape(label(level))}</text>'
            for level in self.levels
        ]
        lines += [
            f'<text x="{self.x(time):.1f}" y="{HEIGHT - 7}" class="time">{text}</text>'
            for time, text in time_ticks(self.first, self.last)
            if LEFT <= self.x(time) <= WIDTH - RIGHT - 20
        ]
        return "".join(lines)


def _svg(describe: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(describe)}">'
        f"<title>{escape(describe)}</title>{''.join(parts)}</svg>"
    )


def _value(point: Point) -> float:
    return point[1]


def _date(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
