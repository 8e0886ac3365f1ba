"""The oracle's view of a market as an interval of probabilities, and what a book offers against it (O1 to O3)."""

from __future__ import annotations

import math

import msgspec

from tradeworthy.desks.arbitrage.partitions import LegBook, Walked, walk_set
from tradeworthy.market import digital
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.matching import Match, Shape

SPREAD_FINE = 0.02
"""A spread up to here takes nothing off a signal."""

FRESH_SHARE = 0.5
"""Nor does an age up to this share of the highest."""

SECOND_NS = 1_000_000_000


class View(msgspec.Struct, frozen=True, gc=False):
    """The probability that a market is YES: `fair`, and `low` to `high` over what volatility and price may be."""

    fair: float
    low: float
    high: float


class OracleEdge(msgspec.Struct, frozen=True, gc=False):
    """What can be bought below the view: `edge` is per share at the best level, `fair` of the token itself.

    `fair_low` is the least that the token is worth by the view. `walked.profit` is expected, not locked.
    """

    leg: LegBook
    walked: Walked
    edge: float
    fair: float
    fair_low: float


def probability(match: Match, spot: float, strike: float, volatility: float, tau_years: float) -> float:
    """The probability of YES for a `match`; `strike` stands for its own, which a window lacks.

    A touch is judged by its own direction: a price beyond the strike has touched it. 0.0 for a shape without a model.
    """
    match match.shape:
        case Shape.ABOVE | Shape.WINDOW:
            return digital.above(spot, strike, volatility, tau_years)
        case Shape.BELOW:
            return 1.0 - digital.above(spot, strike, volatility, tau_years)
        case Shape.TOUCH_UP:
            return digital.reach(spot, strike, volatility, tau_years)
        case Shape.TOUCH_DOWN:
            return digital.dip(spot, strike, volatility, tau_years)
        case Shape.RANGE:
            high = match.strike_high or strike
            return digital.between(spot, strike, high, volatility, tau_years)
        case _:
            return 0.0


def view(
    match: Match,
    spot: float,
    strike: float,
    volatility: float,
    tau_ns: int,
    *,
    volatility_error: float,
    basis_bps: float,
) -> View:
    """The view at `spot` and annualised `volatility` with `tau_ns` to the end.

    Its ends are the lowest and highest probability on the nine points that the relative `volatility_error` and the
    basis (1e-4 of the price) span, either way.
    """
    tau = tau_ns / digital.YEAR_NS
    basis = basis_bps * 1e-4
    around = [
        probability(match, spot * (1.0 + moved), strike, volatility * (1.0 + off), tau)
        for moved in (-basis, 0.0, basis)
        for off in (-volatility_error, 0.0, volatility_error)
    ]
    return View(around[4], min(around), max(around))


CERTAIN = View(1.0, 1.0, 1.0)
"""The view of a market that touched its strike already."""


def is_unknown(match: Match, spot: float, strike: float, tau_ns: int, expiry_bps: float) -> bool:
    """Whether `spot` is so near a strike that a push could turn the outcome: no view is held then.

    Nearer than `expiry_bps` (1e-4 of the strike) times the root of the seconds left.
    """
    width = expiry_bps * 1e-4 * math.sqrt(max(0, tau_ns) / SECOND_NS)
    strikes = (strike,) if match.strike_high is None else (strike, match.strike_high)
    return any(abs(spot - one) < width * one for one in strikes)


def oracle_edge(
    yes: LegBook | None, no: LegBook | None, held: View, min_edge: float, *, lots_max: int = 0
) -> OracleEdge | None:
    """The token that offers more against the view, walked while a share is `min_edge` or more below; None if neither.

    `e = P_lo - ask - fee` for YES and `e = (1 - P_hi) - ask - fee` for NO. A leg of None has no book fit to trade.
    """
    found: OracleEdge | None = None
    for leg, fair, fair_low in ((yes, held.fair, held.low), (no, 1.0 - held.fair, 1.0 - held.high)):
        if leg is None:
            continue
        worth = math.floor(fair_low * float(leg.scale.instrument.lot) * CASH_UNIT)
        walked = walk_set((leg,), worth, min_edge, lots_max=lots_max) if worth > 0 else None
        if walked is not None and (found is None or walked.marginal_best > found.edge):
            found = OracleEdge(leg, _per_share(walked, leg), walked.marginal_best, fair, fair_low)
    return found


def signal_strength(
    edge: float, min_edge: float, freshness: float = 1.0, spread_quality: float = 1.0
) -> float:
    """How much of the full stake an edge is worth, 0 to 1: full at twice the least edge, times the two qualities."""
    return min(1.0, max(0.0, edge / (2.0 * min_edge))) * freshness * spread_quality


def freshness(age_ns: int, age_max_ns: int) -> float:
    """1 up to half the highest age, then falling to 0 at the highest."""
    return _fading(age_ns / age_max_ns, FRESH_SHARE, 1.0)


def spread_quality(spread: float, spread_max: float) -> float:
    """1 up to two cents of spread, then falling to 0 at the widest."""
    return _fading(spread, min(SPREAD_FINE, spread_max), spread_max)


def _fading(value: float, full: float, nothing: float) -> float:
    if value <= full:
        return 1.0
    return max(0.0, (nothing - value) / (nothing - full)) if nothing > full else 0.0


def _per_share(walked: Walked, leg: LegBook) -> Walked:
    """The walk with its edges per share, which pays 1 if right, and with no floor: nothing is promised."""
    shares = walked.lots * float(leg.scale.instrument.lot) * CASH_UNIT
    return msgspec.structs.replace(
        walked,
        payout_floor=0,
        gross_edge=(walked.profit + walked.fees) / shares,
        net_edge=walked.profit / shares,
    )
