"""The learning schedule: every job on the session's clock, one after another, and the table that comes of them."""

from __future__ import annotations

from typing import Any

from tests.execution.trading import Tape
from tradeworthy.core.events import Event
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.learning.events import (
    Job,
    JobAnswered,
    JobAsked,
    Override,
    OverrideRolledBack,
    OverridesChanged,
    RunJob,
)
from tradeworthy.learning.schedule import LearningSchedule
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.runtime.event_union import codec

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
OVERRIDE = Override("one", "pm.uptrend.S1.entry", "entry", {"chain": "solana"}, 1.5, 0.5, ("a lesson",))


class Recorded:
    """A core with the schedule alone; `made` are the packets' events in order."""

    def __init__(self, schedule: LearningSchedule) -> None:
        self._tape = Tape(codec())
        self._sequencer = Sequencer([schedule], codec(), self._tape, self._tape, seed=1)

    @property
    def made(self) -> list[Event]:
        """What came of the inputs so far."""
        return [packet.event for packet in self._tape.packets]

    def admit(self, ts: int, event: Event) -> None:
        """Admit one input."""
        self._sequencer.admit("test", self._sequencer.positions.get("test", -1) + 1, ts, event)

    def advance(self, ts: int) -> None:
        """Let timers fire."""
        self._sequencer.advance(ts)


def session(**settings: int) -> tuple[Recorded, LearningSchedule]:
    """A schedule that was told of the run's cash at time 0."""
    schedule = LearningSchedule(LearningSettings(**settings))
    recorded = Recorded(schedule)
    recorded.admit(0, CashMoved(1, "initial cash"))
    return recorded, schedule


def asked(recorded: Recorded) -> list[Job]:
    """The jobs that were asked for."""
    return [event.job for event in recorded.made if isinstance(event, RunJob)]


def answer(recorded: Recorded, ts: int, **found: Any) -> None:
    """Answer the job that was asked for last."""
    last = next(event for event in reversed(recorded.made) if isinstance(event, RunJob))
    recorded.admit(ts, JobAnswered(last.job, last.key, 1, **found))


def test_facts_are_asked_for_every_five_minutes() -> None:
    """L1: facts aggregation runs every five minutes of session time."""
    recorded, _ = session()
    recorded.advance(300 * SECOND)
    answer(recorded, 300 * SECOND)
    recorded.advance(600 * SECOND)
    assert asked(recorded) == [Job.FACTS, Job.FACTS]


def test_at_the_hour_each_job_waits_for_the_one_it_rests_on() -> None:
    """L1: facts, then lessons and tuning, then overrides: each sees what the one before it found."""
    recorded, _ = session(facts_every_s=3_600)
    recorded.advance(HOUR)
    for done in range(4):
        assert asked(recorded) == [Job.FACTS, Job.LESSONS, Job.TUNING, Job.OVERRIDES][: done + 1]
        answer(recorded, HOUR)
    assert len(asked(recorded)) == 4


def test_facts_go_first_at_every_hour_whatever_wakes_first() -> None:
    """L1: at the second hour, too, lessons are mined of the facts of that hour, not of those before it."""
    recorded, _ = session()
    for ts in range(300, 7_201, 300):
        recorded.advance(ts * SECOND)
        for _ in Job:
            answer(recorded, ts * SECOND)  # a second answer to one question is dropped
    hour = [Job.FACTS, Job.LESSONS, Job.TUNING, Job.OVERRIDES]
    assert asked(recorded) == 2 * [*11 * [Job.FACTS], *hour]


def test_a_new_table_of_overrides_is_passed_on_once() -> None:
    """L11: what was judged reaches the desks as one whole table, and an equal one changes nothing."""
    recorded, schedule = session()
    recorded.admit(1, JobAsked(Job.OVERRIDES, "anna"))
    answer(recorded, 2, overrides=(OVERRIDE,))
    assert schedule.overrides() == (OVERRIDE,)
    recorded.admit(3, JobAsked(Job.OVERRIDES, "anna"))
    answer(recorded, 4, overrides=(OVERRIDE,))
    assert sum(isinstance(event, OverridesChanged) for event in recorded.made) == 1


def test_a_failed_job_changes_nothing_and_lets_the_next_one_go() -> None:
    """A job's error is kept, and what is due goes on."""
    recorded, schedule = session()
    recorded.admit(1, JobAsked(Job.OVERRIDES, "anna"))
    recorded.admit(1, JobAsked(Job.FACTS, "anna"))
    answer(recorded, 2, overrides=(OVERRIDE,), error="the database is away")
    assert schedule.overrides() == ()
    assert schedule.state.ledger["overrides"].error == "the database is away"
    assert asked(recorded) == [Job.OVERRIDES, Job.FACTS]


def test_a_rolled_back_override_is_archived_and_held_off() -> None:
    """P5: one command takes an override back; learning is told to leave it alone until that is undone."""
    recorded, schedule = session()
    recorded.admit(1, OverridesChanged((OVERRIDE,), "configuration", "before"))
    recorded.admit(2, OverrideRolledBack("one", "anna", "not convinced"))
    assert schedule.overrides() == ()
    assert schedule.state.table[0].previous == 1.5
    recorded.admit(3, JobAsked(Job.OVERRIDES, "anna"))
    last: Event = recorded.made[-1]
    assert isinstance(last, RunJob)
    assert last.blocked == ("one",)
    recorded.admit(4, OverrideRolledBack("one", "anna", "convinced", undo=True))
    assert schedule.state.blocked == []


def test_what_the_configuration_brought_is_named_to_the_judge() -> None:
    """P5: overrides of an earlier run are not lost for want of lessons in this one."""
    recorded, _ = session()
    recorded.admit(1, OverridesChanged((OVERRIDE,), "configuration", "learned before"))
    recorded.admit(2, JobAsked(Job.OVERRIDES, "anna"))
    last = recorded.made[-1]
    assert isinstance(last, RunJob)
    assert last.kept == ("one",)
