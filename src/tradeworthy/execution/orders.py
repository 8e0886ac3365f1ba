"""Orders and fills as events."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from tradeworthy.core.events import Event
from tradeworthy.execution.intents import TimeInForce
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.instruments import Side


class OrderStatus(StrEnum):
    """Where an order stands; UNKNOWN is on record without an answer, held until reconciled."""

    NEW = "NEW"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"


class FillStatus(StrEnum):
    """A fill is matched, then confirmed, or failed: reversed."""

    MATCHED = "MATCHED"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"


class PlaceOrder(Event, frozen=True):
    """Command: send an order. `order` is `<candidate>.<leg>[suffix]`, unique in the run.

    Orders of an intent with several legs share `group` (the candidate's seq), `group_size` and
    `group_policy`; the venue judges a group jointly if its policy is all_or_none. `maker_chance` and `maker_only` are
    the leg's.
    """

    decision: ClassVar[bool] = True
    command: ClassVar[bool] = True

    order: str
    candidate: int
    desk: str
    position: str
    instrument: str
    side: Side
    lots: int
    limit_ticks: int | None
    time_in_force: TimeInForce
    expires_at: int
    reduce_only: bool
    reason: str
    group: int = 0
    group_size: int = 1
    group_policy: str = ""
    maker_chance: float = 0.0
    maker_only: bool = False


class CancelOrder(Event, frozen=True):
    """Command: take a working order back."""

    decision: ClassVar[bool] = True
    command: ClassVar[bool] = True

    order: str
    reason: str


class OrderObserved(Event, frozen=True):
    """What the venue says of an order; `ts_event` is the venue's time, UTC ns."""

    decision: ClassVar[bool] = True

    order: str
    status: OrderStatus
    ts_event: int
    reason: str = ""
    venue_order: str = ""


class FillObserved(Event, frozen=True):
    """A fill, unique by (venue, fill). `ticks` is the price; `fee` in cash units, positive is paid.

    `status` FAILED reverses the MATCHED fill of the same id.
    """

    decision: ClassVar[bool] = True

    venue: str
    fill: str
    order: str
    desk: str
    position: str
    instrument: str
    side: Side
    ticks: int
    lots: int
    fee: int
    maker: bool
    ts_event: int
    status: FillStatus = FillStatus.MATCHED
    reason: str = ""


class CancelWorking(Event, frozen=True):
    """Take back the working entries of `desk` ("": of all); orders that only reduce stay.

    `reason` (a short snake_case word, like the rule that halted) goes on their verdicts.
    """

    decision: ClassVar[bool] = True

    desk: str
    reason: str = Reason.HALTED


class Reconciled(Event, frozen=True):
    """All that `venue` ("": every venue) knows of our orders was reported: what is UNKNOWN never reached it.

    A gateway that sends this while an order may still arrive loses track of a real position.
    """

    decision: ClassVar[bool] = True

    venue: str
    ts_event: int
