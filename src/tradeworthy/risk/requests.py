"""What a candidate asks for, in the terms of the rules: its request, and what to reserve for it."""

from __future__ import annotations

from typing import NamedTuple

from tradeworthy.core.errors import UsageError
from tradeworthy.execution.intents import Intent, Leg, Policy
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import Scale, cash_text
from tradeworthy.risk.exposure import Hold, Reservation
from tradeworthy.risk.facts import MarketParts, facts_of
from tradeworthy.risk.rules import Request
from tradeworthy.risk.settings import PPM, Limits


class Proposal(NamedTuple):
    """An intent of `desk` for candidate `seq`, whose `kind` and `instrument` these are."""

    seq: int
    desk: str
    kind: str
    instrument: str
    intent: Intent


class Asked(NamedTuple):
    """One candidate's request and reservation; the latter is empty for an intent that can only reduce."""

    request: Request
    reservation: Reservation


def asked_of(proposal: Proposal, now: int, *, share_ppm: int, parts: MarketParts, limits: Limits) -> Asked:
    """What `proposal` asks for at time `now`; legs that no venue would take reserve nothing."""
    intent, desk = proposal.intent, proposal.desk
    oldest: int | None = 0
    fault, fees, holds, marked, known = "", 0, [], False, False
    tokens, books = parts.markets.state.tokens, parts.marks.state.books
    for leg in intent.legs:
        token = leg.instrument in tokens
        marked = marked or not token
        known = known or token or leg.instrument in books
        try:
            scale = parts.listing.scale(leg.instrument)
            price = parts.marks.price(leg.instrument, -leg.side.sign)
            market = 0 if price is None else scale.ticks_of(price, Side.BUY)
        except UsageError as error:
            fault = fault or str(error)
            continue
        if not market and not (token and leg.limit_ticks):
            oldest, marked = None, True
        elif oldest is not None and not token:
            oldest = max(oldest, now - parts.marks.ts(leg.instrument))
        misfit = _misfit(leg, scale, market, reduces=intent.reduce_only)
        if misfit:
            fault = fault or misfit
        elif not intent.reduce_only:
            worst = _worst_ticks(leg, intent, market, scale, limits)
            key, sign, each = leg.position or leg.instrument, leg.side.sign, worst * scale.tick_value
            holds.append(Hold(key, leg.instrument, sign, leg.lots, each, leg.lots))
            fees += scale.fee_max(worst, leg.lots)
    if not intent.legs:
        fault = "an intent without legs"
    promised = bool(intent.payout_floor) and not (fault or intent.reduce_only)
    promised = promised and _outlay(intent, holds, parts) + fees <= intent.payout_floor
    locked = promised and intent.policy is not Policy.HOLD
    if tokens and not (locked and intent.policy is Policy.ALL_OR_NONE):
        _bind_sales(holds, parts)
    request = Request(
        now,
        intent.expires_at,
        len(holds),
        share_ppm,
        oldest,
        fault,
        intent.edge,
        marked,
        facts_of(intent, now, parts, directional=not locked) if known else None,
    )
    key = intent.dedupe_key or f"{proposal.kind}/{proposal.instrument}"
    return Asked(request, Reservation(desk, f"{desk}/{key}", fees, holds, locked, promised))


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


def _outlay(intent: Intent, holds: list[Hold], parts: MarketParts) -> int:
    """Cash units that the legs cost at their worst, less what sales bring in at theirs; without fees."""
    outlay = 0
    for leg, hold in zip(intent.legs, holds, strict=True):
        if leg.side is Side.BUY:
            outlay += hold.lots * hold.each
        else:
            outlay -= parts.listing.scale(leg.instrument).cost(leg.limit_ticks or 0, leg.lots)
    return outlay


def _bind_sales(holds: list[Hold], parts: MarketParts) -> None:
    """A token that is sold may have to pay 1 a share, unless a set is split for it that brings in as much."""
    for hold in holds:
        if hold.sign < 0 and hold.instrument in parts.markets.state.tokens:
            hold.each = parts.listing.scale(hold.instrument).lot_value


def _misfit(leg: Leg, scale: Scale, market: int, *, reduces: bool) -> str:
    """Why no venue would take the leg at `market` ticks (0: no price); the smallest sizes don't bind what reduces."""
    limit, instrument = leg.limit_ticks, scale.instrument
    if limit is not None and not 1 <= limit <= scale.ticks_max:
        return f"{leg.instrument}: limit of {limit} ticks, 1 to {scale.ticks_max}"
    smallest = 1 if reduces else instrument.lots_min
    if not smallest <= leg.lots <= scale.lots_max:
        return f"{leg.instrument}: {leg.lots} lots, {smallest} to {scale.lots_max}"
    ticks = market if limit is None else limit
    if scale.notional_min and not reduces and 0 < scale.cost(ticks, leg.lots) < scale.notional_min:
        return (
            f"{leg.instrument}: {cash_text(scale.cost(ticks, leg.lots))} of it,"
            f" at least {cash_text(scale.notional_min)}"
        )
    return ""
