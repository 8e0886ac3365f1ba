"""What a bar comes to, as numbers for the steps and words for people."""

from __future__ import annotations

from enum import IntEnum


class Action(IntEnum):
    """What the desk does at a bar."""

    NONE = 0
    ENTER = 1
    EXIT = 2
    SKIP = 3  # a trigger that becomes no order: a candidate that ends here


class Code(IntEnum):
    """Why: the exits first, in the order in which they are looked at."""

    NOTHING = 0
    HIBERNATE_HALT = 1
    STOP_LOSS = 2
    FIXED_TP = 3
    SUBDAY_ACB_NORMALIZATION = 4
    MAX_HOLD = 5
    ENTRY = 10
    HOLDING = 20
    NO_PRICE = 21
    CALIBRATING = 22
    WARMING_UP = 23
    DAY_ENDING = 24
    NO_FEATURES = 25
    QUIET = 26
    NO_DIVERGENCE = 27
    NO_ASSET = 30
    CONTRADICTED = 31
    POSTURE = 32
    FOREWARNED = 33
    TOO_SMALL = 34

    @property
    def word(self) -> str:
        """An exit's name as the field writes it (MAX_HOLD), any other reason in snake_case."""
        return self.name if self in EXITS else self.name.lower()


EXITS = (
    Code.HIBERNATE_HALT,
    Code.STOP_LOSS,
    Code.FIXED_TP,
    Code.SUBDAY_ACB_NORMALIZATION,
    Code.MAX_HOLD,
)
"""The exit reasons in the order in which they are looked at."""
