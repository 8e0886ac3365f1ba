"""What overrides say of one decision: those whose slice it lies in, weighed by confidence and how narrow they are.

Source: specs/uptrend.md 17.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import fsum
from typing import NamedTuple

from tradeworthy.learning.events import Override
from tradeworthy.learning.scopes import TUNING_DX_MIN, TUNING_HALO, TUNING_TS_MIN, contains
from tradeworthy.learning.settings import LearningSettings

PERCENT_RANGE = (10.0, 90.0)
"""What ts_min and dx_min are kept within, on a scale of 0 to 100."""

HALO_RANGE = (0.5, 3.0)
"""What the halo is kept within, in ATRs."""


class Match(NamedTuple):
    """An override that speaks for a decision, and its share in the blend before division by their sum."""

    override: Override
    weight: float


class Blend(NamedTuple):
    """One multiplier of all matches (none: 1.0), and each of them with its weight, in the table's order."""

    multiplier: float
    matches: tuple[Match, ...]


NOTHING = Blend(1.0, ())
"""What no override says."""

BLENDS_KEPT = 10_000
"""So many blends a table remembers."""


class Controls(NamedTuple):
    """The gates that tuning may move: `ts_min` and `dx_min` of 0 to 100, `halo_mult` in ATRs.

    `moved` says whether an override did move one.
    """

    ts_min: float = 60.0
    halo_mult: float = 1.0
    dx_min: float = 60.0
    moved: bool = False


class OverrideTable(tuple[Override, ...]):  # noqa: SLOT001 - a tuple has no room for slots
    """Overrides that are asked at every bar: found by pattern and category, and each scope's blend made once."""

    _of: dict[tuple[str, str], list[Override]]
    _blends: dict[tuple[object, ...], Blend]

    def __init__(self, overrides: Iterable[Override]) -> None:
        del overrides  # tuple.__new__ took them
        self._of, self._blends = {}, {}
        for one in self:
            self._of.setdefault((one.pattern_key, one.action_category), []).append(one)

    def blend(self, pattern: str, category: str, scope: Mapping[str, str], alpha: float) -> Blend:
        """As the function `blend` over this table."""
        of = self._of.get((pattern, category))
        if of is None:
            return NOTHING
        key = (pattern, category, alpha, *scope.items())
        found = self._blends.get(key)
        if found is None:
            if len(self._blends) >= BLENDS_KEPT:
                self._blends.clear()
            found = self._blends[key] = _blend(of, pattern, category, scope, alpha)
        return found


def blend(
    overrides: Iterable[Override],
    pattern: str,
    category: str,
    scope: Mapping[str, str],
    alpha: float = 1.5,
) -> Blend:
    """sum(w * multiplier) / sum(w) over active overrides of (pattern, category) whose slice contains `scope`.

    w = confidence * (dimensions of the slice + 1) ** alpha. The multiplier lies within those of its matches, and does
    not depend on their order.
    """
    if isinstance(overrides, OverrideTable):
        return overrides.blend(pattern, category, scope, alpha)
    return _blend(overrides, pattern, category, scope, alpha)


def _blend(
    overrides: Iterable[Override], pattern: str, category: str, scope: Mapping[str, str], alpha: float
) -> Blend:
    matches = tuple(
        Match(one, one.confidence * float(len(one.scope_subset) + 1) ** alpha)
        for one in overrides
        if one.pattern_key == pattern
        and one.action_category == category
        and one.status == "active"
        and contains(scope, one.scope_subset)
    )
    total = fsum(match.weight for match in matches)
    if total <= 0:
        return Blend(1.0, matches)
    mean = fsum(match.weight * match.override.multiplier for match in matches) / total
    voices = [match.override.multiplier for match in matches if match.weight > 0]
    return Blend(_clamped(mean, min(voices), max(voices)), matches)


def strength(
    overrides: Iterable[Override],
    pattern: str,
    category: str,
    scope: Mapping[str, str],
    settings: LearningSettings,
) -> Blend:
    """What the size of an entry or add is multiplied by, within strength_min and strength_max.

    Exits and trims must not be multiplied by it: a shrunk exit leaves money at risk.
    """
    if not settings.strength_enabled:
        return Blend(1.0, ())
    found = blend(overrides, pattern, category, scope, settings.specificity_alpha)
    return found._replace(multiplier=_clamped(found.multiplier, settings.strength_min, settings.strength_max))


def controls(
    overrides: Iterable[Override],
    pattern: str,
    scope: Mapping[str, str],
    settings: LearningSettings,
    base: Controls,
) -> Controls:
    """The gates in force for `pattern`: each of `base` times its blended multiplier, within its range.

    A base outside the range is the range's end on its side: a tightening never loosens it, nor the other way round.
    """
    if not settings.tuning_enabled:
        return base
    table = overrides if isinstance(overrides, OverrideTable) else tuple(overrides)
    alpha = settings.specificity_alpha

    def tuned(category: str, value: float, least: float, most: float) -> float:
        multiplier = blend(table, pattern, category, scope, alpha).multiplier
        return _clamped(value * multiplier, min(least, value), max(most, value))

    ts_min = tuned(TUNING_TS_MIN, base.ts_min, *PERCENT_RANGE)
    halo_mult = tuned(TUNING_HALO, base.halo_mult, *HALO_RANGE)
    dx_min = tuned(TUNING_DX_MIN, base.dx_min, *PERCENT_RANGE)
    moved = (ts_min, halo_mult, dx_min) != (base.ts_min, base.halo_mult, base.dx_min)
    return Controls(ts_min, halo_mult, dx_min, moved or base.moved)


def _clamped(value: float, least: float, most: float) -> float:
    return max(least, min(most, value))
