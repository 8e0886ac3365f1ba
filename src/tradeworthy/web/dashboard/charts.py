"""Charts: ECharts options made from rows, and a place on a page that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from nicegui import ui

from tradeworthy.web.dashboard.markup import html
from tradeworthy.web.dashboard.theme import Palette, across, base_options, legend, named
from tradeworthy.web.dashboard.view import Slot

LEAST_FREE = 0.005
"""What is free of the capital is shown from half a per cent on."""

Options = dict[str, Any]
Row = dict[str, Any]


class Chart:
    """A chart, or the sentence that says why there is none; drawn anew only if its options changed."""

    def __init__(self, colours: Palette, label: str, classes: str = "") -> None:
        self.colours, self._label = colours, label
        self._nothing = Slot("empty", "p")
        self._drawn = ui.echart({"series": []}, renderer="canvas").classes(f"chart {classes}".rstrip())
        self._drawn.props(f'role="img" aria-label="{label}"')
        self._drawn.set_visibility(False)

    def show(self, options: Options | None, empty: str) -> None:
        """Draw `options` (made by the functions here), or say `empty` for None."""
        self._nothing.show(html("" if options is not None else empty))
        self._drawn.set_visibility(options is not None)
        if options is not None and options != self._drawn.options:
            self._drawn.options.clear()
            self._drawn.options.update(options)
            self._drawn.update()

    def base(self) -> Options:
        """Options to begin with."""
        return base_options(self.colours, self._label)


def points(rows: Sequence[Row], name: str, at: str = "created_at") -> list[list[Any]]:
    """`name` of each row over its time, as ECharts takes it: ms, figure; rows without one are left out."""
    return [[millis(row[at]), float(row[name])] for row in rows if row[name] is not None]


def millis(at: datetime) -> int:
    """UTC ms, what ECharts counts time in."""
    return round(at.timestamp() * 1000)


def equity_options(base: Options, rows: Sequence[Row], colours: Palette) -> Options | None:
    """Equity above, drawdown in per cent of the peak below, on one time axis; None under two marks."""
    if len(rows) < 2:
        return None
    x, y = base["xAxis"], base["yAxis"]
    equity = {
        "name": "Equity",
        "type": "line",
        "showSymbol": False,
        "data": points(rows, "equity"),
        "lineStyle": {"width": 1.8, "color": colours.accent},
        "itemStyle": {"color": colours.accent},
        "areaStyle": {"color": colours.accent, "opacity": 0.09, "origin": "start"},
    }
    fallen = [[millis(row["created_at"]), -100.0 * float(row["drawdown"] or 0.0)] for row in rows]
    drawdown = {
        "name": "Drawdown %",
        "type": "line",
        "showSymbol": False,
        "data": fallen,
        "xAxisIndex": 1,
        "yAxisIndex": 1,
        "lineStyle": {"width": 1.2, "color": colours.down},
        "itemStyle": {"color": colours.down},
        "areaStyle": {"color": colours.down, "opacity": 0.22},
    }
    per_cent = {**y["axisLabel"], "formatter": "{value} %"}
    below: Options = {**y, "gridIndex": 1, "max": 0, "scale": False, "splitNumber": 2, "axisLabel": per_cent}
    if not any(fall for _, fall in fallen):
        below["min"] = -1  # Of zeros alone the axis would go up.
    return {
        **base,
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": [
            {"left": 64, "right": 20, "top": 14, "height": "58%"},
            {"left": 64, "right": 20, "top": "76%", "bottom": 22},
        ],
        "xAxis": [{**x, "axisLabel": {"show": False}}, {**x, "gridIndex": 1}],
        "yAxis": [y, below],
        "series": [equity, drawdown],
    }


def columns_options(
    base: Options, rows: Sequence[tuple[str, Decimal | float]], colours: Palette
) -> Options | None:
    """Gains and losses by name as bars to both sides of zero, the first row on top; None without rows."""
    if not rows:
        return None
    bars = [
        {"value": round(float(value), 8), "itemStyle": {"color": colours.up if value >= 0 else colours.down}}
        for _, value in rows
    ]
    return {
        **base,
        "xAxis": across({**base["yAxis"], "scale": False, "splitNumber": 4}),
        "yAxis": named(base, [name for name, _ in rows], inverse=True),
        "series": [{"type": "bar", "data": bars, "barMaxWidth": 18, "name": "P&L"}],
    }


def shares_options(base: Options, rows: Sequence[tuple[str, float]], colours: Palette) -> Options | None:
    """Parts of one as a ring, with what is free of it; None if they sum to nothing."""
    shared = sum(value for _, value in rows)
    if shared <= 0:
        return None
    kept = {name: base[name] for name in ("animation", "aria", "color", "textStyle")}
    data: list[Options] = [
        {"name": f"{name} {value:.0%}", "value": round(value, 6)} for name, value in rows if value > 0
    ]
    if (free := 1.0 - shared) > LEAST_FREE:
        look = {"color": colours.line}
        data.append({"name": f"free {free:.0%}", "value": round(free, 6), "itemStyle": look})
    ring = {
        "type": "pie",
        "radius": ["50%", "70%"],
        "center": ["50%", "44%"],
        "itemStyle": {"borderColor": colours.surface, "borderWidth": 2},
        "label": {"show": False},
        "data": data,
    }
    tooltip = {**base["tooltip"], "trigger": "item", "formatter": "{b}"}
    below = legend(colours, top=None, bottom=0, left="center", itemWidth=12, itemHeight=12)
    return {**kept, "tooltip": tooltip, "legend": below, "series": [ring]}
