"""The price of one underlying: a walk with a volatility of its own and jumps, of which any stretch can be computed.

Each minute's return is drawn, and days are summed up one after the other; the steps within a minute are a walk that
is bent to make that return, which is again a walk with independent steps (a Brownian bridge). So the price at a whole
minute is the same whatever the step. A log price has the drift that makes the price itself a fair game.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeworthy.gateways.simulator.noise import Floats, Stream, exponential
from tradeworthy.gateways.simulator.path import folded
from tradeworthy.gateways.simulator.prediction_settings import MINUTE_MS, AssetSettings, PredictionSettings

DAY_MINUTES = 1440
YEAR_MINUTES = 525_600
DAYS_KEPT = 16
BLOCKS_KEPT = 64
BLOCK_POINTS = 960
"""Points computed at a time, or one minute's."""

REACH = 8.0
"""Beyond so many standard deviations of a minute from its ends no price goes within it."""


class Day(NamedTuple):
    """The minutes of one day: log prices at their ends (one more than there are minutes), and how each moves.

    `steady` is the log return without its jump; the jump comes at the share `jump_at` of the minute.
    """

    levels: Floats
    deviation: Floats
    steady: Floats
    jump: Floats
    jump_at: Floats


class OraclePath:
    """Prices of `asset` by point: number k stands at k steps after the start; before that it stands still.

    A function of seed, settings and k. Prices are rounded to the cent.
    """

    def __init__(self, settings: PredictionSettings, asset: AssetSettings, seed: int) -> None:
        self.symbol = asset.symbol
        self.points_a_minute = MINUTE_MS // settings.step_ms
        self._block = self.points_a_minute * max(1, BLOCK_POINTS // self.points_a_minute)
        self._price = asset.price
        self._volatility, self._spread = asset.volatility, settings.volatility_spread
        self._knot = max(1, round(settings.volatility_hours * 60))
        self._jump_chance = settings.jumps_per_day / DAY_MINUTES
        self._jump = settings.jump_bps * 1e-4
        self._jump_variance = settings.jumps_per_day * 365 * self._jump * self._jump
        self._streams = {
            name: Stream(seed, f"oracle/{asset.symbol}/{name}")
            for name in ("volatility", "minute", "jump", "size", "at", "step")
        }
        self._starts = [0.0]
        self._days: dict[int, Day] = {}
        self._blocks: dict[int, Floats] = {}

    def price(self, point: int) -> float:
        """The price at one point."""
        block, inside = divmod(max(0, point), self._block)
        return float(self._prices(block)[inside])

    def prices(self, first: int, end: int) -> list[float]:
        """The prices at the points from `first` to before `end`."""
        found: list[float] = [self.price(0)] * min(-first, end - first) if first < 0 else []
        at = max(first, 0)
        while at < end:
            block, inside = divmod(at, self._block)
            part = self._prices(block)[inside : inside + end - at]
            found += part.tolist()
            at += len(part)
        return found

    def volatility(self, point: int, tau_years: float) -> float:
        """The annualised volatility to expect over `tau_years` from `point` on, by one who knows the process."""
        minute = max(0, point) // self.points_a_minute
        day, inside = divmod(minute, DAY_MINUTES)
        steady = self._volatility * self._volatility
        now = float(self._day(day).deviation[inside]) ** 2 * YEAR_MINUTES
        return math.sqrt(steady + (now - steady) * self._weight(tau_years) + self._jump_variance)

    def first_touch(self, first: int, end: int, strike: float, *, up: bool) -> int:
        """The first point from `first` to before `end` at or beyond `strike`; `end` if there is none."""
        level = math.log(strike / self._price)
        for minute in self._near(first, end, level, up=up):
            start = max(first, minute * self.points_a_minute)
            stop = min(end, (minute + 1) * self.points_a_minute)
            for point, price in enumerate(self.prices(start, stop), start):
                if (price >= strike) if up else (price <= strike):
                    return point
        return end

    def _near(self, first: int, end: int, level: float, *, up: bool) -> list[int]:
        """The minutes within which the path may be at or beyond `level`."""
        near: list[int] = []
        for day in range(
            first // self.points_a_minute // DAY_MINUTES, (end - 1) // self.points_a_minute // DAY_MINUTES + 1
        ):
            found = self._day(day)
            levels = folded(found.levels)
            reach = REACH * found.deviation + np.abs(found.jump)
            if up:
                close = np.maximum(levels[:-1], levels[1:]) + reach >= level
            else:
                close = np.minimum(levels[:-1], levels[1:]) - reach <= level
            near += (np.flatnonzero(close) + day * DAY_MINUTES).tolist()
        return [
            minute
            for minute in near
            if first < (minute + 1) * self.points_a_minute and minute * self.points_a_minute < end
        ]

    def _weight(self, tau_years: float) -> float:
        """How much of today's excess of variance is in the mean over `tau_years`."""
        reversions = tau_years * YEAR_MINUTES / self._knot
        return -math.expm1(-reversions) / reversions if reversions > 1e-9 else 1.0

    def _prices(self, block: int) -> Floats:
        """The prices of a block of points."""
        if block not in self._blocks:
            if len(self._blocks) >= BLOCKS_KEPT:
                del self._blocks[next(iter(self._blocks))]
            minutes = self._block // self.points_a_minute
            levels = self._walk(np.arange(block * minutes, (block + 1) * minutes))
            self._blocks[block] = np.rint(self._price * exponential(folded(levels)) * 100.0) / 100.0
        return self._blocks[block]

    def _walk(self, minutes: NDArray[np.int64]) -> Floats:
        """Log prices at the points of whole minutes, each minute's from its start on."""
        days, inside = np.divmod(minutes, DAY_MINUTES)
        parts = [self._day(day) for day in range(int(days[0]), int(days[-1]) + 1)]
        at = inside + (days - days[0]) * DAY_MINUTES
        begin = np.concatenate([one.levels[:-1] for one in parts])[at][:, None]
        deviation, steady, jump, jump_at = (
            np.concatenate([getattr(one, name) for one in parts])[at][:, None]
            for name in ("deviation", "steady", "jump", "jump_at")
        )
        number = np.arange(self.points_a_minute)
        moves = self._streams["step"].normal(minutes[:, None] * self.points_a_minute + number)
        moves *= deviation / math.sqrt(self.points_a_minute)
        walk = np.cumsum(moves, axis=1)
        walk += (steady - walk[:, -1:]) * ((number + 1) / self.points_a_minute)
        walk += np.where(number + 1 >= np.ceil(jump_at * self.points_a_minute), jump, 0.0)
        levels: Floats = np.concatenate((begin, begin + walk[:, :-1]), axis=1).ravel()
        return levels

    def _day(self, day: int) -> Day:
        """One day's minutes; the days before it are summed up once."""
        if day not in self._days:
            for number in range(len(self._starts) - 1, day):
                self._starts.append(float(self._computed(number).levels[-1]))
            if len(self._days) >= DAYS_KEPT:
                del self._days[next(iter(self._days))]
            self._days[day] = self._computed(day)
        return self._days[day]

    def _computed(self, day: int) -> Day:
        minutes = np.arange(day * DAY_MINUTES, (day + 1) * DAY_MINUTES)
        volatility = self._volatility * exponential(self._excess(minutes))
        deviation = volatility / math.sqrt(YEAR_MINUTES)
        drift = -0.5 * (deviation * deviation + self._jump_variance / YEAR_MINUTES)
        steady = self._streams["minute"].normal(minutes) * deviation + drift
        jumps = self._streams["jump"].uniform(minutes) < self._jump_chance
        jump = np.where(jumps, self._streams["size"].normal(minutes) * self._jump, 0.0)
        levels = np.cumsum(np.concatenate(([self._starts[day]], steady + jump)))
        return Day(levels, deviation, steady, jump, 1.0 - self._streams["at"].uniform(minutes))

    def _excess(self, minutes: NDArray[np.int64]) -> Floats:
        """The log of the volatility over its root mean square: draws some hours apart, blended in between."""
        knots, inside = np.divmod(minutes, self._knot)
        share = inside / self._knot
        first = int(knots[0])
        drawn = self._streams["volatility"].normal(np.arange(first, int(knots[-1]) + 2))
        blend = drawn[knots - first] * (1.0 - share) + drawn[knots - first + 1] * share
        blend /= np.sqrt(share * share + (1.0 - share) * (1.0 - share))
        excess: Floats = self._spread * blend - self._spread * self._spread
        return excess
