"""What order books say of a maker order's chance and of the trade's size."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.desks.divergence.config import OrderBookSettings
from tradeworthy.desks.divergence.order_books import (
    BookProvider,
    MockOBProvider,
    OBMarket,
    OBSnapshot,
    fill_probability,
    market_of,
    ob_multiplier,
    provider_of,
    snapshot_of,
)
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.money import Scale

NOW = 1_000_000_000_000
SCALE = Scale(Instrument("BTC", "x", "USDT", Decimal("0.5"), Decimal("0.01"), Decimal(0), Decimal(0)))
FOUR = ("A", "B", "C", "D")


def levels(*pairs: tuple[int, int]) -> tuple[Level, ...]:
    """Levels of (ticks, lots)."""
    return tuple(Level(*pair) for pair in pairs)


def book(bids: tuple[Level, ...], asks: tuple[Level, ...], ts: int = NOW) -> BookChanged:
    """A book of BTC."""
    return BookChanged("BTC", ts, bids, asks)


class Leaning:
    """A provider of given imbalances."""

    def __init__(self, **imbalances: float) -> None:
        self._imbalances = imbalances

    def imbalance(self, asset: str, now: int) -> float | None:
        """The given one."""
        return self._imbalances.get(asset)

    def fill_chance(self, asset: str, sign: int, notional: float, now: int) -> float:
        """Nothing is posted."""
        return 0.0


def test_the_mock_says_the_same_of_every_asset() -> None:
    """Spec 2: fill 62 %, imbalance -0.09."""
    mock = MockOBProvider()
    assert {mock.imbalance(asset, NOW) for asset in FOUR} == {-0.09}
    assert {mock.fill_chance(asset, sign, 1e9, NOW) for asset in FOUR for sign in (-1, 1)} == {0.62}


def test_the_mock_raises_a_short_by_a_little() -> None:
    """Spec 10: effective 0.09 is just past the threshold of 0.08: 1.017; a long is cut by as much of its side."""
    market = market_of(MockOBProvider(), FOUR, NOW)
    assert market == OBMarket(-0.09, 1.0, 4)
    assert ob_multiplier(market, -1) == pytest.approx(1.017, abs=0.0005)
    assert ob_multiplier(market, 1) == pytest.approx(1.0 - 0.15 / 12.0)


@pytest.mark.parametrize(
    ("effective", "agreement", "multiplier"),
    [
        (0.08, 1.0, 1.0),
        (0.20, 1.0, 1.20),
        (0.90, 1.0, 1.20),
        (0.20, 0.85, 1.10),
        (0.20, 0.70, 1.0),
        (0.20, 0.10, 1.0),
        (-0.08, 1.0, 1.0),
        (-0.20, 1.0, 0.85),
        (-0.20, 0.85, 0.925),
        (0.0, 1.0, 1.0),
    ],
)
def test_the_multiplier_by_lean_and_agreement(effective: float, agreement: float, multiplier: float) -> None:
    """Spec 10: up to 1.20 with the books, down to 0.85 against them, 1 where they do not agree."""
    for direction in (-1, 1):
        market = OBMarket(direction * effective, agreement, 9)
        assert ob_multiplier(market, direction) == pytest.approx(multiplier)


@given(st.floats(-1, 1), st.floats(0, 1), st.sampled_from([-1, 1]))
def test_the_multiplier_keeps_its_bounds(imbalance: float, agreement: float, direction: int) -> None:
    """0.85 to 1.20, whatever the books say."""
    assert 0.85 <= ob_multiplier(OBMarket(imbalance, agreement, 3), direction) <= 1.20


def test_the_market_is_the_median_and_who_agrees_with_it() -> None:
    """Of an even number the middle of two; books that are absent don't count; without any there is no market."""
    assert market_of(Leaning(A=-0.3, B=0.1, C=-0.2), FOUR, NOW) == OBMarket(-0.2, 2 / 3, 3)
    assert market_of(Leaning(A=0.5, B=0.25, C=0.25, D=-0.5), FOUR, NOW) == OBMarket(0.25, 0.75, 4)
    assert market_of(Leaning(A=0.5, B=0.75), FOUR, NOW) == OBMarket(0.625, 1.0, 2)
    assert market_of(Leaning(A=0.0, B=0.0), FOUR, NOW) == OBMarket(0.0, 0.0, 2)
    assert market_of(Leaning(), FOUR, NOW) is None
    assert ob_multiplier(None, -1) == 1.0


def test_a_snapshot_is_of_five_levels_in_money() -> None:
    """Ticks of 0.5 and lots of 0.01: the sixth level is not looked at."""
    bids = levels(*((200 - step, 100) for step in range(5)), (195, 99_999))
    seen = snapshot_of(book(bids, levels((202, 1_000))), SCALE)
    money_bid = sum((200 - step) * 0.5 * 1.0 for step in range(5))
    money_ask = 101.0 * 10.0
    assert seen is not None
    assert seen.ts == NOW
    assert seen.imbalance == pytest.approx((money_bid - money_ask) / (money_bid + money_ask))
    assert seen.depth == pytest.approx(money_bid)
    assert seen.spread_bps == pytest.approx(1.0 / 100.5 * 10_000.0)


@pytest.mark.parametrize(
    "seen",
    [
        book((), levels((202, 5))),
        book(levels((200, 5)), ()),
        BookChanged("BTC", NOW, levels((202, 5)), levels((200, 5)), crossed=True),
        book(levels((200, 5)), levels((202, 5)), NOW - 10_000_000_001),
    ],
)
def test_a_book_without_worth_counts_as_absent(seen: BookChanged) -> None:
    """One-sided, crossed or older than max_age_s: no imbalance, and nothing is posted into it."""
    provider = provider_of(OrderBookSettings(provider="book"), {"BTC": seen}, lambda _: SCALE)
    assert provider.imbalance("BTC", NOW) is None
    assert provider.fill_chance("BTC", 1, 100.0, NOW) == 0.0
    assert provider.imbalance("ETH", NOW) is None


def test_a_book_is_read_when_it_is_asked_for() -> None:
    """The provider keeps nothing of its own; at max_age_s exactly the book still counts."""
    books: dict[str, BookChanged] = {}
    provider = BookProvider(books, lambda _: SCALE, 10)
    assert provider.snapshot("BTC", NOW) is None
    books["BTC"] = book(levels((200, 10)), levels((202, 30)), NOW - 10)
    seen = provider.snapshot("BTC", NOW)
    assert seen is not None
    assert provider.imbalance("BTC", NOW) == seen.imbalance < 0.0
    assert provider.fill_chance("BTC", -1, 50.0, NOW) == fill_probability(seen, -1, 50.0)


def test_an_even_book_fills_like_the_mock() -> None:
    """One basis point wide and as deep as the order: 0.62."""
    assert fill_probability(OBSnapshot(NOW, 0.0, 1_000.0, 1.0), 1, 1_000.0) == pytest.approx(0.622, abs=0.001)


def test_what_makes_a_fill_likelier() -> None:
    """Depth for the order; less so a wide spread, and a book that leans the order's own way."""
    even = OBSnapshot(NOW, 0.0, 1_000.0, 1.0)
    chance = fill_probability(even, 1, 1_000.0)
    assert fill_probability(even, 1, 500.0) > chance
    assert fill_probability(OBSnapshot(NOW, 0.0, 1_000.0, 9.0), 1, 1_000.0) < chance
    leaning = OBSnapshot(NOW, 0.5, 1_000.0, 1.0)
    assert fill_probability(leaning, 1, 1_000.0) < chance < fill_probability(leaning, -1, 1_000.0)


@given(
    st.floats(-1, 1),
    st.floats(1e-8, 1e15),
    st.floats(0, 20_000),
    st.sampled_from([-1, 1]),
    st.floats(0, 1e15),
)
def test_a_chance_is_never_certain(
    imbalance: float, depth: float, spread_bps: float, sign: int, notional: float
) -> None:
    """0.05 to 0.95, of no order at all too."""
    assert 0.05 <= fill_probability(OBSnapshot(NOW, imbalance, depth, spread_bps), sign, notional) <= 0.95
