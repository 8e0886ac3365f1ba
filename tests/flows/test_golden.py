"""Whole runs whose economic outcome is kept: a change that moves one says why in its commit."""

from dataclasses import replace
from pathlib import Path

import pytest

from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

CONFIGURATION = Path(__file__).parents[2] / "configs" / "breakout.toml"

SIMULATED_WEEK = "59eaa59255c1e50cf4c7b78fa2f95fd1"
"""Orders, fills and closes of seed 7's first week on the market simulator."""

RECORDED_BARS = "8bed7b6ba1ea9fd568898ff95dab75da"
"""The same of three recorded symbols, 2025-05-04 to 05-24."""


def fingerprint(plan: Plan, folder: Path) -> str:
    """What the backtest of `plan` comes to."""
    return str(run_backtest(plan, Home(folder)).figures["fingerprint"])


@pytest.fixture
def plan() -> Plan:
    """The tutorial's desk, in a backtest."""
    return Plan(load(CONFIGURATION), Mode.BACKTEST, duration_s=7 * 86_400)


def test_a_simulated_week_trades_as_it_always_did(plan: Plan, home: Path) -> None:
    """Seed 7 on the simulator: the same orders, fills and closes as when this was written."""
    assert fingerprint(plan, home) == SIMULATED_WEEK


def test_recorded_bars_trade_as_they_always_did(plan: Plan, home: Path, recorded_data: Path) -> None:
    """Three recorded symbols: the same orders, fills and closes as when this was written."""
    recorded = replace(plan, feed=f"recorded:{recorded_data / 'binance_um_1m'}", duration_s=None)
    assert fingerprint(recorded, home) == RECORDED_BARS
