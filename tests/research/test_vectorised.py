"""The vectorised twin: the same strategy from arrays, held against the batch engine trade by trade."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.research.panels import CAPITAL, DESK, SEED, by_engine, instruments, panel, settings
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.engine import DivergenceEngine, run_engine
from tradeworthy.desks.divergence.results import DayResult, Trade
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.money import cash_of
from tradeworthy.proving.subject import subject_of
from tradeworthy.reporting.reference import write_reference
from tradeworthy.research.vectorised import Twin, differences, run_twin
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

CONFIGS = Path(__file__).parents[2] / "configs"
DRAWN = PaperVenueSettings(fills="maker_draw")
TWIN = ("ROI", "PF", "DD", "Sharpe", "WR", "Trades")


def agree(twin: Twin, trades: list[Trade], results: list[DayResult], capital: int, out: Path) -> None:
    """The figures within the tolerance; trades one by one, money to a hundred-thousandth."""
    summary = write_reference(out, results, capital)
    assert tuple(twin.metrics) == TWIN
    assert differences({name: summary[name] for name in TWIN}, twin.metrics) == {}
    ours = [(one.asset, one.exit_reason, one.entry_price, one.leverage) for one in trades]
    assert [(one.asset, one.exit_reason) for one in twin.trades] == [one[:2] for one in ours]
    for one, other in zip(twin.trades, trades, strict=True):
        assert (one.entry_price, one.leverage) == pytest.approx((other.entry_price, other.leverage))
        assert one.pnl == pytest.approx(other.pnl_absolute / 10**8, rel=1e-5, abs=1e-5)
    assert twin.capitals == pytest.approx([day.capital / 10**8 for day in results])


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], PaperVenueSettings]] = {
    "short": ({}, {}, DRAWN),
    "long": ({}, {"direction": 1}, DRAWN),
    "taker at close": ({}, {}, PaperVenueSettings(fills="taker_close")),
    "missing bars": ({"holes": 0.02}, {"irp_alignment_min": 0.3}, DRAWN),
    "missing rows": ({"skipped": 40}, {}, DRAWN),
    "exponential windows": ({}, {"kernel": "exp", "vel_div_threshold": -0.005}, DRAWN),
    "gate calibrated on two days": ({}, {"vol_gate": True}, DRAWN),
    "gate given": (
        {},
        {"vol_gate": True, "vol_calibration": {"mode": "fixed", "vol_p60": 0.0017}},
        DRAWN,
    ),
    "many ends": ({}, {"fixed_tp_pct": 0.003, "stop_pct": 0.003, "dc_leverage_boost": 1.3}, DRAWN),
    "a tenth of the volume": ({}, {}, PaperVenueSettings(fills="maker_draw", participation=0.1)),
    "wide slippage": ({}, {}, PaperVenueSettings(fills="maker_draw", slippage_bps=Decimal(7))),
    "hourly for forty days": ({"step": "1h"}, {"tail_bars": 2, "acb": {"halflife_bars": 5}}, DRAWN),
}


@pytest.mark.parametrize("case", CASES)
def test_the_twin_finds_the_engines_trades_on_a_generated_universe(case: str, tmp_path: Path) -> None:
    """D13: own eigenvalues, own gates, own fills; the same trades and the same figures."""
    market, changes, venue = CASES[case]
    frame, own = panel(1_600, **market), settings(**changes)
    engine, results = by_engine(frame, own, venue)
    assert len(engine.trades) >= 8
    twin = run_twin(
        own, instruments(frame.instruments), venue, frame, desk=DESK, seed=SEED, capital=CAPITAL / 10**8
    )
    agree(twin, engine.trades, results, CAPITAL, tmp_path)


def test_beta_rises_in_the_case_that_is_long_enough() -> None:
    """The case of forty days reaches thirty days of hourly readings, and both betas trade."""
    market, changes, venue = CASES["hourly for forty days"]
    frame, own = panel(1_600, **market), settings(**changes)
    _, results = by_engine(frame, own, venue)
    assert {day.beta for day in results} == {0.2, 0.8}


def test_the_twin_finds_the_engines_trades_on_recorded_bars(
    recorded_data: Path, home: Path, tmp_path: Path
) -> None:
    """D13: 16 perpetuals, four days of one-minute bars, both directions, script none."""
    feed = f"recorded:{recorded_data / 'binance_um_1m'}"
    plan = Plan(
        load(CONFIGS / "parity-dense-binance.toml"),
        Mode.BACKTEST,
        feed=feed,
        first_day=date(2025, 5, 10),
        last_day=date(2025, 5, 13),
    )
    subject = subject_of(plan, Home(home)).without_script()
    venue = subject.configuration.venue
    for name, desk in subject.desks.items():
        engine = DivergenceEngine(
            desk.settings,
            desk.instruments,
            desk.frame.timeframe,
            venue,
            desk=name,
            seed=plan.the_seed,
            capital=desk.capital,
            keep_bars=False,
        )
        results = run_engine(engine, desk.frame)
        twin = run_twin(
            desk.settings,
            desk.instruments,
            venue,
            desk.frame,
            desk=name,
            seed=plan.the_seed,
            capital=desk.capital / 10**8,
        )
        assert len(twin.trades) >= 200
        agree(twin, engine.trades, results, desk.capital, tmp_path / name)


def test_a_figure_that_is_off_by_more_is_named() -> None:
    """Both values stand beside it; what is not defined agrees with what is not defined alone."""
    twin = {"ROI": 0.10, "PF": float("nan"), "Trades": 100.0}
    assert differences({"ROI": 0.1004, "PF": None, "Trades": 100}, twin) == {}
    assert differences({"ROI": 0.1006, "PF": 1.0, "Trades": 100}, twin) == {
        "ROI": (0.1006, 0.10),
        "PF": (1.0, pytest.approx(float("nan"), nan_ok=True)),
    }


def test_a_market_without_a_trigger_has_no_trade() -> None:
    """Nor a figure that needs one."""
    frame = panel(200)
    own = settings(vel_div_threshold=-5.0, vel_div_extreme=-6.0)
    twin = run_twin(own, instruments(frame.instruments), DRAWN, frame, desk=DESK, seed=SEED, capital=100.0)
    assert (twin.trades, twin.metrics["ROI"], twin.metrics["DD"]) == ([], 0.0, 0.0)
    assert np.isnan(twin.metrics["Sharpe"])


def test_fills_that_the_twin_does_not_know_are_refused() -> None:
    """It is a comparison of closes."""
    frame = panel(10)
    with pytest.raises(UsageError, match="next_open"):
        run_twin(
            settings(),
            instruments(frame.instruments),
            PaperVenueSettings(),
            frame,
            desk=DESK,
            seed=SEED,
            capital=float(cash_of(1)),
        )
