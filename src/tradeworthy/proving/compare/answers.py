"""What answers the commands of a course: history from the feed or as the run had it, and what the run learned.

The learning jobs are not done again: where a course asks for its overrides, it gets those that the run had found when
it asked itself. So a desk that learns is compared with its overrides, and they explain no gap.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.learning.events import Job, JobAnswered, OverridesChanged, RunJob
from tradeworthy.learning.schedule import SCHEDULE
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.proving.compare.record import Answered, Nowhere
from tradeworthy.runtime.errands import ASKED

Provider = Callable[[RequestBackfill, int], BackfillAnswered]
"""What a feed has of the time before a session time (UTC ns)."""


class Answer(NamedTuple):
    """An answer, and the seq that the run's own has in the run (0: the run asked for none such)."""

    event: Event
    seq: int = 0


class Answers:
    """Answers at once, as on the simulated clock; with `own_history` that of the run where it has any.

    `provider` is the feed's history (None: it has none).
    """

    def __init__(self, answered: Iterable[Answered], provider: Provider | None, *, own_history: bool) -> None:
        self._provider, self._own_history = provider, own_history
        self._histories: dict[str, Answered] = {}
        self._tables: list[Answered] = []
        for one in answered:
            if isinstance(one.asked, RequestBackfill):
                self._histories[one.asked.key] = one
            elif isinstance(one.answer, JobAnswered) and _judged(one.answer):
                self._tables.append(one)
        self._times = [one.ts for one in self._tables]

    def answer(self, packet: Packet) -> Answer:
        """The answer to the command in `packet`."""
        match packet.event:
            case RunJob() as asked:
                return Answer(self._learned(asked, packet))
            case RequestBackfill() as asked:
                return self._history(asked, packet.ts)
            case other:
                raise Bug(f"nobody answers {type(other).__name__} (packet {packet.seq}) in a comparison")

    def _learned(self, asked: RunJob, packet: Packet) -> JobAnswered:
        """The table that the run had asked for by then; without one the table stays as it is."""
        table = asked.overrides
        place = bisect_right(self._times, packet.ts)
        if asked.job is Job.OVERRIDES and place:
            found = self._tables[place - 1].answer
            assert isinstance(found, JobAnswered)
            table = found.overrides
        return JobAnswered(asked.job, asked.key, packet.seq, overrides=table)

    def _history(self, asked: RequestBackfill, ts: int) -> Answer:
        own = self._own(asked)
        if own is not None and (self._own_history or self._provider is None):
            return Answer(msgspec.structs.replace(own.answer, key=asked.key), own.seq)
        if self._provider is None:
            error = "nothing is on record of it"
            return Answer(BackfillAnswered(asked.key, asked.instrument, asked.timeframe, error=error))
        return Answer(self._provider(asked, ts), own.seq if own else 0)

    def _own(self, asked: RequestBackfill) -> Answered | None:
        """What the run had for the same request, or for the newest one of the same row."""
        found = self._histories.get(asked.key)
        if found is not None and _row(found.asked) == _row(asked):
            return found
        return next(
            (one for one in reversed(self._histories.values()) if _row(one.asked) == _row(asked)), None
        )


class Waiting(Nowhere):
    """An outbox that keeps what must be answered."""

    def __init__(self) -> None:
        self.commands: list[Packet] = []

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Keep those that an input answers."""
        self.commands += [packet for packet in commands if isinstance(packet.event, ASKED)]


def own_answer(given: Event, commands: list[Packet]) -> tuple[Event | None, Packet | None]:
    """An answer of the run at its own time, as the course hears it, and the one of `commands` that it answers.

    The course may have asked for a job more or less often. A table that it did not ask for is in force all the same;
    what else it did not ask for is dropped (None).
    """
    place = next((place for place, one in enumerate(commands) if _answers(given, one.event)), -1)
    packet = commands.pop(place) if place >= 0 else None
    match given:
        case JobAnswered():
            if packet is not None and isinstance(packet.event, RunJob):
                return msgspec.structs.replace(given, key=packet.event.key), packet
            judged = OverridesChanged(given.overrides, SCHEDULE, "judged", given.as_of)
            return (judged if _judged(given) else None), None
        case other:
            return other, packet


def _answers(given: Event, asked: Event) -> bool:
    match given, asked:
        case JobAnswered(), RunJob():
            return given.job is asked.job
        case BackfillAnswered(), RequestBackfill():
            return given.key == asked.key
        case _:
            return False


def differing_histories(answered: Iterable[Answered], provider: Provider | None) -> tuple[int, int]:
    """How many of the histories that the run got are other than the feed's, and how many it got."""
    found = [
        (one.answer, provider(one.asked, one.ts) if provider else None)
        for one in answered
        if isinstance(one.asked, RequestBackfill)
    ]
    return sum(ours != theirs for ours, theirs in found), len(found)


def _judged(answer: JobAnswered) -> bool:
    return answer.job is Job.OVERRIDES and not answer.error


def _row(asked: Event) -> tuple[str, str]:
    assert isinstance(asked, RequestBackfill)
    return asked.instrument, asked.timeframe
