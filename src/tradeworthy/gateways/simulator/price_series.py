"""The series of markets on one underlying: rolling windows, daily ladders, weekly touches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tradeworthy.gateways.simulator import wording
from tradeworthy.gateways.simulator.oracle_path import OraclePath
from tradeworthy.gateways.simulator.prediction_settings import AssetSettings
from tradeworthy.gateways.simulator.series import Series, Terms
from tradeworthy.gateways.simulator.simulated_market import (
    AboveMarket,
    Card,
    SimulatedMarket,
    TouchMarket,
    WindowMarket,
    steps_of,
)
from tradeworthy.market.predictions import Relation

DAY_MINUTES, WEEK_DAYS = 1440, 7
TOUCH_TRADES_S = 10.0
"""So long a touch market still trades after its price was met."""


class PriceSeries(Series):
    """A series on the price of one asset."""

    def __init__(self, terms: Terms, asset: AssetSettings, path: OraclePath) -> None:
        self._terms, self._asset, self._path = terms, asset, path
        self._steps_a_day = steps_of(DAY_MINUTES, terms.settings.step_ms)

    def _facts(self, opened: int, end: int, event: str, size: int) -> dict[str, object]:
        """What a market on this asset says of itself."""
        return {
            "event": event,
            "event_size": size,
            "category": "crypto",
            "start_ts": self._terms.ts(opened),
            "end_ts": self._terms.ts(end),
            "underlying": self._asset.symbol,
            "resolution_source": f"simulated price of {self._asset.symbol}",
        }


class Windows(PriceSeries):
    """Up/down windows of `minutes`, one after the other; the next one opens when the one before it starts."""

    def __init__(self, terms: Terms, asset: AssetSettings, path: OraclePath, minutes: int) -> None:
        super().__init__(terms, asset, path)
        self._name = f"{asset.symbol.lower()}-updown-{minutes}m"
        self._length = steps_of(minutes, terms.settings.step_ms)

    def numbers(self, first: int, end: int) -> range:
        """From the oldest that is not resolved to the next one."""
        oldest = (first - self._terms.endings.tail) // self._length - 1
        return range(max(0, oldest), (end - 1) // self._length + 2)

    def batch(self, number: int) -> Iterator[SimulatedMarket]:
        """The one window."""
        terms, start = self._terms, number * self._length
        end = start + self._length
        name = f"{self._name}-{terms.ts(start) // 1_000_000_000}"
        title = wording.window_title(self._asset.name, terms.moment(start), terms.moment(end))
        facts = self._facts(start, end, name, 1)
        market = terms.market(name, title, labels=("Up", "Down"), series=self._name, **facts)
        life = terms.endings.life(name, max(0, start - self._length), end)
        card = Card(market, life, terms.crypto_fee, name)
        yield WindowMarket(card, self._path, start, end, split=terms.endings.split(name))


class Ladders(PriceSeries):
    """A ladder of strikes around the price, to each noon in New York."""

    def numbers(self, first: int, end: int) -> range:
        """One a day; the first to the noon of the first day."""
        oldest = (first - self._terms.endings.tail) // self._steps_a_day - 2
        return range(max(0, oldest), end // self._steps_a_day + 2)

    def batch(self, number: int) -> Iterator[SimulatedMarket]:
        """All strikes of a day."""
        terms, settings = self._terms, self._terms.settings
        day = terms.start.date() + timedelta(days=number)
        opened, end = max(0, self._noon(day - timedelta(days=1))), self._noon(day)
        spot = self._path.price(opened)
        step = wording.round_step(spot * settings.ladder_spacing)
        lowest = round(spot / step - (settings.ladder_strikes - 1) / 2)
        strikes = [step * (lowest + rung) for rung in range(settings.ladder_strikes)]
        event = f"{self._asset.symbol.lower()}-above-on-{day.isoformat()}"
        besides = [*strikes[1:], *(strikes[-2:-1] or [0.0])]
        for strike, beside in zip(strikes, besides, strict=True):
            if strike > 0:
                yield self._above(event, day, (opened, end), (strike, beside))

    def _above(
        self, event: str, day: date, steps: tuple[int, int], strikes: tuple[float, float]
    ) -> AboveMarket:
        terms, text = self._terms, wording.price_text(strikes[0])
        name = f"{event}-{text[1:].replace(',', '')}"
        title = f"Will the price of {self._asset.name} be above {text} on {wording.day_text(day)}?"
        market = terms.market(
            name,
            title,
            event_title=f"{self._asset.name} above ___ on {wording.day_text(day)}?",
            strike=strikes[0],
            relation=Relation.NESTED,
            **self._facts(*steps, event, terms.settings.ladder_strikes),
        )
        life = terms.endings.life(name, *steps)
        card = Card(market, life, terms.crypto_fee, event)
        return AboveMarket(card, self._path, steps[1], strikes, split=terms.endings.split(name))

    def _noon(self, day: date) -> int:
        return self._terms.step(wording.noon(day))


class Touches(PriceSeries):
    """Each week a price above that may be reached, and one below to which the asset may dip."""

    def numbers(self, first: int, end: int) -> range:
        """One a week."""
        week = WEEK_DAYS * self._steps_a_day
        return range(max(0, (first - self._terms.endings.tail) // week - 1), (end - 1) // week + 1)

    def batch(self, number: int) -> Iterator[SimulatedMarket]:
        """Both markets of a week."""
        week = WEEK_DAYS * self._steps_a_day
        opened, end = number * week, (number + 1) * week
        spot, distance = self._path.price(opened), self._terms.settings.touch_distance
        step = wording.round_step(spot * distance / 5)
        rungs = max(1, round(spot * distance / step))
        nearest = round(spot / step)
        yield self._touch((opened, end), step * (nearest + rungs), up=True)
        if nearest > rungs:
            yield self._touch((opened, end), step * (nearest - rungs), up=False)

    def _touch(self, steps: tuple[int, int], strike: float, *, up: bool) -> TouchMarket:
        terms, (opened, end) = self._terms, steps
        last_day = (terms.moment(end) - timedelta(days=1)).date()
        text, verb = wording.price_text(strike), "reach" if up else "dip to"
        event = f"{self._asset.symbol.lower()}-hits-by-{last_day.isoformat()}"
        name = f"{event}-{'up' if up else 'down'}-{text[1:].replace(',', '')}"
        market = terms.market(
            name,
            f"Will {self._asset.name} {verb} {text} by {wording.day_text(last_day)}?",
            event_title=f"What price will {self._asset.name} hit by {wording.day_text(last_day)}?",
            strike=strike,
            **self._facts(opened, end, event, 2),
        )
        touched = self._path.first_touch(opened, end, strike, up=up)
        closed = min(end, touched + terms.step(terms.start + timedelta(seconds=TOUCH_TRADES_S)))
        life = terms.endings.life(name, opened, closed)
        card, split = Card(market, life, terms.crypto_fee, name), terms.endings.split(name)
        return TouchMarket(card, self._path, end, (strike, touched), up=up, split=split)
