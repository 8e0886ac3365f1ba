"""Slices of facts: every combination of scope values that enough trades share, with sums over those trades."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tradeworthy.core.draws import mix
from tradeworthy.core.errors import Bug, UsageError
from tradeworthy.learning.apriori import Floats, Integers, Slices, Table, walk
from tradeworthy.learning.events import Scope, TradeFact
from tradeworthy.learning.scopes import DIMENSIONS

ITEMS_MAX = (1 << 16) - 1

_NONE = -1


class Encoded(NamedTuple):
    """A table with the words behind its numbers.

    `rr` is by trade, `trades` the place in it of each unit, `hours` the time of each row after the first of all.
    """

    table: Table
    groups: list[tuple[str, str]]
    values: list[tuple[str, str]]
    trades: Integers
    rr: Floats
    hours: Floats


def encode(facts: Sequence[TradeFact], n_min: int) -> Encoded:
    """The facts as a table. Their own order does not matter; only DIMENSIONS that occur become columns, by name.

    A value of fewer than `n_min` facts can make no slice and counts as unknown. A trade has one result: that of its
    first fact. Bug for a result that is no finite number, UsageError for more than ITEMS_MAX values.
    """
    rows = sorted(
        facts, key=lambda one: (one.pattern_key, one.action_category, one.trade, one.ts, one.action)
    )
    for one in rows:
        if not math.isfinite(one.rr):
            raise Bug(
                f"fact {one.trade}/{one.action} has rr {one.rr}; refuse such a result where it comes in"
            )
    counted = Counter((name, one.scope[name]) for one in rows for name in DIMENSIONS if name in one.scope)
    values = sorted(value for value, count in counted.items() if count >= n_min)
    if len(values) > ITEMS_MAX:
        raise UsageError(
            f"{len(values)} values of dimensions have {n_min} facts each; at most {ITEMS_MAX} can be mined: raise n_min"
        )
    numbers = {value: number for number, value in enumerate(values)}
    names = sorted({name for name, _ in values})
    bounds = np.searchsorted([name for name, _ in values], [*names, "~"]) if values else np.zeros(1)
    results: dict[str, float] = {}
    for one in sorted(rows, key=lambda one: (one.trade, one.ts, one.action)):
        results.setdefault(one.trade, one.rr)
    places = {trade: place for place, trade in enumerate(results)}
    groups: list[tuple[str, str]] = []
    group_rows: list[int] = []
    group_units: list[int] = []
    units: list[int] = []
    trades: list[int] = []
    for row, one in enumerate(rows):
        if not groups or groups[-1] != (one.pattern_key, one.action_category):
            groups.append((one.pattern_key, one.action_category))
            group_rows.append(row)
            group_units.append(len(trades))
            trades.append(places[one.trade])
        elif trades[-1] != places[one.trade]:
            trades.append(places[one.trade])
        units.append(len(trades) - 1)
    absent = len(values)
    items = np.array(
        [[numbers.get((name, one.scope.get(name, "")), absent) for name in names] for one in rows], np.uint16
    ).reshape(len(rows), len(names))
    begin = min((one.ts for one in rows), default=0)
    table = Table(
        items=items,
        units=np.array(units, np.int64),
        bounds=bounds.astype(np.int64),
        group_rows=np.array([*group_rows, len(rows)], np.int64),
        group_units=np.array([*group_units, len(trades)], np.int64),
    )
    hours = np.array([(one.ts - begin) / 3.6e12 for one in rows], np.float64)
    return Encoded(
        table, groups, values, np.array(trades, np.int64), np.array([*results.values()], np.float64), hours
    )


def find(table: Table, columns: Floats, n_min: int, depth_max: int | None, slices_max: int) -> Slices:
    """All slices of at least `n_min` trades and at most `depth_max` dimensions, with the sums of `columns` in each.

    `columns` (rows x any number) gives each row's figures; of a trade's rows in a slice the first one counts. If there
    are more than `slices_max` slices, only as many dimensions are combined as keep within it: a depth is whole or
    absent, so that no order of names or rows decides what is left out.
    """
    dimensions = table.items.shape[1]
    depth = dimensions if depth_max is None else min(depth_max, dimensions)
    found, count = _walked(table, columns, n_min, depth, slices_max)
    if count >= 0:
        return _cut(found, count, depth)
    kept, kept_count, kept_depth = found, 0, 0
    for shallower in range(depth):
        found, count = _walked(table, columns, n_min, shallower, slices_max)
        if count < 0:
            break
        kept, kept_count, kept_depth = found, count, shallower
    return _cut(kept, kept_count, kept_depth)


def parents_of(slices: Slices, size: int) -> Integers:
    """By slice the places of its parents, which have one dimension less (padded by -1); `size` counts the items.

    Slices are told by the exclusive or of a 64-bit word for each of their items (Zobrist 1970). Bug if two collide.
    """
    words = np.array([mix(item) for item in range(size)] or [0], np.uint64)
    roots = np.array([mix(mix(int(group)) ^ size) for group in range(_groups(slices))] or [0], np.uint64)
    keys = roots[slices.group]
    for column in range(slices.items.shape[1]):
        there = slices.items[:, column] >= 0
        keys[there] ^= words[slices.items[there, column]]
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    if (ranked[1:] == ranked[:-1]).any():
        raise Bug("two slices have one key; report the facts that they were mined from")
    parents = np.full(slices.items.shape, _NONE, np.int64)
    for column in range(slices.items.shape[1]):
        there = slices.items[:, column] >= 0
        wanted = keys[there] ^ words[slices.items[there, column]]
        parents[there, column] = order[np.searchsorted(ranked, wanted)]
    return parents


def scope_of(encoded: Encoded, slices: Slices, place: int) -> Scope:
    """The scope subset of one slice, dimensions by name."""
    return dict(encoded.values[item] for item in slices.items[place].tolist() if item >= 0)


def _groups(slices: Slices) -> int:
    return int(slices.group.max()) + 1 if len(slices.group) else 0


def _walked(table: Table, columns: Floats, n_min: int, depth: int, slices_max: int) -> tuple[Slices, int]:
    width = columns.shape[1]
    found = Slices(
        np.zeros(slices_max, np.int64),
        np.full((slices_max, depth), _NONE, np.int32),
        np.zeros(slices_max, np.int64),
        np.zeros(slices_max, np.int64),
        np.zeros((slices_max, width)),
    )
    return found, int(walk(table, columns, width, n_min, depth, found))


def _cut(found: Slices, count: int, depth: int) -> Slices:
    return Slices(
        found.group[:count],
        found.items[:count, :depth],
        found.n[:count],
        found.actions[:count],
        found.sums[:count],
    )
