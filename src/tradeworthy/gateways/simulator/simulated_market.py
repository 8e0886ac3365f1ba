"""One simulated market: its question, its life in steps, and what its makers hold fair."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from tradeworthy.core.draws import draw
from tradeworthy.gateways.simulator.oracle_path import YEAR_MINUTES, OraclePath
from tradeworthy.gateways.simulator.prediction_settings import MINUTE_MS, PredictionSettings
from tradeworthy.market import digital
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.predictions import Market

LATE_TIMES = 10
"""A late resolution takes so many times as long."""

FAIR_LEAST = 0.02
"""A mispriced quote stays at least this far from 0 and 1."""


class Life(NamedTuple):
    """Steps of a market's life: traded from `opened` to before `closed`; `disputed` is -1 if it is not."""

    opened: int
    closed: int
    disputed: int
    resolved: int


class Endings:
    """When markets resolve after their end, whether late, disputed or split: drawn by market."""

    def __init__(self, settings: PredictionSettings, seed: int) -> None:
        self._settings, self._seed = settings, seed
        slowest = settings.resolution_s * (LATE_TIMES if settings.late_share else 1)
        if settings.disputed_share:
            slowest += settings.dispute_s
        self.tail = self._steps(slowest) + 1

    def life(self, market: str, opened: int, closed: int) -> Life:
        """The life of a market that is traded from `opened` to before `closed`."""
        settings = self._settings
        late = draw(self._seed, "predictions/late resolution", market) < settings.late_share
        proposed = closed + self._steps(settings.resolution_s * (LATE_TIMES if late else 1))
        if draw(self._seed, "predictions/dispute", market) >= settings.disputed_share:
            return Life(opened, closed, -1, proposed)
        return Life(opened, closed, proposed, proposed + self._steps(settings.dispute_s))

    def split(self, market: str) -> bool:
        """Whether `market` pays half to each side."""
        return draw(self._seed, "predictions/split", market) < self._settings.split_share

    def _steps(self, seconds: float) -> int:
        """Whole steps, rounded up."""
        return math.ceil(seconds * 1000 / self._settings.step_ms)


class Card(NamedTuple):
    """What all markets have: the question, its life, its fee rate, and the group whose quotes move together."""

    market: Market
    life: Life
    fee_rate: Decimal
    group: str


class SimulatedMarket(ABC):
    """A market with its card: what makers hold fair, and what it pays."""

    def __init__(self, card: Card) -> None:
        self.card = card

    @abstractmethod
    def fairs(self, first: int, end: int, seen: Sequence[int] = ()) -> list[float]:
        """The probability of YES by step, from `first` to before `end`, to one who knows the prices up to `seen`.

        `seen` has a step for each and never falls; without it all is known in time, and that is the true one.
        """

    @abstractmethod
    def payout(self) -> int:
        """Cash units of a YES share in the end."""

    def mispriced(self, fair: float, step: int, seen: int, amount: float) -> float:
        """What the quotes of one who has seen the price of `seen` stand around when off by `amount` (signed)."""
        del step, seen
        return bounded(fair + amount)


class Ahead(NamedTuple):
    """What lies ahead of a price market: annualised volatility, and years to its end."""

    volatility: float
    tau_years: float


class PriceMarket(SimulatedMarket):
    """A market on a price at the step `end`; `split` says that it pays half to each side."""

    def __init__(self, card: Card, path: OraclePath, end: int, *, split: bool) -> None:
        super().__init__(card)
        self.path, self.end, self._split = path, end, split
        self._year_steps = YEAR_MINUTES * path.points_a_minute
        self._ahead: tuple[int, int, list[Ahead]] = (0, 0, [])

    def fairs(self, first: int, end: int, seen: Sequence[int] = ()) -> list[float]:
        """By the formula of the market's shape, at the price seen and the volatility that is to be expected."""
        if first >= end:
            return []
        begin, last = (seen[0], seen[-1]) if seen else (first, end - 1)
        known = self.path.prices(begin, last + 1)
        spots = [known[at - begin] for at in seen] if seen else known
        steps = range(first, end)
        return [self.fair(*one) for one in zip(spots, steps, self._aheads(first, end), strict=True)]

    def payout(self) -> int:
        """All to the side that is right, or half to each."""
        if self._split:
            return CASH_UNIT // 2
        return CASH_UNIT if self.is_yes() else 0

    def ahead(self, step: int) -> Ahead:
        """The volatility to expect from `step` to the end, and that time in years."""
        tau = (self.end - step) / self._year_steps
        return Ahead(self.path.volatility(step, tau), tau)

    def _aheads(self, first: int, end: int) -> list[Ahead]:
        """The same by step; kept for the next call, which is of the same steps as a rule."""
        if self._ahead[:2] != (first, end):
            self._ahead = first, end, [self.ahead(step) for step in range(first, end)]
        return self._ahead[2]

    @abstractmethod
    def fair(self, spot: float, step: int, ahead: Ahead) -> float:
        """The probability of YES at `step`, seen from the price `spot`."""

    @abstractmethod
    def is_yes(self) -> bool:
        """Whether the market's answer is yes."""


class WindowMarket(PriceMarket):
    """Up or down from the step `start` to `end`, against the price at its start; a tie is up."""

    def __init__(self, card: Card, path: OraclePath, start: int, end: int, *, split: bool) -> None:
        super().__init__(card, path, end, split=split)
        self._start = start
        self._length = (end - start) / self._year_steps

    def fair(self, spot: float, step: int, ahead: Ahead) -> float:
        """O3; before the start nobody knows the strike, and only the window's own length counts."""
        if step < self._start:
            return digital.above(1.0, 1.0, ahead.volatility, self._length)
        return digital.above(spot, self.path.price(self._start), *ahead)

    def is_yes(self) -> bool:
        """Whether the last price is at or above the first."""
        return self.path.price(self.end) >= self.path.price(self._start)


class AboveMarket(PriceMarket):
    """At or above the first of `strikes` at the end; the other is the ladder's next, up or down (0: none)."""

    def __init__(
        self, card: Card, path: OraclePath, end: int, strikes: tuple[float, float], *, split: bool
    ) -> None:
        super().__init__(card, path, end, split=split)
        self.strike, self._beside = strikes

    def fair(self, spot: float, step: int, ahead: Ahead) -> float:
        """O1."""
        del step
        return digital.above(spot, self.strike, *ahead)

    def is_yes(self) -> bool:
        """Whether the last price is at or above the strike."""
        return self.path.price(self.end) >= self.strike

    def mispriced(self, fair: float, step: int, seen: int, amount: float) -> float:
        """Beyond the quote of the next strike: the ladder is out of order."""
        if not self._beside:
            return super().mispriced(fair, step, seen, amount)
        other = digital.above(self.path.price(seen), self._beside, *self.ahead(step))
        return bounded(other - abs(amount) if self._beside > self.strike else other + abs(amount))


class TouchMarket(PriceMarket):
    """`strike` met on the way, from below (`up`) or above; `touched` is the step of it (`end`: never)."""

    def __init__(
        self, card: Card, path: OraclePath, end: int, touch: tuple[float, int], *, up: bool, split: bool
    ) -> None:
        super().__init__(card, path, end, split=split)
        (self.strike, self._touched), self._up = touch, up

    def fairs(self, first: int, end: int, seen: Sequence[int] = ()) -> list[float]:
        """As of others, but 1 once the price was seen there."""
        if not self.is_yes():
            return super().fairs(first, end, seen)
        open_until = first + bisect_left(seen or range(first, end), self._touched)
        return super().fairs(first, open_until, seen[: open_until - first]) + [1.0] * (end - open_until)

    def fair(self, spot: float, step: int, ahead: Ahead) -> float:
        """O2."""
        del step
        reached = digital.reach if self._up else digital.dip
        return reached(spot, self.strike, *ahead)

    def is_yes(self) -> bool:
        """Whether the price met the strike."""
        return self._touched < self.end


def bounded(fair: float) -> float:
    """A probability that leaves room for quotes on both sides."""
    return min(1.0 - FAIR_LEAST, max(FAIR_LEAST, fair))


def steps_of(minutes: float, step_ms: int) -> int:
    """Whole steps in `minutes`."""
    return round(minutes * MINUTE_MS / step_ms)
