"""The uptrend desk's fixed words: timeframes, states, keys of rows, and what its parts are called."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from tradeworthy.execution.intents import position_key

TIMEFRAMES = ("1m", "15m", "1h", "4h")
"""The timeframes of a token's four rows, in order."""

PARTS = (
    "bar-history",
    "social-ingest",
    "decision-maker",
    "trader",
    "thresholds",
    "regime",
    "uptrend-engine",
    "episode-log",
    "position-manager",
)
"""The desk's agents in the order in which they hear of an event."""


class Stage(StrEnum):
    """The states of the uptrend machine; "" is before the first evaluation. S4 only watches."""

    NONE = ""
    S0 = "S0"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"


class Status(StrEnum):
    """A row's status; only watchlist and active rows are traded."""

    DORMANT = "dormant"
    WATCHLIST = "watchlist"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class DecisionType(StrEnum):
    """What an action does: `entry` begins a trade."""

    ENTRY = "entry"
    ADD = "add"
    TRIM = "trim"
    EMERGENCY_EXIT = "emergency_exit"


class Row(NamedTuple):
    """A row's place: one token on one timeframe."""

    instrument: str
    timeframe: str

    @property
    def key(self) -> str:
        """The key of the row in the ledger and in all events: `1h@BONK`."""
        return position_key(self.timeframe, self.instrument)


def row_of(key: str) -> Row:
    """The row of a key."""
    timeframe, _, instrument = key.partition("@")
    return Row(instrument, timeframe)


def trade_name(desk: str, position: str, number: int) -> str:
    """What a row's trade is called: `1h@BONK#2`, and `1h@BONK#2/<desk>` in a desk not named `uptrend`.

    So the trades of two desks on one token are told apart wherever they are kept.
    """
    return f"{position}#{number}" if desk == "uptrend" else f"{position}#{number}/{desk}"


def part_name(desk: str, part: str) -> str:
    """What part `part` of `desk` is called: its own word in the desk named `uptrend`, else `<desk>/<part>`."""
    return part if desk == "uptrend" else f"{desk}/{part}"
