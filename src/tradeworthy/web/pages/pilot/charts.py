"""Charts of the Pilot Monitor: the P&L over session time, and how large the edges were."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from tradeworthy.store.monitor_listings import EDGE_STEP
from tradeworthy.web.dashboard.charts import Options, Row, millis
from tradeworthy.web.dashboard.theme import Palette, legend, named

SPARK_WIDTH: Final = 96
SPARK_HEIGHT: Final = 24


def pnl_options(base: Options, rows: Sequence[Row], capital: Decimal, colours: Palette) -> Options | None:
    """What is earned so far: realised after fees, and with open positions at the mark; None under two marks."""
    if len(rows) < 2:
        return None
    realised = [[millis(row["created_at"]), float(row["realised"] - row["fees"])] for row in rows]
    marked = [[millis(row["created_at"]), float(row["equity"] - capital)] for row in rows]
    axis = base["yAxis"]
    return {
        **base,
        "useUTC": True,
        "grid": {**base["grid"], "top": 34},
        "legend": legend(colours, icon="rect", itemHeight=3),
        "yAxis": {**axis, "scale": False},
        "series": [
            {
                "name": "With what is open",
                "type": "line",
                "showSymbol": False,
                "data": marked,
                "lineStyle": {"width": 1.8, "color": colours.accent},
                "itemStyle": {"color": colours.accent},
                "areaStyle": {"color": colours.accent, "opacity": 0.09},
            },
            {
                "name": "Realised, after fees",
                "type": "line",
                "step": "end",
                "showSymbol": False,
                "data": realised,
                "lineStyle": {"width": 1.4, "color": colours.soft, "type": "dashed"},
                "itemStyle": {"color": colours.soft},
            },
        ],
    }


def edges_options(base: Options, rows: Sequence[Row], colours: Palette) -> Options | None:
    """How many gaps had an edge of so much, those that were traded apart; None without any."""
    if not rows:
        return None
    counts = {row["bucket"]: row for row in rows}
    buckets = range(min(0, *counts), max(counts) + 1)
    names = [_named(bucket, is_last=counts.get(bucket, {}).get("is_last", False)) for bucket in buckets]
    traded = [counts.get(bucket, {}).get("traded", 0) for bucket in buckets]
    others = [
        counts.get(bucket, {}).get("found", 0) - done for bucket, done in zip(buckets, traded, strict=True)
    ]
    bar: dict[str, Any] = {"type": "bar", "stack": "found", "barCategoryGap": "18%"}
    return {
        **base,
        "grid": {**base["grid"], "top": 34},
        "legend": legend(colours, itemHeight=14),
        "xAxis": named(base, names),
        "yAxis": {**base["yAxis"], "scale": False, "minInterval": 1},
        "series": [
            {
                **bar,
                "name": "Traded",
                "data": [number or None for number in traded],
                "itemStyle": {"color": colours.accent},
            },
            {
                **bar,
                "name": "Not traded",
                "data": [number or None for number in others],
                "itemStyle": {"color": "transparent", "borderColor": colours.soft, "borderWidth": 1.2},
            },
        ],
    }


def _named(bucket: int, *, is_last: bool) -> str:
    least = round(100 * bucket * EDGE_STEP)
    return f"{least} % +" if is_last else f"{least} %"


def spark_points(closes: Sequence[float]) -> str:
    """The points of an SVG polyline of `closes` in SPARK_WIDTH by SPARK_HEIGHT, highest at the top."""
    if len(closes) < 2:
        return ""
    low, high = min(closes), max(closes)
    span = (high - low) or 1.0
    step = SPARK_WIDTH / (len(closes) - 1)
    return " ".join(
        f"{number * step:.1f},{2 + (SPARK_HEIGHT - 4) * (1 - (close - low) / span):.1f}"
        for number, close in enumerate(closes)
    )
