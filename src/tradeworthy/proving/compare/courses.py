"""The courses that the days take: the backtest, then one with each part of the run's own in turn, up to the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import msgspec

from tradeworthy.core.errors import DeskHalted, TradeworthyError
from tradeworthy.core.events import Event, Resumed
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution.accounting import Opened
from tradeworthy.market.instruments import InstrumentListed
from tradeworthy.proving.compare.data import Aligned
from tradeworthy.proving.compare.record import (
    DATA,
    FRAME,
    GUARDS,
    PARTS,
    TIMING,
    Faults,
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
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.life import SESSION
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
    """One course to be computed: its configuration, and its inputs in order."""

    configuration: Configuration
    given: list[Given]


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
            courses.append(_compute(part, record, asked))
        else:
            courses.append(Course(part, courses[-1].story, courses[-1].pnl))
        before = asked
    return courses


def _asked(record: Record, aligned: Aligned, backtest: Configuration, parts: Sequence[str]) -> Asked:
    configuration = blended(backtest, record.configuration, parts)
    frame = record.of(FRAME)
    first = [one for one in frame if one.source != SESSION]
    last = [one for one in frame if one.source == SESSION]
    if TIMING in parts:
        between = [one for one in record.given if part_of(one.source, one.event) in parts]
    else:
        between = aligned.run if DATA in parts else aligned.feed
        between = [one._replace(ts=max(one.ts, record.start_ts)) for one in between]
    began = [_begun(one, configuration, guarded=GUARDS in parts) for one in first]
    # An event is the same whether or not the run got it: only who was given what, and when, is compared.
    return Asked(configuration, [*began, *between, *last])


def _begun(given: Given, configuration: Configuration, *, guarded: bool) -> Given:
    """A first input as the course has it: instruments by its configuration, latches only with the run's guards."""
    event: Event = given.event
    if isinstance(event, InstrumentListed):
        listed = {one.id: one for one in instruments_of(configuration)}
        event = InstrumentListed(listed.get(event.instrument.id, event.instrument))
    if isinstance(event, Opened) and not guarded:
        event = msgspec.structs.replace(event, latches=(), peak=0)
    return given._replace(event=event)


def _compute(part: str, record: Record, asked: Asked) -> Course:
    """Run a session on these inputs, with nothing recorded and nothing sent."""
    story, nowhere = Story(), Nowhere()
    core = assemble(
        asked.configuration,
        nowhere,
        nowhere,
        seed=record.header.seed,
        record_inputs=False,
        observers=[Listener(story)],
    )
    supervised(lambda: _drive(core.sequencer, record, asked.given), _raised_in(part, record, core.sequencer))
    return Course(part, story, pnl_of(core.ledger, core.marks))


def _drive(sequencer: Sequencer, record: Record, given: Sequence[Given]) -> None:
    counts: Counter[str] = Counter()
    for one in given:
        if record.faults.count:
            _hold_back(sequencer, record.faults, one)
        sequencer.admit(one.source, counts[one.source], one.ts, one.event)
        counts[one.source] += 1
    if not record.finished:
        sequencer.advance(record.end_ts)


def _hold_back(sequencer: Sequencer, faults: Faults, one: Given) -> None:
    """Withhold from a desk what it raised on in the run: in this course it would raise as well."""
    if not isinstance(one.event, Resumed):
        while (due := sequencer.timers.due) <= one.ts:
            sequencer.withheld.update(_withheld(sequencer, faults.timers.get(due, ())))
            sequencer.advance(due)
    sequencer.withheld.update(_withheld(sequencer, faults.inputs.get(one.seq, ())))


def _withheld(sequencer: Sequencer, found: Sequence[Withheld]) -> Iterator[tuple[int, frozenset[str]]]:
    return ((sequencer.seq + 1 + one.place, one.desks) for one in found)


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
