"""The divergence strategy a second time, as arrays: its own signals, its own loop, money in floats.

It shares settings and the draws' hash with the desk and not one step, so that an error in a step shows as a
difference of the figures. It knows no posture, boost or forewarner: compare runs without a script.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tradeworthy.core.draws import draw
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.research.vectorised_signals import Entries, Market, entries_of, market_of

TOLERANCE = 0.005
"""Relative difference of a figure up to which the twin agrees."""

ON_A_STEP = 1e-6


@dataclass(frozen=True)
class TwinTrade:
    """One round trip; rows are those of the frame."""

    asset: str
    entry_row: int
    exit_row: int
    entry_price: float
    exit_price: float
    leverage: float
    pnl: float
    exit_reason: str


@dataclass(frozen=True)
class Twin:
    """The trades, the capital at the end of each UTC day, and ROI, PF, DD, Sharpe, WR, Trades."""

    trades: list[TwinTrade]
    capitals: list[float]
    metrics: dict[str, float]


def run_twin(
    settings: DivergenceSettings,
    instruments: Sequence[Instrument],
    venue: PaperVenueSettings,
    frame: PanelFrame,
    *,
    desk: str,
    seed: int,
    capital: float,
) -> Twin:
    """Trade `frame` with `capital` (units of currency); UsageError for fills that it does not know."""
    if venue.fills == "next_open" or settings.order_books.provider != "mock":
        raise UsageError(
            f"the twin knows fills at the close and mock books, not fills {venue.fills!r} with books of"
            f" {settings.order_books.provider!r}: change them for the comparison"
        )
    market = market_of(frame)
    fills = _Fills(settings, {one.id: one for one in instruments}, venue, desk, seed)
    trades = list(
        _trades(settings, market, entries_of(settings, market, frame.step_ns), fills, frame, capital)
    )
    capitals = _capitals(market, trades, capital)
    return Twin(trades, capitals, _metrics(trades, capitals, capital))


def differences(
    engine: Mapping[str, float | None], twin: Mapping[str, float], tolerance: float = TOLERANCE
) -> dict[str, tuple[float | None, float]]:
    """The figures in which the twin is further from the engine's than `tolerance` of them: both values by name."""
    return {
        name: (engine.get(name), value)
        for name, value in twin.items()
        if not _near(engine.get(name), value, tolerance)
    }


def _near(first: float | None, second: float, tolerance: float) -> bool:
    if first is None:
        return math.isnan(second)
    return abs(first - second) <= tolerance * max(abs(first), abs(second))


# Trades


@dataclass
class _Position:
    """What is held: its cost and fees in currency, and where it came from."""

    row: int
    leverage: float
    lots: int = 0
    entered: int = 0
    cost: float = 0.0
    proceeds: float = 0.0
    fees: float = 0.0


@dataclass(frozen=True)
class _Fills:
    """How orders fill at a close."""

    settings: DivergenceSettings
    instruments: Mapping[str, Instrument]
    venue: PaperVenueSettings
    desk: str
    seed: int

    def lots(self, instrument: Instrument, notional: float, price: float) -> int:
        """Whole lots, or 0 where the venue takes no such order."""
        lots = _whole(notional / price / float(instrument.lot))
        worth = price * lots * float(instrument.lot)
        fits = instrument.lots_min <= lots <= instrument.lots_max and worth >= float(instrument.notional_min)
        return lots if fits else 0

    def offered(self, instrument: Instrument, volume: float) -> int:
        """Lots of a bar that may be ours."""
        return _whole(volume * self.venue.participation / float(instrument.lot)) if volume > 0.0 else 0

    def price(
        self, instrument: Instrument, close: float, sign: int, now: int, *, posts: bool
    ) -> tuple[float, float]:
        """The price of a fill, and its fee as a share."""
        drawn = self.venue.fills == "maker_draw"
        if (
            drawn
            and posts
            and draw(self.seed, f"paper-executor/maker/{self.desk}", now) < (self.settings.order_books.fill)
        ):
            return _on_tick(close, float(instrument.tick), sign), float(instrument.maker_fee)
        slipped = close * (1.0 + sign * float(self.venue.slippage_bps) / 10_000.0) if drawn else close
        return _on_tick(slipped, float(instrument.tick), sign), float(instrument.taker_fee)


def _trades(
    settings: DivergenceSettings,
    market: Market,
    entries: Entries,
    fills: _Fills,
    frame: PanelFrame,
    capital: float,
) -> Iterator[TwinTrade]:
    """From trigger to trigger, over those that come while a trade is open."""
    free_from, sign = 0, settings.direction
    for row, column, leverage in zip(entries.rows, entries.column, entries.leverage, strict=True):
        if row < free_from:
            continue
        instrument = fills.instruments[market.names[column]]
        close = float(market.close[row, column])
        wanted = fills.lots(instrument, capital * settings.fraction * float(leverage), close)
        lots = min(wanted, fills.offered(instrument, float(market.volume[row, column])))
        if not lots:
            continue
        price, fee = fills.price(instrument, close, sign, int(frame.closed_ts[row]), posts=True)
        worth = price * lots * float(instrument.lot)
        held = _Position(int(row), float(leverage), lots, lots, worth, 0.0, worth * fee)
        ended = _leave(settings, market, fills, frame, held, int(column), price)
        if ended is None:
            return
        yield ended
        capital, free_from = capital + ended.pnl, ended.exit_row + 1


def _leave(
    settings: DivergenceSettings,
    market: Market,
    fills: _Fills,
    frame: PanelFrame,
    held: _Position,
    column: int,
    entry: float,
) -> TwinTrade | None:
    """The trade once all is sold; None if the frame ends before."""
    sign, first = settings.direction, held.row + 1
    instrument = fills.instruments[market.names[column]]
    prices = market.close[first:, column]
    move = sign * (prices / entry - 1.0)
    old = market.ts[first:] - market.ts[held.row] >= settings.max_hold_bars * frame.step_ns
    stop, profit = move <= -settings.stop_pct, move >= settings.fixed_tp_pct
    for at in np.flatnonzero((stop | profit | old) & ~np.isnan(prices)):
        reason = "STOP_LOSS" if stop[at] else "FIXED_TP" if profit[at] else "MAX_HOLD"
        row = first + int(at)
        lots = min(held.lots, fills.offered(instrument, float(market.volume[row, column])))
        if not lots:
            continue
        now, posts = int(frame.closed_ts[row]), reason == "FIXED_TP"
        price, fee = fills.price(instrument, float(prices[at]), -sign, now, posts=posts)
        worth = price * lots * float(instrument.lot)
        held.lots, held.proceeds, held.fees = (
            held.lots - lots,
            held.proceeds + worth,
            held.fees + worth * fee,
        )
        if not held.lots:
            pnl = sign * (held.proceeds - held.cost) - held.fees
            average = held.proceeds / held.entered / float(instrument.lot)
            return TwinTrade(instrument.id, held.row, row, entry, average, held.leverage, pnl, reason)
    return None


def _whole(lots: float) -> int:
    return round(lots) if abs(lots - round(lots)) <= ON_A_STEP else math.floor(lots)


def _on_tick(price: float, tick: float, sign: int) -> float:
    """The price rounded to a tick against the side that trades it."""
    steps = price / tick
    if abs(steps - round(steps)) <= ON_A_STEP:
        return round(steps) * tick
    return (math.ceil(steps) if sign > 0 else math.floor(steps)) * tick


# Figures


def _capitals(market: Market, trades: Sequence[TwinTrade], capital: float) -> list[float]:
    days, number = np.unique(market.day, return_inverse=True)
    made = np.zeros(len(days))
    for trade in trades:
        made[number[trade.exit_row]] += trade.pnl
    return [float(one) for one in capital + np.cumsum(made)]


def _metrics(trades: Sequence[TwinTrade], capitals: Sequence[float], capital: float) -> dict[str, float]:
    pnl = np.array([trade.pnl for trade in trades])
    curve = capital + np.r_[0.0, np.cumsum(pnl)]
    peak = np.maximum.accumulate(curve)
    daily = np.diff(np.r_[capital, capitals]) / np.r_[capital, capitals][:-1]
    lost, won = -float(pnl[pnl < 0].sum()), float(pnl[pnl > 0].sum())
    spread = float(daily.std(ddof=1)) if len(daily) > 1 else 0.0
    decided = int((pnl != 0).sum())
    return {
        "ROI": float(curve[-1] / capital - 1.0),
        "PF": won / lost if lost else math.nan,
        "DD": float(((peak - curve) / peak).max()),
        "Sharpe": float(daily.mean()) / spread * math.sqrt(365) if spread else math.nan,
        "WR": float((pnl > 0).sum()) / decided if decided else 0.0,
        "Trades": float(len(trades)),
    }
