"""The arithmetic of a fee curve on one instrument's ticks and lots, in integers."""

from __future__ import annotations

from fractions import Fraction

from tradeworthy.core.errors import UsageError
from tradeworthy.market.instruments import CASH_UNIT, Instrument

FEE_STEP = CASH_UNIT // 100_000
"""Cash units of 1e-5 of the currency: what a fee by a curve is rounded up to."""

EXPONENT_MAX = 8
"""The highest exponent that is taken for one."""


class CurveFees:
    """A taker's fee by a curve: shares x rate x (p x (1 - p)) ** exponent; UsageError if the curve makes no sense.

    Nothing is owed at p = 0, p = 1 and beyond. Source: the venue's fee schedule.
    """

    __slots__ = ("_above", "_below", "_exponent", "_half", "_steps")

    def __init__(self, instrument: Instrument) -> None:
        curve = instrument.fee_curve
        if (
            curve is None
            or not (curve.rate.is_finite() and 0 <= curve.rate < 1)
            or not 0 <= curve.exponent <= EXPONENT_MAX
        ):
            raise UsageError(
                f"instrument {instrument.id!r} can't be listed: its fee curve is {curve}: give a rate from 0 to"
                f" below 1 and an exponent from 0 to {EXPONENT_MAX}"
            )
        tick = Fraction(instrument.tick)
        self._steps: tuple[int, int] = tick.as_integer_ratio()
        self._exponent: int = curve.exponent
        fee_steps = CASH_UNIT // FEE_STEP
        each = Fraction(instrument.lot) * Fraction(curve.rate) * fee_steps
        per_weight = Fraction(each, tick.denominator ** (2 * curve.exponent))
        self._above, self._below = per_weight.numerator, per_weight.denominator
        self._half = int(Fraction(1, 2) / tick)

    def _weight(self, ticks: int) -> int:
        """(p x (1 - p)) ** exponent in units of the tick's denominator."""
        above, below = self._steps
        weight: int = max(0, ticks * above * (below - ticks * above)) ** self._exponent
        return weight

    def fee(self, ticks: int, lots: int) -> int:
        """Cash units of the fee on one fill of `lots` at `ticks`, rounded up to FEE_STEP."""
        return -(-lots * self._weight(ticks) * self._above // self._below) * FEE_STEP

    def fee_max(self, ticks: int, lots: int) -> int:
        """The highest fee on `lots` at any price up to `ticks`: the curve is highest nearest to one half."""
        nearest = (min(ticks, self._half), min(ticks, self._half + 1))
        return max(self.fee(at, lots) for at in nearest)

    def lots_for(self, cash: int, ticks: int, each: int) -> int:
        """The most lots at `each` cash units that `cash` pays for in one fill at `ticks`, fee included."""
        weight = self._weight(ticks) * self._above * FEE_STEP
        lots = max(0, cash * self._below // (each * self._below + weight))
        while lots and each * lots + self.fee(ticks, lots) > cash:
            lots -= 1
        return lots
