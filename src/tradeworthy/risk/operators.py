"""People and the machine's health, as risk hears of them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from tradeworthy.core.events import Event


class Order(StrEnum):
    """What an operator asks for."""

    HALT = "halt"
    RESUME = "resume"
    FLATTEN = "flatten"


class Operator(Event, frozen=True):
    """A person (`by`) halts, resumes or flattens. `desk` "" is all; `account` names what is flattened."""

    decision: ClassVar[bool] = True

    command_name: Order
    by: str
    reason: str
    desk: str = ""
    account: str = ""


class HealthObserved(Event, frozen=True):
    """What a part of the system says of itself: `ok`, with one figure and its word."""

    part: str
    ok: bool
    figure: float = 0.0
    word: str = ""


class HaltRule(StrEnum):
    """What sets a latch; each holds until a person releases it with a name and a reason."""

    OPERATOR = "operator"
    FLATTEN = "flatten"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    FAULTS = "faults"
    QUARANTINE = "quarantine"


class HaltChanged(Event, frozen=True):
    """The latch of `desk` ("" is all) by `rule` (a HaltRule) was set or released."""

    decision: ClassVar[bool] = True

    desk: str
    halted: bool
    rule: str
    by: str
    reason: str
