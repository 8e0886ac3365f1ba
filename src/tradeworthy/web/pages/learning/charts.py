"""Charts of the page Learning, as options made from rows: edges with their intervals, windows by gate, facts."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt
from typing import Any, Final

from tradeworthy.web.dashboard.charts import Options, Row, millis
from tradeworthy.web.dashboard.markup import MINUS, html
from tradeworthy.web.dashboard.theme import Palette, across, legend, named
from tradeworthy.web.pages.learning.words import gate_words, scope_words, what_words

INTERVAL_SE: Final = 1.96
"""Standard errors to both sides of a mean that hold it in 95 of 100 samples, were they normal."""

NAMES_PX: Final = 300
"""As wide as a phone's chart."""

_UNDER_NAMES: Final = {
    "left": 6,
    "right": 14,
    "top": 8,
    "bottom": 24,
    "containLabel": False,
    "outerBoundsMode": "none",
}
"""Names stand above their bars, so that a phone has room for both; the bars don't give way to long ones."""

BAR_PX: Final = 12
FATES: Final = ("missed", "rightly", "neither", "pending")
FATE_WORDS: Final = {
    "missed": "missed",
    "rightly": "rightly let pass",
    "neither": "neither",
    "pending": "not known yet",
}


def slice_label(row: Row) -> str:
    """A slice's name for an axis."""
    return f"{what_words(row)}: {scope_words(row['scope_subset'], is_short=True)}"


def beside_all(row: Row) -> tuple[float, float] | None:
    """What a slice's trades returned above all trades (in rr), and that mean's standard error; None if not known."""
    stats, n = row["stats"], row["n"]
    delta, variance = stats.get("delta_rr"), stats.get("variance")
    if delta is None or variance is None or not n:
        return None
    return float(delta), sqrt(max(0.0, float(variance)) / n)


def edge_options(base: Options, rows: Sequence[Row], colours: Palette) -> Options | None:
    """Slices beside all trades: the mean, a box of one standard error, whiskers of 95 %; None if no row has them."""
    told = [(row, found) for row in rows if (found := beside_all(row)) is not None]
    if not told:
        return None
    boxes = []
    for row, (mean, error) in told:
        far = INTERVAL_SE * error
        values = [round(one, 5) for one in (mean - far, mean - error, mean, mean + error, mean + far)]
        colour = colours.up if mean >= 0 else colours.down
        is_sure = mean - far > 0 or mean + far < 0
        style = {
            "color": colour,
            "borderColor": colour,
            "opacity": 1.0 if is_sure else 0.45,
            "borderWidth": 1.4,
        }
        said = f"{signed_figure(mean)}, 95 %: {signed_figure(mean - far)} to {signed_figure(mean + far)}"
        boxes.append({"value": values, "itemStyle": style, "tooltip": _tip(slice_label(row), said)})
    zero = {"silent": True, "symbol": "none", "label": {"show": False}}
    zero |= {"data": [{"xAxis": 0}], "lineStyle": {"color": colours.soft, "type": "solid", "width": 1}}
    box = {"type": "boxplot", "name": "rr beside all", "data": boxes, "boxWidth": [5, 9], "markLine": zero}
    return {
        **base,
        "tooltip": {**base["tooltip"], "trigger": "item"},
        "xAxis": _figures({**base["yAxis"], "splitNumber": 4}),
        "grid": _UNDER_NAMES,
        "yAxis": _names(base, [slice_label(row) for row, _ in told]),
        "series": [box],
    }


def tuning_options(base: Options, rows: Sequence[Row], colours: Palette) -> Options | None:
    """Windows by slice that ask to loosen (good ones skipped) and to tighten (bad ones acted on); None without rows."""
    if not rows:
        return None
    names = [slice_label(row) for row in rows]
    series = []
    for name, figure, sign, colour in (
        ("bad ones acted on", "n_fps", -1, colours.down),
        ("good ones skipped", "n_misses", 1, colours.up),
    ):
        counts = [int(row["stats"].get(figure) or 0) for row in rows]
        bars = [
            {
                "value": sign * number,
                "label": {"formatter": str(number or "")},
                "tooltip": _tip(of, f"{number} {name}"),
            }
            for number, of in zip(counts, names, strict=True)
        ]
        inside = {"show": True, "position": "inside", "color": colours.surface, "fontSize": 10}
        series.append({**_bar(name, bars, colour), "label": inside, "labelLayout": {"hideOverlap": True}})
    both_ways = {**base["yAxis"], "scale": False, "axisLabel": {"show": False}}
    return {
        **base,
        "legend": legend(colours),
        "grid": {**_UNDER_NAMES, "top": 30, "bottom": 8},
        "tooltip": {**base["tooltip"], "trigger": "item"},
        "xAxis": both_ways,
        "yAxis": _names(base, names),
        "series": series,
    }


def skipped_options(base: Options, rows: Sequence[Row], colours: Palette) -> Options | None:
    """Skipped windows by gate, stacked by what became of them (what none did is left out); None without rows."""
    if not rows:
        return None
    shades = dict(zip(FATES, (colours.down, colours.up, colours.soft, colours.line), strict=True))
    return {
        **base,
        "legend": legend(colours),
        "grid": {**_UNDER_NAMES, "top": 30},
        "tooltip": {**base["tooltip"], "axisPointer": {"type": "shadow"}},
        "xAxis": _figures({**base["yAxis"], "scale": False, "minInterval": 1, "splitNumber": 4}),
        "yAxis": _names(base, [gate_words(row["gate"]) for row in rows]),
        "series": [
            _bar(FATE_WORDS[fate], [row[fate] for row in rows], shades[fate])
            for fate in FATES
            if any(row[fate] for row in rows)
        ],
    }


def facts_options(base: Options, rows: Sequence[Row], colours: Palette) -> Options | None:
    """Facts by bucket of time as bars, and their mean reward over risk as a line on an axis of its own."""
    if not rows:
        return None
    at = [millis(row["since"]) for row in rows]
    bars = {
        "type": "bar",
        "name": "Facts (left)",
        "barMaxWidth": 16,
        "itemStyle": {"color": colours.series[0], "opacity": 0.5},
        "data": [[when, row["facts"]] for when, row in zip(at, rows, strict=True)],
    }
    line = {
        "type": "line",
        "name": "Mean rr (right)",
        "yAxisIndex": 1,
        "symbolSize": 5,
        "itemStyle": {"color": colours.accent},
        "data": [[when, round(float(row["mean_rr"]), 4)] for when, row in zip(at, rows, strict=True)],
    }
    right = {**base["yAxis"], "splitLine": {"show": False}, "position": "right"}
    return {
        **base,
        "legend": legend(colours),
        "grid": {**base["grid"], "top": 34},
        "yAxis": [{**base["yAxis"], "scale": False, "minInterval": 1}, right],
        "series": [bars, line],
    }


def place_of(multiplier: float, low: float, high: float) -> float:
    """Where a multiplier stands on a scale from `low` to `high` on which a double is as far as a half: 0 to 1."""
    share = (log(multiplier) - log(low)) / (log(high) - log(low))
    return min(1.0, max(0.0, share))


def _figures(axis: dict[str, Any]) -> dict[str, Any]:
    """An axis whose first and last figure stand within the plot."""
    made = across(axis)
    return {**made, "axisLabel": {**made["axisLabel"], "alignMinLabel": "left"}}


def _names(base: Options, names: list[str]) -> dict[str, Any]:
    """An axis of names, each above its bar."""
    above = {
        "inside": True,
        "align": "left",
        "verticalAlign": "bottom",
        "padding": [0, 0, BAR_PX // 2 + 4, -4],
    }
    label = {
        "color": base["textStyle"]["color"],
        "fontSize": 11,
        "hideOverlap": False,
        "interval": 0,
        **above,
        "width": NAMES_PX,
        "overflow": "truncate",
    }
    return named(base, names, axisLabel=label, z=3, inverse=True)


def _tip(name: str, said: str) -> dict[str, str]:
    """The tooltip of one bar. Names come from outside, and a tooltip is HTML."""
    return {"formatter": f"{html(name)}<br>{html(said)}"}


def signed_figure(value: float) -> str:
    """With its sign, a true one."""
    return f"{value:+.3f}".replace("-", MINUS)


def _bar(name: str, values: Sequence[Any], colour: str) -> dict[str, Any]:
    style = {"color": colour}
    return {
        "type": "bar",
        "stack": "all",
        "name": name,
        "data": values,
        "barMaxWidth": BAR_PX,
        "itemStyle": style,
    }
