"""NautilusTrader's side of the market: its venue, instruments and bars, made of ours.

It imports nautilus_trader at its top: only nautilus_pair.py imports it, once it knows that the extra is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.data import Bar, BarType, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, CurrencyType, OmsType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.risk.config import RiskEngineConfig

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.trading import lots_on_offer
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.steps import terms_of
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.money import Scale, decimal_of
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.parity.nautilus_strategy import Listed

VENUE = Venue("SIM")
QUARTER = 4
"""Nautilus's trade at a bar's close has this share of the bar's volume."""

LOTS_HELD_EXACTLY = 1 << 46
"""Offers above it are cut to it: four times as many are still whole in float64. No order of ours comes near."""

SPECS = {
    "1m": "1-MINUTE",
    "5m": "5-MINUTE",
    "15m": "15-MINUTE",
    "1h": "1-HOUR",
    "4h": "4-HOUR",
    "1d": "1-DAY",
}


def list_instrument(instrument: Instrument, timeframe: str, venue: PaperVenueSettings) -> Listed:
    """The instrument as Nautilus has it: a linear perpetual without margin, of our ticks, lots and fees."""
    quote = Currency(instrument.quote, 8, 0, instrument.quote, CurrencyType.CRYPTO)
    name = InstrumentId(Symbol(instrument.id), VENUE)
    tick, lot = plain(instrument.tick), plain(instrument.lot)
    theirs = CryptoPerpetual(
        instrument_id=name,
        raw_symbol=name.symbol,
        base_currency=Currency(f"{instrument.id}X", 8, 0, instrument.id, CurrencyType.CRYPTO),
        quote_currency=quote,
        settlement_currency=quote,
        is_inverse=False,
        price_precision=places(tick),
        size_precision=places(lot),
        price_increment=Price.from_str(str(tick)),
        size_increment=Quantity.from_str(str(lot)),
        ts_event=0,
        ts_init=0,
        maker_fee=instrument.maker_fee,
        taker_fee=instrument.taker_fee,
    )
    bar_type = BarType.from_str(f"{name}-{SPECS[timeframe]}-LAST-EXTERNAL")
    terms = terms_of(Scale(instrument), venue)
    return Listed(instrument.id, terms, theirs, bar_type, tick, lot, places(tick))


def plain(step: Decimal) -> Decimal:
    """`step` without zeros at its end and without an exponent above 0."""
    small = step.normalize()
    return small.quantize(Decimal(1)) if places(small) == 0 else small


def places(step: Decimal) -> int:
    """Decimal places of `step`."""
    return max(0, -int(step.normalize().as_tuple().exponent))


def make_engine(capital: int, listed: Sequence[Listed]) -> Any:
    """An engine with venue and instruments; UsageError if they are quoted in more than one currency."""
    quotes = {one.theirs.quote_currency.code: one.theirs.quote_currency for one in listed}
    if len(quotes) != 1:
        raise UsageError(f"instruments are quoted in {', '.join(sorted(quotes))}; give those of one currency")
    (quote,) = quotes.values()
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
            load_state=False,
            save_state=False,
        )
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.HEDGING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(decimal_of(capital), quote)],
        base_currency=quote,
        default_leverage=Decimal(1),
    )
    for one in listed:
        engine.add_instrument(one.theirs)
    return engine


def market_of(frame: PanelFrame, listed: Sequence[Listed], participation: float) -> list[Any]:
    """All bars in the order of time, stamped by their close, and the trades that lead still ones."""
    stream: list[Any] = []
    for column, one in enumerate(listed):
        stream += _bars(frame, column, one, participation)
    if stream:
        # Nautilus's clock moves with its data alone: one more trade takes it past the grace of the last row.
        last, ends = stream[-1], int(frame.closed_ts[-1]) + 1
        named = next(one for one in listed if one.bar_type == last.bar_type)
        stream.append(trade_tick(named, last.close, named.theirs.size_increment, ends, "end"))
    stream.sort(key=attrgetter("ts_init"))
    return stream


def _bars(frame: PanelFrame, column: int, one: Listed, participation: float) -> list[Any]:
    """One instrument's bars; before each that never leaves the close before it, a trade of its size."""
    there = np.flatnonzero(frame.close[:, column] > 0.0)
    offers = [
        min(LOTS_HELD_EXACTLY, int(lots_on_offer(one.terms, volume, participation)))
        for volume in frame.volume[there, column].tolist()
    ]
    prices = [np.array(part[there, column]) for part in (frame.open, frame.high, frame.low, frame.close)]
    volumes = np.array([float(QUARTER * lots * one.lot) for lots in offers], np.float64)
    closes = (frame.ts[there] + frame.step_ns).astype(np.uint64)
    bars: list[Any] = Bar.from_raw_arrays_to_list(
        one.bar_type, one.decimals, one.theirs.size_precision, *prices, volumes, closes, closes
    )
    stream: list[Any] = []
    last = None
    for bar, lots in zip(bars, offers, strict=True):
        if bar.open == bar.high == bar.low == bar.close == last and lots:
            size = Quantity.from_str(str(lots * one.lot))
            stream.append(trade_tick(one, bar.close, size, bar.ts_init, f"{bar.ts_init}"))
        stream.append(bar)
        last = bar.close
    return stream


def trade_tick(one: Listed, price: Any, size: Any, ts: int, name: str) -> Any:
    """A trade of `size` at `price`, both Nautilus's own, at `ts` (UTC ns)."""
    return TradeTick(one.theirs.id, price, size, AggressorSide.BUYER, TradeId(name), ts, ts)
