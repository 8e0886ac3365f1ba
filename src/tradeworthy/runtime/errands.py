"""Commands that are answered by an input: history for a desk, and the learning jobs.

On the simulated clock an answer is admitted before time moves on; on the wall clock when it is there. What a process
left without an answer is asked again by the next one: the answers rest on what is on record alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog

from tradeworthy.core.errors import Bug, TradeworthyError
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.learning.events import JobAnswered, RunJob
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.runtime.supervisor import supervised

log = structlog.get_logger()

ASKED: tuple[type[Event], ...] = (RunJob, RequestBackfill)
"""The commands that must be answered."""

ANSWERS = "answers"
"""The source of their answers."""

Answer = Callable[[Packet], Event]
"""What answers one command; a failure of the outside world is an answer that says so."""


class Errands:
    """Who answers which command."""

    def __init__(self, answers: Mapping[type[Event], Answer]) -> None:
        self._answers = answers
        self._failing: set[str] = set()

    def answer(self, packet: Packet) -> Event:
        """The answer to the command in `packet`, a raise as an error in it: the desks go on without.

        Bug if nobody answers such commands; AllHalted passes.
        """
        answer = self._answers.get(type(packet.event))
        if answer is None:
            raise Bug(
                f"nobody answers {type(packet.event).__name__} (packet {packet.seq}): give it a gateway"
            )
        raised: list[Event] = []
        found = supervised(
            lambda: raised[0] if raised else answer(packet),
            lambda error: raised.append(_failed(packet, f"{type(error).__name__}: {error}")),
        )
        self._tell(packet, found)
        return found

    def _tell(self, packet: Packet, found: Event) -> None:
        """Say once of each errand that it fails, until it succeeds again."""
        what, error = _errand(packet), getattr(found, "error", "")
        if error and what not in self._failing:
            log.warning("errand_failed", errand=what, packet=packet.seq, error=error)
            self._failing.add(what)
        elif not error:
            self._failing.discard(what)


class WallErrands:
    """Errands on the wall clock, each in a thread of its own, up to `most` of a kind at a time.

    The threads end with their process, whatever they wait for: nobody who stops a session waits for them.
    """

    def __init__(self, errands: Errands, most: int = 4) -> None:
        self._errands, self._most = errands, most
        self._under_way: dict[int, _UnderWay] = {}

    def go_on(self, unanswered: Mapping[int, Packet]) -> list[tuple[Packet, Event]]:
        """Begin what is new in `unanswered`; the answers that came since the last call. Raises what one raised."""
        for seq, packet in unanswered.items():
            if seq not in self._under_way and self._count(type(packet.event)) < self._most:
                self._under_way[seq] = _UnderWay(self._errands, packet)
        done = [seq for seq, one in self._under_way.items() if one.is_over()]
        return [(one.packet, one.result()) for one in map(self._under_way.pop, done)]

    def _count(self, kind: type[Event]) -> int:
        return sum(type(one.packet.event) is kind for one in self._under_way.values())

    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def cancel(self) -> None:
        """Let go of what is under way: the next process asks again."""
        self._under_way.clear()


class _UnderWay:
    """One command, and the thread that its answer is made in."""

    def __init__(self, errands: Errands, packet: Packet) -> None:
        self.packet, self._errands = packet, errands
        self._answer: Event | None = None
        self._error: TradeworthyError | None = None
        self._thread = threading.Thread(target=self._run, name=f"errand-{packet.seq}", daemon=True)
        self._thread.start()

    def is_over(self) -> bool:
        """Whether there is an answer, or a raise."""
        return not self._thread.is_alive()

    def result(self) -> Event:
        """The answer; raises what it raised."""
        if self._error is not None:
            raise self._error
        if self._answer is None:
            raise Bug(f"the thread of {_errand(self.packet)} (packet {self.packet.seq}) ended without a word")
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._errands.answer(self.packet)
        except TradeworthyError as error:
            self._error = error


def _errand(packet: Packet) -> str:
    """What the command in `packet` is about: the same for the same thing asked again."""
    match packet.event:
        case RunJob(job=job):
            return f"job {job.value}"
        case RequestBackfill(instrument=instrument, timeframe=timeframe):
            return f"history of {instrument} {timeframe}"
        case other:
            return type(other).__name__


def _failed(packet: Packet, error: str) -> Event:
    """The answer to the command in `packet` that says why there is none."""
    match packet.event:
        case RunJob(job=job, key=key):
            return JobAnswered(job, key, packet.seq, error=error)
        case RequestBackfill() as asked:
            return BackfillAnswered(
                asked.key, asked.instrument, asked.timeframe, error=error, pool=asked.pool
            )
        case other:
            raise Bug(f"{type(other).__name__} (packet {packet.seq}) can't be answered by an error: {error}")
