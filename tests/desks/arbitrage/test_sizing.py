"""Stakes: the worked example to the cent, and the bounds that no stake passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.arbitrage.legs import SHARE, token
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.sizing import Purse, kelly_share, stake
from tradeworthy.market import digital
from tradeworthy.market.books import Level
from tradeworthy.market.money import Scale, cash_of

SETTINGS = ArbitrageSettings()
SCALE = Scale(token("polymarket:a", "YES", rate="0.07"))
QUARTER = 15 / 525_600
FAIR = digital.above(97_500, 97_000, 0.5, QUARTER)


def purse(dollars: str, *, free: str = "", held: str = "0") -> Purse:
    """So much capital, all of it free unless said."""
    return Purse(cash_of(dollars), cash_of(free or dollars), cash_of(held))


def test_the_worked_example() -> None:
    """A3: capital 50 and signal 1 allow 25; a quarter of Kelly's 0.80713 is $10.09, which buys 11.74 shares at 0.85."""
    sized = stake((Level(85, 40_000),), SCALE, FAIR, 1.0, purse("50"), SETTINGS)
    assert sized.skip is None
    assert (sized.lots, sized.limit_ticks) == (1174, 85)
    assert sized.kelly == pytest.approx(0.80713, abs=5e-6)
    assert round(sized.budget / cash_of(1), 2) == 10.09
    assert sized.cost == cash_of("9.9790")
    assert sized.fee == cash_of("0.10478")
    edge = FAIR - 0.85 - 0.008925
    assert edge == pytest.approx(0.113866, abs=1e-6)
    assert 11.74 * edge == pytest.approx(1.3368, abs=5e-5)
    won = cash_of("11.74") - sized.cost - sized.fee
    assert won == cash_of("1.65622")


def test_kelly_is_no_bet_without_an_edge() -> None:
    """Nor at a price of 1; never more than everything."""
    assert kelly_share(0.5, 0.5) == kelly_share(0.4, 0.5) == kelly_share(1.0, 1.0) == 0.0
    assert kelly_share(1.0, 0.5) == 1.0
    assert kelly_share(0.972791, 0.858925) == pytest.approx(0.80713, abs=5e-6)


def test_a_weak_signal_stakes_less() -> None:
    """Half of 50 times 0.2 is 5, below what Kelly allows."""
    sized = stake((Level(85, 40_000),), SCALE, FAIR, 0.2, purse("50"), SETTINGS)
    assert sized.budget == cash_of(5)
    assert sized.lots == 582


def test_the_book_and_the_opportunity_bound_the_lots() -> None:
    """No more than the levels show, nor than the opportunity counted."""
    assert stake((Level(85, 700),), SCALE, FAIR, 1.0, purse("50"), SETTINGS).lots == 700
    assert stake((Level(85, 4_000),), SCALE, FAIR, 1.0, purse("50"), SETTINGS, lots_max=600).lots == 600


def test_a_walk_past_the_first_level_names_the_worst_it_consumed() -> None:
    """Two levels of three are needed; Kelly goes by what they cost together."""
    asks = Level(85, 600), Level(86, 5_000), Level(87, 9_000)
    sized = stake(asks, SCALE, FAIR, 1.0, purse("50"), SETTINGS)
    assert sized.limit_ticks == 86
    assert 600 < sized.lots < 1174
    assert sized.kelly < 0.80713
    assert sized.cost + sized.fee <= sized.budget


@pytest.mark.parametrize(
    ("asks", "signal", "money", "reason"),
    [
        ((Level(85, 400),), 1.0, purse("50"), SkipReason.BELOW_MIN_SIZE),
        ((Level(85, 4_000),), 1.0, purse("20"), SkipReason.BELOW_MIN_SIZE),
        ((), 1.0, purse("50"), SkipReason.BELOW_MIN_SIZE),
        ((Level(97, 4_000),), 1.0, purse("50"), SkipReason.BELOW_MIN_SIZE),
        ((Level(85, 4_000),), 0.0, purse("50"), SkipReason.NO_SIGNAL),
        ((Level(85, 4_000),), 1.0, purse("50", free="0"), SkipReason.NO_CAPITAL_LEFT),
        ((Level(85, 4_000),), 1.0, purse("50", held="25"), SkipReason.NO_CAPITAL_LEFT),
    ],
)
def test_nothing_is_bought_and_it_says_why(
    asks: tuple[Level, ...], signal: float, money: Purse, reason: SkipReason
) -> None:
    """Fewer than five shares by depth, money or edge; no signal; nothing left."""
    assert stake(asks, SCALE, FAIR, signal, money, SETTINGS).skip is reason


books = st.lists(
    st.tuples(st.integers(1, 98), st.integers(1, 5_000)), max_size=5, unique_by=lambda level: level[0]
)


@given(
    books,
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.integers(0, 10**11),
    st.integers(0, 10**11),
    st.integers(0, 10**10),
)
def test_no_stake_passes_its_bounds(
    levels: list[tuple[int, int]], fair: float, signal: float, capital: int, free: int, held: int
) -> None:
    """Position share, Kelly, free money, depth: whatever is drawn, cost and fee stay within all of them."""
    asks = tuple(Level(*level) for level in sorted(levels))
    money = Purse(capital, free, held)
    sized = stake(asks, SCALE, fair, signal, money, SETTINGS)
    paid = sized.cost + sized.fee
    assert 0 <= paid <= sized.budget
    assert paid <= free
    assert paid + held <= round(capital * 0.5 * signal) or not sized.lots
    assert sized.lots <= sum(level.lots for level in asks)
    assert sized.budget <= 0.25 * sized.kelly * capital + 1
    if sized.skip is None:
        assert sized.lots >= 500
        assert sized.cost >= sized.lots * asks[0].ticks * SHARE // 100
        assert fair > paid / (sized.lots * SHARE), "nothing is bought above what it is worth"
