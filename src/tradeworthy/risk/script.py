"""Stance by the clock: postures, boosts and forewarnings that a configuration schedules, for drills and comparisons.

An entry for T holds for the bar that closes at T: timers due at an input's time fire before it. The batch engine takes
the same events from `entries_of`, so that it and a session hear the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.core.settings import Settings
from tradeworthy.execution.accounting import CashMoved, Opened
from tradeworthy.risk.stance import (
    MC_SCALES,
    BoostChanged,
    ForewarnerReported,
    McStatus,
    Posture,
    PostureReported,
    check_boost,
)

SCRIPT = "script"
NEXT = "next"
"""The key of the timer of the entry that comes next."""

EVENTS_MAX = 1_000_000


class ScriptEntry(Settings):
    """One `[[script]]` of a configuration: what is said at a time, once or again and again."""

    at: AwareDatetime = Field(description="When it is first said, with its offset: 2025-11-10T00:05:00Z.")
    until: AwareDatetime | None = Field(None, description="The end of repeating, not included.")
    every_s: int | None = Field(None, ge=1, description="Seconds between two times of saying it.")
    posture: Posture | None = Field(None, description="An outside writer's posture.")
    boost: float | None = Field(None, description="Size multiplier, 0.1 to 4. More risks more money.")
    beta: float | None = Field(None, description="Convexity that belongs to the boost, 0 to 2.")
    mc: McStatus | None = Field(None, description="What the forewarner says.")
    desk: str = Field("", description="The desk that the boost is for; none given: every desk.")

    @model_validator(mode="after")
    def _says_something_sound(self) -> Self:
        if self.posture is None and self.boost is None and self.mc is None:
            raise ValueError("the entry says nothing: give posture, boost with beta, or mc")
        if (self.boost is None) is not (self.beta is None):
            raise ValueError("boost and beta belong together: give both or neither")
        if self.boost is not None and self.beta is not None:
            check_boost(self.boost, self.beta)
        if (self.until is None) is not (self.every_s is None):
            raise ValueError("until and every_s belong together: give both, or neither for once")
        if self.until is not None and self.until <= self.at:
            raise ValueError(f"until {self.until.isoformat()} is not after at {self.at.isoformat()}")
        return self


def entries_of(script: Sequence[ScriptEntry]) -> list[tuple[int, Event]]:
    """All (session time, event) pairs of `script` in order; at one time in the script's own order.

    UsageError for more than EVENTS_MAX.
    """
    times = [(ts, place) for place, entry in enumerate(script) for ts in _times(entry)]
    made: list[tuple[int, Event]] = []
    for ts, place in sorted(times):
        made += ((ts, event) for event in _events(script[place], ts, len(made) + 1))
    return made


def _times(entry: ScriptEntry) -> range:
    first = _ns(entry.at)
    if entry.until is None or entry.every_s is None:
        return range(first, first + 1)
    times = range(first, _ns(entry.until), entry.every_s * 1_000_000_000)
    if len(times) > EVENTS_MAX:
        raise UsageError(
            f"the script's entry of {entry.at.isoformat()} is said {len(times)} times, at most {EVENTS_MAX}:"
            " make every_s larger"
        )
    return times


def _ns(at: AwareDatetime) -> int:
    """`at` as UTC ns, exactly to its microsecond."""
    return (int(at.timestamp()) * 1_000_000 + at.microsecond) * 1_000


def _events(entry: ScriptEntry, ts: int, seq: int) -> list[Event]:
    made: list[Event] = []
    if entry.posture is not None:
        made.append(PostureReported(entry.posture, ts, seq, writer=SCRIPT))
    if entry.boost is not None and entry.beta is not None:
        made.append(BoostChanged(entry.boost, entry.beta, ts, entry.desk, SCRIPT))
    if entry.mc is not None:
        made.append(ForewarnerReported(entry.mc, MC_SCALES[entry.mc], ts))
    return made


class ScriptState(State):
    """How many of the script's events were said."""

    said: int = 0
    armed: bool = False


class Script(Agent):
    """The part named `script`; it stands before the parts and desks that hear it."""

    state: ScriptState

    def __init__(self, script: Sequence[ScriptEntry]) -> None:
        super().__init__(SCRIPT, ScriptState())
        self._entries = entries_of(script)

    @on(CashMoved, Opened)
    def begin(self, _: CashMoved | Opened, context: Context) -> list[Event] | None:
        """The run begins: of what was due before, the last word of each kind is said now."""
        if self.state.armed:
            return None
        self.state.armed = True
        last: dict[tuple[str, str], Event] = {}
        for event in self._due(context):
            last[type(event).__name__, getattr(event, "desk", "")] = event
        return [*last.values()]

    @on(WokeUp)
    def speak(self, _: WokeUp, context: Context) -> list[Event]:
        """Say what is due."""
        return self._due(context)

    def _due(self, context: Context) -> list[Event]:
        """The events up to now, which are said with that; the timer is set for the next."""
        first = self.state.said
        after = first
        while after < len(self._entries) and self._entries[after][0] <= context.now:
            after += 1
        self.state.said = after
        if after < len(self._entries):
            context.wake_at(self._entries[after][0], NEXT, late_ok=True)
        return [event for _, event in self._entries[first:after]]
