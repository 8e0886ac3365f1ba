"""The batch engine's account and market: a few integers a row, and fills at the last bar's close.

It shares the rules of rounding with the ledger (market.money), and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tradeworthy.execution.bar_matcher import lots_on_offer
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import Instrument, Side
from tradeworthy.market.money import Scale

PPM = 1_000_000


class Filled(NamedTuple):
    """What an order came to: lots at ticks, notional and fee in cash units (unsigned); or no lots, and why."""

    lots: int
    ticks: int
    notional: int
    fee: int
    short: str = ""


class Sent(NamedTuple):
    """An order at market as it was sent, at session time `ts` (UTC ns), and what the last bar then had left for it."""

    ts: int
    key: str
    instrument: str
    side: Side
    lots: int
    reason: str
    bar: BarClosed
    offered: int


class Closed(NamedTuple):
    """A round trip that ended at `ts` (UTC ns): its result in cash units, and of how many fills it was made."""

    ts: int
    key: str
    instrument: str
    pnl: int
    fills: int


class Held:
    """A row's round trip under way: lots and their cost, and its sums, in cash units."""

    __slots__ = ("bought", "bought_lots", "cost", "fees", "fills", "instrument", "lots", "sold")

    def __init__(self, instrument: str) -> None:
        self.instrument = instrument
        self.lots = self.cost = self.bought = self.bought_lots = self.sold = self.fees = self.fills = 0


class Account:
    """Cash, what each row holds, and the last bar of each instrument.

    `rows` is what was done as the fingerprint chains it. Orders of one turn are all placed before the first is filled:
    what a turn did is kept apart by sort until `end_turn` puts it there. `sent` and `closed` are for an engine that
    does the same again.
    """

    def __init__(
        self, desk: str, instruments: Iterable[Instrument], cash: int, share_ppm: int, participation: float
    ) -> None:
        self.desk, self.cash, self._share_ppm, self._participation = desk, cash, share_ppm, participation
        self.scales = {one.id: Scale(one) for one in instruments}
        self.last: dict[str, BarClosed] = {}
        self.held: dict[str, Held] = {}
        self.rows: list[Economic] = []
        self.sent: list[Sent] = []
        self.closed: list[Closed] = []
        self._orders: list[Economic] = []
        self._fills: list[Economic] = []
        self._closes: list[Economic] = []
        self._used: dict[tuple[str, str, int], int] = {}

    def value(self, instrument: str, lots: int) -> int:
        """Cash units of `lots` at the last close."""
        return self.scales[instrument].value_at(self.last[instrument].close, lots)

    def equity(self) -> int:
        """The desk's share of cash and all that is held, at the last closes."""
        whole = self.cash + sum(self.value(one.instrument, one.lots) for one in self.held.values())
        return whole * self._share_ppm // PPM

    def at_cost(self) -> int:
        """Cash and all that is held at what it cost."""
        return self.cash + sum(one.cost for one in self.held.values())

    def capital(self) -> int:
        """The desk's share of the account at cost."""
        return self.at_cost() * self._share_ppm // PPM

    def place(self, instrument: str, side: Side, lots: int, reason: str, now: int) -> None:
        """Note an order at market."""
        self._orders.append(("order", self.desk, instrument, side, None, lots, 0, reason, now))

    def fill(self, key: str, instrument: str, side: Side, lots: int, reason: str, now: int) -> Filled:
        """Trade what the last bar offers of `lots` at its close, as taker."""
        bar, scale = self.last[instrument], self.scales[instrument]
        place = (instrument, bar.timeframe, bar.ts_event)
        offered = max(0, lots_on_offer(bar, scale, self._participation) - self._used.get(place, 0))
        self.sent.append(Sent(now, key, instrument, side, lots, reason, bar, offered))
        traded = min(lots, offered)
        if traded <= 0:
            return Filled(0, 0, 0, 0, Reason.NO_LIQUIDITY)
        self._used[place] = self._used.get(place, 0) + traded
        ticks = scale.ticks_of(bar.close, side)
        made = Filled(traded, ticks, scale.cost(ticks, traded), scale.fee(ticks, traded, maker=False))
        self._fills.append(("fill", self.desk, instrument, side, ticks, traded, made.fee, reason, now))
        self._book(key, instrument, side, made, (reason, now))
        return made

    def end_turn(self) -> None:
        """Put the turn's orders, fills and closes on record in that order."""
        if self._orders:
            self.rows += [*self._orders, *self._fills, *self._closes]
            for layer in (self._orders, self._fills, self._closes):
                layer.clear()
            self._used.clear()

    def _book(self, key: str, instrument: str, side: Side, made: Filled, why: tuple[str, int]) -> None:
        one = self.held.setdefault(key, Held(instrument))
        one.fees, one.fills = one.fees + made.fee, one.fills + 1
        if side is Side.BUY:
            self.cash -= made.notional + made.fee
            one.lots, one.cost = one.lots + made.lots, one.cost + made.notional
            one.bought, one.bought_lots = one.bought + made.notional, one.bought_lots + made.lots
            return
        self.cash += made.notional - made.fee
        # Cost leaves with what is sold, rounded up.
        one.cost -= -(-one.cost * made.lots // one.lots)
        one.lots, one.sold = one.lots - made.lots, one.sold + made.notional
        if not one.lots:
            del self.held[key]
            pnl = one.sold - one.bought - one.fees
            who = (self.desk, instrument, Side.BUY)
            self._closes.append(("close", *who, pnl, one.bought_lots, one.fees, *why))
            self.closed.append(Closed(why[1], key, instrument, pnl, one.fills))
