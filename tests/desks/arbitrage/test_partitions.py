"""Sets of tokens: the walk through their books, and that each pays what it promises."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.arbitrage.legs import SHARE, leg
from tradeworthy.desks.arbitrage.partitions import (
    RATE_LOTS,
    LegBook,
    buy_all_no,
    buy_all_yes,
    buy_both,
    cross,
    ladder,
    split_and_sell,
    walk_set,
)
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.money import cash_of

FEE_STEP = 1000
"""Cash units that a venue rounds a fee up to."""


def test_the_walk_of_the_specification() -> None:
    """A3: M1 takes 150 shares for 144.50 and fees of 2.9918, and 2.5082 is left; one share more would lose."""
    walked = buy_both(leg("YES", (46, 10_000), (47, 20_000)), leg("NO", (50, 15_000), (52, 10_000)), 0.005)
    assert walked is not None
    assert (walked.lots, walked.cost, walked.fees) == (15_000, cash_of("144.50"), cash_of("2.9918"))
    assert (walked.profit, walked.payout_floor) == (cash_of("2.5082"), cash_of(150))
    assert walked.marginal_best == pytest.approx(0.020064)
    assert walked.marginal == pytest.approx(0.010036)
    assert walked.return_on_cost == pytest.approx(0.0174, abs=5e-5)
    assert walked.net_edge == pytest.approx(2.5082 / 150)
    assert walked.gross_edge == pytest.approx((150 - 144.5) / 150)
    yes, no = walked.legs
    assert (yes.lots, yes.limit_ticks) == (15_000, 47)
    assert yes.vwap == pytest.approx((46 * 100 + 47 * 50) / 15_000)
    assert (no.lots, no.limit_ticks, no.vwap, no.fee) == (15_000, 50, 0.5, cash_of("1.5"))


def test_the_third_step_of_that_walk_would_lose() -> None:
    """At 0.47 and 0.52 a share loses 0.009948, so even a walk that asks for nothing stops there."""
    walked = buy_both(leg("YES", (46, 10_000), (47, 20_000)), leg("NO", (50, 15_000), (52, 10_000)), 0.0)
    assert walked is not None
    assert walked.lots == 15_000
    assert buy_both(leg("YES", (47, 100)), leg("NO", (52, 100)), 0.0) is None


def test_it_stops_where_the_margin_is_below_the_least() -> None:
    """With 0.015 asked for, the second fifty shares at 0.010036 stay."""
    walked = buy_both(leg("YES", (46, 10_000), (47, 20_000)), leg("NO", (50, 15_000), (52, 10_000)), 0.015)
    assert walked is not None
    assert (walked.lots, walked.legs[0].limit_ticks) == (10_000, 46)


def test_lots_and_fixed_costs() -> None:
    """A limit of lots cuts the walk; gas comes off the profit alone."""
    books = leg("YES", (46, 10_000)), leg("NO", (50, 15_000))
    walked = buy_both(*books, 0.005, fixed_cost=cash_of("0.5"), lots_max=700)
    assert walked is not None
    assert (walked.lots, walked.profit) == (
        700,
        cash_of("7") - cash_of("6.72") - walked.fees - cash_of("0.5"),
    )


def test_an_empty_book_and_unequal_lots_make_no_set() -> None:
    """Nothing to trade is no gap."""
    assert buy_both(leg("YES"), leg("NO", (50, 100)), 0.0) is None
    assert walk_set((), SHARE, 0.0) is None
    assert buy_all_yes([leg("YES", (1, 100))], 0.0) is None


def test_split_and_sell_is_paid_before_it_pays() -> None:
    """M2: bids of 0.56 and 0.50 bring 1.06 for a set of 1; the fee is taken off, and what is owed is the set."""
    walked = split_and_sell(
        leg("YES", (56, 3_000), (52, 9_000), side=Side.SELL), leg("NO", (50, 5_000), side=Side.SELL), 0.005
    )
    assert walked is not None
    each = 0.06 - 0.04 * (0.56 * 0.44 + 0.25)
    assert walked.lots == 3_000
    assert walked.marginal_best == pytest.approx(each)
    assert walked.profit == cash_of("31.8") - walked.fees - cash_of(30)
    assert walked.cost == cash_of(30), "the money that was split"
    assert walked.payout_floor == -cash_of(30), "what the sold tokens will cost at the end"
    assert walked.net_edge == pytest.approx(each, abs=1e-6)


@st.composite
def ladders(draw: st.DrawFn, low: int = 1, high: int = 99) -> tuple[tuple[int, int], ...]:
    """Rising levels of few lots."""
    ticks = sorted(draw(st.sets(st.integers(low, high), min_size=1, max_size=4)))
    return tuple((one, draw(st.integers(1, 12))) for one in ticks)


def lots_of(book: LegBook) -> list[int]:
    """The ticks of each lot, best first."""
    return [level.ticks for level in book.levels for _ in range(level.lots)]


def margin(books: list[LegBook], floor: int, place: int) -> float:
    """What the set of number `place` adds, fees before rounding."""
    total = float(floor)
    for book in books:
        ticks = lots_of(book)[place]
        total -= book.scale.cost(ticks, 1) + book.scale.fee(ticks, RATE_LOTS, maker=False) / RATE_LOTS
    return total


def profit_of(books: list[LegBook], floor: int, lots: int) -> int:
    """Lot by lot: the payout, less costs, less the fee of each level."""
    profit = floor * lots
    for book in books:
        taken = lots_of(book)[:lots]
        for ticks in dict.fromkeys(taken):
            count = taken.count(ticks)
            profit -= book.scale.cost(ticks, count) + book.scale.fee(ticks, count, maker=False)
    return profit


@given(st.lists(ladders(), min_size=1, max_size=4), st.integers(1, 3), st.sampled_from([0.0, 0.005, 0.05]))
def test_the_walk_equals_brute_force(
    asks: list[tuple[tuple[int, int], ...]], floor: int, least: float
) -> None:
    """Any number of legs: it takes every lot that earns enough and none after, and no other count earns more."""
    books = [leg(f"L{place}", *levels, lots_min=1) for place, levels in enumerate(asks)]
    deep = min(len(lots_of(book)) for book in books)
    wanted = 0
    while wanted < deep and margin(books, floor * SHARE, wanted) >= max(least * SHARE, 1e-9):
        wanted += 1
    walked = walk_set(books, floor * SHARE, least)
    assert (walked.lots if walked else 0) == wanted
    if walked is None:
        return
    assert walked.profit == profit_of(books, floor * SHARE, wanted)
    assert walked.cost + walked.fees + walked.profit == walked.payout_floor == floor * SHARE * wanted
    if least == 0.0:
        rounding = FEE_STEP * sum(len(book.levels) for book in books)
        best = max(profit_of(books, floor * SHARE, lots) for lots in range(deep + 1))
        assert walked.profit >= best - rounding


@given(st.lists(ladders(high=95), min_size=2, max_size=4))
def test_the_best_subset_of_no_equals_brute_force(asks: list[tuple[tuple[int, int], ...]]) -> None:
    """M4: over all subsets of two or more and all counts of lots, none earns more."""
    books = [leg("NO", *levels, market=f"polymarket:{n}", lots_min=1) for n, levels in enumerate(asks)]
    walked = buy_all_no(books, 0.0)
    best = 0
    for size in range(2, len(books) + 1):
        for subset in combinations(books, size):
            deep = min(len(lots_of(book)) for book in subset)
            floor = (size - 1) * SHARE
            best = max(best, *(profit_of(list(subset), floor, lots) for lots in range(deep + 1)))
    rounding = FEE_STEP * sum(len(book.levels) for book in books)
    assert (walked.profit if walked else 0) >= best - rounding
    if walked:
        assert walked.profit <= best
        assert walked.payout_floor == (len(walked.legs) - 1) * walked.lots * SHARE


def test_a_subset_that_the_venue_takes_goes_first() -> None:
    """A leg with three shares would add most to a set of less than the venue's five."""
    deep = [leg("NO", (40, 10_000), market="polymarket:a"), leg("NO", (45, 10_000), market="polymarket:b")]
    walked = buy_all_no([*deep, leg("NO", (1, 300), market="polymarket:c")], 0.005)
    assert walked is not None
    assert ([one.market for one in walked.legs], walked.lots) == (["polymarket:a", "polymarket:b"], 10_000)
    thin = buy_all_no([leg("NO", (40, 300), market="polymarket:a"), deep[1]], 0.005)
    assert thin is not None
    assert thin.lots == 300, "without another it is found, and refused by its size"


@given(st.integers(2, 6), st.integers(-1, 5))
def test_m4_pays_its_floor_whatever_comes_true(legs: int, winner: int) -> None:
    """At most one outcome is YES (or none of those listed): m tokens of NO pay m - 1 or m."""
    books = [leg("NO", (10, 1_000), market=f"polymarket:{n}") for n in range(legs)]
    walked = buy_all_no(books, 0.0)
    assert walked is not None
    paid = sum(one.lots * SHARE for place, one in enumerate(walked.legs) if place != winner)
    assert paid >= walked.payout_floor
    assert (paid == walked.payout_floor) == (winner in range(legs))


@given(st.integers(2, 6), st.integers(0, 5))
def test_m3_pays_1_if_one_of_its_outcomes_comes_true(legs: int, winner: int) -> None:
    """A complete set: exactly one leg pays; an outcome that is not among them would pay nothing."""
    walked = buy_all_yes([leg("YES", (5, 1_000), market=f"polymarket:{n}") for n in range(legs)], 0.0)
    assert walked is not None
    paid = sum(one.lots * SHARE for place, one in enumerate(walked.legs) if place == winner)
    assert paid == (walked.payout_floor if winner < legs else 0)


@given(st.integers(90, 110), st.integers(90, 110), st.integers(80, 120))
def test_m5_pays_1_at_every_price(low: int, high: int, ends_at: int) -> None:
    """YES of the lower strike and NO of the higher: 1 below both and above both, 2 in between, never less."""
    low, high = min(low, high), max(low, high)
    walked = ladder(leg("YES", (40, 1_000), market="polymarket:low"), leg("NO", (50, 1_000)), 0.005)
    assert walked is not None
    paid = (ends_at >= low) + (ends_at < high)
    assert paid * walked.lots * SHARE >= walked.payout_floor
    assert paid == (2 if low <= ends_at < high else 1)


def test_across_venues_a_buffer_comes_off_the_payout() -> None:
    """X1: 1 - 0.45 - 0.50 - fees - 0.01; the mirrored direction is a walk of its own."""
    yes_a, no_b = leg("YES", (45, 1_000), rate="0"), leg("NO", (50, 2_000), market="kalshi:b", rate="0.07")
    walked = cross(yes_a, no_b, 0.01, 0.005)
    assert walked is not None
    assert walked.marginal_best == pytest.approx(1 - 0.45 - 0.50 - 0.07 * 0.25 - 0.01)
    assert walked.profit == cash_of("9.9") - cash_of("9.5") - walked.fees
    assert cross(leg("YES", (52, 1_000), market="kalshi:b"), leg("NO", (50, 1_000)), 0.01, 0.005) is None
    assert cross(yes_a, no_b, 0.04, 0.005) is None


def test_a_share_pays_one_unit_of_currency() -> None:
    """What the figures of these tests rest on."""
    assert SHARE * 100 == CASH_UNIT
