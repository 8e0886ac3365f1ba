"""What goes wrong with the books of one market, and when."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from tradeworthy.core.draws import draw
from tradeworthy.gateways.simulator.prediction_settings import FaultSettings

CELL_MS = 300_000
"""Time in which at most one fault begins, and ends."""

DAY_MS = 86_400_000


class FaultKind(StrEnum):
    """The faults, by the names of their settings."""

    STALE = "stale"
    DEAD = "dead"
    GAP = "gap"
    CROSSED = "crossed"
    MISPRICED = "mispriced"


LASTS_S = {
    FaultKind.STALE: (20.0, 90.0),
    FaultKind.DEAD: (10.0, 60.0),
    FaultKind.GAP: (5.0, 30.0),
    FaultKind.CROSSED: (1.0, 3.0),
    FaultKind.MISPRICED: (3.0, 20.0),
}
"""Least and most seconds of each."""


class Fault(NamedTuple):
    """A fault in the steps from `begin` to before `end`; `amount` in [0, 1) says how bad it is."""

    kind: FaultKind
    begin: int
    end: int
    amount: float


class BookFaults:
    """The faults of one market: a function of seed, market and step."""

    def __init__(self, settings: FaultSettings, seed: int, market: str, step_ms: int) -> None:
        self._seed, self._stream, self._step_ms = seed, f"predictions/fault/{market}", step_ms
        self._cell_steps = CELL_MS // step_ms
        self._until: list[tuple[float, FaultKind]] = []
        chance = 0.0
        for kind in FaultKind:
            chance += float(getattr(settings, kind.value)) * CELL_MS / DAY_MS
            self._until.append((chance, kind))
        self._cell, self._fault = -1, self._drawn(-1)

    def at(self, step: int) -> Fault | None:
        """The fault of `step`, or None."""
        cell = step // self._cell_steps
        if cell != self._cell:
            self._cell, self._fault = cell, self._drawn(cell)
        fault = self._fault
        return fault if fault is not None and fault.begin <= step < fault.end else None

    def _drawn(self, cell: int) -> Fault | None:
        share = draw(self._seed, self._stream, 4 * cell)
        kind = next((kind for until, kind in self._until if share < until), None)
        if kind is None:
            return None
        least, most = LASTS_S[kind]
        seconds = least + (most - least) * draw(self._seed, self._stream, 4 * cell + 1)
        steps = min(max(1, round(seconds * 1000 / self._step_ms)), self._cell_steps)
        room = self._cell_steps - steps + 1
        begin = cell * self._cell_steps + int(draw(self._seed, self._stream, 4 * cell + 2) * room)
        return Fault(kind, begin, begin + steps, draw(self._seed, self._stream, 4 * cell + 3))
