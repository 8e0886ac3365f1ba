"""The learning jobs: each reads what the journal holds before it was asked for, and answers with what it found.

An answer rests on the record and the settings alone, so a simulated day learns the same each time, and a job that a
killed process left undone finds the same when it is done again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from tradeworthy.core.events import Event, Figure
from tradeworthy.core.packets import Codec, Kind, Packet
from tradeworthy.desks.uptrend.events import ActionTaken, PositionClosed, WindowClosed, WindowResolved
from tradeworthy.journal.reader import Record, read
from tradeworthy.journal.segments import START, Place
from tradeworthy.learning.events import (
    ActionsImported,
    EpisodeFact,
    Job,
    JobAnswered,
    Lesson,
    Override,
    RunJob,
    TradeFact,
)
from tradeworthy.learning.facts import ActionRecord, ClosedRecord, facts_of, records_of
from tradeworthy.learning.judge import judge
from tradeworthy.learning.lessons import mine_lessons
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.tuning import mine_tuning
from tradeworthy.market.instruments import CASH_UNIT

DAY_NS = 86_400 * 1_000_000_000
EXECUTED = "executed"
_END = 1 << 62

_READ = tuple(
    event.__name__.encode()
    for event in (ActionTaken, PositionClosed, WindowClosed, WindowResolved, ActionsImported, JobAnswered)
)
"""What a record must speak of to be decoded."""


class LearningJobs:
    """Does RunJobs for the run in `folder`.

    `ready(seq)` waits until that packet is durable; `durable` gives the place up to which the journal is on disk (None:
    its end).
    """

    def __init__(
        self,
        folder: Path,
        codec: Codec,
        settings: LearningSettings,
        ready: Callable[[int], None],
        durable: Callable[[], Place | None],
    ) -> None:
        self._folder, self._codec, self._settings = folder, codec, settings
        self._ready, self._durable = ready, durable
        self._place: Place = START
        self._actions: dict[str, list[ActionRecord]] = {}
        self._closed: dict[str, tuple[int, ClosedRecord]] = {}
        self._known: set[str] = set()
        self._facts: list[TradeFact] = []
        self._pending: dict[str, EpisodeFact] = {}
        self._episodes: dict[str, EpisodeFact] = {}
        self._lessons: dict[Job, tuple[Lesson, ...]] = {}
        self._noted: dict[Job, int] = {}

    def answer(self, packet: Packet) -> JobAnswered:
        """What the job that `packet` asks for found, as of that packet."""
        asked = packet.event
        assert isinstance(asked, RunJob)
        self._ready(packet.seq)
        self._read(packet.seq)
        found = self._do(asked, packet)
        self._note_answer(found)
        return found

    def experience(self) -> tuple[list[TradeFact], list[EpisodeFact]]:
        """All that is learned from: the facts, those of trades that no job has seen included, and resolved windows."""
        self._read(_END)
        return [*self._facts, *self._new_facts()], list(self._episodes.values())

    def _do(self, asked: RunJob, packet: Packet) -> JobAnswered:
        settings = self._settings
        facts: list[TradeFact] = []
        lessons: list[Lesson] = []
        table: list[Override] = []
        figures: dict[str, Figure] = {}
        match asked.job:
            case Job.FACTS:
                facts = self._new_facts()
                figures = {"facts": len(facts), "trades": len({fact.trade for fact in facts})}
            case Job.LESSONS:
                lessons = mine_lessons(self._facts, settings, packet.ts)
                figures = {"facts": len(self._facts), "lessons": len(lessons)}
            case Job.TUNING:
                self._forget_before(packet.ts - settings.lookback_days * DAY_NS)
                lessons = mine_tuning(list(self._episodes.values()), settings, packet.ts)
                figures = {"resolved": len(self._episodes), "pending": len(self._pending)}
            case Job.OVERRIDES:
                known = [lesson for found in self._lessons.values() for lesson in found]
                table = judge(known, asked.overrides, settings, asked.blocked, asked.kept)
                figures = {"lessons": len(known), "active": sum(one.status == "active" for one in table)}
        return JobAnswered(
            *(asked.job, asked.key, packet.seq),
            facts=tuple(facts),
            lessons=tuple(lessons),
            overrides=tuple(table),
            figures=figures,
        )

    def _forget_before(self, ts: int) -> None:
        """Drop windows that closed before session time `ts`: they are not mined any more."""
        for name in [name for name, window in self._episodes.items() if window.ts < ts]:
            del self._episodes[name]

    def _new_facts(self) -> list[TradeFact]:
        """Facts of the trades that have none yet."""
        actions = [action for trade in self._closed for action in self._actions.get(trade, ())]
        return facts_of([closed for _, closed in self._closed.values()], actions)

    def _read(self, seq: int) -> None:
        """Take in what the journal holds up to packet `seq`."""
        for record in read(self._folder, self._place, self._durable()):
            if record.seq > seq and record.kind != Kind.MARK:
                return
            if record.kind != Kind.MARK and any(name in record.body for name in _READ):
                self._take(record)
            self._place = record.place

    def _take(self, record: Record) -> None:
        event: Event = self._codec.decode(record.body)[1].event
        match event:
            case ActionTaken() if event.trade:
                action = ActionRecord(
                    event.trade,
                    str(record.seq),
                    event.pattern_key,
                    event.action_category,
                    event.scope,
                    record.ts,
                    failed=event.status != EXECUTED,
                )
                self._actions.setdefault(event.trade, []).append(action)
            case PositionClosed():
                closed = ClosedRecord(
                    event.trade, event.rr, event.pnl / CASH_UNIT, record.ts, event.entry_context
                )
                self._close(closed, record.seq)
            case WindowClosed():
                window = episode_of(event, record.ts)
                self._pending[window.window] = window
            case WindowResolved():
                self._resolve(event)
            case ActionsImported():
                self._import(event, record.seq)
            case JobAnswered():
                self._note_answer(event)
            case _:
                pass

    def _resolve(self, event: WindowResolved) -> None:
        name = f"{event.desk}/{event.window}"
        window = self._pending.pop(name, None)
        if window is not None:
            self._episodes[name] = msgspec.structs.replace(window, outcome=event.outcome)

    def _close(self, closed: ClosedRecord, seq: int) -> None:
        """A trade is over; one that was learned from already is not learned from again."""
        if closed.trade not in self._known:
            self._closed.setdefault(closed.trade, (seq, closed))

    def _import(self, event: ActionsImported, seq: int) -> None:
        for trade in event.trades:
            closed, actions = records_of(trade)
            if trade.trade not in self._known and trade.trade not in self._closed:
                self._actions[trade.trade] = actions
            self._close(closed, seq)
        for window in event.episodes:
            there = self._episodes if window.outcome else self._pending
            there.setdefault(window.window, window)

    def _note_answer(self, found: JobAnswered) -> None:
        """Remember what a job found, here or in an earlier process; what is older than what is mined is dropped."""
        number = int(found.key.rpartition("/")[2])
        if found.error or number <= self._noted.get(found.job, 0):
            return
        self._noted[found.job] = number
        if found.job is Job.FACTS:
            self._facts = [*self._facts, *found.facts][-self._settings.events_max :]
            for trade in [trade for trade, (seq, _) in self._closed.items() if seq <= found.as_of]:
                self._known.add(trade)
                del self._closed[trade]
                self._actions.pop(trade, None)
        elif found.job in {Job.LESSONS, Job.TUNING}:
            self._lessons[found.job] = found.lessons


def episode_of(event: WindowClosed, ts: int) -> EpisodeFact:
    """A closed window as learning has it, told from those of other desks by its name; its outcome is not known yet."""
    return EpisodeFact(
        window=f"{event.desk}/{event.window}",
        episode=event.episode,
        pattern_key=event.pattern_key,
        scope=event.scope,
        decision=event.decision_taken,
        factors=event.factors,
        gates=event.gates,
        blocked_by=event.blocked_by,
        ts=ts,
        trade=event.trade,
    )
