"""ECharts options of a chart of candles: prices, volume, trades as marks, and the states that a desk saw as areas.

Candles stand side by side on an axis of names, so that hours without any take no room; UTC throughout. Rising candles
are hollow and falling ones filled, entries are arrows the way that they bet, exits carry their P&L with its sign:
nothing is told by colour alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.web.candles import Candle
from tradeworthy.web.dashboard.charts import Options, Row, millis
from tradeworthy.web.dashboard.markup import MINUS
from tradeworthy.web.dashboard.theme import Palette, named

SHOWN: Final = 180
AROUND: Final = 45
"""Candles that are in sight at first: the newest, or so many before and after the trade that was chosen."""

NAMED_MIN: Final = 6
"""An area of fewer candles is too narrow for its name."""

LABELLED_MAX: Final = 14
STAGES: Final = ("S0", "S1", "S2", "S3", "S4")


class Scene(NamedTuple):
    """What is to be drawn; `chosen` is the run and seq of one of the `marks` (store.chart_listings), or None."""

    candles: Sequence[Candle]
    timeframe: str
    marks: Sequence[Row]
    stages: Sequence[Row]
    chosen: tuple[str, int] | None


def candle_options(base: Options, scene: Scene, colours: Palette, *, is_free: bool) -> Options | None:
    """The chart; None without candles. Unless `is_free` it says which part is in sight: else people keep theirs."""
    if not scene.candles:
        return None
    has_volume = any(candle.volume for candle in scene.candles)
    axis = _axis(base, scene)
    series = [_candles(scene, colours), *_marks(scene, colours)]
    grids: list[Options] = [{"left": 66, "right": 16, "top": 34, "bottom": 62}]
    x, y = [axis], [base["yAxis"]]
    if has_volume:
        grids = [
            {"left": 66, "right": 16, "top": 34, "bottom": "30%"},
            {"left": 66, "right": 16, "height": "12%", "bottom": 62},
        ]
        x = [{**axis, "axisLabel": {"show": False}}, {**axis, "gridIndex": 1}]
        volume_axis = {"gridIndex": 1, "scale": False, "splitNumber": 1, "axisLabel": {"show": False}}
        y = [base["yAxis"], {**base["yAxis"], **volume_axis}]
        series.append(_volume(scene, colours))
    legend = {"top": 0, "right": 8, "itemWidth": 12, "itemHeight": 10, "textStyle": {"color": colours.soft}}
    return {
        **base,
        "legend": {**legend, "data": ["Entry", "Exit"]},
        "tooltip": {
            **base["tooltip"],
            "trigger": "item",
            "axisPointer": {"type": "cross"},
            "extraCssText": "white-space: pre-line; max-width: 320px;",
        },
        "axisPointer": {
            "link": [{"xAxisIndex": "all"}],
            "label": {"backgroundColor": colours.soft, "color": colours.surface},
        },
        "grid": grids,
        "xAxis": x,
        "yAxis": y,
        "dataZoom": _zoom(scene, colours, len(x), is_free=is_free),
        "series": series,
    }


def place_of(scene: Scene, at: datetime | None) -> int | None:
    """The number of the candle that `at` falls into; None before the first, after the last, or without a time."""
    if at is None:
        return None
    opens = [candle.open_ms for candle in scene.candles]
    found = bisect_right(opens, millis(at)) - 1
    step = TIMEFRAMES_NS[scene.timeframe] // 1_000_000
    if found < 0 or (found == len(opens) - 1 and millis(at) >= opens[-1] + 2 * step):
        return None
    return found


def _axis(base: Options, scene: Scene) -> Options:
    names = [_time(datetime.fromtimestamp(candle.open_ms / 1000, UTC)) for candle in scene.candles]
    return named(base, names, boundaryGap=True)


def _candles(scene: Scene, colours: Palette) -> Options:
    return {
        "name": "Price",
        "type": "candlestick",
        "data": [[one.open, one.close, one.low, one.high] for one in scene.candles],
        "itemStyle": {
            "color": colours.surface,
            "color0": colours.down,
            "borderColor": colours.up,
            "borderColor0": colours.down,
        },
        "markArea": {"silent": False, "data": list(_areas(scene, colours))},
        "markLine": _chosen_lines(scene, colours),
    }


def _volume(scene: Scene, colours: Palette) -> Options:
    return {
        "name": "Volume",
        "type": "bar",
        "xAxisIndex": 1,
        "yAxisIndex": 1,
        "data": [one.volume for one in scene.candles],
        "itemStyle": {"color": colours.soft, "opacity": 0.45},
    }


def _areas(scene: Scene, colours: Palette) -> Iterator[list[Options]]:
    """From each change of state to the next, the last to the end."""
    last = len(scene.candles) - 1
    first_ms = scene.candles[0].open_ms
    for number, row in enumerate(scene.stages):
        later = scene.stages[number + 1]["created_at"] if number + 1 < len(scene.stages) else None
        begin = 0 if millis(row["created_at"]) < first_ms else place_of(scene, row["created_at"])
        end = last if later is None else place_of(scene, later)
        if later is not None and end is None and millis(later) > first_ms:
            end = last
        if begin is None or end is None or row["stage"] not in STAGES:
            continue
        colour = colours.series[STAGES.index(row["stage"])]
        label = {
            "show": end - begin >= NAMED_MIN,
            "position": "insideTop",
            "color": colours.ink,
            "fontSize": 10,
        }
        look = {"itemStyle": {"color": colour, "opacity": 0.13}, "label": label}
        yield [{"name": row["stage"], "xAxis": begin, **look}, {"xAxis": end}]


def _chosen_lines(scene: Scene, colours: Palette) -> Options:
    """Upright lines where the chosen trade begins and ends."""
    data = []
    if (row := _chosen(scene)) is not None:
        # To both sides of the lines, so that they stand apart on one candle as well.
        for word, at, side in (("entry ", row["opened_at"], "right"), (" exit", row["closed_at"], "left")):
            if (place := place_of(scene, at)) is not None:
                label = {"formatter": word, "color": colours.ink, "align": side}
                data.append({"xAxis": place, "label": label})
    line = {"color": colours.accent, "type": "dashed", "width": 1}
    return {"symbol": "none", "silent": True, "lineStyle": line, "data": data}


def _marks(scene: Scene, colours: Palette) -> Iterator[Options]:
    entries, exits = list[Options](), list[Options]()
    is_labelled = len(scene.marks) <= LABELLED_MAX
    for row in scene.marks:
        is_chosen = (row["run"], row["seq"]) == scene.chosen
        if (place := place_of(scene, row["opened_at"])) is not None:
            entries.append(_entry(scene, row, place, colours, is_chosen=is_chosen))
        if (place := place_of(scene, row["closed_at"])) is not None:
            exits.append(_exit(scene, row, place, colours, is_chosen=is_chosen, is_labelled=is_labelled))
    for name, symbol, data, colour in (
        ("Entry", "triangle", entries, colours.accent),
        ("Exit", "diamond", exits, colours.soft),
    ):
        made = {"name": name, "type": "scatter", "symbol": symbol, "data": data, "z": 5}
        yield {
            **made,
            "itemStyle": {"color": colour},
            "tooltip": {"formatter": "{b}"},
            "labelLayout": {"hideOverlap": True},
        }


def _entry(scene: Scene, row: Row, place: int, colours: Palette, *, is_chosen: bool) -> Options:
    """An arrow that points the way that the trade bets on, its tip at the price or at the candle's end."""
    candle, is_up = scene.candles[place], _bets_up(row)
    own = candle.low if is_up else candle.high
    level = own if row["is_underlying"] or row["entry_price"] is None else float(row["entry_price"])
    size = 17 if is_chosen else 11
    return {
        "name": entry_words(row),
        "value": [place, level],
        "symbolSize": size,
        "symbolRotate": 0 if is_up else 180,
        "symbolOffset": [0, size * (0.75 if is_up else -0.75)],
        "itemStyle": {"color": colours.accent, "borderColor": colours.surface, "borderWidth": 1},
    }


def _exit(
    scene: Scene, row: Row, place: int, colours: Palette, *, is_chosen: bool, is_labelled: bool
) -> Options:
    candle, pnl = scene.candles[place], row["pnl"] or Decimal(0)
    level = candle.close if row["is_underlying"] or row["exit_price"] is None else float(row["exit_price"])
    colour = colours.up if pnl > 0 else colours.down if pnl < 0 else colours.soft
    label = {
        "show": is_chosen or is_labelled,
        "position": "top",
        "color": colour,
        "fontSize": 11,
        "formatter": signed(pnl),
        "textBorderColor": colours.surface,
        "textBorderWidth": 2,
    }
    return {
        "name": exit_words(row),
        "value": [place, level],
        "symbolSize": 17 if is_chosen else 11,
        "itemStyle": {"color": colour, "borderColor": colours.surface, "borderWidth": 1},
        "label": label,
    }


def entry_words(row: Row) -> str:
    """What was begun, in lines; ECharts escapes them."""
    what = " ".join(str(one) for one in (row["side"], row["outcome"]) if one)
    lines = [
        f"Entry {_exact(row['opened_at'])}",
        f"{what} {_plain(row['quantity'])} at {_plain(row['entry_price'])}",
    ]
    return "\n".join([*lines, row["title"] or row["instrument"], row["strategy"]])


def exit_words(row: Row) -> str:
    """What came of it, in lines; ECharts escapes them."""
    lines = [
        f"Exit {_exact(row['closed_at'])}",
        f"{signed(row['pnl'] or Decimal(0))} at {_plain(row['exit_price'])}, {row['reason'] or 'no reason given'}",
    ]
    return "\n".join([*lines, row["title"] or row["instrument"], row["strategy"]])


def signed(amount: Decimal) -> str:
    """An amount with its sign."""
    return f"{'+' if amount > 0 else MINUS if amount < 0 else ''}{abs(amount):,.2f}"


def _bets_up(row: Row) -> bool:
    """Whether the trade gains from a rise: NO of a market is the other way."""
    is_bought: bool = row["side"] == "buy"
    is_against: bool = row["outcome"] == "NO"
    return is_bought != is_against


def _chosen(scene: Scene) -> Row | None:
    return next((row for row in scene.marks if (row["run"], row["seq"]) == scene.chosen), None)


def _zoom(scene: Scene, colours: Palette, axes: int, *, is_free: bool) -> list[Options]:
    total, window = len(scene.candles), Options()
    if not is_free:
        begin, end = max(0, total - SHOWN), total - 1
        row = _chosen(scene)
        if row is not None and (entered := place_of(scene, row["opened_at"])) is not None:
            left = place_of(scene, row["closed_at"])
            begin, end = max(0, entered - AROUND), min(end, (entered if left is None else left) + AROUND)
        window = {"start": 100 * begin / total, "end": 100 * (end + 1) / total}
    slider = {
        "type": "slider",
        "height": 18,
        "bottom": 8,
        "borderColor": colours.line,
        "showDetail": False,
        "dataBackground": {"lineStyle": {"color": colours.soft}, "areaStyle": {"color": colours.soft}},
        "fillerColor": f"{colours.accent}22",
        "handleStyle": {"color": colours.accent},
        "brushSelect": False,
    }
    which = {"xAxisIndex": list(range(axes)), "filterMode": "filter", **window}
    return [{"type": "inside", "zoomOnMouseWheel": "ctrl", **which}, {**slider, **which}]


def _time(at: datetime) -> str:
    return f"{at:%m-%d %H:%M}"


def _exact(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%m-%d %H:%M:%S} UTC" if at else "-"


def _plain(value: Decimal | None) -> str:
    return "-" if value is None else f"{float(value):,.6g}"
