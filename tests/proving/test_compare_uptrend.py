"""Runs of a desk on tokens beside backtests of their days: with the history that it asked for, and what it learned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import call
from tests.proving import uptrend_rig
from tests.proving.compare_rig import LIVE, Said, paper, rows_of, with_fee
from tests.runtime.rig import events_of
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.gateways.history import RecordedHistory, answer
from tradeworthy.gateways.jobs import LearningJobs
from tradeworthy.learning.events import Job, JobAsked, OverrideRolledBack, OverridesChanged
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.proving.compare.answers import Provider
from tradeworthy.proving.compare.comparison import Comparison, compare_run
from tradeworthy.proving.compare.courses import courses_of
from tradeworthy.proving.compare.data import align, read_feed
from tradeworthy.proving.compare.record import DATA, FEES, PEOPLE, TIMING, read_record
from tradeworthy.runtime.configuration import Configuration, from_values, load
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import FEED
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.requests import OPERATOR
from tradeworthy.runtime.wall_opening import open_wall_run

UPTREND = Path(__file__).parents[2] / "configs" / "uptrend.toml"
DAY_MINUTES = 1_440
SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
HOURS = 8
KEPT = ("SOLX", "DGNX")
HISTORY = {"backfill": True, "backfill_bars": 200}


def two_tokens() -> Configuration:
    """configs/uptrend.toml on minutes of two tokens, with more signals."""
    values = load(UPTREND).resolved()
    values["instruments"] = [one for one in values["instruments"] if one["id"] in KEPT]
    prices = values["simulator"]["start_price"]
    values["simulator"]["start_price"] = {name: prices[name] for name in KEPT}
    values["signals"]["per_token_per_day"] = 12.0
    (desk,) = values["desks"]
    desk["instruments"] = list(KEPT)
    settings = desk["settings"]
    tokens = [one for one in settings["tokens"] if one["instrument"] in KEPT]
    desk["settings"] = {**settings, "tokens": tokens, "regime": {}, "market": {"bars": {"1m": "1m"}}}
    return from_values(values, "the test's configuration")


@pytest.fixture
def home(home: Path) -> Home:
    """An empty home folder, which commands know too."""
    return Home(home).make()


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of two tokens: one of history, and one to be traded."""
    return uptrend_rig.recorded(tmp_path_factory.mktemp("bars"), 2 * DAY_MINUTES)


def second_day(bars: Path, **changes: Any) -> Plan:
    """Hours of the second day on paper; mining is quick, and finds anything."""
    plan = uptrend_rig.plan_of(bars, market={**HISTORY, **changes})
    quick = plan.configuration.learning.model_copy(update={"depth_max": 1, "permutations": 1})
    configuration = plan.configuration.model_copy(update={"learning": quick})
    day = date(2025, 5, 5)
    return replace(
        plan,
        configuration=configuration,
        mode=Mode.PAPER,
        first_day=day,
        last_day=day,
        duration_s=HOURS * 3_600.0,
    )


@pytest.fixture(scope="module")
def learned(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """A run of it, and its home."""
    home = Home(tmp_path_factory.mktemp("learned") / "home").make()
    return home, paper(second_day(bars), home)


def amounts(found: Comparison) -> dict[str, Decimal]:
    """The parts that are not zero; they always sum to the gap."""
    assert sum(one.amount for one in found.parts) == found.gap == found.run_pnl - found.backtest_pnl
    return {one.name: one.amount for one in found.parts if one.amount}


def differed(found: Comparison) -> dict[str, tuple[str, ...]]:
    """What differed, by part."""
    return {one.name: one.differed for one in found.parts if one.differed}


def test_a_simulated_run_beside_its_own_backtest_has_no_gap(home: Home) -> None:
    """P6: its history comes from the simulator again, its overrides from the run, and people said nothing."""
    run = paper(Plan(two_tokens(), Mode.PAPER, "simulator", duration_s=9 * 3_600.0), home)
    said = call("prove", "compare", run)
    assert said.code == 0
    assert said.lines[-1] == "the parts sum to the gap, and the run's own inputs give the run again"
    assert "Answered" not in said.out
    assert all(line.split()[-1] == "nothing" for line in said.lines[3:10])
    assert "0 only in the run (0), 0 only in the backtest (0), open at the end 0" in said.out
    assert events_of(home.runs / run, TradeClosed)


def test_a_recorded_run_that_learned_is_compared_with_its_overrides(
    learned: tuple[Home, str], bars: Path
) -> None:
    """P6: gates that learning moved are moved in the backtest too; no part explains them."""
    home, run = learned
    folder = home.runs / run
    found = compare_run(home, run, feed=f"recorded:{bars}")
    assert amounts(found) == {}
    assert differed(found) == {}
    assert found.explained
    assert found.same_feed
    assert len(found.trades.matched) > 3
    assert any(not one.error for one in events_of(folder, BackfillAnswered))
    record = read_record(folder)
    forgotten = replace(record, answered=[])
    rows = read_feed(record, record.configuration, f"recorded:{bars}", home)
    without = courses_of(forgotten, align(forgotten, rows.given, rows.provider), record.configuration)
    assert without[0].story.trades != record.story.trades


def test_what_people_did_to_learning_is_theirs(home: Home, bars: Path, learned: tuple[Home, str]) -> None:
    """P6: a job that somebody asked for and an override that he took back do not put the run's answers out of step."""
    plan = second_day(bars)
    start = rows_of(plan, home)[0][1]
    before = events_of(learned[0].runs / learned[1], OverridesChanged)
    table = next(one.overrides for one in before if one.overrides)
    said: list[Said] = [
        (start + 3 * HOUR + SECOND, OPERATOR, JobAsked(Job.OVERRIDES, "ann")),
        *((start + 5 * HOUR, OPERATOR, OverrideRolledBack(one.id, "ann", "no good")) for one in table),
    ]
    found = compare_run(home, paper(plan, home, said), feed=f"recorded:{bars}")
    assert set(differed(found)) == {PEOPLE}
    assert len(differed(found)[PEOPLE]) == len(said)
    assert set(amounts(found)) <= {PEOPLE}
    assert found.explained


def test_fees_of_another_configuration_are_fees(learned: tuple[Home, str], bars: Path) -> None:
    """P6: what the run learned it learned with its own."""
    home, run = learned
    dear = with_fee(second_day(bars).configuration, "0.003")
    found = compare_run(home, run, feed=f"recorded:{bars}", backtest=dear)
    assert FEES in amounts(found)
    assert set(differed(found)) == {FEES}
    assert found.explained


# On the wall clock


def live(plan: Plan, home: Home, provider: Provider, late_ns: int = 3 * SECOND // 2) -> str:
    """The rows of the plan's feed as a live one delivers them; answers come half a second after they were asked for."""
    rows = rows_of(plan, home)
    run = open_wall_run(replace(plan, first_day=None, last_day=None), home, LIVE, rows[0][1] - 60 * SECOND)
    life, learning = run.life, plan.configuration.learning
    jobs = LearningJobs(
        life.folder, codec(), learning, life.writer.wait_durable, lambda: life.writer.durable_bytes
    )

    def answer_all(now: int) -> None:
        for packet in list(life.outbox.unanswered.values()):
            asked = packet.event
            life.advance(now)
            found = provider(asked, packet.ts) if isinstance(asked, RequestBackfill) else jobs.answer(packet)
            life.admit_answer(packet, now, found)

    for _, ts, event in rows:
        life.advance(ts)
        answer_all(ts + SECOND // 2)
        life.admit(FEED, ts + late_ns, event)
        answer_all(ts + late_ns + SECOND // 2)
    life.snapshot()
    life.close()
    return life.header.run


def history(bars: Path, plan: Plan) -> Provider:
    """What the recording has of the time before."""
    (desk,) = plan.configuration.desks
    made_of = desk.settings["market"]["bars"]
    return partial(answer, RecordedHistory(bars, made_of, coverage_min=0.8))


def test_answers_that_came_late_are_timing(home: Home, bars: Path) -> None:
    """P6: as bars that came late are; history and overrides are the same."""
    plan = second_day(bars)
    found = compare_run(home, live(plan, home, history(bars, plan)), feed=f"recorded:{bars}")
    assert set(differed(found)) == {TIMING}
    assert set(amounts(found)) <= {TIMING}
    assert found.explained
    assert found.trades.matched


def test_history_that_the_run_did_not_get_is_data(home: Home, bars: Path) -> None:
    """P6: its provider was away, so its rows waited; the backtest traded them."""

    def away(asked: RequestBackfill, _: int) -> BackfillAnswered:
        return BackfillAnswered(asked.key, asked.instrument, asked.timeframe, error="away")

    found = compare_run(home, live(second_day(bars), home, away), feed=f"recorded:{bars}")
    assert differed(found)[DATA][0].endswith("histories that it asked for are not the feed's")
    assert DATA in amounts(found)
    assert set(amounts(found)) <= {DATA, TIMING}
    assert found.explained
