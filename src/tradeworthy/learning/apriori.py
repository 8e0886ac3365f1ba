"""The walk over all slices of a table of facts, compiled.

Apriori by recursion (specs/uptrend.md 15; Agrawal and Srikant 1994): a slice of too few trades has no finer slice of
more. The dimensions are taken in one order, so that each combination is visited once. Groups, which are a pattern key
and an action category each, are never mixed. Rows keep their order in every slice, so that sums don't depend on the
way to it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Items = NDArray[np.uint16]
Path = NDArray[np.int32]
_Order = NDArray[np.uint32]

_PAIR_FIGURES_MAX = 1 << 16
"""Figures that the cells of all pairs may hold: beyond it they don't stay in a fast cache."""


class Table(NamedTuple):
    """Facts as columns, sorted by group, trade and time.

    `items` (rows x dimensions) numbers the value that a row has, over all dimensions: those of dimension d go from
    `bounds[d]` to `bounds[d + 1]`, and the last bound stands for no value. `units` is the row's trade within its group,
    counted through all groups; `group_rows` and `group_units` say where each group begins, with the end last.
    """

    items: Items
    units: Integers
    bounds: Integers
    group_rows: Integers
    group_units: Integers


class Slices(NamedTuple):
    """What was found: group, item numbers (padded by -1), trades, facts, and sums over the trades, by slice."""

    group: Integers
    items: Path
    n: Integers
    actions: Integers
    sums: Floats


class _Segment(NamedTuple):
    """One slice's rows, `begin` to `end` in the order of its depth `level`.

    Finer slices have dimensions from `start` on, and are summed in the first `width` columns.
    """

    level: int
    begin: int
    end: int
    start: int
    width: int


class _Work(NamedTuple):
    """The walk's memory, by depth and by cell, which is an item or a pair of them.

    By depth the order of rows in slices; by depth and item how many rows there are, the place of the slice (-1: none)
    and where its rows end. By cell rows, trades, the last trade seen, and sums.
    """

    order: _Order
    rows: Integers
    child: Integers
    place: Integers
    cell_rows: Integers
    n: Integers
    last: Integers
    sums: Floats


@njit(cache=True)
def walk(table: Table, columns: Floats, last: int, n_min: int, depth: int, found: Slices) -> int:
    """Fill `found` group by group, each slice before the finer ones; how many there are, or -1 if they don't fit.

    Slices of `depth` dimensions are summed in the first `last` columns only. The two last depths are counted in one
    pass where few enough cells hold them: the same slices in the same order, with the same sums.
    """
    dims = table.items.shape[1]
    size = table.bounds[dims]
    work = _room(table, columns.shape[1], last, depth)
    in_pairs = len(work.n) > size + 1
    path, cursor = np.zeros(depth + 1, np.int64), np.zeros(depth + 1, np.int64)
    begins, ends = np.zeros(depth + 1, np.int64), np.zeros(depth + 1, np.int64)
    count = 0
    for group in range(len(table.group_rows) - 1):
        if table.group_units[group + 1] - table.group_units[group] < n_min:
            continue
        if count == len(found.n):
            return -1
        _whole_group(table, columns, work, found, group, count)
        count += 1
        if depth == 0:
            continue
        level, start = 0, 0
        begins[0], ends[0] = table.group_rows[group], table.group_rows[group + 1]
        entered = True
        while level >= 0:
            if entered:
                width = columns.shape[1] if level + 1 < depth else last
                segment = _Segment(level, begins[level], ends[level], start, width)
                count = _scan(table, columns, work, segment, n_min, path, found, count)
                cursor[level] = table.bounds[start]
                if level + 2 == depth and in_pairs and count >= 0:
                    segment = _Segment(level, begins[level], ends[level], start, last)
                    count = _scan_pairs(table, columns, work, segment, n_min, path, found, count)
                    cursor[level] = size
            if count < 0:
                return -1
            entered = False
            item = cursor[level]
            if level + 1 >= depth or item >= table.bounds[dims - 1]:
                level -= 1
                continue
            cursor[level] = item + 1
            dim = np.searchsorted(table.bounds, item, side="right") - 1
            if item == table.bounds[dim]:
                _partition(table, work, level, begins[level], ends[level], dim)
            if work.child[level, item] >= 0:
                path[level] = item
                level, start, entered = level + 1, dim + 1, True
                ends[level] = work.place[level - 1, item]
                begins[level] = ends[level] - work.rows[level - 1, item]
    return count


@njit(cache=True)
def _room(table: Table, width: int, last: int, depth: int) -> _Work:
    """Memory for a walk: cells for pairs of items if they are few enough, else for items alone."""
    rows, dims = table.items.shape
    stride = table.bounds[dims] + 1
    cells = stride * stride if stride * stride * last <= _PAIR_FIGURES_MAX else stride
    return _Work(
        np.empty((depth + 1, rows), np.uint32),
        np.zeros((depth + 1, stride), np.int64),
        np.full((depth + 1, stride), -1),
        np.zeros((depth + 1, stride), np.int64),
        np.zeros(cells, np.int64),
        np.zeros(cells, np.int64),
        np.zeros(cells, np.int64),
        np.zeros(max(stride * width, cells * last)),
    )


@njit(cache=True)
def _whole_group(table: Table, columns: Floats, work: _Work, found: Slices, group: int, at: int) -> None:
    """The slice of a whole group, and its rows in order."""
    begin, end = table.group_rows[group], table.group_rows[group + 1]
    found.group[at] = group
    found.n[at] = table.group_units[group + 1] - table.group_units[group]
    found.actions[at] = end - begin
    for row in range(begin, end):
        work.order[0, row] = row
    for column in range(columns.shape[1]):
        total = 0.0
        for row in range(begin, end):
            if row == begin or table.units[row] != table.units[row - 1]:
                total += columns[row, column]
        found.sums[at, column] = total


@njit(cache=True)
def _scan(
    table: Table,
    columns: Floats,
    work: _Work,
    segment: _Segment,
    n_min: int,
    path: Integers,
    found: Slices,
    count: int,
) -> int:
    """Count and sum a segment's finer slices of one more dimension and keep those of enough trades; how many, or -1."""
    first, stride = table.bounds[segment.start], work.rows.shape[1]
    _clear(work, first, stride, segment.width)
    _tally(table, columns, work, segment)
    level = segment.level
    for item in range(first, stride - 1):
        work.rows[level, item] = work.cell_rows[item]
        work.child[level, item] = -1
        if work.n[item] >= n_min:
            work.child[level, item] = count
            count = _keep(work, item, (level, item, segment.width), path, found, count)
    return count


@njit(cache=True)
def _scan_pairs(
    table: Table,
    columns: Floats,
    work: _Work,
    segment: _Segment,
    n_min: int,
    path: Integers,
    found: Slices,
    count: int,
) -> int:
    """The same for two more dimensions, after the scan for one."""
    dims, stride = table.items.shape[1], work.rows.shape[1]
    _clear(work, table.bounds[segment.start] * stride, table.bounds[dims - 1] * stride, segment.width)
    group = found.group[count - 1]
    units = table.group_units[group + 1] - table.group_units[group]
    single = units == table.group_rows[group + 1] - table.group_rows[group]
    if single and segment.width == 2:
        _tally_pairs_of_two(table, columns, work, segment)
    else:
        _tally_pairs(table, columns, work, segment)
    level = segment.level
    for dim in range(segment.start, dims - 1):
        for item in range(table.bounds[dim], table.bounds[dim + 1]):
            if work.child[level, item] < 0:
                continue
            path[level] = item
            for other in range(table.bounds[dim + 1], stride - 1):
                cell = item * stride + other
                if work.n[cell] >= n_min:
                    count = _keep(work, cell, (level + 1, other, segment.width), path, found, count)
    return count


@njit(cache=True)
def _clear(work: _Work, begin: int, end: int, width: int) -> None:
    for cell in range(begin, end):
        work.cell_rows[cell] = 0
        work.n[cell] = 0
        work.last[cell] = -1
    work.sums[begin * width : end * width] = 0.0


@njit(cache=True)
def _keep(
    work: _Work, cell: int, what: tuple[int, int, int], path: Integers, found: Slices, count: int
) -> int:
    """Keep a cell's slice: `what` is how much of the path it has, its last item and its width. The new count, or -1."""
    level, item, width = what
    if count < 0 or count == len(found.n):
        return -1
    found.group[count] = found.group[count - 1]
    found.n[count] = work.n[cell]
    found.actions[count] = work.cell_rows[cell]
    for above in range(level):
        found.items[count, above] = path[above]
    found.items[count, level] = item
    for column in range(width):
        found.sums[count, column] = work.sums[cell * width + column]
    return count + 1


@njit(cache=True)
def _tally(table: Table, columns: Floats, work: _Work, segment: _Segment) -> None:
    """Count and sum by item; of a trade's rows with one item, which follow each other, the first counts."""
    dims, width = table.items.shape[1], segment.width
    for row in work.order[segment.level, segment.begin : segment.end]:
        unit = table.units[row]
        for dim in range(segment.start, dims):
            cell = table.items[row, dim]
            work.cell_rows[cell] += 1
            if work.last[cell] != unit:
                work.last[cell] = unit
                work.n[cell] += 1
                at = cell * width
                for column in range(width):
                    work.sums[at + column] += columns[row, column]


@njit(cache=True)
def _tally_pairs(table: Table, columns: Floats, work: _Work, segment: _Segment) -> None:
    """The same by pair of items."""
    dims, width, stride = table.items.shape[1], segment.width, work.rows.shape[1]
    for row in work.order[segment.level, segment.begin : segment.end]:
        unit = table.units[row]
        for dim in range(segment.start, dims - 1):
            base = table.items[row, dim] * stride
            for other in range(dim + 1, dims):
                cell = base + table.items[row, other]
                work.cell_rows[cell] += 1
                if work.last[cell] != unit:
                    work.last[cell] = unit
                    work.n[cell] += 1
                    at = cell * width
                    for column in range(width):
                        work.sums[at + column] += columns[row, column]


@njit(cache=True)
def _tally_pairs_of_two(table: Table, columns: Floats, work: _Work, segment: _Segment) -> None:
    """The same for two columns and trades of one row each: what mean and variance take, at twice the speed."""
    dims, stride = table.items.shape[1], work.rows.shape[1]
    for row in work.order[segment.level, segment.begin : segment.end]:
        one, two = columns[row, 0], columns[row, 1]
        for dim in range(segment.start, dims - 1):
            base = table.items[row, dim] * stride
            for other in range(dim + 1, dims):
                # An index without a sign needs no look for those that count from the end.
                cell = np.uint64(base + table.items[row, other])
                at = cell + cell
                work.n[cell] += 1
                work.sums[at] += one
                work.sums[at + np.uint64(1)] += two
    for place in range(table.bounds[segment.start] * stride, table.bounds[dims - 1] * stride):
        work.cell_rows[place] = work.n[place]


@njit(cache=True)
def _partition(table: Table, work: _Work, level: int, begin: int, end: int, dim: int) -> None:
    """Put the rows of one slice behind each other by the value that they have in `dim`, in order of rows within each.

    Afterwards `place` is where each value's rows end, in the order of the next depth.
    """
    place, child, order = work.place[level], work.child[level], work.order[level + 1]
    at = begin
    for item in range(table.bounds[dim], table.bounds[dim + 1]):
        place[item] = at
        if child[item] >= 0:
            at += work.rows[level, item]
    if at == begin:
        return
    for row in work.order[level, begin:end]:
        item = table.items[row, dim]
        if child[item] >= 0:
            order[place[item]] = row
            place[item] += 1
