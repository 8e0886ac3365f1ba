"""What a step says of the rows that it found."""

from decimal import Decimal

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.proving.flows.stages import FlowStage, Want, both, column, count, each, last, stage_of

ROWS = [{"a": 1, "b": 0.1 + 0.2}, {"a": 2, "b": 0.3}]


@pytest.mark.parametrize(
    ("want", "fault"),
    [
        (count(2, 2), ""),
        (count(3, 3), "2 rows, expected 3"),
        (count(3), "2 rows, expected at least 3"),
        (count(0, 0), "2 rows, expected 0"),
        (column("a", (1, 2)), ""),
        (column("a", [1, 3]), "a is 1, 2, expected 1, 3"),
        (last(a=2, b=0.3), ""),
        (last(a=1), "a is 2, expected 1"),
        (each("a above 0", lambda row: row["a"] > 0), ""),
        (each("a above 1", lambda row: row["a"] > 1), "a 1, b 0.30000000000000004: expected a above 1"),
        (each("anything", bool, 3), "2 rows, expected at least 3"),
        (both(count(2), count(5)), "2 rows, expected at least 5"),
    ],
)
def test_a_want_says_what_is_wrong_in_words(want: Want, fault: str) -> None:
    """L16: the complaint has the value and what was expected."""
    assert want(list(ROWS)) == fault


def test_figures_are_compared_as_the_database_gives_them() -> None:
    """Numeric columns come as Decimal, and floats to within their rounding."""
    assert last(a=0.3)([{"a": Decimal("0.3")}]) == ""
    assert column("a", (50, 125))([{"a": Decimal("50.00000000")}, {"a": Decimal(125)}]) == ""
    assert last(a=1)([]) == "no row"


def test_a_stage_that_there_is_none_of_is_said_with_what_there_is() -> None:
    """A wrong name is a usage error that lists the right ones."""
    assert stage_of("books") is FlowStage.BOOKS
    with pytest.raises(UsageError, match="no stage 'bookz'; name one of ingest, decision"):
        stage_of("bookz")
