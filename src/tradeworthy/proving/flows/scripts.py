"""What happens in a flow: prices of tokens, what is said and forced, as a feed that is its own history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from tradeworthy.core.events import Event, Figure
from tradeworthy.core.packets import Input
from tradeworthy.desks.uptrend.events import SocialSignal, StateForced
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Row, Stage
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport, inputs_of
from tradeworthy.gateways.feeds.protocol import Row as FeedRow
from tradeworthy.gateways.history import BarColumns, answer_of, closed_by
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed

START = 1_767_225_600_000_000_000
"""Session time at the beginning of every flow: 2026-01-01 00:00 UTC, ns."""

MINUTE = TIMEFRAMES_NS["1m"]
HOUR = TIMEFRAMES_NS["1h"]
SIGNAL_TS = START + 10 * MINUTE
"""When the signals that begin a course are said."""

HISTORY_BARS = 700
VOLUME = 100_000.0
BATCH = 2_000


class Move(NamedTuple):
    """One bar of a course: its close, and what is forced on the row at its end; without `low` it falls no lower."""

    close: float
    state: Stage
    flags: Mapping[str, Figure] = {}
    check: Mapping[str, Figure] = {}
    low: float = 0.0


@dataclass(frozen=True)
class Course:
    """A token's way through the states on one timeframe, from START on. The token's other rows are held in S0."""

    instrument: str
    timeframe: str
    moves: tuple[Move, ...]

    @property
    def position(self) -> str:
        """The key of its row."""
        return Row(self.instrument, self.timeframe).key

    @property
    def length(self) -> int:
        """Of one move, ns."""
        return TIMEFRAMES_NS[self.timeframe]

    @property
    def end_ts(self) -> int:
        """The close of its last move."""
        return START + len(self.moves) * self.length

    def ts_of(self, number: int) -> int:
        """The close of move `number` (0: the first)."""
        return START + (number + 1) * self.length

    def bars(self, base: str, end_ts: int) -> Iterator[BarClosed]:
        """Bars of `base` until `end_ts`: a move goes to its close at once, and halfway to its low."""
        step = TIMEFRAMES_NS[base]
        before = self.moves[0].close
        for ts in range(START, end_ts, step):
            number = min((ts - START) // self.length, len(self.moves) - 1)
            move = self.moves[number]
            halfway = (ts - START) % self.length // step == self.length // step // 2
            low = min(before, move.close, move.low if move.low and halfway else move.close)
            high = max(before, move.close)
            yield BarClosed(self.instrument, base, ts, before, high, low, move.close, VOLUME)
            before = move.close

    def forced(self) -> Iterator[tuple[int, Event]]:
        """The states of its moves, halfway in each; the last one holds on, without flags."""
        for timeframe in TIMEFRAMES:
            if timeframe != self.timeframe:
                yield SIGNAL_TS + MINUTE, StateForced(self.instrument, timeframe, Stage.S0, bars=0)
        for number, move in enumerate(self.moves):
            ts = START + number * self.length + self.length // 2
            flags, check = dict(move.flags), dict(move.check)
            yield ts, StateForced(self.instrument, self.timeframe, move.state, flags, check)
        yield self.end_ts + 1, StateForced(self.instrument, self.timeframe, self.moves[-1].state, bars=0)


@dataclass(frozen=True)
class Script:
    """All that a flow's world does until `end_ts`. `said` are events besides the courses, in any order.

    `history` names the instruments that have bars before START.
    """

    base: str
    end_ts: int
    courses: tuple[Course, ...] = ()
    said: tuple[tuple[int, Event], ...] = ()
    history: tuple[str, ...] = ()

    def rows(self) -> list[tuple[int, Event]]:
        """Times and events in order: at one time the bars come first."""
        rows: list[tuple[int, Event]] = []
        for course in self.courses:
            length = TIMEFRAMES_NS[self.base]
            rows += [(bar.ts_event + length, bar) for bar in course.bars(self.base, self.end_ts)]
        rows += [one for course in self.courses for one in course.forced()]
        rows += self.said
        rows = [one for one in rows if one[0] <= self.end_ts]
        rows.sort(key=itemgetter(0))
        return rows


@dataclass
class ScriptFeed:
    """A script as a session's feed: it answers for the history of its own tokens."""

    script: Script
    instruments: tuple[str, ...]
    name: str = "script"
    _rows: list[FeedRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rows = [(place, ts, event) for place, (ts, event) in enumerate(self.script.rows())]

    @property
    def timeframe(self) -> str:
        """Of the bars that it brings."""
        return self.script.base

    def identity(self) -> dict[str, object]:
        """The script's size: one session alone lives on it."""
        return {"feed": self.name, "rows": len(self._rows), "end": self.script.end_ts}

    def span(self) -> tuple[int, int | None]:
        """From START to the script's end."""
        return START, self.script.end_ts

    def end(self) -> int | None:
        """The last position."""
        return len(self._rows) - 1

    def report(self) -> FeedReport:
        """Nothing is counted."""
        return FeedReport(self.name, {one: InstrumentReport() for one in self.instruments})

    def batches(self, after: int = -1) -> Iterator[list[FeedRow]]:
        """The events past `after`."""
        for first in range(after + 1, len(self._rows), BATCH):
            yield self._rows[first : first + BATCH]

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """The events past `after` one by one."""
        return inputs_of(self.batches(after))

    def backfill(self, request: RequestBackfill, now: int) -> BackfillAnswered:
        """Bars of a token that fell to 1 until START and stood there: a row that is found so is in S0."""
        bars = BarColumns.none()
        if request.instrument in self.script.history:
            bars = closed_by(_fallen(request.timeframe, now), request.timeframe, now, request.bars)
        return answer_of(request, bars, now)


def signal(name: str, ticker: str, ts: int = SIGNAL_TS, *, curator: str = "ann", **more: str) -> SocialSignal:
    """A word on a token, from a curator whose word counts."""
    return SocialSignal(name, curator, f"${ticker}", ts, **more)  # type: ignore[arg-type]


def signals_of(courses: Sequence[Course]) -> list[tuple[int, Event]]:
    """The word that begins each course, named after its token."""
    return [(SIGNAL_TS, signal(f"call-{one.instrument}", one.instrument)) for one in courses]


def _fallen(timeframe: str, now: int) -> BarColumns:
    length = TIMEFRAMES_NS[timeframe]
    first = START - HISTORY_BARS * length
    opened = np.arange(first, now, length, dtype=np.int64)
    bars_left = np.maximum(0, (START - opened) // length)
    high, low = 1.0 + bars_left / 1_000, 1.0 + np.maximum(0, bars_left - 1) / 1_000
    return BarColumns(opened, high, high, low, low, np.full(len(opened), VOLUME))
