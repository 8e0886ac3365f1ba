"""A trial of learning on a small market: learned before the split, tried after it, twice."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.research.trial_market import market
from tradeworthy.core.errors import UsageError
from tradeworthy.reporting.learning_trial import LearningTrial, trial_json, trial_lines, write_trial
from tradeworthy.research.learning_trial import TrialPlan, run_trial, split_day
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

FIRST, SPLIT, LAST = date(2026, 1, 17), date(2026, 2, 3), date(2026, 2, 19)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The plan of the small market's trial."""
    return replace(market(tmp_path_factory.mktemp("market")), first_day=FIRST)


@pytest.fixture(scope="module")
def tried(asked: Plan, tmp_path_factory: pytest.TempPathFactory) -> LearningTrial:
    """The trial, once."""
    return run_trial(TrialPlan(asked, "0.5"), Home(tmp_path_factory.mktemp("home")), lambda *_: None)


def test_what_is_learned_rests_on_the_days_before_the_split(tried: LearningTrial) -> None:
    """P5: no trade of the second part teaches the first."""
    assert (tried.before.first_day, tried.without.first_day, tried.with_.last_day) == (FIRST, SPLIT, LAST)
    day_ns = 86_400_000_000_000
    split_ns = (SPLIT.toordinal() - date(1970, 1, 1).toordinal()) * day_ns
    assert all(one.closed_ts <= split_ns for one in tried.before.trades)
    assert all(one.opened_ts >= split_ns for part in (tried.without, tried.with_) for one in part.trades)
    assert tried.learned.facts > 0
    assert tried.learned.windows > 0


def test_only_the_overrides_differ_between_the_runs(tried: LearningTrial) -> None:
    """P5: sizes are changed in the run with overrides alone."""
    assert tried.learned.strength + tried.learned.tuning == sum(
        one.status == "active" for one in tried.overrides
    )
    assert tried.learned.tuning > 0
    assert tried.without.changed == 0
    assert tried.paired + tried.only_without == len(tried.without.trades)
    assert tried.paired + tried.only_with == len(tried.with_.trades)


def test_drawn_dimensions_are_counted_as_placebo(tried: LearningTrial) -> None:
    """P5: what seeded signals drew means nothing, and the trial says how much of it became overrides."""
    drawn = [one for one in tried.overrides if {"curator", "intent"} & set(one.scope_subset)]
    learned = tried.learned
    assert learned.placebo_dimensions == ("curator", "intent")
    assert learned.placebo_strength is not None
    assert learned.placebo_tuning is not None
    active = [one for one in drawn if one.status == "active"]
    assert learned.placebo_strength + learned.placebo_tuning == len(active)
    assert any("were drawn from the seed and mean nothing" in line for line in trial_lines(tried))


def test_the_report_ends_with_its_verdict(tried: LearningTrial) -> None:
    """P5: one honest sentence, and what it was judged by."""
    *_, last = trial_lines(tried)
    assert last == f"{tried.verdict} (judged by result a day, then by result of 100 spent)"


def test_the_overrides_that_it_writes_can_begin_a_run(
    tried: LearningTrial, asked: Plan, tmp_path: Path
) -> None:
    """P5: what was learned is a file that a configuration can name."""
    written = write_trial(tmp_path, tried)
    assert [one.name for one in written] == ["overrides.json", "trades.csv", "trial.json"]
    folder = Path(asked.feed.partition(":")[2])
    text = (folder / "trial.toml").read_text()
    named = tmp_path / "named.toml"
    named.write_text(text.replace("[learning]", '[learning]\noverrides_file = "overrides.json"'))
    assert len(load(named).starting_overrides) == len(tried.overrides)
    rows = (tmp_path / "trades.csv").read_text().splitlines()
    parts = (tried.before, tried.without, tried.with_)
    assert len(rows) == 1 + sum(len(part.trades) for part in parts)
    assert json.loads((tmp_path / "trial.json").read_text()) == json.loads(json.dumps(trial_json(tried)))


@pytest.mark.parametrize(
    ("split", "day"),
    [("2026-01-05", date(2026, 1, 5)), ("0.5", date(2026, 1, 6)), ("0.25", date(2026, 1, 3))],
)
def test_a_split_is_a_day_or_a_share(split: str, day: date) -> None:
    """Both ways to say it."""
    assert split_day(split, date(2026, 1, 1), date(2026, 1, 10)) == day


@pytest.mark.parametrize("split", ["half", "0", "1", "1.5", "-0.2", "nan", "2026-13-01"])
def test_a_split_that_is_neither_is_refused(split: str) -> None:
    """A11: in one line, with what to write."""
    with pytest.raises(UsageError, match=r"--split is .*; give a day like"):
        split_day(split, date(2026, 1, 1), date(2026, 1, 10))


@pytest.mark.parametrize("split", ["2026-01-17", "2026-03-01", "0.001"])
def test_a_split_at_an_end_is_refused(asked: Plan, tmp_path: Path, split: str) -> None:
    """A11: each part needs a day."""
    with pytest.raises(UsageError, match="leaves no day on one side"):
        run_trial(TrialPlan(asked, split), Home(tmp_path), lambda *_: None)


def test_what_does_not_learn_is_refused(asked: Plan, tmp_path: Path) -> None:
    """A11: a desk that learns, and prices that mean something."""
    other = Plan(load(ROOT / "configs" / "breakout.toml"), Mode.BACKTEST, feed=asked.feed)
    with pytest.raises(UsageError, match="no desk of breakout learns"):
        run_trial(TrialPlan(other), Home(tmp_path), lambda *_: None)
    with pytest.raises(UsageError, match="simulated prices teach nothing"):
        run_trial(
            TrialPlan(replace(asked, feed="simulator", first_day=None)), Home(tmp_path), lambda *_: None
        )
