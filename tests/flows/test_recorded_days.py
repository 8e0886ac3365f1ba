"""The pilot on recorded days: real markets, and what is made of them and refused, by name."""

import csv
import json
from collections import Counter
from pathlib import Path

from tradeworthy.runtime.backtest import Backtested, run_backtest
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

CONFIGS = Path(__file__).parents[2] / "configs"
WINDOWS = "polymarket_btc5m_markets_chainlink"
QUOTES = "polymarket_us_quotes"
RESOLVED_MIN = 100


def backtested(configuration: str, data: Path, home: Path, out: Path) -> Backtested:
    """One configuration on one folder, to its end."""
    plan = Plan(load(CONFIGS / configuration), Mode.BACKTEST, feed=f"recorded:{data}", out=out)
    return run_backtest(plan, Home(home))


def reasons(run: Backtested, outcome: str) -> dict[str, int]:
    """How often candidates ended so, by reason."""
    counted: dict[str, int] = run.overview["verdicts"].get(outcome, {})
    return counted


def test_a_hundred_real_markets_are_traded_to_their_outcome(
    recorded_data: Path, home: Path, tmp_path: Path
) -> None:
    """A day of real windows: over a hundred positions held to the venue's own outcome; its books are labelled."""
    run = backtested("hybrid_day.toml", recorded_data / WINDOWS, home, tmp_path / "out")
    with (tmp_path / "out" / "trades.csv").open(encoding="utf-8") as file:
        ends = Counter(row["reason"] for row in csv.DictReader(file))
    assert ends["settled"] >= RESOLVED_MIN
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["books"] == "simulated"
    assert reasons(run, "FILLED")["filled"] >= RESOLVED_MIN
    assert run.overview["open_positions"] == []


def test_threshold_families_are_no_sets(recorded_data: Path, home: Path, tmp_path: Path) -> None:
    """Two weeks of quotes: families of thresholds look like gifts and are refused by name; so are sets with holes."""
    run = backtested("detection.toml", recorded_data / QUOTES, home, tmp_path / "out")
    skipped = reasons(run, "SKIPPED")
    for rule in ("not_exclusive", "phantom_gross", "not_exhaustive", "incomplete_event"):
        assert skipped[rule], rule
    assert reasons(run, "REJECTED")["platform_limit"]
    assert reasons(run, "FILLED")["filled"]


def test_ten_minutes_of_the_pilot_show_an_opportunity(home: Path) -> None:
    """A3: with seed 7 the default simulator has one within 600 s, and it becomes a trade."""
    plan = Plan(load(CONFIGS / "pilot.toml"), Mode.BACKTEST, duration_s=600, seed=7)
    assert reasons(run_backtest(plan, Home(home)), "FILLED")
