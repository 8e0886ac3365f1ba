"""The curators: whose word is heard, and how much it counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tradeworthy.core.agents import State
from tradeworthy.desks.uptrend.config import CuratorSettings
from tradeworthy.desks.uptrend.events import Curator

ACTIVE = "active"


class Score(NamedTuple):
    """What a curator counts for, 0 to 1, and whether the table has him."""

    score: float
    known: bool


class Curators(State):
    """The table of curators by id. `unknown` is the score of one whom nobody listed."""

    unknown: float
    table: dict[str, Curator] = {}

    def take(self, curators: Iterable[Curator]) -> None:
        """Let `curators` be the whole table from now on."""
        self.table = {one.id: one for one in curators}

    def score(self, curator: str) -> Score:
        """The score of `curator`; one who is listed but not active counts for nothing."""
        found = self.table.get(curator)
        if found is None:
            return Score(self.unknown, known=False)
        return Score(found.final_weight if found.status == ACTIVE else 0.0, known=True)


def configured(curators: Iterable[CuratorSettings]) -> tuple[Curator, ...]:
    """The table that a configuration begins with."""
    return tuple(
        Curator(one.id, final_weight=one.weight, base_weight=one.weight, performance_weight=one.weight)
        for one in curators
    )
