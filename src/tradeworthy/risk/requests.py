"""What a candidate asks for, in the terms of the rules: its request, and what to reserve for it."""

from __future__ import annotations

from typing import NamedTuple

from tradeworthy.core.errors import UsageError
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate
from tradeworthy.market.instruments import Side
from tradeworthy.market.listing import Listing
from tradeworthy.market.marks import Marks
from tradeworthy.market.money import Scale
from tradeworthy.risk.exposure import Hold, Reservation
from tradeworthy.risk.guards import Request
from tradeworthy.risk.settings import PPM, Limits


class Asked(NamedTuple):
    """One candidate's request and reservation; the latter is empty for an intent that can only reduce."""

    request: Request
    reservation: Reservation


def asked_of(
    candidate: TradeCandidate,
    now: int,
    *,
    desk: str,
    share_ppm: int,
    listing: Listing,
    marks: Marks,
    limits: Limits,
) -> Asked:
    """What `candidate` of `desk` asks for at time `now`; legs that no venue would take reserve nothing."""
    intent = candidate.intent
    oldest: int | None = 0
    fault, fees, holds = "", 0, []
    for leg in intent.legs:
        try:
            scale = listing.scale(leg.instrument)
            price = marks.price(leg.instrument, -leg.side.sign)
            ticks = 0 if price is None else scale.ticks_of(price, Side.BUY)
        except UsageError as error:
            fault, oldest = fault or str(error), None
            continue
        if not ticks:
            oldest = None
        elif oldest is not None:
            oldest = max(oldest, now - marks.ts(leg.instrument))
        if not (1 <= leg.lots <= scale.lots_max and (leg.limit_ticks is None or leg.limit_ticks > 0)):
            fault = fault or _misfit(leg, scale)
        elif not intent.reduce_only:
            each = _worst_ticks(leg, intent, ticks, scale, limits) * scale.tick_value
            holds.append(Hold(leg.position or leg.instrument, leg.instrument, leg.side.sign, leg.lots, each))
            fees += max(0, scale.fee(leg.lots * each, maker=False))
    if not intent.legs:
        fault = "an intent without legs"
    request = Request(now, intent.expires_at, len(holds), share_ppm, oldest, fault)
    key = intent.dedupe_key or f"{candidate.kind}/{candidate.instrument}"
    return Asked(request, Reservation(desk, f"{desk}/{key}", fees, holds))


def _worst_ticks(leg: Leg, intent: Intent, ticks: int, scale: Scale, limits: Limits) -> int:
    """The dearest price that the leg may trade at: exposure grows with the price, whichever way it goes.

    A sale fills at its limit or better, which is higher: it counts at the market where that is above its
    limit.
    """
    market = -(-ticks * (PPM + limits.market_order_ppm) // PPM)
    if leg.limit_ticks is None:
        worst = market
    elif leg.side is Side.BUY:
        worst = leg.limit_ticks + intent.complete_ticks
    else:
        worst = max(leg.limit_ticks, market)
    return min(worst, scale.ticks_max)


def _misfit(leg: Leg, scale: Scale) -> str:
    """Why no venue would take the leg."""
    if leg.limit_ticks is not None and leg.limit_ticks < 1:
        return f"{leg.instrument}: limit of {leg.limit_ticks} ticks, at least 1"
    return f"{leg.instrument}: {leg.lots} lots, 1 to {scale.lots_max}"
