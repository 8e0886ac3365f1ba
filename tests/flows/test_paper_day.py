"""A paper day from end to end, and the scheduled flow around it."""

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.cli.command_line import call
from tradeworthy.core.errors import NotAvailable, Retryable, UsageError
from tradeworthy.proving.paper_day import lead_days, paper_day
from tradeworthy.proving.paper_flow import DEFAULTS, paper_flow, run_flow, yesterday
from tradeworthy.proving.signing.sign_off import standing
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home

CONFIGS = Path(__file__).parents[2] / "configs"
DENSE = CONFIGS / "parity-dense.toml"
PANEL = "hyperliquid_candles"
DAY = date(2025, 4, 15)


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def history_of(folder: Path, leverage: float) -> Path:
    """A history of both desks in which every trade reached its target at one leverage."""
    for desk in ("short", "long"):
        (folder / desk).mkdir(parents=True)
        lines = [f"FIXED_TP,1.5,{leverage}"] * 400
        text = "\n".join(["exit_reason,pnl_absolute,leverage", *lines]) + "\n"
        (folder / desk / "trades.csv").write_text(text, encoding="utf-8")
    return folder


@contextmanager
def harness() -> Iterator[None]:
    """Prefect's in-process harness."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**DEFAULTS, "PREFECT_LOGGING_LEVEL": "CRITICAL"}.items():
            patch.setenv(name, value)
        from prefect.testing.utilities import prefect_test_harness

        with prefect_test_harness(server_startup_timeout=60):
            yield


@pytest.fixture(scope="module")
def ran(recorded_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What `prove day --scheduled` said of one day on the recorded panel, and the folder of its files."""
    out = tmp_path_factory.mktemp("days")
    history = history_of(tmp_path_factory.mktemp("history"), 6.5)
    feed = f"recorded:{recorded_data / PANEL}"
    with harness():
        words = ("--feed", feed, "--history", history, "--out", out, "--scheduled", "--json")
        said = call("prove", "day", DENSE, DAY.isoformat(), *words)
    structlog.reset_defaults()
    assert said.code == 0, said.err
    return said.json, out / DAY.isoformat()


def test_a_paper_day_leaves_bars_trades_and_a_summary(ran: tuple[dict[str, Any], Path]) -> None:
    """D13, D14: the flow's session writes every bar of the day, its trades, and what they come to."""
    summary, out = ran
    assert json.loads((out / "summary.json").read_text()) == summary
    for desk in ("short", "long"):
        bars, trades = rows(out / desk / "bars.csv"), rows(out / desk / "trades.csv")
        assert {row["date"] for row in bars} == {DAY.isoformat()}
        assert [int(row["bar_idx"]) for row in bars] == list(range(288))
        assert len(trades) == summary["desks"][desk]["Trades"] > 0
        assert {row["exit_at"][:10] for row in trades} == {DAY.isoformat()}
        assert sum(summary["desks"][desk]["exit_mix"].values()) == pytest.approx(1.0)


def test_a_paper_day_is_signed(ran: tuple[dict[str, Any], Path]) -> None:
    """D13, D14, D15: the day passes its line, the flow its part."""
    _, out = ran
    lines = {line.id: line for line in standing(out.parent).lines}
    assert lines["D14"].status == "passed"
    assert lines["D13"].open_parts == ("twin", "cache")


def test_a_day_unlike_its_history_is_warned_of(ran: tuple[dict[str, Any], Path]) -> None:
    """D14: exits, win rate and leverage are held against a history; what differs is named, and stops nothing."""
    summary, _ = ran
    assert summary["finished"]
    said = "\n".join(summary["warnings"])
    for words in ("short: exits by MAX_HOLD", "long: win rate", "short: median leverage"):
        assert words in said


def test_the_days_before_are_those_that_the_longest_window_and_a_calibration_need() -> None:
    """750 bars of five minutes are three days, of a minute one; a static calibration takes two more."""
    assert lead_days(load(DENSE)) == 5
    assert lead_days(load(CONFIGS / "parity-dense-binance.toml")) == 3


def test_a_configuration_without_a_panel_has_no_paper_day(tmp_path: Path) -> None:
    """One line says why."""
    with pytest.raises(UsageError, match="no desk that trades a panel"):
        paper_day(CONFIGS / "breakout.toml", DAY, "simulator", tmp_path, home=Home(tmp_path))


def test_a_history_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    """It says how to make one."""
    nowhere = tmp_path / "nowhere"
    with pytest.raises(NotAvailable, match="tradeworthy backtest"):
        paper_day(DENSE, DAY, "recorded:/nowhere", tmp_path, home=Home(tmp_path), history=nowhere)


def test_without_prefect_the_flow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else needs it."""
    monkeypatch.setitem(sys.modules, "prefect", None)
    with pytest.raises(NotAvailable, match=r"tradeworthy\[flows\]"):
        paper_flow()


def test_a_server_that_can_not_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """D13: before anything runs."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    for name, value in DEFAULTS.items():
        monkeypatch.setenv(name, value)
    nowhere = temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"})
    with nowhere, pytest.raises(Retryable, match="can't be reached"):
        run_flow(config=str(DENSE), feed="recorded", out="")


def test_yesterday_is_that_of_utc() -> None:
    """Five minutes after midnight the day before is over."""
    assert yesterday(datetime(2025, 4, 16, 0, 5, tzinfo=UTC)) == DAY
