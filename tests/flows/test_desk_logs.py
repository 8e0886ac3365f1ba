"""A backtest session writes each divergence desk's files as its batch engine would, byte for byte."""

from datetime import date
from pathlib import Path

import pytest

from tradeworthy.desks.divergence.engine import DivergenceEngine, run_engine
from tradeworthy.proving.subject import subject_of
from tradeworthy.reporting.reference import write_reference
from tradeworthy.runtime.backtest import Backtested, run_backtest
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = ("trades.csv", "daily.csv", "bars.csv", "summary.json")
TRADES_MIN = 20


def plan_of(data: Path, out: Path, fills: str) -> Plan:
    """The dense desks on four recorded days, filled in one of two ways."""
    configuration = load(CONFIGS / "parity-dense.toml")
    venue = configuration.venue.model_copy(update={"fills": fills})
    return Plan(
        configuration.model_copy(update={"venue": venue}),
        Mode.BACKTEST,
        feed=f"recorded:{data / 'hyperliquid_candles'}",
        first_day=date(2025, 3, 16),
        last_day=date(2025, 3, 19),
        fresh=True,
        out=out,
    )


def written_by_engines(plan: Plan, home: Home, out: Path) -> None:
    """Each desk's files from its batch engine."""
    subject = subject_of(plan, home)
    for name, desk in subject.desks.items():
        engine = DivergenceEngine(
            desk.settings,
            desk.instruments,
            desk.frame.timeframe,
            plan.configuration.venue,
            desk=name,
            seed=plan.the_seed,
            capital=desk.capital,
            stance=subject.stance,
        )
        summary = write_reference(out / name, run_engine(engine, desk.frame), desk.capital)
        assert summary["Trades"] >= TRADES_MIN


@pytest.mark.parametrize("fills", ["maker_draw", "taker_close"])
def test_session_and_engine_write_the_same_files(
    recorded_data: Path, home: Path, tmp_path: Path, fills: str
) -> None:
    """D3, D4, D7: trades, days, bar log and summary of both desks are equal, byte for byte."""
    plan = plan_of(recorded_data, tmp_path / "session", fills)
    ran: Backtested = run_backtest(plan, Home(home))
    written_by_engines(plan, Home(home), tmp_path / "engine")
    for desk in ("short", "long"):
        for name in FILES:
            made = tmp_path / "session" / desk / name
            assert made.read_bytes() == (tmp_path / "engine" / desk / name).read_bytes(), f"{desk}/{name}"
            assert made in ran.files
    assert tmp_path / "session" / "tear_sheet.html" in ran.files
