"""The learning jobs on a real journal: what each finds rests on what was on record before it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.flows.golden_packet import BARS, TEXT
from tests.runtime.rig import SECOND, START, Place, packets_of
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.uptrend.events import ActionTaken, PositionClosed, WindowClosed, WindowResolved
from tradeworthy.desks.uptrend.names import DecisionType, Stage
from tradeworthy.gateways.jobs import LearningJobs
from tradeworthy.learning.events import (
    ActionsImported,
    EpisodeFact,
    ImportedAction,
    ImportedTrade,
    Job,
    JobAnswered,
    JobAsked,
    OverrideRolledBack,
    RunJob,
    Scope,
)
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.errands import Errands
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.plan import Mode, Plan

DAY = 86_400 * SECOND
SCOPE: Scope = {"chain": "solana", "market_family": "lowcaps"}
ENTRY, TRIM = "pm.uptrend.S1.entry", "pm.uptrend.S2.trim"


class Learner:
    """A run whose jobs are done when they are asked for, and nothing else."""

    def __init__(self, there: Place, life: Life) -> None:
        self.there, self.life = there, life
        life.answer = Errands({RunJob: self.fresh().answer}).answer

    def fresh(self) -> LearningJobs:
        """The jobs as another process would do them."""
        life, learning = self.life, self.there.plan.configuration.learning
        durable = lambda: life.writer.durable_bytes  # noqa: E731 - of this very moment
        return LearningJobs(life.folder, codec(), learning, life.writer.wait_durable, durable)

    def tell(self, *events: Event, after: int = 0) -> None:
        """Let the run hear `events`, `after` ns from now."""
        for event in events:
            self.life.admit("feed", self.life.core.sequencer.now + after, event)

    def do(self, *jobs: Job) -> JobAnswered:
        """Ask for `jobs` one after the other; what the last of them found."""
        for job in jobs:
            self.tell(JobAsked(job, "ann"))
        return self.answers()[-1]

    def answers(self) -> list[JobAnswered]:
        """All answers on record."""
        return [one.event for one in self.packets() if isinstance(one.event, JobAnswered)]

    def packets(self) -> list[Packet]:
        """All that is on record."""
        self.life.writer.wait_durable()
        return packets_of(self.life.folder)


def learners(folder: Path, learning: str = "") -> Iterator[Learner]:
    """A learner in `folder`, with lines of the section [learning]."""
    path = folder / "golden.toml"
    path.write_text(f"{TEXT.format(base='1m', bars=BARS['1m'])}\n[learning]\n{learning}")
    there = Place(Home(folder / "home").make(), Plan(load(path), Mode.PAPER))
    with there.opened() as life:
        yield Learner(there, life)


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    """A learner as it comes."""
    yield from learners(tmp_path)


def trade(number: int, rr: float = 1.0, ts: int = START) -> ImportedTrade:
    """A closed trade of two actions."""
    actions = ImportedAction(ENTRY, "entry", SCOPE, ts), ImportedAction(TRIM, "trim", SCOPE, ts)
    return ImportedTrade(f"t{number}", rr, 10.0 * rr, ts, actions)


def trades(first: int, count: int, rr: float = 1.0) -> ActionsImported:
    """So many of them."""
    return ActionsImported(tuple(trade(number, rr) for number in range(first, first + count)))


def windows(count: int, first: int = 0) -> ActionsImported:
    """So many windows that were skipped and turned out a miss."""
    made = [
        EpisodeFact(
            window=f"w{number}",
            episode=f"e{number}",
            pattern_key=ENTRY,
            scope=SCOPE,
            decision="skipped",
            factors={"ts_score": 0.5},
            gates={"ts_min": 60.0},
            blocked_by=("halo", "ts"),
            ts=START,
            outcome="success",
        )
        for number in range(first, first + count)
    ]
    return ActionsImported(episodes=tuple(made))


def action(status: str, number: int = 1) -> ActionTaken:
    """A desk's action, executed or failed."""
    return ActionTaken(
        desk="desk",
        position="1h@BONK",
        instrument="BONK",
        chain="solana",
        timeframe="1h",
        bar_ts=START,
        decision_type=DecisionType.ENTRY,
        state=Stage.S1,
        signal="buy_signal",
        size_frac=0.3,
        a_value=0.5,
        e_value=0.5,
        reasons={},
        pattern_key=ENTRY,
        action_category="entry",
        scope=SCOPE,
        signals={},
        trade=f"1h@BONK#{number}",
        candidate=1,
        status=status,
    )


def closed(number: int = 1, rr: float = 0.5) -> PositionClosed:
    """The end of that trade: 2.5 dollars."""
    return PositionClosed(
        *("desk", "1h@BONK", "BONK", "solana", "1h", f"1h@BONK#{number}", {"curator": "ann"}, {}),
        *(rr, 250_000_000, "emergency_exit", "trim", START, START),
    )


def window(number: int = 1, ts: int = START) -> tuple[WindowClosed, WindowResolved]:
    """A skipped window of a desk, and its outcome."""
    name = f"1h@BONK/s1/{number}"
    over = WindowClosed(
        *("desk", "1h@BONK", name, "s1/1", "s1_entry", ENTRY, "skipped", {}, {}, {}, ("ts",), SCOPE),
        *(ts, ts, 1),
    )
    return over, WindowResolved("desk", "1h@BONK", name, "s1/1", "skipped", "success", "s3_reached", ts)


def test_forty_trades_of_two_actions_make_eighty_facts_once(learner: Learner) -> None:
    """L7, golden packet 8: a second run adds none, nor do the same trades handed in again."""
    learner.tell(trades(0, 40))
    assert learner.do(Job.FACTS).figures == {"facts": 80, "trades": 40}
    assert learner.do(Job.FACTS).facts == ()
    learner.tell(trades(0, 41))
    again = learner.do(Job.FACTS)
    assert {fact.trade for fact in again.facts} == {"t40"}


def test_a_desks_trade_is_learned_from_when_it_is_closed(learner: Learner) -> None:
    """L7: executed actions alone, with the trade's result and what its entry knew."""
    learner.tell(action("executed"), action("failed"))
    assert learner.do(Job.FACTS).facts == ()
    learner.tell(closed())
    (fact,) = learner.do(Job.FACTS).facts
    assert (fact.trade, fact.rr, fact.pnl_usd, fact.pattern_key) == ("1h@BONK#1", 0.5, 2.5, ENTRY)
    assert fact.scope["curator"] == "ann"


def test_another_process_finds_the_same_for_every_job_on_record(learner: Learner) -> None:
    """P1: each rests on the record before its question: what came later, or another job's memory, plays no part."""
    for turn in range(3):
        learner.tell(trades(40 * turn, 40, rr=1.0 + turn), action("executed", turn), closed(turn))
        learner.tell(*window(turn), windows(20, 20 * turn), after=SECOND)
        learner.do(*Job)
    found = learner.packets()
    questions = [one for one in found if isinstance(one.event, RunJob)]
    assert len(questions) == 12
    one_process = learner.fresh()
    answers = learner.answers()
    assert [one_process.answer(question) for question in questions] == answers
    assert [learner.fresh().answer(question) for question in questions] == answers
    assert any(answer.overrides for answer in answers)


def test_lessons_are_of_all_facts_and_overrides_of_all_lessons(learner: Learner) -> None:
    """L8, L9, L11: strength and tuning side by side, each in its own category."""
    learner.tell(trades(0, 40, rr=2.0), trades(40, 40, rr=-0.5), windows(40))
    table = learner.do(*Job)
    facts, lessons, tuning, _ = learner.answers()
    assert len(facts.facts) == 160
    assert {one.lesson_type for one in lessons.lessons} == {"pm_strength"}
    assert {one.lesson_type for one in tuning.lessons} == {"tuning_rates"}
    assert tuning.figures == {"resolved": 40, "pending": 0}
    assert table.figures["lessons"] == len(lessons.lessons) + len(tuning.lessons)
    moved = {one.action_category: one.multiplier for one in table.overrides if not one.scope_subset}
    assert moved["tuning_ts_min"] < 1.0 < moved["tuning_halo"]


def test_what_a_person_took_back_stays_away(learner: Learner) -> None:
    """P5: reversible, and not made again until that is undone."""
    learner.tell(windows(40))
    first = learner.do(*Job)
    (gone, *_) = [one for one in first.overrides if one.status == "active"]
    learner.tell(OverrideRolledBack(gone.id, "ann", "too bold"))
    again = {one.id: one for one in learner.do(Job.TUNING, Job.OVERRIDES).overrides}
    assert (again[gone.id].status, again[gone.id].multiplier) == ("archived", 1.0)
    learner.tell(OverrideRolledBack(gone.id, "ann", "bold enough", undo=True))
    back = {one.id: one for one in learner.do(Job.OVERRIDES).overrides}
    assert (back[gone.id].status, back[gone.id].multiplier) == ("active", gone.multiplier)


def test_windows_count_once_they_are_resolved_and_for_so_many_days(learner: Learner) -> None:
    """L10, L11: those that wait are counted apart; after lookback_days they are not mined any more."""
    over, outcome = window()
    learner.tell(over)
    assert learner.do(Job.TUNING).figures == {"resolved": 0, "pending": 1}
    learner.tell(outcome)
    assert learner.do(Job.TUNING).figures == {"resolved": 1, "pending": 0}
    days = learner.there.plan.configuration.learning.lookback_days
    later = replace(question(learner, Job.TUNING), ts=learner.life.core.sequencer.now + (days + 1) * DAY)
    assert learner.fresh().answer(later).figures == {"resolved": 0, "pending": 0}


def test_windows_of_two_desks_on_one_token_are_told_apart(learner: Learner) -> None:
    """L19: both have a window of that name, and each has its own outcome."""
    over, outcome = window()
    learner.tell(over, replace(over, desk="shadow", blocked_by=("halo",)), outcome)
    assert learner.do(Job.TUNING).figures == {"resolved": 1, "pending": 1}
    learner.tell(replace(outcome, desk="shadow", outcome="failure"))
    assert learner.do(Job.TUNING).figures == {"resolved": 2, "pending": 0}


def question(learner: Learner, job: Job) -> Packet:
    """The newest question of that job."""
    asked = [one for one in learner.packets() if isinstance(one.event, RunJob) and one.event.job is job]
    return asked[-1]


def test_only_so_many_facts_are_mined_the_newest(tmp_path: Path) -> None:
    """L8: events_max bounds what is kept, in a long run too."""
    for learner in learners(tmp_path, "events_max = 100"):
        learner.tell(trades(0, 40))
        learner.do(Job.FACTS)
        learner.tell(trades(40, 40))
        assert learner.do(Job.FACTS).figures["facts"] == 80
        assert learner.do(Job.LESSONS).figures["facts"] == 100


def test_a_job_that_failed_loses_nothing(learner: Learner) -> None:
    """P5: what it would have found, the next one finds."""
    learner.tell(trades(0, 40))
    whole = learner.life.answer

    def failing(packet: Packet) -> Event:
        asked = packet.event
        assert isinstance(asked, RunJob)
        return JobAnswered(asked.job, asked.key, packet.seq, error="OSError: no such file")

    learner.life.answer = failing
    assert learner.do(Job.FACTS).error
    learner.life.answer = whole
    assert learner.do(Job.FACTS).figures == {"facts": 80, "trades": 40}
    assert learner.life.core.sequencer.agents["learning-schedule"].state.ledger["facts"].answered == 2
