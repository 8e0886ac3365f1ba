"""A backtest: the session's own core on a feed, as fast as it can, with files and without servers."""

import asyncio
import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.rig import configured
from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.drivers import SimulatedDriver
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening import open_run
from tradeworthy.runtime.plan import Mode, Plan

BREAKOUT = Path(__file__).parents[2] / "configs" / "breakout.toml"


def plan(**asked: Any) -> Plan:
    """Six simulated hours of the tutorial's desk."""
    return Plan(load(BREAKOUT), Mode.BACKTEST, duration_s=21_600.0, **asked)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home folder that is not there yet."""
    return Home(tmp_path / "home")


def test_two_backtests_of_one_seed_are_equal(home: Home) -> None:
    """In all but the name of the run; another seed is another market."""
    one, two = run_backtest(plan(), home), run_backtest(plan(), home)
    assert one.finished
    assert one.figures["digest"] == two.figures["digest"]
    assert one.figures["fingerprint"] == two.figures["fingerprint"]
    assert one.figures["run"] != two.figures["run"]
    assert one.overview["trades_closed"] > 0
    other = run_backtest(plan(seed=8), home)
    assert other.figures["fingerprint"] != one.figures["fingerprint"]


def test_a_paper_run_of_the_same_inputs_has_the_same_fingerprint(home: Home) -> None:
    """Modes change gateways, clock and venue; what is decided is the same."""
    backtest = run_backtest(plan(), home)
    paper = dataclasses.replace(plan(), mode=Mode.PAPER)
    feed = open_feed(paper, home)
    run = open_run(paper, home, feed.identity(), feed.span()[0])

    async def beat() -> None:
        await asyncio.sleep(0)

    driver = SimulatedDriver(run.life, feed, asyncio.Event(), end_ts=run.end_ts, pace=None, beat=beat)
    assert asyncio.run(driver.run())
    assert run.life.figures()["fingerprint"] == backtest.figures["fingerprint"]
    run.life.close()


def test_its_files_tell_what_it_did(home: Home, tmp_path: Path) -> None:
    """One row a trade and a bar; the summary has the fingerprint's run."""
    out = tmp_path / "out"
    done = run_backtest(plan(out=out), home)
    assert [path.name for path in done.files] == [
        *("bars.csv", "daily.csv", "summary.json", "trades.csv"),
        "tear_sheet.html",
    ]
    with (out / "trades.csv").open(encoding="utf-8") as file:
        trades = list(csv.DictReader(file))
    assert len(trades) >= done.overview["trades_closed"] > 0
    with (out / "bars.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 3 * 360
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["run"] == done.figures["run"]


def test_watching_it_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The overview is looked at from time to time."""
    monkeypatch.setattr("tradeworthy.runtime.backtest.WATCH_EVERY", 1)
    seen: list[dict[str, Any]] = []
    watched = run_backtest(plan(), home, seen.append)
    assert seen
    assert all(0.0 <= one["progress"] <= 1.0 for one in seen)
    assert watched.figures["digest"] == run_backtest(plan(), home).figures["digest"]


def test_a_feed_without_an_end_wants_a_duration(home: Home) -> None:
    """Or it would never end."""
    with pytest.raises(
        UsageError, match="the simulator feed has no end; give --duration SECONDS of session time"
    ):
        run_backtest(Plan(configured(), Mode.BACKTEST), home)
