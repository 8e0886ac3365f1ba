"""The batch engine's account: a few integers, and the same as the ledger's to the last unit."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.execution.positions import Movement, Position, book
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import CASH_UNIT, Instrument, Side
from tradeworthy.proving.parity.uptrend_account import Account

KEY = "1m@WAVE"
WAVE = Instrument("WAVE", "made", "USDT", Decimal("0.01"), Decimal("0.1"), Decimal("0.0005"), Decimal(0))


def account(participation: float = 1.0) -> Account:
    """A thousand, and nothing held."""
    return Account("uptrend", (WAVE,), 1_000 * CASH_UNIT, 500_000, participation)


def bar(close: float, volume: float = 1e6) -> BarClosed:
    """A minute."""
    return BarClosed("WAVE", "1m", 0, close, close, close, close, volume)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(100, 400)), min_size=1, max_size=12))
def test_it_books_as_the_ledger_does(moves: list[tuple[int, int]]) -> None:
    """L5: cost at average, rounded up as it leaves; cash, cost and result to the last unit."""
    mine, position, cash = account(), Position("uptrend", KEY), 1_000 * CASH_UNIT
    closed = []
    for place, (wanted, cents) in enumerate(moves):
        held = position.lots
        side = Side.SELL if place % 3 == 2 and held else Side.BUY
        lots = min(wanted, held) if side is Side.SELL else wanted
        mine.last["WAVE"] = bar(cents / 100)
        made = mine.fill(KEY, "WAVE", side, lots, "word", place)
        movement = Movement("WAVE", side.sign * lots, made.notional, made.fee, place, "word")
        booked = book(position, (movement,))
        position, cash = booked.position, cash + booked.cash
        closed += [one for one in booked.events if hasattr(one, "pnl")]
        assert mine.cash == cash
        assert mine.at_cost() == cash + position.cost
    assert [one.pnl for one in mine.closed] == [one.pnl for one in closed]


def test_orders_of_one_turn_share_what_its_bar_offers() -> None:
    """L5: the first takes what it wants, the second what is left, the third nothing."""
    one = account(participation=0.1)
    one.last["WAVE"] = bar(2.0, volume=80.0)
    got = [one.fill(key, "WAVE", Side.BUY, 50, "word", 1) for key in (KEY, "15m@WAVE", "1h@WAVE")]
    assert [fill.lots for fill in got] == [50, 30, 0]
    assert got[2].short == "no_liquidity"
    assert [sent.offered for sent in one.sent] == [80, 30, 0]


def test_a_turn_is_on_record_layer_by_layer() -> None:
    """L5: all orders, then all fills, then all closes: as the session's packets come."""
    one = account()
    one.last["WAVE"] = bar(2.0)
    for key in (KEY, "15m@WAVE"):
        one.place("WAVE", Side.BUY, 10, "word", 1)
        one.fill(key, "WAVE", Side.BUY, 10, "word", 1)
    one.end_turn()
    one.place("WAVE", Side.SELL, 10, "out", 2)
    one.fill(KEY, "WAVE", Side.SELL, 10, "out", 2)
    one.end_turn()
    assert [row[0] for row in one.rows] == ["order", "order", "fill", "fill", "order", "fill", "close"]


def test_the_desk_has_its_share() -> None:
    """L2: half of cash and of all that is held."""
    one = account()
    one.last["WAVE"] = bar(2.0)
    one.fill(KEY, "WAVE", Side.BUY, 100, "word", 1)
    paid_in_fees = 20 * CASH_UNIT // 2_000
    assert one.equity() == one.capital() == (1_000 * CASH_UNIT - paid_in_fees) // 2
    one.last["WAVE"] = bar(3.0)
    assert one.equity() == (1_010 * CASH_UNIT - paid_in_fees) // 2
