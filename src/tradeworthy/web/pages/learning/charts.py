"""Charts of the page Learning, as options made from rows: edges with their intervals, windows by gate, facts."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt
from typing import Any, Final

from tradeworthy.web.dashboard.charts import Options, Row, millis
from tradeworthy.web.dashboard.theme import Palette

INTERVAL_SE: Final = 1.96
"""Standard errors to both sides of a mean that hold it in 95 of 100 samples, were they normal."""

NAMES_PX: Final = 150
"""So wide are the names beside the bars; the tooltip has them whole."""

_BESIDE_NAMES: Final = {"left": NAMES_PX + 12, "right": 14, "top": 10, "bottom": 24}
FATES: Final = ("missed", "rightly", "neither", "pending")
FATE_WORDS: Final = {
    "missed": "missed: it turned out well",
    "rightly": "rightly let pass",
    "neither": "neither",
    "pending": "not known yet",
}


def scope_text(scope: dict[str, str]) -> str:
    """A slice's scope as people read it."""
    return ", ".join(f"{name}={scope[name]}" for name in sorted(scope)) or "everywhere"


def slice_label(row: Row) -> str:
    """A short name of a slice for an axis."""
    return f"{scope_text(row['scope_subset'])} ({row['pattern_key'].removeprefix('pm.uptrend.')})"


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
    for _, (mean, error) in told:
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
        boxes.append({"value": values, "itemStyle": style})
    zero = {"silent": True, "symbol": "none", "label": {"show": False}}
    zero |= {"data": [{"xAxis": 0}], "lineStyle": {"color": colours.soft, "type": "solid", "width": 1}}
    box = {"type": "boxplot", "name": "rr beside all", "data": boxes, "boxWidth": [5, 11], "markLine": zero}
    return {
        **base,
        "tooltip": {**base["tooltip"], "trigger": "item"},
        "xAxis": {
            **base["yAxis"],
            "name": "rr less that of all; box one standard error, whiskers 95 %",
            "nameLocation": "middle",
            "nameGap": 24,
        },
        "grid": {**_BESIDE_NAMES, "bottom": 42},
        "yAxis": _names(base, [slice_label(row) for row, _ in told]),
        "series": [box],
    }


def tuning_options(base: Options, rows: Sequence[Row], colours: Palette) -> Options | None:
    """Windows by slice that ask to loosen (good ones skipped) and to tighten (bad ones acted on); None without rows."""
    if not rows:
        return None
    misses = [int(row["stats"].get("n_misses") or 0) for row in rows]
    false = [-int(row["stats"].get("n_fps") or 0) for row in rows]
    return {
        **base,
        "legend": {
            "top": 0,
            "right": 0,
            "textStyle": {"color": colours.soft},
            "itemWidth": 10,
            "itemHeight": 10,
        },
        "grid": {**_BESIDE_NAMES, "top": 28},
        "tooltip": {**base["tooltip"], "axisPointer": {"type": "shadow"}},
        "xAxis": {**base["yAxis"], "scale": False, "minInterval": 1},
        "yAxis": _names(base, [slice_label(row) for row in rows]),
        "series": [
            _bar("bad ones acted on", false, colours.down),
            _bar("good ones skipped", misses, colours.up),
        ],
    }


def skipped_options(base: Options, rows: Sequence[Row], colours: Palette) -> Options | None:
    """Skipped windows by gate, stacked by what became of them; None without rows."""
    if not rows:
        return None
    shades = dict(zip(FATES, (colours.down, colours.up, colours.soft, colours.line), strict=True))
    return {
        **base,
        "legend": {"top": 0, "textStyle": {"color": colours.soft}, "itemWidth": 10, "itemHeight": 10},
        "grid": {**base["grid"], "top": 30},
        "tooltip": {**base["tooltip"], "axisPointer": {"type": "shadow"}},
        "xAxis": {**base["yAxis"], "scale": False, "minInterval": 1},
        "yAxis": _names(base, [row["gate"] or "none said" for row in rows]),
        "series": [_bar(FATE_WORDS[fate], [row[fate] for row in rows], shades[fate]) for fate in FATES],
    }


def facts_options(base: Options, rows: Sequence[Row], colours: Palette) -> Options | None:
    """Facts by bucket of time as bars, and their mean reward over risk as a line on an axis of its own."""
    if not rows:
        return None
    at = [millis(row["since"]) for row in rows]
    bars = {
        "type": "bar",
        "name": "Facts",
        "barMaxWidth": 16,
        "itemStyle": {"color": colours.series[0], "opacity": 0.5},
        "data": [[when, row["facts"]] for when, row in zip(at, rows, strict=True)],
    }
    line = {
        "type": "line",
        "name": "Mean rr",
        "yAxisIndex": 1,
        "symbolSize": 5,
        "itemStyle": {"color": colours.accent},
        "data": [[when, round(float(row["mean_rr"]), 4)] for when, row in zip(at, rows, strict=True)],
    }
    right = {**base["yAxis"], "splitLine": {"show": False}, "name": "mean rr", "position": "right"}
    return {
        **base,
        "legend": {"top": 0, "textStyle": {"color": colours.soft}, "itemWidth": 12, "itemHeight": 10},
        "grid": {**base["grid"], "top": 34},
        "yAxis": [{**base["yAxis"], "scale": False, "minInterval": 1}, right],
        "series": [bars, line],
    }


def place_of(multiplier: float, low: float, high: float) -> float:
    """Where a multiplier stands on a scale from `low` to `high` on which a double is as far as a half: 0 to 1."""
    share = (log(multiplier) - log(low)) / (log(high) - log(low))
    return min(1.0, max(0.0, share))


def _names(base: Options, names: list[str]) -> dict[str, Any]:
    axis = {key: value for key, value in base["xAxis"].items() if key != "splitLine"}
    shown = {"hideOverlap": False, "interval": 0, "width": NAMES_PX, "overflow": "truncate"}
    axis["axisLabel"] = {**axis["axisLabel"], **shown}
    return {**axis, "type": "category", "inverse": True, "data": names}


def _bar(name: str, values: list[int], colour: str) -> dict[str, Any]:
    style = {"color": colour}
    return {
        "type": "bar",
        "stack": "all",
        "name": name,
        "data": values,
        "barMaxWidth": 18,
        "itemStyle": style,
    }
