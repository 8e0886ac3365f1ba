"""Phases: their labels, how long they hold, and that they follow the market."""

import math

import numpy as np
import pytest

from tests.desks.uptrend.managing import Managing, settings_of
from tradeworthy.desks.uptrend.history import BarHistory
from tradeworthy.desks.uptrend.names import Row
from tradeworthy.desks.uptrend.regime import (
    HORIZONS,
    HOUR_NS,
    Floats,
    Horizon,
    Phase,
    Regime,
    RegimeContext,
    label_of,
    lens,
    next_phase,
)
from tradeworthy.market.bars import BarClosed

MICRO, MESO, MACRO = HORIZONS


def trend(rate: float, bars: int = 200, turn: float = 0.0) -> Floats:
    """Closes that grow by `rate` a bar; in the last fifth by `turn` more."""
    steps = np.full(bars, rate)
    steps[-bars // 5 :] += turn
    closes: Floats = 100.0 * np.exp(np.cumsum(steps))
    return closes


@pytest.mark.parametrize(
    ("score", "label"),
    [(1.2, "euphoria"), (0.4, "good"), (0.39, "recover"), (-0.2, "recover"), (-0.21, "dip"), (-1.0, "double-dip"),
     (-1.31, "oh-shit")],
)  # fmt: skip
def test_the_score_names_the_phase(score: float, label: str) -> None:
    """Spec 7.3: the labels."""
    assert label_of(score) == label


def test_good_holds_a_little_and_recovery_falls_in_steps() -> None:
    """Spec 7.3: hysteresis of 0.20, and Recover never jumps straight to Double-Dip."""
    assert [label_of(score, "good") for score in (0.25, 0.19)] == ["good", "recover"]
    assert label_of(0.25, "recover") == "recover"
    assert label_of(-1.0, "recover") == "dip"
    assert label_of(-1.0, "dip") == "double-dip"


def test_a_phase_holds_for_its_dwell() -> None:
    """Spec 7.3, B37: 1, 12 and 72 hours of session time, however often it is judged."""
    for horizon, hours in ((MICRO, 1), (MESO, 12), (MACRO, 72)):
        began = next_phase(Phase(), 0.5, horizon, 0)
        assert began == Phase("good", 0.5, 0)
        early = next_phase(began, -2.0, horizon, hours * HOUR_NS - 1)
        assert (early.label, early.score, early.since) == ("good", -2.0, 0)
        assert next_phase(early, -2.0, horizon, hours * HOUR_NS).label == "oh-shit"


@pytest.mark.parametrize("horizon", HORIZONS, ids=lambda one: one.name)
def test_a_steady_trend_keeps_its_sign(horizon: Horizon) -> None:
    """Spec 7.3: up is Good or better, down is Dip or worse, flat is neither; the size of a step does not matter."""
    up, down = (lens(trend(rate), horizon) for rate in (0.001, -0.001))
    assert up >= 0.4
    assert down == pytest.approx(-up)
    assert lens(trend(0.0), horizon) == 0.0
    assert lens(trend(0.01), horizon) == pytest.approx(up)


@pytest.mark.parametrize("horizon", HORIZONS, ids=lambda one: one.name)
def test_a_trend_that_gains_pace_scores_more(horizon: Horizon) -> None:
    """Spec 7.3: curvature and change count."""
    steady, faster = trend(0.001), trend(0.001, turn=0.002)
    short = horizon.bars
    assert lens(faster[: 170 if short < 100 else 200], horizon) > lens(steady, horizon)


def test_without_an_instrument_all_is_unknown() -> None:
    """Spec 7.1: missing is neutral."""
    assert Managing().regime.read() == RegimeContext()


def test_hourly_bars_of_the_instrument_make_phases_once_there_are_enough() -> None:
    """Spec 7.3: the shorter horizons are known first, and scopes are told of what is known."""
    settings = settings_of().model_copy(
        update={"regime": settings_of().regime.model_copy(update={"instrument": "BTC", "cut_pressure": 0.2})}
    )
    history = BarHistory("uptrend", settings)
    regime = Regime("uptrend", settings, history)

    class Clock:
        """Session time."""

        now = 0
        seq = 0

    clock, known = Clock(), []
    for place, close in enumerate(trend(0.002, 140)):
        clock.now = (place + 1) * HOUR_NS
        price = float(close)
        bar = BarClosed("BTC", "1h", place * HOUR_NS, price, price, price, price, 1.0)
        history.take_bar(bar, clock)  # type: ignore[arg-type]
        regime.judge(bar, clock)  # type: ignore[arg-type]
        known.append([name for name in ("micro", "meso", "macro") if getattr(regime.read(), name)])
    assert history.count(Row("BTC", "1h")) == 140
    assert [len(names) for names in (known[MICRO.bars - 2], known[MICRO.bars - 1])] == [0, 1]
    assert known[-1] == ["micro", "meso", "macro"]
    told = regime.read()
    assert (told.meso, told.cut_pressure, told.scope["macro_phase"]) == ("good", 0.2, "good")
    assert math.isfinite(regime.state.phases["macro"].score)
