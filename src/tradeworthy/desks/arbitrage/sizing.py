"""How much a strategy buys: a share of its capital, a quarter of the Kelly stake, and what the book holds."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.market.books import Level
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.money import Scale


class Purse(msgspec.Struct, frozen=True, gc=False):
    """What a strategy may spend, in cash units: its `capital`, and what of that is still `free`.

    `held` is what its position in the token cost already.
    """

    capital: int
    free: int
    held: int = 0


class Stake(msgspec.Struct, frozen=True, gc=False):
    """What to buy: `lots` up to `limit_ticks`, the worst level they consume, for `cost` and `fee` cash units.

    `budget` is the stake that was allowed, fees included, and `kelly` the share of capital that the whole Kelly
    formula would stake. `skip` says why nothing is bought.
    """

    lots: int
    limit_ticks: int
    cost: int
    fee: int
    budget: int
    kelly: float
    skip: SkipReason | None = None


def kelly_share(probability: float, price: float) -> float:
    """The Kelly share of capital for a token that pays 1 with `probability` and costs `price`, fee included.

    f* = (P - c) / (1 - c); 0 where there is no edge. The stake is a fraction of it: a whole one ruins whoever
    overrates his probability.
    """
    return max(0.0, (probability - price) / (1.0 - price)) if price < 1.0 else 0.0


def stake(
    asks: Sequence[Level],
    scale: Scale,
    probability: float,
    signal: float,
    purse: Purse,
    settings: ArbitrageSettings,
    *,
    lots_max: int = 0,
) -> Stake:
    """The smallest of four: position share x signal of the capital, the Kelly stake, what is free, and the depth.

    `probability` is the least that the token is worth. The depth is `lots_max` lots of the book (0: all of it). Shares
    are rounded down to whole lots; fewer than the venue takes are none. A walk past the first level is sized again by
    its own average price, which is dearer.
    """
    cap = round(purse.capital * settings.position_share * signal) - purse.held
    depth = sum(level.lots for level in asks)
    most = min(depth, lots_max or depth)
    if signal <= 0.0 or not most:
        return _nothing(SkipReason.NO_SIGNAL if most else SkipReason.BELOW_MIN_SIZE)
    room = min(cap, purse.free)
    if room <= 0:
        return _nothing(SkipReason.NO_CAPITAL_LEFT)
    share = float(scale.instrument.lot) * CASH_UNIT
    first = Level(asks[0].ticks, 1_000_000)
    price = _with_fee(first, scale) / (first.lots * share)
    sized = _spend(asks, scale, probability, price, purse, settings, room, most)
    if sized.lots and sized.limit_ticks != asks[0].ticks:
        price = (sized.cost + sized.fee) / (sized.lots * share)
        sized = _spend(asks, scale, probability, price, purse, settings, room, most)
    if sized.lots < scale.instrument.lots_min or sized.cost < scale.notional_min:
        return msgspec.structs.replace(sized, skip=SkipReason.BELOW_MIN_SIZE)
    return sized


def _spend(
    asks: Sequence[Level],
    scale: Scale,
    probability: float,
    price: float,
    purse: Purse,
    settings: ArbitrageSettings,
    room: int,
    most: int,
) -> Stake:
    """As many lots as the budget at this average `price` buys, level by level."""
    kelly = kelly_share(probability, price)
    budget = min(room, round(settings.kelly * kelly * purse.capital))
    left, lots, cost, fee, limit = budget, 0, 0, 0, asks[0].ticks
    for level in asks:
        here = min(level.lots, most - lots, scale.lots_for(left, level.ticks))
        if here <= 0:
            break
        limit = level.ticks
        cost += scale.cost(level.ticks, here)
        fee += scale.fee(level.ticks, here, maker=False)
        lots += here
        left = budget - cost - fee
        if here < level.lots:
            break
    return Stake(lots, limit, cost, fee, budget, kelly)


def _with_fee(level: Level, scale: Scale) -> int:
    return scale.cost(level.ticks, level.lots) + scale.fee(level.ticks, level.lots, maker=False)


def _nothing(reason: SkipReason) -> Stake:
    return Stake(0, 0, 0, 0, 0, 0.0, reason)
