"""The simulator for tokens: prices within each minute, of which the session makes its own bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Input
from tradeworthy.core.settings import Settings
from tradeworthy.desks.uptrend.config import TokenSettings
from tradeworthy.gateways.feeds.checking import MISSING
from tradeworthy.gateways.feeds.files import STAMP_MAX
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport, Row, inputs_of
from tradeworthy.gateways.feeds.rows import ROWS_A_BATCH, Floats, Integers
from tradeworthy.gateways.simulator.bars import BAR_NOTIONAL, Grid, SimulatedInstrument, check_start_prices
from tradeworthy.gateways.simulator.noise import Stream
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.bars import TIMEFRAMES_NS, FeedGap
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.ticks import PricePoint, TradeTick

MINUTE_NS = TIMEFRAMES_NS["1m"]
DAY_MINUTES = 1_440
POINTS_S = (5, 20, 40, 55)
"""When a minute's prices come, in seconds after its open: the open, then low and high or high and low, the close."""

POINTS = len(POINTS_S)
SLOTS = POINTS + 1
"""Places of a minute: its prices, and the end of a gap."""

_POINTS_NS = np.array(POINTS_S, np.int64) * 1_000_000_000
_SLOTS_NS = np.append(_POINTS_NS, MINUTE_NS)

ROWS_A_WINDOW = 50_000
"""Rows computed at a time, or one block of each instrument if that is more."""


class PointsSettings(Settings):
    """What a simulated token's provider knows besides prices; money in quote currency."""

    history_days: int = Field(
        default=120,
        ge=0,
        le=3_650,
        description="Days from simulator.start to the first point: history before it.",
    )
    volume_1m: PositiveFloat = Field(default=20_000.0, description="Traded in a minute of mean activity.")
    liquidity_usd: PositiveFloat = Field(
        default=500_000.0,
        description="A pool's reserve at the start price; it grows with the price's square root.",
    )
    market_cap: PositiveFloat = Field(
        default=10_000_000.0,
        description="At the start price, of a token that names none; it moves with the price.",
    )


class Minutes(NamedTuple):
    """Consecutive minutes of one instrument: POINTS prices and volumes a minute, and the bars they make (FIGURES).

    Volumes of prices are in quote currency (a major's: base units), those of bars in base units. `missing` and
    `gap_from` are as in a Stretch; figures of missing minutes mean nothing.
    """

    prices: Floats
    volumes: Floats
    figures: list[Floats]
    missing: NDArray[np.bool_]
    gap_from: Integers


class SimulatedToken:
    """One instrument's minutes by number since settings.start: SimulatedInstrument's 1m bars, taken apart.

    A major trades at a venue, and its bar opens with its first trade; a token is polled, and its bar opens at the
    close of the last minute that there was.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        points: PointsSettings,
        instrument: Instrument,
        token: TokenSettings | None,
        *,
        seed: int,
    ) -> None:
        self.id, self.major = instrument.id, token is not None and token.major
        self._bars = SimulatedInstrument(settings, seed, instrument, MINUTE_NS)
        self.block_minutes = self._bars.block_bars
        self._low_first = Stream(seed, f"simulator/{instrument.id}/low first")
        self._volume_share = points.volume_1m / BAR_NOTIONAL
        self._lot = Grid.of(instrument.lot)
        self._start_ts = settings.start_ts
        self._liquidity = points.liquidity_usd
        self._market_cap = (token.market_cap if token else None) or points.market_cap
        self._start_price = float(self._bars.blocks(0, 1).figures[0][0])

    def blocks(self, first_block: int, blocks: int) -> Minutes:
        """The minutes of whole blocks."""
        figures, missing, gap_from = self._bars.blocks(first_block, blocks)
        opened, high, low, closed, volume = figures
        first = first_block * self.block_minutes
        words = self._low_first.words(np.arange(first, first + len(opened)))
        low_first = (words & np.uint64(1)).astype(np.bool_)
        between = np.where(low_first, low, high), np.where(low_first, high, low)
        prices = np.stack((opened, *between, closed), axis=1)
        volumes = self._trades(volume) if self.major else self._polled(volume * closed)
        # As MinuteBars does: the exact sum, rounded once.
        total = np.array([math.fsum(minute) for minute in volumes.tolist()])
        if self.major:
            made = [opened, high, low, closed, total]
        else:
            start = _closed_before(opened, closed, missing)
            made = [start, np.maximum(start, high), np.minimum(start, low), closed, total / closed]
        return Minutes(prices, volumes, made, missing, gap_from)

    def events(self, first: int, prices: Floats, volumes: Floats) -> list[Event]:
        """What comes in the minutes from number `first` on, POINTS events each, given their rows of a Minutes."""
        flat = prices.ravel()
        known = repeat(self.id), flat.tolist(), self._stamps(first, len(prices)), volumes.ravel().tolist()
        if self.major:
            up = np.diff(prices, axis=1, prepend=prices[:, :1]).ravel() >= 0
            trades = map(str, range(first * POINTS, first * POINTS + len(flat)))
            return list(map(TradeTick, *known, trades, ["buy" if one else "sell" for one in up.tolist()]))
        ratio = flat / self._start_price
        liquidity, caps = self._liquidity * np.sqrt(ratio), self._market_cap * ratio
        return [
            PricePoint(name, price, ts, volume_1m=volume, liquidity_usd=pool, market_cap=cap)
            for name, price, ts, volume, pool, cap in zip(
                *known, liquidity.tolist(), caps.tolist(), strict=False
            )
        ]

    def _stamps(self, first: int, minutes: int) -> list[int]:
        opened = self._start_ts + np.arange(first, first + minutes) * MINUTE_NS
        stamps: list[int] = np.add.outer(opened, _POINTS_NS).ravel().tolist()
        return stamps

    def _trades(self, volume: Floats) -> Floats:
        """A minute's volume as POINTS trades of whole lots, at least one each."""
        lots = np.rint(volume / self._lot.value(np.ones(1)))
        share = np.maximum(np.floor(lots / POINTS), 1.0)
        rest = np.maximum(lots - (POINTS - 1) * share, 1.0)
        return self._lot.value(np.stack([*[share] * (POINTS - 1), rest], axis=1))

    def _polled(self, notional: Floats) -> Floats:
        """A minute's volume as a provider tells it, in equal shares of whole units."""
        share = np.maximum(np.rint(notional * self._volume_share / POINTS), 1.0)
        return np.stack([share] * POINTS, axis=1)


def _closed_before(opened: Floats, closed: Floats, missing: NDArray[np.bool_]) -> Floats:
    """The close of the last minute that there was before each; no gap begins or ends whole blocks."""
    there = np.maximum.accumulate(np.where(missing, 0, np.arange(len(closed))))
    return np.concatenate((opened[:1], closed[there[:-1]]))


class PointsFeed:
    """PricePoints of `instruments`, TradeTicks of those whose entry in `tokens` is a major, without end.

    It begins points.history_days after settings.start. Position = (minute's number since settings.start * SLOTS +
    slot) * instruments + place in the configuration. A missing minute has no event, but the last slot of a gap's last
    minute is the place of its FeedGap, at that minute's end.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        points: PointsSettings,
        instruments: Sequence[Instrument],
        tokens: Sequence[TokenSettings],
        *,
        seed: int,
    ) -> None:
        self.name, self.timeframe = "simulator", "1m"
        self.instruments = tuple(instrument.id for instrument in instruments)
        check_start_prices(settings, self.instruments)
        self._settings, self._points, self._seed = settings, points, seed
        self._start_ts, self._first = settings.start_ts, points.history_days * DAY_MINUTES
        self._known = {token.instrument: token for token in tokens if token.instrument in self.instruments}
        self._tokens = [
            SimulatedToken(settings, points, one, self._known.get(one.id), seed=seed) for one in instruments
        ]
        self._report = self._empty_report()

    def identity(self) -> dict[str, object]:
        """Settings, seed, instruments, and what of their tokens makes prices and figures."""
        return {
            "feed": self.name,
            "settings": self._settings.model_dump(mode="json"),
            "points": self._points.model_dump(mode="json"),
            "seed": self._seed,
            "instruments": list(self.instruments),
            "tokens": {name: [one.major, one.market_cap] for name, one in self._known.items()},
        }

    def span(self) -> tuple[int, int | None]:
        """When the first minute opens, UTC ns; it is endless."""
        return self._opened(self._first), None

    def end(self) -> int | None:
        """None: it is endless."""
        return None

    def report(self) -> FeedReport:
        """Minutes that had prices, as bars, and gaps, of what was computed so far."""
        return self._report

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """The events past `after` one by one."""
        return inputs_of(self.batches(after))

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """The events past `after` in lists of about ROWS_A_BATCH."""
        self._report = self._empty_report()
        a_minute = SLOTS * len(self.instruments)
        block_minutes = self._tokens[0].block_minutes
        blocks = max(1, ROWS_A_WINDOW // (block_minutes * a_minute))
        minutes_a_batch = max(1, ROWS_A_BATCH // a_minute)
        minute = max(self._first, (after + 1) // a_minute)
        while self._opened(minute) < STAMP_MAX:
            block = minute // block_minutes
            until = (block + blocks) * block_minutes
            parts = [token.blocks(block, blocks) for token in self._tokens]
            self._count(parts, block * block_minutes, minute)
            for start in range(minute, until, minutes_a_batch):
                stretch = (start, min(start + minutes_a_batch, until))
                rows = self._rows(parts, block * block_minutes, stretch)
                past = [row for row in rows if row[0] > after] if start == minute else rows
                if past:
                    yield past
            minute = until

    def _rows(self, parts: Sequence[Minutes], first: int, minutes: tuple[int, int]) -> list[Row]:
        """The events of the minutes numbered from minutes[0] to before minutes[1]; `parts` begin at number `first`."""
        width, part = len(parts), slice(minutes[0] - first, minutes[1] - first)
        count = minutes[1] - minutes[0]
        events: list[Event | None] = [None] * (count * SLOTS * width)
        for place, (token, one) in enumerate(zip(self._tokens, parts, strict=True)):
            made: list[Event | None] = [*token.events(minutes[0], one.prices[part], one.volumes[part])]
            for at in np.flatnonzero(one.missing[part]).tolist():
                made[at * POINTS : (at + 1) * POINTS] = [None] * POINTS
            for slot in range(POINTS):
                events[slot * width + place :: SLOTS * width] = made[slot::POINTS]
            for at in np.flatnonzero(one.gap_from[part] >= 0).tolist():
                gap = self._gap(token.id, int(one.gap_from[part][at]), minutes[0] + at)
                events[(at * SLOTS + POINTS) * width + place] = gap
        opened = self._start_ts + np.arange(*minutes) * MINUTE_NS
        stamps = np.repeat(np.add.outer(opened, _SLOTS_NS).ravel(), width).tolist()
        positions = range(minutes[0] * SLOTS * width, minutes[1] * SLOTS * width)
        return [
            (position, ts, event)
            for position, ts, event in zip(positions, stamps, events, strict=True)
            if event is not None
        ]

    def _gap(self, instrument: str, first: int, last: int) -> FeedGap:
        return FeedGap(self.name, instrument, self._opened(first), self._opened(last + 1), MISSING)

    def _count(self, parts: Sequence[Minutes], first: int, minute: int) -> None:
        """Count the minutes of `parts`, which begin at number `first`, from number `minute` on."""
        for instrument, part in zip(self.instruments, parts, strict=True):
            one = self._report.instruments[instrument]
            present = np.flatnonzero(~part.missing[minute - first :])
            one.missing += int(np.count_nonzero(part.gap_from[minute - first :] >= 0))
            one.bars += len(present)
            one.first_ts = one.first_ts or self._opened(minute + int(present[0]))
            one.last_ts = self._opened(minute + int(present[-1]))

    def _opened(self, minute: int) -> int:
        return self._start_ts + minute * MINUTE_NS

    def _empty_report(self) -> FeedReport:
        return FeedReport(self.name, {instrument: InstrumentReport() for instrument in self.instruments})
