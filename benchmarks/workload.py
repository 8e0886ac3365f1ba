"""What both sides are given: a job's size, the desk's settings, its instruments' money rules."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Workload(msgspec.Struct, frozen=True):
    """One job: `bars` 1-minute bars of each of `symbols` linear perpetuals quoted in USDT.

    Prices lie on 10**-price_decimals, quantities on 10**-size_decimals. Fills are taken at the bar's close,
    the whole order at one price, and the taker pays `taker_fee` of the notional: with these steps each fee
    is a whole number of 1e-8 USDT, so that rounding can't differ. The desk has `share` of the account, so
    that a long run of losing trades does not starve it.
    """

    name: str
    bars: int
    symbols: int = 1
    lookback: int = 60
    hold: int = 30
    cash_a_symbol: int = 1_000_000
    share: float = 0.01
    seed: int = 20_240_101
    price_decimals: int = 1
    size_decimals: int = 3
    taker_fee: str = "0.0005"

    @property
    def bars_total(self) -> int:
        """Bars of all symbols together."""
        return self.bars * self.symbols

    @property
    def cash(self) -> int:
        """What the account begins with, in USDT."""
        return self.cash_a_symbol * self.symbols

    @property
    def tick(self) -> Decimal:
        """The step of a price."""
        return Decimal(1).scaleb(-self.price_decimals)

    @property
    def lot(self) -> Decimal:
        """The step of a quantity."""
        return Decimal(1).scaleb(-self.size_decimals)

    def names(self) -> list[str]:
        """The symbols, in the order in which bars of one time are handled."""
        return [f"S{index:02d}USDT" for index in range(self.symbols)]
