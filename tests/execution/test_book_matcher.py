"""Which displayed size an order trades with."""

from hypothesis import given
from hypothesis import strategies as st

from tests.execution.trading import BUY, SELL
from tradeworthy.execution.book_matcher import Taken, Walk, taken_at, walk
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.books import Level
from tradeworthy.market.instruments import Side

ASKS = (Level(101, 5), Level(102, 5), Level(104, 5))
BIDS = (Level(99, 5), Level(98, 5), Level(96, 5))


def test_a_walk_takes_the_best_levels_first_and_stops_when_it_has_enough() -> None:
    """The last level is taken in part."""
    assert walk(ASKS, BUY, None, 7, {}).levels == (Level(101, 5), Level(102, 2))
    assert walk(BIDS, SELL, None, 7, {}).levels == (Level(99, 5), Level(98, 2))


def test_a_walk_stops_at_the_limit() -> None:
    """And says that it was the limit, not the size, that was missing."""
    assert walk(ASKS, BUY, 102, 20, {}) == Walk((Level(101, 5), Level(102, 5)), Reason.LIMIT_NOT_REACHED)
    assert walk(BIDS, SELL, 98, 20, {}) == Walk((Level(99, 5), Level(98, 5)), Reason.LIMIT_NOT_REACHED)
    assert walk(ASKS, BUY, 110, 20, {}) == Walk(ASKS, Reason.NO_LIQUIDITY)
    assert walk((), BUY, None, 1, {}) == Walk((), Reason.NO_LIQUIDITY)


def test_size_that_was_taken_is_not_there_again() -> None:
    """A level that is used up is passed over; one that shrank below what we took has nothing."""
    assert walk(ASKS, BUY, None, 7, {101: 5, 102: 3}).levels == (Level(102, 2), Level(104, 5))
    assert walk(ASKS, BUY, None, 1, {101: 50}).levels == (Level(102, 1),)


def test_taken_size_is_remembered_by_side_and_until_its_time() -> None:
    """At `until` it is forgotten."""
    memory = [Taken(BUY, 101, 2, 10), Taken(BUY, 101, 3, 20), Taken(SELL, 99, 4, 20)]
    assert taken_at(memory, BUY, 9) == {101: 5}
    assert taken_at(memory, BUY, 10) == {101: 3}
    assert taken_at(memory, SELL, 19) == {99: 4}
    assert taken_at(memory, SELL, 20) == {}


levels = st.dictionaries(st.integers(1, 12), st.integers(0, 6), max_size=8)


@given(
    book=levels,
    side=st.sampled_from(list(Side)),
    limit=st.none() | st.integers(0, 13),
    lots=st.integers(1, 20),
    taken=levels,
)
def test_a_walk_equals_taking_lot_after_lot(
    book: dict[int, int], side: Side, limit: int | None, lots: int, taken: dict[int, int]
) -> None:
    """Against the plainest model: spread the book out lot by lot, sort, and count."""
    spread = sorted(
        (
            ticks
            for ticks, shown in book.items()
            for _ in range(max(0, shown - taken.get(ticks, 0)))
            if limit is None or (limit - ticks) * side.sign >= 0
        ),
        reverse=side is SELL,
    )[:lots]
    shown = tuple(Level(ticks, book[ticks]) for ticks in sorted(book, reverse=side is SELL))
    found = walk(shown, side, limit, lots, taken)
    assert [level.ticks for level in found.levels for _ in range(level.lots)] == spread
