"""A run as its journal tells it: what it was given, sorted by whose doing it was, and what came of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tradeworthy.core.errors import NotAvailable
from tradeworthy.core.events import Event, Quarantined, Resumed
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.core.sequencer import CLOCK, Sequencer
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.execution.ledger import Ledger
from tradeworthy.journal.reader import read, read_header
from tradeworthy.journal.segments import Header
from tradeworthy.market.bars import BarClosed, PriceObserved
from tradeworthy.market.books import BookChanged
from tradeworthy.market.listing import Listing
from tradeworthy.market.marks import Marks
from tradeworthy.proving.compare.story import Story
from tradeworthy.risk.operators import HealthObserved, Operator
from tradeworthy.risk.stance import BoostChanged, ForewarnerReported, PostureReported
from tradeworthy.runtime.assembly import CONFIGURED
from tradeworthy.runtime.concluded import SESSION
from tradeworthy.runtime.configuration import Configuration, recorded
from tradeworthy.runtime.errands import ANSWERS, ASKED
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.faults import withheld_of
from tradeworthy.runtime.life import FEED
from tradeworthy.runtime.runs import WALL
from tradeworthy.runtime.sealed import BOOKED

DATA, TIMING, FILLS, FEES, GUARDS, PEOPLE = PARTS = ("data", "timing", "fills", "fees", "guards", "people")
"""What a gap is split into, in the order in which the run's own takes the place of the backtest's."""

FRAME = "frame"
"""What every session has: its first inputs, and its end."""

ANSWERED = "answered"
"""What a desk asked for itself: each course asks anew."""

MARKED = (BarClosed, PriceObserved, BookChanged)
"""The events that say what a position is worth."""

SAID_BY_PEOPLE = (Operator, PostureReported, BoostChanged, ForewarnerReported, CashMoved)


class Given(NamedTuple):
    """An input: session time (UTC ns), its source, and the seq that it has in the run (0: the run never got it)."""

    ts: int
    source: str
    event: Event
    seq: int


def part_of(source: str, event: Event) -> str:
    """Whose doing an input is: a part of the gap, or FRAME."""
    if source in (CONFIGURED, SESSION):
        return FRAME
    if source == ANSWERS:
        return ANSWERED
    if isinstance(event, Resumed):
        return TIMING
    if isinstance(event, Quarantined | HealthObserved):
        return GUARDS
    if isinstance(event, SAID_BY_PEOPLE):
        return PEOPLE
    return DATA if source in (FEED, WALL) else PEOPLE


class Answered(NamedTuple):
    """A command that was given at session time `ts` (UTC ns), and the answer, whose seq it is."""

    ts: int
    asked: Event
    answer: Event
    seq: int


class Withheld(NamedTuple):
    """A packet that was withheld from `desks`: the `place` it has in its input's turn."""

    place: int
    desks: frozenset[str]


@dataclass
class Faults:
    """The packets that desks raised on, by the seq of their turn's input, or by the time of a timer's turn."""

    inputs: dict[int, list[Withheld]] = field(default_factory=dict)
    timers: dict[int, list[Withheld]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many packets were withheld."""
        return sum(len(one) for turns in (self.inputs, self.timers) for one in turns.values())


@dataclass
class Record:
    """A run as it is on record. `pnl` is in cash units: equity at the last marks, less all that was put in.

    `given` has every input but the clock's, in order; `position` is the last one that its feed admitted.
    """

    header: Header
    configuration: Configuration
    faults: Faults
    given: list[Given]
    story: Story
    pnl: int
    start_ts: int
    end_ts: int
    finished: bool
    position: int
    answered: list[Answered] = field(default_factory=list)

    @property
    def on_wall(self) -> bool:
        """Whether its time was that of the wall, and answers came when they came."""
        return bool(self.header.session.get("clock") == WALL)

    def of(self, part: str) -> list[Given]:
        """The inputs of one part, in order."""
        return [one for one in self.given if part_of(one.source, one.event) == part]


class Nowhere:
    """Recorder and outbox of a session that leaves no trace."""

    def input(self, body: bytes) -> None:
        """Nothing is recorded."""

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Nothing is recorded."""

    def end_turn(self, *, urgent: bool) -> None:
        """Nothing is recorded."""

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Nothing leaves."""


class Books:
    """The books as the record alone has them: fills and marks are booked again, no desk is asked."""

    def __init__(self) -> None:
        listing = Listing()
        self._marks, self._ledger = Marks(listing), Ledger(listing)
        parts = [listing, self._marks, self._ledger]
        nowhere = Nowhere()
        self._sequencer = Sequencer(parts, codec(), nowhere, nowhere, seed=0, record_inputs=False)

    def take(self, packet: Packet) -> None:
        """Book what moves cash and positions, and keep what says their worth."""
        if isinstance(packet.event, (*BOOKED, *MARKED)):
            self._sequencer.admit("record", packet.seq, packet.ts, packet.event)

    def pnl(self) -> int:
        """Equity at the last marks less all that was put in, in cash units."""
        return pnl_of(self._ledger, self._marks)


def pnl_of(ledger: Ledger, marks: Marks) -> int:
    """What the account made, in cash units: equity at `marks` less all that was put in, positions at their cost."""
    return ledger.equity(marks) - ledger.state.deposits


def read_record(folder: Path) -> Record:
    """The run in `folder`; NotAvailable for a backtest or a run without an input, Damage for a broken journal."""
    header = read_header(folder)
    if not header.record_inputs:
        raise NotAvailable(
            f"run {header.run} is a backtest: its inputs are not on record; name a paper run, which has them"
        )
    books, story, given, clock = Books(), Story(), list[Given](), dict[int, int]()
    asked, answered = dict[int, tuple[int, Event]](), list[Answered]()
    decode, position = codec().decode, -1
    for record in read(folder):
        if record.kind == Kind.MARK:
            continue
        packet = decode(record.body)[1]
        books.take(packet)
        if record.kind == Kind.DECISION:
            story.take(packet.seq, packet.ts, packet.event)
        if isinstance(packet.event, ASKED):
            asked[packet.seq] = packet.ts, packet.event
        if packet.agent == ANSWERS and packet.cause in asked:
            answered.append(Answered(*asked.pop(packet.cause), packet.event, packet.seq))
        if record.kind == Kind.INPUT and packet.agent == CLOCK:
            clock[packet.seq] = packet.ts
        elif record.kind == Kind.INPUT:
            given.append(Given(packet.ts, packet.agent, packet.event, packet.seq))
            position = packet.position if packet.agent == FEED else position
    started = [one.ts for one in given if one.source == CONFIGURED]
    if not started or len(started) == len(given):
        raise NotAvailable(f"run {header.run} was given nothing yet; let it run for a while, then compare it")
    ended = [one.ts for one in given if one.source == SESSION]
    return Record(
        header,
        recorded(header),
        _faults(withheld_of(folder), given, clock),
        given,
        story,
        books.pnl(),
        started[-1],
        ended[-1] if ended else max([given[-1].ts, *clock.values()]),
        bool(ended),
        position,
        answered,
    )


def _faults(withheld: dict[int, frozenset[str]], given: Sequence[Given], clock: dict[int, int]) -> Faults:
    """Each withheld packet by its turn: in another session the same turn has other seqs."""
    faults = Faults()
    turns = sorted([*clock, *(one.seq for one in given)]) if withheld else []
    for seq, desks in sorted(withheld.items()):
        turn = turns[bisect_right(turns, seq) - 1]
        found = Withheld(seq - turn, desks)
        if turn in clock:
            faults.timers.setdefault(clock[turn], []).append(found)
        else:
            faults.inputs.setdefault(turn, []).append(found)
    return faults
