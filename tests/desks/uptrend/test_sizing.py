"""Sizes, multipliers, cool-down, eligibility, and what bounds a buy."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.uptrend.managing import token
from tradeworthy.desks.uptrend.config import ManagerSettings
from tradeworthy.desks.uptrend.holdings import Deed, History
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.sizing import (
    Books,
    Cooling,
    Room,
    cap_now,
    cooling,
    entry_multiplier,
    entry_size,
    may_buy,
    may_reclaim,
    order_of,
    trim_multiplier,
    trim_size,
)
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.money import Scale, cash_of

SETTINGS = ManagerSettings()
HOUR = 3_600_000_000_000
CASH = st.integers(0, 10**13)


def plain(_: str, default: float) -> float:
    """No threshold is set."""
    return default


@pytest.mark.parametrize(
    ("a", "s1", "add"),
    [(0.7, 0.5, 0.25), (0.6999, 0.3, 0.15), (0.3, 0.3, 0.15), (0.2999, 0.1, 0.05)],
)
def test_the_entry_table(a: float, s1: float, add: float) -> None:
    """L6: S1 50/30/10 %, S2 and S3 25/15/5 % by aggressiveness."""
    assert entry_size(plain, SETTINGS, Stage.S1, a) == s1
    assert {entry_size(plain, SETTINGS, state, a) for state in (Stage.S2, Stage.S3)} == {add}


@pytest.mark.parametrize(("e", "size"), [(0.7, 0.6), (0.6999, 0.3), (0.3, 0.3), (0.2999, 0.15)])
def test_the_trim_table_rises_with_e(e: float, size: float) -> None:
    """L6, B34: monotone in E."""
    assert trim_size(plain, SETTINGS, e) == size


def test_a_threshold_takes_the_place_of_a_column() -> None:
    """L14: keys entry_s1_normal, entry_add_patient, trim_aggressive and their like."""
    asked: list[str] = []

    def read(key: str, default: float) -> float:
        asked.append(key)
        return default / 2

    assert entry_size(read, SETTINGS, Stage.S1, 0.5) == 0.15
    entry_size(read, SETTINGS, Stage.S2, 0.1)
    trim_size(read, SETTINGS, 0.9)
    assert asked == ["entry_s1_normal", "entry_add_patient", "trim_aggressive"]


def test_entry_multipliers_by_profit_ratio() -> None:
    """L6, B36: a trade that is paid back adds less; loss is defined on the result, and no bolder by default."""
    bold = SETTINGS.model_copy(update={"entry_mults": (0.3, 1.0, 1.5)})
    paid, ahead, behind = Books(100, 100, 0), Books(100, 50, 50), Books(100, 50, 49)
    assert [entry_multiplier(bold, Stage.S2, one) for one in (paid, ahead, behind)] == [0.3, 1.0, 1.5]
    assert entry_multiplier(SETTINGS, Stage.S3, behind) == 1.0
    assert entry_multiplier(bold, Stage.S1, paid) == 1.0
    assert entry_multiplier(bold, Stage.S2, Books(cap=700)) == 1.0, "no trade yet"


def test_trim_multipliers_by_deployed_ratio() -> None:
    """L6, B35: deployed is of the cap, so a row is not full right after its entry."""
    assert trim_multiplier(SETTINGS, Books(210, 0, 252, 700)) == 1.0
    assert trim_multiplier(SETTINGS, Books(210, 0, 560, 700)) == 3.0
    assert trim_multiplier(SETTINGS, Books(210, 210, 100, 700)) == 0.3
    assert trim_multiplier(SETTINGS, Books(210, 0, 209, 700)) == 0.5


@pytest.mark.parametrize(
    ("bars", "level", "cooled"),
    [
        (2, 1.0, Cooling(expired=False, level_moved=False)),
        (3, 1.0, Cooling(expired=True, level_moved=False)),
        (1, 1.0101, Cooling(expired=False, level_moved=True)),
        (1, 1.0099, Cooling(expired=False, level_moved=False)),
        (1, 0.0, Cooling(expired=False, level_moved=False)),
    ],
)
def test_a_trim_cools_down(bars: int, level: float, cooled: Cooling) -> None:
    """L6: three bars of the timeframe, or a level that moved by more than 1 % of price."""
    last = Deed(0, 1.0, 0.3, "trim_flag", sr_level_price=1.0)
    found = cooling(plain, SETTINGS, last, bar_ts=bars * HOUR, bar_ns=HOUR, price=1.0, level=level)
    assert found == cooled


def test_buys_are_remembered_by_state() -> None:
    """B9, B11: S1 once per episode; S2 and S3 once per stay, or after a trim."""
    deed = Deed(5, 1.0, 0.15, "buy_flag")
    assert may_buy(Stage.S1, History(), 0)
    assert not may_buy(Stage.S1, History(last_s1_buy=deed), 9)
    for state, history in ((Stage.S2, History(last_s2_buy=deed)), (Stage.S3, History(last_s3_buy=deed))):
        assert not may_buy(state, history, 5)
        assert may_buy(state, history, 6)
        history.last_trim = Deed(6, 1.0, 0.3, "trim_flag")
        assert may_buy(state, history, 5)
    assert may_buy(Stage.S3, History(last_s2_buy=deed), 0)


def test_a_reclaim_needs_an_exit_that_was_not_answered() -> None:
    """B10: once per exit."""
    left, back = Deed(5, 1.0, 1.0, "emergency_exit"), Deed(7, 1.0, 0.15, "reclaimed_ema333")
    assert not may_reclaim(History())
    assert may_reclaim(History(last_emergency_exit=left))
    assert not may_reclaim(History(last_emergency_exit=left, last_reclaim_buy=back))
    assert may_reclaim(History(last_emergency_exit=Deed(9, 1, 1, ""), last_reclaim_buy=back))


def test_a_cap_shrinks_with_equity_and_never_grows() -> None:
    """Spec 8: lowered where equity shrank; rounding alone changes nothing."""
    assert cap_now(cash_of(700), 7.0, cash_of(10_000)) == cash_of(700)
    assert cap_now(cash_of(700), 7.000000000000001, cash_of(10_000)) == cash_of(700)
    assert cap_now(cash_of(700), 7.0, cash_of(20_000)) == cash_of(700)
    assert cap_now(cash_of(700), 7.0, cash_of(5_000)) == cash_of(350)
    assert cap_now(cash_of(700), 7.0, -5) == 0


@given(
    wanted=CASH,
    row=st.integers(-(10**12), 10**13),
    token_left=st.integers(-(10**12), 10**13),
    pool=st.none() | CASH,
    ticks=st.integers(1, 10**6),
    fee=st.sampled_from(["0", "0.003"]),
    least=st.sampled_from([0, CASH_UNIT, 10 * CASH_UNIT]),
)
def test_an_order_stays_within_all_that_bounds_it(
    wanted: int, row: int, token_left: int, pool: int | None, ticks: int, fee: str, least: int
) -> None:
    """B33, B38: never more than is left of row and token, fee included, nor than the pool's share."""
    scale = Scale(token("T", taker_fee=Decimal(fee), notional_min=Decimal(5)))
    order = order_of(scale, ticks, wanted, Room(row, token_left, pool, least=least))
    if order.word:
        assert (order.lots, order.notional) == (0, 0)
        return
    assert order.notional >= least
    spent = order.notional + scale.fee_max(ticks, order.lots)
    assert spent <= min(row, token_left)
    assert order.notional <= (wanted if pool is None else min(wanted, pool))
    assert order.notional >= scale.notional_min
    assert order.notional == scale.cost(ticks, order.lots)
