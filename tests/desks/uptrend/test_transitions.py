"""The transition table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.uptrend.seeing import BEARISH, BULLISH, EQUAL, TURNING, averages, prices, scaled
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.payloads import Emas
from tradeworthy.desks.uptrend.transitions import ALL_BELOW, BEARISH_ORDER, FAST_AT_BOTTOM, Step, step

BOTH = (Stage.S0, Stage.S3)
SAID = [Stage.S0, Stage.S1, Stage.S2, Stage.S3]


def moved(
    state: Stage,
    emas: Emas,
    price: float,
    *,
    global_exit: bool = True,
    bootstrap: tuple[Stage, ...] = BOTH,
) -> Step:
    """The step by the settings' defaults."""
    return step(state, emas, price, global_exit=global_exit, bootstrap=bootstrap)


def test_a_first_bar_finds_s0_or_s3_or_only_watches() -> None:
    """L3: T1, T2 and T3 of the vectors."""
    assert moved(Stage.NONE, BEARISH, 1.0) == Step(Stage.S0)
    assert moved(Stage.NONE, BULLISH, 8.0) == Step(Stage.S3)
    assert moved(Stage.NONE, TURNING, 2.5) == Step(Stage.S4)
    assert moved(Stage.NONE, EQUAL, 2.0) == Step(Stage.S4)


def test_s4_tries_the_bootstrap_again_at_each_bar() -> None:
    """B5: S4 is no dead end."""
    assert moved(Stage.S4, TURNING, 2.5) == Step(Stage.S4)
    assert moved(Stage.S4, BULLISH, 8.0) == Step(Stage.S3)
    assert moved(Stage.S4, BEARISH, 1.0) == Step(Stage.S0)


def test_the_bootstrap_finds_only_the_states_that_are_set() -> None:
    """L4: the bootstrap's set is configurable."""
    assert moved(Stage.NONE, BULLISH, 8.0, bootstrap=(Stage.S0,)) == Step(Stage.S4)
    assert moved(Stage.S4, BEARISH, 1.0, bootstrap=(Stage.S3,)) == Step(Stage.S4)


def test_s1_begins_when_both_fast_averages_and_the_price_are_above_ema60() -> None:
    """L4: T3, T4 and T5 of the vectors."""
    assert moved(Stage.S0, TURNING, 2.5).state is Stage.S1
    assert moved(Stage.S0, TURNING, 1.9).state is Stage.S0
    assert moved(Stage.S0, TURNING, 2.0).state is Stage.S0
    assert moved(Stage.S0, Emas(2.6, 1.9, 2.0, 3.0, 4.0, 5.0), 2.5).state is Stage.S0


def test_one_bar_makes_one_transition() -> None:
    """L4: T2 of the vectors: from S1 the bullish order leads to S2 first, and to S3 on the next bar."""
    assert moved(Stage.S1, BULLISH, 8.0).state is Stage.S2
    assert moved(Stage.S2, BULLISH, 8.0).state is Stage.S3


def test_a_price_at_ema333_moves_neither_s1_nor_s2() -> None:
    """L4: T7 of the vectors."""
    assert moved(Stage.S1, TURNING, 5.0) == Step(Stage.S1)
    assert moved(Stage.S2, TURNING, 5.0) == Step(Stage.S2)
    assert moved(Stage.S1, TURNING, 5.01) == Step(Stage.S2)
    assert moved(Stage.S2, TURNING, 4.99) == Step(Stage.S1)


@pytest.mark.parametrize("state", [*SAID, Stage.S4])
def test_averages_that_are_equal_move_nothing(state: Stage) -> None:
    """L4: T6 of the vectors."""
    assert moved(state, EQUAL, 2.0) == Step(state)


@pytest.mark.parametrize("state", [Stage.S1, Stage.S2, Stage.S3])
def test_fast_averages_at_the_bottom_end_every_run(state: Stage) -> None:
    """L4: T8 of the vectors: the global exit comes before all other rules."""
    assert moved(state, Emas(5.0, 5.0, 6.0, 7.0, 8.0, 7.5), 9.0) == Step(Stage.S0, FAST_AT_BOTTOM)


def test_a_downtrend_exits_once() -> None:
    """B8: in S0 the fast averages lie at the bottom at every bar, and no further exit is asked for."""
    assert moved(Stage.S0, BEARISH, 1.0) == Step(Stage.S0)
    assert moved(Stage.S4, Emas(1.0, 1.1, 4.0, 3.0, 2.0, 5.0), 1.0) == Step(Stage.S4)


def test_s3_ends_when_all_averages_are_below_333() -> None:
    """L4: a price under EMA333 alone does not end S3 (T9)."""
    assert moved(Stage.S3, Emas(9.0, 9.0, 8.0, 7.0, 6.0, 5.0), 4.9) == Step(Stage.S3)
    assert moved(Stage.S3, Emas(4.0, 3.0, 3.5, 2.0, 4.5, 5.0), 4.9) == Step(Stage.S0, ALL_BELOW)


def test_without_the_global_exit_the_whole_bearish_order_ends_a_try() -> None:
    """L4: the exit rule is configurable."""
    bottom = Emas(1.0, 1.1, 4.0, 3.0, 2.0, 5.0)
    for state in (Stage.S1, Stage.S2):
        assert moved(state, BEARISH, 1.0, global_exit=False) == Step(Stage.S0, BEARISH_ORDER)
        assert moved(state, bottom, 1.0, global_exit=False) == Step(Stage.S1)
    assert moved(Stage.S3, BEARISH, 1.0, global_exit=False) == Step(Stage.S0, ALL_BELOW)


@given(
    state=st.sampled_from([Stage.NONE, *SAID, Stage.S4]),
    emas=averages(),
    price=prices,
    global_exit=st.booleans(),
)
def test_s3_comes_only_of_s2_or_a_bootstrap_and_s1_only_of_s0_or_s2(
    state: Stage, emas: Emas, price: float, *, global_exit: bool
) -> None:
    """L4: nothing skips a state."""
    after = moved(state, emas, price, global_exit=global_exit).state
    if after is not state:
        sources = {
            Stage.S0: {Stage.NONE, Stage.S4, Stage.S1, Stage.S2, Stage.S3},
            Stage.S1: {Stage.S0, Stage.S2},
            Stage.S2: {Stage.S1},
            Stage.S3: {Stage.S2, Stage.NONE, Stage.S4},
            Stage.S4: {Stage.NONE},
        }
        assert state in sources[after]


@given(st.sampled_from(SAID), averages(), prices)
def test_an_exit_is_a_transition_to_s0(state: Stage, emas: Emas, price: float) -> None:
    """B8: an exit's reason stands on the bar of the transition and on no other."""
    made = moved(state, emas, price)
    assert bool(made.exit_reason) == (made.state is Stage.S0 and state is not Stage.S0)


@given(st.sampled_from([Stage.NONE, *SAID]), averages(), prices, st.sampled_from([0.125, 0.5, 4.0, 1024.0]))
def test_the_unit_of_price_does_not_matter(state: Stage, emas: Emas, price: float, factor: float) -> None:
    """L4: all prices times the same lead to the same state."""
    assert moved(state, scaled(emas, factor), price * factor) == moved(state, emas, price)
