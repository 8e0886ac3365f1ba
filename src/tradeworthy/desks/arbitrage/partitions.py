"""Sets of tokens that pay out a known amount together: what they cost by a walk through all their books at once.

One walk serves every set. It takes the best level of each leg, as many lots as the thinnest of them shows, and goes
on while one more lot of the whole set still earns the least that is asked for. Money is exact; a level of a book is
one fill, and its fee is rounded as the venue rounds it. Sources: the methods M1 to M5 and X1 of the specification.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tradeworthy.desks.arbitrage.events import OpportunityLeg
from tradeworthy.market.books import Level
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.money import Scale

RATE_LOTS = 1_000_000
"""Fees at the margin are those of so many lots, so that rounding a fill's fee up does not blur them."""


class LegBook(msgspec.Struct, frozen=True, gc=False):
    """One token of a set, and the levels that an order of `side` trades against, best first."""

    market: str
    instrument: str
    outcome: str
    side: Side
    levels: tuple[Level, ...]
    scale: Scale


class Walked(msgspec.Struct, frozen=True, gc=False):
    """What a walk found: `lots` of each leg, and cash units all told.

    `cost` is paid for the legs (for a set that is sold: the money it is split from), `profit` is what is left of
    `payout_floor` (of a set that is sold, below 0: what is owed at the end) after cost, fees and fixed cost.
    Edges are per 1 of payout: `gross_edge` before fees, `net_edge` after all; `return_on_cost` is profit / cost.
    `gross_best` and `marginal_best` are those of one set at the best level of each book, in units of currency;
    `marginal` is what the last set added.
    """

    lots: int
    legs: tuple[OpportunityLeg, ...]
    cost: int
    fees: int
    profit: int
    payout_floor: int
    gross_edge: float
    net_edge: float
    return_on_cost: float
    gross_best: float
    marginal_best: float
    marginal: float


def walk_set(
    legs: Sequence[LegBook], floor: int, min_marginal: float, *, fixed_cost: int = 0, lots_max: int = 0
) -> Walked | None:
    """Trade all `legs` in equal lots, each lot of which then pays `floor` cash units at the least; None without gap.

    `min_marginal` is units of currency per share of the whole set; `lots_max` 0 is no limit. A set of sold legs has a
    floor below 0. None too where the legs' lots are of different size: then no lots are equal.
    """
    if not legs or any(leg.scale.instrument.lot != legs[0].scale.instrument.lot for leg in legs):
        return None
    share = _lot_value(legs[0])
    walk = _Walk(legs, floor, min_marginal * share)
    walk.go(lots_max)
    if not walk.lots:
        return None
    return _result(walk, floor, fixed_cost, share)


def split_and_sell(
    yes: LegBook, no: LegBook, min_marginal: float, *, fixed_cost: int = 0, lots_max: int = 0
) -> Walked | None:
    """M2: split money into complete sets and sell both tokens to the bids; None without gap."""
    return walk_set((yes, no), -_lot_value(yes), min_marginal, fixed_cost=fixed_cost, lots_max=lots_max)


def buy_both(
    yes: LegBook, no: LegBook, min_marginal: float, *, fixed_cost: int = 0, lots_max: int = 0
) -> Walked | None:
    """M1: buy both tokens of one market, one of which pays 1; None without gap."""
    return walk_set((yes, no), _lot_value(yes), min_marginal, fixed_cost=fixed_cost, lots_max=lots_max)


def buy_all_yes(
    legs: Sequence[LegBook], min_marginal: float, *, fixed_cost: int = 0, lots_max: int = 0
) -> Walked | None:
    """M3: buy YES of every outcome, exactly one of which comes true; None without gap.

    It loses all that it cost if the outcome is not among the legs: ask `completeness.refusal` first.
    """
    if len(legs) < 2:
        return None
    return walk_set(legs, _lot_value(legs[0]), min_marginal, fixed_cost=fixed_cost, lots_max=lots_max)


def buy_all_no(
    legs: Sequence[LegBook], min_marginal: float, *, fixed_cost: int = 0, lots_max: int = 0
) -> Walked | None:
    """M4: buy NO of the most profitable two or more outcomes, at most one of which comes true; None without gap.

    So m of them pay m - 1 at the least. At a given depth an outcome belongs to the best subset if its NO is that deep
    and costs less than 1 with its fee; between two ends of levels nothing is best that is not best at one of them.
    Subsets that meet the venue's smallest order go before those that do not.
    """
    best: Walked | None = None
    best_rank = (False, 0)
    for subset in _subsets(legs):
        floor = (len(subset) - 1) * _lot_value(subset[0])
        walked = walk_set(subset, floor, min_marginal, fixed_cost=fixed_cost, lots_max=lots_max)
        if walked is not None:
            rank = walked.lots >= max(leg.scale.instrument.lots_min for leg in subset), walked.profit
            if best is None or rank > best_rank:
                best, best_rank = walked, rank
    return best


def ladder(
    surer: LegBook, rarer: LegBook, min_marginal: float, *, fixed_cost: int = 0, lots_max: int = 0
) -> Walked | None:
    """M5: buy YES of the `surer` market and NO of the `rarer` one, whose YES would make the surer one YES as well.

    One of both tokens pays 1 whatever happens, so a price that breaks the order of the strikes is a gap. It is a bet
    and no arbitrage where the first does not follow from the second: ask `ladders.implies`.
    """
    return walk_set((surer, rarer), _lot_value(surer), min_marginal, fixed_cost=fixed_cost, lots_max=lots_max)


def cross(
    yes: LegBook, no: LegBook, basis_buffer: float, min_marginal: float, *, fixed_cost: int = 0
) -> Walked | None:
    """X1: buy YES on one venue and NO of the same question on another; ask for the mirrored direction as well.

    `basis_buffer`, per share, is what differing rules may cost; it is taken off the payout, which is why the floor is
    an expectation here and no promise.
    """
    floor = _lot_value(yes) - round(basis_buffer * _lot_value(yes))
    return walk_set((yes, no), floor, min_marginal, fixed_cost=fixed_cost)


def _lot_value(leg: LegBook) -> int:
    """Cash units that one lot pays out where a share pays 1."""
    return int(leg.scale.instrument.lot * CASH_UNIT)


def _subsets(legs: Sequence[LegBook]) -> list[list[LegBook]]:
    """For each depth at which a level ends, the outcomes that are that deep and earn something there; each set once."""
    gains = [_gains(leg) for leg in legs]
    depths = sorted({depth: None for by_depth in gains for depth, _ in by_depth})
    found: dict[tuple[int, ...], list[LegBook]] = {}
    for depth in depths:
        chosen = tuple(place for place, by_depth in enumerate(gains) if _gain_at(by_depth, depth) > 0)
        if len(chosen) > 1 and chosen not in found:
            found[chosen] = [legs[place] for place in chosen]
    return list(found.values())


def _gains(leg: LegBook) -> list[tuple[int, float]]:
    """What buying NO earns if it pays, per share of each level after fees, as (depth in lots, gain up to there)."""
    share = _lot_value(leg)
    depth, total = 0, 0.0
    gains = []
    for level in leg.levels:
        depth += level.lots
        total += level.lots * (share - _paid(leg, level.ticks))
        gains.append((depth, total))
    return gains


def _gain_at(gains: list[tuple[int, float]], depth: int) -> float:
    """The gain of the first `depth` lots, or 0 if the book is not that deep."""
    before, total_before = 0, 0.0
    for end, total in gains:
        if depth <= end:
            return total_before + (total - total_before) * (depth - before) / (end - before)
        before, total_before = end, total
    return 0.0


def _paid(leg: LegBook, ticks: int) -> float:
    """Cash units that one lot at `ticks` costs with its fee; below 0: what it brings."""
    scale = leg.scale
    fee = scale.fee(ticks, RATE_LOTS, maker=False) / RATE_LOTS
    return leg.side.sign * scale.cost(ticks, 1) + fee


class _Walk:
    """The walk itself: `taken` are the lots of each level of each leg."""

    def __init__(self, legs: Sequence[LegBook], floor: int, least: float) -> None:
        self.legs, self._floor, self._least = legs, floor, least
        self.lots = 0
        self.taken: list[list[Level]] = [[] for _ in legs]
        self.best = self.last = 0.0

    def go(self, lots_max: int) -> None:
        """Take lots while each of them earns `least` cash units or more."""
        legs = self.legs
        places = [0] * len(legs)
        left = [leg.levels[0].lots if leg.levels else 0 for leg in legs]
        paid = [_paid(leg, leg.levels[0].ticks) if leg.levels else 0.0 for leg in legs]
        while all(left):
            marginal = self._floor - sum(paid)
            lots = min(left) if not lots_max else min(*left, lots_max - self.lots)
            if marginal < self._least or marginal <= 0.0 or not lots:
                return
            self.best, self.last = self.best or marginal, marginal
            self.lots += lots
            for index, leg in enumerate(legs):
                self._take(index, leg.levels[places[index]].ticks, lots)
                left[index] -= lots
                if not left[index] and places[index] + 1 < len(leg.levels):
                    places[index] += 1
                    left[index] = leg.levels[places[index]].lots
                    paid[index] = _paid(leg, leg.levels[places[index]].ticks)

    def _take(self, index: int, ticks: int, lots: int) -> None:
        taken = self.taken[index]
        if taken and taken[-1].ticks == ticks:
            lots += taken.pop().lots
        taken.append(Level(ticks, lots))


def _result(walk: _Walk, floor: int, fixed_cost: int, share: int) -> Walked:
    legs = tuple(_leg(leg, taken, walk.lots) for leg, taken in zip(walk.legs, walk.taken, strict=True))
    fees = sum(leg.fee for leg in legs)
    paid = sum(
        leg.side.sign * leg.scale.cost(level.ticks, level.lots)
        for leg, taken in zip(walk.legs, walk.taken, strict=True)
        for level in taken
    )
    payout = floor * walk.lots
    profit = payout - paid - fees - fixed_cost
    scale_of = abs(payout)
    cost = paid if paid > 0 else scale_of
    best = floor - sum(
        leg.side.sign * leg.scale.cost(taken[0].ticks, 1)
        for leg, taken in zip(walk.legs, walk.taken, strict=True)
    )
    return Walked(
        lots=walk.lots,
        legs=legs,
        cost=cost,
        fees=fees,
        profit=profit,
        payout_floor=payout,
        gross_edge=(payout - paid) / scale_of,
        net_edge=profit / scale_of,
        return_on_cost=profit / cost,
        gross_best=best / share,
        marginal_best=walk.best / share,
        marginal=walk.last / share,
    )


def _leg(leg: LegBook, taken: list[Level], lots: int) -> OpportunityLeg:
    scale = leg.scale
    ticks = sum(level.ticks * level.lots for level in taken) / lots
    return OpportunityLeg(
        market=leg.market,
        instrument=leg.instrument,
        outcome=leg.outcome,
        side=leg.side,
        lots=lots,
        limit_ticks=taken[-1].ticks,
        vwap=ticks * float(scale.instrument.tick),
        fee=sum(scale.fee(level.ticks, level.lots, maker=False) for level in taken),
    )
