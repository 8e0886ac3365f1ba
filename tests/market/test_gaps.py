"""What is missing is listed, and today is never asked for."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.errors import UsageError
from tradeworthy.market.gaps import days_through, holes, last_whole_day, missing_days, stretches

FIRST, TODAY = date(2024, 1, 1), date(2024, 3, 1)


@given(st.sets(st.integers(0, 200), min_size=1))
def test_holes_and_bars_make_the_whole_series(numbers: set[int]) -> None:
    """D13: each step between the first bar and the last is a bar or in exactly one hole."""
    opened = np.array(sorted(numbers), np.int64) * 60
    filled = [ts for start, end in holes(opened, 60) for ts in range(start, end, 60)]
    assert sorted([*filled, *opened.tolist()]) == list(range(opened[0], opened[-1] + 1, 60))


def test_no_bars_have_no_holes() -> None:
    """Nothing is between nothing."""
    assert holes(np.array([], np.int64), 60) == []


def test_a_series_is_judged_up_to_yesterday() -> None:
    """D13: today's file can't be there yet, so it is neither missing nor asked for."""
    yesterday = last_whole_day(TODAY)
    assert yesterday == date(2024, 2, 29)
    there = set(days_through(FIRST, yesterday))
    assert missing_days(there, FIRST, yesterday, TODAY) == []
    there -= {date(2024, 1, 5), date(2024, 1, 6), date(2024, 2, 29)}
    missing = missing_days(there, FIRST, yesterday, TODAY)
    assert missing == [date(2024, 1, 5), date(2024, 1, 6), date(2024, 2, 29)]
    assert stretches(missing) == [
        (date(2024, 1, 5), date(2024, 1, 6)),
        (date(2024, 2, 29), date(2024, 2, 29)),
    ]


def test_today_and_an_empty_range_are_refused() -> None:
    """One line with the value and the limit."""
    with pytest.raises(UsageError, match=r"2024-03-01 is not over: .* up to 2024-02-29"):
        missing_days((), FIRST, TODAY, TODAY)
    with pytest.raises(UsageError, match="the first must not be after the last"):
        missing_days((), date(2024, 2, 2), date(2024, 2, 1), TODAY)
