"""What was learned, in sentences: from how many trades, how sure it is, and what it changes. No claim goes further.

A q-value is the share of chance finds among lessons that are at least as strong as this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from typing import NamedTuple

from tradeworthy.learning.events import Lesson, Override
from tradeworthy.learning.lookup import Blend, blend, strength
from tradeworthy.learning.scopes import CATEGORIES, TUNING_DX_MIN, TUNING_HALO, TUNING_TS_MIN, subset_key
from tradeworthy.learning.settings import LearningSettings

OVERRIDES_MAX = 25
"""So many overrides are told of; the rest is counted."""

CHANGES = {
    "entry": "size of the first buy",
    "add": "size of later buys",
    "trim": "nothing: trims keep their size",
    "exit": "nothing: exits are always whole",
    TUNING_TS_MIN: "trend strength asked for",
    TUNING_HALO: "distance allowed from the average",
    TUNING_DX_MIN: "discount asked for",
}
"""What an override changes, by its category."""

_SURE = ((0.01, "very sure"), (0.05, "sure"), (0.10, "fairly sure"), (0.25, "not sure"))


def slice_text(pattern: str, category: str, subset: Mapping[str, str]) -> str:
    """A slice for people: `pm.uptrend.S1.entry entry where chain=solana`; all of it is `everywhere`."""
    where = ", ".join(f"{name}={subset[name]}" for name in sorted(subset))
    return f"{pattern} {category} {f'where {where}' if where else 'everywhere'}"


def sureness(q_value: float | None) -> str:
    """How sure a find is, in words with the figure; None was not tested against chance."""
    if q_value is None:
        return "not tested against chance"
    word = next((word for most, word in _SURE if q_value <= most), "may well be chance")
    if q_value <= 0:
        return f"{word} (q 0: no shuffled history had the like)"
    return f"{word} (q {q_value:.3g}: of such finds about {100 * min(q_value, 1.0):.3g} in 100 are chance)"


def lesson_sentence(lesson: Lesson) -> str:
    """What a lesson rests on."""
    if lesson.lesson_type == "tuning_rates":
        return (
            f"from {lesson.n} windows: {_count(lesson, 'n_misses')} good ones skipped,"
            f" {_count(lesson, 'n_fps')} bad ones acted on"
        )
    average, baseline = _figure(lesson, "avg_rr"), _figure(lesson, "baseline_rr")
    against = f" against {baseline:+.2f} of all" if baseline is not None else ""
    told = f"reward over risk {average:+.2f}{against}" if average is not None else "no average"
    trades = "trade" if lesson.n == 1 else "trades"
    return f"from {lesson.n} {trades}: {told}; {sureness(_figure(lesson, 'q_value'))}"


def override_sentence(override: Override) -> str:
    """What an override changes, and by how much."""
    what = CHANGES.get(override.action_category, override.action_category)
    where = slice_text(override.pattern_key, override.action_category, override.scope_subset)
    before = "" if override.previous is None else f", before x{override.previous:.3g}"
    return (
        f"x{override.multiplier:.3g} on {what} ({where}); weighed with confidence"
        f" {override.confidence:.2f}{before}"
    )


def learned_lines(
    lessons: Sequence[Lesson],
    overrides: Sequence[Override],
    *,
    facts: int,
    windows: int,
    notes: Sequence[str] = (),
) -> Iterator[str]:
    """What was learned and what it changes, the farthest from 1 first; `notes` of the caller say what it can't mean."""
    strength = [one for one in lessons if one.lesson_type == "pm_strength"]
    yield f"learned from {facts} actions of closed trades and {windows} closed windows"
    yield f"lessons: {len(strength)} of strength, {len(lessons) - len(strength)} of tuning"
    yield ""
    if overrides:
        yield f"in force: {len(overrides)}"
        by_name = {f"{one.lesson_type}|{_key(one)}": one for one in lessons}
        ordered = sorted(overrides, key=lambda one: (-_farness(one.multiplier), one.id))
        for override in ordered[:OVERRIDES_MAX]:
            yield f"  {override_sentence(override)}"
            for name in override.lessons:
                lesson = by_name.get(name)
                yield f"      {lesson_sentence(lesson) if lesson else 'its lesson is no longer found'}"
            yield f"      id {override.id}"
        if len(ordered) > OVERRIDES_MAX:
            yield f"  and {len(ordered) - OVERRIDES_MAX} more nearer to x1; --json has all"
    else:
        yield "in force: nothing; no size and no gate differs from the configuration"
    silent = len(strength) - len({name for one in overrides for name in one.lessons} & _names(strength))
    if silent:
        yield ""
        said = "1 lesson of strength changes" if silent == 1 else f"{silent} lessons of strength change"
        yield f"{said} nothing: too small an edge, or too likely to be chance"
    for note in notes:
        yield f"note: {note}"


class Inspected(NamedTuple):
    """What overrides say of one pattern and category; `limits` is what the multiplier is kept within."""

    pattern: str
    category: str
    blend: Blend
    limits: tuple[float, float] | None
    alpha: float


def inspect(
    overrides: Sequence[Override], scope: Mapping[str, str], settings: LearningSettings
) -> list[Inspected]:
    """The multiplier in `scope` of each pattern and category that an override speaks of."""
    alpha = settings.specificity_alpha
    found = []
    for pattern, category in sorted({(one.pattern_key, one.action_category) for one in overrides}):
        if category in CATEGORIES:
            limits = settings.strength_min, settings.strength_max
            sized = strength(overrides, pattern, category, scope, settings)
            found.append(Inspected(pattern, category, sized, limits, alpha))
        else:
            tuned = blend(overrides, pattern, category, scope, alpha)
            found.append(Inspected(pattern, category, tuned, None, alpha))
    return found


def inspection_lines(found: Sequence[Inspected], scope: Mapping[str, str]) -> Iterator[str]:
    """The arithmetic of each look-up: every match with its weight, and what they blend to."""
    if not found:
        yield "no override is in force: every multiplier is x1"
    for one in found:
        yield slice_text(one.pattern, one.category, scope)
        yield from _arithmetic(one)


def _arithmetic(one: Inspected) -> Iterator[str]:
    matches = one.blend.matches
    if not matches:
        yield "  no override matches: x1"
        return
    for override, weight in matches:
        inner = ", ".join(f"{name}={value}" for name, value in sorted(override.scope_subset.items()))
        yield (
            f"  {{{inner}}}: x{override.multiplier:.6g}, weight {weight:.6g} ="
            f" confidence {override.confidence:.6g} x ({len(override.scope_subset)} + 1)^{one.alpha:g}"
        )
    weights = fsum(weight for _, weight in matches)
    products = fsum(weight * override.multiplier for override, weight in matches)
    if weights <= 0:
        yield "  all weights are 0: x1"
        return
    kept = f", kept within {one.limits[0]:g} and {one.limits[1]:g}" if one.limits else ""
    yield f"  {products:.6g} / {weights:.6g} = {products / weights:.6g}{kept}: x{one.blend.multiplier:.6g}"


def _key(lesson: Lesson) -> str:
    return subset_key(lesson.pattern_key, lesson.action_category, lesson.scope_subset)


def _names(lessons: Sequence[Lesson]) -> set[str]:
    return {f"{one.lesson_type}|{_key(one)}" for one in lessons}


def _farness(multiplier: float) -> float:
    return max(multiplier, 1 / multiplier) if multiplier > 0 else 0.0


def _figure(lesson: Lesson, name: str) -> float | None:
    found = lesson.stats.get(name)
    return float(found) if isinstance(found, int | float) else None


def _count(lesson: Lesson, name: str) -> int:
    return int(_figure(lesson, name) or 0)
