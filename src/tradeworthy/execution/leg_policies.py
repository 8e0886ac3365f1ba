"""What an approved intent becomes: its orders, what follows when a leg falls short, and its one verdict.

A short leg matters only to an intent of several legs that may open positions. Then, once all its orders are
over:

    HOLD         leaves what was filled.
    ALL_OR_NONE  was judged jointly by the venue; what a venue could not do jointly is unwound.
    UNWIND       takes back all that was filled, at market, reduce-only, for as long as it takes.
    COMPLETE     first asks once more for what is missing, up to `complete_ticks` past the leg's limit (a leg
                 at market: at market), unless the intent expired or was barred; then unwinds.

What its legs leave together needs no taking back: lots that one bought and another sold under one key, and
complete sets of a market's two tokens, which are settled at 1 a share (see settlement.py). Apart from those sets an
unwound intent holds nothing. What that cost is the verdict's figure `leg_risk_loss`; below 0 it is a profit.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import combinations

import msgspec

from tradeworthy.core.candidates import Outcome, Verdict
from tradeworthy.core.events import Figure
from tradeworthy.execution.intents import (
    Intent,
    Leg,
    Policy,
    TimeInForce,
    position_key,
    strategy_of,
)
from tradeworthy.execution.order_state import OrderRecord, Purpose
from tradeworthy.execution.orders import OrderStatus, PlaceOrder
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.listing import Listing
from tradeworthy.market.predictions import twin_of


class Stage(StrEnum):
    """How far an intent is."""

    PLACED = "placed"
    COMPLETING = "completing"
    UNWINDING = "unwinding"


class Work(msgspec.Struct):
    """An approved intent without its verdict.

    `barred` says why it may open nothing more; `rounds` counts unwindings.
    """

    candidate: int
    desk: str
    intent: Intent
    orders: dict[str, OrderRecord] = {}
    stage: Stage = Stage.PLACED
    barred: str = ""
    rounds: int = 0

    def filled(self, *, unwinding: bool) -> list[int]:
        """Lots filled of each leg, by the orders that unwind or by the others."""
        lots = [0] * len(self.intent.legs)
        for record in self.orders.values():
            if (record.purpose is Purpose.UNWIND) is unwinding:
                lots[record.leg] += record.filled
        return lots


def is_sound(intent: Intent) -> bool:
    """Whether orders can be made of it: at least one leg, and in each lots above 0 and a chance from 0 to 1."""
    legs = intent.legs
    sound = all(leg.lots > 0 and 0.0 <= leg.maker_chance <= 1.0 for leg in legs)
    return bool(legs) and sound and intent.complete_ticks >= 0


def place_legs(work: Work) -> list[PlaceOrder]:
    """The orders of all legs."""
    intent = work.intent
    return [
        _order(work, index, leg, Purpose.LEG, leg.lots, leg.limit_ticks, leg.time_in_force)
        for index, leg in enumerate(intent.legs)
    ]


def follow(work: Work, now: int, listing: Listing) -> list[PlaceOrder] | Verdict:
    """What comes after all orders of `work` are settled: more orders, or the verdict."""
    bought = work.filled(unwinding=False)
    if work.stage is Stage.UNWINDING:
        return _unwind(work, bought, listing) or _verdict(work, bought, listing)
    legs = work.intent.legs
    policy = work.intent.policy
    if len(legs) == 1 or work.intent.reduce_only or policy is Policy.HOLD:
        return _verdict(work, bought, listing)
    missing = [leg.lots - lots for leg, lots in zip(legs, bought, strict=True)]
    if not any(bought) or not any(missing):
        return _verdict(work, bought, listing)
    if policy is Policy.COMPLETE and work.stage is Stage.PLACED and not _is_barred(work, now):
        work.stage = Stage.COMPLETING
        return [
            _order(
                work,
                index,
                legs[index],
                Purpose.COMPLETE,
                lots,
                _limit(work, index, listing),
                TimeInForce.FAK,
            )
            for index, lots in enumerate(missing)
            if lots
        ]
    if not any(_left(work, bought, listing)[0]):
        return _verdict(work, bought, listing)
    work.stage = Stage.UNWINDING
    return _unwind(work, bought, listing)


def _is_barred(work: Work, now: int) -> bool:
    return bool(
        work.barred
        or 0 < work.intent.expires_at <= now
        or any(record.reason == Reason.RESTART for record in work.orders.values())
    )


def _limit(work: Work, index: int, listing: Listing) -> int | None:
    leg = work.intent.legs[index]
    if leg.limit_ticks is None:
        return None
    limit = leg.limit_ticks + leg.side.sign * work.intent.complete_ticks
    return max(1, min(limit, listing.scale(leg.instrument).ticks_max))


def _left(work: Work, bought: list[int], listing: Listing) -> tuple[list[int], int]:
    """Lots of each leg still to be taken back, and the worth in cash units of the complete sets that need not be."""
    left = [lots - back for lots, back in zip(bought, work.filled(unwinding=True), strict=True)]
    worth = 0
    for (i, one), (j, other) in combinations(enumerate(work.intent.legs), 2):
        lots = min(left[i], left[j])
        if not lots:
            continue
        if _cancel_out(one, other):
            left[i], left[j] = left[i] - lots, left[j] - lots
        elif _make_sets(one, other, listing):
            left[i], left[j] = left[i] - lots, left[j] - lots
            worth += one.side.sign * lots * listing.scale(one.instrument).lot_value
    return left, worth


def _cancel_out(one: Leg, other: Leg) -> bool:
    """Whether the legs trade one position in opposite ways."""
    keys = one.position or one.instrument, other.position or other.instrument
    return one.instrument == other.instrument and keys[0] == keys[1] and one.side is not other.side


def _make_sets(one: Leg, other: Leg, listing: Listing) -> bool:
    """Whether the legs trade a market's two tokens in the same way, under keys that settlement.py puts together."""
    if one.side is not other.side or twin_of(listing.instrument(one.instrument)) != other.instrument:
        return False
    strategy = strategy_of(one.position)
    keys = position_key(strategy, one.instrument), position_key(strategy, other.instrument)
    return keys == (one.position or one.instrument, other.position or other.instrument)


def _unwind(work: Work, bought: list[int], listing: Listing) -> list[PlaceOrder]:
    """Orders for what is left to unwind; none once all is, or once another try can't help."""
    past = [record for record in work.orders.values() if record.purpose is Purpose.UNWIND]
    hopeless = [
        record.leg for record in past if record.reason not in (Reason.RESTART, Reason.FILL_FAILED, "")
    ]
    work.rounds += 1
    return [
        _order(work, index, work.intent.legs[index], Purpose.UNWIND, left, None, TimeInForce.GTC)
        for index, left in enumerate(_left(work, bought, listing)[0])
        if left and index not in hopeless
    ]


def _order(
    work: Work,
    index: int,
    leg: Leg,
    purpose: Purpose,
    lots: int,
    limit: int | None,
    time_in_force: TimeInForce,
) -> PlaceOrder:
    """Make the order and keep its record."""
    intent = work.intent
    back = purpose is Purpose.UNWIND
    side = leg.side.opposite if back else leg.side
    grouped = purpose is Purpose.LEG and len(intent.legs) > 1
    suffix = f"u{work.rounds}" if back else purpose.value
    order = PlaceOrder(
        order=f"{work.candidate}.{index}{suffix}",
        candidate=work.candidate,
        desk=work.desk,
        position=leg.position or leg.instrument,
        instrument=leg.instrument,
        side=side,
        lots=lots,
        limit_ticks=limit,
        time_in_force=time_in_force,
        expires_at=0 if back else intent.expires_at,
        reduce_only=back or intent.reduce_only,
        reason="unwind" if back else intent.reason,
        group=work.candidate if grouped else 0,
        group_size=len(intent.legs) if grouped else 1,
        group_policy=intent.policy.value if grouped else "",
        maker_chance=leg.maker_chance if purpose is Purpose.LEG else 0.0,
        maker_only=leg.maker_only and purpose is Purpose.LEG,
    )
    work.orders[order.order] = OrderRecord(order, index, purpose, None if back else leg.limit_ticks)
    return order


def _verdict(work: Work, bought: list[int], listing: Listing) -> Verdict:
    asked, filled, fees = 0, sum(bought), 0
    for leg in work.intent.legs:
        asked += leg.lots
    for record in work.orders.values():
        fees += record.fees
    figures: dict[str, Figure] = {"lots": asked, "filled_lots": filled, "fees": fees}
    if len(work.intent.legs) > 1:
        figures["leg_risk_loss"] = _leg_risk_loss(work, bought, listing)
    if filled == asked and work.stage is not Stage.UNWINDING:
        return Verdict(work.candidate, work.desk, Outcome.FILLED, Reason.FILLED, 1.0, figures)
    short = _shortest(work)
    if filled:
        reason = Reason.PARTLY_FILLED
        if work.stage is Stage.UNWINDING:
            reason = Reason.UNWIND_SHORT if any(_left(work, bought, listing)[0]) else Reason.UNWOUND
        figures |= {"short_leg": short.leg, "short_reason": str(short.reason)}
        return Verdict(work.candidate, work.desk, Outcome.FILLED, reason, filled / asked, figures)
    reasons = [record.reason for record in work.orders.values()]
    if reasons.count(short.reason) == len(reasons) or work.intent.policy is not Policy.ALL_OR_NONE:
        return Verdict(work.candidate, work.desk, _outcome(short), short.reason, 0.0, figures)
    figures |= {"short_leg": short.leg, "short_reason": str(short.reason)}
    return Verdict(work.candidate, work.desk, _outcome(short), Reason.GROUP_INCOMPLETE, 0.0, figures)


def _shortest(work: Work) -> OrderRecord:
    """The first order that fell short for a reason of its own."""
    short = [record for record in work.orders.values() if record.filled < record.place.lots]
    own = (record for record in short if record.reason != Reason.GROUP_INCOMPLETE)
    return next(own, next(iter(short or work.orders.values())))


def _outcome(record: OrderRecord) -> Outcome:
    """How a candidate ended of which nothing was filled."""
    if record.reason in (Reason.FILL_FAILED, Reason.NOT_AT_VENUE):
        return Outcome.FAILED
    if record.status is OrderStatus.REJECTED:
        return Outcome.REJECTED
    return Outcome.EXPIRED if record.status is OrderStatus.EXPIRED else Outcome.CANCELLED


def _leg_risk_loss(work: Work, bought: list[int], listing: Listing) -> int:
    """Cash units lost to legs that fell short: what unwinding cost, fees included, or what completing did."""
    left, worth = _left(work, bought, listing)
    if work.stage is Stage.UNWINDING and not any(left):
        return -worth - sum(record.cash for record in work.orders.values())
    loss = 0
    back = work.filled(unwinding=True)
    for index, (lots, unwound) in enumerate(zip(bought, back, strict=True)):
        records = [record for record in work.orders.values() if record.leg == index]
        if unwound:
            entered = sum(record.cash for record in records if record.purpose is not Purpose.UNWIND)
            got_back = sum(record.cash for record in records if record.purpose is Purpose.UNWIND)
            loss -= entered * unwound // lots + got_back
        elif past := sum(record.past_limit for record in records):
            loss += listing.scale(work.intent.legs[index].instrument).cost(past, 1)
    return loss
