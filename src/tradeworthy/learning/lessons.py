"""Lessons of strength: what each slice of closed trades returned beside all of them, and how sure that is.

Source: specs/uptrend.md 15, with its formula for edge_raw as its vectors have it (no 0.25 / n in the reliability: what
a small slice is worth is said by the shrunk edge and the q-value, which are gates beside it).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum
from typing import NamedTuple

import numpy as np

from tradeworthy.core.events import Figure
from tradeworthy.learning.apriori import Floats, Integers, Slices
from tradeworthy.learning.decay import Moments, columns_of, decay_of
from tradeworthy.learning.events import Lesson, TradeFact
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.significance import Evidence, evidence_of
from tradeworthy.learning.slices import Encoded, encode, find, parents_of, scope_of

LESSON_TYPE = "pm_strength"
_DECAYS, _WINSORISED = 0, 12


class Edge(NamedTuple):
    """The parts of an edge, as `stats` names them; `edge` is their product, in units of rr."""

    reliability: float
    support: float
    magnitude: float
    time: float
    stability: float
    edge: float


def edge_of(n: int, avg_rr: float, variance: float, baseline: float) -> Edge:
    """(avg_rr - baseline) * reliability * (support + magnitude + time + stability); `variance` is that of a sample."""
    reliability = 1.0 / (1.0 + variance)
    support = 1.0 - exp(-n / 50.0)
    magnitude = 1.0 / (1.0 + exp(-avg_rr))
    time, stability = 1.0, reliability
    edge = (avg_rr - baseline) * reliability * (support + magnitude + time + stability)
    return Edge(reliability, support, magnitude, time, stability, edge)


def mine_lessons(facts: Sequence[TradeFact], settings: LearningSettings, asof_ts: int) -> list[Lesson]:
    """A lesson for each slice of at least n_min trades, by pattern key, category, number of dimensions and scope.

    Mined are the newest events_max facts up to `asof_ts` (UTC ns). The baseline is the mean rr of their trades, each
    once. Deterministic: neither the order of facts nor that of dimensions matters.
    """
    newest = sorted(
        (one for one in facts if one.ts <= asof_ts),
        key=lambda one: (one.ts, one.trade, one.action, one.pattern_key, one.action_category),
    )[-settings.events_max :]
    if not newest:
        return []
    encoded = encode(newest, settings.n_min)
    clipped = winsorised(encoded.rr, settings.winsor)
    of_row = encoded.trades[encoded.table.units]
    columns = np.column_stack([columns_of(encoded.hours, encoded.rr[of_row]), clipped[of_row]])
    slices = find(encoded.table, columns, settings.n_min, settings.depth_max, settings.lessons_max)
    if not len(slices.n):
        return []
    parents = parents_of(slices, len(encoded.values))
    evidence = evidence_of(
        encoded, slices, parents, clipped, settings.n_min, settings.permutations, settings.seed
    )
    means = shrunk_means(slices, parents, slices.sums[:, _WINSORISED] / slices.n, clipped, settings.shrink_n)
    return _lessons(encoded, slices, evidence, means, clipped)


def winsorised(results: Floats, share: float) -> Floats:
    """The results with the lowest and highest `share` of them clipped to what bounds them (B30)."""
    low, high = np.quantile(results, [share, 1.0 - share])
    return np.clip(results, low, high)


def shrunk_means(
    slices: Slices, parents: Integers, means: Floats, results: Floats, shrink_n: float
) -> Floats:
    """By slice the mean drawn to what its parents have, as if `shrink_n` more trades had returned just that.

    A whole group is drawn to the mean of all `results`. With several parents it is the mean of theirs; a slice of the
    same trades as some of its parents is as these are.
    """
    shrunk = np.empty(len(means))
    whole = fsum(results.tolist()) / len(results)
    depths = (slices.items >= 0).sum(axis=1)
    for place in np.argsort(depths, kind="stable").tolist():
        above = [one for one in parents[place].tolist() if one >= 0]
        same = [one for one in above if slices.n[one] == slices.n[place]]
        if same:
            shrunk[place] = fsum(shrunk[one] for one in same) / len(same)
            continue
        towards = fsum(shrunk[one] for one in above) / len(above) if above else whole
        n = int(slices.n[place])
        shrunk[place] = (n * means[place] + shrink_n * towards) / (n + shrink_n)
    return shrunk


def _lessons(
    encoded: Encoded, slices: Slices, evidence: Evidence, means: Floats, clipped: Floats
) -> list[Lesson]:
    baseline = fsum(encoded.rr.tolist()) / len(encoded.rr)
    baseline_clipped = fsum(clipped.tolist()) / len(clipped)
    lessons = []
    for place, sums in enumerate(slices.sums.tolist()):
        n = int(slices.n[place])
        moments = Moments(*sums[_DECAYS : _DECAYS + 6])
        avg_rr = moments.y / n
        variance = max((moments.yy - n * avg_rr * avg_rr) / (n - 1), 0.0)
        edge = edge_of(n, avg_rr, variance, baseline)
        shrunk = edge_of(n, float(means[place]), variance, baseline_clipped)
        decay = decay_of(moments, Moments(*sums[_DECAYS + 6 : _WINSORISED]), edge.edge)
        # Evidence of the other sign, better than a bad parent but still bad, is none for this edge.
        agrees = float(evidence.statistic[place]) * edge.edge > 0
        stats: dict[str, Figure] = {
            "avg_rr": avg_rr,
            "variance": variance,
            "delta_rr": avg_rr - baseline,
            "reliability": edge.reliability,
            "support": edge.support,
            "magnitude": edge.magnitude,
            "time": edge.time,
            "stability": edge.stability,
            "edge_raw": edge.edge,
            "decay_multiplier": decay.multiplier,
            "decay_state": decay.state,
            "slope_per_hour": decay.slope_per_hour,
            "edge_shrunk": shrunk.edge,
            "rr_winsorised": sums[_WINSORISED] / n,
            "q_value": float(evidence.q_value[place]) if agrees else 1.0,
            "p_value": float(evidence.p_value[place]) if agrees else 1.0,
            "baseline_rr": baseline,
            "n_actions": int(slices.actions[place]),
        }
        pattern, category = encoded.groups[int(slices.group[place])]
        subset = scope_of(encoded, slices, place)
        lessons.append(
            Lesson(
                pattern, category, subset, n, stats, LESSON_TYPE, decay_halflife_hours=decay.halflife_hours
            )
        )
    return sorted(
        lessons,
        key=lambda one: (
            one.pattern_key,
            one.action_category,
            len(one.scope_subset),
            sorted(one.scope_subset.items()),
        ),
    )
