"""The judge: which lessons become overrides, how strong, and which overrides lose their ground.

Source: specs/uptrend.md 16. A strength override needs an edge that is large enough as mined and as shrunk, with one
sign, and a q-value of at most q_max; a tuning override of a narrower slice needs windows that pull otherwise than the
wider one's (contrasts.py); learning changes the sizes of entries and adds alone, so that other categories
have lessons but no overrides (B12). Loosening these gates lets chance change sizes, which can lose money.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from tradeworthy.core.events import Figure
from tradeworthy.learning.contrasts import OTHERS_MIN, SliceKey, distinct, key_of
from tradeworthy.learning.events import Lesson, Override, Scope
from tradeworthy.learning.scopes import (
    TUNING_DX_MIN,
    TUNING_HALO,
    TUNING_TS_MIN,
    subset_key,
)
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.tuning import drift, pressures

ACTIVE, ARCHIVED = "active", "archived"
STRENGTH, TUNING_RATES = "pm_strength", "tuning_rates"
ADD = "add"
SIZED = ("entry", ADD)
"""The categories whose sizes a strength override multiplies."""

NEUTRAL = 1.0
ROLLED_BACK = "rolled back by a person"
VANISHED = "its lesson is no longer mined"
REPEATED = "a wider slice says the same"

_GATES = {
    "S1": {TUNING_TS_MIN: "ts_min", TUNING_HALO: "halo"},
    "S3": {TUNING_TS_MIN: "ts_min", TUNING_DX_MIN: "dx_min"},
}
"""By the state in the pattern key, which categories tune it and by which pressure."""

_ROUNDING = 1e-12


class _Wanted(NamedTuple):
    """What a lesson asks for; `lost` says why it asks for nothing ("": it does)."""

    pattern_key: str
    category: str
    scope: Scope
    lesson: str
    multiplier: float = NEUTRAL
    confidence: float = 0.0
    decay_state: str = ""
    reason: str = ""
    lost: str = ""

    @property
    def id(self) -> str:
        """The override's id."""
        return override_id(self.pattern_key, self.category, self.scope)


def judge(
    lessons: Sequence[Lesson],
    standing: Sequence[Override],
    settings: LearningSettings,
    blocked: Collection[str],
    kept: Collection[str] = (),
) -> list[Override]:
    """The whole table of overrides after `standing`, archived ones included, by slice.

    An override whose lesson vanished, lost its evidence or is switched off is archived: its multiplier is 1.0 from then
    on and the one that it had its `previous`; the run after that lists it no more. Ids in `blocked` were taken back by
    a person and stay archived. A run moves a multiplier by at most change_max, a new one from 1.0; archiving is not
    held up by it. Ids in `kept` stand without a lesson until one of their slice is mined.
    """
    wanted = {one.id: one for one in _asked(lessons, settings)}
    before = {one.id: one for one in standing}
    table = []
    for name, one in wanted.items():
        old = before.get(name)
        if name in blocked:
            if old is not None:
                table.append(_archived(old, ROLLED_BACK))
        elif not one.lost:
            table.append(_changed(one, old, settings.change_max))
        elif old is not None and old.status == ACTIVE:
            table.append(_archived(old, one.lost))
    for name, old in before.items():
        if name in kept and name not in wanted and name not in blocked:
            table.append(old)
        elif name not in wanted and (name in blocked or old.status == ACTIVE):
            table.append(_archived(old, ROLLED_BACK if name in blocked else VANISHED))
    return sorted(table, key=lambda one: subset_key(one.pattern_key, one.action_category, one.scope_subset))


def override_id(pattern_key: str, category: str, scope: Mapping[str, str]) -> str:
    """The id of the override for a slice: 16 hex digits, always the same."""
    return blake2b(subset_key(pattern_key, category, scope).encode(), digest_size=8).hexdigest()


def lesson_name(lesson: Lesson) -> str:
    """A lesson's name as overrides give it: `type|pattern|category|{scope}`."""
    key = subset_key(lesson.pattern_key, lesson.action_category, lesson.scope_subset)
    return f"{lesson.lesson_type}|{key}"


def _asked(lessons: Sequence[Lesson], settings: LearningSettings) -> Iterable[_Wanted]:
    tuning = [one for one in lessons if one.lesson_type == TUNING_RATES]
    own = distinct([one for one in tuning if one.status == ACTIVE], settings.q_max)
    whole = {
        one.pattern_key: one
        for one in lessons
        if one.lesson_type == STRENGTH and one.action_category == ADD and not one.scope_subset
    }
    for one in lessons:
        if one.lesson_type == STRENGTH and one.action_category in SIZED:
            yield _strength(one, settings, whole.get(one.pattern_key))
    for one in tuning:
        yield from _tuning(one, settings, own)


def _own_edges(lesson: Lesson, whole: Lesson | None) -> tuple[float, float]:
    """The edge as mined and as shrunk; an add's beside all adds of its pattern, not beside all trades.

    A fact carries its whole trade's result, and only trades that did well get as far as an add: beside all trades every
    add looks good, and nothing follows from it.
    """
    edge, shrunk = (_figure(lesson.stats, name) for name in ("edge_raw", "edge_shrunk"))
    if lesson.action_category != ADD:
        return edge, shrunk
    if whole is None or lesson.n > whole.n - OTHERS_MIN:
        return 0.0, 0.0
    delta = _figure(lesson.stats, "delta_rr")
    own = _figure(lesson.stats, "avg_rr") - _figure(whole.stats, "avg_rr")
    return (edge * own / delta if delta else 0.0), shrunk - _figure(whole.stats, "edge_shrunk")


def _strength(lesson: Lesson, settings: LearningSettings, whole: Lesson | None) -> _Wanted:
    """An entry's or add's override, or what it lacks; `whole` is the lesson of all adds of its pattern."""
    figures = {name: _figure(lesson.stats, name) for name in ("support", "reliability")}
    edge, shrunk = _own_edges(lesson, whole if lesson.action_category == ADD else None)
    q_value = _figure(lesson.stats, "q_value", 1.0)
    asked = _Wanted(lesson.pattern_key, lesson.action_category, lesson.scope_subset, lesson_name(lesson))
    if not settings.strength_enabled:
        return asked._replace(lost="strength is switched off")
    if lesson.status != ACTIVE:
        return asked._replace(lost=f"its lesson is {lesson.status}")
    if abs(edge) < settings.edge_min - _ROUNDING:
        return asked._replace(lost=f"edge {edge:+.4f} is under {settings.edge_min:g}")
    if q_value > settings.q_max:
        return asked._replace(lost=f"q-value {q_value:.4f} is over {settings.q_max:g}")
    if abs(shrunk) < settings.edge_min - _ROUNDING or (shrunk > 0) != (edge > 0):
        return asked._replace(
            lost=f"shrunk edge {shrunk:+.4f} does not hold up edge {edge:+.4f} by {settings.edge_min:g}"
        )
    decay = _figure(lesson.stats, "decay_multiplier", 1.0)
    return asked._replace(
        multiplier=_clamped(NEUTRAL + edge, settings.strength_min, settings.strength_max),
        confidence=_clamped(figures["support"] * figures["reliability"] * decay, 0.0, 1.0),
        decay_state=str(lesson.stats.get("decay_state") or ""),
        reason=f"edge {edge:+.4f}, shrunk {shrunk:+.4f}, q {q_value:.4f}, {lesson.n} trades",
    )


def _tuning(
    lesson: Lesson, settings: LearningSettings, own: Collection[tuple[SliceKey, str]]
) -> Iterable[_Wanted]:
    """Overrides of the gates that the lesson's pattern has; a gate that should not move has lost its override."""
    pressure = pressures(lesson.stats, settings)
    state = lesson.pattern_key.rpartition(".")[0].rpartition(".")[2]
    for category, gate in _GATES.get(state, {}).items():
        asked = _Wanted(lesson.pattern_key, category, lesson.scope_subset, lesson_name(lesson))
        here = pressure[gate]
        threshold, halo = drift(here, settings)
        multiplier = halo if category == TUNING_HALO else threshold
        if not settings.tuning_enabled:
            yield asked._replace(lost="tuning is switched off")
        elif lesson.status != ACTIVE:
            yield asked._replace(lost=f"its lesson is {lesson.status}")
        elif (key_of(lesson), gate) not in own:
            yield asked._replace(lost=REPEATED)
        elif multiplier == NEUTRAL:
            yield asked._replace(lost=f"pressure {here:+g} is within the noise")
        else:
            reason = f"pressure {here:+g} of {lesson.n} windows"
            yield asked._replace(multiplier=multiplier, confidence=1.0, reason=reason)


def _changed(asked: _Wanted, old: Override | None, change_max: float | None) -> Override:
    """The override that a lesson asks for, as far as one run may go; as it stands if nothing of it changes."""
    had = NEUTRAL if old is None else old.multiplier
    multiplier = asked.multiplier
    if change_max is not None:
        multiplier = _clamped(multiplier, had - change_max, had + change_max)
    new = Override(
        id=asked.id,
        pattern_key=asked.pattern_key,
        action_category=asked.category,
        scope_subset=asked.scope,
        multiplier=multiplier,
        confidence=asked.confidence,
        lessons=(asked.lesson,),
        decay_state=asked.decay_state,
        previous=None if old is None else old.multiplier,
        reason=asked.reason,
    )
    if old is not None and old.status == ACTIVE and old.multiplier == multiplier:
        return msgspec.structs.replace(new, previous=old.previous)
    return new


def _archived(old: Override, reason: str) -> Override:
    """The override out of force; one that is already stays as it is."""
    if old.status == ARCHIVED:
        return old
    return msgspec.structs.replace(
        old, status=ARCHIVED, multiplier=NEUTRAL, previous=old.multiplier, reason=reason
    )


def _clamped(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))


def _figure(stats: Mapping[str, Figure], name: str, absent: float = 0.0) -> float:
    known = stats.get(name)
    return float(known) if isinstance(known, int | float) else absent
