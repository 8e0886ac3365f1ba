"""Planted changes: the smallest one in one path's step."""

import math
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

BAR = 190
"""The bar of the day in which a step is changed."""

FEW = 240
"""Rows of the smaller recording, on which steps are changed."""

Change = Callable[[tuple[Any, ...], Any], Any]


def plant(monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str, change: Change) -> None:
    """Let one path's `step` do its work, then change what it answered."""
    real = getattr(module, step)

    def changed(*given: Any) -> Any:
        return change(given, real(*given))

    monkeypatch.setattr(module, step, changed)


def up(value: Any) -> float:
    """One unit in the last place more."""
    return math.nextafter(float(value), math.inf)


def features(given: tuple[Any, ...], answer: Any) -> Any:
    """The feature step's efficiency of the first instrument, which is in no bar log."""
    _, _, out = given
    if out.bar == BAR:
        out.efficiency[0] = up(out.efficiency[0])
    return answer


def signal(given: tuple[Any, ...], answer: Any) -> Any:
    """The signal step's z."""
    _, memory, _ = given
    if memory.bar == BAR:
        memory.z = up(memory.z)
    return answer


def decide(given: tuple[Any, ...], answer: Any) -> Any:
    """The run of postures that the decision step counts: one unit, as it is a whole number."""
    _, memory, _ = given
    if memory.bar == BAR:
        memory.posture_run += 1
    return answer


def size(given: tuple[Any, ...], answer: Any) -> Any:
    """The size step's multiplier."""
    _, memory, _ = given
    if memory.bar == BAR:
        memory.regime = up(memory.regime)
    return answer


def once(after: int, change: Callable[[Any], None], record: int) -> Change:
    """Change the record at place `record` of what a step was given, at the first call that follows `after` others."""
    calls: Iterator[int] = iter(range(1_000_000))

    def changed(given: tuple[Any, ...], answer: Any) -> Any:
        if answer is not False and next(calls) == after:
            change(given[record])
        return answer

    return changed


def one_more(name: str) -> Callable[[Any], None]:
    """One unit more of the field `name`: money is whole numbers."""

    def change(record: Any) -> None:
        setattr(record, name, int(getattr(record, name)) + 1)

    return change
