"""Charts of the strategies: what each has earned, and how capital was shared, over session time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tradeworthy.web.dashboard.charts import Options, Row, millis, points
from tradeworthy.web.dashboard.theme import Palette, legend

LINES = ("solid", "dashed", "dotted")


Span = tuple[datetime | None, datetime | None]
"""When a run and its parents began, and their last event."""


def curves_options(base: Options, rows: Sequence[Row], span: Span, colours: Palette) -> Options | None:
    """A line for each strategy: its P&L, from nothing, after each trade that it closed; None before the first."""
    if not rows:
        return None
    series = []
    for number, (name, own) in enumerate(_by_strategy(rows).items()):
        data = [*_at(span[0], 0.0), *points(own, "pnl")]
        series.append(_line(name, [*data, *_at(span[1], data[-1][1])], number))
    return {**_framed(base, colours), "yAxis": {**base["yAxis"], "scale": False}, "series": series}


def shares_over_time(base: Options, rows: Sequence[Row], span: Span, colours: Palette) -> Options | None:
    """A band for each strategy: its part of its desk's capital, in per cent; None without rows."""
    if not rows:
        return None
    series = []
    for number, (name, own) in enumerate(_by_strategy(rows).items()):
        data = [[millis(row["created_at"]), round(100 * float(row["share"] or 0), 4)] for row in own]
        made = _line(name, [*data, *_at(span[1], data[-1][1])], number)
        series.append({**made, "areaStyle": {"opacity": 0.12}})
    axis = {**base["yAxis"], "scale": False, "min": 0, "max": 100, "axisLabel": _in_percent(base)}
    return {**_framed(base, colours), "yAxis": axis, "series": series}


def _at(time: datetime | None, value: float) -> list[list[Any]]:
    return [] if time is None else [[millis(time), value]]


def _in_percent(base: Options) -> Options:
    return {**base["yAxis"]["axisLabel"], "formatter": "{value} %"}


def _framed(base: Options, colours: Palette) -> Options:
    above = legend(colours, icon="rect", itemHeight=3)
    return {**base, "useUTC": True, "grid": {**base["grid"], "top": 36}, "legend": above}


def _line(name: str, data: list[list[Any]], number: int) -> Options:
    """Lines differ by their dashes as well, so that colour alone need not tell them apart."""
    return {
        "name": name,
        "type": "line",
        "step": "end",
        "showSymbol": False,
        "data": data,
        "lineStyle": {"width": 1.8, "type": LINES[number % len(LINES)]},
    }


def _by_strategy(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["strategy"], []).append(row)
    return found
