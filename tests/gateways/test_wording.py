"""Titles of simulated markets, in the venue's words."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.gateways.simulator import wording


@pytest.mark.parametrize(
    ("moment", "local"),
    [
        ((2024, 3, 10, 6, 59), (2024, 3, 10, 1, 59)),
        ((2024, 3, 10, 7, 0), (2024, 3, 10, 3, 0)),
        ((2024, 11, 3, 5, 59), (2024, 11, 3, 1, 59)),
        ((2024, 11, 3, 6, 0), (2024, 11, 3, 1, 0)),
        ((2024, 1, 1, 0, 0), (2023, 12, 31, 19, 0)),
        ((2026, 7, 4, 12, 0), (2026, 7, 4, 8, 0)),
    ],
)
def test_new_york_s_clock_follows_its_rule(moment: tuple[int, ...], local: tuple[int, ...]) -> None:
    """Also in the hours in which it changes."""
    assert wording.eastern(datetime(*moment, tzinfo=UTC)) == datetime(*local)  # type: ignore[misc,arg-type] # noqa: DTZ001


@given(day=st.dates(date(2008, 1, 1), date(2100, 1, 1)))
def test_noon_is_noon(day: date) -> None:
    """On every day of the year."""
    local = wording.eastern(wording.noon(day))
    assert (local.date(), local.hour, local.minute) == (day, 12, 0)


def test_titles_are_in_the_venue_s_words() -> None:
    """As in the examples of the venue's catalogue."""
    start = datetime(2026, 3, 12, 9, 20, tzinfo=UTC)
    end = datetime(2026, 3, 12, 9, 25, tzinfo=UTC)
    assert wording.window_title("Bitcoin", start, end) == "Bitcoin Up or Down - March 12, 5:20AM-5:25AM ET"
    assert [wording.price_text(price) for price in (95_000.0, 0.5, 1234.25)] == [
        "$95,000",
        "$0.50",
        "$1,234.25",
    ]
    assert [wording.round_step(size) for size in (1140.0, 41.0, 2.2, 0.004)] == [1000.0, 50.0, 2.0, 0.01]
