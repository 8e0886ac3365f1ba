"""A dry run of learning for people: what it would write, row by row against the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradeworthy.runtime.rehearsal import Rehearsal

SHOWN_MAX = 40
"""So many rows are printed; --json has all."""

FIGURES_MAX = 6
"""So many figures of a row are printed that is new or goes."""


def rehearsal_lines(run: str, done: Rehearsal) -> Iterator[str]:
    """What the stage found, and how the table of `run` would differ: + new, ~ changed, - gone."""
    yield f"run {run}: {done.job} of {done.rows_read} stored rows gives {len(done.found)} rows; nothing is written"
    counts = {sign: sum(one.sign == sign for one in done.differences) for sign in "+~-"}
    if not done.differences:
        yield f"{done.table} holds just that"
        return
    yield f"{done.table}: {counts['+']} new (+), {counts['~']} changed (~), {counts['-']} gone (-)"
    for one in done.differences[:SHOWN_MAX]:
        figures = {**one.before, **one.after}
        if one.sign == "~":
            told = ", ".join(
                f"{name} {_short(one.before[name])} -> {_short(one.after[name])}" for name in one.after
            )
        else:
            told = ", ".join(f"{name} {_short(value)}" for name, value in list(figures.items())[:FIGURES_MAX])
        yield f"{one.sign} {one.row}: {told}"
    if len(done.differences) > SHOWN_MAX:
        yield f"and {len(done.differences) - SHOWN_MAX} more; --json has all"


def named(row: Any) -> dict[str, Any]:
    """A struct by the names of its fields."""
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={one}" for name, one in value.items()) + "}"
    return str(value)
