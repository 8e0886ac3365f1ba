"""Order books: which are valid, and what an order gets from one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.errors import UsageError
from tradeworthy.market.books import BookChanged, Level, check_book, walk
from tradeworthy.market.instruments import Side


def levels(*pairs: tuple[int, int]) -> tuple[Level, ...]:
    """Levels of (ticks, lots)."""
    return tuple(Level(ticks, lots) for ticks, lots in pairs)


def book(bids: tuple[Level, ...], asks: tuple[Level, ...], *, crossed: bool = False) -> BookChanged:
    """A book of BTC."""
    return BookChanged("BTC", 0, bids, asks, crossed)


@pytest.mark.parametrize(
    "good",
    [
        book(levels((9, 1), (8, 5)), levels((10, 1), (12, 5))),
        book((), levels((10, 1))),
        book((), ()),
        book(levels((10, 1)), levels((10, 1)), crossed=True),
    ],
)
def test_an_ordered_book_passes(good: BookChanged) -> None:
    """One-sided, empty, and flagged as crossed are all facts of a venue."""
    check_book(good)


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (book(levels((9, 1), (9, 1)), ()), "bid 9 follows 9 ticks"),
        (book(levels((8, 1), (9, 1)), ()), "bid 9 follows 8 ticks, but bids fall"),
        (book((), levels((9, 1), (8, 1))), "ask 8 follows 9 ticks"),
        (book(levels((9, 0)), ()), "bid of 0 lots at 9 ticks is not above 0"),
        (book((), levels((0, 3))), "ask of 3 lots at 0 ticks is not above 0"),
        (book(levels((10, 1)), levels((10, 1))), "best bid 10 is not below best ask 10 ticks"),
        (book(levels((9, 1), (10, 1)), levels((11, 1)), crossed=True), "bid 10 follows 9"),
    ],
)
def test_a_disordered_book_is_named_with_value_instrument_and_time(bad: BookChanged, fault: str) -> None:
    """A gateway learns what it built wrong."""
    with pytest.raises(UsageError, match=fault) as refused:
        check_book(bad)
    assert str(refused.value).startswith("BTC book at 1970-01-01T00:00:00Z: ")


def test_best_levels_and_the_side_that_an_order_faces() -> None:
    """A buy faces the asks."""
    both = book(levels((9, 1), (8, 5)), levels((10, 2)))
    assert (both.best_bid, both.best_ask) == (Level(9, 1), Level(10, 2))
    assert both.facing(Side.BUY) is both.asks
    assert both.facing(Side.SELL) is both.bids
    assert book((), ()).best_bid is book((), ()).best_ask is None


def test_a_walk_stops_at_the_limit_and_at_its_lots() -> None:
    """A buy takes the asks up to its limit, a sell the bids down to it."""
    asks = levels((10, 2), (11, 3), (13, 9))
    assert walk(Side.BUY, asks, 4) == [Level(10, 2), Level(11, 2)]
    assert walk(Side.BUY, asks, 40, 12) == [Level(10, 2), Level(11, 3)]
    assert walk(Side.BUY, asks, 40, 9) == []
    assert walk(Side.SELL, levels((9, 2), (7, 3)), 40, 8) == [Level(9, 2)]
    assert walk(Side.BUY, (), 1) == walk(Side.BUY, asks, 0) == []


def test_a_walk_passes_over_what_is_taken_already() -> None:
    """Lots consumed before, though the book still shows them, are gone."""
    asks = levels((10, 2), (11, 3))
    assert walk(Side.BUY, asks, 3, taken={10: 2, 11: 1}) == [Level(11, 2)]
    assert walk(Side.BUY, asks, 3, taken={10: 5}) == [Level(11, 3)]


@given(
    side=st.sampled_from(Side),
    sizes=st.dictionaries(st.integers(1, 20), st.integers(1, 9), max_size=8),
    lots=st.integers(0, 60),
    limit=st.none() | st.integers(1, 20),
    taken=st.dictionaries(st.integers(1, 20), st.integers(0, 9)),
)
def test_a_walk_takes_the_best_and_no_more_than_there_is(
    side: Side, sizes: dict[int, int], lots: int, limit: int | None, taken: dict[int, int]
) -> None:
    """The fills are those of going lot by lot through what is free within the limit, best price first."""
    shown = tuple(Level(ticks, sizes[ticks]) for ticks in sorted(sizes, key=lambda ticks: ticks * side.sign))
    single = [
        level.ticks
        for level in shown
        if limit is None or level.ticks * side.sign <= limit * side.sign
        for _ in range(level.lots - taken.get(level.ticks, 0))
    ][:lots]
    fills = walk(side, shown, lots, limit, taken)
    assert [fill.ticks for fill in fills for _ in range(fill.lots)] == single
