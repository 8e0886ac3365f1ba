"""Charts as inline SVG: round levels, places of time, curves that keep their extremes."""

import re
from datetime import UTC, datetime
from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.reporting.drawing import (
    TIMES_MAX,
    column_chart,
    line_chart,
    line_key,
    lines_chart,
    nice_ticks,
    share_bar,
    thinned,
    time_ticks,
)

FINITE = st.floats(-1e9, 1e9, allow_nan=False)


def seconds(year: int, month: int, day: int) -> float:
    """Midnight of a day."""
    return datetime(year, month, day, tzinfo=UTC).timestamp()


@given(FINITE, FINITE)
def test_levels_are_round_and_enclose_what_is_drawn(one: float, other: float) -> None:
    """Also of a flat curve, and of the tiniest one."""
    low, high = sorted((one, other))
    levels = nice_ticks(low, high)
    unseen = 1e-6 * (levels[1] - levels[0])
    assert levels[0] <= low + unseen
    assert levels[-1] >= high - unseen
    assert 2 <= len(levels) <= 8


def test_levels_step_by_one_two_or_five() -> None:
    """So that they can be read."""
    assert nice_ticks(0.0, 1.0) == pytest.approx([0.0, 0.5, 1.0])
    assert nice_ticks(8_757.0, 10_030.0) == [8_500.0, 9_000.0, 9_500.0, 10_000.0, 10_500.0]


@pytest.mark.parametrize(
    ("last", "labels"),
    [
        (seconds(2025, 1, 4), ["01 Jan", "02 Jan", "03 Jan", "04 Jan"]),
        (seconds(2025, 9, 1), ["Jan 2025", "Mar 2025", "May 2025", "Jul 2025", "Sep 2025"]),
        (
            seconds(2039, 1, 1),
            ["Jan 2026", "Jan 2028", "Jan 2030", "Jan 2032", "Jan 2034", "Jan 2036", "Jan 2038"],
        ),
    ],
)
def test_times_are_labelled_by_days_months_or_years(last: float, labels: list[str]) -> None:
    """As many as fit."""
    found = time_ticks(seconds(2025, 1, 1), last)
    assert [label for _, label in found] == labels
    assert len(found) <= TIMES_MAX


@given(st.lists(FINITE, min_size=2), st.integers(1, 20))
def test_a_thinned_curve_keeps_ends_and_extremes(values: list[float], buckets: int) -> None:
    """Nobody sees the points that are gone, and a spike stays."""
    points = [(float(place), value) for place, value in enumerate(values)]
    kept = thinned(points, buckets)
    assert len(kept) <= 2 * buckets + 2
    assert kept == sorted(kept)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert {min(values), max(values)} <= {value for _, value in kept}


def test_charts_are_well_formed_and_say_what_they_show() -> None:
    """A description is text: what is in it can't break the picture."""
    points = [(0.0, 1.0), (86_400.0, 3.0), (172_800.0, 2.0)]
    drawn = [
        line_chart(points, "Cash & <carry>", "{:.1f}".format, base=2.0, stepped=True),
        line_chart(points[:1], "One point", "{:.1f}".format),
        column_chart(points, [(0.0, -1.0)], 86_400.0, "Both sides", "{:.1f}".format),
        share_bar(1.7, "all of it"),
    ]
    for picture in drawn:
        drawing = minidom.parseString(picture).documentElement  # noqa: S318 - our own text
        assert drawing is not None
        assert drawing.getAttribute("aria-label")
    assert "nan" not in "".join(drawn)


@pytest.mark.parametrize(
    ("minutes", "labels"),
    [
        (10, ["01 Jan", "00:02", "00:04", "00:06", "00:08", "00:10"]),
        (120, ["01 Jan", "00:30", "01:00", "01:30", "02:00"]),
        (36 * 60, ["01 Jan", "06:00", "12:00", "18:00", "02 Jan", "06:00", "12:00"]),
    ],
)
def test_hours_are_labelled_where_days_are_few(minutes: int, labels: list[str]) -> None:
    """A session of an hour has an axis, too; midnight names its day."""
    first = seconds(2025, 1, 1)
    found = time_ticks(first, first + minutes * 60)
    assert [label for _, label in found] == labels
    assert len(found) <= TIMES_MAX


def test_curves_of_one_picture_differ_in_more_than_colour() -> None:
    """Each has dashes of its own, and the key shows the same."""
    curve = [(0.0, 0.0), (86_400.0, 0.1)]
    drawn = lines_chart([curve, curve], "Both", "{:.1f}".format, base=0.0)
    assert minidom.parseString(drawn)  # noqa: S318 - we drew it ourselves
    assert re.findall(r'stroke-dasharray="([^"]+)"', drawn) == ["none", "6 3"]
    assert [re.findall(r'stroke-dasharray="([^"]+)"', line_key(number)) for number in (0, 1)] == [
        ["none"],
        ["6 3"],
    ]
