"""The courses that the days take: the backtest, then one with each part of the run's own in turn, up to the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import msgspec

from tradeworthy.core.errors import DeskHalted, TradeworthyError
from tradeworthy.core.events import Event, Resumed
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution.accounting import Opened
from tradeworthy.market.instruments import InstrumentListed
from tradeworthy.proving.compare.answers import Answers, Provider, Waiting, own_answer
from tradeworthy.proving.compare.data import Aligned
from tradeworthy.proving.compare.record import (
    ANSWERED,
    DATA,
    FRAME,
    GUARDS,
    PARTS,
    TIMING,
    Given,
    Nowhere,
    Record,
    Withheld,
    part_of,
    pnl_of,
)
from tradeworthy.proving.compare.settings import blended
from tradeworthy.proving.compare.story import Listener, Story
from tradeworthy.runtime.assembly import assemble, instruments_of
from tradeworthy.runtime.concluded import SESSION
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.errands import ANSWERS
from tradeworthy.runtime.supervisor import supervised

BACKTEST = "backtest"
"""The first course: nothing of it is the run's but what it began with."""

Progress = Callable[[int, str], None]


@dataclass(frozen=True)
class Course:
    """What the days come to once `part`, too, is the run's own; `pnl` in cash units, as a Record's."""

    part: str
    story: Story
    pnl: int


@dataclass(frozen=True)
class Asked:
    """One course to be computed: its configuration, its inputs in order, and how its commands are answered.

    With `own_history` by the history that the run had; unless `at_once` not at all: the answers are among the inputs.
    """

    configuration: Configuration
    given: list[Given]
    own_history: bool = False
    at_once: bool = True


def courses_of(
    record: Record, aligned: Aligned, backtest: Configuration, progress: Progress = lambda *_: None
) -> list[Course]:
    """The backtest's course and, for each of PARTS, that with the part taken from the run as well.

    A part in which nothing differs has the very course before it. DeskHalted if a desk raises in one of them.
    """
    courses: list[Course] = []
    before: Asked | None = None
    for count in range(len(PARTS) + 1):
        part = PARTS[count - 1] if count else BACKTEST
        asked = _asked(record, aligned, backtest, PARTS[:count])
        if before is None or asked != before:
            progress(count, f"of {len(PARTS)} parts, {part}")
            courses.append(_compute(part, record, asked, aligned.provider))
        else:
            courses.append(Course(part, courses[-1].story, courses[-1].pnl))
        before = asked
    return courses


def _asked(record: Record, aligned: Aligned, backtest: Configuration, parts: Sequence[str]) -> Asked:
    configuration = blended(backtest, record.configuration, parts)
    frame = record.of(FRAME)
    first = [one for one in frame if one.source != SESSION]
    last = [one for one in frame if one.source == SESSION]
    wanted = [*parts, ANSWERED] if record.on_wall else parts
    if TIMING in parts:
        between = [one for one in record.given if part_of(one.source, one.event) in wanted]
    else:
        between = aligned.run if DATA in parts else aligned.feed
        between = [one._replace(ts=max(one.ts, record.start_ts)) for one in between]
    began = [_begun(one, configuration, guarded=GUARDS in parts) for one in first]
    # An event is the same whether or not the run got it: only who was given what, and when, is compared.
    return Asked(
        configuration,
        [*began, *between, *last],
        own_history=DATA in parts and aligned.histories_differing > 0,
        at_once=not (TIMING in parts and record.on_wall and record.answered),
    )


def _begun(given: Given, configuration: Configuration, *, guarded: bool) -> Given:
    """A first input as the course has it: instruments by its configuration, latches only with the run's guards."""
    event: Event = given.event
    if isinstance(event, InstrumentListed):
        listed = {one.id: one for one in instruments_of(configuration)}
        event = InstrumentListed(listed.get(event.instrument.id, event.instrument))
    if isinstance(event, Opened) and not guarded:
        event = msgspec.structs.replace(event, latches=(), peak=0)
    return given._replace(event=event)


def _compute(part: str, record: Record, asked: Asked, provider: Provider | None) -> Course:
    """Run a session on these inputs, with nothing recorded and nothing sent."""
    story, waiting = Story(), Waiting()
    core = assemble(
        asked.configuration,
        Nowhere(),
        waiting,
        seed=record.header.seed,
        record_inputs=False,
        observers=[Listener(story)],
    )
    answers = Answers(record.answered, provider, own_history=asked.own_history) if asked.at_once else None
    drive = _Drive(core.sequencer, record, waiting, answers)
    supervised(lambda: drive.run(asked.given), _raised_in(part, record, core.sequencer))
    return Course(part, story, pnl_of(core.ledger, core.marks))


class _Drive:
    """Drives a course: what it asks for is answered before time moves on.

    What a desk raised on in the run is withheld from it: in this course it would raise as well.
    """

    def __init__(
        self, sequencer: Sequencer, record: Record, waiting: Waiting, answers: Answers | None
    ) -> None:
        self._sequencer, self._record = sequencer, record
        self._waiting, self._answers = waiting, answers

    def run(self, given: Sequence[Given]) -> None:
        """Admit these inputs in order; to the end of the run, if it has none on record."""
        sequencer, counts = self._sequencer, Counter[str]()
        for one in given:
            if not isinstance(one.event, Resumed):
                self._advance(one.ts)
            event: Event | None = one.event
            packet = None
            if one.source == ANSWERS:
                event, packet = own_answer(one.event, self._waiting.commands)
            if event is None:
                continue
            self._hold_back(self._record.faults.inputs.get(one.seq, ()))
            head = (packet.trace, packet.seq) if packet else (0, 0)
            sequencer.admit(one.source, counts[one.source], one.ts, event, trace=head[0], cause=head[1])
            counts[one.source] += 1
            self._settle()
        if not self._record.finished:
            self._advance(self._record.end_ts)

    def _advance(self, ts: int) -> None:
        while (due := self._sequencer.timers.due) <= ts:
            self._hold_back(self._record.faults.timers.get(due, ()))
            self._sequencer.advance(due)
            self._settle()

    def _settle(self) -> None:
        sequencer, commands = self._sequencer, self._waiting.commands
        while commands and self._answers is not None:
            packet = commands.pop(0)
            found = self._answers.answer(packet)
            self._hold_back(self._record.faults.inputs.get(found.seq, ()))
            place = sequencer.positions.get(ANSWERS, -1) + 1
            sequencer.admit(ANSWERS, place, sequencer.now, found.event, trace=packet.trace, cause=packet.seq)

    def _hold_back(self, found: Sequence[Withheld]) -> None:
        for one in found:
            self._sequencer.withheld[self._sequencer.seq + 1 + one.place] = one.desks


def _raised_in(
    part: str, record: Record, sequencer: Sequencer
) -> Callable[[Exception | SystemExit], NoReturn]:
    def refuse(error: Exception | SystemExit) -> NoReturn:
        if isinstance(error, TradeworthyError) or not sequencer.route:
            raise error
        raise DeskHalted(
            f"{sequencer.route.agent.name} raises {type(error).__name__}: {error} at packet {sequencer.handling} of the"
            f" course {part!r} beside run {record.header.run}, and a backtest ends there; correct the desk"
        ) from error

    return refuse
