"""Calendar factors of known times."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.desks.divergence.calendar import (
    HOUR_NS,
    REGIONS,
    WEEKDAYS,
    calendar_factors,
    liquidity_hour,
    moon_phase,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ts_of(text: str) -> int:
    """UTC ns of a time like 2024-04-08T18:21."""
    return (datetime.fromisoformat(f"{text}+00:00") - EPOCH) // timedelta(microseconds=1) * 1_000


@pytest.mark.parametrize(
    ("time", "phase"),
    [
        ("2000-01-06T18:14", 0.0),
        ("2024-04-08T18:21", 0.0),
        ("2024-04-23T23:49", 0.5),
        ("2024-08-12T15:19", 0.25),
        ("2025-03-14T06:55", 0.5),
        ("2025-06-25T10:31", 0.0),
        ("2026-02-17T12:01", 0.0),
    ],
)
def test_the_moon_is_where_the_almanac_has_it(time: str, phase: float) -> None:
    """New, first quarter and full, to two hours."""
    away = (moon_phase(ts_of(time)) - phase + 0.5) % 1.0 - 0.5
    assert abs(away) < 2.0 / (29.53 * 24)
    assert calendar_factors(ts_of(time)).moon_light == pytest.approx(
        0.5 - 0.5 * math.cos(2 * math.pi * phase), abs=0.01
    )


@pytest.mark.parametrize(
    ("hour", "session", "liquidity"),
    [
        (0.0, "east_asia", 0.30),
        (3.5, "east_asia", 0.35),
        (7.0, "emea", 0.55),
        (9.0, "emea", 0.35),
        (13.0, "americas", 0.65),
        (16.0, "americas", 0.35),
        (21.99, "americas", 0.35),
        (22.0, "oceania_sea", 0.10),
    ],
)
def test_the_session_is_the_most_liquid_open_one(hour: float, session: str, liquidity: float) -> None:
    """Spec 11's table by UTC hour; each end belongs to what follows."""
    found = calendar_factors(ts_of("2024-10-04T00:00") + round(hour * HOUR_NS))
    assert (found.session, found.weekday) == (session, "friday")
    assert found.liquidity == pytest.approx(liquidity)


def test_all_liquidity_is_shared_out() -> None:
    """The table adds up, and each working day has nine hours."""
    assert sum(region.liquidity for region in REGIONS) == pytest.approx(1.0)
    assert {(region.closes - region.opens) % 24 for region in REGIONS} <= {9.0, 8.5}


def test_the_liquid_world_has_a_clock() -> None:
    """An hour on is an hour on, around midnight too; at 12:00 UTC the weighted world is just past noon."""
    noon = ts_of("2024-10-04T12:00")
    assert liquidity_hour(noon) == pytest.approx(12.36, abs=0.01)
    for hours in range(24):
        turned = (liquidity_hour(noon + hours * HOUR_NS) - liquidity_hour(noon)) % 24.0
        assert turned == pytest.approx(hours, abs=1e-6)


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)))  # noqa: DTZ001 - the strategy wants naive times
def test_weekdays_are_the_calendars(time: datetime) -> None:
    """As datetime counts them; every figure is in its range."""
    ts = ts_of(time.isoformat())
    found = calendar_factors(ts)
    assert found.weekday == WEEKDAYS[time.weekday()]
    assert 0.0 <= found.moon_phase < 1.0
    assert 0.0 <= found.moon_light <= 1.0
    assert 0.0 <= found.liquidity_hour < 24.0
    assert found.liquidity > 0.0
