"""Counts turns in which a desk opened no candidate, by reason, and closes them hourly."""

from __future__ import annotations

from collections.abc import Collection

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.events import CountersClosed, SessionEnded, WokeUp

HOUR = 3_600_000_000_000
"""One hour in ns."""


class CountersState(State):
    """Turns of the present hour by desk and reason; `from_ts` is when the hour's count began."""

    counts: dict[str, dict[str, int]] = {}
    from_ts: int = 0


class Counters(Agent):
    """The part named `counters`; its timer is at the full hour of session time, if something was counted."""

    state: CountersState

    def __init__(self) -> None:
        super().__init__("counters", CountersState())

    def take(self, reasons: dict[str, str], opened: Collection[str], context: Context) -> None:
        """Empty `reasons`, and count one turn for each of its desks that is not among `opened`."""
        counts = self.state.counts
        while reasons:
            desk, reason = reasons.popitem()
            if desk not in opened:
                try:
                    counts[desk][reason] += 1
                except KeyError:
                    self._begin(desk, reason, context)

    def _begin(self, desk: str, reason: str, context: Context) -> None:
        if not self.state.counts:
            self.state.from_ts = context.now
            context.wake_at(context.now - context.now % HOUR + HOUR, "hour", late_ok=True)
        if desk:
            self.state.counts.setdefault(desk, {})[reason] = 1

    @on(WokeUp, SessionEnded)
    def close_hour(self, _: WokeUp | SessionEnded, context: Context) -> list[CountersClosed]:
        """Write the counts since the last full hour and begin anew."""
        state = self.state
        closed = [
            CountersClosed(desk, state.from_ts, context.now, dict(sorted(counts.items())))
            for desk, counts in state.counts.items()
        ]
        self.state = CountersState()
        return closed
