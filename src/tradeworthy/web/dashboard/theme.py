"""Colours and the common parts of all charts. The style sheet has the same colours for everything else."""

from __future__ import annotations

from typing import Any, NamedTuple

COOKIE = "tradeworthy_theme"
LIGHT = "light"


class Palette(NamedTuple):
    """What charts are drawn in; `series` are told apart by every kind of colour blindness (Okabe and Ito 2008)."""

    is_dark: bool
    ink: str
    soft: str
    line: str
    surface: str
    accent: str
    up: str
    down: str
    warn: str
    bad: str
    series: tuple[str, ...]


DARK = Palette(
    is_dark=True,
    ink="#e7eef5",
    soft="#a3b3c2",
    line="#243140",
    surface="#121921",
    accent="#5cc8d7",
    up="#62aefc",
    down="#f5a25d",
    warn="#e6b84a",
    bad="#ff6b63",
    series=("#56b4e9", "#e69f00", "#2bb98f", "#cc79a7", "#f0e442", "#d5703a", "#8fa6ff"),
)
LIT = Palette(
    is_dark=False,
    ink="#13202b",
    soft="#4a5b6a",
    line="#d8e0e7",
    surface="#ffffff",
    accent="#0b6f80",
    up="#0a5bb8",
    down="#a84a04",
    warn="#855600",
    bad="#c01f2a",
    series=("#0072b2", "#b87400", "#00795a", "#a8517f", "#8a7d00", "#b84a0e", "#4a5fc4"),
)


def palette(theme: str | None) -> Palette:
    """The colours of `theme`: light by name, else dark."""
    return LIT if theme == LIGHT else DARK


MOMENTS = {
    "year": "{yyyy}-{MM}-{dd}",
    "month": "{MMM} {d}",
    "day": "{MMM} {d}",
    "hour": "{HH}:{mm}",
    "minute": "{HH}:{mm}",
    "second": "{HH}:{mm}:{ss}",
    "millisecond": "{HH}:{mm}:{ss}",
}
"""What stands at a time axis' mark where a new year, month, day and so on begins: never a bare number."""


def base_options(colours: Palette, label: str) -> dict[str, Any]:
    """An ECharts option set with axes, grid and tooltip in these colours; `label` is read out by screen readers."""
    axis: dict[str, Any] = {
        "axisLine": {"lineStyle": {"color": colours.line}},
        "axisTick": {"show": False},
        "axisLabel": {"color": colours.soft, "fontSize": 11, "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": colours.line, "type": "dashed", "opacity": 0.7}},
    }
    moments = {**axis["axisLabel"], "formatter": dict(MOMENTS)}
    return {
        "useUTC": True,
        "animation": False,
        "aria": {"enabled": True, "label": {"description": label}},
        "color": list(colours.series),
        "textStyle": {"color": colours.soft, "fontFamily": "system-ui, sans-serif"},
        "grid": {"left": 8, "right": 20, "top": 18, "bottom": 6, "containLabel": True},
        "tooltip": {
            "trigger": "axis",
            "backgroundColor": colours.surface,
            "borderColor": colours.line,
            "textStyle": {"color": colours.ink, "fontSize": 12},
            "confine": True,
        },
        "xAxis": across({"type": "time", **axis, "axisLabel": moments, "splitLine": {"show": False}}),
        "yAxis": {"type": "value", "scale": True, **axis},
        "series": [],
    }


def named(base: dict[str, Any], names: list[str], **more: Any) -> dict[str, Any]:
    """An axis of `names`, instead of one of time or of figures."""
    kept = {key: value for key, value in base["yAxis"].items() if key not in {"splitLine", "scale"}}
    return {**kept, "type": "category", "data": names, **more}


def across(axis: dict[str, Any]) -> dict[str, Any]:
    """`axis` as one that runs from left to right: its last label ends where the axis does, so that it is not cut."""
    return {**axis, "axisLabel": {**axis["axisLabel"], "alignMaxLabel": "right"}}


def legend(colours: Palette, **more: Any) -> dict[str, Any]:
    """A legend on one line above the plot, to be paged through where a phone is too narrow for it."""
    return {
        "type": "scroll",
        "top": 0,
        "left": 8,
        "right": 8,
        "itemWidth": 14,
        "itemHeight": 10,
        "textStyle": {"color": colours.soft},
        "pageTextStyle": {"color": colours.soft},
        "pageIconColor": colours.accent,
        "pageIconInactiveColor": colours.line,
        "pageIconSize": 11,
        **more,
    }
