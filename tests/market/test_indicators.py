"""Indicators equal TA-Lib, their steps equal their batch form, and nothing looks ahead."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tradeworthy.core.errors import UsageError
from tradeworthy.market import indicators, indicators_window

Floats = NDArray[np.float64]
HLC, CLOSE = (0, 1, 2), (2,)


class Case(NamedTuple):
    """One indicator: its batch form, the columns that it takes, a fresh state and its step, TA-Lib's columns."""

    batch: Callable[..., Floats]
    columns: Sequence[int]
    begin: Callable[..., Any]
    step: Any
    fields: Sequence[str]
    oracle: Callable[..., Sequence[Floats]]
    tolerance: float = 1e-12


def bands(close: Floats, window: int) -> Sequence[Floats]:
    """TA-Lib's bands, the middle one first."""
    upper, middle, lower = talib.BBANDS(close, window, 2.0, 2.0)
    return middle, upper, lower


def scores(close: Floats, window: int) -> Sequence[Floats]:
    """What TA-Lib's mean and deviation make of the last value; NaN where its deviation is mostly error."""
    deviation = talib.STDDEV(close, window)
    deviation[deviation < 1e-3] = math.nan
    return ((close - talib.SMA(close, window)) / deviation,)


def directions(high: Floats, low: Floats, close: Floats, window: int) -> Sequence[Floats]:
    """TA-Lib's three functions."""
    return [one(high, low, close, window) for one in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)]


CASES = {
    "ema": Case(
        indicators.ema,
        CLOSE,
        indicators.ema_state,
        indicators.ema_step,
        (),
        lambda close, window: (talib.EMA(close, window),),
    ),
    "atr": Case(
        indicators.atr,
        HLC,
        indicators.atr_state,
        indicators.atr_step,
        (),
        lambda *columns: (talib.ATR(*columns),),
    ),
    "rsi": Case(
        indicators.rsi,
        CLOSE,
        indicators.rsi_state,
        indicators.rsi_step,
        (),
        lambda close, window: (talib.RSI(close, window),),
    ),
    "adx": Case(
        indicators.adx,
        HLC,
        indicators.adx_state,
        indicators.adx_step,
        ("plus_di", "minus_di"),
        directions,
    ),
    # TA-Lib keeps running sums of squares, which cancel: what is apart is its error.
    "bollinger": Case(
        indicators_window.bollinger,
        CLOSE,
        indicators_window.window_state,
        indicators_window.bollinger_step,
        ("upper", "lower"),
        bands,
        1e-9,
    ),
    "zscore": Case(
        indicators_window.zscore,
        CLOSE,
        indicators_window.window_state,
        indicators_window.zscore_step,
        (),
        scores,
        1e-7,
    ),
    "slope": Case(
        indicators_window.slope,
        CLOSE,
        indicators_window.window_state,
        indicators_window.slope_step,
        (),
        lambda close, window: (talib.LINEARREG_SLOPE(close, window),),
        1e-9,
    ),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def prices(count: int = 600, seed: int = 3) -> Floats:
    """High, low and close of a walk, with flat stretches."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(0.0, 0.004, count) * (rng.random(count) < 0.8)
    close = 100.0 * np.exp(np.cumsum(moves))
    reach = np.abs(rng.normal(0.0, 0.003, (2, count))) * (rng.random(count) < 0.9)
    return np.array([close * (1.0 + reach[0]), close * (1.0 - reach[1]), close])


def batch_of(case: Case, bars: Floats, window: int) -> Floats:
    """The batch form's answers, a row for each figure."""
    return np.atleast_2d(case.batch(*(bars[at] for at in case.columns), window).T)


def steps_of(case: Case, bars: Floats, window: int, *, compiled: bool) -> Floats:
    """The step's answers bar by bar, a row for each figure; NaN at bars that are holes."""
    step = case.step if compiled else case.step.py_func
    begun = case.begin(window)
    states = begun if isinstance(begun, tuple) else (begun,)
    answers = []
    for bar in bars[list(case.columns)].T:
        answer = step(*states, *bar)
        hole = not np.isfinite(bar).all()
        known = math.isfinite(answer) or case.step is indicators.adx_step
        rest = [getattr(states[0], name) if known and not hole else math.nan for name in case.fields]
        answers.append((answer, *rest))
    return np.array(answers).T


def same(left: Floats, right: Floats) -> bool:
    """Equal in every bit but that of a NaN's kind."""
    return bool(np.array_equal(left, right, equal_nan=True))


@each_case
@pytest.mark.parametrize("window", [2, 3, 14, 50])
def test_an_indicator_equals_talib_from_its_first_figure_on(case: Case, window: int) -> None:
    """L13: the oracle is an implementation of others; both say nothing until the window is full."""
    bars = prices()
    ours = batch_of(case, bars, window)
    theirs = np.array(case.oracle(*(bars[at] for at in case.columns), window))
    if case.batch is indicators_window.zscore:
        ours[np.isnan(theirs)] = math.nan
    assert np.isfinite(ours).sum() > 400
    np.testing.assert_allclose(ours, theirs, rtol=case.tolerance, atol=case.tolerance)


@each_case
def test_steps_equal_the_batch_bit_for_bit(case: Case) -> None:
    """Incremental and batch are one definition, holes and all."""
    bars = prices(300)
    bars[:, 120:125] = np.nan
    bars[0, 7] = np.inf
    assert same(steps_of(case, bars, 14, compiled=True), batch_of(case, bars, 14))


@each_case
def test_the_plain_python_step_equals_the_compiled_one_bit_for_bit(case: Case) -> None:
    """No arithmetic is reordered or fused by compiling."""
    bars = prices(300, seed=5)
    assert same(steps_of(case, bars, 14, compiled=False), steps_of(case, bars, 14, compiled=True))


@each_case
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 199), st.integers(2, 30), st.floats(1.0, 1e6))
def test_changing_the_future_changes_no_earlier_answer(
    case: Case, cut: int, window: int, price: float
) -> None:
    """D13: nothing looks ahead."""
    bars = prices(200)
    changed = bars.copy()
    changed[:, cut:] = price
    assert same(batch_of(case, bars, window)[:, :cut], batch_of(case, changed, window)[:, :cut])


@each_case
def test_a_hole_answers_nan_and_leaves_the_state_as_it_was(case: Case) -> None:
    """The answers at the other bars are those of a series without it."""
    whole = prices(200)
    holed = np.insert(whole, 90, np.nan, axis=1)
    answers = batch_of(case, holed, 14)
    assert np.isnan(answers[:, 90]).all()
    assert same(np.delete(answers, 90, axis=1), batch_of(case, whole, 14))


@pytest.mark.parametrize("name", ["bollinger", "zscore", "slope"])
def test_an_answer_depends_on_its_window_alone(name: str) -> None:
    """Nothing drifts: however long the run, the same window gives the same bits."""
    case, bars = CASES[name], prices()
    late = batch_of(case, bars, 20)[:, -1]
    alone = batch_of(case, bars[:, -20:], 20)[:, -1]
    assert same(late, alone)


def test_equal_values_have_no_spread_no_slope_and_no_direction() -> None:
    """Exactly none; a score without a spread is unknown, an RSI without a movement is 50."""
    flat = np.full(60, 0.1)
    assert (indicators_window.slope(flat, 20)[19:] == 0.0).all()
    assert (indicators_window.bollinger(flat, 20)[19:] == 0.1).all()
    assert np.isnan(indicators_window.zscore(flat, 20)).all()
    assert (indicators.rsi(flat, 14)[14:] == 50.0).all()
    assert (indicators.adx(flat, flat, flat, 14)[27:] == 0.0).all()
    assert (indicators.atr(flat, flat, flat, 14)[14:] == 0.0).all()


def test_a_wrong_window_width_or_column_is_refused() -> None:
    """One line with the value and the limit."""
    with pytest.raises(UsageError, match="window is 0 bars; it must be 1 or more"):
        indicators.ema([1.0], 0)
    with pytest.raises(UsageError, match="window is 1 bars; it must be 2 or more"):
        indicators.adx_state(1)
    with pytest.raises(UsageError, match="width is nan deviations"):
        indicators_window.bollinger([1.0], 20, math.nan)
    with pytest.raises(UsageError, match="of one length"):
        indicators.atr([1.0, 2.0], [1.0], [1.0], 14)
