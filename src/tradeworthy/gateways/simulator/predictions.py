"""Simulated prediction markets as a feed: endless, and the same for the same seed wherever it is entered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Input
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport, Row, inputs_of
from tradeworthy.gateways.simulator.market_rows import FEED, FETCHED, PRICE, Entry, MarketRows
from tradeworthy.gateways.simulator.prediction_settings import MINUTE_MS, PredictionSettings
from tradeworthy.gateways.simulator.simulated_market import SimulatedMarket
from tradeworthy.gateways.simulator.universe import Universe
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.predictions import MarketsFetched

STEPS_A_BATCH = 60
SLOTS = 1 << 16
"""Positions of one step."""


class PredictionSimulatorFeed:
    """Prices of the underlyings, and the lives and books of the markets on them.

    Position = step * SLOTS + place among the events of that step, by session time. Nothing here knows of any order:
    a fill takes nothing from a book.

    What can be earned, and what cannot. A log price is a walk whose next step does not depend on its past, with the
    drift that makes the price a martingale; an event's probabilities are one by construction. Quotes are the
    conditional probability of YES, given the price `lag` ago and the expected variance, plus a half spread, rounded
    away from it to the tick. A token bought at such an ask and held to the end has, given all that is on show at lag
    0, the expectation fair - ask - fee < 0, and sold earlier its fair price then, a martingale, less another spread;
    by optional stopping no rule of entry and exit over the prices on show has a mean gain, only luck. (The formulas
    take the log price as normal with the expected variance; as volatility varies and jumps it is only nearly so,
    by less than the half spread.) With a lag, quotes are conditional on an older price: the difference is the edge
    that the simulator pays out, and what `faults` adds, as far as others do not take it first (`rivals`).
    """

    instruments: tuple[str, ...] = ()
    timeframe = ""
    name = FEED

    def __init__(self, settings: PredictionSettings, *, seed: int) -> None:
        self._settings, self._seed = settings, seed
        self._universe = Universe(settings, seed)
        self._terms = self._universe.terms
        self._fetch_steps = MINUTE_MS // settings.step_ms
        self._rows: dict[str, MarketRows] = {}
        self._report = FeedReport(self.name, {})

    def identity(self) -> dict[str, object]:
        """Settings and seed; its books are simulated."""
        return {
            "feed": "predictions",
            "settings": self._settings.model_dump(mode="json"),
            "seed": self._seed,
            "books": "simulated",
        }

    def span(self) -> tuple[int, int | None]:
        """The start of session time, UTC ns; there is no end."""
        return self._terms.ts(0), None

    def end(self) -> int | None:
        """None: endless."""
        return None

    def report(self) -> FeedReport:
        """Prices by underlying so far."""
        return self._report

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """The events past `after` one by one."""
        return inputs_of(self.batches(after))

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """The events past `after` in lists of STEPS_A_BATCH steps."""
        self._report = FeedReport(
            self.name, {path.symbol: InstrumentReport() for path in self._universe.paths}
        )
        for batch in count(max(0, after + 1) // SLOTS // STEPS_A_BATCH):
            rows = self._numbered(batch * STEPS_A_BATCH, (batch + 1) * STEPS_A_BATCH)
            if rows and rows[0][0] <= after:
                rows = [row for row in rows if row[0] > after]
            if rows:
                self._count(rows)
                yield rows

    def _numbered(self, first: int, end: int) -> list[Row]:
        """The events of the steps from `first` to before `end` in order, with their positions."""
        entries = sorted(self._entries(first, end))
        start, length = self._terms.start_ns, self._terms.step_ns
        rows: list[Row] = []
        last, slot = -1, 0
        for ts, _, _, event in entries:
            step = (ts - start) // length
            slot = slot + 1 if step == last else 0
            last = step
            rows.append((step * SLOTS + slot, ts, event))
        return rows

    def _entries(self, first: int, end: int) -> list[Entry]:
        numbers = count()
        living = self._universe.living(first, end)
        found = [entry for market in self._streams(living) for entry in market.entries(first, end, numbers)]
        found += [
            (self._terms.ts(step), PRICE, next(numbers), event) for step, event in self._prices(first, end)
        ]
        for step in range(-(-first // self._fetch_steps) * self._fetch_steps, end, self._fetch_steps):
            ts = self._terms.ts(step)
            open_now = sum(one.card.life.opened <= step < one.card.life.closed for one in living)
            fetched = MarketsFetched(self._settings.venue, open_now, ts)
            found.append((ts, FETCHED, next(numbers), fetched))
        return found

    def _prices(self, first: int, end: int) -> Iterator[tuple[int, Event]]:
        for path in self._universe.paths:
            for step, price in enumerate(path.prices(first, end), first):
                yield step, PriceObserved(path.symbol, price, self._terms.ts(step))

    def _streams(self, living: list[SimulatedMarket]) -> list[MarketRows]:
        """The events of each living market; those of others are forgotten."""
        kept = self._rows
        self._rows = {
            one.card.market.id: kept.get(one.card.market.id) or MarketRows(self._terms, one) for one in living
        }
        return list(self._rows.values())

    def _count(self, rows: list[Row]) -> None:
        for _, ts, event in rows:
            if isinstance(event, PriceObserved):
                one = self._report.instruments[event.instrument]
                one.bars += 1
                one.first_ts, one.last_ts = one.first_ts or ts, ts
