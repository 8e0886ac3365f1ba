"""What can happen: the base of all events, and those that belong to no other room."""

from __future__ import annotations

from typing import ClassVar

import msgspec

Figure = int | float | str | bool | None
"""One named number (or word) that a decision rested on."""


class Event(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A fact as a value. Encoded as an array led by the class name; new fields go last, with defaults."""

    decision: ClassVar[bool] = False
    """Decision-level packets are journalled, compared on replay and projected to the database."""

    command: ClassVar[bool] = False
    """Commands ask the outside for something; their turn is made durable before they are sent."""


class TimeAdvanced(Event, frozen=True):
    """Session time reached a timer: the input that lets due timers fire."""


class WokeUp(Event, frozen=True):
    """A timer of `agent` fired; only that agent is told."""

    agent: str
    key: str


class Resumed(Event, frozen=True):
    """The process came back on the wall clock after `gap_ns` without it."""

    gap_ns: int


class Quarantined(Event, frozen=True):
    """Packet `seq` was withheld from `desk` ("" means from all) because handling it raised `error`."""

    decision: ClassVar[bool] = True
    seq: int
    desk: str
    error: str


class SessionEnded(Event, frozen=True):
    """The run reached its duration or its feed's end: what works is cancelled, what was counted closed."""


class CountersClosed(Event, frozen=True):
    """Turns of one hour in which `desk` opened no candidate, by reason."""

    decision: ClassVar[bool] = True
    desk: str
    from_ts: int
    to_ts: int
    counts: dict[str, int]
