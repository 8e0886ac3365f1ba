"""Phases of the market on three horizons, read from the bars of one instrument (specs/uptrend.md 7.3).

On log closes smoothed over n bars the lens of a horizon is

    0.5 slope over k bars + 0.3 its change over d bars + 0.2 change over d bars + 0.1 distance from the mean of L bars

each over its own root mean square of the last L bars, so that a steady trend keeps its sign and size. The score names
a phase; a phase holds for its dwell, and Good falls back to Recover only HYSTERESIS under where it began.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.history import BarHistory
from tradeworthy.desks.uptrend.names import Row, part_name
from tradeworthy.market.bars import BarClosed

Floats = npt.NDArray[np.float64]

HOUR_NS = 3_600_000_000_000
HYSTERESIS = 0.20

LABELS: Final = (
    (1.20, "euphoria"),
    (0.40, "good"),
    (-0.20, "recover"),
    (-0.90, "dip"),
    (-1.30, "double-dip"),
    (-math.inf, "oh-shit"),
)
"""The least score of each phase, the highest first."""


class Horizon(NamedTuple):
    """How far a horizon looks: bars to smooth, of the slope, of its change, of the scale; hours that a phase holds."""

    name: str
    smooth: int
    slope: int
    change: int
    scale: int
    dwell_h: int

    @property
    def bars(self) -> int:
        """Bars without which it says nothing."""
        return 3 * self.smooth + self.slope + self.change + self.scale


HORIZONS = (
    Horizon("micro", 3, 8, 2, 14, 1),
    Horizon("meso", 5, 12, 6, 30, 12),
    Horizon("macro", 7, 20, 24, 60, 72),
)
BARS = 256
"""The newest bars that are looked at."""


class Phase(msgspec.Struct, frozen=True):
    """A horizon's phase ("" is not known yet), the score it was last judged by, and since when (UTC ns)."""

    label: str = ""
    score: float = 0.0
    since: int = 0


class RegimeContext(msgspec.Struct, frozen=True):
    """What the levers and scopes are told: phases ("": unknown), pressure to cut (0 to 1), the scope's dimensions."""

    macro: str = ""
    meso: str = ""
    micro: str = ""
    cut_pressure: float = 0.0
    scope: dict[str, str] = {}


class RegimeState(State):
    """The phases by horizon."""

    phases: dict[str, Phase] = {}


class Regime(Agent):
    """The part named `regime`; without an instrument all phases are unknown, which is neutral."""

    state: RegimeState

    def __init__(self, desk: str, settings: UptrendSettings, history: BarHistory) -> None:
        super().__init__(part_name(desk, "regime"), RegimeState(), desk)
        self._settings, self._history = settings.regime, history
        self._row = Row(settings.regime.instrument, settings.regime.timeframe)

    @on(BarClosed)
    def judge(self, bar: BarClosed, context: Context) -> None:
        """Look again at each horizon that has its bars."""
        if (bar.instrument, bar.timeframe) != self._row or not bar.instrument:
            return
        closes = self._history.window(self._row, BARS).close
        for horizon in HORIZONS:
            if len(closes) >= horizon.bars:
                before = self.state.phases.get(horizon.name, Phase())
                self.state.phases[horizon.name] = next_phase(
                    before, lens(closes, horizon), horizon, context.now
                )

    def read(self) -> RegimeContext:
        """What is known now."""
        labels = {name: phase.label for name, phase in self.state.phases.items() if phase.label}
        return RegimeContext(
            macro=labels.get("macro", ""),
            meso=labels.get("meso", ""),
            micro=labels.get("micro", ""),
            cut_pressure=self._settings.cut_pressure,
            scope={f"{name}_phase": label for name, label in labels.items()},
        )


def lens(closes: Floats, horizon: Horizon) -> float:
    """The score of a horizon at the last of `closes` (oldest first, at least `horizon.bars`, above 0)."""
    smooth = _smoothed(np.log(closes), horizon.smooth)
    slope = (smooth[horizon.slope :] - smooth[: -horizon.slope]) / horizon.slope
    bend = slope[horizon.change :] - slope[: -horizon.change]
    change = smooth[horizon.change :] - smooth[: -horizon.change]
    last = smooth[-horizon.scale :]
    level = last - math.fsum(last.tolist()) / len(last)
    parts = ((0.5, slope), (0.3, bend), (0.2, change), (0.1, level))
    return math.fsum(weight * _scaled(part[-horizon.scale :].tolist()) for weight, part in parts)


def label_of(score: float, before: str = "") -> str:
    """The phase of a score after phase `before`: Good holds a little longer, Recover falls to Dip before Double-Dip."""
    found = next(label for least, label in LABELS if score >= least)
    if before == "good" and found == "recover" and score >= LABELS[1][0] - HYSTERESIS:
        return before
    if before == "recover" and found == "double-dip":
        return "dip"
    return found


def next_phase(before: Phase, score: float, horizon: Horizon, now: int) -> Phase:
    """The phase at session time `now`: another than `before` only after its dwell."""
    label = label_of(score, before.label)
    if before.label and (label == before.label or now - before.since < horizon.dwell_h * HOUR_NS):
        return msgspec.structs.replace(before, score=score)
    return Phase(label, score, now)


def _smoothed(values: Floats, span: int) -> Floats:
    """The exponential average, seeded with the first value."""
    alpha, kept = 2.0 / (span + 1.0), float(values[0])
    made = []
    for value in values.tolist():
        kept += alpha * (value - kept)
        made.append(kept)
    return np.array(made)


def _scaled(values: list[float]) -> float:
    """The last value over the root mean square of all; 0 where nothing moves."""
    scale = math.sqrt(math.fsum(value * value for value in values) / len(values))
    return values[-1] / scale if scale > 1e-12 else 0.0
