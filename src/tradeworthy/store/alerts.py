"""What a person is told, and what the rules that tell it remember of a run: plain values."""

from __future__ import annotations

from enum import StrEnum

import msgspec

TITLES_MAX = 500
"""Markets whose titles are remembered; those that open while there are so many go by their id."""


class Severity(StrEnum):
    """How much an alert matters; `rank` orders them."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return SEVERITIES.index(self)


SEVERITIES = tuple(Severity)


class Alert(msgspec.Struct, frozen=True):
    """One thing to tell. Alerts of one `key` say the same of the same thing, and may be told together.

    `lasting` holds until a person acts: it is worth repeating until an alert whose `ends` is its key.
    """

    severity: Severity
    key: str
    title: str
    text: str
    lasting: bool = False
    ends: str = ""


class Held(msgspec.Struct, frozen=True):
    """A position: signed lots of an instrument, at a cost in cash units."""

    instrument: str
    lots: int
    cost: int


class Entry(msgspec.Struct):
    """What an open candidate has asked the venue for, and what its fills cost so far, in cash units."""

    who: str
    legs: list[str] = []
    cost: int = 0


class Gap(msgspec.Struct, frozen=True):
    """A feed's hole without an end yet, since a session time in ns."""

    feed: str
    since: int
    reason: str


class Group(msgspec.Struct):
    """What is told together: since when it was last told (session ns), and how often it happened since."""

    told_ts: int
    count: int = 0


class AlertState(msgspec.Struct, omit_defaults=True):
    """What the rules remember of one run.

    `held` is by `desk/position`; `entries` by candidate, which `entering` names by `desk/position`; `gaps` by
    instrument ("" is the whole feed), of which the first is looked at past `gaps_due`. `trades` and `wins` are the
    day's. `titles` are what prediction markets ask, by market, while their tokens are listed; TITLES_MAX of them.
    """

    started: bool = False
    held: dict[str, Held] = {}
    entries: dict[str, Entry] = {}
    entering: dict[str, str] = {}
    gaps: dict[str, Gap] = {}
    gaps_due: int = 0
    unwell: dict[str, str] = {}
    groups: dict[str, Group] = {}
    drawn_down: bool = False
    trades: int = 0
    wins: int = 0
    titles: dict[str, str] = {}
