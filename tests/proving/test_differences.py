"""Two lists of values against each other."""

import math

import pytest

from tradeworthy.proving.parity.differences import Place, Values, compare, date_of, place_of_close, same

MINUTE = 60_000_000_000
DAY = 86_400_000_000_000


def at(row: Values, _: str) -> Place:
    """Rows of these tests stand on a day each."""
    return Place(date_of(row["ts"]), 0)


def rows(*values: float) -> list[Values]:
    """Numbered rows."""
    return [{"ts": place, "value": value} for place, value in enumerate(values)]


def number(row: Values) -> int:
    """A row's own number."""
    return int(row["ts"])


def test_equal_rows_have_no_difference() -> None:
    """D4: NaN equals NaN, whatever its bits."""
    other = -math.nan
    found = compare("x", rows(1.0, math.nan), rows(1.0, other), number, at)
    assert (found.rows, found.differences, found.first) == (2, 0, None)


def test_one_ulp_is_a_difference() -> None:
    """D4: the first field that differs is named with its place and both values in full."""
    found = compare("x", rows(1.0, 0.1, 3.0), rows(1.0, math.nextafter(0.1, 1), 4.0), number, at)
    assert found.differences == 2
    assert found.first is not None
    assert (found.first.date, found.first.field) == ("1970-01-02", "value")
    assert (found.first.left, found.first.right) == ("0.1", "0.10000000000000002")


@pytest.mark.parametrize(("left", "right"), [(0.0, -0.0), (1, 1.0), (True, 1), (None, ""), (1.0, math.nan)])
def test_what_is_not_the_same_bits_is_not_the_same(left: object, right: object) -> None:
    """D7: a comparison field by field is exact."""
    assert not same(left, right)


def test_a_row_that_one_side_lacks_is_named_as_missing() -> None:
    """D4: a removed row is one difference, not a difference of all that follow."""
    left, right = rows(1.0, 2.0, 3.0), rows(1.0, 2.0, 3.0)
    del right[1]
    found = compare("x", left, right, number, at)
    assert found.differences == 1
    assert found.first is not None
    assert (found.first.date, found.first.field, found.first.right) == ("1970-01-02", "missing", "nothing")
    turned = compare("x", right, left, number, at)
    assert turned.first is not None
    assert turned.first.left == "nothing"


def test_a_bar_belongs_to_the_day_it_opened_in() -> None:
    """What is decided at a midnight's close is of the last bar of the day before."""
    assert place_of_close(DAY, MINUTE) == Place("1970-01-01", 1439)
    assert place_of_close(DAY + 1_000_000_000, MINUTE) == Place("1970-01-01", 1439)
    assert place_of_close(DAY + MINUTE, MINUTE) == Place("1970-01-02", 0)
