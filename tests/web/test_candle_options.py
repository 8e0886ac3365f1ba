"""What is drawn on a chart of candles: marks that stand where trades were, and states that cover their time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tradeworthy.web.candles import Candle
from tradeworthy.web.dashboard.candle_options import (
    Scene,
    candle_options,
    entry_words,
    exit_words,
    place_of,
    signed,
)
from tradeworthy.web.dashboard.charts import Options
from tradeworthy.web.dashboard.theme import DARK, base_options

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
BASE = base_options(DARK, "candles")
HOSTILE = "<img src=x onerror=alert(1)>"


def candles(count: int, volume: float | None = None) -> list[Candle]:
    """Minutes whose lows are 90 + number and highs 110 + number."""
    begin = round(START.timestamp() * 1000)
    return [Candle(begin + n * 60_000, 100 + n, 110 + n, 90 + n, 101 + n, volume) for n in range(count)]


def trade(begin_s: int, end_s: int | None = None, **more: Any) -> dict[str, Any]:
    """A row of ChartListings.marks."""
    return {
        "run": "run-1",
        "seq": 7,
        "strategy": "1m",
        "side": "buy",
        "outcome": "LONG",
        "status": "open" if end_s is None else "closed",
        "quantity": Decimal(3),
        "entry_price": Decimal("100.5"),
        "exit_price": None if end_s is None else Decimal("104.5"),
        "pnl": None if end_s is None else Decimal("12.347"),
        "reason": "take_profit",
        "opened_at": START + timedelta(seconds=begin_s),
        "closed_at": None if end_s is None else START + timedelta(seconds=end_s),
        "title": None,
        "instrument": "SOLX",
        "is_underlying": False,
        **more,
    }


def drawn(scene: Scene, *, is_free: bool = False) -> Options:
    """The options, which there are."""
    made = candle_options(BASE, scene, DARK, is_free=is_free)
    assert made is not None
    return made


def series(options: Options, name: str) -> Options:
    """The series of that name."""
    return next(one for one in options["series"] if one["name"] == name)


def strings(value: Any) -> Iterator[str]:
    """All texts in options."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from strings(one)


def test_no_candles_are_no_chart() -> None:
    """The page then says why in a sentence."""
    assert candle_options(BASE, Scene([], "1m", [], [], None), DARK, is_free=False) is None


def test_marks_stand_on_the_candle_that_the_trade_fell_into() -> None:
    """A7: an entry is an arrow the way it bets, an exit carries its signed P&L."""
    options = drawn(Scene(candles(10), "1m", [trade(130, 245)], [], None))
    (entry,), (left,) = series(options, "Entry")["data"], series(options, "Exit")["data"]
    assert entry["value"] == [2, 100.5]
    assert entry["symbolRotate"] == 0
    assert left["value"] == [4, 104.5]
    assert left["label"]["formatter"] == "+12.35"
    assert left["label"]["color"] == DARK.up


@pytest.mark.parametrize(("outcome", "rotated", "level"), [("YES", 0, 92.0), ("NO", 180, 112.0)])
def test_a_trade_in_a_market_stands_at_its_underlying(outcome: str, rotated: int, level: float) -> None:
    """Its own price is a probability: the mark is at the candle's end, and NO points down."""
    row = trade(130, 245, outcome=outcome, is_underlying=True, title="Will it?")
    options = drawn(Scene(candles(10), "1m", [row], [], None))
    (entry,), (left,) = series(options, "Entry")["data"], series(options, "Exit")["data"]
    assert (entry["symbolRotate"], entry["value"]) == (rotated, [2, level])
    assert left["value"] == [4, 105.0]


def test_trades_outside_the_candles_are_not_drawn() -> None:
    """Before the first, after the last, and the exit of what is open."""
    rows = [trade(-60), trade(3_600), trade(130)]
    options = drawn(Scene(candles(10), "1m", rows, [], None))
    assert len(series(options, "Entry")["data"]) == 1
    assert series(options, "Exit")["data"] == []


def test_states_are_areas_until_the_next_state() -> None:
    """The last one reaches the end; one from before begins at the first candle; unknown ones are left out."""
    stages = [
        {"created_at": START + timedelta(seconds=at), "stage": stage}
        for at, stage in ((-600, "S0"), (120, "S1"), (300, "S3"), (360, "?"))
    ]
    areas = series(drawn(Scene(candles(10), "1m", [], stages, None)), "Price")["markArea"]["data"]
    assert [(first["name"], first["xAxis"], last["xAxis"]) for first, last in areas] == [
        ("S0", 0, 2),
        ("S1", 2, 5),
        ("S3", 5, 6),
    ]


def test_the_newest_are_in_sight_or_those_around_the_chosen_trade() -> None:
    """And what people have chosen to see is left to them."""
    row = trade(6_000, 6_600)
    newest = drawn(Scene(candles(1_000), "1m", [row], [], None))["dataZoom"][0]
    assert newest["start"] == pytest.approx(82)
    chosen = drawn(Scene(candles(1_000), "1m", [row], [], ("run-1", 7)))
    assert chosen["dataZoom"][0]["start"] == pytest.approx(5.5)
    assert chosen["dataZoom"][0]["end"] == pytest.approx(15.6)
    assert [line["xAxis"] for line in series(chosen, "Price")["markLine"]["data"]] == [100, 110]
    free = drawn(Scene(candles(1_000), "1m", [row], [], None), is_free=True)["dataZoom"]
    assert all("start" not in one for one in free)


def test_volume_is_drawn_only_where_it_is_known() -> None:
    """Candles that are made of prices have none."""
    assert len(drawn(Scene(candles(3, 5.0), "1m", [], [], None))["grid"]) == 2
    assert len(drawn(Scene(candles(3), "1m", [], [], None))["grid"]) == 1


def test_outside_text_goes_only_where_it_is_escaped() -> None:
    """Names of marks are shown by the template {b}, which ECharts escapes; no function, no HTML of our own."""
    row = trade(130, 245, title=HOSTILE, reason=HOSTILE)
    options = drawn(Scene(candles(10), "1m", [row], [], None))
    names = [one["name"] for name in ("Entry", "Exit") for one in series(options, name)["data"]]
    assert all(HOSTILE in name for name in names)
    assert sum(HOSTILE in text for text in strings(options)) == len(names)
    assert {series(options, name)["tooltip"]["formatter"] for name in ("Entry", "Exit")} == {"{b}"}


def test_marks_say_what_happened() -> None:
    """Side, amount, prices, result and reason, in words and with a sign."""
    row = trade(130, 245, pnl=Decimal("-1.5"))
    assert entry_words(row).splitlines() == ["Entry 05-01 12:02:10 UTC", "buy LONG 3 at 100.5", "SOLX", "1m"]
    assert exit_words(row).splitlines()[1] == "\N{MINUS SIGN}1.50 at 104.5, take_profit"
    assert signed(Decimal(0)) == "0.00"


def test_a_place_is_the_candle_that_was_open() -> None:
    """Times in a gap belong to the candle before it; long after the last there is none."""
    scene = Scene([*candles(2), *candles(9)[8:]], "1m", [], [], None)
    assert place_of(scene, None) is None
    assert place_of(scene, START) == 0
    assert place_of(scene, START + timedelta(seconds=200)) == 1
    assert place_of(scene, START + timedelta(seconds=500)) == 2
    assert place_of(scene, START + timedelta(seconds=700)) is None
