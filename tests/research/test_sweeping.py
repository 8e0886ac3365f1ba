"""The compiled sweep against the batch engine, bar by bar, and against itself on other threads and in plain Python."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.research.panels import CAPITAL, DESK, SEED, by_engine, instruments, panel, settings
from tradeworthy.core.errors import Bug, UsageError
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.records import PARAMS
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.reporting.metrics import Performance
from tradeworthy.research.features import tape_of
from tradeworthy.research.sweeping import (
    TRADE_FIELDS,
    Outcome,
    market_of,
    records_of,
    run_one,
    sweep_sets,
    triggers_of,
)

DRAWN, TAKER = PaperVenueSettings(fills="maker_draw"), PaperVenueSettings(fills="taker_close")
ROOT = Path(__file__).parents[2]


def swept(
    frame: PanelFrame, own: DivergenceSettings, venue: PaperVenueSettings
) -> tuple[Any, list[Economic]]:
    """One set by the sweep."""
    return run_one(frame, own, instruments(frame.instruments), venue, desk=DESK, seed=SEED, capital=CAPITAL)


def many(
    frame: PanelFrame, sets: list[DivergenceSettings], workers: int, venue: PaperVenueSettings = DRAWN
) -> Outcome:
    """Sets over one tape, on so many threads."""
    params, liquidity = records_of(sets, frame)
    tape = tape_of(frame, sets[0], float(params.threshold.min()))
    market = market_of(instruments(frame.instruments), venue, desk=DESK, seed=SEED, capital=CAPITAL)
    with ThreadPoolExecutor(workers) as pool:
        return sweep_sets(tape, market, params, liquidity, pool)


def assert_equal_to_engine(frame: PanelFrame, own: DivergenceSettings, venue: PaperVenueSettings) -> int:
    """Orders, fills, closes, capital and every figure; how many trades there were."""
    result, rows = swept(frame, own, venue)
    engine, days = by_engine(frame, own, venue)
    assert rows == engine.rows
    assert result.capital == engine.capital
    pnls = [trade.pnl_absolute for trade in engine.trades]
    assert result.trades == len(pnls)
    assert (result.wins, result.losses) == (sum(one > 0 for one in pnls), sum(one < 0 for one in pnls))
    assert (result.won, result.lost) == (
        sum(one for one in pnls if one > 0),
        -sum(one for one in pnls if one < 0),
    )
    assert result.fees == sum(trade.fees for trade in engine.trades)
    performance = Performance(CAPITAL)
    for pnl in pnls:
        performance.trade(pnl)
    assert result.drawdown == performance.figures()["max_drawdown"]
    exits = [trade.exit_reason for trade in engine.trades]
    assert [result.exits[code] for code in (2, 3, 5)] == [
        exits.count(name) for name in ("STOP_LOSS", "FIXED_TP", "MAX_HOLD")
    ]
    assert many(frame, [own], 1, venue).daily[0].tolist() == [day.pnl for day in days]
    return len(pnls)


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize("venue", [DRAWN, TAKER])
def test_a_set_trades_as_the_engine_does(direction: int, venue: PaperVenueSettings) -> None:
    """P6: to the last cash unit and in every row of the fingerprint, with holes, skipped rows and thin volume."""
    frame = panel(3_000, holes=0.002, skipped=5)
    own = settings(direction=direction, fixed_tp_pct=0.006, stop_pct=0.008)
    assert assert_equal_to_engine(frame, own, venue) > 40


@hypothesis_settings(max_examples=25)
@given(data=st.data())
def test_any_set_trades_as_the_engine_does(data: st.DataObject) -> None:
    """P6: whatever the parameters, the universe's holes and the share of the volume that may be had."""

    def pick(low: float, high: float) -> float:
        return data.draw(st.floats(low, high))

    threshold = -pick(0.002, 0.06)
    own = settings(
        direction=data.draw(st.sampled_from([-1, 1])),
        vel_div_threshold=threshold,
        vel_div_extreme=threshold - pick(0.001, 0.05),
        fixed_tp_pct=pick(0.0005, 0.02),
        stop_pct=pick(0.0005, 0.02),
        max_hold_bars=data.draw(st.integers(1, 90)),
        fraction=data.draw(st.sampled_from([1e-9, 0.001, 0.2, 1.0])),
        leverage_to_trade=data.draw(st.sampled_from([0.0, 1.0, 1.5])),
        warmup_bars=data.draw(st.integers(0, 60)),
        tail_bars=data.draw(st.integers(0, 60)),
        vol_gate=data.draw(st.booleans()),
        irp_alignment_min=pick(0.3, 0.6),
        irp_horizon_bars=data.draw(st.integers(1, 40)),
        posture_reads=data.draw(st.integers(1, 30)),
        order_books={"fill": pick(0.0, 1.0), "imbalance": pick(-1.0, 1.0)},
        vol_calibration={"days": 1},
    )
    venue = PaperVenueSettings(
        fills=data.draw(st.sampled_from(["maker_draw", "taker_close"])),
        participation=data.draw(st.sampled_from([1.0, 0.01, 0.001])),
        slippage_bps=data.draw(st.sampled_from([Decimal(0), Decimal(1), Decimal("7.25")])),
    )
    frame = panel(900, seed=data.draw(st.integers(0, 50)), holes=data.draw(st.sampled_from([0.0, 0.02])))
    assert_equal_to_engine(frame, own, venue)


def test_a_capital_that_is_gone_ends_its_set() -> None:
    """Where the engine stops with a fault, the sweep marks the set, and goes on with the others."""
    thin = panel(2_000)
    frame = replace(thin, volume=thin.volume * 1e6)
    gone = settings(
        fraction=1.0, min_leverage=400.0, max_leverage=400.0, abs_max_leverage=400.0, max_hold_bars=2
    )
    outcome = many(frame, [gone, settings()], 1)
    assert outcome.results.ruined.tolist() == [1, 0]
    assert outcome.results[0].capital <= 0
    assert outcome.results[1].capital == swept(frame, settings(), DRAWN)[0].capital


def test_threads_change_nothing() -> None:
    """Bit-equal for any number of threads, sets of many signals and of one."""
    frame = panel(1_500)
    sets = [
        settings(vel_div_threshold=-0.02 - 0.001 * (k % 9), fixed_tp_pct=0.003 + 0.0005 * k, stop_pct=0.01)
        for k in range(90)
    ]
    one, three = many(frame, sets, 1), many(frame, sets, 3)
    assert one.results.tobytes() == three.results.tobytes()
    assert one.daily.tobytes() == three.daily.tobytes()
    assert len({result.capital for result in one.results}) > 20


def test_no_trigger_depends_on_a_trade_parameter() -> None:
    """Each field of PARAMS is a signal's or a trade's; those of trades leave the triggers as they are."""
    frame = panel(1_000)
    params, _ = records_of([settings()], frame)
    tape = tape_of(frame, settings(), 0.0)
    known = triggers_of(tape, params[0]).tobytes()
    assert set(TRADE_FIELDS) < set(PARAMS.names or ())
    for field in TRADE_FIELDS:
        other = params.copy()
        other[field] = params[field] * 2 + 1
        assert triggers_of(tape, other[0]).tobytes() == known, field


def test_a_tape_for_larger_thresholds_is_refused() -> None:
    """A trigger that is not on the tape would be a trade that is silently left out."""
    frame = panel(200)
    params, liquidity = records_of([settings()], frame)
    market = market_of(instruments(frame.instruments), DRAWN, desk=DESK, seed=SEED, capital=CAPITAL)
    with ThreadPoolExecutor(1) as pool, pytest.raises(Bug, match=r"threshold 0\.02"):
        sweep_sets(tape_of(frame, settings(), 0.03), market, params, liquidity, pool)


def test_what_needs_a_session_is_refused() -> None:
    """Fills of the next bar, and real order books."""
    frame = panel(50)
    with pytest.raises(UsageError, match="next_open"):
        swept(frame, settings(), PaperVenueSettings())
    with pytest.raises(UsageError, match="provider"):
        records_of([settings(order_books={"provider": "book"})], frame)


TWIN = """
import json, sys
from tests.research.panels import panel, settings
from tests.research.test_sweeping import DRAWN, swept
result, rows = swept(panel(260, 4), settings(), DRAWN)
print(json.dumps([result.item(), rows], default=lambda array: array.tolist()))
"""


def test_plain_python_trades_the_same() -> None:
    """P6: with compilation off the loops and all steps in them give the same rows and figures."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", TWIN],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=120,
    )
    result, rows = swept(panel(260, 4), settings(), DRAWN)
    twin = json.loads(done.stdout)
    assert result.trades > 2
    assert twin == json.loads(json.dumps([result.item(), rows], default=np.ndarray.tolist))


CACHED = """
from tests.research.panels import panel, settings
from tests.research.test_sweeping import DRAWN, swept
from tradeworthy.research import features, loops
swept(panel(60, 4), settings(), DRAWN)
for loop in (features._compute, loops.find_triggers, loops.trade_sets):
    assert sum(loop.stats.cache_hits.values()) and not sum(loop.stats.cache_misses.values()), loop
"""


def test_a_second_process_compiles_nothing() -> None:
    """Every loop comes from the cache that a process before left."""
    swept(panel(60, 4), settings(), DRAWN)
    subprocess.run([sys.executable, "-c", CACHED], cwd=ROOT, check=True, timeout=120)
