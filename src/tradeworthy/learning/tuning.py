"""What the outcomes of opportunity windows say of the gates: rates by slice, and which way each gate should drift.

Source: specs/uptrend.md 16 and 19.6. A window that was skipped and turned out well is a miss, one that was acted on and
turned out badly a false positive.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, sqrt
from typing import NamedTuple

from tradeworthy.core.events import Figure
from tradeworthy.learning.events import EpisodeFact, Lesson, Scope
from tradeworthy.learning.scopes import TUNING
from tradeworthy.learning.settings import LearningSettings

DAY = 86_400 * 1_000_000_000

TUNABLE = {"ts": "ts_min", "halo": "halo", "dx": "dx_min"}
"""The gates that tuning moves, and what their pressure is called; what another gate blocked, none of them loosens."""

ACTED, SKIPPED = "acted", "skipped"
SUCCESS, FAILURE, NEUTRAL = "success", "failure", "neutral"
LESSON_TYPE = "tuning_rates"


class _Sets(NamedTuple):
    """Windows as bits, oldest lowest: those with each property, so that a slice is an AND and a count its bits."""

    acted: int
    skipped: int
    success: int
    failure: int
    attributed: int
    blocked: dict[str, int]
    loosens: dict[str, int]


class _Slice(NamedTuple):
    pattern: str
    mask: tuple[tuple[str, str], ...]
    windows: int
    first: int


def mine_tuning(episodes: Sequence[EpisodeFact], settings: LearningSettings, asof_ts: int) -> list[Lesson]:
    """A lesson for each slice of at least tuning_n_min windows of one pattern, shallow slices first.

    Windows count that have an outcome and are at most lookback_days older than `asof_ts` (UTC ns), the newest
    events_max of them. Each subset of dimensions is visited once, in sorted order; depth_max and lessons_max bound it.
    Rates are rounded to 3 decimals and 0.0 over no windows: n_acted and n_skipped tell.
    """
    windows = _usable(episodes, settings, asof_ts)
    sets = _sets(windows)
    patterns = _bits(windows, lambda one: [one.pattern_key])
    dimensions = sorted({name for one in windows for name in one.scope})
    values = [sorted(_bits(windows, _valued(name)).items()) for name in dimensions]
    queue = deque(
        _Slice(pattern, (), having, 0)
        for pattern, having in sorted(patterns.items())
        if having.bit_count() >= settings.tuning_n_min
    )
    lessons: list[Lesson] = []
    while queue and len(lessons) < settings.lessons_max:
        one = queue.popleft()
        lessons.append(_lesson(one, sets))
        if settings.depth_max is not None and len(one.mask) >= settings.depth_max:
            continue
        for place in range(one.first, len(dimensions)):
            for value, having in values[place]:
                inner = one.windows & having
                room = len(lessons) + len(queue) < settings.lessons_max
                if room and inner.bit_count() >= settings.tuning_n_min:
                    mask = (*one.mask, (dimensions[place], value))
                    queue.append(_Slice(one.pattern, mask, inner, place + 1))
    return lessons


def pressures(stats: Mapping[str, Figure], settings: LearningSettings | None = None) -> dict[str, float]:
    """By gate (ts_min, halo, dx_min) the misses that it could have caught less all false positives.

    Above zero asks to loosen. A miss whose blocking gates are known counts for those of them that tuning moves, and
    for none if any other gate blocked it too; one without attribution (imported) counts for all. With
    `settings.pressure_scale` the difference is over the square root of the windows: it grows with evidence, not volume.
    """
    misses, false, total = (_count(stats, key) for key in ("n_misses", "n_fps", "n_total"))
    unknown = misses - _count(stats, "n_attributed")
    scale = 1.0
    if settings is not None and settings.pressure_scale is not None and total > 0:
        scale = settings.pressure_scale / sqrt(total)
    return {
        name: scale * (unknown + _count(stats, f"loosens_{gate}") - false) for gate, name in TUNABLE.items()
    }


def drift(pressure: float, settings: LearningSettings) -> tuple[float, float]:
    """The multipliers of a threshold and of a halo: exp(-eta p) and exp(+eta p), within drift_min and drift_max.

    Both are 1.0 where |eta p| is under drift_noise, so loosening and tightening have one floor. They apply to the
    engine's own gates and never to tuned ones: what was missed once does not push again at each run.
    """
    step = settings.eta * pressure
    if abs(step) < settings.drift_noise:
        return 1.0, 1.0
    return _drifted(-step, settings), _drifted(step, settings)


def _drifted(step: float, settings: LearningSettings) -> float:
    # Beyond 50 the result is clamped anyway, and exp would overflow far beyond it.
    return max(settings.drift_min, min(settings.drift_max, exp(max(-50.0, min(50.0, step)))))


def _usable(episodes: Sequence[EpisodeFact], settings: LearningSettings, asof_ts: int) -> list[EpisodeFact]:
    """The windows that count, oldest first; of two records of one window the later stands."""
    oldest = asof_ts - settings.lookback_days * DAY
    recent = [one for one in episodes if one.outcome and oldest <= one.ts <= asof_ts]
    last = {one.window: place for place, one in enumerate(recent)}
    once = [one for place, one in enumerate(recent) if not one.window or last[one.window] == place]
    return sorted(once, key=lambda one: (one.ts, one.window))[-settings.events_max :]


def _bits(windows: Sequence[EpisodeFact], words_of: Callable[[EpisodeFact], Iterable[str]]) -> dict[str, int]:
    """By word the windows that have it."""
    found: dict[str, int] = {}
    for place, one in enumerate(windows):
        for word in words_of(one):
            found[word] = found.get(word, 0) | 1 << place
    return found


def _valued(name: str) -> Callable[[EpisodeFact], Iterable[str]]:
    """What gives a window's value of dimension `name`, if it has one."""
    return lambda one: [one.scope[name]] if name in one.scope else []


def _sets(windows: Sequence[EpisodeFact]) -> _Sets:
    decisions = _bits(windows, lambda one: [one.decision])
    outcomes = _bits(windows, lambda one: [one.outcome])
    attributed = _bits(windows, lambda one: ["known"] if one.gates or one.blocked_by else [])
    return _Sets(
        decisions.get(ACTED, 0),
        decisions.get(SKIPPED, 0),
        outcomes.get(SUCCESS, 0),
        outcomes.get(FAILURE, 0),
        attributed.get("known", 0),
        dict(sorted(_bits(windows, lambda one: one.blocked_by).items())),
        _bits(windows, _loosened),
    )


def _loosened(one: EpisodeFact) -> tuple[str, ...]:
    """The gates that tuning would have to loosen for this window to pass: none if another gate blocked it too."""
    return one.blocked_by if all(gate in TUNABLE for gate in one.blocked_by) else ()


def _lesson(one: _Slice, sets: _Sets) -> Lesson:
    acted, skipped = one.windows & sets.acted, one.windows & sets.skipped
    missed, false = skipped & sets.success, acted & sets.failure
    n_acted, n_skipped = acted.bit_count(), skipped.bit_count()
    stats: dict[str, Figure] = {
        "wr": _rate((acted & sets.success).bit_count(), n_acted),
        "fpr": _rate(false.bit_count(), n_acted),
        "mr": _rate(missed.bit_count(), n_skipped),
        "dr": _rate((skipped & sets.failure).bit_count(), n_skipped),
        "n_acted": n_acted,
        "n_skipped": n_skipped,
        "n_misses": missed.bit_count(),
        "n_fps": false.bit_count(),
        "n_total": one.windows.bit_count(),
        "n_attributed": (missed & sets.attributed).bit_count(),
    }
    for gate, windows in sets.blocked.items():
        if blocked := (missed & windows).bit_count():
            stats[f"blocked_{gate}"] = blocked
    for gate in TUNABLE:
        if loosens := (missed & sets.loosens.get(gate, 0)).bit_count():
            stats[f"loosens_{gate}"] = loosens
    scope: Scope = dict(one.mask)
    return Lesson(one.pattern, TUNING, scope, one.windows.bit_count(), stats, lesson_type=LESSON_TYPE)


def _rate(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0


def _count(stats: Mapping[str, Figure], key: str) -> float:
    known = stats.get(key, 0)
    return float(known) if isinstance(known, int | float) else 0.0
