"""The uptrend desk's own session: one command starts all of it, and nothing of the loop that learns may be missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.sessions import run
from tradeworthy.core.errors import Bug
from tradeworthy.learning import schedule
from tradeworthy.learning.events import Job
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.session import run_session

CONFIGURATION = Path(__file__).parents[2] / "configs" / "uptrend.toml"
PARTS = ("social-ingest", "decision-maker", "trader", "position-manager", "learning-schedule")
JOBS = {"facts": 300, "lessons": 3600, "overrides": 3600, "tuning": 3600}

SIMULATED_DAY = "4d22b55ff189c2a1dec84e7ca841e46d"
"""Orders, fills and closes of seed 11's first day on simulated tokens."""


def test_one_command_starts_the_whole_system(home: Path) -> None:
    """L1: the log shows ingest, decision maker, trader, position manager, and every learning job with its period."""
    ran = run(home, "run", str(CONFIGURATION), "--mode", "paper", "--duration", "600")
    assert ran.code == 0
    started = "\n".join(ran.events("agent_started"))
    assert [part for part in PARTS if f"agent={part}" not in started] == []
    scheduled = "\n".join(ran.events("job_scheduled"))
    assert [job for job, every_s in JOBS.items() if f"job={job} every_s={every_s}" not in scheduled] == []


def test_a_missing_learning_job_is_a_start_up_failure(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """L1: a session whose schedule lacks a job does not start."""
    whole = schedule.every_s

    def without_tuning(settings: LearningSettings) -> dict[Job, int]:
        return {job: period for job, period in whole(settings).items() if job is not Job.TUNING}

    monkeypatch.setattr(schedule, "every_s", without_tuning)
    plan = Plan(load(CONFIGURATION), Mode.PAPER, duration_s=60)
    with pytest.raises(Bug, match="learning job tuning is not scheduled"):
        run_session(plan, Home(home))


def test_a_simulated_day_trades_and_learns_as_it_always_did(home: Path) -> None:
    """Seed 11 on simulated tokens: the same orders, fills and closes as when this was written."""
    plan = Plan(load(CONFIGURATION), Mode.BACKTEST, duration_s=86_400)
    assert run_backtest(plan, Home(home)).figures["fingerprint"] == SIMULATED_DAY
