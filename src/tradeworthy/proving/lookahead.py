"""Looks for look-ahead: the future is changed, and nothing that was known before may change with it.

A computation makes outputs of panel rows, each row of an output stamped with the session time at which it was known.
It is run once on the rows as they are, and once for each cut on rows that are changed after it. Up to the cut, both
must be equal to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradeworthy.core.draws import draw
from tradeworthy.core.errors import NotAvailable
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.parity.differences import NOTHING, place_of_close, same, text

Integers = NDArray[np.int64]

FIGURES = ("open", "high", "low", "close", "volume")
PRICES = FIGURES[:4]

FUTURE_ROWS = 512
"""So many rows after a cut are changed; what lies further off is left out of the changed rows."""

SHIFT_ROWS = 7
STREAM = "lookahead/cut"


@dataclass(frozen=True)
class Output:
    """What a computation made: `rows[i]` was known at session time `ts[i]` (UTC ns), in order of time.

    Rows are a structured array, or a list of values by name. `columns` names the cells of fields that have as many.
    """

    name: str
    ts: Integers
    rows: NDArray[np.void] | list[dict[str, Any]]
    columns: tuple[str, ...] = ()


Compute = Callable[[PanelFrame], Sequence[Output]]


class Ahead(msgspec.Struct, frozen=True):
    """The first row of an output that a change of the future changed.

    `ts` is when it was known (UTC ns), `date` and `bar` the last bar that had closed by then; the future was changed
    after `cut_ts`, in the way that `change` names; `left` is the value without it, `right` with it.
    """

    output: str
    field: str
    date: str
    bar: int
    ts: int
    change: str
    cut_ts: int
    left: str
    right: str


def shifted(rows: PanelFrame) -> PanelFrame:
    """What came SHIFT_ROWS later, comes now; what came first comes last."""
    return replace(rows, **{name: np.roll(getattr(rows, name), -SHIFT_ROWS, axis=0) for name in FIGURES})


def scaled(rows: PanelFrame) -> PanelFrame:
    """Prices higher by a hundredth, and by one more for each row of a week of rows; volumes doubled."""
    factors = (1.01 + 0.01 * (np.arange(rows.rows) % SHIFT_ROWS))[:, None]
    parts = {name: getattr(rows, name) * factors for name in PRICES}
    return replace(rows, **parts, volume=rows.volume * 2.0)


def emptied(rows: PanelFrame) -> PanelFrame:
    """No bar of any instrument."""
    return replace(rows, **{name: np.full_like(getattr(rows, name), np.nan) for name in FIGURES})


def truncated(rows: PanelFrame) -> PanelFrame:
    """No rows: the data ends at the cut."""
    return rows.slice(0, 0)


CHANGES: Mapping[str, Callable[[PanelFrame], PanelFrame]] = {
    one.__name__: one for one in (shifted, scaled, emptied, truncated)
}
"""The ways to change the future. Cuts take them in turn."""


def cuts_of(frame: PanelFrame, count: int, seed: int) -> list[int]:
    """`count` different rows to cut after, drawn by hash, once each instrument has had a bar.

    NotAvailable if there are too few rows.
    """
    came = frame.close > 0.0
    first = int(came.argmax(axis=0).max()) if came.any(axis=0).all() else frame.rows
    places = frame.rows - 1 - first
    if places < count:
        raise NotAvailable(
            f"the feed has {frame.rows} rows, {max(0, places)} of which come after every instrument's first bar: too"
            f" few for {count} cuts; give more data, or fewer with --cuts"
        )
    chosen: dict[int, None] = {}
    attempt = 0
    while len(chosen) < count:
        chosen[first + int(draw(seed, STREAM, attempt) * places)] = None
        attempt += 1
    return sorted(chosen)


def changed_after(frame: PanelFrame, cut: int, change: str) -> PanelFrame:
    """`frame` up to row `cut`, followed by what `change` makes of the rows after it."""
    future = CHANGES[change](frame.slice(cut + 1, min(frame.rows, cut + 1 + FUTURE_ROWS)))
    return joined(frame.slice(0, cut + 1), future)


def joined(first: PanelFrame, then: PanelFrame) -> PanelFrame:
    """The rows of both, one after the other."""
    parts: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(then, name)])
        for name in ("ts", "closed_ts", *FIGURES)
    }
    return replace(first, **parts)


def find_ahead(compute: Compute, frame: PanelFrame, cuts: Sequence[int]) -> Iterator[list[Ahead]]:
    """For each cut, the first row of each output that the change after it changed; a cut's list is empty if none."""
    whole = compute(frame)
    names = list(CHANGES)
    for number, cut in enumerate(cuts):
        change = names[number % len(names)]
        other = compute(changed_after(frame, cut, change))
        cut_ts = int(frame.closed_ts[cut])
        yield first_changed(whole, other, cut_ts, change, frame.step_ns)


def first_changed(
    left: Sequence[Output], right: Sequence[Output], cut_ts: int, change: str, step_ns: int
) -> list[Ahead]:
    """Of each output the first row known by `cut_ts` in which both differ."""
    found = []
    for one, other in zip(left, right, strict=True):
        difference = _first_difference(one, other, cut_ts)
        if difference:
            ts, field, *values = difference
            date, bar = place_of_close(ts, step_ns)
            found.append(Ahead(one.name, field, date, bar, ts, change, cut_ts, *map(text, values)))
    return found


def _first_difference(one: Output, other: Output, cut_ts: int) -> tuple[int, str, Any, Any] | None:
    """Its time, field and both values; a row that only one has is a difference, too."""
    known = [int(np.searchsorted(each.ts, cut_ts, side="right")) for each in (one, other)]
    both = min(known)
    cells = _cell_of_records if isinstance(one.rows, np.ndarray) else _cell_of_values
    found = cells(one, other, both)
    if found:
        row, field, left, right = found
        return int(one.ts[row]), field, left, right
    if known[0] != known[1]:
        longer = one if known[0] > known[1] else other
        shown = f"{known[0]} rows", f"{known[1]} rows"
        return int(longer.ts[both]), "rows", *shown
    return None


def _cell_of_records(one: Output, other: Output, rows: int) -> tuple[int, str, Any, Any] | None:
    left, right = one.rows, other.rows
    assert isinstance(left, np.ndarray)
    assert isinstance(right, np.ndarray)
    first: tuple[int, str] | None = None
    for field in left.dtype.names or ():
        differ = np.flatnonzero(_bytes(left[field][:rows]) != _bytes(right[field][:rows]))
        if len(differ) and (first is None or differ[0] < first[0]):
            first = int(differ[0]), field
    if first is None:
        return None
    row, field = first
    values, others = np.atleast_1d(left[field][row]), np.atleast_1d(right[field][row])
    cell = int(np.flatnonzero(_bytes(values) != _bytes(others))[0])
    named = cell < len(one.columns) <= len(values)
    name = f"{field}[{one.columns[cell] if named else cell}]" if left[field].ndim > 1 else field
    return row, name, values[cell].item(), others[cell].item()


def _bytes(values: NDArray[Any]) -> NDArray[np.void]:
    """Each row's bytes as one value: floats are equal to the bit, and a NaN is itself."""
    flat = np.ascontiguousarray(values).reshape(len(values), -1)
    return flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1])))[:, 0]


def _cell_of_values(one: Output, other: Output, rows: int) -> tuple[int, str, Any, Any] | None:
    for row in range(rows):
        left, right = one.rows[row], other.rows[row]
        for field in dict.fromkeys([*left, *right]):
            values = left.get(field, NOTHING), right.get(field, NOTHING)
            if not same(*values):
                return row, field, *values
    return None
