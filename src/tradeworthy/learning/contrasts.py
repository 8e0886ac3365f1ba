"""Whether a narrower slice of windows asks for another gate than a wider one, or only says the same again (B28).

A window pulls a gate by +1 (a miss that the gate could have caught), -1 (a false positive) or 0. The slice's mean pull
is held against that of the wider slice's other windows, Welch's statistic with a normal tail; Holm's correction over
all narrower slices and gates keeps the chance of even one false contrast at most at the level asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import erfc, inf, sqrt
from typing import NamedTuple

from tradeworthy.core.events import Figure
from tradeworthy.learning.events import Lesson
from tradeworthy.learning.tuning import TUNABLE, pressures

OTHERS_MIN = 5
"""A slice that leaves out fewer windows of a wider one says what that one says."""

SliceKey = tuple[str, frozenset[tuple[str, str]]]
"""Pattern key and scope."""


class Pull(NamedTuple):
    """Windows of a slice, and how many of them pull a gate up or down."""

    windows: float
    loosen: float
    tighten: float


def distinct(lessons: Sequence[Lesson], level: float) -> set[tuple[SliceKey, str]]:
    """The (slice, gate) that pull otherwise than every wider slice by one dimension that was mined.

    Whole groups, and slices of which no wider one was mined, are always among them. `lessons` are of tuning_rates;
    `level` bounds the chance that any narrower slice is among them by luck alone.
    """
    known = {key_of(lesson): _pulls(lesson.stats) for lesson in lessons}
    found: set[tuple[SliceKey, str]] = set()
    tested: list[tuple[float, tuple[SliceKey, str]]] = []
    for key, pulls in known.items():
        wider = [known[key[0], key[1] - {item}] for item in key[1] if (key[0], key[1] - {item}) in known]
        for gate, pull in pulls.items():
            if wider:
                tested.append((max(_p_value(pull, one[gate]) for one in wider), (key, gate)))
            else:
                found.add((key, gate))
    return found | set(_holm(tested, level))


def key_of(lesson: Lesson) -> SliceKey:
    """The slice of a lesson."""
    return lesson.pattern_key, frozenset(lesson.scope_subset.items())


def _pulls(stats: Mapping[str, Figure]) -> dict[str, Pull]:
    false, total = (float(stats.get(name) or 0) for name in ("n_fps", "n_total"))
    pressed = pressures(stats)
    return {gate: Pull(total, pressed[gate] + false, false) for gate in TUNABLE.values()}


def _p_value(narrow: Pull, wide: Pull) -> float:
    """Two-sided, of the narrow slice against the other windows of the wide one; 1.0 where there are too few."""
    others = Pull(*(whole - part for whole, part in zip(wide, narrow, strict=True)))
    if others.windows < OTHERS_MIN or narrow.windows < 1:
        return 1.0
    spread = _variance(narrow) / narrow.windows + _variance(others) / others.windows
    gap = abs(_mean(narrow) - _mean(others))
    if spread <= 0:
        return 0.0 if gap > 0 else 1.0
    return erfc(gap / sqrt(2.0 * spread))


def _mean(pull: Pull) -> float:
    return (pull.loosen - pull.tighten) / pull.windows


def _variance(pull: Pull) -> float:
    """Of one window's pull, one window of each kind added: a slice whose windows all agree is not certain."""
    windows, loosen, tighten = pull.windows + 3.0, pull.loosen + 1.0, pull.tighten + 1.0
    mean = (loosen - tighten) / windows
    return (loosen + tighten) / windows - mean * mean


def _holm(
    tested: Sequence[tuple[float, tuple[SliceKey, str]]], level: float
) -> Iterable[tuple[SliceKey, str]]:
    """What stands after Holm's step-down correction (Holm 1979)."""
    left, reached = len(tested), -inf
    for p_value, what in sorted(tested, key=lambda one: (one[0], sorted(one[1][0][1]), one[1])):
        reached = max(reached, p_value * left)
        if reached > level:
            return
        left -= 1
        yield what
