"""How sure a slice's result is: permutation tests of a slice against its parents, corrected for the search itself.

Null hypotheses. A slice that has dimensions: within its group (pattern key and category), outcomes don't depend on the
value that the slice has and its parent has not. A whole group: outcomes don't depend on whether a trade is in the
group. So trades are shuffled within each group for the former and among all trades for the latter; what is shuffled is
the result of a whole trade, so that its many actions stay one (B27).

Statistic. (mean of the slice - mean of the parent) / its standard error when n of the parent's trades are drawn, from
the parent's own spread. A slice has as many parents as dimensions, and the least of the statistics counts, 0 where they
differ in sign: what a parent shows already is no finding of the slice (B28). A slice that leaves out fewer than
REST_MIN of a parent's trades is that parent's finding under a longer name and takes its statistic.

Correction. Step-down maxT (Westfall and Young 1993, algorithm 2.8; Ge, Dudoit and Speed 2003): the q-value bounds the
chance that even one slice of all those looked at is there by luck, and with it the share of false discoveries. It
counts slices of the same trades once, as a bound by their number can't. Every p is (1 + as extreme) / (1 + shuffles),
which is never 0 (Phipson and Smyth 2010).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradeworthy.core.draws import mix
from tradeworthy.learning.apriori import Floats, Integers, Slices, walk
from tradeworthy.learning.slices import Encoded

REST_MIN = 5
"""Trades that a parent must have besides the slice's, or there is nothing to compare with."""

_BLOCK = 16
_TIE = 1.0 - 1e-9
_FIRST, _SECOND = 2_147_483_563, 2_147_483_399


class Evidence(NamedTuple):
    """By slice: the signed statistic, the chance of one as extreme in this slice, and in any slice at least as good."""

    statistic: Floats
    p_value: Floats
    q_value: Floats


class _Family(NamedTuple):
    """What the tests of all slices take: trades, group and parents by slice, slices by depth, and the whole's variance.

    Results are taken from their mean, so that the whole's is 0.
    """

    n: Integers
    group: Integers
    parents: Integers
    by_depth: Integers
    trades: int
    variance: float


def evidence_of(
    encoded: Encoded,
    slices: Slices,
    parents: Integers,
    results: Floats,
    n_min: int,
    permutations: int,
    seed: int,
) -> Evidence:
    """The evidence for each slice in `results` (by trade), from `permutations` shuffles that follow from `seed`.

    `slices` must be all that `find` gave with `n_min`, `parents` theirs. Without shuffles nothing is sure: all p are 1.
    """
    table, depth = encoded.table, slices.items.shape[1]
    depths = (slices.items >= 0).sum(axis=1)
    trades = len(results)
    mean = math.fsum(results.tolist()) / trades if trades else 0.0
    # A mean of zero keeps the digits of sums of squares.
    centred = results - mean
    variance = math.fsum((centred * centred).tolist()) / (trades - 1) if trades > 1 else 0.0
    by_depth = np.argsort(depths, kind="stable").astype(np.int64)
    family = _Family(slices.n, slices.group, parents, by_depth, trades, variance)
    found = Slices(
        np.empty_like(slices.group),
        np.empty(slices.items.shape, np.int32),
        np.empty_like(slices.n),
        np.empty_like(slices.actions),
        np.empty((len(slices.n), 2 * _BLOCK)),
    )
    columns, totals = np.zeros((len(table.units), 2 * _BLOCK)), np.zeros((len(encoded.groups), _BLOCK))
    tests = np.zeros((len(slices.n), _BLOCK))

    def tested(seeds: NDArray[np.int64]) -> None:
        shuffle(encoded.trades, table.units, table.group_units, centred, seeds, columns, totals)
        # No slice of the last depth is a parent, so that nobody asks for its squares.
        walk(table, columns, _BLOCK, n_min, depth, found)
        compare(family, found.sums, totals, tests)

    tested(np.zeros((_BLOCK, 2), np.int64))
    observed = tests[:, 0].copy()
    order = np.argsort(np.abs(observed), kind="stable").astype(np.int64)
    alone, among = np.zeros(len(order), np.int64), np.zeros(len(order), np.int64)
    for begin in range(0, permutations, _BLOCK):
        seeds = [_seeds(seed, number) for number in range(begin, begin + _BLOCK)]
        tested(np.array(seeds, np.int64))
        count_extremes(observed, order, tests[:, : permutations - begin], alone, among)
    q_value = np.empty(len(order))
    # A better slice is never less sure than a worse one.
    q_value[order[::-1]] = np.maximum.accumulate((among[order[::-1]] + 1) / (permutations + 1))
    return Evidence(observed, (alone + 1) / (permutations + 1), q_value)


def _seeds(seed: int, number: int) -> tuple[int, int]:
    word = mix(mix(seed) ^ number)
    return 1 + (word >> 32) % (_FIRST - 1), 1 + (word & 0xFFFFFFFF) % (_SECOND - 1)


@njit(cache=True)
def shuffle(
    trades: Integers,
    units: Integers,
    group_units: Integers,
    results: Floats,
    seeds: Integers,
    columns: Floats,
    totals: Floats,
) -> None:
    """Fill `columns` with results and their squares by row, shuffled within groups, one shuffle for each pair of seeds.

    `totals` gets the sum of each group when all trades are shuffled. A pair of zeros leaves the results as they are.
    Groups of the same trades are shuffled alike.
    """
    shuffles = len(seeds)
    mixed = np.empty(len(trades))
    for number in range(shuffles):
        places = _drawn(len(results), seeds[number, 0], seeds[number, 1])
        for group in range(len(group_units) - 1):
            begin, end = group_units[group], group_units[group + 1]
            total = 0.0
            for unit in range(begin, end):
                total += results[places[trades[unit]]]
            totals[group, number] = total
            inner = _drawn(end - begin, seeds[number, 0], seeds[number, 1])
            for unit in range(begin, end):
                mixed[unit] = results[trades[begin + inner[unit - begin]]]
        for row in range(len(units)):
            result = mixed[units[row]]
            columns[row, number] = result
            columns[row, shuffles + number] = result * result


@njit(cache=True)
def _drawn(count: int, first: int, second: int) -> Integers:
    """The numbers below `count` shuffled by Fisher and Yates, with the generator of L'Ecuyer (1988)."""
    places = np.arange(count)
    if first == 0:
        return places
    for last in range(count - 1, 0, -1):
        first = first * 40_014 % 2_147_483_563
        second = second * 40_692 % 2_147_483_399
        other = (first - second) % 2_147_483_562 % (last + 1)
        places[last], places[other] = places[other], places[last]
    return places


@njit(cache=True)
def compare(family: _Family, sums: Floats, totals: Floats, tests: Floats) -> None:
    """Fill `tests` (slices x shuffles) with signed statistics, from sums of results and of squares by slice."""
    shuffles = tests.shape[1]
    for place in family.by_depth:
        n = family.n[place]
        for number in range(shuffles):
            if family.parents.shape[1] == 0 or family.parents[place, 0] < 0:
                mean = totals[family.group[place], number] / n
                whole = family.trades
                tests[place, number] = (
                    _standard(mean, family.variance, n, whole) if whole - n >= REST_MIN else 0.0
                )
                continue
            mean = sums[place, number] / n
            least = np.inf
            for parent in family.parents[place]:
                if parent < 0:
                    break
                whole = family.n[parent]
                if whole - n < REST_MIN:
                    one = tests[parent, number]
                else:
                    total, squares = sums[parent, number], sums[parent, shuffles + number]
                    variance = max((squares - total * total / whole) / (whole - 1), 0.0)
                    one = _standard(mean - total / whole, variance, n, whole)
                if least == np.inf:
                    least = one
                elif (one < 0.0) != (least < 0.0):
                    least = 0.0
                elif abs(one) < abs(least):
                    least = one
            tests[place, number] = least


@njit(cache=True)
def _standard(difference: float, variance: float, n: int, whole: int) -> float:
    """A difference of means in standard errors of drawing `n` of `whole` without putting back."""
    error = math.sqrt(variance * (1.0 / n - 1.0 / whole))
    # Below it a spread is what rounding leaves of equal results.
    return difference / error if error > 1e-12 else 0.0


@njit(cache=True)
def count_extremes(
    observed: Floats, order: Integers, tests: Floats, alone: Integers, among: Integers
) -> None:
    """Add to `alone` the shuffles whose statistic is as extreme, to `among` those where it is in any slice up to it.

    `order` has the slices from the least extreme statistic on.
    """
    for number in range(tests.shape[1]):
        best = 0.0
        for place in order:
            here = abs(tests[place, number])
            best = max(best, here)
            wanted = abs(observed[place]) * _TIE
            if here >= wanted:
                alone[place] += 1
            if best >= wanted:
                among[place] += 1
