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
    """A person (`by`) halts, resumes or flattens. `desk` "" is all; `account` names what is flattened.

    `latch`: the halt is the latch file's, which somebody put there, maybe while no session ran.
    """

    decision: ClassVar[bool] = True

    command_name: Order
    by: str
    reason: str
    desk: str = ""
    account: str = ""
    latch: bool = False


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
    KILL_FILE = "kill_file"


class HaltChanged(Event, frozen=True):
    """The latch of `desk` ("" is all) by `rule` (a HaltRule) was set or released."""

    decision: ClassVar[bool] = True

    desk: str
    halted: bool
    rule: str
    by: str
    reason: str


class DailyReset(Event, frozen=True):
    """UTC midnight: the day's loss counts from `equity` on; the day before made `pnl` (both in cash units)."""

    decision: ClassVar[bool] = True

    ts_event: int
    equity: int
    pnl: int
