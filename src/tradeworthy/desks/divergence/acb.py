"""The adaptive circuit breaker: how stress outside the market becomes boost, which changes sizes and nothing else.

    S = [funding < -0.0001] + [dvol > 55] + [dvol > 80] + [taker < 0.8] + [fng < 25 and another signal on]
    short book: boost = 1 + 0.5 ln(1 + S)          stress helps shorts
    long book:  boost = 1 - 0, 15, 45, 55, 75, 80 % for S = 0 to 5

What is absent counts 0, and the answer is then called degraded.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.desks.divergence.config import BoostSettings
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.market.panels import PanelClosed
from tradeworthy.risk.stance import BoostChanged

FUNDING_LOW = -1e-4
DVOL_ELEVATED, DVOL_EXTREME = 55.0, 80.0
TAKER_LOW = 0.8
FEAR = 25.0
FIGURES = ("funding_btc", "dvol_btc", "fng", "taker_ratio")
CUTS = (0.0, 0.15, 0.45, 0.55, 0.75, 0.80)
"""Shares that a book gives up at 0 to 5 signals."""

PERIODS_MAX = 2
"""A report older than so many of its periods says nothing."""

SECOND_NS = 1_000_000_000
STALE = "stale"
UNCHANGED = "boost_unchanged"


class Stress(msgspec.Struct, frozen=True):
    """`count` signals of stress, 0 to 5; `missing` names the figures that were absent."""

    count: int
    missing: tuple[str, ...] = ()

    @property
    def degraded(self) -> bool:
        """Whether a figure was absent, so that the count may be too low."""
        return bool(self.missing)


UNKNOWN = Stress(0, FIGURES)
"""The stress of which nothing is known."""


def figure_of(factors: FactorsObserved, name: str) -> float | None:
    """That figure, or None where it is absent, stale or no number."""
    value: float | None = getattr(factors, name)
    if value is None or name in factors.stale or not math.isfinite(value):
        return None
    return value


def stress_of(factors: FactorsObserved) -> Stress:
    """The signals that are on; fear alone is none, it confirms another."""
    figures = {name: figure_of(factors, name) for name in FIGURES}
    funding, dvol, fng, taker = (figures[name] for name in FIGURES)
    signals = (
        funding is not None and funding < FUNDING_LOW,
        dvol is not None and dvol > DVOL_ELEVATED,
        dvol is not None and dvol > DVOL_EXTREME,
        taker is not None and taker < TAKER_LOW,
    )
    count = sum(signals)
    if count and fng is not None and fng < FEAR:
        count += 1
    return Stress(count, tuple(name for name in FIGURES if figures[name] is None))


def boost_of(count: int, direction: int, short_response: str = "boost") -> float:
    """The size multiplier of a book of that direction (-1 short, +1 long) at `count` signals.

    Above 1 a short book risks more money in stress; `short_response` "cut_v5" lets it give up as much as a long one.
    """
    if direction < 0 and short_response == "boost":
        return 1.0 + 0.5 * math.log(1.0 + count)
    return 1.0 - CUTS[count]


class BoostsState(State):
    """The last stress and its time (UTC ns; 0: none came), and what was told last."""

    stress: Stress = UNKNOWN
    observed_ts: int = 0
    boost: float = 0.0
    beta: float = 0.0


class Boosts(Agent):
    """The part named `<desk>-boosts`: turns external factors into BoostChanged for its desk.

    Without factors it says nothing, and the desk runs at boost 1 with the beta of its own features. From then on each
    BoostChanged carries that beta too: `beta` reads it, and a change of it is told after the row that made it, so that
    it holds from the next. A report that is not renewed in PERIODS_MAX periods counts as absent.
    """

    state: BoostsState

    def __init__(self, desk: str, settings: BoostSettings, direction: int, beta: Callable[[], float]) -> None:
        super().__init__(f"{desk}-boosts", BoostsState(), desk=desk)
        self._settings = settings
        self._direction = direction
        self._beta = beta
        self._age_ns_max = round(PERIODS_MAX * settings.factors_period_s * SECOND_NS)

    @on(FactorsObserved)
    def take(self, event: FactorsObserved, context: Context) -> list[Event | str]:
        """Count the signals anew; a reading older than the last is not looked at."""
        if event.ts_event < self.state.observed_ts:
            return [UNCHANGED]
        self.state.observed_ts = event.ts_event
        self.state.stress = stress_of(event)
        context.wake_at(event.ts_event + self._age_ns_max + 1, STALE, late_ok=True)
        return self._tell(context)

    @on(WokeUp)
    def expire(self, _: WokeUp, context: Context) -> list[Event | str]:
        """The last report is too old to count."""
        self.state.stress = UNKNOWN
        return self._tell(context)

    @on(PanelClosed)
    def follow(self, _: PanelClosed, context: Context) -> list[Event | str] | None:
        """Tell of a beta that the row has changed."""
        # A reason of its own would stand in the place of the desk's for this bar.
        if not self.state.observed_ts:
            return None
        told = self._tell(context)
        return None if told == [UNCHANGED] else told

    def _tell(self, context: Context) -> list[Event | str]:
        state, stress = self.state, self.state.stress
        boost = boost_of(stress.count, self._direction, self._settings.short_response)
        beta = self._beta()
        if (boost, beta) == (state.boost, state.beta):
            return [UNCHANGED]
        state.boost, state.beta = boost, beta
        reason = f"stress {stress.count}"
        if stress.degraded:
            reason += f", without {', '.join(stress.missing)}"
        return [BoostChanged(boost, beta, context.now, self.desk, reason)]
