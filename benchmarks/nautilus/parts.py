"""The instrument and its names in NautilusTrader's terms: a linear perpetual quoted and settled in USDT."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Price, Quantity

from benchmarks.workload import Workload

VENUE = Venue("SIM")


def perpetual(workload: Workload, name: str) -> Any:
    """The instrument, without margin requirements: nothing but money decides."""
    instrument = InstrumentId(Symbol(name), VENUE)
    return CryptoPerpetual(
        instrument_id=instrument,
        raw_symbol=instrument.symbol,
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=workload.price_decimals,
        size_precision=workload.size_decimals,
        price_increment=Price(float(workload.tick), workload.price_decimals),
        size_increment=Quantity(float(workload.lot), workload.size_decimals),
        ts_event=0,
        ts_init=0,
        maker_fee=Decimal(0),
        taker_fee=Decimal(workload.taker_fee),
    )
