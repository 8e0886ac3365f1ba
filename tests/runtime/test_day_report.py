"""A report put together from tables, journal and files: what stands beside a run, and what it was made of."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.reporting.day_page import page
from tradeworthy.reporting.day_report import Report
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.day_report import day_report
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.records import opened_records
from tradeworthy.runtime.run_bars import closes
from tradeworthy.runtime.session import run_session
from tradeworthy.store.embedded import EmbeddedPostgres

CONFIGURATION = Path(__file__).parents[2] / "configs" / "breakout.toml"
DAY_S = 86_400.0


@pytest.fixture(scope="module")
def ended() -> Iterator[tuple[Home, dict[str, str]]]:
    """A home folder with a finished day of the tutorial's desk, and what the run came to."""
    with (
        tempfile.TemporaryDirectory(prefix="tw-") as folder,
        pytest.MonkeyPatch.context() as patch,
        EmbeddedPostgres(Path(folder)),
    ):
        for name in ("DATABASE_URL", "REDIS_URL"):
            patch.delenv(name, raising=False)
        home = Home(Path(folder))
        ending = run_session(Plan(load(CONFIGURATION), Mode.PAPER, duration_s=DAY_S), home)
        yield home, ending.figures


def reported(home: Home, *, days: float | None = None, benchmark: str = "") -> Report:
    """The newest run's report, with what could have been held."""
    with opened_records(home) as records:
        return day_report(home, records, days, benchmark=benchmark, with_holding=True)


def test_a_finished_run_says_what_it_was_and_what_it_came_to(ended: tuple[Home, dict[str, str]]) -> None:
    """Run, seed, feed, hash, digest and fingerprint, as the line `run_finished` had them (P1)."""
    home, figures = ended
    found = reported(home).figures()["identity"]
    assert {name: found[name] for name in ("run", "packets", "digest", "fingerprint")} == figures
    assert (found["finished"], found["seed"], found["feed"]["feed"]) == (True, 7, "simulator")
    assert found["replay"] == f"tradeworthy replay {figures['run']}"


def test_buy_and_hold_of_the_run_s_own_instruments_is_read_from_its_journal(
    ended: tuple[Home, dict[str, str]],
) -> None:
    """The desk keeps no bars in the tables; what entered is on record."""
    report = reported(ended[0])
    (beside,) = report.comparisons
    assert beside.name == "buy-and-hold of BTCUSDT, ETHUSDT, SOLUSDT"
    assert report.no_holding == ""
    assert beside.own.total_return == pytest.approx(report.performance["return"])
    with opened_records(ended[0]) as records:
        period = report.summary["period"]
        prices = closes(ended[0], records.details(), period["from"], period["to"])
    each = [points[-1][1] / points[0][1] - 1 for points in prices.values()]
    assert len(each) == 3
    assert beside.other.total_return == pytest.approx(sum(each) / 3, abs=0.02)


def test_an_index_stands_beside_it(ended: tuple[Home, dict[str, str]], tmp_path: Path) -> None:
    """Of the time that both share; one of another time is refused."""
    file = tmp_path / "index.csv"
    file.write_text("time,close\n2024-01-01T06:00:00Z,100\n2024-01-01T18:00:00Z,110\n", encoding="utf-8")
    index, own = reported(ended[0], benchmark=str(file)).comparisons
    assert (index.name, own.name[:12]) == ("index", "buy-and-hold")
    assert index.other.total_return == pytest.approx(0.1)
    assert index.last - index.first == DAY_S / 2
    assert any("made up by the simulator" in note for note in index.caveats)
    file.write_text("time,close\n1999-01-01,1\n1999-01-02,1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="they don't overlap"):
        reported(ended[0], benchmark=str(file))


def test_the_page_of_a_part_of_it_is_whole(ended: tuple[Home, dict[str, str]]) -> None:
    """Half a day has fewer trades, its own curve, and every assumption."""
    whole, half = reported(ended[0]), reported(ended[0], days=0.5)
    assert 0 < len(half.trades) < len(whole.trades) == whole.summary["closed_trades"]
    assert half.equity[0][0] >= whole.equity[-1][0] - DAY_S / 2
    assert dict(half.assumptions)["prices"].startswith("made up by the simulator")
    assert "equity, and so the drawdown" in dict(half.assumptions)["profit and loss"]
    assert "made up by a simulator" in page(half)


def test_a_run_whose_journal_is_gone_keeps_its_report(
    ended: tuple[Home, dict[str, str]], tmp_path: Path
) -> None:
    """The rows stay; digest and bars were the journal's, and it says so."""
    home = ended[0]
    hidden = tmp_path / "runs"
    home.runs.rename(hidden)
    try:
        home.runs.mkdir()
        with opened_records(home, ended[1]["run"]) as records:
            report = day_report(home, records, with_holding=True)
    finally:
        home.runs.rmdir()
        hidden.rename(home.runs)
    assert report.ended is None
    assert report.comparisons == []
    assert "No bars of the run are on record" in report.no_holding
    assert report.summary["closed_trades"] > 0
