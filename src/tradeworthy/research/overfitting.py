"""How much of the best result is luck: the deflated Sharpe ratio, and the probability of backtest overfitting.

    PSR(S*) = Phi((S - S*) sqrt(T - 1) / sqrt(1 - skew S + (kurtosis - 1) / 4 S^2))
    DSR     = PSR(S0),  S0 = sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))),  g Euler's constant

S is the Sharpe ratio of T daily returns, not annualised; N is how many sets were tried, V the variance of their Sharpe
ratios: S0 is what the best of N sets without any skill would show. Source: Bailey and Lopez de Prado, The Deflated
Sharpe Ratio, Journal of Portfolio Management 40(5), 2014.

The probability of overfitting is the share of splits of the days in which the set that is best on one half ranks in the
lower half on the other: Bailey, Borwein, Lopez de Prado and Zhu, The Probability of Backtest Overfitting, Journal of
Computational Finance 20(4), 2017. The training half is purged of the days beside each stretch of test days, and of an
embargo after it: Lopez de Prado, Advances in Financial Machine Learning, 2018, chapters 7 and 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from tradeworthy.market.panel_frames import Floats, Integers

GROUPS_MAX = 16
"""Into so many stretches the days are cut at most: 12,870 splits."""

GROUPS_MIN = 4
"""With fewer there are not enough splits to speak of a probability."""

WORK_MAX = 2e10
"""Multiplications that the splits may take: with more sets the days are cut into fewer stretches."""

SPLITS_AT_ONCE = 512

NORMAL = NormalDist()
EULER = 0.5772156649015329
"""Euler's constant."""

Blocks = Callable[[], Iterable[Floats]]
"""Gives the daily returns of all sets anew, in blocks of (days, sets)."""


@dataclass(frozen=True)
class SharpeFigures:
    """A Sharpe ratio of `days` daily returns, not annualised, with what its certainty depends on.

    `kurtosis` is 3 for a normal distribution.
    """

    days: int
    sharpe: float
    skew: float
    kurtosis: float


@dataclass(frozen=True)
class Overfit:
    """`probability` that the best set of one half of the days is in the lower half of the sets on the other.

    `loss` is the share of `splits` in which it loses money there. The days stand in `groups` stretches, `purged` days
    are left out beside each test stretch and `embargo` more after it.
    """

    probability: float
    loss: float
    splits: int
    groups: int
    purged: int
    embargo: int


def sharpe_figures(returns: Floats) -> SharpeFigures | None:
    """The figures of one set's daily returns; None for fewer than three days, or without variation."""
    days = len(returns)
    if days < 3:
        return None
    away = returns - returns.mean()
    variance = float((away * away).mean())
    if not variance > 0.0:
        return None
    sharpe = float(returns.mean()) / math.sqrt(variance * days / (days - 1))
    unit = away / math.sqrt(variance)
    return SharpeFigures(days, sharpe, float((unit**3).mean()), float((unit**4).mean()))


def probabilistic_sharpe(figures: SharpeFigures, against: float = 0.0) -> float:
    """The probability that the true Sharpe ratio is above `against` (of a day, not annualised)."""
    sharpe = figures.sharpe
    spread = 1.0 - figures.skew * sharpe + (figures.kurtosis - 1.0) / 4.0 * sharpe * sharpe
    # It is no variance where three moments and a normal limit contradict each other: then nothing is certain.
    if not spread > 0.0:
        return 0.5
    return NORMAL.cdf((sharpe - against) * math.sqrt(figures.days - 1) / math.sqrt(spread))


def best_by_luck(trials: int, variance: float) -> float:
    """The Sharpe ratio that the best of `trials` sets without skill is expected to show, in the unit of `variance`."""
    if trials < 2 or not variance > 0.0:
        return 0.0
    first = NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - EULER) * first + EULER * second)


def deflated_sharpe(figures: SharpeFigures, trials: int, variance: float) -> float:
    """The probability that the true Sharpe ratio is above 0, given that it was chosen of `trials` sets.

    `variance` is that of the sets' daily Sharpe ratios. Money is lost where fewer trials are told than were made.
    """
    return probabilistic_sharpe(figures, best_by_luck(trials, variance))


def overfitting(blocks: Blocks, days: int, sets: int, *, purged: int = 1, embargo: int = 1) -> Overfit | None:
    """The probability of overfitting of `sets` sets over `days` days; None where there are too few of either.

    `blocks` is asked twice. Sets are compared by Sharpe ratio; one that does not vary has 0.
    """
    groups = _groups(days, sets, purged, embargo)
    if groups < GROUPS_MIN or sets < 2:
        return None
    logits: list[Floats] = []
    losses = 0
    splits = list(_splits(days, groups, purged, embargo))
    for at in range(0, len(splits), SPLITS_AT_ONCE):
        trains, tests = (np.array(side) for side in zip(*splits[at : at + SPLITS_AT_ONCE], strict=True))
        chosen, there = _best(blocks, trains, tests)
        ranks = _ranks(blocks, tests, there)
        share = ranks / (sets + 1)
        logits.append(np.log(share / (1.0 - share)))
        losses += int((_means(blocks, tests, chosen) < 0.0).sum())
    every = np.concatenate(logits)
    return Overfit(float((every <= 0.0).mean()), losses / len(splits), len(splits), groups, purged, embargo)


def _groups(days: int, sets: int, purged: int, embargo: int) -> int:
    """Stretches of days, an even number: each long enough that purge and embargo leave most of it."""
    least = 2 * (2 * purged + embargo + 1)
    groups = min(GROUPS_MAX, days // least // 2 * 2)
    while groups > GROUPS_MIN and 6.0 * math.comb(groups, groups // 2) * days * sets > WORK_MAX:
        groups -= 2
    return groups


def _splits(days: int, groups: int, purged: int, embargo: int) -> Iterator[tuple[Floats, Floats]]:
    """Each way to test on half of the stretches: 1.0 for the days that are trained and tested on."""
    ends = [round(days * k / groups) for k in range(groups + 1)]
    for chosen in combinations(range(groups), groups // 2):
        test, near = np.zeros(days), np.zeros(days)
        for k in chosen:
            test[ends[k] : ends[k + 1]] = 1.0
            near[max(0, ends[k] - purged) : ends[k + 1] + purged + embargo] = 1.0
        yield np.where((test == 0.0) & (near == 0.0), 1.0, 0.0), test


def _sharpes(masks: Floats, returns: Floats) -> Floats:
    """Sharpe ratios (splits, sets) over the days of each mask; 0 without variation."""
    count = masks.sum(axis=1)[:, None]
    mean = masks @ returns / count
    spread = masks @ (returns * returns) / count - mean * mean
    # What rounding leaves of a set that never trades is no variation.
    flat = spread <= 1e-12 * (returns * returns).max(axis=0, initial=0.0)
    return np.where(flat, 0.0, mean / np.sqrt(np.where(flat, 1.0, spread)))


def _best(blocks: Blocks, trains: Floats, tests: Floats) -> tuple[Integers, Floats]:
    """Of each split the set that is best in training, and its Sharpe ratio in the test."""
    best = np.full(len(trains), -np.inf)
    chosen = np.zeros(len(trains), np.int64)
    there = np.zeros(len(trains))
    before = 0
    for returns in blocks():
        inside, outside = _sharpes(trains, returns), _sharpes(tests, returns)
        place = inside.argmax(axis=1)
        rows = np.arange(len(trains))
        better = inside[rows, place] > best
        best[better] = inside[rows, place][better]
        there[better] = outside[rows, place][better]
        chosen[better] = place[better] + before
        before += returns.shape[1]
    return chosen, there


def _ranks(blocks: Blocks, tests: Floats, there: Floats) -> NDArray[np.float64]:
    """The rank of `there` among all sets in the test, 1 the worst; of equal ones the middle."""
    below, same = np.zeros(len(tests)), np.zeros(len(tests))
    for returns in blocks():
        outside = _sharpes(tests, returns)
        below += (outside < there[:, None]).sum(axis=1)
        same += (outside == there[:, None]).sum(axis=1)
    return below + (same + 1.0) / 2.0


def _means(blocks: Blocks, tests: Floats, chosen: Integers) -> Floats:
    """The mean test return of each split's chosen set."""
    means, before = np.zeros(len(tests)), 0
    for returns in blocks():
        mine = (chosen >= before) & (chosen < before + returns.shape[1])
        means[mine] = (tests[mine] * returns[:, chosen[mine] - before].T).sum(axis=1)
        before += returns.shape[1]
    return means
