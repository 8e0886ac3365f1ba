"""The order state machine: which status may follow which, and what fills and reversals do to an order."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tradeworthy.core.errors import Bug
from tradeworthy.execution.orders import FillObserved, FillStatus, OrderObserved, OrderStatus, PlaceOrder
from tradeworthy.execution.reasons import Reason

_S = OrderStatus

ALLOWED: dict[OrderStatus, tuple[OrderStatus, ...]] = {
    _S.NEW: (_S.SENT,),
    _S.SENT: (_S.ACCEPTED, _S.PARTIAL, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED, _S.UNKNOWN),
    _S.ACCEPTED: (_S.PARTIAL, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED, _S.UNKNOWN),
    _S.PARTIAL: (_S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.UNKNOWN),
    _S.UNKNOWN: (_S.ACCEPTED, _S.PARTIAL, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED),
    _S.FILLED: (),
    _S.CANCELLED: (),
    _S.REJECTED: (),
    _S.EXPIRED: (),
}
"""What may follow each status when the venue reports; nothing follows an end."""

REVERSED = {_S.PARTIAL: _S.ACCEPTED, _S.FILLED: _S.CANCELLED}
"""What a reversal makes of an order without any fill left (PARTIAL), or of one left short (FILLED)."""

ENDS = tuple(status for status, following in ALLOWED.items() if not following)
"""The statuses that nothing follows."""

_AGE = {_S.NEW: 0, _S.SENT: 1, _S.UNKNOWN: 1, _S.ACCEPTED: 2, _S.PARTIAL: 3}


class Purpose(StrEnum):
    """What an order is for: the leg itself, the part of it that was missing, or taking it back."""

    LEG = ""
    COMPLETE = "c"
    UNWIND = "u"


class OrderRecord(msgspec.Struct):
    """An order of ours since it was sent; while NEW, its intent waits for a decision, it has no record.

    `filled` is lots less those of fills that failed (`failed`); `unconfirmed` may still fail. `cash` is what
    its fills moved (cash units, fees included, negative is paid), `fees` the fees alone, `past_limit` lots
    times the ticks that they were filled beyond the leg's own limit.
    """

    place: PlaceOrder
    leg: int
    purpose: Purpose
    limit_ticks: int | None
    status: OrderStatus = OrderStatus.SENT
    reason: str = ""
    filled: int = 0
    failed: int = 0
    unconfirmed: int = 0
    cash: int = 0
    fees: int = 0
    past_limit: int = 0
    fills: dict[str, FillStatus] = {}
    cancelling: bool = False

    @property
    def ended(self) -> bool:
        """Whether the venue reported its end."""
        return self.status in ENDS

    @property
    def settled(self) -> bool:
        """Whether it ended and nothing about its fills is open."""
        if self.status not in ENDS or self.unconfirmed:
            return False
        return self.status is not _S.FILLED or self.filled + self.failed >= self.place.lots


def observe(record: OrderRecord, news: OrderObserved) -> bool:
    """Take a report; whether it changed the order. Bug if it can't follow what was reported before.

    What is older than the present status (an ACCEPTED after a fill) is no news: venues answer on several
    lines.
    """
    status, current = news.status, record.status
    if status in ALLOWED[current]:
        record.status = status
        record.reason = news.reason
        return True
    if status is current or _AGE.get(status, 9) < _AGE.get(current, 9):
        return False
    raise Bug(
        f"order {record.place.order} is {current} and was reported {status} ({news.reason or 'no reason'}):"
        " reconcile with the venue"
    )


def take_fill(record: OrderRecord, fill: FillObserved, notional: int) -> bool:
    """Take a fill (or its confirmation, or its reversal) of `notional` cash units; whether it was new.

    The venue alone says when an order is over: fills make it PARTIAL at most. Bug if more is filled than was
    asked.
    """
    known = record.fills.get(fill.fill)
    if known is fill.status or (known and known is not FillStatus.MATCHED):
        return False
    record.fills[fill.fill] = fill.status
    if known is None:
        return fill.status is not FillStatus.FAILED and _add(record, fill, notional)
    record.unconfirmed -= fill.lots
    if fill.status is FillStatus.FAILED:
        _reverse(record, fill, notional)
    return True


def _add(record: OrderRecord, fill: FillObserved, notional: int) -> bool:
    record.filled += fill.lots
    if record.filled > record.place.lots:
        raise Bug(
            f"order {record.place.order} asked for {record.place.lots} lots and {record.filled} were filled"
            f" (fill {fill.fill}): reconcile with the venue"
        )
    if fill.status is FillStatus.MATCHED:
        record.unconfirmed += fill.lots
    if _S.PARTIAL in ALLOWED[record.status] and record.status is not _S.UNKNOWN:
        record.status = _S.PARTIAL
    _move(record, fill, notional, 1)
    return True


def _reverse(record: OrderRecord, fill: FillObserved, notional: int) -> None:
    record.filled -= fill.lots
    record.failed += fill.lots
    _move(record, fill, notional, -1)
    if record.status is _S.FILLED or (record.status is _S.PARTIAL and not record.filled):
        record.status = REVERSED[record.status]
    record.reason = Reason.FILL_FAILED


def _move(record: OrderRecord, fill: FillObserved, notional: int, times: int) -> None:
    sign = fill.side.sign
    record.cash -= times * (sign * notional + fill.fee)
    record.fees += times * fill.fee
    if record.limit_ticks is not None:
        past = sign * (fill.ticks - record.limit_ticks)
        if past > 0:
            record.past_limit += times * past * fill.lots
