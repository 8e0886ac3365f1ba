"""How much of the book already stands where a candidate would stand, and what its size is multiplied by.

Source: specs/uptrend.md 18.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import fsum
from typing import NamedTuple

from tradeworthy.learning.events import Scope
from tradeworthy.learning.scopes import DIMENSIONS
from tradeworthy.learning.settings import LearningSettings

MASKS = (
    ("mcap_bucket",),
    ("mcap_bucket", "timeframe"),
    ("mcap_bucket", "timeframe", "macro_phase"),
)
"""The sets of dimensions in which positions are held against each other."""

MASK_WEIGHTS = tuple((len(mask) / len(DIMENSIONS)) ** 0.5 for mask in MASKS)
"""By mask: the square root of its share of all dimensions."""

PATTERN_WEIGHT = 0.5
"""What exposure of the candidate's own pattern counts for besides."""

NEUTRAL, LEAST, MOST = 1.0, 0.33, 1.33
CONCENTRATION_MAX = 100.0
"""Percent of equity that the book counts for at most."""

CROWD = 2
"""Other positions from which on the book is taken as it is, however small it be."""


class Exposed(NamedTuple):
    """A position: its key, the pattern and scope that it was entered with, and its exposure in percent of equity.

    The exposure is what is deployed, or reserved for open orders if that is more.
    """

    position: str
    pattern: str
    scope: Scope
    percent: float


class SkewTable:
    """The book as candidates are held against it: build it anew when the book changed."""

    def __init__(self, exposed: Iterable[Exposed], settings: LearningSettings) -> None:
        self._floor = settings.exposure_floor_pct
        self._book = [(one, _values(one.scope)) for one in exposed if one.percent > 0]

    def skew(self, pattern: str, scope: Mapping[str, str], *, excluding: str) -> float:
        """What an entry or add is multiplied by, 0.33 to 1.33: 1.33 less the share of the book that is like it.

        Position `excluding`, the candidate's own, does not count. 1.0 where the scope has none of the dimensions, and
        in an empty book. A book of one other position counts for at least exposure_floor_pct, so that the first one
        does not by itself cut the second to a third.
        """
        wanted = _values(scope)
        others = [(one, values) for one, values in self._book if one.position != excluding]
        if not others or not any(wanted):
            return NEUTRAL
        total = fsum(one.percent for one, _ in others)
        if len(others) < CROWD:
            total = max(total, self._floor)
        alike = fsum(
            weight * one.percent * (1.0 + PATTERN_WEIGHT * (one.pattern == pattern))
            for one, values in others
            for weight, value, want in zip(MASK_WEIGHTS, values, wanted, strict=True)
            if want and value == want
        )
        share = min(1.0, alike / min(total, CONCENTRATION_MAX))
        return max(LEAST, min(MOST, MOST - share))


def _values(scope: Mapping[str, str]) -> list[tuple[str, ...]]:
    """By mask the values of its dimensions; () where one is not known."""
    return [
        tuple(scope[name] for name in mask) if all(scope.get(name) for name in mask) else () for mask in MASKS
    ]
